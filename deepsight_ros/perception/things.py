"""Which segments are things: large enough, small enough, and standing on the support.

In: labels of segments, the view, the support. Out: labels of the things kept, renumbered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.structure import Ground, ground_of
from deepsight_ros.perception.support import HorizontalPlane
from deepsight_ros.perception.view import Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

BESIDE_SUPPORT_M = 0.12
"""How far beyond the seen edge of the support a thing may stand and still be on it."""

EVERY = 3
"""Every third pixel of a segment tells its size and place well enough."""

OVER_SHARE, HELD_SHARE = 0.15, 0.2
"""Share of its pixels over the support, or near the gripper, from which a segment is kept."""

NOWHERE = Ground(np.zeros((2, 3)), np.zeros((0, 2)), np.zeros(0))


def keep_things(
    labels: Labels,
    view: WorkingView,
    table: HorizontalPlane | None,
    config: PerceptionConfig,
    gripper_m: Array | None = None,
) -> tuple[Labels, int]:
    """Renumber, without segments too small, too big, or standing beyond a raised support.

    Args:
        labels: (H, W) int32, 1..K of segments, 0 = none.
        table: the support if it is raised; None: whatever stands anywhere is kept.
        gripper_m: (3,) the gripper in the camera frame: what is there is kept wherever it is.
    """
    ground = NOWHERE if table is None else ground_of(table, BESIDE_SUPPORT_M)
    hand = np.full(3, np.inf) if gripper_m is None else np.asarray(gripper_m, np.float64)
    size, side, over, near = _sizes_and_places(
        labels,
        view.filled_m,
        *view.rays,
        ground.axes,
        ground.normals,
        ground.limits,
        hand,
        config.gripper_radius_m,
    )
    keep = size >= config.min_object_px
    keep &= (side >= config.min_object_size_m) & (side <= config.max_object_size_m)
    if table is not None:
        keep &= (over > OVER_SHARE) | (near > HELD_SHARE)
    keep[0] = False
    renumbered = np.zeros(len(keep), np.int32)
    renumbered[keep] = np.arange(1, np.count_nonzero(keep) + 1)
    return renumbered[labels], int(np.count_nonzero(keep))


@compiled("i4[:,::1], f4[:,::1], f4[::1], f4[::1], f8[:,::1], f8[:,::1], f8[::1], f8[::1], f8")
def _sizes_and_places(
    labels: Labels,
    z_m: Float,
    ray_x: Float,
    ray_y: Float,
    axes: Array,
    normals: Array,
    limits: Array,
    gripper_m: Array,
    radius_m: float,
) -> tuple[NDArray[np.int64], Array, Array, Array]:
    """Of each label 0..K: pixels, longest side (m), share over the ground, share at the gripper.

    Points spread evenly over a length have a standard deviation of length / sqrt(12): this
    measure of size is not upset by single stray points.
    """
    count = int(labels.max()) + 1
    rows, columns = labels.shape
    size, number = np.zeros(count, np.int64), np.zeros(count, np.int64)
    mean, square = np.zeros((count, 3)), np.zeros((count, 3))
    over, near = np.zeros(count), np.zeros(count)
    turn = 0
    for r in range(rows):
        for c in range(columns):
            label = labels[r, c]
            if label == 0:
                continue
            size[label] += 1
            turn += 1
            if turn % EVERY != 1:
                continue
            z = np.float64(z_m[r, c])
            x, y = ray_x[c] * z, ray_y[r] * z
            number[label] += 1
            share = 1.0 / number[label]  # means and squares as Welford sums them
            for k, value in ((0, x), (1, y), (2, z)):
                off = value - mean[label, k]
                mean[label, k] += off * share
                square[label, k] += off * (value - mean[label, k])
            ahead = x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2]
            left = x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2]
            inside = True
            for edge in range(len(limits)):
                if normals[edge, 0] * ahead + normals[edge, 1] * left < limits[edge]:
                    inside = False
                    break
            over[label] += inside
            dx, dy, dz = x - gripper_m[0], y - gripper_m[1], z - gripper_m[2]
            near[label] += dx * dx + dy * dy + dz * dz < radius_m * radius_m
    side = np.zeros(count)
    for label in range(count):
        if number[label] > 0:
            spread = max(square[label, 0], square[label, 1], square[label, 2]) / number[label]
            side[label] = np.sqrt(12.0 * spread)
            over[label] /= number[label]
            near[label] /= number[label]
    return size, side, over, near
