"""Reads tests/data/paraphrases: our own questions with what should be understood from each.

A line is ``question | expectation``, or ``scene@question | ...`` over a scene of the shared
questions. Expectations: ``quantity [ids] [=value] [unit]`` for an
answer (ids as a set, quantities with "," are alternatives), or ``AMB quantity ids``, ``NF quantity
[ids]``, ``UNS``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.scene_file import load_scene

FOLDER = Path(__file__).parent.parent / "data" / "paraphrases"
SHARED_SCENES = Path(__file__).parent.parent / "data" / "questions" / "scenes"
_STATUSES = {"AMB": Status.AMBIGUOUS, "NF": Status.NOT_FOUND, "UNS": Status.UNSUPPORTED}


@dataclass(frozen=True)
class Paraphrase:
    scene: str
    question: str
    status: Status
    quantities: tuple[str, ...]
    ids: frozenset[str] | None
    value: str
    unit: str


def load(folder: Path = FOLDER) -> tuple[list[Paraphrase], dict[str, Scene]]:
    rows, scenes = [], {}
    for path in sorted(folder.glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            named, at, rest = line.partition("@")
            if at and named.isidentifier():  # over a scene of the shared questions
                scene, file = named, SHARED_SCENES / f"{named}.json"
            else:
                scene, rest = path.stem.partition("_")[0], line
                file = FOLDER / f"{scene}.json"
            if scene not in scenes:
                scenes[scene] = load_scene(file)
            rows.append(_parse(scene, rest))
    return rows, scenes


def _parse(scene: str, line: str) -> Paraphrase:
    question, _, expectation = line.rpartition(" | ")
    words = expectation.split()
    status = _STATUSES.get(words[0], Status.OK)
    if status is not Status.OK:
        words = words[1:]
    quantities = tuple(words[0].split(",")) if words else ()
    ids, value, unit = None, "", ""
    for word in words[1:]:
        if word.startswith("="):
            value = word[1:]
        elif word[0] == "o" and word[1:2].isdigit():
            ids = frozenset(word.split(","))
        else:
            unit = word
    if status is Status.NOT_FOUND and ids is None:
        ids = frozenset()
    return Paraphrase(scene, question, status, quantities, ids, value, unit)


def is_right(row: Paraphrase, made: Answer) -> bool:
    if made.status is not row.status:
        return False
    if row.status is Status.UNSUPPORTED:
        return True
    if row.quantities and made.quantity not in row.quantities:
        return False
    if row.ids is not None and not _same_ids(row, made):
        return False
    if row.unit and made.unit != row.unit:
        return False
    return not row.value or _same_value(row.value, made)


def _same_ids(row: Paraphrase, made: Answer) -> bool:
    assert row.ids is not None
    if row.status is Status.OK and isinstance(made.value, str):
        return row.ids <= set(made.object_ids) | {made.value}
    return row.ids == set(made.object_ids)


def _same_value(expected: str, made: Answer) -> bool:
    if expected in ("true", "false"):
        return made.value is (expected == "true")
    try:
        number = float(expected)
    except ValueError:
        return made.value == expected
    return isinstance(made.value, int | float) and math.isclose(made.value, number, rel_tol=0.02)
