"""Scene files rendered with noise and perceived as if live."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deepsight_ros.errors import SceneFileError
from deepsight_ros.evaluation.rendered import perceive_scene_file, world_of
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.scene_file import load_scene

CAMERA = {
    "height_m": 0.5, "pitch_deg": 35, "width_px": 640, "height_px": 480,
    "fx": 600, "fy": 600, "cx": 319.5, "cy": 239.5,
}  # fmt: skip
OBJECTS = [
    ("o1", "mug", "red", "cylinder", [0.08, 0.08, 0.10], [0.62, 0.15, 0.05], 0),
    ("o2", "cracker box", "blue", "box", [0.06, 0.16, 0.21], [0.85, -0.02, 0.105], 20),
    ("o3", "ball", "green", "sphere", [0.09, 0.09, 0.09], [0.60, -0.16, 0.045], 0),
    ("o4", "cone", "yellow", "cone", [0.10, 0.10, 0.16], [0.80, 0.26, 0.08], 0),
    ("o5", "gripper", "black", "box", [0.12, 0.08, 0.05], [0.42, 0.0, 0.15], 0),
]
KEYS = ("id", "label", "colour", "shape", "size_m", "position_m", "yaw_deg")


@pytest.fixture()
def scene_file(tmp_path: Path) -> Path:
    path = tmp_path / "scene.json"
    objects = [dict(zip(KEYS, o, strict=True)) for o in OBJECTS]
    path.write_text(json.dumps({"camera": CAMERA, "support": "table", "objects": objects}))
    return path


def test_the_world_of_a_scene_file_has_the_same_solids(scene_file: Path) -> None:
    exact = load_scene(scene_file)
    truth = world_of(exact).truth()
    for item in exact.objects:
        again = truth.object(item.id).box
        np.testing.assert_allclose(again.centre_m, item.box.centre_m, atol=1e-9)
        np.testing.assert_allclose(again.size_m, item.box.size_m, atol=1e-9)
    np.testing.assert_allclose(
        truth.working_from_camera.matrix, exact.working_from_camera.matrix, atol=1e-9
    )
    assert exact.gripper is not None and truth.gripper is not None
    np.testing.assert_allclose(truth.gripper.pose.matrix, exact.gripper.pose.matrix, atol=1e-9)


@pytest.mark.parametrize("family", ["structured_light", "stereo", "time_of_flight"])
def test_things_are_found_named_and_measured(scene_file: Path, family: str) -> None:
    exact, seen = load_scene(scene_file), perceive_scene_file(scene_file, family=family)
    assert not seen.is_exact and seen.support_label == "table"
    by_label = {o.label: o for o in seen.objects if o.label}
    assert {"mug", "cracker box", "ball", "cone"} <= set(by_label)
    assert seen.gripper is not None
    for item in exact.objects:
        if item.is_gripper:
            continue
        found = by_label[item.label]
        height = measure(seen, "height", (found.id,))
        assert height.value == pytest.approx(item.box.size_m[2], abs=0.025)
        distance = measure(seen, "range", (found.id,)).value
        assert distance == pytest.approx(measure(exact, "range", (item.id,)).value, abs=0.02)


def test_a_broken_file_is_a_scene_file_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{}")
    with pytest.raises(SceneFileError):
        perceive_scene_file(path)
