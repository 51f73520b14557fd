"""Where things can stand: gaps between footprints, stacking, gripper bodies.

Interpenetration is excluded conservatively: two parts whose z ranges overlap must have disjoint
footprints (a sphere or cone counts as its whole bounding cylinder).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.shapes import BOX, PartArrays, Parts, box, cylinder
from deepsight_ros.synthesis.things import Material, Thing

Array = NDArray[np.float64]

_UNIT = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
_Z_TOLERANCE_M = 1e-6
_FAR_M = 0.25


def gap_m(a: PartArrays, b: PartArrays) -> float:
    """Least distance between footprints of parts whose z ranges overlap; inf where none do.

    Negative when footprints overlap (then the number only says so). Above ``_FAR_M`` it is a lower
    bound.
    """
    bound = _far_apart(a, b)
    if bound > _FAR_M:
        return bound
    (low_a, high_a), (low_b, high_b) = _z_ranges(a), _z_ranges(b)
    beside = np.minimum(high_a[:, None], high_b) - np.maximum(low_a[:, None], low_b)
    offset = a.centre_m[:, None, :2] - b.centre_m[None, :, :2]
    bounds = np.hypot(offset[..., 0], offset[..., 1]) - _radii(a)[:, None] - _radii(b)
    bounds[beside <= _Z_TOLERANCE_M] = np.inf
    least = np.inf
    for pair in np.argsort(bounds, axis=None):  # nearest circles first: most need no closer look
        i, j = divmod(int(pair), len(b))
        if bounds[i, j] >= least:
            break
        least = min(least, _footprint_gap(a, i, b, j))
        if least < 0:
            break
    return least


def _far_apart(a: PartArrays, b: PartArrays) -> float:
    """Lower bound of the gap from one circle around each thing."""
    middles = a.centre_m[:, :2].mean(axis=0), b.centre_m[:, :2].mean(axis=0)
    reach = 0.0
    for parts, middle in zip((a, b), middles, strict=True):
        out = parts.centre_m[:, :2] - middle
        reach += float((np.hypot(out[:, 0], out[:, 1]) + _radii(parts)).max())
    return float(np.hypot(*(middles[0] - middles[1]))) - reach


def _radii(parts: PartArrays) -> Array:
    """(P,) radius of a circle around each part's footprint."""
    half = parts.size_m / 2
    radii: Array = np.where(parts.kind == BOX, np.hypot(half[:, 0], half[:, 1]), half[:, 0])
    return radii


def _z_ranges(parts: PartArrays) -> tuple[Array, Array]:
    z, half = parts.centre_m[:, 2], parts.size_m[:, 2] / 2
    return z - half, z + half


def _outline(parts: PartArrays, i: int) -> tuple[Array, float]:
    """Footprint as the hull of points, grown by a radius."""
    centre = parts.centre_m[i, :2]
    if parts.kind[i] != BOX:
        return centre[None, :], parts.size_m[i, 0] / 2
    c, s = np.cos(parts.yaw_rad[i]), np.sin(parts.yaw_rad[i])
    return _UNIT * parts.size_m[i, :2] / 2 @ np.array([[c, s], [-s, c]]) + centre, 0.0


def _footprint_gap(a: PartArrays, i: int, b: PartArrays, j: int) -> float:
    points_a, radius_a = _outline(a, i)
    points_b, radius_b = _outline(b, j)
    if len(points_a) == 1 and len(points_b) == 1:
        return float(np.hypot(*(points_a[0] - points_b[0]))) - radius_a - radius_b
    if _inside(points_a, points_b).any() or _inside(points_b, points_a).any():
        return -1.0
    if len(points_a) > 1 and len(points_b) > 1 and _boxes_overlap(points_a, points_b):
        return -1.0
    distances = []
    if len(points_b) > 1:
        distances.append(_to_edges(points_a, points_b))
    if len(points_a) > 1:
        distances.append(_to_edges(points_b, points_a))
    return min(distances) - radius_a - radius_b


def _inside(points: Array, polygon: Array) -> NDArray[np.bool_]:
    if len(polygon) == 1:
        return np.zeros(len(points), dtype=bool)
    edge = polygon[[1, 2, 3, 0]] - polygon
    to = points[:, None, :] - polygon[None]
    left = edge[:, 0] * to[..., 1] - edge[:, 1] * to[..., 0] > 0
    inside: NDArray[np.bool_] = left.all(axis=1)
    return inside


