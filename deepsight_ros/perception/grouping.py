"""From the segmenting network's pixels to instances: votes for middles, then checks against depth.

In: the network's output and the ``SegmentInput`` it was made from. Out: labels on the network's
grid with a score each, and those labels at perception resolution, guided by depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from deepsight_ros.perception.segment_input import SegmentInput
from deepsight_ros.perception.view import Bool, Float

Labels = NDArray[np.int32]

HIDDEN_M = 0.25
"""Parts of a thing on both sides of what stands before it differ in mean depth by no more."""


@dataclass(frozen=True)
class GroupingConfig:
    """Numbers of the grouping, on the network's grid.

    Attributes:
        object_at: least probability of being object.
        centre_at: least value of a middle (probability that a pixel is one).
        nms_px: two middles are at least half of this apart.
        most: most instances.
        least_px: fewest pixels of an instance.
        split_share: a part of an instance that depth separates from its largest part is an
            instance by itself from this share of it on, else it is dropped.
        offset_px: unit of the network's offsets.
    """

    object_at: float = 0.5
    centre_at: float = 0.12
    nms_px: int = 5
    most: int = 96
    least_px: int = 6
    split_share: float = 0.2
    offset_px: float = 10.0


@dataclass(frozen=True, eq=False)
class Groups:
    """Instances: (h, w) int32 labels 1..K and (K,) float32 scores (0 to 1)."""

    labels: Labels
    scores: Float


def group(heads: Float, given: SegmentInput, config: GroupingConfig) -> Groups:
    """Instances of one picture.

    Args:
        heads: (7, h, w) float32, ``model.segmenter_net.OUTPUTS``.
        given: the network's input.
    """
    shape = given.depth_m.shape
    logits = heads[:3] - heads[:3].max(axis=0)
    odds = np.exp(logits)
    objectness = odds[2] / odds.sum(axis=0)
    inside = (objectness > config.object_at) & (given.depth_m > 0)
    pixel = np.flatnonzero(inside)
    nothing = Groups(np.zeros(shape, np.int32), np.zeros(0, np.float32))
    if len(pixel) < config.least_px:
        return nothing
    centre = 1.0 / (1.0 + np.exp(-heads[3]))
    row, column, value = _peaks(centre, config)
    if not len(row):
        return nothing
    y, x = np.divmod(pixel, shape[1])
    vote_x = x + heads[4].ravel()[pixel] * config.offset_px
    vote_y = y + heads[5].ravel()[pixel] * config.offset_px
    away = np.square(vote_x[:, None] - column[None, :].astype(np.float32))
    away += np.square(vote_y[:, None] - row[None, :].astype(np.float32))
    nearest = np.argmin(away, axis=1)
    labels = np.zeros(shape, np.int32)
    labels.ravel()[pixel] = nearest + 1
    return _checked(labels, value, objectness, given, config)


def _peaks(
    centre: Float, config: GroupingConfig
) -> tuple[NDArray[np.intp], NDArray[np.intp], Float]:
    """Rows, columns and values of local maxima, best first."""
    smooth = cv2.GaussianBlur(centre.astype(np.float32), (3, 3), 0.8)
    highest = cv2.dilate(smooth, np.ones((config.nms_px, config.nms_px), np.uint8))
    row, column = np.nonzero((smooth >= highest) & (centre > config.centre_at))
    value = centre[row, column]
    best = np.argsort(-value, kind="stable")[: config.most]
    return row[best], column[best], value[best].astype(np.float32)


def _checked(
    labels: Labels, value: Float, objectness: Float, given: SegmentInput, config: GroupingConfig
) -> Groups:
    """Instances that hang together in depth: parts are split off, joined or dropped."""
    parts = connected_parts(labels, given)
    count = int(parts.max())
    flat = parts.ravel()
    pixel = np.flatnonzero(flat)
    part = flat[pixel]
    size = np.bincount(part, minlength=count + 1)
    owner = np.zeros(count + 1, np.int64)
    owner[part] = labels.ravel()[pixel]
    depth = np.bincount(part, weights=given.depth_m.ravel()[pixel], minlength=count + 1)
    depth /= np.maximum(size, 1)
    order = np.argsort(-size, kind="stable")
    main = np.zeros(int(owner.max()) + 1, np.int64)  # instance -> its largest part
    for number in order[::-1]:
        main[owner[number]] = number
    of = main[owner]
    is_main = of == np.arange(count + 1)
    large = size >= np.maximum(config.least_px, config.split_share * size[of])
    # side by side with a gap between: two things; apart, at about one depth: one behind another
    beside = _contacts(labels, parts, of, count) > 0.2 * np.sqrt(size)
    one_thing = ~beside & (np.abs(depth - depth[of]) < HIDDEN_M)
    kept = np.where(is_main, size >= config.least_px, large)
    target = np.where(kept & ~is_main & one_thing, of, np.arange(count + 1))
    target[~kept] = 0
    target[0] = 0
    final, inverse = np.unique(target, return_inverse=True)
    table = inverse if final[0] == 0 else inverse + 1
    out = table[parts].astype(np.int32)
    number = int(out.max())
    inside = out.ravel()[pixel]
    total = np.bincount(inside, minlength=number + 1)
    sure = np.bincount(inside, weights=objectness.ravel()[pixel], minlength=number + 1)
    sure /= np.maximum(total, 1)
    peak = np.zeros(number + 1)
    np.maximum.at(peak, table, np.append(0.0, value)[owner])
    scores = np.sqrt(sure * peak)[1:]
    return Groups(out, scores.astype(np.float32))


def _contacts(
    labels: Labels, parts: Labels, main: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """(count + 1,) pixels of each part beside a pixel of its instance's largest part."""
    contacts = np.zeros(count + 1, np.int64)
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = parts[first], parts[second]
        meet = (labels[first] == labels[second]) & (a != b) & (a > 0)
        for own, other in ((a[meet], b[meet]), (b[meet], a[meet])):
            contacts += np.bincount(own[main[own] == other], minlength=count + 1)
    return contacts


