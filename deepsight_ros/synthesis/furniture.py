"""Things that stand on floors: families of furniture with plausible sizes."""

from __future__ import annotations

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Parts, box, cone, cylinder, sphere

Rng = np.random.Generator


def _table(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.6, 0.9), rng.uniform(0.9, 1.6), rng.uniform(0.68, 0.78)
    top, leg = 0.04, 0.06
    legs = tuple(
        box(leg, leg, z - top, (i * (x - leg) / 2, j * (y - leg) / 2, 0), 0.0, 0.8)
        for i in (-1, 1)
        for j in (-1, 1)
    )
    return (box(x, y, top, (0, 0, z - top)), *legs)


def _table_round(rng: Rng) -> Parts:
    d, z = rng.uniform(0.7, 1.1), rng.uniform(0.68, 0.76)
    return (
        cylinder(d, 0.04, (0, 0, z - 0.04)),
        cylinder(0.1, z - 0.04, (0, 0, 0), 0.7),
        cylinder(d * 0.5, 0.03, (0, 0, 0), 0.7),
    )


def _coffee_table(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.45, 0.6), rng.uniform(0.8, 1.2), rng.uniform(0.35, 0.45)
    return (
        box(x, y, 0.05, (0, 0, z - 0.05)),
        box(x * 0.9, 0.05, z - 0.05, (0, y * 0.42, 0), 0.0, 0.8),
        box(x * 0.9, 0.05, z - 0.05, (0, -y * 0.42, 0), 0.0, 0.8),
    )


def _sofa(rng: Rng) -> Parts:
    x, y, seat = rng.uniform(0.8, 0.95), rng.uniform(1.4, 2.1), rng.uniform(0.4, 0.46)
    back, arm = rng.uniform(0.75, 0.9), rng.uniform(0.55, 0.65)
    return (
        box(x, y, seat),
        box(0.2, y, back, (x / 2 - 0.1, 0, 0)),
        box(x, 0.16, arm, (0, y / 2 - 0.08, 0)),
        box(x, 0.16, arm, (0, -y / 2 + 0.08, 0)),
    )


def _chair(rng: Rng) -> Parts:
    d, seat, back = rng.uniform(0.4, 0.48), rng.uniform(0.43, 0.48), rng.uniform(0.82, 0.98)
    leg = 0.04
    legs = tuple(
        box(leg, leg, seat - 0.05, (i * (d - leg) / 2, j * (d - leg) / 2, 0), 0.0, 0.8)
        for i in (-1, 1)
        for j in (-1, 1)
    )
    return (
        box(d, d, 0.05, (0, 0, seat - 0.05)),
        box(0.04, d, back - seat, (d / 2 - 0.02, 0, seat)),
        *legs,
    )


def _stool(rng: Rng) -> Parts:
    d, z = rng.uniform(0.3, 0.4), rng.uniform(0.45, 0.7)
    return (
        cylinder(d, 0.05, (0, 0, z - 0.05)),
        cylinder(0.07, z - 0.05, (0, 0, 0), 0.7),
        cylinder(d * 0.95, 0.03, (0, 0, 0), 0.7),
    )


def _armchair(rng: Rng) -> Parts:
    x, y, seat = rng.uniform(0.75, 0.9), rng.uniform(0.75, 0.95), rng.uniform(0.38, 0.44)
    return (
        box(x, y, seat),
        box(0.18, y, rng.uniform(0.8, 1.0), (x / 2 - 0.09, 0, 0)),
        box(x * 0.8, 0.14, seat + 0.18, (-0.05, y / 2 - 0.07, 0)),
        box(x * 0.8, 0.14, seat + 0.18, (-0.05, -y / 2 + 0.07, 0)),
    )


def _shelf(rng: Rng) -> Parts:
    """Two sides, a back and boards."""
    x, y, z = rng.uniform(0.28, 0.38), rng.uniform(0.6, 1.0), rng.uniform(1.2, 1.9)
    n = int(rng.integers(4, 6))
    boards = tuple(box(x, y, 0.025, (0, 0, i * (z - 0.025) / (n - 1))) for i in range(n))
    return (
        box(x, 0.025, z, (0, y / 2 - 0.0125, 0), 0.0, 0.9),
        box(x, 0.025, z, (0, -y / 2 + 0.0125, 0), 0.0, 0.9),
        box(0.015, y, z, (x / 2 - 0.0075, 0, 0), 0.0, 0.8),
        *boards,
    )


def _cabinet(rng: Rng) -> Parts:
    return (box(rng.uniform(0.4, 0.55), rng.uniform(0.6, 1.2), rng.uniform(0.7, 1.2)),)


def _wardrobe(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.55, 0.65), rng.uniform(0.9, 1.5), rng.uniform(1.8, 2.1)
    return box(x, y, z), box(x + 0.04, y + 0.04, 0.06, (0, 0, z), 0.0, 0.9)


def _bed(rng: Rng) -> Parts:
    x, y, z = rng.uniform(1.9, 2.1), rng.uniform(0.9, 1.6), rng.uniform(0.4, 0.55)
    return (
        box(x, y, z),
        box(0.06, y, rng.uniform(0.85, 1.1), (x / 2 - 0.03, 0, 0), 0.0, 0.8),
        box(0.4, y * 0.8, 0.12, (x / 2 - 0.3, 0, z), 0.0, 1.1),
    )


