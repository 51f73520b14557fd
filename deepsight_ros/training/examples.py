"""Shard rows in, what the model learns from out: pictures, questions by kind, texts to align with.

Everything here is deterministic; drawing questions and modalities is ``batches``' work.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model.pictures import Pictures, picture
from deepsight_ros.model.text import QuestionAnswer, hide_number
from deepsight_ros.synthesis.samples import Pair
from deepsight_ros.synthesis.shards.annotations import Conversation
from deepsight_ros.synthesis.shards.rows import Row

TEMPLATE = "template."
"""Types of pairs made from the depth template tasks begin with this."""
GENERAL = "general."
"""Types of pairs that are not spatial begin with this."""
_LEARNT_UNITS = ("m", "m3")
_LEAST_BOX_PX = 3


@dataclass(frozen=True, eq=False)
class Example:
    """One picture with everything there is to learn about it.

    Attributes:
        key: of the row.
        pictures: a batch of one; its regions are the objects in view, in ``ids``' order.
        questions: kind ("numbers", "pairs", "template", "general", "captions", "conversations")
            -> questions; "numbers" are the pairs whose answer holds a length or volume.
        texts: whole-picture texts to align the picture with.
    """

    key: str
    pictures: Pictures
    questions: Mapping[str, tuple[QuestionAnswer, ...]]
    texts: tuple[str, ...]


def example(row: Row, size_px: tuple[int, int], most_regions: int) -> Example:
    """What a row teaches.

    Args:
        row: with the columns of ``COLUMNS``.
        size_px: (rows, columns) the model takes, ``config.fine_px``.
        most_regions: regions a question may name.
    """
    boxes = {i: b for i, b in row.boxes_px.items() if min(b[2] - b[0], b[3] - b[1]) >= 1}
    numbers = {object_id: n for n, object_id in enumerate(boxes)}
    frame = RgbdFrame(row["stamp_ns"], row.camera, row.depth_m(), row.colour())
    clear = [b for b in boxes.values() if min(b[2] - b[0], b[3] - b[1]) >= _LEAST_BOX_PX]
    pictures = picture(
        frame,
        size_px,
        up_in_camera=up_in_camera(row["scene"]),
        boxes_px=clear,
        regions_px=list(boxes.values()),
    )
    questions: dict[str, list[QuestionAnswer]] = {}
    for pair in row.pairs:
        made = from_pair(pair, numbers, most_regions)
        if made is not None:
            kind = kind_of(pair)
            if kind == "pairs" and not math.isnan(made.value):
                kind = "numbers"
            questions.setdefault(kind, []).append(made)
    for caption in row.captions:
        if caption.object_id in numbers:
            region = (numbers[caption.object_id],)
            text = QuestionAnswer("Describe <region0>.", caption.text, math.nan, region)
            questions.setdefault("captions", []).append(text)
    for conversation in row.conversations:
        questions.setdefault("conversations", []).extend(from_conversation(conversation, numbers))
    whole = [c.text for c in row.captions if not c.object_id]
    if row["room"]:
        whole.append(room_text(row["room"]))
    return Example(row.key, pictures, {k: tuple(v) for k, v in questions.items()}, tuple(whole))


COLUMNS = (
    "key", "room", "stamp_ns", "camera", "depth", "colour", "objects", "scene", "pairs",
    "captions", "conversations",
)  # fmt: skip


def kind_of(pair: Pair) -> str:
    """Which share a pair counts to."""
    if pair.type.startswith(TEMPLATE):
        return "template"
    return "general" if pair.type.startswith(GENERAL) else "pairs"


def from_pair(pair: Pair, numbers: Mapping[str, int], most_regions: int) -> QuestionAnswer | None:
    """A pair as the model learns it; None when a region is not in view or too many are named."""
    if any(i not in numbers for i in pair.regions) or len(pair.regions) > most_regions:
        return None
    rows = tuple(numbers[i] for i in pair.regions)
    if pair.unit in _LEARNT_UNITS and isinstance(pair.value, float | int):
        hidden = hide_number(pair.answer, side_length(float(pair.value), pair.unit))
        if hidden is not None:
            return QuestionAnswer(pair.question, hidden.answer, hidden.value, rows)
    return QuestionAnswer(pair.question, pair.answer, math.nan, rows)


def side_length(value: float, unit: str) -> float:
    """Volumes are learnt as the side of the cube of equal volume, on the scale of lengths."""
    return math.copysign(abs(value) ** (1 / 3), value) if unit == "m3" else value


def from_conversation(
    conversation: Conversation, numbers: Mapping[str, int]
) -> Iterable[QuestionAnswer]:
    """Each user turn with the assistant's next, if its regions are in view."""
    if any(i not in numbers for i in conversation.regions):
        return
    rows = tuple(numbers[i] for i in conversation.regions)
    turns = conversation.turns
    for asked, said in pairwise(turns):
        if asked.role == "user" and said.role == "assistant":
            yield QuestionAnswer(asked.text, said.text, math.nan, rows)


def room_text(room: str) -> str:
    """What the text tower reads for a kind of place."""
    return f"A depth view of a {room.replace('_', ' ')}."


def up_in_camera(scene_json: str) -> NDArray[np.float64] | None:
    """(3,) up in the optical frame, from a row's scene; None where it is unknown."""
    scene = json.loads(scene_json)
    if scene["up"] == "unknown":
        return None
    pose = scene["working_from_camera"]
    rotation = np.asarray(pose["rotation"], dtype=np.float64).reshape(3, 3)
    up: NDArray[np.float64] = rotation[2]
    return up
