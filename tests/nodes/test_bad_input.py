"""Every malformed message is counted with its topic and cause, and the next good frame is used."""

from __future__ import annotations

import array
import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image

from deepsight_ros.msg import DistanceEstimates, Scene
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.conversions import to_ns
from deepsight_ros.nodes.perception import PerceptionNode
from deepsight_ros.nodes.spinning import Running
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros
NAN = float("nan")


def bytes_of(count: int, value: int = 0) -> Any:
    data = array.array("B")
    data.frombytes(bytes([value]) * count)
    return data


def set_depth(**fields: Any) -> Callable[[PackedFrame], None]:
    def change(frame: PackedFrame) -> None:
        for name, value in fields.items():
            setattr(frame.depth, name, value)

    return change


def set_colour(**fields: Any) -> Callable[[PackedFrame], None]:
    def change(frame: PackedFrame) -> None:
        assert frame.colour is not None
        for name, value in fields.items():
            setattr(frame.colour, name, value)

    return change


def set_info(**fields: Any) -> Callable[[PackedFrame], None]:
    def change(frame: PackedFrame) -> None:
        for info in (frame.depth_info, frame.colour_info):
            for name, value in fields.items():
                setattr(info, name, value)

    return change


REFUSED = {
    "wrong step": (set_depth(step=3), "step"),
    "short data": (set_depth(data=bytes_of(100)), "bytes"),
    "long data": (set_depth(data=bytes_of(10_000_000)), "bytes"),
    "unknown encoding": (set_depth(encoding="19XC7"), "encoding"),
    "colour as depth": (set_depth(encoding="rgb8"), "encoding"),
    "empty encoding": (set_depth(encoding=""), "encoding"),
    "zero size": (set_depth(width=0, height=0), "size"),
    "huge size": (set_depth(width=2**31, height=2**31), ""),
    "all invalid depth": (set_depth(data=bytes_of(640 * 480 * 2)), "no valid depth"),
    "zero intrinsics": (set_info(k=[0.0] * 9), "camera_info"),
    "NaN intrinsics": (set_info(k=[NAN] * 9), "camera_info"),
    "info of another size": (set_info(width=320, height=240), "320x240"),
    "info without size": (set_info(width=0, height=0), "camera_info"),
    "fisheye": (set_info(distortion_model="equidistant", d=[0.1] * 4), "equidistant"),
}
COLOUR_REFUSED = {
    "colour step": (set_colour(step=1), "step"),
    "colour short": (set_colour(data=bytes_of(10)), "bytes"),
    "colour encoding": (set_colour(encoding="dream8"), "encoding"),
    "colour of another size": (set_colour(width=320, height=240, step=960,
                                          data=bytes_of(320 * 240 * 3)), "320x240"),
}  # fmt: skip


class Bench:
    """Perception with its outputs collected."""

    def __init__(self, ros: RosHarness, feed: Feed, node: PerceptionNode) -> None:
        self.ros, self.feed, self.node = ros, feed, node
        self.distances: list[DistanceEstimates] = ros.collect(DistanceEstimates, "distances")
        self.scenes: list[Scene] = ros.collect(Scene, "scene")
        feed.wait_for_subscribers()

    def faults(self) -> str:
        return "\n".join(f"{f.source}: {f.message}" for f in self.node.fault_log.faults())

    def is_well(self, frame: PackedFrame) -> None:
        """The next good frames are perceived."""
        seen = len(self.scenes)
        self.feed.send_until(frame, lambda: len(self.scenes) > seen + 1)


@pytest.fixture(scope="module")
def perception() -> Iterator[Bench]:
    with RosHarness() as ros:
        overrides = [Parameter("warning_period_s", value=60.0)]
        node = PerceptionNode(context=ros.context, parameter_overrides=overrides)
        with Running([node]) as running:
            assert running.autostart()
            yield Bench(ros, Feed(ros), node)


@pytest.fixture
def bench(perception: Bench, packed: PackedFrame) -> Iterator[Bench]:
    """One node for the whole file: what a test did to it must not harm the next."""
    perception.is_well(packed)
    perception.node.fault_log.reset()
    yield perception
    perception.is_well(packed)


def test_malformed_frames_are_counted_and_the_next_good_one_is_used(
    bench: Bench, packed: PackedFrame
) -> None:
    """All kinds in one process, so that what one leaves behind would break the next."""
    for name, (change, cause) in REFUSED.items():
        bad = deepcopy(packed)
        change(bad)
        bench.node.fault_log.reset()
        refused = bench.node.fault_log.count
        bench.feed.send_until(bad, lambda refused=refused: refused() > 0)
        (topic,) = {f.source for f in bench.node.fault_log.faults()}
        assert topic == "/depth/image_raw", name
        assert cause in bench.faults(), f"{name}: {bench.faults()}"
        bench.is_well(packed)


