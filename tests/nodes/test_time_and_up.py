"""Simulated time, and up from TF before IMU before a plane."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Imu

from deepsight_ros.msg import Scene
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.conversions import header, to_ns, to_time
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.perception import PerceptionNode
from deepsight_ros.synthesis.simulation import SimulatedFrame
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros
RECORDED_NS = 1_600_000_000_000_000_000


def test_ages_are_told_by_the_simulated_clock(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    """A recording from years ago is fresh while /clock says it is then."""
    nodes = run_nodes(make_graph, use_sim_time=True)
    clock = ros.node.create_publisher(Clock, "/clock", qos.reliable())
    scenes: list[Scene] = ros.collect(Scene, "scene")
    feed.wait_for_subscribers()
    ticks = iter(range(10_000))

    def play() -> bool:
        stamp_ns = RECORDED_NS + next(ticks) * 50_000_000
        clock.publish(Clock(clock=to_time(stamp_ns)))
        feed.send(packed, stamp_ns)
        time.sleep(0.05)
        return bool(scenes)

    ros.wait_for(play, what="a scene of the recording")
    with SpatialClient(context=ros.context) as client:
        answer = client.ask("how many objects are there?", max_age_s=0.5)
        assert answer.status_name == "OK", answer.error
        assert to_ns(answer.header.stamp) >= RECORDED_NS
        assert to_ns(answer.age) < 500_000_000
        clock.publish(Clock(clock=to_time(RECORDED_NS + 3_600_000_000_000)))
        ros.wait_for(lambda: nodes[1].now_ns() > RECORDED_NS + 3_000_000_000_000)
        late = client.ask("how many objects are there?", max_age_s=0.5, timeout_s=0.3)
        assert late.status_name == "STALE"


def imu(optical: str, pull: np.ndarray, stamp_ns: int) -> Imu:
    message = Imu(header=header(stamp_ns, optical))
    a = message.linear_acceleration
    a.x, a.y, a.z = (float(v) for v in pull)
    return message


def test_up_comes_from_the_imu_where_tf_says_nothing(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame, table: SimulatedFrame
) -> None:
    (node,) = run_nodes(PerceptionNode, use_imu=True)
    scenes: list[Scene] = ros.collect(Scene, "scene")
    publisher = ros.node.create_publisher(Imu, "imu", qos.sensor_out())
    optical = table.frame.camera.frame_id
    up = table.world_from_camera.rotation[2]
    feed.wait_for_subscribers()

    def send(pull: np.ndarray) -> None:
        stamp_ns = feed.now_ns()
        publisher.publish(imu(optical, pull, stamp_ns))
        time.sleep(0.02)
        feed.send(packed, stamp_ns)
        time.sleep(0.05)

    def from_imu() -> bool:
        send(9.81 * up)
        return bool(scenes) and scenes[-1].up_source == Scene.UP_IMU

    ros.wait_for(from_imu, what="up from the IMU")
    said = np.array([scenes[-1].up.x, scenes[-1].up.y, scenes[-1].up.z])
    assert said @ up > np.cos(np.deg2rad(3))

    def shaken() -> bool:
        send(25.0 * up)
        return scenes[-1].up_source == Scene.UP_PLANE

    ros.wait_for(shaken, what="a shaken IMU to be ignored")
    assert node.fault_log.count("imu", "acceleration") >= 1
