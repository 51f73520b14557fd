"""Vision: camera topics in, the newest Sighting (frame and scene) out to everyone in the process.

One worker thread decodes, transforms and perceives; callbacks (reception.py) only put messages
into its latest-wins slot. Whoever wants the newest scene asks the ``Board``.
"""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import Imu

from deepsight_ros.errors import DeepsightError, InvalidValueError, TransformError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.msg import Region, Regions
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_input import CameraInput, RawFrame
from deepsight_ros.nodes.conversions import to_ns
from deepsight_ros.nodes.diagnostics import OK, STALE, WARN, Meter, Report
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.frame_builder import BuiltFrame, FrameBuilder
from deepsight_ros.nodes.reception import Reception
from deepsight_ros.nodes.region_messages import DetectionBuffer, region_requests
from deepsight_ros.nodes.segmenter_choice import chosen, segmenter_report
from deepsight_ros.nodes.settings import VisionSettings
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.nodes.slot import LatestSlot, Worker
from deepsight_ros.nodes.spinning import LONG_S
from deepsight_ros.nodes.stages import Stages
from deepsight_ros.nodes.transforms import Transforms, make_transforms
from deepsight_ros.perception.inputs import Detection, GivenUp, GripperInput
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.perception.ready import make_ready
from deepsight_ros.scene.objects import Scene, UpSource

SPARE_S = 0.012
"""Least time before the next frame is due in which perception may look at something again."""

REFINE_EVERY, REFINE_AT_LATEST = 2, 12
"""Frames from one such look to the next: at least, and at most even without spare time."""

SLOW_RATIO = 0.5
"""Perceived frames per received frame below which diagnostics say that frames are skipped."""


