"""What is remembered of one thing: shapes as frames showed it, and which of them stands for it.

In: shapes with the moment they were seen in. Out: the shape that differs least from the others,
at the mean place of the frames since, in the W of the present.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.view import WorkingView
from deepsight_ros.scene.carrying import are_same, carried
from deepsight_ros.scene.observed import ObservedShape

Array = NDArray[np.float64]

ENOUGH_DRIFTS, MOST_DRIFTS = 8, 20
"""Frames whose mean difference of place says something; frames over which the mean runs."""

OFF_M = 0.0015
"""Mean difference of place from which the sight in use is put right."""

SAME_PLACE_M = 0.01
"""A camera that moved by less still sees things from the same side."""


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame, for comparing things with: its view, the camera's pose, and W."""

    view: WorkingView
    fixed_from_camera: RigidTransform
    w_from_camera: RigidTransform

    @cached_property
    def camera_from_fixed(self) -> RigidTransform:
        return self.fixed_from_camera.inverse()

    @cached_property
    def w_from_fixed(self) -> RigidTransform:
        return self.w_from_camera @ self.camera_from_fixed

    @cached_property
    def camera_from_w(self) -> RigidTransform:
        return self.w_from_camera.inverse()

    @cached_property
    def fixed_from_w(self) -> RigidTransform:
        return self.fixed_from_camera @ self.camera_from_w


@dataclass(frozen=True, eq=False)
class Sight:
    """A shape as one frame showed it, and what later frames are compared with.

    Attributes:
        shape: in the W of that frame.
        fixed_from_w: that W, moved along with the thing since.
        seen_at: number of the frame.
        seen_from_m: (3,) where the camera was, in the fixed frame.
        points_m: (N, 3) some of its surface in W.
        offset_px: (2,) of the mask's middle from the middle of the points.
        area: pixels of the mask times squared depth.
        spread_m: mean absolute depth difference in its own frame.
    """

    shape: ObservedShape
    fixed_from_w: RigidTransform
    seen_at: int
    seen_from_m: Array
    points_m: Array
    offset_px: Array
    area: float
    spread_m: float

    @cached_property
    def measures(self) -> Array:
        """(6,) centre in the fixed frame, longer and shorter side, height."""
        return self.shape.box.measures_m(self.fixed_from_w)

    def moved(self, shift_m: Array) -> Sight:
        """The same after a displacement (3,) in the fixed frame."""
        then = self.fixed_from_w
        there = RigidTransform(then.rotation, then.translation_m + shift_m)
        return replace(self, fixed_from_w=there)


@dataclass(eq=False)
class Remembered:
    """What is remembered of one thing.

    Attributes:
        sights: shapes of it, newest last; those of one thing scatter, and now and then one is far
            off, so the middle one stands for all.
        confirmed_at: number of the last frame that agreed.
        hidden: share hidden in that frame.
        moving_until: number of the frame up to which the smallest drift is followed.
        drift_m: (3,) mean difference of place between the sight in use and the frames since, in
            the fixed frame; ``drifts`` how many frames.
        motion, placed: the last motion asked for, and the shape there.
    """

    sights: tuple[Sight, ...]
    confirmed_at: int
    hidden: float = 0.0
    moving_until: int = 0
    drift_m: Array = field(default_factory=lambda: np.zeros(3))
    drifts: int = 0
    motion: RigidTransform | None = None
    placed: ObservedShape | None = None

    def __post_init__(self) -> None:
        self.best = self._middle()

    @property
    def seen_at(self) -> int:
        """Number of the frame it was last seen anew in."""
        return self.sights[-1].seen_at

    def _middle(self) -> Sight:
        """The sight that differs least from all others; of two, the one that fits better."""
        if len(self.sights) == 1:
            return self.sights[0]
        if len(self.sights) == 2:
            return min(self.sights, key=lambda sight: sight.shape.completion.residual_m)
        return self.sights[most_alike([sight.measures for sight in self.sights])]

    def at(self, w_from_fixed: RigidTransform) -> ObservedShape:
        """The shape in a W; the very same one as before where nothing has changed."""
        motion = w_from_fixed @ self.best.fixed_from_w
        if self.motion is None or self.placed is None or not are_same(self.motion, motion):
            self.motion, self.placed = motion, carried(self.best.shape, motion)
        return self.placed

    def move(self, shift_m: Array) -> None:
        """The thing has moved by (3,) in the fixed frame."""
        best = self.sights.index(self.best)
        self.sights = tuple(sight.moved(shift_m) for sight in self.sights)
        self.best = self.sights[best]
        self.drift_m, self.drifts = np.zeros(3), 0

    def settle(self, drift_m: Array) -> None:
        """Take a small difference (3,) of place into the mean; where that shows that the sight in
        use was off, it is put right."""
        self.drifts += 1
        self.drift_m = self.drift_m + (drift_m - self.drift_m) / min(self.drifts, MOST_DRIFTS)
        if self.drifts < ENOUGH_DRIFTS or float(np.linalg.norm(self.drift_m)) < OFF_M:
            return
        right = self.best.moved(self.drift_m)
        self.sights = tuple(right if sight is self.best else sight for sight in self.sights)
        self.best = right
        self.drift_m, self.drifts = np.zeros(3), 0


def is_near(seen_from_m: Array, now: Moment) -> bool:
    """The camera is where it was: another side of a thing would show as a drift."""
    away = now.fixed_from_camera.translation_m - seen_from_m
    return float(np.linalg.norm(away)) < SAME_PLACE_M


def most_alike(measures: Sequence[Array]) -> int:
    """Which of several rows of measures differs least from all others."""
    rows = np.array(measures)
    apart = np.abs(rows[:, None] - rows[None]).sum(axis=2).sum(axis=1)
    return int(np.argmin(apart))
