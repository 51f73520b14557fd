"""The four tasks of the Depth Template Benchmark, built from any RGB-D sample with boxes.

    Sample (+ its noise-free frame where there is one) -> TemplateItem ...

DeepSight names the tasks (Scene Classification, Recognition, Distance Judge, Security) and not
their templates; definitions, option counts and margins here are our interpretation, fixed and
hashed (``generator_hash``) before anything is trained on them. Training draws its own items from
training worlds with the same functions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.backproject import backproject
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.samples import Pair, Sample

TASKS = ("scene", "recognition", "distance", "security")
RECOGNITION_OPTIONS = 10
DISTANCE_RATIO = (1.05, 1.5)
"""Of the farther to the nearer range, uniform."""
SECURITY_MARGIN_M = (0.02, 0.30)
"""Between the reach asked about and the first surface, uniform."""
SECURITY_SHARES = (0.2, 0.9)
"""Width and height of the swept box as shares of the camera's height, uniform, at most 1 m."""
FLOOR_CLEARANCE_M = 0.02
"""The swept box hovers this far over the support."""
_FIRST_POINTS = 8
"""A surface is as near as this many readings."""

SCENE_QUESTIONS = (
    "What kind of place is this?",
    "Which room is this?",
    "What sort of room does this view show?",
    "Where are we: what room is it?",
    "Name the kind of place in view.",
)
RECOGNITION_QUESTIONS = (
    "What is {a}?",
    "Which object is {a}?",
    "What do you see at {a}?",
    "Name the thing in {a}.",
    "What kind of object is {a}?",
)
DISTANCE_QUESTIONS = (
    "Which is closer to the camera, {a} or {b}?",
    "Which is nearer, {a} or {b}?",
    "Of {a} and {b}, which one is closer to the viewer?",
    "Is {a} or {b} closer to the camera?",
    "Which of the two is nearer to me, {a} or {b}?",
)
SECURITY_QUESTIONS = (
    "Is there anything in the way of a box {w} wide and {h} high within {r} ahead?",
    "Would something {w} wide and {h} high meet a surface within the next {r}?",
    "Is the path ahead blocked within {r} for a body {w} wide and {h} high?",
    "Moving ahead by {r} with a width of {w} and a height of {h}, does it hit anything?",
)


@dataclass(frozen=True)
class TemplateItem:
    """One multiple-choice item.

    Attributes:
        task: one of ``TASKS``.
        key: of the sample.
        question: in words, with ``<region0>`` ... for ``object_ids`` in order.
        options: answers to choose from.
        answer: index of the right one.
        object_ids: what the regions are.
        difficulty: depth ratio (distance) or signed margin in metres (security), else 0.
        swept_box_m: width, height and reach (security), else ().
    """

    task: str
    key: str
    question: str
    options: tuple[str, ...]
    answer: int
    object_ids: tuple[str, ...] = ()
    difficulty: float = 0.0
    swept_box_m: tuple[float, ...] = ()


@dataclass(frozen=True)
class Options:
    """What items may choose from.

    Attributes:
        rooms: every kind of place.
        labels: every noun; distractors are drawn from them.
    """

    rooms: tuple[str, ...]
    labels: tuple[str, ...]


def make_items(
    sample: Sample,
    options: Options,
    seed: int,
    *,
    clean: RgbdFrame | None = None,
    per_task: int = 1,
) -> list[TemplateItem]:
    """Items of one sample; a task it cannot pose (no room known, no pair in the ratio) is absent.

    Args:
        sample: its scene must say where objects are in the picture (``box_px``).
        options: to choose from.
        seed: draws objects, ratios, margins, wording.
        clean: the same view without noise, for the first surface ahead; None takes the sample's.
        per_task: most items of each task.
    """
    rng = np.random.default_rng([seed, *sample.key.encode()])
    items: list[TemplateItem] = []
    if sample.room in options.rooms:
        question = str(rng.choice(SCENE_QUESTIONS))
        items.append(
            TemplateItem(
                "scene", sample.key, question, options.rooms, options.rooms.index(sample.room)
            )
        )
    items += _recognition(sample, options, rng, per_task)
    items += _distance(sample, rng, per_task)
    items += _security(sample, clean or sample.frame, rng, per_task)
    return items


def template_pairs(
    sample: Sample, seed: int, *, clean: RgbdFrame | None = None, per_task: int = 3
) -> list[Pair]:
    """The tasks' questions with free answers, for training: types "template.scene" ..."""
    labels = tuple(sorted({o.label for o in sample.scene.objects if o.label}))
    options = Options((sample.room,) if sample.room else (), labels)
    return [
        Pair(
            item.question,
            spoken_option(item.options[item.answer]),
            f"template.{item.task}",
            item.object_ids,
            item.object_ids,
            value=item.options[item.answer],
            outcome="one",
        )
        for item in make_items(sample, options, seed, clean=clean, per_task=per_task)
    ]


def spoken_option(option: str) -> str:
    """An option as the answer is written: "kitchen" -> "Kitchen."."""
    text = option.replace("_", " ")
    return f"{text[:1].upper()}{text[1:]}."


