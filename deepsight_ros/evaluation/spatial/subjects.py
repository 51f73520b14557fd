"""Who answers: the model by modality, measurement, and guessers that see nothing.

Every subject gives ``Reply`` values in the order of the questions; what they claim is read from
their words by the frozen parser, whoever they are.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from deepsight_ros.errors import DeepsightError
from deepsight_ros.evaluation.spatial.questions import (
    GENERAL,
    QUANTITATIVE,
    SpatialQuestion,
    SpatialView,
)
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.perception.inputs import GivenUp, RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.questions.answering import answer
from deepsight_ros.questions.parser import parse_answer
from deepsight_ros.reasoning.embedded import EmbeddedPlanner
from deepsight_ros.reasoning.reasoning import reason
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene, UpSource

_REGION = re.compile(r"<region(\d+)>")
_MOST_TOKENS = 32


@dataclass(frozen=True)
class Reply:
    """An answer.

    Attributes:
        text: as said; "" for no answer.
        lower, upper: SI 95 % interval of its number, NaN without one.
    """

    text: str
    lower: float = float("nan")
    upper: float = float("nan")


def number_of(reply: Reply) -> float:
    """SI number of an answer with a unit, NaN without one."""
    parsed = parse_answer(reply.text)
    if parsed.si is None or parsed.unit in ("", "clock"):
        return float("nan")
    return parsed.si


def claim_of(reply: Reply, question: SpatialQuestion) -> str:
    """What an answer claims, in the terms of ``question.truth``; "" for nothing."""
    parsed = parse_answer(reply.text, question.options)
    if not reply.text:
        return ""
    if question.truth == "declined":
        return "declined" if parsed.refused or _sees_none(reply.text) else ""
    if question.unit == "clock":
        return f"{parsed.value:.0f}" if parsed.unit == "clock" and parsed.value else ""
    if question.group != GENERAL and parsed.same:
        return "same"
    if question.options:
        return parsed.choice or ""
    return "" if parsed.yes is None else ("yes" if parsed.yes else "no")


def _sees_none(text: str) -> bool:
    """ "There is no kite in this picture", which says that there is nothing to tell."""
    return re.search(r"\b(there is no|no \w+ is in view|i see no)\b", text.lower()) is not None


def by_view(
    views: Sequence[SpatialView], questions: Sequence[SpatialQuestion]
) -> Iterator[tuple[SpatialView, list[SpatialQuestion]]]:
    """Questions (in order of their views) with their view."""
    numbered = {v.number: v for v in views}
    for number, group in groupby(questions, key=lambda q: q.view):
        yield numbered[number], list(group)


def model_replies(
    model: DeepSight,
    views: Sequence[SpatialView],
    questions: Sequence[SpatialQuestion],
    *,
    depth: bool,
    colour: bool,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Reply]:
    """The model's own words, decoded freely; each view is seen once."""
    out = []
    for view, group in by_view(views, questions):
        seen = model.look(
            view.frame,
            regions_px=view.boxes_px,
            boxes_px=view.boxes_px,
            up_in_camera=view.up_in_camera,
            use_depth=depth,
            use_colour=colour,
        )
        for question in group:
            said = seen.ask(question.text, rows=question.rows, most_tokens=_MOST_TOKENS)
            out.append(Reply(said.text, said.lower, said.upper))
        advance(1)
    return out


Answerer = Callable[[str, Scene, Sequence[str]], Answer]
"""Question, scene and ids of its regions in, answer out."""


def measured(question: str, scene: Scene, regions: Sequence[str]) -> Answer:
    """As the question room answers."""
    del regions  # the scene knows them by their ids
    return answer(question, scene)


def reasoned(question: str, scene: Scene, regions: Sequence[str]) -> Answer:
    """As the embedded planner answers: by its families of tasks, else by one question."""
    return reason(question, scene, EmbeddedPlanner(), regions=regions).answer


def robot_replies(
    views: Sequence[SpatialView],
    questions: Sequence[SpatialQuestion],
    answerers: Mapping[str, Answerer],
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[str, list[Reply]]:
    """What a robot without the model says: perception with the boxes as regions, then each way
    to answer, over the same scene."""
    out: dict[str, list[Reply]] = {name: [] for name in answerers}
    for view, group in by_view(views, questions):
        up = None
        if view.up_in_camera is not None:
            up = GivenUp(view.up_in_camera, UpSource.TF)
        perceiver = Perceiver()
        regions = [
            RegionRequest(RegionKind.BOX, box_px=box, id=f"region{row}")
            for row, box in enumerate(view.boxes_px)
        ]
        scene = perceiver.perceive_regions(
            view.frame, perceiver.perceive(view.frame, up_in_camera=up), regions
        )
        for question in group:
            for name, answerer in answerers.items():
                out[name].append(_reply(question, scene, answerer))
        advance(1)
    return out


def _reply(question: SpatialQuestion, scene: Scene, answerer: Answerer) -> Reply:
    # the question room knows a region by its id; back into the question's own numbers
    here = {str(row): str(n) for n, row in enumerate(question.rows)}
    text = _REGION.sub(lambda m: f"region{question.rows[int(m[1])]}", question.text)
    try:
        said = answerer(text, scene, [f"region{row}" for row in question.rows])
    except DeepsightError:
        return Reply("")
    if said.status is not Status.OK:
        return Reply(said.text)  # the reason, which may be the right answer
    words = _REGION.sub(lambda m: f"<region{here.get(m[1], m[1])}>", said.text)
    first = said.measurements[0] if said.measurements else None
    lower, upper = (np.nan, np.nan) if first is None else (first.lower, first.upper)
    return Reply(words, float(lower), float(upper))


class Blind:
    """Knows how training answers of each type spread, and sees nothing.

    Args:
        training: questions of the training split, thinned as the test is.
    """

    def __init__(self, training: Sequence[SpatialQuestion]) -> None:
        numbers: dict[str, list[float]] = defaultdict(list)
        words: dict[str, Counter[str]] = defaultdict(Counter)
        for question in training:
            if question.group == QUANTITATIVE:
                numbers[question.type].append(float(question.truth))
            else:
                words[question.type][str(question.truth)] += 1
        self._median = {name: float(np.median(values)) for name, values in numbers.items()}
        everything = [v for values in numbers.values() for v in values]
        self._any = float(np.median(everything)) if everything else 1.0
        self._most = {name: c.most_common(1)[0][0] for name, c in words.items()}

    def number(self, question: SpatialQuestion) -> float:
        """SI number it says."""
        return self._median.get(question.type, self._any)

    def claim(self, question: SpatialQuestion) -> str:
        """Outcome it says."""
        return self._most.get(question.type, "yes")
