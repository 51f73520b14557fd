"""Tasks with known truth about a world: words, the right outcome, and whether it can be decided.

Truth comes from the full solids through the definitions of docs/tasks.md, with formulas of its
own. Decidable, from truth alone, stated before any answer was seen: the margin to the threshold is
at least 50 mm and 20 % of the largest length in the chain (12 degrees for falling; a figure: at
least 80 % of its tolerance inside, or 50 mm outside), and every quantity of the chain is
determined by the view (docs/semantics.md). Undecidable:
at most 2 mm, less than perfect depth of the visible surface tells (5 mm, docs/semantics.md). What
lies between is not asked. Every thing of a task is at least 80 % visible.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.outline import signed_distances
from deepsight_ros.scene.solids import Solid
from deepsight_ros.synthesis.determined import VisibleScene, is_determined

Array = NDArray[np.float64]
Rng = np.random.Generator

DECIDABLE_M, DECIDABLE_SHARE, DECIDABLE_RAD = 0.050, 0.20, math.radians(12)
UNDECIDABLE_M, UNDECIDABLE_RAD = 0.002, math.radians(0.5)
LEAST_VISIBLE = 0.8
UNDECIDED = "undecided"
Chain = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes:
        text: in words.
        family: of tasks.
        kind: which task of the family.
        outcome: "yes", "no", "undecided", or ids joined by spaces (chosen, in order, to move).
        decidable: from truth alone.
        margin: truth's distance from the threshold (m; rad for falling).
        chain: the quantities it rests on, with the ids of their things.
        determined: every one of them is determined by the view (docs/semantics.md).
    """

    text: str
    family: str
    kind: str
    outcome: str
    decidable: bool
    margin: float
    chain: tuple[tuple[str, tuple[str, ...]], ...] = ()
    determined: bool = True


def _each(quantity: str, *ids: str) -> Chain:
    """The same quantity of several things."""
    return tuple((quantity, (i,)) for i in ids)


class Truths:
    """Exact numbers of a scene, by label."""

    def __init__(self, truth: Scene) -> None:
        self.scene = truth

    def of(self, quantity: str, *ids: str) -> float:
        """A quantity of the full solids, SI."""
        return measure(self.scene, quantity, ids).value

    def centre(self, object_id: str) -> Array:
        """(2,) box centre on the ground."""
        return self.scene.object(object_id).box.centre_m[:2]

    def footprint(self, object_id: str) -> Array:
        """(N, 2) convex footprint."""
        shape = self.scene.object(object_id).shape
        assert isinstance(shape, Solid)
        return shape.footprint_m


def classed(margin: float, scale_m: float = 0.0) -> bool | None:
    """True for decidable, False for undecidable, None for what lies between."""
    if abs(margin) >= max(DECIDABLE_M, DECIDABLE_SHARE * scale_m):
        return True
    return False if abs(margin) <= UNDECIDABLE_M else None


def tasks_about(
    truth: Scene,
    view: VisibleScene,
    visible: dict[str, float],
    rests_on: dict[str, str],
    rng: Rng,
) -> list[Task]:
    """Every task of a world that is decidable or undecidable, in random order.

    Args:
        truth: exact scene.
        view: its visible surfaces, which say what is determined.
        visible: visible share by id.
        rests_on: id -> id of what carries it, "" for the support.
        rng: draws things, numbers and wordings.
    """
    labels = {o.id: o.label for o in truth.objects}
    seen = [i for i in labels if visible.get(i, 0.0) >= LEAST_VISIBLE]
    own = [i for i in seen if list(labels.values()).count(labels[i]) == 1]
    names = {i: f"the {labels[i]}" for i in own}
    t = Truths(truth)
    made: list[Task] = []
    grounded = [i for i in own if not rests_on.get(i)]
    if len(own) >= 3:
        made += _by_number(t, names, grounded, rng)
        made += _by_things(t, names, grounded, rng)
        made += _sorted(t, names, own, rng)
    if len(seen) == len(labels):
        made += _falling(t, labels, rests_on, rng)
        made += _reaching(t, names, labels, rests_on, rng)
    made += _figures(t, labels, seen, rng)
    mixed = [made[int(k)] for k in rng.permutation(len(made))]
    return [
        replace(
            task,
            determined=all(is_determined(view, truth, q, i, t.of(q, *i)) for q, i in task.chain),
        )
        for task in mixed
    ]


