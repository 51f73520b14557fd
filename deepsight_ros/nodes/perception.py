"""Node `perception`: camera topics in; `scene`, `distances`, `markers` and `overlay` out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from deepsight_ros import msg
from deepsight_ros.errors import InvalidValueError, TransformError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import header, image_message
from deepsight_ros.nodes.diagnostics import Report
from deepsight_ros.nodes.markers import marker_array
from deepsight_ros.nodes.neighbours import Distances, measure_distances
from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.overlay import draw
from deepsight_ros.nodes.scene_messages import (
    distance_message,
    out_from_working,
    scene_message,
)
from deepsight_ros.nodes.settings import PerceptionSettings
from deepsight_ros.nodes.sight import Sight, Sighting
from deepsight_ros.nodes.spinning import run
from deepsight_ros.nodes.vision import Vision
from deepsight_ros.perception.ready import make_ready
from deepsight_ros.scene.neighbours import DistanceMemory

OUTPUTS: dict[str, Any] = {
    "distances": msg.DistanceEstimates,
    "scene": msg.Scene,
    "markers": MarkerArray,
    "overlay": Image,
}


class PerceptionNode(DeepsightNode[PerceptionSettings]):
    """Perceives every frame and publishes what is in it.

    Args:
        sight: shared with the other nodes of the process.
        options: passed on to rclpy.
    """

    def __init__(self, sight: Sight | None = None, **options: Any) -> None:
        super().__init__("perception", PerceptionSettings, **options)
        self.sight = sight or Sight()
        self._vision: Vision | None = None
        self._outputs: dict[str, Any] = {}
        self._unlisten: Callable[[], None] | None = None
        self._overlay_at_s = 0.0
        self._measured = DistanceMemory()

    def setup(self) -> None:
        self._outputs = {
            name: self.create_lifecycle_publisher(
                kind, name, qos.reliable(), qos_overriding_options=qos.overridable()
            )
            for name, kind in OUTPUTS.items()
        }
        self._vision = Vision(self, lambda: self.settings, self.fault_log, self.sight)

    def start(self) -> None:
        assert self._vision is not None
        self._unlisten = self.sight.board.listen(self._publish)
        self._vision.start()

    def stop(self) -> None:
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self._vision is not None:
            self._vision.stop()

    def teardown(self) -> None:
        if self._vision is not None:
            self._vision.close()
            self._vision = None
        for publisher in self._outputs.values():
            self.destroy_lifecycle_publisher(publisher)
        self._outputs = {}

    def reports(self) -> Iterable[Report]:
        return [] if self._vision is None else self._vision.reports()

    # -- in the perception worker -------------------------------------------------------------

    def _publish(self, sighting: Sighting) -> None:
        assert self._vision is not None
        settings, stages = self.settings, self._vision.stages
        stages.begin()
        distances = measure_distances(
            sighting.scene, settings.neighbours, settings.max_distances, self._measured
        )
        stages.lap("measure")
        for name, reason in distances.refused.items():
            self.fault_log.add("distances", "not measurable", f"{name}: {reason}")
        self._outputs["distances"].publish(self._distances(sighting, distances))
        stages.lap("publish distances")
        if self._wanted("scene"):
            self._outputs["scene"].publish(scene_message(sighting, distances.ranges))
        if self._wanted("markers"):
            self._outputs["markers"].publish(marker_array(sighting, distances))
        now_s = time.monotonic()
        if (
            self._wanted("overlay")
            and now_s - self._overlay_at_s >= 1.0 / settings.overlay_max_rate_hz
        ):
            self._overlay_at_s = now_s
            stamp = header(sighting.stamp_ns, sighting.scene.frame_id)
            picture = draw(sighting, distances)
            self._outputs["overlay"].publish(image_message(picture, "rgb8", stamp))
        stages.lap("publish the rest")

    def _wanted(self, name: str) -> bool:
        return bool(self._outputs[name].get_subscription_count())

    def _distances(self, sighting: Sighting, distances: Distances) -> msg.DistanceEstimates:
        scene = sighting.scene
        out_frame, out_from_optical = self._out_frame(sighting)
        out_from_w = out_from_working(scene, out_from_optical)
        return msg.DistanceEstimates(
            header=header(scene.stamp_ns, out_frame),
            sequence=sighting.sequence,
            distances=[
                distance_message(pair.measured, scene, out_from_w, pair.from_id, pair.to_id)
                for pair in distances.pairs
            ],
        )

    def _out_frame(self, sighting: Sighting) -> tuple[str, RigidTransform | None]:
        """target_frame where TF knows it at the stamp, else the optical frame (counted)."""
        target, optical = self.settings.target_frame, sighting.scene.frame_id
        if not target or target == optical:
            return optical, None
        try:
            return target, self.sight.lookup(target, optical, sighting.stamp_ns)
        except (TransformError, InvalidValueError) as error:
            self.fault_log.add("distances", f"no transform to '{target}'", str(error))
            return optical, None


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros perception`."""
    return run(lambda: [PerceptionNode()], arguments, prepare=make_ready)


if __name__ == "__main__":
    sys.exit(main())
