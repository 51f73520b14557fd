"""Find the horizontal surface things stand on, and which way is up when nobody says.

In: a Sample, and up in the camera frame if TF or an IMU gave it. Out: every horizontal plane,
with the one that carries the objects chosen. Without a given up, directions are histogrammed
inside a prior on camera pitch and roll; a wall's normal lies outside that prior, so a wall is
never taken for a floor: a view that shows nothing else leaves up unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.samples import (
    Array,
    Sample,
    fit_plane,
    offsets,
    plane_axes,
)
from deepsight_ros.perception.view import Bool, Float

NORMAL_AGREES = float(np.cos(np.deg2rad(22.0)))
"""A pixel belongs to a horizontal surface when its (noisy) normal is this close to up."""

CELL_M = 0.015
"""Bin of the height histogram."""

LEAST_FILLED = 0.15
"""Least share of a surface's convex outline that must be seen covered by it."""

GRID_M = 0.05
"""Cell of the grid on which a plane's footprint is drawn."""

EMPTY_WEIGHT = 0.33
"""What a bare pixel of a surface counts beside a pixel of a thing that stands on it."""


@dataclass(frozen=True, eq=False)
class HorizontalPlane:
    """One horizontal surface in the camera's optical frame.

    Attributes:
        normal: (3,) unit, up.
        offset_m: ``normal @ p + offset_m = 0``; the camera's height above the plane.
        pixels: inliers among the samples.
        share: inliers over valid samples.
        sigma_m: standard deviation of the plane's height near its inliers' middle.
        area_m2: ground seen covered by inliers.
        extent_m: shorter and longer side of the inliers' footprint.
        outline_m: (M, 2) convex hull of the inliers along ``plane_axes(normal)``.
        score: how likely it is the surface objects stand on (pixels on it and just above it).
    """

    normal: Array
    offset_m: float
    pixels: int
    share: float
    sigma_m: float
    area_m2: float
    extent_m: tuple[float, float]
    outline_m: Float
    score: float


@dataclass(frozen=True, eq=False)
class SupportFinding:
    """What was found: ``up`` in the camera frame or None, the support or None, all planes."""

    up: Array | None
    support: HorizontalPlane | None
    planes: tuple[HorizontalPlane, ...]


def find_support(
    sample: Sample,
    config: PerceptionConfig,
    given_up: Array | None = None,
    previous: SupportFinding | None = None,
) -> SupportFinding:
    """Horizontal planes of a view.

    Args:
        given_up: (3,) unit up in the camera frame from TF or an IMU, or None.
        previous: finding of the last frame; its up is tried first, and its choice of surface is
            kept while that scores nearly as well as another.
    """
    if len(sample) < 30:
        return SupportFinding(given_up, None, ())
    if given_up is not None:
        planes = _planes_along(sample, given_up, config.up_tolerance_deg, config)
        return SupportFinding(given_up, _choose(planes, previous), planes)
    if previous is not None and previous.support is not None:
        planes = _in_prior(_planes_along(sample, previous.support.normal, 8.0, config), config)
        before = sum(p.pixels for p in previous.planes)
        if sum(p.pixels for p in planes) > 0.8 * before:  # last frame's up explains this one too
            return _found(planes, previous)
    directions = _directions(sample, config)
    for direction in sorted(directions, key=lambda d: -_flatness(sample, d))[:2]:
        planes = _in_prior(_planes_along(sample, direction, 8.0, config), config)
        if planes:
            return _found(planes, previous)
    return SupportFinding(None, None, ())


def within_prior(up: Array, config: PerceptionConfig) -> bool:
    """Whether ``up`` (camera frame) is a pose the camera may have by the configured prior."""
    pitch_down = np.degrees(np.arcsin(np.clip(-up[2], -1.0, 1.0)))
    roll = np.degrees(np.arctan2(up[0], -up[1]))
    return bool(
        -config.pitch_up_limit_deg <= pitch_down <= config.pitch_down_limit_deg
        and abs(roll) <= config.roll_limit_deg
    )


def _in_prior(
    planes: tuple[HorizontalPlane, ...], config: PerceptionConfig
) -> tuple[HorizontalPlane, ...]:
    return tuple(p for p in planes if within_prior(p.normal, config))


def _found(planes: tuple[HorizontalPlane, ...], previous: SupportFinding | None) -> SupportFinding:
    support = _choose(planes, previous)
    return SupportFinding(None if support is None else support.normal, support, planes)


