"""Node `sim_camera`: a simulated tabletop as camera topics, transforms and exact truth."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterable
from typing import Any

import numpy as np
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from deepsight_ros import msg
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_output import CameraOutput, PackedFrame, millimetres, pack
from deepsight_ros.nodes.conversions import header, transform_message
from deepsight_ros.nodes.diagnostics import OK, WARN, Report
from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.pacing import Pacer
from deepsight_ros.nodes.scene_messages import scene_message
from deepsight_ros.nodes.settings import SimCameraSettings
from deepsight_ros.nodes.sight import Sighting
from deepsight_ros.nodes.spinning import run
from deepsight_ros.scene.measure import measure
from deepsight_ros.synthesis.simulation import SimulatedFrame, Simulation

LEAST_BOX_PX = 60
"""A thing of which fewer pixels are visible is not detected."""


class SimCameraNode(DeepsightNode[SimCameraSettings]):
    """Publishes a Simulation in real time."""

    def __init__(self, **options: Any) -> None:
        super().__init__("sim_camera", SimCameraSettings, **options)
        self._simulation: Simulation | None = None
        self._camera: CameraOutput | None = None
        self._publishers_made: list[Any] = []
        self._pacer: Pacer | None = None
        self._sequence = 0

    def setup(self) -> None:
        from tf2_msgs.msg import TFMessage

        settings = self.settings
        self._simulation = Simulation(
            settings.seed,
            settings.mount,
            width_px=settings.width_px,
            height_px=settings.height_px,
            family=settings.sensor_family,
            period_s=settings.motion_period_s,
        )
        self._camera = CameraOutput(self, settings.has_color)
        self._tf = self._advertise(TFMessage, "/tf", qos.reliable(100))
        self._truth = self._advertise(msg.Scene, "truth", qos.reliable())
        self._detections = self._advertise(msg.Regions, "detections", qos.reliable())
        self._about = self._advertise(String, "simulation", qos.latched())
        self._tf_type = TFMessage

    def start(self) -> None:
        settings = self.settings
        self._sequence = 0
        self._pacer = Pacer(settings.rate_hz, self._prepare, self._release, self._on_error)
        self._pacer.start()
        about = {
            "seed": settings.seed,
            "camera": settings.mount,
            "width_px": settings.width_px,
            "height_px": settings.height_px,
            "family": settings.sensor_family,
            "period_s": settings.motion_period_s,
            "start_ns": self._pacer.start_ns,
        }
        self._about.publish(String(data=json.dumps(about)))

    def stop(self) -> None:
        if self._pacer is not None:
            self._pacer.stop()
            self._pacer = None

    def teardown(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        for publisher in self._publishers_made:
            self.destroy_publisher(publisher)
        self._publishers_made = []
        self._simulation = None

    def reports(self) -> Iterable[Report]:
        pacer = self._pacer
        if pacer is None:
            return []
        values: dict[str, object] = {"frames": self._sequence, "skipped": pacer.skipped}
        slow = pacer.skipped > 0.05 * max(1, self._sequence)
        text = "rendering is slower than rate_hz" if slow else "in time"
        return [Report("rendering", WARN if slow else OK, text, values)]

    def _advertise(self, kind: Any, topic: str, profile: QoSProfile) -> Any:
        publisher = self.create_publisher(kind, topic, profile)
        self._publishers_made.append(publisher)
        return publisher

    def _on_error(self, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.fault_log.add("sim_camera", type(error).__name__, trace)

    # -- in the pacer's thread ----------------------------------------------------------------

    def _prepare(self, tick: int) -> tuple[SimulatedFrame, PackedFrame]:
        assert self._simulation is not None
        seen = self._simulation.step(tick / self.settings.rate_hz)
        frame = seen.frame
        packed = pack(
            frame.camera,
            millimetres(frame.depth_m),
            frame.colour if self.settings.has_color else None,
        )
        return seen, packed

    def _release(self, made: Any, stamp_ns: int) -> None:
        assert self._camera is not None
        seen, packed = made
        settings = self.settings
        # Transforms first: whoever gets the image can place it at once.
        poses = (
            (seen.frame.camera.frame_id, seen.world_from_camera),
            (settings.gripper_frame, seen.world_from_gripper),
        )
        transforms = [
            transform_message(settings.world_frame, child, pose, stamp_ns) for child, pose in poses
        ]
        self._tf.publish(self._tf_type(transforms=transforms))
        self._camera.publish(packed, stamp_ns)
        self._sequence += 1
        if self._truth.get_subscription_count():
            self._truth.publish(self._truth_message(seen, stamp_ns))
        rate_hz = settings.detections_rate_hz
        if rate_hz > 0 and self._sequence % max(1, round(settings.rate_hz / rate_hz)) == 0:
            self._detections.publish(detections(seen, stamp_ns))

    def _truth_message(self, seen: SimulatedFrame, stamp_ns: int) -> msg.Scene:
        truth = seen.world.truth(stamp_ns)
        ranges = {thing.id: measure(truth, "range", (thing.id,)) for thing in truth.objects}
        sighting = Sighting(
            self._sequence, seen.frame, truth, self.settings.world_frame, seen.world_from_camera
        )
        return scene_message(sighting, ranges)


def detections(seen: SimulatedFrame, stamp_ns: int) -> msg.Regions:
    """Name and box of every thing that shows, as a detector that makes no mistake."""
    regions = []
    for thing in seen.world.things:
        inside = seen.rendering.instance_id == seen.world.instance_id(thing.id)
        if np.count_nonzero(inside) < LEAST_BOX_PX:
            continue
        rows = np.flatnonzero(inside.any(axis=1))
        columns = np.flatnonzero(inside.any(axis=0))
        box = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        regions.append(
            msg.Region(
                kind=msg.Region.BOX,
                label=thing.label,
                score=0.9,
                box=np.array(box, dtype=np.float32),
            )
        )
    stamp = header(stamp_ns, seen.frame.camera.frame_id)
    return msg.Regions(header=stamp, regions=regions)


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros sim_camera`."""
    return run(lambda: [SimCameraNode()], arguments)


if __name__ == "__main__":
    sys.exit(main())
