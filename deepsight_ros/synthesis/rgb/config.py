"""Which model does each stage, and its settings; YAML holds the values, dataclasses check them.

``STAGES`` is the registry: stage -> kind -> "module:class". A plug-in adds its own entry.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from deepsight_ros.errors import InvalidValueError

_HERE = "deepsight_ros.synthesis.rgb"
STAGES: dict[str, dict[str, str]] = {
    "filter": {"clip": f"{_HERE}.filters:ClipFilter", "none": f"{_HERE}.filters:KeepAll"},
    "detector": {
        "owlv2": f"{_HERE}.detectors:Owlv2Detector",
        "grounding_dino": f"{_HERE}.detectors:GroundingDinoDetector",
    },
    "captioner": {
        "blip": f"{_HERE}.captioners:BlipCaptioner",
        "label": f"{_HERE}.captioners:LabelCaptioner",
    },
    "segmenter": {
        "sam2": f"{_HERE}.segmenters:Sam2Segmenter",
        "box": f"{_HERE}.segmenters:BoxSegmenter",
    },
    "depth": {
        "depth_anything": f"{_HERE}.depths:MetricDepth",
        "zoedepth": f"{_HERE}.depths:MetricDepth",
        "glpn": f"{_HERE}.depths:MetricDepth",
    },
}

VOCABULARY = (
    "chair", "table", "sofa", "bed", "cabinet", "shelf", "lamp", "box", "bottle", "cup", "bowl",
    "book", "laptop", "monitor", "keyboard", "backpack", "plant", "person", "dog", "cat", "car",
    "bicycle", "door", "window", "pillow", "vase", "clock", "picture", "sink", "refrigerator",
)  # fmt: skip
SURFACES = ("floor", "table top", "desk surface", "countertop", "ground", "road")


@dataclass(frozen=True)
class StageConfig:
    """One stage.

    Attributes:
        kind: key of ``STAGES[stage]``.
        path: folder of the checkpoint, "" for kinds that need none.
        batch: pictures (or boxes) at a time.
        options: keyword arguments of the class.
    """

    kind: str
    path: str = ""
    batch: int = 8
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise InvalidValueError(f"stage {self.kind}: got batch {self.batch}, expected >= 1")


@dataclass(frozen=True)
class RgbConfig:
    """The whole pipeline.

    Attributes:
        filter, detector, captioner, segmenter, depth: the stages.
        vocabulary: what the detector looks for.
        surfaces: what horizontal surfaces are called; "" finds none, so up stays unknown.
        score: least score of a box.
        nms_iou: of two boxes that overlap more, the better one stays.
        max_objects: best boxes kept per picture.
        field_of_view_deg: horizontal, where a picture does not tell its focal length.
        surface_share: least share of a surface's points within the plane.
        surface_gap_m: a point this near to the plane (at 1 m, grows with range) is on it.
        device: auto, cpu, cuda or cuda:1.
        block: pictures that go through the stages together.
        seed: draws caption lengths.
    """

    filter: StageConfig = StageConfig("clip", "models/clip-vit-large-patch14")
    detector: StageConfig = StageConfig("owlv2", "models/owlv2-base-patch16-ensemble")
    captioner: StageConfig = StageConfig("blip", "models/blip-image-captioning-base")
    segmenter: StageConfig = StageConfig("sam2", "models/sam2.1-hiera-small")
    depth: StageConfig = StageConfig(
        "depth_anything", "models/Depth-Anything-V2-Metric-Indoor-Small-hf"
    )
    vocabulary: tuple[str, ...] = VOCABULARY
    surfaces: tuple[str, ...] = SURFACES
    score: float = 0.2
    nms_iou: float = 0.5
    max_objects: int = 12
    field_of_view_deg: float = 60.0
    surface_share: float = 0.6
    surface_gap_m: float = 0.03
    device: str = "auto"
    block: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        for stage, kinds in STAGES.items():
            kind = getattr(self, stage).kind
            if kind not in kinds:
                raise InvalidValueError(
                    f"rgb.{stage}: got kind '{kind}', expected one of {sorted(kinds)}"
                )
        limits = {
            "score": (0.0, 1.0),
            "nms_iou": (0.05, 1.0),
            "max_objects": (1, 200),
            "field_of_view_deg": (5.0, 170.0),
            "surface_share": (0.1, 1.0),
            "surface_gap_m": (0.001, 1.0),
            "block": (1, 1024),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidValueError(
                    f"rgb.{name}: got {getattr(self, name)}, expected {low} to {high}"
                )
        if not self.vocabulary:
            raise InvalidValueError("rgb.vocabulary: got nothing, expected nouns to look for")

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> RgbConfig:
        """From YAML or JSON values; stages are mappings.

        Raises:
            InvalidValueError: unknown names, or values out of range.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise InvalidValueError(f"rgb: got {unknown}, expected some of {sorted(known)}")
        made: dict[str, Any] = dict(values)
        for name in STAGES:
            if name in made:
                try:
                    made[name] = StageConfig(**made[name])
                except TypeError as error:
                    raise InvalidValueError(f"rgb.{name}: {error}") from error
        for name in ("vocabulary", "surfaces"):
            if name in made:
                made[name] = tuple(str(v) for v in made[name])
        return cls(**made)

    @classmethod
    def read(cls, path: str | Path) -> RgbConfig:
        """From a YAML file."""
        import yaml

        try:
            values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise InvalidValueError(f"{path}: got {error}, expected YAML") from error
        if not isinstance(values, dict):
            raise InvalidValueError(f"{path}: got no mapping, expected stage: {{kind: ...}}")
        return cls.from_mapping(values)


def make_stage(stage: str, config: StageConfig, device: str) -> Any:
    """The stage's object, its weights loaded.

    Raises:
        ModelFilesError: its files are missing or incomplete.
    """
    module, _, name = STAGES[stage][config.kind].partition(":")
    made = getattr(importlib.import_module(module), name)
    try:
        return made(path=config.path, batch=config.batch, device=device, **config.options)
    except TypeError as error:
        raise InvalidValueError(f"rgb.{stage}: {error}; see options of {name}") from error
