"""What belongs to the room and not to things: walls, and whatever stands beyond the support.

In: Sample, support. Out: vertical planes large enough to be walls; the support's ground as half
planes, to test what lies over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.samples import (
    Array,
    Sample,
    fit_plane,
    make_sample,
    offsets,
    plane_axes,
)
from deepsight_ros.perception.support import HorizontalPlane, SupportFinding, find_support
from deepsight_ros.perception.view import Bool, Float, WorkingView

UPRIGHT = 0.30
"""Most a wall's (noisy) normal may lean out of the horizontal (sine)."""

WALL_WIDTH_M = 2.2
"""A vertical plane this wide is a wall wherever it ends."""

BORDER_WALL_M2 = 0.7
"""A vertical plane of this area that runs out of the picture at the top or a side is a wall."""

STEP_M = 0.03
"""Bin of the histogram of distances."""


def look_around(
    view: WorkingView,
    config: PerceptionConfig,
    given_up: Array | None = None,
    previous: SupportFinding | None = None,
) -> tuple[SupportFinding, list[tuple[Array, float]]]:
    """Up and support of a view (``find_support``), and its walls where up is known."""
    sample = make_sample(view)
    finding = find_support(sample, config, given_up, previous)
    return finding, [] if finding.up is None else find_walls(sample, finding.up)


def find_walls(sample: Sample, up: Array) -> list[tuple[Array, float]]:
    """Vertical planes of a room: at most four (unit normal towards the camera, offset)."""
    up32 = up.astype(np.float32)
    lean = sample.normals[::2] @ up32
    steep = (np.abs(lean) < UPRIGHT) & (sample.normals[::2, 2] != 0)
    index = 2 * np.flatnonzero(steep)  # every second sample is plenty for planes of this size
    if len(index) < 100:
        return []
    ahead, left = (a.astype(np.float32) for a in plane_axes(up))
    points, normals = sample.points_m[index], sample.normals[index]
    azimuth = np.arctan2(normals @ left, normals @ ahead)
    depth = points[:, 2]
    facing = np.abs(np.einsum("ij,ij->i", normals, sample.rays[index]))
    area = (
        depth * depth * np.float32(2.0 * sample.pixel_area) / np.maximum(facing, np.float32(0.1))
    )
    area[facing < 0.15 * np.linalg.norm(sample.rays[index], axis=1)] = 0.0  # depth edges
    free = np.ones(len(index), bool)
    walls: list[tuple[Array, float]] = []
    for _ in range(4):
        turns = np.bincount(
            ((azimuth[free] + np.pi) * (36 / (2 * np.pi))).astype(np.int64) % 36,
            weights=area[free],
            minlength=36,
        )
        turns = turns + np.roll(turns, 1)
        peak = int(np.argmax(turns))
        if turns[peak] < BORDER_WALL_M2:
            break
        angle = np.float32(peak * 2 * np.pi / 36 - np.pi)  # between bins peak - 1 and peak
        direction = ahead * np.cos(angle) + left * np.sin(angle)
        turned = np.abs(np.mod(azimuth - angle + np.pi, 2 * np.pi) - np.pi) < np.deg2rad(14.0)
        if not (free & turned).any():
            break
        near = _fullest_slice(points, direction, area, free & turned)
        free &= ~near
        wall = _wall(sample, index[near], direction.astype(np.float64), up, area[near])
        if wall is not None:
            walls.append(wall)
    return walls


def _fullest_slice(points: Float, direction: Float, area: Float, chosen: Bool) -> Bool:
    """Chosen points within the distance range along ``direction`` that holds most area."""
    along = points @ direction
    low = float(along[chosen].min())
    bins = np.clip((along - np.float32(low)) / np.float32(STEP_M), 0, 1000).astype(np.int64)
    counts = np.bincount(bins[chosen], weights=area[chosen])
    counts = np.convolve(counts, np.ones(7), mode="same")  # 14 degrees off widen the slice
    return np.asarray(chosen & (np.abs(bins - int(np.argmax(counts))) <= 4))


def _wall(
    sample: Sample, inliers: Array, direction: Array, up: Array, area: Float
) -> tuple[Array, float] | None:
    chosen = np.zeros(len(sample), bool)
    chosen[inliers] = True
    for _ in range(2):
        plane = fit_plane(sample, chosen)
        if plane is None or abs(plane[0] @ up) > 0.12 or plane[0] @ direction < 0.8:
            return None
        distance, sigma = offsets(sample, *plane)
        chosen &= np.abs(distance) < 0.02 + 3.0 * sigma
    inside = chosen[inliers]
    if area[inside].sum() < BORDER_WALL_M2:
        return None
    points = sample.points_m[inliers[inside]]
    across = points @ np.cross(up, plane[0]).astype(np.float32)
    width = float(np.subtract(*np.percentile(across, [98, 2])))
    leaves_picture = np.count_nonzero(sample.at_border[inliers[inside]]) > 5
    return plane if width > WALL_WIDTH_M or leaves_picture else None


@dataclass(frozen=True, eq=False)
class Ground:
    """A convex piece of the support's plane, as half planes.

    Attributes:
        axes: (2, 3) the plane's axes in the camera frame.
        normals: (E, 2) inward normal of each edge, in those axes.
        limits: (E,) a point p is inside where ``normals @ p >= limits`` for every edge.
    """

    axes: Array
    normals: Array
    limits: Array


@lru_cache(maxsize=4)  # a support stays the same object while frames confirm it
def ground_of(plane: HorizontalPlane, margin_m: float) -> Ground:
    """The support's seen ground, plus a margin.

    The ground between the camera's foot and the support counts too: arms and grippers reach in
    from there, while what stands beyond the far edge belongs to the room.
    """
    foot = np.zeros((1, 2), np.float32)  # of the camera: axes and points start there
    hull = cv2.convexHull(np.vstack([plane.outline_m.astype(np.float32), foot])).reshape(-1, 2)
    middle = hull.mean(axis=0)
    reach = np.linalg.norm(hull - middle, axis=1, keepdims=True)
    grown = middle + (hull - middle) * (1.0 + margin_m / np.maximum(reach, 1e-3))
    # inside a convex outline is what lies on the same side of every edge
    edge = np.roll(grown, -1, axis=0) - grown
    if float(cv2.contourArea(grown.astype(np.float32), oriented=True)) < 0:
        edge = -edge
    normals = np.stack([-edge[:, 1], edge[:, 0]], axis=1).astype(np.float64)
    limits = np.einsum("ij,ij->i", normals, grown.astype(np.float64))
    return Ground(np.stack(plane_axes(plane.normal)), normals, limits)


__all__ = ["Ground", "SupportFinding", "find_walls", "ground_of"]
