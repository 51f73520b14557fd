"""What completion works with: a seen surface sorted into walls, rim, limbs and vertical ends.

In: a ``Surface`` in W and where it was seen from. Out: ``Sight``: a few hundred samples of each
kind (more add time, not accuracy), the noise scale, bottom and top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.surface import STANDING_M, Edge, Surface

Array = NDArray[np.float64]

MOST_SAMPLES = 250
UPWARD = 0.80
"""Normals with this much z belong to a level surface."""
LEAST_SIDE_M = 0.004
_WALL = 0.5
_BULGE_M = 0.03


@dataclass(frozen=True, eq=False)
class Sight:
    """A seen surface, sorted.

    Attributes:
        surface: with the rim of a level top moved onto the top's plane.
        camera_m: (3,) where it was seen from.
        noise_m: expected distance of a seen sample from the true surface.
        low_m, high_m: z of bottom and top; stands: it reaches down to the support.
        foot_hidden_m: height up to which the foot is hidden, when it is only taken to reach down.
        top_seen: a level surface at the top is in view.
        wall_m, wall_normals: (N, 3) points on the flanks (not facing up) and their normals.
        rim_m: (M, 3) own outline on a rim or at the foot, where depth is good.
        limb_m: (L, 3) own outline seen on edge: good across the view only.
        level_m: (K, 2) and level_normals: (K, 2) points on upright walls and the unit ground
            directions they face.
    """

    surface: Surface
    camera_m: Array
    noise_m: float
    low_m: float
    high_m: float
    stands: bool
    foot_hidden_m: float
    top_seen: bool
    wall_m: Array
    wall_normals: Array
    rim_m: Array
    limb_m: Array
    level_m: Array
    level_normals: Array


def sort_out(surface: Surface, camera_m: Array, *, support_known: bool) -> Sight:
    """Sort a surface seen from ``camera_m`` (W); ``support_known``: z = 0 is the support."""
    sigma = middle(surface.sigma_m)
    low, high, stands = _vertical_ends(surface, sigma, support_known)
    hidden = 0.0
    if support_known and not stands and _foot_is_hidden(surface, low, high):
        low, hidden, stands = 0.0, low, True
    noise = sigma + 0.3 * surface.pixel_m
    found = sorted_sight(surface, camera_m, noise, low, high, stands)
    return replace(found, foot_hidden_m=hidden)


def sorted_sight(
    surface: Surface, camera_m: Array, noise_m: float, low_m: float, high_m: float, stands: bool
) -> Sight:
    """Sort a surface whose vertical ends are known."""
    s = _rim_on_plane(surface, high_m, camera_m, noise_m)
    level_z = s.points_m[s.normals[:, 2] > UPWARD, 2]
    on_top = int(np.count_nonzero(np.abs(level_z - high_m) < 3 * noise_m + 0.004))
    walls = np.flatnonzero(s.normals[:, 2] < _WALL)
    walls = walls[:: max(1, len(walls) // MOST_SAMPLES)]
    points, normals = s.points_m[walls], s.normals[walls]
    upright = normals[:, 2] > -_WALL
    level = normals[upright, :2]
    length = np.sqrt((level * level).sum(axis=1))
    rim, limb = _own_edges(s)
    return Sight(
        s,
        camera_m,
        noise_m,
        low_m,
        high_m,
        stands,
        0.0,
        on_top >= max(10, len(s.points_m) // 40),
        points,
        normals,
        rim,
        limb,
        points[upright, :2],
        level / np.maximum(length, 1e-9)[:, None],
    )


def middle(values: Array) -> float:
    """Median of at least one value, without numpy's detours."""
    k = len(values) // 2
    return float(np.partition(values, k)[k])


