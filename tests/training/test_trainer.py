"""Training: the same losses after a kill, parts that stay frozen, adapters folded in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.model import checkpoint
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.training.recipe import OptimiserConfig, Recipe
from deepsight_ros.training.start import starting_model
from deepsight_ros.training.trainer import StepReport, train


def losses(
    recipe: Recipe, shards: Path, run: Path, stop_after: int | None = None
) -> tuple[DeepSightModel, dict[int, float]]:
    """A run's loss by step."""
    seen: dict[int, float] = {}

    def report(told: StepReport) -> None:
        seen[told.step] = told.losses["loss"]

    model, codec = starting_model(recipe, [shards])
    trained = train(
        recipe, model, codec, [shards], run, report=report, report_every=1, stop_after=stop_after
    )
    return trained, seen


def test_a_resumed_run_has_the_losses_of_a_whole_one(recipe: Recipe, shards: Path, tmp_path: Path):
    whole_model, whole = losses(recipe, shards, tmp_path / "whole")
    assert sorted(whole) == list(range(1, 9))
    _, first = losses(recipe, shards, tmp_path / "parts", stop_after=5)
    resumed_model, rest = losses(recipe, shards, tmp_path / "parts")
    assert sorted(first) == list(range(1, 6)) and sorted(rest) == [6, 7, 8]
    for step, value in {**first, **rest}.items():
        assert value == pytest.approx(whole[step], rel=1e-5), step
    for name, tensor in whole_model.state_dict().items():
        assert torch.allclose(tensor, resumed_model.state_dict()[name], atol=1e-6), name
    folder = tmp_path / "parts" / "checkpoint"
    assert json.loads((folder / "recipe.json").read_text())["steps"] == 8
    loaded, _ = checkpoint.load(folder)
    assert loaded.config == whole_model.config
    assert list((tmp_path / "whole" / "tensorboard").iterdir())


def test_learning_lowers_the_loss(recipe: Recipe, shards: Path, tmp_path: Path):
    _, seen = losses(replace(recipe, steps=80, save_every=100), shards, tmp_path)
    first = sum(seen[s] for s in range(1, 6)) / 5
    last = sum(seen[s] for s in range(76, 81)) / 5
    assert last < 0.8 * first


def test_a_run_folder_belongs_to_one_recipe(recipe: Recipe, shards: Path, tmp_path: Path):
    losses(recipe, shards, tmp_path, stop_after=1)
    with pytest.raises(InvalidValueError, match="another recipe"):
        losses(replace(recipe, seed=6), shards, tmp_path, stop_after=1)


@pytest.mark.parametrize(
    ("parts", "moves", "stays"),
    [
        (("projector",), "depth_projector.0.weight", "depth_tower.patch_embedding.weight"),
        (("language",), "language.model.layers.0.mlp.up_proj.weight", "depth_projector.0.weight"),
        (("tower",), "depth_tower.patch_embedding.weight", "language.model.norm.weight"),
    ],
)
def test_only_the_named_parts_learn(
    recipe: Recipe,
    shards: Path,
    tmp_path: Path,
    parts: tuple[str, ...],
    moves: str,
    stays: str,
):
    chosen = replace(recipe, train=parts, steps=2, modalities={"depth": 1.0})
    before = {k: v.clone() for k, v in starting_model(chosen, [shards])[0].state_dict().items()}
    after = losses(chosen, shards, tmp_path)[0].state_dict()
    assert not torch.equal(before[moves], after[moves])
    assert torch.equal(before[stays], after[stays])


def test_adapters_are_folded_into_the_checkpoint(recipe: Recipe, shards: Path, tmp_path: Path):
    pytest.importorskip("peft", reason="LoRA needs peft")
    chosen = replace(recipe, lora_rank=2, steps=2, optimiser=OptimiserConfig(kind="adamw"))
    before = {
        k: v.clone() for k, v in starting_model(replace(recipe), [shards])[0].state_dict().items()
    }
    losses(chosen, shards, tmp_path)
    loaded, _ = checkpoint.load(tmp_path / "checkpoint")
    name = "language.model.layers.0.self_attn.q_proj.weight"
    assert not any("lora" in key for key in loaded.state_dict())
    assert not torch.allclose(before[name], loaded.state_dict()[name], atol=1e-3)


def test_a_later_stage_starts_from_a_checkpoint(recipe: Recipe, shards: Path, tmp_path: Path):
    align = replace(recipe, stage="align", steps=2)
    losses(align, shards, tmp_path / "align")
    start = str(tmp_path / "align" / "checkpoint")
    _, seen = losses(replace(recipe, start=start, steps=2), shards, tmp_path / "tune")
    assert sorted(seen) == [1, 2]
    with pytest.raises(SourceError, match=r"config\.json"):
        starting_model(replace(recipe, start=str(tmp_path / "nowhere")), [shards])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stage": "dream"}, "expected one of"),
        ({"steps": 0}, "at least 1"),
        ({"colour": 1}, "unknown entries"),
        ({"spatial_share": 2.0}, "0 to 1"),
        ({"model": {"encoding": "smell"}}, "expected one of"),
    ],
)
def test_recipes_are_checked(changes: dict[str, object], message: str):
    with pytest.raises(InvalidValueError, match=message):
        Recipe.from_mapping(changes)


def test_recipes_that_ship_can_be_read():
    from deepsight_ros.training.recipe import RECIPES

    names = sorted(f.stem for f in RECIPES.glob("*.yaml"))
    assert "tiny-tune" in names
    for name in names:
        assert Recipe.read(name).steps > 0
    with pytest.raises(InvalidValueError, match="tiny-tune"):
        Recipe.read("no-such-recipe")
