"""Families fit and clearance: does a thing go between, on, in, under; is there room around.

Definitions. Between A and B: the surface gap against the thing's breadth (it may be turned about
the vertical), or against a length that is said. On B: length and breadth against B's. In B: as on
B, with B's walls taken as 0-10 mm thick; it may stick out above. In a gripper: the breadth
against the opening. Around A: the gap to its nearest neighbour.
"""

from __future__ import annotations

import re

import numpy as np

from deepsight_ros.reasoning.context import Context
from deepsight_ros.reasoning.propagation import Allowance, propagate
from deepsight_ros.reasoning.values import Decision, Finding, StoppedError
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measurement import Measurement

WALL_M = (0.005, 0.0, 0.010)
"""Thickness of a container's wall: value, least, most. It cannot be seen from outside."""


def sides(margin: Measurement, enough: str = "fits by", short: str = "is too large by") -> str:
    """ "fits by {m}" or "is too large by {m}", by the sign."""
    return f"{enough if margin.value >= 0 else short} {{m}}"


def between(c: Context) -> Finding:
    """Does A (or a length) fit between B and C?"""
    length_m = c.length_m("a")
    a = "" if length_m is not None else c.find(c.said("a"))
    b, d = c.find(c.said("b")), c.find(c.said("c"))
    _different(c, a, b, d)
    gap = c.measure("surface_distance", b, d)
    inputs = [gap]
    if length_m is None:
        inputs.append(c.measure("breadth", a))
        what, size = c.name(a), c.speak(inputs[1])
    else:
        what, size = _without_mark(c.said("a"), length_m), f"{length_m:g} m"
    margin = propagate(lambda v: float(v[0] - (v[1] if len(v) > 1 else length_m or 0.0)), inputs)
    place = f"between {c.name(b)} and {c.name(d)}"
    tail = f" (gap {c.speak(gap)}, needs {size})"
    return c.verdict(
        c.groups.get("family", "fit"),
        margin,
        f"{what} fits {place}, with {{m}} to spare{tail}",
        f"{what} does not fit {place}: {{m}} are missing{tail}",
        f"{what} {sides(margin)} {place}{tail}",
        [i for i in (a, b, d) if i],
    )


def on_top(c: Context) -> Finding:
    """Does A fit on B: length and breadth of both."""
    return _within(c, "on", 0)


def inside(c: Context) -> Finding:
    """Does A fit in B: as on, less two walls that are not seen."""
    return _within(c, "in", 2)


def _within(c: Context, word: str, walls: int) -> Finding:
    a, b = c.find(c.said("a")), c.find(c.said("b"))
    _different(c, a, b)
    own = [c.measure(q, a) for q in ("length", "breadth")]
    room = [c.measure(q, b) for q in ("length", "breadth")]
    inputs: list[Measurement | Allowance] = [*own, *room]
    if walls:
        inputs.append(Allowance(*WALL_M, object_ids=(b,)))
    margin = propagate(
        lambda v: float(min(v[2] - v[0], v[3] - v[1]) - (walls * v[4] if walls else 0.0)), inputs
    )
    note = " (walls taken as 0-10 mm)" if walls else ""
    what, where = c.name(a), c.name(b)
    return c.verdict(
        "fit",
        margin,
        f"{what} fits {word} {where}, with {{m}} to spare{note}",
        f"{what} does not fit {word} {where}: {{m}} are missing{note}",
        f"{what} {sides(margin)} {word} {where}{note}",
        (a, b),
    )


def under(c: Context) -> Finding:
    """Does A fit under something that is a stated height above the support?"""
    length_m = c.length_m("b")
    if length_m is None:
        raise StoppedError(Status.UNSUPPORTED, "say how high it is, e.g. 'under a 30 cm shelf'")
    a = c.find(c.said("a"))
    height = c.measure("height", a)
    margin = propagate(lambda v: float(length_m - v[0]), [height])
    what, tail = c.name(a), f"under {length_m:g} m (it is {c.speak(height)} tall)"
    return c.verdict(
        "fit",
        margin,
        f"{what} fits {tail}, with {{m}} to spare",
        f"{what} does not fit {tail}: {{m}} are missing",
        f"{what} {sides(margin, short='is too tall by')} {tail}",
        (a,),
    )


