"""WorldSource: an index in, a Sample of the procedural world out (picture, noise, exact truth).

Sample ``index`` depends on the configuration and on ``index`` alone. Kinds of place take turns,
sensor families too, out of step with the kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.raster import rasterise
from deepsight_ros.synthesis.render import Rendering
from deepsight_ros.synthesis.rooms import furnished_room
from deepsight_ros.synthesis.rooms_layouts import ROOM_KINDS
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.scenery import scenery
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.things import World
from deepsight_ros.synthesis.world import room, tabletop
from deepsight_ros.synthesis.world_models import fresh_instances
from deepsight_ros.synthesis.world_tables import CROWDS, crowded

_SEEDS_PER_SOURCE = 10_000_019
"""Room between the worlds of one source seed and the next."""

_Maker = Callable[[int, str, int, int], World]


def _old(make: Callable[..., World]) -> _Maker:
    def made(seed: int, split: str, width_px: int, height_px: int) -> World:
        return make(seed, split=split, width_px=width_px, height_px=height_px)

    return made


def _new(make: Callable[..., World], kind: str) -> _Maker:
    def made(seed: int, split: str, width_px: int, height_px: int) -> World:
        return make(kind, seed, split=split, width_px=width_px, height_px=height_px)

    return made


KINDS: dict[str, _Maker] = {
    **{kind: _new(furnished_room, kind) for kind in ROOM_KINDS},
    "tabletop": _new(crowded, "table"),
    **{kind: _new(crowded, kind) for kind in CROWDS if kind != "table"},
    "plain tabletop": _old(tabletop),
    "room": _old(room),
}
"""Kind of place -> its generator; the last two are the worlds of the geometry benchmark."""
DEFAULT_KINDS = (*ROOM_KINDS, "tabletop")
"""Where everything stands upright, as in scene files."""
CROWDED_KINDS = ("tabletop", *(k for k in CROWDS if k != "table"))
"""Where things also lie, lean and stand in each other; for segmenting."""


class WorldSource:
    """Random access to rendered worlds; a ``SampleSource``.

    Args:
        count: number of samples.
        kinds: kinds of place, in turn; () means ``DEFAULT_KINDS``.
        split: ``train`` or ``test`` (other shape families and layout rules).
        seed: another seed, other worlds.
        width_px, height_px: picture size.
        sensors: noise families, in turn; () leaves depth perfect.
        profile: how the noise is shaped (``synthesis.sensor.PROFILES``).
        fresh_instances: show instances of the shape families that no other source shows, to
            calibrate a model on (``world_models.fresh_instances``).

    Raises:
        InvalidValueError: unknown kind, sensor or split, or no samples.
    """

    def __init__(
        self,
        count: int = 1000,
        *,
        kinds: Sequence[str] = (),
        split: str = "train",
        seed: int = 0,
        width_px: int = 320,
        height_px: int = 240,
        sensors: Sequence[str] = tuple(sorted(FAMILIES)),
        profile: str = "calibration",
        fresh_instances: bool = False,
    ) -> None:
        unknown = [k for k in kinds if k not in KINDS] + [s for s in sensors if s not in FAMILIES]
        if unknown:
            raise InvalidValueError(
                f"world source: got {unknown}, expected kinds of {sorted(KINDS)} and sensors of "
                f"{sorted(FAMILIES)}"
            )
        if count < 1 or split not in ("train", "test"):
            raise InvalidValueError(
                f"world source: got {count} samples of split '{split}', expected at least one of "
                "train or test"
            )
        self.name = "world"
        self.kinds = tuple(kinds) or DEFAULT_KINDS
        self.sensors = tuple(sensors)
        self.count, self.split, self.seed, self.profile = count, split, seed, profile
        self.width_px, self.height_px = width_px, height_px
        self.fresh_instances = fresh_instances

    def __len__(self) -> int:
        return self.count

    def world(self, index: int) -> World:
        """The world of a sample, before it is pictured."""
        kind = self.kinds[self._checked(index) % len(self.kinds)]
        number = self.seed * _SEEDS_PER_SOURCE + index
        with fresh_instances(self.fresh_instances):
            return KINDS[kind](number, self.split, self.width_px, self.height_px)

    def __getitem__(self, index: int) -> Sample:
        world = self.world(index)
        picture = rasterise(scenery(world), world.camera, world.world_from_camera)
        kind = self.kinds[index % len(self.kinds)]
        frame, sensor = self._frame(index, picture, world)
        truth = _seen(world.truth(index + 1), picture)
        return Sample(
            key=f"world/{kind}/{self.split}/{self.seed}-{index:08d}",
            frame=frame,
            scene=truth,
            truth=truth,
            instance_id=picture.instance_id,
            surface_m=picture.depth_m,
            room=kind,
            provenance={
                "source": "world",
                "kind": kind,
                "layout": world.layout,
                "split": self.split,
                "seed": self.seed,
                "index": index,
                "sensor": sensor,
                "profile": self.profile if sensor else "",
                **({"fresh_instances": True} if self.fresh_instances else {}),
                "families": {t.id: t.family for t in world.things},
                "rests_on": {t.id: t.rests_on for t in world.things if t.rests_on},
                "glass": [t.id for t in world.things if t.material.transparent],
            },
        )

    def _checked(self, index: int) -> int:
        if not 0 <= index < self.count:
            raise IndexError(f"world source: got index {index}, expected 0 to {self.count - 1}")
        return index

    def _frame(self, index: int, picture: Rendering, world: World) -> tuple[RgbdFrame, str]:
        if not self.sensors:
            return RgbdFrame(index + 1, world.camera, picture.depth_m, picture.colour), ""
        family = self.sensors[(index + index // len(self.kinds)) % len(self.sensors)]
        number = self.seed * _SEEDS_PER_SOURCE + index
        sensor = DepthSensor(family, number, self.profile, shared_fields=True)
        depth, lost = through_glass(picture, world, np.random.default_rng([number, 31]))
        read = sensor.measure(depth, world.camera)
        read[lost] = np.nan
        return RgbdFrame(index + 1, world.camera, read, picture.colour, sensor.model), family


def through_glass(
    picture: Rendering, world: World, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """What depth cameras make of glass: patches without reading, patches of what is behind.

    Returns:
        (H, W) depth with what is behind shining through, (H, W) pixels without any reading.
    """
    glass = [k + 1 for k, t in enumerate(world.things) if t.material.transparent]
    lost = np.zeros(picture.depth_m.shape, bool)
    if not glass:
        return picture.depth_m, lost
    on_glass = np.isin(picture.instance_id, glass)
    solid_only = replace(
        world, things=tuple(t for t in world.things if not t.material.transparent)
    )
    behind = rasterise(
        scenery(solid_only), world.camera, world.world_from_camera, colour=False
    ).depth_m
    coarse = rng.random((2, 24, 32), dtype=np.float32)
    size = lost.shape[::-1]
    first, second = (cv2.resize(c, size, interpolation=cv2.INTER_CUBIC) for c in coarse)
    lost = on_glass & (first < rng.uniform(0.45, 0.75))
    through = on_glass & ~lost & (second < 0.6)
    return np.where(through, behind, picture.depth_m), lost


def _seen(truth: Scene, picture: Rendering) -> Scene:
    """The truth with where each object is in the picture."""
    height_px, width_px = picture.instance_id.shape
    found = find_objects(np.maximum(picture.instance_id, 0), len(truth.objects))
    objects = []
    for thing, where in zip(truth.objects, found, strict=True):
        if where is None:
            objects.append(thing)
            continue
        rows, columns = where
        box_px = columns.start, rows.start, columns.stop, rows.stop
        cut = box_px[0] == 0 or box_px[1] == 0 or box_px[2] == width_px or box_px[3] == height_px
        objects.append(replace(thing, box_px=box_px, is_truncated=cut))
    return replace(truth, objects=tuple(objects))
