"""Polygons on the ground plane: hulls, least-area rectangles, overlap, signed distances.

In: (N, 2) float64 points in W's x, y (metres). Out: convex polygons, counter-clockwise, (M, 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rectangle:
    """Rectangle on the ground: centre (2,), size (2,) along its own x and y, yaw about z."""

    centre_m: Array
    size_m: Array
    yaw_rad: float


def convex_hull(points_m: Array) -> Array:
    """Counter-clockwise convex hull (M, 2) of (N, 2) points; M is 1 or 2 when they degenerate."""
    points = np.ascontiguousarray(points_m, dtype=np.float32)
    order = cv2.convexHull(points.reshape(-1, 1, 2), clockwise=False, returnPoints=False)
    hull: Array = np.asarray(points_m, dtype=np.float64)[order.ravel()]
    return hull if signed_area(hull) >= 0 else hull[::-1]


def signed_area(polygon_m: Array) -> float:
    """Area in square metres, positive for counter-clockwise vertices."""
    return _area(np.ascontiguousarray(polygon_m))


@compiled("f8[:,::1]")
def _area(polygon: Any) -> float:
    twice = 0.0
    for i in range(len(polygon)):
        j = i + 1 if i + 1 < len(polygon) else 0
        twice += polygon[i, 0] * polygon[j, 1] - polygon[j, 0] * polygon[i, 1]
    return 0.5 * twice


def least_area_rectangle(hull_m: Array) -> Rectangle:
    """Least-area rectangle around a convex polygon; one of its sides lies on a hull edge.

    Of rectangles of about the same area the one with the least absolute yaw is taken, so that
    round footprints get a stable answer. Yaw is in [-pi/4, pi/4].
    """
    yaw, low_x, high_x, low_y, high_y = _least_area(np.ascontiguousarray(hull_m))
    middle_x, middle_y = (low_x + high_x) / 2, (low_y + high_y) / 2
    c, s = cos(yaw), sin(yaw)
    return Rectangle(
        np.array([c * middle_x - s * middle_y, s * middle_x + c * middle_y]),
        np.array([high_x - low_x, high_y - low_y]),
        float(yaw),
    )


@compiled("f8[:,::1]")
def _least_area(hull: Any) -> tuple[float, float, float, float, float]:
    """Yaw and the ends along and across it of ``least_area_rectangle``."""
    corners = len(hull)
    found = np.empty((max(corners, 1), 6))
    number = 0
    for i in range(corners):
        j = i + 1 if i + 1 < corners else 0
        ex, ey = hull[j, 0] - hull[i, 0], hull[j, 1] - hull[i, 1]
        if ex * ex + ey * ey > 1e-18:
            found[number, 0] = (np.arctan2(ey, ex) + np.pi / 4) % (np.pi / 2) - np.pi / 4
            number += 1
    if number == 0:
        found[0, 0] = 0.0
        number = 1
    least = np.inf
    for k in range(number):
        c, s = np.cos(found[k, 0]), np.sin(found[k, 0])
        low_x, high_x, low_y, high_y = np.inf, -np.inf, np.inf, -np.inf
        for i in range(corners):
            x = c * hull[i, 0] + s * hull[i, 1]
            y = c * hull[i, 1] - s * hull[i, 0]
            low_x, high_x = min(low_x, x), max(high_x, x)
            low_y, high_y = min(low_y, y), max(high_y, y)
        area = (high_x - low_x) * (high_y - low_y)
        found[k, 1], found[k, 2], found[k, 3], found[k, 4] = low_x, high_x, low_y, high_y
        found[k, 5] = area
        least = min(least, area)
    best = -1
    for k in range(number):
        near = found[k, 5] <= least * (1 + 1e-3) + 1e-12
        if near and (best < 0 or abs(found[k, 0]) < abs(found[best, 0])):
            best = k
    return found[best, 0], found[best, 1], found[best, 2], found[best, 3], found[best, 4]


def signed_distances(polygon_m: Array, points_m: Array) -> Array:
    """(N,) distances of points to a convex polygon's boundary, positive inside."""
    out = np.empty(len(points_m))
    _signed_distances(np.ascontiguousarray(polygon_m), np.ascontiguousarray(points_m), out)
    return out


@compiled("f8[:,::1], f8[:,::1], f8[::1]")
def _signed_distances(polygon: Any, points: Any, out: Any) -> None:
    corners = len(polygon)
    for n in range(len(points)):
        least = np.inf
        inside = corners >= 3
        for i in range(corners):
            j = i + 1 if i + 1 < corners else 0
            ex, ey = polygon[j, 0] - polygon[i, 0], polygon[j, 1] - polygon[i, 1]
            ox, oy = points[n, 0] - polygon[i, 0], points[n, 1] - polygon[i, 1]
            t = (ox * ex + oy * ey) / max(ex * ex + ey * ey, 1e-18)
            t = min(max(t, 0.0), 1.0)
            gx, gy = ox - t * ex, oy - t * ey
            least = min(least, gx * gx + gy * gy)
            inside &= ex * oy - ey * ox >= 0
        distance = np.sqrt(least)
        out[n] = distance if inside else -distance


def overlap_m(a_m: Array, b_m: Array) -> float:
    """How far two convex polygons overlap: least push that parts them; negative when apart."""
    least = np.inf
    for polygon in (a_m, b_m):
        edge = np.roll(polygon, -1, axis=0) - polygon
        normal = np.column_stack([edge[:, 1], -edge[:, 0]])
        length = np.linalg.norm(normal, axis=1)
        normal = normal[length > 1e-9] / length[length > 1e-9, None]
        on_a, on_b = normal @ a_m.T, normal @ b_m.T
        push = np.minimum(on_a.max(1) - on_b.min(1), on_b.max(1) - on_a.min(1))
        least = min(least, float(push.min(initial=np.inf)))
    return least
