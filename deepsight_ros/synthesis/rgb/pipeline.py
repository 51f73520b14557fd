"""RgbPipeline: pictures in, samples out, stage by stage over a block of pictures.

filter -> boxes, NMS -> captions -> masks -> metric depth -> points, outliers -> canonical
frame -> ambiguity -> Sample (SpatialVLM, arXiv 2401.12168, section 3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import FilteredError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.gravity import gravity_frame
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.perception.cloud import ViewCloud
from deepsight_ros.perception.outliers import largest_cluster
from deepsight_ros.perception.view import WorkingView, make_view, step_for
from deepsight_ros.scene.objects import Scene, SceneObject, SupportPlane, UpSource
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.synthesis.recorded_source import instance_image
from deepsight_ros.synthesis.rgb.ambiguity import resolve
from deepsight_ros.synthesis.rgb.canonical import Level, find_level
from deepsight_ros.synthesis.rgb.captioners import MAX_WORDS
from deepsight_ros.synthesis.rgb.config import STAGES, RgbConfig, make_stage
from deepsight_ros.synthesis.rgb.detectors import Found, keep_best
from deepsight_ros.synthesis.rgb.loading import choose_device
from deepsight_ros.synthesis.samples import Sample

ESTIMATED = SensorModel("stereo", 0.01, 0.03, 0.0, 0.001, 2.0, 1.45, 0.1, 80.0)
"""Noise of estimated depth, relative within one picture: about 3 % of range. The scale of the
whole picture may be off by more, and nothing in the picture tells."""
WORKING_WIDTH_PX = 320
LEAST_OBJECTS = 2
LEAST_PIXELS = 30
OUTLIER_GAP_M = 0.05


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to work on.

    Attributes:
        key: unique in its source.
        colour: (H, W, 3) uint8 RGB.
        camera: its intrinsics; by assumption where the file tells none.
        seed: draws caption lengths and planes.
    """

    key: str
    colour: NDArray[np.uint8]
    camera: Camera
    seed: int


class RgbPipeline:
    """All stages, loaded once.

    Args:
        config: which models, and the limits.

    Raises:
        ModelFilesError: weights are missing; the message says which and where to put them.
    """

    def __init__(self, config: RgbConfig) -> None:
        self.config = config
        device = choose_device(config.device)
        self.stages: dict[str, Any] = {
            name: make_stage(name, getattr(config, name), device) for name in STAGES
        }

    def __call__(self, pictures: Sequence[Picture]) -> list[Sample | FilteredError]:
        """A sample per picture, or why it is left out."""
        config = self.config
        out: list[Sample | FilteredError | None] = [None] * len(pictures)
        for i, reason in enumerate(self.stages["filter"]([p.colour for p in pictures])):
            if reason:
                out[i] = FilteredError(f"{pictures[i].key}: looks like {reason}")
        kept = [i for i in range(len(pictures)) if out[i] is None]
        some = [pictures[i].colour for i in kept]
        detect = self.stages["detector"]
        words = [*config.vocabulary, *config.surfaces]
        found = detect(some, words, config.score) if some else []
        boxes = {}
        for i, all_boxes in zip(kept, found, strict=True):
            things = [f for f in all_boxes if f.label not in config.surfaces]
            things = keep_best(things, config.nms_iou, config.max_objects)
            if len(things) < LEAST_OBJECTS:
                out[i] = FilteredError(f"{pictures[i].key}: got {len(things)} objects, expected 2")
            else:
                floors = [f for f in all_boxes if f.label in config.surfaces]
                boxes[i] = things, keep_best(floors, config.nms_iou, 3)
        depths = self.stages["depth"]([pictures[i].colour for i in boxes]) if boxes else []
        for (i, (things, floors)), depth in zip(boxes.items(), depths, strict=True):
            out[i] = self._lift(pictures[i], things, floors, depth)
        return [o for o in out if o is not None]

    def _lift(
        self,
        picture: Picture,
        things: list[Found],
        floors: list[Found],
        depth_m: NDArray[np.float32],
    ) -> Sample | FilteredError:
        config = self.config
        rng = np.random.default_rng([config.seed, picture.seed])
        if not np.isfinite(depth_m).any():
            return FilteredError(f"{picture.key}: the depth estimator gave no usable depth")
        lengths = [int(n) for n in rng.integers(1, MAX_WORDS + 1, len(things))]
        captions = self.stages["captioner"](picture.colour, things, lengths)
        masks = self.stages["segmenter"](picture.colour, [*things, *floors])
        frame = RgbdFrame(1, picture.camera, depth_m, picture.colour, ESTIMATED)
        step = step_for(picture.camera.width_px, WORKING_WIDTH_PX)
        view = make_view(frame, step, ESTIMATED.max_range_m)
        points = np.where(view.valid[..., None], view.points_m(), np.nan)
        small = [m[::step, ::step] for m in masks]
        level = find_level(
            points,
            list(zip([f.label for f in floors], small[len(things) :], strict=True)),
            least_share=config.surface_share,
            gap_m=config.surface_gap_m,
            rng=rng,
        )
        scene, texts = lifted_scene(frame, view, things, captions, small[: len(things)], level)
        texts = resolve(texts, {o.id: float(o.box.centre_m[1]) for o in scene.objects})
        objects = tuple(o for o in scene.objects if o.id in texts)
        if len(objects) < LEAST_OBJECTS:
            return FilteredError(
                f"{picture.key}: {len(objects)} objects are left that can be told apart and have "
                "depth, expected 2"
            )
        scene = replace(scene, objects=objects)
        return Sample(
            key=picture.key,
            frame=frame,
            scene=scene,
            instance_id=instance_image(scene, frame),
            captions=texts,
            provenance={
                "source": "rgb",
                "up": scene.up.value,
                "surface": "" if level is None else level.label,
                "depth": "estimated",
                "stages": {name: getattr(config, name).kind for name in STAGES},
                "checkpoints": {name: getattr(config, name).path for name in STAGES},
            },
        )


