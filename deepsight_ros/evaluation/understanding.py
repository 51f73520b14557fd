"""Understanding benchmark: questions in free English over scene files, scored against their truth.

In: a folder with ``questions.jsonl`` and ``scenes/`` (docs/scene_file.md: a line each
{scene, question, expects: {status, quantity, objects, value, unit}, accepts: [...]}). Out: how
many are right, honestly unanswered, or confidently wrong. Scenes are exact solids: only the
understanding of words is scored here, not perception.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from deepsight_ros.errors import SourceError
from deepsight_ros.questions.answering import answer
from deepsight_ros.questions.units import si_factor
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.scene_file import load_scene

TOLERANCE = 0.02
"""A number is right within 2 % of the truth."""


class Score(Enum):
    """How an answer compares with what was expected."""

    RIGHT = "right"
    HONEST = "honest non-answer"
    WRONG = "confidently wrong"


@dataclass(frozen=True)
class Item:
    """One question with what counts as right.

    Attributes:
        scene: name of its scene file.
        question: as asked.
        expected: acceptable answers, the intended one first: mappings with any of ``status``,
            ``quantity``, ``objects``, ``value``, ``unit``.
    """

    scene: str
    question: str
    expected: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Scored:
    """One question with its answer and score."""

    item: Item
    answer: Answer
    score: Score


@dataclass(frozen=True, eq=False)
class Report:
    """All scores of a run.

    Attributes:
        rows: in the order of the file.
        median_ms, worst_ms: time to answer.
    """

    rows: tuple[Scored, ...]
    median_ms: float
    worst_ms: float

    def share(self, score: Score) -> float:
        """Share of the questions with this score, 0-1."""
        return sum(row.score is score for row in self.rows) / max(len(self.rows), 1)

    def with_score(self, score: Score) -> tuple[Scored, ...]:
        """Rows with this score."""
        return tuple(row for row in self.rows if row.score is score)


def load_items(folder: Path) -> tuple[Item, ...]:
    """Questions of ``folder/questions.jsonl``.

    Raises:
        SourceError: the file is missing or a line is no question.
    """
    path = folder / "questions.jsonl"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SourceError(f"understanding: cannot read {path}: {error.strerror}") from error
    items = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            expected = (row["expects"], *(row.get("accepts") or ()))
            items.append(Item(row["scene"], row["question"], tuple(expected)))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise SourceError(
                f"understanding: {path} line {number} is no question with scene, question and "
                f"expects ({error!r})"
            ) from error
    return tuple(items)


def load_scenes(folder: Path, items: Iterable[Item]) -> dict[str, Scene]:
    """Scenes that items name, from ``folder/scenes``, by the items' names."""
    scenes: dict[str, Scene] = {}
    for item in items:
        if item.scene not in scenes:
            scenes[item.scene] = load_scene(_scene_path(folder, item.scene))
    return scenes


def _scene_path(folder: Path, name: str) -> Path:
    stem = Path(name).name
    for path in (folder / name, folder / "scenes" / stem, folder / "scenes" / f"{stem}.json"):
        if path.is_file():
            return path
    raise SourceError(f"understanding: no scene file '{name}' under {folder}")


def score_answer(made: Answer, expected: Sequence[Mapping[str, Any]]) -> Score:
    """Score one answer: right if any expectation is met, else wrong only if it claims to know."""
    if any(meets(made, one) for one in expected):
        return Score.RIGHT
    return Score.WRONG if made.status is Status.OK else Score.HONEST


def meets(made: Answer, expected: Mapping[str, Any]) -> bool:
    """True when an answer agrees with one expectation in everything it names."""
    if made.status.value != expected.get("status", "OK"):
        return False
    quantity = expected.get("quantity")
    if quantity is not None and made.quantity != quantity:
        return False
    objects = expected.get("objects")
    if objects is not None and quantity is not None and set(objects) != set(made.object_ids):
        return False
    if made.status is not Status.OK or "value" not in expected:
        return True
    return _same_value(made, expected["value"], expected.get("unit"))


def _same_value(made: Answer, truth: Any, unit: str | None) -> bool:
    value = made.value
    if isinstance(truth, bool) or isinstance(value, bool):
        return value is truth
    if isinstance(truth, int | float) and isinstance(value, int | float):
        if unit == "clock" or made.unit == "clock":
            return value == truth
        if unit and unit != made.unit:
            return False
        scale = si_factor(unit or made.unit)
        return math.isclose(value * scale, truth * scale, rel_tol=TOLERANCE, abs_tol=1e-9)
    return bool(value == truth)


def run(items: Sequence[Item], scenes: Mapping[str, Scene]) -> Report:
    """Answer and score every item."""
    rows: list[Scored] = []
    times: list[float] = []
    for item in items:
        started = time.perf_counter()
        made = answer(item.question, scenes[item.scene])
        times.append((time.perf_counter() - started) * 1e3)
        rows.append(Scored(item, made, score_answer(made, item.expected)))
    ordered = sorted(times) or [0.0]
    return Report(tuple(rows), ordered[len(ordered) // 2], ordered[-1])


def run_folder(folder: Path) -> Report:
    """Score a folder of questions and scenes."""
    items = load_items(folder)
    return run(items, load_scenes(folder, items))


def as_text(report: Report, *, failures: bool = True) -> str:
    """The report as a table, with every question that was not right."""
    total = len(report.rows)
    lines = [f"Understanding: {total} questions"]
    for score in Score:
        number = len(report.with_score(score))
        lines.append(f"  {score.value:<18} {number:4d}  {100 * report.share(score):5.1f} %")
    lines.append(
        f"  time per question  median {report.median_ms:.1f} ms, worst {report.worst_ms:.1f} ms"
    )
    if failures:
        for score in (Score.WRONG, Score.HONEST):
            for row in report.with_score(score):
                lines.append(f"  {score.value}: {row.item.scene}: {row.item.question}")
                lines.append(f"    got      {_shown(row.answer)}")
                lines.append(f"    expected {dict(row.item.expected[0])}")
    return "\n".join(lines)


def _shown(made: Answer) -> str:
    return (
        f"{made.status.value} {made.quantity or '-'} {list(made.object_ids)} "
        f"{made.value!r} {made.unit} | {made.text}"
    )
