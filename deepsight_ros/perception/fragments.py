"""Over-segmentation: cut a foreground where depth jumps or bends inwards, more often than needed.

In: depth at perception resolution, the foreground mask, chroma or None. Out: a label image of
fragments that hardly ever hold two things; ``merging`` puts together what belongs together. Only
differences between foreground pixels cut: an outline against the background costs nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.growing import grow
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]

SMOOTHED = 0.4
"""Noise left by the 5x5 median, as a share of the sensor's (neighbouring readings correlate)."""

HUE_EDGE = 0.08
"""Chroma change (see ``merging.chroma``) that may part two things of one smooth surface."""

LEAST_SEED_PX = 4
"""Smaller uncut patches start no fragment of their own."""

BEND_LAG_PX = 4
"""Half the length over which bending is looked for."""


def fragments(view: WorkingView, foreground: Bool, hues: Float | None = None) -> Labels:
    """(H, W) int32 labels of fragments, 1..K without gaps; 0 outside the foreground."""
    cuts = cut_pixels(view, foreground)
    if hues is not None:
        cuts |= hue_edges(hues, foreground)
    core = (foreground & ~cuts).view(np.uint8)
    count, seeds = cv2.connectedComponents(core, connectivity=4)
    _drop_small(seeds, count, LEAST_SEED_PX)
    return grow(seeds, foreground, view, 8.0)


def cut_pixels(view: WorkingView, foreground: Bool) -> Bool:
    """(H, W) bool: beside a depth step, or in a crease that bends away from the camera."""
    z = view.filled_m
    blurred = np.asarray(cv2.blur(z, (3, 3)), np.float32)
    camera = view.camera
    return _cuts(z, blurred, view.sigma_m, foreground, camera.fx_px, camera.fy_px)


@compiled("f4[:,::1], f4[:,::1], f4[:,::1], b1[:,::1], f8, f8")
def _cuts(
    z_m: Float, blurred_m: Float, sigma_m: Float, foreground: Bool, fx_px: float, fy_px: float
) -> Bool:
    """See ``cut_pixels``; along the rows, then along the columns, of an image wide enough."""
    rows, columns = z_m.shape
    cut = np.zeros((rows, columns), np.bool_)
    z, blurred, sigma = z_m.ravel(), blurred_m.ravel(), sigma_m.ravel()
    inside, out = foreground.ravel(), cut.ravel()
    for axis in range(2):
        length = columns if axis == 0 else rows
        if length <= 2 * BEND_LAG_PX + 2:
            continue
        stride = 1 if axis == 0 else columns
        share = np.float32(BEND_LAG_PX / (fx_px if axis == 0 else fy_px))
        for r in range(rows):
            for c in range(columns):
                here = r * columns + c
                if not inside[here]:
                    continue
                at = c if axis == 0 else r
                for lag in (1, 2):
                    if at >= lag and at + 2 * lag < length and inside[here + lag * stride]:
                        _step(z, sigma, out, here, lag, stride)
                lag = BEND_LAG_PX
                if lag <= at < length - lag:
                    before, after = here - lag * stride, here + lag * stride
                    if inside[before] and inside[after]:
                        middle = blurred[here]
                        bend = np.float32(2.0) * middle - blurred[after] - blurred[before]
                        if bend > np.float32(0.2) * (middle * share) and bend > (
                            np.float32(2.7 * SMOOTHED) * sigma[here]
                        ):
                            out[here] = True
    return cut


@compiled("f4[::1], f4[::1], b1[::1], i8, i8, i8")
def _step(z: Float, sigma: Float, cut: Bool, here: int, lag: int, stride: int) -> None:
    """Mark the pixels of a step over ``lag`` px that exceeds what both sides' slopes explain."""
    jump = lag * stride
    left = z[here] - z[here - jump]
    middle = z[here + jump] - z[here]
    right = z[here + 2 * jump] - z[here + jump]
    excess = max(middle - max(left, right), min(left, right) - middle)
    if excess > np.float32(0.002) + np.float32(3.5 * SMOOTHED) * sigma[here]:
        for shift in range(lag + 1):
            cut[here + shift * stride] = True


@compiled("f4[:,:,::1], b1[:,::1]")
def hue_edges(hues: Float, foreground: Bool) -> Bool:
    """(H, W) bool: where chroma changes between two foreground pixels 4 px apart."""
    rows, columns = foreground.shape
    out = np.zeros((rows, columns), np.bool_)
    least = np.float32(HUE_EDGE * HUE_EDGE)
    a, b = hues[0], hues[1]
    for r in range(rows):
        for c in range(2, columns - 2):
            if foreground[r, c - 2] and foreground[r, c + 2]:
                da, db = a[r, c + 2] - a[r, c - 2], b[r, c + 2] - b[r, c - 2]
                out[r, c] = da * da + db * db > least
    for r in range(2, rows - 2):
        for c in range(columns):
            if foreground[r - 2, c] and foreground[r + 2, c]:
                da, db = a[r + 2, c] - a[r - 2, c], b[r + 2, c] - b[r - 2, c]
                out[r, c] |= da * da + db * db > least
    return out


@compiled("i4[:,::1], i8, i8")
def _drop_small(labels: Labels, count: int, least_px: int) -> None:
    """Set labels of fewer pixels to 0 and number the others without gaps, in place."""
    flat = labels.ravel()
    size = np.zeros(count, np.int64)
    for label in flat:
        size[label] += 1
    table = np.zeros(count, np.int32)
    number = 0
    for label in range(1, count):
        if size[label] >= least_px:
            number += 1
            table[label] = number
    for i in range(flat.size):
        flat[i] = table[flat[i]]
