"""Furnished rooms: kind of room, seed and split in; a World as seen from within the room out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.rooms_layouts import ROOM_KINDS, Plan, RoomKind
from deepsight_ros.synthesis.rooms_shell import Shell, draw_shell, fixtures
from deepsight_ros.synthesis.shapes import Family
from deepsight_ros.synthesis.things import World, look
from deepsight_ros.synthesis.world_goods import SMALL_THINGS
from deepsight_ros.synthesis.world_models import pick
from deepsight_ros.synthesis.world_space import COS, HALF_X, HALF_Y, HIGH, LOW, SIN, X, Y
from deepsight_ros.synthesis.world_stage import Placed, Stage, keep_visible

F64 = NDArray[np.float64]
Rng = np.random.Generator

LEAST_VISIBLE = 0.3
"""Least visible share of every thing in a room."""
LEAST_PIXELS = 45
"""Least visible pixels of every thing, in a picture of 320x240."""
NEAR_M = 0.8
"""A view with a quarter of it nearer than this is not taken."""
RULES = {"train": ("scatter", "cluster"), "test": ("rows", "back")}
"""How small things are spread over a surface; the splits share none."""
_ATTEMPTS = 12

_ALWAYS_ON = {
    "desk": ("monitor", "keyboard", "mouse"),
    "tv stand": ("television",),
    "nightstand": ("table lamp",),
}
_HOLDS = {
    "table",
    "desk",
    "coffee table",
    "workbench",
    "nightstand",
    "tv stand",
    "shelf",
    "cabinet",
    "dresser",
    "counter",
    "sink",
    "washing machine",
    "bench",
    "stool",
    "tool cart",
    "box",
    "stove",
    "bed",
    "washbasin",
    "bathtub",
    "crate",
}
"""What small things may stand on or in."""


def furnished_room(
    kind: str, seed: int, *, split: str = "train", width_px: int = 640, height_px: int = 480
) -> World:
    """A room of that kind, objects 1-6 m from the camera.

    Raises:
        InvalidValueError: no such kind or split.
    """
    if kind not in ROOM_KINDS:
        raise InvalidValueError(f"room: got kind '{kind}', expected one of {sorted(ROOM_KINDS)}")
    if split not in RULES:
        raise InvalidValueError(f"room: got split '{split}', expected train or test")
    number = sorted(ROOM_KINDS).index(kind)
    rng = np.random.default_rng([seed, 40 + number, split == "test"])
    for _ in range(_ATTEMPTS):
        world = _attempt(kind, rng, split, (width_px, height_px), seed)
        if world is not None:
            return world
    raise InvalidValueError(f"room: no view of a {kind} found for seed {seed}; use another seed")


def _attempt(kind: str, rng: Rng, split: str, size_px: tuple[int, int], seed: int) -> World | None:
    rules = ROOM_KINDS[kind]
    plan = _furnish(rules, rng, split)
    if not plan.anchors:
        return None
    found = _camera(plan, size_px)
    if found is None:
        return None
    camera, pose = found
    layout = pick(rng, RULES[split])
    _strew(plan, rules, camera, pose, layout)
    light = rng.normal(0, 0.35, 3) + np.array([0.0, 0.0, 1.0])
    light /= np.linalg.norm(light)
    world = World(
        plan.stage.things(),
        fixtures(plan.shell, rng),
        "floor",
        camera,
        pose,
        None,
        kind,
        layout,
        split,
        seed,
        (),
        tuple(float(v) for v in light),
    )
    scale = size_px[0] * size_px[1] / (320 * 240)
    world, picture = keep_visible(
        world, LEAST_VISIBLE, round(LEAST_PIXELS * scale), max(size_px[0] // 80, 1)
    )
    anchors = {a.id for a in plan.anchors} & {t.id for t in world.things}
    blocked = (picture.depth_m < NEAR_M).mean() > 0.25
    if (
        blocked
        or len(anchors) < min(rules.least_anchors, len(plan.anchors))
        or len(world.things) < 3
    ):
        return None
    return world


def _furnish(rules: RoomKind, rng: Rng, split: str) -> Plan:
    length, width = float(rng.uniform(*rules.length_m)), float(rng.uniform(*rules.width_m))
    shell = draw_shell(rng, length, width, doors=rules.doors, windows=rules.windows)
    stage = Stage(rng, split, (0.0, length, 0.0, width))
    plan = Plan(stage, shell)
    for hole in shell.openings:
        if hole.is_door:  # nothing stands before a door
            stage.space.add(_keep_out(shell, hole.wall, hole.at_m, hole.width_m))
    rules.furnish(plan)
    for _ in range(int(rng.integers(rules.filler_count[0], rules.filler_count[1] + 1))):
        label = pick(rng, rules.fillers)
        model = plan.draw(label)
        if label in ("chair", "stool", "table", "box", "suitcase") and rng.random() < 0.5:
            plan.anywhere(model, 3)
        else:
            plan.somewhere_at_wall(model, range(4), 4)
    return plan


def _keep_out(shell: Shell, wall: int, along_m: float, wide_m: float) -> F64:
    x, y = shell.on_wall(wall, along_m, 0.4)
    half = (0.4, wide_m / 2) if wall % 2 == 0 else (wide_m / 2, 0.4)
    reach = float(np.hypot(*half))
    return np.array([[x, y, *half, 1.0, 0.0, reach, 0.0, 2.0, 0.0]])


def _camera(plan: Plan, size_px: tuple[int, int]) -> tuple[Camera, RigidTransform] | None:
    """A free place to look from at what makes the room what it is: hand-held or on a robot."""
    rng, shell = plan.rng, plan.shell
    width_px, height_px = size_px
    focal = float(rng.uniform(0.75, 0.97)) * width_px
    camera = Camera(
        width_px,
        height_px,
        focal,
        focal,
        (width_px - 1) / 2 + float(rng.uniform(-2, 2)) * width_px / 320,
        (height_px - 1) / 2 + float(rng.uniform(-2, 2)) * width_px / 320,
        frame_id="camera_depth_optical_frame",
    )
    held = rng.random() < 0.6
    n = 40
    height = rng.uniform(1.15, 1.7, n) if held else rng.uniform(0.55, 1.15, n)
    spots = np.column_stack(
        [
            rng.uniform(0.12, shell.length_m - 0.12, n),
            rng.uniform(0.12, shell.width_m - 0.12, n),
            height,
        ]
    )
    free = _free(plan, spots)
    middles = np.array(
        [
            [*a.to_world(0.0, 0.0), float(a.position_m[2]) + a.model.size_m[2] / 2]
            for a in plan.anchors
        ]
    )
    to = middles[None] - spots[:, None]
    bearing = np.arctan2(to[..., 1], to[..., 0])
    flat = np.hypot(to[..., 0], to[..., 1])
    near, far = (0.8, 3.6) if shell.width_m < 3 else (1.3, 4.8)
    half_view = np.arctan(0.5 * width_px / focal) * 0.9
    row = np.arange(n)
    main = rng.integers(len(middles), size=n)
    yaw = bearing[row, main]
    for _ in range(2):  # look at one, then at the middle of all that are in view with it
        inside = (np.abs(_turn(bearing - yaw[:, None])) < half_view) & (flat > near) & (flat < far)
        weight = np.maximum(inside.astype(float), 1e-3 * (row[:, None] >= 0))
        middle = (weight[..., None] * to).sum(axis=1) / weight.sum(axis=1)[:, None]
        yaw = np.arctan2(middle[:, 1], middle[:, 0])
    distance = np.hypot(middle[:, 0], middle[:, 1])
    yaw = yaw + rng.normal(0, 0.1, n)
    if shell.length_m > 2.4 * shell.width_m:  # a corridor is looked along
        yaw = np.where(np.cos(yaw) > 0, 0.0, np.pi) + rng.normal(0, 0.14, n)
        distance = np.full(n, 2.5)
        inside = (np.abs(_turn(bearing - yaw[:, None])) < half_view) & (flat > near) & (flat < 6)
    pitch = np.arctan2(-middle[:, 2], np.maximum(distance, 0.8)) + rng.normal(0.0, 0.06, n)
    pitch = np.clip(pitch, np.deg2rad(2), np.deg2rad(38))
    score = inside.sum(axis=1) + 0.4 * np.clip(distance, 0, 2.5)
    score[~free | ~inside.any(axis=1)] = -1
    best = np.argsort(-score)[:4]
    best = best[score[best] > max(score[best[0]] - 0.7, 0)]
    if not len(best):
        return None
    k = pick(rng, best)
    roll = float(np.deg2rad(rng.uniform(-6, 6) if held else rng.uniform(-1, 1)))
    return camera, look(spots[k], float(yaw[k]), float(pitch[k]), roll)


def _turn(angle_rad: F64) -> F64:
    """The same angle between -pi and pi."""
    found: F64 = (angle_rad + np.pi) % (2 * np.pi) - np.pi
    return found


def _free(plan: Plan, spots: F64) -> NDArray[np.bool_]:
    """Which of (N, 3) places a camera, or who carries it, can be at."""
    table = plan.stage.space.table
    table = table[~((table[:, HIGH] == 2.0) & (table[:, LOW] == 0.0))]  # doorways are free
    dx, dy = spots[:, 0, None] - table[:, X], spots[:, 1, None] - table[:, Y]
    own_x = np.abs(dx * table[:, COS] + dy * table[:, SIN]) - table[:, HALF_X]
    own_y = np.abs(dy * table[:, COS] - dx * table[:, SIN]) - table[:, HALF_Y]
    away = np.hypot(np.maximum(own_x, 0), np.maximum(own_y, 0))
    beside = table[:, HIGH] > spots[:, 2, None] - 0.45
    beside &= table[:, LOW] < spots[:, 2, None] + 0.3
    free: NDArray[np.bool_] = ~((away < 0.5) & beside).any(axis=1)
    return free & ~(away < 0.12).any(axis=1)


_SMALL: dict[tuple[tuple[str, ...], str], tuple[Family, ...]] = {}


def small_things(labels: Sequence[str], split: str) -> tuple[Family, ...]:
    """Families of small things with one of these labels; () means every label."""
    key = (tuple(labels), split)
    if key not in _SMALL:
        _SMALL[key] = tuple(
            f for f in SMALL_THINGS if f.split == split and (not labels or f.label in labels)
        )
    return _SMALL[key]


def _in_view(plan: Plan, camera: Camera, pose: RigidTransform) -> list[Placed]:
    """Carriers whose middle the camera sees within 5 m, in random order."""
    hosts = [p for p in plan.stage.placed if p.model.family.label in _HOLDS]
    if not hosts:
        return []
    tops = np.array([[*p.to_world(0, 0), p.top_m] for p in hosts])
    local = pose.inverse().apply(tops)
    z = np.maximum(local[:, 2], 1e-3)
    u = local[:, 0] / z * camera.fx_px / camera.width_px
    v = local[:, 1] / z * camera.fy_px / camera.height_px
    seen = (local[:, 2] > 0.3) & (local[:, 2] < 5) & (np.abs(u) < 0.6) & (np.abs(v) < 0.7)
    order = [hosts[int(k)] for k in plan.rng.permutation(np.nonzero(seen)[0])]
    first = {a.id for a in plan.anchors}
    return sorted(order, key=lambda p: p.id not in first)


def _strew(plan: Plan, rules: RoomKind, camera: Camera, pose: RigidTransform, layout: str) -> None:
    """Small things on what is in view."""
    rng, stage = plan.rng, plan.stage
    left = int(rng.integers(5, 20))
    for host in _in_view(plan, camera, pose):
        label = host.model.family.label
        for wanted in _ALWAYS_ON.get(label, ()):
            if rng.random() < 0.85 and host.model.surfaces:
                _dress(stage, host, wanted)
        surfaces = host.model.surfaces
        if not surfaces:
            continue
        most = 2 if label in ("bed", "stool", "box", "bathtub", "sink", "washbasin") else 5
        wanted_here = min(left, int(rng.integers(1, most + 2)))
        for _ in range(wanted_here):
            surface = surfaces[int(rng.integers(min(len(surfaces), 6)))]
            if surface.clearance_m < 0.1 or host.position_m[2] + surface.z_m > 1.75:
                continue
            spread(
                stage, host, surface, stage.draw(small_things(rules.goods, stage.split)), layout
            )
            left -= 1
        if left <= 0:
            return


def _dress(stage: Stage, host: Placed, label: str) -> None:
    """What nearly always stands there: a screen at the back, a keyboard before it."""
    surface = host.model.surfaces[0]
    for candidate in host.model.surfaces:  # the highest that is open above
        if candidate.clearance_m > 1 and candidate.z_m > surface.z_m:
            surface = candidate
    model = stage.draw(small_things((label,), stage.split))
    rng = stage.rng
    x = {"monitor": 0.6, "television": 0.1, "table lamp": 0.2}.get(label, -0.35)
    y = {"mouse": -0.3 - 0.2 / max(surface.half_y_m, 0.2), "keyboard": 0.0}.get(label, 0.0)
    if label == "mouse":
        y = -0.3 / surface.half_y_m
    turn = float(rng.normal(0, 0.05))
    stage.put_on(
        host,
        surface,
        model,
        x * surface.half_x_m,
        y * surface.half_y_m + rng.normal(0, 0.02),
        turn,
    )


def spread(stage: Stage, host: Placed, surface, model, layout: str) -> Placed | None:
    """One small thing on a surface by a layout rule; a few tries."""
    rng = stage.rng
    for _ in range(4):
        if layout == "rows":
            cells = max(1, round(surface.half_y_m / 0.12))
            y = (int(rng.integers(cells)) + 0.5) / cells * 2 - 1
            x = pick(rng, [-0.45, 0.0, 0.45])
            yaw = float(rng.integers(4)) * np.pi / 2
        elif layout == "back":
            x, y = 1.0 - abs(float(rng.normal(0, 0.15))), float(rng.uniform(-1, 1))
            yaw = float(rng.normal(0, 0.2))
        elif layout == "cluster":
            x, y = (float(v) for v in rng.normal(0.1, 0.35, 2))
            yaw = float(rng.uniform(-np.pi, np.pi))
        else:
            x, y = (float(v) for v in rng.uniform(-1, 1, 2))
            yaw = float(rng.normal(0, 0.6))
        found = stage.put_on(host, surface, model, x * surface.half_x_m, y * surface.half_y_m, yaw)
        if found is None:
            continue
        if rng.random() < 0.22:
            _pile(stage, found)
        elif rng.random() < 0.25:
            other = stage.draw(small_things((), stage.split))
            if other.size_m[:2].max() < 0.25 and surface.clearance_m > other.size_m[2]:
                _touch(stage, host, surface, found, other)
        return found
    return None


def _pile(stage: Stage, host: Placed) -> None:
    """Something stackable on top of a thing with a flat top."""
    top = float(host.model.size_m[2])
    for surface in host.model.surfaces:
        if abs(surface.z_m - top) < 1e-6:
            families = tuple(f for f in small_things((), stage.split) if f.stackable)
            for _ in range(2):
                model = stage.draw(families)
                if model.size_m[2] > 2.5 * min(surface.half_x_m, surface.half_y_m) * 2:
                    continue
                turn = float(stage.rng.normal(0, 0.3))
                if stage.put_on(host, surface, model, 0.0, 0.0, turn, overhang=0.1) is not None:
                    return


def _touch(stage: Stage, host: Placed, surface, found: Placed, other) -> None:
    """Another thing against one that stands on a surface, if it stays on the surface."""
    before = len(stage.placed)
    placed = stage.beside(found, other, float(stage.rng.uniform(0.0, 0.002)))
    if placed is None:
        return
    x0, x1, y0, y1 = other.base_m
    corners = np.array([[x0, y0], [x0, y1], [x1, y0], [x1, y1]])
    for corner in corners:
        at = placed.to_world(float(corner[0]), float(corner[1])) - host.to_world(
            surface.x_m, surface.y_m
        )
        turn = host.yaw_rad + surface.yaw_rad
        c, s = np.cos(turn), np.sin(turn)
        own_x, own_y = abs(c * at[0] + s * at[1]), abs(c * at[1] - s * at[0])
        if own_x > surface.half_x_m or own_y > surface.half_y_m:
            del stage.placed[before:]
            return
