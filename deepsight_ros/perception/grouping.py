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

LEAST_BORDER = 0.3
"""Shortest common border that joins two instances, over the root of the smaller one's pixels."""

HIDDEN_M = 0.25
"""Parts of a thing on both sides of what stands before it differ in mean depth by no more."""


@dataclass(frozen=True)
class GroupingConfig:
    """Numbers of the grouping, on the network's grid.

    Attributes:
        object_at: least probability of being object.
        seed_at: least value of a middle: mean of the probability that a pixel is one and of the
            votes it gets, as a share of ``votes``.
        votes: pixels that vote for a middle (blurred) from which on it is sure.
        nms_px: two middles are at least half of this apart.
        join_at: two instances whose common border has a lower mean probability of being one are
            one.
        most: most instances.
        least_px: fewest pixels of an instance.
        split_share: a part of an instance that depth separates from its largest part is an
            instance by itself from this share of it on, else it is dropped.
        offset_px: unit of the network's offsets.
    """

    object_at: float = 0.5
    seed_at: float = 0.25
    votes: float = 6.0
    nms_px: int = 7
    join_at: float = 0.4
    most: int = 96
    least_px: int = 6
    split_share: float = 0.6
    offset_px: float = 10.0


@dataclass(frozen=True, eq=False)
class Groups:
    """Instances: (h, w) int32 labels 1..K, (K,) float32 scores (0 to 1), and (h, w) float32
    probability of being object."""

    labels: Labels
    scores: Float
    objectness: Float


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
    nothing = Groups(np.zeros(shape, np.int32), np.zeros(0, np.float32), objectness)
    if len(pixel) < config.least_px:
        return nothing
    y, x = np.divmod(pixel, shape[1])
    vote_x = x + heads[4].ravel()[pixel] * np.float32(config.offset_px)
    vote_y = y + heads[5].ravel()[pixel] * np.float32(config.offset_px)
    row, column, value = _seeds(_sigmoid(heads[3]), vote_x, vote_y, config)
    if not len(row):
        return nothing
    away = np.square(vote_x[:, None] - column[None, :].astype(np.float32))
    away += np.square(vote_y[:, None] - row[None, :].astype(np.float32))
    nearest = np.argmin(away, axis=1)
    labels = np.zeros(shape, np.int32)
    labels.ravel()[pixel] = nearest + 1
    labels, value = _joined(labels, value, _sigmoid(heads[6]), given, config)
    return _checked(labels, value, objectness, given, config)


def _sigmoid(logit: Float) -> Float:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))), np.float32)


def _seeds(
    centre: Float, vote_x: Float, vote_y: Float, config: GroupingConfig
) -> tuple[NDArray[np.intp], NDArray[np.intp], Float]:
    """Rows, columns and values of the middles that the network sees and that pixels vote for."""
    height, width = centre.shape
    column = np.clip(np.round(vote_x), 0, width - 1).astype(np.int64)
    row = np.clip(np.round(vote_y), 0, height - 1).astype(np.int64)
    votes = np.bincount(row * width + column, minlength=centre.size).reshape(centre.shape)
    dense = cv2.GaussianBlur(votes.astype(np.float32), (7, 7), 1.2)
    value = 0.5 * cv2.GaussianBlur(centre, (3, 3), 0.8)
    value += 0.5 * np.minimum(dense / np.float32(config.votes), np.float32(1.0))
    highest = cv2.dilate(value, np.ones((config.nms_px, config.nms_px), np.uint8))
    rows, columns = np.nonzero((value >= highest) & (value > config.seed_at))
    best = np.argsort(-value[rows, columns], kind="stable")[: config.most]
    rows, columns = rows[best], columns[best]
    return rows, columns, value[rows, columns]


def _joined(
    labels: Labels, value: Float, boundary: Float, given: SegmentInput, config: GroupingConfig
) -> tuple[Labels, Float]:
    """Instances between which the network sees no border are one, with the better value."""
    count = len(value)
    keys, odds = [], []
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = labels[first], labels[second]
        near = np.abs(given.depth_m[first] - given.depth_m[second]) < np.minimum(
            given.gap_m[first], given.gap_m[second]
        )
        meet = (a != b) & (a > 0) & (b > 0) & near
        keys.append(np.minimum(a, b)[meet] * (count + 1) + np.maximum(a, b)[meet])
        odds.append(np.maximum(boundary[first], boundary[second])[meet])
    pair, of = np.unique(np.concatenate(keys), return_inverse=True)
    if not len(pair):
        return labels, value
    pixels = np.bincount(of)
    mean = np.bincount(of, weights=np.concatenate(odds)) / pixels
    size = np.bincount(labels.ravel(), minlength=count + 1)
    low, high = np.divmod(pair, count + 1)
    wide = pixels >= LEAST_BORDER * np.sqrt(np.minimum(size[low], size[high]))
    one = wide & (mean < config.join_at)
    graph = coo_matrix(
        (np.ones(int(one.sum()), np.bool_), (low[one], high[one])), shape=(count + 1, count + 1)
    )
    number, group_of = connected_components(graph, directed=False)
    order = np.zeros(number, np.int32)  # background keeps 0, groups follow
    others = np.setdiff1d(np.arange(number), group_of[:1])
    order[others] = np.arange(1, number)
    table = order[group_of]
    best = np.zeros(number, np.float32)
    np.maximum.at(best, table[1:], value)
    return table[labels], best[1:]


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
    return Groups(out, scores.astype(np.float32), objectness)


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
    rows, columns = np.arange(h) // step, np.arange(w) // step
    out = np.ascontiguousarray(labels[rows][:, columns])  # written through ravel below
    # only where the grid pixels around disagree is there anything to choose
    kernel, anchor = np.ones((2, 2), np.uint8), (0, 0)
    small = labels.astype(np.int16)
    mixed = cv2.dilate(small, kernel, anchor=anchor) != cv2.erode(small, kernel, anchor=anchor)
    pixel = np.flatnonzero(mixed[rows][:, columns])
    row, column = np.divmod(pixel, w)
    own = depth_m.ravel()[pixel]
    best = np.full(len(pixel), np.inf, np.float32)
    chosen = np.zeros(len(pixel), np.int32)
    for dv in (0, 1):
        for du in (0, 1):
            at_row = np.minimum(row // step + dv, labels.shape[0] - 1)
            at_column = np.minimum(column // step + du, labels.shape[1] - 1)
            z = depth_m[at_row * step, at_column * step]
            away = np.where(z == 0, np.float32(1e3), np.abs(z - own))
            nearer = away < best
            chosen[nearer] = labels[at_row, at_column][nearer]
            best[nearer] = away[nearer]
    out.ravel()[pixel] = chosen
    out[depth_m == 0] = 0
    return out.astype(np.int32)


def on_support(labels: Labels, count: int, height_m: Float, noise_m: Float) -> Bool:
    """(count + 1,) bool: instances that lie in the support's plane, as high as noise is."""
    flat = labels.ravel()
    pixel = np.flatnonzero(flat)
    number = np.maximum(np.bincount(flat[pixel], minlength=count + 1), 1)
    high = height_m.ravel()[pixel] > noise_m.ravel()[pixel]
    share = np.bincount(flat[pixel], weights=high, minlength=count + 1) / number
    return np.asarray(share < 0.25)
