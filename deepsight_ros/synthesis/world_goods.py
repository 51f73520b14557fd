"""Small things of desks, living rooms, bathrooms and workshops; several families each.

Origin in the middle of the bottom, z up, fronts look to -x. Families tagged ``test`` are built in
ways that no ``train`` family of the label is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Parts, box, cone, cylinder, sphere
from deepsight_ros.synthesis.world_fittings import ring, trough
from deepsight_ros.synthesis.world_models import variants
from deepsight_ros.synthesis.world_tableware import TABLEWARE
from deepsight_ros.synthesis.world_tools import TOOLS, roll

Rng = np.random.Generator
Make = Callable[[Rng], Parts]
Range = tuple[float, float]


def _slab(x: Range, y: Range, z: Range, style: str = "plain") -> Make:
    """A flat thing: plain, with a spine, with keys, with a clip, or two layers."""

    def make(rng: Rng) -> Parts:
        a, b, c = rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)
        if style == "spine":
            return box(a, b, c), box(a, 0.012, c + 0.003, (0, b / 2, 0), 0.0, 0.6)
        if style == "keys":
            rows = tuple(
                box(a * 0.16, b * 0.94, 0.006, ((k - 1.5) * a * 0.23, 0, c), 0.0, 1.2)
                for k in range(4)
            )
            return (box(a, b, c), *rows)
        if style == "clip":
            return box(a, b, c), box(0.03, b * 0.4, 0.012, (a / 2 - 0.02, 0, c), 0.0, 0.5)
        if style == "layers":
            return box(a, b, c * 0.5), box(a * 0.92, b * 0.9, c * 0.5, (0, 0, c * 0.5), 0.0, 0.85)
        if style == "split":
            return tuple(box(a, b * 0.46, c, (0, j * b * 0.27, 0), j * 0.12) for j in (-1, 1))
        return (box(a, b, c),)

    return make


def _block(x: Range, y: Range, z: Range) -> Make:
    def make(rng: Rng) -> Parts:
        return (box(rng.uniform(*x), rng.uniform(*y), rng.uniform(*z)),)

    return make


def _book_stack(rng: Rng) -> Parts:
    out, z = [], 0.0
    for _ in range(int(rng.integers(2, 5))):
        a, b, c = rng.uniform(0.17, 0.24), rng.uniform(0.12, 0.17), rng.uniform(0.015, 0.04)
        out.append(box(a, b, c, (0, 0, z), rng.uniform(-0.2, 0.2), rng.uniform(0.6, 1.2)))
        z += c
    return tuple(out)


def _book_row(rng: Rng) -> Parts:
    out, y = [], 0.0
    for _ in range(int(rng.integers(4, 9))):
        t = rng.uniform(0.015, 0.045)
        a, c = rng.uniform(0.12, 0.17), rng.uniform(0.17, 0.25)
        out.append((a, t, c, y + t / 2, rng.uniform(0.6, 1.25)))
        y += t + 0.001
    return tuple(box(a, t, c, (0, at - y / 2, 0), 0.0, tint) for a, t, c, at, tint in out)


def _laptop(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y = rng.uniform(0.21, 0.25), rng.uniform(0.3, 0.37)
        if style == "closed":
            return (box(x, y, 0.02), box(x * 0.98, y * 0.98, 0.004, (0, 0, 0.02), 0.0, 0.9))
        screen = box(0.008, y, x * 0.95, (x / 2, 0, 0.015), 0.0, 0.6)
        keys = box(x * 0.5, y * 0.9, 0.003, (0.04, 0, 0.016), 0.0, 0.5)
        if style == "stand":
            feet = tuple(box(x, 0.02, 0.09, (0, j * y * 0.4, 0), 0.0, 0.6) for j in (-1, 1))
            deck = box(x, y, 0.016, (0, 0, 0.09))
            return (*feet, deck, box(0.008, y, x * 0.95, (x / 2, 0, 0.1), 0.0, 0.6))
        return box(x, y, 0.016), keys, screen

    return make


def _screen(y: Range, z: Range, foot: str) -> Make:
    def make(rng: Rng) -> Parts:
        b, c = rng.uniform(*y), rng.uniform(*z)
        lift = rng.uniform(0.07, 0.14)
        panel = (
            box(0.035, b, c, (0, 0, lift)),
            box(0.004, b * 0.96, c * 0.92, (-0.019, 0, lift + c * 0.04), 0.0, 0.4),
        )
        if foot == "legs":
            legs = tuple(box(0.2, 0.025, lift, (0.0, j * b * 0.36, 0), 0.0, 0.7) for j in (-1, 1))
            return (*panel, *legs)
        post = box(0.03, 0.06, lift + c * 0.4, (0.03, 0, 0.01), 0.0, 0.8)
        if foot == "round":
            return (*panel, post, cylinder(0.24, 0.015, (0.03, 0, 0), 0.8))
        return (*panel, post, box(0.2, b * 0.4, 0.015, (0.03, 0, 0), 0.0, 0.8))

    return make


def _printer(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.3, 0.4), rng.uniform(0.38, 0.48), rng.uniform(0.16, 0.24)
        out = [box(x, y, z), box(0.12, y * 0.6, 0.015, (-x / 2 - 0.06, 0, z * 0.25), 0.0, 0.8)]
        if style == "tray":
            out.append(box(0.02, y * 0.6, 0.16, (x / 2 - 0.05, 0, z), 0.0, 0.9))
        if style == "tall":
            out.append(box(x * 0.9, y * 0.9, 0.12, (0.02, 0, z), 0.0, 0.95))
        return tuple(out)

    return make


def _mouse(flat: bool) -> Make:
    def make(rng: Rng) -> Parts:
        x, y = rng.uniform(0.09, 0.115), rng.uniform(0.055, 0.065)
        if flat:
            return (box(x, y, 0.018), cylinder(y * 0.9, 0.03, (x * 0.1, 0, 0)))
        return (box(x, y, 0.028), box(x * 0.5, y * 0.8, 0.01, (x * 0.12, 0, 0.028), 0.0, 0.95))

    return make


def _clock(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.04, 0.07), rng.uniform(0.09, 0.15), rng.uniform(0.06, 0.1)
        if style == "block":
            return (
                box(x, y, z),
                box(0.004, y * 0.8, z * 0.6, (-x / 2 - 0.002, 0, z * 0.2), 0, 0.4),
            )
        feet = tuple(box(x, 0.02, 0.014, (0, j * y / 3, 0), 0.0, 0.6) for j in (-1, 1))
        bells = tuple(sphere(0.035, (0, j * y * 0.25, 0.014 + z - 0.006), 0.8) for j in (-1, 1))
        return (box(x, y, z, (0, 0, 0.014)), *feet, *bells)

    return make


def _table_lamp(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        z, d = rng.uniform(0.24, 0.36), rng.uniform(0.18, 0.28)
        if style == "desk":
            return (
                cylinder(0.15, 0.02, (0, 0, 0), 0.7),
                cylinder(0.02, z, (0, 0, 0), 0.7),
                box(0.2, 0.02, 0.02, (-0.1, 0, z), 0.0, 0.7),
                cone(0.13, 0.1, (-0.2, 0, z - 0.09)),
            )
        foot = cylinder(0.13, 0.02, (0, 0, 0), 0.7)
        stem = cylinder(0.03, z, (0, 0, 0), 0.7)
        if style == "cone":
            return foot, stem, cone(d, 0.22, (0, 0, z - 0.08))
        if style == "globe":
            return foot, cylinder(0.03, z * 0.6, (0, 0, 0), 0.7), sphere(d * 0.8, (0, 0, z * 0.5))
        return cylinder(0.13, z * 0.7, (0, 0, 0), 0.8), cylinder(d, 0.18, (0, 0, z * 0.7))

    return make


def _holder(square: bool) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.07, 0.095), rng.uniform(0.085, 0.11)
        wall = (
            trough(d, d, z, 0.006) if square else (*ring(d, z, 0.006), cylinder(d * 0.95, 0.006))
        )
        pens = tuple(
            cylinder(
                0.01,
                z + rng.uniform(0.03, 0.07),
                (*(rng.uniform(-0.25, 0.25, 2) * d), 0.006),
                rng.uniform(0.4, 1.3),
            )
            for _ in range(4)
        )
        return (*wall, *pens)

    return make


def _frame(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        y, z = rng.uniform(0.12, 0.22), rng.uniform(0.14, 0.24)
        front = box(0.015, y, z), box(0.003, y * 0.8, z * 0.8, (-0.009, 0, z * 0.1), 0.0, 1.3)
        if style == "stand":
            return (*front, box(0.09, 0.03, z * 0.5, (0.05, 0, 0), 0.0, 0.7))
        return (*front, box(0.08, y * 0.9, 0.02, (0.01, 0, 0), 0.0, 0.8))

    return make


def _vase(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.08, 0.14), rng.uniform(0.16, 0.3)
        if style == "tall":
            return cylinder(d * 0.7, z), cylinder(d * 0.85, 0.02, (0, 0, z))
        if style == "ball":
            return (
                cylinder(d * 0.6, 0.02),
                sphere(d * 1.2, (0, 0, 0.0)),
                cylinder(d * 0.5, z * 0.4, (0, 0, d)),
            )
        stems = tuple(
            cylinder(0.008, 0.2, (*(rng.uniform(-0.2, 0.2, 2) * d), z - 0.05), 0.5)
            for _ in range(3)
        )
        heads = tuple(sphere(0.05, (s.centre_m[0], s.centre_m[1], z + 0.13), 1.3) for s in stems)
        return (cylinder(d, z * 0.5), cylinder(d * 0.7, z * 0.5, (0, 0, z * 0.5)), *stems, *heads)

    return make


def _candle(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.045, 0.08), rng.uniform(0.07, 0.16)
        if style == "pillar":
            return cylinder(d, z), cylinder(0.006, 0.012, (0, 0, z), 0.3)
        if style == "dish":
            return cylinder(d * 1.7, 0.015, (0, 0, 0), 0.7), cylinder(d, z, (0, 0, 0.015))
        return (
            cylinder(0.09, 0.015, (0, 0, 0), 0.6),
            cylinder(0.025, 0.1, (0, 0, 0.015), 0.6),
            cylinder(0.025, z, (0, 0, 0.115)),
        )

    return make


def _speaker(two: bool) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.13, 0.2), rng.uniform(0.11, 0.17), rng.uniform(0.18, 0.3)
        if two:
            return box(x, y, z * 0.45), box(
                x * 0.9, y * 0.85, z * 0.45, (0, 0, z * 0.45), 0.0, 0.8
            )
        return box(x, y, z), box(0.006, y * 0.9, z * 0.9, (-x / 2 - 0.003, 0, z * 0.05), 0.0, 0.6)

    return make


def _ball(d: Range, base: bool) -> Make:
    def make(rng: Rng) -> Parts:
        a = rng.uniform(*d)
        return (sphere(a), *ring(a * 0.6, a * 0.12, 0.008)) if base else (sphere(a),)

    return make


def _cube(studs: bool) -> Make:
    def make(rng: Rng) -> Parts:
        d = rng.uniform(0.035, 0.09)
        if not studs:
            return (box(d, d, d),)
        pins = tuple(
            cylinder(d * 0.28, d * 0.12, (i * d / 4, j * d / 4, d * 0.7))
            for i in (-1, 1)
            for j in (-1, 1)
        )
        return (box(d, d, d * 0.7), *pins)

    return make


def _bear(hat: bool) -> Make:
    def make(rng: Rng) -> Parts:
        d = rng.uniform(0.12, 0.2)
        head = d * 0.7
        z = d * 0.85
        ears = tuple(
            sphere(head * 0.35, (0, j * head * 0.4, z + head * 0.75), 0.8) for j in (-1, 1)
        )
        legs = tuple(sphere(d * 0.4, (-d * 0.45, j * d * 0.32, 0), 0.9) for j in (-1, 1))
        top = (cone(head * 0.8, head * 0.8, (0, 0, z + head * 0.8), 1.3),) if hat else ears
        return (sphere(d), sphere(head, (0, 0, z)), *legs, *top)

    return make


def _dispenser(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        d, z = rng.uniform(0.06, 0.08), rng.uniform(0.11, 0.16)
        body = box(d, d, z) if style == "square" else cylinder(d, z)
        head = box(0.06, 0.018, 0.014, (-0.018, 0, z + 0.045), 0.0, 0.8)
        if style == "dome":
            return (
                cylinder(d, z * 0.6),
                sphere(d, (0, 0, z * 0.6 - d / 2)),
                cylinder(0.02, 0.05, (0, 0, z * 0.6 + d * 0.4), 0.7),
            )
        return body, cylinder(0.018, 0.05, (0, 0, z), 0.8), head

    return make


def _towels(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y = rng.uniform(0.2, 0.28), rng.uniform(0.26, 0.36)
        n = {"one": 1, "stack": 3}.get(style, 2)
        out = [box(x, y, 0.045, (0, 0, 0.047 * k), 0.0, 1 - 0.1 * (k % 2)) for k in range(n)]
        if style == "folded":
            out = [box(x, y, 0.03), box(x * 0.5, y, 0.03, (x * 0.25, 0, 0.03), 0.0, 0.9)]
        return tuple(out)

    return make


def _tray(style: str) -> Make:
    def make(rng: Rng) -> Parts:
        x, y, z = rng.uniform(0.22, 0.32), rng.uniform(0.26, 0.4), rng.uniform(0.025, 0.06)
        if style == "round":
            return (cylinder(x * 0.97, 0.01), *ring(x, z, 0.01, 0.01, 10))
        if style == "split":
            return (
                *trough(x, y, z, 0.01),
                box(x - 0.02, 0.008, z - 0.012, (0, 0, 0.01), 0.0, 0.9),
            )
        return trough(x, y, z, 0.01)

    return make


_DARK = ("black", "grey", "white")
_SMALL = {"rests_on": "table", "stackable": True}
_ONLY = {"rests_on": "table"}
_SCREEN = (0.45, 0.65), (0.28, 0.4)
_TV = (0.8, 1.25), (0.48, 0.7)
_PHONE = (0.14, 0.165), (0.068, 0.08), (0.009, 0.014)
_REMOTE = (0.15, 0.22), (0.045, 0.06), (0.018, 0.028)
_ROLL = (0.1, 0.12), (0.1, 0.13)

DESK_GOODS: tuple[Family, ...] = (
    *variants(
        "book",
        train={
            "lying": _slab((0.18, 0.26), (0.12, 0.18), (0.02, 0.05)),
            "stack": _book_stack,
            "standing": _block((0.12, 0.17), (0.02, 0.05), (0.19, 0.26)),
        },
        test={"spine": _slab((0.2, 0.28), (0.14, 0.2), (0.02, 0.05), "spine"), "row": _book_row},
        **_SMALL,
    ),
    *variants(
        "notebook",
        train={"plain": _slab((0.19, 0.3), (0.14, 0.22), (0.008, 0.018))},
        test={"clipboard": _slab((0.28, 0.33), (0.2, 0.24), (0.006, 0.012), "clip")},
        **_SMALL,
    ),
    *variants(
        "laptop",
        train={"open": _laptop("open"), "closed": _laptop("closed")},
        test={"stand": _laptop("stand")},
        colours=_DARK,
        **_ONLY,
    ),
    *variants(
        "monitor",
        train={"foot": _screen(*_SCREEN, "square"), "round": _screen(*_SCREEN, "round")},
        test={"legs": _screen(*_SCREEN, "legs")},
        colours=_DARK,
        **_ONLY,
    ),
    *variants(
        "television",
        train={"foot": _screen(*_TV, "square")},
        test={"legs": _screen(*_TV, "legs")},
        colours=("black",),
        **_ONLY,
    ),
    *variants(
        "keyboard",
        train={"keys": _slab((0.13, 0.17), (0.36, 0.46), (0.018, 0.028), "keys")},
        test={"split": _slab((0.14, 0.18), (0.36, 0.44), (0.02, 0.03), "split")},
        colours=_DARK,
        **_ONLY,
    ),
    *variants(
        "mouse",
        train={"block": _mouse(False)},
        test={"dome": _mouse(True)},
        colours=_DARK,
        **_ONLY,
    ),
    *variants(
        "printer",
        train={"tray": _printer("tray"), "plain": _printer("plain")},
        test={"tall": _printer("tall")},
        colours=_DARK,
        **_ONLY,
    ),
    *variants(
        "phone",
        train={"plain": _slab(*_PHONE)},
        test={"case": _slab(*_PHONE[:2], (0.014, 0.02), "layers")},
        colours=("black", "white", "blue", "red"),
        **_SMALL,
    ),
    *variants(
        "remote",
        train={"plain": _slab(*_REMOTE)},
        test={"layers": _slab(*_REMOTE, "layers")},
        colours=_DARK,
        **_SMALL,
    ),
    *variants("clock", train={"block": _clock("block")}, test={"bells": _clock("bells")}, **_ONLY),
    *variants(
        "table lamp",
        train={"cone": _table_lamp("cone"), "drum": _table_lamp("drum")},
        test={"globe": _table_lamp("globe"), "desk": _table_lamp("desk")},
        **_ONLY,
    ),
    *variants(
        "pen holder", train={"round": _holder(False)}, test={"square": _holder(True)}, **_ONLY
    ),
    *variants(
        "picture frame", train={"stand": _frame("stand")}, test={"base": _frame("base")}, **_ONLY
    ),
    *variants(
        "speaker",
        train={"box": _speaker(False)},
        test={"two": _speaker(True)},
        colours=_DARK,
        **_ONLY,
    ),
)
"""What desks and living rooms are full of."""

ROOM_GOODS: tuple[Family, ...] = (
    *variants(
        "vase",
        train={"tall": _vase("tall"), "flowers": _vase("flowers")},
        test={"ball": _vase("ball")},
        **_ONLY,
    ),
    *variants(
        "candle",
        train={"pillar": _candle("pillar"), "dish": _candle("dish")},
        test={"stick": _candle("stick")},
        **_ONLY,
    ),
    *variants(
        "ball",
        train={"plain": _ball((0.05, 0.13), False)},
        test={"stand": _ball((0.1, 0.2), True)},
        **_ONLY,
    ),
    *variants("cube", train={"plain": _cube(False)}, test={"studs": _cube(True)}, **_SMALL),
    *variants(
        "teddy bear",
        train={"ears": _bear(False)},
        test={"hat": _bear(True)},
        colours=("brown", "white", "grey", "yellow"),
        **_ONLY,
    ),
    *variants(
        "package",
        train={
            "plain": _block((0.06, 0.2), (0.04, 0.16), (0.05, 0.2)),
            "flat": _block((0.12, 0.25), (0.1, 0.2), (0.03, 0.06)),
        },
        test={"layers": _slab((0.1, 0.24), (0.08, 0.18), (0.06, 0.14), "layers")},
        **_SMALL,
    ),
    *variants(
        "tray",
        train={"plain": _tray("plain"), "round": _tray("round")},
        test={"split": _tray("split")},
        **_ONLY,
    ),
    *variants(
        "soap dispenser",
        train={"round": _dispenser("round"), "square": _dispenser("square")},
        test={"dome": _dispenser("dome")},
        **_ONLY,
    ),
    *variants(
        "toilet paper",
        train={"one": roll("plain", *_ROLL), "two": roll("stack", *_ROLL)},
        test={"stand": roll("stand", *_ROLL)},
        colours=("white",),
        **_SMALL,
    ),
    *variants(
        "towel",
        train={"one": _towels("one"), "stack": _towels("stack")},
        test={"folded": _towels("folded")},
        **_SMALL,
    ),
)
"""What any room has."""

SMALL_THINGS: tuple[Family, ...] = (*TABLEWARE, *DESK_GOODS, *ROOM_GOODS, *TOOLS)
"""Everything that stands on something."""
