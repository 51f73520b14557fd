"""The one seam to TF: tf2_ros where it is importable, else our own interpolating buffer.

Both answer ``lookup(target, source, stamp_ns)`` with ``target_from_source`` at that stamp, and
TransformError says which frames are known when there is none.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import numpy as np
from rclpy.node import Node
from rclpy.time import Time

from deepsight_ros.errors import InvalidValueError, TransformError
from deepsight_ros.geometry.transform_buffer import TransformBuffer
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import to_ns, transform_from_message
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.reception import Reception

try:
    import tf2_ros
except ImportError:  # the PyPI wheels have none
    tf2_ros = None

POLL_S = 0.002
"""How often a waiting lookup looks again."""


class Transforms(Protocol):
    """What the nodes need of TF."""

    def lookup(
        self, target: str, source: str, stamp_ns: int, wait_s: float = 0.0
    ) -> RigidTransform:
        """``target_from_source`` at the stamp.

        Args:
            target, source: frame ids.
            stamp_ns: time of the wanted transform.
            wait_s: how long to wait for it; call with 0 from a callback.

        Raises:
            TransformError: no chain between the frames, or none at that time.
        """
        ...

    def reset(self) -> None:
        """Forget moving transforms (the clock jumped back)."""

    def close(self) -> None:
        """Unsubscribe."""


def make_transforms(node: Node, faults: FaultLog, reception: Reception) -> Transforms:
    """tf2_ros's buffer where it is installed, ours elsewhere."""
    return Tf2Transforms(node) if tf2_ros is not None else OwnTransforms(node, faults, reception)


def _waiting(find: Any, wait_s: float) -> RigidTransform:
    """Try until found or out of time; the last failure is raised."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            return find()
        except TransformError:
            if time.monotonic() >= deadline:
                raise
        time.sleep(POLL_S)


class OwnTransforms:
    """/tf and /tf_static into a TransformBuffer.

    Args:
        node: who subscribes.
        faults: where bad transforms are counted.
        reception: who takes the messages, at the latest when a transform is asked for.
    """

    def __init__(self, node: Node, faults: FaultLog, reception: Reception) -> None:
        from tf2_msgs.msg import TFMessage  # built beside our interfaces where it is missing

        self._faults = faults
        self._reception = reception
        self._buffer = TransformBuffer()
        self._subscriptions = [
            reception.add(node.create_subscription(TFMessage, *about), wakes=False)
            for about in (
                ("/tf", self._on_moving, qos.reliable(100)),
                ("/tf_static", self._on_static, qos.latched(100)),
            )
        ]

    def lookup(
        self, target: str, source: str, stamp_ns: int, wait_s: float = 0.0
    ) -> RigidTransform:
        def find() -> RigidTransform:
            self._reception.take_quiet()
            return self._buffer.lookup(target, source, stamp_ns)

        return _waiting(find, wait_s)

    def reset(self) -> None:
        self._buffer.clear()

    def close(self) -> None:
        for subscription in self._subscriptions:
            self._reception.remove(subscription)
        self._subscriptions = []

    def _on_moving(self, message: Any) -> None:
        self._take(message, "/tf", False)

    def _on_static(self, message: Any) -> None:
        self._take(message, "/tf_static", True)

    def _take(self, message: Any, topic: str, is_static: bool) -> None:
        for stamped in message.transforms:
            t, q = stamped.transform.translation, stamped.transform.rotation
            try:
                self._buffer.add(
                    stamped.header.frame_id,
                    stamped.child_frame_id,
                    np.array([t.x, t.y, t.z]),
                    np.array([q.x, q.y, q.z, q.w]),
                    to_ns(stamped.header.stamp),
                    is_static,
                )
            except InvalidValueError as error:
                child = stamped.child_frame_id
                self._faults.add(topic, "bad transform", f"transform to '{child}': {error}")


class Tf2Transforms:
    """tf2_ros.Buffer behind the same call."""

    def __init__(self, node: Node) -> None:
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node, spin_thread=False)

    def lookup(
        self, target: str, source: str, stamp_ns: int, wait_s: float = 0.0
    ) -> RigidTransform:
        def find() -> RigidTransform:
            try:
                found = self._buffer.lookup_transform(target, source, Time(nanoseconds=stamp_ns))
            except tf2_ros.TransformException as error:
                raise TransformError(
                    f"no transform from '{source}' to '{target}' at the image stamp: {error}"
                ) from error
            return transform_from_message(found)

        return _waiting(find, wait_s)

    def reset(self) -> None:
        self._buffer.clear()

    def close(self) -> None:
        self._listener.unregister()