def lifted_scene(
    frame: RgbdFrame,
    view: WorkingView,
    things: Sequence[Found],
    captions: Sequence[str],
    masks: Sequence[NDArray[np.bool_]],
    level: Level | None,
) -> tuple[Scene, dict[str, str]]:
    """Objects that have points, in the canonical frame or the camera's own; captions by id."""
    working = gravity_frame(None) if level is None else gravity_frame(level.up, level.height_m)
    objects: list[SceneObject] = []
    texts: dict[str, str] = {}
    height, width = frame.depth_m.shape
    for thing, caption, mask in zip(things, captions, masks, strict=True):
        kept = largest_cluster(mask & view.valid, view, OUTLIER_GAP_M)
        if np.count_nonzero(kept) < LEAST_PIXELS:
            continue
        shape = ObservedShape.from_mask(
            kept,
            frame.depth_m[:: view.step, :: view.step],
            view.camera,
            working,
            frame.sensor,
            support_known=level is not None,
        )
        if shape is None:
            continue
        name = f"o{len(objects) + 1}"
        v, u = np.nonzero(kept)
        box = (
            int(u.min()) * view.step,
            int(v.min()) * view.step,
            min((int(u.max()) + 1) * view.step, width),
            min((int(v.max()) + 1) * view.step, height),
        )
        texts[name] = caption
        objects.append(
            SceneObject(
                name,
                shape,
                label=thing.label,
                score=thing.score,
                box_px=box,
                mask=kept,
                is_occluded=shape.is_occluded,
                is_truncated=shape.is_truncated,
            )
        )
    support = None
    if level is not None:
        support = SupportPlane(level.up, level.height_m, 0.02, level.label)
    scene = Scene(
        stamp_ns=frame.stamp_ns,
        frame_id=frame.camera.frame_id,
        objects=tuple(objects),
        working_from_camera=working,
        up=UpSource.UNKNOWN if level is None else UpSource.PLANE,
        support=support,
        support_label="" if level is None else level.label,
        cloud=ViewCloud(view, working, 1),
        camera=frame.camera,
    )
    return scene, texts
