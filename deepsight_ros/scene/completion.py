"""From the seen surface to a full solid: what an object most likely is behind what was seen.

In: a ``Surface`` in W (z up, support at 0). Out: a solid, the family it was taken for and how
well its picture agrees with what was seen. Families: sphere, solid of revolution, upright box,
and for everything else layers of convex prisms. Hidden backs follow from symmetry (round things,
boxes) or from upright extrusion of what is seen from above. The simplest family whose picture
agrees within noise is taken; else the one that agrees best.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.layers import layered_pieces, strays
from deepsight_ros.scene.outline import convex_hull
from deepsight_ros.scene.raycast import first_hits
from deepsight_ros.scene.rectangle import SideEvidence, fit_rectangle
from deepsight_ros.scene.revolution import (
    DiscStackSolid,
    RoundFit,
    fit_round,
    fit_sphere,
    round_by_limbs,
    stacked_discs,
)
from deepsight_ros.scene.sight import LEAST_SIDE_M, Sight, across, middle, sort_out, thinned
from deepsight_ros.scene.slabs import slabs
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConvexSolid,
    PrismSolid,
    Solid,
    SphereSolid,
)
from deepsight_ros.scene.surface import Edge, Surface

Array = NDArray[np.float64]

_MOST_LIMB_BANDS = 40
_LEAST_ARC_RAD = np.deg2rad(80)
_NORMALS_WEIGHT = 5.0
_CLEAR_M = 0.006
# being hollow is less likely than being convex: it has to explain much better
_HOLLOW_SHARE, _HOLLOW_PRICE, _HOLLOW_M = 0.1, 2.0, 0.002
# an outline this far above a ball's own is something that stands up on it
_STALK_PX = 1.0
# a picture this close to what was seen needs no other explanation
_GOOD_FIT, _GOOD_FIT_M = 1.5, 0.0005
# one this close is not even compared with another family's
_SURE_FIT = 1.0


@dataclass(frozen=True, eq=False)
class Completion:
    """A solid for what was seen.

    Attributes:
        solid: in W.
        kind: "sphere", "round", "box", "slabs" or "layers".
        residual_m: how far its picture is from what was seen, per pixel (``misfit_m``).
        stands: whether it reaches down to the support.
        is_symmetric: the hidden side follows from symmetry that the seen part confirms.
        top_seen: a level top is in view, so that its far rim limits the depth.
        foot_hidden_m: height up to which the foot is hidden and only taken to reach down.
    """

    solid: Solid
    kind: str
    residual_m: float
    stands: bool
    is_symmetric: bool
    top_seen: bool = False
    foot_hidden_m: float = 0.0


def complete(surface: Surface, camera_m: Array, *, support_known: bool) -> Completion:
    """Choose the family that explains the seen surface and complete it.

    Args:
        surface: seen, in W.
        camera_m: (3,) where it was seen from.
        support_known: z = 0 of W is the support surface.
    """
    sight = sort_out(surface, camera_m, support_known=support_known)
    good = _GOOD_FIT * sight.noise_m + _GOOD_FIT_M
    best = _simple(sight)
    if best is None or best.residual_m > good:
        best = _better(best, _as_limbs(sight))
    if best is not None:
        fuller = _with_extras(sight, best)
        # what sticks out is evidence by itself; the picture must only not speak against it
        if fuller is not None and fuller.residual_m < (
            1.1 * best.residual_m + 0.1 * sight.noise_m
        ):
            best = fuller
    if best is None or best.residual_m > good:
        best = _better(best, _as_slabs(sight))
    if best is None or best.residual_m > good:
        best = _better(best, _as_layers(sight)) or _as_layers(sight)
    return replace(best, top_seen=sight.top_seen, foot_hidden_m=sight.foot_hidden_m)


def _simple(sight: Sight) -> Completion | None:
    """Sphere, round or box, tried in the order that the walls' normals suggest."""
    best = _as_sphere(sight)
    sure = _SURE_FIT * sight.noise_m
    for family in (_as_round, _as_box) if _looks_round(sight) else (_as_box, _as_round):
        if best is not None and best.residual_m < sure:
            break
        best = _better(best, family(sight))
    return best


def _better(a: Completion | None, b: Completion | None) -> Completion | None:
    if a is None or b is None:
        return a or b
    return b if b.residual_m < a.residual_m else a


