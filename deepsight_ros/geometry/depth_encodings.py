"""Stored 16-bit depth images of other kinds than "a number times a unit" in, metres out.

``rotated``: SUN RGB-D writes millimetres with the 16 bits rotated left by three (its toolbox turns
them back). ``disparity``: raw readings of the first Kinect as NYU Depth V2 publishes them, 11 bits
(``z = 351.3 / (1092.5 - d)`` by the NYU toolbox), 2047 where there is none.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.depth_units import metres

ENCODINGS = ("linear", "rotated", "disparity")
_DISPARITY_NONE = 2047
_DISPARITY_SCALE_M, _DISPARITY_OFFSET = 351.3, 1092.5


def unrotated(stored: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """(H, W) uint16 of SUN RGB-D -> (H, W) uint16 millimetres."""
    return np.asarray((stored >> 3) | (stored << 13), dtype=np.uint16)


def rotated(millimetres: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """(H, W) uint16 millimetres -> as SUN RGB-D stores them."""
    return np.asarray((millimetres << 3) | (millimetres >> 13), dtype=np.uint16)


def decode_rotated(stored: NDArray[np.uint16], unit_m: float = 0.001) -> NDArray[np.float32]:
    """(H, W) uint16 of SUN RGB-D -> (H, W) float32 metres, NaN = invalid."""
    return metres(unrotated(stored), unit_m)


def decode_disparity(stored: NDArray[np.uint16], name: str = "depth") -> NDArray[np.float32]:
    """(H, W) uint16 raw Kinect readings, either byte order -> (H, W) float32 metres.

    PGM files say big-endian; NYU's raw ones are little-endian. Eleven bits are only eleven bits in
    one of the two orders, which decides.

    Raises:
        DecodeError: readings beyond 11 bits in both orders.
    """
    readings = stored
    if int(readings.max(initial=0)) > _DISPARITY_NONE:
        readings = stored.byteswap()
    if int(readings.max(initial=0)) > _DISPARITY_NONE:
        raise DecodeError(
            f"{name}: got readings up to {int(stored.max())}, expected raw Kinect disparity of 11 "
            "bits (at most 2047); is this a depth image in another encoding?"
        )
    with np.errstate(divide="ignore"):
        z = _DISPARITY_SCALE_M / (_DISPARITY_OFFSET - readings.astype(np.float32))
    z[(readings == _DISPARITY_NONE) | (readings == 0)] = np.nan
    return metres(z.astype(np.float32), 1.0)


def read_stored(data: bytes, name: str) -> NDArray[np.uint16]:
    """(H, W) uint16 of a 16-bit PNG or PGM file.

    Raises:
        DecodeError: not an image, or not of one channel and 16 bits.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if image is None or image.ndim != 2 or image.dtype != np.uint16:
        got = "no image" if image is None else f"{image.dtype} {image.shape}"
        raise DecodeError(f"{name}: got {got}, expected one channel of 16 bits (PNG or PGM)")
    return np.asarray(image)
