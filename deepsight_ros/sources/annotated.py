"""What data-set readers hand out: RGB-D frames with named things (masks, boxes, solids).

Readers are random access: ``reader[index] -> AnnotatedFrame``. They only read; perception and
truth as a Scene are made of it by ``synthesis.annotated_source``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame

Array = NDArray[np.float64]
BoxPx = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class OrientedBox:
    """A box in the optical frame of the frame's camera.

    Attributes:
        centre_m: (3,).
        axes: (3, 3), its own x, y, z as columns, orthonormal.
        size_m: (3,) whole extents along its own axes.
    """

    centre_m: Array
    axes: Array
    size_m: Array

    def __post_init__(self) -> None:
        for name, shape in (("centre_m", (3,)), ("axes", (3, 3)), ("size_m", (3,))):
            value = np.asarray(getattr(self, name), dtype=np.float64)
            if value.shape != shape or not np.isfinite(value).all():
                raise InvalidValueError(
                    f"oriented box: got {name} {value.shape}, expected finite {shape}"
                )
            object.__setattr__(self, name, value)
        if not np.allclose(self.axes.T @ self.axes, np.eye(3), atol=1e-2):
            raise InvalidValueError(
                f"oriented box: got axes {self.axes.tolist()}, expected unit length and right "
                "angles"
            )
        left, _, right = np.linalg.svd(self.axes)  # published rotations are rounded
        object.__setattr__(self, "axes", left @ right)
        if (self.size_m <= 0).any():
            raise InvalidValueError(f"oriented box: got size {self.size_m}, expected positive")

    def corners_m(self) -> Array:
        """(8, 3) corners in the optical frame."""
        signs = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T / 2.0
        corners: Array = (signs * self.size_m) @ self.axes.T + self.centre_m
        return corners


@dataclass(frozen=True, eq=False)
class Annotation:
    """One named thing.

    Attributes:
        id: unique within the frame.
        label: noun.
        mask: (H, W) bool of its visible pixels, or None.
        box_px: (x0, y0, x1, y1), exclusive end, or None.
        solid: full extent in the optical frame, or None.
        visible: share of it that is visible, 0-1, None where unknown.
    """

    id: str
    label: str
    mask: NDArray[np.bool_] | None = None
    box_px: BoxPx | None = None
    solid: OrientedBox | None = None
    visible: float | None = None


@dataclass(frozen=True, eq=False)
class AnnotatedFrame:
    """A frame of a data set.

    Attributes:
        key: unique in the data set.
        frame: depth in metres and colour.
        things: named things, ids unique.
        room: kind of place ("kitchen"), "" when unknown.
        up_in_camera: (3,) up in the optical frame where the data set knows it.
        provenance: JSON values: files, numbers in the data set.
    """

    key: str
    frame: RgbdFrame
    things: tuple[Annotation, ...]
    room: str = ""
    up_in_camera: Array | None = None
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [t.id for t in self.things]
        if len(set(ids)) != len(ids):
            raise InvalidValueError(f"{self.key}: got ids {ids}, expected unique ids")
        size = self.frame.depth_m.shape
        for thing in self.things:
            if thing.mask is not None and thing.mask.shape != size:
                raise InvalidValueError(
                    f"{self.key}: got a mask {thing.mask.shape} of '{thing.label}', expected "
                    f"{size}"
                )


@runtime_checkable
class AnnotatedSource(Protocol):
    """Random access to annotated frames.

    Attributes:
        name: what manifests call it ("nyu:/data/nyu_depth_v2_labeled.mat").
    """

    name: str

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> AnnotatedFrame:
        """The frame of this index.

        Raises:
            DeepsightError: this one is broken; the message says how.
            IndexError: there is no such index.
        """
        ...


def check_index(name: str, index: int, count: int) -> int:
    """``index``; IndexError unless it is one of ``count``."""
    if not 0 <= index < count:
        raise IndexError(f"{name}: got index {index}, expected 0 to {count - 1}")
    return index


def mask_box(mask: NDArray[np.bool_]) -> BoxPx:
    """(x0, y0, x1, y1) around the True pixels, exclusive end; the mask must hold some."""
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    return float(x), float(y), float(x + w), float(y + h)


def polygon_mask(polygons: list[Array], height_px: int, width_px: int) -> NDArray[np.bool_]:
    """(H, W) bool, True inside any of the polygons of (N, 2) column, row."""
    out = np.zeros((height_px, width_px), np.uint8)
    for polygon in polygons:
        if len(polygon) >= 3:
            cv2.fillPoly(out, [np.rint(polygon).astype(np.int32)], 1)
    return np.asarray(out > 0)
