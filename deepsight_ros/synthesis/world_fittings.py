"""What belongs to kitchens, bathrooms, corridors and workshops, and what stands in any room.

Same conventions as `synthesis.world_furniture`: backs at +x, fronts look to -x.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Part, Parts, box, cone, cylinder, sphere
from deepsight_ros.synthesis.world_models import variants

Rng = np.random.Generator
Make = Callable[[Rng], Parts]
Range = tuple[float, float]


def ring(d: float, z: float, wall: float, low: float = 0.0, sides: int = 8) -> Parts:
    """Upright walls around a circle of outer diameter ``d``: what hollow round things are."""
    r = (d - wall) / 2
    side = 2 * (r + wall / 2) * np.tan(np.pi / sides)
    turns = np.arange(sides) * 2 * np.pi / sides
    return tuple(box(wall, side, z, (r * np.cos(a), r * np.sin(a), low), float(a)) for a in turns)


def trough(x: float, y: float, z: float, wall: float, low: float = 0.0) -> Parts:
    """A floor and four walls, open at the top."""
    inner = y - 2 * wall
    return (
        box(x, y, wall, (0, 0, low)),
        box(x, wall, z - wall, (0, (y - wall) / 2, low + wall)),
        box(x, wall, z - wall, (0, -(y - wall) / 2, low + wall)),
        box(wall, inner, z - wall, ((x - wall) / 2, 0, low + wall)),
        box(wall, inner, z - wall, (-(x - wall) / 2, 0, low + wall)),
    )


def _fridge(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.58, 0.7), rng.uniform(0.55, 0.75), rng.uniform(1.5, 2.0)
        out = [box(x, y, z)]
        front = -x / 2 - 0.02
        if style == "side":
            out += [
                box(0.04, y * 0.48, z * 0.95, (front, j * y * 0.25, z * 0.03)) for j in (-1, 1)
            ]
            out += [
                box(0.03, 0.02, 0.5, (front - 0.035, j * 0.05, z * 0.5), 0, 0.5) for j in (-1, 1)
            ]
            return tuple(out)
        cut = z * (0.68 if style == "two" else 0.99)
        out.append(box(0.04, y * 0.98, cut - 0.04, (front, 0, 0.03)))
        if style == "two":
            out.append(box(0.04, y * 0.98, z - cut - 0.02, (front, 0, cut)))
        out.append(box(0.03, 0.02, 0.4, (front - 0.035, -y * 0.4, z * 0.45), 0.0, 0.5))
        return tuple(out)

    return make


def _stove(knobs: bool, back: bool) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.58, 0.64), rng.uniform(0.55, 0.65), rng.uniform(0.85, 0.92)
        burners = tuple(
            cylinder(0.16, 0.015, (i * x * 0.22, j * y * 0.23, z), 0.3)
            for i in (-1, 1)
            for j in (-1, 1)
        )
        out = [box(x, y, z), *burners, box(0.02, y * 0.86, 0.42, (-x / 2 - 0.01, 0, 0.25), 0, 0.5)]
        if knobs:
            out += [
                box(0.03, 0.04, 0.04, (-x / 2 - 0.015, k * 0.1, z - 0.08)) for k in (-2, -1, 1, 2)
            ]
        if back:
            out.append(box(0.05, y, 0.12, (x / 2 - 0.025, 0, z)))
        return tuple(out)

    return make


def _counter(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.56, 0.64), rng.uniform(0.6, 1.5), rng.uniform(0.86, 0.93)
        top = box(x + 0.03, y, 0.04, (-0.015, 0, z - 0.04), 0.0, 1.15)
        if style == "drawers":
            rows, columns = 3, max(1, round(y / 0.6))
            w, h = y / columns, (z - 0.12) / rows
            fronts = tuple(
                box(
                    0.02,
                    w * 0.95,
                    h * 0.9,
                    (-x / 2 - 0.01, (k + 0.5) * w - y / 2, 0.08 + r * h),
                    0.0,
                    1.05,
                )
                for k in range(columns)
                for r in range(rows)
            )
            splash = box(0.02, y, 0.12, (x / 2 - 0.01, 0, z), 0.0, 1.15)
            return (top, splash, box(x, y, z - 0.04, (0, 0, 0), 0.0, 0.95), *fronts)
        low = 0.1 if style == "plinth" else 0.0
        n = max(1, round(y / 0.5))
        doors = tuple(
            box(
                0.018,
                y / n * 0.94,
                z * 0.7,
                (-x / 2 - 0.009, (k + 0.5) * y / n - y / 2, low + 0.03),
                0,
                1.05,
            )
            for k in range(n)
        )
        out = [top, box(x, y, z - 0.04 - low, (0, 0, low)), *doors]
        if low:
            out.append(box(x * 0.86, y, low, (0.03, 0, 0), 0.0, 0.5))
        return tuple(out)

    return make


def _faucet(x: float, y: float, z: float) -> Parts:
    return (
        cylinder(0.03, 0.22, (x, y, z), 0.6),
        box(0.16, 0.025, 0.025, (x - 0.075, y, z + 0.2), 0.0, 0.6),
    )


def _sink(basins: int, open_below: bool) -> Make:
    """A counter with hollow basins and a tap."""

    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.55, 0.62), rng.uniform(0.75, 1.2), rng.uniform(0.86, 0.93)
        deep, b = 0.16, rng.uniform(0.34, 0.4)
        w = min(0.4, (y - 0.1 * (basins + 1)) / basins)
        rim = (x - b) / 2
        out = [
            box(rim, y, deep, ((x - rim) / 2, 0, z - deep), 0.0, 1.1),
            box(rim, y, deep, (-(x - rim) / 2, 0, z - deep), 0.0, 1.1),
            box(b, y, 0.01, (0, 0, z - deep), 0.0, 0.8),
        ]
        gap = (y - basins * w) / (basins + 1)
        for k in range(basins + 1):
            out.append(box(b, gap, deep, (0, -y / 2 + gap / 2 + k * (w + gap), z - deep), 0, 1.1))
        if open_below:
            out += [box(x, 0.04, z - deep, (0, j * (y - 0.04) / 2, 0), 0.0, 0.9) for j in (-1, 1)]
        else:
            out.append(box(x, y, z - deep))
        return (*out, *_faucet(x / 2 - rim / 2, 0, z))

    return make


def _wall_cabinet(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.3, 0.37), rng.uniform(0.6, 1.4), rng.uniform(0.5, 0.75)
        if style == "open":
            out = [box(x, 0.02, z, (0, j * (y - 0.02) / 2, 0)) for j in (-1, 1)]
            out += [box(x, y, 0.02, (0, 0, k * (z - 0.02) / 2), 0.0, 0.9) for k in range(3)]
            return (*out, box(0.01, y, z, (x / 2 + 0.005, 0, 0), 0.0, 0.8))
        n = max(1, round(y / (0.45 if style == "doors" else 0.8)))
        doors = tuple(
            box(
                0.018,
                y / n * 0.95,
                z * 0.95,
                (-x / 2 - 0.009, (k + 0.5) * y / n - y / 2, z * 0.02),
                0,
                1.05,
            )
            for k in range(n)
        )
        return (box(x, y, z), *doors)

    return make


def _washer(top_loading: bool) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.5, 0.62), rng.uniform(0.56, 0.62), rng.uniform(0.82, 0.9)
        if top_loading:
            return (
                box(x, y, z),
                box(x * 0.7, y * 0.85, 0.03, (-0.06, 0, z), 0.0, 0.8),
                box(0.12, y, 0.14, (x / 2 - 0.06, 0, z)),
            )
        return (
            box(x, y, z),
            box(0.03, 0.34, 0.34, (-x / 2 - 0.015, 0, z * 0.3), 0.0, 0.6),
            box(0.01, y * 0.9, 0.1, (-x / 2 - 0.005, 0, z * 0.85), 0.0, 0.8),
        )

    return make


def _toilet(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        seat, w = rng.uniform(0.38, 0.44), rng.uniform(0.34, 0.4)
        if style == "hung":
            return (
                box(0.5, w, 0.12, (0.0, 0, seat - 0.12)),
                cylinder(w, 0.13, (-0.22, 0, seat - 0.13)),
                box(0.28, w * 0.55, seat - 0.12, (0.11, 0, 0), 0.0, 0.95),
                box(0.12, 0.6, 1.0, (0.31, 0, 0), 0.0, 0.9),
            )
        tank = box(0.18, w * 1.05, rng.uniform(0.34, 0.42), (0.27, 0, seat - 0.02))
        lid = cylinder(w, 0.03, (-0.16, 0, seat), 0.9), box(0.32, w, 0.03, (0.0, 0, seat), 0, 0.9)
        if style == "round":
            foot: Part = cylinder(w * 0.62, seat - 0.18, (-0.05, 0, 0))
            bowl = cylinder(w * 0.98, 0.18, (-0.16, 0, seat - 0.18))
            return (foot, bowl, box(0.4, w * 0.6, seat - 0.02, (0.15, 0, 0)), tank, *lid)
        return (box(0.52, w * 0.7, seat, (-0.02, 0, 0)), tank, *lid)

    return make


def _basin(style: str) -> Make:
    """A washbasin: hollow bowl on a pedestal, on a cabinet, or on legs."""

    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.42, 0.52), rng.uniform(0.5, 0.75), rng.uniform(0.8, 0.88)
        deep = 0.16
        bowl = trough(x, y, deep, 0.045, z - deep)
        tap = _faucet(x / 2 - 0.025, 0, z)
        if style == "pedestal":
            return (*bowl, *tap, cylinder(0.18, z - deep, (0.08, 0, 0)))
        if style == "cabinet":
            doors = tuple(
                box(0.018, y * 0.46, z * 0.65, (-x / 2 - 0.009, j * y * 0.24, 0.08), 0.0, 0.95)
                for j in (-1, 1)
            )
            return (*bowl, *tap, box(x, y, z - deep), *doors)
        posts = tuple(
            box(0.035, 0.035, z - deep, (i * x * 0.45, j * y * 0.46, 0), 0.0, 0.6)
            for i in (-1, 1)
            for j in (-1, 1)
        )
        return (*bowl, *tap, *posts)

    return make


def _bathtub(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.7, 0.82), rng.uniform(1.45, 1.75), rng.uniform(0.5, 0.62)
        if style == "feet":
            feet = tuple(
                sphere(0.1, (i * x * 0.35, j * y * 0.36, 0), 0.6) for i in (-1, 1) for j in (-1, 1)
            )
            return (*trough(x, y, z - 0.08, 0.07, 0.08), *feet)
        inner = trough(x, y, z, 0.08 if style == "plain" else 0.06)
        if style == "step":
            return (*inner, box(0.3, y * 0.6, 0.18, (-x / 2 - 0.15, 0, 0), 0.0, 0.9))
        return inner

    return make


def _radiator(fins: bool) -> Make:
    def make(rng: Rng) -> Parts:
        y, z = rng.uniform(0.6, 1.2), rng.uniform(0.5, 0.65)
        if not fins:
            return (
                box(0.04, y, z - 0.1, (-0.02, 0, 0.1)),
                box(0.03, y * 0.96, z - 0.12, (0.03, 0, 0.11), 0.0, 0.9),
                *(box(0.05, 0.04, 0.1, (0.0, j * y * 0.4, 0), 0.0, 0.8) for j in (-1, 1)),
            )
        n = round(y / 0.09)
        ribs = tuple(
            box(0.12, 0.06, z - 0.08, (0, (k - (n - 1) / 2) * 0.09, 0.08)) for k in range(n)
        )
        feet = tuple(box(0.06, 0.05, 0.08, (0, j * y * 0.4, 0), 0.0, 0.8) for j in (-1, 1))
        return (*ribs, *feet, box(0.05, n * 0.09 - 0.03, 0.05, (0, 0, 0.12), 0.0, 0.9))

    return make


def _steps(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        w, n, rise = rng.uniform(0.4, 0.5), int(rng.integers(2, 5)), rng.uniform(0.2, 0.25)
        run = 0.2
        out: list[Part] = []
        for k in range(n):
            at = (k - (n - 1) / 2) * run
            if style == "solid":
                out.append(box(run, w, (k + 1) * rise, (at, 0, 0), 0.0, 1 - 0.06 * k))
            else:
                out.append(box(run * 0.9, w, 0.03, (at, 0, (k + 1) * rise - 0.03)))
                high = (k + 1) * rise - 0.03
                out += [
                    box(0.03, 0.03, high, (at, j * (w / 2 - 0.015), 0), 0, 0.7) for j in (-1, 1)
                ]
        if style == "rail":
            top = n * rise
            out.append(box(0.03, w, 0.6, ((n - 1) / 2 * run + 0.115, 0, top - 0.03), 0.0, 0.7))
            out.append(box(0.03, w, top - 0.03, ((n - 1) / 2 * run + 0.115, 0, 0), 0.0, 0.7))
        return tuple(out)

    return make


def _cart(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.38, 0.5), rng.uniform(0.55, 0.8), rng.uniform(0.75, 0.95)
        wheels = tuple(
            sphere(0.09, (i * x * 0.42, j * y * 0.42, 0), 0.3) for i in (-1, 1) for j in (-1, 1)
        )
        grip = box(0.03, y * 0.05, 0.03, (0, y / 2 + 0.02, z - 0.06), 0.0, 0.5)
        if style == "drawers":
            n = 4
            fronts = tuple(
                box(
                    0.02,
                    y * 0.94,
                    (z - 0.12) / n * 0.85,
                    (-x / 2 - 0.01, 0, 0.12 + k * (z - 0.12) / n),
                    0,
                    1.1,
                )
                for k in range(n)
            )
            return (*wheels, box(x, y, z - 0.07, (0, 0, 0.07)), *fronts, grip)
        posts = tuple(
            box(0.03, 0.03, z - 0.05, (i * (x / 2 - 0.015), j * (y / 2 - 0.015), 0.05), 0.0, 0.6)
            for i in (-1, 1)
            for j in (-1, 1)
        )
        n = 3 if style == "three" else 2
        decks = tuple(
            box(x, y, 0.03, (0, 0, 0.12 + k * (z - 0.16) / (n - 1)), 0.0, 0.95) for k in range(n)
        )
        return (*wheels, *posts, *decks, grip)

    return make


def _bin(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.22, 0.34), rng.uniform(0.28, 0.62)
        if style == "round":
            return (*ring(d, z, 0.015), cylinder(d * 0.95, 0.015))
        if style == "square":
            return trough(d, d * rng.uniform(0.8, 1.3), z, 0.015)
        if style == "pedal":
            return (
                cylinder(d, z),
                sphere(d * 0.96, (0, 0, z - d * 0.48), 0.9),
                box(0.08, 0.08, 0.03, (-d / 2 - 0.02, 0, 0), 0.0, 0.7),
            )
        return tuple(cylinder(d * (0.72 + 0.14 * k), z / 3, (0, 0, k * z / 3)) for k in range(3))

    return make


def _plant(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z, crown = rng.uniform(0.22, 0.36), rng.uniform(0.22, 0.36), rng.uniform(0.35, 0.6)
        stem = cylinder(0.04, 0.3, (0, 0, z), 0.5)
        if style == "sphere":
            return cylinder(d, z, (0, 0, 0), 0.6), stem, sphere(crown, (0, 0, z + 0.18))
        if style == "cone":
            pot = box(d * 0.9, d * 0.9, z, (0, 0, 0), 0.0, 0.6)
            return pot, stem, cone(crown, crown * 1.6, (0, 0, z + 0.12))
        if style == "cluster":
            pot = cylinder(d, z, (0, 0, 0), 0.6)
            balls = tuple(
                sphere(
                    crown * rng.uniform(0.35, 0.6),
                    (*(rng.uniform(-0.3, 0.3, 2) * crown), z + rng.uniform(0.1, 0.5)),
                    rng.uniform(0.8, 1.2),
                )
                for _ in range(6)
            )
            return (pot, cylinder(0.04, 0.5, (0, 0, z), 0.5), *balls)
        pot = cylinder(d, z, (0, 0, 0), 0.6)  # tiers
        tiers = tuple(
            cone(crown * (1 - 0.22 * k), 0.3, (0, 0, z + 0.15 + 0.2 * k)) for k in range(3)
        )
        return (pot, cylinder(0.04, 0.3, (0, 0, z), 0.5), *tiers)

    return make


def _carton(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.28, 0.55), rng.uniform(0.25, 0.5), rng.uniform(0.18, 0.45)
        if style == "plain":
            return (box(x, y, z), box(x, 0.05, 0.003, (0, 0, z), 0.0, 0.8))
        if style == "lid":
            return box(x, y, z), box(x + 0.02, y + 0.02, 0.06, (0, 0, z - 0.055), 0.0, 0.9)
        flaps = tuple(
            box(0.012, y * 0.9, 0.12, (i * (x / 2 - 0.006), 0, z), 0.0, 0.95) for i in (-1, 1)
        )
        return (*trough(x, y, z, 0.012), *flaps)

    return make


def _crate(slats: bool) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.3, 0.45), rng.uniform(0.35, 0.6), rng.uniform(0.2, 0.34)
        if not slats:
            return trough(x, y, z, 0.02)
        n, h = 3, z * 0.24
        out = [box(x, y, 0.015)]
        for k in range(n):
            low = 0.015 + k * (z - 0.015 - h) / (n - 1)
            out += [box(x, 0.014, h, (0, j * (y - 0.014) / 2, low)) for j in (-1, 1)]
            out += [box(0.014, y - 0.028, h, (j * (x - 0.014) / 2, 0, low)) for j in (-1, 1)]
        return tuple(out)

    return make


def _suitcase(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.22, 0.3), rng.uniform(0.38, 0.5), rng.uniform(0.52, 0.7)
        if style == "lying":
            return box(z, y, x), box(0.05, 0.14, 0.03, (-z / 2 - 0.025, 0, x / 2), 0.0, 0.6)
        handle = box(0.02, 0.2, 0.03, (x / 4, 0, z + 0.2), 0.0, 0.5)
        rods = tuple(box(0.02, 0.02, 0.2, (x / 4, j * 0.09, z), 0.0, 0.5) for j in (-1, 1))
        if style == "handle":
            return (box(x, y, z), handle, *rods)
        bars = tuple(box(x + 0.02, 0.03, z * 0.9, (0, j * y * 0.3, 0), 0.0, 0.9) for j in (-1, 1))
        return (box(x, y, z), *bars, box(0.03, 0.16, 0.05, (0, 0, z), 0.0, 0.6))

    return make


def _coat_rack(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        z = rng.uniform(1.6, 1.8)
        if style == "wall":
            w = rng.uniform(0.7, 1.1)
            coats = tuple(
                box(0.14, 0.22, 0.7, (-0.02, k * 0.3, z - 0.8), 0.0, rng.uniform(0.6, 1.2))
                for k in (-1, 0, 1)
            )
            feet = tuple(box(0.3, 0.04, z, (0, j * w / 2, 0), 0.0, 0.7) for j in (-1, 1))
            return (box(0.05, w, 0.05, (0, 0, z - 0.1), 0.0, 0.7), *coats, *feet)
        pole = cylinder(0.05, z, (0, 0, 0), 0.6)
        foot = cylinder(0.4, 0.04, (0, 0, 0), 0.6)
        hooks = tuple(box(0.34, 0.03, 0.03, (0, 0, z - 0.06), a, 0.6) for a in (0.0, 1.57))
        if style == "empty":
            return (foot, pole, *hooks, sphere(0.08, (0, 0, z)))
        coat = cone(rng.uniform(0.36, 0.5), 0.95, (0, 0, z - 1.05))
        return (foot, pole, *hooks, coat)

    return make


_WHITE = ("white", "white", "grey", "black")
_KITCHEN = ("white", "grey", "brown", "black", "green")

FITTINGS: tuple[Family, ...] = (
    *variants(
        "refrigerator",
        train={"two": _fridge("two"), "one": _fridge("one")},
        test={"side": _fridge("side")},
        colours=_WHITE,
    ),
    *variants(
        "stove",
        train={"plain": _stove(False, False), "knobs": _stove(True, False)},
        test={"back": _stove(True, True)},
        colours=_WHITE,
    ),
    *variants(
        "counter",
        train={"body": _counter("body"), "plinth": _counter("plinth")},
        test={"drawers": _counter("drawers")},
        colours=_KITCHEN,
    ),
    *variants(
        "sink",
        train={"one": _sink(1, False), "two": _sink(2, False)},
        test={"open": _sink(1, True)},
        colours=_WHITE,
    ),
    *variants(
        "wall cabinet",
        train={"doors": _wall_cabinet("doors"), "flaps": _wall_cabinet("flaps")},
        test={"open": _wall_cabinet("open")},
        rests_on="wall",
        colours=_KITCHEN,
    ),
    *variants(
        "washing machine",
        train={"front": _washer(False)},
        test={"top": _washer(True)},
        colours=_WHITE,
    ),
    *variants(
        "toilet",
        train={"round": _toilet("round"), "box": _toilet("box")},
        test={"hung": _toilet("hung")},
        colours=("white",),
    ),
    *variants(
        "washbasin",
        train={"pedestal": _basin("pedestal"), "cabinet": _basin("cabinet")},
        test={"legs": _basin("legs")},
        colours=_WHITE,
    ),
    *variants(
        "bathtub",
        train={"plain": _bathtub("plain"), "step": _bathtub("step")},
        test={"feet": _bathtub("feet")},
        colours=("white", "white", "grey"),
    ),
    *variants(
        "radiator",
        train={"fins": _radiator(True)},
        test={"panel": _radiator(False)},
        colours=("white",),
    ),
    *variants(
        "step ladder",
        train={"open": _steps("open"), "solid": _steps("solid")},
        test={"rail": _steps("rail")},
    ),
    *variants(
        "tool cart",
        train={"three": _cart("three"), "two": _cart("two")},
        test={"drawers": _cart("drawers")},
        colours=("red", "blue", "grey", "black"),
    ),
    *variants(
        "bin",
        train={"round": _bin("round"), "square": _bin("square")},
        test={"pedal": _bin("pedal"), "tapered": _bin("tapered")},
    ),
    *variants(
        "plant",
        train={"sphere": _plant("sphere"), "cone": _plant("cone")},
        test={"cluster": _plant("cluster"), "tiers": _plant("tiers")},
        colours=("green",),
    ),
    *variants(
        "box",
        train={"plain": _carton("plain"), "lid": _carton("lid")},
        test={"flaps": _carton("flaps")},
        colours=("brown", "white", "yellow", "grey"),
        stackable=True,
    ),
    *variants("crate", train={"closed": _crate(False)}, test={"slats": _crate(True)}),
    *variants(
        "suitcase",
        train={"handle": _suitcase("handle"), "lying": _suitcase("lying")},
        test={"ribs": _suitcase("ribs")},
    ),
    *variants(
        "coat rack",
        train={"empty": _coat_rack("empty"), "coat": _coat_rack("coat")},
        test={"wall": _coat_rack("wall")},
        colours=("brown", "black", "grey"),
    ),
)
"""Everything else that stands in rooms."""
