"""Simulated episodes in, quality of the rewards out: rank correlation, success, false rises.

True rewards come from the same arithmetic on exact scenes. A frame counts when what it is about
was measured in it (held frames are reported apart) and the true distance changes around it.
"""

from __future__ import annotations

import math
import multiprocessing
import signal
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import find_objects
from scipy.stats import spearmanr

from deepsight_ros.evaluation.geometry_workers import kept_in
from deepsight_ros.perception.inputs import Detection, GivenUp, GripperInput
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.reward.annotator import SUCCESS_M, Annotator
from deepsight_ros.reward.episode import RewardStep
from deepsight_ros.reward.tasks import GRIPPER, Kind, Task
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.synthesis.episodes import KINDS, Episode, make_episode
from deepsight_ros.synthesis.simulation import SimulatedFrame

MOVING_M = 0.002
"""A frame is moving when the true reward's distance changes by more than this around it."""
GROWTH_M = 0.01
LIMIT_M = 0.15
"""Distance to be kept in the episodes of keep_away."""
LEAST_PIXELS = 60
"""A thing with fewer visible pixels gets no box from the detector."""
CLEAR_M = 0.005
"""A truth that comes to rest this near to the success distance is reported apart as well."""
LEAST_FRAMES = 8
"""An episode with fewer visible, moving frames has no rank correlation; it is counted apart."""

Json = dict[str, Any]
Job = tuple[str, int, int]
"""Kind, seed and frames of an episode."""


@dataclass(frozen=True, eq=False)
class EpisodeScore:
    """One episode.

    Attributes:
        kind, seed: which.
        frames, counted, held, not_valid: frames in all; visible and moving; held; not valid.
        spearman: of measured and true reward over the counted frames, NaN below LEAST_FRAMES.
        success_off: frames between true and measured success; None where neither happens, inf
            where only one does.
        success_hidden: the true success lies in frames that were held.
        false_rises: stretches in which the true distance grows by more than 1 cm and the reward
            still rises; ``stretches`` counts those in which it grows so.
        perceive_s: processor time per frame, median.
        clears_m: how far the true extreme (closest, or for keep_away nearest within the limit)
            is from where success changes: what is nearer than CLEAR_M is a matter of millimetres.
    """

    kind: str
    seed: int
    frames: int
    counted: int
    held: int
    not_valid: int
    spearman: float
    success_off: float | None
    success_hidden: bool
    false_rises: int
    stretches: int
    reason: str
    perceive_s: float
    clears_m: float = math.inf


@dataclass
class RewardRun:
    """All scores of a run, by kind and seed.

    Attributes:
        wanted: episodes the run was to score; fewer ``scores`` are a run that was ended.
    """

    wanted: int = 0
    scores: list[EpisodeScore] = field(default_factory=list)


def run_rewards(
    episodes: int,
    seed: int = 1,
    kinds: Sequence[str] = KINDS,
    *,
    frames: int = 45,
    workers: int = 1,
    keep: Path | None = None,
    progress: Callable[[RewardRun], None] = lambda _run: None,
) -> RewardRun:
    """Score ``episodes`` episodes of every kind.

    Args:
        frames: of an episode.
        workers: processes; the scores do not depend on it.
        keep: folder for each episode's score, so that a killed run goes on where it stopped.
        progress: told after every episode what is done so far. Ctrl-C (KeyboardInterrupt) ends
            the run, and what was done is returned.
    """
    run = RewardRun(episodes * len(kinds))
    about = {"seed": seed, "frames": frames, "kinds": list(kinds)}
    work = partial(_score_number, seed=seed, frames=frames, kinds=tuple(kinds))
    made = _scores(kept_in(work, keep, about), run.wanted, workers)
    try:
        for score in made:
            run.scores.append(score)
            progress(run)
    except KeyboardInterrupt:
        made.close()
    run.scores.sort(key=lambda s: (kinds.index(s.kind), s.seed))
    return run


def _scores(
    work: Callable[[int], EpisodeScore], count: int, workers: int
) -> Generator[EpisodeScore, None, None]:
    """Scores as they are done; closing it ends the processes."""
    if workers == 1:
        yield from map(work, range(count))
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, _leave_ctrl_c_to_the_parent) as pool:  # its end terminates them
        yield from pool.imap_unordered(work, range(count))


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _score_number(number: int, *, seed: int, frames: int, kinds: tuple[str, ...]) -> EpisodeScore:
    """The score of the n-th episode, the kinds taking turns."""
    index, kind = divmod(number, len(kinds))
    return _score_job((kinds[kind], seed * 10_000 + index, frames))


def _score_job(job: Job) -> EpisodeScore:
    kind, seed, frames = job
    return score_episode(make_episode(kind, seed, frames=frames))


