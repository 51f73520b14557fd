"""Finish the outlines of segments, so that silhouettes are neither frayed nor cut off at the foot.

In: labels of things, the view, and pixels barely above the support. Out: labels grown into what
belongs to them: the foot of a thing, which is too low to be told from the support on its own,
and readings that are missing inside or beside a thing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.fragments import nearest_seed
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

FOOT_PX = 3.0
"""How far down from a segment its foot is looked for."""

MAJORITY = 5
"""Labelled pixels among the nine around a missing reading that make it part of a segment."""


def complete_outlines(
    labels: Labels, view: WorkingView, low: Bool, height_m: Float | None, up: Array | None
) -> Labels:
    """Labels with feet and missing readings.

    Args:
        labels: (H, W) int32, 0 = no thing.
        low: (H, W) bool, above the support by less than what makes foreground, more than noise.
        height_m: (H, W) float32 above the support, or None without one.
        up: (3,) unit, in the camera frame; None without a support.
    """
    if not labels.any():
        return labels
    out = labels
    if height_m is not None and up is not None:
        out = _with_feet(labels, view, low, height_m, up)
    missing = ~view.valid
    for _ in range(2):
        held = cv2.boxFilter(
            (out > 0).view(np.uint8), -1, (3, 3), normalize=False, borderType=cv2.BORDER_CONSTANT
        )
        wanted = missing & (held >= MAJORITY) & (out == 0)
        if not wanted.any():
            break
        out = out.copy() if out is labels else out
        out[wanted] = _neighbour(out)[wanted]
    return out


def _with_feet(labels: Labels, view: WorkingView, low: Bool, height_m: Float, up: Array) -> Labels:
    """Low pixels right below a segment, falling off as an upright face does, belong to it."""
    slope = float(np.hypot(up[0], up[1]))
    if slope < 0.2:
        return labels  # seen from above, a thing hides its foot
    pixel, source, distance = nearest_seed(labels, low & (view.filled_m > 0), FOOT_PX)
    width = labels.shape[1]
    across = (pixel % width - source % width).astype(np.float32)
    along = (pixel // width - source // width).astype(np.float32)
    down = -(across * np.float32(up[0]) + along * np.float32(up[1])) / np.float32(slope)
    height = height_m.ravel()
    metres = distance * view.filled_m.ravel()[pixel] / np.float32(view.camera.fx_px)
    falls = np.abs(height[source] - height[pixel]) < 0.003 + 1.5 * metres
    take = (down > 0.8 * distance) & falls
    out = labels.copy()
    out.ravel()[pixel[take]] = labels.ravel()[source[take]]
    return out


def _neighbour(labels: Labels) -> NDArray[np.int16]:
    """(H, W) the highest label among the eight neighbours of each pixel: mostly the only one."""
    return np.asarray(cv2.dilate(labels.astype(np.int16), np.ones((3, 3), np.uint8)))
