"""Conversations about a sample in LLaVA's manner, written by the catalogue: no endpoint needed.

Questions are put in words and answered by the code that answers live questions, on the sample's
scene; what it does not answer OK is not asked. Kinds: ``conversation`` (several questions),
``detail`` (describe the depths of the scene), ``reasoning`` (a question with its steps). What a
region of the picture is called stands in words, so any reader of conversations can train on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from deepsight_ros.errors import FilteredError, InvalidValueError
from deepsight_ros.questions.answering import answer
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.scene_talk import depth_sentences, length, names, ranges_m
from deepsight_ros.synthesis.shards.annotations import Annotations, Conversation, Turn

PUBLISHED_INSTRUCTIONS = 22_000
"""Size of the set in DeepSight (arXiv 2603.06090)."""
KINDS = ("conversation", "detail", "reasoning")
ONE = (
    "How far away is the {a}?",
    "How tall is the {a}?",
    "How wide is the {a}?",
    "How far is the {a} from the camera?",
)
TWO = (
    "How far is the {a} from the {b}?",
    "Which is closer to the camera, the {a} or the {b}?",
    "Is the {a} behind the {b}?",
    "Is the {a} in front of the {b}?",
    "Is the {a} to the left of the {b}?",
    "Is the {a} taller than the {b}?",
    "Which is bigger, the {a} or the {b}?",
)
ALL = (
    "What is closest to the camera?",
    "What is the tallest thing?",
    "What is farthest away?",
)
DESCRIBE = (
    "Describe how far the things in this depth image are.",
    "Go through the scene from near to far.",
    "What can you tell about the depths here?",
    "Give a detailed account of where things stand in depth.",
)
REACH = (
    "A robot at the camera shall bring the {a}. How far must it go, and what is nearer?",
    "Which things stand nearer than the {a}, and how much room is there before it?",
    "If I walk straight to the {a}, how far is it and what do I come to before?",
)


@dataclass(frozen=True)
class InstructionConfig:
    """Which conversations are written, and in what shares.

    Attributes:
        shares: kind -> weight; a kind is drawn per image.
        turns: least and most questions of a conversation.
        per_image: conversations of one image.
    """

    shares: Mapping[str, float] = field(
        default_factory=lambda: {"conversation": 0.5, "detail": 0.2, "reasoning": 0.3}
    )
    turns: tuple[int, int] = (2, 5)
    per_image: int = 1

    def __post_init__(self) -> None:
        unknown = sorted(set(self.shares) - set(KINDS))
        weights = list(self.shares.values())
        if unknown or not weights or min(weights) < 0 or sum(weights) <= 0:
            raise InvalidValueError(
                f"instructions: got shares {dict(self.shares)}, expected weights of {KINDS}"
            )
        if not 1 <= self.turns[0] <= self.turns[1] <= 20 or not 1 <= self.per_image <= 20:
            raise InvalidValueError(
                f"instructions: got turns {self.turns} and {self.per_image} per image, expected "
                "1 <= least <= most <= 20 and 1 to 20 per image"
            )

    def draw(self, rng: np.random.Generator) -> str:
        """A kind, by the shares."""
        kinds = sorted(self.shares)
        weights = np.array([self.shares[k] for k in kinds])
        return str(rng.choice(kinds, p=weights / weights.sum()))


@dataclass(frozen=True)
class CatalogueWriter:
    """An ``Annotator``: conversations whose answers are measured."""

    config: InstructionConfig = field(default_factory=InstructionConfig)

    def __call__(self, sample: Sample, seed: int) -> Annotations:
        """Raises FilteredError where the scene gives nothing to talk about."""
        rng = np.random.default_rng(seed)
        made = []
        for _ in range(self.config.per_image):
            kind = self.config.draw(rng)
            turns = _WRITERS[kind](sample.scene, rng, self.config)
            if turns:
                made.append(Conversation(tuple(turns), kind, writer="catalogue"))
        if not made:
            raise FilteredError(f"{sample.key}: nothing in it can be named and measured")
        return Annotations(conversations=tuple(made))


def _conversation(scene: Scene, rng: np.random.Generator, config: InstructionConfig) -> list[Turn]:
    seen = names(scene)
    called = list(seen.values())
    if not called:
        return []
    wanted = int(rng.integers(config.turns[0], config.turns[1] + 1))
    asked: set[str] = set()
    turns: list[Turn] = []
    for _ in range(wanted * 4):
        if len(asked) == wanted:
            break
        groups = [ONE, ALL, *([TWO] * 2 if len(called) > 1 else [])]
        group = groups[int(rng.integers(len(groups)))]
        picked = rng.permutation(len(called))
        a, b = called[picked[0]], called[picked[-1]]
        question = group[int(rng.integers(len(group)))].format(a=a, b=b)
        if question in asked:
            continue
        said = answer(question, scene)
        if said.status is Status.OK and set(said.object_ids) <= set(seen):
            asked.add(question)
            turns += [Turn("user", question), Turn("assistant", said.text)]
    return turns


def _detail(scene: Scene, rng: np.random.Generator, config: InstructionConfig) -> list[Turn]:
    del config
    called = names(scene)
    far = ranges_m(scene, list(called))
    if len(far) < 2:
        return []
    order = sorted(far, key=lambda i: far[i])
    parts = [f"The {called[order[0]]} is nearest, about {length(far[order[0]])} away."]
    middle = [f"the {called[i]} at about {length(far[i])}" for i in order[1:-1]]
    if middle:
        parts.append(f"Then come {', '.join(middle)}.")
    parts.append(f"The {called[order[-1]]} is farthest, about {length(far[order[-1]])} away.")
    parts += [f"{s.text}." for s in depth_sentences(scene, rng, 2) if s.quantity != "range"]
    question = DESCRIBE[int(rng.integers(len(DESCRIBE)))]
    return [Turn("user", question), Turn("assistant", " ".join(parts))]


def _reasoning(scene: Scene, rng: np.random.Generator, config: InstructionConfig) -> list[Turn]:
    del config
    called = names(scene)
    far = ranges_m(scene, list(called))
    if len(far) < 2:
        return []
    item = str(rng.choice(sorted(far)))
    margin = 0.05 * far[item] + 0.02
    nearer = sorted((i for i in far if far[i] < far[item] - margin), key=lambda i: far[i])
    level = [i for i in far if i != item and abs(far[i] - far[item]) <= margin]
    steps = [f"The {called[item]} is about {length(far[item])} away."]
    if nearer:
        listed = ", ".join(f"the {called[i]} (about {length(far[i])})" for i in nearer)
        steps.append(f"Nearer than that: {listed}.")
        gap = far[item] - far[nearer[-1]]
        steps.append(
            f"The last of them is the {called[nearer[-1]]}, about {length(gap)} before it."
        )
    else:
        steps.append("Nothing that can be named is clearly nearer.")
    if level:
        steps.append(f"About as far: {', '.join(f'the {called[i]}' for i in level)}.")
    question = REACH[int(rng.integers(len(REACH)))].format(a=called[item])
    return [Turn("user", question), Turn("assistant", " ".join(steps))]


_WRITERS = {"conversation": _conversation, "detail": _detail, "reasoning": _reasoning}
