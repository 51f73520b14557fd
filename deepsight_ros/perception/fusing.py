"""Two divisions of one view made into one: outlines from the geometry, judgement from the network.

The geometric segmenter cuts where depth says so, but takes walls of bins and boards for things and
joins what touches; the network knows things from furniture and sees where one ends, with coarser
outlines. A geometric segment is kept where the network sees object, given up where the network
sees several things in it, and what geometry missed is added as the network has it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.view import Float

Labels = NDArray[np.int32]

OBJECT_AT = 0.5
"""Least mean probability of being object of a geometric segment that is kept."""

INSIDE, PART = 0.7, 0.2
"""A network's instance lies in a segment with this share of itself, and is a part of it that
counts from this share of the segment on; two of them divide it."""

COVERED = 0.3
"""A network's instance is added when less of it is covered by kept segments."""


def fuse(cut: Labels, seen: Labels, seen_scores: Float, objectness: Float) -> tuple[Labels, Float]:
    """Labels 1..K with a score each.

    Args:
        cut: (H, W) int32 segments of the geometry.
        seen: (H, W) int32 instances of the network, with ``seen_scores`` (their number).
        objectness: (H, W) float32 probability of being object.
    """
    cuts, sights = int(cut.max()), len(seen_scores)
    joint = np.bincount(
        (cut.astype(np.int64) * (sights + 1) + seen).ravel(), minlength=(cuts + 1) * (sights + 1)
    ).reshape(cuts + 1, sights + 1)
    size = np.maximum(joint.sum(axis=1), 1)
    seen_size = np.maximum(joint.sum(axis=0), 1)
    sure = np.bincount(cut.ravel(), weights=objectness.ravel(), minlength=cuts + 1) / size
    parts = (joint > INSIDE * seen_size) & (joint > PART * size[:, None])
    parts[:, 0] = False
    kept = (sure >= OBJECT_AT) & (parts.sum(axis=1) < 2)
    kept[0] = False
    covered = joint[kept].sum(axis=0) / seen_size
    added = (covered < COVERED) & (np.arange(sights + 1) > 0)
    first = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    number = int(kept.sum())
    second = np.where(added, number + np.cumsum(added), 0).astype(np.int32)
    out = first[cut]
    free = out == 0
    out[free] = second[seen[free]]
    scores = np.concatenate([sure[kept], seen_scores[added[1:]]])
    return out, scores.astype(np.float32)
