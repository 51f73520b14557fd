"""The seam to TF: tf2_ros and our own buffer answer alike over the real topics."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from tf2_msgs.msg import TFMessage

from deepsight_ros.errors import TransformError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes import qos, transforms
from deepsight_ros.nodes.conversions import transform_message
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.reception import Reception
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros
S = 1_000_000_000


def moved(x: float) -> RigidTransform:
    return RigidTransform(np.eye(3), np.array([x, 0.0, 0.0]))


class Tree:
    """Publishes world -> base (moving) -> camera (static) and looks it up."""

    def __init__(self, ros: RosHarness, make: Callable[..., Any]) -> None:
        self.ros = ros
        self.faults = FaultLog(lambda _: None)
        self.reception = Reception(ros.node)
        self.transforms = make(ros.node, self.faults, self.reception)
        self.moving = ros.node.create_publisher(TFMessage, "/tf", qos.reliable(100))
        self.static = ros.node.create_publisher(TFMessage, "/tf_static", qos.latched())
        ros.wait_for(self.moving.get_subscription_count)
        camera = transform_message("base", "camera", moved(0.5), 0)
        self.static.publish(TFMessage(transforms=[camera]))

    def move(self, x: float, stamp_ns: int) -> None:
        base = transform_message("world", "base", moved(x), stamp_ns)
        self.moving.publish(TFMessage(transforms=[base]))

    def x(self, stamp_ns: int, wait_s: float = 3.0) -> float:
        pose = self.transforms.lookup("world", "camera", stamp_ns, wait_s)
        return float(pose.translation_m[0])


@pytest.fixture(params=["own", "tf2_ros"])
def tree(request: pytest.FixtureRequest, ros: RosHarness) -> Iterator[Tree]:
    make: Callable[..., Any] = transforms.OwnTransforms
    if request.param == "tf2_ros":
        pytest.importorskip("tf2_ros", reason="tf2_ros is not installed; the own buffer stands in")
        make = lambda node, *_: transforms.Tf2Transforms(node)  # noqa: E731
    tree = Tree(ros, make)
    yield tree
    tree.reception.close()


def test_lookups_interpolate_at_the_stamp(tree: Tree) -> None:
    tree.move(1.0, 10 * S)
    tree.move(2.0, 11 * S)
    assert tree.x(10 * S + S // 2) == pytest.approx(2.0)
    assert tree.x(11 * S) == pytest.approx(2.5)


def test_a_lookup_waits_for_what_comes_late(tree: Tree) -> None:
    tree.move(1.0, 10 * S)
    assert tree.x(10 * S) == pytest.approx(1.5)
    began_s = time.monotonic()
    with pytest.raises(TransformError):
        tree.x(12 * S, wait_s=0.1)
    assert 0.1 <= time.monotonic() - began_s < 1.0
    tree.move(3.0, 13 * S)
    assert tree.x(12 * S) == pytest.approx(1.0 + 2.0 * 2 / 3 + 0.5)


def test_unknown_frames_are_named(tree: Tree) -> None:
    tree.move(1.0, 10 * S)
    tree.x(10 * S)
    with pytest.raises(TransformError, match="mars"):
        tree.transforms.lookup("mars", "camera", 10 * S)


def test_reset_forgets_moving_transforms_and_keeps_static_ones(tree: Tree) -> None:
    tree.move(1.0, 100 * S)
    assert tree.x(100 * S) == pytest.approx(1.5)
    tree.transforms.reset()
    tree.move(7.0, 10 * S)  # the clock began again
    assert tree.x(10 * S) == pytest.approx(7.5)


def test_bad_transforms_are_counted_by_the_own_buffer(ros: RosHarness) -> None:
    tree = Tree(ros, transforms.OwnTransforms)
    bad = transform_message("world", "base", moved(1.0), 10 * S)
    bad.transform.rotation.w = 5.0
    worse = transform_message("world", "base", moved(1.0), 10 * S)
    worse.transform.translation.x = float("nan")
    unnamed = transform_message("world", "", moved(1.0), 10 * S)
    tree.moving.publish(TFMessage(transforms=[bad, worse, unnamed]))
    ros.wait_for(lambda: tree.faults.count("/tf") == 3)
    tree.move(1.0, 11 * S)
    assert tree.x(11 * S) == pytest.approx(1.5)
    tree.reception.close()
