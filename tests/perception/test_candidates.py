"""Candidates: which segment a detection names, and segments that several detections share out."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.perception.inputs import Detection
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Scene

LEFT, TOP, RIGHT, BOTTOM = 200, 180, 420, 300
MIDDLE = 290
"""A slab on the table, in pixels; two things of one depth that touch at ``MIDDLE``."""


def frame() -> RgbdFrame:
    """A table seen from 45 degrees above with one slab on it, without colour."""
    camera = Camera(640, 480, 570.0, 570.0, 319.5, 239.5)
    y = (np.arange(480) - camera.cy_px) / camera.fy_px
    depth = np.repeat((0.7 / (np.sqrt(0.5) * (1.0 + y)))[:, None], 640, axis=1)
    depth[TOP:BOTTOM, LEFT:RIGHT] -= 0.08
    depth += np.random.default_rng(0).normal(0.0, 5e-4, depth.shape)
    return RgbdFrame(1, camera, depth.astype(np.float32), None)


def boxes(scene: Scene) -> dict[str, tuple[float, float]]:
    return {o.label: (o.box_px[0], o.box_px[2]) for o in scene.objects if o.box_px is not None}


def detection(label: str, left: int, right: int, score: float = 0.8) -> Detection:
    return Detection(label, score, (left, TOP, right, BOTTOM))


def test_two_detections_share_out_a_segment_that_joins_two_things() -> None:
    asked = [detection("tin", LEFT, MIDDLE), detection("jar", MIDDLE, RIGHT, 0.7)]
    found = boxes(Perceiver().perceive(frame(), detections=asked))
    assert set(found) == {"tin", "jar"}
    assert found["tin"] == pytest.approx((LEFT, MIDDLE), abs=8)
    assert found["jar"] == pytest.approx((MIDDLE, RIGHT), abs=8)


def test_a_detection_of_all_of_it_names_it_whole() -> None:
    whole = detection("brick", LEFT, RIGHT, 0.6)
    for others in ([], [detection("label", LEFT, MIDDLE), detection("lid", MIDDLE, RIGHT)]):
        scene = Perceiver().perceive(frame(), detections=[whole, *others])
        assert list(boxes(scene)) == ["brick"]
        assert boxes(scene)["brick"] == pytest.approx((LEFT, RIGHT), abs=8)


def test_other_names_for_one_part_are_left_out() -> None:
    asked = [
        detection("tin", LEFT, MIDDLE),
        detection("jar", MIDDLE, RIGHT),
        detection("can", LEFT, MIDDLE, 0.3),
    ]
    assert set(boxes(Perceiver().perceive(frame(), detections=asked))) == {"tin", "jar"}


def test_one_detection_of_a_part_does_not_divide() -> None:
    for part in (detection("tin", LEFT, MIDDLE), detection("logo", 240, 270)):
        scene = Perceiver().perceive(frame(), detections=[part])
        wide = max(o.box_px[2] - o.box_px[0] for o in scene.objects if o.box_px is not None)
        assert wide == pytest.approx(RIGHT - LEFT, abs=8)
