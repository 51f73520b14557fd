"""What carries the top of a table, a stool or a chair: sizes in, parts out."""

from __future__ import annotations

import numpy as np

from deepsight_ros.synthesis.shapes import Part, Parts, box, cylinder

Rng = np.random.Generator


def legs(rng: Rng, x: float, y: float, z: float) -> Parts:
    d = min(rng.uniform(0.035, 0.075), 0.2 * min(x, y))
    return tuple(
        box(d, d, z, (i * (x - d) / 2, j * (y - d) / 2, 0), 0.0, 0.8)
        for i in (-1, 1)
        for j in (-1, 1)
    )


def round_legs(rng: Rng, x: float, y: float, z: float) -> Parts:
    d, inset = min(rng.uniform(0.03, 0.06), 0.2 * min(x, y)), rng.uniform(0.72, 0.9)
    return tuple(
        cylinder(d, z, (i * (x * inset - d) / 2, j * (y * inset - d) / 2, 0), 0.8)
        for i in (-1, 1)
        for j in (-1, 1)
    )


def panels(rng: Rng, x: float, y: float, z: float) -> Parts:
    w, inset = rng.uniform(0.02, 0.05), rng.uniform(0.88, 1.0)
    return tuple(box(x * 0.94, w, z, (0, j * (y * inset - w) / 2, 0), 0.0, 0.85) for j in (-1, 1))


def pedestal(rng: Rng, x: float, y: float, z: float) -> Parts:
    least = min(x, y)
    return (
        cylinder(rng.uniform(0.12, 0.2) * least, z - 0.03, (0, 0, 0.03), 0.7),
        cylinder(rng.uniform(0.5, 0.7) * least, 0.03, (0, 0, 0), 0.7),
    )


def trestle(rng: Rng, x: float, y: float, z: float) -> Parts:
    w, at = rng.uniform(0.05, 0.08), y * rng.uniform(0.3, 0.36)
    feet = tuple(box(x * 0.8, w, 0.05, (0, j * at, 0), 0.0, 0.7) for j in (-1, 1))
    posts = tuple(box(0.14 * x, w, z - 0.05, (0, j * at, 0.05), 0.0, 0.8) for j in (-1, 1))
    return (*feet, *posts, box(0.05, 2 * at, 0.09, (0, 0, z * 0.45), 0.0, 0.75))


def drawers(rng: Rng, x: float, y: float, z: float) -> Parts:
    w = min(0.45, y * 0.36)
    block = box(x * 0.94, w, z - 0.03, (0, (y - w) / 2, 0.03), 0.0, 0.9)
    fronts = tuple(
        box(0.015, w * 0.9, z * 0.24, (-x * 0.475, (y - w) / 2, z * (0.1 + 0.29 * i)), 0.0, 1.1)
        for i in range(3)
    )
    return (block, *fronts, box(x * 0.94, 0.03, z, (0, -(y - 0.03) / 2, 0), 0.0, 0.85))


def two_blocks(rng: Rng, x: float, y: float, z: float) -> Parts:
    w = min(0.42, y * 0.28)
    return tuple(box(x * 0.92, w, z, (0, j * (y - w) / 2, 0), 0.0, 0.9) for j in (-1, 1))


def solid(rng: Rng, x: float, y: float, z: float) -> Parts:
    return (box(x * 0.94, y * 0.97, z, (0, 0, 0), 0.0, 0.92),)


def low_shelf(rng: Rng, x: float, y: float, z: float) -> Parts:
    return (*legs(rng, x, y, z), box(x * 0.9, y * 0.9, 0.03, (0, 0, z * 0.25), 0.0, 0.85))


def sled(rng: Rng, x: float, y: float, z: float) -> Parts:
    d = 0.035
    out: list[Part] = []
    for j in (-1, 1):
        at = j * (y * 0.9 - d) / 2
        out.append(box(x * 0.9, d, d, (0, at, 0), 0.0, 0.6))
        out += [box(d, d, z - d, (i * (x * 0.9 - d) / 2, at, d), 0.0, 0.6) for i in (-1, 1)]
    return tuple(out)
