"""Scenes in; the same scenes with the things of a task as one lasting shape each, out.

A frame's own shape of a thing that moves or is half hidden is worked out anew from what is seen
of it, and wavers by centimetres. Here a thing keeps the shape its unhidden frames agree on, and
each frame only says where it stands now: where it stood, carried along with the gripper, or
where depth puts it (``perception.alignment``). The gripper's body goes with its own pose. What a
frame does not show well enough is not settled: it stays as perception has it, or is not there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.alignment import Alignment, Model, Present, align, judge
from deepsight_ros.perception.cloud import ViewCloud
from deepsight_ros.reward.lasting import LastingShape, ShapeSight, sight_of
from deepsight_ros.scene.carrying import carried
from deepsight_ros.scene.measure import GRIPPER_ID
from deepsight_ros.scene.objects import Scene, SceneObject

Array = NDArray[np.float64]

AGREES, VISIBLE = 0.8, 0.25
"""Shares of what is visible that must agree, and of the points that must be visible."""

GRIPPER_AGREES = 0.5
"""The gripper's pose is known: depth has only to show that the shape is not quite wrong."""

MOST_SHORT_M = 0.02
"""A body whose front was seen this near to its frame's origin ends there; one that was seen
shorter lacks its fingers."""

CLEAR_M = 0.05
"""Sights are collected while gripper and thing are farther apart than this."""

MOST_OFF, MOST_OFF_NEAR = 3.0, 2.0
"""Standard deviations between a guess and what is found that leave the guess standing; beside
the gripper things are likelier to move."""

NEAR_M = 0.08
"""A thing may be carried by a gripper whose frame is this near to its surface."""

CARRIED_M = 0.0015
"""Standard deviation of a carried thing's step against the gripper's."""

CLEARLY = 0.1
"""Share of the readings by which another place must agree better than the hand's."""

SURELY, LOOK_EVERY = 0.95, 3
"""Share of the readings that agree with a thing at rest as if nothing had happened, and frames
from one search for it to the next."""

GIVE_UP = 6
"""Frames in a row in which a thing is not found before its shape is taken anew."""

MOST_TILT = float(np.cos(np.deg2rad(5.0)))
"""Solids are turned about the vertical only: a gripper that tilts by more is seen anew."""

SAME_SIDE, SEEN_SIDE = float(np.cos(np.deg2rad(4.0))), float(np.cos(np.deg2rad(25.0)))
"""A camera that turned around a thing by more sees another outline; another side."""


@dataclass(frozen=True, eq=False)
class _Frame:
    """One frame: its readings and where everything known is.

    Attributes:
        present: the readings.
        fixed_from_camera, fixed_from_w: poses of the optical frame and of W.
        step: motion of the gripper since the frame before, in the fixed frame, or None.
        gripper_m: (3,) its origin in the fixed frame, or None.
    """

    present: Present
    fixed_from_camera: RigidTransform
    fixed_from_w: RigidTransform
    step: RigidTransform | None
    gripper_m: Array | None


