"""Shapes of one thing as frames showed it, in; the one that stands for all, out.

Each frame completes what it sees of a thing anew, so its sizes waver, and now and then one is far
off. The shape that differs least from the others is taken; cut ones only where none is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.alignment import Model
from deepsight_ros.perception.sights import most_alike
from deepsight_ros.scene.objects import SceneObject
from deepsight_ros.scene.observed import ObservedShape

Array = NDArray[np.float64]

MOST_SIGHTS = 15
"""Frames whose shapes of one thing are compared."""

FRONT_M = 0.01
"""Sights of a gripper whose front lies this near to its frame's origin come first."""


@dataclass(frozen=True, eq=False)
class ShapeSight:
    """A thing as one frame showed it.

    Attributes:
        thing: as perceived.
        shape: of it, in that frame's W.
        anchor_from_w: what it is fixed to (the fixed frame, or the gripper's) from that W.
    """

    thing: SceneObject
    shape: ObservedShape
    anchor_from_w: RigidTransform

    @cached_property
    def measures_m(self) -> Array:
        """(6,) centre in the anchor's frame; longer, shorter and upright side."""
        return self.shape.box.measures_m(self.anchor_from_w)

    @cached_property
    def front_m(self) -> float:
        """Where the shape ends along the anchor's +x, from its origin."""
        ahead = self.anchor_from_w.rotation[0]
        origin = self.anchor_from_w.inverse().translation_m
        _, end_m = self.shape.solid.extent(ahead)
        return float(end_m - ahead @ origin)

    @property
    def is_whole(self) -> bool:
        """Neither something nearer nor the image's border cuts it."""
        return not (self.thing.is_occluded or self.thing.is_truncated)


def sight_of(perceived: SceneObject | None, anchor_from_w: RigidTransform) -> ShapeSight | None:
    """A sight of what was perceived; None where there is none."""
    if perceived is None or not isinstance(perceived.shape, ObservedShape):
        return None
    return ShapeSight(perceived, perceived.shape, anchor_from_w)


class LastingShape:
    """The shape of one thing.

    Args:
        by_front: a gripper's: its fingers reach to its frame's origin, along +x.

    Attributes:
        best: the sight that stands for all, None before the first.
        model: what is looked for of it.
    """

    def __init__(self, *, by_front: bool = False) -> None:
        self._by_front = by_front
        self._sights: list[ShapeSight] = []
        self.best: ShapeSight | None = None
        self.model: Model | None = None

    def wants(self, sight: ShapeSight) -> bool:
        """Whether a sight would tell anything more: enough whole ones, or enough of a thing that
        is always cut, have been compared, and no cut one counts beside a whole one."""
        whole = sum(s.is_whole for s in self._sights)
        if sight.is_whole:
            return whole < MOST_SIGHTS
        return not whole and len(self._sights) < MOST_SIGHTS

    def add(self, sight: ShapeSight) -> None:
        """One more frame's; may change which one stands for all."""
        self._sights.append(sight)
        able = [s for s in self._sights if s.is_whole] or self._sights
        if self._by_front:
            able = [s for s in able if abs(s.front_m) < FRONT_M] or able
        best = able[most_alike([s.measures_m for s in able])]
        if best is not self.best:
            self.best, self.model = best, Model.of(best.shape)
