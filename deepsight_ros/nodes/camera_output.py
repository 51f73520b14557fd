"""RGB-D values in, camera topics out, as a camera driver would publish them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import header, image_message, info_message


def millimetres(depth_m: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Depth as 16UC1: whole millimetres, 0 where invalid or beyond 65 m."""
    scaled = np.nan_to_num(depth_m * np.float32(1000.0) + np.float32(0.5), nan=0.0, posinf=0.0)
    return np.where((scaled > 0) & (scaled < 65535), scaled, 0).astype(np.uint16)


@dataclass(frozen=True, eq=False)
class PackedFrame:
    """A frame as messages that only lack their stamp; publishing it again costs nothing.

    Attributes:
        depth, depth_info: Image and CameraInfo.
        colour, colour_info: the same of the colour camera, or None.
    """

    depth: Image
    depth_info: CameraInfo
    colour: Image | None = None
    colour_info: CameraInfo | None = None


def pack(
    camera: Camera,
    depth: NDArray[Any],
    colour: NDArray[np.uint8] | None = None,
    colour_camera: Camera | None = None,
) -> PackedFrame:
    """Messages of one frame.

    Args:
        camera: of the depth image.
        depth: (H, W) uint16 millimetres (16UC1) or float32 metres (32FC1).
        colour: (H, W, 3) uint8 RGB or None.
        colour_camera: of the colour image; None: registered to depth.
    """
    stamp = header(0, camera.frame_id)
    encoding = "16UC1" if depth.dtype == np.uint16 else "32FC1"
    depth_image = image_message(depth, encoding, stamp)
    depth_info = info_message(camera, header(0, camera.frame_id))
    if colour is None:
        return PackedFrame(depth_image, depth_info)
    source = colour_camera or camera
    return PackedFrame(
        depth_image,
        depth_info,
        image_message(colour, "rgb8", header(0, source.frame_id)),
        info_message(source, header(0, source.frame_id)),
    )


class CameraOutput:
    """Publishers of one camera, on relative topic names.

    Args:
        node: who publishes.
        has_colour: also advertise colour.
        color_topic, depth_topic, color_info_topic, depth_info_topic: names.
    """

    def __init__(
        self,
        node: Node,
        has_colour: bool = True,
        *,
        color_topic: str = "color/image_raw",
        depth_topic: str = "depth/image_raw",
        color_info_topic: str = "color/camera_info",
        depth_info_topic: str = "depth/camera_info",
    ) -> None:
        self._node = node
        self._depth = self._advertise(Image, depth_topic)
        self._depth_info = self._advertise(CameraInfo, depth_info_topic)
        self._colour = self._advertise(Image, color_topic) if has_colour else None
        self._colour_info = self._advertise(CameraInfo, color_info_topic) if has_colour else None

    def close(self) -> None:
        """Unadvertise."""
        for publisher in (self._depth, self._depth_info, self._colour, self._colour_info):
            if publisher is not None:
                self._node.destroy_publisher(publisher)

    def _advertise(self, kind: type[Any], topic: str) -> Any:
        return self._node.create_publisher(
            kind, topic, qos.sensor_out(), qos_overriding_options=qos.overridable()
        )

    def publish(self, frame: PackedFrame, stamp_ns: int) -> None:
        """Publish all messages of a frame with one stamp."""
        stamp = header(stamp_ns, "").stamp
        messages = [(self._depth_info, frame.depth_info), (self._depth, frame.depth)]
        if frame.colour is not None and self._colour is not None:
            messages = [
                (self._colour_info, frame.colour_info),
                (self._colour, frame.colour),
                *messages,
            ]
        for publisher, message in messages:
            message.header.stamp = stamp
            publisher.publish(message)