def _directions(sample: Sample, config: PerceptionConfig) -> list[Array]:
    """Peaks of the histogram of normals inside the prior, at most four."""
    low, high = -config.pitch_up_limit_deg, config.pitch_down_limit_deg
    limit = config.roll_limit_deg
    n = sample.normals[::2]
    sin_low, sin_high = np.sin(np.deg2rad([low, high])).astype(np.float32)
    steep = np.float32(np.tan(np.deg2rad(max(limit, 0.1))))
    keep = (n[:, 1] < 0) & (np.abs(n[:, 0]) <= -steep * n[:, 1])
    keep &= (-n[:, 2] >= sin_low) & (-n[:, 2] <= sin_high)
    n = n[keep]
    if len(n) < 20:
        return []
    cell = 3.0
    rows, columns = max(1, int((high - low) / cell)), max(1, int(2 * limit / cell))
    pitch = np.degrees(np.arcsin(-n[:, 2]))
    roll = np.degrees(np.arctan2(n[:, 0], -n[:, 1]))
    i = np.clip((pitch - low) * (rows / (high - low)), 0, rows - 1).astype(np.int64)
    j = np.clip((roll + limit) * (columns / max(2 * limit, 1e-6)), 0, columns - 1).astype(np.int64)
    histogram = np.bincount(i * columns + j, minlength=rows * columns).astype(np.float32)
    smooth = cv2.GaussianBlur(
        histogram.reshape(rows, columns), (5, 5), 1.2, borderType=cv2.BORDER_CONSTANT
    )
    p = np.deg2rad(low + (np.arange(rows) + 0.5) * (high - low) / rows)[:, None]
    r = np.deg2rad(-limit + (np.arange(columns) + 0.5) * 2 * limit / columns)[None, :]
    centres = np.stack(
        np.broadcast_arrays(np.sin(r) * np.cos(p), -np.cos(r) * np.cos(p), -np.sin(p)), axis=-1
    )
    out: list[Array] = []
    for _ in range(4):
        peak = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
        if smooth[peak] < 2.0:
            break
        direction = centres[peak]
        for _ in range(3):
            near = n @ direction.astype(np.float32) > np.cos(np.deg2rad(9.0))
            if not near.any():
                break
            mean = near.astype(np.float32) @ n
            direction = (mean / np.linalg.norm(mean)).astype(np.float64)
        if all(direction @ d < np.cos(np.deg2rad(5.0)) for d in out):
            out.append(direction)
        smooth[centres @ direction > np.cos(np.deg2rad(10.0))] = 0.0
        smooth[peak] = 0.0
    return out


def _flatness(sample: Sample, direction: Array) -> float:
    """Cheap score of a direction: facing pixels gathered in the five fullest height bins."""
    d = direction.astype(np.float32)
    facing = sample.normals @ d > NORMAL_AGREES
    if not facing.any():
        return 0.0
    return float(np.sort(_histogram(sample.points_m[facing] @ d)[0])[-5:].sum())


def _histogram(height: Float) -> tuple[Array, float]:
    """Counts per 1.5 cm of height (three bins summed) and the lowest height."""
    low = float(height.min())
    bins = np.minimum((height - np.float32(low)) * np.float32(1.0 / CELL_M), 2000).astype(np.int32)
    counts = np.bincount(bins).astype(np.float64)
    return np.convolve(counts, [1.0, 1.0, 1.0], mode="same"), low


def _planes_along(
    sample: Sample, up: Array, tolerance_deg: float, config: PerceptionConfig
) -> tuple[HorizontalPlane, ...]:
    """Horizontal planes whose normals agree with ``up``, from the histogram of heights."""
    up32 = up.astype(np.float32)
    facing = np.flatnonzero(sample.normals @ up32 > NORMAL_AGREES)
    part = sample.part(facing)
    minimum = max(20, int(config.min_support_share * len(sample)))
    height = part.points_m @ up32
    slack = 0.03 + 3.0 * part.sigma_m
    free = np.ones(len(facing), bool)
    out: list[HorizontalPlane] = []
    for _ in range(5):
        if np.count_nonzero(free) < minimum:
            break
        counts, low = _histogram(height[free])
        peak = int(np.argmax(counts))
        if counts[peak] < 0.4 * minimum:
            break
        level = low + (peak + 0.5) * CELL_M
        near = free & (np.abs(height - level) < slack)
        free &= ~near
        found = _refine(part, near, up, tolerance_deg)
        if found is None:
            continue
        normal, offset, on_plane, spread = found
        free &= ~on_plane
        if np.count_nonzero(on_plane) < minimum:
            break  # peaks only get lower
        plane = _plane(sample, facing[on_plane], normal, offset, spread, config)
        if plane is not None:
            out.append(plane)
    return tuple(out)


