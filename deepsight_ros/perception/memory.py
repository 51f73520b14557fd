"""ShapeMemory: shapes worked out in earlier frames, for as long as the present frame agrees.

In: an object's id and Glimpse, the view, the camera's pose. Out: its remembered ``ObservedShape``
moved to where the object is now, or None when what is seen now contradicts it. Nothing is ever
taken for granted: each frame, points of the remembered surface are projected into the picture,
and mask, depth, place and size have to agree within noise. What agrees after a small shift has
moved, and is carried along; what disagrees is forgotten and seen anew. So a measurement made on
a remembered shape belongs to the stamp of the frame that confirmed it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.glimpse import Glimpse
from deepsight_ros.perception.view import WorkingView
from deepsight_ros.scene.carrying import are_same, carried
from deepsight_ros.scene.observed import ObservedShape

Array = NDArray[np.float64]

MOST_POINTS = 250
"""Points of a surface that are compared with each frame."""

MOST_SHAPES = 64
"""Shapes remembered at most; the ones longest unconfirmed go first."""

LEAST_INSIDE = 0.88
"""Least share of the points (those not hidden by something nearer) that fall into the mask."""

LEAST_VISIBLE = 0.4
"""Least share of the points that must not be hidden."""

HIDDEN_M = 0.02
"""A reading nearer than expected by this hides the point."""

PART_HIDDEN = 0.04
"""Share of hidden points from which a thing counts as newly cut by something nearer."""

PLACE_PX = 0.75
"""Largest shift of the mask's middle that noise explains, plus ``PLACE_SHARE``."""

PLACE_SHARE = 0.004
"""Of the mask's size (the root of its area): wide outlines waver more."""

AREA_PX = 0.45
"""Largest change of the mask's area that noise explains, per pixel of outline (4 root area)."""

DEPTH_M = 0.0012
DEPTH_SIGMAS = 0.9
"""Largest mean depth difference that noise explains: a constant, and a share of its sigma."""

SPREAD = 1.6
"""Most that the mean absolute depth difference may exceed that of the frame it was seen in."""

ATTEMPTS = 4
"""How often a shift is refined before the shape is given up."""

MOST_SHIFT_M = 0.10
"""Farthest a thing may have moved since it was seen for its shape to be carried along."""


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
class _Agreement:
    """How remembered points look in a frame.

    Attributes:
        inside: share of the visible points that fall into the mask.
        hidden: share of the points behind something nearer.
        depth_m: mean difference of depth, seen minus expected.
        spread_m: mean absolute difference around that.
        middle_px: (2,) mean column and row of the visible points.
        at_m: mean depth expected.
        sigma_m: mean depth noise of the sensor at the points.
    """

    inside: float
    hidden: float
    depth_m: float
    spread_m: float
    middle_px: Array
    at_m: float
    sigma_m: float


@dataclass(eq=False)
class _Entry:
    """One remembered shape.

    Attributes:
        shape: as seen, in its W.
        fixed_from_w: that W.
        points_m: (N, 3) some of its surface in the fixed frame.
        offset_px: (2,) of the mask's middle from the middle of the points.
        area: pixels of the mask times squared depth.
        spread_m: mean absolute depth difference in its own frame.
        seen_at: number of the frame it was seen in; confirmed_at: last one that agreed.
        hidden: share hidden in that frame.
        shift_m: (3,) how far the thing has moved since, in the fixed frame.
        motion, placed: the last motion asked for, and the shape there.
    """

    shape: ObservedShape
    fixed_from_w: RigidTransform
    points_m: Array
    offset_px: Array
    area: float
    spread_m: float
    seen_at: int
    confirmed_at: int
    hidden: float = 0.0
    shift_m: Array = field(default_factory=lambda: np.zeros(3))
    motion: RigidTransform | None = None
    placed: ObservedShape | None = None

    def at(self, motion: RigidTransform) -> ObservedShape:
        """The shape after a motion; the very same one as before where that has not changed."""
        if self.motion is None or self.placed is None or not are_same(self.motion, motion):
            self.motion, self.placed = motion, carried(self.shape, motion)
        return self.placed


@dataclass(frozen=True, eq=False)
class Recollection:
    """A remembered shape that the present frame confirms.

    Attributes:
        shape: in the present W.
        is_hidden: something nearer hides more of it now than when it was seen.
        age: frames since it was seen.
    """

    shape: ObservedShape
    is_hidden: bool
    age: int


