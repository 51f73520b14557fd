"""Footprints: 2D points in, convex hulls, least-area rectangles, distances and overlaps out.

Polygons are (K, 2) float64, convex, counter-clockwise, first vertex not repeated. One point or two
are polygons too (a pole, a thin sheet), so that no footprint needs a special case.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError

Array = NDArray[np.float64]
AnyFloat = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Rectangle:
    """Rectangle in the plane in canonical form.

    Attributes:
        centre_m: (2,) centre.
        size_m: (2,) longer side first.
        yaw_rad: direction of the longer side, in (-pi/2, pi/2]; of a square, the side's direction
            in (-pi/4, pi/4].
    """

    centre_m: Array
    size_m: Array
    yaw_rad: float

    def corners_m(self) -> Array:
        """(4, 2) corners, counter-clockwise."""
        along = np.array([np.cos(self.yaw_rad), np.sin(self.yaw_rad)])
        across = np.array([-along[1], along[0]])
        a, b = self.size_m / 2.0
        signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=np.float64)
        corners = self.centre_m + (signs * [a, b]) @ np.stack([along, across])
        return np.asarray(corners, dtype=np.float64)


def convex_hull(points_m: AnyFloat) -> Array:
    """(K, 2) hull of (N, 2) points, counter-clockwise (x right, y up).

    Raises:
        InvalidValueError: no points, or not finite.
    """
    points = np.asarray(points_m)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise InvalidValueError(f"convex hull: got points {points.shape}, expected (N, 2), N >= 1")
    if not np.isfinite(points).all():
        raise InvalidValueError("convex hull: got NaN or infinite points, expected finite ones")
    # OpenCV's hull is single precision: only the choice of points is taken from it.
    low = points.min(axis=0)
    shifted = np.ascontiguousarray(points - low, dtype=np.float32)
    index = cv2.convexHull(shifted, returnPoints=False).ravel()
    hull: Array = points[index].astype(np.float64)
    return hull[::-1] if polygon_area_m2(hull, signed=True) < 0.0 else hull


def polygon_area_m2(polygon_m: Array, signed: bool = False) -> float:
    """Area by the shoelace formula; signed: positive when counter-clockwise."""
    x, y = (polygon_m - polygon_m[0]).T
    area = 0.5 * float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))
    return area if signed else abs(area)


def minimum_rectangle(points_m: AnyFloat) -> Rectangle:
    """Least-area rectangle around (N, 2) points (one of its sides lies on a hull edge:
    Freeman and Shapira, CACM 1975), in canonical form.

    Raises:
        InvalidValueError: no points, or not finite.
    """
    hull = convex_hull(points_m)
    edges = np.roll(hull, -1, axis=0) - hull
    lengths = np.hypot(edges[:, 0], edges[:, 1])
    keep = lengths > 1e-12
    if not keep.any():
        return Rectangle(hull.mean(axis=0), np.zeros(2), 0.0)
    along = edges[keep] / lengths[keep, None]
    across = np.column_stack([-along[:, 1], along[:, 0]])
    a, b = hull @ along.T, hull @ across.T  # (hull, edges)
    low = np.stack([a.min(axis=0), b.min(axis=0)])
    high = np.stack([a.max(axis=0), b.max(axis=0)])
    size = high - low
    best = int(np.argmin(size[0] * size[1]))
    middle = (low[:, best] + high[:, best]) / 2.0
    centre = middle[0] * along[best] + middle[1] * across[best]
    yaw = float(np.arctan2(along[best, 1], along[best, 0]))
    return canonical_rectangle(centre, size[:, best], yaw)


def canonical_rectangle(centre_m: Array, size_m: Array, yaw_rad: float) -> Rectangle:
    """The same rectangle with its longer side first and yaw as ``Rectangle`` documents it."""
    a, b = float(size_m[0]), float(size_m[1])
    if b > a:
        a, b, yaw_rad = b, a, yaw_rad + np.pi / 2
    period = np.pi / 2 if a - b <= 1e-9 * a else np.pi
    yaw = yaw_rad - period * np.ceil(yaw_rad / period - 0.5)
    return Rectangle(np.asarray(centre_m, np.float64), np.array([a, b]), float(yaw))


def extent_m(points_m: AnyFloat, direction: Array) -> tuple[float, float]:
    """Least and greatest coordinate of (N, D) points along a direction (normalised here)."""
    unit = np.asarray(direction, np.float64) / np.linalg.norm(direction)
    along = np.asarray(points_m) @ unit.astype(np.asarray(points_m).dtype)
    return float(along.min()), float(along.max())


def _to_boundary_m(points_m: Array, polygon_m: Array) -> Array:
    """(N,) distances of (N, 2) points to the outline of a polygon."""
    start = polygon_m
    edge = np.roll(polygon_m, -1, axis=0) - start
    squared = np.maximum((edge * edge).sum(axis=1), 1e-30)
    offset = points_m[:, None, :] - start[None]
    share = np.clip((offset * edge).sum(axis=2) / squared, 0.0, 1.0)
    gap = offset - share[..., None] * edge
    return np.asarray(np.hypot(gap[..., 0], gap[..., 1]).min(axis=1))
