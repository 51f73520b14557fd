"""Values of reasoning: steps, findings, and what goes back to whoever set the task."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.measurement import Measurement

NOT_A_SAFETY_FUNCTION = "This is a measurement, not a safety function."
"""Closes every conclusion of a task that asks whether something is safe."""


class Decision(Enum):
    """How a task came out.

    YES, NO: the whole 95 % interval lies on one side of the threshold. UNDECIDED: it crosses the
    threshold (or two candidates cannot be told apart). ANSWERED: a value, a choice or an order.
    NONE: there is no answer (status other than OK).
    """

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"
    ANSWERED = "answered"
    NONE = ""


@dataclass(frozen=True)
class Step:
    """One catalogue question that was asked and answered.

    Attributes:
        number: from 1.
        question: as it was asked.
        answer: its answer, whatever its status.
        conclusion: what follows so far, "" when nothing does.
    """

    number: int
    question: str
    answer: Answer
    conclusion: str


@dataclass(frozen=True)
class Finding:
    """What a planner concluded.

    Attributes:
        decision: see ``Decision``; never NONE.
        text: the conclusion in words.
        family: of tasks ("fit"), "question" for a single catalogue question, "chat".
        result: the derived number with its propagated 95 % interval, None for lists and orders.
        object_ids: chosen, in order, or blocking; else those the task is about.
        value: bool, object id, number in the result's unit, or None.
    """

    decision: Decision
    text: str
    family: str
    result: Measurement | None = None
    object_ids: tuple[str, ...] = ()
    value: float | bool | str | None = None


@dataclass(frozen=True)
class Reasoned:
    """A task worked out, or why it was not.

    Attributes:
        answer: status, text, the derived number first and then the evidence, method REASONED.
        decision: NONE unless the status is OK.
        family: of the task, "" when no family fits.
        steps: every finished question, in order; also where there is no answer.
    """

    answer: Answer
    decision: Decision
    family: str
    steps: tuple[Step, ...]


class StoppedError(Exception):
    """Reasoning cannot go on: carries the status and the reason for the answer."""

    def __init__(self, status: Status, reason: str, object_ids: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.status, self.reason, self.object_ids = status, reason, object_ids
