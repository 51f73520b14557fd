"""Rigid transforms between named frames: 4x4 matrices with a little arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """Maps points of a source frame to a target frame: ``p_target = rotation @ p_source + t``.

    Variables are named ``target_from_source``.

    Attributes:
        rotation: (3, 3) float64, orthonormal, det +1.
        translation_m: (3,) float64.
    """

    rotation: Array
    translation_m: Array

    def __post_init__(self) -> None:
        rotation = np.asarray(self.rotation, dtype=np.float64)
        translation = np.asarray(self.translation_m, dtype=np.float64)
        if rotation.shape != (3, 3) or translation.shape != (3,):
            raise InvalidValueError(
                f"rigid transform: got rotation {rotation.shape} and translation "
                f"{translation.shape}, expected (3, 3) and (3,)"
            )
        # Plain numbers: a frame makes dozens of these, and numpy takes thrice as long for nine.
        if not all(map(math.isfinite, (*rotation.ravel().tolist(), *translation.tolist()))):
            raise InvalidValueError(
                "rigid transform: got NaN or infinity, expected finite numbers"
            )
        if not _is_rotation(*rotation.tolist()):
            raise InvalidValueError(
                "rigid transform: rotation is not orthonormal with determinant +1; normalise the "
                "quaternion or matrix it was made from"
            )
        object.__setattr__(self, "rotation", rotation)
        object.__setattr__(self, "translation_m", translation)

    @classmethod
    def identity(cls) -> RigidTransform:
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_matrix(cls, matrix: Array) -> RigidTransform:
        """From a (4, 4) homogeneous matrix."""
        matrix = np.asarray(matrix, dtype=np.float64)
        if matrix.shape != (4, 4):
            raise InvalidValueError(f"rigid transform: got {matrix.shape}, expected (4, 4)")
        return cls(matrix[:3, :3], matrix[:3, 3])

    @classmethod
    def from_quaternion(cls, xyzw: Array, translation_m: Array) -> RigidTransform:
        """From a ROS quaternion (x, y, z, w), normalised here, and a translation in metres."""
        q = np.asarray(xyzw, dtype=np.float64)
        norm = float(np.linalg.norm(q))
        if q.shape != (4,) or not np.isfinite(norm) or norm < 1e-9:
            raise InvalidValueError(
                f"quaternion: got {q}, expected four finite numbers, not all 0"
            )
        x, y, z, w = q / norm
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return cls(rotation, np.asarray(translation_m, dtype=np.float64))

    @property
    def matrix(self) -> Array:
        """(4, 4) homogeneous matrix."""
        out = np.eye(4)
        out[:3, :3] = self.rotation
        out[:3, 3] = self.translation_m
        return out

    def quaternion_xyzw(self) -> Array:
        """(4,) unit quaternion in ROS order, w >= 0 (Shepperd 1978: by the largest component)."""
        (a, b, c), (d, e, f), (g, h, i) = self.rotation.tolist()
        squares = (1.0 + a - e - i, 1.0 - a + e - i, 1.0 - a - e + i, 1.0 + a + e + i)
        largest = max(range(4), key=squares.__getitem__)
        rows = (
            (squares[0], d + b, g + c, h - f),
            (d + b, squares[1], h + f, c - g),
            (g + c, h + f, squares[2], d - b),
            (h - f, c - g, d - b, squares[3]),
        )
        q: Array = np.array(rows[largest])
        q /= np.sqrt(q @ q)
        return -q if q[3] < 0 else q

    @classmethod
    def _of_checked(cls, rotation: Array, translation_m: Array) -> RigidTransform:
        """Made from checked ones, so that it need not be checked: a frame makes dozens."""
        made = object.__new__(cls)
        object.__setattr__(made, "rotation", rotation)
        object.__setattr__(made, "translation_m", translation_m)
        return made

    def inverse(self) -> RigidTransform:
        return self._of_checked(self.rotation.T, -(self.rotation.T @ self.translation_m))

    def __matmul__(self, other: RigidTransform) -> RigidTransform:
        """``a_from_c = a_from_b @ b_from_c``."""
        return self._of_checked(
            self.rotation @ other.rotation,
            self.rotation @ other.translation_m + self.translation_m,
        )

    def apply(self, points_m: Array) -> Array:
        """Transform (..., 3) points; float32 in, float32 out."""
        points = np.asarray(points_m)
        dtype = _float_type(points)
        if dtype == np.float64:
            moved: Array = points @ self.rotation.T
            moved += self.translation_m
            return moved
        moved = points @ self.rotation.astype(dtype).T
        moved += self.translation_m.astype(dtype)
        return moved

    def rotate(self, vectors: Array) -> Array:
        """Rotate (..., 3) directions, no translation."""
        vectors = np.asarray(vectors)
        turned: Array = vectors @ self.rotation.astype(_float_type(vectors)).T
        return turned


def _is_rotation(a: list[float], b: list[float], c: list[float]) -> bool:
    """Rows are orthonormal within 1e-4 and right-handed."""
    products = (
        a[0] * a[0] + a[1] * a[1] + a[2] * a[2] - 1.0,
        b[0] * b[0] + b[1] * b[1] + b[2] * b[2] - 1.0,
        c[0] * c[0] + c[1] * c[1] + c[2] * c[2] - 1.0,
        a[0] * b[0] + a[1] * b[1] + a[2] * b[2],
        a[0] * c[0] + a[1] * c[1] + a[2] * c[2],
        b[0] * c[0] + b[1] * c[1] + b[2] * c[2],
    )
    determinant = (
        a[0] * (b[1] * c[2] - b[2] * c[1])
        + a[1] * (b[2] * c[0] - b[0] * c[2])
        + a[2] * (b[0] * c[1] - b[1] * c[0])
    )
    return max(products) <= 1e-4 and min(products) >= -1e-4 and determinant > 0


def _float_type(values: NDArray[Any]) -> np.dtype[Any]:
    return np.dtype(np.float32 if values.dtype == np.float32 else np.float64)
