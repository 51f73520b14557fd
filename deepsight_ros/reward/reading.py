"""A task and a scene in; how far it still is from being done, in metres with an interval, out.

Things are looked up by the words of the task once, and followed by their ids after that. What was
where when the episode began is kept in the fixed frame, so that a moving camera moves nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DeepsightError, NoDepthError, UnknownReferenceError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.questions.naming import find_object
from deepsight_ros.reward.following import Following
from deepsight_ros.reward.tasks import DISPLACEMENTS, GRIPPER, Kind, Task
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.body import body_of
from deepsight_ros.scene.measure import GRIPPER_ID, measure, require_gravity
from deepsight_ros.scene.measurement import Measurement
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.outline import signed_distances
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import Outcome

Array = NDArray[np.float64]

SAME_OBJECT_IOU = 0.3
"""A region means the tracked object whose mask overlaps it at least this much."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What one frame says about the task.

    Attributes:
        left_m: what is left to go until the task is done; 0 or more.
        lower_m, upper_m: its 95 % interval.
        distance: the measurement it rests on, None for displacements.
        reach_m: gap of the gripper and the thing it has to move; None where there is neither.
        may_succeed: what else the task asks for (to stand on the target) holds.
        is_steady: the things were followed as lasting shapes (``reward.following``).
    """

    left_m: float
    lower_m: float
    upper_m: float
    distance: Measurement | None = None
    reach_m: float | None = None
    may_succeed: bool = True
    is_steady: bool = False


MIDDLE_OFF = 0.25
"""Share of its shorter side by which a thing's middle may seem to be beside what it stands on."""

SIZE_JUMP, SIZES_KEPT, SIZES_NEEDED = 2.0, 9, 3
"""A side so many times longer or shorter than the median of the last frames is a jump."""
FORGET_NS = 2_000_000_000
"""A thing that is out of sight for this long is looked up by its words again."""


