"""Perceiver: RgbdFrame in, Scene out. The one call nodes, replay and benchmarks share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.geometry.gravity import gravity_frame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.candidates import Candidate, find_candidates
from deepsight_ros.perception.cloud import ViewCloud
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.glimpse import Glimpse
from deepsight_ros.perception.inputs import Detection, GivenUp, GripperInput, RegionRequest
from deepsight_ros.perception.looks import Looks, look_at
from deepsight_ros.perception.memory import ShapeMemory
from deepsight_ros.perception.regions import region_mask
from deepsight_ros.perception.room import Room, RoomMemory
from deepsight_ros.perception.segmentation import Segmentation
from deepsight_ros.perception.segmenters import Segmenter, geometric
from deepsight_ros.perception.shapes import (
    UnseenShape,
    describe,
    observe,
)
from deepsight_ros.perception.sights import Moment
from deepsight_ros.perception.structure import look_around
from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.tracking import Sighting, Tracker
from deepsight_ros.perception.view import Bool, WorkingView, make_view, step_for
from deepsight_ros.scene.objects import (
    Gripper,
    Scene,
    SceneObject,
    SupportPlane,
    UpSource,
)
from deepsight_ros.scene.observed import ObservedShape

Array = NDArray[np.float64]

RESTART_NS = 1_000_000_000
"""Stamps that go back by more than this begin a new run."""

GRIPPER_POINTS = 300
"""Points of an object that tell whether it is the gripper."""

REFINE_AFTER = 12
"""Frames after which a remembered shape is worth seeing anew."""

ROOM_AFTER, ROOM_AT_LATEST = 30, 60
"""Frames after which support and walls are looked for again: between frames, and in any case."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame as perceived, kept so that regions can be added to its scene cheaply."""

    frame: RgbdFrame
    view: WorkingView
    segmentation: Segmentation
    looks: Looks
    working: RigidTransform
    finding: SupportFinding
    up_is_plane: bool = True

    @property
    def support_known(self) -> bool:
        return self.finding.support is not None


