"""Ablations: arms change one thing, are kept, paired, and read as trends."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="arms are trained (requirements/model.txt)")
pytest.importorskip("accelerate", reason="arms are trained (requirements/model.txt)")

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation.ablations import (
    ARMS,
    AXES,
    MOST,
    Exam,
    changed,
    paired,
    run_ablations,
    trends,
)
from deepsight_ros.evaluation.depth_template.world_views import world_views
from deepsight_ros.evaluation.spatial.benchmark import SpatialRun, prepare
from deepsight_ros.training.recipe import Recipe
from tests.training.conftest import recipe, shards  # noqa: F401 - fixtures


def test_every_arm_changes_what_its_axis_names_and_nothing_else(recipe: Recipe) -> None:  # noqa: F811
    recipe = replace(recipe, shares={**recipe.shares, "conversations": 0.1})
    flat = recipe.as_mapping()
    expected = {"box": "model", "encoding": "model", "parts": "train", "tower": "train",
                "noise": "label_noise_m", "spatial": "spatial_share",
                "sampling": "shares", "instructions": "shares"}  # fmt: skip
    same = {"unfrozen"}  # goes on with all parts, as the reference does
    for arm in ARMS:
        made = changed(recipe, arm, recipe.seed).as_mapping()
        differs = {k for k in made if made[k] != flat[k]}
        none = arm.is_reference or arm.name in same
        assert differs == (set() if none else {expected[arm.axis]}), arm
    uses = [changed(recipe, a, 0).model.box.use for a in ARMS if a.axis == "box"]
    assert uses == ["off", "train", "both"]
    assert set(AXES) == set(expected)
    for axis in AXES:
        assert sum(a.against for a in ARMS if a.axis == axis) == 1


def test_sampling_draws_one_kind_most_or_all_alike(recipe: Recipe) -> None:  # noqa: F811
    mixes = {a.name: changed(recipe, a, 0).shares for a in ARMS if a.axis == "sampling"}
    for name, mix in mixes.items():
        assert sum(mix.values()) == pytest.approx(1.0), name
    assert mixes["numbers"]["numbers"] == MOST and mixes["tasks"]["template"] == MOST
    assert len(set(mixes["even"].values())) == 1
    others = {k: v for k, v in recipe.shares.items() if k != "numbers"}
    assert {k: mixes["numbers"][k] / v for k, v in others.items()} == pytest.approx(
        dict.fromkeys(others, (1 - MOST) / sum(others.values()))
    )


def test_a_trend_is_decided_by_paired_seeds() -> None:
    arms = [a for a in ARMS if a.axis == "box"]
    scores = {
        "reference": {0: {"x": 0.5}, 1: {"x": 0.9}, 2: {"x": 0.7}},
        "box_off": {0: {"x": 0.40}, 1: {"x": 0.79}, 2: {"x": 0.61}},
        "box_train": {0: {"x": 0.9}, 1: {"x": 0.5}, 2: {"x": 0.7}},
    }
    found = trends(arms, scores, (0, 1, 2))["box"]
    assert found["off"]["x"]["difference"] == pytest.approx(-0.1) and found["off"]["x"]["decided"]
    assert found["train"]["x"]["difference"] == pytest.approx(0.0)
    assert not found["train"]["x"]["decided"] and not found["both"]["x"]["decided"]
    mean, reach = paired(np.array([1.0, 2.0, 3.0]))
    assert mean == 2.0 and reach == pytest.approx(4.303 / np.sqrt(3), rel=1e-3)


def test_arms_are_kept_and_not_trained_again(
    recipe: Recipe,  # noqa: F811
    shards: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    few = Recipe.from_mapping({**vars(recipe), "steps": 1, "save_every": 1})
    made: list[str] = []
    exams: list[int] = []

    def exam() -> Exam:
        exams.append(1)
        asked = prepare(1, 1, 1)
        few_of_each = [q for g in ("quantitative", "qualitative", "general")
                       for q in [q for q in asked.questions if q.group == g][:3]]  # fmt: skip
        few_of_each.sort(key=lambda q: q.view)
        return Exam(
            world_views(1, "test", 5, 1), SpatialRun(asked.views, few_of_each, asked.blind)
        )

    def run(axes: tuple[str, ...]) -> dict[str, object]:
        return run_ablations(
            few, [shards], tmp_path, exam, seeds=(0, 1, 2), further_steps=1, axes=axes,
            report=lambda name, told: made.append(name) if told is None else None,
        )  # fmt: skip

    first = run(("tower",))
    assert len(made) == 6 and len(exams) == 1  # two arms, three seeds
    runs = {f.name[:-3] for f in (tmp_path / "runs").iterdir()}
    assert runs == {
        "reference",
        "further_projector_language",
        "further_tower_projector_language",
    }
    again = run(("tower",))
    assert len(made) == 6 and len(exams) == 1 and again == first
    files = sorted(f.name for f in (tmp_path / "scores").iterdir())
    assert files[0] == "further_projector_language_s0.json"
    assert json.loads((tmp_path / "scores" / files[0]).read_text())["qualitative"] >= 0
    assert run(("instructions",))["left_out"] == {
        "instructions": "the shards have no conversations"
    }
    other = Recipe.from_mapping({**vars(few), "questions": 5})
    with pytest.raises(InvalidValueError, match="another recipe"):
        run_ablations(other, [shards], tmp_path, exam, seeds=(0, 1, 2), further_steps=1)


def test_two_seeds_are_no_trend(recipe: Recipe, tmp_path: Path) -> None:  # noqa: F811
    with pytest.raises(InvalidValueError, match="at least 3 seeds"):
        run_ablations(recipe, [], tmp_path, lambda: None, seeds=(0, 1), further_steps=1)  # type: ignore[arg-type,return-value]
