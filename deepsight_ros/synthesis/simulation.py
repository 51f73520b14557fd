"""A living tabletop for the camera stand-in: time in; RGB-D frame, poses and exact truth out.

``scene``: a fixed camera; a gripper moves towards an object and back, everything else is at rest.
``wrist``: the camera rides on a gripper that wanders over the table; the objects are at rest.
Poses are in the world frame M of `synthesis.things` (z up, z = 0 on the table).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.placement import clearance_m, gap_m, make_gripper
from deepsight_ros.synthesis.render import (
    RayCaster,
    Rendering,
    render,
    visible_fractions,
)
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.things import Thing, World, look
from deepsight_ros.synthesis.world import Difficulty, tabletop

Array = NDArray[np.float64]

CAMERAS = ("scene", "wrist")
_REACH_M = 0.28
"""How far from its target the gripper starts."""
_CONTACT_M = 0.012
"""Gap left at the nearest point of the approach."""
_WRIST_TILT_RAD = np.deg2rad(38.0)
_CAMERA_ON_WRIST_M = np.array([0.08, 0.0, 0.16])
"""Camera ahead of and above the finger tips of the downward gripper that carries it."""


@dataclass(frozen=True, eq=False)
class SimulatedFrame:
    """What the camera sees at one time, and what is true then.

    Attributes:
        frame: depth with sensor noise and holes, colour; stamped.
        rendering: the same without noise, with instance ids.
        world_from_camera: pose of the optical frame in M.
        world_from_gripper: gripper frame in M (heading +x, origin between the finger tips).
        world: things as they stand now; ``world.truth(stamp_ns)`` is the exact Scene in W.
        target_id: the object the gripper approaches, "" when it only wanders.
    """

    frame: RgbdFrame
    rendering: Rendering
    world_from_camera: RigidTransform
    world_from_gripper: RigidTransform
    world: World
    target_id: str

    def truth(self) -> Scene:
        """The exact scene in the camera's W."""
        return self.world.truth(self.frame.stamp_ns)


class Simulation:
    """Deterministic for a seed and the times asked for.

    Args:
        seed: chooses the world, the motion and the noise.
        camera: ``scene`` (fixed, looks at a moving gripper) or ``wrist`` (moves with it).
        width_px, height_px: image size.
        family: sensor noise family.
        period_s: time of one approach and return, or of one round of the wrist.
        split: shape families to draw from.
    """

    def __init__(
        self,
        seed: int = 0,
        camera: str = "scene",
        *,
        width_px: int = 640,
        height_px: int = 480,
        family: str = "structured_light",
        period_s: float = 8.0,
        split: str = "train",
    ) -> None:
        if camera not in CAMERAS:
            raise InvalidValueError(
                f"simulation: got camera '{camera}', expected one of {CAMERAS}"
            )
        if not period_s > 0:
            raise InvalidValueError(f"simulation: got period {period_s} s, expected more than 0")
        self.period_s = period_s
        self.sensor = DepthSensor(family, seed)
        level = Difficulty((5, 8), 0.12, 0.12, 0.6, 0.0)
        self.world = tabletop(
            seed, level, split=split, width_px=width_px, height_px=height_px, gripper=False
        )
        self.target_id = ""
        self._still: Rendering | None = None
        if camera == "scene":
            self._still = render(self.world)
            self.target_id, self._gripper_at = _approach(self.world, seed)
        else:
            self._camera_at = _wander(self.world)

    @property
    def camera(self) -> Camera:
        """Intrinsics of the simulated camera."""
        return self.world.camera

    def step(self, t_s: float, stamp_ns: int | None = None) -> SimulatedFrame:
        """The frame at time ``t_s`` (seconds since start); stamped with it unless told."""
        phase = (t_s / self.period_s) % 1.0
        stamp = round(t_s * 1e9) if stamp_ns is None else stamp_ns
        if self._still is not None:
            body, gripper = self._gripper_at(phase)
            world = self._with_gripper(self.world, body, gripper)
            picture = draw_onto(self._still, world, body, len(world.things))
        else:
            pose, body, gripper = self._camera_at(phase)
            world = self._with_gripper(self.world.seen_from(pose), body, gripper)
            picture = render(world)
        frame = self.sensor.frame(picture, world.camera, stamp)
        return SimulatedFrame(
            frame, picture, world.world_from_camera, gripper, world, self.target_id
        )

    @staticmethod
    def _with_gripper(world: World, body: Thing, gripper: RigidTransform) -> World:
        return replace(world, things=(*world.things, body), gripper=gripper)


