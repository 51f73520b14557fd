"""Batches: the same for the same step, every row once an epoch, shares as the recipe says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.text import QuestionAnswer
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.training.batches import Batch, Batches, asked_regions
from deepsight_ros.training.examples import COLUMNS, Example, example
from deepsight_ros.training.muon import orthogonalised
from deepsight_ros.training.recipe import Recipe
from deepsight_ros.training.start import starting_model


def same(a: Batch, b: Batch) -> bool:
    return torch.equal(a.text.ids, b.text.ids) and torch.equal(
        a.pictures.depth_m, b.pictures.depth_m
    )


@pytest.fixture
def batches(recipe: Recipe, shards: Path) -> Batches:
    model, codec = starting_model(recipe, [shards])
    return Batches([shards], recipe, model.config, codec)


def test_any_step_can_be_made_alone(batches: Batches):
    whole = list(batches.start(0, 9))  # more than two epochs of four batches
    assert len(batches) == 4
    for first in (3, 4, 7):
        later = list(batches.start(first, 9))
        assert all(same(a, b) for a, b in zip(whole[first:], later, strict=True))
    assert not same(whole[0], whole[4])


def test_every_row_once_an_epoch(batches: Batches):
    sums = [float(p.sum()) for b in batches.start(0, 4) for p in b.pictures.depth_m]
    assert len(set(sums)) == len(sums) == 12


def test_a_shared_memory_changes_nothing(batches: Batches):
    memory: dict[Hashable, Example] = {}
    kept = Batches(
        [batches.sets[0].folder], batches.recipe, batches.config, batches.codec, memory=memory
    )
    for _ in range(2):  # read, then from memory
        assert all(same(a, b) for a, b in zip(batches.start(0, 6), kept.start(0, 6), strict=True))
    assert len(memory) == 12


def test_modalities_and_questions_follow_the_recipe(batches: Batches, recipe: Recipe):
    only = replace(recipe, modalities={"depth": 1.0})
    made = Batches([batches.sets[0].folder], only, batches.config, batches.codec)
    for batch in made.start(0, 4):
        assert batch.pictures.has_depth.all() and not batch.pictures.has_colour.any()
        assert batch.questions <= 3 * recipe.questions
        assert int(batch.text.segment.max()) <= recipe.questions


def test_a_spatial_share_sets_the_mix(batches: Batches, recipe: Recipe):
    batches.recipe = replace(recipe, spatial_share=0.05)
    mix = batches._mix()
    assert mix["numbers"] + mix["pairs"] + mix["template"] == pytest.approx(0.05)
    assert sum(mix.values()) == pytest.approx(1.0)


def test_label_noise_moves_numbers_and_nothing_else(batches: Batches, recipe: Recipe):
    rows = [
        example(r, batches.config.fine_px, 4) for r in ShardSet(batches.sets[0].folder, COLUMNS)
    ]
    clean = batches.make(0, rows[:3])
    batches.recipe = replace(recipe, label_noise_m=0.2)
    noisy = batches.make(0, rows[:3])
    known = ~clean.text.number.isnan()
    assert known.any() and torch.equal(known, ~noisy.text.number.isnan())
    assert not torch.equal(clean.text.number[known], noisy.text.number[known])
    assert torch.equal(clean.text.labels, noisy.text.labels)


def test_examples_know_their_regions_and_up(shards: Path, recipe: Recipe):
    kinds: Counter[str] = Counter()
    for row in ShardSet(shards, COLUMNS):
        made = example(row, recipe.model.fine_px, 4)
        kinds.update(made.questions)
        turn = made.pictures.levelled_from_camera[0].numpy()
        assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-5)
        regions = made.pictures.regions.shape[1]
        for questions in made.questions.values():
            for asked in questions:
                assert all(0 <= r < regions for r in asked.regions)
    assert {"numbers", "pairs", "template", "general"} <= set(kinds)


def test_an_empty_or_missing_folder_says_so(recipe: Recipe, batches: Batches, tmp_path: Path):
    with pytest.raises(ShardError):
        Batches([tmp_path], recipe, batches.config, batches.codec)
    with pytest.raises(InvalidValueError, match="no rows"):
        Batches([], recipe, batches.config, batches.codec)


def test_an_error_while_preparing_reaches_the_trainer(batches: Batches, monkeypatch):
    def broken(number: int, rows: object) -> Batch:
        raise InvalidValueError("broken row")

    monkeypatch.setattr(batches, "make", broken)
    with pytest.raises(InvalidValueError, match="broken row"):
        next(iter(batches.start(0, 2)))


@pytest.mark.parametrize("shape", [(3, 8, 8), (2, 4, 16), (2, 16, 4)])
def test_orthogonalised_updates_have_singular_values_near_one(shape: tuple[int, int, int]):
    torch.manual_seed(0)
    made = orthogonalised(torch.randn(shape), steps=8)
    values = torch.linalg.svdvals(made)
    assert (values > 0.5).all() and (values < 1.4).all()


def test_regions_nobody_names_change_nothing(batches: Batches):
    row = next(r for _, rows in batches._rows(0, 1) for r in rows if r.pictures.regions.shape[1])
    count = row.pictures.regions.shape[1]
    asked = [QuestionAnswer("What is <region0>?", "A cup.", regions=(count - 1,))]
    kept, renumbered = asked_regions(row.pictures, asked)
    assert kept.regions.shape[1] == 1 and renumbered[0].regions == (0,)
    torch.manual_seed(0)
    model = DeepSightModel(batches.config).eval()
    codec = batches.codec
    with torch.no_grad():
        few = model.states(model.see(kept), codec.pack([renumbered], 1))
        all_of_them = model.states(model.see(row.pictures), codec.pack([asked], count))
    torch.testing.assert_close(few, all_of_them, rtol=1e-4, atol=1e-5)