def test_malformed_colour_costs_the_colour_only(bench: Bench, packed: PackedFrame) -> None:
    for name, (change, cause) in COLOUR_REFUSED.items():
        bad = deepcopy(packed)
        change(bad)
        bench.node.fault_log.reset()
        count = len(bench.scenes)
        bench.feed.send_until(
            bad,
            lambda: any(not s.has_colour for s in bench.scenes[count:]),  # noqa: B023
        )
        assert bench.node.fault_log.count("/color/image_raw", "colour refused") >= 1, name
        assert cause in bench.faults(), name
        bench.is_well(packed)
        assert bench.scenes[-1].has_colour


def test_a_zero_stamp_is_refused(bench: Bench, packed: PackedFrame) -> None:
    bench.feed.send_until(
        packed_at_zero(packed, bench.feed),
        lambda: bench.node.fault_log.count("/depth/image_raw", "zero stamp"),
    )


def packed_at_zero(frame: PackedFrame, feed: Feed) -> PackedFrame:
    """Publish it with stamp 0 as well as now: only the first is refused."""
    feed.send(frame, 0)
    return frame


def test_stamps_that_run_backwards(bench: Bench, packed: PackedFrame) -> None:
    """A late image is dropped; a clock that restarted is followed."""
    log = bench.node.fault_log
    count = len(bench.scenes)
    newest = bench.feed.send(packed)
    late = newest - 20_000_000
    bench.feed.send(packed, late)
    bench.ros.wait_for(lambda: log.count("/depth/image_raw", "stamp out of order"))
    old = newest - 3_600_000_000_000
    steps = iter(range(1000))

    def follows() -> bool:
        bench.feed.send(packed, old + next(steps) * 33_000_000)
        time.sleep(0.03)
        return any(to_ns(s.header.stamp) < late for s in bench.scenes[count:])

    bench.ros.wait_for(follows, what="a frame of the restarted clock")
    assert all(to_ns(s.header.stamp) != late for s in bench.scenes[count:])
    assert log.count("/depth/image_raw", "clock jumped back") >= 1


def test_colour_without_depth_is_named(bench: Bench, packed: PackedFrame) -> None:
    assert packed.colour is not None
    only_colour: Image = deepcopy(packed.colour)
    publisher = bench.feed.output._colour

    def counted() -> int:
        only_colour.header.stamp = bench.feed.node.get_clock().now().to_msg()
        publisher.publish(only_colour)
        return bench.node.fault_log.count("/color/image_raw", "colour without depth")

    bench.ros.wait_for(counted, what="colour without depth")
    assert "/depth/image_raw" in bench.faults()


def test_depth_alone_is_a_normal_robot(bench: Bench, packed: PackedFrame) -> None:
    alone = PackedFrame(packed.depth, packed.depth_info)
    count = len(bench.scenes)
    bench.feed.send_until(alone, lambda: any(not s.has_colour for s in bench.scenes[count:]))


def test_missing_camera_info_is_named(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    (node,) = run_nodes(PerceptionNode)
    feed.wait_for_subscribers()

    def refused() -> bool:
        packed.depth.header.stamp = feed.node.get_clock().now().to_msg()
        feed.output._depth.publish(packed.depth)
        return any("no camera_info" in f.message for f in node.fault_log.faults())

    ros.wait_for(refused)
    assert any("/depth/camera_info" in f.message for f in node.fault_log.faults())


def test_distances_are_finite_and_about_the_frame(bench: Bench, packed: PackedFrame) -> None:
    bench.feed.send_until(packed, lambda: bench.distances and bench.distances[-1].distances)
    message = bench.distances[-1]
    assert message.header.frame_id == packed.depth.header.frame_id
    ids = {o.id for s in bench.scenes for o in s.objects} | {"camera", "gripper"}
    for each in message.distances:
        assert {each.from_id, each.to_id} <= ids
        assert math.isfinite(each.distance)
        assert each.lower <= each.distance <= each.upper


def test_a_flood_of_garbage_does_no_harm(bench: Bench, packed: PackedFrame) -> None:
    rng = np.random.default_rng(0)
    for _ in range(60):
        bad = deepcopy(packed.depth)
        bad.header.stamp = bench.feed.node.get_clock().now().to_msg()
        bad.width, bad.height, bad.step = (int(v) for v in rng.integers(0, 5000, 3))
        bad.encoding = str(rng.choice(["16UC1", "32FC1", "rgb8", "mono8", "bayer_rggb8", "x"]))
        bad.data = bytes_of(int(rng.integers(0, 5000)), 7)
        bench.feed.output._depth.publish(bad)
    bench.ros.wait_for(lambda: bench.node.fault_log.count("/depth/image_raw") > 0)
