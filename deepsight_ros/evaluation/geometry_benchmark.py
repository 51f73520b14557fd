"""The geometry benchmark: simulated scenes in, records of what was asked and answered out.

Each scene is rendered with sensor noise, perceived as a live frame would be, and asked catalogue
questions with its objects named by region (box and silhouette) and by words. Truth comes from the
full solids; whether a question is determined comes from `determined`, before any answer is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

from deepsight_ros.errors import DeepsightError
from deepsight_ros.evaluation.geometry_questions import COMPARISONS, Question, questions_about
from deepsight_ros.evaluation.geometry_workers import kept_in, over_scenes
from deepsight_ros.evaluation.records import PredicateRecord, QuantityRecord, Reply
from deepsight_ros.evaluation.segmentation_score import SegmentationRecord, score_segmentation
from deepsight_ros.evaluation.simulated_scenes import USUAL, SimulatedScene, make_scene
from deepsight_ros.evaluation.superlatives import partners, superlative_questions
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.perception.segmenters import Segmenter, geometric
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import Outcome
from deepsight_ros.synthesis.determined import visible_scene

REGION_MODES = ("box", "mask")
_STATUS = {
    "NoDepthError": "NO_DEPTH",
    "NeedsGravityError": "UNSUPPORTED",
    "UnknownReferenceError": "NOT_FOUND",
}


@dataclass
class BenchmarkRun:
    """Everything one run recorded; grows scene by scene."""

    quantities: list[QuantityRecord] = field(default_factory=list)
    predicates: list[PredicateRecord] = field(default_factory=list)
    segmentation: list[SegmentationRecord] = field(default_factory=list)
    perceive_s: list[float] = field(default_factory=list)
    scenes: int = 0

    def add(self, other: BenchmarkRun) -> None:
        """Append what another run recorded."""
        self.quantities += other.quantities
        self.predicates += other.predicates
        self.segmentation += other.segmentation
        self.perceive_s += other.perceive_s
        self.scenes += other.scenes


def run_benchmark(
    scenes: int,
    seed: int,
    *,
    words: bool = True,
    split: str = "test",
    profile: str = "test",
    workers: int = 1,
    keep: Path | None = None,
    place: str = USUAL,
    weights: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> BenchmarkRun:
    """Ask questions about ``scenes`` simulated scenes.

    Args:
        scenes: how many.
        seed: another seed, other scenes.
        words: also ask in words (needs the questions room).
        split: shape families and layout rules to draw from.
        profile: noise profile of the sensors.
        workers: processes to share the scenes out to; the records are the same for any number.
        keep: folder for each scene's records, so that a killed run goes on where it stopped.
        place: where things stand (``make_scene``).
        weights: of the learned segmenter to perceive with; None: the geometric one.
        progress: called with the number of scenes done.
    """
    run = BenchmarkRun()
    about = {"seed": seed, "words": words, "split": split, "profile": profile}
    if place != USUAL:
        about["place"] = place
    if weights is not None:
        about["weights"] = str(weights)
    work = kept_in(
        partial(
            _one_scene,
            seed=seed,
            words=words,
            split=split,
            profile=profile,
            place=place,
            weights=weights,
        ),
        keep,
        about,
    )
    for records in over_scenes(work, scenes, workers, progress):
        run.add(records)
    return run


def _one_scene(
    index: int,
    *,
    seed: int,
    words: bool,
    split: str,
    profile: str,
    place: str,
    weights: Path | None,
) -> BenchmarkRun:
    run = BenchmarkRun()
    scene = make_scene(index, seed, split=split, profile=profile, place=place)
    ask_scene(scene, run, words=words, segmenter=_segmenter(weights))
    return run


@lru_cache(maxsize=1)
def _segmenter(weights: Path | None) -> Segmenter:
    """Loaded once per process."""
    if weights is None:
        return geometric
    from deepsight_ros.model.segmenter import load_learned

    return load_learned(weights, device="cpu", threads=1)


def ask_scene(
    scene: SimulatedScene,
    run: BenchmarkRun,
    *,
    words: bool = True,
    segmenter: Segmenter = geometric,
) -> None:
    """Perceive one scene, ask its questions, and append what came back to ``run``."""
    questions = questions_about(scene)
    perceiver = Perceiver(segmenter=segmenter)
    started = time.perf_counter()
    bare = perceiver.perceive(scene.frame, up_in_camera=scene.up, gripper=scene.gripper)
    run.perceive_s.append(time.perf_counter() - started)
    run.segmentation.extend(score_segmentation(scene, bare))
    for mode in REGION_MODES:
        perceived = perceiver.perceive_regions(scene.frame, bare, scene.regions(mode))
        for question in questions:
            _record(run, scene, question, mode, _ask_region(perceived, question, mode))
    if words:
        _ask_words(scene, questions, run, segmenter)
    run.scenes += 1


def _ask_words(
    scene: SimulatedScene, questions: list[Question], run: BenchmarkRun, segmenter: Segmenter
) -> None:
    """As with a perfect detector: true boxes and nouns, everything else perceived."""
    from deepsight_ros.evaluation.words import ask_in_words, ask_over_all, references

    named = Perceiver(segmenter=segmenter).perceive(
        scene.frame,
        up_in_camera=scene.up,
        gripper=scene.gripper,
        detections=scene.detections(),
    )
    names = references(scene)
    for question in questions:
        if all(i in names for i in question.ids):
            answer = ask_in_words(named, question, names)
            if answer is not None:
                _record(run, scene, question, "words", answer)
    partner = partners(scene, named)
    seen = visible_scene(scene.world, scene.rendering, scene.truth)
    for question in superlative_questions(scene, seen):
        _record(run, scene, question, "words", ask_over_all(named, question, partner))


def _ask_region(perceived: Scene, question: Question, mode: str) -> Reply:
    ids = tuple(i if i == "gripper" else f"{mode}:{i}" for i in question.ids)
    try:
        if question.is_quantity:
            m = measure(perceived, question.type, ids)
            return Reply("OK", m.value, m.lower, m.upper, m.bound.value)
        verdict = judge(perceived, question.type, ids)
    except DeepsightError as error:
        return Reply(_STATUS.get(type(error).__name__, "FAILED"))
    if verdict.outcome is Outcome.UNDECIDED:
        return Reply("UNDECIDED")
    return Reply("OK", outcome=verdict.outcome.value, margin=verdict.margin)


def _record(
    run: BenchmarkRun, scene: SimulatedScene, question: Question, mode: str, reply: Reply
) -> None:
    common = (
        scene.index,
        scene.world.kind,
        scene.sensor,
        scene.up_source,
        mode,
        question.type,
        question.ids,
        question.key,
        question.determined,
        question.range_m,
    )
    if not isinstance(question.truth, str):
        run.quantities.append(
            QuantityRecord(
                *common,
                question.truth,
                reply.status,
                reply.value,
                reply.lower,
                reply.upper,
                reply.bound,
            )
        )
        return
    hedged = (
        reply.outcome == "same"
        and question.truth != "same"
        and question.type in COMPARISONS
        and abs(question.difference) <= reply.margin
    )
    run.predicates.append(
        PredicateRecord(*common, question.truth, reply.status, reply.outcome, hedged)
    )
