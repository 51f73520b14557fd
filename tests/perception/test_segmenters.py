"""The learned segmenter around its network: channels, grouping, checks by depth, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.perception import segmenters
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.grouping import GroupingConfig, connected_parts, enlarge, group, read
from deepsight_ros.perception.judging import FEATURES, Judge
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.perception.samples import make_sample
from deepsight_ros.perception.segment_input import CHANNELS, encode, segment_input
from deepsight_ros.perception.segmentation import foreground_of
from deepsight_ros.perception.segmenters import LearnedSegmenter, geometric
from deepsight_ros.perception.support import find_support
from deepsight_ros.perception.view import WorkingView, make_view, step_for

Float = NDArray[np.float32]
CONFIG = PerceptionConfig()
HIGH_M = 0.7


def table(width: int = 320, height: int = 240) -> tuple[RgbdFrame, NDArray[np.int32]]:
    """A table from 45 degrees above with two boxes that touch in the picture, and true labels."""
    camera = Camera(width, height, 0.9 * width, 0.9 * width, (width - 1) / 2, (height - 1) / 2)
    y = (np.arange(height) - camera.cy_px) / camera.fy_px
    depth = np.repeat((HIGH_M / (np.sqrt(0.5) * (1.0 + y)))[:, None], width, axis=1)
    ids = np.zeros((height, width), np.int32)
    v0, v1, u0, u1, u2 = (
        int(f * s)
        for f, s in ((0.4, height), (0.6, height), (0.4, width), (0.5, width), (0.6, width))
    )
    ids[v0:v1, u0:u1], ids[v0:v1, u1:u2] = 1, 2
    depth[ids == 1] = 0.80
    depth[ids == 2] = 0.72
    return RgbdFrame(1, camera, depth.astype(np.float32), None), ids


def told(ids: NDArray[np.int32], *, offset_px: float = 10.0) -> Float:
    """What a network that makes no mistake says about a true label image (on its grid)."""
    heads = np.zeros((7, *ids.shape), np.float32)
    heads[0], heads[1], heads[2] = -5.0, np.where(ids == 0, 5.0, -5.0), np.where(ids, 5.0, -5.0)
    heads[3] = -8.0
    for k in range(1, int(ids.max()) + 1):
        v, u = np.nonzero(ids == k)
        if len(v):
            heads[3, round(v.mean()), round(u.mean())] = 6.0
            heads[4, v, u] = (u.mean() - u) / offset_px
            heads[5, v, u] = (v.mean() - v) / offset_px
    return heads


def trusting(weight: float = 4.0) -> Judge:
    """A judge that goes by objectness alone."""
    inner = np.zeros((len(FEATURES), 1))
    inner[FEATURES.index("objectness")] = weight
    none = np.zeros(len(FEATURES))
    return Judge(none, none + 1.0, inner, np.zeros(1), np.ones(1), -0.5 * weight)


def seen(frame: RgbdFrame) -> WorkingView:
    return make_view(frame, step_for(frame.camera.width_px, CONFIG.working_width_px), 6.0)


def test_channels_are_metric_and_levelled() -> None:
    frame, ids = table()
    view = seen(frame)
    up = np.array([0.0, -1.0, -1.0]) / np.sqrt(2.0)
    given = encode(view, up, (up, HIGH_M))
    grid = ids[:: given.step, :: given.step]
    names = {name: given.channels[k] for k, name in enumerate(CHANNELS)}
    flat = grid == 0
    flat[:, 60:100] = False  # away from the boxes, whose edges bend normals
    assert given.channels.shape == (len(CHANNELS), 120, 160)
    assert np.abs(names["height"][flat]).max() < 0.02
    assert np.median(names["normal_up"][4:-4, 4:40]) > 0.99
    v, u = 60, 72
    z = given.depth_m[v, u]
    rays = view.rays
    point = np.array([rays[0][2 * u] * z, rays[1][2 * v] * z, z])
    assert names["height"][v, u] == pytest.approx((up @ point + HIGH_M) / 0.20, abs=1e-3)
    assert (names["support_known"] == 1).all()


def test_channels_do_not_depend_on_scale_of_the_picture() -> None:
    """Twice the pixels of the same view give the same channels."""
    small, _ = table(320, 240)
    large, _ = table(640, 480)
    up = np.array([0.0, -1.0, -1.0]) / np.sqrt(2.0)
    a, b = (encode(seen(f), up, (up, HIGH_M)).channels for f in (small, large))
    assert a.shape == b.shape
    assert np.median(np.abs(a - b)) < 0.02


def test_without_up_or_support_it_still_encodes() -> None:
    given = encode(seen(table()[0]), None, None)
    assert np.isfinite(given.channels).all() and (given.channels[5] == 0).all()


def test_a_mask_of_stray_readings_alone_is_still_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last mask may lie on the grid and nowhere in the view: sums must have room for it."""
    frame, ids = table(640, 480)
    view = seen(frame)
    finding = find_support(make_sample(view), CONFIG)
    learned = LearnedSegmenter(lambda channels: told(ids[::4, ::4]), trusting())
    stray = ids[::2, ::2] == 2
    monkeypatch.setattr(segmenters, "flying_pixels", lambda view, where: stray)
    ground = foreground_of(view, finding, (), CONFIG)
    offer = learned.offer(view, ground, finding, CONFIG)
    assert offer.divisions[0][stray].max() == 0 and offer.coarse[0].max() == 2
    assert offer.counts[:2] == (2, 2) and len(offer.features) == sum(offer.counts)
    assert learned(view, finding, (), CONFIG).count >= 1


