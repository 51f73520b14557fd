"""Generators: a seed in, a physically sane World out (tabletop with a gripper, furnished room).

The same seed always gives the same world. ``split`` chooses between disjoint sets of shape
families and of layout rules, so that ``test`` worlds hold nothing that ``train`` worlds do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.synthesis.builder import (
    DIFFICULTIES,
    Builder,
    Difficulty,
    Rectangle,
    View,
    jittered,
)
from deepsight_ros.synthesis.furniture import FURNITURE
from deepsight_ros.synthesis.household import HOUSEHOLD
from deepsight_ros.synthesis.shapes import Parts, box
from deepsight_ros.synthesis.things import (
    FLOOR_ID,
    SUPPORT_ID,
    WALL_ID,
    Fixture,
    Material,
    Thing,
    World,
    look,
)

Array = NDArray[np.float64]
Rng = np.random.Generator

__all__ = ["DIFFICULTIES", "Difficulty", "Thing", "World", "room", "tabletop"]

_ATTEMPTS = 20


def tabletop(
    seed: int,
    difficulty: str | Difficulty = "standard",
    *,
    split: str = "train",
    width_px: int = 640,
    height_px: int = 480,
    gripper: bool | None = None,
) -> World:
    """A table with objects 0.4-2 m from the camera; ``gripper`` forces one in or out."""
    rng = np.random.default_rng([seed, 1, split == "test"])
    level = _level(difficulty)
    for _ in range(_ATTEMPTS):
        builder = _table_builder(rng, level, split, (width_px, height_px))
        if builder.fill():
            break
    wanted = rng.random() < level.gripper if gripper is None else gripper
    if wanted:
        builder.add_gripper()
    return builder.world("table", "tabletop", seed)


def _table_builder(rng: Rng, level: Difficulty, split: str, size_px: tuple[int, int]) -> Builder:
    height = rng.uniform(0.35, 0.85)
    pitch = np.deg2rad(rng.uniform(22, 52))
    view = _random_view(rng, height, pitch, size_px)
    yaw = view.yaw_rad + np.deg2rad(rng.uniform(-20, 20))
    near, far = rng.uniform(-0.3, 0.15), rng.uniform(1.15, 2.3)
    half_y = rng.uniform(0.45, 0.9)
    drop = rng.uniform(0.68, 0.78)
    middle = view.to_world(np.array([(near + far) / 2, rng.uniform(-0.1, 0.1)]))
    slab = box(far - near, 2 * half_y, 0.035, (middle[0], middle[1], -0.035), yaw)
    fixtures = [
        Fixture(SUPPORT_ID, (slab,), _surface(rng, ("brown", "white", "grey", "black"))),
        _floor(view, -drop, rng),
        *_walls(view, rng, back=rng.uniform(2.6, 4.0), side=rng.uniform(1.5, 3.0), low=-drop),
    ]
    builder = Builder(rng, level, HOUSEHOLD, split, view, (0.42, 1.95), tuple(fixtures))
    builder.allowed = Rectangle(middle, yaw, (far - near) / 2 - 0.02, half_y - 0.02)
    return builder


def room(
    seed: int,
    difficulty: str | Difficulty = "standard",
    *,
    split: str = "train",
    width_px: int = 640,
    height_px: int = 480,
) -> World:
    """A furnished room: objects 1-6 m from the camera, standing on the floor."""
    rng = np.random.default_rng([seed, 2, split == "test"])
    level = _level(difficulty)
    for _ in range(_ATTEMPTS):
        builder = _room_builder(rng, level, split, (width_px, height_px))
        if builder.fill():
            break
    return builder.world("floor", "room", seed)


def _room_builder(rng: Rng, level: Difficulty, split: str, size_px: tuple[int, int]) -> Builder:
    pitch = np.deg2rad(rng.uniform(6, 24))
    view = _random_view(rng, rng.uniform(0.9, 1.5), pitch, size_px)
    back, side = rng.uniform(5.0, 7.0), rng.uniform(2.2, 4.0)
    fixtures = (
        replace(_floor(view, 0.0, rng), instance_id=SUPPORT_ID),
        *_walls(view, rng, back=back, side=side, low=0.0),
    )
    builder = Builder(rng, level, FURNITURE, split, view, (1.1, 5.9), fixtures)
    builder.isolated_gap_m = 0.06
    builder.cut_share = 0.3
    return builder


def _level(difficulty: str | Difficulty) -> Difficulty:
    if isinstance(difficulty, Difficulty):
        return difficulty
    if difficulty not in DIFFICULTIES:
        raise InvalidValueError(
            f"world: got difficulty '{difficulty}', expected one of {sorted(DIFFICULTIES)}"
        )
    return DIFFICULTIES[difficulty]


def _random_view(rng: Rng, height_m: float, pitch_rad: float, size_px: tuple[int, int]) -> View:
    width_px, height_px = size_px
    focal = rng.uniform(0.80, 0.97) * width_px
    camera = Camera(
        width_px,
        height_px,
        focal,
        focal,
        (width_px - 1) / 2 + rng.uniform(-4, 4),
        (height_px - 1) / 2 + rng.uniform(-4, 4),
        frame_id="camera_depth_optical_frame",
    )
    yaw = rng.uniform(-np.pi, np.pi)
    at = np.array([*rng.uniform(-2, 2, 2), height_m])
    roll = np.deg2rad(rng.uniform(-4, 4))
    return View(camera, look(at, yaw, pitch_rad, roll), yaw)


def _surface(rng: Rng, words: tuple[str, ...]) -> Material:
    word = str(rng.choice(words))
    pattern = str(rng.choice(["plain", "checker"]))
    return Material(word, jittered(rng, word), pattern, rng.uniform(0.05, 0.4), 0.08)


def _floor(view: View, z_m: float, rng: Rng) -> Fixture:
    at = view.pose.translation_m
    part = box(30.0, 30.0, 0.1, (at[0], at[1], z_m - 0.1), view.yaw_rad)
    return Fixture(FLOOR_ID, (part,), _surface(rng, ("brown", "grey", "white")))


def _walls(view: View, rng: Rng, *, back: float, side: float, low: float) -> list[Fixture]:
    """A back wall and perhaps side walls, 2.6 m high from the floor at ``low``."""
    word = str(rng.choice(["white", "grey", "yellow"]))
    material = Material(word, jittered(rng, word))
    c = view.to_world(np.array([back, 0.0]))
    yaw = view.yaw_rad + np.deg2rad(rng.uniform(-8, 8))
    parts: list[Parts] = [(box(0.1, 30.0, 2.6, (c[0], c[1], low), yaw),)]
    for sign in (-1, 1):
        if rng.random() < 0.5:
            c = view.to_world(np.array([0.0, sign * side]))
            parts.append((box(30.0, 0.1, 2.6, (c[0], c[1], low), yaw),))
    return [Fixture(WALL_ID, p, material) for p in parts]
