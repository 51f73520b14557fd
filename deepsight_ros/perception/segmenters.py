"""The seam where a view is divided into things: the geometric segmenter, or one that learned it.

In: view, support and walls, as ``segmentation.segment`` takes them. Out: a ``Segmentation``. The
learned one is given its network as a function of arrays, so that nothing here needs torch; what
the network says is checked against the geometry before it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.fusing import fuse
from deepsight_ros.perception.grouping import GroupingConfig, enlarge, group, on_support
from deepsight_ros.perception.outliers import flying_pixels
from deepsight_ros.perception.outlines import complete_outlines
from deepsight_ros.perception.segment_input import segment_input
from deepsight_ros.perception.segmentation import (
    Array,
    Ground,
    Labels,
    Plane,
    Segmentation,
    cut,
    foreground_of,
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


class LearnedSegmenter:
    """A network's instances and the geometry's segments in one (``fusing.fuse``), cleaned.

    A mask has depth behind every pixel it got from the network, spans no gap in depth, and lies
    neither in the support's plane nor in a wall's.

    Args:
        network: see ``Network``.
        grouping: numbers of the grouping.
        colour: the network takes the colour channels too.
    """

    def __init__(
        self,
        network: Network,
        grouping: GroupingConfig | None = None,
        *,
        colour: bool = False,
    ) -> None:
        self.network = network
        self.grouping = grouping or GroupingConfig()
        self.colour = colour

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
        given = segment_input(view, finding, colour=self.colour)
        groups = group(self.network(given.channels), given, self.grouping)
        labels = enlarge(groups.labels, given.step, view.filled_m)
        labels[flying_pixels(view)] = 0
        geometry = cut(ground, view, finding, walls, config, gripper_m).labels
        rows, columns = (np.arange(n) // given.step for n in shape)
        labels, found = fuse(geometry, labels, groups.scores, groups.objectness[rows][:, columns])
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


def _without_surfaces(
    labels: Labels, count: int, view: WorkingView, ground: Ground, finding: SupportFinding
) -> Labels:
    """Labels without instances that lie in the support's plane or in a wall's."""
    drop = np.zeros(count + 1, bool)
    if ground.height_m is not None and finding.support is not None:
        noise = np.float32(0.004) + np.float32(1.5) * view.sigma_m * np.abs(
            view.along(finding.support.normal)
        )
        drop |= on_support(labels, count, np.abs(ground.height_m), noise)
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
