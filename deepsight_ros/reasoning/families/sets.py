"""Families order, arrange and compare: sorting, what falls first, side by side, stacks, ratios.

Definitions. Falling: a thing tips when its support tilts by atan(distance of its centre from the
nearest edge of what carries it / height of its centre above that). On the support surface the
edge is half its breadth away; on another thing half the lesser breadth less the horizontal
distance of the centres. The least tilt falls first. "Fall off" is about things that stand on
another thing where there are any; "fall over" is about all. Friction and the table's edge are not
measured. Side by side: the sum of breadths (each may be turned) against the space.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence

import numpy as np

from deepsight_ros.reasoning.context import Context
from deepsight_ros.reasoning.families.fit import sides
from deepsight_ros.reasoning.propagation import Array, decide, propagate
from deepsight_ros.reasoning.values import Decision, Finding, StoppedError
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measurement import Measurement

KEYS: tuple[tuple[str, str], ...] = (
    (r"height|tall\w*|short\w*|high\w*|low\w*", "height"),
    (r"size|volume|big\w*|large\w*|small\w*", "volume"),
    (r"width|wid\w+|narrow\w*", "width"),
    (r"length|long\w*", "length"),
    (r"breadth|broad\w*", "breadth"),
    (r"thick\w*|thin\w*", "thickness"),
    (r"distance|near\w*|clos\w*|far\w*", "range"),
)
_DOWN = r"tallest|highest|biggest|largest|widest|longest|broadest|thickest|farthest|furthest"
_DOWN_WORDS = rf"\b(?:{_DOWN}|descending|decreasing)\b"
_UP_WORDS = (
    r"\b(?:shortest|lowest|smallest|narrowest|thinnest|nearest|closest|ascending|increasing)\b"
)
_FLOOR = {"volume": 0.0}


def quantity_of(words: str) -> str:
    """Quantity that a key names ("tallest to shortest": height); StoppedError for none."""
    for pattern, quantity in KEYS:
        if re.search(rf"\b(?:{pattern})\b", words):
            return quantity
    raise StoppedError(Status.UNSUPPORTED, f"I cannot put things in order of '{words}'")


def order(c: Context) -> Finding:
    """Put a set in order of a quantity."""
    words = c.said("key")
    quantity = quantity_of(words)
    first_down, first_up = re.search(_DOWN_WORDS, words), re.search(_UP_WORDS, words)
    is_down = first_down is not None and (
        first_up is None or first_down.start() < first_up.start()
    )
    if first_down is None and first_up is None:
        is_down = quantity != "range"
    ids = c.find_all(c.said("s"))
    anchor = re.search(r"(?:to|from) (?!(?:the )?camera)((?:the )?.+)$", words)
    if quantity == "range" and anchor and first_down is None and first_up is None:
        near = c.find(anchor[1])
        ids = tuple(i for i in ids if i != near)
        measured = {i: c.measure("surface_distance", i, near) for i in ids}
        quantity = "distance"
    else:
        measured = {i: c.measure(quantity, i) for i in ids}
    return _ordered(c, "order", measured, {"range": "distance"}.get(quantity, quantity), is_down)


def stack_order(c: Context) -> Finding:
    """In which order to stack: the broadest at the bottom."""
    ids = c.find_all(c.said("s"))
    measured = {i: c.measure("breadth", i) for i in ids}
    return _ordered(c, "arrange", measured, "breadth, from the bottom up", True)


def _ordered(
    c: Context, family: str, measured: dict[str, Measurement], key: str, is_down: bool
) -> Finding:
    ids = sorted(measured, key=lambda i: -measured[i].value if is_down else measured[i].value)
    said, unclear = c.name(ids[0]), []
    for one, two in itertools.pairwise(ids):
        step = propagate(lambda v: abs(float(v[0] - v[1])), [measured[one], measured[two]])
        ahead = propagate(
            lambda v: float(v[0] - v[1]) * (1 if is_down else -1), [measured[one], measured[two]]
        )
        if ahead.value > 0 and decide(ahead) is Decision.YES:
            said += f", then {c.name(two)}"
        else:
            said += f" and {c.name(two)} about the same"
            unclear.append((one, two, step))
    direction = "largest first" if is_down else "smallest first"
    text = f"In order of {key}, {direction}: {said}."
    if unclear:
        pairs = "; ".join(f"{c.name(a)} and {c.name(b)}" for a, b, _ in unclear)
        text = f"Too close to call for {pairs}. {text}"
        closest = min((s for _, _, s in unclear), key=lambda s: s.value)
        return Finding(Decision.UNDECIDED, text, family, closest, tuple(ids))
    return Finding(Decision.ANSWERED, text, family, None, tuple(ids))


def fall(c: Context) -> Finding:
    """Which thing tips or falls first when things tilt or are bumped?"""
    ids = c.find_all(c.said("s"), least=1) if c.said("s") else c.find_wholes()
    carriers = {i: _carrier(c, i) for i in ids}
    is_off = re.search(r"\b(?:off|down|from)\b", c.said("verb") + " " + c.said("how")) is not None
    if is_off and any(carriers.values()):
        ids = tuple(i for i in ids if carriers[i])
    tilts = {i: _tilt(c, i, carriers[i]) for i in ids}
    order = sorted(ids, key=lambda i: tilts[i][1].value)
    first, best = order[0], tilts[order[0]][1]
    rivals = []
    for other in order[1:]:
        apart = _difference(tilts[first][0], tilts[other][0])
        if decide(apart) is not Decision.YES or apart.value <= 0:
            rivals.append(other)
    degrees = f"{math.degrees(best.value):.0f} degrees"
    where = f" standing on {c.name(carriers[first])}" if carriers[first] else ""
    if rivals:
        text = (
            f"Too close to call: {c.names([first, *rivals], 'or')} could fall first "
            f"({c.name(first)} at a tilt of about {degrees})."
        )
        return Finding(Decision.UNDECIDED, text, "order", best, (first, *rivals))
    text = f"{c.name(first)}{where} would fall first, at a tilt of about {degrees}."
    text = text[:1].upper() + text[1:]
    return Finding(Decision.ANSWERED, text, "order", best, (first,), first)


_Rule = tuple[Callable[[Array], float], list[Measurement]]
"""A function and the measurements it takes."""


def _carrier(c: Context, object_id: str) -> str:
    """Id of the thing that carries an object, "" for the support surface."""
    made = c.tools.ask(f"What is {_askable(c, object_id)} standing on?")
    if made.status is not Status.OK:
        return ""
    others = [i for i in made.object_ids if i not in (object_id, "support")]
    return next((i for i in others if c.tools.part_of(i) != object_id), "")


def _askable(c: Context, object_id: str) -> str:
    """A name without brackets, else the id."""
    name = c.name(object_id)
    return object_id if re.search(r"[^a-z0-9 ]", name) else name


def _tilt(c: Context, object_id: str, carrier: str) -> tuple[_Rule, Measurement]:
    height, breadth = c.measure("height", object_id), c.measure("breadth", object_id)
    inputs = [height, breadth]
    if carrier:
        inputs += [
            c.measure("breadth", carrier),
            c.measure("horizontal_distance", object_id, carrier),
        ]

    def tilt(v: Array) -> float:
        half = min(v[1], v[2]) / 2 if len(v) > 2 else v[1] / 2
        reach = min(half, v[2] / 2 - v[3]) if len(v) > 2 else half
        return math.atan2(float(reach), max(float(v[0]) / 2, 1e-4))

    return (tilt, inputs), propagate(tilt, inputs, "tilt", (object_id,))


def _difference(own: _Rule, other: _Rule) -> Measurement:
    """How much more tilt the other thing stands."""
    (f, a), (g, b) = own, other
    n = len(a)
    return propagate(lambda v: g(v[n:]) - f(v[:n]), [*a, *b], "tilt")


def side_by_side(c: Context) -> Finding:
    """Do several things fit side by side in a length, between two things, or on one?"""
    space_m = c.length_m("b")
    pair = (
        re.search(r"between (.+?) and (.+)", "between " + c.said("pair"))
        if c.said("pair")
        else None
    )
    ids = c.find_all(c.said("s"))
    breadths = [c.measure("breadth", i) for i in ids]
    inputs = list(breadths)
    if pair:
        b, d = c.find(pair[1]), c.find(pair[2])
        inputs.append(c.measure("surface_distance", b, d))
        place = f"between {c.name(b)} and {c.name(d)}"
    elif space_m is not None:
        place = f"in {space_m:g} m"
    else:
        b = c.find(c.said("b"))
        inputs.append(c.measure("length", b))
        place = f"on {c.name(b)}"
    n = len(breadths)
    margin = propagate(
        lambda v: float((v[n] if len(v) > n else space_m or 0.0) - v[:n].sum()), inputs
    )
    total = sum(m.value for m in breadths)
    tail = f" (together {total:.3g} m)"
    who = c.names(ids)
    return c.verdict(
        "arrange",
        margin,
        f"{who} fit side by side {place}, with {{m}} to spare{tail}",
        f"{who} do not fit side by side {place}: {{m}} are missing{tail}",
        f"{who} side by side {place} {sides(margin, 'fit by', 'are too wide by')}{tail}",
        ids,
    )


def stack(c: Context) -> Finding:
    """How tall is a stack, or is it taller than a length or a thing?"""
    ids = c.find_all(c.said("s"))
    heights = [c.measure("height", i) for i in ids]
    n = len(heights)
    limit_m = c.length_m("b")
    who = c.names(ids)
    if not c.said("b"):
        total = propagate(lambda v: float(v.sum()), heights, object_ids=ids)
        text = f"Stacked, {who} are {c.margin(total)} tall."
        return Finding(Decision.ANSWERED, text, "arrange", total, ids, total.value)
    inputs = list(heights)
    if limit_m is None:
        b = c.find(c.said("b"))
        inputs.append(c.measure("height", b))
        against = c.name(b)
    else:
        against = f"{limit_m:g} m"
    sign = -1.0 if re.search(r"short|low|under|below|less", c.said("more")) else 1.0
    margin = propagate(
        lambda v: sign * float(v[:n].sum() - (v[n] if len(v) > n else limit_m or 0.0)), inputs
    )
    word = "shorter" if sign < 0 else "taller"
    return c.verdict(
        "arrange",
        margin,
        f"stacked, {who} are {{m}} {word} than {against}",
        f"stacked, {who} are not {word} than {against}, by {{m}}",
        f"stacked, {who} differ from {against} by {{m}}",
        ids,
    )


def gaps(c: Context) -> Finding:
    """Is one gap larger than another?"""
    ids = [c.find(c.said(k)) for k in "abcd"]
    one = c.measure("surface_distance", ids[0], ids[1])
    two = c.measure("surface_distance", ids[2], ids[3])
    sign = -1.0 if re.search(r"small|short|narrow|less|tight|near|close", c.said("more")) else 1.0
    margin = propagate(lambda v: sign * float(v[0] - v[1]), [one, two])
    word = "smaller" if sign < 0 else "larger"
    first = f"the gap between {c.name(ids[0])} and {c.name(ids[1])}"
    second = f"that between {c.name(ids[2])} and {c.name(ids[3])}"
    return c.verdict(
        "compare",
        margin,
        f"{first} is {{m}} {word} than {second}",
        f"{first} is not {word} than {second}, by {{m}}",
        f"{first} and {second} differ by {{m}}",
        ids,
    )


FACTORS = {"twice": 2.0, "three times": 3.0, "half": 0.5, "four times": 4.0, "double": 2.0}


def times(c: Context) -> Finding:
    """Is A at least twice as tall as B?"""
    factor = FACTORS[c.said("factor")]
    quantity = quantity_of(c.said("key"))
    a, b = c.find(c.said("a")), c.find(c.said("b"))
    one, two = c.measure(quantity, a), c.measure(quantity, b)
    if quantity == "volume":  # compared as lengths, so that the margin is one
        margin = propagate(lambda v: float(np.cbrt(v[0]) - np.cbrt(factor * v[1])), [one, two])
    else:
        margin = propagate(lambda v: float(v[0] - factor * v[1]), [one, two])
    tail = f"{c.said('factor')} as {c.said('key')} as {c.name(b)}"
    return c.verdict(
        "compare",
        margin,
        f"{c.name(a)} is at least {tail}: {{m}} more ({c.speak(one)} and {c.speak(two)})",
        f"{c.name(a)} is not {tail}: {{m}} are missing ({c.speak(one)} and {c.speak(two)})",
        f"{c.name(a)} differs from {tail} by {{m}}",
        (a, b),
    )


def alike(c: Context) -> Finding:
    """Are all of a set of the same size, within 10 mm or 5 % (docs/semantics.md margins)?"""
    quantity = quantity_of(c.said("key"))
    if quantity == "volume":
        quantity = "length"
    ids = c.find_all(c.said("s"))
    measured = [c.measure(quantity, i) for i in ids]
    margin = propagate(
        lambda v: max(0.010, 0.05 * float(v.max())) - float(v.max() - v.min()), measured
    )
    return _same(c, margin, ids, f"about the same in {quantity}")


def _same(c: Context, margin: Measurement, ids: Sequence[str], what: str) -> Finding:
    who = c.names(ids)
    return c.verdict(
        "compare",
        margin,
        f"{who} are {what} (within the tolerance by {{m}})",
        f"{who} are not {what} (beyond the tolerance by {{m}})",
        f"whether {who} are {what}: {{m}} from the tolerance",
        ids,
    )
