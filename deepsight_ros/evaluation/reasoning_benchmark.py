"""`deepsight benchmark reasoning`: simulated tasks rendered, perceived, reasoned, scored.

In: how many tasks and a seed. Out: a report per family: decidable tasks right, undecidable ones
called so, confident errors, and what constants would score. Intervals by bootstrap over worlds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from deepsight_ros.evaluation.reasoning_tasks import UNDECIDED, Task, tasks_about
from deepsight_ros.evaluation.reasoning_worlds import figure_table, free_table
from deepsight_ros.evaluation.statistics import share
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.perception.inputs import Detection, GivenUp
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.reasoning.embedded import EmbeddedPlanner
from deepsight_ros.reasoning.reasoning import reason
from deepsight_ros.reasoning.values import Decision, Reasoned
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.synthesis.determined import visible_scene
from deepsight_ros.synthesis.render import Rendering, render, visible_fractions
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.things import World

TARGETS = {"decidable": 0.95, "undecidable": 0.90}
PER_WORLD = 5
"""Tasks asked of one world; figure worlds, every third, have one."""
LEAST_PIXELS = 60


@dataclass(frozen=True)
class TaskRecord:
    """One task with what came of it; ids of the answer are those of the truth."""

    world: int
    task: Task
    status: str
    outcome: str
    right: bool
    text: str


def run_reasoning(
    tasks: int, seed: int, progress: Callable[[int], None] = lambda _: None
) -> list[TaskRecord]:
    """Ask about simulated worlds until ``tasks`` decidable or undecidable tasks are scored.

    Tasks that the view does not determine are asked too, beyond that number, and scored apart.

    Args:
        tasks: how many.
        seed: another seed, other worlds.
        progress: told the number done.
    """
    records: list[TaskRecord] = []
    number = 0
    scored = 0
    while scored < tasks:
        world_seed = seed * 100_003 + number
        world = (figure_table if number % 3 == 2 else free_table)(world_seed)
        for record in ask_world(world, number, world_seed):
            counts = record.task.determined or not record.task.decidable
            if counts and scored == tasks:
                continue
            scored += counts
            records.append(record)
        number += 1
        progress(scored)
    return records


def ask_world(world: World, number: int, seed: int) -> list[TaskRecord]:
    """The tasks of one world, answered from a noisy picture of it."""
    rng = np.random.default_rng([seed, 47])
    truth = world.truth(1)
    shares = visible_fractions(world)
    visible = {t.id: float(s) for t, s in zip(world.things, shares, strict=True)}
    rests_on = {t.id: t.rests_on for t in world.things}
    rendering = render(world)
    view = visible_scene(world, rendering, truth)
    chosen = _spread(tasks_about(truth, view, visible, rests_on, rng))
    if not chosen:
        return []
    scene, true_id = _perceive(world, rendering, number, seed)
    return [_record(number, task, scene, true_id) for task in chosen]


def _spread(tasks: list[Task]) -> list[Task]:
    """At most ``PER_WORLD`` tasks, families taking turns."""
    by_family: dict[str, list[Task]] = defaultdict(list)
    for task in tasks:
        by_family[task.family].append(task)
    chosen: list[Task] = []
    while len(chosen) < PER_WORLD and any(by_family.values()):
        for waiting in by_family.values():
            if waiting and len(chosen) < PER_WORLD:
                chosen.append(waiting.pop())
    return chosen


def _perceive(
    world: World, rendering: Rendering, number: int, seed: int
) -> tuple[Scene, dict[str, str]]:
    """What perception makes of a noisy picture with true boxes and nouns; perceived -> true id."""
    family = sorted(FAMILIES)[number % len(FAMILIES)]
    frame = DepthSensor(family, seed, "test").frame(rendering, world.camera, 1)
    up = GivenUp(world.truth().working_from_camera.rotation[2], UpSource.TF)
    detections = []
    for index, thing in enumerate(world.things):
        v, u = np.nonzero(rendering.instance_id == index + 1)
        if len(v) >= LEAST_PIXELS:
            edges = (float(u.min()), float(v.min()), float(u.max()) + 1, float(v.max()) + 1)
            detections.append(Detection(thing.label, 0.9, edges))
    scene = Perceiver().perceive(frame, up_in_camera=up, detections=detections)
    true = world.truth()
    matched: dict[str, str] = {}
    for item in scene.objects:
        rivals = [o for o in true.objects if o.label == item.label] or list(true.objects)
        nearest = min(
            rivals, key=lambda o: float(np.linalg.norm(o.box.centre_m - item.box.centre_m))
        )
        matched[item.id] = nearest.id
    return scene, matched


def _record(number: int, task: Task, scene: Scene, true_id: dict[str, str]) -> TaskRecord:
    made = reason(task.text, scene, EmbeddedPlanner(), max_steps=200)
    outcome = outcome_of(made, task, true_id)
    right = outcome == task.outcome
    return TaskRecord(number, task, made.answer.status.value, outcome, right, made.answer.text)


def outcome_of(made: Reasoned, task: Task, true_id: dict[str, str]) -> str:
    """The outcome in the terms of the truth; the status where there is no answer."""
    if made.decision is Decision.NONE:
        return made.answer.status.value
    if made.decision is Decision.ANSWERED:
        ids = [true_id.get(i, i) for i in made.answer.object_ids]
        return " ".join(sorted(ids) if task.family == "reach" else ids)
    return made.decision.value


def reasoning_report(records: list[TaskRecord], seed: int, seconds: float) -> dict[str, Any]:
    """Shares per family with bootstrap intervals over worlds, targets, baselines, every miss."""
    families = sorted({r.task.family for r in records})
    return {
        "benchmark": "reasoning",
        "seed": seed,
        "tasks": sum(r.task.determined or not r.task.decidable for r in records),
        "undetermined_tasks": sum(not r.task.determined and r.task.decidable for r in records),
        "worlds": len({r.world for r in records}),
        "seconds": round(seconds, 1),
        "targets": TARGETS,
        "all": _shares(records),
        "families": {f: _shares([r for r in records if r.task.family == f]) for f in families},
        "baselines": _baselines(records),
        "misses": [
            {**asdict(r.task), "world": r.world, "said": r.outcome, "text": r.text}
            for r in records
            if not r.right
        ],
    }


def _shares(records: list[TaskRecord]) -> dict[str, Any]:
    out = {}
    for name, some in (
        ("decidable", [r for r in records if r.task.decidable and r.task.determined]),
        ("undecidable", [r for r in records if not r.task.decidable]),
        ("undetermined", [r for r in records if r.task.decidable and not r.task.determined]),
    ):
        out[name] = share([r.right for r in some], [r.world for r in some]).as_json()
    wrong = [r.outcome != UNDECIDED and r.status == "OK" and not r.right for r in records]
    out["confidently_wrong"] = share(wrong, [r.world for r in records]).as_json()
    return out


def _baselines(records: list[TaskRecord]) -> dict[str, float]:
    """What one and the same outcome scores on decidable tasks, per family's best and overall."""
    some = [r for r in records if r.task.decidable and r.task.determined]
    if not some:
        return {}
    best = Counter(r.task.outcome for r in some).most_common(1)[0]
    by_family = sum(
        Counter(r.task.outcome for r in some if r.task.family == f).most_common(1)[0][1]
        for f in {r.task.family for r in some}
    )
    return {
        f"always '{best[0]}'": round(best[1] / len(some), 4),
        "best constant per family": round(by_family / len(some), 4),
        "always undecided (undecidable right)": 1.0,
        "always undecided (decidable right)": 0.0,
    }


def print_reasoning(report: dict[str, Any], console: Console) -> None:
    """The report as a table; shares in percent with their interval."""
    from deepsight_ros.evaluation.geometry_tables import percent

    table = Table(title=f"Reasoning: {report['tasks']} tasks, seed {report['seed']}")
    for column in (
        "family",
        "decidable right %",
        "n",
        "undecidable called so %",
        "n",
        "undetermined: right %",
        "wrong %",
    ):
        table.add_column(column)
    for name, row in [*report["families"].items(), ("all", report["all"])]:
        table.add_row(
            name,
            percent(row["decidable"]),
            str(row["decidable"]["count"]),
            percent(row["undecidable"]),
            str(row["undecidable"]["count"]),
            percent(row["undetermined"], interval=False),
            percent(row["confidently_wrong"], interval=False),
        )
    console.print(table)
    console.print("baselines on decidable tasks:", report["baselines"])
