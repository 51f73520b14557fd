"""A graph in this process, a camera that publishes whatever a test wants, and a known table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.nodes.camera_output import CameraOutput, PackedFrame, millimetres, pack
from deepsight_ros.synthesis.simulation import SimulatedFrame, Simulation
from tests.support.waiting import PATIENCE_S, wait_until

if TYPE_CHECKING:
    from tests.support.ros import RosHarness


@pytest.fixture(scope="session")
def table() -> SimulatedFrame:
    """A simulated tabletop with a gripper, as one frame with its truth."""
    return Simulation(seed=0, camera="scene").step(2.0)


@pytest.fixture(scope="session")
def packed(table: SimulatedFrame) -> PackedFrame:
    """The table as messages without stamp."""
    frame = table.frame
    return pack(frame.camera, millimetres(frame.depth_m), frame.colour)


class Feed:
    """A camera of the test: publishes frames at will, stamped now unless told."""

    def __init__(self, ros: RosHarness) -> None:
        self._ros = ros
        self.node = ros.node
        self.output = CameraOutput(ros.node)

    def now_ns(self) -> int:
        return int(self.node.get_clock().now().nanoseconds)

    def wait_for_subscribers(self) -> None:
        """Until perception listens to every topic."""
        publishers = (self.output._depth, self.output._depth_info)
        self._ros.wait_for(
            lambda: all(p.get_subscription_count() for p in publishers), what="subscribers"
        )

    def send(self, frame: PackedFrame, stamp_ns: int | None = None) -> int:
        """Publish a frame; its stamp."""
        stamp_ns = self.now_ns() if stamp_ns is None else stamp_ns
        self.output.publish(frame, stamp_ns)
        return stamp_ns

    def send_until(
        self, frame: PackedFrame, condition: Callable[[], Any], timeout_s: float = PATIENCE_S
    ) -> Any:
        """Publish at 20 Hz until the condition holds; its value."""

        def holds() -> Any:
            value = condition()
            if not value:
                self.send(frame)
            return value

        return wait_until(holds, "what the frames are sent for", timeout_s, step_s=0.05)


@pytest.fixture
def feed(ros: RosHarness) -> Feed:
    """A camera on the relative default topics."""
    return Feed(ros)


@pytest.fixture
def run_nodes(ros: RosHarness) -> Iterator[Callable[..., list[Any]]]:
    """``run_nodes(make)`` starts nodes that ``make(context=...)`` returns; they end with the test.

    Keyword arguments become parameters, dots written as two underscores.
    """
    from rclpy.parameter import Parameter

    from deepsight_ros.nodes.spinning import Running

    running: list[Running] = []

    def start(make: Callable[..., Any], **parameters: Any) -> list[Any]:
        overrides = [Parameter(n.replace("__", "."), value=v) for n, v in parameters.items()]
        made = make(context=ros.context, parameter_overrides=overrides)
        nodes = made if isinstance(made, list) else [made]
        runner = Running(nodes)
        runner.__enter__()
        running.append(runner)
        assert runner.autostart()
        return nodes

    yield start
    for runner in reversed(running):
        runner.__exit__()


def plain_scene(camera: Camera | None = None) -> PackedFrame:
    """A level wall 1 m away with a box before it, without colour."""
    camera = camera or Camera(64, 48, 60.0, 60.0, 31.5, 23.5, frame_id="optical")
    depth = np.full((camera.height_px, camera.width_px), 1000, np.uint16)
    depth[20:30, 20:40] = 800
    return pack(camera, depth)
