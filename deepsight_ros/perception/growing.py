"""Labels grow into pixels that belong to them: cut ones between fragments, feet below things.

In: labels, the view, the pixels that want one. Out: labels with those pixels whose nearest
labelled pixel agrees with them in depth or height.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

FOOT_PX = 3.0
"""How far down from a segment its foot is looked for."""


def grow(seeds: Labels, wanted: Bool, view: WorkingView, reach_px: float) -> Labels:
    """Give unlabelled ``wanted`` pixels the nearest seed's label where depth agrees with it."""
    camera = view.camera
    around = around_px(reach_px)
    return _grown(seeds, wanted, view.filled_m, view.sigma_m, around, camera.fx_px)


@compiled("i4[:,::1], b1[:,::1], f4[:,::1], f4[:,::1], f8[:,::1], f8")
def _grown(
    seeds: Labels, wanted: Bool, z_m: Float, sigma_m: Float, around: Array, fx_px: float
) -> Labels:
    """``seeds`` with the wanted pixels that agree with the nearest of them."""
    rows, columns = seeds.shape
    out = seeds.copy()
    for r in range(rows):
        for c in range(columns):
            if not wanted[r, c] or seeds[r, c]:
                continue
            at = _nearest(seeds, around, r, c)
            if at < 0:
                continue
            rr, cc = r + int(around[at, 0]), c + int(around[at, 1])
            z = z_m[r, c]
            if abs(z - z_m[rr, cc]) < 0.01 + 3.0 * (around[at, 2] * z / fx_px + sigma_m[r, c]):
                out[r, c] = seeds[rr, cc]
    return out


def with_feet(labels: Labels, view: WorkingView, low: Bool, height_m: Float, up: Array) -> Labels:
    """Low pixels right below a segment, falling off as an upright face does, belong to it."""
    slope = float(np.hypot(up[0], up[1]))
    if slope < 0.2:
        return labels  # seen from above, a thing hides its foot
    around = around_px(FOOT_PX)
    # steps that lead up in the picture: from a foot to the thing it belongs to
    rises = (around[:, 1] * up[0] + around[:, 0] * up[1]) / slope > 0.8 * around[:, 2]
    return _feet(labels, low, view.filled_m, height_m, around, rises, view.camera.fx_px)


@compiled("i4[:,::1], b1[:,::1], f4[:,::1], f4[:,::1], f8[:,::1], b1[::1], f8")
def _feet(
    labels: Labels,
    low: Bool,
    z_m: Float,
    height_m: Float,
    around: Array,
    rises: Bool,
    fx_px: float,
) -> Labels:
    """``labels`` with the low pixels whose nearest segment lies above them in the picture."""
    rows, columns = labels.shape
    out = labels.copy()
    for r in range(rows):
        for c in range(columns):
            if not low[r, c] or labels[r, c] or not z_m[r, c] > 0:
                continue
            at = _nearest(labels, around, r, c)
            if at < 0 or not rises[at]:
                continue
            rr, cc = r + int(around[at, 0]), c + int(around[at, 1])
            metres = around[at, 2] * z_m[r, c] / fx_px
            if abs(height_m[rr, cc] - height_m[r, c]) < 0.003 + 1.5 * metres:
                out[r, c] = labels[rr, cc]
    return out


@lru_cache(maxsize=8)
def around_px(reach_px: float) -> Array:
    """(N, 3) rows, columns and lengths of the steps to all pixels within reach, nearest first."""
    side = np.arange(-int(reach_px), int(reach_px) + 1)
    step = np.stack([a.ravel() for a in np.meshgrid(side, side, indexing="ij")], axis=1)
    length = np.hypot(step[:, 0], step[:, 1])
    order = np.argsort(length, kind="stable")
    order = order[(length[order] <= reach_px) & (length[order] > 0)]
    return np.column_stack([step[order], length[order]])


@compiled("i4[:,::1], f8[:,::1], i8, i8")
def _nearest(labels: Labels, around: Array, row: int, column: int) -> int:
    """Which of the steps ``around`` a pixel leads to the nearest labelled one; -1 for none."""
    rows, columns = labels.shape
    for at in range(len(around)):
        r, c = row + int(around[at, 0]), column + int(around[at, 1])
        if 0 <= r < rows and 0 <= c < columns and labels[r, c]:
            return at
    return -1
