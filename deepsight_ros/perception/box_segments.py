"""The object inside a box: what reaches the box's four sides without reaching beyond them.

In: view, segmentation, a box that fits its object. Out: a mask. Surfaces that run on outside the
box are background or neighbours; of the pieces inside, those are taken that together fill the box
and lie at one depth. Where the frame's segments do not fill it, the neighbourhood is cut anew
without leaving out walls or small pieces: a box says that something is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.outlines import complete_outlines
from deepsight_ros.perception.segmentation import (
    Plane,
    Segmentation,
    foreground_of,
    partition,
)
from deepsight_ros.perception.view import Bool, WorkingView

Labels = NDArray[np.int32]
Window = tuple[slice, slice]

AROUND = 0.2
"""How far beyond the box, in box sides, to look for surfaces that run on."""

LEAST_INSIDE = 0.75
"""Share of a piece's pixels that must lie inside the box for it to be a piece of the object."""

GAIN = 0.02
"""How much better (box overlap) the pieces must fit the box for another one to be taken."""

WELL_FITTED = 0.8
"""Box overlap from which the frame's own segments are good enough."""

ALIKE_TINT, ALIKE_LIGHT = 0.04, 0.5
"""Largest difference in chroma, and in log lightness, of pieces of one colour."""

OWN_WALL = 0.7
"""A wall of which this share lies inside the box is the object itself (a cabinet's front)."""


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Pieces of the box's neighbourhood.

    Attributes:
        labels: (h, w) int32, 1..K, in the window.
        inside: (K + 1,) share of each piece's pixels inside the box.
        number: (K + 1,) its pixels inside the box.
        near_m, far_m: (K + 1,) 5th and 95th percentile of its depth inside the box.
        colour: (K + 1, 3) mean RGB, or None.
        windows: bounding box of each piece inside the box, relative to the box; index label - 1.
    """

    labels: Labels
    inside: NDArray[np.float64]
    number: NDArray[np.int64]
    near_m: NDArray[np.float64]
    far_m: NDArray[np.float64]
    colour: NDArray[np.float64] | None
    windows: list[Window | None]


def object_in_box(
    view: WorkingView, segmentation: Segmentation, box: Window, config: PerceptionConfig
) -> tuple[Bool, float]:
    """Mask of the object, and how well it fits the box (0-1, 0: nothing found).

    Args:
        box: rows and columns of the working image, not empty.
    """
    out = np.zeros(view.valid.shape, bool)
    pieces = _pieces(segmentation.labels, view, box)
    chosen, fit = _fill(pieces, box, view)
    out[box] = np.isin(segmentation.labels[box], chosen)
    if fit > WELL_FITTED:
        return out, fit
    window = _grown(box, view.valid.shape)
    part = view.crop(*window)
    walls = _walls_of_the_room(segmentation, box)
    ground = foreground_of(part, segmentation.finding, walls, config)
    if min(ground.foreground.shape) < 3 or not ground.foreground.any():
        return out, fit
    own = (
        slice(box[0].start - window[0].start, box[0].stop - window[0].start),
        slice(box[1].start - window[1].start, box[1].stop - window[1].start),
    )
    best: Bool | None = None
    for labels in partition(part, ground.foreground, config):
        pieces = _pieces(labels, part, own)
        chosen, found = _fill(pieces, own, part)
        if found > fit + 0.1:
            best, fit = np.isin(labels, chosen), found
    if best is not None:
        up = None if segmentation.finding.support is None else segmentation.finding.support.normal
        whole = complete_outlines(best.astype(np.int32), part, ground.low, ground.height_m, up)
        out[box] = whole[own] > 0
    return out, fit


def _grown(box: Window, shape: tuple[int, ...]) -> Window:
    def side(span: slice, limit: int) -> slice:
        margin = max(6, round(AROUND * (span.stop - span.start)))
        return slice(max(0, span.start - margin), min(limit, span.stop + margin))

    return side(box[0], shape[0]), side(box[1], shape[1])


def _walls_of_the_room(segmentation: Segmentation, box: Window) -> tuple[Plane, ...]:
    """Walls that run on beyond the box; one that lies inside it is the object's own side."""
    return tuple(
        wall
        for wall, mask in zip(segmentation.walls, segmentation.wall_masks, strict=True)
        if np.count_nonzero(mask[box]) < OWN_WALL * np.count_nonzero(mask)
    )


