"""The loops of ``perception.alignment`` over a shape's points and outline, compiled.

In: points and directions of a shape as (N, 3) float64, its pose in the optical frame, the depth of
the frame. Out: what the readings pull it by as 3x3 normal equations, or counts of readings that
agree. A frame goes through these some dozens of times.

Arguments all kernels take: ``rotation`` (3, 3) and ``translation_m`` (3,) of the pose;
``intrinsics`` (fx, fy, cx, cy) in pixels; ``filled_m``, ``things_m``, ``sigma_m`` (H, W) float32
as in ``Present`` and ``WorkingView``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled

Array = NDArray[np.float64]
Float = NDArray[np.float32]

REACH_PX = 6
"""How far along the outline's outward direction a jump of depth is looked for."""

JUMP_M = 0.015
"""Least jump of depth that is an edge."""

DEPTH_M, EDGE_PX = 0.003, 0.7
"""Standard deviations of one reading beside the sensor's noise, and of one edge."""

TOLERANCE_M, TOLERANCE_SIGMAS = 0.006, 2.5
"""A reading this near to what is expected agrees with it."""

CLOSE_PX = 1.5
"""An edge this near to where it is expected agrees."""

FOOT_M = 0.008
"""What is lower than this above the support's plane is hard to tell from it."""

ENOUGH = 30.0
"""Readings beyond this many add no more evidence: their errors are shared."""


@compiled("f4[:,::1], f4[:,::1], f4[::1], f4[::1], f4[::1], f4")
def off_support(
    filled_m: Float,
    sigma_m: Float,
    slopes_x: Float,
    slopes_y: Float,
    normal: Float,
    offset_m: float,
) -> Float:
    """(H, W) float32 depth of what does not lie on the support's plane, 0 elsewhere.

    Args:
        slopes_x, slopes_y: (W,) and (H,) x/z and y/z of the pixels' rays.
        normal, offset_m: (3,) of the plane in the optical frame; heights are ``n @ p + offset``.
    """
    out = np.zeros_like(filled_m)
    base, noises = np.float32(0.5 * FOOT_M), np.float32(1.5)
    for r in range(filled_m.shape[0]):
        upright = slopes_y[r] * normal[1] + normal[2]
        for c in range(filled_m.shape[1]):
            along = slopes_x[c] * normal[0] + upright
            height = filled_m[r, c] * along + offset_m
            if not abs(height) < base + noises * (sigma_m[r, c] * abs(along)):
                out[r, c] = filled_m[r, c]
    return out


@compiled("f8[:,::1], i8, f8[:,::1]")
def _turned(vectors: Array, index: int, rotation: Array) -> tuple[float, float, float]:
    """One of the vectors, turned."""
    x, y, z = vectors[index, 0], vectors[index, 1], vectors[index, 2]
    return (
        rotation[0, 0] * x + rotation[0, 1] * y + rotation[0, 2] * z,
        rotation[1, 0] * x + rotation[1, 1] * y + rotation[1, 2] * z,
        rotation[2, 0] * x + rotation[2, 1] * y + rotation[2, 2] * z,
    )


@compiled("f8[:,::1], i8, f8[:,::1], f8[::1]")
def _moved(
    points_m: Array, index: int, rotation: Array, translation_m: Array
) -> tuple[float, float, float]:
    """One of the points, turned and shifted."""
    x, y, z = _turned(points_m, index, rotation)
    return x + translation_m[0], y + translation_m[1], z + translation_m[2]


@compiled("f8, f8, i8, i8")
def _pixel(u: float, v: float, rows: int, columns: int) -> int:
    """Flat index of the pixel at (u, v), -1 outside the picture."""
    column, row = np.rint(u), np.rint(v)
    if 0 <= column < columns and 0 <= row < rows:
        return int(row) * columns + int(column)
    return -1


