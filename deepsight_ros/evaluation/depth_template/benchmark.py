"""Runs the Depth Template Benchmark: a source and subjects in, a report (JSON values) out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from deepsight_ros.evaluation.depth_template.baselines import (
    Asked,
    Constant,
    Neighbours,
    asked,
    bag_of_boxes,
    blind,
    thumbnails,
)
from deepsight_ros.evaluation.depth_template.subjects import (
    geometry_choice,
    model_choices,
    tasks_present,
    zero_shot_choices,
)
from deepsight_ros.evaluation.depth_template.views import TemplateView
from deepsight_ros.evaluation.held_out import digest, ways_to_see
from deepsight_ros.evaluation.statistics import share
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.questions.parser import PARSER_VERSION
from deepsight_ros.synthesis.depth_template import generator_hash

PUBLISHED: dict[str, dict[str, float]] = {
    "DeepSight, zero-shot": {"average": 38.53},
    "DeepSight, SFT": {
        "scene": 64.86,
        "recognition": 40.56,
        "distance": 63.17,
        "security": 44.81,
        "average": 53.85,
    },
}
"""The paper's own rows (arXiv 2603.06090), measured on NYU Depth V2 and SUN RGB-D, not on ours."""

TARGETS = {"scene": 85.0, "recognition": 80.0, "distance": 93.0, "security": 95.0, "average": 90.0}
HELD_OUT = "the simulated world, held out"


@dataclass
class TemplateRun:
    """What a run found.

    Attributes:
        views: of the test split.
        source: where they come from, in words.
        choices: subject -> task -> chosen options, in order of ``asked(views, task)``.
    """

    views: list[TemplateView]
    source: str = HELD_OUT
    choices: dict[str, dict[str, list[int]]] = field(default_factory=dict)

    def report(self) -> dict[str, object]:
        """Accuracy with intervals per subject and task, chance, targets and provenance."""
        tasks = tasks_present(self.views)
        table: dict[str, dict[str, object]] = {}
        for subject, by_task in self.choices.items():
            row: dict[str, object] = {}
            values = []
            for task in tasks:
                if task not in by_task:
                    continue
                questions = asked(self.views, task)
                hits = [c == q.item.answer for c, q in zip(by_task[task], questions, strict=True)]
                counted = share(hits, [q.view.number for q in questions])
                row[task] = counted.as_json()
                values.append(counted.value)
            if len(values) == len(tasks):
                row["average"] = round(float(np.mean(values)), 4)
            table[subject] = row
        chance = {
            task: round(
                float(np.mean([1 / len(q.item.options) for q in asked(self.views, task)])), 4
            )
            for task in tasks
        }
        return {
            "benchmark": "depth-template",
            "generator": generator_hash(),
            "parser_version": PARSER_VERSION,
            "source": self.source,
            "views": len(self.views),
            "items": {t: len(asked(self.views, t)) for t in tasks},
            "items_digest": digest(f"{v.number} {i}" for v in self.views for i in v.items),
            "chance": chance,
            "accuracy": table,
            "targets_percent": TARGETS,
            "published_on_other_data_percent": PUBLISHED,
        }


def run_benchmark(
    test: Sequence[TemplateView],
    training: Sequence[TemplateView],
    models: dict[str, DeepSight],
    *,
    room_texts: Sequence[str] = (),
    source: str = HELD_OUT,
    progress: Callable[[str, int], None] = lambda _name, _done: None,
) -> TemplateRun:
    """Ask everybody everything.

    Args:
        test: views of the held-out split.
        training: views of the training split, for the baselines.
        models: name -> model; each answers by depth, colour and both as far as it can.
        room_texts: a description per scene option, for zero-shot classification.
        source: where the test comes from, in words.
        progress: called with a subject's name and the views it has done.
    """
    run = TemplateRun(list(test), source)
    tasks = tasks_present(run.views)
    for name, features in (
        ("best constant", None),
        ("blind", blind),
        ("bag of boxes", bag_of_boxes),
        ("nearest neighbours", thumbnails),
    ):
        chosen = {}
        for task in tasks:
            known = asked(training, task)
            judge = Constant(known) if features is None else Neighbours(features, known)
            chosen[task] = [judge.choose(q) for q in asked(run.views, task)]
        run.choices[name] = chosen
        progress(name, len(run.views))
    run.choices["geometry"] = _geometry(run.views, tasks)
    for name, model in models.items():
        for modality, (depth, colour) in ways_to_see(model).items():
            by_task: dict[str, list[int]] = {t: [] for t in tasks}
            for done, view in enumerate(run.views, start=1):
                picked = model_choices(model, view, use_depth=depth, use_colour=colour)
                for item, choice in zip(view.items, picked, strict=True):
                    by_task[item.task].append(choice)
                progress(f"{name}, {modality}", done)
            run.choices[f"{name}, {modality}"] = by_task
        if room_texts and "scene" in tasks and model.model.text_tower is not None:
            found: list[int] = []
            for done, view in enumerate(run.views, start=1):
                found += [c for c in zero_shot_choices(model, view, room_texts) if c >= 0]
                progress(f"{name}, zero-shot", done)
            run.choices[f"{name}, zero-shot"] = {"scene": found}
    return run


def _geometry(views: Sequence[TemplateView], tasks: Sequence[str]) -> dict[str, list[int]]:
    chosen: dict[str, list[int]] = {}
    for task in tasks:
        picks = [geometry_choice(q) for q in asked(views, task)]
        if all(p is not None for p in picks):
            chosen[task] = [p for p in picks if p is not None]
    return chosen


Case = tuple[Asked, int]
"""An item and the option that was chosen."""


def cases_of(run: TemplateRun, subject: str, task: str) -> tuple[list[Case], list[Case]]:
    """Right and wrong answers of a subject, for pictures."""
    cases = list(zip(asked(run.views, task), run.choices[subject][task], strict=True))
    right = [(q, c) for q, c in cases if c == q.item.answer]
    wrong = [(q, c) for q, c in cases if c != q.item.answer]
    return right, wrong
