"""Several divisions of one view made into one: which of their masks are whole things?

The geometric segmenter cuts where depth says so, but takes walls of bins and boards for things and
joins what touches; the network knows things from furniture and sees where one ends, but joins what
is stacked and misses what is small. Each offers masks, coarse and fine. A judge says of each mask
how likely it is one whole thing, from what the network says inside it and along its outline and
from how far the others agree; the best are kept, the next best where there is
room, and several in place of one where they are surer together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.grouping import Votes
from deepsight_ros.perception.judging_loops import best_set, joint_of, paint_over, sums_of
from deepsight_ros.perception.segment_input import SegmentInput

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

SOURCES = ("network, joined", "network, fine", "geometry", "geometry, fine")
"""Divisions that offer masks, in the order ``measure`` takes them."""

FEATURES = (
    *("log_pixels", "objectness", "voting", "vote_spread", "vote_off", "centre", "inner_border"),
    *("down", "up", "level", "level_border", "leak", "spread", "cut_off", "log_size", "log_depth"),
    *(f"like {s}" for s in SOURCES),
    *(f"parts of {s}" for s in SOURCES[:2]),
    *(f"is {s}" for s in SOURCES),
)
"""Of a mask: root of pixels as log; mean of being object; share that votes; spread of its votes
and distance of their mean from its middle over that root; greatest middle; border probability
inside; of its outline the shares that step down and up in depth or are level, border probability
of the level ones, share that is object beyond and no border; spread of its pixels; share of the
outline at the picture's edge; log of size and depth in metres; best overlap (IoU) with each
source's masks; masks of the network that lie in it; where it is from."""

MARGIN = 0.1
"""By so much several masks must together be surer than the one they take the place of."""

INSIDE, PART = 0.7, 0.15
"""A mask lies in another with this share of itself, and is a part that counts from this share of
the other on."""


@dataclass(frozen=True, eq=False)
class Judge:
    """A small network of one hidden layer, and when its word is enough.

    Attributes:
        mean, scale: (F,) of the features.
        inner, inner_bias: (F, M), (M,).
        outer, outer_bias: (M,), one number.
        least: least judgement of a mask that is kept.
        room: most of the smaller of two masks that both may cover.
    """

    mean: Array
    scale: Array
    inner: Array
    inner_bias: Array
    outer: Array
    outer_bias: float
    least: float = 0.15
    room: float = 0.3

    def __call__(self, features: Array) -> Array:
        """(N,) 0 to 1: how likely each of (N, F) masks is one whole thing."""
        hidden = np.maximum((features - self.mean) / self.scale @ self.inner + self.inner_bias, 0)
        logit = np.clip(hidden @ self.outer + self.outer_bias, -30.0, 30.0)
        return np.asarray(1.0 / (1.0 + np.exp(-logit)))


def shared_pixels(divisions: Sequence[Labels], counts: Sequence[int]) -> Array:
    """(N, N) pixels that two masks share, source by source; on the diagonal those of each."""
    first = np.concatenate([[0], np.cumsum(counts)])
    shared = np.zeros((first[-1], first[-1]))
    for a, (labels, count) in enumerate(zip(divisions, counts, strict=True)):
        own = slice(first[a], first[a + 1])
        shared[own, own] = np.diag(np.bincount(labels.ravel(), minlength=count + 1)[1:])
        for b in range(a):
            other = slice(first[b], first[b + 1])
            shared[own, other] = joint_of(labels, count, divisions[b], counts[b])[1:, 1:]
            shared[other, own] = shared[own, other].T
    return shared


