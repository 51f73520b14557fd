"""Ablations as trends: recipes that differ in one thing, trained and scored side by side.

    axes x arms x seeds -> train -> score -> one JSON file per arm and seed -> table of trends

Arms of a seed see the same rows, questions and modalities in the same order (but for those that
change what is drawn); whatever is done is kept, so that a stopped run goes on arm by arm (and step
by step inside one). Differences to the axis's reference are paired by seed; their interval is
Student's over seeds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from transformers import PreTrainedTokenizerBase

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation.depth_template.benchmark import TemplateRun
from deepsight_ros.evaluation.depth_template.subjects import model_choices, tasks_present
from deepsight_ros.evaluation.depth_template.views import TemplateView
from deepsight_ros.evaluation.spatial.benchmark import SpatialRun
from deepsight_ros.evaluation.spatial.benchmark import generator_hash as spatial_hash
from deepsight_ros.evaluation.spatial.scores import subject_scores
from deepsight_ros.evaluation.spatial.subjects import model_replies
from deepsight_ros.files import write_json, write_text
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.synthesis.depth_template import generator_hash as template_hash
from deepsight_ros.synthesis.shards.manifest import MANIFEST, file_sha256
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.training.examples import Example
from deepsight_ros.training.recipe import PARTS, Recipe
from deepsight_ros.training.start import starting_model
from deepsight_ros.training.trainer import StepReport, train

REFERENCE = "reference"
EVEN = "even"
MOST = 0.7
"""Share of the questions of the kind that an arm of "sampling" draws most."""
LEAST_SEEDS = 3
"""Fewer say nothing about a trend (docs/semantics.md)."""


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        axis, name: what is varied and how.
        model, box: entries of the model's configuration and of its BBox convolution that change.
        recipe: entries of the recipe that change.
        without: kind of text whose share is set to nothing.
        most: kind of text that gets ``MOST`` of the questions; "even": every kind the same.
        goes_on: trained further from the seed's reference instead of anew.
        is_reference: the reference run itself.
        against: others of its axis are held against it.
        needs: kind of text the shards must have for the axis to mean something.
    """

    axis: str
    name: str
    model: Mapping[str, Any] = field(default_factory=dict)
    box: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    without: str = ""
    most: str = ""
    goes_on: bool = False
    is_reference: bool = False
    against: bool = False
    needs: str = ""

    @property
    def run_name(self) -> str:
        """Arms that are the same training share a run."""
        if self.is_reference:
            return REFERENCE
        if self.goes_on:
            return "_".join(("further", *self.recipe.get("train", PARTS)))
        return f"{self.axis}_{self.name}"


_NOT_TOWER = {"train": ("projector", "language")}

ARMS: tuple[Arm, ...] = (
    Arm("box", "off", box={"use": "off"}),
    Arm("box", "train", box={"use": "train"}),
    Arm("box", "both", is_reference=True, against=True),
    Arm("encoding", "plain grey", model={"encoding": "grey"}, box={"use": "off"}),
    Arm("encoding", "grey", model={"encoding": "grey"}),
    Arm("encoding", "log", model={"encoding": "log"}),
    Arm("encoding", "xyz", is_reference=True, against=True),
    Arm("parts", "projector", recipe={"train": ("projector",)}, goes_on=True),
    Arm("parts", "language", recipe={"train": ("language",)}, goes_on=True),
    Arm("parts", "both", recipe=_NOT_TOWER, goes_on=True, against=True),
    Arm("tower", "frozen", recipe=_NOT_TOWER, goes_on=True),
    Arm("tower", "unfrozen", goes_on=True, against=True),
    Arm("spatial", "off", recipe={"spatial_share": 0.0}, against=True, needs="general"),
    Arm("spatial", "5 %", recipe={"spatial_share": 0.05}, needs="general"),
    Arm("spatial", "recipe", is_reference=True, needs="general"),
    Arm("noise", "0 m", is_reference=True, against=True),
    Arm("noise", "0.1 m", recipe={"label_noise_m": 0.1}),
    Arm("noise", "0.2 m", recipe={"label_noise_m": 0.2}),
    Arm("noise", "0.3 m", recipe={"label_noise_m": 0.3}),
    Arm("sampling", "recipe", is_reference=True, against=True),
    Arm("sampling", "even", most=EVEN),
    Arm("sampling", "numbers", most="numbers"),
    Arm("sampling", "tasks", most="template"),
    Arm("instructions", "off", without="conversations", needs="conversations"),
    Arm("instructions", "on", is_reference=True, against=True, needs="conversations"),
)
"""Every arm gets the same boxes as region references; "box" changes the convolution alone,
"plain grey" is the replicated picture without it. The paper's stages: "parts" and "tower" go on
from the reference, all others start anew."""

