"""Calibration of intervals: residuals on training worlds in, scene/calibration.json out.

Worlds come from the ``train`` families and layout rules, sensors from the ``calibration`` noise
profile, so that nothing the benchmark tests on has been seen (docs/semantics.md).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from deepsight_ros.errors import DeepsightError
from deepsight_ros.evaluation.geometry_questions import Question, questions_about
from deepsight_ros.evaluation.geometry_workers import kept_in, over_scenes
from deepsight_ros.evaluation.simulated_scenes import make_scene
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene import calibration
from deepsight_ros.scene.measure import estimate
from deepsight_ros.scene.objects import Scene

REGION_MODES = ("box", "mask")


def collect_residuals(
    scenes: int,
    seed: int,
    progress: Callable[[int], None] | None = None,
    *,
    workers: int = 1,
    keep: Path | None = None,
) -> list[calibration.Residual]:
    """Errors and raw standard deviations of the numeric questions of training scenes."""
    work = kept_in(partial(_of_scene, seed=seed), keep, {"calibrate": True, "seed": seed})
    found: list[calibration.Residual] = []
    for residuals in over_scenes(work, scenes, workers, progress):
        found.extend(residuals)
    return found


def _of_scene(index: int, *, seed: int) -> list[calibration.Residual]:
    residuals: list[calibration.Residual] = []
    scene = make_scene(index, seed, split="train", profile="calibration")
    numeric = [q for q in questions_about(scene, singles=6, pairs=8) if q.is_quantity]
    perceiver = Perceiver()
    bare = perceiver.perceive(scene.frame, up_in_camera=scene.up, gripper=scene.gripper)
    for mode in REGION_MODES:
        perceived = perceiver.perceive_regions(scene.frame, bare, scene.regions(mode))
        for question in numeric:
            found = _residual(perceived, question, mode)
            if found is not None:
                residuals.append(found)
    return residuals


def _residual(scene: Scene, question: Question, mode: str) -> calibration.Residual | None:
    ids = tuple(i if i == "gripper" else f"{mode}:{i}" for i in question.ids)
    try:
        raw = estimate(scene, question.type, ids)
    except DeepsightError:
        return None
    error = raw.value - float(question.truth)
    if question.type == "direction":
        error = (error + 6) % 12 - 6
    return calibration.Residual(
        question.type, raw.visibility, error, raw.sigma_below, raw.sigma_above
    )


def calibrate(
    scenes: int,
    seed: int,
    path: Path | None = None,
    progress: Callable[[int], None] | None = None,
    *,
    workers: int = 1,
    keep: Path | None = None,
) -> tuple[Path, int]:
    """Fit the table and write it; returns where, and from how many residuals."""
    residuals = collect_residuals(scenes, seed, progress, workers=workers, keep=keep)
    target = path or Path(calibration.__file__).with_name("calibration.json")
    calibration.save_table(
        calibration.fit(residuals),
        target,
        source=f"deepsight benchmark geometry --calibrate --scenes {scenes} --seed {seed}",
        records=len(residuals),
    )
    return target, len(residuals)