def measure(
    divisions: Sequence[Labels],
    counts: Sequence[int],
    votes: Votes,
    given: SegmentInput,
    pixel: float,
    shared: Array,
) -> Array:
    """(N, F) features of all masks, source by source.

    Args:
        divisions: (h, w) int32 labels on the network's grid, one image per ``SOURCES``.
        counts: labels of each; one that is too small for the grid may have no pixel on it.
        pixel: width of a pixel of the grid at 1 m.
        shared: as ``shared_pixels`` gives them.
    """
    first = np.concatenate([[0], np.cumsum(counts)])
    size = np.diag(shared)
    rows = []
    for a, (labels, count) in enumerate(zip(divisions, counts, strict=True)):
        sums = sums_of(
            labels, count, votes.objectness, votes.x, votes.y, votes.border, votes.centre,
            given.depth_m, given.gap_m,
        )[1:]  # fmt: skip
        like, parts = np.ones((count, len(counts))), np.ones((count, 2))
        for b in range(len(counts)):
            if b == a:
                continue
            both = shared[first[a] : first[a + 1], first[b] : first[b + 1]]
            of, own = size[None, first[b] : first[b + 1]], sums[:, :1]
            if counts[b] == 0:
                like[:, b] = 0.0
            else:
                like[:, b] = (both / np.maximum(own + of - both, 1.0)).max(axis=1)
            if b < 2:
                parts[:, b] = ((both > INSIDE * of) & (both > PART * own)).sum(axis=1)
        source = np.zeros((count, len(counts)))
        source[:, a] = 1.0
        rows.append(np.hstack([_of_sums(sums, pixel), like, np.minimum(parts, 4.0), source]))
    return np.vstack(rows)


def _of_sums(sums: Array, pixel: float) -> Array:
    """(K, 16) features of each mask's own sums."""
    n = np.maximum(sums[:, 0], 1.0)
    root = np.sqrt(n)
    voting = np.maximum(sums[:, 2], 1.0)
    vote = sums[:, 3:5] / voting[:, None]
    vote_spread = np.sqrt(np.maximum(sums[:, 5] / voting - np.square(vote).sum(axis=1), 0.0))
    middle = sums[:, 6:8] / n[:, None]
    spread = np.sqrt(np.maximum(sums[:, 8] / n - np.square(middle).sum(axis=1), 0.0))
    off = np.where(sums[:, 2] > 0, np.hypot(*(vote - middle).T), 0.0)
    outline = np.maximum(sums[:, 12], 1.0)
    level = sums[:, 12] - sums[:, 13] - sums[:, 14]
    depth = sums[:, 18] / n
    made = (
        np.log(root),
        sums[:, 1] / n,
        sums[:, 2] / n,
        np.minimum(vote_spread / root, 2.0),
        np.minimum(off / root, 2.0),
        sums[:, 9],
        sums[:, 10] / np.maximum(sums[:, 11], 1.0),
        sums[:, 13] / outline,
        sums[:, 14] / outline,
        level / outline,
        sums[:, 15] / np.maximum(level, 1.0),
        sums[:, 16] / outline,
        spread / root,
        sums[:, 17] / (outline + sums[:, 17]),
        np.log(np.maximum(root * depth * pixel, 1e-4)),
        np.log(np.maximum(depth, 0.1)),
    )
    return np.stack(made, axis=1)


def choose(
    shared: Array, counts: Sequence[int], judged: Array, judge: Judge
) -> list[tuple[int, int]]:
    """(source, label) of the masks that are kept, best first.

    Args:
        shared: as ``shared_pixels`` gives them.
        judged: of all masks, source by source.
    """
    order = np.argsort(-judged, kind="stable")
    order = order[(judged[order] >= judge.least) & (np.diag(shared)[order] > 0)]
    kept = best_set(_conflicts(shared, judge.room), judged, order, MARGIN)
    place = [(s, k + 1) for s, count in enumerate(counts) for k in range(count)]
    return [place[k] for k in order if kept[k]]


def _conflicts(shared: Array, room: float) -> NDArray[np.bool_]:
    """(N, N) masks that share more than ``room`` of the smaller one."""
    size = np.diag(shared)
    conflict: NDArray[np.bool_] = shared > room * np.minimum(size[:, None], size[None, :])
    np.fill_diagonal(conflict, False)
    return conflict


def paint(divisions: Sequence[Labels], kept: Sequence[tuple[int, int]]) -> Labels:
    """(H, W) int32, 1..K in the order of ``kept``: where masks overlap the better one has it.

    Args:
        divisions: (H, W) int32 at perception resolution.
    """
    none = len(kept) + 1
    out = np.full(divisions[0].shape, none, np.int32)
    for source, labels in enumerate(divisions):
        own = np.array([(k, n) for n, (s, k) in enumerate(kept, 1) if s == source], np.int32)
        if len(own):
            paint_over(out, labels, own)
    out[out == none] = 0
    return out