def task_of(episode: Episode, world_of_first: SimulatedFrame) -> tuple[Task, Task]:
    """(task in the words of the labels, the same by true ids)."""
    names = {t.id: t.id + "thing" for t in world_of_first.world.things}
    kind = {
        "reach": Kind.REACH,
        "place": Kind.PLACE,
        "push": Kind.MOVE,
        "keep_away": Kind.KEEP_AWAY,
    }[episode.kind]
    extra: Json = {}
    if kind is Kind.KEEP_AWAY:
        extra["limit_m"] = LIMIT_M
    if kind is Kind.MOVE:
        extra = {"direction": episode.direction, "by_m": episode.by_m - 0.02}
    subject, target = episode.subject_id, episode.target_id
    said = Task(kind, names.get(subject, GRIPPER), names.get(target, ""), **extra)
    true = Task(kind, subject or GRIPPER, target, **extra)
    return said, true


def score_episode(episode: Episode) -> EpisodeScore:
    """Perceive and annotate one episode, beside its truth."""
    perceiver = Perceiver()
    measured: list[RewardStep] = []
    true: list[RewardStep] = []
    spent: list[float] = []
    made: tuple[Annotator, Annotator] | None = None
    for index, seen in enumerate(episode.frames):
        began = time.process_time()
        scene = _perceive(perceiver, seen)
        spent.append(time.process_time() - began)
        if index % 2:
            perceiver.refine()
        if made is None:
            said, exact = task_of(episode, seen)
            made = Annotator(said), Annotator(exact)
        annotator, judge = made
        if not annotator.reader.subject_id or not annotator.reader.target_id:
            _ground(annotator, judge.task, seen, scene)
        stamp_ns = seen.frame.stamp_ns
        measured.append(annotator.annotate(stamp_ns, scene))
        true.append(judge.annotate(stamp_ns, seen.truth()))
    return _score(episode, measured, true, float(np.median(spent)))


def _perceive(perceiver: Perceiver, seen: SimulatedFrame) -> Scene:
    camera_from_world = seen.world_from_camera.inverse()
    up = GivenUp(camera_from_world.rotation[:, 2], UpSource.TF)
    gripper = GripperInput(camera_from_world @ seen.world_from_gripper)
    return perceiver.perceive(
        seen.frame, up_in_camera=up, detections=_boxes(seen), gripper=gripper
    )


def _boxes(seen: SimulatedFrame) -> tuple[Detection, ...]:
    """What a detector says: a box and a name for everything of which enough is to be seen."""
    ids = np.maximum(seen.rendering.instance_id, 0)  # fixtures are negative
    pixels = np.bincount(ids.ravel(), minlength=len(seen.world.things) + 1)
    found = []
    for index, (thing, place) in enumerate(
        zip(seen.world.things, find_objects(ids, len(seen.world.things)), strict=True), start=1
    ):
        if pixels[index] >= LEAST_PIXELS and not thing.is_gripper:
            rows, columns = place
            edges = (
                float(columns.start),
                float(rows.start),
                float(columns.stop),
                float(rows.stop),
            )
            found.append(Detection(thing.label, 0.9, edges))
    return tuple(found)


