"""Fitting an upright box's rectangle to samples of its outline on the ground.

In: (N, 2) samples that lie on the sides (not inside), metres. Out: the rectangle, how well it
fits, and which sides were supported by samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.boxes import minimum_rectangle

Array = NDArray[np.float64]

_TURNS = np.deg2rad(np.array([-12.0, -8.0, -5.0, -2.5, 0.0, 2.5, 5.0, 8.0, 12.0]))
_FINE_TURNS = np.deg2rad(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))
_TAIL = 0.02


@dataclass(frozen=True, eq=False)
class RectangleFit:
    """A rectangle and its support.

    Attributes:
        centre_m: (2,); size_m: (2,) along its own x and y; yaw_rad: of its x.
        residual_m: robust RMS distance of the samples from the nearest side.
        seen: (4,) share of each side's length with samples near it: -x, +x, -y, +y.
    """

    centre_m: Array
    size_m: Array
    yaw_rad: float
    residual_m: float
    seen: Array


def fit_rectangle(samples_m: Array) -> RectangleFit:
    """Rectangle whose sides lie in the middle of the samples near them.

    The least-area rectangle of the samples starts a search of the yaw; for each yaw the sides
    are placed at the samples' mean beside them, so that noise widens nothing.
    """
    start = minimum_rectangle(samples_m).yaw_rad
    yaws = start + _TURNS
    costs = [_sides(samples_m, yaw)[1] for yaw in yaws]
    best = float(yaws[int(np.argmin(costs))])
    yaws = best + _FINE_TURNS
    costs = [_sides(samples_m, yaw)[1] for yaw in yaws]
    best = float(yaws[int(np.argmin(costs))])
    (x0, x1, y0, y1), residual, seen = _sides(samples_m, best)
    c, s = np.cos(best), np.sin(best)
    middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    centre = np.array([c * middle[0] - s * middle[1], s * middle[0] + c * middle[1]])
    yaw = (best + np.pi / 4) % (np.pi / 2) - np.pi / 4
    size = np.array([x1 - x0, y1 - y0])
    quarter = round((best - yaw) / (np.pi / 2))
    if quarter % 2:
        size, seen = size[::-1], seen[[2, 3, 0, 1]]
    return RectangleFit(centre, np.maximum(size, 1e-3), yaw, residual, seen)


def _sides(samples_m: Array, yaw_rad: float) -> tuple[Array, float, Array]:
    """Side positions (x0, x1, y0, y1), robust residual and share of each side seen."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    own = np.column_stack(
        [c * samples_m[:, 0] + s * samples_m[:, 1], c * samples_m[:, 1] - s * samples_m[:, 0]]
    )
    ordered = np.sort(own, axis=0)
    k = int(_TAIL * (len(own) - 1))
    low, high = ordered[k], ordered[-1 - k]
    sides = np.array([low[0], high[0], low[1], high[1]])
    t = own[:, [0, 0, 1, 1]]
    along = own[:, [1, 1, 0, 0]]
    for _ in range(2):
        away = np.abs(t - sides)
        nearest = away.argmin(axis=1)
        span = np.maximum(sides[[1, 3]] - sides[[0, 2]], 1e-4)
        near = away.min(axis=1) < 0.25 * span.min() + 0.002
        seen = np.zeros(4)
        for i in range(4):
            mine = (nearest == i) & near
            count = int(np.count_nonzero(mine))
            if count < 4:
                continue
            sides[i] = np.median(t[mine, i]) if count < 12 else _mean_of_middle(t[mine, i])
            cells = np.unique(
                ((along[mine, i] - along[:, i].min()) / (np.ptp(along[:, i]) + 1e-6) * 8).astype(
                    np.intp
                )
            )
            seen[i] = len(cells) / 8.0
    away = np.abs(t - sides).min(axis=1)
    residual = float(np.sqrt(np.mean(np.minimum(away, 0.25 * span.min() + 0.002) ** 2)))
    return sides, residual, np.minimum(seen, 1.0)


def _mean_of_middle(values: Array) -> float:
    """Mean of the middle 80 %."""
    ordered = np.sort(values)
    k = len(ordered) // 10
    return float(ordered[k : len(ordered) - k].mean())
