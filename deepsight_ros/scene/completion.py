"""From the seen surface to a full solid: what an object most likely is behind what was seen.

In: a ``Surface`` in W (z up, support at 0). Out: a solid, the family it was taken for and how
well the family fits. Families: sphere, solid of revolution, upright box, and for everything else
layers of convex prisms. Hidden backs follow from symmetry (round things, boxes) or from upright
extrusion of what is seen from above.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.layers import layered_pieces, strays
from deepsight_ros.scene.outline import convex_hull
from deepsight_ros.scene.raycast import first_hits
from deepsight_ros.scene.rectangle import Evidence, fit_rectangle
from deepsight_ros.scene.revolution import (
    DiscStackSolid,
    RoundFit,
    fit_round,
    fit_sphere,
    round_by_limbs,
)
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConvexSolid,
    CylinderSolid,
    PrismSolid,
    Solid,
    SphereSolid,
)
from deepsight_ros.scene.surface import STANDING_M, Edge, Surface

Array = NDArray[np.float64]

_MOST_SAMPLES = 500
_UP = 0.80
_LEAST_SIDE_M = 0.004
_LIMB_BANDS = 12
_NORMALS_WEIGHT = 5.0
_CLEAR_M = 0.006
# a picture this close to what was seen needs no other explanation
_GOOD_FIT, _GOOD_FIT_M = 1.5, 0.0005


@dataclass(frozen=True, eq=False)
class Completion:
    """A solid for what was seen.

    Attributes:
        solid: in W.
        kind: "sphere", "round", "box" or "layers".
        residual_m: RMS of the seen surface's distance from it.
        stands: whether it reaches down to the support.
        is_symmetric: the hidden side follows from symmetry that the seen part confirms.
    """

    solid: Solid
    kind: str
    residual_m: float
    stands: bool
    is_symmetric: bool


def complete(surface: Surface, camera_m: Array, *, support_known: bool) -> Completion:
    """Choose the family that explains the seen surface and complete it."""
    s = surface
    noise = float(np.median(s.sigma_m)) + 0.3 * s.pixel_m
    low, high, stands = vertical_ends(s, support_known)
    s = _rim_on_plane(s, high, camera_m, noise)
    rim, limb = _own_edges(s)
    samples = np.concatenate([_flank(s)[0], rim])
    found = [
        _as_sphere(s, noise, low, stands) if len(s.points_m) >= 20 else None,
        _as_round(s, samples, limb, camera_m, noise, low, high, stands)
        if len(samples) >= 12
        else None,
        _as_box(s, rim, limb, noise, low, high, stands) if len(samples) >= 8 else None,
    ]
    scored = [
        (misfit_m(s, f.solid, camera_m) * _normals_speak_against(s, f), f)
        for f in found
        if f is not None
    ]
    misfit, best = min(scored, key=lambda pair: pair[0], default=(np.inf, None))
    if misfit > _GOOD_FIT * noise + _GOOD_FIT_M:
        by_limbs = round_by_limbs(_flank(s)[0], limb, camera_m, _LIMB_BANDS)
        if by_limbs is not None:
            turned = _turned(s, by_limbs, camera_m, noise, low, high, stands)
            turned_misfit = misfit_m(s, turned.solid, camera_m)
            turned_misfit *= _normals_speak_against(s, turned)
            if turned_misfit < misfit:
                misfit, best = turned_misfit, turned
    if best is not None:
        fuller = _with_extras(s, best, noise)
        fuller_misfit = np.inf if fuller is None else misfit_m(s, fuller.solid, camera_m)
        # what sticks out is evidence by itself; the picture must only not speak against it
        if fuller is not None and fuller_misfit < 1.1 * misfit + 0.1 * noise:
            misfit, best = fuller_misfit, fuller
    if best is None or misfit > _GOOD_FIT * noise + _GOOD_FIT_M:
        layered = _as_layers(s, low, high, stands, noise, camera_m)
        layered_misfit = misfit_m(s, layered.solid, camera_m)
        if best is None or layered_misfit < misfit:
            misfit, best = layered_misfit, layered
    return replace(best, residual_m=misfit)


def _normals_speak_against(s: Surface, found: Completion) -> float:
    """Factor >= 1 on a misfit: a box's walls all face four ways, a round flank faces outwards.

    Where noise or a concave front hides the shape from the distances, the mean of many normals
    still tells walls from a round flank.
    """
    if found.kind not in ("round", "box"):
        return 1.0
    flank = np.abs(s.normals[:, 2]) < 0.5
    if np.count_nonzero(flank) < 20:
        return 1.0
    level = s.normals[flank, :2]
    level = level / np.maximum(np.hypot(level[:, 0], level[:, 1]), 1e-9)[:, None]
    radial = s.points_m[flank, :2] - found.solid.box.centre_m[:2]
    radial = radial / np.maximum(np.hypot(radial[:, 0], radial[:, 1]), 1e-9)[:, None]
    roundness = float((level * radial).sum(axis=1).mean())
    if found.kind == "round":
        fold = 4.0 * np.arctan2(level[:, 1], level[:, 0])
        yaw = float(np.arctan2(np.sin(fold).mean(), np.cos(fold).mean())) / 4.0
    else:
        yaw = found.solid.box.yaw_rad
    c, sine = np.cos(yaw), np.sin(yaw)
    squareness = float(
        np.maximum(
            np.abs(level @ np.array([c, sine])), np.abs(level @ np.array([-sine, c]))
        ).mean()
    )
    against = squareness - roundness if found.kind == "round" else roundness - squareness
    return 1.0 + _NORMALS_WEIGHT * max(0.0, against)


def misfit_m(s: Surface, solid: Solid, camera_m: Array) -> float:
    """How badly the picture of a solid differs from what was seen (metres per object pixel).

    Inside the mask the difference in range counts, up to a cap; a ray that misses, or one beside
    the mask that hits in front of the farther surface seen there, counts as the cap.
    """
    hits = first_hits(solid, camera_m, s.check_rays)
    cap = max(0.02, 0.15 * float(solid.box.size_m.max()))
    ahead = s.check_ranges_m - hits
    off = np.minimum(np.abs(ahead), cap)
    clear = _CLEAR_M + 4.0 * s.check_sigma_m
    in_free_space = np.where(ahead > clear, np.minimum(ahead, cap), 0.0)
    cost = np.where(s.check_inside, off, in_free_space) * s.check_weights
    return float(cost.sum() / max(float(s.check_weights[s.check_inside].sum()), 1.0))


def vertical_ends(s: Surface, support_known: bool) -> tuple[float, float, bool]:
    """(bottom, top, whether it stands on the support) in W's z."""
    ends_seen = ~np.isin(s.edges, (Edge.OCCLUDED, Edge.TRUNCATED))
    z = np.concatenate([s.points_m[:, 2], s.outline_m[(s.outline_quality == 2) & ends_seen, 2]])
    steep = float(np.median(np.abs(s.rays[:, 2])))
    noise = float(np.hypot(np.median(s.sigma_m) * steep, 0.3 * s.pixel_m))
    high = robust_end(z, noise)
    flat = s.points_m[s.normals[:, 2] > _UP, 2]
    flat = flat[np.abs(flat - high) < 3 * noise + 0.004]
    if len(flat) >= max(8, len(s.points_m) // 40):
        high = float(np.median(flat))
    low = -robust_end(-z, noise)
    own = np.isin(s.edges, (Edge.FREE, Edge.STANDING))
    thin = np.sort(s.outline_m[(s.outline_quality == 1) & own, 2])
    beyond = 3 * (s.pixel_m + noise)
    if len(thin) >= 4 and thin[-3] > high + beyond:
        high = float(thin[-3])
    if len(thin) >= 4 and thin[2] < low - beyond:
        low = float(thin[2])
    stands = support_known and low < STANDING_M + 2.5 * noise + s.pixel_m
    if stands:
        low = 0.0
    return low, max(high, low + _LEAST_SIDE_M), stands


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


def _thin(points: Array, most: int) -> Array:
    step = max(1, len(points) // most)
    return points[::step]


def _rim_on_plane(s: Surface, high: float, camera_m: Array, noise: float) -> Surface:
    """The surface with the rim of a level top moved along its rays onto the top's plane.

    The plane is the mean of many readings; a single reading beside the far rim is off by its
    noise over the sine of the view's inclination, or missing.
    """
    level = np.abs(s.points_m[s.normals[:, 2] > _UP, 2] - high) < 2 * noise + 0.002
    if np.count_nonzero(level) < max(10, len(s.points_m) // 30):
        return s
    down = -s.rays[:, 2]
    reach = (camera_m[2] - high) / np.maximum(down, 0.05)
    moved = camera_m + reach[:, None] * s.rays
    shift = np.linalg.norm(moved - s.outline_m, axis=1)
    near = np.abs(s.outline_m[:, 2] - high) < 3 * noise + 1.5 * s.pixel_m
    near &= (down > 0.05) & (shift < 0.04 + 6 * s.pixel_m)
    near &= (s.edges == Edge.FREE) | (s.edges == Edge.STANDING)
    facing_up = (s.outline_normals[:, 2] > 0.6) | (s.outline_quality < 2)
    mine = near & facing_up & (s.upwards > 0)
    outline, quality, normals = (
        s.outline_m.copy(),
        s.outline_quality.copy(),
        s.outline_normals.copy(),
    )
    outline[mine] = moved[mine]
    quality[mine] = 2
    normals[mine] = (0.0, 0.0, 1.0)
    return replace(s, outline_m=outline, outline_quality=quality, outline_normals=normals)


def _flank(s: Surface) -> tuple[Array, Array]:
    """Points (N, 3) on the outer walls and their normals (N, 3)."""
    flank = np.flatnonzero(s.normals[:, 2] < 0.5)
    flank = flank[:: max(1, len(flank) // _MOST_SAMPLES)]
    return s.points_m[flank], s.normals[flank]


def _own_edges(s: Surface) -> tuple[Array, Array]:
    """Outline points that are the object's own: those on a rim or at the foot, whose depth is
    good, and those on a limb (seen on edge, good across the view only); (M, 3) each."""
    upward = s.outline_normals[:, 2] > _UP
    measured = s.outline_quality == 2
    rim = ((s.edges == Edge.FREE) & upward) | ((s.edges == Edge.STANDING) & ~upward)
    rim &= measured
    limb = (s.edges == Edge.FREE) & ~(upward & measured)
    return _thin(s.outline_m[rim], _MOST_SAMPLES), _thin(s.outline_m[limb], _MOST_SAMPLES)


def _as_sphere(s: Surface, noise: float, low: float, stands: bool) -> Completion | None:
    fit = fit_sphere(_thin(s.points_m, _MOST_SAMPLES))
    if fit is None:
        return None
    bottom = fit.centre_m[2] - fit.radius_m
    slack = 0.08 * fit.radius_m + 3 * noise + 0.004
    if fit.residual_m > noise + 0.02 * fit.radius_m or fit.radius_m > 1.0:
        return None
    if (stands and abs(bottom) > slack) or bottom > low + slack:
        return None
    width = float(np.ptp(s.outline_m[:, :2] @ _across(s), axis=0))
    if not 0.6 * fit.radius_m < width < 2.3 * fit.radius_m:
        return None
    # a patch of nearly flat surface is no sphere: its normals have to turn with the position
    radial = (s.points_m - fit.centre_m) / fit.radius_m
    agree = float(np.median((radial * s.normals).sum(axis=1)))
    if agree < 0.93:
        return None
    centre = fit.centre_m.copy()
    if stands:
        centre[2] = fit.radius_m
    return Completion(SphereSolid(centre, fit.radius_m), "sphere", fit.residual_m, stands, True)


def _across(s: Surface) -> Array:
    """Unit ground direction across the view."""
    middle = s.rays.mean(axis=0)[:2]
    across = np.array([-middle[1], middle[0]])
    return across / max(float(np.linalg.norm(across)), 1e-9)


def _as_round(
    s: Surface,
    samples: Array,
    limb: Array,
    camera_m: Array,
    noise: float,
    low: float,
    high: float,
    stands: bool,
) -> Completion | None:
    bands = int(np.clip(len(samples) // 40, 2, 8))
    fit = fit_round(samples, limb, camera_m, noise + 0.001, bands)
    if fit is None or fit.arc_rad < np.deg2rad(80) or fit.radii_m.max() < 0.003:
        return None
    return _turned(s, fit, camera_m, noise, low, high, stands)


def _turned(
    s: Surface,
    fit: RoundFit,
    camera_m: Array,
    noise: float,
    low: float,
    high: float,
    stands: bool,
) -> Completion:
    if fit.radii_m[-1] < 0.6 * fit.radii_m.max():
        high = max(high, _tip(s, fit, camera_m))
    return Completion(_stack(fit, low, high, noise), "round", fit.residual_m, stands, True)


def _tip(s: Surface, fit: RoundFit, camera_m: Array) -> float:
    """Height of a pointed top: it stands on the axis, under the highest viewing ray, which is
    known better than the depth beside the tip."""
    own = s.edges == Edge.FREE
    if not own.any():
        return -np.inf
    flat = np.hypot(s.rays[own, 0], s.rays[own, 1])
    slope = s.rays[own, 2] / np.maximum(flat, 1e-6)
    away = float(np.hypot(*(fit.centre_m - camera_m[:2])))
    steepest = np.sort(slope)[-2:].mean()
    return float(camera_m[2] + away * steepest)


def _stack(fit: RoundFit, low: float, high: float, noise: float) -> Solid:
    """Cylinder where the profile is straight, else convex stacks of discs."""
    z, r = fit.heights_m, fit.radii_m
    if np.ptp(r) < 0.04 * r.max() + noise:
        radius = float(np.median(r))
        centre = np.array([fit.centre_m[0], fit.centre_m[1], (low + high) / 2])
        return CylinderSolid(centre, radius, high - low)
    ends = np.interp([low, high], z, r)
    if len(z) >= 3:  # a straight flank goes on to the end
        foot = r[0] - (r[1] - r[0]) / max(z[1] - z[0], 1e-4) * (z[0] - low)
        tip = r[-1] + (r[-1] - r[-2]) / max(z[-1] - z[-2], 1e-4) * (high - z[-1])
        ends = np.clip([foot, tip], 0.0, [1.1 * r[0] + noise, 1.05 * r[-1] + noise])
    heights = np.concatenate([[low], z[(z > low) & (z < high)], [high]])
    radii = np.concatenate([ends[:1], r[(z > low) & (z < high)], ends[1:]])
    pieces: list[ConvexSolid] = []
    start = 0
    for i in range(1, len(heights)):
        is_last = i == len(heights) - 1
        if not is_last:
            before = (radii[i] - radii[start]) / max(heights[i] - heights[start], 1e-4)
            after = (radii[i + 1] - radii[i]) / max(heights[i + 1] - heights[i], 1e-4)
            dent = (after - before) * min(heights[i] - heights[start], heights[i + 1] - heights[i])
            if dent <= noise + 0.002:
                continue
        piece_r = np.maximum(radii[start : i + 1], 1e-4)
        pieces.append(DiscStackSolid(fit.centre_m, heights[start : i + 1], piece_r))
        start = i
    return pieces[0] if len(pieces) == 1 else CompoundSolid(tuple(pieces))


def _as_box(
    s: Surface, rim: Array, limb: Array, noise: float, low: float, high: float, stands: bool
) -> Completion:
    walls, normals = _flank(s)
    everything = np.concatenate([s.points_m, s.outline_m[s.outline_quality == 2]])[:, :2]
    view = s.rays[:, :2].mean(axis=0)
    fit = fit_rectangle(
        Evidence(walls[:, :2], normals[:, :2], rim[:, :2], limb[:, :2], everything),
        view / max(float(np.linalg.norm(view)), 1e-9),
        noise,
    )
    centre = np.array([fit.centre_m[0], fit.centre_m[1], (low + high) / 2])
    size = np.array([fit.size_m[0], fit.size_m[1], high - low])
    both = bool(max(fit.seen[:2]) > 0.5 and max(fit.seen[2:]) > 0.5)
    return Completion(BoxSolid(centre, size, fit.yaw_rad), "box", 0.0, stands, both)


def _with_extras(s: Surface, body: Completion, noise: float) -> Completion | None:
    """The body with a prism around what clearly sticks out of it (a handle, a spout)."""
    own = (s.edges == Edge.FREE) & (s.outline_quality >= 1)
    own |= np.isin(s.edges, (Edge.STANDING, Edge.CONTACT)) & (s.outline_quality == 2)
    points = np.concatenate([s.points_m, s.outline_m[own]])
    nearest = body.solid.nearest_points(points)
    out = np.linalg.norm(points - nearest, axis=1) > 3.0 * noise + 0.004
    points, nearest = points[out], nearest[out]
    kept = ~strays(points[:, :2], noise)
    if np.count_nonzero(kept) < max(6, len(out) // 200):
        return None
    hull = convex_hull(np.concatenate([points[kept, :2], nearest[kept, :2]]))
    low, high = (float(z) for z in np.quantile(points[kept, 2], (0.04, 0.96)))
    if len(hull) < 3 or high - low < 1e-3:
        return None
    parts = (*body.solid.parts, PrismSolid(hull, low, high))
    return replace(body, solid=CompoundSolid(parts))


def _as_layers(
    s: Surface, low: float, high: float, stands: bool, noise: float, camera_m: Array
) -> Completion:
    pieces = layered_pieces(s, low, high, noise, camera_m)
    if not pieces:
        points = np.concatenate([s.points_m, s.outline_m])
        middle = points.mean(axis=0)
        size = np.maximum(np.ptp(points, axis=0), _LEAST_SIDE_M)
        return Completion(BoxSolid(middle, size, 0.0), "layers", noise, stands, False)
    solid: Solid = pieces[0] if len(pieces) == 1 else CompoundSolid(tuple(pieces))
    return Completion(solid, "layers", noise, stands, False)
