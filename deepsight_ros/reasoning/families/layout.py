"""Families shape and reach: figures that things form, and what stands in the way of one.

Definitions. Figures are formed by box centres on the ground plane; two sides are equal within the
larger of 20 mm and 10 % of the longer. A line: the inner points lie off it by at most the larger
of 20 mm and 10 % of its length. In the way: a thing that stands on the
target, or whose footprint enters the corridor (as wide as the gripper, 0.10 m unless said) from
the gripper (without one: from under the camera) to the target's centre, nearer than that centre.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np

from deepsight_ros.reasoning.context import Context
from deepsight_ros.reasoning.families.sets import _askable
from deepsight_ros.reasoning.propagation import (
    Allowance,
    Array,
    decide,
    propagate,
    speak_length,
)
from deepsight_ros.reasoning.values import Decision, Finding, StoppedError
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measurement import Measurement

LEAST_M, SHARE = 0.020, 0.10
GRIPPER_WIDTH_M = 0.10


def triangle(c: Context) -> Finding:
    """Do three things form an isosceles, equilateral or right-angled triangle?"""
    kind = c.said("kind").replace("-", " ").strip()
    ids = _exactly(c, 3)
    test = {"isosceles": _isosceles, "equilateral": _equilateral}.get(kind, _right)
    places = _places(c, ids)
    margin = propagate(lambda v: test(_sides(v)), places, object_ids=ids)
    middle = _sides(np.array([m.value for m in places]))
    lengths = ", ".join(speak_length(float(side), c.tools.units) for side in middle)
    a = "an" if kind[0] in "aei" else "a"
    return _figure(c, margin, ids, f"{a} {kind} triangle", f" (sides {lengths})")


def _tolerance(longer: float) -> float:
    return max(LEAST_M, SHARE * longer)


def _places(c: Context, ids: Sequence[str], origin: str = "camera") -> list[Measurement]:
    """Ahead and sideways offset of every thing from the origin, in turns."""
    return [c.measure(q, i, origin) for i in ids for q in ("offset_ahead", "offset_sideways")]


def _sides(v: Array) -> Array:
    """(K,) distances of every pair of points; v: (2N,) coordinates in turns."""
    points = v.reshape(-1, 2)
    pairs = list(itertools.combinations(range(len(points)), 2))
    return np.array([np.linalg.norm(points[i] - points[k]) for i, k in pairs])


def _real(sides: Array) -> float:
    """How far the corners are from lying on one line, above the tolerance of a line."""
    a, b, base = np.sort(sides)
    if base <= 0:
        return 0.0
    along = (a * a - b * b + base * base) / (2 * base)
    height = math.sqrt(max(0.0, a * a - along * along))
    return height - _tolerance(float(base))


def _isosceles(sides: Array) -> float:
    best = max(
        _tolerance(max(p, q)) - abs(p - q) for p, q in itertools.combinations(sides.tolist(), 2)
    )
    return min(best, _real(sides))


def _equilateral(sides: Array) -> float:
    return min(_tolerance(float(sides.max())) - float(sides.max() - sides.min()), _real(sides))


def _right(sides: Array) -> float:
    """Longest side against that of a right angle, in metres."""
    a, b, longest = np.sort(sides)
    right = math.hypot(a, b)
    return min(_tolerance(right) - abs(float(longest) - right), _real(sides))


def line(c: Context) -> Finding:
    """Do three or more things stand in a line?"""
    ids = c.find_all(c.said("s"), least=3)

    def straight(v: Array) -> float:
        along, off = _row(v.reshape(-1, 2))
        return _tolerance(float(np.ptp(along))) - float(np.abs(off).max())

    margin = propagate(straight, _places(c, ids), object_ids=ids)
    return _figure(c, margin, ids, "a line", "")


def _row(points: Array) -> tuple[Array, Array]:
    """(N,) positions along the line through the two points farthest apart, and beside it."""
    pairs = list(itertools.combinations(range(len(points)), 2))
    first, last = max(pairs, key=lambda p: float(np.linalg.norm(points[p[0]] - points[p[1]])))
    way = points[last] - points[first]
    length = float(np.linalg.norm(way))
    if length <= 0:
        return np.zeros(len(points)), np.zeros(len(points))
    rest = (points - points[first]) @ np.array([[way[0], -way[1]], [way[1], way[0]]]) / length
    return rest[:, 0], rest[:, 1]


def spaced(c: Context) -> Finding:
    """Are three or more things spaced equally along their row?"""
    ids = c.find_all(c.said("s"), least=3)

    def even(v: Array) -> float:
        along, _ = _row(v.reshape(-1, 2))
        steps = np.diff(np.sort(along))
        return _tolerance(float(steps.max())) - float(steps.max() - steps.min())

    margin = propagate(even, _places(c, ids), object_ids=ids)
    return _figure(c, margin, ids, "an evenly spaced row", "")


def square(c: Context) -> Finding:
    """Do four things form a square or a rectangle?"""
    ids = _exactly(c, 4)
    is_square = c.said("kind") == "square"

    def regular(places: Array) -> float:
        v = _sides(places)
        # opposite pairs of the six distances; the longest pair is the diagonals
        couples = sorted(((v[0], v[5]), (v[1], v[4]), (v[2], v[3])), key=sum)
        tests = [_tolerance(max(p)) - abs(p[0] - p[1]) for p in couples]
        if is_square:
            (a, b), (p, q) = couples[0], couples[1]
            tests.append(_tolerance((p + q) / 2) - abs(p + q - a - b) / 2)
        return float(min(tests))

    margin = propagate(regular, _places(c, ids), object_ids=ids)
    return _figure(c, margin, ids, f"a {c.said('kind')}", "")


def _exactly(c: Context, number: int) -> tuple[str, ...]:
    ids = c.find_all(c.said("s"), least=number)
    if len(ids) != number:
        raise StoppedError(
            Status.AMBIGUOUS, f"this needs {number} things, and the words mean {len(ids)}", ids
        )
    return ids


def _figure(
    c: Context, margin: Measurement, ids: tuple[str, ...], what: str, tail: str
) -> Finding:
    who = c.names(ids)
    return c.verdict(
        "shape",
        margin,
        f"{who} form {what} (within the tolerance by {{m}}){tail}",
        f"{who} do not form {what} (beyond the tolerance by {{m}}){tail}",
        f"whether {who} form {what}: {{m}} from the tolerance{tail}",
        ids,
    )


def in_the_way(c: Context) -> Finding:
    """What has to be moved to reach a thing?"""
    target, blocking, unclear, worst = _blockers(c)
    name = c.name(target)
    if unclear:
        text = f"Too close to call: {c.names(unclear, 'or')} may be in the way of {name}"
        text += f"; {c.names(blocking)} surely." if blocking else "."
        return Finding(Decision.UNDECIDED, text, "reach", worst, (*blocking, *unclear))
    if not blocking:
        return Finding(Decision.ANSWERED, f"Nothing: the way to {name} is free.", "reach", worst)
    value = blocking[0] if len(blocking) == 1 else None
    text = f"Move {c.names(blocking)}: in the way of {name}."
    return Finding(Decision.ANSWERED, text, "reach", worst, tuple(blocking), value)


def reachable(c: Context) -> Finding:
    """Is the way to a thing free?"""
    target, blocking, unclear, worst = _blockers(c)
    name = c.name(target)
    if blocking:
        text = f"No, the way to {name} is blocked by {c.names(blocking)}."
        return Finding(Decision.NO, text, "reach", worst, tuple(blocking), False)
    if unclear:
        text = f"Too close to call: {c.names(unclear, 'or')} may be in the way of {name}."
        return Finding(Decision.UNDECIDED, text, "reach", worst, tuple(unclear))
    return Finding(Decision.YES, f"Yes, the way to {name} is free.", "reach", worst, (), True)


def _blockers(c: Context) -> tuple[str, list[str], list[str], Measurement | None]:
    """Target, what blocks it, what may block it, and the margin nearest to its threshold."""
    half_m = (c.length_m() or GRIPPER_WIDTH_M) / 2
    target = c.find(c.said("a"))
    made = c.tools.ask(f"What is on {_askable(c, target)}?")
    on_it = (
        [i for i in made.object_ids if i != target and c.tools.part_of(i) != target]
        if made.status is Status.OK
        else []
    )
    others = [i for i in c.find_wholes() if i != target and i not in on_it]
    origin = "gripper" if c.tools.has_gripper else "camera"
    goal = _places(c, [target], origin)
    blocking, unclear, closest = list(on_it), [], None
    for other in others:
        margin = _in_corridor(c, origin, other, goal, half_m)
        if margin is None:
            continue
        decision = decide(margin)
        if decision is Decision.YES:
            blocking.append(other)
        elif decision is Decision.UNDECIDED:
            unclear.append(other)
        if closest is None or abs(margin.value) < abs(closest.value):
            closest = margin
    return target, blocking, unclear, closest


def _in_corridor(
    c: Context, origin: str, other: str, goal: list[Measurement], half_m: float
) -> Measurement:
    """How deep a thing reaches into the corridor from the origin to the goal."""
    place = _places(c, [other], origin)
    across = _half_across(c, origin, other)

    def depth(v: Array) -> float:
        way, at, half = v[:2], v[2:4], float(v[4])
        whole = float(np.linalg.norm(way))
        if whole <= 1e-6:
            return -1.0
        along = float(way @ at) / whole
        off = abs(float(way[0] * at[1] - way[1] * at[0])) / whole
        return min(half_m + half - off, whole - along, along)

    return propagate(depth, [*goal, *place, across], object_ids=(other,))


def _half_across(c: Context, origin: str, other: str) -> Allowance:
    """Half a thing's extent across the corridor: its width where the viewer looks along, else
    anything between half its breadth and half its length."""
    if origin == "camera":
        width = c.measure("width", other)
        return Allowance(width.value / 2, width.lower / 2, width.upper / 2, (other,))
    length, breadth = c.measure("length", other), c.measure("breadth", other)
    low, high = breadth.lower / 2, length.upper / 2
    return Allowance((breadth.value + length.value) / 4, low, high, (other,))
