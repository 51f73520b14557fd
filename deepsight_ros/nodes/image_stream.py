"""One image topic in, whichever transport it is published with: raw or compressed.

Subscribes to the raw topic at once; where another transport of it is published and raw is not,
switches over. Says what keeps messages from coming: no publisher, another type, QoS.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from deepsight_ros.nodes import qos
from deepsight_ros.nodes.diagnostics import OK, STALE, WARN, Meter, Report
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.reception import Reception

IMAGE_TYPE = "sensor_msgs/msg/Image"
COMPRESSED_TYPE = "sensor_msgs/msg/CompressedImage"
MISSING_S = 2.0
"""Silence after which a stream is reported as missing."""


@dataclass(frozen=True)
class Transport:
    """One way an image can come.

    Attributes:
        topic: fully resolved name.
        kind: "raw", "compressed" or "compressedDepth".
    """

    topic: str
    kind: str

    @property
    def message_type(self) -> type[Any]:
        return Image if self.kind == "raw" else CompressedImage

    @property
    def type_name(self) -> str:
        return IMAGE_TYPE if self.kind == "raw" else COMPRESSED_TYPE


def depth_transports(topic: str, wanted: str) -> list[Transport]:
    """Ways depth can come under a base topic, best first; ``wanted`` is the parameter."""
    raw = [Transport(topic, "raw")]
    packed = [
        Transport(f"{topic}/compressedDepth", "compressedDepth"),
        Transport(topic, "compressedDepth"),
        Transport(f"{topic}/compressed", "compressedDepth"),
    ]
    return {"raw": raw, "compressedDepth": packed, "auto": raw + packed}[wanted]


def colour_transports(topic: str, wanted: str) -> list[Transport]:
    """Ways colour can come under a base topic, best first; ``wanted`` is the parameter."""
    raw = [Transport(topic, "raw")]
    packed = [Transport(f"{topic}/compressed", "compressed"), Transport(topic, "compressed")]
    return {"raw": raw, "compressed": packed, "auto": raw + packed}[wanted]


class ImageStream:
    """A subscription that finds its transport.

    Args:
        node: who subscribes.
        transports: possible ways, best first.
        on_message: called with (message, transport) in the reception; must only hand it on.
        faults: where mismatches are counted.
        reception: who takes the messages.
    """

    def __init__(
        self,
        node: Node,
        transports: list[Transport],
        on_message: Callable[[Any, Transport], None],
        faults: FaultLog,
        reception: Reception,
    ) -> None:
        self._node = node
        self._reception = reception
        self._transports = transports
        self._on_message = on_message
        self._faults = faults
        # Events of each stream in a group of their own: no bookkeeping between them and services.
        self._group = MutuallyExclusiveCallbackGroup()
        self.meter = Meter()
        self.lost_in_transport = 0
        self.transport = transports[0]
        self._subscription: Any = None
        self._subscribe(self._best() or transports[0])

    @property
    def topic(self) -> str:
        return self.transport.topic

    def close(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._reception.remove(self._subscription)
            self._subscription = None

    def check(self) -> Report:
        """Look at the graph, switch transport if need be, and say how the stream does."""
        best = self._best()
        silent = self.meter.age_s > MISSING_S
        if best is not None and best != self.transport and silent:
            self.close()
            self._subscribe(best)
        return self._report(best, silent)

    def _subscribe(self, transport: Transport) -> None:
        self.transport = transport
        self._since_s = time.monotonic()

        def receive(message: Any) -> None:
            self._on_message(message, transport)

        subscription = self._node.create_subscription(
            transport.message_type,
            transport.topic,
            receive,
            qos.sensor_in(),
            callback_group=self._group,
            event_callbacks=SubscriptionEventCallbacks(
                incompatible_qos=self._on_incompatible_qos, message_lost=self._on_lost
            ),
            qos_overriding_options=qos.overridable(),
        )
        self._subscription = self._reception.add(subscription, wakes=True)

    def _best(self) -> Transport | None:
        """The first transport that somebody publishes with the right type."""
        for transport in self._transports:
            infos = self._node.get_publishers_info_by_topic(transport.topic)
            if any(info.topic_type == transport.type_name for info in infos):
                return transport
        return None

    def _on_incompatible_qos(self, event: Any) -> None:
        policy = qos.policy_name(event.last_policy_kind)
        self._faults.add(
            self.topic,
            "incompatible QoS",
            f"a publisher's {policy} is incompatible with this subscription, nothing will come "
            f"from it; set qos_overrides.{self.topic}.subscription.{policy} to what it offers",
        )

    def _on_lost(self, event: Any) -> None:
        self.lost_in_transport += event.total_count_change

    def _report(self, best: Transport | None, silent: bool) -> Report:
        age_s = self.meter.age_s
        values: dict[str, object] = {
            "topic": self.topic,
            "transport": self.transport.kind,
            "rate_hz": self.meter.rate_hz,
            "age_s": age_s,
            "latency_median_s": self.meter.latency_s(),
            "received": self.meter.count,
            "lost_in_transport": self.lost_in_transport,
        }
        if not silent:
            return Report("", OK, f"{self.meter.rate_hz:.1f} Hz on {self.topic}", values)
        if time.monotonic() - self._since_s < MISSING_S:
            return Report("", OK, f"waiting for the first message on {self.topic}", values)
        if best is None:
            return Report("", STALE, self._nobody_publishes(), values)
        text = f"{self.topic} is published, but nothing has come for {MISSING_S:g} s or more"
        return Report("", WARN, f"{text}; is the driver streaming, does its QoS match?", values)

    def _nobody_publishes(self) -> str:
        there = self._node.get_publishers_info_by_topic(self._transports[0].topic)
        wrong = sorted({info.topic_type for info in there})
        if wrong:
            wanted = " or ".join(sorted({t.type_name for t in self._transports}))
            return f"{self.topic} has type {', '.join(wrong)}, expected {wanted}"
        images = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if set(types) & {IMAGE_TYPE, COMPRESSED_TYPE}
            and name != self._node.resolve_topic_name("overlay")
            and self._node.count_publishers(name)
        ]
        hint = f"; image topics here: {', '.join(sorted(images)[:8])}" if images else ""
        tried = ", ".join(t.topic for t in self._transports if t.topic != self.topic)
        also = f" (nor on {tried})" if tried else ""
        return f"nobody publishes on {self.topic}{also}; start the camera or remap{hint}"