def _lamp(rng: Rng) -> Parts:
    z, d = rng.uniform(1.3, 1.7), rng.uniform(0.3, 0.42)
    return (
        cylinder(0.28, 0.03, (0, 0, 0), 0.6),
        cylinder(0.035, z, (0, 0, 0), 0.6),
        cone(d, 0.3, (0, 0, z - 0.1)),
    )


def _lamp_globe(rng: Rng) -> Parts:
    z, d = rng.uniform(1.0, 1.4), rng.uniform(0.25, 0.35)
    return (
        cylinder(0.26, 0.03, (0, 0, 0), 0.6),
        cylinder(0.035, z, (0, 0, 0), 0.6),
        sphere(d, (0, 0, z - 0.02)),
    )


def _bin(rng: Rng) -> Parts:
    return (cylinder(rng.uniform(0.22, 0.35), rng.uniform(0.3, 0.65)),)


def _bin_pedal(rng: Rng) -> Parts:
    d, z = rng.uniform(0.25, 0.32), rng.uniform(0.4, 0.6)
    return (
        cylinder(d, z),
        sphere(d * 0.96, (0, 0, z - d * 0.48), 0.9),
        box(0.08, 0.08, 0.03, (d / 2 + 0.02, 0, 0), 0.0, 0.7),
    )


def _box(rng: Rng) -> Parts:
    return (box(rng.uniform(0.3, 0.6), rng.uniform(0.25, 0.5), rng.uniform(0.2, 0.5)),)


def _crate(rng: Rng) -> Parts:
    """An open crate: floor and four walls."""
    x, y, z = rng.uniform(0.35, 0.6), rng.uniform(0.3, 0.45), rng.uniform(0.22, 0.35)
    w = 0.02
    return (
        box(x, y, w),
        box(w, y, z, ((x - w) / 2, 0, 0)),
        box(w, y, z, (-(x - w) / 2, 0, 0)),
        box(x, w, z, (0, (y - w) / 2, 0)),
        box(x, w, z, (0, -(y - w) / 2, 0)),
    )


def _suitcase(rng: Rng) -> Parts:
    x, y, z = rng.uniform(0.22, 0.3), rng.uniform(0.38, 0.48), rng.uniform(0.52, 0.7)
    return box(x, y, z), box(0.03, 0.2, 0.12, (x / 2 - 0.03, 0, z), 0.0, 0.6)


def _plant(rng: Rng) -> Parts:
    d, z, crown = rng.uniform(0.25, 0.35), rng.uniform(0.25, 0.35), rng.uniform(0.4, 0.6)
    return (
        cylinder(d, z, (0, 0, 0), 0.6),
        cylinder(0.05, 0.4, (0, 0, z), 0.5),
        sphere(crown, (0, 0, z + 0.2)),
    )


def _ball(rng: Rng) -> Parts:
    return (sphere(rng.uniform(0.2, 0.65)),)


def _barrel(rng: Rng) -> Parts:
    d, z = rng.uniform(0.45, 0.6), rng.uniform(0.7, 0.9)
    return cylinder(d, z), cylinder(d * 1.04, 0.04, (0, 0, z * 0.5), 0.9)


def _nightstand(rng: Rng) -> Parts:
    d = rng.uniform(0.38, 0.48)
    return (box(d, d * rng.uniform(0.9, 1.2), rng.uniform(0.45, 0.6)),)


_WOOD = ("brown", "white", "black", "grey")

FURNITURE: tuple[Family, ...] = (
    Family("table_four_legs", "table", "train", _table, True, False, "floor", _WOOD),
    Family("table_round", "table", "test", _table_round, True, False, "floor", _WOOD),
    Family("coffee_table", "coffee table", "test", _coffee_table, True, False, "floor", _WOOD),
    Family("sofa", "sofa", "train", _sofa, False, False, "floor"),
    Family("armchair", "armchair", "test", _armchair, False, False, "floor"),
    Family("chair", "chair", "train", _chair, False, False, "floor"),
    Family("stool", "stool", "test", _stool, True, False, "floor"),
    Family("shelf", "shelf", "train", _shelf, False, False, "floor", _WOOD),
    Family("cabinet", "cabinet", "train", _cabinet, True, False, "floor", _WOOD),
    Family("wardrobe", "wardrobe", "test", _wardrobe, False, False, "floor", _WOOD),
    Family("bed", "bed", "train", _bed, False, False, "floor"),
    Family("lamp_shade", "lamp", "train", _lamp, False, False, "floor"),
    Family("lamp_globe", "lamp", "test", _lamp_globe, False, False, "floor"),
    Family("bin_round", "bin", "train", _bin, True, True, "floor"),
    Family("bin_pedal", "bin", "test", _bin_pedal, False, False, "floor"),
    Family("carton", "box", "train", _box, True, True, "floor", ("brown", "white", "yellow")),
    Family("crate", "crate", "test", _crate, False, True, "floor"),
    Family("suitcase", "suitcase", "test", _suitcase, False, True, "floor"),
    Family("plant", "plant", "train", _plant, False, False, "floor", ("green",)),
    Family("ball_large", "ball", "train", _ball, False, False, "floor"),
    Family("barrel", "barrel", "test", _barrel, True, False, "floor"),
    Family("nightstand", "nightstand", "train", _nightstand, True, False, "floor", _WOOD),
)
"""Every floor-standing family."""