class Perceiver:
    """Turns frames into scenes; keeps ids, the support and the newest frame between calls.

    Attributes:
        config: its settings.
        segmenter: what divides a view into things.
        tracker: what is remembered of things, in sight or not.
        last_timings_s: seconds per stage of the last ``perceive``.
    """

    def __init__(
        self, config: PerceptionConfig | None = None, segmenter: Segmenter = geometric
    ) -> None:
        self.config = config or PerceptionConfig()
        self.segmenter = segmenter
        self.tracker = Tracker(self.config)
        self.last_timings_s: dict[str, float] = {}
        self._seen: _Seen | None = None
        self._seen_before: _Seen | None = None
        self._rooms = RoomMemory()
        self._memory = ShapeMemory()
        self._named: tuple[_Seen, dict[str, Candidate], Moment] | None = None

    def reset(self) -> None:
        """Forget every track and the last support (a new episode, a jump back in time)."""
        self.tracker.reset()
        self._memory.reset()
        self._rooms.reset()
        self._seen = self._seen_before = None
        self._named = None

    def perceive(
        self,
        frame: RgbdFrame,
        *,
        up_in_camera: GivenUp | None = None,
        fixed_from_camera: RigidTransform | None = None,
        regions: Sequence[RegionRequest] = (),
        detections: Sequence[Detection] = (),
        gripper: GripperInput | None = None,
    ) -> Scene:
        """Everything one frame shows.

        Args:
            frame: depth in metres, colour or None.
            up_in_camera: up from TF or an IMU at the stamp; None: a horizontal plane is looked
                for under the configured prior, else up stays unknown.
            fixed_from_camera: pose of the optical frame in ``fixed_frame`` at the stamp; None:
                the camera is taken as standing still.
            regions: parts of the image the caller points at; they become objects with is_region.
            detections: boxes of an outside detector; they name segments, or make new ones.
            gripper: the robot's gripper from TF.

        Returns:
            A Scene; with no usable depth one without objects and with up UNKNOWN. Masks are at
            perception resolution (``frame.depth_m[::step, ::step]``), ``box_px`` in full pixels.

        Raises:
            InvalidValueError: a region lies outside the image or has the wrong size.
        """
        clock = _Clock()
        if self._seen is not None and frame.stamp_ns < self._seen.frame.stamp_ns - RESTART_NS:
            self._memory.reset()  # another run of a bag: what stands there may be other things
            self._rooms.reset()
        pose = fixed_from_camera or RigidTransform.identity()
        seen = self._look(frame, up_in_camera, pose, gripper, clock)
        finding = seen.finding
        source = UpSource.UNKNOWN
        if up_in_camera is not None:
            source = up_in_camera.source
        elif finding.up is not None:
            source = UpSource.PLANE
        candidates = find_candidates(seen.view, seen.segmentation, detections, self.config)
        named = self._tracked(seen, candidates, pose)
        clock.lap("track")
        objects = self._objects(seen, named, pose)
        clock.lap("shapes")
        objects, held = _mark_gripper(objects, gripper, seen.working, self.config)
        scene = Scene(
            stamp_ns=frame.stamp_ns,
            frame_id=frame.camera.frame_id,
            objects=tuple(objects),
            working_from_camera=seen.working,
            up=source,
            support=_support_value(finding),
            gripper=held,
            cloud=ViewCloud(seen.view, seen.working, self.config.cloud_step_px),
            camera=frame.camera,
        )
        clock.lap("scene")
        if regions:
            scene = self.perceive_regions(frame, scene, regions)
            clock.lap("regions")
        self.last_timings_s = clock.laps
        return scene

    def perceive_regions(
        self, frame: RgbdFrame, scene: Scene, regions: Sequence[RegionRequest]
    ) -> Scene:
        """``scene`` with the regions added as objects (is_region); replaces ones of equal id.

        Cheap for the newest frame and the one before, which questions are about while the newest
        is still in hand: their segmentation is kept. Another frame is segmented again.
        A region without depth is kept: its box is NaN and measuring it raises NoDepthError.

        Raises:
            InvalidValueError: a region lies outside the image, or two have one id.
        """
        names = [region.id or f"region{index}" for index, region in enumerate(regions)]
        if len(set(names)) != len(names):
            raise InvalidValueError(f"regions: got ids {names}, expected unique ids")
        kept_frames = (self._seen, self._seen_before)
        seen = next((s for s in kept_frames if s is not None and s.frame is frame), None)
        if seen is None:
            seen = self._look_again(frame, scene)
        added: list[SceneObject] = []
        for name, region in zip(names, regions, strict=True):
            mask = region_mask(seen.view, seen.segmentation, region, self.config)
            shape = observe(mask, seen.view, seen.working, frame.sensor, seen.support_known)
            if shape is None:
                made = SceneObject(id=name, shape=UnseenShape(name), mask=mask)
            else:
                made = _scene_object(name, mask, 0, seen, shape)
            label, score = region.label, region.score
            added.append(replace(made, is_region=True, label=label, score=score))
        kept = tuple(o for o in scene.objects if o.id not in names)
        return replace(scene, objects=(*kept, *added))

    def _look(
        self,
        frame: RgbdFrame,
        given: GivenUp | None,
        fixed_from_camera: RigidTransform,
        gripper: GripperInput | None,
        clock: _Clock,
    ) -> _Seen:
        """Support, segments and looks of a new frame; remembers them."""
        config = self.config
        step = step_for(frame.camera.width_px, config.working_width_px)
        view = make_view(frame, step, config.max_range_m)
        clock.lap("view")
        vector = None if given is None else given.vector
        self._rooms.begin()
        room = None
        if not self._rooms.is_due(ROOM_AT_LATEST, 2.0):
            room = self._rooms.recall(view, vector, fixed_from_camera)
        if room is None:
            room = self._look_around(view, vector, fixed_from_camera)
        finding = room.finding
        clock.lap("support")
        working = self._working(finding)
        hand = None if gripper is None else gripper.camera_from_gripper.translation_m
        segmentation = self.segmenter(view, finding, room.walls, config, hand)
        clock.lap("segment")
        looks = look_at(view, segmentation.labels, segmentation.count)
        clock.lap("looks")
        seen = _Seen(frame, view, segmentation, looks, working, finding, given is None)
        self._seen_before, self._seen = self._seen, seen
        return seen

    def _working(self, finding: SupportFinding) -> RigidTransform:
        """W from the optical frame; that of the last frame where nothing it rests on changed."""
        last = self._seen
        if last is not None and last.finding.support is finding.support:
            up, before = finding.up, last.finding.up
            if up is before or (up is not None and before is not None and (up == before).all()):
                return last.working
        return working_frame(finding, self.config)

    def _look_around(
        self, view: WorkingView, given_up: Array | None, fixed_from_camera: RigidTransform
    ) -> Room:
        """Support and walls found from scratch, and remembered."""
        before = self._rooms.here(fixed_from_camera)
        previous = None if before is None else before.finding
        finding, walls = look_around(view, self.config, given_up, previous)
        return self._rooms.keep(finding, walls, view, fixed_from_camera)

    def _look_again(self, frame: RgbdFrame, scene: Scene) -> _Seen:
        """An older frame once more, with the up and the support its scene has; not remembered."""
        config = self.config
        step = step_for(frame.camera.width_px, config.working_width_px)
        view = make_view(frame, step, config.max_range_m)
        up = None if scene.up is UpSource.UNKNOWN else scene.working_from_camera.rotation[2]
        finding, walls = look_around(view, config, up)
        segmentation = self.segmenter(view, finding, walls, config)
        looks = look_at(view, segmentation.labels, segmentation.count)
        return _Seen(frame, view, segmentation, looks, scene.working_from_camera, finding)

    def _tracked(
        self, seen: _Seen, candidates: Sequence[Candidate], fixed_from_camera: RigidTransform
    ) -> list[tuple[str, Candidate]]:
        """Candidates with lasting ids and remembered names; those not yet published are left
        out."""
        fixed_from_working = fixed_from_camera @ seen.working.inverse()
        sightings = []
        for candidate in candidates:
            middle, size = candidate.seen.extent(seen.working)
            sightings.append(
                Sighting(
                    fixed_from_working.apply(middle),
                    np.sort(size)[::-1],
                    seen.looks.lab_of(candidate.seen.mask, candidate.seen.label),
                    candidate.seen.is_cut,
                )
            )
        names = self.tracker.update(seen.frame.stamp_ns, sightings)
        out: list[tuple[str, Candidate]] = []
        for candidate, name in zip(candidates, names, strict=True):
            if not name:
                continue  # not yet seen often enough to be published
            label, score = candidate.label, candidate.score
            if label:
                self.tracker.label(name, label, score)
            track = self.tracker.track(name)
            if track is not None and track.label:
                label, score = track.label, track.label_score
            out.append((name, replace(candidate, label=label, score=score)))
        return out

    def _objects(
        self,
        seen: _Seen,
        named: Sequence[tuple[str, Candidate]],
        fixed_from_camera: RigidTransform,
    ) -> list[SceneObject]:
        """Objects with shapes: remembered where this frame confirms them, else worked out."""
        memory = self._memory
        memory.begin({track.id for track in self.tracker.tracks})
        now = Moment(seen.view, fixed_from_camera, seen.working)
        objects: list[SceneObject] = []
        for name, candidate in named:
            look = candidate.seen
            known = memory.recall(name, look, now)
            if known is None:
                shape = self._see(name, look, seen, now)
                if shape is None:
                    continue
            else:
                shape = known.shape
            made = _scene_object(name, look.mask, look.label, seen, shape, candidate)
            if known is not None and known.is_hidden and not made.is_occluded:
                made = replace(made, is_occluded=True)
            objects.append(made)
        self._named = (seen, dict(named), now)
        return objects

    def _see(self, name: str, look: Glimpse, seen: _Seen, now: Moment) -> ObservedShape | None:
        """The shape as this frame shows it, remembered under ``name``; None without depth."""
        shape = observe(look.mask, seen.view, seen.working, seen.frame.sensor, seen.support_known)
        if shape is not None:
            self._memory.keep(name, shape, look, now)
        return shape

    def refine(self) -> str | None:
        """Spend the time between two frames: look for support and walls from scratch where that
        is due, else see the object anew whose shape was worked out longest ago, both in the newest
        frame, so that the next one finds them fresh. Call it from the thread that calls
        ``perceive``.

        Returns:
            The id of the object, "support", or None when everything is recent.
        """
        if self._named is None:
            return None
        seen, named, now = self._named
        if self._rooms.is_due(ROOM_AFTER):
            up = None if seen.up_is_plane else seen.finding.up
            self._look_around(seen.view, up, now.fixed_from_camera)
            return "support"
        name = self._memory.stalest(REFINE_AFTER, now)
        if name is None or name not in named:
            return None
        shape = self._see(name, named[name].seen, seen, now)
        if shape is None:
            return None
        _ = shape.completion  # worked out now, so that nobody waits for it later
        return name


