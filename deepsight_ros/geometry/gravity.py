"""Up and height in, the working frame of a scene out (docs/semantics.md).

With up known, the working frame is the gravity frame G: origin under the camera on the support
surface, z up, x the optical axis projected on the ground, y left. Without it, the camera's own
frame turned to x forward, y left, z up, which says nothing about the vertical.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform

Array = NDArray[np.float64]

FORWARD_LEFT_UP_FROM_OPTICAL = RigidTransform(
    np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.zeros(3)
)
"""REP 103: an optical frame (x right, y down, z forward) turned to x forward, y left, z up."""

NEAR_VERTICAL_RAD = np.radians(3.0)
"""Closer to the vertical than this, the optical axis gives no heading; the image's top does."""


def gravity_frame(up_in_camera: Array | None, height_m: float | None = None) -> RigidTransform:
    """The working frame: ``working_from_camera``.

    Args:
        up_in_camera: (3,) direction of up in the optical frame, any length; None where unknown.
        height_m: the camera's height above the support; None where no support is known, which
            puts the origin at the camera.

    Returns:
        Transform of optical-frame points into the working frame. Looking straight down (up),
        x is the direction of the image's top (bottom): what is ahead when the camera levels out.

    Raises:
        InvalidValueError: ``up_in_camera`` or ``height_m`` is not finite, or up has no length.
    """
    height = 0.0 if height_m is None else float(height_m)
    if not np.isfinite(height):
        raise InvalidValueError(f"gravity frame: got height {height_m} m, expected a finite one")
    if up_in_camera is None:
        return RigidTransform(FORWARD_LEFT_UP_FROM_OPTICAL.rotation, np.array([0.0, 0.0, height]))
    up = _unit(up_in_camera)
    ahead = np.array([0.0, 0.0, 1.0])
    level = ahead - (ahead @ up) * up
    if np.linalg.norm(level) < np.sin(NEAR_VERTICAL_RAD):
        top = np.array([0.0, np.sign(up[2]), 0.0])  # up[2] < 0: looking down, image top is -y
        level = top - (top @ up) * up
    forward = level / np.linalg.norm(level)
    return RigidTransform(
        np.stack([forward, np.cross(up, forward), up]), np.array([0.0, 0.0, height])
    )


def pitch_roll_rad(up_in_camera: Array) -> tuple[float, float]:
    """Pitch (positive looks down) and roll (positive turns the camera clockwise) of a camera.

    Args:
        up_in_camera: (3,) direction of up in the optical frame.
    """
    up = _unit(up_in_camera)
    pitch = float(np.arcsin(np.clip(-up[2], -1.0, 1.0)))
    roll = float(np.arctan2(-up[0], -up[1]))
    return pitch, roll


def up_from_pitch_roll(pitch_rad: float, roll_rad: float = 0.0) -> Array:
    """(3,) unit direction of up in the optical frame; inverse of ``pitch_roll_rad``."""
    level = np.cos(pitch_rad)
    return np.array(
        [-np.sin(roll_rad) * level, -np.cos(roll_rad) * level, -np.sin(pitch_rad)], np.float64
    )


def _unit(direction: Array) -> Array:
    vector = np.asarray(direction, dtype=np.float64)
    length = float(np.linalg.norm(vector)) if vector.shape == (3,) else float("nan")
    if not np.isfinite(length) or length < 1e-9:
        raise InvalidValueError(
            f"gravity: got up = {direction}, expected three finite numbers, not all 0"
        )
    unit: Array = vector / length
    return unit
