"""The segmenter's training: targets are true, also after changes; a run resumes exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState, PartialState

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.segmenter_net import OFFSET_PX, SegmenterConfig
from deepsight_ros.model.segmenter_weights import load
from deepsight_ros.perception.judging import FEATURES
from deepsight_ros.perception.segmenters import LearnedSegmenter
from deepsight_ros.synthesis.rooms_layouts import ROOM_KINDS
from deepsight_ros.synthesis.segment_store import SegmentJob, SegmentSet, build
from deepsight_ros.synthesis.segment_views import VIEW_KINDS
from deepsight_ros.training.recipe import OptimiserConfig
from deepsight_ros.training.segment_colours import ColourChange
from deepsight_ros.training.segment_examples import (
    IGNORE,
    LEAST_PX,
    Augmentation,
    SegmentExample,
    augmented,
    cropped,
    example,
    targets,
)
from deepsight_ros.training.segment_judge import fit, measured, with_and_without_colour
from deepsight_ros.training.segment_loss import SegmentBatch, _assign, _boundary
from deepsight_ros.training.segment_recipe import SegmentRecipe
from deepsight_ros.training.segment_trainer import SegmentBatches, train

SMALL = SegmentRecipe(
    model=SegmenterConfig(widths=(8, 8), blocks=(0, 0), up_blocks=(0,)),
    steps=4,
    batch=2,
    crop_px=(48, 64),
    save_every=2,
)
KEEP = Augmentation(0, 0, 0, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("segments")
    build(path, SegmentJob(worlds=2, views=2, seed=5))
    return path


@pytest.fixture(autouse=True)
def _one_accelerator() -> None:
    AcceleratorState._reset_state(reset_partial_state=True)
    PartialState._reset_state()


def test_targets_of_two_squares() -> None:
    ids = np.full((40, 60), -1, np.int16)
    ids[10:20, 10:20], ids[10:20, 20:30], ids[0, :2] = 1, 2, 3
    kind, centre, offset, boundary, weight, instance = targets(ids)
    assert (kind[10:20, 10:30] == 2).all() and kind[30, 30] == 1
    assert (kind[0, :2] == IGNORE).all() and LEAST_PX > 2
    v, u = np.nonzero(ids == 2)
    np.testing.assert_allclose(u + offset[0, v, u] * OFFSET_PX, 24.5, atol=1e-4)
    np.testing.assert_allclose(v + offset[1, v, u] * OFFSET_PX, 14.5, atol=1e-4)
    assert (centre > 0.999).sum() == 2 and centre[30:, :].max() < 0.01
    assert boundary[15, 19] == boundary[15, 20] == 1 and boundary[15, 15] == 0
    np.testing.assert_array_equal(np.unique(instance), [0, 1, 2])  # the third is not asked for
    assert boundary[30, 30] == 0 and weight[15, 15] > weight[30, 30]


def test_every_change_keeps_masks_on_their_things(folder: Path) -> None:
    view = SegmentSet(folder)[0]
    everything = Augmentation(1, 1, 1, 1, 0, 0, 0)
    changed = augmented(view, everything, np.random.default_rng(1))
    again = augmented(view, everything, np.random.default_rng(1))
    np.testing.assert_array_equal(changed.instance_id, again.instance_id)
    camera, before = changed.frame.camera, view.frame.camera
    assert camera.fx_px != before.fx_px

    # the support is still a plane: what lies on it keeps its height of zero
    def height(one):  # type: ignore[no-untyped-def]
        z = one.frame.depth_m
        v, u = np.nonzero((one.instance_id == -1) & np.isfinite(z))
        c, z = one.frame.camera, z[v, u]
        points = np.stack([(u - c.cx_px) / c.fx_px * z, (v - c.cy_px) / c.fy_px * z, z])
        return np.abs(one.plane[:3] @ points + one.plane[3])

    if np.isfinite(view.plane).all():
        assert np.median(height(changed)) < 1.3 * np.median(height(view)) + 0.002
    assert set(np.unique(changed.instance_id)) <= {*np.unique(view.instance_id), 0}


def test_no_change_is_no_change(folder: Path) -> None:
    view = SegmentSet(folder)[1]
    same = augmented(view, KEEP, np.random.default_rng(0))
    np.testing.assert_array_equal(same.frame.depth_m, view.frame.depth_m)
    made = example(same)
    window = cropped(made, (48, 64), np.random.default_rng(0))
    assert window.channels.shape[1:] == window.kind.shape == (48, 64)
    assert np.isfinite(made.channels).all()
    assert window.offset.shape == (2, 48, 64)


def test_lost_up_and_support_reach_the_channels(folder: Path) -> None:
    view = SegmentSet(folder)[0]
    lost = augmented(view, replace(KEEP, no_up=1.0), np.random.default_rng(0))
    assert np.isnan(lost.plane).all() and np.isnan(lost.up).all()
    assert (example(lost).channels[5] == 0).all()


def test_a_resumed_run_ends_as_a_whole_one(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    whole = train(SMALL, [folder], tmp_path / "whole")
    assert whole is not None and whole.step == 4
    AcceleratorState._reset_state(reset_partial_state=True)
    train(SMALL, [folder], tmp_path / "parts", stop_after=2)
    AcceleratorState._reset_state(reset_partial_state=True)
    resumed = train(SMALL, [folder], tmp_path / "parts")
    assert resumed is not None and resumed.step == 4
    assert resumed.losses["loss"] == pytest.approx(whole.losses["loss"], rel=1e-5)
    a, b = (load(tmp_path / n / "checkpoint").state_dict() for n in ("whole", "parts"))
    assert all(torch.allclose(a[k].float(), b[k].float(), atol=1e-5) for k in a)
    with pytest.raises(InvalidValueError, match="another recipe"):
        train(replace(SMALL, seed=1), [folder], tmp_path / "parts")


def test_votes_at_the_wrong_middle_cost_more() -> None:
    ids = np.full((40, 60), -1, np.int16)
    ids[10:20, 10:20], ids[10:20, 20:30] = 1, 2
    channels = np.zeros((13, 40, 60), np.float32)
    fields = {
        k: torch.from_numpy(v)[None]
        for k, v in vars(SegmentExample(channels, *targets(ids))).items()
    }
    batch = SegmentBatch(**fields)
    right = _assign(batch.offset, batch)
    swapped = _assign(-batch.offset, batch)
    aside = _assign(batch.offset + torch.tensor([1.0, 0.0]).view(1, 2, 1, 1), batch)
    assert right < 0.02 and aside > 1.0 and right < swapped


def test_borders_between_things_weigh_more() -> None:
    ids = np.full((40, 60), -1, np.int16)
    ids[10:20, 10:20], ids[10:20, 20:30] = 1, 2
    made = SegmentExample(np.zeros((13, 40, 60), np.float32), *targets(ids))
    batch = SegmentBatch(**{k: torch.from_numpy(v)[None] for k, v in vars(made).items()})
    inside = 8.0 * (batch.boundary - 0.5)
    unseen = inside.clone()
    unseen[0, 10:20, 19:21] = -4.0  # the border between the two
    plain, heavy = (_boundary(unseen, batch, w) for w in (1.0, 3.0))
    assert heavy > 2 * plain
    # 20 of 200 pixels lie at the other thing; 4 in logits costs 4.02 where it is wrong
    assert plain == pytest.approx(0.1 * 4.02 + 0.9 * 0.018, abs=0.01)
    assert heavy == pytest.approx((60 * 4.02 + 180 * 0.018) / 240, abs=0.01)


def test_a_run_goes_on_from_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    train(SMALL, [folder], tmp_path / "first", stop_after=2)
    AcceleratorState._reset_state(reset_partial_state=True)
    start = str(tmp_path / "first" / "checkpoint")
    still = OptimiserConfig(kind="adamw", lr=1e-9)
    recipe = replace(SMALL, steps=1, start=start, optimiser=still, average=0.0, assign_weight=0.2)
    told = train(recipe, [folder], tmp_path / "second")
    assert told is not None and told.losses["assign"] > 0
    a, b = (load(tmp_path / n / "checkpoint") for n in ("first", "second"))
    assert torch.allclose(a.head.weight, b.head.weight, atol=1e-6)
    other = replace(recipe, model=SegmenterConfig(widths=(8, 16), blocks=(0, 0), up_blocks=(0,)))
    with pytest.raises(InvalidValueError, match="expected the recipe's"):
        train(other, [folder], tmp_path / "third")


def test_colour_is_added_to_a_checkpoint_without_it(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    train(SMALL, [folder], tmp_path / "first", stop_after=2)
    AcceleratorState._reset_state(reset_partial_state=True)
    start = str(tmp_path / "first" / "checkpoint")
    model = replace(SMALL.model, inputs=16, colour=True)
    recipe = replace(SMALL, model=model, steps=2, start=start, average=0.0)
    assert train(recipe, [folder], tmp_path / "second") is not None
    made = load(tmp_path / "second" / "checkpoint")
    assert made.config == model
    assert made.stem[0].weight[:, 13:].abs().max() > 0  # colours were there and were learnt from


def test_places_that_are_repeated_come_more_often(folder: Path) -> None:
    kinds = SegmentSet(folder).table["kind"]
    often = VIEW_KINDS[int(kinds[0])]
    recipe = SegmentRecipe.from_mapping({"repeat": {often: 3, "room kinds": 2}})
    assert recipe.times()[VIEW_KINDS.index(often)] == 3
    assert all(recipe.times()[VIEW_KINDS.index(k)] == 2 for k in ROOM_KINDS)
    batches = SegmentBatches([folder], recipe)
    same = int((kinds == kinds[0]).sum())
    assert batches.count == len(kinds) + 2 * same
    drawn = kinds[batches._order(0)]
    assert (drawn == kinds[0]).sum() == 3 * same
    with pytest.raises(InvalidValueError, match="repeat"):
        SegmentRecipe.from_mapping({"repeat": {"moon": 2}})


def test_pictures_for_a_network_without_colour_have_none(folder: Path) -> None:
    recipe = replace(SMALL, augmentation=replace(KEEP, colour=ColourChange(absent=0.0)))
    assert SegmentBatches([folder], recipe).make(0).channels.shape[1] == 13
    coloured = replace(recipe, model=replace(SMALL.model, inputs=16, colour=True))
    channels = SegmentBatches([folder], coloured).make(0).channels
    assert channels.shape[1] == 16 and channels[:, 13:].abs().max() > 0
    absent = replace(coloured, augmentation=replace(KEEP, colour=ColourChange(absent=1.0)))
    assert (SegmentBatches([folder], absent).make(0).channels[:, 13:] == 0).all()


def test_the_shipped_recipes_are_read() -> None:
    plain, colour = (SegmentRecipe.read(n) for n in ("segmenter", "segmenter_colour"))
    assert not plain.model.colour and colour.model.colour
    assert replace(colour.model, inputs=plain.model.inputs, colour=False) == plain.model
    assert colour.augmentation.colour.absent > 0


def test_a_judge_learns_which_masks_are_whole() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (1500, len(FEATURES)))
    overlap = np.where(features[:, 0] + features[:, 1] > 0, 0.9, 0.1)
    judge = fit(features, overlap, steps=300)
    judged = judge(rng.normal(0, 1, (10, len(FEATURES))))
    assert ((judge(features) > 0.5) == (overlap > 0.5)).mean() > 0.95 and judged.shape == (10,)
    with pytest.raises(InvalidValueError, match="larger set"):
        fit(features[:50], overlap[:50])


def test_a_judge_sees_pictures_with_and_without_colour(folder: Path) -> None:
    pictures = SegmentSet(folder)
    views = list(with_and_without_colour(pictures[k] for k in range(2)))
    assert [v.frame.colour is None for v in views] == [False, True, False, True]
    np.testing.assert_array_equal(views[0].frame.depth_m, views[1].frame.depth_m)


def test_all_masks_of_a_picture_are_measured(folder: Path) -> None:
    pictures = SegmentSet(folder)
    network = load_learned_from_scratch()
    features, overlap = measured((pictures[k] for k in range(2)), network)
    assert features.shape == (len(overlap), len(FEATURES)) and len(overlap) > 4
    assert overlap.min() >= 0 and 0.5 < overlap.max() <= 1


def load_learned_from_scratch() -> LearnedSegmenter:
    """A network that knows nothing beside the geometry."""
    return LearnedSegmenter(lambda channels: np.zeros((7, *channels.shape[1:]), np.float32))


def test_it_learns_one_picture(folder: Path, tmp_path: Path) -> None:
    torch.set_num_threads(1)
    fast = OptimiserConfig(kind="adamw", lr=0.01, clip=5.0)
    recipe = replace(
        SMALL, steps=60, augmentation=KEEP, save_every=60, average=0.0, optimiser=fast
    )
    told: list[float] = []
    train(recipe, [folder], tmp_path, report=lambda s: told.append(s.losses["loss"]))
    assert told[-1] < 0.8 * told[0]


@pytest.mark.parametrize(
    "values",
    [{"steps": 0}, {"average": 1.0}, {"precision": "int8"}, {"nonsense": 1}, {"model": {"a": 1}}],
)
def test_wrong_recipes_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidValueError):
        SegmentRecipe.from_mapping(values)


def test_the_shipped_recipe_reads() -> None:
    recipe = SegmentRecipe.read("segmenter", steps=7)
    assert recipe.steps == 7 and recipe.model.widths[0] >= 16
    with pytest.raises(InvalidValueError, match="segmenter"):
        SegmentRecipe.read("no-such-recipe")
