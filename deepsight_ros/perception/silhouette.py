"""Where the outline of a completed thing lies in another view: what of a mask's change a camera's
own way round a thing explains.

In: a solid, the camera. Out: middle and area of its outline in the picture. Only changes of it
are used: where the mask of another view ought to lie, by how the solid's outline changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.scene.solids import Solid

Array = NDArray[np.float64]

NEAREST_M = 0.05
"""A solid that comes nearer to the camera than this has no outline to speak of."""

_TURNS = 2.0 * np.pi * np.arange(12) / 12
_RIM = np.column_stack([np.cos(_TURNS), np.sin(_TURNS), np.zeros(12)])
_BALL = np.array(
    [
        (x, y, z)
        for x in (-1, 0, 1)
        for y in (-1, 0, 1)
        for z in (-1, 0, 1)
        if (x, y, z) != (0, 0, 0)
    ],
    np.float64,
)
_BALL /= np.linalg.norm(_BALL, axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Silhouette:
    """Outline of a solid in a picture: middle (2,) column and row, area in pixels."""

    middle_px: Array
    area_px: float


def corners_of(solid: Solid) -> Array:
    """(N, 3) points of a solid that its outline from any side runs through, nearly."""
    found = []
    for part in solid.parts:
        hull = part.hull
        centres, radii = hull.discs[:, :3], hull.discs[:, 3]
        points = [centres[radii <= 0]]
        if (radii > 0).any():
            across = _across(hull.axis)
            rim = _RIM[:, :2] @ across
            wide = radii > 0
            points.append(
                (centres[wide, None] + radii[wide, None, None] * rim[None]).reshape(-1, 3)
            )
        corners = np.concatenate(points)
        if hull.ball_m > 0:
            corners = (corners[:, None] + hull.ball_m * _BALL[None]).reshape(-1, 3)
        found.append(corners)
    return np.concatenate(found)


def _across(axis: Array) -> Array:
    """(2, 3) two unit vectors at right angles to an axis and to each other."""
    other = np.eye(3)[int(np.argmin(np.abs(axis)))]
    first = np.cross(axis, other)
    first /= np.linalg.norm(first)
    return np.array([first, np.cross(axis, first)])


def silhouette(corners_m: Array, camera: Camera) -> Silhouette | None:
    """Outline around (N, 3) corners in the optical frame; None where they come too near, or have
    no area."""
    if float(corners_m[:, 2].min()) < NEAREST_M:
        return None
    pixels = pixels_of(corners_m, camera).astype(np.float32)
    about = cv2.moments(cv2.convexHull(pixels))
    area = float(about["m00"])
    if area <= 0:
        return None
    return Silhouette(np.array([about["m10"] / area, about["m01"] / area]), area)


def pixels_of(points_m: Array, camera: Camera) -> Array:
    """(N, 2) column and row of (N, 3) points in the optical frame, all before the camera."""
    focal_px, centre_px = (camera.fx_px, camera.fy_px), (camera.cx_px, camera.cy_px)
    found: Array = points_m[:, :2] / points_m[:, 2:] * focal_px + centre_px
    return found