@compiled("f8, f8, f8, f8[::1], i8, i8")
def _seen_at(x: float, y: float, z: float, intrinsics: Array, rows: int, columns: int) -> int:
    """Flat index of the pixel that shows a point, -1 for none."""
    if not z > 0.01:
        return -1
    u = x / z * intrinsics[0] + intrinsics[2]
    v = y / z * intrinsics[1] + intrinsics[3]
    return _pixel(u, v, rows, columns)


@compiled(
    "f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f4[:,::1], f4[:,::1], f8, f8[:,::1], "
    "f8[::1]"
)
def add_depth(
    points_m: Array,
    normals: Array,
    rotation: Array,
    translation_m: Array,
    intrinsics: Array,
    things_m: Float,
    sigma_m: Float,
    gate_m: float,
    evidence: Array,
    pull: Array,
) -> None:
    """What readings at surface points say about a small shift, added to the normal equations.

    Args:
        gate_m: largest difference of depth that counts.
        evidence, pull: (3, 3) and (3,), changed in place, in 1/m^2 and 1/m.
    """
    rows, columns = things_m.shape
    depth_m, noise_m = things_m.ravel(), sigma_m.ravel()
    own, own_pull = np.zeros((3, 3)), np.zeros(3)
    used = 0
    for i in range(len(points_m)):
        x, y, z = _moved(points_m, i, rotation, translation_m)
        pixel = _seen_at(x, y, z, intrinsics, rows, columns)
        if pixel < 0:
            continue
        depth, sigma = np.float64(depth_m[pixel]), np.float64(noise_m[pixel])
        off = depth - z
        if not (depth > 0 and abs(off) < gate_m + sigma):
            continue
        used += 1
        normal = _turned(normals, i, rotation)
        # a reading lies on the point's ray: along the normal it is this far off per depth
        along = normal[0] * x / z + normal[1] * y / z + normal[2]
        value = along * off
        deviation = np.hypot(DEPTH_M, sigma * abs(along))
        weight = 1.0 / deviation * min(1.0, 2.0 * deviation / max(abs(value), 1e-9))
        for r in range(3):
            own_pull[r] += weight * weight * value * normal[r]
            for c in range(3):
                own[r, c] += weight * weight * normal[r] * normal[c]
    shared = max(1.0, used / ENOUGH)
    evidence += own / shared
    pull += own_pull / shared


@compiled("f8[:,::1], f8[:,::1], i8, f8[:,::1], f8[::1], f8[::1], f4[:,::1], f8[::1]")
def _edge(
    edges_m: Array,
    outward: Array,
    index: int,
    rotation: Array,
    translation_m: Array,
    intrinsics: Array,
    filled_m: Float,
    found: Array,
) -> tuple[bool, bool]:
    """Whether depth jumps near one outline point, and whether it could be seen to.

    ``found`` takes its place (x, y, z), its way out in pixels (unit) and how far along it the
    nearest jump lies, in pixels.
    """
    rows, columns = filled_m.shape
    x, y, z = _moved(edges_m, index, rotation, translation_m)
    if not z > 0.01:
        return False, False
    out = _turned(outward, index, rotation)
    u = x / z * intrinsics[0] + intrinsics[2]
    v = y / z * intrinsics[1] + intrinsics[3]
    if _pixel(u, v, rows, columns) < 0:
        return False, False
    way_u = (out[0] - x / z * out[2]) * intrinsics[0]
    way_v = (out[1] - y / z * out[2]) * intrinsics[1]
    length = max(np.sqrt(way_u * way_u + way_v * way_v), 1e-9)
    way_u, way_v = way_u / length, way_v / length
    along = np.zeros(2 * REACH_PX + 1)
    depth = np.zeros(2 * REACH_PX + 1)
    for k in range(2 * REACH_PX + 1):
        step = k - REACH_PX
        column, row = np.rint(u + step * way_u), np.rint(v + step * way_v)
        along[k] = (column - u) * way_u + (row - v) * way_v
        if 0 <= column < columns and 0 <= row < rows:
            depth[k] = filled_m[int(row), int(column)]
    best = np.inf
    for k in range(2 * REACH_PX - 1):
        if not (depth[k] > 0 and abs(depth[k] - z) < JUMP_M):
            continue
        # the thing beside what is behind it, or with one pixel without a reading in between
        if depth[k + 1] > z + 2.0 * JUMP_M:
            place = 0.5 * (along[k] + along[k + 1])
        elif depth[k + 1] <= 0 and depth[k + 2] > z + 2.0 * JUMP_M:
            place = 0.5 * (along[k] + along[k + 2])
        else:
            continue
        if abs(place) < abs(best):
            best = place
    hidden = depth[REACH_PX] > 0 and depth[REACH_PX - 1] < z - 2.0 * JUMP_M
    found[0], found[1], found[2] = x, y, z
    found[3], found[4], found[5] = way_u, way_v, best
    return best < np.inf, not hidden


