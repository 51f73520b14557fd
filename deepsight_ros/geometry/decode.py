"""Image messages in, metres and RGB out: encodings, units, row padding and byte order.

Every way a message can be wrong ends in a DecodeError that says what was got, what was expected
and what to do. Encoding names are those of sensor_msgs/image_encodings.hpp; 16-bit depth is in
millimetres and 32-bit depth in metres (REP 118) unless the caller states another unit. Compressed
messages: geometry/decode_compressed.py, offered here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.decode_compressed import (
    decode_compressed_colour,
    decode_compressed_depth,
    encode_compressed_depth,
)
from deepsight_ros.geometry.depth_units import metres, unit_for

__all__ = [
    "COLOUR_ENCODINGS",
    "DEPTH_ENCODINGS",
    "ImageBuffer",
    "decode_colour",
    "decode_compressed_colour",
    "decode_compressed_depth",
    "decode_depth",
    "encode_compressed_depth",
]

DEPTH_ENCODINGS: dict[str, str] = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}
"""Depth encodings and their element type."""

_COLOUR_LAYOUTS: dict[str, tuple[str, int, int | None]] = {
    "rgb8": ("u1", 3, None),
    "bgr8": ("u1", 3, cv2.COLOR_BGR2RGB),
    "8UC3": ("u1", 3, cv2.COLOR_BGR2RGB),
    "rgba8": ("u1", 4, cv2.COLOR_RGBA2RGB),
    "bgra8": ("u1", 4, cv2.COLOR_BGRA2RGB),
    "8UC4": ("u1", 4, cv2.COLOR_BGRA2RGB),
    "mono8": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "8UC1": ("u1", 1, cv2.COLOR_GRAY2RGB),
    "rgb16": ("u2", 3, None),
    "bgr16": ("u2", 3, cv2.COLOR_BGR2RGB),
    "mono16": ("u2", 1, cv2.COLOR_GRAY2RGB),
    "yuv422": ("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "uyvy": ("u1", 2, cv2.COLOR_YUV2RGB_UYVY),
    "yuv422_yuy2": ("u1", 2, cv2.COLOR_YUV2RGB_YUYV),
    "yuyv": ("u1", 2, cv2.COLOR_YUV2RGB_YUYV),
    # OpenCV names a Bayer pattern by its second row, ROS by its first.
    "bayer_rggb8": ("u1", 1, cv2.COLOR_BayerBG2RGB),
    "bayer_bggr8": ("u1", 1, cv2.COLOR_BayerRG2RGB),
    "bayer_gbrg8": ("u1", 1, cv2.COLOR_BayerGR2RGB),
    "bayer_grbg8": ("u1", 1, cv2.COLOR_BayerGB2RGB),
}
COLOUR_ENCODINGS: tuple[str, ...] = tuple(_COLOUR_LAYOUTS)
"""Colour encodings that are understood. 8UC3 and 8UC4 say no order: OpenCV's BGR is taken."""


@dataclass(frozen=True, eq=False)
class ImageBuffer:
    """The fields of a sensor_msgs/Image, nothing copied.

    Attributes:
        height, width: size in pixels.
        encoding: name as in sensor_msgs/image_encodings.hpp.
        is_bigendian: byte order of elements wider than one byte.
        step: bytes from one row to the next, padding included.
        data: the bytes: bytes, bytearray, memoryview, array.array or a contiguous uint8 array.
        name: what error messages call the image, usually its topic.
    """

    height: int
    width: int
    encoding: str
    is_bigendian: bool | int
    step: int
    data: Any
    name: str = "image"

    def pixels(self, element: str, channels: int) -> NDArray[Any]:
        """View of the bytes as (H, W) or (H, W, channels) elements; zero copy.

        Args:
            element: numpy type code without byte order, "u1", "u2" or "f4".
            channels: elements per pixel.

        Raises:
            DecodeError: size, step and amount of data do not fit together.
        """
        name, height, width, step = self.name, self.height, self.width, self.step
        if height < 1 or width < 1:
            raise DecodeError(
                f"{name}: got size {width}x{height}, expected at least 1x1; the driver publishes "
                "empty images, check the camera"
            )
        item = np.dtype(element).itemsize
        row = width * channels * item
        if step < row:
            raise DecodeError(
                f"{name}: got step {step}, expected at least {row} bytes for {width} pixels of "
                f"'{self.encoding}'; the driver fills in step or encoding wrongly"
            )
        raw = _as_bytes(self.data, name)
        least = step * (height - 1) + row
        if not least <= raw.size <= step * height:
            raise DecodeError(
                f"{name}: got {raw.size} bytes, expected {step * height} (step {step} x {height} "
                f"rows of '{self.encoding}'); the message is cut or its size is wrong"
            )
        order = ">" if self.is_bigendian else "<"
        pixels: NDArray[Any] = np.ndarray(
            (height, width, channels),
            np.dtype(order + element),
            buffer=raw,
            strides=(step, channels * item, item),
        )
        return pixels if channels > 1 else pixels[..., 0]


