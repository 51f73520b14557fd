"""Small things of kitchens and tables: vessels, packages, food; several families each.

Origin in the middle of the bottom, z up. Families tagged ``test`` are built in ways that no
``train`` family of the label is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Parts, box, cone, cylinder, sphere
from deepsight_ros.synthesis.world_fittings import ring, trough
from deepsight_ros.synthesis.world_models import variants

Rng = np.random.Generator
Make = Callable[[Rng], Parts]
Range = tuple[float, float]


def _handle(d: float, z: float, style: str) -> Parts:
    """At +x of a vessel of diameter d and height z."""
    if style == "none":
        return ()
    if style == "slab":
        return (box(0.032, 0.012, z * 0.55, (d / 2 + 0.014, 0, z * 0.2)),)
    reach = 0.04 if style == "square" else 0.03
    low, high = z * 0.2, z * 0.75
    return (
        box(reach, 0.014, 0.012, (d / 2 + reach / 2 - 0.003, 0, low)),
        box(reach, 0.014, 0.012, (d / 2 + reach / 2 - 0.003, 0, high)),
        box(0.012, 0.014, high - low + 0.012, (d / 2 + reach - 0.008, 0, low)),
    )


def _vessel(d: Range, z: Range, style: str, handle: str = "none") -> Make:
    """style: full, hollow, square, tapered (stacked rings growing upwards) or waisted."""

    def make(rng: Rng) -> Parts:
        a, b = rng.uniform(*d), rng.uniform(*z)
        grip = _handle(a * (0.96 if style == "tapered" else 1.0), b, handle)
        if style == "full":
            return (cylinder(a, b), *grip)
        if style == "square":
            return (box(a * 0.9, a * 0.9, b), *_handle(a * 0.9, b, handle))
        if style == "hollow":
            wall = 0.006
            return (*ring(a, b - wall, wall, wall), cylinder(a * 0.98, wall), *grip)
        steps = (0.72, 0.84, 0.96) if style == "tapered" else (1.0, 0.78, 0.9)
        rings = tuple(cylinder(a * s, b / 3, (0, 0, i * b / 3)) for i, s in enumerate(steps))
        return (*rings, *grip)

    return make


def _bottle(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, body = rng.uniform(0.055, 0.09), rng.uniform(0.1, 0.2)
        neck = d * rng.uniform(0.3, 0.45)
        if style == "shoulder":
            slope = d * rng.uniform(0.5, 0.9)
            return (
                cylinder(d, body),
                cone(d, slope, (0, 0, body)),
                cylinder(neck, slope + 0.03, (0, 0, body), 0.8),
            )
        if style == "stepped":
            return (
                cylinder(d, body),
                cylinder(d * 0.7, 0.03, (0, 0, body)),
                cylinder(neck, 0.07, (0, 0, body + 0.03), 0.8),
            )
        if style == "square":
            return (
                box(d * 1.1, d * 0.75, body),
                cylinder(neck, 0.05, (0, 0, body), 0.7),
            )
        if style == "ball":
            return (
                cylinder(d, body * 0.7),
                sphere(d, (0, 0, body * 0.7 - d / 2)),
                cylinder(neck, 0.07, (0, 0, body * 0.7 + d * 0.4), 0.8),
            )
        return (  # pump
            cylinder(d, body * 0.8),
            cylinder(0.014, 0.06, (0, 0, body * 0.8), 0.7),
            box(0.055, 0.016, 0.014, (-0.016, 0, body * 0.8 + 0.06), 0.0, 0.7),
        )

    return make


def _bowl(style: str, d: Range = (0.12, 0.2), z: Range = (0.045, 0.08)) -> Make:
    def make(rng: Rng) -> Parts:
        a, b = rng.uniform(*d), rng.uniform(*z)
        if style == "hollow":
            return (cylinder(a * 0.96, 0.008), *ring(a, b - 0.008, 0.008, 0.008))
        if style == "square":
            return trough(a * 0.9, a * 0.9, b, 0.01)
        if style == "foot":
            foot = cylinder(a * 0.5, b * 0.3)
            return (
                foot,
                cylinder(a * 0.95, 0.01, (0, 0, b * 0.3)),
                *ring(a, b * 0.65, 0.01, b * 0.32),
            )
        return (
            cylinder(a * 0.62, b * 0.4),
            cylinder(a * 0.86, b * 0.35, (0, 0, b * 0.3)),
            cylinder(a, b * 0.4, (0, 0, b * 0.6)),
        )

    return make


def _plate(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d = rng.uniform(0.17, 0.28)
        if style == "round":
            return cylinder(d * 0.6, 0.012), cylinder(d, 0.010, (0, 0, 0.010))
        if style == "rim":
            return (cylinder(d * 0.98, 0.008), *ring(d, 0.014, 0.012, 0.008))
        return box(d * 0.6, d * 0.6, 0.012), box(d * 0.9, d * 0.9, 0.010, (0, 0, 0.010))

    return make


def _pan(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.18, 0.28), rng.uniform(0.04, 0.06)
        grip = rng.uniform(0.15, 0.2)
        body = (cylinder(d * 0.98, 0.008), *ring(d, z, 0.008, 0.008, 10))
        if style == "square":
            body = trough(d, d, z, 0.01)
        if style == "lid":
            body = (cylinder(d, z), cylinder(0.04, 0.03, (0, 0, z), 0.5))
        return (*body, box(grip, 0.026, 0.018, (d / 2 + grip / 2 - 0.004, 0, z * 0.6), 0.0, 0.6))

    return make


def _pot(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.17, 0.26), rng.uniform(0.11, 0.19)
        ears = tuple(
            box(0.035, 0.07, 0.015, (0, 0, 0), 0.0, 0.6)
            if k == 0
            else box(0.035, 0.07, 0.015, (k * (d / 2 + 0.014), 0, z * 0.8), 0.0, 0.6)
            for k in (-1, 1)
        )
        if style == "open":
            return (cylinder(d * 0.98, 0.01), *ring(d, z, 0.01, 0.01, 10), *ears)
        if style == "tall":
            return (cylinder(d * 0.8, z * 1.3), cylinder(d * 0.84, 0.02, (0, 0, z * 1.3), 0.8))
        lid = cylinder(d * 1.02, 0.015, (0, 0, z), 0.9), sphere(0.035, (0, 0, z + 0.01), 0.5)
        return (cylinder(d, z), *ears, *lid)

    return make


def _kettle(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.14, 0.18), rng.uniform(0.16, 0.22)
        spout = box(0.06, 0.03, 0.03, (-d / 2 - 0.015, 0, z * 0.7))
        if style == "round":
            knob = cylinder(0.03, 0.03, (0, 0, d - 0.01), 0.6)
            arch = (
                box(0.012, 0.015, 0.1, (0.06, 0, d * 0.8), 0.0, 0.6),
                box(0.012, 0.015, 0.1, (-0.06, 0, d * 0.8), 0.0, 0.6),
                box(0.132, 0.015, 0.012, (0, 0, d * 0.8 + 0.1), 0.0, 0.6),
            )
            return (sphere(d), knob, *arch)
        if style == "cone":
            return (
                cone(d, z * 1.4),
                cylinder(0.03, 0.03, (0, 0, z * 1.2), 0.6),
                *_handle(d * 0.7, z, "loop"),
            )
        return (
            cylinder(d, z),
            cylinder(d * 0.7, 0.02, (0, 0, z), 0.8),
            spout,
            *_handle(d, z, "square"),
        )

    return make


def _package(x: Range, y: Range, z: Range, style: str = "plain") -> Make:
    def make(rng: Rng) -> Parts:
        a, b, c = rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)
        if style == "gable":
            return box(a, b, c), box(a, b * 0.35, 0.03, (0, 0, c), 0.0, 0.9)
        if style == "cap":
            return box(a, b, c), cylinder(min(a, b) * 0.4, 0.016, (a * 0.12, 0, c), 0.7)
        if style == "lid":
            return box(a, b, c), box(a + 0.01, b + 0.01, c * 0.25, (0, 0, c * 0.78), 0.0, 0.85)
        if style == "bag":
            return box(a, b, c * 0.75), box(a * 0.25, b, c * 0.25, (0, 0, c * 0.75), 0.0, 0.95)
        return (box(a, b, c),)

    return make


def _fruit(d: Range, stalk: bool, squash: bool) -> Make:
    def make(rng: Rng) -> Parts:
        a = rng.uniform(*d)
        if squash:
            return (
                sphere(a),
                sphere(a * 0.72, (0, 0, a * 0.6)),
                cylinder(0.006, 0.02, (0, 0, a * 1.3), 0.4),
            )
        return (
            (sphere(a), cylinder(0.007, 0.02, (0, 0, a - 0.006), 0.4)) if stalk else (sphere(a),)
        )

    return make


def _banana(bunch: bool) -> Make:
    def make(rng: Rng) -> Parts:
        d, a, bend = rng.uniform(0.03, 0.038), rng.uniform(0.055, 0.075), rng.uniform(0.35, 0.55)
        tip, side = (a / 2 + a / 2 * np.cos(bend)) * 0.95, a / 2 * np.sin(bend) * 0.95
        out: list = []
        for k in range(3 if bunch else 1):
            y = k * d * 1.02
            out += [
                box(a, d, d, (0, y, 0)),
                box(a, d * 0.9, d * 0.9, (tip, side + y, 0), bend),
                box(a, d * 0.9, d * 0.9, (-tip, side + y, 0), -bend),
            ]
        return tuple(out)

    return make


def _board(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.2, 0.28), rng.uniform(0.28, 0.4), rng.uniform(0.014, 0.025)
        if style == "plain":
            return (box(x, y, z),)
        if style == "round":
            return (cylinder(x, z), box(0.1, 0.05, z, (x / 2 + 0.04, 0, 0)))
        return (box(x, y, z), box(0.05, 0.1, z, (0, y / 2 + 0.05, 0)))

    return make


def _knife_block(wide: bool) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.09, 0.13), rng.uniform(0.1, 0.14), rng.uniform(0.16, 0.22)
        n = 5 if wide else 3
        y *= 1.4 if wide else 1.0
        knives = tuple(
            box(0.022, 0.012, rng.uniform(0.06, 0.1), (0, (k - (n - 1) / 2) * y / n, z), 0.0, 0.4)
            for k in range(n)
        )
        return (box(x, y, z), *knives)

    return make


def _appliance(x: Range, y: Range, z: Range, style: str) -> Make:
    """toaster, microwave or coffee maker by style."""

    def make(rng: Rng) -> Parts:
        a, b, c = rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)
        if style == "slots":
            slots = tuple(
                box(a * 0.2, b * 0.75, 0.01, (j * a * 0.2, 0, c), 0, 0.3) for j in (-1, 1)
            )
            return (
                box(a, b, c),
                *slots,
                box(0.03, 0.03, 0.02, (0, b / 2 + 0.015, c * 0.6), 0, 0.4),
            )
        if style == "long":
            return (box(a * 0.7, b * 1.4, c), box(a * 0.15, b * 1.1, 0.01, (0, 0, c), 0.0, 0.3))
        if style == "door":
            return (
                box(a, b, c),
                box(0.012, b * 0.68, c * 0.86, (-a / 2 - 0.006, b * 0.14, c * 0.07), 0.0, 0.4),
                box(0.03, 0.015, c * 0.7, (-a / 2 - 0.02, -b * 0.22, c * 0.15), 0.0, 0.7),
            )
        if style == "feet":
            feet = tuple(
                box(0.03, 0.03, 0.02, (i * a * 0.4, j * b * 0.4, 0), 0.0, 0.3)
                for i in (-1, 1)
                for j in (-1, 1)
            )
            panel = box(0.012, b * 0.9, c * 0.6, (-a / 2 - 0.006, 0, 0.02 + c * 0.1), 0.0, 0.5)
            return (box(a, b, c, (0, 0, 0.02)), *feet, panel)
        tower = box(a * 0.4, b, c, (a * 0.3, 0, 0), 0.0, 0.9)
        head = box(a * 0.6, b, c * 0.3, (-a * 0.2, 0, c * 0.7))
        plate = box(a * 0.6, b, 0.03, (-a * 0.2, 0, 0), 0.0, 0.7)
        if style == "tower":
            return (tower, head, plate)
        return (tower, head, plate, cylinder(a * 0.4, c * 0.45, (-a * 0.2, 0, 0.03), 0.5))

    return make


def _basket(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.2, 0.32), rng.uniform(0.18, 0.28), rng.uniform(0.07, 0.16)
        if style == "round":
            return (cylinder(x * 0.97, 0.01), *ring(x, z, 0.012, 0.01, 10))
        if style == "handle":
            arch = (
                box(0.015, 0.02, 0.14, (x / 2 - 0.008, 0, z), 0.0, 0.8),
                box(0.015, 0.02, 0.14, (-x / 2 + 0.008, 0, z), 0.0, 0.8),
                box(x, 0.02, 0.015, (0, 0, z + 0.14), 0.0, 0.8),
            )
            return (*trough(x, y, z, 0.01), *arch)
        return trough(x, y, z, 0.01)

    return make


_MUG = (0.07, 0.095), (0.08, 0.12)
_CUP = (0.06, 0.09), (0.08, 0.13)
_JAR = (0.06, 0.1), (0.07, 0.13)
_SMALL = {"rests_on": "table", "stackable": True}


def _capped(make: Make, wide: bool) -> Make:
    def capped(rng: Rng) -> Parts:
        parts = make(rng)
        d, z = parts[0].size_m[0], parts[0].size_m[2]
        return (*parts, cylinder(d * (1.03 if wide else 0.85), 0.02, (0, 0, z), 0.6))

    return capped


TABLEWARE: tuple[Family, ...] = (
    *variants(
        "mug",
        train={
            "slab": _vessel(*_MUG, "full", "slab"),
            "loop": _vessel(*_MUG, "full", "loop"),
            "hollow": _vessel(*_MUG, "hollow", "slab"),
        },
        test={
            "square_handle": _vessel(*_MUG, "hollow", "square"),
            "tapered": _vessel(*_MUG, "tapered", "loop"),
        },
        **_SMALL,
    ),
    *variants(
        "cup",
        train={"full": _vessel(*_CUP, "full"), "hollow": _vessel(*_CUP, "hollow")},
        test={"tapered": _vessel(*_CUP, "tapered"), "waisted": _vessel(*_CUP, "waisted")},
        **_SMALL,
    ),
    *variants(
        "can",
        train={
            "tall": _vessel((0.055, 0.075), (0.09, 0.15), "full"),
            "wide": _vessel((0.07, 0.1), (0.06, 0.11), "full"),
        },
        test={
            "flat": _vessel((0.08, 0.11), (0.03, 0.05), "full"),
            "rimmed": _capped(_vessel((0.055, 0.08), (0.09, 0.14), "full"), True),
        },
        **_SMALL,
    ),
    *variants(
        "bottle",
        train={"shoulder": _bottle("shoulder"), "stepped": _bottle("stepped")},
        test={"square": _bottle("square"), "ball": _bottle("ball")},
        rests_on="table",
    ),
    *variants(
        "bowl",
        train={"stepped": _bowl("stepped"), "hollow": _bowl("hollow")},
        test={"square": _bowl("square"), "foot": _bowl("foot")},
        **_SMALL,
    ),
    *variants(
        "plate",
        train={"round": _plate("round"), "rim": _plate("rim")},
        test={"square": _plate("square")},
        **_SMALL,
    ),
    *variants(
        "jar",
        train={
            "narrow": _capped(_vessel(*_JAR, "full"), False),
            "wide": _capped(_vessel(*_JAR, "full"), True),
        },
        test={"square": _capped(_vessel(*_JAR, "square"), False)},
        **_SMALL,
    ),
    *variants(
        "pot",
        train={"lid": _pot("lid"), "open": _pot("open")},
        test={"tall": _pot("tall")},
        rests_on="table",
    ),
    *variants(
        "pan",
        train={"round": _pan("round"), "lid": _pan("lid")},
        test={"square": _pan("square")},
        colours=("black", "grey", "red"),
        rests_on="table",
    ),
    *variants(
        "kettle",
        train={"round": _kettle("round"), "tall": _kettle("tall")},
        test={"cone": _kettle("cone")},
        rests_on="table",
    ),
    *variants(
        "pitcher",
        train={
            "loop": _vessel((0.1, 0.14), (0.17, 0.24), "full", "loop"),
            "hollow": _vessel((0.1, 0.14), (0.17, 0.24), "hollow", "square"),
        },
        test={"waisted": _vessel((0.11, 0.15), (0.18, 0.25), "waisted", "loop")},
        rests_on="table",
    ),
    *variants(
        "cracker box",
        train={
            "plain": _package((0.05, 0.08), (0.13, 0.19), (0.17, 0.26)),
            "slim": _package((0.035, 0.05), (0.14, 0.2), (0.2, 0.3)),
        },
        test={"lid": _package((0.06, 0.09), (0.14, 0.19), (0.17, 0.24), "lid")},
        **_SMALL,
    ),
    *variants(
        "carton",
        train={
            "gable": _package((0.065, 0.09), (0.065, 0.09), (0.13, 0.22), "gable"),
            "plain": _package((0.05, 0.07), (0.08, 0.1), (0.15, 0.22)),
        },
        test={"cap": _package((0.06, 0.08), (0.08, 0.1), (0.16, 0.24), "cap")},
        rests_on="table",
    ),
    *variants(
        "bag",
        train={"small": _package((0.06, 0.1), (0.1, 0.16), (0.12, 0.2), "bag")},
        test={"wide": _package((0.09, 0.12), (0.18, 0.26), (0.16, 0.3), "bag")},
        rests_on="table",
    ),
    *variants(
        "apple",
        train={"stalk": _fruit((0.065, 0.09), True, False)},
        test={"pear": _fruit((0.065, 0.08), True, True)},
        colours=("red", "green", "yellow"),
        rests_on="table",
    ),
    *variants(
        "orange",
        train={"plain": _fruit((0.06, 0.09), False, False)},
        test={"large": _fruit((0.095, 0.13), True, False)},
        colours=("orange", "yellow"),
        rests_on="table",
    ),
    *variants(
        "banana",
        train={"one": _banana(False)},
        test={"bunch": _banana(True)},
        colours=("yellow",),
        rests_on="table",
    ),
    *variants(
        "cutting board",
        train={"plain": _board("plain"), "grip": _board("grip")},
        test={"round": _board("round")},
        colours=("brown", "white", "green"),
        **_SMALL,
    ),
    *variants(
        "knife block",
        train={"three": _knife_block(False)},
        test={"five": _knife_block(True)},
        colours=("brown", "black"),
        rests_on="table",
    ),
    *variants(
        "toaster",
        train={"slots": _appliance((0.17, 0.22), (0.26, 0.32), (0.17, 0.22), "slots")},
        test={"long": _appliance((0.17, 0.22), (0.26, 0.32), (0.17, 0.22), "long")},
        colours=("grey", "black", "red", "white"),
        rests_on="table",
    ),
    *variants(
        "microwave",
        train={"door": _appliance((0.33, 0.4), (0.45, 0.52), (0.26, 0.31), "door")},
        test={"feet": _appliance((0.33, 0.4), (0.44, 0.5), (0.25, 0.3), "feet")},
        colours=("white", "black", "grey"),
        rests_on="table",
    ),
    *variants(
        "coffee maker",
        train={"jug": _appliance((0.2, 0.26), (0.16, 0.22), (0.28, 0.36), "jug")},
        test={"tower": _appliance((0.24, 0.34), (0.14, 0.2), (0.26, 0.34), "tower")},
        colours=("black", "grey", "red"),
        rests_on="table",
    ),
    *variants(
        "basket",
        train={"plain": _basket("plain"), "round": _basket("round")},
        test={"handle": _basket("handle")},
        colours=("brown", "white", "yellow"),
        rests_on="table",
    ),
)
"""What kitchens and tables are full of."""