def _pieces(labels: Labels, part: WorkingView, own: Window) -> _Pieces:
    count = int(labels.max())
    total = np.bincount(labels.ravel(), minlength=count + 1)
    inside = labels[own]
    at = np.flatnonzero(inside)
    label = inside.ravel()[at]
    number = np.bincount(label, minlength=count + 1)
    depth = part.filled_m[own].ravel()[at]
    order = np.lexsort((depth, label))
    depth = np.append(depth[order], np.float32(0.0))  # a piece without pixels reads the end
    starts = np.concatenate([[0], np.cumsum(number)[:-1]])
    colour: NDArray[np.float64] | None = None
    if part.colour is not None:
        rgb = part.colour[own].reshape(-1, 3)[at]
        sums = [np.bincount(label, weights=c, minlength=count + 1) for c in rgb.T]
        colour = np.stack(sums, axis=1) / np.maximum(number, 1)[:, None]
    return _Pieces(
        labels,
        number / np.maximum(total, 1),
        number,
        depth[starts + (0.05 * number).astype(np.int64)].astype(np.float64),
        depth[starts + (0.95 * number).astype(np.int64)].astype(np.float64),
        colour,
        find_objects(inside, max_label=count) if count else [],
    )


def _fill(pieces: _Pieces, own: Window, part: WorkingView) -> tuple[NDArray[np.int64], float]:
    """Labels that together fill the box at one depth, and how well (intersection over union)."""
    height, width = (s.stop - s.start for s in own)
    candidates = np.flatnonzero((pieces.inside >= LEAST_INSIDE) & (pieces.number >= 4))
    whole: Window = (slice(0, height), slice(0, width))
    chosen: list[int] = []
    around: Window | None = None
    fit, near, far, reach = 0.0, 0.0, 0.0, 0.0
    while len(candidates):
        unions: list[Window] = []
        for label in candidates:
            window = pieces.windows[label - 1]
            unions.append(_around(around, window if window is not None else whole))
        fits = np.array([box_iou(u, whole) for u in unions])
        if chosen:  # at one depth: no farther off than the box is wide
            reach = 0.02 + 0.7 * max(height, width) * 0.5 * (near + far) / part.camera.fx_px
            apart = np.maximum(pieces.near_m[candidates] - far, near - pieces.far_m[candidates])
            fits[apart > reach] = 0.0
        best = int(np.argmax(fits))
        if chosen and fits[best] < fit + GAIN:
            break
        label = int(candidates[best])
        z0, z1 = float(pieces.near_m[label]), float(pieces.far_m[label])
        near, far = (min(near, z0), max(far, z1)) if chosen else (z0, z1)
        fit, around = float(fits[best]), unions[best]
        chosen.append(label)
        candidates = np.delete(candidates, best)
    if chosen and pieces.colour is not None and len(candidates):
        apart = np.maximum(pieces.near_m[candidates] - far, near - pieces.far_m[candidates])
        alike = _alike(pieces.colour, pieces.number, np.array(chosen), candidates)
        chosen.extend(candidates[(apart < 0.15 * reach) & alike].tolist())
    return np.array(chosen, np.int64), fit


def _alike(
    colour: NDArray[np.float64],
    number: NDArray[np.int64],
    chosen: NDArray[np.int64],
    candidates: NDArray[np.int64],
) -> Bool:
    """(C,) bool: candidates of the chosen pieces' colour (chroma close, lightness not far)."""
    weight = number[chosen].astype(np.float64)
    mean = (colour[chosen] * weight[:, None]).sum(axis=0) / max(float(weight.sum()), 1.0)
    both = np.vstack([mean, colour[candidates]])
    total = both.sum(axis=1)
    tint = (both - total[:, None] / 3.0) / (total[:, None] + 60.0)
    light = np.log(total + 30.0)
    near = np.linalg.norm(tint[1:] - tint[0], axis=1) < ALIKE_TINT
    return np.asarray(near & (np.abs(light[1:] - light[0]) < ALIKE_LIGHT))


def _around(a: Window | None, b: Window) -> Window:
    if a is None:
        return b
    rows = slice(min(a[0].start, b[0].start), max(a[0].stop, b[0].stop))
    return rows, slice(min(a[1].start, b[1].start), max(a[1].stop, b[1].stop))


def box_iou(a: Window, b: Window) -> float:
    """Intersection over union of two windows."""
    overlap = max(0, min(a[0].stop, b[0].stop) - max(a[0].start, b[0].start)) * max(
        0, min(a[1].stop, b[1].stop) - max(a[1].start, b[1].start)
    )
    areas = [(r.stop - r.start) * (c.stop - c.start) for r, c in (a, b)]
    return overlap / max(1, sum(areas) - overlap)
