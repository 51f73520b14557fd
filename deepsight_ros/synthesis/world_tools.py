"""Tools and other small things of workshops; several families each.

Origin in the middle of the bottom, z up. Families tagged ``test`` are built in ways that no
``train`` family of the label is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Parts, box, cone, cylinder
from deepsight_ros.synthesis.world_fittings import ring, trough
from deepsight_ros.synthesis.world_models import variants

Rng = np.random.Generator
Make = Callable[[Rng], Parts]
Range = tuple[float, float]


def roll(style: str, d: Range, z: Range) -> Make:
    """Round things wound up: plain, stacked, ring or on a stand."""

    def make(rng: Rng) -> Parts:
        a, b = rng.uniform(*d), rng.uniform(*z)
        if style == "stack":
            return tuple(
                cylinder(a * (1 - 0.03 * k), b, (0, 0, k * b), 1 - 0.08 * k) for k in range(2)
            )
        if style == "ring":
            return ring(a, b, a * 0.22, 0.0, 10)
        if style == "stand":
            return (
                cylinder(a * 1.2, 0.02, (0, 0, 0), 0.6),
                cylinder(a, b, (0, 0, 0.02)),
                cylinder(0.02, b + 0.06, (0, 0, 0), 0.6),
            )
        return (cylinder(a, b),)

    return make


def _hammer(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        a, d = rng.uniform(0.22, 0.32), rng.uniform(0.024, 0.034)
        head = rng.uniform(0.09, 0.13)
        shaft = box(a, d, d, (0, 0, 0.004))
        if style == "mallet":
            return shaft, box(0.06, head, 0.06, (a / 2 + 0.03, 0, 0), 0.0, 0.5)
        if style == "axe":
            return (
                shaft,
                box(0.09, 0.02, d, (a / 2 - 0.03, head / 2, 0.004), 0.4, 0.5),
                box(0.04, 0.05, d + 0.008, (a / 2 - 0.02, 0, 0), 0.0, 0.5),
            )
        return shaft, box(0.028, head, 0.03, (a / 2, 0, 0), 0.0, 0.5)

    return make


def _screwdriver(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        grip, shaft = rng.uniform(0.09, 0.12), rng.uniform(0.08, 0.15)
        d = rng.uniform(0.026, 0.034)
        bar = box(shaft, 0.012, 0.012, (grip / 2, 0, d / 2 - 0.006), 0.0, 0.5)
        if style == "t":
            return box(0.028, grip, d, (-shaft / 2, 0, 0)), bar
        if style == "bulb":
            return (
                box(grip * 0.7, d, d, (-shaft / 2, 0, 0)),
                box(0.03, d * 1.3, d * 1.2, (-shaft / 2 - grip * 0.4, 0, 0)),
                bar,
            )
        return box(grip, d, d, (-shaft / 2, 0, 0)), bar

    return make


def _wrench(ring_end: bool) -> Make:
    def make(rng: Rng) -> Parts:
        a, d = rng.uniform(0.16, 0.26), rng.uniform(0.02, 0.028)
        head = d * 1.8
        jaws = (
            box(head * 0.5, head, 0.012, (a / 2 + head * 0.2, 0, 0), 0.0, 0.9),
            box(head * 0.7, head * 0.28, 0.012, (a / 2 + head * 0.75, head * 0.36, 0), 0.0, 0.9),
            box(head * 0.7, head * 0.28, 0.012, (a / 2 + head * 0.75, -head * 0.36, 0), 0.0, 0.9),
        )
        end = (cylinder(head, 0.012, (-a / 2, 0, 0), 0.9),) if ring_end else ()
        return (box(a, d, 0.012), *jaws, *end)

    return make


def _drill(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        a, z = rng.uniform(0.16, 0.2), rng.uniform(0.14, 0.18)
        foot = box(0.11, 0.07, 0.05, (0.03, 0, 0), 0.0, 0.6)
        grip = box(0.045, 0.04, z, (0.04, 0, 0.04), 0.0, 0.9)
        body = box(a, 0.06, 0.065, (0, 0, z + 0.02))
        bit = box(0.09, 0.02, 0.02, (-a / 2 - 0.045, 0, z + 0.045), 0.0, 0.5)
        if style == "second":
            return (
                foot,
                grip,
                body,
                bit,
                box(0.03, 0.03, 0.12, (-a / 2 + 0.02, 0, z - 0.1), 0.0, 0.5),
            )
        return foot, grip, body, bit

    return make


def _toolbox(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.18, 0.25), rng.uniform(0.36, 0.52), rng.uniform(0.16, 0.22)
        handle = (
            box(0.025, 0.025, 0.06, (0, y * 0.18, z), 0.0, 0.5),
            box(0.025, 0.025, 0.06, (0, -y * 0.18, z), 0.0, 0.5),
            box(0.025, y * 0.36 + 0.025, 0.025, (0, 0, z + 0.06), 0.0, 0.5),
        )
        if style == "open":
            ends = tuple(
                box(x * 0.4, 0.02, z * 0.8, (0, j * (y / 2 - 0.01), z), 0.0, 0.8) for j in (-1, 1)
            )
            return (
                *trough(x, y, z, 0.018),
                *ends,
                box(0.03, y - 0.04, 0.03, (0, 0, z * 1.7), 0.0, 0.6),
            )
        if style == "lid":
            return (
                box(x, y, z * 0.7),
                box(x + 0.01, y + 0.01, z * 0.3, (0, 0, z * 0.7), 0.0, 0.7),
                *handle,
            )
        return (box(x, y, z), *handle)

    return make


def _clamp(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.1, 0.18), rng.uniform(0.022, 0.034), rng.uniform(0.025, 0.04)
        arm = rng.uniform(0.05, 0.09)
        jaw = (
            box(0.03, arm, z, (x / 2 - 0.015, arm / 2, 0)),
            box(0.03, arm, z, (-x / 2 + 0.015, arm / 2, 0)),
        )
        if style == "screw":
            return (
                box(x, y, z),
                *jaw,
                box(0.12, 0.014, 0.014, (x / 2 + 0.05, arm * 0.85, z / 2 - 0.007), 0.0, 0.5),
            )
        return (box(x, y, z), *jaw)

    return make


def _paint_can(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.13, 0.2), rng.uniform(0.14, 0.22)
        if style == "bucket":
            return (*ring(d * 1.2, z, 0.01, 0.0, 10), cylinder(d * 1.15, 0.01))
        return cylinder(d, z), cylinder(d * 1.03, 0.012, (0, 0, z), 0.7)

    return make


def _traffic_cone(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.12, 0.26), rng.uniform(0.15, 0.45)
        foot = cylinder(d, 0.015) if style == "round" else box(d, d, 0.015)
        return foot, cone(d * 0.8, z, (0, 0, 0.015))

    return make


_ONLY = {"rests_on": "table"}
_SMALL = {"rests_on": "table", "stackable": True}

TOOLS: tuple[Family, ...] = (
    *variants(
        "hammer",
        train={"claw": _hammer("claw"), "mallet": _hammer("mallet")},
        test={"axe": _hammer("axe")},
        **_ONLY,
    ),
    *variants(
        "screwdriver",
        train={"plain": _screwdriver("plain"), "bulb": _screwdriver("bulb")},
        test={"t": _screwdriver("t")},
        **_ONLY,
    ),
    *variants(
        "wrench",
        train={"open": _wrench(False)},
        test={"ring": _wrench(True)},
        colours=("grey", "black"),
        **_ONLY,
    ),
    *variants(
        "drill", train={"plain": _drill("plain")}, test={"second": _drill("second")}, **_ONLY
    ),
    *variants(
        "tool box",
        train={"plain": _toolbox("plain"), "lid": _toolbox("lid")},
        test={"open": _toolbox("open")},
        colours=("red", "blue", "black", "grey"),
        **_ONLY,
    ),
    *variants("clamp", train={"plain": _clamp("plain")}, test={"screw": _clamp("screw")}, **_ONLY),
    *variants(
        "tape",
        train={"ring": roll("ring", (0.08, 0.13), (0.025, 0.055))},
        test={"full": roll("plain", (0.08, 0.13), (0.025, 0.055))},
        **_SMALL,
    ),
    *variants(
        "paint can",
        train={"lid": _paint_can("lid")},
        test={"bucket": _paint_can("bucket")},
        **_ONLY,
    ),
    *variants(
        "cone",
        train={"square": _traffic_cone("square")},
        test={"round": _traffic_cone("round")},
        colours=("orange", "red"),
        **_ONLY,
    ),
)
"""What workshops are full of."""
