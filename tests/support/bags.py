"""Writes small bags for tests: rosbag2 (sqlite3, mcap) and ROS 1, through the rosbags library."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_typestore

from deepsight_ros.geometry.camera import Camera

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED = "sensor_msgs/msg/CompressedImage"
INFO = "sensor_msgs/msg/CameraInfo"
TF = "tf2_msgs/msg/TFMessage"


@dataclass
class BagMaker:
    """Collects messages, then writes them in the order they were added.

    Attributes:
        kind: ``sqlite3``, ``mcap`` or ``ros1``.
        compression: of rosbag2, zstd: ``none``, ``file`` or ``message``.
    """

    kind: str = "mcap"
    compression: str = "none"
    entries: list[tuple[str, str, int, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_ros1 = self.kind == "ros1"
        store = Stores.ROS1_NOETIC if self.is_ros1 else Stores.ROS2_HUMBLE
        self.store = get_typestore(store)

    def _make(self, name: str, **fields: Any) -> Any:
        return self.store.types[name](**fields)

    def _header(self, stamp_ns: int, frame_id: str) -> Any:
        stamp = self._make(
            "builtin_interfaces/msg/Time", sec=stamp_ns // 10**9, nanosec=stamp_ns % 10**9
        )
        extra = {"seq": 0} if self.is_ros1 else {}
        return self._make("std_msgs/msg/Header", stamp=stamp, frame_id=frame_id, **extra)

    def image(
        self, topic: str, stamp_ns: int, frame_id: str, encoding: str, pixels: NDArray[Any]
    ) -> None:
        data = np.ascontiguousarray(pixels).view(np.uint8).ravel()
        message = self._make(
            IMAGE,
            header=self._header(stamp_ns, frame_id),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=data.size // pixels.shape[0],
            data=data,
        )
        self.entries.append((topic, IMAGE, stamp_ns, message))

    def compressed(
        self, topic: str, stamp_ns: int, frame_id: str, format: str, data: bytes
    ) -> None:
        message = self._make(
            COMPRESSED,
            header=self._header(stamp_ns, frame_id),
            format=format,
            data=np.frombuffer(data, np.uint8),
        )
        self.entries.append((topic, COMPRESSED, stamp_ns, message))

    def info(self, topic: str, stamp_ns: int, camera: Camera) -> None:
        k, r = camera.matrix.ravel(), np.eye(3).ravel()
        p = np.hstack([camera.matrix, np.zeros((3, 1))]).ravel()
        d = np.array(camera.distortion, dtype=np.float64)
        names = ("K", "R", "P", "D") if self.is_ros1 else ("k", "r", "p", "d")
        roi = self._make(
            "sensor_msgs/msg/RegionOfInterest",
            x_offset=0,
            y_offset=0,
            height=0,
            width=0,
            do_rectify=False,
        )
        message = self._make(
            INFO,
            header=self._header(stamp_ns, camera.frame_id),
            height=camera.height_px,
            width=camera.width_px,
            distortion_model=camera.distortion_model,
            binning_x=0,
            binning_y=0,
            roi=roi,
            **dict(zip(names, (k, r, p, d), strict=True)),
        )
        self.entries.append((topic, INFO, stamp_ns, message))

    def tf(
        self,
        topic: str,
        stamp_ns: int,
        parent: str,
        child: str,
        translation: tuple[float, float, float],
        quaternion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0),
    ) -> None:
        x, y, z = translation
        t = self._make("geometry_msgs/msg/Vector3", x=x, y=y, z=z)
        qx, qy, qz, qw = quaternion
        q = self._make("geometry_msgs/msg/Quaternion", x=qx, y=qy, z=qz, w=qw)
        stamped = self._make(
            "geometry_msgs/msg/TransformStamped",
            header=self._header(stamp_ns, parent),
            child_frame_id=child,
            transform=self._make("geometry_msgs/msg/Transform", translation=t, rotation=q),
        )
        message = self._make(TF, transforms=[stamped])
        self.entries.append((topic, TF, stamp_ns, message))

    def garbage(self, topic: str, kind: str, stamp_ns: int) -> None:
        """A message whose bytes end in the middle."""
        self.entries.append((topic, kind, stamp_ns, b"\x00\x01\x00\x00\xff\xff"))

    def write(self, folder: Path) -> Path:
        """The bag's path."""
        if self.is_ros1:
            return self._write(Writer1(folder / "test.bag"), folder / "test.bag")
        plugin = StoragePlugin.MCAP if self.kind == "mcap" else StoragePlugin.SQLITE3
        path = folder / "test_bag"
        writer = Writer2(path, version=8, storage_plugin=plugin)
        if self.compression != "none":
            writer.set_compression(
                CompressionMode[self.compression.upper()], CompressionFormat.ZSTD
            )
        return self._write(writer, path)

    def _write(self, writer: Any, path: Path) -> Path:
        with writer:
            connections: dict[str, Any] = {}
            for topic, kind, stamp_ns, message in self.entries:
                if topic not in connections:
                    connections[topic] = writer.add_connection(topic, kind, typestore=self.store)
                if isinstance(message, bytes):
                    raw = message
                elif self.is_ros1:
                    raw = self.store.serialize_ros1(message, kind)
                else:
                    raw = self.store.serialize_cdr(message, kind)
                writer.write(connections[topic], stamp_ns, raw)
        return path