AXES = tuple(dict.fromkeys(arm.axis for arm in ARMS))


@dataclass(frozen=True)
class Exam:
    """What every arm is asked: views of both benchmarks' test splits, by depth alone."""

    template: Sequence[TemplateView]
    spatial: SpatialRun

    def scores(self, model: DeepSight) -> dict[str, float]:
        """Shares, by name of the score."""
        tasks = tasks_present(self.template)
        chosen: dict[str, list[int]] = {t: [] for t in tasks}
        for view in self.template:
            for item, choice in zip(view.items, model_choices(model, view), strict=True):
                chosen[item.task].append(choice)
        run = TemplateRun(list(self.template), choices={"arm": chosen})
        table: Any = run.report()["accuracy"]
        found = {task: float(table["arm"][task]["value"]) for task in tasks}
        spatial = self.spatial
        replies = model_replies(model, spatial.views, spatial.questions, depth=True, colour=False)
        told = subject_scores(replies, spatial.questions, spatial.blind)
        numbers = told["quantitative"]
        if numbers["count"]:
            found |= {f"numbers {b}": v["value"] for b, v in numbers["bands"].items()}
        for group in ("qualitative", "general"):
            if told[group]["value"] is not None:
                found[group] = told[group]["value"]
        return found


@dataclass(eq=False)
class _Kept:
    """What all arms read alike: examples, and the tokenizer fitted on them."""

    examples: dict[Hashable, Example] = field(default_factory=dict)
    tokenizer: PreTrainedTokenizerBase | None = None


def run_ablations(
    recipe: Recipe,
    data: Sequence[Path],
    out: Path,
    exam: Callable[[], Exam],
    *,
    seeds: Sequence[int],
    further_steps: int,
    axes: Sequence[str] = AXES,
    asked: Mapping[str, int] | None = None,
    device: str = "cpu",
    report: Callable[[str, StepReport | None], None] = lambda _name, _told: None,
) -> dict[str, Any]:
    """Train and score what is missing, then read the trends.

    Args:
        recipe: of the reference arm.
        data: folders of shards.
        out: one folder of an ablation; files of another recipe in it are an error.
        exam: made when the first arm needs it.
        seeds: of initialisation and data order.
        further_steps: of "parts" and "tower", which go on from the reference.
        axes: which to run.
        asked: what decides the exam, by name; scores in ``out`` are of one exam.
        device: where arms are scored.
        report: called with a run's name and a step's figures, None once it is scored.

    Raises:
        InvalidValueError: unknown axis, fewer than three seeds, a folder of another recipe,
            other shards or another exam.
    """
    unknown = sorted(set(axes) - set(AXES))
    if unknown or len(set(seeds)) < LEAST_SEEDS:
        raise InvalidValueError(
            f"ablations: got axes {unknown} unknown and {len(set(seeds))} seeds, expected axes of "
            f"{AXES} and at least {LEAST_SEEDS} seeds"
        )
    about = {
        "further_steps": further_steps,
        "data": {str(k): _data_digest(folder) for k, folder in enumerate(data)},
        "asked": dict(asked or {}),
        "generators": [template_hash(), spatial_hash()],
    }
    _claim(out, {**recipe.as_mapping(), **about})
    have = kinds_in(data)
    left_out = {a.axis: a.needs for a in ARMS if a.needs and a.needs not in have}
    arms = [a for a in ARMS if a.axis in axes and a.axis not in left_out]
    made: Exam | None = None
    kept = _Kept()
    scores: dict[str, dict[int, dict[str, float]]] = {}
    for seed in seeds:
        for arm in arms:
            done = scores.setdefault(arm.run_name, {})
            if seed in done:
                continue
            file = out / "scores" / f"{arm.run_name}_s{seed}.json"
            if not file.exists():
                folder = _train(recipe, arm, seed, further_steps, data, out, report, kept)
                made = exam() if made is None else made
                write_json(file, made.scores(DeepSight.from_pretrained(folder, device=device)))
                report(f"{arm.run_name}, seed {seed}", None)
            done[seed] = json.loads(file.read_text(encoding="utf-8"))
    return {
        "benchmark": "ablations",
        "seeds": list(seeds),
        "steps": recipe.steps,
        **about,
        "left_out": {
            axis: f"the shards have no {kind}" for axis, kind in left_out.items() if axis in axes
        },
        "trends": trends(arms, scores, seeds),
    }


