"""Node `object_detector`: colour images in, names and boxes on `detections` out.

An open-vocabulary detector of transformers (OWLv2, Grounding DINO) from a local folder, in a
process of its own, as slow as it is: only the newest image is looked at, and the boxes keep its
stamp. Lifecycle node; needs requirements/model.txt.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from deepsight_ros import msg
from deepsight_ros.errors import DeepsightError, InvalidValueError
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import to_ns
from deepsight_ros.nodes.diagnostics import OK, STALE, Meter, Report
from deepsight_ros.nodes.frame_builder import decoded_colour
from deepsight_ros.nodes.image_stream import ImageStream, Transport, colour_transports
from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.reception import Reception
from deepsight_ros.nodes.settings import ObjectDetectorSettings
from deepsight_ros.nodes.slot import LatestSlot, Worker
from deepsight_ros.nodes.spinning import run

_QUIET_S = 10.0
"""Without boxes for this long, diagnostics say so."""


class _Arrived(NamedTuple):
    message: Any
    transport: Transport


class ObjectDetectorNode(DeepsightNode[ObjectDetectorSettings]):
    """Names what colour shows, at a low rate."""

    def __init__(self, **options: Any) -> None:
        super().__init__("object_detector", ObjectDetectorSettings, **options)
        self._detect: Any = None
        self._reception: Reception | None = None
        self._stream: ImageStream | None = None
        self._worker: Worker[_Arrived] | None = None
        self._publisher: Any = None
        self._last_s = 0.0
        self.meter = Meter()

    def setup(self) -> None:
        settings = self.settings
        words = tuple(w.strip().lower() for w in settings.words if w.strip())
        if not words:
            raise InvalidValueError(
                "object_detector: got no words, expected the nouns to look for (parameter words)"
            )
        self._words = words
        began_s = time.monotonic()
        self.get_logger().info(f"loading {settings.kind} from {settings.path or '(no path)'}")
        self._detect = load_detector(settings.kind, settings.path, settings.device)
        self.get_logger().info(
            f"{settings.kind} is ready after {time.monotonic() - began_s:.1f} s, looking for "
            f"{', '.join(words)}"
        )
        self._publisher = self.create_publisher(
            msg.Regions, "detections", qos.reliable(), qos_overriding_options=qos.overridable()
        )

    def start(self) -> None:
        slot: LatestSlot[_Arrived] = LatestSlot()
        self._worker = Worker("detector", slot, self._handle, self._on_error)
        self._reception = Reception(self)
        self._stream = ImageStream(
            self,
            colour_transports(
                self.resolve_topic_name("color/image_raw"), self.settings.color_transport
            ),
            lambda message, transport: slot.put(_Arrived(message, transport)),
            self.fault_log,
            self._reception,
        )

    def stop(self) -> None:
        if self._worker is not None and not self._worker.stop():
            self.fault_log.add("detector", "slow stop", "the image in hand did not end in 5 s")
        self._worker = None
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if self._reception is not None:
            self._reception.close()
            self._reception = None

    def teardown(self) -> None:
        self._detect = None
        if self._publisher is not None:
            self.destroy_publisher(self._publisher)
            self._publisher = None

    def reports(self) -> Iterable[Report]:
        if self._stream is None:
            return []
        late = self.meter.age_s > _QUIET_S
        values: dict[str, object] = {
            "rate_hz": self.meter.rate_hz,
            "latency_median_s": self.meter.latency_s(),
            "words": ", ".join(self._words),
        }
        text = "no image was looked at lately" if late else f"{self.meter.rate_hz:.1f} Hz"
        return [self._stream.check(), Report("detector", STALE if late else OK, text, values)]

    # -- in the worker ------------------------------------------------------------------------

    def _handle(self, arrived: _Arrived) -> None:
        left_s = self._last_s + 1.0 / self.settings.rate_hz - time.monotonic()
        if left_s > 0:
            assert self._worker is not None
            time.sleep(left_s)
            arrived = self._worker.slot.take(0.0) or arrived
        self._last_s = time.monotonic()
        colour = np.ascontiguousarray(decoded_colour(*arrived))
        detect, publisher = self._detect, self._publisher
        if detect is None or publisher is None:
            return
        found = detect(colour, self._words, self.settings.least_score)
        regions = [
            msg.Region(
                kind=msg.Region.BOX,
                image=msg.Region.COLOR_IMAGE,
                label=f.label,
                score=float(f.score),
                box=np.array(f.box_px, dtype=np.float32),
            )
            for f in found[: self.settings.most]
        ]
        publisher.publish(msg.Regions(header=arrived.message.header, regions=regions))
        self.meter.tick((self.now_ns() - to_ns(arrived.message.header.stamp)) / 1e9)

    def _on_error(self, error: Exception) -> None:
        if isinstance(error, DeepsightError):
            self.fault_log.add("detector", f"refused: {type(error).__name__}", str(error))
        else:
            trace = "".join(traceback.format_exception(error))
            self.fault_log.add("detector", f"internal error: {type(error).__name__}", trace)


def load_detector(kind: str, path: str, device: str) -> Any:
    """(picture, words, least score) -> boxes, best first, of a checkpoint in a folder.

    Raises:
        ModelFilesError: transformers or the folder's files are missing, or no GPU was found.
    """
    from deepsight_ros.synthesis.rgb import detectors
    from deepsight_ros.synthesis.rgb.loading import choose_device

    kinds = {
        "owlv2": detectors.Owlv2Detector,
        "grounding_dino": detectors.GroundingDinoDetector,
    }
    stage = kinds[kind](path, 1, choose_device(device))

    def detect(picture: Any, words: tuple[str, ...], least: float) -> list[detectors.Found]:
        (found,) = stage([picture], words, least)
        return detectors.keep_best(found, OVERLAP, len(found))

    return detect


OVERLAP = 0.5
"""Of boxes that overlap more than this (intersection over union) the best stays."""


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros object_detector`."""
    return run(lambda: [ObjectDetectorNode()], arguments)


if __name__ == "__main__":
    sys.exit(main())