def connected_parts(labels: Labels, given: SegmentInput) -> Labels:
    """(h, w) int32, 1..P: pixels of one label that hang together without a gap in depth."""
    h, w = labels.shape
    index = np.arange(h * w).reshape(h, w)
    firsts, seconds = [], []
    for dv, du in ((0, 1), (1, 0), (0, 2), (2, 0), (1, 1)):
        a = (slice(0, h - dv), slice(0, w - du))
        b = (slice(dv, h), slice(du, w))
        joined = (labels[a] == labels[b]) & (labels[a] > 0)
        allowed = np.minimum(given.gap_m[a], given.gap_m[b]) * np.float32(max(dv, du))
        joined &= np.abs(given.depth_m[a] - given.depth_m[b]) < allowed
        firsts.append(index[a][joined])
        seconds.append(index[b][joined])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    graph = coo_matrix((np.ones(len(first), np.bool_), (first, second)), shape=(h * w, h * w))
    _, found = connected_components(graph, directed=False)
    flat = labels.ravel() > 0
    numbers = np.zeros(int(found.max()) + 2, np.int32)
    used = np.unique(found[flat])
    numbers[used] = np.arange(1, len(used) + 1)
    return np.where(flat, numbers[found], 0).reshape(h, w).astype(np.int32)


def enlarge(labels: Labels, step: int, depth_m: Float) -> Labels:
    """Labels of the network's grid at perception resolution.

    Pixel (i, j) of the grid is pixel (i step, j step) of the view; a pixel between takes the label
    of the grid pixel around it whose depth is nearest to its own, none without depth.

    Args:
        depth_m: (H, W) float32 of the view, 0 without a reading.
    """
    if step == 1:
        return np.where(depth_m > 0, labels, 0).astype(np.int32)
    h, w = depth_m.shape
    grid = depth_m[::step, ::step]
    rows, columns = np.arange(h) // step, np.arange(w) // step
    best = np.full((h, w), np.inf, np.float32)
    out = np.zeros((h, w), np.int32)
    last_row, last_column = grid.shape[0] - 1, grid.shape[1] - 1
    for dv in (0, 1):
        for du in (0, 1):
            at_row = np.minimum(rows + dv, last_row)
            at_column = np.minimum(columns + du, last_column)
            z = grid[at_row][:, at_column]
            away = np.abs(z - depth_m)
            away[z == 0] = 1e3
            nearer = away < best
            out[nearer] = labels[at_row][:, at_column][nearer]
            best[nearer] = away[nearer]
    out[depth_m == 0] = 0
    return out


def on_support(labels: Labels, count: int, height_m: Float, noise_m: Float) -> Bool:
    """(count + 1,) bool: instances that lie in the support's plane, as high as noise is."""
    flat = labels.ravel()
    pixel = np.flatnonzero(flat)
    number = np.maximum(np.bincount(flat[pixel], minlength=count + 1), 1)
    high = height_m.ravel()[pixel] > noise_m.ravel()[pixel]
    share = np.bincount(flat[pixel], weights=high, minlength=count + 1) / number
    return np.asarray(share < 0.25)
