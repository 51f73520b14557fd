"""Tables for reasoning tasks: a seed in; a world of differently named things, or three alike, out.

Held-out shape families of the procedural world (split "test"), placed by rules of their own: free
things at least 4 cm apart, one thing stacked on another in every third world, or three cans in a
triangle or three blocks in a row whose regularity is drawn.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.synthesis.builder import jittered
from deepsight_ros.synthesis.household import HOUSEHOLD
from deepsight_ros.synthesis.placement import base, clearance_m, top_surface
from deepsight_ros.synthesis.shapes import Family, Parts, box, cylinder
from deepsight_ros.synthesis.things import (
    PALETTE,
    SUPPORT_ID,
    Fixture,
    Material,
    Thing,
    World,
    look,
)

Array = NDArray[np.float64]
Rng = np.random.Generator

LEAST_GAP_M = 0.04
_AHEAD_M, _LEFT_M = (0.55, 1.05), (-0.32, 0.32)
_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple")


def free_table(seed: int) -> World:
    """Five to seven things, each with a label of its own."""
    rng = np.random.default_rng([seed, 41])
    families = [f for f in HOUSEHOLD if f.split == "test"]
    things: list[Thing] = []
    wanted = int(rng.integers(5, 8))
    for k in rng.permutation(len(families)):
        family = families[int(k)]
        if len(things) == wanted or any(family.label == t.label for t in things):
            continue
        if len(things) == 2 and seed % 3 == 0:
            stacked = _on_another(rng, things, family, families)
            if stacked is not None:
                things.append(stacked)
                continue
        placed = _placed(rng, things, family.label, family.name, family.make(rng))
        if placed is not None:
            things.append(placed)
    return _world(rng, things, seed)


def figure_table(seed: int) -> World:
    """Three cans in a triangle (even seeds) or three blocks in a row (odd), and two others.

    One side of the triangle, or the middle of the row, is off by an amount that is drawn: a third
    of the worlds near the tolerance, the others on either side of it.
    """
    rng = np.random.default_rng([seed, 43])
    things: list[Thing] = []
    label = "block" if seed % 2 else "can"
    middle = np.array([rng.uniform(0.72, 0.88), rng.uniform(-0.06, 0.06)])
    corners = _row(rng, middle) if seed % 2 else _triangle(rng, middle)
    side, height = rng.uniform(0.05, 0.07), rng.uniform(0.06, 0.12)
    yaw = rng.uniform(-math.pi, math.pi)
    for corner in corners:
        parts: Parts = (
            (box(side, side, min(height, 0.07)),) if seed % 2 else (cylinder(side, height),)
        )
        things.append(_thing(rng, things, label, label, parts, corner, 0.0, yaw))
    others = [f for f in HOUSEHOLD if f.split == "test" and label not in f.label]
    for k in rng.permutation(len(others))[:2]:
        family = others[int(k)]
        placed = _placed(rng, things, family.label, family.name, family.make(rng))
        if placed is not None and all(placed.label != t.label for t in things):
            things.append(placed)
    return _world(rng, things, seed)


def _off(rng: Rng, tolerance_m: float) -> float:
    """An irregularity: at the tolerance, well below it, or well above."""
    kind = int(rng.integers(3))
    if kind == 0:
        return tolerance_m + rng.uniform(-0.001, 0.001)
    return rng.uniform(0.0, 0.001) if kind == 1 else tolerance_m + rng.uniform(0.055, 0.10)


def _triangle(rng: Rng, middle: Array) -> list[Array]:
    leg, apex = rng.uniform(0.24, 0.3), np.deg2rad(rng.uniform(50, 100))
    turn = rng.uniform(-math.pi, math.pi)
    longer = leg + _off(rng, 0.10 * leg / 0.90)
    ends = [
        reach * np.array([math.cos(turn + a), math.sin(turn + a)])
        for reach, a in ((leg, -apex / 2), (longer, apex / 2))
    ]
    corners = [np.zeros(2), *ends]
    centre = sum(corners) / 3
    return [middle + c - centre for c in corners]


def _row(rng: Rng, middle: Array) -> list[Array]:
    turn, half = rng.uniform(-math.pi, math.pi), rng.uniform(0.14, 0.18)
    along = np.array([math.cos(turn), math.sin(turn)])
    across = np.array([-along[1], along[0]])
    off = _off(rng, max(0.020, 0.10 * 2 * half))
    return [middle - half * along, middle + off * across, middle + half * along]


def _placed(rng: Rng, things: list[Thing], label: str, family: str, parts: Parts) -> Thing | None:
    others = [t.placed() for t in things]
    for _ in range(60):
        spot = np.array([rng.uniform(*_AHEAD_M), rng.uniform(*_LEFT_M)])
        made = _thing(rng, things, label, family, parts, spot, 0.0, rng.uniform(-math.pi, math.pi))
        if clearance_m(made.placed(), others) >= LEAST_GAP_M:
            return made
    return None


def _on_another(
    rng: Rng, things: list[Thing], family: Family, families: list[Family]
) -> Thing | None:
    """The family's thing on the first flat top that carries its base."""
    flat = {f.name for f in families if f.flat_top}
    parts = family.make(rng)
    for host in things:
        surface = top_surface(host.parts)
        if host.family not in flat or surface is None or not family.stackable:
            continue
        _, reach = base(parts)
        if reach > surface[2]:
            continue
        angle, radius = rng.uniform(-math.pi, math.pi), rng.uniform(0, surface[2] - 0.5 * reach)
        spot = np.array(host.position_m[:2]) + radius * np.array([np.cos(angle), np.sin(angle)])
        return _thing(
            rng, things, family.label, family.name, parts, spot, host.top_m, 0.0, host.id
        )
    return None


def _thing(
    rng: Rng,
    things: list[Thing],
    label: str,
    family: str,
    parts: Parts,
    spot: Array,
    z_m: float,
    yaw_rad: float,
    rests_on: str = "",
) -> Thing:
    colour = _COLOURS[int(rng.integers(len(_COLOURS)))]
    return Thing(
        f"o{len(things) + 1}",
        label,
        family,
        parts,
        (float(spot[0]), float(spot[1]), z_m),
        yaw_rad,
        Material(colour, jittered(rng, colour)),
        rests_on,
    )


def _world(rng: Rng, things: list[Thing], seed: int) -> World:
    focal = rng.uniform(540, 600)
    camera = Camera(640, 480, focal, focal, 319.5, 239.5, frame_id="camera_depth_optical_frame")
    height, pitch = rng.uniform(0.5, 0.7), np.deg2rad(rng.uniform(34, 42))
    pose = look(np.array([0.0, 0.0, height]), 0.0, float(pitch))
    slab = box(3.0, 3.0, 0.035, (1.2, 0.0, -0.035))
    table = Fixture(SUPPORT_ID, (slab,), Material("grey", PALETTE["grey"], "checker", 0.2, 0.08))
    return World(
        tuple(things), (table,), "table", camera, pose, None, "tabletop", "reasoning", "test", seed
    )
