"""Compressed image messages in, metres and RGB out (image_transport_plugins' conventions).

Colour is JPEG or PNG. Depth is PNG or RVL behind the 12-byte header of compressed_depth_image_
transport (int32 kind, float32 a, float32 b), with 32-bit depth stored as quantised inverse depth
``a / z + b``; or, from compressed_image_transport, a bare 16-bit PNG. The size an image claims is
read and limited before anything is unpacked.
"""

from __future__ import annotations

import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.depth_units import metres, unit_for
from deepsight_ros.geometry.rvl import decode_rvl, encode_rvl

MAX_PIXELS = 1 << 25
"""Largest image that is unpacked (33 Mpx): more is a decompression bomb or a broken message."""
PNG_START = b"\x89PNG\r\n\x1a\n"
JPEG_START = b"\xff\xd8\xff"
DEPTH_HEADER = struct.Struct("<iff")
RVL_SIZE = struct.Struct("<II")
_JPEG_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_COLOUR_NAMES = ("rgb8", "bgr8", "rgba8", "bgra8", "rgb16", "bgr16", "rgba16", "bgra16")


def decode_compressed_colour(format: str, data: Any, name: str = "image") -> NDArray[np.uint8]:
    """Colour of a sensor_msgs/CompressedImage.

    Args:
        format: the message's field: "jpeg", "png", or "rgb8; jpeg compressed bgr8" and the like.
        data: contiguous bytes.
        name: what error messages call the image, usually its topic.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        DecodeError: not JPEG or PNG, truncated, corrupt, or too large.
    """
    if "compressedDepth" in format:
        raise DecodeError(
            f"{name}: got format '{format}', expected a colour image; this is a depth image, "
            "check the topic remapping"
        )
    encoded = _contiguous(data, name)
    width, height = _claimed_size(encoded, name)
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = _unpack(encoded, flags, (height, width), name)
    encoding, separator, how = format.partition(";")
    # Publishers turn colour to BGR before they compress and say so ("compressed bgr8"). One that
    # names a colour encoding without saying so compressed its RGB bytes as if they were BGR.
    swapped = bool(separator) and encoding.strip() in _COLOUR_NAMES and "compressed bgr" not in how
    if swapped:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def decode_compressed_depth(
    format: str, data: Any, unit_m: float | None = None, name: str = "depth image"
) -> NDArray[np.float32]:
    """Depth in metres of a sensor_msgs/CompressedImage.

    Args:
        format: "16UC1; compressedDepth", "16UC1; compressedDepth png", "16UC1; compressedDepth
            rvl", the same with 32FC1, or "16UC1; png compressed ". Without an encoding
            (publishers older than 2012, "png"): 16UC1.
        data: contiguous bytes.
        unit_m: metres per stored unit; None decides by encoding (16UC1 mm, 32FC1 m).
        name: what error messages call the image, usually its topic.

    Returns:
        (H, W) float32; NaN where there is no reading.

    Raises:
        DecodeError: unknown format, bad header, truncated or corrupt data, or too large.
    """
    encoding, separator, how = (part.strip() for part in format.partition(";"))
    if not separator:
        encoding, how = "16UC1", encoding
    if encoding not in ("16UC1", "mono16", "32FC1"):
        raise DecodeError(
            f"{name}: got format '{format}', expected 16UC1 or 32FC1 before ';'; is this the "
            "depth topic?"
        )
    element = "f4" if encoding == "32FC1" else "u2"
    unit = unit_for(element, unit_m, name)
    encoded = _contiguous(data, name)
    if "compressedDepth" not in how:
        if "png" not in how or element == "f4":
            raise DecodeError(
                f"{name}: got format '{format}', expected '{encoding}; compressedDepth png', "
                f"'{encoding}; compressedDepth rvl' or '16UC1; png compressed'; depth cannot be "
                "read from a lossy or unknown compression"
            )
        return metres(_png_depth(encoded, name), unit)
    if len(encoded) <= DEPTH_HEADER.size:
        raise DecodeError(
            f"{name}: got {len(encoded)} bytes, expected a header of {DEPTH_HEADER.size} and an "
            "image after it; the message is cut"
        )
    _, a, b = DEPTH_HEADER.unpack_from(encoded)
    body = encoded[DEPTH_HEADER.size :]
    stored = _rvl_depth(body, name) if "rvl" in how else _png_depth(body, name)
    if element == "u2":  # the header's numbers mean nothing here and often are not even set
        return metres(stored, unit)
    return metres(_from_inverse(stored, a, b, name), unit)


def encode_compressed_depth(
    depth: NDArray[Any],
    codec: str = "png",
    max_depth: float = 10.0,
    quantisation: float = 100.0,
) -> tuple[str, bytes]:
    """Format and data of a compressedDepth message, as compressed_depth_image_transport makes it.

    Args:
        depth: (H, W) uint16 in any unit (lossless), or float32 in metres (quantised; NaN = none).
        codec: ``png`` or ``rvl``.
        max_depth: farthest depth kept of float32 input.
        quantisation: depth at which neighbouring codes lie about 1 unit apart (float32 input).

    Raises:
        DecodeError: other element type, shape or codec.
    """
    known = depth.dtype in (np.uint16, np.float32) and codec in ("png", "rvl")
    if depth.ndim != 2 or not known:
        raise DecodeError(
            f"compressed depth: got {depth.dtype} {depth.shape} as '{codec}', expected (H, W) "
            "uint16 or float32 as 'png' or 'rvl'"
        )
    a = b = 0.0
    encoding, stored = "16UC1", depth
    if depth.dtype == np.float32:
        encoding = "32FC1"
        a = quantisation * (quantisation + 1.0)
        b = 1.0 - a / max_depth
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            codes = a / depth + b
            kept = (depth > 0.0) & (depth < max_depth) & (codes < 65536.0)
        stored = np.where(kept, codes, 0.0).astype(np.uint16)
    if codec == "rvl":
        body = RVL_SIZE.pack(depth.shape[1], depth.shape[0]) + encode_rvl(stored)
    else:
        body = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    return f"{encoding}; compressedDepth {codec}", DEPTH_HEADER.pack(0, a, b) + body


