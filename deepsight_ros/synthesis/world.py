"""Generators: a seed in, a physically sane World out (tabletop with a gripper, furnished room).

The same seed always gives the same world. ``split`` chooses between disjoint sets of shape
families and of layout rules, so that ``test`` worlds hold nothing that ``train`` worlds do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.furniture import FURNITURE
from deepsight_ros.synthesis.household import HOUSEHOLD
from deepsight_ros.synthesis.placement import (
    base,
    clearance_m,
    gap_m,
    make_gripper,
    top_surface,
)
from deepsight_ros.synthesis.render import visible_fractions
from deepsight_ros.synthesis.shapes import Family, PartArrays, Parts, box, height_m, place
from deepsight_ros.synthesis.things import (
    FLOOR_ID,
    PALETTE,
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

_TRIES, _ATTEMPTS = 40, 20
LAYOUTS = {"train": ("scatter", "cluster"), "test": ("rows", "ring")}


@dataclass(frozen=True)
class Difficulty:
    """How crowded a world is (SEMANTICS.md, Simulated difficulty).

    Attributes:
        count: least and most objects.
        touching: share of objects that touch a neighbour.
        stacked: share of objects that stand on another.
        min_visible: every object's visible share of its unoccluded silhouette is at least this.
        gripper: probability that a gripper is in the world.
    """

    count: tuple[int, int] = (5, 12)
    touching: float = 0.20
    stacked: float = 0.15
    min_visible: float = 0.5
    gripper: float = 0.5


DIFFICULTIES = {
    "easy": Difficulty((3, 6), 0.0, 0.0, 0.9),
    "standard": Difficulty(),
    "hard": Difficulty((8, 16), 0.4, 0.3, 0.35),
}


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


def _table_builder(rng: Rng, level: Difficulty, split: str, size_px: tuple[int, int]) -> _Builder:
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
    builder = _Builder(rng, level, HOUSEHOLD, split, view, (0.42, 1.95), tuple(fixtures))
    builder.allowed = _Rectangle(middle, yaw, (far - near) / 2 - 0.02, half_y - 0.02)
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


def _room_builder(rng: Rng, level: Difficulty, split: str, size_px: tuple[int, int]) -> _Builder:
    pitch = np.deg2rad(rng.uniform(6, 24))
    view = _random_view(rng, rng.uniform(0.9, 1.5), pitch, size_px)
    back, side = rng.uniform(5.0, 7.0), rng.uniform(2.2, 4.0)
    fixtures = (
        replace(_floor(view, 0.0, rng), instance_id=SUPPORT_ID),
        *_walls(view, rng, back=back, side=side, low=0.0),
    )
    builder = _Builder(rng, level, FURNITURE, split, view, (1.1, 5.9), fixtures)
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


@dataclass(frozen=True, eq=False)
class _View:
    """Where the camera stands, and its ground frame (x ahead, y left) in M."""

    camera: Camera
    pose: RigidTransform
    yaw_rad: float

    def to_world(self, ahead_left_m: Array) -> Array:
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        rotated: Array = np.array([[c, -s], [s, c]]) @ ahead_left_m
        return rotated + self.pose.translation_m[:2]

    def project(self, points_m: Array) -> Array:
        """(N, 3) points in M to (N, 3) u, v, z."""
        local = self.pose.inverse().apply(points_m)
        z = local[:, 2]
        cam = self.camera
        return np.column_stack(
            [
                local[:, 0] / z * cam.fx_px + cam.cx_px,
                local[:, 1] / z * cam.fy_px + cam.cy_px,
                z,
            ]
        )


def _random_view(rng: Rng, height_m: float, pitch_rad: float, size_px: tuple[int, int]) -> _View:
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
    return _View(camera, look(at, yaw, pitch_rad, roll), yaw)


@dataclass(frozen=True, eq=False)
class _Rectangle:
    centre_m: Array
    yaw_rad: float
    half_x_m: float
    half_y_m: float

    def holds(self, xy_m: Array, margin_m: float) -> bool:
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        x, y = np.array([[c, s], [-s, c]]) @ (xy_m - self.centre_m)
        return bool(abs(x) < self.half_x_m - margin_m and abs(y) < self.half_y_m - margin_m)


def _jittered(rng: Rng, word: str, spread: float = 14.0) -> tuple[int, int, int]:
    level = rng.uniform(-spread, spread)
    rgb = np.clip(np.array(PALETTE[word]) + level + rng.uniform(-6, 6, 3), 8, 247)
    return int(rgb[0]), int(rgb[1]), int(rgb[2])


def _surface(rng: Rng, words: tuple[str, ...]) -> Material:
    word = str(rng.choice(words))
    pattern = str(rng.choice(["plain", "checker"]))
    return Material(word, _jittered(rng, word), pattern, rng.uniform(0.05, 0.4), 0.08)


def _floor(view: _View, z_m: float, rng: Rng) -> Fixture:
    at = view.pose.translation_m
    part = box(30.0, 30.0, 0.1, (at[0], at[1], z_m - 0.1), view.yaw_rad)
    return Fixture(FLOOR_ID, (part,), _surface(rng, ("brown", "grey", "white")))


def _walls(view: _View, rng: Rng, *, back: float, side: float, low: float) -> list[Fixture]:
    """A back wall and perhaps side walls, 2.6 m high from the floor at ``low``."""
    word = str(rng.choice(["white", "grey", "yellow"]))
    material = Material(word, _jittered(rng, word))
    c = view.to_world(np.array([back, 0.0]))
    yaw = view.yaw_rad + np.deg2rad(rng.uniform(-8, 8))
    parts: list[Parts] = [(box(0.1, 30.0, 2.6, (c[0], c[1], low), yaw),)]
    for sign in (-1, 1):
        if rng.random() < 0.5:
            c = view.to_world(np.array([0.0, sign * side]))
            parts.append((box(30.0, 0.1, 2.6, (c[0], c[1], low), yaw),))
    return [Fixture(WALL_ID, p, material) for p in parts]


_Rule = Callable[[Family, Parts, float], "tuple[Array, str] | None"]
"""Where to put the parts of a family at a yaw: (position, id of what carries it), or nowhere."""


class _Builder:
    """Adds things one by one where they fit, then drops those that are hidden too much."""

    def __init__(
        self,
        rng: Rng,
        level: Difficulty,
        families: tuple[Family, ...],
        split: str,
        view: _View,
        range_m: tuple[float, float],
        fixtures: tuple[Fixture, ...],
    ) -> None:
        if split not in LAYOUTS:
            raise InvalidValueError(f"world: got split '{split}', expected train or test")
        self.rng, self.level, self.view = rng, level, view
        self.families = tuple(f for f in families if f.split == split)
        self.split, self.range_m, self.fixtures = split, range_m, fixtures
        self.layout = str(rng.choice(LAYOUTS[split]))
        self.allowed: _Rectangle | None = None
        self.isolated_gap_m = 0.015
        self.cut_share = 0.05
        self.things: list[Thing] = []
        self.placed: list[PartArrays] = []
        self.flat: set[str] = set()
        self.gripper: RigidTransform | None = None
        self._obstacles = [
            place(f.parts, np.zeros(3), 0.0) for f in fixtures if f.instance_id == WALL_ID
        ]
        self._made = 0
        self._anchors = [self._spot() for _ in range(int(rng.integers(2, 4)))]

    def fill(self) -> bool:
        """Place free things, then touching, then stacked ones, until each share is there and
        each thing is visible enough; False when fewer than the least count fit.
        """
        wanted = int(self.rng.integers(self.level.count[0], self.level.count[1] + 1))
        stacked = int(self.rng.binomial(wanted, self.level.stacked))
        touching = int(self.rng.binomial(wanted, self.level.touching / 2))  # a pair counts twice
        for _ in range(5):
            missing = stacked - sum(bool(t.rests_on) for t in self.things)
            self._add(self._free, wanted - touching - stacked - len(self.things))
            self._add(self._touching, min(touching, wanted - missing - len(self.things)))
            self._add(self._stacked, min(missing, wanted - len(self.things)))
            self._add(self._free, self.level.count[0] - len(self.things))
            if not self._drop_hidden():
                break
        return len(self.things) >= self.level.count[0]

    def _spot(self) -> Array:
        """A point of M on the support, in view and in the wanted range."""
        height = self.view.pose.translation_m[2]
        low, high = max(self.range_m[0], height * 1.05), self.range_m[1]
        width = self.view.camera.width_px / self.view.camera.fx_px / 2
        for _ in range(200):
            reach = self.rng.uniform(low, high)
            ahead = np.sqrt(reach**2 - height**2)
            left = self.rng.uniform(-0.92, 0.92) * width * reach
            spot = self.view.to_world(np.array([ahead, left]))
            u, v, z = self.view.project(np.array([[spot[0], spot[1], 0.0]]))[0]
            cam = self.view.camera
            if z > 0 and 0.05 < u / cam.width_px < 0.95 and 0.08 < v / cam.height_px < 0.97:
                return spot
        return self.view.to_world(np.array([np.sqrt(max(high**2 - height**2, 0.1)) * 0.7, 0.0]))

    def _proposal(self) -> Array:
        """A spot by the layout rule."""
        rng = self.rng
        if self.layout == "scatter":
            return self._spot()
        anchor = self._anchors[int(rng.integers(len(self._anchors)))]
        span = 0.16 * (self.range_m[1] - self.range_m[0])
        if self.layout == "cluster":
            return anchor + rng.normal(0, span * 0.6, 2)
        if self.layout == "ring":
            angle, radius = rng.uniform(-np.pi, np.pi), span * rng.uniform(0.7, 1.3)
            return anchor + radius * np.array([np.cos(angle), np.sin(angle)])
        step = span * 0.55  # rows
        cell = np.array([rng.integers(-1, 2), rng.integers(-3, 4)]) * step
        c, s = np.cos(self.view.yaw_rad), np.sin(self.view.yaw_rad)
        offset: Array = np.array([[c, -s], [s, c]]) @ cell
        return self._anchors[0] + offset + rng.normal(0, 0.005, 2)

    def _material(self, family: Family) -> Material:
        rng = self.rng
        word = str(rng.choice(family.colours or tuple(PALETTE)))
        pattern = str(rng.choice(["plain", "plain", "stripes", "checker"]))
        return Material(word, _jittered(rng, word), pattern, rng.uniform(0.015, 0.06), 0.12)

    def _add(self, rule: _Rule, count: int) -> None:
        """Add ``count`` things that stand as ``rule`` says; fewer where they do not fit."""
        rng, tries = self.rng, _TRIES
        while count > 0 and tries > 0:
            tries -= 1
            family = self.families[int(rng.integers(len(self.families)))]
            parts, yaw = family.make(rng), rng.uniform(-np.pi, np.pi)
            found = rule(family, parts, yaw)
            if found is None:
                continue
            position, rests_on = found
            self._made += 1
            thing = Thing(
                f"o{self._made}",
                family.label,
                family.name,
                parts,
                (float(position[0]), float(position[1]), float(position[2])),
                yaw,
                self._material(family),
                rests_on,
            )
            self.things.append(thing)
            self.placed.append(thing.placed())
            if family.flat_top:
                self.flat.add(thing.id)
            count -= 1
            tries = _TRIES

    def _fits(self, parts: PartArrays, least_gap_m: float) -> bool:
        """In view, on the table, in range and clear of everything else."""
        reach = float(
            np.max(
                np.linalg.norm(parts.centre_m[:, :2] - parts.centre_m[0, :2], axis=1)
                + np.linalg.norm(parts.size_m[:, :2], axis=1) / 2
            )
        )
        if self.allowed is not None and not self.allowed.holds(parts.centre_m[0, :2], reach):
            return False
        low = parts.centre_m - parts.size_m / 2
        high = parts.centre_m + parts.size_m / 2
        corners = np.array(
            [[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=np.float64
        )
        points = low.min(0) + corners * (high.max(0) - low.min(0))
        away = np.linalg.norm(points - self.view.pose.translation_m, axis=1)
        if away.min() < self.range_m[0] - 0.05 or away.max() > self.range_m[1] + 0.6:
            return False
        pixels = self.view.project(points)
        cam = self.view.camera
        slack = 0.12 if self.rng.random() < self.cut_share else 0.0
        in_view = (
            pixels[:, 2].min() > 0.1
            and pixels[:, 0].min() > (0.01 - slack) * cam.width_px
            and pixels[:, 0].max() < (0.99 + slack) * cam.width_px
            and pixels[:, 1].min() > (0.01 - slack) * cam.height_px
            and pixels[:, 1].max() < (0.99 + slack) * cam.height_px
        )
        if not in_view:
            return False
        return clearance_m(parts, [*self.placed, *self._obstacles]) >= least_gap_m

    def _free(self, family: Family, parts: Parts, yaw: float) -> tuple[Array, str] | None:
        for attempt in range(6):  # a crowded layout falls back to anywhere
            spot = np.array([*(self._proposal() if attempt < 4 else self._spot()), 0.0])
            if self._fits(place(parts, spot, yaw), self.isolated_gap_m):
                return spot, ""
        return None

    def _touching(self, family: Family, parts: Parts, yaw: float) -> tuple[Array, str] | None:
        """Slide towards a thing that stands on the support until 0-2 mm are left."""
        grounded = [i for i, t in enumerate(self.things) if t.rests_on == ""]
        index = int(self.rng.choice(grounded)) if grounded else -1
        if index < 0:
            return None
        target = np.array(self.things[index].position_m)
        for _ in range(6):
            angle = self.rng.uniform(-np.pi, np.pi)
            heading = np.array([np.cos(angle), np.sin(angle), 0.0])
            near, far = 0.0, 3.0
            wanted = self.rng.uniform(0.0, 0.002)
            for _ in range(24):
                middle = (near + far) / 2
                at = place(parts, target + middle * heading, yaw)
                if gap_m(at, self.placed[index]) > wanted:
                    far = middle
                else:
                    near = middle
            spot = target + far * heading
            if self._fits(place(parts, spot, yaw), 0.0):
                return spot, ""
        return None

    def _stacked(self, family: Family, parts: Parts, yaw: float) -> tuple[Array, str] | None:
        """Put it on a flat top that holds its centre of mass and most of its base."""
        carrying = {t.rests_on for t in self.things}
        hosts = [t for t in self.things if t.id in self.flat and t.id not in carrying]
        if not hosts or not family.stackable:
            return None
        host = hosts[int(self.rng.integers(len(hosts)))]
        surface = top_surface(host.parts)
        centroid, reach = base(parts)
        if surface is None or reach > 1.3 * surface[2]:
            return None
        if height_m(parts) > 6 * surface[2] or host.top_m > 0.45 * self.range_m[1]:
            return None
        slack = max(surface[2] - reach, 0.1 * surface[2])
        angle, radius = self.rng.uniform(-np.pi, np.pi), slack * np.sqrt(self.rng.random())
        middle = place(host.parts, np.array(host.position_m), host.yaw_rad)
        top = int(np.argmax(middle.centre_m[:, 2] + middle.size_m[:, 2] / 2))
        c, s = np.cos(yaw), np.sin(yaw)
        shift: Array = np.array([[c, -s], [s, c]]) @ centroid
        xy = middle.centre_m[top, :2] - shift + radius * np.array([np.cos(angle), np.sin(angle)])
        spot = np.array([xy[0], xy[1], host.top_m])
        return (spot, host.id) if self._fits(place(parts, spot, yaw), 0.0) else None

    def _drop_hidden(self) -> bool:
        """Remove things hidden too much, with what stands on them; True when any went."""
        world = self.world("", "", 0)
        fractions = visible_fractions(world, world.camera.subsampled(4))
        bad = {
            t.id for t, f in zip(self.things, fractions, strict=True) if f < self.level.min_visible
        }
        if not bad:
            return False
        for thing in self.things:  # in order of placing: hosts come before what they carry
            if thing.rests_on in bad:
                bad.add(thing.id)
        keep = [i for i, t in enumerate(self.things) if t.id not in bad]
        self.things = [self.things[i] for i in keep]
        self.placed = [self.placed[i] for i in keep]
        return True

    def add_gripper(self) -> None:
        """A gripper in free air that hides nobody too much; none where it fits nowhere."""
        rng = self.rng
        for _ in range(40):
            spot = self._spot()
            down = bool(rng.random() < 0.5)
            at = np.array([spot[0], spot[1], rng.uniform(0.05, 0.25)])
            thing, pose = make_gripper(
                at, rng.uniform(-np.pi, np.pi), down=down, opening_m=rng.uniform(0.05, 0.1)
            )
            parts = thing.placed()
            if (parts.centre_m[:, 2] - parts.size_m[:, 2] / 2).min() < 0.02:
                continue
            allowed, self.allowed = self.allowed, None
            fits = self._fits(parts, 0.01)
            self.allowed = allowed
            if not fits:
                continue
            self.things.append(thing)
            world = self.world("", "", 0)
            fractions = visible_fractions(world, world.camera.subsampled(4))
            if fractions.min() >= self.level.min_visible:
                self.placed.append(parts)
                self.gripper = pose
                return
            self.things.pop()

    def world(self, support: str, kind: str, seed: int) -> World:
        return World(
            tuple(self.things),
            self.fixtures,
            support,
            self.view.camera,
            self.view.pose,
            self.gripper,
            kind,
            self.layout,
            self.split,
            seed,
        )
