"""Configuration of the depth-language model: dataclasses in, JSON out and back, checked.

What the papers leave open (place and shape of the BBox convolution, sizes) is set here; the
docstring of a field says which choice is the paper's and which is our interpretation
(docs/model.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from deepsight_ros.errors import InvalidValueError

FORMAT_VERSION = 1
"""Of config.json and the names of tensors; raised when older checkpoints cannot be read."""

ENCODINGS: Mapping[str, int] = {"grey": 3, "log": 2, "xyz": 6}
"""Depth encodings and their channels (``depth_encoding.encode_depth``)."""

BOX_CONVOLUTION = ("off", "train", "both")
"""Never / while training only / at training and inference (the paper's, the default)."""

Self = TypeVar("Self", bound="Section")


class Section:
    """Reads itself from a mapping; unknown and missing names are errors that name them."""

    @classmethod
    def from_mapping(cls: type[Self], values: Mapping[str, Any]) -> Self:
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
        unknown = sorted(set(values) - known)
        if unknown:
            raise InvalidValueError(
                f"{cls.__name__}: got unknown entries {unknown}, expected {sorted(known)}"
            )
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _check(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidValueError(message)


@dataclass(frozen=True)
class TowerConfig(Section):
    """A CLIP ViT. Depth and RGB tower have the same shape.

    Attributes:
        size_px: (rows, columns) of the tower's input.
        patch_px: side of a patch; divides both.
        width, layers, heads, mlp: of the transformer.
        activation: "quick_gelu" as CLIP, or "gelu".
        select_layer: which hidden state feeds the projector; -1 the last, -2 as LLaVA does.
        metric: quantiles of levelled coordinates are added to each patch ("xyz" depth only; ours).
    """

    size_px: tuple[int, int] = (96, 128)
    patch_px: int = 16
    width: int = 128
    layers: int = 4
    heads: int = 4
    mlp: int = 512
    activation: str = "quick_gelu"
    select_layer: int = -1
    metric: bool = True

    def __post_init__(self) -> None:
        rows, columns = self.size_px
        _check(
            rows % self.patch_px == 0 and columns % self.patch_px == 0,
            f"tower: got size_px {self.size_px}, expected multiples of patch_px {self.patch_px}",
        )
        _check(
            self.width % self.heads == 0,
            f"tower: got width {self.width}, expected a multiple of heads {self.heads}",
        )
        _check(
            -self.layers <= self.select_layer < 0,
            f"tower: got select_layer {self.select_layer}, expected -1 to -{self.layers}",
        )

    @property
    def grid(self) -> tuple[int, int]:
        """(rows, columns) of patches."""
        return self.size_px[0] // self.patch_px, self.size_px[1] // self.patch_px


@dataclass(frozen=True)
class BoxConfig(Section):
    """BBox convolution (DeepSight's idea; shape and place are our interpretation).

    Attributes:
        use: one of ``BOX_CONVOLUTION``.
        maps_px: pixels of the tower's input per cell of the coverage and local-depth maps.
        channels: of the hidden convolution.
        jitter: box sides are moved by up to this share of the box while training.
        dropout: probability that a box is left out while training.
        no_boxes: probability that all are, so that no box is a defined case.
    """

    use: str = "both"
    maps_px: int = 4
    channels: int = 32
    jitter: float = 0.08
    dropout: float = 0.15
    no_boxes: float = 0.1

    def __post_init__(self) -> None:
        _check(
            self.use in BOX_CONVOLUTION,
            f"box convolution: got use '{self.use}', expected one of {BOX_CONVOLUTION}",
        )


@dataclass(frozen=True)
class RegionConfig(Section):
    """Region tokens.

    Attributes:
        fine: the picture that crops are taken from is this many times the tower's size.
        crop_px: side of the square crop.
        channels: of the crop's convolutions.
        margin: the crop reaches this share of the box beyond each of its sides.
        statistics: add medians and percentiles of the metric coordinates inside the region.
        most: regions a text may name.
        relations: a region token says how its region lies to the first one of the question, and
            numbers rest on lengths of the regions (ours).
    """

    fine: int = 2
    crop_px: int = 16
    channels: int = 32
    margin: float = 0.15
    statistics: bool = True
    most: int = 16
    relations: bool = True


@dataclass(frozen=True)
class LanguageConfig(Section):
    """The language model (a Llama of ``transformers``): all that its weights do not say.

    Attributes:
        vocabulary: tokens, special ones included.
        width, layers, heads, mlp: of the transformer.
        positions: longest sequence.
        tied: input and output embeddings share weights.
        key_value_heads: fewer than ``heads`` for grouped queries; 0 for as many.
        head_width: of one head; 0 for width / heads.
        norm_eps: of the RMS norms.
        rope: ``rope_parameters`` of ``transformers`` (rope_type, rope_theta, scaling); None for
            plain ones of theta 10 000.
        activation: of the MLP.
        attention_bias, mlp_bias: their layers have biases.
    """

    vocabulary: int = 4096
    width: int = 192
    layers: int = 4
    heads: int = 4
    mlp: int = 512
    positions: int = 1024
    tied: bool = True
    key_value_heads: int = 0
    head_width: int = 0
    norm_eps: float = 1e-6
    rope: Mapping[str, Any] | None = None
    activation: str = "silu"
    attention_bias: bool = False
    mlp_bias: bool = False

    def __post_init__(self) -> None:
        groups = self.key_value_heads or self.heads
        _check(
            0 < groups <= self.heads and self.heads % groups == 0,
            f"language: got {groups} key_value_heads, expected a divisor of heads {self.heads}",
        )


@dataclass(frozen=True)
class AlignConfig(Section):
    """Text tower of the contrastive depth-text alignment (a CLIP text transformer).

    Attributes:
        width, layers, heads: of the text tower; 0 layers for a model without one.
        dimension: of the space that pictures and texts share.
        positions: longest text in tokens.
    """

    width: int = 128
    layers: int = 2
    heads: int = 4
    dimension: int = 128
    positions: int = 48


@dataclass(frozen=True)
class DeepSightConfig:
    """The whole model.

    Attributes:
        tower: depth tower, and RGB tower where there is one.
        encoding: key of ``ENCODINGS``.
        box: BBox convolution.
        region: region tokens.
        language: language model.
        align: text tower for zero-shot classification.
        projector: "linear" (the paper's) or "mlp" (two layers, as LLaVA-1.5).
        rgb: an RGB tower of the same shape stands beside the depth tower.
        depth: a depth tower is there (False for an RGB-only model).
        number_bins: the number head's bins over log10 of SI values, 0 for numbers as text only.
        number_range: least and greatest SI value the bins cover.
        prompt: how a question is put to the language model; "{question}" stands for its text.
        format_version: of the checkpoint.
    """

    tower: TowerConfig = field(default_factory=TowerConfig)
    encoding: str = "xyz"
    box: BoxConfig = field(default_factory=BoxConfig)
    region: RegionConfig = field(default_factory=RegionConfig)
    language: LanguageConfig = field(default_factory=LanguageConfig)
    align: AlignConfig = field(default_factory=AlignConfig)
    projector: str = "mlp"
    rgb: bool = True
    depth: bool = True
    number_bins: int = 64
    number_range: tuple[float, float] = (0.002, 12.0)
    prompt: str = "<user>{question}<assistant>"
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        _check(
            self.encoding in ENCODINGS,
            f"model: got encoding '{self.encoding}', expected one of {sorted(ENCODINGS)}",
        )
        _check(
            self.projector in ("linear", "mlp"),
            f"model: got projector '{self.projector}', expected 'linear' or 'mlp'",
        )
        _check(self.rgb or self.depth, "model: got neither depth nor rgb, expected at least one")
        _check(
            "{question}" in self.prompt,
            f"model: got prompt '{self.prompt}', expected '{{question}}' in it",
        )
        low, high = self.number_range
        _check(
            0 < low < high,
            f"model: got number_range {self.number_range}, expected 0 < least < greatest",
        )

    @property
    def fine_px(self) -> tuple[int, int]:
        """(rows, columns) of the picture the model takes: the tower's size times ``fine``."""
        rows, columns = self.tower.size_px
        return rows * self.region.fine, columns * self.region.fine

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> DeepSightConfig:
        """Read config.json.

        Raises:
            InvalidValueError: not JSON, another format version, unknown entries or values.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise InvalidValueError(f"config.json: not JSON ({error})") from error
        version = values.get("format_version") if isinstance(values, dict) else None
        if version != FORMAT_VERSION:
            raise InvalidValueError(
                f"config.json: got format_version {version}, expected {FORMAT_VERSION}; the "
                "checkpoint was written by another version of deepsight_ros or is no DeepSight "
                "checkpoint"
            )
        return cls.from_mapping(values)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> DeepSightConfig:
        """A configuration from plain values; what is left out keeps its default.

        Raises:
            InvalidValueError: unknown entries or values.
        """
        sections: dict[str, type[Section]] = {
            "tower": TowerConfig,
            "box": BoxConfig,
            "region": RegionConfig,
            "language": LanguageConfig,
            "align": AlignConfig,
        }
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise InvalidValueError(f"model configuration: got unknown entries {unknown}")
        made = {
            name: sections[name].from_mapping(value)
            if name in sections
            else tuple(value)
            if isinstance(value, list)
            else value
            for name, value in values.items()
        }
        return cls(**made)
