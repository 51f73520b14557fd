"""Perceiver: RgbdFrame in, Scene out. The one call nodes, replay and benchmarks share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.colours import colour_words
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.inputs import Detection, GivenUp, GripperInput, RegionRequest
from deepsight_ros.perception.outliers import flying_pixels
from deepsight_ros.perception.regions import best_segment, box_slices, mask_in_box, region_mask
from deepsight_ros.perception.segmentation import Segmentation, segment
from deepsight_ros.perception.shapes import no_shape, shape_of
from deepsight_ros.perception.support import SupportFinding, find_support
from deepsight_ros.perception.tracking import Sighting, Tracker
from deepsight_ros.perception.view import Bool, WorkingView, make_view, step_for
from deepsight_ros.scene.objects import (
    Gripper,
    PointCloud,
    Scene,
    SceneObject,
    SupportPlane,
    UpSource,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Seen:
    """The newest frame as perceived, kept so that regions can be added to it cheaply."""

    stamp_ns: int
    view: WorkingView
    segmentation: Segmentation
    white: float


class Perceiver:
    """Turns frames into scenes; keeps ids, the support and nothing else between frames."""

    def __init__(self, config: PerceptionConfig | None = None) -> None:
        self.config = config or PerceptionConfig()
        self.tracker = Tracker(self.config)
        self.last_timings_s: dict[str, float] = {}
        self._finding: SupportFinding | None = None
        self._seen: _Seen | None = None

    def reset(self) -> None:
        """Forget every track and the last support (a new episode, a jump back in time)."""
        self.tracker.reset()
        self._finding = None
        self._seen = None

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
            A Scene; with no usable depth one without objects and with up UNKNOWN.

        Raises:
            InvalidValueError: a region lies outside the image or has the wrong size.
        """
        config = self.config
        clock = _Clock()
        view = make_view(
            frame, step_for(frame.camera.width_px, config.working_width_px), config.max_range_m
        )
        clock.lap("view")
        given = None if up_in_camera is None else up_in_camera.vector
        finding = find_support(view, config, given, self._finding)
        self._finding = finding
        clock.lap("support")
        source = UpSource.UNKNOWN
        if up_in_camera is not None:
            source = up_in_camera.source
        elif finding.up is not None:
            source = UpSource.PLANE
        working = working_frame(finding, config)
        segmentation = segment(view, finding, config)
        segmentation = replace(
            segmentation, labels=np.where(flying_pixels(view), 0, segmentation.labels)
        )
        clock.lap("segment")
        white = _white_level(view)
        self._seen = _Seen(frame.stamp_ns, view, segmentation, white)
        objects = self._objects(view, segmentation, working, detections, white)
        clock.lap("shapes")
        objects = self._track(frame.stamp_ns, objects, view, working, fixed_from_camera)
        clock.lap("track")
        objects, held = self._gripper(objects, gripper, working)
        scene = Scene(
            stamp_ns=frame.stamp_ns,
            frame_id=frame.camera.frame_id,
            objects=tuple(objects),
            working_from_camera=working,
            up=source,
            support=_support_value(finding),
            gripper=held,
            cloud=_cloud(view, working, config),
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

        Cheap for the newest frame, whose segmentation is kept; another frame is segmented again.
        """
        seen = self._seen
        if seen is None or seen.stamp_ns != frame.stamp_ns:
            view = make_view(
                frame,
                step_for(frame.camera.width_px, self.config.working_width_px),
                self.config.max_range_m,
            )
            given = None if scene.up is UpSource.UNKNOWN else scene.working_from_camera.rotation[2]
            finding = find_support(view, self.config, given)
            seen = _Seen(
                frame.stamp_ns, view, segment(view, finding, self.config), _white_level(view)
            )
        added: list[SceneObject] = []
        for index, region in enumerate(regions):
            name = region.id or f"region{index}"
            mask = region_mask(seen.view, seen.segmentation, region, self.config)
            made = self._object(name, mask, seen.view, scene.working_from_camera, seen.white)
            if made is None:  # kept, so that a question about it is answered NO_DEPTH
                made = SceneObject(id=name, shape=no_shape(), mask=mask)
            added.append(replace(made, is_region=True, label=region.label, score=region.score))
        names = [o.id for o in added]
        if len(set(names)) != len(names):
            raise InvalidValueError(f"regions: got ids {names}, expected unique ids")
        kept = tuple(o for o in scene.objects if o.id not in names)
        return replace(scene, objects=(*kept, *added))

    # -- steps ------------------------------------------------------------------------------

    def _objects(
        self,
        view: WorkingView,
        segmentation: Segmentation,
        working: RigidTransform,
        detections: Sequence[Detection],
        white: float,
    ) -> list[SceneObject]:
        objects: list[SceneObject] = []
        by_label: dict[int, int] = {}
        for label in range(1, segmentation.count + 1):
            mask = segmentation.labels == label
            made = self._object(f"s{label}", mask, view, working, white)
            if made is not None:
                by_label[label] = len(objects)
                objects.append(made)
        for index, detection in enumerate(sorted(detections, key=lambda d: -d.score)):
            rows, columns = box_slices(view, detection.box_px)
            if rows.start >= rows.stop or columns.start >= columns.stop:
                continue
            label = best_segment(segmentation, rows, columns)
            if label in by_label:
                at = by_label[label]
                if not objects[at].label:
                    objects[at] = replace(
                        objects[at], label=detection.label, score=detection.score
                    )
                continue
            mask = mask_in_box(view, segmentation, detection.box_px, self.config)
            made = self._object(f"d{index}", mask, view, working, white)
            if made is not None:
                objects.append(replace(made, label=detection.label, score=detection.score))
        return objects

    def _object(
        self, name: str, mask: Bool, view: WorkingView, working: RigidTransform, white: float
    ) -> SceneObject | None:
        shape = shape_of(mask, view, working)
        if shape is None:
            return None
        rows = np.flatnonzero(mask.any(axis=1))
        columns = np.flatnonzero(mask.any(axis=0))
        h, w = mask.shape
        words: tuple[str, ...] = ()
        if view.colour is not None:
            words = colour_words(view.colour[mask], white)
        step = view.step
        return SceneObject(
            id=name,
            shape=shape,
            colour=words[0] if words else "",
            colours=words,
            box_px=(
                int(columns[0]) * step,
                int(rows[0]) * step,
                (int(columns[-1]) + 1) * step,
                (int(rows[-1]) + 1) * step,
            ),
            mask=mask,
            is_truncated=bool(
                rows[0] == 0 or columns[0] == 0 or rows[-1] == h - 1 or columns[-1] == w - 1
            ),
        )

    def _track(
        self,
        stamp_ns: int,
        objects: list[SceneObject],
        view: WorkingView,
        working: RigidTransform,
        fixed_from_camera: RigidTransform | None,
    ) -> list[SceneObject]:
        fixed = fixed_from_camera or RigidTransform.identity()
        fixed_from_working = fixed @ working.inverse()
        sightings = [
            Sighting(
                fixed_from_working.apply(o.box.centre_m),
                np.sort(o.box.size_m)[::-1],
                None,
                o.is_truncated or o.is_occluded,
            )
            for o in objects
        ]
        out: list[SceneObject] = []
        for made, name in zip(objects, self.tracker.update(stamp_ns, sightings), strict=True):
            if not name:
                continue
            label, score = made.label, made.score
            if label:
                self.tracker.label(name, label, score)
            track = self.tracker.track(name)
            if track is not None and track.label:
                label, score = track.label, track.label_score
            out.append(replace(made, id=name, label=label, score=score))
        return out

    def _gripper(
        self, objects: list[SceneObject], gripper: GripperInput | None, working: RigidTransform
    ) -> tuple[list[SceneObject], Gripper | None]:
        config = self.config
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
        out: list[SceneObject] = []
        held = ""
        for made in objects:
            distance = float(np.linalg.norm(made.box.centre_m - pose.translation_m))
            mine = distance < config.gripper_radius_m and not held
            held = made.id if mine else held
            out.append(replace(made, is_gripper=mine))
        return out, Gripper(pose, held)


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
    """W from the optical frame (scene/objects.py says what W is)."""
    if finding.up is None:
        turned = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
        return RigidTransform(turned, np.zeros(3))
    up = finding.up
    height = 0.0
    if finding.support is not None:
        normal = finding.support.normal
        if normal @ up > np.cos(np.deg2rad(config.snap_up_deg)):
            up = normal
        height = finding.support.offset_m / float(normal @ up)
    ahead = np.array([0.0, 0.0, 1.0]) - up[2] * up
    if np.linalg.norm(ahead) < 0.02:  # looking straight down: the image's top is ahead
        ahead = np.array([0.0, -1.0, 0.0]) + up[1] * up
    ahead /= np.linalg.norm(ahead)
    rotation = np.stack([ahead, np.cross(up, ahead), up])
    return RigidTransform(rotation, np.array([0.0, 0.0, height]))


def _support_value(finding: SupportFinding) -> SupportPlane | None:
    plane = finding.support
    if plane is None:
        return None
    label = "floor" if plane.extent_m[0] > 2.0 else ""
    return SupportPlane(plane.normal, plane.offset_m, plane.sigma_m, label)


def _white_level(view: WorkingView) -> float:
    """Brightness that counts as white: 98th percentile of the picture's brightest channel."""
    if view.colour is None:
        return 255.0
    brightest = view.colour[::4, ::4].max(axis=2)
    return float(np.clip(np.percentile(brightest, 98), 110, 255))


def _cloud(view: WorkingView, working: RigidTransform, config: PerceptionConfig) -> PointCloud:
    s = config.cloud_step_px
    keep = view.valid[::s, ::s]
    v, u = np.nonzero(keep)
    z = view.smooth_m[::s, ::s][keep]
    x, y = view.rays
    points = np.stack([x[u * s] * z, y[v * s] * z, z], axis=1)
    c = view.camera
    return PointCloud(
        points_m=working.apply(points).astype(np.float32),
        sigma_m=view.sigma_m[::s, ::s][keep],
        pixels=np.stack([u * s, v * s], axis=1).astype(np.int32),
        camera_fov=(c.fx_px, c.fy_px, c.cx_px, c.cy_px, c.width_px, c.height_px),
    )