def visible_ids(scene: Scene, least_px: int = 6) -> list[str]:
    """Objects with a box of at least ``least_px`` on both sides that are no gripper."""
    found = []
    for o in scene.objects:
        if o.box_px is None or o.is_gripper:
            continue
        x0, y0, x1, y1 = o.box_px
        if min(x1 - x0, y1 - y0) >= least_px:
            found.append(o.id)
    return found


def _recognition(
    sample: Sample, options: Options, rng: np.random.Generator, most: int
) -> list[TemplateItem]:
    named = [i for i in visible_ids(sample.scene) if sample.scene.object(i).label]
    rng.shuffle(named)
    items = []
    for object_id in named[:most]:
        label = sample.scene.object(object_id).label
        others = [name for name in options.labels if name != label]
        count = min(RECOGNITION_OPTIONS - 1, len(others))
        picked = [str(n) for n in rng.choice(others, count, replace=False)] if count else []
        answer = int(rng.integers(count + 1))
        picked.insert(answer, label)
        question = str(rng.choice(RECOGNITION_QUESTIONS)).format(a="<region0>")
        items.append(
            TemplateItem("recognition", sample.key, question, tuple(picked), answer, (object_id,))
        )
    return items


def _distance(sample: Sample, rng: np.random.Generator, most: int) -> list[TemplateItem]:
    """Pairs whose ratio is nearest to ratios drawn uniformly, so that ratios are uniform too."""
    ids = visible_ids(sample.scene)
    if len(ids) < 2:
        return []
    ranges = np.array([measure(sample.scene, "range", (i,)).value for i in ids])
    ratio = ranges[:, None] / ranges[None, :]
    far, near = np.nonzero((ratio >= DISTANCE_RATIO[0]) & (ratio <= DISTANCE_RATIO[1]))
    items = []
    for _ in range(min(most, len(far))):
        wanted = rng.uniform(*DISTANCE_RATIO)
        pick = int(np.abs(ratio[far, near] - wanted).argmin())
        f, n = int(far[pick]), int(near[pick])
        answer = int(rng.integers(2))
        pair = (ids[n], ids[f]) if answer == 0 else (ids[f], ids[n])
        question = str(rng.choice(DISTANCE_QUESTIONS)).format(a="<region0>", b="<region1>")
        items.append(
            TemplateItem(
                "distance",
                sample.key,
                question,
                ("<region0>", "<region1>"),
                answer,
                pair,
                float(ratio[f, n]),
            )
        )
        keep = np.arange(len(far)) != pick
        far, near = far[keep], near[keep]
    return items


def _security(
    sample: Sample, frame: RgbdFrame, rng: np.random.Generator, most: int
) -> list[TemplateItem]:
    scene = sample.scene
    if scene.support is None:
        return []
    points = backproject(frame.depth_m, frame.camera)
    points = points[np.isfinite(points).all(axis=-1)]
    in_ground = scene.working_from_camera.apply(points.reshape(-1, 3).astype(np.float64))
    height_m = float(scene.camera_position_m[2])
    items = []
    for _ in range(most):
        w, h = (min(1.0, height_m * s) for s in rng.uniform(*SECURITY_SHARES, 2))
        w, h = round(w, 2), round(h, 2)
        first_m = first_surface_m(in_ground, scene.camera_position_m, w, h)
        margin = rng.uniform(*SECURITY_MARGIN_M) * rng.choice([-1.0, 1.0])
        if first_m is None or first_m + margin < 0.1:
            continue
        reach = round(first_m + margin, 2)
        blocked = reach > first_m
        words = {
            "w": f"{w * 100:.0f} cm",
            "h": f"{h * 100:.0f} cm",
            "r": f"{reach:.2f} m",
        }
        question = str(rng.choice(SECURITY_QUESTIONS)).format(**words)
        items.append(
            TemplateItem(
                "security",
                sample.key,
                question,
                ("yes", "no"),
                0 if blocked else 1,
                (),
                float(reach - first_m),
                (w, h, reach),
            )
        )
    return items


def first_surface_m(
    points_m: NDArray[np.float64],
    camera_m: NDArray[np.float64],
    width_m: float,
    height_m: float,
) -> float | None:
    """How far a box standing on the support can move ahead from under the camera.

    Args:
        points_m: (N, 3) in G.
        camera_m: (3,) the camera in G.
        width_m, height_m: of the swept box.

    Returns:
        Metres along G's x from under the camera to the first surface seen inside the sweep; None
        when none is seen.
    """
    ahead = points_m - np.array([camera_m[0], camera_m[1], 0.0])
    inside = (
        (np.abs(ahead[:, 1]) < width_m / 2)
        & (ahead[:, 2] > FLOOR_CLEARANCE_M)
        & (ahead[:, 2] < height_m)
        & (ahead[:, 0] > 0)
    )
    met = ahead[inside, 0]
    if len(met) < _FIRST_POINTS:
        return None
    return float(np.partition(met, _FIRST_POINTS - 1)[_FIRST_POINTS - 1])


def options_of(samples: Sequence[Sample]) -> Options:
    """Rooms and labels that samples have, sorted."""
    rooms = {s.room for s in samples if s.room}
    labels = {o.label for s in samples for o in s.scene.objects if o.label and not o.is_gripper}
    return Options(tuple(sorted(rooms)), tuple(sorted(labels)))


def generator_hash() -> str:
    """SHA-256 of this file: what items are made of. Printed with every score."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
