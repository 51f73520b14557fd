"""Scene files: JSON in, an exact ``Scene`` of solids out (format: docs/scene_file.md).

Positions are solid centres in G (metres, z from the support), pitch positive looks down, sizes
are given before yaw. Every malformed field raises ``SceneFileError`` naming the field.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from deepsight_ros.errors import CalibrationError, SceneFileError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.objects import Gripper, Scene, SceneObject, SupportPlane, UpSource
from deepsight_ros.scene.solids import BoxSolid, ConeSolid, CylinderSolid, Solid, SphereSolid

_LOG = logging.getLogger(__name__)

GRIPPER_LABEL = "gripper"
FRAME_ID = "camera_depth_optical_frame"
_SHAPES = ("box", "cylinder", "sphere", "cone")
_SCENE_KEYS = {"camera", "support", "objects"}
_CAMERA_KEYS = {"height_m", "pitch_deg", "width_px", "height_px", "fx", "fy", "cx", "cy"}
_OBJECT_KEYS = {"id", "label", "colour", "shape", "size_m", "position_m", "yaw_deg"}


def load_scene(source: str | Path | Mapping[str, Any]) -> Scene:
    """Read a scene file.

    Args:
        source: path of a JSON file, or its content as a mapping.

    Returns:
        Exact scene in W = G. An object labelled "gripper" becomes ``Scene.gripper`` as well: the
        origin is the centre of its front face along its yaw, the heading is its yaw.

    Raises:
        SceneFileError: the file is missing, no JSON, or a field is missing or impossible.
    """
    if isinstance(source, Mapping):
        return _scene(source, "scene")
    path = Path(source)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SceneFileError(f"scene file {path}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SceneFileError(f"scene file {path}: is not JSON ({error})") from error
    return _scene(_mapping(content, f"scene file {path}"), f"scene file {path}")


def working_from_camera(height_m: float, pitch_rad: float) -> RigidTransform:
    """W from the optical frame of a camera ``height_m`` above the support, pitch > 0 down."""
    c, s = math.cos(pitch_rad), math.sin(pitch_rad)
    # columns: the optical x (right), y (down) and z (forward) axes in W
    rotation = np.array([[0.0, -s, c], [-1.0, 0.0, 0.0], [0.0, -c, -s]])
    return RigidTransform(rotation, np.array([0.0, 0.0, height_m]))


def _scene(content: Mapping[str, Any], where: str) -> Scene:
    _warn_unknown(content, _SCENE_KEYS, where)
    camera_in = _mapping(_required(content, "camera", where), f"{where}: camera")
    _warn_unknown(camera_in, _CAMERA_KEYS, f"{where}: camera")
    height = _number(camera_in, "height_m", f"{where}: camera")
    pitch = _number(camera_in, "pitch_deg", f"{where}: camera")
    if height <= 0:
        raise SceneFileError(f"{where}: camera.height_m: got {height}, expected metres above 0")
    if not -90 <= pitch <= 90:
        raise SceneFileError(
            f"{where}: camera.pitch_deg: got {pitch}, expected -90 to 90 (positive looks down)"
        )
    pose = working_from_camera(height, math.radians(pitch))
    label = content.get("support", "")
    if not isinstance(label, str):
        raise SceneFileError(f"{where}: support: got {label!r}, expected a word such as 'table'")
    objects_in = _required(content, "objects", where)
    if not isinstance(objects_in, list):
        raise SceneFileError(f"{where}: objects: got {type(objects_in).__name__}, expected a list")
    objects = tuple(_object(entry, f"{where}: objects[{i}]") for i, entry in enumerate(objects_in))
    seen: set[str] = set()
    for i, made in enumerate(objects):
        if made.id in seen:
            raise SceneFileError(
                f"{where}: objects[{i}].id: got '{made.id}' a second time, expected unique ids"
            )
        seen.add(made.id)
    grippers = [o for o in objects if o.is_gripper]
    if len(grippers) > 1:
        raise SceneFileError(
            f"{where}: objects: got {len(grippers)} objects labelled '{GRIPPER_LABEL}', "
            "expected at most one"
        )
    up_in_camera = pose.rotation.T @ np.array([0.0, 0.0, 1.0])
    return Scene(
        stamp_ns=0,
        frame_id=FRAME_ID,
        objects=objects,
        working_from_camera=pose,
        up=UpSource.TF,
        support=SupportPlane(up_in_camera, height, sigma_m=0.0, label=label),
        support_label=label,
        gripper=gripper_of(grippers[0]) if grippers else None,
        is_exact=True,
        camera=_camera(camera_in, f"{where}: camera"),
    )


def gripper_of(item: SceneObject) -> Gripper:
    """Gripper of an exact object: front face along its yaw, heading = yaw."""
    box = item.box
    c, s = math.cos(box.yaw_rad), math.sin(box.yaw_rad)
    rotation = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    front = box.centre_m + rotation @ np.array([box.size_m[0] / 2, 0.0, 0.0])
    return Gripper(RigidTransform(rotation, front), item.id)


def _camera(camera_in: Mapping[str, Any], where: str) -> Camera:
    sizes = []
    for key in ("width_px", "height_px"):
        size = _number(camera_in, key, where)
        if size != int(size):
            raise SceneFileError(f"{where}.{key}: got {size}, expected a whole number of pixels")
        sizes.append(int(size))
    fx, fy, cx, cy = (_number(camera_in, key, where) for key in ("fx", "fy", "cx", "cy"))
    try:
        return Camera(sizes[0], sizes[1], fx, fy, cx, cy, frame_id=FRAME_ID)
    except CalibrationError as error:
        raise SceneFileError(f"{where}: {error}") from error


def _object(entry: Any, where: str) -> SceneObject:
    fields = _mapping(entry, where)
    _warn_unknown(fields, _OBJECT_KEYS, where)
    identity = _word(fields, "id", where)
    label = _word(fields, "label", where)
    colour = fields.get("colour") or ""
    if not isinstance(colour, str):
        raise SceneFileError(f"{where}.colour: got {colour!r}, expected a word such as 'red'")
    return SceneObject(
        id=identity,
        shape=_solid(fields, where),
        label=label,
        colour=colour,
        colours=(colour,) if colour else (),
        is_gripper=label.strip().lower() == GRIPPER_LABEL,
    )


def _solid(fields: Mapping[str, Any], where: str) -> Solid:
    shape = _word(fields, "shape", where)
    if shape not in _SHAPES:
        raise SceneFileError(f"{where}.shape: got '{shape}', expected one of {list(_SHAPES)}")
    size = _three(fields, "size_m", where)
    if (size <= 0).any():
        raise SceneFileError(f"{where}.size_m: got {size.tolist()}, expected metres above 0")
    centre = _three(fields, "position_m", where)
    yaw = math.radians(_number(fields, "yaw_deg", where)) if "yaw_deg" in fields else 0.0
    if shape == "box":
        return BoxSolid(centre, size, yaw)
    if abs(size[0] - size[1]) > 1e-6:
        raise SceneFileError(
            f"{where}.size_m: got {size.tolist()} for a {shape}, expected equal x and y (diameter)"
        )
    if shape == "sphere":
        if abs(size[0] - size[2]) > 1e-6:
            raise SceneFileError(
                f"{where}.size_m: got {size.tolist()} for a sphere, expected three equal diameters"
            )
        return SphereSolid(centre, float(size[0]) / 2)
    kind = CylinderSolid if shape == "cylinder" else ConeSolid
    return kind(centre, float(size[0]) / 2, float(size[2]))


def _required(fields: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in fields:
        raise SceneFileError(f"{where}: '{key}' is missing; got the fields {sorted(fields)}")
    return fields[key]


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SceneFileError(f"{where}: got {type(value).__name__}, expected an object {{...}}")
    return value


def _word(fields: Mapping[str, Any], key: str, where: str) -> str:
    value = _required(fields, key, where)
    if not isinstance(value, str) or not value.strip():
        raise SceneFileError(f"{where}.{key}: got {value!r}, expected a non-empty string")
    return value


def _number(fields: Mapping[str, Any], key: str, where: str) -> float:
    return _finite(_required(fields, key, where), f"{where}.{key}")


def _finite(value: Any, where: str) -> float:
    # bool is an int in Python, and no length
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SceneFileError(f"{where}: got {value!r}, expected a number")
    try:
        number = float(value)
    except OverflowError as error:
        raise SceneFileError(f"{where}: got a number too large for metres") from error
    if not math.isfinite(number):
        raise SceneFileError(f"{where}: got {value!r}, expected a finite number")
    return number


def _three(
    fields: Mapping[str, Any], key: str, where: str
) -> np.ndarray[Any, np.dtype[np.float64]]:
    value = _required(fields, key, where)
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise SceneFileError(f"{where}.{key}: got {value!r}, expected three numbers [x, y, z]")
    return np.array([_finite(v, f"{where}.{key}[{i}]") for i, v in enumerate(value)])


def _warn_unknown(fields: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(str(key) for key in fields if key not in known)
    if unknown:
        _LOG.warning("%s: fields %s are not used; known are %s", where, unknown, sorted(known))
