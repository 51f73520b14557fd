"""Polygons on the ground plane: hulls, least-area rectangles, overlap, signed distances.

In: (N, 2) float64 points in W's x, y (metres). Out: convex polygons, counter-clockwise, (M, 2).
"""

from __future__ import annotations

from dataclasses import dataclass
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
    x, y = polygon_m[:, 0], polygon_m[:, 1]
    return float(0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def least_area_rectangle(hull_m: Array) -> Rectangle:
    """Least-area rectangle around a convex polygon; one of its sides lies on a hull edge.

    Of rectangles of about the same area the one with the least absolute yaw is taken, so that
    round footprints get a stable answer. Yaw is in [-pi/4, pi/4].
    """
    edges = np.roll(hull_m, -1, axis=0) - hull_m
    edges = edges[np.einsum("ij,ij->i", edges, edges) > 1e-18]
    yaws = np.arctan2(edges[:, 1], edges[:, 0]) if len(edges) else np.zeros(1)
    yaws = np.mod(yaws + np.pi / 4, np.pi / 2) - np.pi / 4
    cos, sin = np.cos(yaws), np.sin(yaws)
    along = np.outer(cos, hull_m[:, 0]) + np.outer(sin, hull_m[:, 1])
    across = np.outer(cos, hull_m[:, 1]) - np.outer(sin, hull_m[:, 0])
    low_x, high_x = along.min(axis=1), along.max(axis=1)
    low_y, high_y = across.min(axis=1), across.max(axis=1)
    areas = (high_x - low_x) * (high_y - low_y)
    good = np.flatnonzero(areas <= areas.min() * (1 + 1e-3) + 1e-12)
    best = int(good[np.argmin(np.abs(yaws[good]))])
    middle_x, middle_y = (low_x + high_x)[best] / 2, (low_y + high_y)[best] / 2
    c, s = cos[best], sin[best]
    return Rectangle(
        np.array([c * middle_x - s * middle_y, s * middle_x + c * middle_y]),
        np.array([(high_x - low_x)[best], (high_y - low_y)[best]]),
        float(yaws[best]),
    )


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
