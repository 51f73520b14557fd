"""The seam where a view is divided into things: the geometric segmenter, or one that learned it.

In: view, support and walls, as ``segmentation.segment`` takes them. Out: a ``Segmentation``. The
learned one is given its network as a function of arrays, so that nothing here needs torch; what
the network says is checked against the geometry before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.grouping import GroupingConfig, Groups, enlarge, group, read
from deepsight_ros.perception.grouping_loops import high_shares
from deepsight_ros.perception.judging import Judge, choose, measure, paint, shared_pixels
from deepsight_ros.perception.outliers import flying_pixels
from deepsight_ros.perception.outlines import complete_outlines
from deepsight_ros.perception.segment_input import segment_input
from deepsight_ros.perception.segmentation import (
    Array,
    Ground,
    Labels,
    Plane,
    Segmentation,
    box_of,
    foreground_of,
    partitions,
    segment,
    stands_out,
)
from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.things import keep_things
from deepsight_ros.perception.view import Bool, Float, WorkingView

KINDS = ("auto", "geometric", "learned")
"""Values of the parameter ``segmenter``."""

Network = Callable[[Float], Float]
"""(C, h, w) float32 channels to (7, h, w) float32 outputs of the segmenting network."""

SMALLEST_PX = 12
"""Least side of a view (at perception resolution) that is segmented at all."""

FINER_LOG_ODDS = 2.0
"""The finer of the geometry's divisions parts neighbours at odds lower by this."""

_NONE = np.zeros((0, 0))

HIGH_SHARE = 0.25
"""Less of an instance than this stands out of the support's noise: it lies in the support."""

ON_WALL_SHARE = 0.6
"""An instance with this share of its pixels on a wall's plane is wall."""


class Segmenter(Protocol):
    """Divides a view into things."""

    def __call__(
        self,
        view: WorkingView,
        finding: SupportFinding,
        walls: Sequence[Plane],
        config: PerceptionConfig,
        gripper_m: Array | None = None,
    ) -> Segmentation:
        """As ``segmentation.segment``."""


geometric: Segmenter = segment


@dataclass(frozen=True, eq=False)
class Offer:
    """Masks of a view from all sources, before anything is chosen.

    Attributes:
        divisions: (H, W) int32 of each of ``judging.SOURCES`` at perception resolution.
        coarse: the same on the network's grid.
        scores: (K,) of the network's joined masks.
        shared: as ``judging.shared_pixels`` gives them on the network's grid.
        features, counts: as ``judging.measure`` gives and takes them.
    """

    divisions: tuple[Labels, ...]
    coarse: tuple[Labels, ...]
    scores: Float
    shared: Array
    features: Array
    counts: tuple[int, ...]


