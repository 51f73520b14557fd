"""ChatWriter: a sample in, a conversation written by a language model out (LLaVA's recipe).

The model never sees the picture. It is told in words what is measured on the scene (names, ranges,
sizes, gaps) and returns JSON turns. Turns that are no conversation, or that speak of a length that
nothing measured agrees with, are refused and asked for again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from deepsight_ros.errors import FilteredError, NeedsGravityError
from deepsight_ros.questions.units import METRES
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.chat_client import ChatClient, Message
from deepsight_ros.synthesis.chat_config import ChatConfig
from deepsight_ros.synthesis.instructions import InstructionConfig
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.scene_talk import length, names, ranges_m
from deepsight_ros.synthesis.shards.annotations import Annotations, Conversation, Turn

MOST_THINGS = 8
TOLERANCE = 0.15
"""A length in an answer must lie within this share of one that was measured, or of a difference
of two ranges."""
TASKS = {
    "conversation": "a conversation of 2 to 4 short questions and answers about where things are, "
    "how far, how large, and which is nearer",
    "detail": "one request to describe the scene in depth and one detailed answer, near to far",
    "reasoning": "one question that needs several steps (reaching, passing, fitting) and one "
    "answer that goes through the steps",
}
SYSTEM = (
    "You write training data for a robot that sees depth. You are given what was measured. Speak "
    "as if you saw the scene; use only the facts given, invent no object and no number. Answer "
    'with JSON alone: a list of {"role": "user" or "assistant", "text": "..."} that begins with '
    "user and alternates."
)
_LENGTH = re.compile(
    r"(\d+(?:\.\d+)?)\s?(cm|mm|m|centimet(?:re|er)s?|millimet(?:re|er)s?|met(?:re|er)s?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Facts:
    """What the model is told, and every length that may be spoken of."""

    text: str
    lengths_m: tuple[float, ...]


def facts_of(scene: Scene) -> Facts:
    """Names, ranges, heights and gaps of the nearest things that can be named."""
    called = names(scene)
    far = ranges_m(scene, list(called))
    ids = sorted(far, key=lambda i: far[i])[:MOST_THINGS]
    lines, lengths = [], [far[i] for i in ids]
    for item in ids:
        words = [f"{called[item]}: {length(far[item])} from the camera"]
        for quantity, text in (("height", "high"), ("width", "wide")):
            try:
                found = measure(scene, quantity, [item])
            except NeedsGravityError:
                continue
            if found.bound is Bound.EXACT:
                words.append(f"{length(found.value)} {text}")
                lengths.append(found.value)
        lines.append(", ".join(words))
    for a, b in combinations(ids[:5], 2):
        gap = measure(scene, "surface_distance", [a, b])
        if gap.bound is Bound.EXACT:
            lines.append(f"{called[a]} and {called[b]}: {length(gap.value)} apart")
            lengths.append(gap.value)
    lengths += [abs(far[a] - far[b]) for a, b in combinations(ids, 2)]
    return Facts("\n".join(lines), tuple(lengths))


def read_turns(text: str, facts: Facts) -> tuple[Turn, ...]:
    """Turns of an answer.

    Raises:
        ValueError: no JSON list of alternating turns, or a length that was not measured.
    """
    inner = re.search(r"\[.*\]", text, re.DOTALL)
    if inner is None:
        raise ValueError("no JSON list in it")
    content: Any = json.loads(inner.group(0))
    turns = []
    for place, item in enumerate(content):
        wanted = ("user", "assistant")[place % 2]
        said = item.get("text") if isinstance(item, dict) else None
        if not isinstance(said, str) or not said.strip() or item.get("role") != wanted:
            raise ValueError(f"turn {place} is not the {wanted}'s")
        turns.append(Turn(wanted, said.strip()))
    if len(turns) < 2 or len(turns) % 2:
        raise ValueError(f"{len(turns)} turns, expected questions with their answers")
    for turn in turns:
        if turn.role == "assistant":
            _check_lengths(turn.text, facts)
    return tuple(turns)


def _check_lengths(text: str, facts: Facts) -> None:
    known = np.array(facts.lengths_m, dtype=np.float64)
    for number, unit in _LENGTH.findall(text):
        name = unit.lower()
        short = "cm" if name[0] == "c" else "mm" if name == "mm" or name[:2] == "mi" else "m"
        value = float(number) * METRES[short]
        if not len(known) or (np.abs(known - value) > TOLERANCE * known + 0.01).all():
            raise ValueError(f"'{number} {unit}' was not measured")


@dataclass
class ChatWriter:
    """An ``Annotator``; one request per image, none for an image in the cache.

    Attributes:
        chat: the endpoint.
        config: shares of the kinds.
    """

    chat: ChatConfig
    config: InstructionConfig = field(default_factory=InstructionConfig)

    def __post_init__(self) -> None:
        self._client: ChatClient | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_client": None}

    def messages(self, sample: Sample, seed: int) -> tuple[list[Message], Facts, str]:
        """What will be asked: messages, facts, kind.

        Raises:
            FilteredError: fewer than two things can be named and measured.
        """
        kind = self.config.draw(np.random.default_rng(seed))
        facts = facts_of(sample.scene)
        if facts.text.count("\n") < 1:
            raise FilteredError(f"{sample.key}: fewer than two things can be named and measured")
        room = f"The place: {sample.room}.\n" if sample.room else ""
        request = f"{room}Measured:\n{facts.text}\n\nWrite {TASKS[kind]}."
        return (
            [{"role": "system", "content": SYSTEM}, {"role": "user", "content": request}],
            facts,
            kind,
        )

    def __call__(self, sample: Sample, seed: int) -> Annotations:
        """Raises EndpointError when this one cannot be had, EndpointDownError to stop the run."""
        if self._client is None:
            self._client = ChatClient(self.chat)
        messages, facts, kind = self.messages(sample, seed)
        turns = self._client.ask(messages, lambda text: read_turns(text, facts), seed)
        made = Conversation(turns, kind, writer=self.chat.model)
        return Annotations(conversations=(made,))
