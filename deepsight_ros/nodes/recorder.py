"""The running graph's topics in; a rosbag2 (mcap) that replays, out.

Frames, transforms, questions, answers, rewards. Messages are written as they came over the wire,
through the `rosbags` library.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Nodetype
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from deepsight_ros.errors import SourceError
from deepsight_ros.nodes.dds_profile import use_image_profile
from deepsight_ros.nodes.spinning import Spinner, settle

ALWAYS = ("/tf", "/tf_static")
CAMERA = ("color/image_raw", "depth/image_raw")
OURS = ("questions", "answers", "rewards", "detections")
LOOK_EVERY_S = 0.5
"""New topics are looked for this often."""
DEPTH = 60
"""Messages of a topic that may wait for the disk."""


class RecorderNode(Node):
    """Records until it is closed.

    Args:
        path: folder of the bag; must not exist.
        topics: more topics to record, beside the camera's, TF and our own.
        context, namespace: as for every node.

    Attributes:
        counts: topic -> messages written.

    Raises:
        SourceError: the folder exists.
    """

    def __init__(
        self,
        path: Path,
        topics: tuple[str, ...] = (),
        *,
        namespace: str = "",
        context: Context | None = None,
    ) -> None:
        if path.exists():
            raise SourceError(f"{path}: got a place that is taken, expected a new folder")
        super().__init__("recorder", namespace=namespace, context=context)
        own = [self.resolve_topic_name(t) for t in (*CAMERA, *OURS)]
        self._wanted = {*ALWAYS, *own, *topics}
        images = [self.resolve_topic_name(t) for t in CAMERA]
        infos = [t.rpartition("/")[0] + "/camera_info" for t in images]
        compressed = [f"{t}/{kind}" for t in images for kind in ("compressed", "compressedDepth")]
        self._wanted |= {*infos, *compressed}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = Writer(path, version=8, storage_plugin=StoragePlugin.MCAP)
        self._writer.open()
        self._store = get_typestore(Stores.ROS2_JAZZY)
        self._lock = threading.Lock()
        self._taken: dict[str, Any] = {}
        self._is_closed = False
        self.counts: dict[str, int] = {}
        self._timer = self.create_timer(LOOK_EVERY_S, self.look)

    def look(self) -> None:
        """Subscribe to the wanted topics that have appeared."""
        for topic, types in self.get_topic_names_and_types():
            if topic in self._wanted and topic not in self._taken:
                self._take(topic, types[0])

    def close(self) -> None:
        """End the bag; nothing is written after this."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._writer.close()
        self.destroy_node()

    def _take(self, topic: str, kind: str) -> None:
        latched = topic.endswith("_static")
        profile = QoSProfile(
            depth=DEPTH,
            reliability=ReliabilityPolicy.BEST_EFFORT
            if "image" in topic or "camera_info" in topic
            else ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        self._learn(kind)
        connection = self._writer.add_connection(topic, kind, typestore=self._store)
        self.counts[topic] = 0

        def write(data: bytes) -> None:
            with self._lock:
                if not self._is_closed:
                    self._writer.write(connection, time.time_ns(), data)
                    self.counts[topic] += 1

        self._taken[topic] = self.create_subscription(
            _message_class(kind), topic, write, profile, raw=True
        )

    def _learn(self, kind: str) -> None:
        """Definition of a type the library does not know, from the package that made it."""
        waiting = [kind]
        while waiting:
            name = waiting.pop()
            if name in self._store.types:
                continue
            text = _definition(name)
            found = get_types_from_msg(text, name)
            self._store.register(found)
            for _, fields in found.values():
                for _, (node, about) in fields:
                    inner = about if node == Nodetype.NAME else about[0][1]
                    if isinstance(inner, str) and "/" in inner:
                        waiting.append(inner)


def _message_class(kind: str) -> Any:
    package, _, name = kind.split("/")
    return getattr(importlib.import_module(f"{package}.msg"), name)


def _definition(kind: str) -> str:
    """Text of a message's definition, from where its package is installed."""
    package, _, name = kind.split("/")
    prefixes = [p for p in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if p]
    for prefix in (*prefixes, sys.prefix):
        path = Path(prefix) / "share" / package / "msg" / f"{name}.msg"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise SourceError(
        f"got no definition of {kind} under AMENT_PREFIX_PATH, expected share/{package}/msg/"
        f"{name}.msg; is the package's installation sourced?"
    )


def record(
    path: Path, topics: tuple[str, ...], *, namespace: str, seconds: float, stop: threading.Event
) -> dict[str, int]:
    """Record until ``stop`` is set or ``seconds`` (0: no limit) are over.

    Args:
        path: folder of the bag; must not exist.
        topics: recorded beside those the graph and the camera have.
        namespace: of the graph.
        seconds, stop: when to end.

    Returns:
        Messages per topic.

    Raises:
        DeepsightError: the bag cannot be written.
    """
    use_image_profile()
    context = Context()
    rclpy.init(context=context)
    try:
        node = RecorderNode(path, topics, namespace=namespace, context=context)
        spinner = Spinner(node)
        began_s = time.monotonic()
        while not stop.wait(0.2) and not 0 < seconds <= time.monotonic() - began_s:
            pass
        spinner.stop()
        settle(node)
        node.close()
    finally:
        context.try_shutdown()
    return node.counts
