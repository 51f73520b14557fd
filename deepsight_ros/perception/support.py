"""Find the horizontal surface things stand on, and which way is up when nobody says.

In: WorkingView, and up in the camera frame if TF or an IMU gave it. Out: every horizontal plane,
with the one that carries the objects chosen. Without a given up, directions are histogrammed
inside a prior on camera pitch and roll; a wall's normal lies outside that prior, so a wall is
never taken for a floor: a view that shows nothing else leaves up unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.view import Bool, Float, WorkingView, normals_towards_camera

Array = NDArray[np.float64]

NORMAL_AGREES = float(np.cos(np.deg2rad(20.0)))
"""A pixel belongs to a horizontal surface when its (noisy) normal is this close to up."""


CELL_M = 0.015
"""Bin of the height histogram."""

GRID_M = 0.04
"""Cell of the grid on which a plane's footprint is drawn."""


@dataclass(frozen=True, eq=False)
class HorizontalPlane:
    """One horizontal surface in the camera's optical frame.

    Attributes:
        normal: (3,) unit, up.
        offset_m: ``normal @ p + offset_m = 0``; the camera's height above the plane.
        pixels: inliers at support resolution.
        share: inliers over valid pixels.
        sigma_m: standard deviation of the plane's height near its inliers' middle.
        tilt_sigma_rad: standard deviation of the normal.
        extent_m: shorter and longer side of the inliers' footprint.
        area_m2: ground covered by inliers, on a 4 cm grid with small gaps closed.
        score: how likely it is the surface objects stand on (pixels on it and just above it).
    """

    normal: Array
    offset_m: float
    pixels: int
    share: float
    sigma_m: float
    tilt_sigma_rad: float
    extent_m: tuple[float, float]
    area_m2: float
    score: float


@dataclass(frozen=True, eq=False)
class SupportFinding:
    """What was found: ``up`` in the camera frame or None, the support or None, all planes."""

    up: Array | None
    support: HorizontalPlane | None
    planes: tuple[HorizontalPlane, ...]


@dataclass(frozen=True, eq=False)
class _Sample:
    """Flat arrays of the quarter-resolution pixels with a known normal or at least a depth."""

    u: Float
    v: Float
    points: Float  # (N, 3)
    inverse: Float
    inverse_sigma: Float
    sigma: Float
    normals: Float  # (N, 3), zero where unknown
    camera: Camera


def find_support(
    view: WorkingView,
    config: PerceptionConfig,
    given_up: Array | None = None,
    previous: SupportFinding | None = None,
) -> SupportFinding:
    """Horizontal planes of a view.

    Args:
        given_up: (3,) unit up in the camera frame from TF or an IMU, or None.
        previous: finding of the last frame of a camera that has hardly moved: tried first, and
            its choice of surface is kept while it scores nearly as well as another.
    """
    sample = _sample(view)
    if len(sample.u) < 30:
        return SupportFinding(given_up, None, ())
    if given_up is not None:
        tolerance = np.deg2rad(config.up_tolerance_deg)
        planes = _planes_along(sample, given_up, tolerance, config)
        return SupportFinding(given_up, _choose(planes, previous), planes)
    if previous is not None and previous.support is not None:
        planes = _planes_along(sample, previous.support.normal, np.deg2rad(3.0), config)
        planes = tuple(p for p in planes if within_prior(p.normal, config))
        before = sum(p.pixels for p in previous.planes)
        if sum(p.pixels for p in planes) > 0.8 * before:  # last frame's up still explains this one
            support = _choose(planes, previous)
            return SupportFinding(None if support is None else support.normal, support, planes)
    directions = _directions(sample, config)
    directions.sort(key=lambda d: -_flatness(sample, d))
    for direction in directions[:2]:
        planes = _planes_along(sample, direction, np.deg2rad(8.0), config)
        planes = tuple(p for p in planes if within_prior(p.normal, config))
        if planes:
            support = _choose(planes, previous)
            return SupportFinding(None if support is None else support.normal, support, planes)
    return SupportFinding(None, None, ())


def within_prior(up: Array, config: PerceptionConfig) -> bool:
    """Whether ``up`` (camera frame) is a pose the camera may have by the configured prior."""
    pitch_down = np.degrees(np.arcsin(np.clip(-up[2], -1.0, 1.0)))
    roll = np.degrees(np.arctan2(up[0], -up[1]))
    return bool(
        -config.pitch_up_limit_deg <= pitch_down <= config.pitch_down_limit_deg
        and abs(roll) <= config.roll_limit_deg
    )


def _sample(view: WorkingView) -> _Sample:
    smooth = view.smooth_m
    normals, _ = normals_towards_camera(view, smooth, 3 if min(smooth.shape) >= 60 else 1)
    rows = slice(None, None, 2)
    z = smooth[rows, rows]
    keep = z > 0
    index = np.flatnonzero(keep)
    v, u = np.divmod(index, z.shape[1])
    z = z[keep]
    c = view.camera
    points = np.empty((len(z), 3), np.float32)
    uf = (u * 2).astype(np.float32)
    vf = (v * 2).astype(np.float32)
    points[:, 0] = z * (uf - np.float32(c.cx_px)) / np.float32(c.fx_px)
    points[:, 1] = z * (vf - np.float32(c.cy_px)) / np.float32(c.fy_px)
    points[:, 2] = z
    sigma = view.sigma_m[rows, rows][keep]
    return _Sample(
        uf,
        vf,
        points,
        1.0 / z,
        sigma / (z * z),
        sigma,
        normals[rows, rows][keep],
        c,
    )


