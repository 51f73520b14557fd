"""The object inside a box: what reaches the box's four sides without reaching beyond them.

In: view, segmentation, a box that fits its object. Out: a mask. Surfaces that run on outside the
box are background or neighbours; of the pieces inside, those are taken that together fill the box
and lie at one depth. Where the frame's segments do not fill it, the neighbourhood is cut anew
without leaving out walls or small pieces: a box says that something is there.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from deepsight_ros.perception.box_outline import sharpen
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

LEAST_PART, LEAST_INSIDE = 0.5, 0.75
"""Share of a piece's pixels inside the box for it to be thought of as a piece of the object, and
to be one without filling the box better."""

BEYOND = 0.8
"""What a piece costs for the share of it that lies outside the box."""

GAIN = 0.02
"""How much better (box overlap) the pieces must fit the box for another one to be taken."""

WELL_FITTED = 0.8
"""Box overlap from which the frame's own segments are good enough."""

ALIKE_TINT, ALIKE_LIGHT = 0.04, 0.5
"""Largest difference in chroma, and in log lightness, of pieces of one colour."""

OWN_WALL = 0.7
"""A wall of which this share lies inside the box is the object itself (a cabinet's front)."""


STRANGE = 0.3
"""What a piece of another colour costs, for the share of the box that it takes; twice as much
before or behind the others."""

MOST_ANCHORS = 6
"""Pieces from which a group is grown, the largest first."""

KEPT, DOUBTFUL = 0.5, 0.3
"""Share of a first choice of pieces that a finer one keeps, unless the first is this bad."""

SURE = 0.3
"""Score from which the middle of the chosen pieces is certainly the object."""

SLACK = 0.05
"""How much worse the sharpened outline may fit the box."""


@dataclass(frozen=True, eq=False)
class _Choice:
    """Labels taken for the object; how well they fill the box, and that less what is odd."""

    labels: NDArray[np.int64]
    fit: float
    score: float


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
    view: WorkingView,
    segmentation: Segmentation,
    box: Window,
    config: PerceptionConfig,
    *,
    sharp_outline: bool = True,
) -> tuple[Bool, float]:
    """Mask of the object, and how well it fits the box (0-1, 0: nothing found).

    Args:
        box: rows and columns of the working image, not empty.
        sharp_outline: draw the outline where the colour changes (4 ms): for what is asked about,
            not for every frame.
    """
    out = np.zeros(view.valid.shape, bool)
    window = _grown(box, view.valid.shape)
    own = (
        slice(box[0].start - window[0].start, box[0].stop - window[0].start),
        slice(box[1].start - window[1].start, box[1].stop - window[1].start),
    )
    inside = np.zeros((window[0].stop - window[0].start, window[1].stop - window[1].start), bool)
    inside[own] = True
    part = view.crop(*window)
    labels = segmentation.labels[window]
    choice = _choose(_pieces(segmentation.labels, view, box), box, view)
    mask = np.isin(labels, choice.labels)
    others = (labels > 0) & ~mask
    walls = _walls_of_the_room(segmentation, box)
    ground = foreground_of(part, segmentation.finding, walls, config)
    if choice.score <= WELL_FITTED and min(mask.shape) >= 3 and ground.foreground.any():
        for pieces in partition(part, ground.foreground, config):
            anew = _choose(_pieces(pieces, part, own), own, part)
            found = np.isin(pieces, anew.labels)
            kept = np.count_nonzero(found & mask) >= KEPT * np.count_nonzero(mask & inside)
            if anew.score > choice.score + 0.1 and (kept or choice.score < DOUBTFUL):
                choice, mask = anew, found
                others = (pieces > 0) & ~mask
        up = None if segmentation.finding.support is None else segmentation.finding.support.normal
        whole = complete_outlines(mask.astype(np.int32), part, ground.low, ground.height_m, up)
        mask = whole > 0
    mask &= inside
    fit = choice.fit
    if not sharp_outline:
        out[window] = mask
        return out, fit
    support = part.valid & ~ground.foreground & ~ground.low
    sharp = sharpen(mask, part, inside, support | others, is_sure=choice.score > SURE)
    kept = np.count_nonzero(sharp & mask) >= KEPT * np.count_nonzero(mask)
    if kept and _fit_of(sharp, own) > _fit_of(mask, own) - SLACK:
        mask, fit = sharp, max(fit, _fit_of(sharp, own))
    out[window] = mask
    return out, fit


