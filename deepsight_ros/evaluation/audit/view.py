"""An audited picture: what a row of a shard stores of it, read without the writer's code.

Columns of a Parquet row in; things with solids, camera, support, masks and depth out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import ShardError
from deepsight_ros.evaluation.audit.bodies import Thing, thing_gap_m

Array = NDArray[np.float64]

CAMERA_ID, GRIPPER_ID = "camera", "gripper"
SUPPORT_PIXEL, WALL_PIXEL = -1, -3
"""Instance ids of what is no object, as shards store them."""
_ID_OFFSET = 8


@dataclass(frozen=True)
class Intrinsics:
    """Pinhole camera of the row's images."""

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float


@dataclass(frozen=True, eq=False)
class View:
    """One row.

    Attributes:
        key: of the row.
        things: by id, in stored order; of the truth.
        names: what the shard calls each id in the scene pairs were made from: label, colour.
        camera_m: (3,) the camera's origin in W.
        rotation, translation_m: W from the optical frame, of the truth.
        support_label: noun for the support in the truth, "" without one.
        has_support: the truth knows a support plane (z = 0).
        gripper: (4, 4) W from gripper frame, or None; ``gripper_id`` its body.
        camera: intrinsics.
        fields: the row as read.
    """

    key: str
    things: Mapping[str, Thing]
    camera_m: Array
    rotation: Array
    translation_m: Array
    support_label: str
    has_support: bool
    gripper: Array | None
    gripper_id: str
    camera: Intrinsics
    fields: Mapping[str, Any]
    gaps: dict[tuple[str, str], float] = field(default_factory=dict)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> View:
        """From the columns of a row.

        Raises:
            ShardError: there is no truth, or it cannot be read.
        """
        key = str(fields["key"])
        if fields["truth"] is None:
            raise ShardError(f"row {key}: has no truth, so its answers cannot be recomputed")
        truth = parse(fields["truth"], key)
        captions = {o["id"]: o["caption"] or "" for o in fields["objects"]}
        things = {o["id"]: Thing.read(o, captions.get(o["id"], "")) for o in truth["objects"]}
        pose = truth["working_from_camera"]
        gripper = truth.get("gripper")
        camera = fields["camera"]
        return cls(
            key,
            things,
            np.array(pose["translation_m"], dtype=float),
            np.array(pose["rotation"], dtype=float),
            np.array(pose["translation_m"], dtype=float),
            truth.get("support_label", ""),
            "support" in truth,
            None if gripper is None else _matrix(gripper["pose"]),
            "" if gripper is None else gripper["object_id"],
            Intrinsics(
                *(int(camera[n]) for n in ("width_px", "height_px")),
                *(float(camera[n]) for n in ("fx_px", "fy_px", "cx_px", "cy_px")),
            ),
            fields,
        )

    def gap_m(self, a: str, b: str) -> float:
        """Least distance between two things, computed once."""
        names = (a, b) if a < b else (b, a)
        if names not in self.gaps:
            self.gaps[names] = thing_gap_m(self.things[names[0]], self.things[names[1]])
        return self.gaps[names]

    @cached_property
    def countable(self) -> tuple[str, ...]:
        """Ids that counts and superlatives take: what was seen, no gripper, no region."""
        seen = {o["id"] for o in self.scene["objects"]}
        return tuple(
            i for i, t in self.things.items() if i in seen and not t.is_gripper and not t.is_region
        )

    @cached_property
    def scene(self) -> Mapping[str, Any]:
        """JSON of the scene the pairs were made from."""
        return parse(self.fields["scene"], self.key)

    @cached_property
    def instance_id(self) -> NDArray[np.int32] | None:
        """(H, W) instance ids, or None."""
        data = self.fields["instance_id"]
        return None if data is None else _image(data, self.key).astype(np.int32) - _ID_OFFSET

    @cached_property
    def depth_m(self) -> Array:
        """(H, W) metres, NaN = invalid."""
        steps = _image(self.fields["depth"], self.key).astype(float)
        return np.where(steps > 0, steps * float(self.fields["depth_unit_m"]), np.nan)

    def points_m(self, mask: NDArray[np.bool_], most: int = 400) -> Array:
        """(N, 3) points in W of at most ``most`` evenly drawn pixels of a mask with depth."""
        rows, columns = np.nonzero(mask & np.isfinite(self.depth_m))
        if len(rows) > most:
            keep = np.linspace(0, len(rows) - 1, most).astype(int)
            rows, columns = rows[keep], columns[keep]
        z = self.depth_m[rows, columns]
        c = self.camera
        x, y = (columns - c.cx_px) / c.fx_px * z, (rows - c.cy_px) / c.fy_px * z
        return np.column_stack([x, y, z]) @ self.rotation.T + self.translation_m


def parse(text: str, key: str) -> Mapping[str, Any]:
    """JSON of a scene; ShardError when it is none."""
    try:
        content = json.loads(text)
        content["objects"], content["working_from_camera"]
    except (ValueError, KeyError, TypeError) as error:
        raise ShardError(f"row {key}: the stored scene cannot be read ({error!r})") from error
    return content  # type: ignore[no-any-return]


def _matrix(pose: Mapping[str, Any]) -> Array:
    out = np.eye(4)
    out[:3, :3] = pose["rotation"]
    out[:3, 3] = pose["translation_m"]
    return out


def _image(data: bytes, key: str) -> NDArray[Any]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise ShardError(f"row {key}: a stored image cannot be decoded")
    return np.asarray(image)
