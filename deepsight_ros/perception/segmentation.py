"""Class-agnostic segmentation of what stands above the support, from depth (and colour).

In: WorkingView, the horizontal planes. Out: a label image, 0 = no object. Cut where depth jumps
or the surface bends inwards, label what is left, grow the labels back into the cuts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.fragments import fragments
from deepsight_ros.perception.merging import chroma, measure_borders, merge
from deepsight_ros.perception.support import HorizontalPlane, SupportFinding
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]

FURNITURE_M2 = 0.15
"""A horizontal plane of more ground than this is furniture or floor, not the top of an object."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Labels 1..count; ``foreground`` is every pixel above the support inside the volume."""

    labels: Labels
    count: int
    foreground: Bool
    height_m: Float | None


def height_above(view: WorkingView, plane: HorizontalPlane, depth_m: Float | None = None) -> Float:
    """(H, W) float32 signed height of each pixel's point above the plane."""
    z = view.filled_m if depth_m is None else depth_m
    return np.asarray(z * view.along(plane.normal) + np.float32(plane.offset_m), np.float32)


def foreground_of(
    view: WorkingView, finding: SupportFinding, config: PerceptionConfig
) -> tuple[Bool, Float | None]:
    """Pixels above the support and on no other horizontal plane of furniture size."""
    foreground = view.filled_m > 0
    height: Float | None = None
    for plane in finding.planes:
        h = height_above(view, plane)
        noise = view.sigma_m * np.abs(view.along(plane.normal))
        threshold = np.float32(config.min_height_m) + 1.5 * noise
        if plane is finding.support:
            height = h
            foreground &= (h > threshold) & (h < config.max_height_m)
        elif plane.area_m2 > FURNITURE_M2:
            foreground &= np.abs(h) > threshold
    return foreground, height


def segment(view: WorkingView, finding: SupportFinding, config: PerceptionConfig) -> Segmentation:
    """Labelled objects of a view; see the module's first lines."""
    foreground, height = foreground_of(view, finding, config)
    empty = np.zeros(view.valid.shape, np.int32)
    if not foreground.any() or min(foreground.shape) < 12:
        return Segmentation(empty, 0, foreground, height)
    use_colour = config.use_colour and view.colour is not None and config.colour_cut > 0
    hues = chroma(view.colour) if use_colour and view.colour is not None else None
    labels = dense(fragments(view, foreground, hues))
    borders = measure_borders(labels, view, hues)
    labels = merge(borders, config.colour_cut)[labels].astype(np.int32)
    labels, count = _drop(labels, view, config)
    return Segmentation(labels, count, foreground, height)


def dense(labels: Labels) -> Labels:
    """The same regions numbered 1..K without gaps; 0 stays 0."""
    top = int(labels.max()) + 1
    present = np.bincount(labels.ravel(), minlength=top) > 0
    present[0] = False
    table = np.zeros(top, np.int32)
    table[present] = np.arange(1, np.count_nonzero(present) + 1)
    return table[labels]


def _drop(labels: Labels, view: WorkingView, config: PerceptionConfig) -> tuple[Labels, int]:
    """Renumber, without segments too small or too big to be objects."""
    count = int(labels.max())
    if count == 0:
        return labels, 0
    flat = labels.ravel()
    size = np.bincount(flat, minlength=count + 1)
    points = view.points_m(view.filled_m).reshape(-1, 3)
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
