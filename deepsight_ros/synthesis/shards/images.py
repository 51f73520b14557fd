"""Images of a row: depth as 16-bit PNG, instance ids as PNG, colour as PNG, WebP or JPEG.

Depth is an integer number of ``unit_m`` (float16 would be too coarse: 4 mm at 5 m); 0 is invalid.
Instance ids are stored with ``ID_OFFSET`` added, as 8 bit where they fit, else 16 bit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError, ShardError

ID_OFFSET = 8
"""Added to instance ids, so that floor, wall and support (-1 to -8) stay at or above 0."""

COLOUR_CODECS = ("png", "webp", "jpeg")
_PNG_FAST = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_PNG_RUNS = [*_PNG_FAST, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
_COLOUR_SETTINGS = {
    "png": (".png", _PNG_FAST),
    "webp": (".webp", [cv2.IMWRITE_WEBP_QUALITY, 101]),  # above 100: lossless
    "jpeg": (".jpg", [cv2.IMWRITE_JPEG_QUALITY, 95]),
}


def encode_depth(depth_m: NDArray[np.float32], unit_m: float) -> bytes:
    """(H, W) float32 metres, NaN = invalid -> PNG of 16 bit multiples of ``unit_m``.

    Raises:
        InvalidValueError: a depth does not fit in 16 bit at this unit.
    """
    steps = np.nan_to_num(depth_m, nan=0.0, posinf=0.0, neginf=0.0) / np.float32(unit_m)
    highest = float(steps.max(initial=0.0))
    if highest >= 65535.5:
        raise InvalidValueError(
            f"depth image: got {highest * unit_m:.2f} m, expected at most {65535 * unit_m:.2f} m "
            f"at a unit of {unit_m} m; write with a larger depth unit"
        )
    valid = np.isfinite(depth_m)
    rounded = np.rint(steps).astype(np.uint16)
    # a reading nearer than half a unit must not become a hole
    np.maximum(rounded, 1, out=rounded, where=valid)
    return _encode(".png", rounded, _PNG_RUNS)


def decode_depth(data: bytes, unit_m: float) -> NDArray[np.float32]:
    """The inverse of ``encode_depth``: (H, W) float32 metres, NaN = invalid."""
    steps = _decode(data, "depth", np.uint16)
    depth = steps.astype(np.float32) * np.float32(unit_m)
    depth[steps == 0] = np.nan
    return depth


def encode_ids(instance_id: NDArray[np.int16]) -> bytes:
    """(H, W) int16 instance ids, at least ``-ID_OFFSET``."""
    low, high = int(instance_id.min(initial=0)), int(instance_id.max(initial=0))
    if low < -ID_OFFSET:
        raise InvalidValueError(
            f"instance ids: got {low}, expected at least {-ID_OFFSET} (0 and below are no object)"
        )
    kind = np.uint8 if high + ID_OFFSET <= 255 else np.uint16
    return _encode(".png", (instance_id.astype(np.int32) + ID_OFFSET).astype(kind), _PNG_RUNS)


def decode_ids(data: bytes) -> NDArray[np.int16]:
    """(H, W) int16 instance ids."""
    raw = _decode(data, "instance ids", None)
    return (raw.astype(np.int32) - ID_OFFSET).astype(np.int16)


def encode_colour(colour: NDArray[np.uint8], codec: str) -> bytes:
    """(H, W, 3) uint8 RGB -> file bytes; ``jpeg`` (quality 95) is the only lossy codec."""
    if codec not in _COLOUR_SETTINGS:
        raise InvalidValueError(f"colour codec: got '{codec}', expected one of {COLOUR_CODECS}")
    suffix, settings = _COLOUR_SETTINGS[codec]
    return _encode(suffix, cv2.cvtColor(colour, cv2.COLOR_RGB2BGR), settings)


def decode_colour(data: bytes) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ShardError("shard row: the colour image cannot be decoded; verify the checksums")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _encode(suffix: str, image: NDArray[np.generic], settings: list[int]) -> bytes:
    ok, data = cv2.imencode(suffix, image, settings)
    if not ok:
        raise InvalidValueError(
            f"image {image.shape} {image.dtype}: cannot be written as {suffix}"
        )
    return data.tobytes()


def _decode(data: bytes, what: str, dtype: type | None) -> NDArray[np.generic]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 2 or (dtype is not None and image.dtype != dtype):
        got = "no image" if image is None else f"{image.dtype} {image.shape}"
        raise ShardError(f"shard row: got {got} for {what}; verify the checksums")
    return image
