"""Questions over all objects of a scene: which is the tallest, nearest ..., and how many.

In: a simulated scene and what was perceived of it. Out: records, asked in words only (regions take
no part in superlatives). A perceived object stands for the thing whose visible pixels it covers
best; a superlative is right when it names that thing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from deepsight_ros.evaluation.geometry_questions import Question
from deepsight_ros.evaluation.records import Reply
from deepsight_ros.evaluation.simulated_scenes import SimulatedScene
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.determined import VisibleScene, tolerance
from deepsight_ros.synthesis.determined_predicates import (
    BY_PLACE,
    BY_SIZE,
    Geometry,
    TrueGeometry,
    VisibleGeometry,
)

SUPERLATIVES: dict[str, tuple[str, str]] = {
    "tallest": ("taller", "Which object is the tallest?"),
    "shortest": ("shorter", "Which object is the shortest?"),
    "highest": ("higher", "Which object reaches the highest?"),
    "longest": ("longer", "Which object is the longest?"),
    "widest": ("wider", "Which object is the widest?"),
    "narrowest": ("narrower", "Which object is the narrowest?"),
    "biggest": ("bigger", "Which object is the biggest?"),
    "nearest": ("closer", "Which object is closest to the camera?"),
    "farthest": ("farther", "Which object is farthest from the camera?"),
}
"""Name, the comparison behind it, and a plain phrasing."""
COUNT = "count"
COUNT_PHRASE = "How many objects are there?"
LEAST_COVER = 0.3
MARGIN_M = 0.010


def superlative_questions(scene: SimulatedScene, seen: VisibleScene) -> Iterator[Question]:
    """One question per superlative, and the count; none where fewer than two things are in view.

    A superlative is determined when the winner leads by more than the margin and the tolerance,
    and visible surfaces alone name it too. The count is determined when every thing of the world
    is in view.
    """
    ids = tuple(i for i in scene.boxes if not scene.truth.object(i).is_gripper)
    if len(ids) < 2:
        return
    real, visible = TrueGeometry(scene.truth), VisibleGeometry(seen)
    reach = max(real.value("range", (i,)) for i in ids)
    all_seen = all(i in seen.things for i in ids)
    for name, (predicate, _) in SUPERLATIVES.items():
        quantity, sign = {**BY_SIZE, **BY_PLACE}[predicate]
        order = _ranked(real, quantity, sign, ids)
        (first, best), (_, second) = order[0], order[1]
        lead = abs(best - second)
        if quantity == "volume":
            needed = 0.10 * max(best, second)
        else:
            needed = max(MARGIN_M, 0.05 * max(best, second)) + tolerance(lead)
        known = lead > needed and all_seen
        known = known and _ranked(visible, quantity, sign, ids)[0][0] == first
        yield Question(name, ids, known, first, 0.0, reach, name)
    things = [t for t in scene.world.things if not t.is_gripper]
    whole = len(ids) == len(things) and all(scene.visible[i] >= 0.5 for i in ids)
    yield Question(COUNT, ids, whole, str(len(things)), 0.0, reach, COUNT)


def _ranked(
    geometry: Geometry, quantity: str, sign: int, ids: tuple[str, ...]
) -> list[tuple[str, float]]:
    values = [(i, geometry.value(quantity, (i,))) for i in ids]
    return sorted(values, key=lambda v: -sign * v[1])


def partners(scene: SimulatedScene, perceived: Scene) -> dict[str, str]:
    """Perceived object id -> id of the thing whose visible pixels it covers best."""
    found = {}
    for item in perceived.objects:
        if item.mask is None or item.is_region or not item.mask.any():
            continue
        step = round(scene.world.camera.width_px / item.mask.shape[1])
        ids = scene.rendering.instance_id[::step, ::step]
        counts = np.bincount(np.maximum(ids[item.mask], 0))
        best = int(counts[1:].argmax()) + 1 if len(counts) > 1 else 0
        if best and counts[best] > LEAST_COVER * np.count_nonzero(item.mask):
            found[item.id] = scene.world.things[best - 1].id
    return found


def phrase_over_all(kind: str) -> str | None:
    """The question as text; None for types that are not over all objects."""
    if kind == COUNT:
        return COUNT_PHRASE
    return SUPERLATIVES[kind][1] if kind in SUPERLATIVES else None


def read_over_all(found: Answer, question: Question, partner: dict[str, str]) -> Reply:
    """The answer as the id of a thing, or a count; objects that match no thing are wrong."""
    if found.status is not Status.OK or found.value is None:
        return Reply(found.status.value if found.status is not Status.OK else "UNDECIDED")
    if question.type == COUNT:
        return Reply("OK", outcome=str(int(float(found.value))))
    if found.value == "same":
        return Reply("UNDECIDED")
    return Reply("OK", outcome=partner.get(str(found.value), "none"))
