"""The core of the catalogue: the kinds of question SpatialVLM (arXiv 2401.12168) generates.

Half ask for a number, half for a relation; at most two objects, three for "between" and "closer
to". ``phrasing_table`` counts how many ways each can be asked and answered; ``deepsight
catalogue`` prints it and a test holds it to 20 questions and 10 answers of every outcome.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.grammar import spaced

QUANTITATIVE: tuple[str, ...] = (
    "surface_distance", "centre_distance", "horizontal_distance", "vertical_distance", "range",
    "direction", "direction.camera", "height", "top", "width", "depth", "length", "breadth",
    "thickness", "diameter", "volume", "grasp_width", "taller.difference", "wider.difference",
    "longer.difference",
)  # fmt: skip
QUALITATIVE: tuple[str, ...] = (
    "left_of.yesno", "right_of.yesno", "above.yesno", "below.yesno", "in_front_of.yesno",
    "behind.yesno", "on.yesno", "touching.yesno", "next_to.yesno", "taller.yesno",
    "shorter.yesno", "wider.yesno", "bigger.yesno", "smaller.yesno", "closer.yesno",
    "taller.choice", "bigger.choice", "closer.choice", "left_of.choice", "between.yesno",
)  # fmt: skip
CORE: tuple[str, ...] = (*QUANTITATIVE, *QUALITATIVE)
"""At least the 38 published kinds."""

_EMPTY_WORDS = spaced("a an the please")


@dataclass(frozen=True)
class Phrasings:
    """How many ways one type can be said.

    Attributes:
        name: of the type.
        objects: most things it is about.
        questions: different question sentences.
        answers: outcome -> different answer sentences.
    """

    name: str
    objects: int
    questions: int
    answers: dict[str, int]


def different(texts: Iterable[str]) -> int:
    """Sentences that differ in more than articles, "please", case and punctuation."""
    seen = set()
    for text in texts:
        words = "".join(c if c.isalnum() or c in "{}'" else " " for c in text.lower()).split()
        seen.add(tuple(w for w in words if w not in _EMPTY_WORDS or "{" in w))
    return len(seen)


def phrasing_table(names: Iterable[str] = CORE) -> tuple[Phrasings, ...]:
    """Counts for these types, in this order."""
    out = []
    for name in names:
        entry = CATALOGUE[name]
        out.append(
            Phrasings(
                name,
                len([r for r in entry.roles if r in ("a", "b", "c")]),
                different(entry.question_texts()),
                {outcome: different(entry.answer_texts(outcome)) for outcome in entry.answers},
            )
        )
    return tuple(out)
