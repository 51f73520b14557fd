"""A folder of images or a bag in, messages with their times out, for frame_player to publish.

Roles tell where a message goes: depth, depth_info, color, color_info, tf, tf_static.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from geometry_msgs.msg import TransformStamped
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from deepsight_ros.errors import SourceError, TransformError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.nodes.camera_output import millimetres, pack
from deepsight_ros.nodes.conversions import byte_array, header, to_ns, transform_message
from deepsight_ros.nodes.settings import FramePlayerSettings
from deepsight_ros.sources import FolderSource, is_bag
from deepsight_ros.sources.bag import BagSource
from deepsight_ros.sources.bag_reader import BagReader
from deepsight_ros.sources.bag_topics import (
    IMAGE_TYPES,
    INFO_TYPE,
    TF_TYPES,
    ImageTopic,
)
from deepsight_ros.sources.base import SourceReport
from deepsight_ros.sources.folder import WORLD_FRAME

FAR_M = 65.0
"""16UC1 in millimetres ends here: beyond, depth is published as 32FC1."""


@dataclass(frozen=True, eq=False)
class Item:
    """One message of a recording.

    Attributes:
        time_ns: when it is due, on the recording's clock.
        role: where it goes.
        message: a ROS message whose stamps are the recording's.
        kind: transport of images: raw, compressed or compressedDepth.
    """

    time_ns: int
    role: str
    message: Any
    kind: str = "raw"


class FolderPlayback:
    """A folder of images; a trajectory becomes transforms from `world`."""

    def __init__(self, settings: FramePlayerSettings) -> None:
        folder = Path(settings.path).expanduser()
        self._source = FolderSource(
            folder,
            _camera(folder, settings),
            settings.depth_unit_m or None,
            use_colour=settings.color_topic != "none",
            rate_hz=settings.folder_rate_hz,
        )
        self.transports = {"depth": "raw", "color": "raw"}

    def __iter__(self) -> Iterator[Item]:
        for frame in self._source:
            stamp_ns = frame.stamp_ns
            camera = frame.camera
            if not camera.frame_id:
                camera = replace(camera, frame_id="camera_optical_frame")
            depth = frame.depth_m
            is_near = bool(np.nanmax(depth) < FAR_M)
            packed = pack(camera, millimetres(depth) if is_near else depth, frame.colour)
            try:
                pose = self._source.transforms.lookup(WORLD_FRAME, camera.frame_id, stamp_ns)
                moved = transform_message(WORLD_FRAME, camera.frame_id, pose, stamp_ns)
                yield Item(stamp_ns, "tf", [moved])
            except TransformError:
                pass  # the folder has no trajectory
            for role, message in (
                ("depth_info", packed.depth_info),
                ("color_info", packed.colour_info),
                ("color", packed.colour),
                ("depth", packed.depth),
            ):
                if message is not None:
                    message.header.stamp = header(stamp_ns, "").stamp
                    yield Item(stamp_ns, role, message)


class BagPlayback:
    """Messages of a bag as they were recorded, transports included.

    Attributes:
        report: counts messages that cannot be read.
    """

    def __init__(self, settings: FramePlayerSettings) -> None:
        # BagSource chooses the topics, and refuses what cannot be measured with a reason.
        source = BagSource(
            settings.path,
            depth_topic=settings.depth_topic or None,
            colour_topic=settings.color_topic or None,
            depth_info_topic=settings.depth_info_topic or None,
            colour_info_topic=settings.color_info_topic or None,
        )
        self._path = Path(settings.path).expanduser()
        self.report = SourceReport()
        topics = source.topics
        self._roles = {topics.depth.topic: "depth"}
        self.transports = {"depth": _transport(topics.depth, "compressedDepth")}
        if topics.colour is not None:
            self._roles[topics.colour.topic] = "color"
            self.transports["color"] = _transport(topics.colour, "compressed")
        self._info_roles: dict[str, list[str]] = {}
        for role, topic in (
            ("depth_info", topics.depth_info),
            ("color_info", topics.colour_info),
        ):
            if topic:
                self._info_roles.setdefault(topic, []).append(role)

    def __iter__(self) -> Iterator[Item]:
        self.report.restart()
        with BagReader(self._path) as reader:
            wanted = [
                c
                for c in reader.connections(*IMAGE_TYPES, INFO_TYPE)
                if c.topic in self._roles or c.topic in self._info_roles
            ]
            wanted += reader.connections(*TF_TYPES)
            for connection, time_ns, message in reader.messages(wanted, self.report.skip):
                if connection.msgtype in TF_TYPES:
                    static = connection.topic.endswith("_static")
                    transforms = [_transform(t) for t in message.transforms]
                    yield Item(time_ns, "tf_static" if static else "tf", transforms)
                elif connection.topic in self._info_roles:
                    for role in self._info_roles[connection.topic]:
                        yield Item(time_ns, role, _info(message))
                else:
                    role = self._roles[connection.topic]
                    yield Item(time_ns, role, _image(message), self.transports[role])


def open_playback(settings: FramePlayerSettings) -> FolderPlayback | BagPlayback:
    """What `path` names.

    Raises:
        SourceError: nothing there, or not readable as RGB-D.
        CalibrationError: a camera, or a transform between two, is missing.
    """
    path = Path(settings.path).expanduser()
    if not settings.path or not path.exists():
        raise SourceError(
            f"frame_player: got path '{settings.path}', expected a folder of images or a bag; set "
            "the parameter path"
        )
    return BagPlayback(settings) if is_bag(path) else FolderPlayback(settings)


def restamped(item: Item, shift: Any) -> Item:
    """The item with every stamp passed through ``shift`` (nanoseconds to nanoseconds)."""
    headers = (
        [t.header for t in item.message] if item.role.startswith("tf") else [item.message.header]
    )
    for each in headers:
        each.stamp = header(shift(to_ns(each.stamp)), "").stamp
    return item


def _camera(folder: Path, settings: FramePlayerSettings) -> Camera | None:
    """Intrinsics from the parameters; None where a camera file has to say."""
    if not settings.fx_px:
        return None
    depths = sorted(p for p in folder.rglob("*.png") if "depth" in str(p.relative_to(folder)))
    image = cv2.imread(str(depths[0]), cv2.IMREAD_UNCHANGED) if depths else None
    if image is None:
        raise SourceError(f"{folder}: got no readable depth image to go with fx_px")
    height, width = image.shape[:2]
    return Camera(
        width,
        height,
        settings.fx_px,
        settings.fy_px or settings.fx_px,
        settings.cx_px if settings.cx_px >= 0 else (width - 1) / 2,
        settings.cy_px if settings.cy_px >= 0 else (height - 1) / 2,
        frame_id="camera_optical_frame",
    )


def _transport(topic: ImageTopic, compressed: str) -> str:
    return compressed if topic.is_compressed else "raw"


# What the bag library reads (ROS 1 and 2) as messages of this ROS.


def _header(theirs: Any) -> Any:
    stamp_ns = int(theirs.stamp.sec) * 1_000_000_000 + int(theirs.stamp.nanosec)
    return header(stamp_ns, theirs.frame_id.lstrip("/"))


def _image(theirs: Any) -> Image | CompressedImage:
    data = byte_array(np.ascontiguousarray(theirs.data).data.cast("B"))
    if hasattr(theirs, "format"):
        return CompressedImage(header=_header(theirs.header), format=theirs.format, data=data)
    return Image(
        header=_header(theirs.header),
        height=int(theirs.height),
        width=int(theirs.width),
        encoding=theirs.encoding,
        is_bigendian=int(theirs.is_bigendian),
        step=int(theirs.step),
        data=data,
    )


def _info(theirs: Any) -> CameraInfo:
    def numbers(name: str) -> list[float]:
        value = getattr(theirs, name, None)
        return [float(v) for v in (getattr(theirs, name.upper()) if value is None else value)]

    message = CameraInfo(
        header=_header(theirs.header),
        height=int(theirs.height),
        width=int(theirs.width),
        distortion_model=theirs.distortion_model,
        d=numbers("d"),
        k=numbers("k"),
        r=numbers("r"),
        p=numbers("p"),
        binning_x=int(theirs.binning_x),
        binning_y=int(theirs.binning_y),
    )
    roi = theirs.roi
    message.roi.x_offset, message.roi.y_offset = int(roi.x_offset), int(roi.y_offset)
    message.roi.width, message.roi.height = int(roi.width), int(roi.height)
    return message


def _transform(theirs: Any) -> TransformStamped:
    message = TransformStamped(
        header=_header(theirs.header), child_frame_id=theirs.child_frame_id.lstrip("/")
    )
    t, q = theirs.transform.translation, theirs.transform.rotation
    ours = message.transform
    ours.translation.x, ours.translation.y, ours.translation.z = float(t.x), float(t.y), float(t.z)
    ours.rotation.x, ours.rotation.y = float(q.x), float(q.y)
    ours.rotation.z, ours.rotation.w = float(q.z), float(q.w)
    return message
