"""Views for learning to segment: a world in, pictures of it from several places out.

Building a world costs several times what drawing it does, so each is drawn more than once: from
its own camera and from cameras put around the same spot. Every picture has its own draw of the
sensor, of whether up is given, and the support that perception finds in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.samples import make_sample
from deepsight_ros.perception.support import find_support
from deepsight_ros.perception.view import make_view, step_for
from deepsight_ros.synthesis.raster import rasterise
from deepsight_ros.synthesis.rooms_layouts import ROOM_KINDS
from deepsight_ros.synthesis.scenery import scenery
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.things import World
from deepsight_ros.synthesis.world_source import CROWDED_KINDS, KINDS, through_glass

MIX = (
    *("clutter", "bin", "clutter", "bin", "shelf", "drawer"),
    *("tabletop", "clutter", "bin", "floor", "drawer", "room kinds"),
)
"""Kinds of place, in turn; "room kinds" goes through the furnished rooms."""
VIEW_KINDS = (*CROWDED_KINDS, *ROOM_KINDS)
"""Kind of place by its stored number."""
_ROOMS = tuple(ROOM_KINDS)
_FAMILIES = tuple(sorted(FAMILIES))
_UP_OFF_RAD = 0.012
"""How far a given up is off (TF, IMU), one sigma."""
_SEEDS_PER_SET = 10_000_019
_NEAR_M, _NEAR_SHARE = 0.25, 0.15


@dataclass(frozen=True, eq=False)
class SegmentView:
    """One picture with its truth.

    Attributes:
        frame: what the sensor reports.
        instance_id: (H, W) int16: 1.. things, 0 nothing, negative fixtures (``things``).
        plane: (4,) support as perception found it, normal and offset in the optical frame; NaN
            without one.
        up: (3,) as given from outside or found; NaN unknown.
        kind: place.
        index: world.
    """

    frame: RgbdFrame
    instance_id: NDArray[np.int16]
    plane: NDArray[np.float32]
    up: NDArray[np.float32]
    kind: str
    index: int


def segment_views(
    index: int,
    *,
    seed: int = 0,
    views: int = 2,
    split: str = "train",
    width_px: int = 320,
    height_px: int = 240,
    profile: str = "wide",
    mix: Sequence[str] = MIX,
) -> Iterator[SegmentView]:
    """Pictures of world ``index``; depends on the arguments alone.

    Raises:
        InvalidValueError: an unknown kind of place, or fewer than one view.
    """
    if views < 1 or not mix or any(k not in KINDS and k != "room kinds" for k in mix):
        raise InvalidValueError(
            f"segment views: got {views} views of {tuple(mix)}, expected at least one view of "
            f"'room kinds' or {sorted(KINDS)}"
        )
    kind = mix[index % len(mix)]
    if kind == "room kinds":
        kind = _ROOMS[(index // len(mix)) % len(_ROOMS)]
    number = seed * _SEEDS_PER_SET + index
    world = KINDS[kind](number, split, width_px, height_px)
    rng = np.random.default_rng([number, 83])
    first = _drawn(world, rng, number * 16, profile)
    yield _view(*first, rng, kind, index)
    pivot_m = float(np.nanmedian(first[0].depth_m))
    for view in range(1, views):
        for _ in range(3):
            moved = world.seen_from(_around(world.world_from_camera, pivot_m, kind, rng))
            drawn = _drawn(moved, rng, number * 16 + view, profile)
            near = np.nan_to_num(drawn[0].depth_m, nan=9.0) < _NEAR_M
            if near.mean() < _NEAR_SHARE and (drawn[1] > 0).any():
                yield _view(*drawn, rng, kind, index)
                break


def _around(
    pose: RigidTransform, pivot_m: float, kind: str, rng: np.random.Generator
) -> RigidTransform:
    """A camera that looks at the same spot from another side and distance."""
    spread = 0.25 if kind in ("shelf", "drawer") or kind in ROOM_KINDS else 0.9
    turn, tilt, roll = rng.normal(0, spread), rng.normal(0, 0.12), rng.normal(0, 0.04)
    c, s = np.cos(turn), np.sin(turn)
    about_z = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    c, s = np.cos(tilt), np.sin(tilt)
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    c, s = np.cos(roll), np.sin(roll)
    about_axis = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    pivot = pose.translation_m + pivot_m * pose.rotation[:, 2]
    rotation = about_z @ pose.rotation @ about_x @ about_axis
    away = max(0.35, pivot_m * float(rng.uniform(0.75, 1.3)))
    return RigidTransform(rotation, pivot - away * rotation[:, 2])


def _drawn(
    world: World, rng: np.random.Generator, number: int, profile: str
) -> tuple[RgbdFrame, NDArray[np.int16], RigidTransform]:
    picture = rasterise(scenery(world), world.camera, world.world_from_camera)
    family = _FAMILIES[int(rng.integers(len(_FAMILIES)))]
    sensor = DepthSensor(family, number, profile, shared_fields=True)
    depth, lost = through_glass(picture, world, rng)
    read = sensor.measure(depth, world.camera)
    read[lost] = np.nan
    frame = RgbdFrame(number + 1, world.camera, read, picture.colour, sensor.model)
    return frame, picture.instance_id, world.world_from_camera


def _view(
    frame: RgbdFrame,
    instance_id: NDArray[np.int16],
    pose: RigidTransform,
    rng: np.random.Generator,
    kind: str,
    index: int,
) -> SegmentView:
    """The picture with what perception knows of up and support before it segments."""
    config = PerceptionConfig()
    view = make_view(frame, step_for(frame.camera.width_px, config.working_width_px), 6.0)
    given = None
    if rng.random() < 0.6:
        given = pose.rotation[2] + rng.normal(0, _UP_OFF_RAD, 3)
        given = given / np.linalg.norm(given)
    finding = find_support(make_sample(view), config, given)
    plane = np.full(4, np.nan, np.float32)
    if finding.support is not None:
        plane[:3], plane[3] = finding.support.normal, finding.support.offset_m
    up = np.full(3, np.nan, np.float32)
    if finding.up is not None:
        up[:] = finding.up
    return SegmentView(frame, instance_id, plane, up, kind, index)
