"""From a mask to the shape that measuring works on, with its box, covariance and faces seen.

In: mask, view, W. Out: ``ObservedShape`` and what a SceneObject says about it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.view import Bool, WorkingView
from deepsight_ros.scene.objects import Box3

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PointShape:
    """Observed points (N, 3) in W and the upright box around them."""

    points_m: NDArray[np.float32]
    sigma_m: NDArray[np.float32]
    box: Box3


def shape_of(
    mask: Bool, view: WorkingView, working_from_camera: RigidTransform
) -> PointShape | None:
    """Shape of the masked points, or None when fewer than three are valid."""
    keep = mask & view.valid
    if np.count_nonzero(keep) < 3:
        return None
    v, u = np.nonzero(keep)
    z = view.smooth_m[keep]
    x, y = view.rays
    points = np.stack([x[u] * z, y[v] * z, z], axis=1)
    points = working_from_camera.apply(points).astype(np.float32)
    (cx, cy), (sx, sy), angle = cv2.minAreaRect(np.ascontiguousarray(points[:, :2]))
    low, high = np.percentile(points[:, 2], [0.5, 99.5])
    box = Box3(
        np.array([cx, cy, 0.5 * (low + high)], np.float64),
        np.array([sx, sy, high - low], np.float64),
        float(np.deg2rad(angle)),
    )
    return PointShape(points, view.sigma_m[keep], box)


def no_shape() -> PointShape:
    """Shape of a region without valid depth."""
    box = Box3(np.full(3, np.nan), np.full(3, np.nan), 0.0)
    return PointShape(np.zeros((0, 3), np.float32), np.zeros(0, np.float32), box)