class LearnedSegmenter:
    """The best of a network's and the geometry's masks, checked and cleaned.

    A mask has depth behind every pixel it got from the network, spans no gap in depth, and lies
    neither in the support's plane nor in a wall's.

    Args:
        network: see ``Network``.
        judge: chooses among the masks; None: the network's masks alone.
        grouping: numbers of the grouping.
        colour: the network takes the colour channels too.
    """

    def __init__(
        self,
        network: Network,
        judge: Judge | None = None,
        grouping: GroupingConfig | None = None,
        *,
        colour: bool = False,
    ) -> None:
        self.network = network
        self.judge = judge
        self.grouping = grouping or GroupingConfig()
        self.colour = colour
        self._beside = ThreadPoolExecutor(1, "segmenter")

    def __call__(
        self,
        view: WorkingView,
        finding: SupportFinding,
        walls: Sequence[Plane],
        config: PerceptionConfig,
        gripper_m: Array | None = None,
    ) -> Segmentation:
        ground = foreground_of(view, finding, walls, config)
        shape = view.filled_m.shape
        empty = Segmentation(
            np.zeros(shape, np.int32), 0, ground.foreground, finding, tuple(walls),
            ground.wall_masks,
        )  # fmt: skip
        if min(shape) < SMALLEST_PX or not view.valid.any():
            return empty
        made = self.offer(view, ground, finding, config, measured=self.judge is not None)
        if self.judge is None:
            labels, found = made.divisions[0], made.scores
        else:
            judged = self.judge(made.features)
            kept_of = choose(made.shared, made.counts, judged, self.judge)
            labels = paint(made.divisions, kept_of)
            first = np.concatenate([[0], np.cumsum(made.counts)])
            found = np.array([judged[first[s] + k - 1] for s, k in kept_of], np.float32)
        labels = _without_surfaces(labels, len(found), view, ground, finding)
        scores = np.append(np.float32(0.0), found)
        table = finding.support if stands_out(ground.height_m) else None
        kept, count = keep_things(labels, view, table, config, gripper_m)
        of = np.zeros(count + 1, np.int64)  # what each kept instance was called before
        of[kept.ravel()] = labels.ravel()
        up = None if finding.support is None else finding.support.normal
        kept = complete_outlines(kept, view, ground.low, ground.height_m, up)
        return replace(
            empty, labels=kept, count=count, scores=tuple(float(s) for s in scores[of[1:]])
        )

    def offer(
        self,
        view: WorkingView,
        ground: Ground,
        finding: SupportFinding,
        config: PerceptionConfig,
        *,
        measured: bool = True,
    ) -> Offer:
        """Masks of network and geometry; not ``measured``: those of the network alone."""
        # the geometry cuts while the network looks, where there is a second core
        cutting = self._beside.submit(_cut, view, ground, config) if measured else None
        given = segment_input(view, finding, colour=self.colour)
        votes = read(self.network(given.channels), given, self.grouping)
        joined, apart = group(votes, given, self.grouping)
        seen = _seen((joined, apart), view, given.step)
        if cutting is None:
            coarse = (joined.labels, apart.labels)
            return Offer(tuple(seen), coarse, joined.scores, _NONE, _NONE, ())
        cut = cutting.result()
        small = [np.ascontiguousarray(c[:: given.step, :: given.step]) for c in cut]
        coarse = (joined.labels, apart.labels, *small)
        divisions = (*seen, *cut)
        # stray readings may take all of a mask in the view, small ones have none on the grid
        counts = tuple(
            max(int(d.max()), int(c.max())) for d, c in zip(divisions, coarse, strict=True)
        )
        pixel = given.step / view.camera.fx_px
        shared = shared_pixels(coarse, counts)
        features = measure(coarse, counts, votes, given, pixel, shared)
        return Offer(divisions, coarse, joined.scores, shared, features, counts)


def _cut(view: WorkingView, ground: Ground, config: PerceptionConfig) -> list[Labels]:
    """The geometry's divisions, as it would cut and finer, (H, W) each."""
    at = (config.part_at_log_odds, config.part_at_log_odds - FINER_LOG_ODDS)
    out = [np.zeros(ground.foreground.shape, np.int32) for _ in at]
    box = box_of(ground.foreground)
    if box is not None:
        inside = np.ascontiguousarray(ground.foreground[box])
        for labels, found in zip(
            out, partitions(view.crop(*box), inside, config, at)[0], strict=True
        ):
            labels[box] = found
    return out


def _seen(groups: Sequence[Groups], view: WorkingView, step: int) -> list[Labels]:
    """Labels of the network's grid at perception resolution, without stray readings."""
    large = [enlarge(g.labels, step, view.filled_m) for g in groups]
    stray = flying_pixels(view, np.logical_or.reduce([labels > 0 for labels in large]))
    for labels in large:
        labels[stray] = 0
    return large


def _without_surfaces(
    labels: Labels, count: int, view: WorkingView, ground: Ground, finding: SupportFinding
) -> Labels:
    """Labels without instances that lie in the support's plane or in a wall's."""
    drop = np.zeros(count + 1, bool)
    if ground.height_m is not None and finding.support is not None:
        normal = np.ascontiguousarray(finding.support.normal, np.float64)
        high = high_shares(labels, count, ground.height_m, view.sigma_m, *view.rays, normal)
        drop |= high < HIGH_SHARE
    drop |= _share(labels, count, ground.wall_masks) > ON_WALL_SHARE
    drop[0] = True
    table = np.where(drop, 0, np.arange(count + 1)).astype(np.int32)
    return table[labels]


def _share(labels: Labels, count: int, masks: Sequence[Bool]) -> Array:
    """(count + 1,) share of each label's pixels that lie in any of the masks."""
    number = np.bincount(labels.ravel(), minlength=count + 1)
    if not masks:
        return np.zeros(count + 1)
    on = np.logical_or.reduce(masks).ravel()
    return np.bincount(labels.ravel()[on], minlength=count + 1) / np.maximum(number, 1)
