"""Furniture for furnished rooms: tables, seats, beds and storage, several families each.

Backs are at +x, fronts look to -x, y is the width; the origin is in the middle of the bottom.
Families tagged ``test`` are built in ways that no ``train`` family of the label is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Part, Parts, box, cone, cylinder, sphere
from deepsight_ros.synthesis.world_bases import (
    drawers,
    legs,
    low_shelf,
    panels,
    pedestal,
    round_legs,
    sled,
    solid,
    trestle,
    two_blocks,
)
from deepsight_ros.synthesis.world_models import variants

Rng = np.random.Generator
Base = Callable[[Rng, float, float, float], Parts]
"""What carries a top of x by y at height z."""


def _topped(
    base: Base,
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    top: tuple[float, float] = (0.025, 0.05),
    extra: Callable[[Rng, float, float, float], Parts] | None = None,
) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        a, b, c, t = rng.uniform(*x), rng.uniform(*y), rng.uniform(*z), rng.uniform(*top)
        more = extra(rng, a, b, c) if extra else ()
        return (box(a, b, t, (0, 0, c - t)), *base(rng, a, b, c - t), *more)

    return make


def _round_topped(
    base: Base, d: tuple[float, float], z: tuple[float, float], inner: float = 0.7
) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        a, c, t = rng.uniform(*d), rng.uniform(*z), rng.uniform(0.025, 0.045)
        return (cylinder(a, t, (0, 0, c - t)), *base(rng, a * inner, a * inner, c - t))

    return make


def _drum(d: tuple[float, float], z: tuple[float, float]) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        a, c = rng.uniform(*d), rng.uniform(*z)
        return cylinder(a * 0.94, c - 0.03, (0, 0, 0), 0.85), cylinder(a, 0.03, (0, 0, c - 0.03))

    return make


def _pegboard(rng: Rng, x: float, y: float, z: float) -> Parts:
    return (box(0.02, y, rng.uniform(0.5, 0.8), (x / 2 - 0.01, 0, z), 0.0, 0.95),)


def _desk_return(rng: Rng) -> Parts:
    """An L: a second top along the left side."""
    x, y, z = rng.uniform(0.6, 0.7), rng.uniform(1.2, 1.5), rng.uniform(0.71, 0.76)
    arm = rng.uniform(0.5, 0.7)
    at = -x / 2 - arm / 2, y / 2 - 0.25
    return (
        box(x, y, 0.03, (0, 0, z - 0.03)),
        box(arm, 0.5, 0.03, (*at, z - 0.03)),
        *panels(rng, x, y, z - 0.03),
        box(0.03, 0.46, z - 0.03, (at[0] - arm / 2 + 0.02, at[1], 0), 0.0, 0.85),
    )


def _chair_on(base: Base, back: str, arms: bool = False) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        d, w = rng.uniform(0.4, 0.48), rng.uniform(0.4, 0.48)
        seat, top = rng.uniform(0.43, 0.48), rng.uniform(0.8, 1.0)
        t = 0.03 + 0.03 * rng.random()
        out = [box(d, w, t, (0, 0, seat - t)), *base(rng, d, w, seat - t)]
        edge = d / 2 - 0.02
        if back == "slab":
            out.append(box(0.035, w, top - seat, (edge, 0, seat)))
        elif back == "rail":
            out += [box(0.03, 0.03, top - seat, (edge, j * (w / 2 - 0.02), seat)) for j in (-1, 1)]
            out.append(box(0.03, w, (top - seat) * 0.4, (edge, 0, top - (top - seat) * 0.45)))
        else:  # slats
            out += [
                box(0.025, 0.04, top - seat - 0.05, (edge, j * w * 0.2, seat))
                for j in (-2, -1, 0, 1, 2)
            ]
            out.append(box(0.03, w, 0.05, (edge, 0, top - 0.05)))
        if arms:
            for j in (-1, 1):
                y = j * (w / 2 + 0.02)
                out.append(box(d * 0.8, 0.04, 0.03, (0, y, seat + 0.19)))
                out.append(box(0.04, 0.04, 0.25, (-d * 0.3, y, seat - 0.06)))
        return tuple(out)

    return make


def _star(rng: Rng, x: float, y: float, z: float) -> Parts:
    d = rng.uniform(0.52, 0.62)
    arms = tuple(box(d, 0.05, 0.035, (0, 0, 0.045), k * np.pi / 5 * 2, 0.5) for k in range(3))
    wheels = tuple(
        sphere(0.05, (np.cos(a) * d * 0.47, np.sin(a) * d * 0.47, 0), 0.4)
        for a in np.arange(5) * 2 * np.pi / 5
    )
    return (*arms, *wheels, cylinder(0.055, z - 0.06, (0, 0, 0.06), 0.5))


def _office_chair(arms: bool, headrest: bool) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        d, w, seat = rng.uniform(0.45, 0.5), rng.uniform(0.45, 0.52), rng.uniform(0.44, 0.52)
        back = rng.uniform(0.4, 0.55)
        out = [
            box(d, w, 0.08, (0, 0, seat - 0.08)),
            box(0.06, w * 0.92, back, (d / 2, 0, seat + 0.08)),
            box(0.04, 0.08, 0.2, (d / 2 + 0.01, 0, seat - 0.1), 0.0, 0.5),
            *_star(rng, d, w, seat - 0.08),
        ]
        if arms:
            for j in (-1, 1):
                out.append(box(d * 0.55, 0.06, 0.03, (0, j * (w / 2 + 0.03), seat + 0.2)))
                out.append(box(0.05, 0.03, 0.25, (0, j * (w / 2 + 0.03), seat - 0.05), 0.0, 0.5))
        if headrest:
            out.append(box(0.05, 0.26, 0.14, (d / 2, 0, seat + back + 0.12)))
            out.append(box(0.03, 0.06, 0.05, (d / 2, 0, seat + back + 0.07), 0.0, 0.5))
        return tuple(out)

    return make


def _sofa(arms: str, feet: bool, cushions: int, width: tuple[float, float]) -> Callable:
    def make(rng: Rng) -> Parts:
        x, y, seat = rng.uniform(0.78, 0.98), rng.uniform(*width), rng.uniform(0.38, 0.46)
        back, low = rng.uniform(0.72, 0.92), 0.12 if feet else 0.0
        inner = y - (0.36 if arms == "box" else 0.0)
        out = [
            box(x, y, seat - 0.12 - low, (0, 0, low), 0.0, 0.95),
            box(0.2, y, back - low, (x / 2 - 0.1, 0, low)),
        ]
        if arms == "box":
            high = rng.uniform(0.55, 0.66) - low
            out += [box(x, 0.18, high, (0, j * (y / 2 - 0.09), low)) for j in (-1, 1)]
        if feet:
            out += [
                box(0.05, 0.05, low, (i * x * 0.44, j * y * 0.46, 0), 0.0, 0.5)
                for i in (-1, 1)
                for j in (-1, 1)
            ]
        w = inner / cushions
        out += [
            box(
                x - 0.2,
                w - 0.015,
                0.12,
                (-0.1, (k - (cushions - 1) / 2) * w, seat - 0.12),
                0,
                1.05,
            )
            for k in range(cushions)
        ]
        if arms == "corner":
            out.append(box(0.75, 0.8, seat, (-x / 2 - 0.375, y / 2 - 0.4, 0)))
        return tuple(out)

    return make


def _tub_chair(rng: Rng) -> Parts:
    """A round seat with five upright panels around its back."""
    d, seat = rng.uniform(0.68, 0.8), rng.uniform(0.38, 0.44)
    high, r = rng.uniform(0.26, 0.34), d / 2 - 0.05
    turns = np.linspace(-1.7, 1.7, 6)
    wall = tuple(
        box(0.1, 2 * r * np.sin(0.37), high, (r * np.cos(a), r * np.sin(a), seat), float(a))
        for a in turns
    )
    return (cylinder(d, seat, (0, 0, 0), 0.95), *wall)


def _bed(head: float, foot: float, feet: bool) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        x, y = (
            rng.uniform(1.9, 2.1),
            float(rng.choice([0.95, 1.45, 1.65])) * rng.uniform(0.95, 1.08),
        )
        z, low = rng.uniform(0.42, 0.56), 0.15 if feet else 0.0
        out = [
            box(x, y, z - 0.2 - low, (0, 0, low), 0.0, 0.7),
            box(x * 0.98, y * 0.97, 0.2, (0, 0, z - 0.2), 0.0, 1.1),
        ]
        if feet:
            out += [
                box(0.08, 0.08, low, (i * x * 0.47, j * y * 0.46, 0), 0.0, 0.6)
                for i in (-1, 1)
                for j in (-1, 1)
            ]
        if head:
            out.append(box(0.07, y, head * rng.uniform(0.9, 1.1), (x / 2 + 0.035, 0, 0), 0.0, 0.7))
        if foot:
            out.append(box(0.05, y, foot, (-x / 2 - 0.025, 0, 0), 0.0, 0.7))
        pillows = 1 if y < 1.2 else 2
        for k in range(pillows):
            at = (k - (pillows - 1) / 2) * y / 2
            out.append(box(0.36, min(0.65, y * 0.43), 0.1, (x / 2 - 0.24, at, z), 0.0, 1.2))
        out.append(box(x * 0.6, y * 0.99, 0.04, (-x * 0.19, 0, z), 0.0, 0.9))
        return tuple(out)

    return make


def _bunk_bed(rng: Rng) -> Parts:
    x, y = rng.uniform(1.95, 2.1), rng.uniform(0.9, 1.05)
    decks = tuple(box(x, y, 0.2, (0, 0, z), 0.0, 1.1) for z in (0.3, 1.25))
    posts = tuple(
        box(0.07, 0.07, 1.7, (i * (x / 2 + 0.035), j * (y - 0.07) / 2, 0), 0.0, 0.7)
        for i in (-1, 1)
        for j in (-1, 1)
    )
    rail = box(x, 0.03, 0.14, (0, -y / 2 - 0.015, 1.45), 0.0, 0.7)
    return (*decks, *posts, rail)


def _cupboard(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    style: str,
    rows: int = 1,
    columns: int = 2,
) -> Callable[[Rng], Parts]:
    """A closed body with doors or drawers; style: plain, feet, plinth, crown or stepped."""

    def make(rng: Rng) -> Parts:
        a, b, c = rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)
        low = 0.12 if style == "feet" else 0.06 if style == "plinth" else 0.0
        out = [box(a, b, c - low, (0, 0, low))]
        if style == "feet":
            out += [
                box(0.04, 0.04, low, (i * a * 0.42, j * b * 0.44, 0), 0.0, 0.6)
                for i in (-1, 1)
                for j in (-1, 1)
            ]
        if style == "plinth":
            out.append(box(a * 0.86, b * 0.96, low, (0.02, 0, 0), 0.0, 0.5))
        if style == "crown":
            out.append(box(a + 0.06, b + 0.08, 0.06, (0, 0, c), 0.0, 0.9))
        if style == "stepped":
            out.append(box(a * 0.6, b, c * 0.5, (a * 0.2, 0, c), 0.0, 0.95))
        w, h = b / columns, (c - low) / rows
        for i in range(columns):
            for k in range(rows):
                at = (i + 0.5) * w - b / 2, low + k * h
                out.append(
                    box(
                        0.018,
                        w * 0.94,
                        h * 0.92,
                        (-a / 2 - 0.009, at[0], at[1] + h * 0.04),
                        0,
                        1.06,
                    )
                )
                out.append(
                    box(0.025, 0.1, 0.015, (-a / 2 - 0.03, at[0], at[1] + h * 0.6), 0.0, 0.4)
                )
        return tuple(out)

    return make


def _shelf(
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
    style: str,
    boards: tuple[int, int],
) -> Callable[[Rng], Parts]:
    """Open boards; style: back (sides and a back), posts, tiered (boards grow shorter) or grid."""

    def make(rng: Rng) -> Parts:
        a, b, c = rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)
        n, t = int(rng.integers(*boards)), 0.025
        out: list[Part] = []
        for i in range(n):
            share = 1.0 - (0.12 * i if style == "tiered" else 0.0)
            at = a * (1 - share) / 2
            out.append(box(a * share, b, t, (at, 0, 0.05 + i * (c - t - 0.05) / (n - 1))))
        sides = (-1, 0, 1) if style == "grid" else (-1, 1)
        if style == "posts":
            out += [
                box(0.035, 0.035, c, (i * (a / 2 - 0.018), j * (b / 2 + 0.018), 0), 0.0, 0.8)
                for i in (-1, 1)
                for j in (-1, 1)
            ]
        elif style == "tiered":
            out += [
                box(0.03, 0.03, c, (a / 2 + 0.015, j * b * 0.42, 0), 0.0, 0.8) for j in (-1, 1)
            ]
            low = a * 0.9, 0.03, c * 0.08
            out += [box(*low, (0, j * b * 0.42, 0), 0.0, 0.8) for j in (-1, 1)]
        else:
            out += [box(a, t, c, (0, j * (b - t) / 2, 0), 0.0, 0.9) for j in sides]
            out.append(box(0.012, b, c, (a / 2 + 0.006, 0, 0), 0.0, 0.8))
        return tuple(out)

    return make


def _lamp(shade: str) -> Callable[[Rng], Parts]:
    def make(rng: Rng) -> Parts:
        z, d = rng.uniform(1.2, 1.65), rng.uniform(0.3, 0.45)
        pole = cylinder(0.035, z, (0, 0, 0), 0.6)
        foot = cylinder(rng.uniform(0.24, 0.32), 0.03, (0, 0, 0), 0.6)
        if shade == "cone":
            return foot, pole, cone(d, 0.3, (0, 0, z - 0.08))
        if shade == "drum":
            return foot, pole, cylinder(d, rng.uniform(0.2, 0.3), (0, 0, z - 0.02))
        if shade == "globe":
            return foot, pole, sphere(d * 0.8, (0, 0, z - 0.02))
        reach = rng.uniform(0.4, 0.6)  # arm
        return (
            box(0.3, 0.3, 0.04, (0, 0, 0), 0.0, 0.6),
            pole,
            box(reach, 0.03, 0.03, (-reach / 2, 0, z), 0.0, 0.6),
            cone(0.28, 0.2, (-reach, 0, z - 0.2)),
        )

    return make


def _bench_back(rng: Rng, x: float, y: float, z: float) -> Parts:
    return (box(0.04, y, 0.4, (x / 2 - 0.02, 0, z), 0.0, 0.9),)


WOOD = ("brown", "white", "black", "grey", "brown")
_TABLE = (0.6, 0.9), (1.0, 1.8), (0.70, 0.77)
_DESK = (0.6, 0.75), (1.1, 1.6), (0.71, 0.76)
_COFFEE = (0.45, 0.65), (0.8, 1.25), (0.35, 0.46)
_WORK = (0.6, 0.85), (1.3, 2.0), (0.82, 0.95), (0.05, 0.08)
_BENCH = (0.32, 0.42), (0.9, 1.4), (0.42, 0.48)
_STOOL = (0.3, 0.38), (0.3, 0.38), (0.43, 0.7)
_NIGHT = (0.36, 0.45), (0.38, 0.5), (0.45, 0.6)
_TV = (0.38, 0.48), (1.1, 1.8), (0.42, 0.58)

TABLES: tuple[Family, ...] = (
    *variants(
        "table",
        train={
            "legs": _topped(legs, *_TABLE),
            "panels": _topped(panels, *_TABLE),
            "round": _round_topped(pedestal, (0.8, 1.2), (0.70, 0.77), 1.0),
        },
        test={
            "trestle": _topped(trestle, (0.7, 0.95), (1.2, 1.8), (0.70, 0.77)),
            "round_legs": _round_topped(round_legs, (0.8, 1.25), (0.70, 0.77)),
        },
        colours=WOOD,
    ),
    *variants(
        "desk",
        train={
            "legs": _topped(legs, *_DESK),
            "panels": _topped(panels, *_DESK),
            "drawers": _topped(drawers, *_DESK),
        },
        test={
            "two_blocks": _topped(two_blocks, (0.6, 0.8), (1.3, 1.7), (0.71, 0.77)),
            "return": _desk_return,
        },
        colours=WOOD,
    ),
    *variants(
        "coffee table",
        train={
            "legs": _topped(legs, *_COFFEE),
            "panels": _topped(panels, *_COFFEE),
            "round": _round_topped(pedestal, (0.6, 0.9), (0.36, 0.46), 0.9),
        },
        test={"sled": _topped(sled, *_COFFEE), "drum": _drum((0.6, 0.85), (0.34, 0.42))},
        colours=WOOD,
    ),
    *variants(
        "workbench",
        train={
            "shelf": _topped(low_shelf, *_WORK),
            "pegboard": _topped(panels, *_WORK, _pegboard),
            "solid": _topped(solid, *_WORK),
        },
        test={"blocks": _topped(two_blocks, *_WORK), "trestle": _topped(trestle, *_WORK)},
        colours=WOOD,
    ),
    *variants(
        "bench",
        train={"legs": _topped(legs, *_BENCH), "panels": _topped(panels, *_BENCH)},
        test={"back": _topped(sled, *_BENCH, extra=_bench_back)},
        colours=WOOD,
    ),
    *variants(
        "nightstand",
        train={
            "drawers": _cupboard(*_NIGHT, "plain", 2, 1),
            "legs": _topped(low_shelf, *_NIGHT),
        },
        test={"drum": _drum((0.38, 0.48), (0.45, 0.58))},
        colours=WOOD,
    ),
    *variants(
        "tv stand",
        train={
            "doors": _cupboard(*_TV, "feet", 1, 3),
            "open": _shelf(*_TV, "back", (3, 4)),
        },
        test={"grid": _shelf(*_TV, "grid", (2, 4))},
        colours=WOOD,
    ),
)
"""What things stand on."""

SEATS: tuple[Family, ...] = (
    *variants(
        "stool",
        train={
            "round": _round_topped(pedestal, (0.3, 0.4), (0.45, 0.72), 0.95),
            "legs": _topped(legs, *_STOOL),
        },
        test={
            "drum": _drum((0.34, 0.46), (0.4, 0.48)),
            "round_legs": _round_topped(round_legs, (0.3, 0.4), (0.45, 0.72), 0.9),
        },
    ),
    *variants(
        "chair",
        train={
            "slab": _chair_on(legs, "slab"),
            "rail": _chair_on(round_legs, "rail"),
            "pedestal": _chair_on(pedestal, "slab"),
        },
        test={"slats": _chair_on(legs, "slats"), "arms": _chair_on(sled, "rail", True)},
    ),
    *variants(
        "office chair",
        train={"plain": _office_chair(False, False), "arms": _office_chair(True, False)},
        test={"head": _office_chair(True, True)},
    ),
    *variants(
        "sofa",
        train={
            "two": _sofa("box", False, 2, (1.5, 1.9)),
            "three": _sofa("box", True, 3, (1.8, 2.3)),
            "plain": _sofa("none", True, 2, (1.4, 1.8)),
        },
        test={
            "corner": _sofa("corner", False, 3, (1.9, 2.3)),
            "low": _sofa("none", False, 3, (1.7, 2.2)),
        },
    ),
    *variants(
        "armchair",
        train={
            "box": _sofa("box", False, 1, (0.8, 1.0)),
            "feet": _sofa("box", True, 1, (0.75, 0.95)),
        },
        test={"tub": _tub_chair},
    ),
    *variants(
        "bed",
        train={
            "head": _bed(1.0, 0.0, False),
            "feet": _bed(0.8, 0.0, True),
            "plain": _bed(0.0, 0.0, True),
        },
        test={"boards": _bed(1.0, 0.65, False), "bunk": _bunk_bed},
    ),
)
"""What people sit and lie on."""

_WARDROBE = (0.55, 0.65), (0.9, 1.7), (1.8, 2.1)
_CABINET = (0.38, 0.5), (0.7, 1.4), (0.72, 1.15)
_DRESSER = (0.42, 0.52), (0.7, 1.3), (0.75, 1.0)

STORAGE: tuple[Family, ...] = (
    *variants(
        "wardrobe",
        train={
            "doors": _cupboard(*_WARDROBE, "plain", 1, 2),
            "feet": _cupboard(*_WARDROBE, "feet", 1, 3),
        },
        test={"crown": _cupboard((0.55, 0.62), (0.9, 1.5), (1.8, 2.0), "crown", 2, 2)},
        colours=WOOD,
    ),
    *variants(
        "shelf",
        train={
            "back": _shelf((0.28, 0.38), (0.6, 1.1), (1.3, 2.0), "back", (4, 6)),
            "posts": _shelf((0.35, 0.5), (0.8, 1.4), (1.4, 2.0), "posts", (4, 6)),
            "low": _shelf((0.28, 0.36), (0.7, 1.2), (0.75, 1.1), "back", (3, 4)),
        },
        test={
            "tiered": _shelf((0.35, 0.45), (0.6, 0.9), (1.4, 1.9), "tiered", (4, 6)),
            "grid": _shelf((0.32, 0.4), (0.8, 1.3), (1.2, 1.9), "grid", (4, 6)),
        },
        colours=WOOD,
    ),
    *variants(
        "cabinet",
        train={
            "doors": _cupboard(*_CABINET, "plain", 1, 2),
            "feet": _cupboard(*_CABINET, "feet", 1, 3),
        },
        test={
            "stepped": _cupboard((0.42, 0.5), (0.8, 1.3), (0.8, 0.95), "stepped", 1, 2),
            "plinth": _cupboard(*_CABINET, "plinth", 2, 2),
        },
        colours=WOOD,
    ),
    *variants(
        "dresser",
        train={
            "wide": _cupboard(*_DRESSER, "plain", 3, 2),
            "feet": _cupboard(*_DRESSER, "feet", 4, 1),
        },
        test={"tall": _cupboard((0.4, 0.48), (0.5, 0.65), (1.1, 1.35), "plinth", 5, 1)},
        colours=WOOD,
    ),
    *variants(
        "lamp",
        train={"cone": _lamp("cone"), "drum": _lamp("drum")},
        test={"globe": _lamp("globe"), "arm": _lamp("arm")},
    ),
)
"""What people keep things in, and what gives light."""