@dataclass(eq=False)
class ShapeMemory:
    """Remembered shapes by object id. ``begin`` starts each frame."""

    _entries: dict[str, _Entry] = field(default_factory=dict)
    _frame: int = 0

    def __len__(self) -> int:
        return len(self._entries)

    def reset(self) -> None:
        """Forget everything (a new episode, a jump in time)."""
        self._entries.clear()

    def begin(self, known_ids: set[str]) -> None:
        """Start a frame; shapes of things that are not tracked any more are forgotten."""
        self._frame += 1
        self._entries = {i: e for i, e in self._entries.items() if i in known_ids}
        if len(self._entries) > MOST_SHAPES:
            newest = sorted(self._entries.items(), key=lambda item: -item[1].confirmed_at)
            self._entries = dict(newest[:MOST_SHAPES])

    def recall(self, object_id: str, seen: Glimpse, now: Moment) -> Recollection | None:
        """The remembered shape where the present frame confirms it, else None (forgotten)."""
        entry = self._entries.get(object_id)
        if entry is None:
            return None
        view = now.view
        points = now.camera_from_fixed.apply(entry.points_m)
        # in the optical frame; where it was found last is the best first guess
        shift = now.camera_from_fixed.rotate(entry.shift_m)
        for attempt in range(ATTEMPTS):
            look = _compare(points + shift, seen, view)
            if look is None:
                break
            drift = _drift_m(look, seen, entry, view)
            if _agrees(look, seen, entry, view, drift):
                if attempt and look.hidden > PART_HIDDEN:
                    break  # moved and hidden at once: too little is seen to be sure of either
                entry.confirmed_at, entry.hidden = self._frame, look.hidden
                if attempt:
                    entry.shift_m = now.fixed_from_camera.rotate(shift)
                then = entry.fixed_from_w
                there = RigidTransform(then.rotation, then.translation_m + entry.shift_m)
                motion = now.w_from_fixed @ there
                return Recollection(
                    entry.at(motion),
                    look.hidden > PART_HIDDEN,
                    self._frame - entry.seen_at,
                )
            shift = shift + drift
            if float(np.linalg.norm(shift)) > MOST_SHIFT_M:
                break
        del self._entries[object_id]
        return None

    def keep(self, object_id: str, shape: ObservedShape, seen: Glimpse, now: Moment) -> None:
        """Remember a shape worked out in this frame."""
        surface = shape.surface.points_m
        points = surface[:: max(1, len(surface) // MOST_POINTS)]
        look = _compare(now.camera_from_w.apply(points), seen, now.view)
        if look is None:
            return
        self._entries[object_id] = _Entry(
            shape,
            now.fixed_from_w,
            now.fixed_from_w.apply(points),
            seen.middle_px - look.middle_px,
            seen.area_px * look.at_m**2,
            look.spread_m,
            self._frame,
            self._frame,
        )

    def stalest(self, least_age: int) -> str | None:
        """The object in view seen longest ago, if that is ``least_age`` frames or more; things
        partly hidden at present are not worth seeing anew."""
        due = [
            (entry.seen_at, object_id)
            for object_id, entry in self._entries.items()
            if entry.confirmed_at == self._frame
            and entry.hidden <= PART_HIDDEN
            and self._frame - entry.seen_at >= least_age
        ]
        return min(due)[1] if due else None


def _compare(points_m: Array, seen: Glimpse, view: WorkingView) -> _Agreement | None:
    """Project points of the optical frame into the view; None when too few fall into it."""
    camera = view.camera
    z = points_m[:, 2]
    if float(z.min()) <= 0.01:
        return None
    u = points_m[:, 0] / z * camera.fx_px + camera.cx_px
    v = points_m[:, 1] / z * camera.fy_px + camera.cy_px
    h, w = seen.mask.shape
    column, row = np.rint(u).astype(np.intp), np.rint(v).astype(np.intp)
    within = (column >= 0) & (column < w) & (row >= 0) & (row < h)
    if not within.all():
        if float(within.mean()) < LEAST_INSIDE:
            return None
        u, v, z, column, row = u[within], v[within], z[within], column[within], row[within]
    depth = view.filled_m[row, column]
    inside = seen.mask[row, column]
    hidden = ~inside & (depth > 0) & (depth < z - HIDDEN_M)
    visible = ~hidden
    number = int(np.count_nonzero(visible))
    measured = inside & (depth > 0)
    if number < LEAST_VISIBLE * len(z) or np.count_nonzero(measured) < 4:
        return None
    off = depth[measured] - z[measured]
    # the mean of the middle: a few points beside an edge read the depth of something else
    off.sort()
    cut = len(off) // 10
    middle = off[cut : len(off) - cut]
    mean = float(middle.mean())
    return _Agreement(
        float(np.count_nonzero(inside)) / number,
        1.0 - number / len(z),
        mean,
        float(np.abs(middle - mean).mean()),
        np.array([u[visible].mean(), v[visible].mean()]),
        float(z.mean()),
        float(view.sigma_m[row, column][measured].mean()),
    )


def _drift_m(look: _Agreement, seen: Glimpse, entry: _Entry, view: WorkingView) -> Array:
    """(3,) how far the thing seems to have moved from the points, in the optical frame."""
    pixels = seen.middle_px - look.middle_px - entry.offset_px
    camera = view.camera
    return np.array(
        [
            pixels[0] * look.at_m / camera.fx_px,
            pixels[1] * look.at_m / camera.fy_px,
            look.depth_m,
        ]
    )


def _agrees(
    look: _Agreement, seen: Glimpse, entry: _Entry, view: WorkingView, drift_m: Array
) -> bool:
    """Whether mask, depth, place and size of what is seen are those of the remembered shape."""
    if look.inside < LEAST_INSIDE:
        return False
    if abs(look.depth_m) > DEPTH_M + DEPTH_SIGMAS * look.sigma_m:
        return False
    if look.spread_m > SPREAD * entry.spread_m + DEPTH_M:
        return False
    pixel_m = look.at_m / view.camera.fx_px
    side = np.sqrt(seen.area_px)
    part = look.hidden > PART_HIDDEN
    slack = 2.0 if part else 1.0
    if float(np.hypot(drift_m[0], drift_m[1])) > slack * (PLACE_PX + PLACE_SHARE * side) * pixel_m:
        return False
    expected = entry.area / look.at_m**2 * (1.0 - look.hidden)
    return bool(abs(seen.area_px - expected) < slack * AREA_PX * 4.0 * np.sqrt(expected))