def _pick(rng: Rng, wordings: tuple[str, ...], *names: str) -> str:
    return wordings[int(rng.integers(len(wordings)))].format(*names)


def _said(rng: Rng, truth_m: float, scale_m: float) -> tuple[float, float] | None:
    """A number to say, in m, near or far from a truth; (said, said - truth)."""
    if rng.random() < 0.35:
        offset = rng.uniform(-UNDECIDABLE_M, UNDECIDABLE_M)
    else:
        least = 1.02 * max(DECIDABLE_M, DECIDABLE_SHARE * scale_m)
        offset = rng.uniform(least, 2 * least) * (1 if rng.random() < 0.5 else -1)
    said = round(truth_m + offset, 4)
    return (said, said - truth_m) if said > 0.005 else None


def _number_task(
    rng: Rng,
    family: str,
    kind: str,
    truth_m: float,
    wordings: tuple[str, ...],
    *names: str,
    chain: Chain,
    more_is_yes: bool = True,
) -> list[Task]:
    drawn = _said(rng, truth_m, truth_m)
    if drawn is None:
        return []
    said, above = drawn
    margin = above if more_is_yes else -above
    decided = classed(margin, max(truth_m, said))
    if decided is None:
        return []
    outcome = UNDECIDED if not decided else "yes" if margin > 0 else "no"
    text = _pick(rng, wordings, *names).replace("#", f"{100 * said:.2f} cm")
    return [Task(text, family, kind, outcome, decided, margin, chain)]


def _by_number(t: Truths, names: dict[str, str], ids: list[str], rng: Rng) -> list[Task]:
    if len(ids) < 3:
        return []
    a, b, c = (str(i) for i in rng.permutation(ids)[:3])
    gap = t.of("surface_distance", a, b)
    others = [i for i in t.scene.objects if i.id != a]
    gap_chain: Chain = (("surface_distance", (a, b)),)
    nearest = min(t.of("surface_distance", a, o.id) for o in others)
    made = _number_task(
        rng, "fit", "grasp", t.of("grasp_width", c),
        ("can the gripper (# opening) grasp {0}?", "could a # gripper pick up {0}?",
         "is {0} narrow enough for a gripper that opens #?"), names[c],
        chain=_each("grasp_width", c),
    )  # fmt: skip
    made += _number_task(
        rng, "fit", "plate between", gap,
        ("is there room for a # plate between {0} and {1}?",
         "would something # wide fit between {0} and {1}?",
         "is the gap between {0} and {1} wide enough for a # plate?"),
        names[a], names[b], chain=gap_chain, more_is_yes=False,
    )  # fmt: skip
    made += _number_task(
        rng, "fit", "under", t.of("height", c),
        ("does {0} fit under a # shelf?", "would {0} go below the # high shelf?"), names[c],
        chain=_each("height", c),
    )  # fmt: skip
    made += _number_task(
        rng, "clearance", "pass", gap,
        ("can a # wide robot pass between {0} and {1}?",
         "is it safe to drive a # robot between {0} and {1}?"),
        names[a], names[b], chain=gap_chain, more_is_yes=False,
    )  # fmt: skip
    made += _number_task(
        rng, "clearance", "around", nearest,
        ("is there at least # of room around {0}?", "does {0} have # of clearance around it?"),
        names[a], chain=tuple(("surface_distance", (a, o.id)) for o in others), more_is_yes=False,
    )  # fmt: skip
    breadths = [t.of("breadth", i) for i in (a, b, c)]
    made += _number_task(
        rng, "arrange", "side by side", sum(breadths),
        ("would {0}, {1} and {2} fit side by side in #?",
         "do {0}, {1} and {2} all fit next to each other on # of shelf?"),
        names[a], names[b], names[c], chain=_each("breadth", a, b, c),
    )  # fmt: skip
    made += _number_task(
        rng, "arrange", "stack", t.of("height", a) + t.of("height", b),
        ("would {0} and {1} stacked on each other be taller than #?",
         "would a stack of {0} and {1} be higher than #?"),
        names[a], names[b], chain=_each("height", a, b), more_is_yes=False,
    )  # fmt: skip
    return made


