"""Things that lie on their side or lean: families of upright things in, families of such out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepsight_ros.synthesis.shapes import Family, Part, Parts
from deepsight_ros.synthesis.world_goods import SMALL_THINGS

Rng = np.random.Generator

_ROLLS = {
    "bottle",
    "can",
    "cup",
    "mug",
    "jar",
    "carton",
    "cracker box",
    "candle",
    "vase",
    "soap dispenser",
    "speaker",
    "toilet paper",
    "paint can",
    "package",
    "pitcher",
    "tool box",
    "bag",
}


def lay(parts: Parts) -> Parts:
    """The thing turned by a quarter about y so that its top points to +x, lying on the ground."""
    laid = []
    for p in parts:
        x, y, z = p.centre_m
        size, tilt = p.size_m, 0.0
        if p.kind == "box":
            size = (p.size_m[2], p.size_m[1], p.size_m[0])
        elif p.kind != "sphere":
            tilt = np.pi / 2
        laid.append(Part(p.kind, size, (z, y, -x), 0.0, p.tint, tilt))
    low = min(p.centre_m[2] - (p.size_m[2] if p.tilt_rad == 0 else p.size_m[0]) / 2 for p in laid)
    middle = (
        min(p.centre_m[0] - p.size_m[0] / 2 for p in laid)
        + max(p.centre_m[0] + p.size_m[0] / 2 for p in laid)
    ) / 2
    return tuple(
        Part(
            p.kind,
            p.size_m,
            (p.centre_m[0] - middle, p.centre_m[1], p.centre_m[2] - low),
            0.0,
            p.tint,
            p.tilt_rad,
        )
        for p in laid
    )


def _laid(make: Callable[[Rng], Parts]) -> Callable[[Rng], Parts]:
    def laid(rng: Rng) -> Parts:
        return lay(make(rng))

    return laid


def _can_lie(family: Family) -> bool:
    parts = family.make(np.random.default_rng(0))
    return family.label in _ROLLS and all(p.yaw_rad == 0 and p.tilt_rad == 0 for p in parts)


LYING: tuple[Family, ...] = tuple(
    Family(
        f"{f.name}.lying",
        f.label,
        f.split,
        _laid(f.make),
        flat_top=False,
        stackable=False,
        rests_on="table",
        colours=f.colours,
    )
    for f in SMALL_THINGS
    if _can_lie(f)
)
"""Things on their side."""


def _leaning(
    thick: tuple[float, float], wide: tuple[float, float], high: tuple[float, float]
) -> Callable[[Rng], Parts]:
    """A slab on its lower edge whose top tips to +x, where it touches what it leans on."""

    def make(rng: Rng) -> Parts:
        t, w, h = rng.uniform(*thick), rng.uniform(*wide), rng.uniform(*high)
        tilt = float(rng.uniform(0.12, 0.55))
        z = t / 2 * np.sin(tilt) + h / 2 * np.cos(tilt)
        return (Part("box", (t, w, h), (0.0, 0.0, float(z)), 0.0, 1.0, tilt),)

    return make


LEANING: tuple[Family, ...] = (
    Family("book.leaning", "book", "train", _leaning((0.015, 0.04), (0.13, 0.18), (0.18, 0.25))),
    Family("package.leaning", "package", "train", _leaning((0.03, 0.06), (0.08, 0.2), (0.1, 0.2))),
    Family(
        "board.leaning",
        "cutting board",
        "test",
        _leaning((0.012, 0.022), (0.18, 0.28), (0.2, 0.32)),
    ),
    Family("phone.leaning", "phone", "test", _leaning((0.008, 0.014), (0.07, 0.08), (0.14, 0.17))),
)
"""Slabs that lean on something; they are put against it, never stood free."""