def _boxes_overlap(a: Array, b: Array) -> bool:
    """Separating axes of two rectangles."""
    axes = np.array([a[1] - a[0], a[2] - a[1], b[1] - b[0], b[2] - b[1]])
    pa, pb = a @ axes.T, b @ axes.T
    return bool(np.all((pa.max(0) > pb.min(0)) & (pb.max(0) > pa.min(0))))


def _to_edges(points: Array, polygon: Array) -> float:
    edge = polygon[[1, 2, 3, 0]] - polygon
    to = points[:, None, :] - polygon[None]
    along = np.clip((to * edge).sum(-1) / (edge * edge).sum(-1), 0.0, 1.0)
    return float(np.linalg.norm(to - along[..., None] * edge, axis=-1).min())


def clearance_m(parts: PartArrays, others: Iterable[PartArrays]) -> float:
    """Least ``gap_m`` to any of the others; stops at the first that is negative."""
    least = np.inf
    for other in others:
        least = min(least, gap_m(parts, other))
        if least < 0:
            break
    return least


def top_surface(parts: Parts) -> tuple[Array, float, float] | None:
    """(centre (2,), z, inscribed radius) of the flat top in the thing's frame, or None."""
    highest = max(parts, key=lambda p: p.centre_m[2] + p.size_m[2] / 2)
    if highest.kind not in ("box", "cylinder"):
        return None
    z = highest.centre_m[2] + highest.size_m[2] / 2
    return np.array(highest.centre_m[:2]), z, min(highest.size_m[:2]) / 2


def base(parts: Parts) -> tuple[Array, float]:
    """(centroid (2,) of the whole thing by volume, circumscribed radius of what is at the bottom
    about it), in the thing's frame."""
    volume = np.array([np.prod(p.size_m) for p in parts])
    centroid = volume @ np.array([p.centre_m[:2] for p in parts]) / volume.sum()
    bottom = [p for p in parts if p.centre_m[2] - p.size_m[2] / 2 < 0.002]
    reach = max(
        float(np.hypot(*(np.array(p.centre_m[:2]) - centroid)))
        + (float(np.hypot(*p.size_m[:2])) if p.kind == "box" else p.size_m[0]) / 2
        for p in bottom
    )
    return centroid, reach


def make_gripper(
    position_m: Array, yaw_rad: float, *, down: bool, opening_m: float
) -> tuple[Thing, RigidTransform]:
    """A two-finger gripper and M from its frame (heading +x, origin between the finger tips).

    ``position_m`` is that origin in M; ``down`` makes it point at the table, else along the yaw.
    """
    side = opening_m / 2 + 0.008
    turn = np.array(
        [[np.cos(yaw_rad), -np.sin(yaw_rad), 0], [np.sin(yaw_rad), np.cos(yaw_rad), 0], [0, 0, 1]]
    )
    if down:
        parts: Parts = (
            box(0.022, 0.016, 0.06, (0, side, 0)),
            box(0.022, 0.016, 0.06, (0, -side, 0)),
            box(0.06, 0.15, 0.07, (0, 0, 0.06), 0.0, 1.3),
            cylinder(0.055, 0.07, (0, 0, 0.13), 0.8),
        )
        origin = np.asarray(position_m, dtype=np.float64)
        heading = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    else:
        mid = 0.03
        parts = (
            box(0.06, 0.016, 0.022, (0.045, side, mid - 0.011)),
            box(0.06, 0.016, 0.022, (0.045, -side, mid - 0.011)),
            box(0.07, 0.15, 0.06, (-0.02, 0, 0), 0.0, 1.3),
            box(0.08, 0.05, 0.05, (-0.095, 0, 0.005), 0.0, 0.8),
        )
        origin = np.asarray(position_m, dtype=np.float64) - turn @ np.array([0.075, 0.0, mid])
        heading = np.eye(3)
    thing = Thing(
        "gripper",
        "gripper",
        "gripper_down" if down else "gripper_level",
        parts,
        (float(origin[0]), float(origin[1]), float(origin[2])),
        yaw_rad,
        Material("black", (40, 40, 44)),
        is_gripper=True,
    )
    return thing, RigidTransform(turn @ heading, np.asarray(position_m, dtype=np.float64))