def _directions(sample: _Sample, config: PerceptionConfig) -> list[Array]:
    """Peaks of the histogram of normals inside the prior, strongest first."""
    n = sample.normals
    up_y, up_z = -n[:, 1], -n[:, 2]
    low, high = -config.pitch_up_limit_deg, config.pitch_down_limit_deg
    roll_limit = config.roll_limit_deg
    pitch = np.degrees(np.arcsin(np.clip(up_z, -1, 1)))
    roll = np.degrees(np.arctan2(n[:, 0], up_y))
    keep = (up_y > 0) & (pitch >= low) & (pitch <= high) & (np.abs(roll) <= roll_limit)
    if np.count_nonzero(keep) < 20:
        return []
    cell = 3.0
    bins = (max(1, int((high - low) / cell)), max(1, int(2 * roll_limit / cell)))
    histogram, _, _ = np.histogram2d(
        pitch[keep], roll[keep], bins=bins, range=[[low, high], [-roll_limit, roll_limit]]
    )
    smooth = cv2.GaussianBlur(
        histogram.astype(np.float32), (5, 5), 1.2, borderType=cv2.BORDER_CONSTANT
    )
    p = np.deg2rad(low + (np.arange(bins[0]) + 0.5) * (high - low) / bins[0])[:, None]
    r = np.deg2rad(-roll_limit + (np.arange(bins[1]) + 0.5) * 2 * roll_limit / bins[1])[None, :]
    centres = np.stack(
        np.broadcast_arrays(np.sin(r) * np.cos(p), -np.cos(r) * np.cos(p), -np.sin(p)), axis=-1
    )
    inside = n[keep]
    out: list[Array] = []
    for _ in range(4):
        peak = np.unravel_index(int(np.argmax(smooth)), smooth.shape)
        if smooth[peak] < 3.0:
            break
        direction = centres[peak]
        for _ in range(3):
            near = inside @ direction.astype(np.float32) > np.cos(np.deg2rad(9.0))
            if not near.any():
                break
            mean = inside[near].mean(axis=0, dtype=np.float64)
            direction = mean / np.linalg.norm(mean)
        if all(direction @ d < np.cos(np.deg2rad(5.0)) for d in out):
            out.append(direction)
        smooth[centres @ direction > np.cos(np.deg2rad(10.0))] = 0.0
        smooth[peak] = 0.0
    return out


def _flatness(sample: _Sample, direction: Array) -> float:
    """Cheap score of a direction: facing pixels gathered in the five fullest height bins."""
    facing = sample.normals @ direction.astype(np.float32) > NORMAL_AGREES
    if not facing.any():
        return 0.0
    height = sample.points[facing] @ direction.astype(np.float32)
    histogram = _histogram(height)[0]
    return float(np.sort(histogram)[-5:].sum())


def _histogram(height: Float) -> tuple[Array, float]:
    """Counts per 1.5 cm of height (three bins summed) and the lowest height."""
    low = float(height.min())
    bins = np.minimum((height - np.float32(low)) * np.float32(1.0 / CELL_M), 2000).astype(np.int32)
    counts = np.bincount(bins).astype(np.float64)
    return np.convolve(counts, [1.0, 1.0, 1.0], mode="same"), low


def _planes_along(
    sample: _Sample, up: Array, tolerance_rad: float, config: PerceptionConfig
) -> tuple[HorizontalPlane, ...]:
    """Horizontal planes whose normals agree with ``up``, from the histogram of heights."""
    up32 = up.astype(np.float32)
    facing = sample.normals @ up32 > NORMAL_AGREES
    minimum = max(20, int(config.min_support_share * len(sample.u)))
    out: list[HorizontalPlane] = []
    free = facing.copy()
    for _ in range(5):
        if np.count_nonzero(free) < minimum:
            break
        smooth, low = _histogram(sample.points[free] @ up32)
        peak = int(np.argmax(smooth))
        if smooth[peak] < 0.5 * minimum:
            break
        level = low + (peak + 0.5) * CELL_M
        inliers = free & (np.abs(sample.points @ up32 - level) < 0.03 + 3 * sample.sigma)
        plane = _refine(sample, inliers, facing, up, tolerance_rad)
        free &= ~inliers
        if plane is None:
            continue
        normal, offset, on_plane, sigma, tilt = plane
        free &= ~on_plane
        number = int(np.count_nonzero(on_plane))
        if number < minimum:
            continue
        extent = _extent(sample.points[on_plane], normal)
        if extent[0] < config.min_support_side_m:
            continue
        area, carried = _footprint(sample, normal, offset, on_plane)
        if area < 0.25 * extent[0] * extent[1]:
            continue  # scattered points that share a height (rims, tops) are no surface
        out.append(
            HorizontalPlane(
                normal,
                offset,
                number,
                number / len(sample.u),
                sigma,
                tilt,
                extent,
                area,
                number + 3.0 * carried,
            )
        )
    return tuple(out)


