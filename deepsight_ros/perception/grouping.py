"""From the segmenting network's pixels to instances: votes for middles, then checks against depth.

In: the network's output and the ``SegmentInput`` it was made from. Out: labels on the network's
grid with a score each, and those labels at perception resolution, guided by depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.grouping_loops import (
    common_borders,
    contacts_of,
    enlarged,
    joined_of,
    measured_parts,
    nearest_middle,
    parts_of,
    votes_of,
)
from deepsight_ros.perception.segment_input import SegmentInput
from deepsight_ros.perception.view import Float

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
        fine_seed_at, fine_nms_px: the same of the division that takes less for a middle.
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
    fine_seed_at: float = 0.1
    fine_nms_px: int = 3
    join_at: float = 0.4
    most: int = 96
    least_px: int = 6
    split_share: float = 0.6
    offset_px: float = 10.0


@dataclass(frozen=True, eq=False)
class Votes:
    """What the network says of each pixel, (h, w) float32 each.

    Attributes:
        objectness: probability of being object.
        x, y: column and row of the middle it votes for, -1 where it is no object.
        count: votes that a pixel gets.
        centre, border: probability of being a middle; of lying at another object.
    """

    objectness: Float
    x: Float
    y: Float
    count: Float
    centre: Float
    border: Float


@dataclass(frozen=True, eq=False)
class Groups:
    """Instances: (h, w) int32 labels 1..K and (K,) float32 scores (0 to 1)."""

    labels: Labels
    scores: Float


def read(heads: Float, given: SegmentInput, config: GroupingConfig) -> Votes:
    """What the network's output says of each pixel.

    Args:
        heads: (7, h, w) float32, ``model.segmenter_net.OUTPUTS``.
        given: the network's input.
    """
    objectness, x, y, count = votes_of(heads, given.depth_m, config.object_at, config.offset_px)
    return Votes(objectness, x, y, count, _sigmoid(heads[3]), _sigmoid(heads[6]))


def group(votes: Votes, given: SegmentInput, config: GroupingConfig) -> tuple[Groups, Groups]:
    """Two divisions of one picture: around sure middles, joined where no border is seen; and
    around all that may be a middle, apart."""
    shape = given.depth_m.shape
    nothing = Groups(np.zeros(shape, np.int32), np.zeros(0, np.float32))
    if votes.count.sum() < config.least_px:
        return nothing, nothing
    value = _values(votes, config.votes)
    sure = _seeds(value, config.seed_at, config.nms_px, config.most)
    joined = nothing
    if len(sure.value):
        labels, best = _joined(_around(votes, sure), sure.value, votes.border, given, config)
        joined = _checked(labels, best, votes.objectness, given, config)
    seeds = _seeds(value, config.fine_seed_at, config.fine_nms_px, config.most)
    if not len(seeds.value):
        return joined, nothing
    labels = _around(votes, seeds)
    return joined, _checked(labels, seeds.value, votes.objectness, given, config)


def _sigmoid(logit: Float) -> Float:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))), np.float32)


class _Seeds(NamedTuple):
    """Middles: columns, rows (pixels of the grid) and values of them, best first."""

    x: Float
    y: Float
    value: Float


def _values(votes: Votes, sure: float) -> Float:
    """(h, w) how much of a middle each pixel is (``GroupingConfig.seed_at``)."""
    dense = cv2.GaussianBlur(votes.count, (7, 7), 1.2)
    value = np.float32(0.5) * cv2.GaussianBlur(votes.centre, (3, 3), 0.8)
    value += np.float32(0.5) * np.minimum(dense / np.float32(sure), np.float32(1.0))
    return np.asarray(value, np.float32)


def _seeds(value: Float, least: float, nms_px: int, most: int) -> _Seeds:
    """The middles that the network sees and that pixels vote for (``GroupingConfig``)."""
    highest = cv2.dilate(value, np.ones((nms_px, nms_px), np.uint8))
    rows, columns = np.nonzero((value >= highest) & (value > least))
    best = np.argsort(-value[rows, columns], kind="stable")[:most]
    rows, columns = rows[best], columns[best]
    return _Seeds(columns.astype(np.float32), rows.astype(np.float32), value[rows, columns])


def _around(votes: Votes, seeds: _Seeds) -> Labels:
    """(h, w) number, from 1, of the middle nearest to a pixel's vote; 0 where it has none."""
    return nearest_middle(votes.x, votes.y, seeds.x, seeds.y)


def _joined(
    labels: Labels, value: Float, border: Float, given: SegmentInput, config: GroupingConfig
) -> tuple[Labels, Float]:
    """Instances between which the network sees no border are one, with the better value."""
    number, total, size = common_borders(labels, len(value), border, given.depth_m, given.gap_m)
    return joined_of(labels, value, number, total, size, LEAST_BORDER, config.join_at)


def _checked(
    labels: Labels, value: Float, objectness: Float, given: SegmentInput, config: GroupingConfig
) -> Groups:
    """Instances that hang together in depth: parts are split off, joined or dropped."""
    parts = connected_parts(labels, given)
    count = int(parts.max())
    size, owner, depth, sure = measured_parts(labels, parts, count, given.depth_m, objectness)
    depth /= np.maximum(size, 1)
    order = np.argsort(-size, kind="stable")
    main = np.zeros(int(owner.max()) + 1, np.int64)  # instance -> its largest part
    for number in order[::-1]:
        main[owner[number]] = number
    of = main[owner]
    is_main = of == np.arange(count + 1)
    large = size >= np.maximum(config.least_px, config.split_share * size[of])
    # side by side with a gap between: two things; apart, at about one depth: one behind another
    beside = contacts_of(labels, parts, of) > 0.2 * np.sqrt(size)
    one_thing = ~beside & (np.abs(depth - depth[of]) < HIDDEN_M)
    kept = np.where(is_main, size >= config.least_px, large)
    target = np.where(kept & ~is_main & one_thing, of, np.arange(count + 1))
    target[~kept] = 0
    target[0] = 0
    final, inverse = np.unique(target, return_inverse=True)
    table = inverse if final[0] == 0 else inverse + 1
    out = table[parts].astype(np.int32)
    number = int(out.max())
    total = np.bincount(table, weights=size, minlength=number + 1)
    certain = np.bincount(table, weights=sure, minlength=number + 1) / np.maximum(total, 1)
    peak = np.zeros(number + 1)
    np.maximum.at(peak, table, np.append(0.0, value)[owner])
    scores = np.sqrt(certain * peak)[1:]
    return Groups(out, scores.astype(np.float32))


def connected_parts(labels: Labels, given: SegmentInput) -> Labels:
    """(h, w) int32, 1..P: pixels of one label that hang together without a gap in depth."""
    return parts_of(labels, given.depth_m, given.gap_m)


def enlarge(labels: Labels, step: int, depth_m: Float) -> Labels:
    """Labels of the network's grid at perception resolution.

    Pixel (i, j) of the grid is pixel (i step, j step) of the view; a pixel between takes the label
    of the grid pixel around it whose depth is nearest to its own, none without depth.

    Args:
        depth_m: (H, W) float32 of the view, 0 without a reading.
    """
    return enlarged(labels, step, depth_m)
