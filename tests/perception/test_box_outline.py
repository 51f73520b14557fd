"""Outlines drawn by colour, and which pieces a box takes."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.perception.box_outline import sharpen
from deepsight_ros.perception.box_segments import object_in_box
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.segmentation import Segmentation
from deepsight_ros.perception.view import WorkingView, make_view

CAMERA = Camera(120, 90, 120.0, 120.0, 59.5, 44.5, frame_id="camera")
RED, GREY, BLUE = (190, 30, 30), (120, 120, 120), (20, 40, 170)
TRUE = (slice(30, 60), slice(40, 80))


def view_of(depth_m: np.ndarray, colour: np.ndarray | None) -> WorkingView:
    return make_view(RgbdFrame(1, CAMERA, depth_m.astype(np.float32), colour), 1, 5.0)


def picture(*colours: tuple[tuple[slice, slice], tuple[int, int, int]]) -> np.ndarray:
    """Grey ground with coloured rectangles, later ones in front, and a little noise."""
    out = np.full((90, 120, 3), GREY, np.float64)
    for where, colour in colours:
        out[where] = colour
    noise = np.random.default_rng(0).normal(0, 4, out.shape)
    return np.clip(out + noise, 0, 255).astype(np.uint8)


def rectangle(where: tuple[slice, slice]) -> np.ndarray:
    out = np.zeros((90, 120), bool)
    out[where] = True
    return out


def test_pixels_without_readings_beside_an_edge_are_won_back() -> None:
    depth = np.full((90, 120), 1.0)
    depth[TRUE] = 0.7
    seen = rectangle((slice(34, 56), slice(44, 76)))
    true = rectangle(TRUE)
    depth[true & ~seen] = np.nan
    part = view_of(depth, picture((TRUE, RED)))
    support = part.valid & ~seen
    sharp = sharpen(seen, part, rectangle(TRUE), support, is_sure=True)
    assert (sharp & true).sum() > 0.97 * true.sum()
    assert not (sharp & ~true).any()


def test_without_colour_the_mask_stays() -> None:
    part = view_of(np.full((90, 120), 1.0), None)
    mask = rectangle(TRUE)
    assert sharpen(mask, part, mask, ~mask, is_sure=True) is mask


def test_a_thing_in_front_is_not_taken_for_the_object() -> None:
    """A blue bar stands before a red box: the bar's readings lie apart and are left out."""
    bar = (slice(10, 60), slice(56, 64))
    depth = np.full((90, 120), 1.0)
    depth[TRUE], depth[bar] = 0.7, 0.5
    part = view_of(depth, picture((TRUE, RED), (bar, BLUE)))
    red = rectangle(TRUE) & ~rectangle(bar)
    rest = part.valid & ~red
    sharp = sharpen(red, part, rectangle(TRUE), rest, is_sure=True)
    assert (sharp & red).sum() > 0.97 * red.sum()
    assert not (sharp & rectangle(bar)).any()


@pytest.mark.parametrize("other", [BLUE, (150, 160, 60)])
def test_pieces_of_one_colour_are_taken_before_a_strange_one_that_fills_the_box(
    other: tuple[int, int, int],
) -> None:
    """Two red halves show on both sides of another thing inside the box: they are the object."""
    left, right = (slice(30, 60), slice(40, 55)), (slice(30, 60), slice(65, 80))
    front = (slice(30, 60), slice(55, 65))
    depth = np.full((90, 120), 1.0)
    depth[left] = depth[right] = 0.7
    depth[front] = 0.6
    labels = np.zeros((90, 120), np.int32)
    labels[left], labels[right], labels[front] = 1, 2, 3
    part = view_of(depth, picture((left, RED), (right, RED), (front, other)))
    seg = Segmentation(labels, 3, labels > 0)
    mask, fit = object_in_box(part, seg, TRUE, PerceptionConfig())
    red = (labels == 1) | (labels == 2)
    assert fit > 0.9
    assert (mask & red).sum() > 0.95 * red.sum()
    assert (mask & (labels == 3)).sum() < 0.05 * red.sum()
