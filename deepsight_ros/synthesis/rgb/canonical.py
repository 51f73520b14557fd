"""Masks of horizontal surfaces and depth in, up and the camera's height out (SpatialVLM, 3.2).

A plane is fitted to each surface by RANSAC; the one most pixels agree with counts, when enough of
its surface lies in it and its normal fits the prior on how cameras are held. Otherwise up stays
unknown and questions about elevation are not asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.support import within_prior

Array = NDArray[np.float64]
TRIES = 256
MOST_POINTS = 4000


@dataclass(frozen=True, eq=False)
class Level:
    """A horizontal surface.

    Attributes:
        up: (3,) unit normal towards the camera's side, optical frame.
        height_m: of the camera above it.
        share: of the surface's points that lie in the plane.
        count: how many points those are.
        label: what the surface is called.
    """

    up: Array
    height_m: float
    share: float
    count: int
    label: str


def find_level(
    points_m: NDArray[np.float32],
    surfaces: Sequence[tuple[str, NDArray[np.bool_]]],
    *,
    least_share: float,
    gap_m: float,
    rng: np.random.Generator,
    prior: PerceptionConfig | None = None,
) -> Level | None:
    """The surface most points agree on, None where there is none.

    Args:
        points_m: (H, W, 3) in the optical frame, NaN where invalid.
        surfaces: name and (H, W) mask of each.
        least_share: of a surface's points within ``gap_m``.
        gap_m: distance to the plane at 1 m; grows with range.
        rng: draws the triples.
        prior: limits of pitch and roll.
    """
    config = prior or PerceptionConfig()
    best: Level | None = None
    for label, mask in surfaces:
        level = _plane(points_m[mask], label, gap_m, rng)
        if level is None or level.share < least_share or not within_prior(level.up, config):
            continue
        if best is None or level.count > best.count:
            best = level
    return best


def _plane(
    points: NDArray[np.float32], label: str, gap_m: float, rng: np.random.Generator
) -> Level | None:
    """RANSAC over triples, then least squares on what agrees."""
    own = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if len(own) < 50:
        return None
    used = own[rng.permutation(len(own))[:MOST_POINTS]]
    allowed = gap_m * np.maximum(used[:, 2], 0.3)
    corners = used[rng.integers(0, len(used), (TRIES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9
    normals = normals[usable] / lengths[usable, None]
    offsets = np.einsum("ij,ij->i", normals, corners[usable, 0])
    if not len(normals):
        return None
    near = np.abs(used @ normals.T - offsets) < allowed[:, None]
    inside = near[:, int(near.sum(axis=0).argmax())]
    for _ in range(3):
        kept = used[inside]
        if len(kept) < 10:
            return None
        middle = kept.mean(axis=0)
        normal = np.linalg.svd(kept - middle, full_matrices=False)[2][2]
        inside = np.abs((used - middle) @ normal) < allowed
    height = float(-normal @ middle)
    up = normal if height > 0 else -normal
    share = float(inside.mean())
    return Level(up, abs(height), share, int(share * len(own)), label)
