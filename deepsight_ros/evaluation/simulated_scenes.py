"""Scenes for measuring: a seed in; frame with sensor noise, exact truth and regions out.

Every fourth scene is a room, the others are tabletops; sensor families take turns; every second
scene is given up from outside (as TF would, off by a fraction of a degree), the others leave it
to the support plane.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.inputs import (
    Detection,
    GivenUp,
    GripperInput,
    RegionKind,
    RegionRequest,
)
from deepsight_ros.scene.objects import Scene, SceneObject, UpSource
from deepsight_ros.synthesis.raster import rasterise
from deepsight_ros.synthesis.render import Rendering, render, visible_fractions
from deepsight_ros.synthesis.scenery import scenery
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.shapes import place
from deepsight_ros.synthesis.things import SUPPORT_ID, World, solid
from deepsight_ros.synthesis.world import room, tabletop
from deepsight_ros.synthesis.world_tables import CROWDS, crowded

UP_ERROR_RAD = np.deg2rad(0.2)
USUAL = "usual"
LEAST_PIXELS = 60
"""Things with fewer visible pixels are not asked about (but stay in the scene)."""


@dataclass(frozen=True, eq=False)
class SimulatedScene:
    """One simulated view with everything that is true about it.

    Attributes:
        index: number within the run.
        world, rendering: noise-free.
        frame: what the sensor delivers.
        sensor: noise family.
        truth: exact scene in W; ``obstacles`` has walls and floor as objects too.
        up: given up, or None when perception has to find it.
        gripper: pose of the gripper, or None.
        boxes: visible bounding box of each thing, by id; only things that are asked about.
        visible: visible share of each thing, by id.
    """

    index: int
    world: World
    rendering: Rendering
    frame: RgbdFrame
    sensor: str
    truth: Scene
    up: GivenUp | None
    gripper: GripperInput | None
    boxes: dict[str, tuple[int, int, int, int]]
    visible: dict[str, float]

    @property
    def up_source(self) -> str:
        return "plane" if self.up is None else "tf"

    def mask(self, thing_id: str) -> NDArray[np.bool_]:
        """(H, W) the thing's visible pixels."""
        found: NDArray[np.bool_] = self.rendering.instance_id == self.world.instance_id(thing_id)
        return found

    def regions(self, mode: str) -> list[RegionRequest]:
        """Each thing's visible box (``box``) or silhouette (``mask``), with id ``<mode>:<id>``."""
        if mode == "box":
            return [
                RegionRequest(RegionKind.BOX, box_px=box, id=f"box:{i}")
                for i, box in self.boxes.items()
            ]
        return [
            RegionRequest(RegionKind.MASK, mask=self.mask(i), id=f"mask:{i}") for i in self.boxes
        ]

    def detections(self) -> list[Detection]:
        """A perfect detector: true boxes and nouns of all things but the gripper."""
        return [
            Detection(t.label, 0.9, self.boxes[t.id])
            for t in self.world.things
            if t.id in self.boxes and not t.is_gripper
        ]

    def obstacles(self) -> Scene:
        """The truth with walls and floor as objects, for free space."""
        pose = self.world.working_from_world()
        fixed = tuple(
            SceneObject(f"fixture{k}", solid(place(f.parts, np.zeros(3), 0.0), pose))
            for k, f in enumerate(self.world.fixtures)
            if f.instance_id != SUPPORT_ID
        )
        return replace(self.truth, objects=(*self.truth.objects, *fixed))


def make_scene(
    index: int, seed: int, *, split: str = "test", profile: str = "test", place: str = "usual"
) -> SimulatedScene:
    """Scene number ``index`` of the run with this seed.

    Args:
        place: ``usual``, or a crowded kind of place (``world_tables.CROWDS``): ``clutter`` ...

    Raises:
        InvalidValueError: no such place.
    """
    if place != USUAL and place not in CROWDS:
        raise InvalidValueError(f"scenes: got place '{place}', expected {USUAL} or {list(CROWDS)}")
    number = seed * 100_003 + index
    rng = np.random.default_rng([number, 23])
    if place == USUAL:
        world = (room if index % 4 == 3 else tabletop)(number, split=split)
    else:
        world = crowded(place, number, split=split)
    rendering = render(world) if place == USUAL else _rasterised(world)
    family = sorted(FAMILIES)[index % len(FAMILIES)]
    frame = DepthSensor(family, number, profile).frame(rendering, world.camera, index + 1)
    truth = world.truth(index + 1)
    up = None
    if (index + index // 4) % 2 == 0:  # not in step with rooms or with sensor families
        tilt = rng.normal(0, UP_ERROR_RAD, 3)
        up = GivenUp(truth.working_from_camera.rotation[2] + tilt, UpSource.TF)
    fractions = visible_fractions(world) if place == USUAL else _fractions(world, rendering)
    boxes, visible = {}, {}
    for k, thing in enumerate(world.things):
        v, u = np.nonzero(rendering.instance_id == k + 1)
        if len(v) >= LEAST_PIXELS:
            boxes[thing.id] = (int(u.min()), int(v.min()), int(u.max()) + 1, int(v.max()) + 1)
            visible[thing.id] = float(fractions[k])
    return SimulatedScene(
        index, world, rendering, frame, family, truth, up, _gripper(world), boxes, visible
    )


def _rasterised(world: World, *, colour: bool = True) -> Rendering:
    """A world whose things may lie and lean, which the ray caster does not draw."""
    return rasterise(scenery(world), world.camera, world.world_from_camera, colour=colour)


def _fractions(world: World, rendering: Rendering) -> NDArray[np.float64]:
    """As ``visible_fractions``, by the rasteriser."""
    ids = np.maximum(rendering.instance_id, 0)
    seen = np.bincount(ids.ravel(), minlength=len(world.things) + 1)[1:]
    alone = [
        np.count_nonzero(
            _rasterised(replace(world, things=(t,), fixtures=()), colour=False).instance_id == 1
        )
        for t in world.things
    ]
    return seen / np.maximum(np.array(alone, np.float64), 1.0)


def _gripper(world: World) -> GripperInput | None:
    if world.gripper is None:
        return None
    body = next(t for t in world.things if t.is_gripper).placed()
    world_from_gripper: RigidTransform = world.gripper
    offsets = (body.centre_m - world_from_gripper.translation_m) @ world_from_gripper.rotation
    # the parts are upright boxes aligned with the gripper's axes: their sides follow by rotation
    turn = body.size_m @ np.abs(_yaw_free(world_from_gripper.rotation))
    size = (offsets + turn / 2).max(axis=0) - (offsets - turn / 2).min(axis=0)
    return GripperInput(
        world.world_from_camera.inverse() @ world_from_gripper,
        (float(size[0]), float(size[1]), float(size[2])),
    )


def _yaw_free(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of a gripper's rotation that is no turn about z: level (identity) or down."""
    if abs(rotation[2, 0]) < 0.5:
        return np.eye(3)
    return np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
