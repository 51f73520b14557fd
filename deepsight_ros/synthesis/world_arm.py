"""The robot's own hand and arm in a world: where and how in, a Thing and its frame out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.shapes import Part, Parts, box, cylinder
from deepsight_ros.synthesis.things import Material, Thing

F64 = NDArray[np.float64]
Rng = np.random.Generator

STYLES = {"train": ("two_finger", "parallel"), "test": ("three_finger", "suction")}
"""Hands by split."""


def hand(rng: Rng, style: str) -> Parts:
    """A hand that points down, its tips (or its cup) at the origin, with its wrist above."""
    opening, palm = float(rng.uniform(0.05, 0.11)), float(rng.uniform(0.05, 0.08))
    finger = float(rng.uniform(0.045, 0.07))
    side = opening / 2 + 0.008
    if style == "two_finger":
        fingers: Parts = tuple(box(0.022, 0.016, finger, (0, j * side, 0)) for j in (-1, 1))
        body: Parts = (box(0.06, 2 * side + 0.04, palm, (0, 0, finger), 0.0, 1.3),)
    elif style == "parallel":
        fingers = tuple(
            part
            for j in (-1, 1)
            for part in (
                box(0.02, 0.012, finger, (0, j * side, 0)),
                box(0.035, 0.03, 0.03, (0, j * side, finger), 0.0, 0.7),
            )
        )
        body = (
            box(0.05, 0.17, 0.03, (0, 0, finger + 0.03), 0.0, 1.2),
            cylinder(0.09, palm, (0, 0, finger + 0.06), 1.2),
        )
        finger += 0.06
    elif style == "three_finger":
        turns = np.arange(3) * 2 * np.pi / 3
        fingers = tuple(
            box(0.018, 0.018, finger, (side * np.cos(a), side * np.sin(a), 0), float(a))
            for a in turns
        )
        body = (cylinder(2 * side + 0.03, palm, (0, 0, finger), 1.3),)
    else:
        fingers = (cylinder(0.04, 0.02), cylinder(0.015, finger, (0, 0, 0.02), 1.2))
        finger += 0.02
        body = (box(0.05, 0.05, palm, (0, 0, finger), 0.0, 1.3),)
    return (*fingers, *body, cylinder(0.06, 0.08, (0, 0, finger + palm), 0.8))


def arm(rng: Rng, wrist_m: float) -> Parts:
    """Links above a wrist at that height: a forearm up, an upper arm to -x, its shoulder."""
    up, out = float(rng.uniform(0.1, 0.28)), float(rng.uniform(0.3, 0.7))
    d = float(rng.uniform(0.07, 0.1))
    top = wrist_m + up
    links: list[Part] = [
        cylinder(d, up, (0, 0, wrist_m), 1.1),
        box(out, d, d, (-out / 2 + d / 2, 0, top), 0.0, 1.0),
        cylinder(d * 1.35, d * 1.3, (-out + d / 2, 0, top - d * 0.1), 0.8),
    ]
    return tuple(links)


def make_manipulator(
    rng: Rng, split: str, tip_m: F64, yaw_rad: float, *, links: bool
) -> tuple[Thing, RigidTransform]:
    """A hand pointing down with its tips at ``tip_m``, with or without the arm's links.

    Returns:
        The thing (``is_gripper``) and M from the gripper frame (heading +x = down).
    """
    style = STYLES[split][int(rng.integers(2))]
    parts = hand(rng, style)
    top = max(p.centre_m[2] + p.size_m[2] / 2 for p in parts)
    if links:
        parts = (*parts, *arm(rng, top))
    grey = int(rng.integers(30, 210))
    material = Material("grey" if grey > 80 else "black", (grey, grey, grey + 4))
    turn = np.array(
        [
            [np.cos(yaw_rad), -np.sin(yaw_rad), 0],
            [np.sin(yaw_rad), np.cos(yaw_rad), 0],
            [0, 0, 1],
        ]
    )
    down = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    thing = Thing(
        "gripper",
        "gripper",
        f"manipulator.{style}{'.arm' if links else ''}",
        parts,
        (float(tip_m[0]), float(tip_m[1]), float(tip_m[2])),
        yaw_rad,
        material,
        is_gripper=True,
    )
    return thing, RigidTransform(turn @ down, np.asarray(tip_m, dtype=np.float64))