class Reader:
    """Reads one task from scene after scene.

    Args:
        task: what is measured.

    Attributes:
        subject_id, target_id: ids the words were understood to mean, "" while not in view.
        gripper_id: tracked object that a caller pointed at as the gripper (it then wins over a
            TF frame and over what perception takes for the gripper), "" for none.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.subject_id = self.target_id = self.gripper_id = ""
        self._start_m: Array | None = None
        self._forward: Array | None = None
        self._seen_ns: dict[str, int] = {}
        self._sides_m: dict[str, deque[Array]] = {}
        self._following = Following()

    def reset(self) -> None:
        """A new episode of the same task: the things keep their ids, their start is taken anew."""
        self._start_m = self._forward = None

    def follow(self, other: Reader) -> None:
        """Mean the same things as another reader of the task."""
        self.subject_id, self.target_id = other.subject_id, other.target_id
        self.gripper_id = other.gripper_id

    @property
    def object_ids(self) -> tuple[str, ...]:
        """Ids of the things, the subject first."""
        return tuple(i for i in (self.subject_id, self.target_id) if i and i != GRIPPER_ID)

    def read(self, scene: Scene, fixed_from_camera: RigidTransform | None = None) -> Reading:
        """What the scene says.

        Args:
            fixed_from_camera: pose of the optical frame at the stamp; None: it stands still.

        Raises:
            DeepsightError: it cannot be measured in this frame; says why.
        """
        pose = fixed_from_camera or RigidTransform.identity()
        scene = self._following.settle(scene, self.object_ids, pose)
        self.ground(scene)
        self._check_sizes(scene)
        kind = self.task.kind
        if kind in DISPLACEMENTS:
            reading = self._displaced(scene, fixed_from_camera or RigidTransform.identity())
        else:
            reading = self._apart(scene)
        reading = replace(reading, is_steady=self._following.has_settled(self.object_ids))
        if kind in (Kind.REACH, Kind.KEEP_AWAY) or self.subject_id == GRIPPER_ID:
            return reading
        return replace(reading, reach_m=self._reach(scene))

    def ground(self, scene: Scene) -> None:
        """Find the things of the task; UnknownReferenceError says which one is not there."""
        if self.task.subject == GRIPPER:
            self.subject_id = self._gripper(scene)
            if not self.subject_id:
                raise UnknownReferenceError(
                    "the gripper is not known; give its TF frame (gripper_frame), its colour or a "
                    "region"
                )
        else:
            self.subject_id = self._followed(self.task.subject, self.subject_id, scene)
        if self.task.target:
            self.target_id = self._followed(self.task.target, self.target_id, scene)
            if self.target_id == self.subject_id:
                raise UnknownReferenceError(
                    f"{self.task.subject} and {self.task.target} are the same thing "
                    f"({self.subject_id})"
                )

    def _gripper(self, scene: Scene) -> str:
        """What stands for the gripper in a scene, "" where nothing does."""
        if self.gripper_id:
            if any(o.id == self.gripper_id for o in scene.objects):
                return self.gripper_id
            raise UnknownReferenceError(f"the gripper ({self.gripper_id}) is not seen")
        if scene.gripper is not None:
            return GRIPPER_ID
        return next((o.id for o in scene.objects if o.is_gripper), "")

    def _followed(self, words: str, known_id: str, scene: Scene) -> str:
        """Id of the tracked object that words, an id or a region mean."""
        if known_id:
            if any(o.id == known_id for o in scene.objects):
                self._seen_ns[words] = scene.stamp_ns
                return known_id
            last_ns = self._seen_ns.setdefault(words, scene.stamp_ns)
            if scene.stamp_ns - last_ns < FORGET_NS:
                # hidden: a look-alike must not take its place at once
                raise UnknownReferenceError(f"{words} ({known_id}) is not seen in this frame")
        self._seen_ns[words] = scene.stamp_ns
        return find_tracked(words, scene)

    def _check_sizes(self, scene: Scene) -> None:
        """Refuse a frame in which a thing's size jumps against its own history.

        Perception then joined it with what holds it, or lost most of it. Refused sizes count as
        history, so that a size that stays is believed after half of SIZES_KEPT frames.
        """
        jumped = ""
        for thing in (scene.object(i) for i in self.object_ids):
            sides_m = np.sort(np.asarray(thing.box.size_m, dtype=np.float64))
            if thing.is_gripper or thing.id == self.gripper_id or not (sides_m > 0).all():
                continue  # a gripper opens and closes; a thing without a size cannot jump
            known = self._sides_m.setdefault(thing.id, deque(maxlen=SIZES_KEPT))
            if len(known) >= SIZES_NEEDED:
                ratio = sides_m / np.median(known, axis=0)
                if max(ratio.max(), 1.0 / ratio.min()) > SIZE_JUMP:
                    jumped = thing.id
            known.append(sides_m)
        if jumped:
            raise NoDepthError(f"{jumped}: its size jumps, so it is not seen as one whole thing")

    # -- measuring ------------------------------------------------------------------------------

    def _apart(self, scene: Scene) -> Reading:
        task = self.task
        found = _gap(scene, self.subject_id, self.target_id)
        if task.kind is Kind.KEEP_AWAY:
            ends = (task.limit_m - found.upper, task.limit_m - found.lower)
            lower_m, upper_m = (max(0.0, end) for end in ends)
            return Reading(max(0.0, task.limit_m - found.value), lower_m, upper_m, found)
        stands = True
        if task.kind is Kind.PLACE:
            on = judge(scene, "on", (self.subject_id, self.target_id)).outcome
            inside = judge(scene, "inside", (self.subject_id, self.target_id)).outcome
            on_it = on is Outcome.TRUE and self._stands_over(scene)
            stands = on_it or inside is Outcome.TRUE
        return Reading(found.value, found.lower, found.upper, found, may_succeed=stands)

    def _stands_over(self, scene: Scene) -> bool:
        """Whether the subject's middle is over the target, as of all that stands on something
        (a part of its width beside it will do: outlines are off by that), and its foot nearer to
        the target's top than to the support: noise alone would set a thing beside a thin plate
        on it."""
        subject, target = scene.object(self.subject_id), scene.object(self.target_id)
        outline_m = body_of(target.shape).solid.footprint_m
        middle_m = np.asarray(subject.box.centre_m, dtype=np.float64)[None, :2]
        beside_m = -float(signed_distances(outline_m, middle_m)[0])
        if beside_m > MIDDLE_OFF * float(min(subject.box.size_m[:2])):
            return False
        if scene.support is None:
            return True
        foot_m = float(subject.box.centre_m[2] - subject.box.size_m[2] / 2)
        top_m = float(target.box.centre_m[2] + target.box.size_m[2] / 2)
        return abs(foot_m) >= abs(foot_m - top_m)

    def _displaced(self, scene: Scene, fixed_from_camera: RigidTransform) -> Reading:
        """What is left of a displacement from where the thing was when the episode began."""
        thing = scene.object(self.subject_id)
        require_gravity(scene, f"task {self.task.kind.value}")
        centre_m = np.asarray(thing.box.centre_m, dtype=np.float64)
        if not np.isfinite(centre_m).all():
            raise NoDepthError(f"{self.subject_id}: no usable depth")
        fixed_from_working = fixed_from_camera @ scene.working_from_camera.inverse()
        at_m = fixed_from_working.apply(centre_m)
        if self._start_m is None or self._forward is None:
            self._start_m = at_m
            self._forward = fixed_from_working.rotation @ _axis(self.task)
        moved = at_m - self._start_m
        if self.task.kind is Kind.OPEN:
            gone_m = float(np.linalg.norm(moved))
        else:
            gone_m = float(moved @ self._forward)
        axis = fixed_from_working.rotation.T @ self._forward
        variance = float(axis @ thing.centre_covariance_m2 @ axis)
        half_m = 1.96 * float(np.sqrt(2.0 * max(variance, 0.0)))  # of both ends of the way
        left_m = self.task.by_m - gone_m
        ends = (max(0.0, left_m - half_m), max(0.0, left_m + half_m))
        return Reading(max(0.0, left_m), *ends)

    def _reach(self, scene: Scene) -> float | None:
        """Gap of gripper and subject, None without a gripper."""
        gripper = self._gripper(scene)
        if not gripper or gripper == self.subject_id:
            return None
        try:
            return _gap(scene, gripper, self.subject_id).value
        except DeepsightError:
            return None


def _gap(scene: Scene, subject_id: str, target_id: str) -> Measurement:
    """Surface distance; a gripper that was seen reaches at least to its frame's origin, its front:
    its body may have been seen without its fingers, or turned a little. (An exact one is as it
    is.)"""
    found = measure(scene, "surface_distance", (subject_id, target_id))
    held = scene.gripper
    if subject_id != GRIPPER_ID or held is None or not held.object_id or scene.cloud is None:
        return found
    bare = replace(scene, gripper=replace(held, object_id=""))
    bare = replace(bare, objects=tuple(o for o in scene.objects if o.id != GRIPPER_ID))
    front = measure(bare, "surface_distance", (GRIPPER_ID, target_id))
    return min(found, front, key=lambda m: m.value)


def find_tracked(words: str, scene: Scene) -> str:
    """The tracked object that words, an id or a region mean.

    Raises:
        UnknownReferenceError: none, or several.
    """
    bare = words.strip().strip("<>")
    named = next((t for t in scene.objects if t.id == bare), None)
    if named is None:
        found = find_object(words, scene)
        if found.status is not Status.OK:
            raise UnknownReferenceError(found.text)
        named = scene.object(found.object_ids[0])
    if not named.is_region:
        return named.id
    best, overlap = "", SAME_OBJECT_IOU
    for thing in scene.objects:
        if thing.is_region or thing.mask is None or named.mask is None:
            continue
        shared = np.count_nonzero(thing.mask & named.mask)
        share = shared / max(1, np.count_nonzero(thing.mask | named.mask))
        if share > overlap:
            best, overlap = thing.id, share
    if not best:
        raise UnknownReferenceError(f"no object is seen in {words}")
    return best


def _axis(task: Task) -> Array:
    """(3,) direction of the displacement in W of the first frame (x ahead, y left, z up)."""
    if task.kind is Kind.LIFT:
        return np.array([0.0, 0.0, 1.0])
    return np.array(
        {
            "left": (0.0, 1.0, 0.0),
            "right": (0.0, -1.0, 0.0),
            "away": (1.0, 0.0, 0.0),
            "closer": (-1.0, 0.0, 0.0),
        }.get(task.direction, (1.0, 0.0, 0.0))
    )