class _Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = now - self._last
        self._last = now


def working_frame(finding: SupportFinding, config: PerceptionConfig) -> RigidTransform:
    """W from the optical frame (scene/objects.py says what W is).

    The support's own normal replaces a given up that it hardly differs from: it is measured
    finer, and heights above the support are what objects are compared by.
    """
    up, support = finding.up, finding.support
    if up is None or support is None:
        return gravity_frame(up)
    agreement = float(support.normal @ up)
    if agreement > np.cos(np.deg2rad(config.snap_up_deg)):
        return gravity_frame(support.normal, support.offset_m)
    return gravity_frame(up, support.offset_m / agreement)


def _scene_object(
    name: str,
    mask: Bool,
    label: int,
    seen: _Seen,
    shape: ObservedShape,
    named: Candidate | None = None,
) -> SceneObject:
    """Object of a mask (``label`` > 0: of that segment) and its shape."""
    if named is None:
        x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    else:
        rows, columns = named.seen.window
        x, y, w, h = columns.start, rows.start, columns.stop, rows.stop
        w, h = w - x, h - y
    step = seen.view.step
    words = seen.looks.words(label) if label else seen.looks.words_of(mask)
    about = describe(shape)
    camera = seen.frame.camera
    return SceneObject(
        id=name,
        label="" if named is None else named.label,
        score=1.0 if named is None else named.score,
        shape=shape,
        colour=words[0] if words else "",
        colours=words,
        box_px=(
            x * step,
            y * step,
            min((x + w) * step, camera.width_px),
            min((y + h) * step, camera.height_px),
        ),
        mask=mask,
        centre_covariance_m2=about.centre_covariance_m2,
        is_occluded=shape.is_occluded,
        is_truncated=shape.is_truncated,
        faces_seen=about.faces_seen,
    )


