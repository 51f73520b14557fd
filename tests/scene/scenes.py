"""Small scenes for tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.objects import Gripper, Scene, SceneObject, SupportPlane, UpSource
from deepsight_ros.scene.scene_file import working_from_camera
from deepsight_ros.scene.solids import BoxSolid, CylinderSolid, Solid, SphereSolid


def scene_of(
    solids: dict[str, Solid],
    *,
    height_m: float = 0.5,
    pitch_deg: float = 35.0,
    gripper: Gripper | None = None,
) -> Scene:
    """Exact scene of solids; an id "gripper" is the gripper's body."""
    pose = working_from_camera(height_m, np.deg2rad(pitch_deg))
    objects = tuple(
        SceneObject(id=i, shape=s, label=i, is_gripper=i == "gripper") for i, s in solids.items()
    )
    return Scene(
        stamp_ns=0,
        frame_id="camera",
        objects=objects,
        working_from_camera=pose,
        up=UpSource.TF,
        support=SupportPlane(pose.rotation.T[:, 2], height_m, 0.0),
        gripper=gripper,
        is_exact=True,
    )


def without_gravity(scene: Scene) -> Scene:
    return replace(scene, up=UpSource.UNKNOWN, support=None)


def level_gripper(x: float, y: float, z: float, yaw: float = 0.0) -> Gripper:
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    return Gripper(RigidTransform(turn, np.array([x, y, z])), "")


def box(x: float, y: float, z: float, sx: float, sy: float, sz: float, yaw: float = 0.0) -> Solid:
    """Box standing with its bottom centre at (x, y, z)."""
    return BoxSolid(np.array([x, y, z + sz / 2]), np.array([sx, sy, sz]), yaw)


def cylinder(x: float, y: float, z: float, d: float, h: float) -> Solid:
    return CylinderSolid(np.array([x, y, z + h / 2]), d / 2, h)


def ball(x: float, y: float, d: float) -> Solid:
    return SphereSolid(np.array([x, y, d / 2]), d / 2)
