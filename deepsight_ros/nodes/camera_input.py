"""Camera topics in, the newest depth image with its colour image out, into a latest-wins slot.

Callbacks only check the stamp, pair and put; decoding happens in the worker (frame_builder.py).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from deepsight_ros.geometry.pairing import RESTART_NS, Pair, StampPairer
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import to_ns
from deepsight_ros.nodes.diagnostics import STALE, Report
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.image_stream import (
    MISSING_S,
    ImageStream,
    Transport,
    colour_transports,
    depth_transports,
)
from deepsight_ros.nodes.reception import Reception
from deepsight_ros.nodes.settings import VisionSettings

ALONE_FRAMES = 5
"""After this many depth images without colour, the next ones do not wait for it any more."""


@dataclass(frozen=True, eq=False)
class RawFrame:
    """A depth message, and the colour message of the same moment or None.

    Attributes:
        stamp_ns: of the depth image.
        depth, colour: Image or CompressedImage messages.
        depth_transport, colour_transport: how they came.
        arrived_s: time.monotonic() when the later half arrived.
        latency_s: from the depth image's stamp until then, by the node's clock.
        wait_until_s: time.monotonic() until which the missing colour image may still come.
        epoch: counts how often the clock jumped back.
    """

    stamp_ns: int
    depth: Any
    depth_transport: Transport
    colour: Any = None
    colour_transport: Transport | None = None
    arrived_s: float = 0.0
    latency_s: float = 0.0
    wait_until_s: float = 0.0
    epoch: int = 0


class CameraInput:
    """Subscriptions of one RGB-D camera.

    Args:
        node: who subscribes (topics are relative to it and may be remapped).
        settings: called for the parameters in force.
        faults: where bad messages are counted.
        put: takes (RawFrame, stamp) in the reception; must not block.
        reception: who takes the messages.
    """

    def __init__(
        self,
        node: Node,
        settings: Callable[[], VisionSettings],
        faults: FaultLog,
        put: Callable[[RawFrame, int], None],
        reception: Reception,
    ) -> None:
        self._node = node
        self._settings = settings
        self._faults = faults
        self._put = put
        self._reception = reception
        at_start = settings()
        slop_ns = round(at_start.pair_slop_s * 1e9)
        self.pairer: StampPairer[tuple[Any, Transport], tuple[Any, Transport]] = StampPairer(
            slop_ns or None
        )
        self.depth_info: CameraInfo | None = None
        self.colour_info: CameraInfo | None = None
        self.depth_info_topic = node.resolve_topic_name("depth/camera_info")
        self.colour_info_topic = node.resolve_topic_name("color/camera_info")
        self._newest_ns: int | None = None
        self._alone = 0
        self._colour_since_s = time.monotonic()
        self._epoch = 0
        self._infos = [self._subscribe_info("depth/camera_info", self._on_depth_info)]
        self.depth = ImageStream(
            node,
            depth_transports(node.resolve_topic_name("depth/image_raw"), at_start.depth_transport),
            self._on_depth,
            faults,
            reception,
        )
        self.colour: ImageStream | None = None
        if at_start.color != "none":
            self._infos.append(self._subscribe_info("color/camera_info", self._on_colour_info))
            self.colour = ImageStream(
                node,
                colour_transports(
                    node.resolve_topic_name("color/image_raw"), at_start.color_transport
                ),
                self._on_colour,
                faults,
                reception,
            )

    def close(self) -> None:
        """Unsubscribe from everything."""
        self.depth.close()
        if self.colour is not None:
            self.colour.close()
        for subscription in self._infos:
            self._reception.remove(subscription)
        self._infos = []

    def reports(self) -> list[Report]:
        """How the streams do; also where transports are found again."""
        lines = [_named(self.depth.check(), "depth input")]
        if lines[0].level == STALE:
            self._faults.add(self.depth.topic, "missing", lines[0].message)
        if self.colour is not None:
            line = _named(self.colour.check(), "colour input")
            counts = self.pairer.counts
            line.values.update(
                paired=counts.paired,
                dropped_colour=counts.dropped_colour,
                pair_slop_s=self.pairer.slop_ns / 1e9,
            )
            lines.append(line)
        return lines

    def _subscribe_info(self, topic: str, callback: Callable[[CameraInfo], None]) -> Any:
        subscription = self._node.create_subscription(
            CameraInfo,
            topic,
            callback,
            qos.sensor_in(),
            qos_overriding_options=qos.overridable(),
        )
        return self._reception.add(subscription, wakes=False)

    def _on_depth_info(self, message: CameraInfo) -> None:
        self.depth_info = message

    def _on_colour_info(self, message: CameraInfo) -> None:
        self.colour_info = message

    def _on_depth(self, message: Any, transport: Transport) -> None:
        stamp_ns = to_ns(message.header.stamp)
        self.depth.meter.tick((self._node.get_clock().now().nanoseconds - stamp_ns) / 1e9)
        if not self._is_in_order(stamp_ns, transport.topic):
            return
        item = (message, transport)
        if self.colour is None:
            self._hand_on(RawFrame(stamp_ns, message, transport))
            return
        pair = self.pairer.add_depth(stamp_ns, item)
        if pair is not None:
            self._on_pair(pair)
            return
        wait_s = 0.0
        if self._alone < ALONE_FRAMES and self.colour.meter.age_s < MISSING_S:
            wait_s = self._settings().color_wait_s
        self._hand_on(
            RawFrame(stamp_ns, message, transport, wait_until_s=time.monotonic() + wait_s)
        )

    def _on_colour(self, message: Any, transport: Transport) -> None:
        assert self.colour is not None
        stamp_ns = to_ns(message.header.stamp)
        if self.colour.meter.age_s > MISSING_S:
            self._colour_since_s = time.monotonic()
        self.colour.meter.tick((self._node.get_clock().now().nanoseconds - stamp_ns) / 1e9)
        if stamp_ns == 0:
            self._faults.add(transport.topic, "zero stamp", "header.stamp is zero; set it")
            return
        waited_s = min(self.depth.meter.age_s, time.monotonic() - self._colour_since_s)
        if waited_s > MISSING_S:
            self._faults.add(
                transport.topic,
                "colour without depth",
                f"colour comes, but no depth on {self.depth.topic} for {waited_s:.1f} s",
            )
        pair = self.pairer.add_colour(stamp_ns, (message, transport))
        if pair is not None:
            self._on_pair(pair)

    def _on_pair(self, pair: Pair[tuple[Any, Transport], tuple[Any, Transport]]) -> None:
        self._alone = 0
        if self._newest_ns is not None and pair.depth_stamp_ns < self._newest_ns:
            return  # its depth image was used alone meanwhile, and a newer one came
        depth, depth_transport = pair.depth
        colour, colour_transport = pair.colour
        self._hand_on(
            RawFrame(pair.depth_stamp_ns, depth, depth_transport, colour, colour_transport)
        )

    def _hand_on(self, frame: RawFrame) -> None:
        frame = replace(
            frame,
            arrived_s=time.monotonic(),
            latency_s=(self._node.get_clock().now().nanoseconds - frame.stamp_ns) / 1e9,
            epoch=self._epoch,
        )
        self._put(frame, frame.stamp_ns)

    def used_alone(self, frame: RawFrame) -> None:
        """The worker tells that it used a depth image without the colour it waited for."""
        if self.colour is None:
            return
        self._alone += 1
        if self._alone == ALONE_FRAMES and self.colour.meter.age_s < MISSING_S:
            self._faults.add(
                self.colour.topic,
                "unpaired",
                f"colour comes, but never within {self.pairer.slop_ns / 1e6:.1f} ms of a depth "
                "image: are both stamped by one clock? Depth is used alone; pair_slop_s widens it",
            )

    def _is_in_order(self, stamp_ns: int, topic: str) -> bool:
        if stamp_ns == 0:
            self._faults.add(
                topic,
                "zero stamp",
                "header.stamp is zero, nothing can be paired or "
                "transformed with it; set it in the driver",
            )
            return False
        newest, self._newest_ns = self._newest_ns, stamp_ns
        if newest is None or stamp_ns > newest:
            return True
        back_s = (newest - stamp_ns) / 1e9
        if newest - stamp_ns >= RESTART_NS:
            self._epoch += 1
            self._faults.add(
                topic,
                "clock jumped back",
                f"the stamp is {back_s:.3f} s older than the one before: clock or bag restarted, "
                "tracks start again",
            )
            return True
        self._newest_ns = newest
        self._faults.add(
            topic,
            "stamp out of order",
            f"the stamp is {back_s * 1e3:.1f} ms older than the newest or equal to it; dropped",
        )
        return False


def _named(report: Report, name: str) -> Report:
    return Report(name, report.level, report.message, report.values)
