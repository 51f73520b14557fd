"""Answer: what goes back to whoever asked, with an honest status."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene.measurement import Measurement


class Status(Enum):
    """Why there is, or is not, an answer."""

    OK = "OK"
    AMBIGUOUS = "AMBIGUOUS"
    NOT_FOUND = "NOT_FOUND"
    NO_DEPTH = "NO_DEPTH"
    STALE = "STALE"
    UNSUPPORTED = "UNSUPPORTED"
    TIMEOUT = "TIMEOUT"
    FAILED = "FAILED"


class Method(Enum):
    """How the answer came about."""

    MEASURED = "measured"
    MODEL = "model"
    REASONED = "reasoned"


@dataclass(frozen=True, eq=False)
class Answer:
    """Answer to one question.

    Attributes:
        status: OK, or why there is no answer; only OK carries ``value`` and ``text`` as an answer.
        question: as asked.
        text: the spoken answer, or the reason there is none, in the question's language.
        question_type: catalogue name ("height", "closer.choice" ...), "" when not understood.
        quantity: quantity or predicate ("height", "left_of"), "" when not understood.
        object_ids: subject first, then the others; candidates when AMBIGUOUS.
        value: float (in ``unit``), bool (yes/no), str (object id of a choice, or "same" inside
            the margin) or None.
        unit: unit ``value`` is spoken in ("m", "cm", "in", "clock", "" ...).
        measurements: SI measurements it rests on.
        method: how.
        stamp_ns, frame_id: of the image it was measured on.
        latency_s: question received to answer made.
    """

    status: Status
    question: str
    text: str
    question_type: str = ""
    quantity: str = ""
    object_ids: tuple[str, ...] = ()
    value: float | bool | str | None = None
    unit: str = ""
    measurements: tuple[Measurement, ...] = ()
    method: Method = Method.MEASURED
    stamp_ns: int = 0
    frame_id: str = ""
    latency_s: float = 0.0

    def __post_init__(self) -> None:
        if self.status is not Status.OK and self.value is not None:
            raise InvalidValueError(
                f"answer: got status {self.status.value} with value {self.value!r}; only OK "
                "carries a value"
            )
