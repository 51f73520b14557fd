"""What the learned segmenter sees: a WorkingView and the support in, channels of metres out.

The network works at half of perception's resolution. Its channels are metric and levelled: height
over the support, normals along up and the viewing direction, relief against the surroundings,
depth steps in units of noise, size of a pixel. Nothing depends on where in the picture a pixel is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.view import Bool, Float, WorkingView

Array = NDArray[np.float64]

CHANNELS = (
    "measured",
    "share",
    "log_depth",
    "height_fine",
    "height",
    "support_known",
    "normal_up",
    "normal_ahead",
    "normal_left",
    "relief_fine",
    "relief",
    "step",
    "log_pixel",
)
"""Depth is there; share of readings around; log of metres; height over the support in 3 cm and in
20 cm; whether it is over a support (else over the lowest points); unit normal in the levelled
frame; depth behind the mean of 7 and of 25 pixels around; range of depth among neighbours over
what noise allows; log of a pixel's width in cm."""

WORKING_WIDTH_PX = 160
FINE_M, COARSE_M = 0.03, 0.20
RELIEF_PX = ((7, 0.01), (25, 0.05))
_LOG_LEAST, _LOG_PIXEL = float(np.log(0.1)), float(np.log(0.01))
_LAG = 2
_NO_UP = np.array([0.0, -1.0, 0.0])


@dataclass(frozen=True, eq=False)
class SegmentInput:
    """Channels and what grouping needs beside them, all on the network's grid.

    Attributes:
        channels: (C, h, w) float32, see ``CHANNELS``; finite, 0 where depth is missing.
        step: working pixels per pixel of the grid.
        depth_m: (h, w) float32, 0 where there is none.
        gap_m: (h, w) float32 difference in depth to a neighbour that noise and slant explain.
    """

    channels: Float
    step: int
    depth_m: Float
    gap_m: Float


def segment_input(
    view: WorkingView, finding: SupportFinding, *, colour: bool = False
) -> SegmentInput:
    """Channels of a view; ``colour`` adds three of contrast against the surroundings.

    Args:
        view: at perception resolution.
        finding: up and the support, either may be missing.
    """
    support = finding.support
    plane = None if support is None else (support.normal, support.offset_m)
    return encode(view, finding.up, plane, colour=colour)


def encode(
    view: WorkingView,
    up: Array | None,
    plane: tuple[Array, float] | None,
    *,
    colour: bool = False,
) -> SegmentInput:
    """As ``segment_input``, from up (3,) and the support (normal, offset) in the camera frame."""
    step = max(1, round(view.filled_m.shape[1] / WORKING_WIDTH_PX))
    z = np.ascontiguousarray(view.filled_m[::step, ::step])
    there = z > 0
    x, y = (np.ascontiguousarray(axis[::step]) for axis in view.rays)
    known = plane is not None
    vertical = _NO_UP if up is None else np.ascontiguousarray(up, np.float64)
    normal, offset = (vertical, 0.0) if plane is None else plane
    if not known and there.any():
        n = normal.astype(np.float32)
        height = z * ((x * n[0])[None, :] + (y * n[1] + n[2])[:, None])
        offset = -float(np.percentile(height[there], 3.0))
    inverse = np.divide(np.float32(1.0), z, out=np.zeros_like(z), where=there)
    around = [_mean(z, there, side) for side, _ in RELIEF_PX]
    out = np.zeros((len(CHANNELS) + 3 * colour, *z.shape), np.float32)
    gap = _fill(
        out,
        view.filled_m,
        view.sigma_m,
        view.valid,
        step,
        x,
        y,
        _mean(inverse, there, 3),
        around[0],
        around[1],
        np.ascontiguousarray(normal, np.float64),
        float(offset),
        known,
        _axes(vertical),
        step / view.camera.fx_px,
    )
    if colour:
        out[len(CHANNELS) :] = _contrast(view, step)
    return SegmentInput(out, step, z, gap)


def _axes(up: Array) -> Array:
    """(3, 3) rows up, ahead and left of the levelled frame."""
    ahead = np.array([0.0, 0.0, 1.0]) - up * up[2]
    size = float(np.linalg.norm(ahead))
    ahead = np.array([0.0, 1.0, 0.0]) if size < 1e-3 else ahead / size
    return np.stack([up, ahead, np.cross(up, ahead)])


@compiled("b1[:,::1], i8, i8")
def _share_around(valid: Bool, row: int, column: int) -> float:
    """Share of readings among the 3x3 pixels around one; mirrored at the picture's edge."""
    rows, columns = valid.shape
    number = 0
    for dr in range(-1, 2):
        for dc in range(-1, 2):
            r, c = abs(row + dr), abs(column + dc)
            r = 2 * rows - 2 - r if r >= rows else r
            c = 2 * columns - 2 - c if c >= columns else c
            number += valid[max(r, 0), max(c, 0)]
    return number / 9.0


