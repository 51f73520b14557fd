"""Perceiver end to end on a made-up table: boxes on a plane seen from 40 degrees above."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import UpSource


def make_frame(width: int, height: int, depth: np.ndarray) -> RgbdFrame:
    f = 0.9 * width
    camera = Camera(width, height, f, f, (width - 1) / 2, (height - 1) / 2)
    return RgbdFrame(0, camera, depth.astype(np.float32))


@pytest.mark.parametrize("size", [(640, 480), (8, 8), (1, 1), (3840, 2160)])
@pytest.mark.parametrize("kind", ["nan", "wall", "noise", "one_pixel"])
def test_no_support_is_an_honest_empty_scene(size: tuple[int, int], kind: str) -> None:
    width, height = size
    depth = np.full((height, width), np.nan)
    if kind == "wall":
        depth[:] = 0.2
    elif kind == "noise":
        rng = np.random.default_rng(0)
        depth = np.where(rng.random((height, width)) < 0.5, np.nan, 1.0)
    elif kind == "one_pixel":
        depth[height // 2, width // 2] = 1.0
    scene = Perceiver().perceive(make_frame(width, height, depth))
    assert scene.up is UpSource.UNKNOWN
    assert scene.support is None