def _fit_of(mask: Bool, own: Window) -> float:
    """Overlap of a mask's bounding box with the box."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    return box_iou((slice(y, y + h), slice(x, x + w)), own) if w else 0.0


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


def _choose(pieces: _Pieces, own: Window, part: WorkingView) -> _Choice:
    """The pieces that together fill the box: the best group that grows from any of the larger
    ones."""
    height, width = (s.stop - s.start for s in own)
    candidates = np.flatnonzero((pieces.inside >= LEAST_PART) & (pieces.number >= 4))
    if not len(candidates):
        return _Choice(candidates, 0.0, 0.0)
    largest = candidates[np.argsort(-pieces.number[candidates], kind="stable")[:MOST_ANCHORS]]
    groups = [
        _grow_from(int(label), candidates, pieces, (height, width), part) for label in largest
    ]
    return max(groups, key=lambda group: group.score)


def _grow_from(
    anchor: int,
    candidates: NDArray[np.int64],
    pieces: _Pieces,
    size: tuple[int, int],
    part: WorkingView,
) -> _Choice:
    """The anchor with what fills the box better at one depth. Pieces of another colour have to
    fill more the larger they are: they may as well be another thing before or behind."""
    whole: Window = (slice(0, size[0]), slice(0, size[1]))
    share = pieces.number / (size[0] * size[1])
    chosen = [anchor]
    around = pieces.windows[anchor - 1] or whole
    fit = box_iou(around, whole)
    near, far = float(pieces.near_m[anchor]), float(pieces.far_m[anchor])
    beyond = BEYOND * (1.0 - pieces.inside)
    paid = float(beyond[anchor])
    left = candidates[candidates != anchor]
    if pieces.colour is None:
        alike = np.ones(len(left), bool)
    else:
        alike = _alike(pieces.colour, pieces.number, np.array([anchor]), left)
    while len(left):
        # at one depth: no farther off than the box is wide
        reach = 0.02 + 0.7 * max(size) * 0.5 * (near + far) / part.camera.fx_px
        apart = np.maximum(pieces.near_m[left] - far, near - pieces.far_m[left])
        unions = [_around(around, pieces.windows[label - 1] or whole) for label in left]
        fits = np.array([box_iou(u, whole) for u in unions])
        strange = STRANGE * share[left] * np.where(apart > 0.0, 2.0, 1.0)
        price = np.where(alike, 0.0, strange) + beyond[left]
        gain = np.where(apart > reach, 0.0, fits - fit - price)
        # what looks like the object goes first
        familiar = alike & (gain >= GAIN)
        best = int(np.argmax(np.where(familiar, gain + 1.0, gain)))
        if gain[best] < GAIN:
            extra = left[(apart < 0.15 * reach) & alike & (pieces.inside[left] >= LEAST_INSIDE)]
            if pieces.colour is not None:
                chosen.extend(extra.tolist())
            break
        label = int(left[best])
        near = min(near, float(pieces.near_m[label]))
        far = max(far, float(pieces.far_m[label]))
        fit, around, paid = float(fits[best]), unions[best], paid + float(price[best])
        chosen.append(label)
        left, alike = np.delete(left, best), np.delete(alike, best)
    return _Choice(np.array(chosen, np.int64), fit, fit - paid)


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


def _around(a: Window, b: Window) -> Window:
    rows = slice(min(a[0].start, b[0].start), max(a[0].stop, b[0].stop))
    return rows, slice(min(a[1].start, b[1].start), max(a[1].stop, b[1].stop))


def box_iou(a: Window, b: Window) -> float:
    """Intersection over union of two windows."""
    overlap = max(0, min(a[0].stop, b[0].stop) - max(a[0].start, b[0].start)) * max(
        0, min(a[1].stop, b[1].stop) - max(a[1].start, b[1].start)
    )
    areas = [(r.stop - r.start) * (c.stop - c.start) for r, c in (a, b)]
    return overlap / max(1, sum(areas) - overlap)
