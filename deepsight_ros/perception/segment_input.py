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

from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.view import Float, WorkingView

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
    x, y = (axis[::step] for axis in view.rays)
    out = np.zeros((len(CHANNELS) + 3 * colour, *z.shape), np.float32)
    sigma = np.ascontiguousarray(view.sigma_m[::step, ::step])
    out[0] = there
    out[1] = cv2.blur(view.valid.astype(np.float32), (3, 3))[::step, ::step]
    out[2] = np.log(np.maximum(z, np.float32(0.1)))
    known = plane is not None
    vertical = _NO_UP if up is None else up
    normal, offset = (vertical, 0.0) if plane is None else plane
    n = normal.astype(np.float32)
    height = z * ((x * n[0])[None, :] + (y * n[1] + n[2])[:, None]) + np.float32(offset)
    if not known and there.any():
        height -= np.float32(np.percentile(height[there], 3.0))
    np.clip(height / np.float32(FINE_M), -1.5, 1.5, out=out[3])
    np.clip(height / np.float32(COARSE_M), -2.0, 4.0, out=out[4])
    out[5] = known
    out[6:9] = _levelled_normals(z, there, x, y, vertical)
    for k, (side, scale_m) in enumerate(RELIEF_PX):
        behind = z - _mean(z, there, side)
        np.clip(behind / (np.float32(scale_m) + 2.0 * sigma), -2.0, 2.0, out=out[9 + k])
    out[11] = _steps(view)[::step, ::step]
    pixel_m = z * np.float32(step / view.camera.fx_px)
    out[12] = np.log(np.maximum(pixel_m, np.float32(1e-4)) * np.float32(100.0))
    out *= there
    out[1] += ~there * cv2.blur(view.valid.astype(np.float32), (3, 3))[::step, ::step]
    out[5] = known
    if colour:
        out[13:] = _contrast(view, step)
    gap = np.float32(0.008) + 4.0 * sigma + 3.0 * pixel_m
    return SegmentInput(out, step, z, gap)


def _levelled_normals(z: Float, there: NDArray[np.bool_], x: Float, y: Float, up: Array) -> Float:
    """(3, h, w) unit normals along up, ahead and left; 0 where neighbours are missing.

    Inverse depth is linear over a plane's pixels: ``1/z = m @ (x, y, 1)`` with m along the normal.
    """
    h, w = z.shape
    out = np.zeros((3, h, w), np.float32)
    if min(h, w) <= 2 * _LAG:
        return out
    inverse = np.divide(np.float32(1.0), z, out=np.zeros_like(z), where=there)
    inverse = _mean(inverse, there, 3)
    k = _LAG
    whole = there[:, 2 * k :] & there[:, : -2 * k]
    across = whole[k:-k] & there[2 * k :, k:-k] & there[: -2 * k, k:-k] & there[k:-k, k:-k]
    a = (inverse[k:-k, 2 * k :] - inverse[k:-k, : -2 * k]) / (x[2 * k :] - x[: -2 * k])[None, :]
    b = (inverse[2 * k :, k:-k] - inverse[: -2 * k, k:-k]) / (y[2 * k :] - y[: -2 * k])[:, None]
    c = inverse[k:-k, k:-k] - a * x[None, k:-k] - b * y[k:-k, None]
    length = np.sqrt(a * a + b * b + c * c)
    scale = np.where(across, -1.0 / np.maximum(length, np.float32(1e-6)), np.float32(0.0))
    ahead = np.array([0.0, 0.0, 1.0]) - up * up[2]
    size = float(np.linalg.norm(ahead))
    ahead = np.array([0.0, 1.0, 0.0]) if size < 1e-3 else ahead / size
    axes = np.stack([up, ahead, np.cross(up, ahead)]).astype(np.float32)
    for row in range(3):
        r = axes[row]
        out[row, k:-k, k:-k] = (a * r[0] + b * r[1] + c * r[2]) * scale
    return out


def _mean(values: Float, there: NDArray[np.bool_], side: int) -> Float:
    """Mean of the pixels around that are there (0 elsewhere: ``values`` must be 0 there too)."""
    kind = cv2.BORDER_CONSTANT
    total = cv2.blur(values, (side, side), borderType=kind)
    share = cv2.blur(there.astype(np.float32), (side, side), borderType=kind)
    return np.asarray(total / np.maximum(share, np.float32(1e-4)), np.float32)


def _steps(view: WorkingView) -> Float:
    """(H, W) range of depth among 3x3 neighbours over 1 cm and noise, 0 to 3 (log)."""
    kernel = np.ones((3, 3), np.uint8)
    z = view.filled_m
    far = cv2.dilate(z, kernel)
    near = cv2.erode(np.where(z > 0, z, np.float32(1e3)), kernel)
    spread = np.maximum(far - near, np.float32(0.0)) * (near < 1e3)
    relative = spread / (np.float32(0.01) + 2.0 * view.sigma_m)
    return np.asarray(np.minimum(np.log1p(relative), np.float32(3.0)), np.float32)


def _contrast(view: WorkingView, step: int) -> Float:
    """(3, h, w) Lab against its mean of 25 pixels around; 0 without colour."""
    h, w = view.filled_m[::step, ::step].shape
    if view.colour is None:
        return np.zeros((3, h, w), np.float32)
    small = cv2.resize(view.colour, (w, h), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    away = (lab - cv2.blur(lab, (25, 25))) / np.float32(40.0)
    return np.ascontiguousarray(np.clip(away, -2.0, 2.0).transpose(2, 0, 1))
