"""Stage: puts models into a place by rules and keeps only what fits; out come Things.

Frame M: z up, the floor (or the surface things stand on) at z = 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.builder import jittered
from deepsight_ros.synthesis.raster import Picture, rasterise
from deepsight_ros.synthesis.scenery import Scenery, scenery
from deepsight_ros.synthesis.shapes import Family
from deepsight_ros.synthesis.things import PALETTE, WALL_ID, Fixture, Material, Thing, World
from deepsight_ros.synthesis.world_looks import looks_of
from deepsight_ros.synthesis.world_models import Model, Surface, instance
from deepsight_ros.synthesis.world_space import HIGH, Space, bounds

F64 = NDArray[np.float64]
Rng = np.random.Generator

ON_WALL = "wall"
"""``Thing.rests_on`` of what hangs on a wall."""
OUT_OF_VIEW = "out of view"
"""``Thing.rests_on`` of what stands on something that the camera does not see, which is then a
fixture and no thing: no question can be about it."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A model that stands somewhere.

    Attributes:
        id: of the thing.
        model: what.
        position_m: (3,) where its origin is, in M.
        yaw_rad: how it is turned.
        rests_on: id of what carries it, "" for the support, ``ON_WALL``.
        table: its footprints in M.
    """

    id: str
    model: Model
    position_m: F64
    yaw_rad: float
    rests_on: str
    table: F64

    def to_world(self, x_m: float, y_m: float) -> F64:
        """(2,) a point of the model's frame in M, seen from above."""
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        return self.position_m[:2] + np.array([c * x_m - s * y_m, s * x_m + c * y_m])

    @property
    def top_m(self) -> float:
        return float(self.table[:, HIGH].max())


class Stage:
    """Things are added one by one.

    Args:
        rng: the only source of chance.
        split: which families may be used.
        limits_m: (x0, x1, y0, y1) that everything must keep inside of.
    """

    def __init__(self, rng: Rng, split: str, limits_m: tuple[float, float, float, float]) -> None:
        self.rng, self.split, self.limits_m = rng, split, limits_m
        self.space = Space()
        self.placed: list[Placed] = []
        self._made = 0

    def draw(self, families: tuple[Family, ...]) -> Model:
        """A random instance of one of the families."""
        return instance(families[int(self.rng.integers(len(families)))], self.rng)

    def put(
        self,
        model: Model,
        x_m: float,
        y_m: float,
        yaw_rad: float,
        *,
        z_m: float = 0.0,
        gap_m: float = 0.01,
        rests_on: str = "",
    ) -> Placed | None:
        """Put it there when it fits; None when it does not."""
        position = np.array([x_m, y_m, z_m])
        table = model.footprints.at(position, yaw_rad)
        if not self._within(model, x_m, y_m, table):
            return None
        if not self.space.fits(table, gap_m):
            return None
        self._made += 1
        item = Placed(f"o{self._made}", model, position, yaw_rad, rests_on, table)
        self.space.add(table)
        self.placed.append(item)
        return item

    def _within(self, model: Model, x_m: float, y_m: float, table: F64) -> bool:
        x0, x1, y0, y1 = self.limits_m
        far = model.reach_m
        if x0 <= x_m - far and x_m + far <= x1 and y0 <= y_m - far and y_m + far <= y1:
            return True  # however it is turned
        low_x, high_x, low_y, high_y = bounds(table)
        return low_x >= x0 and high_x <= x1 and low_y >= y0 and high_y <= y1

    def put_on(
        self,
        host: Placed,
        surface: Surface,
        model: Model,
        x_m: float,
        y_m: float,
        yaw_rad: float,
        *,
        gap_m: float = 0.003,
        overhang: float = 0.0,
    ) -> Placed | None:
        """Stand it on a surface of another, at a place in the surface's own axes."""
        if model.size_m[2] > surface.clearance_m - 0.008:
            return None
        c, s = abs(np.cos(yaw_rad)), abs(np.sin(yaw_rad))
        x0, x1, y0, y1 = model.base_m
        half_x, half_y = (x1 - x0) / 2, (y1 - y0) / 2
        need_x, need_y = c * half_x + s * half_y, s * half_x + c * half_y
        slack = 1.0 + overhang
        if need_x > surface.half_x_m * slack or need_y > surface.half_y_m * slack:
            return None
        room_x, room_y = surface.half_x_m - need_x, surface.half_y_m - need_y
        at_x = float(np.clip(x_m, -max(room_x, 0.0), max(room_x, 0.0)))
        at_y = float(np.clip(y_m, -max(room_y, 0.0), max(room_y, 0.0)))
        # the middle of the base goes to that place
        turn = yaw_rad
        mid_x, mid_y = (x0 + x1) / 2, (y0 + y1) / 2
        at_x -= np.cos(turn) * mid_x - np.sin(turn) * mid_y
        at_y -= np.sin(turn) * mid_x + np.cos(turn) * mid_y
        cs, ss = np.cos(surface.yaw_rad), np.sin(surface.yaw_rad)
        spot = host.to_world(
            surface.x_m + cs * at_x - ss * at_y, surface.y_m + ss * at_x + cs * at_y
        )
        return self.put(
            model,
            float(spot[0]),
            float(spot[1]),
            host.yaw_rad + surface.yaw_rad + yaw_rad,
            z_m=float(host.position_m[2]) + surface.z_m,
            gap_m=gap_m,
            rests_on=host.id,
        )

    def beside(self, other: Placed, model: Model, gap_m: float) -> Placed | None:
        """Stand it beside one that is there, on the same level, sides facing, at that gap."""
        low, high = other.model.low_m, other.model.high_m
        turn = float(self.rng.integers(4)) * np.pi / 2
        c, s = abs(np.cos(turn)), abs(np.sin(turn))
        half = model.size_m[:2] / 2
        half_x, half_y = c * half[0] + s * half[1], s * half[0] + c * half[1]
        middle, reach = (low + high)[:2] / 2, (high - low)[:2] / 2
        side = int(self.rng.integers(4))
        sign = 1.0 if side < 2 else -1.0
        slide = 0.0 if other.model.is_round else self.rng.uniform(-0.6, 0.6)
        if side % 2 == 0:
            at = middle + np.array([sign * (reach[0] + half_x + gap_m), slide * reach[1]])
        else:
            at = middle + np.array([slide * reach[0], sign * (reach[1] + half_y + gap_m)])
        centre = (model.low_m + model.high_m)[:2] / 2
        ct, st = np.cos(turn), np.sin(turn)
        at = at - np.array([ct * centre[0] - st * centre[1], st * centre[0] + ct * centre[1]])
        spot = other.to_world(float(at[0]), float(at[1]))
        return self.put(
            model,
            float(spot[0]),
            float(spot[1]),
            other.yaw_rad + turn,
            z_m=float(other.position_m[2]),
            gap_m=0.0,
            rests_on=other.rests_on,
        )

    def things(self) -> tuple[Thing, ...]:
        """What stands there now; alike models mostly look alike, as chairs of one table do."""
        looks: dict[int, Material] = {}
        for p in self.placed:
            if id(p.model) not in looks or self.rng.random() < 0.15:
                looks[id(p.model)] = material_for(p.model.family, self.rng)
        return tuple(
            Thing(
                p.id,
                p.model.family.label,
                p.model.family.name,
                p.model.parts,
                (float(p.position_m[0]), float(p.position_m[1]), float(p.position_m[2])),
                p.yaw_rad,
                looks[id(p.model)],
                p.rests_on,
            )
            for p in self.placed
        )


