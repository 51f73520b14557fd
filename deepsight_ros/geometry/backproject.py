"""Depth images in, 3D points in the optical frame out, and points back to pixels.

Rays are computed once per camera and kept. Lens distortion follows OpenCV's rational model, which
is that of CameraInfo's plumb_bob and rational_polynomial.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError, InvalidValueError
from deepsight_ros.geometry.camera import Camera

Float32 = NDArray[np.float32]
CACHED_CAMERAS = 16
NEWTON_ROUNDS = 12
MIN_INVERTIBLE_SHARE = 0.5


@lru_cache(maxsize=CACHED_CAMERAS)
def ray_slopes(camera: Camera) -> tuple[Float32, Float32]:
    """x/z and y/z of the rays through the pixel centres, distortion removed; read-only.

    Returns:
        Two arrays that broadcast to (H, W): (1, W) and (H, 1), or (H, W) both where the camera has
        distortion. NaN where the lens model cannot be inverted (far outside its calibration).
    """
    x = ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px)[None, :]
    y = ((np.arange(camera.height_px) - camera.cy_px) / camera.fy_px)[:, None]
    if camera.is_distorted:
        full_x, full_y = np.broadcast_arrays(x, y)
        x, y = _undistort(full_x, full_y, camera)
        share = float(np.isfinite(x).mean())
        if share < MIN_INVERTIBLE_SHARE:
            raise CalibrationError(
                f"camera '{camera.frame_id}': got a lens model ({camera.distortion_model}, "
                f"{list(camera.distortion)}) that can be inverted for {share:.0%} of the image, "
                f"expected at least {MIN_INVERTIBLE_SHARE:.0%}; calibrate the camera again"
            )
    return _frozen(x), _frozen(y)


@lru_cache(maxsize=CACHED_CAMERAS)
def rays(camera: Camera) -> Float32:
    """(H, W, 3) float32 rays with z = 1 through the pixel centres; read-only."""
    grid = np.ones((camera.height_px, camera.width_px, 3), dtype=np.float32)
    grid[..., 0], grid[..., 1] = ray_slopes(camera)
    return _frozen(grid)


def backproject(depth_m: Float32, camera: Camera) -> Float32:
    """Points of a depth image in the optical frame.

    Args:
        depth_m: (H, W) float32 along the optical axis, NaN where invalid.
        camera: of that size; distortion is honoured.

    Returns:
        (H, W, 3) float32; all three NaN where the depth is.

    Raises:
        InvalidValueError: the image is not of the camera's size.
    """
    if depth_m.shape != (camera.height_px, camera.width_px):
        raise InvalidValueError(
            f"backproject: got depth {depth_m.shape}, expected "
            f"{(camera.height_px, camera.width_px)}, the camera's size"
        )
    x, y = ray_slopes(camera)
    return np.asarray(cv2.merge([depth_m * x, depth_m * y, depth_m]), dtype=np.float32)


def project(points_m: NDArray[Any], camera: Camera) -> NDArray[Any]:
    """Pixels of points in the optical frame.

    Args:
        points_m: (..., 3), float32 or float64.
        camera: distortion is honoured.

    Returns:
        (..., 2) column and row, fractional, centres at integers, of the same type; NaN for points
        that are NaN or not in front of the camera. Nothing is clipped to the image.
    """
    points = np.asarray(points_m)
    z = np.where(points[..., 2] > 0.0, points[..., 2], np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        u, v = pixels_of_slopes(points[..., 0] / z, points[..., 1] / z, camera)
    return np.stack([u, v], axis=-1)


def pixels_of_slopes(
    x: NDArray[Any], y: NDArray[Any], camera: Camera
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Columns and rows of rays (x, y, 1); shapes and type kept, NaN stays NaN."""
    if camera.is_distorted:
        x, y = _distort(x, y, camera)
    kind = x.dtype.type
    u = x * kind(camera.fx_px)
    u += kind(camera.cx_px)
    v = y * kind(camera.fy_px)
    v += kind(camera.cy_px)
    return u, v


def _distort(
    x: NDArray[Any], y: NDArray[Any], camera: Camera
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Distorted slopes of undistorted ones (OpenCV's model: k1 k2 p1 p2 k3 k4 k5 k6)."""
    if any(camera.distortion[8:]):  # thin prism and tilt: rare, left to OpenCV
        points = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 1, 3).astype(np.float64)
        flat, _ = cv2.projectPoints(
            points, np.zeros(3), np.zeros(3), np.eye(3), np.array(camera.distortion)
        )
        moved = flat.reshape(*x.shape, 2).astype(x.dtype)
        return moved[..., 0], moved[..., 1]
    kind = x.dtype.type
    k1, k2, p1, p2, k3, k4, k5, k6 = (kind(c) for c in (*camera.distortion, *([0.0] * 8))[:8])
    xx, yy, xy2 = x * x, y * y, 2 * x * y
    r2 = xx + yy
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    if k4 or k5 or k6:
        radial /= 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    return (
        x * radial + p1 * xy2 + p2 * (r2 + 2 * xx),
        y * radial + p1 * (r2 + 2 * yy) + p2 * xy2,
    )


def _undistort(
    x: NDArray[Any], y: NDArray[Any], camera: Camera
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Slopes whose distorted images are (x, y), by Newton's method; NaN where it fails."""
    step = 1e-6
    ux, uy = x.astype(np.float64), y.astype(np.float64)
    with np.errstate(all="ignore"):
        for _ in range(NEWTON_ROUNDS):
            fx, fy = _distort(ux, uy, camera)
            ax, ay = _distort(ux + step, uy, camera)
            bx, by = _distort(ux, uy + step, camera)
            j11, j21, j12, j22 = (
                (ax - fx) / step,
                (ay - fy) / step,
                (bx - fx) / step,
                (by - fy) / step,
            )
            determinant = j11 * j22 - j12 * j21
            ex, ey = x - fx, y - fy
            ux = ux + (j22 * ex - j12 * ey) / determinant
            uy = uy + (j11 * ey - j21 * ex) / determinant
        fx, fy = _distort(ux, uy, camera)
        # a ray bent back to the wrong side of the axis is no inverse either
        found = np.hypot(fx - x, fy - y) * camera.fx_px < 0.01
        found &= (ux * x + uy * y >= -1e-6) & (determinant > 0.0)
    return np.where(found, ux, np.nan), np.where(found, uy, np.nan)


def _frozen(values: NDArray[Any]) -> Float32:
    out = np.ascontiguousarray(values, dtype=np.float32)
    out.flags.writeable = False
    return out
