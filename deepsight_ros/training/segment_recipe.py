"""The recipe of a segmenter: a YAML file of values in, a checked ``SegmentRecipe`` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.segmenter_net import SegmenterConfig
from deepsight_ros.synthesis.rooms_layouts import ROOM_KINDS
from deepsight_ros.synthesis.segment_views import VIEW_KINDS
from deepsight_ros.training.recipe import (
    RECIPES,
    OptimiserConfig,
    known_entries,
    recipe_values,
)
from deepsight_ros.training.segment_colours import ColourChange
from deepsight_ros.training.segment_examples import Augmentation

SEGMENT_RECIPES = RECIPES / "segment"
ROOMS = "room kinds"
_PLACES = (*VIEW_KINDS, ROOMS)


@dataclass(frozen=True)
class SegmentRecipe:
    """Everything that decides the result except the pictures.

    Attributes:
        model: shape of the network.
        seed: of initialisation, order and every draw.
        steps: optimiser steps.
        batch: pictures per step and process.
        crop_px: window (rows, columns) of the network's grid that is learnt from at once.
        centre_weight, offset_weight, boundary_weight, assign_weight: of those losses beside what
            a pixel is (``SegmentObjective``).
        contact_weight: of an object's pixel at another object in the loss of borders.
        repeat: how often pictures of a kind of place come in an epoch, by kind ("room kinds":
            all rooms); 1 for those that are not named.
        start: folder of a checkpoint to go on from, "" for none; one that takes no colour may
            start one that does (``segmenter_net.with_colour``).
        augmentation: how pictures are changed.
        optimiser: AdamW and its schedule.
        average: decay of the running mean of the weights, which is what is kept; 0 for none.
        precision: "no", "bf16" or "fp16".
        save_every: steps between resumable states.
    """

    model: SegmenterConfig = field(default_factory=SegmenterConfig)
    seed: int = 0
    steps: int = 2000
    batch: int = 8
    crop_px: tuple[int, int] = (96, 128)
    centre_weight: float = 0.5
    offset_weight: float = 1.0
    boundary_weight: float = 0.5
    assign_weight: float = 0.0
    contact_weight: float = 1.0
    repeat: Mapping[str, int] = field(default_factory=dict)
    start: str = ""
    augmentation: Augmentation = field(default_factory=Augmentation)
    optimiser: OptimiserConfig = field(
        default_factory=lambda: OptimiserConfig(kind="adamw", lr=2e-3, clip=5.0)
    )
    average: float = 0.995
    precision: str = "no"
    save_every: int = 200

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "save_every"):
            if getattr(self, name) < 1:
                raise InvalidValueError(
                    f"recipe: got {name} {getattr(self, name)}, expected at least 1"
                )
        if not 0 <= self.average < 1:
            raise InvalidValueError(f"recipe: got average {self.average}, expected 0 to below 1")
        if self.precision not in ("no", "bf16", "fp16"):
            raise InvalidValueError(
                f"recipe: got precision '{self.precision}', expected no, bf16 or fp16"
            )
        wrong = {k: n for k, n in self.repeat.items() if k not in _PLACES or n < 1}
        if wrong:
            raise InvalidValueError(
                f"recipe: got repeat {wrong}, expected at least 1 for some of {_PLACES}"
            )

    def times(self) -> tuple[int, ...]:
        """How often a picture of each of ``VIEW_KINDS`` comes in an epoch."""
        rooms = self.repeat.get(ROOMS, 1)
        return tuple(self.repeat.get(k, rooms if k in ROOM_KINDS else 1) for k in VIEW_KINDS)

    def shares(self) -> dict[str, float]:
        """Weight of each loss by name."""
        return {
            "kind": 1.0,
            "centre": self.centre_weight,
            "offset": self.offset_weight,
            "boundary": self.boundary_weight,
            "assign": self.assign_weight,
        }

    @classmethod
    def read(cls, path: Path | str, **changes: Any) -> SegmentRecipe:
        """A recipe file, or the name of one that ships ("segmenter").

        Raises:
            InvalidValueError: no such file, unknown entries, values out of range.
        """
        return cls.from_mapping({**recipe_values(path, SEGMENT_RECIPES), **changes})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> SegmentRecipe:
        made = known_entries(cls, values)
        if isinstance(made.get("model"), Mapping):
            made["model"] = SegmenterConfig.from_mapping(made["model"])
        if isinstance(made.get("optimiser"), Mapping):
            made["optimiser"] = OptimiserConfig.from_mapping(made["optimiser"])
        if "crop_px" in made:
            made["crop_px"] = tuple(made["crop_px"])
        if isinstance(made.get("augmentation"), Mapping):
            pairs = made["augmentation"].items()
            given = {k: tuple(v) if isinstance(v, list) else v for k, v in pairs}
            if isinstance(given.get("colour"), Mapping):
                pairs = given["colour"].items()
                colour = {k: tuple(v) if isinstance(v, list) else v for k, v in pairs}
                given["colour"] = ColourChange(**colour)
            made["augmentation"] = Augmentation(**given)
        return cls(**made)

    def as_mapping(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)