def _refine(
    sample: _Sample, inliers: Bool, facing: Bool, up: Array, tolerance_rad: float
) -> tuple[Array, float, Bool, float, float] | None:
    """Weighted least squares of inverse depth over pixels, where a plane is linear."""
    u0, v0 = float(sample.u.mean()), float(sample.v.mean())
    for iteration in range(4):
        if np.count_nonzero(inliers) < 12:
            return None
        a = np.empty((int(np.count_nonzero(inliers)), 3))
        a[:, 0] = sample.u[inliers] - u0
        a[:, 1] = sample.v[inliers] - v0
        a[:, 2] = 1.0
        weight = 1.0 / np.maximum(sample.inverse_sigma[inliers], 1e-6).astype(np.float64)
        aw = a * weight[:, None]
        normal_matrix = aw.T @ aw
        if np.linalg.cond(normal_matrix) > 1e14:
            return None
        fit = np.linalg.solve(normal_matrix, aw.T @ (sample.inverse[inliers] * weight))
        predicted = (sample.u - u0) * fit[0] + (sample.v - v0) * fit[1] + fit[2]
        residual = (sample.inverse - predicted) / np.maximum(sample.inverse_sigma, 1e-6)
        gate = 3.0 + 3.0 * (3 - iteration) if iteration < 3 else 3.0
        inliers = facing & (np.abs(residual) < gate)
    normal, offset = _plane_of_fit(fit, u0, v0, sample.camera)
    if not inliers.any() or normal @ up < np.cos(tolerance_rad) or offset <= 0.02:
        return None
    # Residuals are in units of the sensor's sigma. Neighbouring readings share errors, so a
    # plane of N pixels is known as if by N / 25 independent ones, and never under 0.5 mm.
    spread = float(np.std(residual[inliers]))
    number = int(np.count_nonzero(inliers))
    sigma = max(0.0005, spread * float(np.median(sample.sigma[inliers])) * 5.0 / number**0.5)
    tilt = sigma / max(float(np.std(sample.points[inliers], axis=0).max()), 0.02)
    return normal, offset, inliers, sigma, tilt


def _plane_of_fit(fit: Array, u0: float, v0: float, camera: Camera) -> tuple[Array, float]:
    """Unit normal (towards the camera) and offset of ``1/z = fit @ (u - u0, v - v0, 1)``."""
    vector = np.array(
        [
            fit[0] * camera.fx_px,
            fit[1] * camera.fy_px,
            fit[2] + fit[0] * (camera.cx_px - u0) + fit[1] * (camera.cy_px - v0),
        ]
    )
    norm = max(float(np.linalg.norm(vector)), 1e-9)
    return -vector / norm, 1.0 / norm


def _axes(normal: Array) -> tuple[Array, Array]:
    """Two unit vectors spanning the plane: ahead of the camera, and left of that."""
    ahead = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
    if np.linalg.norm(ahead) < 0.1:  # camera looks straight down: image top is ahead
        ahead = np.array([0.0, -1.0, 0.0]) + normal[1] * normal
    ahead = ahead / np.linalg.norm(ahead)
    return ahead, np.cross(normal, ahead)


def _extent(points: Float, normal: Array) -> tuple[float, float]:
    ahead, left = _axes(normal)
    flat = points @ np.stack([ahead, left], axis=1).astype(np.float32)
    spread = np.percentile(flat, [2, 98], axis=0)
    sides = sorted((spread[1] - spread[0]).tolist())
    return sides[0], sides[1]


def _footprint(sample: _Sample, normal: Array, offset: float, on_plane: Bool) -> tuple[float, int]:
    """Area of the plane (m2), and how many pixels show things standing on it, up to 0.5 m high."""
    ahead, left = _axes(normal)
    flat = sample.points @ np.stack([ahead, left], axis=1).astype(np.float32)
    height = sample.points @ normal.astype(np.float32) + np.float32(offset)
    low = flat[on_plane].min(axis=0)
    size = np.minimum(((flat[on_plane].max(axis=0) - low) / GRID_M).astype(int) + 1, 500)
    cells = np.floor((flat - low) * np.float32(1.0 / GRID_M)).astype(np.int32)
    inside = ((cells >= 0) & (cells < size)).all(axis=1)
    grid = np.zeros((int(size[0]), int(size[1])), np.uint8)
    floor_cells = cells[on_plane & inside]
    grid[floor_cells[:, 0], floor_cells[:, 1]] = 1
    grid = np.asarray(cv2.morphologyEx(grid, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    above = inside & (height > 0.015 + 3.0 * sample.sigma) & (height < 0.5)
    carried = int(grid[cells[above, 0], cells[above, 1]].sum())
    return float(grid.sum()) * GRID_M**2, carried


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