def _looks_round(sight: Sight) -> bool:
    """Whether the upright walls face many ways rather than two."""
    level = sight.level_normals
    if len(level) < 20:
        return True
    fold = 4.0 * np.arctan2(level[:, 1], level[:, 0])
    return float(np.hypot(np.cos(fold).mean(), np.sin(fold).mean())) < 0.5


def _judged(sight: Sight, found: Completion) -> Completion:
    """The completion with its residual: misfit times what the normals have to say."""
    misfit = misfit_m(sight.surface, found.solid, sight.camera_m)
    return replace(found, residual_m=misfit * _normals_speak_against(sight, found))


def _normals_speak_against(sight: Sight, found: Completion) -> float:
    """Factor >= 1 on a misfit: a box's walls all face four ways, a round flank faces outwards.

    Where noise or a concave front hides the shape from the distances, the mean of many normals
    still tells walls from a round flank.
    """
    level = sight.level_normals
    if found.kind not in ("round", "box") or len(level) < 20:
        return 1.0
    box = found.solid.box
    radial = sight.level_m - box.centre_m[:2]
    along = (level * radial).sum(axis=1)
    roundness = float((along / np.maximum(np.hypot(radial[:, 0], radial[:, 1]), 1e-9)).mean())
    if found.kind == "round":
        fold = 4.0 * np.arctan2(level[:, 1], level[:, 0])
        yaw = float(np.arctan2(np.sin(fold).mean(), np.cos(fold).mean())) / 4.0
    else:
        yaw = box.yaw_rad
    c, s = np.cos(yaw), np.sin(yaw)
    squareness = float(np.abs(level @ np.array([[c, -s], [s, c]])).max(axis=1).mean())
    against = squareness - roundness if found.kind == "round" else roundness - squareness
    return 1.0 + _NORMALS_WEIGHT * max(0.0, against)


def misfit_m(s: Surface, solid: Solid, camera_m: Array) -> float:
    """How badly the picture of a solid differs from what was seen (metres per object pixel).

    Inside the mask the difference in range counts, up to a cap (a ray that misses counts as the
    cap); beside the mask, how far the solid stands in front of the farther surface seen there.
    A thing may be hollow (a bowl, a crate, a shelf): what lies deeper than the solid counts
    little then, if all the rest agrees.
    """
    hits = first_hits(solid, camera_m, s.check_rays)
    cap = max(0.02, 0.15 * float(solid.box.size_m.max()))
    ahead = s.check_ranges_m - hits
    off = np.minimum(np.abs(ahead), cap)
    clear = _CLEAR_M + 4.0 * s.check_sigma_m
    in_free_space = np.where(ahead > clear, np.minimum(ahead, cap), 0.0)
    cost = np.where(s.check_inside, off, in_free_space) * s.check_weights
    pixels = max(float(s.check_weights[s.check_inside].sum()), 1.0)
    plain = float(cost.sum()) / pixels
    deeper = s.check_inside & (ahead > clear)
    if not deeper.any():
        return plain
    cost[deeper] *= _HOLLOW_SHARE
    return min(plain, _HOLLOW_PRICE * float(cost.sum()) / pixels + _HOLLOW_M)


def _as_sphere(sight: Sight) -> Completion | None:
    s, noise = sight.surface, sight.noise_m
    if len(s.points_m) < 20:
        return None
    fit = fit_sphere(thinned(s.points_m), noise)
    if fit is None or fit.radius_m > 1.0:
        return None
    bottom = fit.centre_m[2] - fit.radius_m
    slack = 0.08 * fit.radius_m + 3 * noise + 0.004
    if (sight.stands and abs(bottom) > slack) or bottom > sight.low_m + slack:
        return None
    width = float(np.ptp(s.outline_m[:, :2] @ across(s)))
    if not 0.6 * fit.radius_m < width < 2.3 * fit.radius_m:
        return None
    # a patch of nearly flat surface is no sphere: its normals have to turn with the position
    points, normals = thinned(s.points_m), thinned(s.normals)
    agree = middle(((points - fit.centre_m) * normals).sum(axis=1)) / fit.radius_m
    if agree < 0.93:
        return None
    centre = fit.centre_m.copy()
    if sight.stands:
        centre[2] = fit.radius_m
    solid: Solid = SphereSolid(centre, fit.radius_m)
    stalk = _stalk(sight, centre, fit.radius_m)
    if stalk is not None:
        solid = CompoundSolid((SphereSolid(centre, fit.radius_m), stalk))
    return _judged(sight, Completion(solid, "sphere", 0.0, sight.stands, True))