class Following:
    """Keeps the shapes of a task's things from frame to frame."""

    def __init__(self) -> None:
        self._things: dict[str, _Thing] = {}
        self._hand = LastingShape(by_front=True)
        self._gripper_before: RigidTransform | None = None
        self._settled: frozenset[str] = frozenset()

    def has_settled(self, ids: tuple[str, ...]) -> bool:
        """Whether the last frame's things ``ids`` were settled."""
        return self._settled.issuperset(ids)

    def settle(
        self, scene: Scene, ids: tuple[str, ...], fixed_from_camera: RigidTransform
    ) -> Scene:
        """The scene with the things ``ids``, and the gripper's body where its pose is known, as
        lasting shapes; the scene itself where it has no readings (exact ones).

        Args:
            fixed_from_camera: pose of the optical frame at the stamp.
        """
        if not isinstance(scene.cloud, ViewCloud):
            self._settled = frozenset()
            return scene
        fixed_from_w = fixed_from_camera @ scene.working_from_camera.inverse()
        gripper, step = None, None
        if scene.gripper is not None:
            gripper = fixed_from_w @ scene.gripper.pose
            if self._gripper_before is not None:
                step = gripper @ self._gripper_before.inverse()
        self._gripper_before = gripper
        frame = _Frame(
            Present.of(scene.cloud.view, scene.support),
            fixed_from_camera,
            fixed_from_w,
            step,
            None if gripper is None else gripper.translation_m,
        )
        settled: dict[str, SceneObject] = {}
        held = scene.gripper
        body = self._body(scene, frame.present, ids)
        if body is not None and held is not None:
            settled[GRIPPER_ID] = body
            held = replace(held, object_id=GRIPPER_ID)
        for thing_id in ids:
            perceived = next((o for o in scene.objects if o.id == thing_id), None)
            found = self._things.setdefault(thing_id, _Thing()).settle(perceived, frame)
            if found is not None:
                settled[thing_id] = found
        self._settled = frozenset(settled)
        # perception may have taken a held thing for the gripper
        kept = [o if body is None else replace(o, is_gripper=False) for o in scene.objects]
        objects = [settled.pop(o.id, o) for o in kept]
        return replace(scene, objects=(*objects, *settled.values()), gripper=held)

    def _body(self, scene: Scene, present: Present, ids: tuple[str, ...]) -> SceneObject | None:
        """The gripper's body at the gripper's pose."""
        if scene.gripper is None:
            return None
        pose, hand = scene.gripper.pose, self._hand
        name = scene.gripper.object_id
        seen = next((o for o in scene.objects if o.id == name and name not in ids), None)
        sight = sight_of(seen, pose.inverse())
        if sight is not None and hand.wants(sight):
            hand.add(sight)
        if hand.best is None or hand.model is None:
            return None
        motion = pose @ hand.best.anchor_from_w
        short_m = -hand.best.front_m
        if abs(short_m) < MOST_SHORT_M:  # its front is known better than it is seen
            ahead = RigidTransform(np.eye(3), short_m * pose.rotation[:, 0])
            motion = ahead @ motion
        if motion.rotation[2, 2] < MOST_TILT:
            return None
        found = judge(hand.model, scene.working_from_camera.inverse() @ motion, present)
        if found is None or (found.visible > VISIBLE and found.agrees < GRIPPER_AGREES):
            return None
        shape = carried(hand.best.shape, motion)
        return replace(seen or hand.best.thing, id=GRIPPER_ID, shape=shape, is_gripper=True)