def grasp(c: Context) -> Finding:
    """Can a gripper of a stated opening close on A?"""
    opening_m = c.length_m()
    if opening_m is None:
        raise StoppedError(
            Status.UNSUPPORTED,
            "say how far the gripper opens: 'can the gripper (0.08 m opening) grasp the can?'",
        )
    a = c.find(c.said("a"))
    width = c.measure("grasp_width", a)
    margin = propagate(lambda v: float(opening_m - v[0]), [width])
    what = c.name(a)
    tail = f" (opening {opening_m:g} m, {what} is {c.speak(width)} across)"
    return c.verdict(
        "fit",
        margin,
        f"the gripper can grasp {what}, with {{m}} to spare{tail}",
        f"the gripper cannot grasp {what}: {{m}} are missing{tail}",
        f"{what} {sides(margin)} for the gripper{tail}",
        (a,),
    )


def around(c: Context) -> Finding:
    """Is there a stated room around A, or how much is there?"""
    wanted_m = c.length_m()
    a = c.find(c.said("a"))
    others = [i for i in c.find_all("all objects", least=1) if i != a]
    if not others:
        raise StoppedError(Status.NOT_FOUND, f"there is nothing beside {c.name(a)}", (a,))
    gaps = [c.measure("surface_distance", a, i) for i in others]
    nearest = others[int(np.argmin([g.value for g in gaps]))]
    room = propagate(lambda v: float(v.min()), gaps, object_ids=(a, nearest))
    what = c.name(a)
    if wanted_m is None:
        text = f"There are {c.margin(room)} of room around {what}; {c.name(nearest)} is nearest."
        return Finding(Decision.ANSWERED, text, "clearance", room, (a, nearest), room.value)
    margin = propagate(lambda v: float(v.min() - wanted_m), gaps, object_ids=(a, nearest))
    tail = f" ({c.name(nearest)} is nearest, {c.margin(room)} away)"
    return c.verdict(
        "clearance",
        margin,
        f"there are {wanted_m:g} m of room around {what}, and {{m}} more{tail}",
        f"there are not {wanted_m:g} m of room around {what}: {{m}} are missing{tail}",
        f"the room around {what} "
        f"{sides(margin, 'is enough by', 'is short by')} of {wanted_m:g} m{tail}",
        (a, nearest),
    )


def passing(c: Context) -> Finding:
    """Can the robot (of a stated width) pass between A and B?"""
    length_m = c.length_m()
    if length_m is None:
        raise StoppedError(
            Status.UNSUPPORTED,
            "say how wide it is, e.g. 'can a 50 cm wide robot pass between ...'",
        )
    b, d = c.find(c.said("b")), c.find(c.said("c"))
    _different(c, b, d)
    gap = c.measure("surface_distance", b, d)
    margin = propagate(lambda v: float(v[0] - length_m), [gap])
    place = f"between {c.name(b)} and {c.name(d)}"
    tail = f" (gap {c.speak(gap)}, needs {length_m:g} m)"
    return c.verdict(
        "clearance",
        margin,
        f"it can pass {place}, with {{m}} to spare{tail}",
        f"it cannot pass {place}: {{m}} are missing{tail}",
        f"passing {place} {sides(margin, 'has', 'lacks')}{tail}",
        (b, d),
    )


def _different(c: Context, *ids: str) -> None:
    named = [i for i in ids if i]
    if len(set(named)) != len(named):
        raise StoppedError(Status.NOT_FOUND, f"two names mean the same thing: {c.names(named)}")


def _without_mark(words: str, length_m: float) -> str:
    rest = re.sub(r"#\d+", "", words)
    rest = re.sub(r"\b(?:wide|broad|long|across|of|in diameter|diameter)\b", "", rest)
    rest = " ".join(re.sub(r"^\s*(?:a|an|the)\b", "", rest).split())
    return f"a {length_m:g} m {rest or 'thing'}"
