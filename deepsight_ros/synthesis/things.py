"""World values: things, the structure they stand on, a camera. `World.truth()` is the exact Scene.

World frame M: z up, z = 0 on the support surface things stand on. The camera may be anywhere in
it; the truth comes in the working frame W of that camera (docs/semantics.md, frame G).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.objects import (
    Gripper,
    Scene,
    SceneObject,
    SupportPlane,
    UpSource,
)
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    ConvexSolid,
    CylinderSolid,
    Solid,
    SphereSolid,
)
from deepsight_ros.scene.tilted import TiltedSolid
from deepsight_ros.synthesis.shapes import (
    BOX,
    CYLINDER,
    SPHERE,
    PartArrays,
    Parts,
    height_m,
    place,
)

Array = NDArray[np.float64]

NOTHING_ID, SUPPORT_ID, FLOOR_ID, WALL_ID = 0, -1, -2, -3
"""Instance ids of what is no thing; thing ``i`` of ``World.things`` has instance id ``i + 1``."""

PALETTE: dict[str, tuple[int, int, int]] = {
    "red": (196, 36, 38),
    "orange": (232, 126, 24),
    "yellow": (228, 200, 40),
    "green": (48, 146, 62),
    "blue": (36, 80, 184),
    "purple": (120, 54, 150),
    "brown": (112, 70, 38),
    "white": (232, 232, 228),
    "grey": (128, 128, 130),
    "black": (34, 34, 36),
}
"""Middle RGB of each colour word."""


@dataclass(frozen=True)
class Material:
    """How a surface looks.

    Attributes:
        colour: colour word, key of ``PALETTE``.
        rgb: its instance, 0-255.
        pattern: ``plain``, ``stripes`` (horizontal bands), ``checker`` or, drawn by
            ``synthesis.raster`` alone, any of ``textures.PATTERNS``.
        period_m: size of the pattern.
        contrast: how much darker the pattern's second half is, 0-1.
        second_rgb: the pattern's second colour, instead of ``contrast``.
        transparent: depth cameras see little of it (glass).
    """

    colour: str
    rgb: tuple[int, int, int]
    pattern: str = "plain"
    period_m: float = 0.05
    contrast: float = 0.15
    second_rgb: tuple[int, int, int] | None = None
    transparent: bool = False


@dataclass(frozen=True)
class Thing:
    """An object of the world.

    Attributes:
        id: ``o1``, ``o2`` ... as in scene files.
        label: noun.
        family: name of the shape family.
        parts: convex parts in its own frame (origin: middle of its bottom).
        position_m: its origin in M.
        yaw_rad: rotation about z in M.
        material: look.
        rests_on: id of the thing it stands on, "" for the support.
        is_gripper: the robot's own gripper.
    """

    id: str
    label: str
    family: str
    parts: Parts
    position_m: tuple[float, float, float]
    yaw_rad: float
    material: Material
    rests_on: str = ""
    is_gripper: bool = False

    def placed(self) -> PartArrays:
        """Its parts in M."""
        return place(self.parts, np.array(self.position_m), self.yaw_rad)

    @property
    def top_m(self) -> float:
        """z of its highest point in M."""
        return self.position_m[2] + height_m(self.parts)


@dataclass(frozen=True)
class Fixture:
    """Something fixed that is no object: table slab, floor, wall.

    Attributes:
        instance_id: SUPPORT_ID, FLOOR_ID or WALL_ID.
        parts: convex parts in M.
        material: look.
    """

    instance_id: int
    parts: Parts
    material: Material


@dataclass(frozen=True, eq=False)
class World:
    """A place with things in it and a camera that looks at them.

    Attributes:
        things: objects; the gripper, if any, is the last.
        fixtures: support, floor, walls.
        support_label: ``table`` or ``floor``.
        camera: intrinsics.
        world_from_camera: pose of the optical frame in M.
        gripper: M from gripper frame (front-face centre, heading +x), or None.
        kind: ``tabletop`` or ``room``.
        layout: name of the layout rule.
        split: ``train`` or ``test``.
        seed: what it was made from.
        notes: anything else worth knowing, in words.
        light: direction to the light in M, () for the usual one.
    """

    things: tuple[Thing, ...]
    fixtures: tuple[Fixture, ...]
    support_label: str
    camera: Camera
    world_from_camera: RigidTransform
    gripper: RigidTransform | None = None
    kind: str = "tabletop"
    layout: str = ""
    split: str = "train"
    seed: int = 0
    notes: tuple[str, ...] = field(default=())
    light: tuple[float, ...] = ()

    def instance_id(self, thing_id: str) -> int:
        """Instance id of a thing in renderings."""
        return [t.id for t in self.things].index(thing_id) + 1

    def working_from_world(self) -> RigidTransform:
        """W from M: under the camera, x along the ground-projected optical axis."""
        return working_from_world(self.world_from_camera)

    def seen_from(self, world_from_camera: RigidTransform, camera: Camera | None = None) -> World:
        """The same world seen by a camera elsewhere."""
        return replace(self, world_from_camera=world_from_camera, camera=camera or self.camera)

    def truth(self, stamp_ns: int = 0) -> Scene:
        """The exact scene in W of this camera: full solids, up and support known."""
        pose = self.working_from_world()
        camera_in_w = pose @ self.world_from_camera
        objects = tuple(
            SceneObject(
                id=thing.id,
                shape=solid(thing.placed(), pose),
                label=thing.label,
                colour=thing.material.colour,
                colours=(thing.material.colour,),
                is_gripper=thing.is_gripper,
            )
            for thing in self.things
        )
        gripper = None
        if self.gripper is not None:
            body = next((t.id for t in self.things if t.is_gripper), "")
            gripper = Gripper(pose @ self.gripper, body)
        up_in_camera = camera_in_w.rotation.T @ np.array([0.0, 0.0, 1.0])
        height = float(camera_in_w.translation_m[2])
        return Scene(
            stamp_ns=stamp_ns,
            frame_id=self.camera.frame_id,
            objects=objects,
            working_from_camera=camera_in_w,
            up=UpSource.TF,
            support=SupportPlane(up_in_camera, height, 0.0, self.support_label),
            support_label=self.support_label,
            gripper=gripper,
            is_exact=True,
            camera=self.camera,
        )


def solid(parts: PartArrays, target_from_world: RigidTransform) -> Solid:
    """Exact solid of parts in a frame that is turned about z and shifted only."""
    rotation = target_from_world.rotation
    turn = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
    centres = target_from_world.apply(parts.centre_m)
    tilted = np.zeros(len(parts), bool) if parts.tilt_rad is None else parts.tilt_rad != 0
    turned = rotation @ parts.rotations() if tilted.any() else None
    members: list[ConvexSolid] = []
    for k in range(len(parts)):
        if turned is not None and tilted[k] and parts.kind[k] != SPHERE:
            own = _upright(parts, k, np.zeros(3), 0.0)
            members.append(TiltedSolid(own, RigidTransform(turned[k], centres[k])))
        else:
            members.append(_upright(parts, k, centres[k], float(parts.yaw_rad[k]) + turn))
    return members[0] if len(members) == 1 else CompoundSolid(tuple(members))


def _upright(parts: PartArrays, k: int, centre_m: Array, yaw_rad: float) -> ConvexSolid:
    x, _, z = (float(v) for v in parts.size_m[k])
    if parts.kind[k] == BOX:
        return BoxSolid(centre_m, parts.size_m[k], yaw_rad)
    if parts.kind[k] == CYLINDER:
        return CylinderSolid(centre_m, x / 2, z)
    return (
        SphereSolid(centre_m, x / 2) if parts.kind[k] == SPHERE else ConeSolid(centre_m, x / 2, z)
    )


def working_from_world(world_from_camera: RigidTransform) -> RigidTransform:
    """W from M for a camera pose; M's z = 0 is the support surface.

    Looking straight down, the image's up direction stands in for the optical axis.
    """
    axis = world_from_camera.rotation[:, 2]
    if np.hypot(axis[0], axis[1]) < 1e-6:
        axis = -world_from_camera.rotation[:, 1]
    c, s = axis[:2] / np.hypot(axis[0], axis[1])
    rotation = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    at = world_from_camera.translation_m
    return RigidTransform(rotation, -rotation @ np.array([at[0], at[1], 0.0]))


def look(
    position_m: Array, yaw_rad: float, pitch_rad: float, roll_rad: float = 0.0
) -> RigidTransform:
    """M from the optical frame of a camera at ``position_m``; pitch positive looks down.

    Roll turns the camera about its optical axis, positive clockwise as seen from behind it.
    """
    cy, sy = np.cos(yaw_rad), np.sin(yaw_rad)
    cp, sp = np.cos(pitch_rad), np.sin(pitch_rad)
    forward = np.array([cy * cp, sy * cp, -sp])
    right = np.array([sy, -cy, 0.0])
    down = np.cross(forward, right)
    cr, sr = np.cos(roll_rad), np.sin(roll_rad)
    rotation = np.column_stack([cr * right + sr * down, -sr * right + cr * down, forward])
    return RigidTransform(rotation, np.asarray(position_m, dtype=np.float64))