def _thing_task(
    family: str, kind: str, margin: float, scale_m: float, text: str, chain: Chain
) -> list[Task]:
    decided = classed(margin, scale_m)
    if decided is None:
        return []
    outcome = UNDECIDED if not decided else "yes" if margin > 0 else "no"
    return [Task(text, family, kind, outcome, decided, margin, chain)]


def _by_things(t: Truths, names: dict[str, str], ids: list[str], rng: Rng) -> list[Task]:
    made: list[Task] = []
    for a, b, c in itertools.islice(_triples(ids, rng), 4):
        bc, ac = ("surface_distance", (b, c)), ("surface_distance", (a, c))
        gap, breadth = t.of("surface_distance", b, c), t.of("breadth", a)
        text = _pick(
            rng,
            ("does {0} fit between {1} and {2}?", "could {0} be placed between {1} and {2}?",
             "is there enough room for {0} between {1} and {2}?"),
            names[a], names[b], names[c],
        )  # fmt: skip
        made += _thing_task(
            "fit", "between", gap - breadth, max(gap, breadth), text, (*_each("breadth", a), bc)
        )
        sizes = [(t.of("length", i), t.of("breadth", i)) for i in (a, b)]
        margin = min(sizes[1][0] - sizes[0][0], sizes[1][1] - sizes[0][1])
        text = _pick(
            rng, ("would {0} fit on {1}?", "is {1} big enough for {0}?"), names[a], names[b]
        )
        made += _thing_task(
            "fit",
            "on",
            margin,
            max(s[0] for s in sizes),
            text,
            (*_each("length", a, b), *_each("breadth", a, b)),
        )
        other = t.of("surface_distance", a, c)
        text = f"is the gap between {names[b]} and {names[c]} larger than between {names[a]} "
        text += f"and {names[c]}?"
        made += _thing_task("compare", "gaps", gap - other, max(gap, other), text, (bc, ac))
        tall, low = t.of("height", a), t.of("height", b)
        text = f"is {names[a]} twice as tall as {names[b]}?"
        made += _thing_task(
            "compare", "times", tall - 2 * low, max(tall, 2 * low), text, _each("height", a, b)
        )
    return made


def _triples(ids: list[str], rng: Rng) -> Iterator[tuple[str, str, str]]:
    found = list(itertools.permutations(ids, 3))
    for k in rng.permutation(len(found)):
        yield found[int(k)]


def _sorted(t: Truths, names: dict[str, str], ids: list[str], rng: Rng) -> list[Task]:
    made = []
    for quantity, words in (("height", "height"), ("length", "length")):
        for trio in itertools.islice(_triples(ids, rng), 3):
            sizes = sorted(((t.of(quantity, i), i) for i in trio), reverse=True)
            steps = [p[0] - q[0] for p, q in itertools.pairwise(sizes)]
            classes = [classed(s, sizes[0][0]) for s in steps]
            if None in classes:
                continue
            decided = all(classes)
            outcome = " ".join(i for _, i in sizes) if decided else UNDECIDED
            said = f"{names[trio[0]]}, {names[trio[1]]} and {names[trio[2]]}"
            text = _pick(rng, ("put {0} in order of {1}", "sort {0} by {1}"), said, words)
            made.append(
                Task(text, "order", words, outcome, decided, min(steps), _each(quantity, *trio))
            )
    return made


def _falling(t: Truths, labels: dict[str, str], rests_on: dict[str, str], rng: Rng) -> list[Task]:
    stacked = [i for i in labels if rests_on.get(i)]
    made = []
    for off in (True, False):
        pool = stacked if off and stacked else list(labels)
        tilts = sorted((_tilt(t, i, rests_on.get(i, "")), i) for i in pool)
        margin = tilts[1][0] - tilts[0][0] if len(tilts) > 1 else math.pi
        decided = margin >= DECIDABLE_RAD
        if not decided and margin > UNDECIDABLE_RAD:
            continue
        words = (
            ("which object could fall off first?", "what would fall off first?")
            if off
            else ("which object would tip over first?", "what could topple over first?")
        )
        outcome = tilts[0][1] if decided else UNDECIDED
        involved = {*pool, *(rests_on[i] for i in pool if rests_on.get(i))}
        chain = (*_each("height", *pool), *_each("breadth", *involved))
        made.append(Task(_pick(rng, words), "order", "fall", outcome, decided, margin, chain))
    return made


