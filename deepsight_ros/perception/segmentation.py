"""Class-agnostic segmentation of what stands above the support, from depth (and colour).

In: WorkingView, the horizontal planes. Out: a label image, 0 = no object. Cut where depth jumps
or the surface bends inwards, label what is left, grow the labels back into the cuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.support import HorizontalPlane, SupportFinding
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels 1..count; ``foreground`` is every pixel above the support inside the volume."""

    labels: Labels
    count: int
    foreground: Bool
    height_m: Float | None


def height_above(view: WorkingView, plane: HorizontalPlane, depth_m: Float | None = None) -> Float:
    """(H, W) float32 signed height of each pixel's point above the plane."""
    z = view.smooth_m if depth_m is None else depth_m
    return np.asarray(z * view.along(plane.normal) + np.float32(plane.offset_m), np.float32)


def foreground_of(
    view: WorkingView, finding: SupportFinding, config: PerceptionConfig
) -> tuple[Bool, Float | None]:
    """Pixels above the support and on no other horizontal plane of furniture size."""
    foreground = view.valid.copy()
    height: Float | None = None
    for plane in finding.planes:
        h = height_above(view, plane)
        noise = view.sigma_m * np.abs(view.along(plane.normal))
        threshold = np.float32(config.min_height_m) + 1.5 * noise
        if plane is finding.support:
            height = h
            foreground &= (h > threshold) & (h < config.max_height_m)
        elif plane.extent_m[0] > 0.35:
            foreground &= np.abs(h) > threshold
    return foreground, height


def segment(view: WorkingView, finding: SupportFinding, config: PerceptionConfig) -> Segmentation:
    """Labelled objects of a view; see the module's first lines."""
    foreground, height = foreground_of(view, finding, config)
    empty = np.zeros(view.valid.shape, np.int32)
    if not foreground.any() or min(foreground.shape) < 12:
        return Segmentation(empty, 0, foreground, height)
    cuts = _cuts(view)
    core = (foreground & ~cuts).astype(np.uint8)
    core = np.asarray(cv2.erode(core, np.ones((3, 3), np.uint8)))
    _, seeds, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= max(6, config.min_object_px // 4)
    keep[0] = False
    seeds = np.where(keep[seeds], seeds, 0)
    labels = _grow(seeds.astype(np.int32), foreground, view, 6)
    labels, count = _drop(labels, view, config)
    return Segmentation(labels, count, foreground, height)


def _cuts(view: WorkingView) -> Bool:
    z = view.smooth_m
    sigma = view.sigma_m * np.float32(0.4)
    cut = np.zeros(z.shape, bool)
    for axis in (0, 1):
        zt = z if axis == 1 else z.T
        st = sigma if axis == 1 else sigma.T
        ct = cut if axis == 1 else cut.T
        f = np.float32(view.camera.fx_px if axis == 1 else view.camera.fy_px)
        for lag in (1, 2):
            d = zt[:, lag:] - zt[:, :-lag]
            left, mid, right = d[:, : -2 * lag], d[:, lag:-lag], d[:, 2 * lag :]
            jump = np.maximum(mid - np.maximum(left, right), np.minimum(left, right) - mid)
            big = jump > 0.004 + 8.0 * st[:, lag : -2 * lag]
            w = big.shape[1]
            for s in range(lag, 2 * lag + 1):
                ct[:, s : s + w] |= big
        lag = 4
        bend = zt[:, 2 * lag :] + zt[:, : -2 * lag] - 2 * zt[:, lag:-lag]
        base = zt[:, lag:-lag] * np.float32(lag) / f
        concave = (-bend > 0.5 * base) & (-bend > 6.0 * st[:, lag:-lag])
        ct[:, lag:-lag] |= concave
    return cut


def _grow(seeds: Labels, foreground: Bool, view: WorkingView, reach_px: float) -> Labels:
    """Give each unlabelled foreground pixel the nearest seed's label, if depth agrees."""
    if not seeds.any():
        return seeds
    distance, nearest = cv2.distanceTransformWithLabels(
        (seeds == 0).astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    at = np.zeros(int(nearest.max()) + 1, np.int64)
    flat = np.flatnonzero(seeds.ravel())
    at[nearest.ravel()[flat]] = flat
    source = at[nearest]
    z = view.smooth_m
    reach = distance * z / np.float32(view.camera.fx_px)
    agrees = np.abs(z - z.ravel()[source]) < 0.01 + 3.0 * reach + 3 * view.sigma_m
    take = foreground & (distance <= reach_px) & agrees
    return np.where(take, seeds.ravel()[source], 0).astype(np.int32)


def _drop(labels: Labels, view: WorkingView, config: PerceptionConfig) -> tuple[Labels, int]:
    """Renumber, without segments too small or too big to be objects."""
    count = int(labels.max())
    if count == 0:
        return labels, 0
    flat = labels.ravel()
    size = np.bincount(flat, minlength=count + 1)
    points = view.points_m(view.smooth_m).reshape(-1, 3)
    keep = size >= config.min_object_px
    keep[0] = False
    order = np.argsort(flat, kind="stable")
    starts = np.concatenate([[0], np.cumsum(size)])
    for label in np.flatnonzero(keep):
        own = points[order[starts[label] : starts[label + 1]]]
        low, high = np.percentile(own, [2, 98], axis=0)
        side = float((high - low).max())
        keep[label] = config.min_object_size_m <= side <= config.max_object_size_m
    table = np.zeros(count + 1, np.int32)
    table[keep] = np.arange(1, np.count_nonzero(keep) + 1)
    return table[labels], int(np.count_nonzero(keep))