class _Thing:
    """One thing of the task: its lasting shape, and where it stands."""

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._shape = LastingShape()
        self._fixed_from_w: RigidTransform | None = None  # of the best sight's W, moved along
        self._missed = 0
        self._moves = False  # in the last frame
        self._has_moved = False
        self._unlooked = 0

    def settle(self, perceived: SceneObject | None, frame: _Frame) -> SceneObject | None:
        """The thing as it stands now, None where this frame does not show it well enough."""
        best, model, place = self._shape.best, self._shape.model, self._fixed_from_w
        if best is None or model is None or place is None:
            self._take(sight_of(perceived, frame.fixed_from_w))
            return None
        found = self._find(best, model, place, perceived, frame)
        if found is None:
            self._missed += 1
            if self._moves and frame.step is not None:
                self._fixed_from_w = frame.step @ place  # in the hand still, for all that is seen
            anew = sight_of(perceived, frame.fixed_from_w)
            if anew is not None and anew.is_whole and self._missed >= GIVE_UP:
                self._forget()
                self._take(anew)
            return None
        self._missed, self._fixed_from_w = 0, found
        self._has_moved = self._has_moved or self._moves
        sight = sight_of(perceived, frame.fixed_from_w)
        if sight is not None and not _is_here(sight, best, found):
            sight, perceived = None, None  # its id went to another thing
        wanted = sight is not None and not self._has_moved and self._shape.wants(sight)
        if sight is not None and wanted and _is_clear(sight, frame):
            self._take(sight)
        best, place = self._shape.best, self._fixed_from_w
        assert best is not None and place is not None
        return replace(
            perceived or best.thing,
            id=best.thing.id,
            shape=carried(best.shape, frame.fixed_from_w.inverse() @ place),
            centre_covariance_m2=best.thing.centre_covariance_m2,
        )

    def _take(self, sight: ShapeSight | None) -> None:
        """Collect a sight of the thing where it stands."""
        if sight is None:
            return
        before = self._shape.best
        self._shape.add(sight)
        if self._shape.best is not before and self._shape.best is not None:
            self._fixed_from_w = self._shape.best.anchor_from_w

    def _find(
        self,
        best: ShapeSight,
        model: Model,
        place: RigidTransform,
        perceived: SceneObject | None,
        frame: _Frame,
    ) -> RigidTransform | None:
        """The pose of the best sight's W in the fixed frame: at rest, carried, or as found."""
        side = _same_side(best, place, frame)
        if side < SAME_SIDE:
            model = model.without_edges()
        camera_from_fixed = frame.fixed_from_camera.inverse()
        most_off = MOST_OFF
        guesses = [(place, 0.0)]
        if frame.step is not None and frame.gripper_m is not None:
            away = place.apply(model.points_m) - frame.gripper_m
            if float(np.einsum("ij,ij->i", away, away).min()) < NEAR_M**2:
                most_off = MOST_OFF_NEAR
                guesses.append((frame.step @ place, CARRIED_M))
                if self._moves:
                    guesses.reverse()
        if len(guesses) == 1 and self._rests_as_seen(model, camera_from_fixed @ place, frame):
            self._moves = False
            return place
        tried: list[Alignment] = []
        for guess, slack_m in guesses:
            at = camera_from_fixed @ guess
            found = align(model, at, frame.present)
            if found is None or found.agrees < AGREES or found.visible < VISIBLE:
                continue
            if found.off(at) < most_off:
                self._moves = slack_m > 0
                return frame.fixed_from_camera @ _between(at, found, slack_m)
            tried.append(found)
        if self._moves and frame.step is not None:
            # Inside a hand little is seen of a thing, and what is found may be the hand itself:
            # unless depth speaks against it, it is still where the hand has it.
            held = judge(model, camera_from_fixed @ frame.step @ place, frame.present)
            if held is not None and held.visible >= VISIBLE and held.agrees >= AGREES:
                best_other = max((f.agrees for f in tried), default=0.0)
                if held.agrees > best_other - CLEARLY:
                    return frame.step @ place
        if side < SEEN_SIDE:
            return None  # another side of it: only guesses that fit are believed
        if not tried and perceived is not None:
            # it moved farther than a step: to where perception sees a thing of its id
            shift = frame.fixed_from_w.apply(perceived.box.centre_m) - place.apply(
                best.shape.box.centre_m
            )
            if np.isfinite(shift).all():
                guess = RigidTransform(place.rotation, place.translation_m + shift)
                found = align(model, camera_from_fixed @ guess, frame.present)
                if found is not None and found.agrees >= AGREES and found.visible >= VISIBLE:
                    tried.append(found)
        if not tried:
            return None
        self._moves = True
        likeliest = max(tried, key=lambda f: f.agrees + 0.5 * f.edges)
        return frame.fixed_from_camera @ likeliest.camera_from_model

    def _rests_as_seen(self, model: Model, at: RigidTransform, frame: _Frame) -> bool:
        """Nothing is near that could move it, and it is seen where it stood: it is looked for in
        one frame of LOOK_EVERY only, which costs several times as much as to see that."""
        self._unlooked += 1
        if self._unlooked < LOOK_EVERY:
            seen = judge(model, at, frame.present)
            if seen is not None and seen.visible >= VISIBLE and seen.agrees >= SURELY:
                return True
        self._unlooked = 0
        return False


def _between(guess: RigidTransform, found: Alignment, slack_m: float) -> RigidTransform:
    """The guess, put right by what was found as far as the guess may be off (``slack_m``)."""
    own = slack_m**2 * np.eye(3)
    gain = own @ np.linalg.inv(own + found.covariance_m2)
    away = found.camera_from_model.translation_m - guess.translation_m
    return RigidTransform(guess.rotation, guess.translation_m + gain @ away)


def _is_here(sight: ShapeSight, best: ShapeSight, place: RigidTransform) -> bool:
    """A sight's middle lies where the thing stands: in the ball around its box."""
    box = best.shape.box
    away = sight.anchor_from_w.apply(sight.shape.box.centre_m) - place.apply(box.centre_m)
    return float(np.linalg.norm(away)) < 0.5 * float(np.linalg.norm(box.size_m))


def _is_clear(sight: ShapeSight, frame: _Frame) -> bool:
    """The gripper is too far away to hide a part of the thing or to be taken for one."""
    if frame.gripper_m is None:
        return True
    box = sight.shape.box
    away_m = float(np.linalg.norm(frame.fixed_from_w.apply(box.centre_m) - frame.gripper_m))
    return away_m > CLEAR_M + 0.5 * float(np.linalg.norm(box.size_m))


def _same_side(best: ShapeSight, place: RigidTransform, frame: _Frame) -> float:
    """Cosine between the directions the thing was and is seen from."""
    centre = best.shape.box.centre_m
    then = best.shape.camera_m - centre
    now = place.inverse().apply(frame.fixed_from_camera.translation_m) - centre
    return float(then @ now / max(1e-9, float(np.linalg.norm(then) * np.linalg.norm(now))))
