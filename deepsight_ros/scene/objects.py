"""Scene and SceneObject: what perception hands on and every answer is computed from.

Working frame W of a scene (docs/semantics.md): the gravity frame G where up is known (origin on
the support surface under the camera, z up, x the optical axis projected on the ground, y left).
Where up is unknown W is only the camera's frame turned to x forward, y left, z up; distances,
ranges and counts hold in it, anything that needs gravity is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError, UnknownReferenceError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform

Array = NDArray[np.float64]


class UpSource(Enum):
    """Where up came from, best first (docs/semantics.md)."""

    TF = "tf"
    IMU = "imu"
    PLANE = "plane"
    UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class Box3:
    """Upright box in W: least-area rectangle around the footprint, extruded along z.

    Attributes:
        centre_m: (3,) centre.
        size_m: (3,) sides along the box's own x, y and z before yaw.
        yaw_rad: rotation about z.
    """

    centre_m: Array
    size_m: Array
    yaw_rad: float

    def corners_m(self) -> Array:
        """(8, 3) corners in W; the first four are the bottom, counter-clockwise."""
        sx, sy, sz = self.size_m / 2.0
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        flat = np.array([[sx, sy], [-sx, sy], [-sx, -sy], [sx, -sy]]) @ np.array([[c, s], [-s, c]])
        low = np.column_stack([flat, np.full(4, -sz)])
        high = np.column_stack([flat, np.full(4, sz)])
        return np.vstack([low, high]) + self.centre_m

    def measures_m(self, frame_from_w: RigidTransform) -> Array:
        """(6,) centre in another frame; longer, shorter and upright side."""
        x, y, z = self.size_m
        return np.array([*frame_from_w.apply(self.centre_m), max(x, y), min(x, y), z])


@runtime_checkable
class Shape(Protocol):
    """Geometry of an object in W: an exact solid (scene/solids.py) or observed points
    (scene/observed.py). Measuring code works on either through this protocol and
    ``scene.measure``.
    """

    @property
    def box(self) -> Box3:
        """Upright box around the solid, as best known."""
        ...


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One thing in the scene.

    Attributes:
        id: stable over time within a session of perception (``o1``, ``o2`` ... or ``region0``).
        shape: exact solid or observed points, in W.
        label: noun it is known by ("mug"), "" when nothing names it.
        score: confidence of the label or mask, 0-1.
        colour: basic colour word ("red"), "" when unknown; ``colours`` has all that apply.
        is_gripper: True for the robot's own gripper (left out of counts and superlatives).
        is_region: True for a region the caller passed (left out of word references and counts).
        box_px: (x0, y0, x1, y1) in the depth image, exclusive end, or None.
        mask: (H, W) bool at perception resolution, or None (scene files have none).
        centre_covariance_m2: (3, 3) covariance of the box centre in W.
        is_occluded: part of the outline is cut by a nearer surface.
        is_truncated: part of the outline is cut by the image border.
        faces_seen: subset of ("top", "front", "left", "right", "bottom", "back") actually seen.
    """

    id: str
    shape: Shape
    label: str = ""
    score: float = 1.0
    colour: str = ""
    colours: tuple[str, ...] = ()
    is_gripper: bool = False
    is_region: bool = False
    box_px: tuple[int, int, int, int] | None = None
    mask: NDArray[np.bool_] | None = None
    centre_covariance_m2: Array = field(default_factory=lambda: np.zeros((3, 3)))
    is_occluded: bool = False
    is_truncated: bool = False
    faces_seen: tuple[str, ...] = ()

    @property
    def box(self) -> Box3:
        return self.shape.box


@dataclass(frozen=True, eq=False)
class SupportPlane:
    """The horizontal surface things stand on, in the camera's optical frame.

    Attributes:
        normal: (3,) unit, pointing up (towards the camera's side).
        offset_m: plane is ``normal @ p + offset_m = 0``; equals the camera's height above it.
        sigma_m: standard deviation of the plane's height near the objects.
        label: "table", "floor", ... or "".
    """

    normal: Array
    offset_m: float
    sigma_m: float = 0.001
    label: str = ""


@dataclass(frozen=True, eq=False)
class Gripper:
    """The robot's gripper in W: front-face centre and heading for free-space questions.

    Attributes:
        pose: W from gripper frame; heading is the frame's +x, the origin the front face's centre.
        object_id: the tracked object that is the gripper, or "".
    """

    pose: RigidTransform
    object_id: str = ""


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Valid points of a frame in W, for free space and obstacles that are no object.

    Attributes:
        points_m: (N, 3) float32.
        sigma_m: (N,) float32 standard deviation along the viewing ray.
        pixels: (N, 2) int32 column, row in the depth image the points came from.
        rays_are_complete: False when the view has large holes or ends before ``max_range_m``.
        camera_fov: (fx, fy, cx, cy, width, height) of the image, to know what was in view.
    """

    points_m: NDArray[np.float32]
    sigma_m: NDArray[np.float32]
    pixels: NDArray[np.int32]
    camera_fov: tuple[float, float, float, float, int, int]


@runtime_checkable
class Cloud(Protocol):
    """What measuring code reads of a ``PointCloud``, which may also be made when first read."""

    @property
    def points_m(self) -> NDArray[np.float32]: ...

    @property
    def sigma_m(self) -> NDArray[np.float32]: ...

    @property
    def pixels(self) -> NDArray[np.int32]: ...

    @property
    def camera_fov(self) -> tuple[float, float, float, float, int, int]: ...


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything known at one stamp.

    Attributes:
        stamp_ns: of the image it was made from (0 for a scene file).
        frame_id: optical frame of the depth camera.
        objects: in no particular order; ids unique; includes the gripper and regions if any.
        working_from_camera: W from the optical frame.
        up: where up came from; UNKNOWN means W is not gravity-aligned.
        support: the support plane, or None (then W's origin is at the camera's height).
        support_label: noun for the support ("table").
        gripper: for gripper questions, or None.
        cloud: all valid points, or None (scene files: solids say everything).
        is_exact: True for scene files and simulator truth: shapes are full solids.
        camera: intrinsics of the view, to know what was in it, or None (``cloud`` knows too).
    """

    stamp_ns: int
    frame_id: str
    objects: tuple[SceneObject, ...]
    working_from_camera: RigidTransform
    up: UpSource = UpSource.UNKNOWN
    support: SupportPlane | None = None
    support_label: str = ""
    gripper: Gripper | None = None
    cloud: Cloud | None = None
    is_exact: bool = False
    camera: Camera | None = None

    def __post_init__(self) -> None:
        ids = [o.id for o in self.objects]
        if len(set(ids)) != len(ids):
            raise InvalidValueError(f"scene: got object ids {ids}, expected unique ids")

    @property
    def camera_position_m(self) -> Array:
        """(3,) the camera's origin in W."""
        return self.working_from_camera.translation_m

    @cached_property
    def known(self) -> dict[tuple[object, ...], Any]:
        """What measuring has found of this scene, by what was asked for: comparing a few things
        asks for the same distances again and again."""
        return {}

    def object(self, object_id: str) -> SceneObject:
        """The object with this id; UnknownReferenceError names those there are."""
        for candidate in self.objects:
            if candidate.id == object_id:
                return candidate
        raise UnknownReferenceError(
            f"scene has no object '{object_id}'; it has {[o.id for o in self.objects]}"
        )