def _ground(annotator: Annotator, true: Task, seen: SimulatedFrame, scene: Scene) -> None:
    """Point at the things in the picture, as a caller's regions do: labels need not be unique."""
    reader = annotator.reader
    for words, name in ((true.subject, "subject_id"), (true.target, "target_id")):
        if words in ("", GRIPPER) or getattr(reader, name):
            continue
        number = seen.world.instance_id(words)
        step = max(1, seen.frame.camera.width_px // 320)
        mask = seen.rendering.instance_id[::step, ::step] == number
        best, overlap = "", 0.3
        for thing in scene.objects:
            if thing.mask is None or thing.is_gripper:
                continue
            share = (thing.mask & mask).sum() / max(1, (thing.mask | mask).sum())
            if share > overlap:
                best, overlap = thing.id, float(share)
        setattr(reader, name, best)


def _score(
    episode: Episode, measured: list[RewardStep], true: list[RewardStep], perceive_s: float
) -> EpisodeScore:
    distance = np.array([t.distance_m for t in true])
    reward = np.array([m.reward for m in measured])
    truth = np.array([t.reward for t in true])
    seen = np.array([m.valid and not m.held for m in measured])
    around = np.maximum(
        np.abs(np.diff(truth, prepend=truth[0])), np.abs(np.diff(truth, append=truth[-1]))
    )
    counted = seen & (around > MOVING_M)
    rank = math.nan
    if counted.sum() >= LEAST_FRAMES and np.ptp(reward[counted]) and np.ptp(truth[counted]):
        rank = float(spearmanr(reward[counted], truth[counted]).statistic)
    off, hidden = _success_off(measured, true)
    rises, stretches = _false_rises(episode.kind, distance, reward, seen)
    reasons = [m.reason for m in measured if m.reason]
    return EpisodeScore(
        episode.kind,
        episode.seed,
        len(true),
        int(counted.sum()),
        sum(m.held for m in measured),
        sum(not m.valid for m in measured),
        rank,
        off,
        hidden,
        rises,
        stretches,
        max(set(reasons), key=reasons.count) if reasons else "",
        perceive_s,
        _clears(episode.kind, true),
    )


def _clears(kind: str, true: Sequence[RewardStep]) -> float:
    left_m = [-t.terms["distance"] for t in true if "distance" in t.terms]
    if not left_m:
        return math.inf
    return max(left_m) if kind == "keep_away" else abs(min(left_m) - SUCCESS_M)


def _success_off(
    measured: Sequence[RewardStep], true: Sequence[RewardStep]
) -> tuple[float | None, bool]:
    """Frames between the first true and the first measured success, and whether the true one was
    hidden."""
    first = next((i for i, t in enumerate(true) if t.success), None)
    found = next((i for i, m in enumerate(measured) if m.success), None)
    if first is None:
        return (None if found is None else math.inf), False
    hidden = measured[first].held or not measured[first].valid
    return (math.inf if found is None else float(abs(found - first))), hidden


def _false_rises(
    kind: str,
    distance: np.ndarray[Any, np.dtype[np.float64]],
    reward: np.ndarray[Any, np.dtype[np.float64]],
    seen: np.ndarray[Any, np.dtype[np.bool_]],
) -> tuple[int, int]:
    """(stretches in which the distance that matters grows by more than 1 cm yet the reward rises,
    all stretches in which it grows so); over measured frames."""
    index = np.nonzero(seen & np.isfinite(distance) & np.isfinite(reward))[0]
    left = distance[index] if kind != "keep_away" else np.maximum(0, LIMIT_M - distance[index])
    rises = stretches = begin = 0
    for i in range(1, len(index) + 1):
        if i < len(index) and left[i] > left[i - 1] + 1e-6:
            continue
        if left[i - 1] - left[begin] > GROWTH_M:
            stretches += 1
            rises += bool(reward[index[i - 1]] > reward[index[begin]])
        begin = i
    return rises, stretches


def report(run: RewardRun, *, seed: int) -> Json:
    """Figures per kind beside their targets."""
    kinds: Json = {}
    for kind in dict.fromkeys(s.kind for s in run.scores):
        own = [s for s in run.scores if s.kind == kind]
        ranks = np.array([s.spearman for s in own if math.isfinite(s.spearman)])
        offs = [s.success_off for s in own if s.success_off is not None and not s.success_hidden]
        clear = [
            s.success_off
            for s in own
            if s.success_off is not None and not s.success_hidden and s.clears_m > CLEAR_M
        ]
        low, high = _bootstrap_median(ranks)
        frames = sum(s.frames for s in own)
        kinds[kind] = {
            "episodes": len(own),
            "with_rank": len(ranks),
            "spearman_median": _round(np.median(ranks)) if len(ranks) else None,
            "spearman_median_interval": [low, high],
            "spearman_p5": _round(np.percentile(ranks, 5)) if len(ranks) else None,
            "success_within_2": [sum(o <= 2 for o in offs), len(offs)],
            "success_within_2_clear": [sum(o <= 2 for o in clear), len(clear)],
            "success_hidden": sum(s.success_hidden for s in own),
            "false_rises": [sum(s.false_rises for s in own), sum(s.stretches for s in own)],
            "counted_share": _round(sum(s.counted for s in own) / frames),
            "held_share": _round(sum(s.held for s in own) / frames),
            "not_valid_share": _round(sum(s.not_valid for s in own) / frames),
            "perceive_ms": _round(1e3 * float(np.median([s.perceive_s for s in own]))),
        }
    return {
        "benchmark": "rewards",
        "seed": seed,
        "episodes": [len(run.scores), run.wanted],
        "kinds": kinds,
    }


def _bootstrap_median(values: Any) -> tuple[float | None, float | None]:
    if not len(values):
        return None, None
    draws = np.random.default_rng(0).integers(0, len(values), (1000, len(values)))
    low, high = np.percentile(np.median(values[draws], axis=1), [2.5, 97.5])
    return _round(low), _round(high)


def _round(value: float) -> float:
    return round(float(value), 4)


def as_text(content: Json) -> str:
    """The report as a table."""
    lines = [
        "kind       episodes  Spearman median [95 %]   p5     success +-2 (clear)  rises  held"
    ]
    for kind, k in content["kinds"].items():
        low, high = k["spearman_median_interval"]
        done, of = k["success_within_2"]
        sure, of_sure = k["success_within_2_clear"]
        rises, stretches = k["false_rises"]
        lines.append(
            f"{kind:<10} {k['episodes']:5d}     {k['spearman_median']} [{low}, {high}]   "
            f"{k['spearman_p5']}  {done}/{of} ({sure}/{of_sure})  {rises}/{stretches}  "
            f"{100 * k['held_share']:.1f} %"
        )
    done, wanted = content["episodes"]
    if done < wanted:
        lines.append(f"partial: {done} of {wanted} episodes")
    return "\n".join(lines)