def _from_inverse(
    stored: NDArray[np.uint16], a: float, b: float, name: str
) -> NDArray[np.float32]:
    """Depth from quantised inverse depth; 0 stays 0 (no reading)."""
    if not (np.isfinite(a) and np.isfinite(b) and a > 0.0):
        raise DecodeError(
            f"{name}: got quantisation a={a} b={b} in the header, expected finite numbers with "
            "a > 0; the message is corrupt or not 32FC1 compressedDepth"
        )
    codes = stored.astype(np.float32)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        depth = np.float32(a) / (codes - np.float32(b))
    depth[stored == 0] = 0.0
    return np.asarray(depth, dtype=np.float32)


def _png_depth(encoded: bytes, name: str) -> NDArray[np.uint16]:
    if not encoded.startswith(PNG_START):
        raise DecodeError(
            f"{name}: got data that starts with {encoded[:8].hex(' ')}, expected a PNG; the "
            "format field and the data do not agree"
        )
    width, height = _claimed_size(encoded, name)
    pixels = _unpack(encoded, cv2.IMREAD_UNCHANGED, (height, width), name)
    if pixels.dtype != np.uint16 or pixels.ndim != 2:
        raise DecodeError(
            f"{name}: got a PNG of {pixels.dtype} {pixels.shape}, expected 16 bit, one channel; "
            "is this a colour image?"
        )
    return pixels


def _rvl_depth(body: bytes, name: str) -> NDArray[np.uint16]:
    if len(body) < RVL_SIZE.size:
        raise DecodeError(f"{name}: got {len(body)} bytes of RVL, expected its size first (8)")
    width, height = RVL_SIZE.unpack_from(body)
    _check_size(width, height, name)
    return decode_rvl(body[RVL_SIZE.size :], height * width, name).reshape(height, width)


def _contiguous(data: Any, name: str) -> bytes:
    try:
        return bytes(memoryview(data).cast("B"))
    except (TypeError, ValueError) as error:
        raise DecodeError(
            f"{name}: got data of type {type(data).__name__} ({error}), expected contiguous bytes"
        ) from error


def _unpack(encoded: bytes, flags: int, size: tuple[int, int], name: str) -> NDArray[Any]:
    """cv2.imdecode with every failure turned into a DecodeError."""
    complete = b"IEND" if encoded.startswith(PNG_START) else b"\xff\xd9"
    pixels = None
    # Older OpenCV returns a half-grey picture for a cut file, so look for its end first.
    if encoded.rfind(complete) >= 0:
        try:
            pixels = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags)
        except cv2.error as error:
            raise DecodeError(f"{name}: got an image OpenCV refuses ({error.err})") from error
    if pixels is None or pixels.shape[:2] != size:
        raise DecodeError(
            f"{name}: got {len(encoded)} bytes of a cut or corrupt image of {size[1]}x{size[0]}, "
            "expected a whole one; messages are lost or truncated on the way"
        )
    return np.asarray(pixels)


def _claimed_size(encoded: bytes, name: str) -> tuple[int, int]:
    """(width, height) that a PNG or JPEG header claims, checked against MAX_PIXELS."""
    if encoded.startswith(PNG_START) and len(encoded) >= 24:
        width, height = struct.unpack_from(">II", encoded, 16)
    elif encoded.startswith(JPEG_START):
        width, height = _jpeg_size(encoded, name)
    else:
        raise DecodeError(
            f"{name}: got {len(encoded)} bytes that start with {encoded[:8].hex(' ')}, expected a "
            "JPEG or PNG; set the publisher's compression format to one of these"
        )
    _check_size(width, height, name)
    return width, height


def _jpeg_size(encoded: bytes, name: str) -> tuple[int, int]:
    """Size from the frame header, walking the segments before it (ITU T.81, B.1.1)."""
    at = 2
    while at + 9 <= len(encoded) and encoded[at] == 0xFF:
        marker = encoded[at + 1]
        if marker in _JPEG_SIZE_MARKERS:
            height, width = struct.unpack_from(">HH", encoded, at + 5)
            return width, height
        # fill bytes and markers without a length advance by themselves
        bare = marker == 0xFF or 0xD0 <= marker <= 0xD9 or marker == 0x01
        length = 0 if bare else struct.unpack_from(">H", encoded, at + 2)[0]
        at += 1 if marker == 0xFF else 2 + length
    raise DecodeError(
        f"{name}: got {len(encoded)} bytes of JPEG without a frame header, expected a whole image"
    )


def _check_size(width: int, height: int, name: str) -> None:
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise DecodeError(
            f"{name}: got an image that claims {width}x{height}, expected 1 to {MAX_PIXELS} "
            "pixels; the message is corrupt"
        )
