"""Depth pictures made from planes, for tests that need no renderer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.gravity import up_from_pitch_roll
from deepsight_ros.geometry.noise import FAMILIES

Array = NDArray[np.float64]


def camera_of(width: int = 640, height: int = 480) -> Camera:
    """A camera with a usual field of view (58 degrees across)."""
    f = 0.9 * width
    return Camera(width, height, f, f, (width - 1) / 2, (height - 1) / 2, frame_id="optical")


def plane_depth(camera: Camera, normal: Array, offset_m: float) -> Array:
    """(H, W) depth of the plane ``normal @ p + offset_m = 0``; NaN where no ray meets it."""
    u, v = np.meshgrid(np.arange(camera.width_px), np.arange(camera.height_px))
    rays = np.stack(
        [
            (u - camera.cx_px) / camera.fx_px,
            (v - camera.cy_px) / camera.fy_px,
            np.ones(u.shape),
        ],
        axis=-1,
    )
    with np.errstate(divide="ignore"):
        depth = -offset_m / (rays @ normal)
    return np.where((depth > 0.05) & (depth < 50.0), depth, np.nan)


def frame_of(depth: Array, camera: Camera, noise_seed: int | None = 0) -> RgbdFrame:
    """A frame of the first sensor family; with its noise unless the seed is None."""
    sensor = FAMILIES["structured_light"]
    if noise_seed is not None:
        rng = np.random.default_rng(noise_seed)
        noise = rng.normal(0, 1, depth.shape) * sensor.sigma_m(np.nan_to_num(depth))
        depth = depth + noise
    return RgbdFrame(0, camera, depth.astype(np.float32), None, sensor)


def wall_normal(pitch_rad: float, roll_rad: float, turn_rad: float) -> Array:
    """(3,) normal, towards the camera, of a vertical wall turned by ``turn_rad`` about gravity."""
    up = up_from_pitch_roll(pitch_rad, roll_rad)
    ahead = np.array([0.0, 0.0, 1.0]) - up[2] * up
    ahead /= np.linalg.norm(ahead)
    left = np.cross(up, ahead)
    return np.asarray(-(np.cos(turn_rad) * ahead + np.sin(turn_rad) * left))
