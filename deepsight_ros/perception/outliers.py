"""Points that belong to no surface: mixed pixels at depth edges and stray clusters.

In: a mask and the view. Out: a mask without them. The largest cluster in space is kept (what
DBSCAN does for SpatialVLM), found by labelling the image with depth gaps as borders.
"""

from __future__ import annotations

import cv2
import numpy as np

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.view import Bool, Float, WorkingView

LEAST_LIKE = 3
"""Neighbours at about its own depth that a reading of a surface has."""


def flying_pixels(view: WorkingView, asked: Bool | None = None) -> Bool:
    """(H, W) bool: readings between two surfaces, with no neighbour at about their own depth.

    Args:
        asked: (H, W) bool, where it matters; None: everywhere.
    """
    asked = view.valid if asked is None else asked & view.valid
    return _flying(view.depth_m, view.sigma_m, asked, 2.0 / view.camera.fx_px)


@compiled("f4[:,::1], f4[:,::1], b1[:,::1], f8")
def _flying(z_m: Float, sigma_m: Float, asked: Bool, per_pixel: float) -> Bool:
    """See ``flying_pixels``; neighbours may be ``per_pixel`` times the depth farther away."""
    rows, columns = z_m.shape
    out = np.zeros((rows, columns), np.bool_)
    share = np.float32(per_pixel)
    if rows < 3 or columns < 3:
        return out
    for r in range(rows):
        for c in range(columns):
            if not asked[r, c]:
                continue
            z = z_m[r, c]
            gap = np.float32(0.004) + np.float32(3.0) * sigma_m[r, c] + share * z
            support = 0
            for rr in range(max(0, r - 1), min(rows, r + 2)):
                for cc in range(max(0, c - 1), min(columns, c + 2)):
                    support += abs(z_m[rr, cc] - z) < gap
                if support > LEAST_LIKE:  # one of them is the reading itself
                    break
            out[r, c] = support <= LEAST_LIKE
    return out


def largest_cluster(mask: Bool, view: WorkingView, gap_m: float) -> Bool:
    """The part of a mask that hangs together in space, the one with most pixels.

    Args:
        mask: (H, W) bool.
        gap_m: neighbours (2 px apart or less) farther apart than this along the ray, plus
            noise, are not connected.
    """
    if not mask.any():
        return mask
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    inside = mask[box] & view.valid[box]
    z = view.smooth_m[box]
    allowed = gap_m + 4.0 * view.sigma_m[box] + 2.0 * z / np.float32(view.camera.fx_px)
    broken = np.zeros(inside.shape, bool)
    for axis in (0, 1):
        if inside.shape[axis] < 2:
            continue
        step = np.abs(np.diff(z, axis=axis))
        first = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        second = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        jump = (step > allowed[first]) & inside[first] & inside[second]
        deeper = z[second] > z[first]
        broken[second] |= jump & deeper  # the farther side of a jump parts the two surfaces
        broken[first] |= jump & ~deeper
    core = (inside & ~broken).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=8)
    out = np.zeros(mask.shape, bool)
    if count <= 1:
        out[box] = inside
        return out
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    own = (labels == best).astype(np.uint8)
    middle = float(np.median(z[own > 0]))
    grown = cv2.dilate(own, np.ones((3, 3), np.uint8)) > 0
    edge = grown & inside & broken & (np.abs(z - middle) < 0.5)
    near = cv2.boxFilter(np.where(own > 0, z, 0.0).astype(np.float32), -1, (3, 3), normalize=False)
    weight = cv2.boxFilter(own.astype(np.float32), -1, (3, 3), normalize=False)
    mean = near / np.maximum(weight, 1e-6)
    out[box] = (own > 0) | (edge & (np.abs(z - mean) < allowed))
    return out
