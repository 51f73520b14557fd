"""An object as a planner takes it: the box stands where the object stands, in any frame."""

from __future__ import annotations

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError, UnknownReferenceError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes.conversions import to_ns, transform_from_pose
from deepsight_ros.nodes.planning_messages import collision_object, pose_stamped
from deepsight_ros.synthesis.world import tabletop

pytestmark = pytest.mark.ros

WORLD = tabletop(3)
SCENE = WORLD.truth(5 * 10**9)
THING = SCENE.objects[0]


def corners_in_world(placed: RigidTransform, size_m: np.ndarray) -> np.ndarray:
    signs = np.array(np.meshgrid(*[(-0.5, 0.5)] * 3)).reshape(3, -1).T
    return placed.apply(signs * size_m)


def sorted_rows(points: np.ndarray) -> np.ndarray:
    return np.array(sorted(points.round(6).tolist()))


def test_the_pose_is_the_boxs_in_the_optical_frame_and_in_another() -> None:
    message = pose_stamped(SCENE, THING.id)
    assert message.header.frame_id == SCENE.frame_id
    assert to_ns(message.header.stamp) == SCENE.stamp_ns
    corners = corners_in_world(transform_from_pose(message.pose), THING.box.size_m)
    true = SCENE.working_from_camera.inverse().apply(THING.box.corners_m())
    assert sorted_rows(corners) == pytest.approx(sorted_rows(true), abs=1e-5)
    other = pose_stamped(SCENE, THING.id, "world", WORLD.world_from_camera)
    assert other.header.frame_id == "world"
    lowest = corners_in_world(transform_from_pose(other.pose), THING.box.size_m)[:, 2].min()
    expected = next(t for t in WORLD.things if t.id == THING.id).position_m[2]
    assert lowest == pytest.approx(expected, abs=1e-3)


def test_a_collision_object_of_a_stand_in_class() -> None:
    classes = (SimpleNamespace, SimpleNamespace)
    message = collision_object(SCENE, THING.id, padding_m=0.01, message_classes=classes)
    assert (message.id, message.operation) == (THING.id, b"\x00")
    assert message.primitives[0].type == 1
    assert message.primitives[0].dimensions == pytest.approx(THING.box.size_m + 0.02)
    assert message.pose == pose_stamped(SCENE, THING.id).pose


@pytest.mark.skipif(not importlib.util.find_spec("moveit_msgs"), reason="no moveit_msgs here")
def test_a_collision_object_of_moveit() -> None:
    message = collision_object(SCENE, THING.id)
    assert message.operation == type(message).ADD
    assert message.primitives[0].type == type(message.primitives[0]).BOX


def test_what_cannot_be() -> None:
    with pytest.raises(UnknownReferenceError):
        pose_stamped(SCENE, "nothing")
    with pytest.raises(InvalidValueError, match="go together"):
        pose_stamped(SCENE, THING.id, "world")
    with pytest.raises(InvalidValueError, match="padding"):
        collision_object(SCENE, THING.id, padding_m=-1.0)
    if not importlib.util.find_spec("moveit_msgs"):
        with pytest.raises(InvalidValueError, match="moveit_msgs"):
            collision_object(SCENE, THING.id)
