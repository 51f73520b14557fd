"""CocoDepthSource: COCO pictures with depth by an estimator in, samples with captions out.

The published recipe of DeepSight: COCO, GLPN depth, captions that speak of depth. Only pictures
that have such a caption are indexed, so that no picture is read and estimated in vain.
"""

from __future__ import annotations

import math
from typing import Any

from deepsight_ros.errors import SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.perception.view import make_view, step_for
from deepsight_ros.sources.annotated import check_index
from deepsight_ros.sources.coco import CocoSet
from deepsight_ros.synthesis.depth_talk import speaks_of_depth
from deepsight_ros.synthesis.recorded_source import instance_image
from deepsight_ros.synthesis.rgb.config import StageConfig, make_stage
from deepsight_ros.synthesis.rgb.detectors import Found
from deepsight_ros.synthesis.rgb.loading import choose_device
from deepsight_ros.synthesis.rgb.pipeline import ESTIMATED, WORKING_WIDTH_PX, lifted_scene
from deepsight_ros.synthesis.rgb.segmenters import BoxSegmenter
from deepsight_ros.synthesis.samples import Sample


class CocoDepthSource:
    """Random access to COCO pictures with estimated depth; a ``SampleSource``.

    Args:
        coco: the set, with captions.
        depth: estimator ("glpn" and where its checkpoint is).
        device: auto, cpu or cuda.
        field_of_view_deg: horizontal; COCO does not tell it.

    Raises:
        SourceError: no caption of the set speaks of depth.
    """

    def __init__(
        self,
        coco: CocoSet,
        depth: StageConfig | None = None,
        *,
        device: str = "auto",
        field_of_view_deg: float = 60.0,
    ) -> None:
        self._coco = coco
        self._config = depth or StageConfig("glpn", "models/glpn-nyu")
        self._device, self._view_deg = device, field_of_view_deg
        self.name = coco.name
        self._indices = [
            i for i in range(len(coco)) if any(speaks_of_depth(t) for t in coco.captions(i))
        ]
        if not self._indices:
            raise SourceError(f"{coco.name}: got no caption that speaks of depth in {len(coco)}")
        self._estimate: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_estimate": None}

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Sample:
        picture = self._coco[self._indices[check_index(self.name, index, len(self))]]
        if self._estimate is None:
            self._estimate = make_stage("depth", self._config, choose_device(self._device))
        depth_m = self._estimate([picture.colour])[0]
        height, width = depth_m.shape
        focal = width / 2 / math.tan(math.radians(self._view_deg) / 2)
        camera = Camera(
            width, height, focal, focal, (width - 1) / 2, (height - 1) / 2, frame_id="coco"
        )
        frame = RgbdFrame(1, camera, depth_m, picture.colour, ESTIMATED)
        view = make_view(frame, step_for(width, WORKING_WIDTH_PX), ESTIMATED.max_range_m)
        found = [Found(t.label, 1.0, t.box_px) for t in picture.things]
        boxes = BoxSegmenter()(picture.colour, found)
        masks = [
            (box if t.mask is None else t.mask)[:: view.step, :: view.step]
            for t, box in zip(picture.things, boxes, strict=True)
        ]
        scene, _ = lifted_scene(frame, view, found, [f.label for f in found], masks, None)
        return Sample(
            key=picture.key,
            frame=frame,
            scene=scene,
            instance_id=instance_image(scene, frame),
            provenance={
                "source": "coco",
                "file": picture.path.name,
                "captions": list(picture.captions),
                "depth": self._config.kind,
                "checkpoint": self._config.path,
            },
        )