def draw_onto(still: Rendering, world: World, thing: Thing, instance_id: int) -> Rendering:
    """A copy of ``still`` with one more thing, drawn only where its box lies on the screen."""
    parts, camera = thing.placed(), world.camera
    low = (parts.centre_m - parts.size_m.max(axis=1, keepdims=True)).min(axis=0)
    high = (parts.centre_m + parts.size_m.max(axis=1, keepdims=True)).max(axis=0)
    ends = np.array([low, high])
    corners = np.array(
        [[ends[i, 0], ends[j, 1], ends[k, 2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    )
    local = world.world_from_camera.inverse().apply(corners)
    out = still.copy()
    u0, v0, u1, v1 = 0, 0, camera.width_px, camera.height_px
    if local[:, 2].min() > 0.05:
        u = local[:, 0] / local[:, 2] * camera.fx_px + camera.cx_px
        v = local[:, 1] / local[:, 2] * camera.fy_px + camera.cy_px
        u0, u1 = max(int(u.min()) - 1, 0), min(int(u.max()) + 2, camera.width_px)
        v0, v1 = max(int(v.min()) - 1, 0), min(int(v.max()) + 2, camera.height_px)
    if u0 >= u1 or v0 >= v1:
        return out
    window = replace(
        camera,
        width_px=u1 - u0,
        height_px=v1 - v0,
        cx_px=camera.cx_px - u0,
        cy_px=camera.cy_px - v0,
    )
    crop = (slice(v0, v1), slice(u0, u1))
    piece = Rendering(out.depth_m[crop], out.instance_id[crop], out.colour[crop])
    caster = RayCaster(window, world.world_from_camera, onto=piece)
    caster.draw_thing(thing, instance_id)
    drawn = caster.finish()
    piece.depth_m[:] = drawn.depth_m
    piece.instance_id[:] = drawn.instance_id
    piece.colour[:] = drawn.colour
    return out


def _ease(phase: float) -> float:
    """0 at the start and end of a period, 1 in its middle, smooth."""
    return float(0.5 - 0.5 * np.cos(2 * np.pi * phase))


_GripperPath = Callable[[float], "tuple[Thing, RigidTransform]"]


def _approach(world: World, seed: int) -> tuple[str, _GripperPath]:
    """A straight way to some object that meets no other: level if there is one, else from above.

    Level ways run at mid-height of the object; the one that shows its side best is taken.
    """
    rng = np.random.default_rng([seed, 11])
    carried = {t.rests_on for t in world.things}
    placed = [t.placed() for t in world.things]
    axis = world.world_from_camera.rotation[:2, 2]
    sideways = np.array([-axis[1], axis[0]]) / np.hypot(*axis)
    for index in rng.permutation(len(world.things)):
        thing = world.things[index]
        z = float(np.clip((thing.position_m[2] + thing.top_m) / 2, 0.045, 0.12))
        if thing.rests_on or thing.id in carried or thing.top_m < 0.05:
            continue
        for turn in (0.0, 0.5, -0.5, np.pi, np.pi - 0.5, np.pi + 0.5):
            yaw = float(np.arctan2(sideways[1], sideways[0]) + turn)
            heading = np.array([np.cos(yaw), np.sin(yaw), 0.0])
            middle = np.array([*thing.position_m[:2], z])
            near, far = 0.0, 0.6
            for _ in range(20):  # stop where the gap to the target is what is wanted
                reach = (near + far) / 2
                body, _ = make_gripper(middle - reach * heading, yaw, down=False, opening_m=0.06)
                if gap_m(body.placed(), placed[index]) > _CONTACT_M:
                    far = reach
                else:
                    near = reach
            end = middle - far * heading
            others = [p for i, p in enumerate(placed) if i != index]
            ways = [end - s * _REACH_M * heading for s in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)]
            bodies = [make_gripper(w, yaw, down=False, opening_m=0.06)[0] for w in ways]
            if min(clearance_m(b.placed(), others) for b in bodies) < 0.02:
                continue
            if not all(_in_plain_view(world, bodies[i], thing.id) for i in (0, 2, 5)):
                continue

            def level(
                phase: float, end: Array = end, heading: Array = heading, yaw: float = yaw
            ) -> tuple[Thing, RigidTransform]:
                at = end - (1 - _ease(phase)) * _REACH_M * heading
                return make_gripper(at, yaw, down=False, opening_m=0.06)

            return thing.id, level
    tallest = max(world.things, key=lambda t: t.top_m)
    end = np.array([*tallest.position_m[:2], tallest.top_m + _CONTACT_M])
    yaw = float(np.arctan2(sideways[1], sideways[0]))

    def down(phase: float) -> tuple[Thing, RigidTransform]:
        at = end + np.array([0.0, 0.0, (1 - _ease(phase)) * _REACH_M])
        return make_gripper(at, yaw, down=True, opening_m=0.06)

    return tallest.id, down


def _in_plain_view(world: World, body: Thing, target_id: str) -> bool:
    """The gripper's body lies in the picture, and neither it nor its target is mostly hidden."""
    centres = world.world_from_camera.inverse().apply(body.placed().centre_m)
    cam = world.camera
    u = centres[:, 0] / centres[:, 2] * cam.fx_px + cam.cx_px
    v = centres[:, 1] / centres[:, 2] * cam.fy_px + cam.cy_px
    inside = (u > 0) & (u < cam.width_px) & (v > 0) & (v < cam.height_px) & (centres[:, 2] > 0.1)
    if inside.mean() < 0.7:
        return False
    together = replace(world, things=(*world.things, body))
    seen = visible_fractions(together, cam.subsampled(4))
    return bool(seen[-1] > 0.7 and seen[world.instance_id(target_id) - 1] > 0.6)


_WristPath = Callable[[float], "tuple[RigidTransform, Thing, RigidTransform]"]


def _wander(world: World) -> _WristPath:
    """The wrist swings around the middle of the objects, always facing it."""
    spots = np.array([t.position_m[:2] for t in world.things])
    focus = (spots.min(axis=0) + spots.max(axis=0)) / 2
    spread = float(np.linalg.norm(spots - focus, axis=1).max())
    away = world.world_from_camera.translation_m[:2] - focus
    start = float(np.arctan2(away[1], away[0]))
    distance = float(np.clip(0.55 + spread, 0.6, 1.0))
    height = distance * np.tan(_WRIST_TILT_RAD)

    def at(phase: float) -> tuple[RigidTransform, Thing, RigidTransform]:
        turn = 2 * np.pi * phase
        angle = start + 0.28 * np.sin(turn)
        reach = distance * (1 + 0.08 * np.sin(2 * turn))
        spot = focus + reach * np.array([np.cos(angle), np.sin(angle)])
        yaw = float(np.arctan2(*(focus - spot)[::-1]))
        camera_m = np.array([spot[0], spot[1], height + 0.04 * np.sin(turn + 1.0)])
        pose = look(camera_m, yaw, float(_WRIST_TILT_RAD))
        c, s = np.cos(yaw), np.sin(yaw)
        offset = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ _CAMERA_ON_WRIST_M
        body, gripper = make_gripper(camera_m - offset, yaw, down=True, opening_m=0.06)
        return pose, body, gripper

    return at
