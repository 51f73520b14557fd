"""The spatial benchmark on a few views: questions, claims, scores, command and page."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the benchmark asks a learnt model (requirements/model.txt)")
pytest.importorskip("transformers", reason="the benchmark asks a learnt model")

from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.evaluation.spatial.benchmark import (
    ROBOT,
    TEST_SEED,
    SpatialRun,
    against_first,
    prepare,
    world,
)
from deepsight_ros.evaluation.spatial.questions import (
    GENERAL,
    QUALITATIVE,
    QUANTITATIVE,
    SpatialQuestion,
    question_of,
    thinned,
)
from deepsight_ros.evaluation.spatial.scores import baselines, is_right, numeric_scores
from deepsight_ros.evaluation.spatial.subjects import (
    Blind,
    Reply,
    claim_of,
    robot_replies,
)
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.text import TextCodec
from deepsight_ros.synthesis.model_corpus import TYPES, declined_pairs
from deepsight_ros.synthesis.pairs import PairConfig, make_pairs
from tests.model.conftest import codec, model  # noqa: F401 - fixtures


@pytest.fixture(scope="module")
def run() -> SpatialRun:
    return prepare(9, 9, 6)


def number(truth: float, view: int = 0, kind: str = "height") -> SpatialQuestion:
    return SpatialQuestion(view, QUANTITATIVE, kind, "How tall is <region0>?", (0,), truth, "m")


def test_questions_are_stratified_and_their_truth_is_a_choice(run: SpatialRun) -> None:
    groups = {g: [q for q in run.questions if q.group == g] for g in
              (QUANTITATIVE, QUALITATIVE, GENERAL)}  # fmt: skip
    assert all(len(found) > 20 for found in groups.values())
    for question in groups[QUANTITATIVE]:
        assert isinstance(question.truth, float) and question.truth > 0
    for question in groups[QUALITATIVE] + groups[GENERAL]:
        fixed = ("yes", "no", "same", "declined", *(str(h) for h in range(1, 13)))
        assert question.truth in (*question.options, *fixed), question
    counts = {q.type: sum(p.type == q.type for p in run.questions) for q in run.questions}
    assert max(counts.values()) <= 6
    for question in run.questions:
        view = run.views[question.view]
        assert all(0 <= row < len(view.boxes_px) for row in question.rows)


def test_true_answers_are_read_as_right() -> None:
    """The pair engine's own answers, through the frozen parser, score what they are."""
    sample = world(9, "test", TEST_SEED)[8]
    config = PairConfig(types=TYPES, per_image=0, words_share=0.0, telling_words_share=0.0,
                        general_share=0.05)  # fmt: skip
    pairs = make_pairs(sample, config, 1) + declined_pairs(sample, 1, 4)
    asked = [(question_of(p, 0, tuple(range(len(p.regions)))), p) for p in pairs]
    known = [(q, p) for q, p in asked if q is not None]
    assert len(known) > 500
    assert len({q.type for q, _ in known} & set(TYPES)) > 40
    wrong = [(q, p.answer) for q, p in known if not is_right(Reply(p.answer), q)]
    assert len(wrong) <= 0.005 * len(known), wrong[:5]


@pytest.mark.parametrize(
    ("text", "truth", "options", "claim"),
    [
        ("Yes, it is.", "yes", (), "yes"),
        ("Not really.", "no", (), "no"),
        ("Of the two, <region1> is closer.", "<region1>", ("<region0>", "<region1>"), "<region1>"),
        ("They are about the same.", "same", ("<region0>", "<region1>"), "same"),
        ("I cannot tell that from this view.", "declined", (), "declined"),
        ("23 cm.", "declined", (), ""),
        ("", "yes", (), ""),
    ],
)
def test_claims(text: str, truth: str, options: tuple[str, ...], claim: str) -> None:
    group = GENERAL if truth == "declined" else QUALITATIVE
    question = SpatialQuestion(0, group, "x", "?", (), truth, options=options)
    assert claim_of(Reply(text), question) == claim


def test_a_missing_number_is_a_miss_and_earns_no_skill() -> None:
    truths = [0.1, 0.2, 0.4, 0.8]
    questions = [number(t, view) for view, t in enumerate(truths)]
    blind = Blind(questions)
    silent = numeric_scores([(Reply("I see."), q) for q in questions], blind)
    assert silent["gives_number"]["value"] == 0 and silent["bands"]["[50,200]%"]["value"] == 0
    assert silent["log_error_skill_over_blind"] == 0
    exact = numeric_scores(
        [(Reply(f"{100 * float(q.truth):.0f} cm", 0.9 * float(q.truth), 1.1 * float(q.truth)), q)
         for q in questions], blind
    )  # fmt: skip
    assert exact["bands"]["+-10%"]["value"] == 1 and exact["coverage"]["value"] == 1
    assert exact["log_error_skill_over_blind"] == 1
    assert exact["median_width_over_value"] == pytest.approx(0.2)


