"""Scenes as JSON and back: full solids where they are known, boxes where perception saw points.

Lengths are rounded to 1e-7 m, so that the text is the same on every machine and the geometry is
exact for every purpose. Solids come back as solids; what was observed comes back as its box.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.objects import Gripper, Scene, SceneObject, SupportPlane, UpSource
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    ConvexSolid,
    CylinderSolid,
    PrismSolid,
    Solid,
    SphereSolid,
)
from deepsight_ros.scene.tilted import TiltedSolid

_LENGTH_DIGITS = 7
_ROTATION_DIGITS = 12


def as_json(value: object) -> str:
    """Canonical JSON: sorted keys, no spaces, numpy values as plain ones, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
    )


def scene_to_json(scene: Scene) -> str:
    """A scene as JSON text (format: docs/data_engine.md)."""
    content: dict[str, Any] = {
        "stamp_ns": scene.stamp_ns,
        "frame_id": scene.frame_id,
        "up": scene.up.value,
        "exact": scene.is_exact,
        "working_from_camera": _pose(scene.working_from_camera),
        "support_label": scene.support_label,
        "objects": [_object(o) for o in scene.objects],
    }
    if scene.support is not None:
        plane = scene.support
        content["support"] = {
            "normal": _numbers(plane.normal, _ROTATION_DIGITS),
            "offset_m": _number(plane.offset_m),
            "sigma_m": _number(plane.sigma_m),
            "label": plane.label,
        }
    if scene.gripper is not None:
        content["gripper"] = {
            "pose": _pose(scene.gripper.pose),
            "object_id": scene.gripper.object_id,
        }
    return as_json(content)


def scene_from_json(text: str) -> Scene:
    """The scene back; observed shapes as the boxes that were around them.

    Raises:
        ShardError: the text is no scene.
    """
    try:
        content = json.loads(text)
        return _scene(content)
    except (KeyError, TypeError, ValueError) as error:
        raise ShardError(f"shard row: the scene cannot be read ({error!r})") from error


def _object(item: SceneObject) -> dict[str, Any]:
    box = item.box
    out: dict[str, Any] = {
        "id": item.id,
        "label": item.label,
        "colour": item.colour,
        "colours": list(item.colours),
        "score": _number(item.score),
        "box": {
            "centre_m": _numbers(box.centre_m),
            "size_m": _numbers(box.size_m),
            "yaw_rad": _number(box.yaw_rad),
        },
    }
    for name in ("is_gripper", "is_region", "is_occluded", "is_truncated"):
        if getattr(item, name):
            out[name] = True
    if item.box_px is not None:
        out["box_px"] = [int(v) for v in item.box_px]
    if item.faces_seen:
        out["faces_seen"] = list(item.faces_seen)
    if isinstance(item.shape, Solid):
        out["solids"] = [_solid(part) for part in item.shape.parts]
    return out


def _solid(part: ConvexSolid) -> dict[str, Any]:
    if isinstance(part, BoxSolid):
        return {
            "shape": "box",
            "centre_m": _numbers(part.centre_m),
            "size_m": _numbers(part.size_m),
            "yaw_rad": _number(part.yaw_rad, 9),
        }
    if isinstance(part, SphereSolid):
        return {
            "shape": "sphere",
            "centre_m": _numbers(part.centre_m),
            "radius_m": _number(part.radius_m),
        }
    if isinstance(part, CylinderSolid | ConeSolid):
        return {
            "shape": "cylinder" if isinstance(part, CylinderSolid) else "cone",
            "centre_m": _numbers(part.centre_m),
            "radius_m": _number(part.radius_m),
            "height_m": _number(part.height_m),
        }
    if isinstance(part, PrismSolid):
        return {
            "shape": "prism",
            "outline_m": [_numbers(p) for p in part.outline_m],
            "bottom_m": _number(part.bottom_m),
            "top_m": _number(part.top_m),
        }
    if isinstance(part, TiltedSolid):
        return {
            "shape": "tilted",
            "upright": _solid(part.upright),
            "pose": _pose(part.pose),
        }
    raise InvalidValueError(
        f"scene as JSON: got a {type(part).__name__}, expected one of scene.solids"
    )


def _scene(content: Mapping[str, Any]) -> Scene:
    support = content.get("support")
    gripper = content.get("gripper")
    return Scene(
        stamp_ns=int(content["stamp_ns"]),
        frame_id=content["frame_id"],
        objects=tuple(_object_back(o) for o in content["objects"]),
        working_from_camera=_pose_back(content["working_from_camera"]),
        up=UpSource(content["up"]),
        support=None
        if support is None
        else SupportPlane(
            np.array(support["normal"]),
            support["offset_m"],
            support["sigma_m"],
            support["label"],
        ),
        support_label=content["support_label"],
        gripper=None
        if gripper is None
        else Gripper(_pose_back(gripper["pose"]), gripper["object_id"]),
        is_exact=bool(content["exact"]),
    )


def _object_back(fields: Mapping[str, Any]) -> SceneObject:
    if "solids" in fields:
        parts = tuple(_solid_back(s) for s in fields["solids"])
        shape: Solid = parts[0] if len(parts) == 1 else CompoundSolid(parts)
    else:
        box = fields["box"]
        size = np.maximum(np.array(box["size_m"]), 1e-6)
        shape = BoxSolid(np.array(box["centre_m"]), size, box["yaw_rad"])
    return SceneObject(
        id=fields["id"],
        shape=shape,
        label=fields["label"],
        score=fields["score"],
        colour=fields["colour"],
        colours=tuple(fields["colours"]),
        is_gripper=fields.get("is_gripper", False),
        is_region=fields.get("is_region", False),
        box_px=tuple(fields["box_px"]) if "box_px" in fields else None,
        is_occluded=fields.get("is_occluded", False),
        is_truncated=fields.get("is_truncated", False),
        faces_seen=tuple(fields.get("faces_seen", ())),
    )


def _solid_back(fields: Mapping[str, Any]) -> ConvexSolid:
    shape = fields["shape"]
    if shape == "prism":
        return PrismSolid(np.array(fields["outline_m"]), fields["bottom_m"], fields["top_m"])
    if shape == "tilted":
        return TiltedSolid(_solid_back(fields["upright"]), _pose_back(fields["pose"]))
    centre = np.array(fields["centre_m"])
    if shape == "box":
        return BoxSolid(centre, np.array(fields["size_m"]), fields["yaw_rad"])
    if shape == "sphere":
        return SphereSolid(centre, fields["radius_m"])
    kind = {"cylinder": CylinderSolid, "cone": ConeSolid}[shape]
    return kind(centre, fields["radius_m"], fields["height_m"])


def _pose(pose: RigidTransform) -> dict[str, Any]:
    return {
        "rotation": [_numbers(row, _ROTATION_DIGITS) for row in pose.rotation],
        "translation_m": _numbers(pose.translation_m),
    }


def _pose_back(fields: Mapping[str, Any]) -> RigidTransform:
    return RigidTransform(np.array(fields["rotation"]), np.array(fields["translation_m"]))


def _number(value: float, digits: int = _LENGTH_DIGITS) -> float:
    return round(float(value), digits) + 0.0  # no minus zero


def _numbers(values: Any, digits: int = _LENGTH_DIGITS) -> list[float]:
    return [_number(v, digits) for v in np.asarray(values, dtype=np.float64).tolist()]


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"provenance: got a {type(value).__name__}, expected JSON values")