def _mark_gripper(
    objects: list[SceneObject],
    gripper: GripperInput | None,
    working: RigidTransform,
    config: PerceptionConfig,
) -> tuple[list[SceneObject], Gripper | None]:
    """The object that is the gripper: the one at its TF pose, else by label or colour."""
    if gripper is None:
        found = next(
            (
                o.id
                for o in objects
                if (o.label and o.label == config.gripper_label)
                or (config.gripper_colour and o.colour == config.gripper_colour)
            ),
            "",
        )
        return [replace(o, is_gripper=o.id == found) for o in objects], None
    pose = working @ gripper.camera_from_gripper
    best, least = "", config.gripper_radius_m
    for made in objects:
        if not isinstance(made.shape, ObservedShape):
            continue
        points = made.shape.surface.points_m
        every = max(1, len(points) // GRIPPER_POINTS)
        distance = _off_gripper(points, every, pose.translation_m, pose.rotation[:, 0].copy())
        if distance < least:
            best, least = made.id, distance
    held = [o if o.id != best else replace(o, is_gripper=True) for o in objects]
    return held, Gripper(pose, best)


@compiled("f8[:,::1], i8, f8[::1], f8[::1]")
def _off_gripper(points_m: Array, every: int, at_m: Array, ahead: Array) -> float:
    """How badly every n-th of an object's points go with a gripper at a place: most of it lies
    behind its front face, while a thing it is about to grasp is ahead."""
    count = (len(points_m) + every - 1) // every
    gaps, forward = np.empty(count), np.empty(count)
    for i in range(count):
        x, y = points_m[i * every, 0] - at_m[0], points_m[i * every, 1] - at_m[1]
        z = points_m[i * every, 2] - at_m[2]
        gaps[i] = x * x + y * y + z * z
        forward[i] = x * ahead[0] + y * ahead[1] + z * ahead[2]
    fifth, middle = count // 5, count // 2
    gap = np.partition(gaps, fifth)[fifth]
    return np.sqrt(gap) + 2.0 * max(0.0, np.partition(forward, middle)[middle])


def _support_value(finding: SupportFinding | None) -> SupportPlane | None:
    if finding is None or finding.support is None:
        return None
    plane = finding.support
    return SupportPlane(plane.normal, plane.offset_m, plane.sigma_m)
