"""Over-segmentation: cut a foreground where depth jumps or bends inwards, more often than needed.

In: depth at perception resolution, the foreground mask, chroma or None. Out: a label image of
fragments that hardly ever hold two things; ``merging`` puts together what belongs together. Only
differences between foreground pixels cut: an outline against the background costs nothing.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

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
    """(H, W) int32 labels of fragments, 0 outside the foreground; numbers need not be dense."""
    cuts = cut_pixels(view, foreground)
    if hues is not None:
        cuts |= hue_edges(hues, foreground)
    core = (foreground & ~cuts).view(np.uint8)
    count, seeds = cv2.connectedComponents(core, connectivity=4)
    size = np.bincount(seeds.ravel(), minlength=count)
    table = np.arange(count, dtype=np.int32)
    table[size < LEAST_SEED_PX] = 0
    return grow(table[seeds], foreground, view, 8.0)


def cut_pixels(view: WorkingView, foreground: Bool) -> Bool:
    """(H, W) bool: beside a depth step, or in a crease that bends away from the camera."""
    z = view.filled_m
    sigma = view.sigma_m * np.float32(SMOOTHED)
    cut = np.zeros(z.shape, bool)
    for axis in (1, 0):
        if z.shape[axis] <= 2 * BEND_LAG_PX + 2:
            continue
        turn = (lambda a: a) if axis == 1 else np.transpose
        _steps(turn(z), turn(sigma), turn(foreground), turn(cut))
        focal = view.camera.fx_px if axis == 1 else view.camera.fy_px
        _creases(turn(z), turn(sigma), turn(foreground), turn(cut), focal)
    return cut


def hue_edges(hues: Float, foreground: Bool) -> Bool:
    """(H, W) bool: where chroma changes between two foreground pixels 4 px apart."""
    out = np.zeros(foreground.shape, bool)
    for axis in (0, 1):
        if foreground.shape[axis] <= 4:
            continue
        first, second, inside, edge = (
            np.swapaxes(x, 0, axis) for x in (hues[0], hues[1], foreground, out)
        )
        da, db = first[4:] - first[:-4], second[4:] - second[:-4]
        edge[2:-2] |= (da * da + db * db > HUE_EDGE**2) & inside[4:] & inside[:-4]
    return out


def _steps(z: Float, sigma: Float, foreground: Bool, cut: Bool) -> None:
    """Mark columns where the step over 1 or 2 px exceeds what both sides' slopes explain."""
    for lag in (1, 2):
        step = z[:, lag:] - z[:, :-lag]
        left, middle, right = step[:, : -2 * lag], step[:, lag:-lag], step[:, 2 * lag :]
        excess = np.maximum(middle - np.maximum(left, right), np.minimum(left, right) - middle)
        width = excess.shape[1]
        inside = foreground[:, lag : lag + width] & foreground[:, 2 * lag : 2 * lag + width]
        big = inside & (excess > 0.002 + 3.5 * sigma[:, lag : lag + width])
        for shift in range(lag, 2 * lag + 1):
            cut[:, shift : shift + width] |= big


def _creases(z: Float, sigma: Float, foreground: Bool, cut: Bool, focal_px: float) -> None:
    lag = BEND_LAG_PX
    z = cv2.blur(np.ascontiguousarray(z), (3, 3))
    bend = 2.0 * z[:, lag:-lag] - z[:, 2 * lag :] - z[:, : -2 * lag]
    base = z[:, lag:-lag] * np.float32(lag / focal_px)
    inside = foreground[:, lag:-lag] & foreground[:, 2 * lag :] & foreground[:, : -2 * lag]
    cut[:, lag:-lag] |= inside & (bend > 0.2 * base) & (bend > 2.7 * sigma[:, lag:-lag])


def grow(seeds: Labels, wanted: Bool, view: WorkingView, reach_px: float) -> Labels:
    """Give unlabelled ``wanted`` pixels the nearest seed's label where depth agrees with it."""
    pixel, source, distance = nearest_seed(seeds, wanted, reach_px)
    z = view.filled_m.ravel()
    reach = distance * z[pixel] / np.float32(view.camera.fx_px)
    allowed = 0.01 + 3.0 * reach + 3.0 * view.sigma_m.ravel()[pixel]
    agrees = np.abs(z[pixel] - z[source]) < allowed
    out = seeds.copy()
    out.ravel()[pixel[agrees]] = seeds.ravel()[source[agrees]]
    return out


def nearest_seed(
    seeds: Labels, wanted: Bool, reach_px: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], Float]:
    """Flat indices of unlabelled wanted pixels, of their nearest seed pixels, and distances."""
    if not seeds.any():
        return np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.float32)
    free = seeds == 0
    distance, nearest = cv2.distanceTransformWithLabels(
        free.view(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    flat = np.flatnonzero(~free)
    at = np.zeros(len(flat) + 1, np.intp)  # the transform numbers seed pixels from 1
    at[nearest.ravel()[flat]] = flat
    free &= wanted
    free &= distance <= reach_px
    pixel = np.flatnonzero(free)
    return pixel, at[nearest.ravel()[pixel]], distance.ravel()[pixel].astype(np.float32)
