"""WorkingView: the frame at perception resolution, with smoothed depth, points and normals.

In: RgbdFrame and a step. Out: arrays (H, W) at ``frame.depth_m[::step, ::step]``. Inverse depth
is linear over a plane's pixels, so normals come from its gradients without any plane fitting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.backproject import ray_slopes
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.compiled import compiled

Float = NDArray[np.float32]
Bool = NDArray[np.bool_]

MOST_OF_25 = 14
"""Valid pixels among the 25 around a missing one from which it is a pinhole."""


@dataclass(frozen=True, eq=False)
class WorkingView:
    """One frame at perception resolution. Invalid pixels hold 0 in every float array.

    Attributes:
        camera: intrinsics of the subsampled image.
        step: full-resolution pixels per working pixel.
        valid: (H, W) bool.
        depth_m: (H, W) float32 as read.
        smooth_m: (H, W) float32, median-filtered where neighbours are valid.
        filled_m: (H, W) float32, ``smooth_m`` with pinholes inside one surface filled.
        sigma_m: (H, W) float32 depth noise of the family at each pixel.
        colour: (H, W, 3) uint8 RGB, area-averaged, or None.
    """

    camera: Camera
    step: int
    valid: Bool
    depth_m: Float
    smooth_m: Float
    filled_m: Float
    sigma_m: Float
    colour: NDArray[np.uint8] | None

    @cached_property
    def rays(self) -> tuple[Float, Float]:
        """x/z of each column (W,) and y/z of each row (H,)."""
        x, y = ray_slopes(self.camera)
        return x[0].copy(), y[:, 0].copy()

    def points_m(self, depth_m: Float | None = None) -> Float:
        """(H, W, 3) float32 camera-frame points of ``depth_m`` (default: as read)."""
        z = self.depth_m if depth_m is None else depth_m
        x, y = self.rays
        out = np.empty((*z.shape, 3), np.float32)
        np.multiply(z, x[None, :], out=out[..., 0])
        np.multiply(z, y[:, None], out=out[..., 1])
        out[..., 2] = z
        return out

    def crop(self, rows: slice, columns: slice) -> WorkingView:
        """A copy of the view's window, with intrinsics that keep every ray (slices with start and
        stop)."""
        box = (rows, columns)
        camera = replace(
            self.camera,
            width_px=columns.stop - columns.start,
            height_px=rows.stop - rows.start,
            cx_px=self.camera.cx_px - columns.start,
            cy_px=self.camera.cy_px - rows.start,
        )
        whole = np.ascontiguousarray
        return WorkingView(
            camera=camera,
            step=self.step,
            valid=whole(self.valid[box]),
            depth_m=whole(self.depth_m[box]),
            smooth_m=whole(self.smooth_m[box]),
            filled_m=whole(self.filled_m[box]),
            sigma_m=whole(self.sigma_m[box]),
            colour=None if self.colour is None else whole(self.colour[box]),
        )

    def along(self, normal: NDArray[np.float64]) -> Float:
        """(H, W) float32: ``normal @ (ray with z = 1)`` of every pixel."""
        x, y = self.rays
        n = normal.astype(np.float32)
        return (x * n[0])[None, :] + (y * n[1] + n[2])[:, None]


def step_for(width_px: int, working_width_px: int) -> int:
    """Whole subsampling step that brings the width closest to the working width."""
    return max(1, round(width_px / working_width_px))


def make_view(frame: RgbdFrame, step: int, max_range_m: float) -> WorkingView:
    """Subsample and smooth a frame; readings outside the sensor's or the volume's range drop."""
    sensor = frame.sensor
    limit = min(max_range_m, sensor.max_range_m)
    # kernels take arrays that are contiguous and not read-only: mostly these are
    whole = np.require(frame.depth_m, np.float32, ["C", "W"])
    depth, valid = _subsampled(whole, step, sensor.min_range_m, limit)
    median = depth
    if min(depth.shape) >= 3:
        median = cv2.medianBlur(depth, 5 if min(depth.shape) >= 5 else 3)
    coefficients = (sensor.base_m, sensor.linear, sensor.quadratic_per_m)
    smooth, filled, sigma = _smoothed(depth, valid, np.asarray(median, np.float32), *coefficients)
    colour = frame.colour
    if colour is not None and step == 1:
        colour = np.require(colour, np.uint8, ["C", "W"])
    elif colour is not None:
        h, w = depth.shape
        padded = colour
        if colour.shape[0] != h * step or colour.shape[1] != w * step:
            padded = cv2.copyMakeBorder(
                colour,
                0,
                h * step - colour.shape[0],
                0,
                w * step - colour.shape[1],
                cv2.BORDER_REPLICATE,
            )
        colour = np.asarray(cv2.resize(padded, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    return WorkingView(
        camera=frame.camera.subsampled(step),
        step=step,
        valid=valid,
        depth_m=depth,
        smooth_m=smooth,
        filled_m=filled,
        sigma_m=sigma,
        colour=colour,
    )


@compiled("f4[:,::1], i8, f8, f8")
def _subsampled(depth_m: Float, step: int, least_m: float, most_m: float) -> tuple[Float, Bool]:
    """Every ``step``-th reading, 0 where it is missing or out of range; and which are there."""
    rows, columns = -(-depth_m.shape[0] // step), -(-depth_m.shape[1] // step)
    out = np.zeros((rows, columns), np.float32)
    valid = np.zeros((rows, columns), np.bool_)
    low, high = np.float32(least_m), np.float32(most_m)
    for r in range(rows):
        for c in range(columns):
            z = depth_m[r * step, c * step]
            if low <= z <= high:  # NaN compares False
                out[r, c] = z
                valid[r, c] = True
    return out, valid


@compiled("f4[:,::1], b1[:,::1], f4[:,::1], f8, f8, f8")
def _smoothed(
    depth_m: Float,
    valid: Bool,
    median_m: Float,
    base_m: float,
    linear: float,
    quadratic_per_m: float,
) -> tuple[Float, Float, Float]:
    """Smooth depth, the same with pinholes filled, and the noise there.

    A median across an edge or hole can land on the other surface: the reading is kept there.
    Missing pixels with mostly valid 5x5 neighbours of about one depth get their mean.
    """
    base, slope, square = np.float32(base_m), np.float32(linear), np.float32(quadratic_per_m)
    rows, columns = depth_m.shape
    smooth = np.empty_like(depth_m)
    for r in range(rows):
        for c in range(columns):
            z, m = depth_m[r, c], median_m[r, c]
            allowed = np.float32(6.0) * (base + slope * z + square * z * z) + np.float32(0.004)
            smooth[r, c] = m if valid[r, c] and abs(m - z) < allowed else z
    filled = smooth.copy()
    if rows >= 5 and columns >= 5:
        for r in range(rows):
            for c in range(columns):
                if not valid[r, c]:
                    filled[r, c] = _pinhole(smooth, valid, r, c)
    sigma = base + slope * filled + square * filled * filled
    return smooth, filled, sigma


@compiled("f4[:,::1], b1[:,::1], i8, i8")
def _pinhole(smooth_m: Float, valid: Bool, row: int, column: int) -> float:
    """Depth of a missing pixel from the 5x5 around it, or 0."""
    rows, columns = smooth_m.shape
    number, total = 0, 0.0
    lowest, highest = 1e3, 0.0
    for r in range(max(0, row - 2), min(rows, row + 3)):
        for c in range(max(0, column - 2), min(columns, column + 3)):
            if valid[r, c]:
                z = smooth_m[r, c]
                number += 1
                total += z
                lowest = min(lowest, z)
                highest = max(highest, z)
    if number < MOST_OF_25:
        return np.float32(0.0)
    mean = total / number
    return np.float32(mean if highest - lowest < 0.03 * mean + 0.01 else 0.0)
