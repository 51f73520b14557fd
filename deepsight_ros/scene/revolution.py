"""Solids of revolution about a vertical axis: fitting them to seen points, and measuring them.

In: points on an object's flank (W, metres). Out: axis, profile of radius over height, how well it
fits; and ``DiscStackSolid``, the convex hull of discs on one axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import hypot, pi

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.scene.gjk import Hull, upright_hull
from deepsight_ros.scene.objects import Box3
from deepsight_ros.scene.solids import CompoundSolid, ConvexSolid, CylinderSolid, Solid

Array = NDArray[np.float64]

_ROUNDS = 4
_CIRCLE = 2 * pi * np.arange(72) / 72
_UNIT_CIRCLE = np.column_stack([np.cos(_CIRCLE), np.sin(_CIRCLE)])


@dataclass(frozen=True, eq=False)
class RoundFit:
    """A vertical axis and the radius at a few heights.

    Attributes:
        centre_m: (2,) the axis.
        heights_m, radii_m: (K,) profile at the bands' mean heights, ascending.
        residual_m: robust RMS of the samples' radial distance from the profile.
        arc_rad: how far around the axis samples were seen.
    """

    centre_m: Array
    heights_m: Array
    radii_m: Array
    residual_m: float
    arc_rad: float


def fit_round(
    samples_m: Array, rays_m: Array, camera_m: Array, scale_m: float, bands: int
) -> RoundFit | None:
    """Least-squares axis and banded profile of surface samples and tangent rays.

    The start is algebraic (Kasa 1976, one radius for each band about a shared axis), then a few
    robust Gauss-Newton steps on the radial distances. A ray along the limb is tangent to the
    surface: its distance from the axis is a radius, and the reading's depth, which is poor on a
    limb, does not matter. None when the samples do not bend.

    Args:
        samples_m: (N, 3) points on the flank, the top's rim and the foot.
        rays_m: (M, 3) outline points whose viewing rays touch the flank.
        camera_m: (3,) where these rays start.
        scale_m: expected residual; larger ones lose weight (Cauchy).
        bands: number of height bands.
    """
    points = np.concatenate([samples_m, rays_m])
    z = points[:, 2].copy()
    low, high = float(z.min()), float(z.max())
    band = np.minimum(((z - low) / max(high - low, 1e-6) * bands).astype(np.intp), bands - 1)
    shift = points[:, :2].mean(axis=0)
    p = points[:, :2] - shift
    eye = camera_m[:2] - shift
    along = p[len(samples_m) :] - eye
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    found = _settle_axis(p, len(samples_m), eye, along, z, band, bands, scale_m)
    if found is None:
        return None
    centre, total, mean_z, mean_r, off, weights = found
    used = total > 1e-6
    turn = np.arctan2(p[:, 1] - centre[1], p[:, 0] - centre[0])
    return RoundFit(
        centre + shift,
        mean_z[used],
        mean_r[used],
        float(np.sqrt(np.average(off * off, weights=weights))),
        covered_arc(turn[weights > 0.3]),
    )


@compiled("f8[:,::1], i8, f8[::1], f8[:,::1], f8[::1], i8[::1], i8, f8")
def _settle_axis(
    p: Array,
    samples: int,
    eye: Array,
    along: Array,
    z: Array,
    band: NDArray[np.intp],
    bands: int,
    scale_m: float,
) -> tuple[Array, Array, Array, Array, Array, Array] | None:
    """The rounds of ``fit_round`` on points ``p`` (N, 2); tangent points among them are moved.

    Returns:
        Axis (2,); weight, mean height and mean radius of each band; distance from the profile
        and weight of each point. None when they do not bend or the axis runs away.
    """
    count = len(p)
    weights = np.ones(count)
    a, value, off = np.empty((count, 2)), np.empty(count), np.empty(count)
    size = max(np.ptp(p[:, 0]), np.ptp(p[:, 1]))
    centre = np.zeros(2)
    total, mean_z, mean_r = np.empty(bands), np.empty(bands), np.empty(bands)
    means = np.empty((bands, 3))
    used_z, used_r = np.empty(bands), np.empty(bands)
    for turn in range(_ROUNDS):
        algebraic = turn < 2
        for i in range(count):
            if algebraic:
                a[i, 0], a[i, 1] = 2 * p[i, 0], 2 * p[i, 1]
                value[i] = p[i, 0] ** 2 + p[i, 1] ** 2
            else:
                x, y = p[i, 0] - centre[0], p[i, 1] - centre[1]
                r = max(np.sqrt(x * x + y * y), 1e-6)
                a[i, 0], a[i, 1], value[i] = -x / r, -y / r, r
        total[:] = 0.0
        means[:] = 0.0
        for i in range(count):
            w, k = weights[i], band[i]
            total[k] += w
            means[k, 0] += w * a[i, 0]
            means[k, 1] += w * a[i, 1]
            means[k, 2] += w * value[i]
        for k in range(bands):
            total[k] = max(total[k], 1e-9)
            means[k] /= total[k]
        n00, n01, n11, t0, t1 = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(count):
            w, k = weights[i], band[i]
            x, y, v = a[i, 0] - means[k, 0], a[i, 1] - means[k, 1], value[i] - means[k, 2]
            n00 += w * x * x
            n01 += w * x * y
            n11 += w * y * y
            t0 += w * x * v
            t1 += w * y * v
        if algebraic:
            # a condition number beyond 1e4: the points do not bend
            if n00 * n11 - n01 * n01 < 1e-4 * (n00 + n11) ** 2:
                return None
        else:
            n00, n11 = n00 + 1e-9, n11 + 1e-9
        determinant = n00 * n11 - n01 * n01
        dx = (n11 * t0 - n01 * t1) / determinant
        dy = (n00 * t1 - n01 * t0) / determinant
        if algebraic:
            centre[0], centre[1] = dx, dy
        else:
            centre[0], centre[1] = centre[0] - dx, centre[1] - dy
        if max(abs(centre[0]), abs(centre[1])) > 3 * size + 0.02:
            return None
        for i in range(samples, count):  # where each tangent ray passes the axis
            ux, uy = along[i - samples, 0], along[i - samples, 1]
            t = (centre[0] - eye[0]) * ux + (centre[1] - eye[1]) * uy
            p[i, 0], p[i, 1] = eye[0] + t * ux, eye[1] + t * uy
        mean_z[:] = 0.0
        mean_r[:] = 0.0
        for i in range(count):
            value[i] = np.sqrt((p[i, 0] - centre[0]) ** 2 + (p[i, 1] - centre[1]) ** 2)
            mean_z[band[i]] += weights[i] * z[i]
            mean_r[band[i]] += weights[i] * value[i]
        number = 0
        for k in range(bands):
            mean_z[k] /= total[k]
            mean_r[k] /= total[k]
            if total[k] > 1e-6:
                used_z[number], used_r[number] = mean_z[k], mean_r[k]
                number += 1
        profile = np.interp(z, used_z[:number], used_r[:number])
        for i in range(count):
            off[i] = value[i] - profile[i]
            weights[i] = 1.0 / (1.0 + (off[i] / (2.0 * scale_m)) ** 2)
    return centre, total, mean_z, mean_r, off, weights


def round_by_limbs(flank_m: Array, limb_m: Array, camera_m: Array, bands: int) -> RoundFit | None:
    """Axis and profile from where the two limbs are seen and how far the flank is on average.

    Where the readings' noise hides the curvature, the limbs still tell the radius: half the angle
    between them. The flank's mean distance lies pi / 4 radii before the axis.

    Args:
        flank_m: (N, 3) points on the flank.
        limb_m: (M, 3) outline points on the left and right limbs.
        camera_m: (3,) where it was seen from.
        bands: number of height bands.
    """
    if len(flank_m) < 6 or len(limb_m) < 6:
        return None
    ahead = flank_m[:, :2].mean(axis=0) - camera_m[:2]
    ahead /= max(float(np.hypot(*ahead)), 1e-9)
    turn = np.array([[ahead[0], -ahead[1]], [ahead[1], ahead[0]]])
    limb = (limb_m[:, :2] - camera_m[:2]) @ turn
    angle = np.arctan2(limb[:, 1], limb[:, 0])
    low, high = float(limb_m[:, 2].min()), float(limb_m[:, 2].max())
    scale = bands / max(high - low, 1e-6)
    band = np.minimum(((limb_m[:, 2] - low) * scale).astype(np.intp), bands - 1)
    middle = 0.5 * (float(np.quantile(angle, 0.03)) + float(np.quantile(angle, 0.97)))
    means = np.full((2, bands), np.nan)
    for side, mine in enumerate((angle > middle, angle <= middle)):
        count = np.bincount(band[mine], minlength=bands)
        total = np.bincount(band[mine], angle[mine], bands)
        np.divide(total, count, out=means[side], where=count >= 1)
    half: Array = 0.5 * (means[0] - means[1])
    used = np.flatnonzero(np.isfinite(half) & (half > 0))
    if len(used) < 2 or used.size < bands // 3:
        return None
    axis_angle = float(np.median(0.5 * (means[0] + means[1])[used]))
    heights: Array = np.asarray(low + (used + 0.5) / scale, np.float64)
    sine = np.asarray(np.sin(half[used]), np.float64)
    forward = (flank_m[:, :2] - camera_m[:2]) @ (
        turn @ np.array([np.cos(axis_angle), np.sin(axis_angle)])
    )
    share = np.interp(flank_m[:, 2], heights, sine)
    distance = float(np.median(forward / np.maximum(1.0 - np.pi / 4 * share, 0.2)))
    centre = camera_m[:2] + distance * (turn @ np.array([np.cos(axis_angle), np.sin(axis_angle)]))
    return RoundFit(centre, heights, distance * sine, 0.0, pi)


def covered_arc(turn_rad: Array) -> float:
    """How much of the circle angles cover: 2 pi minus the empty 10-degree cells."""
    cells = np.zeros(36, bool)
    cells[((turn_rad + pi) / (2 * pi) * 36).astype(np.intp) % 36] = True
    return float(cells.sum()) * 2 * pi / 36


@dataclass(frozen=True, eq=False)
class SphereFit:
    """Centre (3,) and radius (metres) of a sphere through points."""

    centre_m: Array
    radius_m: float


def fit_sphere(points_m: Array, noise_m: float) -> SphereFit | None:
    """Least-squares sphere through (N, 3) points (algebraic, then two geometric steps); None
    when the points lie farther from it than noise and 2 % of the radius explain."""
    shift = points_m.mean(axis=0)
    p = points_m - shift
    square = (p * p).sum(axis=1)
    normal = 4.0 * (p.T @ p)
    target = 2.0 * (p.T @ (square - square.mean()))
    try:
        centre = np.linalg.solve(normal + 1e-12 * np.eye(3), target)
    except np.linalg.LinAlgError:
        return None
    for step in range(3):
        radial = p - centre
        r = np.maximum(np.sqrt((radial * radial).sum(axis=1)), 1e-6)
        radius = float(r.mean())
        spread = float(np.abs(r - radius).mean())
        if spread > (2.0 - 0.5 * step) * (noise_m + 0.02 * radius):
            return None
        if step < 2:
            jacobian = -radial / r[:, None]
            jacobian -= jacobian.mean(axis=0)
            system = jacobian.T @ jacobian + 1e-9 * np.eye(3)
            centre = centre - np.linalg.solve(system, jacobian.T @ (r - radius))
    return SphereFit(centre + shift, radius)


def stacked_discs(fit: RoundFit, low_m: float, high_m: float, noise_m: float) -> Solid:
    """Solid of a profile between two heights: a cylinder where it is straight, else convex stacks
    of discs, parted where the profile is dented."""
    z, r = fit.heights_m, fit.radii_m
    if np.ptp(r) < 0.04 * r.max() + noise_m:
        k = len(r) // 2
        radius = float(np.partition(r, k)[k])
        centre = np.array([fit.centre_m[0], fit.centre_m[1], (low_m + high_m) / 2])
        return CylinderSolid(centre, radius, high_m - low_m)
    ends = np.interp([low_m, high_m], z, r)
    if len(z) >= 3:  # a straight flank goes on to the end
        foot = r[0] - (r[1] - r[0]) / max(z[1] - z[0], 1e-4) * (z[0] - low_m)
        tip = r[-1] + (r[-1] - r[-2]) / max(z[-1] - z[-2], 1e-4) * (high_m - z[-1])
        ends = np.clip([foot, tip], 0.0, [1.1 * r[0] + noise_m, 1.05 * r[-1] + noise_m])
    inner = (z > low_m) & (z < high_m)
    heights = np.concatenate([[low_m], z[inner], [high_m]])
    radii = np.concatenate([ends[:1], r[inner], ends[1:]])
    kept = _corners(heights, radii, 0.5 * noise_m + 0.0005)
    heights, radii = heights[kept], radii[kept]
    pieces: list[ConvexSolid] = []
    start = 0
    for i in range(1, len(heights)):
        if i < len(heights) - 1:
            before = (radii[i] - radii[start]) / max(heights[i] - heights[start], 1e-4)
            after = (radii[i + 1] - radii[i]) / max(heights[i + 1] - heights[i], 1e-4)
            dent = (after - before) * min(heights[i] - heights[start], heights[i + 1] - heights[i])
            if dent <= noise_m + 0.002:
                continue
        piece = np.maximum(radii[start : i + 1], 1e-4)
        pieces.append(DiscStackSolid(fit.centre_m, heights[start : i + 1], piece))
        start = i
    return pieces[0] if len(pieces) == 1 else CompoundSolid(tuple(pieces))


def _corners(z: Array, r: Array, tolerance_m: float) -> list[int]:
    """Indices of a profile that keep it within a tolerance (Douglas and Peucker 1973)."""
    kept = {0, len(z) - 1}
    open_spans = [(0, len(z) - 1)]
    while open_spans:
        a, b = open_spans.pop()
        if b - a < 2:
            continue
        line = np.interp(z[a + 1 : b], [z[a], z[b]], [r[a], r[b]])
        off = np.abs(r[a + 1 : b] - line)
        worst = int(off.argmax())
        if off[worst] > tolerance_m:
            middle = a + 1 + worst
            kept.add(middle)
            open_spans += [(a, middle), (middle, b)]
    return sorted(kept)


@dataclass(frozen=True, eq=False)
class DiscStackSolid(ConvexSolid):
    """Convex hull of discs on one vertical axis: frustum, barrel, bottle's shoulder.

    Attributes:
        axis_m: (2,) where the axis stands.
        heights_m: (K,) ascending; radii_m: (K,) >= 0, not all 0; their hull is the solid.
    """

    axis_m: Array
    heights_m: Array
    radii_m: Array

    def __post_init__(self) -> None:
        z, r = np.asarray(self.heights_m, float), np.asarray(self.radii_m, float)
        if len(z) != len(r) or len(z) < 2 or (np.diff(z) < 0).any() or r.max(initial=0) <= 0:
            raise InvalidValueError(
                f"disc stack: got heights {z} and radii {r}, expected ascending heights, as many "
                "radii, one of them above 0"
            )
        object.__setattr__(self, "heights_m", z)
        object.__setattr__(self, "radii_m", r)

    @property
    def middle_m(self) -> Array:
        z = (self.heights_m[0] + self.heights_m[-1]) / 2
        return np.array([self.axis_m[0], self.axis_m[1], z])

    @property
    def is_round(self) -> bool:
        return True

    @cached_property
    def hull(self) -> Hull:
        at = np.broadcast_to(self.axis_m, (len(self.heights_m), 2))
        return upright_hull(np.column_stack([at, self.heights_m, self.radii_m]))

    @cached_property
    def box(self) -> Box3:
        side = 2 * float(self.radii_m.max())
        high = float(self.heights_m[-1] - self.heights_m[0])
        return Box3(self.middle_m, np.array([side, side, high]), 0.0)

    @cached_property
    def footprint_m(self) -> Array:
        return self.axis_m + float(self.radii_m.max()) * _UNIT_CIRCLE

    @cached_property
    def profile_m(self) -> Array:
        """(M, 2) convex outline (radius, height) from the bottom of the axis to its top."""
        z, r = self.heights_m, self.radii_m
        kept: list[tuple[float, float]] = [(0.0, float(z[0]))]
        for point in zip(r.tolist(), z.tolist(), strict=True):
            kept.append(point)
            while len(kept) >= 3:
                (ax, ay), (bx, by), (cx, cy) = kept[-3:]
                if (bx - ax) * (cy - ay) - (by - ay) * (cx - ax) > 0:
                    break
                kept.pop(-2)
        kept.append((0.0, float(z[-1])))
        return np.array(kept)

    def nearest_points(self, points_m: Array) -> Array:
        points = np.atleast_2d(points_m)
        flat = points[:, :2] - self.axis_m
        rho = np.hypot(flat[:, 0], flat[:, 1])
        here = np.column_stack([rho, points[:, 2]])
        start = self.profile_m[:-1]
        edge = self.profile_m[1:] - start
        length2 = np.maximum((edge * edge).sum(axis=1), 1e-18)
        offset = here[:, None] - start[None]
        t = np.clip((offset * edge).sum(axis=2) / length2, 0.0, 1.0)
        on_edges = start[None] + t[..., None] * edge
        away = np.linalg.norm(on_edges - here[:, None], axis=2)
        found = on_edges[np.arange(len(points)), away.argmin(axis=1)]
        side: Array = edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0]
        found = np.where(np.all(side >= 0, axis=1)[:, None], here, found)
        unit = np.where(
            (rho < 1e-12)[:, None], [[1.0, 0.0]], flat / np.maximum(rho, 1e-12)[:, None]
        )
        return np.column_stack([self.axis_m + found[:, :1] * unit, found[:, 1]])

    def surface_points(self, spacing_m: float) -> Array:
        out = []
        for (r0, z0), (r1, z1) in zip(self.profile_m[:-1], self.profile_m[1:], strict=True):
            rings = max(1, round(hypot(r1 - r0, z1 - z0) / spacing_m))
            share = (np.arange(rings) + 0.5) / rings
            for r, z in zip(r0 + share * (r1 - r0), z0 + share * (z1 - z0), strict=True):
                n = max(1, round(2 * pi * r / spacing_m))
                turn = 2 * pi * (np.arange(n) + 0.5) / n
                ring = np.column_stack([r * np.cos(turn), r * np.sin(turn), np.full(n, z)])
                out.append(ring + np.array([self.axis_m[0], self.axis_m[1], 0.0]))
        return np.concatenate(out)

    def moved(self, offset_m: Array) -> DiscStackSolid:
        return DiscStackSolid(
            self.axis_m + offset_m[:2], self.heights_m + offset_m[2], self.radii_m
        )
