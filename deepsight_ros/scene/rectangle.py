"""Fitting an upright box's rectangle to samples of its outline on the ground.

In: (N, 2) points on the walls and on the outline, and all seen points, metres. Out: the
rectangle, and which of its sides were supported by samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.boxes import minimum_rectangle
from deepsight_ros.geometry.compiled import compiled

Array = NDArray[np.float64]

_TURNS = np.deg2rad(np.linspace(-12.0, 12.0, 9))
_TAIL = 0.015
_FACING = 0.5
_SIDEWAYS = 0.6
_SURE_WALLS = 0.7


@dataclass(frozen=True, eq=False)
class SideEvidence:
    """Where the sides of a box were seen, on the ground (metres).

    Attributes:
        walls_m: (N, 2) points on the walls; normals: (N, 2) horizontal parts of their normals.
        rim_m: (M, 2) own outline on the top's rim or at the foot: on some side each.
        limb_m: (L, 2) own outline beside a wall: good across the view only.
        points_m: (K, 2) all seen points: no side may leave many of them out.
    """

    walls_m: Array
    normals: Array
    rim_m: Array
    limb_m: Array
    points_m: Array


@dataclass(frozen=True, eq=False)
class RectangleFit:
    """A rectangle and its support.

    Attributes:
        centre_m: (2,); size_m: (2,) along its own x and y; yaw_rad: of its x, within 45 degrees.
        seen: (4,) share of each side's length with samples on it: -x, +x, -y, +y.
    """

    centre_m: Array
    size_m: Array
    yaw_rad: float
    seen: Array


def fit_rectangle(evidence: SideEvidence, view: Array, noise_m: float) -> RectangleFit:
    """Rectangle around all points whose sides lie in the middle of the samples on them.

    The least-area rectangle and the walls' normals each start a search of the yaw that brings
    the samples closest to the sides (of two walls seen on edge, the least area alone cannot tell
    the rectangle from the one along their diagonal). Then each side moves to the mean of the
    samples on it, so that noise widens nothing.

    Args:
        evidence: where the sides were seen.
        view: (2,) unit ground direction of the view.
        noise_m: expected distance of samples from their side.
    """
    e = evidence
    samples = np.concatenate([e.walls_m, e.rim_m])
    if len(samples) < 8:
        samples = e.points_m
    searches: list[Array] = []
    sureness = 0.0
    if len(e.normals) >= 8:
        fold = 4.0 * np.arctan2(e.normals[:, 1], e.normals[:, 0])
        cosine, sine = float(np.cos(fold).mean()), float(np.sin(fold).mean())
        sureness = float(np.hypot(cosine, sine))
        searches.append(float(np.arctan2(sine, cosine)) / 4.0 + _TURNS)
    if sureness < _SURE_WALLS:
        searches.append(minimum_rectangle(samples).yaw_rad + _TURNS)
    samples = np.ascontiguousarray(samples)
    costs = [_misfits(samples, yaws, noise_m) for yaws in searches]
    best = int(np.argmin([c.min() for c in costs]))
    yaw = _lowest(searches[best], costs[best])
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s], [s, c]])
    walls, normals, rim, limb = (a @ turn for a in (e.walls_m, e.normals, e.rim_m, e.limb_m))
    everything = e.points_m @ turn
    across_view = np.abs(view @ turn) < _SIDEWAYS
    sides = np.zeros(4)
    supporters: list[Array] = []
    for i in range(4):
        axis, sign = i // 2, 1.0 if i % 2 else -1.0
        facing = sign * normals[:, axis] > _FACING
        mine = np.concatenate([walls[facing], rim, limb if across_view[axis] else limb[:0]])
        side = _outer_side(sign * mine[:, axis], sign * everything[:, axis], noise_m)
        sides[i] = sign * side[0]
        supporters.append(mine if side[1] else mine[:0])
    size = np.maximum(sides[[1, 3]] - sides[[0, 2]], 1e-3)
    seen = np.zeros(4)
    for i, mine in enumerate(supporters):
        on_it = np.abs(mine[:, i // 2] - sides[i]) < 2.5 * noise_m + 0.002
        start_m = sides[2] if i < 2 else sides[0]
        cells = ((mine[on_it, 1 - i // 2] - start_m) / size[1 - i // 2] * 8).astype(np.intp)
        seen[i] = len(np.unique(np.clip(cells, 0, 7))) / 8.0
    middle = turn @ np.array([(sides[0] + sides[1]) / 2, (sides[2] + sides[3]) / 2])
    within = (yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4
    quarters = round((yaw - within) / (np.pi / 2)) % 4
    if quarters % 2:
        size = size[::-1].copy()
        seen = seen[[2, 3, 0, 1]]
    return RectangleFit(middle, size, float(within), seen)


def _outer_side(samples: Array, everything: Array, noise_m: float) -> tuple[float, int]:
    """Where samples end upwards, and how many lie on that end (0: it is only where points end).

    The end is the outermost place that is nearly as crowded as the most crowded one in the outer
    half; it may leave out a few points, as noise does.
    """
    near = 2.0 * noise_m + 0.001
    ordered = np.sort(everything)
    plain = float(ordered[-1 - int(0.003 * len(ordered))])
    middle = 0.5 * (float(ordered[0]) + plain)
    outer = np.sort(samples[samples > middle])
    if len(outer) < 6:
        return plain, 0
    crowd = np.searchsorted(outer, outer + near) - np.searchsorted(outer, outer - near)
    full = np.flatnonzero(crowd >= max(5, int(0.3 * crowd.max())))
    if not len(full):
        return plain, 0
    side = float(outer[full[-1]])
    for _ in range(2):
        side = _mean_of_middle(outer[np.abs(outer - side) <= near])
    left_out = len(ordered) - int(np.searchsorted(ordered, side + 2.0 * near))
    if left_out > 0.03 * len(ordered):
        return plain, 0
    return side, int(np.count_nonzero(np.abs(outer - side) <= near))


@compiled("f8[:,::1], f8[::1], f8")
def _misfits(samples_m: Array, yaws: Array, noise_m: float) -> Array:
    """(T,) mean capped distance of the samples from the nearest side, for each yaw."""
    count = len(samples_m)
    near = 3.0 * noise_m + 0.003
    k = int(_TAIL * (count - 1))
    out, t, away = np.empty(len(yaws)), np.empty(count), np.empty(count)
    for turn in range(len(yaws)):
        c, s = np.cos(yaws[turn]), np.sin(yaws[turn])
        away[:] = near
        for axis in range(2):
            for i in range(count):
                x, y = samples_m[i, 0], samples_m[i, 1]
                t[i] = x * c + y * s if axis == 0 else y * c - x * s
            ordered = np.sort(t)
            for end in (ordered[k], ordered[count - 1 - k]):
                total, mine = 0.0, 0
                for i in range(count):
                    if abs(t[i] - end) < near:
                        total += t[i]
                        mine += 1
                middle = total / max(mine, 1)
                for i in range(count):
                    away[i] = min(away[i], abs(t[i] - middle))
        out[turn] = away.mean()
    return out


def _lowest(yaws: Array, costs: Array) -> float:
    """Yaw of the least cost, between the steps by a parabola through its neighbours."""
    i = int(np.argmin(costs))
    if i in (0, len(yaws) - 1):
        return float(yaws[i])
    before, here, after = costs[i - 1 : i + 2]
    bend = before - 2 * here + after
    shift = 0.5 * (before - after) / bend if bend > 1e-12 else 0.0
    return float(yaws[i] + shift * (yaws[1] - yaws[0]))


def _mean_of_middle(values: Array) -> float:
    """Mean of the middle 80 %."""
    ordered = np.sort(values)
    k = len(ordered) // 10
    return float(ordered[k : len(ordered) - k].mean())
