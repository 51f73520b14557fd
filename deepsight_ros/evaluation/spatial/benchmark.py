"""Runs the spatial benchmark: views, questions and subjects in, a report (JSON values) out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepsight_ros.evaluation.held_out import HEIGHT_PX, WIDTH_PX, digest, ways_to_see
from deepsight_ros.evaluation.spatial import questions as question_module
from deepsight_ros.evaluation.spatial.questions import (
    GENERAL,
    QUALITATIVE,
    QUANTITATIVE,
    SpatialQuestion,
    SpatialView,
    gather,
)
from deepsight_ros.evaluation.spatial.scores import baselines, is_right, subject_scores
from deepsight_ros.evaluation.spatial.subjects import (
    Blind,
    Reply,
    measured,
    model_replies,
    reasoned,
    robot_replies,
)
from deepsight_ros.evaluation.statistics import paired_share
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.questions.parser import PARSER_VERSION
from deepsight_ros.synthesis.world_source import WorldSource

TEST_SEED, TRAINING_SEED = 91_001, 91_002
"""Of the world's benchmark views; training corpora and calibration use others."""
ROBOT = {"measured": measured, "reasoned": reasoned}
"""Ways to answer without the model."""
GENERAL_LOSS = 0.01
"""Most general accuracy that learning spatial questions may cost."""
TARGETS = {
    "[50,200]%": 0.97,
    "+-25%": 0.85,
    "+-10%": 0.60,
    "log_error_skill_over_blind": 0.6,
    "coverage": [0.93, 0.97],
}
"""For the model alone."""
PUBLISHED_PERCENT = {
    "SpatialVLM": {"qualitative": 75.2, "gives_number": 99.0, "[50,200]%": 37.2},
    "LLaVA-1.5": {"qualitative": 71.3},
    "GPT-4V": {"qualitative": 68.0},
}
"""arXiv 2401.12168, measured on its own data, not on ours."""


@dataclass
class SpatialRun:
    """What a run found.

    Attributes:
        views, questions: of the test split.
        blind: fitted on the training split.
        replies: subject -> answers in the order of ``questions``.
    """

    views: list[SpatialView]
    questions: list[SpatialQuestion]
    blind: Blind
    replies: dict[str, list[Reply]] = field(default_factory=dict)

    def report(self) -> dict[str, Any]:
        """Scores of every subject, baselines, targets and provenance."""
        groups = Counter(q.group for q in self.questions)
        return {
            "benchmark": "spatial",
            "generator": generator_hash(),
            "parser_version": PARSER_VERSION,
            "test_seed": TEST_SEED,
            "views": len(self.views),
            "questions": dict(groups),
            "questions_digest": digest(
                f"{q.view} {q.text} {q.rows} {q.truth}" for q in self.questions
            ),
            "named_by": "regions",
            "baselines": baselines(self.questions, self.blind),
            "subjects": {
                name: subject_scores(replies, self.questions, self.blind)
                for name, replies in self.replies.items()
            },
            "against_first": against_first(self.replies, self.questions),
            "targets": {**TARGETS, "general_loss": GENERAL_LOSS},
            "published_on_other_data_percent": PUBLISHED_PERCENT,
        }


def world(count: int, split: str, seed: int) -> WorldSource:
    """Held-out worlds with the test's noise, or training ones with the calibration's."""
    return WorldSource(
        count,
        split=split,
        seed=seed,
        width_px=WIDTH_PX,
        height_px=HEIGHT_PX,
        profile="test" if split == "test" else "calibration",
    )


def prepare(
    views: int,
    training_views: int,
    per_type: int,
    advance: Callable[[str, int], None] = lambda _name, _done: None,
) -> SpatialRun:
    """Draw the questions and fit the blind guesser; nobody has answered yet.

    Args:
        views, training_views: of the test and of the training split.
        per_type: most questions of a type.
        advance: called with the stage and how many more views are done.
    """
    seen, asked = gather(
        world(views, "test", TEST_SEED),
        seed=TEST_SEED,
        per_type=per_type,
        advance=lambda n: advance("held-out views", n),
    )
    _, known = gather(
        world(training_views, "train", TRAINING_SEED),
        seed=TRAINING_SEED,
        per_type=per_type,
        advance=lambda n: advance("training views", n),
    )
    return SpatialRun(seen, asked, Blind(known))


def answer_all(
    run: SpatialRun,
    models: Mapping[str, DeepSight],
    advance: Callable[[str, int], None] = lambda _name, _done: None,
) -> None:
    """Ask the measurement, and each model by depth, colour and both as far as it can."""
    run.replies |= robot_replies(
        run.views, run.questions, ROBOT, advance=lambda n: advance("measured", n * len(ROBOT))
    )
    for name, model in models.items():
        for modality, (depth, colour) in ways_to_see(model).items():
            subject = f"{name}, {modality}"
            run.replies[subject] = model_replies(
                model,
                run.views,
                run.questions,
                depth=depth,
                colour=colour,
                advance=lambda n, subject=subject: advance(subject, n),
            )


def against_first(
    replies: Mapping[str, Sequence[Reply]], questions: Sequence[SpatialQuestion]
) -> dict[str, dict[str, dict[str, float | int | None]]]:
    """Second and later models less the first, by modality and group of questions: the same
    questions, so differences are paired; 95 % intervals over views."""
    models: dict[str, dict[str, Sequence[Reply]]] = {}
    for subject, said in replies.items():
        name, _, modality = subject.rpartition(", ")
        if name:
            models.setdefault(modality, {})[name] = said
    out: dict[str, dict[str, dict[str, float | int | None]]] = {}
    for modality, by_name in models.items():
        first, *others = by_name
        for other in others:
            rows = out.setdefault(f"{other} less {first}, {modality}", {})
            for group in (QUANTITATIVE, QUALITATIVE, GENERAL):
                asked = [k for k, q in enumerate(questions) if q.group == group]
                hits = [
                    [is_right(by_name[n][k], questions[k]) for k in asked] for n in (other, first)
                ]
                rows[group] = paired_share(*hits, [questions[k].view for k in asked]).as_json()
    return out


def subjects_of(models: Mapping[str, DeepSight]) -> list[str]:
    """Names of everybody who answers, in order."""
    return [*ROBOT, *(f"{n}, {m}" for n, model in models.items() for m in ways_to_see(model))]


def generator_hash() -> str:
    """Of the file that draws and thins the questions; a test holds it to what was published."""
    text = Path(question_module.__file__).read_bytes()
    return hashlib.sha256(text).hexdigest()[:12]
