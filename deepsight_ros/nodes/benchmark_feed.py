"""The camera of the live benchmark, a process of its own: frames made beforehand, at 30 Hz.

Prints a line of JSON when it begins (start_ns, rate_hz, frames) and one when it ends (published):
tick k shows frame ``k % frames`` and is stamped ``start_ns + k / rate_hz``.
"""

from __future__ import annotations

import argparse
import json
import sys

from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_output import CameraOutput, PackedFrame, millimetres, pack
from deepsight_ros.nodes.conversions import transform_message
from deepsight_ros.nodes.pacing import Pacer
from deepsight_ros.nodes.spinning import run
from deepsight_ros.synthesis.simulation import SimulatedFrame, Simulation

FRAMES = 90
RATE_HZ = 30.0


def simulation(seed: int, width_px: int, height_px: int) -> Simulation:
    """The world of the benchmark; its motion repeats after ``FRAMES`` frames."""
    return Simulation(
        seed, "scene", width_px=width_px, height_px=height_px, period_s=FRAMES / RATE_HZ
    )


def main() -> int:
    """Publish until SIGINT."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    options = parser.parse_args()
    world = simulation(options.seed, options.width, options.height)
    made = [_made(world.step(index / RATE_HZ)) for index in range(FRAMES)]
    return run(lambda: [FeedNode(made)], [])


def _made(seen: SimulatedFrame) -> tuple[PackedFrame, SimulatedFrame]:
    frame = seen.frame
    return pack(frame.camera, millimetres(frame.depth_m), frame.colour), seen


class FeedNode(Node):
    """Publishes the frames made, and the poses of camera and gripper."""

    def __init__(self, made: list[tuple[PackedFrame, SimulatedFrame]]) -> None:
        super().__init__("benchmark_feed")
        self._made = made
        self._tf = self.create_publisher(TFMessage, "/tf", qos.reliable(100))
        self._camera = CameraOutput(self)
        self._published = 0
        self._pacer = Pacer(RATE_HZ, lambda tick: tick, self._release, self._on_error)

    def autostart(self) -> bool:
        """Begin to publish."""
        self._pacer.start()
        about = {"start_ns": self._pacer.start_ns, "rate_hz": RATE_HZ, "frames": FRAMES}
        print(json.dumps(about), flush=True)
        return True

    def close(self) -> None:
        """Stop, and say how much was published."""
        self._pacer.stop()
        print(
            json.dumps({"published": self._published, "skipped": self._pacer.skipped}), flush=True
        )
        self.destroy_node()

    def _release(self, tick: object, stamp_ns: int) -> None:
        assert isinstance(tick, int)
        packed, seen = self._made[tick % FRAMES]
        camera = seen.frame.camera.frame_id
        poses = ((camera, seen.world_from_camera), ("gripper", seen.world_from_gripper))
        transforms = [transform_message("world", child, pose, stamp_ns) for child, pose in poses]
        self._tf.publish(TFMessage(transforms=transforms))
        self._camera.publish(packed, stamp_ns)
        self._published += 1

    def _on_error(self, error: Exception) -> None:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
