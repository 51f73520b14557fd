"""Images of a lens with distortion in, images of the ideal pinhole camera out.

Depth takes the nearest reading, colour is interpolated. Maps are computed once per camera.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError
from deepsight_ros.geometry.backproject import pixels_of_slopes, ray_slopes
from deepsight_ros.geometry.camera import Camera

Float32 = NDArray[np.float32]
Colour = NDArray[np.uint8]

NOWHERE_PX = np.float32(-1e6)
"""Pixel coordinate of a ray that the lens does not see."""


def undistorted(camera: Camera) -> Camera:
    """The camera of the images that ``undistort_depth`` and ``undistort_colour`` return."""
    return replace(camera, distortion_model="none", distortion=())


def undistort_depth(depth_m: Float32, camera: Camera) -> Float32:
    """Depth in the undistorted view, nearest reading taken, NaN where the lens did not see.

    Depth along the optical axis is the same in both views. Without distortion the very same array.
    """
    require_size(depth_m, camera, "depth image")
    if not camera.is_distorted:
        return depth_m
    maps = _undistortion_maps(camera, nearest=True)
    return remap(depth_m, *maps, cv2.INTER_NEAREST, float("nan"))


def undistort_colour(colour: Colour, camera: Camera) -> Colour:
    """Colour in the undistorted view, linear interpolation, black where the lens did not see."""
    require_size(colour, camera, "colour image")
    if not camera.is_distorted:
        return colour
    maps = _undistortion_maps(camera, nearest=False)
    return remap(colour, *maps, cv2.INTER_LINEAR, 0.0)


@lru_cache(maxsize=16)
def _undistortion_maps(camera: Camera, nearest: bool) -> tuple[Any, Any]:
    x, y = np.broadcast_arrays(*ray_slopes(undistorted(camera)))[:2]
    u, v = lens_pixels(x, y, camera)
    maps = cv2.convertMaps(u, v, cv2.CV_16SC2, nninterpolation=nearest)
    return maps[0], maps[1]


def lens_pixels(x: NDArray[Any], y: NDArray[Any], camera: Camera) -> tuple[Float32, Float32]:
    """Pixels of rays (x, y, 1), float32; NOWHERE_PX for rays no pixel of the camera sees.

    A lens polynomial turns back outside the range it was fitted on: rays beyond the widest one
    that it inverts for are taken for unseen, though the polynomial would put them in the image.
    """
    u, v = pixels_of_slopes(x.astype(np.float64), y.astype(np.float64), camera)
    unseen = ~(np.isfinite(u) & np.isfinite(v))
    if camera.is_distorted:
        widest = float(np.nanmax(np.hypot(*ray_slopes(camera))))
        unseen |= np.hypot(x, y) > widest + 1.0 / camera.fx_px
    return (
        np.where(unseen, NOWHERE_PX, u).astype(np.float32),
        np.where(unseen, NOWHERE_PX, v).astype(np.float32),
    )


def remap(
    image: NDArray[Any], first: NDArray[Any], second: NDArray[Any], how: int, border: float
) -> NDArray[Any]:
    """cv2.remap with a constant border on all channels."""
    borders = (border, border, border)
    out = cv2.remap(image, first, second, how, None, cv2.BORDER_CONSTANT, borders)
    return np.asarray(out)


def require_size(image: NDArray[Any], camera: Camera, what: str) -> None:
    if image.shape[:2] != (camera.height_px, camera.width_px):
        raise CalibrationError(
            f"registration: got a {what} of {image.shape[1]}x{image.shape[0]}, expected "
            f"{camera.width_px}x{camera.height_px} as its camera_info says; remap the camera_info "
            "that belongs to this image topic"
        )