@compiled("f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f4[:,::1], f8[:,::1], f8[::1]")
def add_edges(
    edges_m: Array,
    outward: Array,
    rotation: Array,
    translation_m: Array,
    intrinsics: Array,
    filled_m: Float,
    evidence: Array,
    pull: Array,
) -> None:
    """What jumps of depth along the outline say, added as in ``add_depth``."""
    own, own_pull = np.zeros((3, 3)), np.zeros(3)
    found, row = np.zeros(6), np.zeros(3)
    used = 0
    for i in range(len(edges_m)):
        seen, _ = _edge(edges_m, outward, i, rotation, translation_m, intrinsics, filled_m, found)
        if not seen:
            continue
        used += 1
        z, offset_px = found[2], found[5]
        row[0], row[1] = found[3], found[4]
        row[2] = -(found[3] * found[0] + found[4] * found[1]) / z
        metre_px = z / intrinsics[0]
        weight = 1.0 / (EDGE_PX * metre_px) * min(1.0, 1.5 / max(abs(offset_px), 1e-9))
        for r in range(3):
            own_pull[r] += weight * weight * offset_px * metre_px * row[r]
            for c in range(3):
                own[r, c] += weight * weight * row[r] * row[c]
    shared = max(1.0, used / ENOUGH)
    evidence += own / shared
    pull += own_pull / shared


@compiled("f8[:,::1], f8[:,::1], f8[::1], f8[::1], f4[:,::1], f4[:,::1], f4[:,::1]")
def count_points(
    points_m: Array,
    rotation: Array,
    translation_m: Array,
    intrinsics: Array,
    filled_m: Float,
    things_m: Float,
    sigma_m: Float,
) -> tuple[int, int, int]:
    """Surface points in the picture; with a reading as expected; with one that sees through them
    (to something farther, or to the support they should hide)."""
    rows, columns = filled_m.shape
    all_m, standing_m, noise_m = filled_m.ravel(), things_m.ravel(), sigma_m.ravel()
    inside = agree = through = 0
    for i in range(len(points_m)):
        x, y, z = _moved(points_m, i, rotation, translation_m)
        pixel = _seen_at(x, y, z, intrinsics, rows, columns)
        if pixel < 0:
            continue
        inside += 1
        depth = np.float64(all_m[pixel])
        if not depth > 0:
            continue
        off = depth - z
        tolerance = TOLERANCE_M + TOLERANCE_SIGMAS * np.float64(noise_m[pixel])
        if off > tolerance:
            through += 1
        elif abs(off) <= tolerance:
            if standing_m[pixel] <= 0:
                through += 1
            else:
                agree += 1
    return inside, agree, through


@compiled("f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f4[:,::1]")
def count_edges(
    edges_m: Array,
    outward: Array,
    rotation: Array,
    translation_m: Array,
    intrinsics: Array,
    filled_m: Float,
) -> tuple[int, int]:
    """Outline points that could be seen, and those of them where depth jumps as expected."""
    found = np.zeros(6)
    possible = close = 0
    for i in range(len(edges_m)):
        seen, could = _edge(
            edges_m, outward, i, rotation, translation_m, intrinsics, filled_m, found
        )
        possible += could
        close += could and seen and abs(found[5]) < CLOSE_PX
    return possible, close
