"""Where viewing rays meet solids: the picture a completed solid would give.

In: a solid, a ray origin (3,) and unit directions (N, 3) in W. Out: (N,) distance to the first
hit, inf where the ray misses. Round solids are cut to 24 facets of equal area, which is far finer
than a pixel needs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
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
_ENDS = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
# apothem of a polygon with the circle's area, over its radius
_APOTHEM = float(np.sqrt(np.pi / _FACETS / np.tan(np.pi / _FACETS)))


def first_hits(solid: Solid, origin_m: Array, directions: Array) -> Array:
    """(N,) distance along each ray to the solid; inf where it misses."""
    nearest = np.full(len(directions), np.inf)
    origin, rays = np.ascontiguousarray(origin_m), np.ascontiguousarray(directions)
    for part in solid.parts:
        if isinstance(part, SphereSolid):
            _enter_sphere(origin - part.centre_m, part.radius_m, rays, nearest)
        elif isinstance(part, CylinderSolid):
            _enter_cylinder(origin - part.centre_m, part.radius_m, part.height_m, rays, nearest)
        else:
            normals, offsets = half_spaces(part)
            _enter_faces(normals, offsets - normals @ origin, rays, nearest)
    return nearest


@compiled("f8[::1], f8, f8[:,::1], f8[::1]")
def _enter_sphere(offset: Array, radius: float, rays: Array, nearest: Array) -> None:
    room = offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2 - radius * radius
    for i in range(len(rays)):
        along = rays[i, 0] * offset[0] + rays[i, 1] * offset[1] + rays[i, 2] * offset[2]
        root = along * along - room
        if root > 0:
            t = -along - np.sqrt(root)
            if 0 < t < nearest[i]:
                nearest[i] = t


@compiled("f8[::1], f8, f8, f8[:,::1], f8[::1]")
def _enter_cylinder(
    offset: Array, radius: float, height: float, rays: Array, nearest: Array
) -> None:
    """Entry into the endless cylinder and the slab, whichever is later."""
    room = offset[0] ** 2 + offset[1] ** 2 - radius * radius
    for i in range(len(rays)):
        dx, dy, dz = rays[i, 0], rays[i, 1], rays[i, 2]
        flat = max(dx * dx + dy * dy, 1e-12)
        along = dx * offset[0] + dy * offset[1]
        root = along * along - flat * room
        if root <= 0:
            continue
        root = np.sqrt(root)
        slope = 1e-9 if abs(dz) < 1e-9 else dz
        one, two = (height / 2 - offset[2]) / slope, (-height / 2 - offset[2]) / slope
        t_in = max((-along - root) / flat, min(one, two))
        t_out = min((-along + root) / flat, max(one, two))
        if 0 < t_in < t_out and t_in < nearest[i]:
            nearest[i] = t_in


@compiled("f8[:,::1], f8[::1], f8[:,::1], f8[::1]")
def _enter_faces(normals: Array, room: Array, rays: Array, nearest: Array) -> None:
    """``room``: how far inside each face the origin is, along the face's normal."""
    for i in range(len(rays)):
        dx, dy, dz = rays[i, 0], rays[i, 1], rays[i, 2]
        t_in, t_out = -np.inf, nearest[i]
        for k in range(len(normals)):
            speed = normals[k, 0] * dx + normals[k, 1] * dy + normals[k, 2] * dz
            if speed < -1e-12:
                t_in = max(t_in, room[k] / speed)
            elif speed > 1e-12:
                t_out = min(t_out, room[k] / speed)
            elif room[k] < 0:  # along a face and outside it: never enters
                t_in = np.inf
            if t_in >= t_out:
                break
        if 0 < t_in < t_out:
            nearest[i] = t_in


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
    dr, dz = radii_m[1:] - radii_m[:-1], heights_m[1:] - heights_m[:-1]
    rises = dz > 1e-9
    dr, dz = dr[rises], dz[rises]
    scale = 1.0 / np.hypot(dr, dz)
    flat, up = dz * scale, -dr * scale
    reach = flat * radii_m[:-1][rises] * _APOTHEM + up * heights_m[:-1][rises]
    normals = np.empty((len(dz), _FACETS, 3))
    normals[..., :2] = flat[:, None, None] * _FACET_NORMALS
    normals[..., 2] = up[:, None]
    offsets = reach[:, None] + flat[:, None] * (_FACET_NORMALS @ axis_m)
    low, high = float(heights_m.min()), float(heights_m.max())
    return _closed(normals.reshape(-1, 3), offsets.ravel(), low, high)


def _closed(walls: Array, reach: Array, low: float, high: float) -> tuple[Array, Array]:
    """Walls with a floor and a ceiling."""
    return np.concatenate([walls, _ENDS]), np.concatenate([reach, [-low, high]])