def _stalk(sight: Sight, centre_m: Array, radius_m: float) -> ConvexSolid | None:
    """What stands up on a ball and is too thin for readings of its own (a fruit's stalk): the
    outline rises above the ball's own by more than a pixel there."""
    s = sight.surface
    away = centre_m - sight.camera_m
    flat = float(np.hypot(away[0], away[1]))
    distance = float(np.linalg.norm(away))
    if flat < 1e-6 or distance <= radius_m:
        return None
    own = float(np.arcsin(radius_m / distance))
    rays = s.rays[(s.edges == Edge.FREE) | (s.edges == Edge.UNKNOWN)]
    if len(rays) < 2:
        return None
    off = np.arccos(np.clip(rays @ (away / distance), -1.0, 1.0)) - own
    above = off * distance > _STALK_PX * s.pixel_m + sight.noise_m
    sideways = np.abs(rays[:, :2] @ np.array([-away[1], away[0]]) / flat) * distance
    above &= (sideways < 0.5 * radius_m) & (rays[:, 2] > away[2] / distance)
    if np.count_nonzero(above) < 2:
        return None
    tip = _tip_at(sight, rays[above], flat)
    top = float(centre_m[2]) + radius_m
    if tip <= top + s.pixel_m:
        return None
    thick = max(0.5 * s.pixel_m, 1e-3)
    heights = np.array([top - 0.2 * radius_m, tip])
    return DiscStackSolid(centre_m[:2], heights, np.array([thick, thick]))


