"""What is said about a sample: pairs, captions of boxes, conversations. An annotator gives these.

A sample and a seed in, ``Annotations`` out; a row of a shard holds one of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.synthesis.samples import Pair, Sample

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Caption:
    """Text about one box: a depth-text-box triple together with the row's depth.

    Attributes:
        text: caption.
        box_px: (x0, y0, x1, y1) in the image, exclusive end; the whole image for a caption of it.
        object_id: of the scene's object, "" when the box is no object of the scene.
        speaks_of_depth: the text mentions depth or distance (the published recipe selects those).
        score: confidence of its writer, 0-1.
    """

    text: str
    box_px: tuple[int, int, int, int]
    object_id: str = ""
    speaks_of_depth: bool = False
    score: float = 1.0

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box_px
        if not (x0 < x1 and y0 < y1):
            raise InvalidValueError(
                f"caption '{self.text}': got box {self.box_px}, expected x0 < x1 and y0 < y1"
            )


@dataclass(frozen=True)
class Turn:
    """One side's words: ``role`` is one of ``ROLES``."""

    role: str
    text: str

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise InvalidValueError(f"turn: got role '{self.role}', expected one of {ROLES}")


@dataclass(frozen=True)
class Conversation:
    """LLaVA-style conversation about the image.

    Attributes:
        turns: in order; regions are written ``<region0>`` ... in order of ``regions``.
        kind: "conversation", "detail", "reasoning" or "general".
        regions: object ids that ``<regionN>`` stands for.
        writer: who wrote it ("catalogue", model name of an endpoint).
    """

    turns: tuple[Turn, ...]
    kind: str = "conversation"
    regions: tuple[str, ...] = ()
    writer: str = ""


@dataclass(frozen=True)
class Annotations:
    """Everything said about one sample."""

    pairs: tuple[Pair, ...] = ()
    captions: tuple[Caption, ...] = ()
    conversations: tuple[Conversation, ...] = ()


Annotator = Callable[[Sample, int], Annotations]
"""(sample, seed) -> what is said about it; picklable; depends on its arguments alone."""
