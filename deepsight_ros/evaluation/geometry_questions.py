"""Which questions a simulated scene is asked, their truth, and whether they are determined.

In: a ``SimulatedScene``. Out: ``Question`` values; the choice depends on the truth only, never on
what perception finds. Rare relations (on, touching, between ...) are sought out so that yes and
no are both asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from deepsight_ros.evaluation.simulated_scenes import SimulatedScene
from deepsight_ros.scene.measure import estimate
from deepsight_ros.scene.verdict import Outcome
from deepsight_ros.synthesis.determined import VisibleScene, is_determined, visible_scene
from deepsight_ros.synthesis.determined_predicates import (
    TrueGeometry,
    difference,
    settled,
    true_outcome,
)

SINGLES = (
    "height",
    "top",
    "width",
    "depth",
    "length",
    "breadth",
    "grasp_width",
    "thickness",
    "diameter",
    "volume",
    "range",
)
PAIRS = (
    "surface_distance",
    "centre_distance",
    "mean_nearest_distance",
    "horizontal_distance",
    "vertical_distance",
    "direction",
)
COMPARISONS = (
    "left_of",
    "right_of",
    "above",
    "below",
    "in_front_of",
    "behind",
    "closer",
    "farther",
    "bigger",
    "smaller",
    "wider",
    "narrower",
    "taller",
    "shorter",
    "longer",
    "thicker",
    "thinner",
    "higher",
    "lower",
)
RARE = ("on", "over", "under", "inside", "touching", "next_to")
"""Pair predicates that are mostly false; true pairs are sought out."""
LEAST_BEARING_M = 0.03
"""Directions between centres nearer than this on the ground are not asked."""


@dataclass(frozen=True)
class Question:
    """One question about things of the world.

    Attributes:
        type: quantity or predicate.
        ids: things, in order; the gripper for free space.
        determined: one view can know the answer.
        truth: SI value (hours for direction), or the outcome's name.
        difference: what a comparison rests on, for judging hedged answers (0 for the others).
        range_m: distance of the farthest thing.
        key: type and labels: all that a blind guesser sees.
    """

    type: str
    ids: tuple[str, ...]
    determined: bool
    truth: float | str
    difference: float
    range_m: float
    key: str

    @property
    def is_quantity(self) -> bool:
        return not isinstance(self.truth, str)


def questions_about(
    scene: SimulatedScene, *, singles: int = 4, pairs: int = 4, per_predicate: int = 2
) -> list[Question]:
    """A sample of questions about the things that are in view.

    Args:
        scene: the view.
        singles: things asked about their own sizes and range.
        pairs: pairs asked about distances and direction; half of them near neighbours.
        per_predicate: pairs per predicate.
    """
    rng = np.random.default_rng([scene.world.seed, 29])
    ids = [i for i in scene.boxes if not scene.truth.object(i).is_gripper]
    seen = visible_scene(scene.world, scene.rendering, scene.truth)
    made = _Maker(scene, seen)
    out: list[Question] = []
    for thing_id in rng.permutation(ids)[:singles]:
        round_footprint = getattr(scene.truth.object(str(thing_id)).shape, "is_round", False)
        for quantity in SINGLES:
            if quantity != "diameter" or round_footprint:
                out.append(made.quantity(quantity, (str(thing_id),)))
    ordered = list(permutations(ids, 2))
    for a, b in _sample_pairs(made, ordered, pairs, rng):
        for quantity in PAIRS:
            apart = made.real.value("horizontal_distance", (a, b))
            if quantity != "direction" or apart > LEAST_BEARING_M:
                out.append(made.quantity(quantity, (a, b)))
    if scene.gripper is not None:
        out.extend(_free_space(made, ("gripper",)))
    if scene.world.kind == "room":
        out.extend(_free_space(made, ()))
    for predicate in COMPARISONS:
        for at in rng.permutation(len(ordered))[:per_predicate]:
            out.append(made.predicate(predicate, ordered[at]))
    for predicate in RARE:
        out.extend(_rare(made, predicate, ordered, per_predicate, rng))
    out.extend(_triples(made, ids, per_predicate, rng))
    return out


class _Maker:
    """Attaches truth to questions."""

    def __init__(self, scene: SimulatedScene, seen: VisibleScene) -> None:
        self.scene, self.seen = scene, seen
        self.truth = scene.truth
        self.real = TrueGeometry(scene.truth)
        self._ranges = {i: self.real.value("range", (i,)) for i in scene.boxes}

    def _common(self, kind: str, ids: tuple[str, ...]) -> tuple[float, str]:
        labels = [self.truth.object(i).label for i in ids]
        return max(self._ranges.get(i, 0.0) for i in ids), " ".join([kind, *labels])

    def quantity(self, quantity: str, ids: tuple[str, ...]) -> Question:
        value = estimate(self.truth, quantity, ids).value
        known = is_determined(self.seen, self.truth, quantity, ids, value)
        reach, key = self._common(quantity, ids)
        return Question(quantity, ids, known, value, 0.0, reach, key)

    def predicate(self, predicate: str, ids: tuple[str, ...]) -> Question:
        outcome = settled(self.seen, self.truth, predicate, ids, self.real)
        gap = 0.0
        if predicate in COMPARISONS or len(ids) == 3:
            gap = difference(self.real, predicate, ids) if predicate != "between" else 0.0
        true = outcome or true_outcome(self.truth, predicate, ids, self.real)
        reach, key = self._common(predicate, ids)
        return Question(predicate, ids, outcome is not None, true.value, gap, reach, key)


def _sample_pairs(
    made: _Maker, ordered: list[tuple[str, str]], count: int, rng: np.random.Generator
) -> list[tuple[str, str]]:
    """Half of them the nearest neighbours of a random thing, half any."""
    if not ordered:
        return []
    chosen = [ordered[i] for i in rng.permutation(len(ordered))[: -(-count // 2)]]
    firsts = rng.permutation(sorted({a for a, _ in ordered}))[: count // 2]
    for first in firsts:
        partners = [p for p in ordered if p[0] == first and p not in chosen]
        if partners:
            chosen.append(min(partners, key=lambda p: made.real.value("surface_distance", p)))
    return chosen


def _rare(
    made: _Maker,
    predicate: str,
    ordered: list[tuple[str, str]],
    count: int,
    rng: np.random.Generator,
) -> Iterator[Question]:
    """As many true as false pairs where the world has true ones."""
    shuffled = [ordered[i] for i in rng.permutation(len(ordered))]
    near = sorted(shuffled, key=lambda p: made.real.value("centre_distance", p))[:12]
    yes = [p for p in near if true_outcome(made.truth, predicate, p, made.real) is Outcome.TRUE]
    no = [p for p in near if p not in yes]
    half = -(-count // 2)
    picked = yes[:half]
    picked += no[: count - len(picked)]
    for pair in picked:
        yield made.predicate(predicate, pair)


def _triples(
    made: _Maker, ids: list[str], count: int, rng: np.random.Generator
) -> Iterator[Question]:
    """closer / farther to a third thing, and between."""
    if len(ids) < 3:
        return
    for predicate in ("closer", "farther"):
        for _ in range(count // 2):
            a, b, c = (str(i) for i in rng.permutation(ids)[:3])
            yield made.predicate(predicate, (a, b, c))
    candidates = [tuple(str(i) for i in rng.permutation(ids)[:3]) for _ in range(12)]
    yes = [
        t for t in candidates if true_outcome(made.truth, "between", t, made.real) is Outcome.TRUE
    ]
    no = [t for t in candidates if t not in yes]
    for triple in [*yes[: -(-count // 2)], *no[: count // 2]]:
        yield made.predicate("between", triple)


def _free_space(made: _Maker, ids: tuple[str, ...]) -> Iterator[Question]:
    """How far the gripper, or a driving robot, can move; walls and floor are in the way too."""
    obstacles = made.scene.obstacles()
    met = estimate(obstacles, "free_space", ids)
    if met.bound.value != "exact":
        return
    known = is_determined(made.seen, obstacles, "free_space", ids, met.value)
    reach = 0.0
    if ids and made.truth.gripper is not None:
        at = made.truth.gripper.pose.translation_m
        reach = float(np.linalg.norm(at - made.truth.camera_position_m))
    mover = "gripper" if ids else "robot"
    yield Question("free_space", ids, known, met.value, 0.0, reach, f"free_space {mover}")
