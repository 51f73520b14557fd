"""Where viewing rays meet solids: the picture a completed solid would give.

In: a solid, a ray origin (3,) and unit directions (N, 3) in W. Out: (N,) distance to the first
hit, inf where the ray misses. Round solids are cut to 24 facets of equal area, which is far finer
than a pixel needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.revolution import DiscStackSolid
from deepsight_ros.scene.solids import (
    ConeSolid,
    ConvexSolid,
    CylinderSolid,
    Solid,
    SphereSolid,
)

Array = NDArray[np.float64]

_FACETS = 24
_TURN = 2 * np.pi * (np.arange(_FACETS) + 0.5) / _FACETS
_FACET_NORMALS = np.column_stack([np.cos(_TURN), np.sin(_TURN)])
# apothem of a polygon with the circle's area, over its radius
_APOTHEM = float(np.sqrt(np.pi / _FACETS / np.tan(np.pi / _FACETS)))


def first_hits(solid: Solid, origin_m: Array, directions: Array) -> Array:
    """(N,) distance along each ray to the solid; inf where it misses."""
    nearest = np.full(len(directions), np.inf)
    for part in solid.parts:
        np.minimum(nearest, _part_hits(part, origin_m, directions), out=nearest)
    return nearest


def _part_hits(part: ConvexSolid, origin_m: Array, directions: Array) -> Array:
    if isinstance(part, SphereSolid):
        offset = origin_m - part.centre_m
        along = directions @ offset
        root = along * along - (offset @ offset - part.radius_m**2)
        t = -along - np.sqrt(np.maximum(root, 0.0))
        return np.where((root > 0) & (t > 0), t, np.inf)
    if isinstance(part, CylinderSolid):
        return _cylinder_hits(part, origin_m, directions)
    normals, offsets = half_spaces(part)
    speed = directions @ normals.T
    room = offsets - normals @ origin_m
    with np.errstate(divide="ignore", invalid="ignore"):
        t = room / speed
    entering = speed < -1e-12
    leaving = speed > 1e-12
    # a ray along a face outside it never enters
    outside = (~entering & ~leaving & (room < 0)).any(axis=1)
    t_in = np.where(entering, t, -np.inf).max(axis=1)
    t_out = np.where(leaving, t, np.inf).min(axis=1)
    hit = (t_in < t_out) & (t_in > 0) & ~outside
    return np.where(hit, t_in, np.inf)


def _cylinder_hits(part: CylinderSolid, origin_m: Array, directions: Array) -> Array:
    """Entry into the endless cylinder and the slab, whichever is later."""
    offset = origin_m - part.centre_m
    dx, dy, dz = directions.T
    flat = np.maximum(dx * dx + dy * dy, 1e-12)
    along = dx * offset[0] + dy * offset[1]
    room = offset[0] ** 2 + offset[1] ** 2 - part.radius_m**2
    root = np.sqrt(np.maximum(along * along - flat * room, 0.0))
    slope = np.where(np.abs(dz) < 1e-9, 1e-9, dz)
    one = (part.height_m / 2 - offset[2]) / slope
    two = (-part.height_m / 2 - offset[2]) / slope
    t_in = np.maximum((-along - root) / flat, np.minimum(one, two))
    t_out = np.minimum((-along + root) / flat, np.maximum(one, two))
    return np.where((root > 0) & (t_in < t_out) & (t_in > 0), t_in, np.inf)


def half_spaces(part: ConvexSolid) -> tuple[Array, Array]:
    """Normals (K, 3) and offsets (K,) whose intersection ``n @ p <= offset`` is the part."""
    if isinstance(part, DiscStackSolid):
        profile = part.profile_m
        return _turned(part.axis_m, profile[1:-1, 0], profile[1:-1, 1])
    if isinstance(part, ConeSolid):
        foot = part.centre_m[2] - part.height_m / 2
        return _turned(
            part.centre_m[:2],
            np.array([part.radius_m, 0.0]),
            np.array([foot, foot + part.height_m]),
        )
    low, high = part.extent(np.array([0.0, 0.0, 1.0]))
    if part.is_round:
        radius = float(part.box.size_m[0]) / 2
        centre = part.box.centre_m[:2]
        return _turned(centre, np.array([radius, radius]), np.array([low, high]))
    corners = part.footprint_m
    edge = np.roll(corners, -1, axis=0) - corners
    length = np.maximum(np.hypot(edge[:, 0], edge[:, 1]), 1e-12)
    walls = np.column_stack([edge[:, 1], -edge[:, 0]]) / length[:, None]
    reach = (walls * corners).sum(axis=1)
    return _closed(np.column_stack([walls, np.zeros(len(walls))]), reach, low, high)


def _turned(axis_m: Array, radii_m: Array, heights_m: Array) -> tuple[Array, Array]:
    """Facets of a convex profile turned about a vertical axis."""
    normals, offsets = [], []
    for i in range(len(radii_m) - 1):
        dr, dz = radii_m[i + 1] - radii_m[i], heights_m[i + 1] - heights_m[i]
        if dz <= 1e-9:
            continue
        scale = 1.0 / np.hypot(dr, dz)
        flat, up = dz * scale, -dr * scale
        reach = flat * radii_m[i] * _APOTHEM + up * heights_m[i]
        normals.append(np.column_stack([_FACET_NORMALS * flat, np.full(_FACETS, up)]))
        offsets.append(reach + flat * (_FACET_NORMALS @ axis_m))
    low, high = float(heights_m.min()), float(heights_m.max())
    return _closed(np.concatenate(normals), np.concatenate(offsets), low, high)


def _closed(walls: Array, reach: Array, low: float, high: float) -> tuple[Array, Array]:
    """Walls with a floor and a ceiling."""
    ends = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    return np.concatenate([walls, ends]), np.concatenate([reach, [-low, high]])
