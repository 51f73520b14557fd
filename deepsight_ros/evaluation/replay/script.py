"""Files of questions and of truths in; what to ask when, and what is right, out.

Questions: one per line as plain text, or JSON lines {"question", "every_s" (1.0), "at_s" (list),
"regions" (list of {"box_px" | "point_px", "id", "label"})}; times are seconds of the recording.
Truths: JSON lines {"question", "from_s", "to_s", "status" ("OK"), "value", "unit", "label"}.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.perception.inputs import RegionKind, RegionRequest
from deepsight_ros.questions.units import si_factor
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene

DEFAULT_QUESTIONS = (
    "how many objects are there?",
    "which object is closest to the camera?",
    "how far away is the closest object?",
    "which object is the tallest?",
    "how tall is the tallest object?",
    "how far apart are the two closest objects?",
)
"""Asked when no file is given: about whatever stands there, needing no names."""

RELATIVE_TOLERANCE, LEAST_TOLERANCE_M = 0.1, 0.01
"""A number is right within 10 % or 1 cm of the truth (docs/results.md counts the same)."""


@dataclass(frozen=True, eq=False)
class Ask:
    """One question of a replay.

    Attributes:
        question: as asked.
        every_s: asked at the first perceived frame of every such stretch of the recording.
        at_s: asked at the first perceived frame from each of these times on, instead.
        stamps_ns: asked of the first perceived frame from each of these stamps on, instead.
        regions: parts of the image that the question points at as <region0>, ...
    """

    question: str
    every_s: float = 1.0
    at_s: tuple[float, ...] = ()
    regions: tuple[RegionRequest, ...] = ()
    stamps_ns: tuple[int, ...] = ()

    def slot(self, t_s: float, stamp_ns: int) -> int:
        """Number of the stretch a frame lies in; asked when it changes. -1 before the first."""
        if self.stamps_ns:
            return bisect_right(self.stamps_ns, stamp_ns) - 1
        if self.at_s:
            return sum(t_s >= at - 1e-6 for at in self.at_s) - 1
        return math.floor(t_s / self.every_s + 1e-6)


@dataclass(frozen=True)
class Truth:
    """What is right for a question during a stretch of the recording.

    Attributes:
        question: as in the questions file.
        from_s, to_s: seconds of the recording, both included.
        status: expected status.
        value: number in ``unit``, true/false, or None where only the status is known.
        unit: of a number; "m" where none is given.
        label: name of the object that is the right choice, e.g. "red mug" or "mug".
    """

    question: str
    from_s: float = -math.inf
    to_s: float = math.inf
    status: str = "OK"
    value: float | bool | None = None
    unit: str = "m"
    label: str = ""


@dataclass(frozen=True)
class Mark:
    """How an answer compares with the truth.

    Attributes:
        right: within tolerance, or the same choice, or the expected refusal.
        ratio: measured / true, None where there is no such number.
        covered: the 95 % interval holds the truth, None where there is no interval.
        error: how bad it is, for sorting: relative error, 1 for a wrong choice or status.
    """

    right: bool
    ratio: float | None = None
    covered: bool | None = None
    error: float = 0.0


def load_questions(path: Path | None) -> tuple[Ask, ...]:
    """Questions of a file, or the default ones.

    Raises:
        SourceError: the file is missing, empty, or a line is no question.
    """
    if path is None:
        return tuple(Ask(question) for question in DEFAULT_QUESTIONS)
    asks = []
    for number, line in _lines(path):
        if not line.startswith("{"):
            asks.append(Ask(line))
            continue
        try:
            row = json.loads(line)
            question, every_s = str(row["question"]), float(row.get("every_s", 1.0))
            if not every_s > 0:
                raise InvalidValueError(f"got every_s {every_s}, expected more than 0 seconds")
            at_s = tuple(sorted(float(t) for t in row.get("at_s", ())))
            regions = tuple(_region(one) for one in row.get("regions", ()))
            asks.append(Ask(question, every_s, at_s, regions))
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{path} line {number}: no question ({error})") from error
    if not asks:
        raise SourceError(f"{path}: got no question, expected one per line")
    return tuple(asks)


def load_truths(path: Path | None) -> tuple[Truth, ...]:
    """Truths of a file; none without one.

    Raises:
        SourceError: the file is missing or a line is no truth.
    """
    if path is None:
        return ()
    truths = []
    for number, line in _lines(path):
        try:
            row: dict[str, Any] = json.loads(line)
            truth = Truth(**row)
            si_factor(truth.unit)
            if truth.status not in Status.__members__:
                raise InvalidValueError(f"got status '{truth.status}'")
            truths.append(truth)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path} line {number}: no truth ({error}); expected e.g. "
                '{"question": "how tall is the mug?", "value": 0.1, "unit": "m"}'
            ) from error
    return tuple(truths)


def truth_for(truths: tuple[Truth, ...], question: str, t_s: float) -> Truth | None:
    """The truth of a question at a time, None where the file says nothing."""
    for truth in truths:
        if truth.question == question and truth.from_s - 1e-6 <= t_s <= truth.to_s + 1e-6:
            return truth
    return None


def mark(made: Answer, truth: Truth, scene: Scene) -> Mark:
    """Score one answer."""
    if made.status.value != truth.status:
        return Mark(False, error=1.0)
    if made.status is not Status.OK:
        return Mark(True)
    if truth.label:
        chosen = next((o for o in scene.objects if o.id == made.value), None)
        names = () if chosen is None else (chosen.label, f"{chosen.colour} {chosen.label}".strip())
        right = truth.label in names
        return Mark(right, error=float(not right))
    if truth.value is None:
        return Mark(True)
    if isinstance(truth.value, bool) or not isinstance(made.value, int | float):
        right = made.value is truth.value
        return Mark(right, error=float(not right))
    return _mark_number(made, truth.value, truth.unit)


def _mark_number(made: Answer, true_value: float, true_unit: str) -> Mark:
    assert isinstance(made.value, int | float)
    if made.unit in ("", "clock"):  # counts and hours are right or wrong
        right = made.value == true_value
        return Mark(right, error=float(not right))
    value, truth = made.value * si_factor(made.unit), true_value * si_factor(true_unit)
    error = abs(value - truth)
    right = error <= max(RELATIVE_TOLERANCE * abs(truth), LEAST_TOLERANCE_M)
    covered = None
    if made.measurements:
        covered = made.measurements[0].lower <= truth <= made.measurements[0].upper
    ratio = value / truth if truth else None
    return Mark(right, ratio, covered, error / max(abs(truth), LEAST_TOLERANCE_M))


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def _region(row: dict[str, Any]) -> RegionRequest:
    name, label = str(row.get("id", "")), str(row.get("label", ""))
    if "box_px" in row:
        u0, v0, u1, v1 = (float(c) for c in row["box_px"])
        return RegionRequest(RegionKind.BOX, box_px=(u0, v0, u1, v1), id=name, label=label)
    if "point_px" in row:
        u, v = (float(c) for c in row["point_px"])
        return RegionRequest(RegionKind.POINT, point_px=(u, v), id=name, label=label)
    raise InvalidValueError("a region has neither box_px nor point_px")
