"""The segmenter that ships: small, whole, and it sees two boxes on a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.model.segmenter import load_learned
from deepsight_ros.model.segmenter_weights import load
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.samples import make_sample
from deepsight_ros.perception.support import find_support
from deepsight_ros.perception.view import make_view

FOLDER = Path(__file__).parents[2] / "models" / "deepsight-segmenter"

pytestmark = pytest.mark.skipif(
    not (FOLDER / "config.json").is_file(), reason="models/deepsight-segmenter does not ship here"
)


def test_it_is_small_and_whole() -> None:
    assert (FOLDER / "model.safetensors").stat().st_size <= 12_000_000
    assert sum(p.numel() for p in load(FOLDER).parameters()) <= 5_000_000
    assert "limits" in (FOLDER / "README.md").read_text(encoding="utf-8").lower()


def test_it_sees_two_boxes_on_a_table() -> None:
    camera = Camera(640, 480, 570.0, 570.0, 319.5, 239.5)
    y = (np.arange(480) - camera.cy_px) / camera.fy_px
    slope = np.sqrt(0.5) * (1.0 + y)
    depth = np.repeat((0.8 / slope)[:, None], 640, axis=1)
    truth = np.zeros(depth.shape, bool)
    for left in (180, 380):
        box = np.s_[200:300, left : left + 80]
        depth[box] = depth[299, left]  # an upright front face on the table
        truth[box] = True
    frame = RgbdFrame(1, camera, depth.astype(np.float32), None)
    config = PerceptionConfig()
    view = make_view(frame, 2, config.max_range_m)
    found = load_learned(FOLDER, device="cpu")(
        view, find_support(make_sample(view), config), (), config
    )
    small = truth[::2, ::2]
    hits = 0
    for left in (90, 190):
        own = np.zeros_like(small)
        own[100:150, left : left + 40] = True
        best = max(
            (
                ((found.labels == k) & own).sum() / ((found.labels == k) | own).sum()
                for k in range(1, found.count + 1)
            ),
            default=0.0,
        )
        hits += best > 0.5
    assert hits == 2
    assert all(0.0 <= s <= 1.0 for s in found.scores)
