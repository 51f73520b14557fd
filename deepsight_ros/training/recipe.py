"""Recipes: a YAML file of values in, a checked ``Recipe`` out. One file per model and stage.

A recipe says everything that decides the result except the data itself; its text is stored beside
the weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.config import DeepSightConfig, Section

STAGES = ("align", "tune")
PARTS = ("tower", "projector", "language")
MODALITIES = ("depth", "colour", "both")
RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class OptimiserConfig(Section):
    """Muon on the matrices of transformer layers, AdamW on everything else.

    Attributes:
        kind: "muon" (with AdamW beside it) or "adamw" for all.
        lr: AdamW's peak learning rate.
        muon_lr: Muon's.
        weight_decay: of both.
        warm_up: share of the steps that the rate rises.
        final: share of the peak rate at the end of the cosine.
        clip: norm that gradients are clipped to.
    """

    kind: str = "muon"
    lr: float = 2e-3
    muon_lr: float = 0.02
    weight_decay: float = 0.01
    warm_up: float = 0.03
    final: float = 0.02
    clip: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in ("muon", "adamw"):
            raise InvalidValueError(f"optimiser: got '{self.kind}', expected 'muon' or 'adamw'")


@dataclass(frozen=True)
class Recipe:
    """One stage of training.

    Attributes:
        stage: "align" or "tune".
        model: shape of a model made anew; of a checkpoint that ``start`` names only relations
            and lengths change: they are added where it has none.
        start: folder of a checkpoint to go on from, "" for none.
        clip, llm: folders of pretrained CLIP and language models, "" for none.
        seed: of initialisation, data order and every draw.
        steps: optimiser steps.
        batch: pictures per step and process.
        accumulate: batches per optimiser step.
        questions: questions packed behind a picture.
        modalities: share of batches seen as depth, colour, both.
        shares: weight of kinds of text when questions are drawn (those of
            ``examples.Example.questions``).
        spatial_share: share of questions that are spatial when a general set is mixed in; None
            leaves the mix to ``shares``.
        train: which parts learn.
        lora_rank: of LoRA adapters on the language model, 0 for none.
        label_noise_m: Gaussian noise added to metric answers.
        align_weight: weight of the contrastive loss while tuning, 0 for none.
        optimiser: see there.
        precision: "no", "bf16" or "fp16".
        save_every: steps between resumable states.
        keep_dtype: of the weights on disk.
    """

    stage: str = "tune"
    model: DeepSightConfig = field(default_factory=DeepSightConfig)
    start: str = ""
    clip: str = ""
    llm: str = ""
    seed: int = 0
    steps: int = 1000
    batch: int = 16
    accumulate: int = 1
    questions: int = 12
    modalities: Mapping[str, float] = field(
        default_factory=lambda: {"depth": 0.5, "colour": 0.2, "both": 0.3}
    )
    shares: Mapping[str, float] = field(
        default_factory=lambda: {
            "numbers": 0.3,
            "pairs": 0.3,
            "template": 0.2,
            "captions": 0.05,
            "conversations": 0.05,
            "general": 0.1,
        }
    )
    spatial_share: float | None = None
    train: tuple[str, ...] = PARTS
    lora_rank: int = 0
    label_noise_m: float = 0.0
    align_weight: float = 0.1
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    precision: str = "no"
    save_every: int = 200
    keep_dtype: str = "float16"

    def __post_init__(self) -> None:
        _one_of("stage", self.stage, STAGES)
        _one_of("precision", self.precision, ("no", "bf16", "fp16"))
        _one_of("keep_dtype", self.keep_dtype, ("float32", "float16", "bfloat16"))
        for name in self.train:
            _one_of("train", name, PARTS)
        for name in self.modalities:
            _one_of("modalities", name, MODALITIES)
        for name in ("steps", "batch", "accumulate", "questions", "save_every"):
            if getattr(self, name) < 1:
                raise InvalidValueError(
                    f"recipe: got {name} {getattr(self, name)}, expected at least 1"
                )
        if self.spatial_share is not None and not 0 <= self.spatial_share <= 1:
            raise InvalidValueError(
                f"recipe: got spatial_share {self.spatial_share}, expected 0 to 1"
            )

    @classmethod
    def read(cls, path: Path | str, **changes: Any) -> Recipe:
        """A recipe file, or the name of one that ships ("tiny-tune").

        Raises:
            InvalidValueError: no such file, unknown entries, values out of range.
        """
        return cls.from_mapping({**recipe_values(path, RECIPES), **changes})

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Recipe:
        made = known_entries(cls, values)
        if isinstance(made.get("model"), Mapping):
            made["model"] = DeepSightConfig.from_mapping(made["model"])
        if isinstance(made.get("optimiser"), Mapping):
            made["optimiser"] = OptimiserConfig.from_mapping(made["optimiser"])
        if "train" in made:
            made["train"] = tuple(made["train"])
        return cls(**made)

    def as_mapping(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


def recipe_values(path: Path | str, shipped: Path) -> dict[str, Any]:
    """Values of a recipe file, or of one of the folder ``shipped`` by its name.

    Raises:
        InvalidValueError: no such file.
    """
    file = Path(path)
    if not file.is_file():
        file = shipped / f"{path}.yaml"
    if not file.is_file():
        known = sorted(f.stem for f in shipped.glob("*.yaml"))
        raise InvalidValueError(f"recipe: got '{path}', expected a YAML file or one of {known}")
    values: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return values


def known_entries(kind: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the values; InvalidValueError where the recipe's dataclass has no such field."""
    known = {f.name for f in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise InvalidValueError(f"recipe: got unknown entries {unknown}, expected {sorted(known)}")
    return dict(values)


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InvalidValueError(f"recipe: got {name} '{value}', expected one of {allowed}")