def _refine(
    part: Sample, inliers: Bool, up: Array, tolerance_deg: float
) -> tuple[Array, float, Bool, float] | None:
    """Normal, offset, inliers and spread in sigmas; None where ``part`` holds no such plane."""
    every = max(1, len(part) // 2500)
    coarse = part.part(np.arange(0, len(part), every))
    chosen = inliers[::every]
    plane: tuple[Array, float] | None = None
    for gate, points in ((9.0, coarse), (5.0, coarse), (3.0, part)):
        plane = fit_plane(points, chosen)
        if plane is None or plane[0] @ up < np.cos(np.deg2rad(tolerance_deg)):
            return None
        if points is coarse and gate == 5.0:
            points = part  # the last fit takes every point
        height, sigma = offsets(points, *plane)
        ratio = height / np.maximum(sigma, np.float32(0.0005))
        chosen = np.abs(ratio) < gate
        if not chosen.any():
            return None
    if plane is None or plane[1] <= 0.02:
        return None
    return plane[0], plane[1], chosen, float(ratio[chosen].std())


def _plane(
    sample: Sample,
    on_plane: NDArray[np.intp],
    normal: Array,
    offset: float,
    spread: float,
    config: PerceptionConfig,
) -> HorizontalPlane | None:
    """The plane with its footprint, or None where its inliers cover no coherent ground."""
    number = len(on_plane)
    every = max(1, number // 4000)
    on_plane = on_plane[::every]
    axes = np.stack(plane_axes(normal), axis=1).astype(np.float32)
    ground = sample.points_m[on_plane] @ axes
    hull = cv2.convexHull(ground).reshape(-1, 2)
    _, sides, _ = cv2.minAreaRect(hull)
    extent = (float(min(sides)), float(max(sides)))
    if extent[0] < config.min_support_side_m:
        return None
    depth = sample.points_m[on_plane, 2]
    slant = np.abs(sample.rays[on_plane] @ normal.astype(np.float32))
    area = float((depth * depth / slant).sum()) * sample.pixel_area * every
    if area < LEAST_FILLED * float(cv2.contourArea(hull)):
        return None  # scattered points that share a height (rims, tops) are no surface
    carried = _carried(sample, ground, axes, normal, offset)
    # Neighbouring readings share errors: N of them count as N / 25, and never under 0.5 mm.
    sigma = float((slant * sample.sigma_m[on_plane]).mean())
    noise = spread * sigma * 5.0 / float(np.sqrt(number))
    return HorizontalPlane(
        normal,
        offset,
        number,
        number / len(sample),
        max(0.0005, noise),
        area,
        extent,
        hull,
        EMPTY_WEIGHT * number + carried,
    )


def _carried(sample: Sample, ground: Float, axes: Float, normal: Array, offset: float) -> int:
    """Samples of things that stand over a plane's seen ground (N, 2), up to half a metre high."""
    low = ground.min(axis=0)
    size = np.minimum(((ground.max(axis=0) - low) / GRID_M).astype(int) + 1, 500)
    grid = np.zeros((int(size[0]), int(size[1])), np.uint8)
    cells = np.minimum(((ground - low) * np.float32(1 / GRID_M)).astype(np.int32), size - 1)
    grid[cells[:, 0], cells[:, 1]] = 1
    grid = np.asarray(cv2.morphologyEx(grid, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    every = 3
    along = sample.rays[::every] @ normal.astype(np.float32)
    height = sample.points_m[::every, 2] * along + np.float32(offset)
    clear = 0.015 + 3.0 * np.abs(along) * sample.sigma_m[::every]
    above = every * np.flatnonzero((height > clear) & (height < 0.5))
    cells = np.floor((sample.points_m[above] @ axes - low) * np.float32(1 / GRID_M)).astype(int)
    i, j = cells[:, 0], cells[:, 1]
    inside = (i >= 0) & (i < size[0]) & (j >= 0) & (j < size[1])
    return every * int(grid[i[inside], j[inside]].sum())


def _choose(
    planes: tuple[HorizontalPlane, ...], previous: SupportFinding | None
) -> HorizontalPlane | None:
    """Best score; the last frame's surface is kept while it scores nearly as well."""
    if not planes:
        return None
    best = max(planes, key=lambda p: p.score)
    if previous is not None and previous.support is not None:
        old = previous.support
        same = [
            p
            for p in planes
            if abs(p.offset_m - old.offset_m) < 0.03 and p.normal @ old.normal > 0.995
        ]
        if same and max(p.score for p in same) > 0.6 * best.score:
            return max(same, key=lambda p: p.score)
    return best
