"""WorkingView: the frame at perception resolution, with smoothed depth, points and normals.

In: RgbdFrame and a step. Out: arrays (H, W) at ``frame.depth_m[::step, ::step]``. Inverse depth
is linear over a plane's pixels, so normals come from its gradients without any plane fitting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.backproject import ray_slopes
from deepsight_ros.geometry.camera import Camera, RgbdFrame

Float = NDArray[np.float32]
Bool = NDArray[np.bool_]


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

    @property
    def rays(self) -> tuple[Float, Float]:
        """x/z of each column (W,) and y/z of each row (H,)."""
        x, y = ray_slopes(self.camera)
        return x[0], y[:, 0]

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
        """The view's window, with intrinsics that keep every ray (slices with start and stop)."""
        box = (rows, columns)
        camera = replace(
            self.camera,
            width_px=columns.stop - columns.start,
            height_px=rows.stop - rows.start,
            cx_px=self.camera.cx_px - columns.start,
            cy_px=self.camera.cy_px - rows.start,
        )
        return WorkingView(
            camera=camera,
            step=self.step,
            valid=self.valid[box],
            depth_m=self.depth_m[box],
            smooth_m=self.smooth_m[box],
            filled_m=self.filled_m[box],
            sigma_m=self.sigma_m[box],
            colour=None if self.colour is None else self.colour[box],
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
    depth = np.ascontiguousarray(frame.depth_m[::step, ::step])
    limit = min(max_range_m, frame.sensor.max_range_m)
    with np.errstate(invalid="ignore"):
        valid = (depth >= frame.sensor.min_range_m) & (depth <= limit)
    depth = np.where(valid, depth, np.float32(0.0))
    if min(depth.shape) >= 3:
        smooth = cv2.medianBlur(depth, 5 if min(depth.shape) >= 5 else 3)
        # A median across an edge or hole can land on the other surface: keep the reading there.
        near = np.abs(smooth - depth) < 6.0 * frame.sensor.sigma_m(depth) + 0.004
        smooth = np.where(valid & near, smooth, depth)
    else:
        smooth = depth
    filled = _fill_pinholes(smooth, valid)
    colour = frame.colour
    if colour is not None and step > 1:
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
        sigma_m=frame.sensor.sigma_m(filled).astype(np.float32),
        colour=colour,
    )


def _fill_pinholes(smooth_m: Float, valid: Bool) -> Float:
    """Invalid pixels with mostly valid 5x5 neighbours of about one depth get their mean."""
    hole = np.flatnonzero(~valid)
    if not len(hole) or min(valid.shape) < 5:
        return smooth_m
    weight = cv2.blur(valid.astype(np.float32), (5, 5), borderType=cv2.BORDER_CONSTANT)
    total = cv2.blur(smooth_m, (5, 5), borderType=cv2.BORDER_CONSTANT)
    kernel = np.ones((5, 5), np.uint8)
    highest = cv2.dilate(smooth_m, kernel)
    far = smooth_m.copy()
    far[~valid] = 1e3
    lowest = cv2.erode(far, kernel)
    hole = hole[weight.ravel()[hole] > 0.55]  # few: what follows is asked of these alone
    mean = total.ravel()[hole] / np.maximum(weight.ravel()[hole], np.float32(1e-6))
    one_surface = highest.ravel()[hole] - lowest.ravel()[hole] < 0.03 * mean + 0.01
    filled = smooth_m.copy()
    filled.ravel()[hole[one_surface]] = mean[one_surface]
    return filled