def _as_round(sight: Sight) -> Completion | None:
    samples = np.concatenate([sight.wall_m, sight.rim_m])
    if len(samples) < 12:
        return None
    bands = int(np.clip(len(samples) // 30, 2, 8))
    fit = fit_round(samples, sight.limb_m, sight.camera_m, sight.noise_m + 0.001, bands)
    if fit is None or fit.arc_rad < _LEAST_ARC_RAD or fit.radii_m.max() < 0.003:
        return None
    return _turned(sight, fit)


def _as_limbs(sight: Sight) -> Completion | None:
    bands = int(np.clip(len(sight.limb_m) // 5, 6, _MOST_LIMB_BANDS))
    fit = round_by_limbs(sight.wall_m, sight.limb_m, sight.camera_m, bands)
    return None if fit is None else _turned(sight, fit)


def _turned(sight: Sight, fit: RoundFit) -> Completion:
    high, tip = sight.high_m, _tip(sight, fit)
    tapers = bool(fit.radii_m[-1] < 0.6 * fit.radii_m.max())
    if tapers:
        high = max(high, tip)
    solid = stacked_discs(fit, sight.low_m, high, sight.noise_m)
    # the highest ray passes over the far rim of a level top, unless something stands up from it
    slope = (sight.camera_m[2] - high) / max(_away(sight, fit), 1e-6)
    rim = high + float(fit.radii_m[-1]) * max(slope, 0.0)
    if not tapers and tip > rim + 3.0 * (sight.noise_m + sight.surface.pixel_m):
        spike = DiscStackSolid(
            fit.centre_m,
            np.array([high, tip]),
            np.array([max(0.3 * float(fit.radii_m[-1]), 1e-3), 1e-3]),
        )
        solid = CompoundSolid((*solid.parts, spike))
    return _judged(sight, Completion(solid, "round", 0.0, sight.stands, True))


def _away(sight: Sight, fit: RoundFit) -> float:
    return float(np.hypot(*(fit.centre_m - sight.camera_m[:2])))


def _tip(sight: Sight, fit: RoundFit) -> float:
    """Height of a pointed top: it stands on the axis, under the highest viewing ray, which is
    known better than the depth beside the tip."""
    s = sight.surface
    rays = s.rays[(s.edges == Edge.FREE) | (s.edges == Edge.UNKNOWN)]
    if len(rays) < 2:
        return -np.inf
    return _tip_at(sight, rays, _away(sight, fit))


def _tip_at(sight: Sight, rays: Array, away_m: float) -> float:
    """Height in which the two steepest of at least two rays pass, so far from the camera."""
    slope = rays[:, 2] / np.maximum(np.hypot(rays[:, 0], rays[:, 1]), 1e-6)
    steepest = float(np.partition(slope, -2)[-2:].mean())
    return float(sight.camera_m[2]) + away_m * steepest


def _as_box(sight: Sight) -> Completion | None:
    s = sight.surface
    if len(sight.wall_m) + len(sight.rim_m) < 8:
        return None
    everything = np.concatenate([s.points_m, s.outline_m[s.outline_quality == 2]])
    left = across(s)
    fit = fit_rectangle(
        SideEvidence(
            sight.wall_m[:, :2],
            sight.wall_normals[:, :2],
            sight.rim_m[:, :2],
            sight.limb_m[:, :2],
            thinned(everything, 4 * len(sight.wall_m) + 400)[:, :2],
        ),
        np.array([left[1], -left[0]]),
        sight.noise_m,
    )
    low, high = sight.low_m, sight.high_m
    centre = np.array([fit.centre_m[0], fit.centre_m[1], (low + high) / 2])
    size = np.array([fit.size_m[0], fit.size_m[1], high - low])
    # a wall or the top shows the sides that run along it
    along = np.array([np.cos(fit.yaw_rad), np.sin(fit.yaw_rad)])
    facing = np.abs(sight.level_normals @ along)
    least = max(8, len(sight.level_normals) // 12)
    both = sight.top_seen or (
        int(np.count_nonzero(facing > 0.8)) >= least
        and int(np.count_nonzero(facing < 0.6)) >= least
    )
    solid = BoxSolid(centre, size, fit.yaw_rad)
    return _judged(sight, Completion(solid, "box", 0.0, sight.stands, both))


def _with_extras(sight: Sight, body: Completion) -> Completion | None:
    """The body with a prism around what clearly sticks out of it (a handle, a spout)."""
    s, noise = sight.surface, sight.noise_m
    own = (s.edges == Edge.FREE) & (s.outline_quality >= 1)
    foot = (s.edges == Edge.STANDING) | (s.edges == Edge.CONTACT)
    own |= foot & (s.outline_quality == 2)
    step = max(1, len(s.points_m) // 1200)
    points = np.concatenate([s.points_m[::step], s.outline_m[own]])
    nearest = body.solid.nearest_points(points)
    off = points - nearest
    out = np.sqrt((off * off).sum(axis=1)) > 3.0 * noise + 0.004
    least = max(6, len(out) // 200)
    if np.count_nonzero(out) < least:
        return None
    points, nearest = points[out], nearest[out]
    kept = ~strays(points[:, :2], noise)
    if np.count_nonzero(kept) < least:
        return None
    hull = convex_hull(np.concatenate([points[kept, :2], nearest[kept, :2]]))
    low, high = (float(z) for z in np.quantile(points[kept, 2], (0.04, 0.96)))
    if len(hull) < 3 or high - low < 1e-3:
        return None
    solid = CompoundSolid((*body.solid.parts, PrismSolid(hull, low, high)))
    return replace(body, solid=solid, residual_m=misfit_m(s, solid, sight.camera_m))


def _as_slabs(sight: Sight) -> Completion | None:
    """Each slab between two level surfaces as the simple solid that explains it best."""
    parts: list[ConvexSolid] = []
    symmetric = True
    for part in slabs(sight):
        found = _better(_as_round(part), _as_box(part))
        if found is None:
            return None
        parts.extend(found.solid.parts)
        symmetric = symmetric and found.is_symmetric
    if len(parts) < 2:
        return None
    solid = CompoundSolid(tuple(parts))
    misfit = misfit_m(sight.surface, solid, sight.camera_m)
    return Completion(solid, "slabs", misfit, sight.stands, symmetric)


def _as_layers(sight: Sight) -> Completion:
    pieces = layered_pieces(
        sight.surface, sight.low_m, sight.high_m, sight.noise_m, sight.camera_m
    )
    solid: Solid
    if pieces:
        solid = pieces[0] if len(pieces) == 1 else CompoundSolid(tuple(pieces))
    else:
        points = np.concatenate([sight.surface.points_m, sight.surface.outline_m])
        size = np.maximum(np.ptp(points, axis=0), LEAST_SIDE_M)
        solid = BoxSolid(points.mean(axis=0), size, 0.0)
    misfit = misfit_m(sight.surface, solid, sight.camera_m)
    return Completion(solid, "layers", misfit, sight.stands, False)