def test_a_perfect_network_gives_the_true_masks() -> None:
    frame, ids = table(640, 480)
    view = seen(frame)
    finding = find_support(make_sample(view), CONFIG)
    learned = LearnedSegmenter(lambda channels: told(ids[::4, ::4]))
    found = learned(view, finding, (), CONFIG)
    assert found.count == 2 and len(found.scores) == 2 and min(found.scores) > 0.7
    truth = ids[::2, ::2]
    for k in (1, 2):
        own = found.labels == np.bincount(found.labels[truth == k]).argmax()
        overlap = (own & (truth == k)).sum() / (own | (truth == k)).sum()
        assert overlap > 0.85


def test_a_mask_over_a_depth_gap_is_split() -> None:
    frame, ids = table(640, 480)
    view = seen(frame)
    one = np.minimum(ids, 1)[::4, ::4]  # the network takes both boxes for one thing
    found = LearnedSegmenter(lambda channels: told(one))(
        view, find_support(make_sample(view), CONFIG), (), CONFIG
    )
    assert found.count == 2


def test_a_mask_in_the_supports_plane_is_dropped() -> None:
    frame, ids = table(640, 480)
    view = seen(frame)
    wrong = np.zeros_like(ids[::4, ::4])
    wrong[80:100, 30:60] = 1
    found = LearnedSegmenter(lambda channels: told(wrong))(
        view, find_support(make_sample(view), CONFIG), (), CONFIG
    )
    assert found.count == 0 and not found.labels.any()


def test_a_mask_on_a_wall_is_dropped() -> None:
    frame, ids = table(640, 480)
    view = seen(frame)
    finding = find_support(make_sample(view), CONFIG)
    wall = (np.array([0.0, 0.0, -1.0]), 0.72)  # the nearer box lies in this plane
    found = LearnedSegmenter(lambda channels: told(ids[::4, ::4]))(view, finding, (wall,), CONFIG)
    assert found.count <= 2
    near = np.abs(view.filled_m - 0.72) < 0.005
    inside = found.wall_masks[0]
    if inside.any():  # large enough to be a wall
        assert not found.labels[near & inside].any()


def test_parts_and_enlarging() -> None:
    frame, ids = table()
    given = segment_input(seen(frame), find_support(make_sample(seen(frame)), CONFIG))
    both = np.minimum(ids[::2, ::2], 1)
    assert connected_parts(both, given).max() == 2
    depth = np.full((6, 6), 1.0, np.float32)
    depth[:, 3:] = 2.0
    depth[0, 0] = 0.0
    labels = np.array([[1, 1, 2], [1, 1, 2], [1, 1, 2]], np.int32)
    large = enlarge(labels, 2, depth)
    assert large[0, 0] == 0 and (large[1:, :3] == 1).all() and (large[:, 4:] == 2).all()
    assert (large[:, 3] == 2).all()  # between both: as its depth says


def test_nothing_voted_is_nothing() -> None:
    given = segment_input(seen(table()[0]), find_support(make_sample(seen(table()[0])), CONFIG))
    heads = np.full((7, 120, 160), -9.0, np.float32)
    how = GroupingConfig()
    assert all(g.labels.max() == 0 for g in group(read(heads, given, how), given, how))
    heads[2], heads[4:6] = 9.0, 0.0  # all object, but no middle, and each votes for itself
    assert all(g.labels.max() == 0 for g in group(read(heads, given, how), given, how))


def test_no_border_seen_joins_two_middles() -> None:
    frame, ids = table()
    given = segment_input(seen(frame), find_support(make_sample(seen(frame)), CONFIG))
    heads = told(ids[::2, ::2])
    given = replace(given, gap_m=np.full_like(given.gap_m, 9.0))  # no gap in depth anywhere
    how = GroupingConfig()
    heads[6] = 9.0
    joined, apart = group(read(heads, given, how), given, how)
    assert joined.labels.max() == apart.labels.max() == 2
    heads[6] = -9.0
    joined, apart = group(read(heads, given, how), given, how)
    assert joined.labels.max() == 1 and apart.labels.max() == 2