@compiled("f4[:,::1], i8, i8")
def _spread_around(z_m: Float, row: int, column: int) -> np.float32:
    """Range of the 3x3 depths around a pixel; a missing one counts as neither."""
    rows, columns = z_m.shape
    far, near = np.float32(0.0), np.float32(1e3)
    for r in range(max(0, row - 1), min(rows, row + 2)):
        for c in range(max(0, column - 1), min(columns, column + 2)):
            z = z_m[r, c]
            far = max(far, z)
            if z > 0:
                near = min(near, z)
    return max(far - near, np.float32(0.0))


@compiled(
    "f4[:,:,::1], f4[:,::1], f4[:,::1], b1[:,::1], i8, f4[::1], f4[::1], f4[:,::1], f4[:,::1], "
    "f4[:,::1], f8[::1], f8, b1, f8[:,::1], f8"
)
def _fill(
    out: Float,
    filled_m: Float,
    sigma_m: Float,
    valid: Bool,
    step: int,
    x: Float,
    y: Float,
    inverse: Float,
    near_m: Float,
    wide_m: Float,
    normal: Array,
    offset_m: float,
    known: bool,
    axes: Array,
    pixel: float,
) -> Float:
    """Write ``CHANNELS`` into ``out``; returns ``SegmentInput.gap_m``.

    Args:
        inverse: (h, w) mean of 1/z of 3x3 pixels; ``near_m`` and ``wide_m``: of z of 7 and 25.
        pixel: width of a pixel of the grid at 1 m.
    """
    rows, columns = inverse.shape
    gap = np.empty((rows, columns), np.float32)
    log_pixel = np.log(pixel * 100.0)
    for r in range(rows):
        for c in range(columns):
            z, sigma = filled_m[r * step, c * step], sigma_m[r * step, c * step]
            gap[r, c] = 0.008 + 4.0 * sigma + 3.0 * z * pixel
            out[1, r, c] = _share_around(valid, r * step, c * step)
            out[5, r, c] = known
            if z == 0:
                continue
            out[0, r, c] = 1.0
            log_z = np.log(z)
            out[2, r, c] = max(log_z, _LOG_LEAST)
            height = z * (x[c] * normal[0] + y[r] * normal[1] + normal[2]) + offset_m
            out[3, r, c] = min(max(height / FINE_M, -1.5), 1.5)
            out[4, r, c] = min(max(height / COARSE_M, -2.0), 4.0)
            near = (z - near_m[r, c]) / (RELIEF_PX[0][1] + 2.0 * sigma)
            wide = (z - wide_m[r, c]) / (RELIEF_PX[1][1] + 2.0 * sigma)
            out[9, r, c] = min(max(near, -2.0), 2.0)
            out[10, r, c] = min(max(wide, -2.0), 2.0)
            spread = _spread_around(filled_m, r * step, c * step)
            relative = spread / (np.float32(0.01) + np.float32(2.0) * sigma)
            out[11, r, c] = min(np.log(np.float32(1.0) + relative), np.float32(3.0))
            out[12, r, c] = max(log_z + log_pixel, _LOG_PIXEL)
            if not (_LAG <= r < rows - _LAG and _LAG <= c < columns - _LAG):
                continue
            up, down = filled_m[(r - _LAG) * step, c * step], filled_m[(r + _LAG) * step, c * step]
            left = filled_m[r * step, (c - _LAG) * step]
            right = filled_m[r * step, (c + _LAG) * step]
            if up == 0 or down == 0 or left == 0 or right == 0:
                continue
            # inverse depth is linear over a plane's pixels: 1/z = m @ (x, y, 1), m is normal
            a = (inverse[r, c + _LAG] - inverse[r, c - _LAG]) / (x[c + _LAG] - x[c - _LAG])
            b = (inverse[r + _LAG, c] - inverse[r - _LAG, c]) / (y[r + _LAG] - y[r - _LAG])
            m = inverse[r, c] - a * x[c] - b * y[r]
            scale = -1.0 / max(np.sqrt(a * a + b * b + m * m), 1e-6)
            for k in range(3):
                out[6 + k, r, c] = (a * axes[k, 0] + b * axes[k, 1] + m * axes[k, 2]) * scale
    return gap


def _mean(values: Float, there: Bool, side: int) -> Float:
    """Mean of the pixels around that are there (0 elsewhere: ``values`` must be 0 there too)."""
    kind = cv2.BORDER_CONSTANT
    total = cv2.blur(values, (side, side), borderType=kind)
    share = cv2.blur(there.astype(np.float32), (side, side), borderType=kind)
    return np.asarray(total / np.maximum(share, np.float32(1e-4)), np.float32)


def _contrast(view: WorkingView, step: int) -> Float:
    """(3, h, w) Lab against its mean of 25 pixels around; 0 without colour."""
    h, w = view.filled_m[::step, ::step].shape
    if view.colour is None:
        return np.zeros((3, h, w), np.float32)
    small = cv2.resize(view.colour, (w, h), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    away = (lab - cv2.blur(lab, (25, 25))) / np.float32(40.0)
    return np.ascontiguousarray(np.clip(away, -2.0, 2.0).transpose(2, 0, 1))
