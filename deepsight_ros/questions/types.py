"""QuestionType: one entry of the catalogue, and what solving one gives.

A type holds its name, the things it takes, its unit, the function over a ``Scene`` that answers it
and its phrasings; understanding, answering, rendering and scoring all read the same entry.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.questions import grammar
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.vocabulary import Vocabulary
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measurement import Measurement
from deepsight_ros.scene.objects import Scene


class Form(Enum):
    """What kind of answer a type has."""

    VALUE = "value"
    COMPARE = "compare"
    YESNO = "yesno"
    CHOICE = "choice"
    SUPERLATIVE = "superlative"
    LIST = "list"
    COUNT = "count"


@dataclass(frozen=True)
class Case:
    """A query whose mentions were found in a scene.

    Attributes:
        scene, vocabulary, query: what is asked of what.
        ids: the things, in role order (options for choices); sets are flattened.
        sets: ids per mention of ``query.things``, for types that take whole sets.
        anchor_id: of ``query.anchor``, None when there is none or it is the camera.
        further_ids: of further anchors ("between A and B").
        group_ids: members of the set asked about, condition applied; () without a set.
    """

    scene: Scene
    vocabulary: Vocabulary
    query: Query
    ids: tuple[str, ...] = ()
    sets: tuple[tuple[str, ...], ...] = ()
    anchor_id: str | None = None
    group_ids: tuple[str, ...] = ()
    further_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Solved:
    """What a type found out, before it is put in words.

    Attributes:
        outcome: key of ``QuestionType.answers``: "value", "yes", "no", "same", "one", "many",
        "none".
        value: SI number, bool, object id (or word), or None.
        ids: subject first.
        measurements: what it rests on; the first is spoken as ``{value}``.
        slots: further words for the phrasing; object ids in ``{braces}`` names ending in ``_id``
        are
            turned into descriptions.
        status: OK, or NO_DEPTH when the view leaves the outcome open.
        quantity: reported instead of the type's key, "" for the key.
        is_number: the value is a number in the SI unit of the type.
    """

    outcome: str
    value: float | bool | str | None
    ids: tuple[str, ...]
    measurements: tuple[Measurement, ...] = ()
    slots: Mapping[str, str] = field(default_factory=dict)
    status: Status = Status.OK
    quantity: str = ""


Solver = Callable[[Case], Solved]


@dataclass(frozen=True)
class QuestionType:
    """One question the catalogue knows.

    Attributes:
        name: unique; "height", "height.compare", "taller.choice" ...
        form: kind of answer.
        key: quantity or predicate of docs/semantics.md that is measured or judged.
        roles: names of the slots that things fill, in order: "a", "b", "c", "group", "value".
        unit: SI unit of a number, "" otherwise.
        questions: phrasings in the notation of ``grammar``.
        answers: outcome -> phrasings.
        solve: the function over a scene that answers it.
        relation: of the comparison the phrasings make, for COMPARE types.
    """

    name: str
    form: Form
    key: str
    roles: tuple[str, ...]
    unit: str
    questions: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]
    solve: Solver
    relation: str = ""

    def question_texts(self) -> tuple[str, ...]:
        """Every question phrasing, slots unfilled."""
        return tuple(dict.fromkeys(t for source in self.questions for t in grammar.expand(source)))

    def answer_texts(self, outcome: str) -> tuple[str, ...]:
        """Every answer phrasing of one outcome, slots unfilled."""
        return tuple(text for source in self.answers[outcome] for text in grammar.expand(source))

    def render_question(self, slots: Mapping[str, str], rng: random.Random, unit: str = "") -> str:
        """A question in words.

        Args:
            slots: role -> words ("the red mug"; "8 cm" for "value"; "mugs" for "group").
            rng: draws the phrasing.
            unit: name of the unit to ask in ("centimetres"), "" for none.
        """
        text = grammar.sample(rng.choice(self.questions), rng)
        return finish(self._fill(text, slots), "?", f" in {unit}" if unit else "")

    def render_answer(
        self, outcome: str, slots: Mapping[str, str], rng: random.Random | None = None
    ) -> str:
        """An answer in words: the first phrasing, or one drawn by ``rng``."""
        if outcome not in self.answers:
            raise InvalidValueError(
                f"question type {self.name}: got outcome '{outcome}', expected one of "
                f"{sorted(self.answers)}"
            )
        sources = self.answers[outcome]
        if rng is None:
            text = grammar.expand(sources[0])[0]
        else:
            text = grammar.sample(rng.choice(sources), rng)
        return finish(self._fill(text, slots), ".")

    def _fill(self, text: str, slots: Mapping[str, str]) -> str:
        try:
            return grammar.tidy(text.format_map(slots))
        except KeyError as error:
            raise InvalidValueError(
                f"question type {self.name}: phrasing '{text}' needs {error}, got {sorted(slots)}"
            ) from error


def finish(text: str, mark: str, tail: str = "") -> str:
    """Capital first letter, closing mark."""
    body = text.rstrip("?.! ") + tail
    return f"{body[:1].upper()}{body[1:]}{mark}"
