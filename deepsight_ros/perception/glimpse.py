"""Glimpse: what a segment tells before its shape is worked out, at a hundredth of the cost.

In: a mask and the view. Out: size, place and depth of its readings, and whether something nearer
or the image border cuts it: enough to track a thing, and to see that it has not changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.view import Bool, Float, WorkingView

Array = NDArray[np.float64]

MOST_POINTS = 400
"""Readings looked at."""

LEAST_POINTS = 4
"""Fewer readings make no object."""

TAIL = 0.02
"""Share of the readings, at either end of an axis, that says nothing about the size."""

NEARER_M = 0.02
"""A reading beside the outline that is nearer than the segment by this belongs to what cuts it."""

RING_PX = 3
"""Margin around a segment's box in which its ring is looked at."""

CUT_SHARE = 0.06
"""Share of the ring around a segment that must be nearer for the segment to count as cut."""


@dataclass(frozen=True, eq=False)
class Glimpse:
    """One segment of a frame.

    Attributes:
        mask: (H, W) bool at perception resolution.
        label: its label in the segmentation, 0 for none.
        window: rows and columns of its bounding box.
        area_px: pixels of the mask.
        middle_px: (2,) mean column and row of the mask.
        points_m: (N, 3) float64, some of its readings, evenly spread, in the optical frame.
        is_cut: by something nearer, or by the image border.
    """

    mask: Bool
    label: int
    window: tuple[slice, slice]
    area_px: int
    middle_px: Array
    points_m: Array
    is_cut: bool

    def extent(self, target_from_camera: RigidTransform) -> tuple[Array, Array]:
        """(3,) middle and (3,) size of the readings along the axes of another frame."""
        low, high = _ends(
            self.points_m,
            np.ascontiguousarray(target_from_camera.rotation),
            target_from_camera.translation_m,
        )
        return 0.5 * (low + high), high - low


@compiled("f8[:,::1], f8[:,::1], f8[::1]")
def _ends(points_m: Array, rotation: Array, translation_m: Array) -> tuple[Array, Array]:
    """Where all but the tails of points begin and end along the axes of another frame."""
    count = len(points_m)
    cut = int(TAIL * count)
    low, high, along = np.empty(3), np.empty(3), np.empty(count)
    for axis in range(3):
        x, y, z = rotation[axis, 0], rotation[axis, 1], rotation[axis, 2]
        for i in range(count):
            along[i] = points_m[i, 0] * x + points_m[i, 1] * y + points_m[i, 2] * z
        ordered = np.sort(along)
        low[axis] = ordered[cut] + translation_m[axis]
        high[axis] = ordered[count - 1 - cut] + translation_m[axis]
    return low, high


def glimpse(mask: Bool, label: int, view: WorkingView) -> Glimpse | None:
    """Glimpse of a mask, or None when it holds hardly a reading."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    if w == 0:
        return None
    window = (slice(y, y + h), slice(x, x + w))
    camera = view.camera
    intrinsics = (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px)
    area, middle, points = _readings(mask, view.filled_m, x, y, w, h, *intrinsics)
    if len(points) < LEAST_POINTS:
        return None
    at_border = y == 0 or x == 0 or y + h == mask.shape[0] or x + w == mask.shape[1]
    is_cut = at_border or _nearer_share(mask, window, view) > CUT_SHARE
    return Glimpse(mask, label, window, area, middle, points, is_cut)


@compiled("b1[:,::1], f4[:,::1], i8, i8, i8, i8, f8, f8, f8, f8")
def _readings(
    mask: Bool,
    z_m: Float,
    left: int,
    top: int,
    width: int,
    height: int,
    fx_px: float,
    fy_px: float,
    cx_px: float,
    cy_px: float,
) -> tuple[int, Array, Array]:
    """Pixels of a mask in a window, their mean column and row, and (N, 3) some of its points."""
    area, columns, rows = 0, 0.0, 0.0
    for r in range(top, top + height):
        for c in range(left, left + width):
            if mask[r, c]:
                area += 1
                columns += c
                rows += r
    every = max(1, area // MOST_POINTS)
    points = np.empty((area // every + 1, 3))
    number, turn = 0, 0
    for r in range(top, top + height):
        for c in range(left, left + width):
            if not mask[r, c]:
                continue
            turn += 1
            z = np.float64(z_m[r, c])
            if (turn - 1) % every == 0 and z > 0:
                points[number, 0] = (c - cx_px) / fx_px * z
                points[number, 1] = (r - cy_px) / fy_px * z
                points[number, 2] = z
                number += 1
    middle = np.array([columns / max(area, 1), rows / max(area, 1)])
    return area, middle, points[:number].copy()


def _nearer_share(mask: Bool, window: tuple[slice, slice], view: WorkingView) -> float:
    """Share of the ring of pixels around a mask whose readings are nearer than the mask beside."""
    h, w = mask.shape
    top, left = max(0, window[0].start - RING_PX), max(0, window[1].start - RING_PX)
    bottom, right = min(h, window[0].stop + RING_PX), min(w, window[1].stop + RING_PX)
    return _nearer(mask, view.filled_m, top, bottom, left, right)


@compiled("b1[:,::1], f4[:,::1], i8, i8, i8, i8")
def _nearer(mask: Bool, z_m: Float, top: int, bottom: int, left: int, right: int) -> float:
    """See ``_nearer_share``: for each pixel within 2 px of the mask, the nearest reading of the
    mask as near, along the rows and then along the columns."""
    height, width = bottom - top, right - left
    nearest = np.full((height, width), np.inf, np.float32)
    is_beside = np.zeros((height, width), np.bool_)
    for r in range(height):
        for c in range(width):
            if mask[top + r, left + c]:
                z = z_m[top + r, left + c]
                for cc in range(max(0, c - 2), min(width, c + 3)):
                    is_beside[r, cc] = True
                    if z > 0:
                        nearest[r, cc] = min(nearest[r, cc], z)
    count, nearer = 0, 0
    for r in range(height):
        for c in range(width):
            z = z_m[top + r, left + c]
            if mask[top + r, left + c] or not z > 0:
                continue
            is_near, beside = False, np.float32(np.inf)
            for rr in range(max(0, r - 2), min(height, r + 3)):
                if is_beside[rr, c]:
                    is_near = True
                    beside = min(beside, nearest[rr, c])
            if is_near:
                count += 1
                nearer += z < beside - np.float32(NEARER_M)
    return nearer / max(count, 1)
