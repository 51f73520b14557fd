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
from deepsight_ros.perception.silhouette import corners_of, pixels_of, silhouette
from deepsight_ros.perception.view import WorkingView
from deepsight_ros.scene.carrying import are_same, carried
from deepsight_ros.scene.observed import ObservedShape

Array = NDArray[np.float64]

ENOUGH_DRIFTS, MOST_DRIFTS = 8, 20
"""Frames whose mean difference of place says something; frames over which the mean runs."""

OFF_M = 0.0015
"""Mean difference of place from which the sight in use is put right."""

STILL_M, STILL_SHARE = 0.006, 0.05
"""A thing seen anew from elsewhere is where it was if its middle is off by no more than this and
a share of its longer side."""

STANDING_SHARE = 0.3
"""Share of the looks at a thing that must show it standing for it to stand."""

LEAST_FACING, LEAST_FACING_SHARE = 0.2, 0.3
"""Least cosine between a surface and the way to a camera elsewhere for the surface to be looked
for there; least share of the surface that has to be left."""

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
class Aspect:
    """What is expected of a thing at rest in the present view.

    Attributes:
        points_m: (N, 3) points of its surface that face the camera, in the optical frame.
        offset_px: (2,) of the mask's middle from the middle of all of these.
        area: pixels of the mask times squared depth.
        turned_rad: by how much the camera has gone round it since; its outline is known only
            as well as its back is guessed, so the farther the less is noticed.
    """

    points_m: Array
    offset_px: Array
    area: float
    turned_rad: float


@dataclass(frozen=True, eq=False)
class Sight:
    """A shape as one frame showed it, and what later frames are compared with.

    Attributes:
        shape: in the W of that frame.
        fixed_from_w: that W, moved along with the thing since.
        seen_at: number of the frame.
        seen_from_m: (3,) where the camera was, in the fixed frame.
        points_m, normals: (N, 3) some of its surface in W, and unit normals out of it.
        offset_px: (2,) of the mask's middle from the middle of the points.
        area: pixels of the mask times squared depth.
        spread_m: mean absolute depth difference in its own frame.
        mask_px: (2,) middle of the mask.
        camera_from_w: where W was, seen from the camera.
    """

    shape: ObservedShape
    fixed_from_w: RigidTransform
    seen_at: int
    seen_from_m: Array
    points_m: Array
    normals: Array
    offset_px: Array
    area: float
    spread_m: float
    mask_px: Array
    camera_from_w: RigidTransform

    @cached_property
    def _corners_m(self) -> Array:
        return corners_of(self.shape.solid)

    @cached_property
    def _middle_m(self) -> Array:
        return self.points_m.mean(axis=0)

    def aspect(self, now: Moment) -> Aspect | None:
        """What the present view ought to show; None where that is not known, so far has the
        camera gone round the thing."""
        camera_from_w = now.camera_from_fixed @ self.fixed_from_w
        points = camera_from_w.apply(self.points_m)
        if is_near(self.seen_from_m, now):
            return Aspect(points, self.offset_px, self.area, 0.0)
        facing = np.einsum("ij,ij->i", camera_from_w.rotate(self.normals), points)
        points = points[facing < -LEAST_FACING * np.linalg.norm(points, axis=1)]
        if len(points) < LEAST_FACING_SHARE * len(self.points_m):
            return None
        camera = now.view.camera
        then = silhouette(self.camera_from_w.apply(self._corners_m), camera)
        here = silhouette(camera_from_w.apply(self._corners_m), camera)
        if then is None or here is None:
            return None
        at_then = self.camera_from_w.apply(self._middle_m)
        at_here = camera_from_w.apply(self._middle_m)
        nearer = float(at_then[2] / at_here[2])
        mask_px = here.middle_px + (self.mask_px - then.middle_px) * nearer
        offset = mask_px - pixels_of(points, camera).mean(axis=0)
        area = self.area * here.area_px / then.area_px / nearer**2
        # the same direction from W's point of view, before and now
        way_then = self.camera_from_w.inverse().translation_m - self._middle_m
        way_here = camera_from_w.inverse().translation_m - self._middle_m
        turned = np.cross(way_then, way_here) / np.linalg.norm(way_then) / np.linalg.norm(way_here)
        return Aspect(points, offset, area, float(np.linalg.norm(turned)))

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
        lost_at: number of the frame that did not agree, 0 for none.
        motion, placed: the last motion asked for, and the shape there.
    """

    sights: tuple[Sight, ...]
    confirmed_at: int
    hidden: float = 0.0
    moving_until: int = 0
    drift_m: Array = field(default_factory=lambda: np.zeros(3))
    drifts: int = 0
    lost_at: int = 0
    motion: RigidTransform | None = None
    placed: ObservedShape | None = None

    def __post_init__(self) -> None:
        self.best = self._middle()

    @property
    def seen_at(self) -> int:
        """Number of the frame it was last seen anew in."""
        return self.sights[-1].seen_at

    def is_still(self, measures: Array, now: Moment) -> bool:
        """Whether a new look from elsewhere shows the thing where it was and as large."""
        if is_near(self.best.seen_from_m, now):
            return False
        off = np.abs(measures - self.best.measures)
        slack_m = STILL_M + STILL_SHARE * float(self.best.measures[3])
        return float(np.linalg.norm(off[:3])) < slack_m and float(off[3:].max()) < 2.0 * slack_m

    def _middle(self) -> Sight:
        """The sight that differs least from all others; of two, the one that fits better.

        One view sees a foot on the support that another does not, and nothing hovers: where
        enough of them stand, one of those stands for the thing.
        """
        sights = self.sights
        if len(sights) == 1:
            return sights[0]
        standing = tuple(s for s in sights if s.shape.completion.stands)
        if len(standing) >= STANDING_SHARE * len(sights):
            sights = standing
        if len(sights) <= 2:
            return min(sights, key=lambda sight: sight.shape.completion.residual_m)
        return sights[most_alike([sight.measures for sight in sights])]

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
