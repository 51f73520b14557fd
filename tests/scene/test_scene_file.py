"""Scene files: what is read, and which field a malformed one is blamed on."""

from __future__ import annotations

import copy
import json
import logging

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import SceneFileError
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.scene.scene_file import load_scene
from deepsight_ros.scene.solids import BoxSolid, ConeSolid, CylinderSolid, SphereSolid

CONTENT = {
    "camera": {
        "height_m": 0.45,
        "pitch_deg": 35,
        "width_px": 640,
        "height_px": 480,
        "fx": 600,
        "fy": 600,
        "cx": 319.5,
        "cy": 239.5,
    },
    "support": "table",
    "objects": [
        {
            "id": "o1",
            "label": "mug",
            "colour": "red",
            "shape": "cylinder",
            "size_m": [0.08, 0.08, 0.10],
            "position_m": [0.62, 0.11, 0.05],
            "yaw_deg": 0,
        },
        {
            "id": "o2",
            "label": "gripper",
            "shape": "box",
            "size_m": [0.10, 0.06, 0.04],
            "position_m": [0.4, 0.0, 0.2],
            "yaw_deg": 90,
        },
        {
            "id": "o3",
            "label": "ball",
            "shape": "sphere",
            "size_m": [0.07, 0.07, 0.07],
            "position_m": [0.7, 0, 0.035],
        },
        {
            "id": "o4",
            "label": "cone",
            "shape": "cone",
            "size_m": [0.07, 0.07, 0.1],
            "position_m": [0.8, 0, 0.05],
        },
    ],
}


def changed(path: tuple, value: object) -> dict:
    content = copy.deepcopy(CONTENT)
    at = content
    for key in path[:-1]:
        at = at[key]
    if value is KeyError:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return content


def test_what_is_read(tmp_path) -> None:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps(CONTENT))
    scene = load_scene(path)
    assert scene.is_exact
    assert scene.up is UpSource.TF
    assert scene.support_label == "table"
    kinds = [type(o.shape) for o in scene.objects]
    assert kinds == [CylinderSolid, BoxSolid, SphereSolid, ConeSolid]
    assert scene.object("o1").colours == ("red",)
    assert scene.object("o3").colour == ""
    assert scene.camera_position_m == pytest.approx([0, 0, 0.45])
    # the optical axis in W: pitched 35 degrees down, straight ahead
    axis = scene.working_from_camera.rotate(np.array([0, 0, 1.0]))
    assert axis == pytest.approx([np.cos(np.deg2rad(35)), 0, -np.sin(np.deg2rad(35))])
    # the picture's right is minus y, its down has no y
    assert scene.working_from_camera.rotate(np.array([1.0, 0, 0])) == pytest.approx([0, -1, 0])
    assert scene.support.normal @ scene.working_from_camera.rotation.T[:, 2] == pytest.approx(1.0)


def test_gripper() -> None:
    scene = load_scene(CONTENT)
    gripper = scene.object("o2")
    assert gripper.is_gripper
    assert scene.gripper.object_id == "o2"
    assert scene.gripper.pose.translation_m == pytest.approx([0.4, 0.05, 0.2])
    assert scene.gripper.pose.rotation[:, 0] == pytest.approx([0, 1, 0], abs=1e-12)


@pytest.mark.parametrize(
    ("path", "value", "blamed"),
    [
        (("camera",), KeyError, "camera"),
        (("camera",), 3, "camera"),
        (("camera", "height_m"), -1, "height_m"),
        (("camera", "height_m"), "high", "height_m"),
        (("camera", "pitch_deg"), 120, "pitch_deg"),
        (("camera", "width_px"), 640.5, "width_px"),
        (("camera", "width_px"), 0, "size"),
        (("camera", "fx"), 0, "fx"),
        (("camera", "cy"), float("nan"), "cy"),
        (("camera", "cx"), KeyError, "cx"),
        (("support",), 7, "support"),
        (("objects",), KeyError, "objects"),
        (("objects",), {"o1": 1}, "objects"),
        (("objects", 0), "mug", "objects[0]"),
        (("objects", 0, "id"), KeyError, "id"),
        (("objects", 0, "id"), "", "id"),
        (("objects", 0, "id"), "o3", "objects[2].id"),
        (("objects", 0, "label"), 5, "label"),
        (("objects", 0, "label"), "gripper", "gripper"),
        (("objects", 0, "colour"), 5, "colour"),
        (("objects", 0, "shape"), "torus", "shape"),
        (("objects", 0, "size_m"), [0.08, 0.08], "size_m"),
        (("objects", 0, "size_m"), [0.08, 0.08, 0], "size_m"),
        (("objects", 0, "size_m"), [0.08, 0.09, 0.1], "size_m"),
        (("objects", 2, "size_m"), [0.08, 0.08, 0.1], "size_m"),
        (("objects", 0, "size_m"), [0.08, True, 0.1], "size_m[1]"),
        (("objects", 0, "position_m"), [0, 0, None], "position_m[2]"),
        (("objects", 0, "position_m"), [0, 0, 10**400], "position_m[2]"),
        (("objects", 0, "yaw_deg"), float("inf"), "yaw_deg"),
    ],
)
def test_malformed_fields_are_named(path: tuple, value: object, blamed: str) -> None:
    with pytest.raises(SceneFileError, match=blamed.replace("[", r"\[").replace("]", r"\]")):
        load_scene(changed(path, value))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"x"', "null", "[" * 100_000])
def test_files_that_are_no_scene(tmp_path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(SceneFileError):
        load_scene(path)


def test_missing_file(tmp_path) -> None:
    with pytest.raises(SceneFileError, match="cannot be read"):
        load_scene(tmp_path / "none.json")


def test_unknown_fields_are_told_but_do_not_stop(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        scene = load_scene(changed(("objects", 0, "color"), "red"))
    assert "color" in caplog.text
    assert len(scene.objects) == 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@settings(max_examples=80, deadline=None)
@given(json_values, st.sampled_from([("camera",), ("objects",), ("objects", 0), ("support",)]))
def test_any_json_gives_a_scene_or_a_scene_file_error(value: object, path: tuple) -> None:
    try:
        scene = load_scene(changed(path, value))
    except SceneFileError:
        return
    assert scene.is_exact