def changed(recipe: Recipe, arm: Arm, seed: int, start: str = "") -> Recipe:
    """The arm's recipe."""
    changes = dict(arm.recipe)
    shares = {k: v for k, v in recipe.shares.items() if v > 0}
    if arm.without:
        changes["shares"] = {k: 0.0 if k == arm.without else v for k, v in shares.items()}
    elif arm.most == EVEN:
        changes["shares"] = dict.fromkeys(shares, 1.0 / len(shares))
    elif arm.most:
        rest = sum(v for k, v in shares.items() if k != arm.most)
        changes["shares"] = {
            k: MOST if k == arm.most else (1.0 - MOST) * v / rest for k, v in shares.items()
        }
    box = replace(recipe.model.box, **arm.box)
    model = replace(recipe.model, box=box, **arm.model)
    return replace(recipe, model=model, seed=seed, start=start, **changes)


def kinds_in(data: Sequence[Path], rows: int = 64) -> set[str]:
    """Which of "general" and "conversations" the first rows of the shards hold."""
    found: set[str] = set()
    for folder in data:
        shards = ShardSet(folder, ("pairs", "conversations"))
        for index in range(min(rows, len(shards))):
            row = shards[index]
            if any(p.type.startswith("general.") for p in row.pairs):
                found.add("general")
            if row.conversations:
                found.add("conversations")
    return found


def trends(
    arms: Sequence[Arm],
    scores: Mapping[str, Mapping[int, Mapping[str, float]]],
    seeds: Sequence[int],
) -> dict[str, dict[str, dict[str, dict[str, float | bool]]]]:
    """Axis -> arm -> score -> mean over seeds, paired difference to the reference, interval."""
    out: dict[str, dict[str, dict[str, dict[str, float | bool]]]] = {}
    for axis in dict.fromkeys(a.axis for a in arms):
        own = [a for a in arms if a.axis == axis]
        against = next(a for a in own if a.against)
        for arm in own:
            rows = out.setdefault(axis, {}).setdefault(arm.name, {})
            for name in scores[arm.run_name][seeds[0]]:
                values = np.array([scores[arm.run_name][s][name] for s in seeds])
                others = np.array([scores[against.run_name][s][name] for s in seeds])
                mean, reach = paired(values - others)
                rows[name] = {
                    "mean": round(float(values.mean()), 4),
                    "difference": round(mean, 4),
                    "reach": round(reach, 4),
                    "decided": abs(mean) > reach,
                }
    return out


def paired(differences: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[float, float]:
    """Mean of paired differences and half the width of its 95 % interval (Student's t)."""
    n = len(differences)
    spread = float(differences.std(ddof=1)) / math.sqrt(n)
    return float(differences.mean()), float(stats.t.ppf(0.975, n - 1)) * spread


def _train(
    recipe: Recipe,
    arm: Arm,
    seed: int,
    further_steps: int,
    data: Sequence[Path],
    out: Path,
    report: Callable[[str, StepReport | None], None],
    kept: _Kept,
) -> Path:
    """The arm's finished checkpoint; what is trained already is not trained again."""
    start = ""
    if arm.goes_on:
        reference = next(a for a in ARMS if a.is_reference)
        start = str(_train(recipe, reference, seed, 0, data, out, report, kept))
    chosen = changed(recipe, arm, seed, start)
    if arm.goes_on:
        chosen = replace(chosen, steps=further_steps)
    name = f"{arm.run_name}_s{seed}"
    finished = out / "runs" / name / "checkpoint"
    if not (finished / "recipe.json").exists():
        model, codec = starting_model(chosen, data, kept.tokenizer)
        kept.tokenizer = codec.tokenizer
        train(
            chosen, model, codec, data, finished.parent,
            report=lambda told: report(name, told), memory=kept.examples,
        )  # fmt: skip
    return finished


def _data_digest(folder: Path) -> str:
    return file_sha256(folder / MANIFEST)[:12]


def _claim(out: Path, about: Mapping[str, Any]) -> None:
    """The folder's scores are of one recipe, on one set of shards and by one exam."""
    file = out / "reference.json"
    text = json.dumps(about, indent=1, sort_keys=True)
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise InvalidValueError(
            f"ablations: {out} holds arms of another recipe, other shards or another exam; give "
            "another --out, or remove it"
        )
    write_text(file, text)