def decode_depth(image: ImageBuffer, unit_m: float | None = None) -> NDArray[np.float32]:
    """Depth in metres along the optical axis.

    Args:
        image: 16UC1 or mono16 (millimetres by default) or 32FC1 (metres by default).
        unit_m: metres per stored unit, for cameras that keep to no convention (0.0001, 1/5000).

    Returns:
        (H, W) float32, a fresh array; zero, negative and infinite readings are NaN.

    Raises:
        DecodeError: the message is malformed or its encoding is not a depth encoding.
    """
    element = DEPTH_ENCODINGS.get(image.encoding)
    if element is None:
        raise DecodeError(
            f"{image.name}: got encoding '{image.encoding}', expected depth as "
            f"{', '.join(DEPTH_ENCODINGS)}; "
            + (
                "this is a colour image, check the topic remapping"
                if image.encoding in _COLOUR_LAYOUTS
                else "set the camera driver to one of these"
            )
        )
    unit = unit_for(element, unit_m, image.name)
    return metres(image.pixels(element, 1), unit)


def decode_colour(image: ImageBuffer) -> NDArray[np.uint8]:
    """Colour as RGB.

    Returns:
        (H, W, 3) uint8. For ``rgb8`` a view of the message's bytes (read-only where they are);
        else a fresh array. 16-bit channels keep their upper byte, grey is repeated.

    Raises:
        DecodeError: the message is malformed or its encoding is not understood.
    """
    layout = _COLOUR_LAYOUTS.get(image.encoding)
    if layout is None:
        raise DecodeError(
            f"{image.name}: got encoding '{image.encoding}', expected colour as "
            f"{', '.join(COLOUR_ENCODINGS)}; "
            + (
                "this is a depth image, check the topic remapping"
                if image.encoding in DEPTH_ENCODINGS
                else "set the camera driver to one of these"
            )
        )
    element, channels, conversion = layout
    pixels = image.pixels(element, channels)
    if element == "u2":
        pixels = (pixels >> 8).astype(np.uint8)
    if conversion is None:
        return pixels
    paired = channels == 2  # two pixels share their chroma
    if (paired and image.width % 2) or (
        image.encoding.startswith("bayer") and min(pixels.shape) < 2
    ):
        raise DecodeError(
            f"{image.name}: got {image.width}x{image.height} pixels of '{image.encoding}', "
            "expected an even size; the driver crops the image wrongly"
        )
    try:
        rgb = cv2.cvtColor(np.ascontiguousarray(pixels), conversion)
    except cv2.error as error:
        raise DecodeError(
            f"{image.name}: got {image.width}x{image.height} pixels of '{image.encoding}' that "
            f"OpenCV cannot convert ({error.err}), expected an even size"
        ) from error
    return np.asarray(rgb, dtype=np.uint8)


def _as_bytes(data: Any, name: str) -> NDArray[np.uint8]:
    """(N,) uint8 view of anything that exposes contiguous bytes."""
    try:
        return np.frombuffer(data, dtype=np.uint8)
    except (TypeError, ValueError, BufferError) as error:
        # numpy refuses an empty buffer here too, though not in np.array
        if isinstance(data, (bytes, bytearray, memoryview)) and len(data) == 0:
            return np.empty(0, np.uint8)
        raise DecodeError(
            f"{name}: got data of type {type(data).__name__} ({error}), expected contiguous bytes "
            "(bytes, array.array, memoryview or a uint8 array)"
        ) from error