def _tilt(t: Truths, object_id: str, carrier: str) -> float:
    reach = t.of("breadth", object_id) / 2
    if carrier:
        apart = float(np.linalg.norm(t.centre(object_id) - t.centre(carrier)))
        reach = min(reach, t.of("breadth", carrier) / 2, t.of("breadth", carrier) / 2 - apart)
    return math.atan2(reach, t.of("height", object_id) / 2)


def _reaching(
    t: Truths, names: dict[str, str], labels: dict[str, str], rests_on: dict[str, str], rng: Rng
) -> list[Task]:
    made = []
    for target in rng.permutation([i for i in names if not rests_on.get(i)])[:2]:
        blocking, margins = [], []
        for other in labels:
            if other == target:
                continue
            if rests_on.get(other) == target:
                blocking.append(other)
                continue
            depth = _depth(t, other, str(target))
            margins.append(depth)
            if depth > 0:
                blocking.append(other)
        least = min((abs(m) for m in margins), default=1.0)
        if least < DECIDABLE_M:
            continue  # near things come one at a time with clear ones: scored as decidable only
        text = _pick(
            rng,
            ("what should be moved to reach {0}?", "which objects must be moved to get to {0}?",
             "what is in the way of {0}?"),
            names[str(target)],
        )  # fmt: skip
        others = [i for i in labels if i != target and rests_on.get(i) != target]
        chain = (
            *_each("width", *others),
            *(("horizontal_distance", (str(target), i)) for i in others),
        )
        made.append(Task(text, "reach", "move", " ".join(sorted(blocking)), True, least, chain))
    return made


def _depth(t: Truths, other: str, target: str) -> float:
    """How deep a footprint reaches into the 10 cm corridor from under the camera to a target."""
    origin = t.scene.camera_position_m[:2]
    way = t.centre(target) - origin
    length = float(np.linalg.norm(way))
    along = way / length
    across = np.array([-along[1], along[0]])
    outline = t.footprint(other) - origin
    low, high = float((outline @ across).min()), float((outline @ across).max())
    aside = low if low > 0 else -high if high < 0 else min(low, -high)
    centre = float((t.centre(other) - origin) @ along)
    return min(0.05 - aside, length - centre)


def _figures(t: Truths, labels: dict[str, str], seen: list[str], rng: Rng) -> list[Task]:
    for label in ("can", "block"):
        ids = [i for i in labels if labels[i] == label]
        if len(ids) != 3 or any(i not in seen for i in ids):
            continue
        points = [t.centre(i) for i in ids]
        sides = sorted(float(np.linalg.norm(p - q)) for p, q in itertools.combinations(points, 2))
        longest = sides[-1]
        if label == "can":
            margin = max(
                max(0.020, 0.10 * max(p, q)) - abs(p - q)
                for p, q in itertools.combinations(sides, 2)
            )
            words = ("do the three cans form an isosceles triangle?",
                     "are the cans arranged in an isosceles triangle?")  # fmt: skip
        else:
            pairs = list(itertools.combinations(range(3), 2))
            apart = [float(np.linalg.norm(points[i] - points[k])) for i, k in pairs]
            end = pairs[int(np.argmax(apart))]
            inner = next(k for k in range(3) if k not in end)
            line = np.array([points[end[0]], points[end[1]]])
            off = float(-signed_distances(line, points[inner][None])[0])
            margin = max(0.020, 0.10 * longest) - off
            words = ("are the three blocks in a line?", "do the blocks form a straight line?")
        # a figure that is regular can lie inside its tolerance only by that tolerance
        inside = margin >= 0.8 * max(0.020, 0.10 * longest)
        decided: bool | None = True if inside else classed(margin)
        if decided is None:
            return []
        outcome = UNDECIDED if not decided else "yes" if margin > 0 else "no"
        kind = "isosceles" if label == "can" else "line"
        chain = tuple(("horizontal_distance", p) for p in itertools.combinations(ids, 2))
        return [Task(_pick(rng, words), "shape", kind, outcome, decided, margin, chain)]
    return []