def test_the_fine_division_takes_less_for_a_middle() -> None:
    frame, ids = table()
    given = segment_input(seen(frame), find_support(make_sample(seen(frame)), CONFIG))
    given = replace(given, gap_m=np.full_like(given.gap_m, 9.0))
    heads = told(ids[::2, ::2])
    heads[3] = -8.0  # no middle is seen: votes alone say where, half of a sure one
    heads[6] = 9.0
    how = GroupingConfig(seed_at=0.6)
    joined, fine = group(read(heads, given, how), given, how)
    assert joined.labels.max() == 0 and fine.labels.max() == 2
    np.testing.assert_array_equal(fine.labels > 0, (ids[::2, ::2] > 0) & (given.depth_m > 0))
    strict = replace(how, fine_seed_at=0.6)
    assert all(g.labels.max() == 0 for g in group(read(heads, given, strict), given, strict))


def _bad() -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    depth = table(640, 480)[0].depth_m
    storm = np.where(rng.random(depth.shape) < 0.97, np.nan, depth).astype(np.float32)
    specks = depth.copy()
    specks[rng.random(depth.shape) < 0.002] = 0.5
    near = np.full_like(depth, 0.2)
    sky = np.full_like(depth, np.inf)
    sky[400:] = 3.0
    wild = rng.uniform(-5, 50, depth.shape).astype(np.float32)
    wild[::7] = np.nan
    large = np.repeat(np.repeat(depth, 5, 0), 6, 1)[:2160, :3840]
    return {
        "holes": np.full_like(depth, np.nan),
        "zeros": np.zeros_like(depth),
        "wall": near,
        "sky": sky,
        "specks": specks,
        "storm": storm,
        "wild": wild,
        "4K": np.ascontiguousarray(large),
        "strip": depth[:, :3].copy(),
        "one": depth[:1, :1].copy(),
        "odd": depth[:477, :635].copy(),
    }


@pytest.mark.parametrize("name", sorted(_bad()))
@pytest.mark.parametrize("says", ["noise", "all object"])
@pytest.mark.parametrize("judged", [False, True])
def test_bad_input_never_crashes_nor_masks_what_is_not_there(
    name: str, says: str, judged: bool
) -> None:
    depth = _bad()[name]
    height, width = depth.shape
    camera = Camera(width, height, 0.9 * max(width, 8), 0.9 * max(width, 8), width / 2, height / 2)

    def network(channels: Float) -> Float:
        assert np.isfinite(channels).all()
        heads = np.random.default_rng(1).normal(0, 4, (7, *channels.shape[1:]))
        if says == "all object":
            heads[2] += 50.0
        return heads.astype(np.float32)

    judge = trusting() if judged else None
    perceiver = Perceiver(CONFIG, LearnedSegmenter(network, judge))
    scene = perceiver.perceive(RgbdFrame(1, camera, depth))
    with np.errstate(invalid="ignore"):
        there = np.isfinite(depth) & (depth > 0)
    for made in scene.objects:
        assert made.mask is not None
        step = step_for(width, CONFIG.working_width_px)
        inside = there[::step, ::step][made.mask]
        assert inside.mean() > 0.5, "a mask over invalid depth"
    if not there.any():
        assert not scene.objects


@pytest.mark.parametrize("name", sorted(set(_bad()) - {"one", "strip"}))
def test_no_mask_that_is_offered_covers_missing_depth(name: str) -> None:
    depth = _bad()[name]
    height, width = depth.shape
    camera = Camera(width, height, 0.9 * width, 0.9 * width, width / 2, height / 2)
    view = seen(RgbdFrame(1, camera, depth))
    finding = find_support(make_sample(view), CONFIG)
    heads = np.random.default_rng(1).normal(0, 4, (7, 400, 400)).astype(np.float32)
    learned = LearnedSegmenter(
        lambda c: np.ascontiguousarray(heads[:, : c.shape[1], : c.shape[2]])
    )
    ground = foreground_of(view, finding, (), CONFIG)
    made = learned.offer(view, ground, finding, CONFIG)
    for division in made.divisions:
        assert not division[view.filled_m <= 0].any()


def test_the_perceiver_keeps_ids_with_either_segmenter() -> None:
    frame, ids = table(640, 480)
    learned = LearnedSegmenter(lambda channels: told(ids[::4, ::4]))
    for segmenter in (geometric, learned):
        perceiver = Perceiver(CONFIG, segmenter)
        first = perceiver.perceive(frame)
        later = RgbdFrame(34_000_000, frame.camera, frame.depth_m)
        second = perceiver.perceive(later)
        assert {o.id for o in first.objects} == {o.id for o in second.objects}
        assert first.objects
