"""Seed and kind of task in; frames of a robot doing it, with exact truth, out.

    reach, keep_away: the gripper comes to a thing (and goes again)
    push: the gripper comes to a thing and shoves it along
    place: the gripper takes a thing from above, carries it over another, sets it down and leaves

The camera is fixed. Things that do not move are rendered once. See `synthesis.simulation`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.synthesis.placement import clearance_m, make_gripper, top_surface
from deepsight_ros.synthesis.render import Rendering, render
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.simulation import SimulatedFrame, Simulation, draw_onto
from deepsight_ros.synthesis.things import Thing, World
from deepsight_ros.synthesis.world import Difficulty, tabletop

Array = NDArray[np.float64]

KINDS = ("reach", "place", "push", "keep_away")
PUSH_M = 0.12
"""How far a thing is pushed."""
LIFT_M = 0.10
"""Clearance of a carried thing above what it passes."""
_LARGEST_GRIP_M = 0.075
"""Widest thing the gripper takes."""
_SEEDS_TRIED = 400


@dataclass(frozen=True, eq=False)
class Episode:
    """A task and the frames of a robot that does it.

    Attributes:
        kind: of ``KINDS``.
        seed: it was asked for.
        subject_id, target_id: things of the task; "" where it is the gripper's own.
        direction: "left" or "right", of push.
        by_m: how far the thing goes that way, of push.
        frames: as the camera sees them.
    """

    kind: str
    seed: int
    subject_id: str
    target_id: str
    direction: str
    by_m: float
    frames: Iterator[SimulatedFrame]


def make_episode(
    kind: str,
    seed: int,
    *,
    frames: int = 45,
    rate_hz: float = 15.0,
    width_px: int = 640,
    height_px: int = 480,
    family: str = "structured_light",
    split: str = "test",
) -> Episode:
    """The episode of a seed: the first world from there on in which the task can be done.

    Raises:
        InvalidValueError: unknown kind, or no such world was found.
    """
    if kind not in KINDS:
        raise InvalidValueError(f"episode: got kind '{kind}', expected one of {KINDS}")
    size = {"width_px": width_px, "height_px": height_px}
    for number in range(_SEEDS_TRIED):
        world_seed = 1000 * seed + number
        if kind == "place":
            plan = _plan_place(world_seed, split, size)
        else:
            plan = _plan_level(kind, world_seed, split, size, family)
        if plan is not None:
            subject_id, target_id, moves = plan
            direction, by_m = moves.way
            shown = moves.frames(frames, rate_hz, DepthSensor(family, world_seed))
            return Episode(kind, seed, subject_id, target_id, direction, by_m, shown)
    raise InvalidValueError(f"episode: no world for '{kind}' within {_SEEDS_TRIED} of seed {seed}")


class _Moves(ABC):
    """The gripper, and a thing it moves, along a path over a still world."""

    way: tuple[str, float] = ("", 0.0)
    opening_m = 0.06

    def __init__(self, world: World, moved_id: str) -> None:
        self.world = world
        self.moved_id = moved_id
        rest = tuple(t for t in world.things if t.id != moved_id)
        self._moved = next((t for t in world.things if t.id == moved_id), None)
        # ids of the picture follow the order of the things: the moved one comes after the rest
        self._rest = replace(world, things=rest)
        self._still: Rendering | None = None

    @abstractmethod
    def at(self, phase: float) -> tuple[Array, float, bool, Array]:
        """Gripper origin (M), yaw, whether it points down, shift of the thing; phase 0 to 1."""

    def frames(self, count: int, rate_hz: float, sensor: DepthSensor) -> Iterator[SimulatedFrame]:
        self._still = render(self._rest)
        for index in range(count):
            stamp_ns = 10**9 + round(index / rate_hz * 1e9)
            origin, yaw, down, shift = self.at(index / (count - 1))
            body, pose = make_gripper(origin, yaw, down=down, opening_m=self.opening_m)
            things, picture = list(self._rest.things), self._still
            if self._moved is not None:
                x, y, z = np.array(self._moved.position_m) + shift
                thing = replace(self._moved, position_m=(float(x), float(y), float(z)))
                things.append(thing)
                picture = draw_onto(picture, self.world, thing, len(things))
            things.append(body)
            picture = draw_onto(picture, self.world, body, len(things))
            world = replace(self.world, things=tuple(things), gripper=pose)
            frame = sensor.frame(picture, world.camera, stamp_ns)
            yield SimulatedFrame(
                frame, picture, world.world_from_camera, pose, world, self.moved_id
            )


class _Level(_Moves):
    """A level approach; pushing goes on along the heading."""

    def __init__(self, world: World, kind: str, simulation: Simulation) -> None:
        target = simulation.target_id
        super().__init__(world, target if kind == "push" else "")
        self._kind, self._simulation = kind, simulation
        _, near = simulation._gripper_at(0.5)
        self._end = near.translation_m
        self._heading = near.rotation[:, 0].copy()
        self._yaw = float(np.arctan2(self._heading[1], self._heading[0]))
        _, far = simulation._gripper_at(0.0)
        self._start = far.translation_m
        left = world.working_from_world().rotation[1] @ self._heading
        self.way = ("left" if left > 0 else "right", float(abs(left) * PUSH_M))
        rng = np.random.default_rng([world.seed, 23])
        self._depart = float(rng.uniform(0.35, 0.8))

    def at(self, phase: float) -> tuple[Array, float, bool, Array]:
        shift = np.zeros(3)
        if self._kind == "push":
            come = _smooth(phase / 0.4)
            origin = self._start + come * (self._end + 0.012 * self._heading - self._start)
            if phase > 0.4:
                shift = _smooth((phase - 0.4) / 0.5) * PUSH_M * self._heading
            return origin + shift, self._yaw, False, shift
        come = _smooth(phase / 0.6)
        back = self._depart * _smooth((phase - 0.7) / 0.3)
        share = come - back
        return self._start + share * (self._end - self._start), self._yaw, False, shift


class _Carry(_Moves):
    """From above: down, close, up, over, down, open, up."""

    def __init__(self, world: World, thing: Thing, onto: Thing, yaw: float, grip_m: float) -> None:
        super().__init__(world, thing.id)
        self.opening_m = grip_m + 0.004
        surface = top_surface(onto.parts)
        assert surface is not None
        start = np.array(thing.position_m)
        (x, y), _, _ = surface
        c, s = np.cos(onto.yaw_rad), np.sin(onto.yaw_rad)
        goal = np.array(onto.position_m) + np.array([c * x - s * y, s * x + c * y, 0.0])
        goal[2] = onto.top_m
        self._yaw = yaw
        grip_z = thing.top_m - thing.position_m[2] - 0.01  # finger tips around its upper end
        hold = np.array([0.0, 0.0, max(grip_z, 0.012)])
        over = max(onto.top_m, thing.position_m[2]) + LIFT_M
        up = np.array([0.0, 0.0, over - start[2]])
        above_goal = np.array([goal[0], goal[1], over])
        self._at = [  # time, gripper origin, place of the thing
            (0.0, start + hold + np.array([0, 0, 0.22]), start),
            (0.22, start + hold, start),
            (0.40, start + hold + up, start + up),
            (0.62, above_goal + hold, above_goal),
            (0.80, goal + hold, goal),
            (1.0, goal + hold + np.array([0, 0, 0.15]), goal),
        ]

    def at(self, phase: float) -> tuple[Array, float, bool, Array]:
        index = int(np.searchsorted([t for t, _, _ in self._at[1:-1]], phase, side="right"))
        (t0, g0, p0), (t1, g1, p1) = self._at[index], self._at[index + 1]
        share = _smooth((phase - t0) / (t1 - t0))
        place = p0 + share * (p1 - p0)
        assert self._moved is not None
        shift = place - np.array(self._moved.position_m)
        return g0 + share * (g1 - g0), self._yaw, True, shift


def _plan_level(
    kind: str, seed: int, split: str, size: dict[str, int], family: str
) -> tuple[str, str, _Moves] | None:
    simulation = Simulation(seed, "scene", family=family, split=split, **size)
    world, target = simulation.world, simulation.target_id
    _, near = simulation._gripper_at(0.5)
    if abs(near.rotation[2, 0]) > 0.5:
        return None  # only from above
    moves = _Level(world, kind, simulation)
    if kind != "push":
        return "", target, moves
    thing = next(t for t in world.things if t.id == target)
    others = [t.placed() for t in world.things if t.id != target]
    for share in (0.25, 0.5, 0.75, 1.0):
        x, y, z = np.array(thing.position_m) + share * PUSH_M * moves._heading
        pushed = replace(thing, position_m=(float(x), float(y), float(z)))
        if clearance_m(pushed.placed(), others) < 0.015:
            return None
        if not _in_view(world, pushed):
            return None
    if moves.way[1] < 0.5 * PUSH_M:
        return None  # mostly along the view: neither left nor right
    return target, "", moves


def _plan_place(seed: int, split: str, size: dict[str, int]) -> tuple[str, str, _Moves] | None:
    level = Difficulty((5, 8), 0.12, 0.0, 0.6, 0.0)
    world = tabletop(seed, level, split=split, gripper=False, **size)
    carried = {t.rests_on for t in world.things}
    rng = np.random.default_rng([seed, 31])
    order = rng.permutation(len(world.things))
    for i in order:
        thing = world.things[i]
        grip = _grip(thing)
        if thing.rests_on or thing.id in carried or grip is None or not 0.03 < thing.top_m < 0.16:
            continue
        yaw, width = grip
        for j in order:
            onto = world.things[j]
            surface = top_surface(onto.parts)
            if i == j or onto.rests_on or onto.id in carried or surface is None:
                continue
            _, _, reach_m = surface
            if reach_m < 0.6 * width or onto.top_m > 0.18:
                continue
            moves = _Carry(world, thing, onto, yaw, width)
            if _is_free(moves, world, thing, onto):
                return thing.id, onto.id, moves
    return None


def _grip(thing: Thing) -> tuple[float, float] | None:
    """Yaw of the gripper (its fingers open along y) and width of the thing between them."""
    placed = thing.placed()
    best: tuple[float, float] | None = None
    for turn in (0.0, np.pi / 2):
        yaw = thing.yaw_rad + turn
        across = np.array([-np.sin(yaw), np.cos(yaw)])
        radii = placed.size_m[:, :2].max(axis=1) / 2
        if len(placed) == 1:
            radii = np.array([placed.size_m[0, 1 if turn == 0.0 else 0] / 2])
        offset = np.abs((placed.centre_m[:, :2] - np.array(thing.position_m[:2])) @ across)
        width = 2.0 * float((offset + radii).max())
        if width <= _LARGEST_GRIP_M and (best is None or width < best[1]):
            best = (yaw, width)
    return best


def _is_free(moves: _Carry, world: World, thing: Thing, onto: Thing) -> bool:
    """The gripper touches nothing else on its way, and all of it lies in the picture."""
    others = [t.placed() for t in world.things if t.id not in (thing.id, onto.id)]
    for phase in (0.0, 0.22, 0.4, 0.5, 0.62, 0.8, 1.0):
        origin, yaw, down, shift = moves.at(phase)
        body, _ = make_gripper(origin, yaw, down=down, opening_m=moves.opening_m)
        x, y, z = np.array(thing.position_m) + shift
        moved = replace(thing, position_m=(float(x), float(y), float(z)))
        if min(clearance_m(t.placed(), others) for t in (body, moved)) < 0.015:
            return False
        if not _in_view(world, moved) or not _in_view(world, body, 0.5):
            return False
    return True


def _in_view(world: World, thing: Thing, least: float = 1.0) -> bool:
    """At least this share of the parts' centres lies well inside the picture."""
    at = world.world_from_camera.inverse().apply(thing.placed().centre_m)
    camera = world.camera
    u = at[:, 0] / at[:, 2] * camera.fx_px + camera.cx_px
    v = at[:, 1] / at[:, 2] * camera.fy_px + camera.cy_px
    edge = 0.04 * camera.width_px
    inside = (u > edge) & (u < camera.width_px - edge) & (v > edge) & (v < camera.height_px - edge)
    return bool((inside & (at[:, 2] > 0.1)).mean() >= least)


def _smooth(share: float) -> float:
    """0 below 0, 1 above 1, no jump of speed at either."""
    share = min(1.0, max(0.0, share))
    return share * share * (3.0 - 2.0 * share)
