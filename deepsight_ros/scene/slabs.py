"""Things stacked of simple pieces (a bottle of a box and a neck, steps, a vase): each slab between
two level surfaces is completed on its own.

In: a ``Sight``. Out: for each slab its bottom, its top and the ``Sight`` of what was seen of it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.sight import Sight, sorted_sight
from deepsight_ros.scene.surface import Surface

Array = NDArray[np.float64]

_LEVEL = 0.85
_MOST_SLABS = 4
_LEAST_POINTS = 12


def slabs(sight: Sight) -> list[Sight]:
    """What was seen of each slab, lowest first; fewer than two when there is only one level."""
    edges = _levels(sight)
    if len(edges) < 2:
        return []
    found: list[Sight] = []
    bottom = sight.low_m
    for top in edges:
        part = _between(sight, bottom, top)
        if part is None:
            return []
        found.append(part)
        bottom = top
    return found


def _levels(sight: Sight) -> list[float]:
    """Heights of level surfaces in view, ascending; the last is the top."""
    s, noise = sight.surface, sight.noise_m
    z = s.points_m[s.normals[:, 2] > _LEVEL, 2]
    step = max(2.0 * noise, 0.004)
    least = max(8, len(s.points_m) // 40)
    levels: list[float] = []
    low, high = sight.low_m, sight.high_m
    z = np.sort(z[(z > low + 2.0 * step) & (z < high - 2.0 * step)])
    while len(z) >= least:
        crowd = np.searchsorted(z, z + step) - np.searchsorted(z, z - step)
        best = int(crowd.argmax())
        if crowd[best] < least:
            break
        near = np.abs(z - z[best]) < step
        levels.append(float(z[near].mean()))
        z = z[np.abs(z - levels[-1]) > 3.0 * step]
        if len(levels) >= _MOST_SLABS - 1:
            break
    return [*sorted(levels), high] if levels else []


def _between(sight: Sight, bottom: float, top: float) -> Sight | None:
    """The sight of what lies above ``bottom`` and not above ``top``."""
    s = sight.surface
    slack = 2.0 * sight.noise_m
    low = bottom + slack if bottom > sight.low_m else -np.inf
    high = top + slack if top < sight.high_m else np.inf

    def inside(z: Array) -> NDArray[np.bool_]:
        return (z > low) & (z < high)

    points, outline = inside(s.points_m[:, 2]), inside(s.outline_m[:, 2])
    if np.count_nonzero(points) < _LEAST_POINTS:
        return None
    seen_z = sight.camera_m[2] + s.check_ranges_m * s.check_rays[:, 2]
    checks = ~s.check_inside | inside(seen_z)
    part: Surface = replace(
        s,
        points_m=s.points_m[points],
        normals=s.normals[points],
        sigma_m=s.sigma_m[points],
        outline_m=s.outline_m[outline],
        outline_normals=s.outline_normals[outline],
        outline_sigma_m=s.outline_sigma_m[outline],
        outline_quality=s.outline_quality[outline],
        outward=s.outward[outline],
        edges=s.edges[outline],
        rays=s.rays[outline],
        check_rays=s.check_rays[checks],
        check_ranges_m=s.check_ranges_m[checks],
        check_inside=s.check_inside[checks],
        check_sigma_m=s.check_sigma_m[checks],
        check_weights=s.check_weights[checks],
    )
    if not len(part.outline_m):
        return None
    return sorted_sight(part, sight.camera_m, sight.noise_m, bottom, top, sight.stands)