def thinned(points: Array, most: int = MOST_SAMPLES) -> Array:
    """About ``most`` of the points, evenly."""
    return points[:: max(1, len(points) // most)]


def robust_end(values: Array, noise_m: float) -> float:
    """Where values end upwards: the middle of a plateau, or nearly the tip of a point.

    The largest of many noisy readings of one plateau lies 2-3 sigma above it; a mean over the
    readings within 2 sigma of a first guess does not, and cuts little from a tip.
    """
    k = min(3, len(values))
    guess = float(np.partition(values, -k)[-k:].mean())
    for reach in (3.0, 2.0):
        near = values[np.abs(values - guess) < reach * noise_m + 1e-4]
        if len(near) < 3:
            break
        guess = float(near.mean())
    return guess


def _vertical_ends(s: Surface, sigma: float, support_known: bool) -> tuple[float, float, bool]:
    """(bottom, top, whether it stands on the support) in W's z."""
    edges, quality = s.edges, s.outline_quality
    ends_seen = (edges != Edge.OCCLUDED) & (edges != Edge.TRUNCATED)
    outline_z, points_z = s.outline_m[:, 2], s.points_m[:, 2]
    steep = float(np.abs(s.rays[:, 2]).mean())
    noise = float(np.hypot(sigma * steep, 0.3 * s.pixel_m))
    # beside an edge a plane is fitted to half a window and prolonged: noisier than a point
    edge_noise = 2.0 * noise + 0.3 * s.pixel_m
    fitted = (quality == 2) & ends_seen
    up, down = outline_z[fitted & (s.outward[:, 2] > 0)], outline_z[fitted & (s.outward[:, 2] < 0)]
    high = robust_end(points_z, noise)
    if len(up) >= 4:
        high = max(high, robust_end(up, edge_noise))
    low = -robust_end(-points_z, noise)
    if len(down) >= 4:
        low = min(low, -robust_end(-down, edge_noise))
    z = np.concatenate([points_z, up])
    level = s.points_m[s.normals[:, 2] > UPWARD, 2]
    if len(level) >= max(8, len(s.points_m) // 40):
        top = robust_end(level, noise)
        above = int(np.count_nonzero(z > top + 3 * noise + 1.5 * s.pixel_m))
        near = level[np.abs(level - top) < 2 * noise + 0.002]
        if above < max(4, len(z) // 100) and len(near) >= 4:
            high = middle(near)
    # a tip or a leg too thin for a fitted plane still tells where it ends
    own = (edges == Edge.FREE) | (edges == Edge.STANDING) | (edges == Edge.UNKNOWN)
    thin = np.sort(outline_z[(quality == 1) & own])
    beyond = 3 * (s.pixel_m + noise)
    if len(thin) >= 4 and thin[-3] > high + beyond:
        high = float(thin[-3])
    if len(thin) >= 4 and thin[2] < low - beyond:
        low = float(thin[2])
    stands = support_known and low < STANDING_M + 2.5 * noise + s.pixel_m
    if stands:
        low = 0.0
    return low, max(high, low + LEAST_SIDE_M), stands


def across(s: Surface) -> Array:
    """(2,) unit ground direction across the view, to the left."""
    view = s.rays[:, :2].mean(axis=0)
    length = max(float(np.hypot(view[0], view[1])), 1e-9)
    return np.array([-view[1], view[0]]) / length


def _foot_is_hidden(s: Surface, low: float, high: float) -> bool:
    """Whether it is likelier that an unseen foot stands on the support than that none does.

    So where something nearer or the border cuts the outline that faces down, and no more would be
    hidden than is seen; and where it ends just above the support touching nothing: a bowl bulges
    over its foot, nothing hovers.
    """
    down = s.edges[s.outward[:, 2] < -0.5]
    if not len(down):
        return False
    cut = float(((down == Edge.OCCLUDED) | (down == Edge.TRUNCATED)).mean())
    if cut > 0.5:
        return low <= high - low
    touching = float((down == Edge.CONTACT).mean())
    return low < _BULGE_M and touching < 0.1


def _rim_on_plane(s: Surface, high: float, camera_m: Array, noise: float) -> Surface:
    """The surface with the rim of a level top moved along its rays onto the top's plane.

    The plane is the mean of many readings; a single reading beside the far rim is off by its
    noise over the sine of the view's inclination. Seen too flatly a top has no readings at all:
    then its rim is where the outline passes over the top of the walls.
    """
    level = np.abs(s.points_m[s.normals[:, 2] > UPWARD, 2] - high) < 2 * noise + 0.002
    if np.count_nonzero(level) < max(10, len(s.points_m) // 30):
        walls = np.abs(s.normals[:, 2]) < _WALL
        if np.count_nonzero(walls) < 0.6 * len(walls):
            return s
    down = -s.rays[:, 2]
    above = s.outline_m[:, 2] - high
    own = (s.edges == Edge.FREE) | (s.edges == Edge.UNKNOWN) | (s.edges == Edge.STANDING)
    measured = s.outline_quality == 2
    on_it = measured & (np.abs(above) < 3 * noise + 1.5 * s.pixel_m)
    on_it &= (s.outline_normals[:, 2] > 0.6) & (s.edges != Edge.UNKNOWN)
    # depth filled in from the walls puts the far rim above the top
    over_it = ~measured & (above > -noise)
    near = (s.outward[:, 2] > 0) & (down > 0.05) & own
    over_it &= near
    # a level top's rim is about as wide as the object; a tip that stands up is not
    spread = np.ptp(s.outline_m[over_it, :2], axis=0).max() if over_it.any() else 0.0
    if spread < 0.6 * np.ptp(s.outline_m[:, :2] @ across(s)):
        over_it[:] = False
    near &= on_it | over_it
    most = np.where(over_it, float(np.ptp(s.outline_m[:, :2], axis=0).max()) + 0.1, 0.04)
    most += 6 * s.pixel_m
    mine = np.flatnonzero(near)
    reach = (camera_m[2] - high) / down[mine]
    moved = camera_m + reach[:, None] * s.rays[mine]
    shift = moved - s.outline_m[mine]
    kept = np.sqrt((shift * shift).sum(axis=1)) < most[mine]
    mine = mine[kept]
    outline, quality = s.outline_m.copy(), s.outline_quality.copy()
    normals = s.outline_normals.copy()
    outline[mine] = moved[kept]
    quality[mine] = 2
    normals[mine] = (0.0, 0.0, 1.0)
    return replace(s, outline_m=outline, outline_quality=quality, outline_normals=normals)


def _own_edges(s: Surface) -> tuple[Array, Array]:
    """Outline points that are the object's own: on a rim or at the foot, and on a limb."""
    upward = s.outline_normals[:, 2] > UPWARD
    measured = s.outline_quality == 2
    free = s.edges == Edge.FREE
    # a hole beside an object is mostly its shadow in the projector's or second camera's view
    beside = free | (s.edges == Edge.UNKNOWN)
    rim = ((beside & upward) | ((s.edges == Edge.STANDING) & ~upward)) & measured
    limb = beside & ~(upward & measured)
    return thinned(s.outline_m[rim]), thinned(s.outline_m[limb])
