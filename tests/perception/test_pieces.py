"""Fragments, borders and outliers: the parts of segmentation, one at a time."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.perception.borders import chroma, measure_borders
from deepsight_ros.perception.fragments import cut_pixels, fragments, hue_edges
from deepsight_ros.perception.merging import FEATURES, features, merge
from deepsight_ros.perception.outliers import flying_pixels, largest_cluster
from deepsight_ros.perception.segmentation import dense
from deepsight_ros.perception.view import WorkingView, make_view


def view_of(depth: np.ndarray, colour: np.ndarray | None = None) -> WorkingView:
    height, width = depth.shape
    camera = Camera(width, height, 286.0, 286.0, (width - 1) / 2, (height - 1) / 2)
    return make_view(RgbdFrame(0, camera, depth.astype(np.float32), colour), 1, 6.0)


def creased(angle: float, inwards: bool) -> np.ndarray:
    """(60, 80) depth of two faces that meet in the middle column, bent by ``angle`` (slope)."""
    u = np.abs(np.arange(80) - 39.5) * 0.8 / 286.0 * angle
    depth = 0.8 - u if inwards else 0.8 + u
    return np.tile(depth, (60, 1))


ALL = np.ones((60, 80), bool)


def test_depth_steps_and_inward_creases_cut_outward_ones_do_not() -> None:
    step = np.full((60, 80), 0.8)
    step[:, 40:] = 0.85
    assert cut_pixels(view_of(step), ALL)[30, 38:42].any()
    assert cut_pixels(view_of(creased(0.8, True)), ALL)[30, 36:44].any()
    assert not cut_pixels(view_of(creased(0.8, False)), ALL)[30, 10:70].any()


def test_slopes_do_not_cut() -> None:
    slope = np.tile(np.linspace(0.6, 1.0, 80), (60, 1))
    assert not cut_pixels(view_of(slope), ALL)[5:-5, 5:-5].any()


def test_steps_against_the_background_do_not_cut() -> None:
    depth = np.full((60, 80), 1.2)
    depth[20:40, 20:50] = 0.8
    foreground = depth < 1.0
    assert not cut_pixels(view_of(depth), foreground).any()


def test_chroma_ignores_shade_and_sees_hue() -> None:
    colour = np.zeros((60, 80, 3), np.uint8)
    colour[:, :40] = (160, 60, 40)
    colour[:30, :40] = (80, 30, 20)  # the same surface in the shade
    colour[:, 40:] = (60, 60, 160)
    edges = hue_edges(chroma(colour), ALL)
    assert edges[10:50, 38:42].all(axis=0).any()
    assert not edges[:, 5:30].any()


@pytest.mark.parametrize("colour", [True, False])
def test_one_smooth_thing_stays_whole_and_two_steps_apart_do_not(colour: bool) -> None:
    one = np.full((60, 80, 3), 120, np.uint8) if colour else None
    two = None
    if one is not None:
        two = one.copy()
        two[:, 40:] = (160, 60, 50)
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.002, (60, 80))
    flat = view_of(np.full((60, 80), 0.8) + noise, one)
    apart = np.full((60, 80), 0.8)
    apart[:, 40:] = 0.95
    for view, count in ((flat, 1), (view_of(apart + noise, two), 2)):
        hues = None if view.colour is None else chroma(view.colour)
        pieces = dense(fragments(view, ALL, hues))
        labels = merge(measure_borders(pieces, view, hues), 0.7)[pieces]
        sizes = np.bincount(labels.ravel())
        assert np.count_nonzero(sizes[1:] > 100) == count


def test_border_features_do_not_depend_on_numbering() -> None:
    depth = np.full((60, 80), 0.8)
    depth[:, 30:] = 0.83
    view = view_of(depth)
    labels = np.ones((60, 80), np.int32)
    labels[:, 30:] = 2
    rows = []
    for numbered in (labels, 3 - labels):
        found = measure_borders(numbered, view, None)
        assert len(found.pairs) == 1
        pair = found.pairs
        rows.append(features(found.sums, found.pixels[pair], found.perimeter[pair], None)[0])
    assert rows[0] == pytest.approx(rows[1])
    named = dict(zip(FEATURES, rows[0], strict=True))
    assert named["ahead"] == pytest.approx(named["step"])  # the smaller one lies nearer
    assert named["step"] > 1.0 and named["concave"] == pytest.approx(0.0, abs=0.05)


def test_nothing_to_merge_is_no_error() -> None:
    view = view_of(np.full((60, 80), 0.8))
    nothing = np.zeros((60, 80), np.int32)
    assert merge(measure_borders(nothing, view, None)).tolist() == [0]


def test_flying_pixels_lie_between_two_surfaces() -> None:
    depth = np.full((60, 80), 1.2)
    depth[20:40, 20:60] = 0.8
    depth[20:40, 60] = 1.0
    found = flying_pixels(view_of(depth))
    assert found[22:38, 60].all()
    assert not found[25:35, 25:55].any()


def test_the_largest_cluster_is_kept() -> None:
    depth = np.full((60, 80), 0.8)
    depth[:, 50:] = 1.1
    kept = largest_cluster(ALL, view_of(depth), 0.02)
    assert kept[:, 5:45].all() and not kept[:, 55:].any()
    assert not largest_cluster(~ALL, view_of(depth), 0.02).any()
