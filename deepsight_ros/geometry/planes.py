"""Points in, planes out: weighted least squares, robust refinement, distances, angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError

Array = NDArray[np.float64]
AnyFloat = NDArray[np.floating]

TUKEY = 4.685
"""Tukey's biweight cuts at this many sigmas for 95 % efficiency on Gaussian noise."""
SIGMA_PER_MAD = 1.4826


@dataclass(frozen=True, eq=False)
class Plane:
    """The points p with ``normal @ p + offset_m = 0``.

    Attributes:
        normal: (3,) unit vector.
        offset_m: signed distance of the origin: positive on the side the normal points to.
    """

    normal: Array
    offset_m: float

    def __post_init__(self) -> None:
        normal = np.asarray(self.normal, dtype=np.float64)
        length = float(np.linalg.norm(normal)) if normal.shape == (3,) else float("nan")
        if not np.isfinite(length) or length < 1e-9 or not np.isfinite(self.offset_m):
            raise InvalidValueError(
                f"plane: got normal {self.normal} and offset {self.offset_m}, expected a finite "
                "(3,) direction and a finite offset"
            )
        object.__setattr__(self, "normal", normal / length)
        object.__setattr__(self, "offset_m", float(self.offset_m) / length)

    def distances_m(self, points_m: AnyFloat) -> AnyFloat:
        """Signed distances (...) of (..., 3) points, positive on the normal's side."""
        kind = np.float32 if points_m.dtype == np.float32 else np.float64
        along: AnyFloat = points_m @ self.normal.astype(kind)
        along += kind(self.offset_m)
        return along

    def facing(self, point_m: Array) -> Plane:
        """The same plane with the normal on the side of ``point_m``."""
        toward = float(self.normal @ np.asarray(point_m, np.float64)) + self.offset_m >= 0.0
        return self if toward else Plane(-self.normal, -self.offset_m)

    def angle_rad(self, direction: Array) -> float:
        """Angle in [0, pi] between the normal and a direction."""
        return angle_between_rad(self.normal, direction)


def angle_between_rad(a: Array, b: Array) -> float:
    """Angle in [0, pi] between two directions, exact near 0 and pi (Kahan's formula)."""
    a = np.asarray(a, np.float64) / np.linalg.norm(a)
    b = np.asarray(b, np.float64) / np.linalg.norm(b)
    return float(2.0 * np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))


def fit_plane(points_m: AnyFloat, weights: AnyFloat | None = None) -> Plane:
    """Least-squares plane, normal towards the origin's side (the camera, in its own frame).

    Args:
        points_m: (N, 3) finite points.
        weights: (N,) non-negative; None weighs all alike.

    Raises:
        InvalidValueError: fewer than three points of weight, or all on one line.
    """
    points = np.asarray(points_m, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 3:
        raise InvalidValueError(f"plane fit: got points {points.shape}, expected (N, 3)")
    weight = np.ones(len(points)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = float(weight.sum())
    count = np.count_nonzero(weight > 0.0)
    if count < 3 or not np.isfinite(total):
        raise InvalidValueError(
            f"plane fit: got {count} points of total weight {total}, expected at least 3"
        )
    mean = weight @ points / total
    centred = points - mean
    covariance = (centred * weight[:, None]).T @ centred / total
    if not np.isfinite(covariance).all():
        raise InvalidValueError("plane fit: got NaN or infinite points, expected finite ones")
    values, vectors = np.linalg.eigh(covariance)
    if values[1] < 1e-9 * max(values[2], 1e-30):
        raise InvalidValueError(
            "plane fit: got points on one line or in one place, expected them spread over a plane"
        )
    return Plane(vectors[:, 0], float(-vectors[:, 0] @ mean)).facing(np.zeros(3))
