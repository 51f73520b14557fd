"""What callers may add to a frame: regions they point at, detector boxes, the gripper's pose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.objects import UpSource


class RegionKind(Enum):
    """How a region is given; values as in Region.msg."""

    BOX = 0
    POINT = 1
    MASK = 2


@dataclass(frozen=True, eq=False)
class RegionRequest:
    """A part of the depth image that a caller points at.

    Attributes:
        kind: which of the three fields below holds it.
        box_px: (u_min, v_min, u_max, v_max), full-resolution depth pixels, max exclusive.
        point_px: (u, v), full-resolution depth pixels: the object under that pixel.
        mask: (H, W) bool at full resolution, True inside.
        id: name to refer to it by; "" becomes ``region<N>``, N its place in the request.
        label, score: what it shows, if the caller knows.
    """

    kind: RegionKind
    box_px: tuple[float, float, float, float] | None = None
    point_px: tuple[float, float] | None = None
    mask: NDArray[np.bool_] | None = None
    id: str = ""
    label: str = ""
    score: float = 1.0

    def __post_init__(self) -> None:
        given = {
            RegionKind.BOX: self.box_px,
            RegionKind.POINT: self.point_px,
            RegionKind.MASK: self.mask,
        }[self.kind]
        if given is None:
            raise InvalidValueError(
                f"region '{self.id}': kind {self.kind.name} needs its own field to be set"
            )
        if self.box_px is not None:
            check_box(self.box_px, f"region '{self.id}'")
        if self.point_px is not None and not np.isfinite(self.point_px).all():
            raise InvalidValueError(
                f"region '{self.id}': got point {self.point_px}, expected two finite pixels"
            )
        if self.mask is not None and (self.mask.ndim != 2 or self.mask.dtype != np.bool_):
            raise InvalidValueError(
                f"region '{self.id}': got mask {self.mask.dtype} {self.mask.shape}, expected "
                "bool (H, W) of the depth image's size"
            )


@dataclass(frozen=True)
class Detection:
    """One box of an object detector.

    Attributes:
        label: what it shows ("mug").
        score: 0-1.
        box_px: (u_min, v_min, u_max, v_max), full-resolution depth pixels, max exclusive.
    """

    label: str
    score: float
    box_px: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        check_box(self.box_px, f"detection '{self.label}'")
        if not 0.0 <= self.score <= 1.0:
            raise InvalidValueError(
                f"detection '{self.label}': got score {self.score}, expected 0 to 1"
            )


@dataclass(frozen=True, eq=False)
class GivenUp:
    """Up from outside.

    Attributes:
        vector: (3,) up in the camera's optical frame; normalised when made.
        source: TF or IMU.
    """

    vector: NDArray[np.float64]
    source: UpSource

    def __post_init__(self) -> None:
        vector = np.asarray(self.vector, dtype=np.float64)
        norm = float(np.linalg.norm(vector)) if vector.shape == (3,) else float("nan")
        if not np.isfinite(norm) or norm < 1e-6:
            raise InvalidValueError(
                f"up: got {self.vector}, expected three finite numbers, not all 0"
            )
        if self.source not in (UpSource.TF, UpSource.IMU):
            raise InvalidValueError(f"up: got source {self.source}, expected TF or IMU")
        object.__setattr__(self, "vector", vector / norm)


@dataclass(frozen=True, eq=False)
class GripperInput:
    """The robot's own gripper, from TF.

    Attributes:
        camera_from_gripper: pose; the gripper frame's origin is the front face's centre, +x its
            heading.
        size_m: (3,) extents along the gripper frame's axes, or None for the configured radius.
    """

    camera_from_gripper: RigidTransform
    size_m: tuple[float, float, float] | None = None


def check_box(box_px: tuple[float, float, float, float], what: str) -> None:
    """InvalidValueError unless the box is four finite pixels with a positive area."""
    if len(box_px) != 4 or not np.isfinite(box_px).all():
        raise InvalidValueError(f"{what}: got box {box_px}, expected four finite pixels")
    if box_px[2] <= box_px[0] or box_px[3] <= box_px[1]:
        raise InvalidValueError(
            f"{what}: got box {box_px}, expected u_min < u_max and v_min < v_max"
        )
