"""Tables, bins, drawers, shelves and floors full of things: kind, seed and split in, a World out.

M: z = 0 on the surface the things stand on (for shelves: on the floor below).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.builder import jittered
from deepsight_ros.synthesis.rooms import small_things
from deepsight_ros.synthesis.rooms_layouts import families_of
from deepsight_ros.synthesis.scenery import arrays_of
from deepsight_ros.synthesis.shapes import Family, Part, Parts, box, cylinder
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
from deepsight_ros.synthesis.world_arm import make_manipulator
from deepsight_ros.synthesis.world_models import Model, instance, pick
from deepsight_ros.synthesis.world_poses import LEANING, LYING
from deepsight_ros.synthesis.world_space import footprints
from deepsight_ros.synthesis.world_stage import Placed, Stage, keep_visible

F64 = NDArray[np.float64]
Rng = np.random.Generator

RULES = {"train": ("scatter", "cluster"), "test": ("rows", "ring")}
"""How free things are spread; the splits share none."""
_ATTEMPTS = 12
_GLASS = {"cup", "bottle", "jar", "vase", "pitcher", "bowl"}


@dataclass(frozen=True)
class Crowd:
    """How full a place is, and of what.

    Attributes:
        count: least and most things.
        stacked, touching, nested, lying, leaning: shares of things placed so.
        glass: share of things of glass, which depth cameras see little of.
        arm: probability that the robot's hand is in view.
        least_visible: every thing's least visible share.
    """

    count: tuple[int, int]
    stacked: float
    touching: float
    nested: float = 0.0
    lying: float = 0.0
    leaning: float = 0.0
    glass: float = 0.0
    arm: float = 0.4
    least_visible: float = 0.5


CROWDS = {
    "table": Crowd((5, 13), 0.15, 0.14, 0.06),
    "clutter": Crowd((8, 40), 0.2, 0.3, 0.1, 0.15, 0.06, 0.08, 0.35, 0.25),
    "bin": Crowd((3, 40), 0.3, 0.15, 0.05, 0.3, 0.06, 0.06, 0.3, 0.25),
    "drawer": Crowd((2, 25), 0.1, 0.2, 0.05, 0.3, 0.0, 0.04, 0.2, 0.25),
    "shelf": Crowd((4, 25), 0.1, 0.2, 0.05, 0.1, 0.0, 0.06, 0.2, 0.25),
    "floor": Crowd((1, 20), 0.12, 0.15, 0.08, 0.15, 0.04, 0.03, 0.1, 0.3),
}
"""Kind of place -> its crowd. ``table`` has upright things only, as scene files do."""


def crowded(
    kind: str, seed: int, *, split: str = "train", width_px: int = 640, height_px: int = 480
) -> World:
    """A world of that kind.

    Raises:
        InvalidValueError: no such kind or split.
    """
    if kind not in CROWDS or split not in RULES:
        raise InvalidValueError(
            f"crowded world: got kind '{kind}' of split '{split}', expected one of "
            f"{sorted(CROWDS)} of train or test"
        )
    rng = np.random.default_rng([seed, 60 + sorted(CROWDS).index(kind), split == "test"])
    for _ in range(_ATTEMPTS):
        world = _Crowding(kind, rng, split, (width_px, height_px), seed).make()
        if world is not None:
            return world
    raise InvalidValueError(f"crowded world: no good {kind} for seed {seed}; use another seed")


class _Crowding:
    """One attempt at one world."""

    def __init__(
        self, kind: str, rng: Rng, split: str, size_px: tuple[int, int], seed: int
    ) -> None:
        self.kind, self.rng, self.split, self.size_px, self.seed = kind, rng, split, size_px, seed
        self.crowd = CROWDS[kind]
        self.layout = pick(rng, RULES[split])
        self.hosts: list[Placed] = []
        self.label = "floor" if kind in ("floor", "shelf") else "table"
        self.fixed: list[Fixture] = []
        getattr(self, f"_{kind}")()
        table = self.stage.limits_m
        self.middle = np.array([(table[0] + table[1]) / 2, (table[2] + table[3]) / 2])
        self.half = np.array([table[1] - table[0], table[3] - table[2]]) / 2
        self.anchors = self.middle + rng.uniform(-0.6, 0.6, (3, 2)) * self.half

    def make(self) -> World | None:
        rng, crowd = self.rng, self.crowd
        low, high = crowd.count
        skew = 1.0 if self.kind in ("table", "bin") else 1.3
        wanted = low + int((high - low + 1) * rng.random() ** skew)
        wanted = min(wanted, high)
        for _ in range(2 * wanted):
            if len(self.stage.placed) < wanted:
                self._one()
        pose = self._view()
        camera = self._intrinsics()
        things = tuple(self._glass(t) for t in self.stage.things())
        light = rng.normal(0, 0.4, 3) + np.array([0.0, 0.0, 1.0])
        light /= np.linalg.norm(light)
        world = World(
            things,
            tuple(self.fixed),
            self.label,
            camera,
            pose,
            None,
            self.kind,
            self.layout,
            self.split,
            self.seed,
            (),
            tuple(float(v) for v in light),
        )
        scale = self.size_px[0] * self.size_px[1] / (320 * 240)
        step = max(self.size_px[0] // 107, 1)
        least = self.crowd.least_visible
        world, picture = keep_visible(world, least, round(40 * scale), step)
        if (picture.depth_m < 0.22).mean() > 0.2 or len(world.things) < min(low, 3):
            return None
        if rng.random() < crowd.arm:
            world = self._with_arm(world, step)
        return world

    # -- places ---------------------------------------------------------------------------------

    def _material(self, words: tuple[str, ...], patterns: tuple[str, ...]) -> Material:
        rng = self.rng
        word = pick(rng, words)
        pattern = pick(rng, patterns)
        return Material(
            word,
            jittered(rng, word),
            pattern,
            float(rng.uniform(0.03, 0.2)),
            float(rng.uniform(0.05, 0.3)),
        )

    def _backdrop(self, drop_m: float, span_m: float) -> None:
        """A floor below and up to three walls around."""
        rng = self.rng
        floor = self._material(("brown", "grey", "white"), ("planks", "tiles", "plain", "fabric"))
        self.fixed.append(Fixture(FLOOR_ID, (box(14, 14, 0.1, (0, 0, -drop_m - 0.1)),), floor))
        wall = self._material(("white", "grey", "yellow", "green"), ("plain", "plain", "bricks"))
        pieces: list[Part] = []
        for side in range(4):
            if rng.random() < 0.6:
                a = side * np.pi / 2 + float(rng.normal(0, 0.1))
                away = span_m + float(rng.uniform(0.3, 2.0))
                at = (away * np.cos(a), away * np.sin(a), -drop_m)
                pieces.append(box(0.1, 12.0, 2.6, at, a))
        if pieces:
            self.fixed.append(Fixture(WALL_ID, tuple(pieces), wall))

    def _table(self) -> None:
        rng = self.rng
        x, y = float(rng.uniform(0.6, 1.1)), float(rng.uniform(0.8, 1.7))
        drop = float(rng.uniform(0.68, 0.78))
        look_of = self._material(
            ("brown", "white", "grey", "black", "brown"),
            ("wood", "wood", "plain", "fabric", "checker", "marble"),
        )
        legs: list[Part] = []
        if self.kind == "table" and self.split == "test" and rng.random() < 0.5:
            d = float(rng.uniform(0.9, 1.3))
            top: Parts = (cylinder(d, 0.03, (0, 0, -0.03)),)
            legs = [cylinder(0.14, drop - 0.03, (0, 0, -drop), 0.7)]
            x = y = d * 0.7
        else:
            top = (box(x, y, 0.035, (0, 0, -0.035)),)
            legs = [
                box(
                    0.06,
                    0.06,
                    drop - 0.035,
                    (i * (x / 2 - 0.05), j * (y / 2 - 0.05), -drop),
                    0,
                    0.8,
                )
                for i in (-1, 1)
                for j in (-1, 1)
            ]
        self.fixed.append(Fixture(SUPPORT_ID, (*top, *legs), look_of))
        self._backdrop(drop, max(x, y) / 2)
        edge = 0.01
        self.stage = Stage(
            self.rng, self.split, (-x / 2 + edge, x / 2 - edge, -y / 2 + edge, y / 2 - edge)
        )
        self.distance, self.pitch_deg = (0.5, 1.5), (16.0, 62.0)

    def _clutter(self) -> None:
        self._table()
        span = float(self.rng.uniform(0.2, 0.5))
        x0, x1, y0, y1 = self.stage.limits_m
        at = self.rng.uniform(-0.4, 0.4, 2) * [x1 - x0 - 2 * span, y1 - y0 - 2 * span]
        low, high = at - span, at + span
        self.stage.limits_m = (
            max(x0, float(low[0])),
            min(x1, float(high[0])),
            max(y0, float(low[1])),
            min(y1, float(high[1])),
        )
        self.distance = (0.45, 1.2)

    def _tub(self, x: float, y: float, z: float, wall: float) -> None:
        """A box open at the top, its bottom at z = 0, standing on a table."""
        inner = self._material(
            ("grey", "blue", "black", "white", "red", "brown"), ("plain", "plain", "wood")
        )
        sides = (
            box(wall, y, z + 0.01, ((x + wall) / 2, 0, -0.01)),
            box(wall, y, z + 0.01, (-(x + wall) / 2, 0, -0.01)),
            box(x + 2 * wall, wall, z + 0.01, (0, (y + wall) / 2, -0.01)),
            box(x + 2 * wall, wall, z + 0.01, (0, -(y + wall) / 2, -0.01)),
        )
        self.fixed.append(Fixture(SUPPORT_ID, (box(x, y, 0.01, (0, 0, -0.01)),), inner))
        self.fixed.append(Fixture(WALL_ID, sides, inner))
        under = self._material(("brown", "white", "grey"), ("wood", "plain", "tiles"))
        self.fixed.append(Fixture(FLOOR_ID, (box(1.4, 1.8, 0.04, (0, 0, -0.05)),), under))
        self._backdrop(0.8, 0.9)
        self.stage = Stage(
            self.rng, self.split, (-x / 2 + 0.002, x / 2 - 0.002, -y / 2 + 0.002, y / 2 - 0.002)
        )

    def _bin(self) -> None:
        rng = self.rng
        x, y = float(rng.uniform(0.28, 0.5)), float(rng.uniform(0.35, 0.65))
        self._tub(x, y, float(rng.uniform(0.1, 0.32)), float(rng.uniform(0.005, 0.03)))
        self.distance, self.pitch_deg = (0.5, 1.1), (45.0, 86.0)

    def _drawer(self) -> None:
        rng = self.rng
        x, y = float(rng.uniform(0.38, 0.55)), float(rng.uniform(0.35, 0.8))
        z = float(rng.uniform(0.07, 0.14))
        self._tub(x, y, z, 0.016)
        body = self._material(("brown", "white", "grey"), ("wood", "plain"))
        low = box(x * 0.8, y + 0.04, 0.9, (x * 0.95 + 0.016, 0, -0.9 + z + 0.02))
        self.fixed.append(Fixture(WALL_ID, (low,), body))
        for _ in range(int(rng.integers(0, 3))):  # partitions
            at = float(rng.uniform(-0.35, 0.35)) * y
            part = box(x, 0.008, z * 0.8, (0, at, 0))
            self.fixed.append(Fixture(WALL_ID, (part,), body))
            from_above = _footprint((part,))
            self.stage.space.add(from_above)
        self.distance, self.pitch_deg = (0.45, 1.0), (40.0, 80.0)

    def _shelf(self) -> None:
        families = tuple(
            f
            for f in families_of(("shelf", "tv stand"), self.split)
            if f.label == "shelf" or f.name in ("tv_stand.open", "tv_stand.grid")
        )
        model = instance(families[int(self.rng.integers(len(families)))], self.rng)
        look_of = self._material(("brown", "white", "black", "grey"), ("wood", "wood", "plain"))
        boards = tuple(p for p in model.parts if p.size_m[2] < 0.05 and min(p.size_m[:2]) > 0.15)
        rest = tuple(p for p in model.parts if p not in boards)
        self.fixed.append(Fixture(SUPPORT_ID, boards, look_of))
        self.fixed.append(Fixture(WALL_ID, rest, look_of))
        back = self._material(("white", "grey", "yellow", "green"), ("plain", "bricks", "stripes"))
        behind = box(0.1, 10, 2.7, (float(model.high_m[0]) + 0.08, 0, 0))
        self.fixed.append(Fixture(WALL_ID, (behind,), back))
        floor = self._material(("brown", "grey", "white"), ("planks", "tiles", "plain"))
        self.fixed.append(Fixture(FLOOR_ID, (box(12, 12, 0.1, (0, 0, -0.1)),), floor))
        reach = model.size_m[:2] / 2 + 0.05
        self.stage = Stage(
            self.rng,
            self.split,
            (-float(reach[0]), float(reach[0]), -float(reach[1]), float(reach[1])),
        )
        host = self.stage.put(model, 0.0, 0.0, 0.0)
        self.stage.placed.clear()
        if host is not None:
            self.hosts = [replace(host, id="fixture")]
        self.distance, self.pitch_deg = (0.6, 1.7), (-5.0, 30.0)

    def _floor(self) -> None:
        floor = self._material(
            ("brown", "grey", "white", "black"), ("planks", "tiles", "plain", "fabric", "checker")
        )
        self.fixed.append(Fixture(SUPPORT_ID, (box(14, 14, 0.1, (0, 0, -0.1)),), floor))
        self._backdrop(0.0, 1.2)
        self.fixed.pop(1)  # the floor is the support here
        self.stage = Stage(self.rng, self.split, (-0.9, 0.9, -1.0, 1.0))
        self.distance, self.pitch_deg = (0.9, 2.2), (14.0, 50.0)

    # -- things ---------------------------------------------------------------------------------

    def _draw(self, *, stackable: bool = False, lying: bool = False) -> Model:
        rng = self.rng
        if lying:
            families: tuple[Family, ...] = _of_split(LYING)[self.split]
        elif self.kind == "floor" and rng.random() < 0.45:
            families = families_of(
                ("box", "crate", "suitcase", "bin", "plant", "stool"), self.split
            )
        elif self.kind == "drawer":
            families = small_things(_IN_DRAWERS, self.split)
        else:
            families = small_things((), self.split)
        if self.kind in ("bin", "drawer", "shelf"):  # nothing that would not go in
            for _ in range(3):
                model = self.stage.draw(families)
                if model.size_m[:2].max() < 0.9 * self.half.min():
                    return model
        for _ in range(6 if stackable else 0):
            model = self.stage.draw(families)
            if model.family.stackable:
                return model
        return self.stage.draw(families)

    def _one(self) -> None:
        """One more thing, in one of the ways the crowd asks for."""
        crowd, draw = self.crowd, self.rng.random()
        for share, way in (
            (crowd.stacked, self._stack),
            (crowd.touching, self._touch),
            (crowd.nested, self._nest),
            (crowd.leaning, self._lean),
        ):
            if draw < share:
                if way():
                    return
                break
            draw -= share
        lying = self.rng.random() < crowd.lying / max(1 - crowd.stacked - crowd.touching, 0.3)
        self._free(self._draw(lying=lying))

    def _free(self, model: Model) -> bool:
        if self.hosts:
            return self._on_board(model)
        for _ in range(6):
            spot = self._spot()
            yaw = float(self.rng.uniform(-np.pi, np.pi))
            if self.layout == "rows":
                yaw = float(self.rng.integers(4)) * np.pi / 2
            gap = 0.012 if self.kind == "table" else 0.001
            if self.stage.put(model, float(spot[0]), float(spot[1]), yaw, gap_m=gap) is not None:
                return True
        return False

    def _on_board(self, model: Model) -> bool:
        rng, host = self.rng, self.hosts[0]
        surfaces = host.model.surfaces
        for _ in range(5):
            surface = surfaces[int(rng.integers(len(surfaces)))]
            if self.layout == "rows":
                x, yaw = 0.0, float(rng.integers(4)) * np.pi / 2
            elif self.layout == "ring":
                x, yaw = pick(rng, [-0.8, 0.8]), float(rng.normal(0, 0.2))
            else:
                x, yaw = float(rng.uniform(-1, 1)), float(rng.normal(0, 0.5))
            y = float(rng.uniform(-1, 1))
            found = self.stage.put_on(
                host, surface, model, x * surface.half_x_m, y * surface.half_y_m, yaw
            )
            if found is not None:
                return True
        return False

    def _spot(self) -> F64:
        rng = self.rng
        if self.layout == "scatter":
            return self.middle + rng.uniform(-1, 1, 2) * self.half
        anchor = self.anchors[int(rng.integers(3))]
        if self.layout == "cluster":
            return anchor + rng.normal(0, 0.13, 2)
        if self.layout == "ring":
            a, r = rng.uniform(-np.pi, np.pi), rng.uniform(0.1, 0.24)
            return anchor + r * np.array([np.cos(a), np.sin(a)])
        cell = np.array([rng.integers(-2, 3), rng.integers(-3, 4)]) * 0.14
        return self.anchors[0] + cell + rng.normal(0, 0.004, 2)

    def _stack(self) -> bool:
        """Something that holds on the flat top of another."""
        rng = self.rng
        tops = [
            (p, s)
            for p in self.stage.placed
            for s in p.model.surfaces[:3]
            if abs(s.z_m - float(p.model.size_m[2])) < 1e-6 and s.half_x_m + s.half_y_m > 0.06
        ]
        for _ in range(12 if tops else 0):
            host, surface = tops[int(rng.integers(len(tops)))]
            model = self._draw(stackable=True)
            room = min(surface.half_x_m, surface.half_y_m)
            x0, x1, y0, y1 = model.base_m
            if max(x1 - x0, y1 - y0) > 2.2 * room or model.size_m[2] > 6 * room:
                continue
            turn = float(rng.integers(4)) * np.pi / 2 + float(rng.normal(0, 0.3))
            x, y = (float(v) for v in rng.uniform(-1, 1, 2))
            at = x * surface.half_x_m, y * surface.half_y_m
            if self.stage.put_on(host, surface, model, *at, turn, gap_m=0.0, overhang=0.12):
                return True
        return False

    def _touch(self) -> bool:
        rng, placed = self.rng, self.stage.placed
        for _ in range(6 if placed else 0):
            other = placed[int(rng.integers(len(placed)))]
            if other.rests_on:
                continue
            if self.stage.beside(other, self._draw(), float(rng.uniform(0.0, 0.002))) is not None:
                return True
        return False

    def _nest(self) -> bool:
        """Something inside a hollow thing."""
        rng = self.rng
        hollow = [
            p
            for p in self.stage.placed
            if p.model.surfaces and p.model.surfaces[0].z_m < 0.6 * float(p.model.size_m[2])
        ]
        if not hollow:
            return False
        host = hollow[int(rng.integers(len(hollow)))]
        for _ in range(10):
            model, surface = self._draw(), host.model.surfaces[0]
            if model.size_m[:2].max() > 2.8 * min(surface.half_x_m, surface.half_y_m):
                continue
            x, y = (float(v) for v in rng.uniform(-0.8, 0.8, 2))
            at = x * surface.half_x_m, y * surface.half_y_m
            turn = float(rng.uniform(-np.pi, np.pi))
            if self.stage.put_on(host, surface, model, *at, turn, gap_m=0.001) is not None:
                return True
        return False

    def _lean(self) -> bool:
        """A slab against the flat side of a box, or of the bin."""
        rng = self.rng
        families = _of_split(LEANING)[self.split]
        model = self.stage.draw(families)
        high = float(model.arrays.size_m[0, 2] * np.cos(model.parts[0].tilt_rad))
        hosts = [
            p
            for p in self.stage.placed
            if not p.rests_on
            and len(p.model.parts) == 1
            and p.model.parts[0].kind == "box"
            and p.model.parts[0].tilt_rad == 0
            and p.model.size_m[2] > high
        ]
        for _ in range(4 if hosts else 0):
            host = hosts[int(rng.integers(len(hosts)))]
            turn = int(rng.integers(4))
            reach = host.model.high_m[turn % 2] + model.high_m[0] + 0.0005
            a = turn * np.pi / 2
            slide = float(rng.uniform(-0.4, 0.4)) * float(host.model.high_m[1 - turn % 2])
            away = np.array([-np.cos(a) * reach, -np.sin(a) * reach])
            away += slide * np.array([-np.sin(a), np.cos(a)])
            spot = host.to_world(float(away[0]), float(away[1]))
            yaw = host.yaw_rad + a
            if self.stage.put(model, float(spot[0]), float(spot[1]), yaw, gap_m=0.0) is not None:
                return True
        return False

    def _glass(self, thing: Thing) -> Thing:
        if thing.label in _GLASS and self.rng.random() < self.crowd.glass * 4:
            return replace(thing, material=replace(thing.material, transparent=True))
        return thing

    # -- camera and robot -------------------------------------------------------------------------

    def _intrinsics(self) -> Camera:
        width_px, height_px = self.size_px
        focal = float(self.rng.uniform(0.75, 1.0)) * width_px
        off = self.rng.uniform(-2, 2, 2) * width_px / 320
        return Camera(
            width_px,
            height_px,
            focal,
            focal,
            (width_px - 1) / 2 + float(off[0]),
            (height_px - 1) / 2 + float(off[1]),
            frame_id="camera_depth_optical_frame",
        )

    def _view(self) -> RigidTransform:
        rng = self.rng
        placed = self.stage.placed
        target = np.array([*self.middle, 0.05])
        if placed:
            spots = np.array([p.position_m for p in placed])
            target = 0.5 * target + 0.5 * spots[int(rng.integers(len(spots)))]
            if self.kind == "shelf":
                target = spots.mean(axis=0) + np.array([0.0, 0.0, 0.08])
        pitch = float(np.deg2rad(rng.uniform(*self.pitch_deg)))
        distance = float(rng.uniform(*self.distance))
        self.is_wrist = self.kind in ("table", "clutter", "bin") and rng.random() < 0.25
        if self.is_wrist:
            pitch, distance = float(np.deg2rad(rng.uniform(48, 84))), float(rng.uniform(0.32, 0.6))
        self.yaw = float(rng.uniform(-np.pi, np.pi))
        if self.kind in ("shelf", "drawer"):
            self.yaw = float(rng.normal(0, 0.35))
        forward = np.array(
            [
                np.cos(self.yaw) * np.cos(pitch),
                np.sin(self.yaw) * np.cos(pitch),
                -np.sin(pitch),
            ]
        )
        at = target - distance * forward
        at[2] = max(at[2], 0.15)
        roll = float(np.deg2rad(rng.normal(0, 3)))
        return look(at, self.yaw, pitch, roll)

    def _with_arm(self, world: World, step: int) -> World:
        """The world with the robot's hand in it, if it finds room and hides nothing too much."""
        rng = self.rng
        for _ in range(8):
            if self.is_wrist:
                at = world.world_from_camera.translation_m
                ahead = np.array([np.cos(self.yaw), np.sin(self.yaw)])
                off = float(rng.uniform(0.03, 0.1))
                tip = np.array([*(at[:2] + ahead * off), at[2] - float(rng.uniform(0.14, 0.24))])
                yaw, links = self.yaw + np.pi / 2 * float(rng.integers(2)), False
            else:
                spot = self._spot() if not self.hosts else self.middle - [0.35, 0.0]
                tip = np.array([spot[0], spot[1], float(rng.uniform(0.03, 0.3))])
                yaw, links = float(rng.uniform(-np.pi, np.pi)), rng.random() < 0.7
            body, frame = make_manipulator(rng, self.split, tip, yaw, links=links)
            table = footprints(body.placed()).table
            if not self.stage.space.fits(table, 0.006):
                continue
            more = replace(world, things=(*world.things, body), gripper=frame)
            kept, picture = keep_visible(more, self.crowd.least_visible, 40, step)
            if len(kept.things) == len(more.things) and (picture.depth_m < 0.1).mean() < 0.15:
                return more
        return world


_SPLITS: dict[int, dict[str, tuple[Family, ...]]] = {}


def _of_split(families: tuple[Family, ...]) -> dict[str, tuple[Family, ...]]:
    """Families by split, sorted out once."""
    if id(families) not in _SPLITS:
        _SPLITS[id(families)] = {
            split: tuple(f for f in families if f.split == split) for split in RULES
        }
    return _SPLITS[id(families)]


def _footprint(parts: Parts) -> F64:
    """Footprints of parts that are in M."""
    return footprints(arrays_of(parts)).table


_IN_DRAWERS = (
    "screwdriver",
    "wrench",
    "hammer",
    "tape",
    "phone",
    "remote",
    "clamp",
    "notebook",
    "book",
    "package",
    "candle",
    "cup",
    "plate",
    "bowl",
    "can",
    "mouse",
    "towel",
    "cube",
)