class Vision:
    """Camera input, perception and TF of one camera.

    Args:
        node: whose topics and parameters these are.
        settings: called for the parameters in force.
        faults: where bad input is counted.
        sight: what is filled.
    """

    def __init__(
        self,
        node: Node,
        settings: Callable[[], VisionSettings],
        faults: FaultLog,
        sight: Sight,
    ) -> None:
        self._node = node
        self._settings = settings
        self._faults = faults
        self._sight = sight
        self._reception = Reception(node)
        self.transforms: Transforms = make_transforms(node, faults, self._reception)
        self._config = settings().perception
        took_s = make_ready()
        if took_s > LONG_S:
            node.get_logger().info(f"perception compiled in {took_s:.0f} s; kept for next time")
        self._choice = chosen(settings())
        self._perceiver = Perceiver(self._config, self._choice.segmenter)
        self._camera: CameraInput | None = None
        self._slot: LatestSlot[RawFrame] = LatestSlot()
        self._worker: Worker[RawFrame] | None = None
        self._builder: FrameBuilder | None = None
        self._subscriptions: list[Any] = []
        self._imu: Imu | None = None
        self._detections = DetectionBuffer(faults)
        self._names: deque[tuple[str, str, float]] = deque(maxlen=64)
        self._sequence = 0
        self._last: tuple[int, int] = (-1, -1)
        self._unrefined = 0
        self.meter = Meter()
        self.work_meter = Meter()
        self.stages = Stages()
        sight.vision = self

    def start(self) -> None:
        """Subscribe and perceive."""
        self._sequence = 0
        self._last = (-1, -1)
        self._perceiver.reset()
        self._slot = LatestSlot()
        self._camera = CameraInput(
            self._node, self._settings, self._faults, self._slot.put, self._reception
        )
        self._builder = FrameBuilder(self._camera, self.transforms, self._faults)
        self._worker = Worker("perception", self._slot, self._handle, self._on_error)
        if self._settings().use_imu:
            self._subscribe(Imu, "imu", self._on_imu, qos.sensor_in())
        self._subscribe(Regions, "detections", self._on_detections, qos.reliable())

    def stop(self) -> None:
        """Unsubscribe and end the worker; nothing is seen any more."""
        if self._worker is not None:
            if not self._worker.stop():
                self._faults.add("perception", "slow stop", "the frame in hand did not end in 5 s")
            self._worker = None
        if self._camera is not None:
            self._camera.close()
            self._camera = None
        for subscription in self._subscriptions:
            self._reception.remove(subscription)
        self._subscriptions = []
        self._sight.board.clear()

    def close(self) -> None:
        """Stop and leave TF."""
        self.stop()
        self.transforms.close()
        self._reception.close()
        if self._sight.vision is self:
            self._sight.vision = None

    def with_regions(self, sighting: Sighting, regions: Sequence[Region]) -> Scene:
        """The sighting's scene with regions added as objects."""
        requests = region_requests(
            regions, sighting.frame, sighting.depth_view, sighting.colour_view
        )
        return self._perceiver.perceive_regions(sighting.frame, sighting.scene, requests)

    @property
    def wants_names(self) -> bool:
        return self._config.detector == "model"

    @property
    def lost(self) -> int:
        return self._slot.overtaken

    def name(self, object_id: str, name: str, score: float) -> None:
        """Name an object from the next frame on, unless it has a surer name."""
        self._names.append((object_id, name, score))

    def reports(self) -> list[Report]:
        """Input streams and the perception itself, for diagnostics."""
        camera = self._camera
        if camera is None:
            return []
        lines = camera.reports()
        rate_in, rate_out = camera.depth.meter.rate_hz, self.meter.rate_hz
        values: dict[str, object] = {
            "rate_hz": rate_out,
            "age_s": self.meter.age_s,
            "latency_median_s": self.meter.latency_s(),
            "latency_p99_s": self.meter.latency_s(99),
            "work_median_s": self.work_meter.latency_s(),
            "perceived": self._sequence,
            "overtaken": self._slot.overtaken,
        }
        if self.meter.age_s > 2.0:
            level, text = (STALE if rate_in == 0 else WARN), "no frame was perceived lately"
        elif rate_out < SLOW_RATIO * rate_in:
            level = WARN
            text = f"{rate_out:.1f} of {rate_in:.1f} frames per second: this computer is too slow"
        else:
            level, text = OK, f"{rate_out:.1f} Hz, {1e3 * self.meter.latency_s():.0f} ms behind"
        told = Report("perception", level, text, values)
        return [*lines, told, segmenter_report(self._choice), self._stage_report()]

    def _stage_report(self) -> Report:
        """Median milliseconds of each stage of a frame: on the clock / of the processor."""
        values: dict[str, object] = {
            name: f"{wall:.2f} / {cpu:.2f}" if cpu == cpu else f"{wall:.2f}"
            for name, (wall, cpu) in self.stages.medians_ms().items()
        }
        return Report("stages", OK, "median ms per frame, wall / processor", values)

    # -- in the reception ---------------------------------------------------------------------

    def _subscribe(self, kind: Any, topic: str, callback: Any, profile: Any) -> None:
        subscription = self._node.create_subscription(
            kind, topic, callback, profile, qos_overriding_options=qos.overridable()
        )
        self._subscriptions.append(self._reception.add(subscription, wakes=False))

    def _on_imu(self, message: Imu) -> None:
        self._imu = message

    def _on_detections(self, message: Regions) -> None:
        self._detections.put(message)

    # -- in the worker ------------------------------------------------------------------------

    def _on_error(self, error: Exception) -> None:
        topic = self._camera.depth.topic if self._camera is not None else "perception"
        if isinstance(error, DeepsightError):
            self._faults.add(topic, f"refused: {type(error).__name__}", str(error))
        else:
            trace = "".join(traceback.format_exception(error))
            self._faults.add(topic, f"internal error: {type(error).__name__}", trace)

    def _handle(self, raw: RawFrame) -> None:
        assert self._builder is not None and self._camera is not None
        raw = self._with_colour(raw)
        epoch, stamp_ns = self._last
        if raw.epoch == epoch and raw.stamp_ns <= stamp_ns:
            return  # its depth was used alone before its colour came
        if raw.epoch != epoch and epoch >= 0:
            self._perceiver.reset()
            self.transforms.reset()
        self._last = (raw.epoch, raw.stamp_ns)
        if raw.colour is None:
            self._camera.used_alone(raw)
        settings = self._settings()
        if settings.perception is not self._config:
            self._config = settings.perception
            self._perceiver = Perceiver(self._config, self._choice.segmenter)
        stages, began_s = self.stages, time.perf_counter()
        stages.add("stamp to arrival", raw.latency_s)
        stages.add("arrival to worker", time.monotonic() - raw.arrived_s)
        stages.begin()
        built = self._builder.build(raw, settings)
        stages.lap("decode")
        sighting = self._perceive(raw, built, settings)
        for name, wall_s in self._perceiver.last_timings_s.items():
            stages.add(f"- {name}", wall_s)
        stages.lap("perceive")
        self.work_meter.tick(time.perf_counter() - began_s)
        self._sight.board.post(sighting)
        self.meter.tick((self._node.get_clock().now().nanoseconds - raw.stamp_ns) / 1e9)
        stages.begin()
        self._use_spare_time(raw)
        stages.lap("refine")

    def _use_spare_time(self, raw: RawFrame) -> None:
        """Let perception look again at what it remembers, where the next frame leaves time; where
        it never does, still now and then."""
        assert self._camera is not None
        left_s = 1.0 / max(self._camera.depth.meter.rate_hz, 1.0)
        left_s -= time.monotonic() - raw.arrived_s
        self._unrefined += 1
        has_time = left_s > SPARE_S and self._unrefined >= REFINE_EVERY
        if self._slot.is_empty and (has_time or self._unrefined >= REFINE_AT_LATEST):
            self._unrefined = 0
            self._perceiver.refine()

    def _with_colour(self, raw: RawFrame) -> RawFrame:
        """Give the colour image that is still missing its chance, unless something newer comes."""
        while raw.colour is None:
            left_s = raw.wait_until_s - time.monotonic()
            if left_s <= 0:
                break
            newer = self._slot.take(left_s)
            if newer is None:
                break
            raw = newer
        return raw

    def _perceive(self, raw: RawFrame, built: BuiltFrame, settings: VisionSettings) -> Sighting:
        frame = built.frame
        optical, stamp_ns = frame.camera.frame_id, frame.stamp_ns
        deadline_s = raw.arrived_s + settings.tf_wait_s
        fixed = self._pose(settings.fixed_frame, optical, stamp_ns, deadline_s)
        gravity_frame = settings.gravity_frame or settings.fixed_frame
        if gravity_frame == settings.fixed_frame:
            gravity = fixed
        else:
            gravity = self._pose(gravity_frame, optical, stamp_ns, deadline_s)
        gripper = self._pose(settings.gripper_frame, optical, stamp_ns, deadline_s)
        detections: tuple[Detection, ...] = ()
        if settings.perception.detector == "topic":
            detections = self._detections.near(
                frame, settings.detection_max_age_s, built.depth_view, built.colour_view
            )
        while self._names:
            self._perceiver.tracker.label(*self._names.popleft())
        scene = self._perceiver.perceive(
            frame,
            up_in_camera=self._up(gravity, optical, stamp_ns),
            fixed_from_camera=fixed,
            detections=detections,
            gripper=None if gripper is None else GripperInput(gripper.inverse()),
        )
        self._sequence += 1
        return Sighting(
            self._sequence,
            frame,
            scene,
            settings.fixed_frame,
            fixed,
            built.depth_view,
            built.colour_view,
            {track.id: track.frames_seen for track in self._perceiver.tracker.tracks},
            raw.arrived_s,
        )

    def _pose(
        self, frame: str, optical: str, stamp_ns: int, deadline_s: float
    ) -> RigidTransform | None:
        """``frame_from_optical`` at the stamp; None, and counted, where TF does not know it."""
        if not frame:
            return None
        try:
            wait_s = max(0.0, deadline_s - time.monotonic())
            return self.transforms.lookup(frame, optical, stamp_ns, wait_s)
        except (TransformError, InvalidValueError) as error:
            self._faults.add("/tf", f"no transform to '{frame}'", str(error))
            return None

    def _up(self, gravity: RigidTransform | None, optical: str, stamp_ns: int) -> GivenUp | None:
        """Up in the optical frame: TF before IMU before nothing (a plane is looked for then)."""
        if gravity is not None:
            return GivenUp(gravity.rotation[2], UpSource.TF)
        message = self._imu
        if message is None:
            return None
        a = message.linear_acceleration
        pull = np.array([a.x, a.y, a.z])
        strength = float(np.linalg.norm(pull))
        if not 8.0 < strength < 11.6:  # not at rest, or no accelerometer: says nothing about up
            self._faults.add(
                "imu",
                "acceleration",
                f"got {strength:.2f} m/s², expected about 9.81 of a camera at rest; not used",
            )
            return None
        if to_ns(message.header.stamp) < stamp_ns - 1_000_000_000:
            self._faults.add("imu", "stale", "the newest IMU message is over 1 s older")
            return None
        try:
            if message.header.frame_id != optical:
                pose = self.transforms.lookup(optical, message.header.frame_id, stamp_ns)
                pull = pose.rotate(pull)
        except (TransformError, InvalidValueError) as error:
            self._faults.add("imu", "no transform", str(error))
            return None
        return GivenUp(pull, UpSource.IMU)