def test_stratified_numbers_leave_little_to_a_constant() -> None:
    rng = np.random.default_rng(0)
    sizes = 0.2 * np.exp(rng.normal(0, 1.0, 4000))
    questions = [number(float(s), view) for view, s in enumerate(sizes)]
    kept = thinned(questions, 0, 10_000)
    before, after = (baselines(q, Blind(q))["bands"] for q in (questions, kept))
    assert after["best constant"]["+-25%"] < before["best constant"]["+-25%"] - 0.05
    assert len(kept) > 300


def test_measured_answers_come_in_the_question_s_regions(run: SpatialRun) -> None:
    some = [q for q in run.questions if q.view < 3]
    both = robot_replies(run.views, some, ROBOT)
    replies = both["measured"]
    numbers = [(r, q) for r, q in zip(replies, some, strict=True) if q.group == QUANTITATIVE]
    right = [is_right(r, q) for r, q in numbers if r.text]
    assert len(right) > 10 and np.mean(right) > 0.5
    choices = [(r, q) for r, q in zip(replies, some, strict=True) if q.options and r.text]
    assert all("<region" not in r.text or r.text.count("<region") <= 6 for r, q in choices)
    assert {claim_of(r, q) for r, q in choices} - {""}
    # the planner asks what no family knows as one question: mostly the same answers
    same = [a == b for a, b in zip(replies, both["reasoned"], strict=True) if a.text]
    assert np.mean(same) > 0.5


def test_two_models_are_compared_on_the_same_questions() -> None:
    asked = [SpatialQuestion(n // 4, QUALITATIVE, "x", "?", (), "yes") for n in range(40)]
    right, half = [Reply("Yes.")] * 40, [Reply("Yes.")] * 20 + [Reply("No.")] * 20
    said = {"measured": right, "a, depth": right, "b, depth": half, "b, both": half}
    found = against_first(said, asked)
    assert set(found) == {"b less a, depth"}
    lost = found["b less a, depth"][QUALITATIVE]
    assert lost["value"] == pytest.approx(-0.5) and lost["count"] == 40
    assert lost["lower"] is not None and lost["upper"] is not None
    assert lost["lower"] < -0.5 < lost["upper"] < 0
    assert found["b less a, depth"][GENERAL]["value"] is None


def test_rows_are_the_regions_that_were_meant(
    model: DeepSightModel,  # noqa: F811
    codec: TextCodec,  # noqa: F811
    run: SpatialRun,
) -> None:
    """Asking about row 2 of many boxes is asking about <region0> of that box alone."""
    loaded = DeepSight(model, codec)
    question = next(q for q in run.questions if len(q.rows) == 2)
    view = run.views[question.view]
    seen = loaded.look(view.frame, regions_px=view.boxes_px, up_in_camera=view.up_in_camera)
    alone = loaded.look(
        view.frame,
        regions_px=[view.boxes_px[row] for row in question.rows],
        up_in_camera=view.up_in_camera,
    )
    assert (
        seen.write(question.text, 6, rows=question.rows).ids == alone.write(question.text, 6).ids
    )


def test_command_writes_json_and_page(
    model: DeepSightModel,  # noqa: F811
    codec: TextCodec,  # noqa: F811
    tmp_path: Path,
) -> None:
    DeepSight(model, codec).save_pretrained(tmp_path / "tiny")
    told = CliRunner().invoke(
        app,
        ["benchmark", "spatial", "--model", str(tmp_path / "tiny"), "--views", "2",
         "--training-views", "3", "--per-type", "1", "--json", str(tmp_path / "report.json"),
         "--report", str(tmp_path / "page.html")],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    report = json.loads((tmp_path / "report.json").read_text())
    assert set(report["subjects"]) == {
        "measured", "reasoned", "tiny, depth", "tiny, colour", "tiny, both",
    }  # fmt: skip
    assert report["against_first"] == {} and len(report["questions_digest"]) == 12
    for scores in report["subjects"].values():
        assert 0 <= scores["qualitative"]["value"] <= 1
    measured = report["subjects"]["measured"]["quantitative"]
    assert measured["bands"]["[50,200]%"]["value"] > 0.5
    assert not math.isnan(measured["log_error_skill_over_blind"])
    page = (tmp_path / "page.html").read_text()
    assert page.count("<figure>") > 8 and "<svg" in page
