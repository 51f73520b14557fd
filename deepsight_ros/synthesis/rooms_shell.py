"""The shell of a room: floor, walls with doors and windows, ceiling; sizes in, Fixtures out.

The room's inside is 0 <= x <= length, 0 <= y <= width in M, the floor at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsight_ros.synthesis.builder import jittered
from deepsight_ros.synthesis.shapes import Part, Parts, box
from deepsight_ros.synthesis.things import SUPPORT_ID, WALL_ID, Fixture, Material
from deepsight_ros.synthesis.world_models import pick

Rng = np.random.Generator

THICK_M = 0.12
WALL_YAW_RAD = (0.0, np.pi / 2, np.pi, -np.pi / 2)
"""Yaw of a model whose back is to wall 0 (x = length), 1 (y = width), 2 (x = 0), 3 (y = 0)."""


@dataclass(frozen=True)
class Opening:
    """A door or window in a wall.

    Attributes:
        wall: 0-3, as in ``WALL_YAW_RAD``.
        at_m: its middle along the wall.
        width_m, low_m, high_m: its hole.
        is_door: reaches down to the floor and has a leaf unless it stands open.
        is_open: a door without a leaf in it.
    """

    wall: int
    at_m: float
    width_m: float
    low_m: float
    high_m: float
    is_door: bool
    is_open: bool = False


@dataclass(frozen=True)
class Shell:
    """Size of the room and the holes in its walls."""

    length_m: float
    width_m: float
    height_m: float
    openings: tuple[Opening, ...]

    def run_m(self, wall: int) -> float:
        """How long a wall is."""
        return self.width_m if wall % 2 == 0 else self.length_m

    def on_wall(self, wall: int, along_m: float, off_m: float) -> tuple[float, float]:
        """The point at a distance off a wall's inside."""
        if wall == 0:
            return self.length_m - off_m, along_m
        if wall == 1:
            return along_m, self.width_m - off_m
        return (off_m, along_m) if wall == 2 else (along_m, off_m)


def draw_shell(
    rng: Rng, length_m: float, width_m: float, *, doors: tuple[int, int], windows: tuple[int, int]
) -> Shell:
    """A room of that size with that range of doors and windows, none over another."""
    height = float(rng.uniform(2.35, 2.9))
    openings: list[Opening] = []
    wanted = [True] * int(rng.integers(doors[0], doors[1] + 1))
    wanted += [False] * int(rng.integers(windows[0], windows[1] + 1))
    shell = Shell(length_m, width_m, height, ())
    for is_door in wanted:
        for _ in range(8):
            wall = int(rng.integers(4))
            wide = float(rng.uniform(0.78, 0.95) if is_door else rng.uniform(0.8, 1.6))
            run = shell.run_m(wall)
            if run < wide + 0.4:
                continue
            at = float(rng.uniform(0.2 + wide / 2, run - 0.2 - wide / 2))
            if any(
                o.wall == wall and abs(o.at_m - at) < (o.width_m + wide) / 2 + 0.15
                for o in openings
            ):
                continue
            low, high = (
                (0.0, 2.05) if is_door else (rng.uniform(0.85, 1.05), rng.uniform(1.9, 2.2))
            )
            is_open = is_door and rng.random() < 0.25
            openings.append(Opening(wall, at, wide, float(low), float(high), is_door, is_open))
            break
    return Shell(length_m, width_m, height, tuple(openings))


def fixtures(shell: Shell, rng: Rng) -> tuple[Fixture, ...]:
    """Floor, walls, ceiling, door leaves and frames as fixed parts in M."""
    wall_word = pick(rng, ["white", "white", "grey", "yellow", "green", "blue"])
    wall_rgb = jittered(rng, wall_word)
    pale = tuple(int(0.6 * c + 0.4 * 235) for c in wall_rgb)
    wall = Material(
        wall_word,
        (pale[0], pale[1], pale[2]),
        pick(rng, ["plain", "plain", "speckle", "bricks", "tiles", "stripes", "cloud"]),
        float(rng.uniform(0.08, 0.25)),
        float(rng.uniform(0.03, 0.12)),
    )
    floor_word = pick(rng, ["brown", "brown", "grey", "white", "black"])
    floor = Material(
        floor_word,
        jittered(rng, floor_word),
        pick(rng, ["planks", "planks", "tiles", "checker", "fabric", "plain", "marble"]),
        float(rng.uniform(0.1, 0.35)),
        float(rng.uniform(0.08, 0.3)),
    )
    wood_word = pick(rng, ["brown", "white", "grey"])
    wood = Material(wood_word, jittered(rng, wood_word), "wood", 0.08, 0.15)
    x, y = shell.length_m, shell.width_m
    slab = box(x + 12, y + 12, 0.2, (x / 2, y / 2, -0.2))
    lid = box(x + 0.5, y + 0.5, 0.1, (x / 2, y / 2, shell.height_m))
    white = Material("white", jittered(rng, "white", 8.0))
    out = [Fixture(SUPPORT_ID, (slab,), floor), Fixture(WALL_ID, (lid,), white)]
    pieces: list[Part] = []
    trims: list[Part] = []
    for side in range(4):
        more, trim = _wall(shell, side)
        pieces += more
        trims += trim
    out.append(Fixture(WALL_ID, tuple(pieces), wall))
    if trims:
        out.append(Fixture(WALL_ID, tuple(trims), wood))
    return tuple(out)


def _piece(
    shell: Shell,
    side: int,
    low: float,
    high: float,
    z0: float,
    z1: float,
    off: float,
    thick: float,
) -> Part:
    """Part of a wall between two places along it; ``off`` from the inside outwards."""
    middle = shell.on_wall(side, (low + high) / 2, -off - thick / 2)
    size = (thick, high - low) if side % 2 == 0 else (high - low, thick)
    return box(size[0], size[1], z1 - z0, (middle[0], middle[1], z0))


def _wall(shell: Shell, side: int) -> tuple[Parts, list[Part]]:
    holes = sorted((o for o in shell.openings if o.wall == side), key=lambda o: o.at_m)
    start, run = -THICK_M, shell.run_m(side) + THICK_M
    walls: list[Part] = []
    trims: list[Part] = []
    for hole in holes:
        low, high = hole.at_m - hole.width_m / 2, hole.at_m + hole.width_m / 2
        walls.append(_piece(shell, side, start, low, 0, shell.height_m, 0.0, THICK_M))
        walls.append(_piece(shell, side, low, high, hole.high_m, shell.height_m, 0.0, THICK_M))
        if hole.low_m > 0:
            walls.append(_piece(shell, side, low, high, 0, hole.low_m, 0.0, THICK_M))
            middle = (low + high) / 2
            trims.append(
                _piece(
                    shell, side, middle - 0.02, middle + 0.02, hole.low_m, hole.high_m, 0.04, 0.03
                )
            )
        elif not hole.is_open:
            trims.append(_piece(shell, side, low, high, 0, hole.high_m, 0.04, 0.04))
        start = high
    walls.append(_piece(shell, side, start, run, 0, shell.height_m, 0.0, THICK_M))
    return tuple(walls), trims
