"""Fills a view with things: draws families and places, keeps what fits, drops what is hidden.

In: a view, the fixtures, what is allowed. Out: a World. Nothing interpenetrates, stacked things
rest on flat tops that hold them, every thing is visible enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.placement import (
    base,
    clearance_m,
    gap_m,
    make_gripper,
    top_surface,
)
from deepsight_ros.synthesis.render import visible_fractions
from deepsight_ros.synthesis.shapes import Family, PartArrays, Parts, height_m, place
from deepsight_ros.synthesis.things import PALETTE, WALL_ID, Fixture, Material, Thing, World

Array = NDArray[np.float64]
Rng = np.random.Generator

_TRIES = 40
LAYOUTS = {"train": ("scatter", "cluster"), "test": ("rows", "ring")}
"""Rules by which places are drawn; the splits share none."""


@dataclass(frozen=True)
class Difficulty:
    """How crowded a world is (docs/semantics.md).

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


@dataclass(frozen=True, eq=False)
class View:
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


@dataclass(frozen=True, eq=False)
class Rectangle:
    centre_m: Array
    yaw_rad: float
    half_x_m: float
    half_y_m: float

    def holds(self, xy_m: Array, margin_m: float) -> bool:
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        x, y = np.array([[c, s], [-s, c]]) @ (xy_m - self.centre_m)
        return bool(abs(x) < self.half_x_m - margin_m and abs(y) < self.half_y_m - margin_m)


def jittered(rng: Rng, word: str, spread: float = 14.0) -> tuple[int, int, int]:
    level = rng.uniform(-spread, spread)
    rgb = np.clip(np.array(PALETTE[word]) + level + rng.uniform(-6, 6, 3), 8, 247)
    return int(rgb[0]), int(rgb[1]), int(rgb[2])


_Rule = Callable[[Family, Parts, float], "tuple[Array, str] | None"]
"""Where to put the parts of a family at a yaw: (position, id of what carries it), or nowhere."""


class Builder:
    """Adds things one by one where they fit, then drops those that are hidden too much."""

    def __init__(
        self,
        rng: Rng,
        level: Difficulty,
        families: tuple[Family, ...],
        split: str,
        view: View,
        range_m: tuple[float, float],
        fixtures: tuple[Fixture, ...],
    ) -> None:
        if split not in LAYOUTS:
            raise InvalidValueError(f"world: got split '{split}', expected train or test")
        self.rng, self.level, self.view = rng, level, view
        self.families = tuple(f for f in families if f.split == split)
        self.split, self.range_m, self.fixtures = split, range_m, fixtures
        self.layout = str(rng.choice(LAYOUTS[split]))
        self.allowed: Rectangle | None = None
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
        return Material(word, jittered(rng, word), pattern, rng.uniform(0.015, 0.06), 0.12)

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
