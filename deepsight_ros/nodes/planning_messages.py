"""An object of a scene in; PoseStamped and MoveIt CollisionObject for a motion planner out.

The upright box is what planners get: a solid that holds the whole object as far as it is known.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped

from deepsight_ros.errors import InvalidValueError, NoDepthError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes.conversions import header, pose
from deepsight_ros.scene.objects import Scene

ADD = 0
"""CollisionObject.ADD of moveit_msgs."""
BOX = 1
"""SolidPrimitive.BOX of shape_msgs."""


def box_pose(
    scene: Scene, object_id: str, out_from_optical: RigidTransform | None = None
) -> RigidTransform:
    """Pose of the object's upright box: origin its centre, z up, x along its first side.

    Args:
        scene: it is in.
        object_id: which.
        out_from_optical: the frame that is wanted from the optical frame; None: the optical one.

    Raises:
        UnknownReferenceError: no such object.
        NoDepthError: nothing is known of where it is.
    """
    box = scene.object(object_id).box
    if not (np.isfinite(box.centre_m).all() and np.isfinite(box.size_m).all()):
        raise NoDepthError(f"{object_id}: got no usable depth, so it has no pose")
    c, s = float(np.cos(box.yaw_rad)), float(np.sin(box.yaw_rad))
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    in_working = RigidTransform(turn, np.asarray(box.centre_m, dtype=np.float64))
    in_optical = scene.working_from_camera.inverse() @ in_working
    return in_optical if out_from_optical is None else out_from_optical @ in_optical


def pose_stamped(
    scene: Scene,
    object_id: str,
    out_frame: str = "",
    out_from_optical: RigidTransform | None = None,
) -> PoseStamped:
    """``box_pose`` as a message, at the stamp of the image."""
    _check(out_frame, out_from_optical)
    placed = box_pose(scene, object_id, out_from_optical)
    return PoseStamped(
        header=header(scene.stamp_ns, out_frame or scene.frame_id), pose=pose(placed)
    )


def collision_object(
    scene: Scene,
    object_id: str,
    out_frame: str = "",
    out_from_optical: RigidTransform | None = None,
    *,
    padding_m: float = 0.0,
    message_classes: tuple[Any, Any] | None = None,
) -> Any:
    """The object's box as a moveit_msgs/CollisionObject, to be added to the planning scene.

    Args:
        padding_m: added to every side; half the width of the intervals is a sane choice.
        message_classes: (CollisionObject, SolidPrimitive); None: moveit_msgs' and shape_msgs'.

    Raises:
        InvalidValueError: those packages are not installed, or a negative padding.
        UnknownReferenceError, NoDepthError: as ``box_pose``.
    """
    if not (np.isfinite(padding_m) and padding_m >= 0):
        raise InvalidValueError(f"padding: got {padding_m} m, expected 0 or more")
    _check(out_frame, out_from_optical)
    collision, primitive = message_classes or _message_classes()
    size_m = np.asarray(scene.object(object_id).box.size_m) + 2.0 * padding_m
    message = collision()
    message.header = header(scene.stamp_ns, out_frame or scene.frame_id)
    message.id = object_id
    message.pose = pose(box_pose(scene, object_id, out_from_optical))
    solid = primitive()
    solid.type = BOX
    solid.dimensions = [float(side) for side in size_m]
    message.primitives = [solid]
    message.primitive_poses = [pose(RigidTransform.identity())]
    message.operation = bytes([ADD])  # a `byte` field of ROS 2
    return message


def _check(out_frame: str, out_from_optical: RigidTransform | None) -> None:
    if bool(out_frame) != (out_from_optical is not None):
        raise InvalidValueError(
            "a frame and the transform into it go together; got only one of them"
        )


def _message_classes() -> tuple[Any, Any]:
    try:
        collision = importlib.import_module("moveit_msgs.msg").CollisionObject
        primitive = importlib.import_module("shape_msgs.msg").SolidPrimitive
    except ImportError as error:
        raise InvalidValueError(
            f"got no {error.name}, expected moveit_msgs and shape_msgs; install ros-<distro>-"
            "moveit-msgs, or pass message_classes"
        ) from error
    return collision, primitive