def material_for(family: Family, rng: Rng) -> Material:
    """A look that such a thing may have."""
    patterns, contrast = looks_of(family.label)
    words = family.colours or tuple(PALETTE)
    word = words[int(rng.integers(len(words)))]
    pattern = patterns[int(rng.integers(len(patterns)))]
    second = None
    if pattern == "label" or rng.random() < 0.15:
        second = jittered(rng, tuple(PALETTE)[int(rng.integers(len(PALETTE)))])
    fine = family.rests_on == "table"
    period = rng.uniform(0.012, 0.05) if fine else rng.uniform(0.04, 0.15)
    return Material(
        word, jittered(rng, word), pattern, float(period), float(rng.uniform(*contrast)), second
    )


def keep_visible(
    world: World, least: float, least_px: int, step: int = 4
) -> tuple[World, Picture]:
    """The world without things that its camera sees too little of, and what stands on those; with
    the small picture by which that was decided.

    Args:
        least: least visible share of what the thing would cover alone.
        least_px: least visible pixels of the whole picture.
    """
    camera = world.camera.subsampled(step)
    drawn: Scenery = scenery(world)
    picture: Picture = rasterise(drawn, camera, world.world_from_camera, colour=False)
    enough = max(least_px / step**2, 1.0)
    fine = (picture.visible >= least) & (picture.seen_px >= enough)
    kept = {t.id for t, ok in zip(world.things, fine, strict=True) if ok}
    hidden = {
        t.id
        for t, ok, alone in zip(world.things, fine, picture.alone_px, strict=True)
        if not ok and alone > 0
    }
    by_id = {t.id: t for t in world.things}

    def stands(thing: Thing) -> bool:
        while thing.rests_on in by_id:
            thing = by_id[thing.rests_on]
            if thing.id in hidden:
                return False
        return True

    kept = {i for i in kept if stands(by_id[i])}
    unseen: set[str] = set()  # what carries something in view and is itself out of view
    for thing_id in kept:
        thing = by_id[thing_id]
        while thing.rests_on in by_id:
            thing = by_id[thing.rests_on]
            if thing.id not in kept:
                unseen.add(thing.id)
    things = tuple(
        replace(t, rests_on=OUT_OF_VIEW) if t.rests_on in unseen else t
        for t in world.things
        if t.id in kept
    )
    built_in = tuple(_fixed(t) for t in world.things if t.id in unseen)
    return replace(world, things=things, fixtures=(*world.fixtures, *built_in)), picture


def _fixed(thing: Thing) -> Fixture:
    """The thing as part of the place."""
    arrays = thing.placed()
    tilt = np.zeros(len(arrays)) if arrays.tilt_rad is None else arrays.tilt_rad
    parts = tuple(
        replace(
            part,
            centre_m=(float(at[0]), float(at[1]), float(at[2])),
            yaw_rad=float(yaw),
            tilt_rad=float(lean),
        )
        for part, at, yaw, lean in zip(
            thing.parts, arrays.centre_m, arrays.yaw_rad, tilt, strict=True
        )
    )
    return Fixture(WALL_ID, parts, thing.material)
