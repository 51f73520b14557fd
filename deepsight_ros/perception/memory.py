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

import numpy as np

from deepsight_ros.perception.agreement import PART_HIDDEN, agrees_with, compare, drift_of
from deepsight_ros.perception.glimpse import Glimpse
from deepsight_ros.perception.sights import Moment, Remembered, Sight, is_near
from deepsight_ros.scene.observed import ObservedShape

MOST_POINTS = 250
"""Points of a surface that are compared with each frame."""

MOST_SHAPES = 64
"""Shapes remembered at most; the ones longest unconfirmed go first."""

MOST_SIGHTS = 9
"""Shapes of one thing remembered at most."""

ENOUGH_SIGHTS = 3
"""Things seen fewer times go first when there is time to see one anew."""

OLDEST_SIGHT = 120
"""Frames after which a shape of a thing seen from elsewhere no longer counts: the camera may see
it better now."""

SETTLED_FRAMES = 60
"""A thing at rest with ``MOST_SIGHTS`` sights is seen anew this many frames after the last time
where the camera has not gone elsewhere: more of the same tells little."""

ATTEMPTS = 4
"""How often a shift is refined before the shape is given up."""

FOLLOWED_FRAMES = 6
"""Frames for which a thing that moved is followed even by what noise could explain."""

MOST_SHIFT_M = 0.10
"""Farthest a thing may have moved since the last frame for its shape to be carried along."""


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

    _entries: dict[str, Remembered] = field(default_factory=dict)
    _frame: int = 0

    def __len__(self) -> int:
        return len(self._entries)

    def reset(self) -> None:
        """Forget everything (a new episode, a jump in time)."""
        self._entries.clear()

    def begin(self, known_ids: set[str]) -> None:
        """Start a frame; shapes of things that are not tracked any more are forgotten."""
        self._frame += 1
        self._entries = {
            i: e for i, e in self._entries.items() if i in known_ids and not e.lost_at
        }
        if len(self._entries) > MOST_SHAPES:
            newest = sorted(self._entries.items(), key=lambda item: -item[1].confirmed_at)
            self._entries = dict(newest[:MOST_SHAPES])

    def recall(self, object_id: str, seen: Glimpse, now: Moment) -> Recollection | None:
        """The remembered shape where the present frame confirms it, else None (forgotten)."""
        entry = self._entries.get(object_id)
        if entry is None:
            return None
        view, best = now.view, entry.best
        aspect = best.aspect(now)
        shift = np.zeros(3)  # in the optical frame
        has_moved = False
        for attempt in range(ATTEMPTS if aspect is not None else 0):
            look = compare(aspect.points_m + shift, seen, view)
            if look is None:
                break
            drift = drift_of(look, seen, aspect, view)
            agrees = agrees_with(look, seen, aspect, best.spread_m, view, drift)
            is_hidden = look.hidden > PART_HIDDEN
            if not agrees and attempt == 0 and self._is_at_rest(entry, seen, now):
                agrees = True
            is_followed = attempt == 0 and self._frame <= entry.moving_until
            if agrees and not (is_followed and not is_hidden):
                if attempt and is_hidden:
                    break  # moved and hidden at once: too little is seen to be sure of either
                entry.confirmed_at, entry.hidden = self._frame, look.hidden
                if attempt:
                    entry.move(now.fixed_from_camera.rotate(shift))
                elif not is_hidden and is_near(best.seen_from_m, now):
                    entry.settle(now.fixed_from_camera.rotate(drift))
                if has_moved:
                    entry.moving_until = self._frame + FOLLOWED_FRAMES
                shape = entry.at(now.w_from_fixed)
                return Recollection(shape, is_hidden, self._frame - entry.seen_at)
            has_moved = has_moved or not agrees
            shift = shift + drift
            if float(np.linalg.norm(shift)) > MOST_SHIFT_M:
                break
        entry.lost_at = self._frame  # a new look decides whether it is still the thing it was
        return None

    def _is_at_rest(self, entry: Remembered, seen: Glimpse, now: Moment) -> bool:
        """Whether another look at the thing, where it was then, is what the frame shows: a camera
        that goes round a thing sees in it what one look alone had not told."""
        for sight in entry.sights:
            if sight is entry.best:
                continue
            aspect = sight.aspect(now)
            look = None if aspect is None else compare(aspect.points_m, seen, now.view)
            if aspect is None or look is None:
                continue
            drift = drift_of(look, seen, aspect, now.view)
            if agrees_with(look, seen, aspect, sight.spread_m, now.view, drift):
                return True
        return False

    def keep(self, object_id: str, shape: ObservedShape, seen: Glimpse, now: Moment) -> None:
        """Remember a shape worked out in this frame; besides what is known of the thing already,
        if this frame has confirmed that."""
        surface = shape.surface.points_m
        every = slice(None, None, max(1, len(surface) // MOST_POINTS))
        points = surface[every]
        look = compare(now.camera_from_w.apply(points), seen, now.view)
        if look is None:
            return
        before = self._entries.get(object_id)
        known: tuple[Sight, ...] = ()
        until = 0
        if before is not None and before.confirmed_at == self._frame:
            until = before.moving_until
            if self._frame > until:  # the shapes of what moves are too old to be compared
                oldest = self._frame - OLDEST_SIGHT
                known = tuple(
                    s for s in before.sights if s.seen_at >= oldest or is_near(s.seen_from_m, now)
                )
        elif before is not None and before.is_still(shape.box.measures_m(now.fixed_from_w), now):
            known = before.sights
        sight = Sight(
            shape,
            now.fixed_from_w,
            self._frame,
            now.fixed_from_camera.translation_m,
            points,
            shape.surface.normals[every],
            seen.middle_px - look.middle_px,
            seen.area_px * look.at_m**2,
            look.spread_m,
            seen.middle_px,
            now.camera_from_w,
        )
        sights = (*known, sight)[-MOST_SIGHTS:]
        self._entries[object_id] = Remembered(sights, self._frame, moving_until=until)

    def stalest(self, least_age: int, now: Moment) -> str | None:
        """The object in view most worth seeing anew, or None: first those seen fewest times, then
        the one most overdue. Due is what was seen ``least_age`` frames or more ago
        (``SETTLED_FRAMES`` where nothing new is to be seen). Things partly hidden at present are
        not worth it."""
        due: list[tuple[bool, float, str]] = []
        for object_id, entry in self._entries.items():
            if entry.confirmed_at != self._frame or entry.hidden > PART_HIDDEN:
                continue
            # what moves never gathers sights: it takes its turn with the others
            is_moving = self._frame <= entry.moving_until
            is_known = len(entry.sights) >= ENOUGH_SIGHTS or is_moving
            is_settled = len(entry.sights) >= MOST_SIGHTS
            if is_settled and is_near(entry.sights[-1].seen_from_m, now):
                age = max(least_age, SETTLED_FRAMES)
            else:
                age = least_age if is_known else 1
            overdue = (self._frame - entry.seen_at) / age
            if overdue >= 1.0:
                due.append((is_known, -overdue, object_id))
        return min(due)[2] if due else None
