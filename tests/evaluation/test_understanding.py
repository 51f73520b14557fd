"""The shared questions, and the scorer itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.errors import SourceError
from deepsight_ros.evaluation.understanding import (
    Score,
    as_text,
    load_items,
    meets,
    run_folder,
    score_answer,
)
from deepsight_ros.scene.answer import Answer, Status

QUESTIONS = Path(__file__).parent.parent / "data" / "questions"


def test_shared_questions() -> None:
    report = run_folder(QUESTIONS)
    assert len(report.rows) == 150
    assert report.share(Score.RIGHT) >= 0.9, as_text(report)
    assert report.share(Score.WRONG) <= 0.02, as_text(report)
    assert report.median_ms < 50


def made(**fields: object) -> Answer:
    base = {"status": Status.OK, "question": "", "text": "", "quantity": "height",
            "object_ids": ("o1",), "value": 0.1, "unit": "m"}  # fmt: skip
    return Answer(**{**base, **fields})  # type: ignore[arg-type]


TRUTH = {"status": "OK", "quantity": "height", "objects": ["o1"], "value": 0.1, "unit": "m"}


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (made(), Score.RIGHT),
        (made(value=0.1019), Score.RIGHT),
        (made(value=0.103), Score.WRONG),
        (made(value=10.0, unit="cm"), Score.WRONG),
        (made(quantity="width"), Score.WRONG),
        (made(object_ids=("o2",)), Score.WRONG),
        (made(value=True), Score.WRONG),
        (made(status=Status.AMBIGUOUS, value=None), Score.HONEST),
        (made(status=Status.UNSUPPORTED, value=None, object_ids=()), Score.HONEST),
    ],
)
def test_scores(answer: Answer, score: Score) -> None:
    assert score_answer(answer, [TRUTH]) is score


def test_alternatives_count() -> None:
    other = {**TRUTH, "quantity": "width"}
    assert score_answer(made(quantity="width"), [TRUTH, other]) is Score.RIGHT


def test_booleans_are_not_numbers() -> None:
    one = {**TRUTH, "quantity": "count", "value": 1, "unit": None}
    assert not meets(made(quantity="count", value=True, unit=""), one)
    assert meets(made(quantity="count", value=1, unit=""), one)


def test_objects_are_sets() -> None:
    pair = {**TRUTH, "objects": ["o2", "o1"]}
    assert meets(made(object_ids=("o1", "o2")), pair)


def test_a_status_needs_its_candidates() -> None:
    truth = {"status": "AMBIGUOUS", "quantity": "height", "objects": ["o1", "o2"], "value": None}
    asked = made(status=Status.AMBIGUOUS, value=None, object_ids=("o2", "o1"))
    assert meets(asked, truth)
    assert not meets(made(status=Status.AMBIGUOUS, value=None, object_ids=("o1",)), truth)


@pytest.mark.parametrize("line", ["{", "[]", '{"scene": "a"}', '{"question": "b"}'])
def test_a_bad_line_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_text(line)
    with pytest.raises(SourceError, match="line 1"):
        load_items(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"questions\.jsonl"):
        run_folder(tmp_path)
    row = {"scene": "nowhere", "question": "how tall is it?", "expects": TRUTH}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row))
    with pytest.raises(SourceError, match="nowhere"):
        run_folder(tmp_path)


def test_command(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = CliRunner().invoke(
        app, ["benchmark", "understanding", "--questions", str(QUESTIONS), "--json", str(report)]
    )
    assert result.exit_code == 0, result.output
    assert "confidently wrong" in result.output
    assert json.loads(report.read_text())["questions"] == 150
