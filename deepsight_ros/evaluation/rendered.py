"""A scene file rendered with sensor noise and perceived as if live: `deepsight ask --render`.

In: a scene file of exact solids. Out: the Scene that perception makes of a noisy picture of it,
with the file's nouns given as a detector would give them.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepsight_ros.errors import SceneFileError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.perception.inputs import Detection, GivenUp, GripperInput
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Box3, Scene, SceneObject, UpSource
from deepsight_ros.scene.scene_file import load_scene
from deepsight_ros.scene.solids import ConeSolid, CylinderSolid, Solid, SphereSolid
from deepsight_ros.synthesis.render import Rendering, render
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.shapes import KINDS, Part, box
from deepsight_ros.synthesis.things import PALETTE, SUPPORT_ID, Fixture, Material, Thing, World

_EXTRA_RGB = {
    "silver": (176, 178, 182),
    "gray": PALETTE["grey"],
    "pink": (226, 128, 160),
    "beige": (206, 188, 150),
    "gold": (190, 150, 50),
}
_PLAIN = "grey"
_TABLE_RGB = (150, 140, 126)
_LEAST_PIXELS = 12


def perceive_scene_file(
    path: str | Path, *, family: str = "structured_light", seed: int = 0
) -> Scene:
    """Render, add noise, perceive.

    Args:
        path: scene file (docs/scene_file.md).
        family: sensor noise family.
        seed: of the noise.

    Returns:
        The perceived scene; things too small or hidden in the picture are not in it.

    Raises:
        SceneFileError: the file is malformed, or names no camera.
    """
    exact = load_scene(path)
    world = world_of(exact)
    rendering = render(world)
    frame = DepthSensor(family, seed).frame(rendering, world.camera, stamp_ns=1)
    return perceive_rendering(exact, world, rendering, frame)


def perceive_rendering(
    exact: Scene, world: World, rendering: Rendering, frame: RgbdFrame
) -> Scene:
    """Perceive a frame of ``world``, naming things as the exact scene does."""
    detections = []
    for index, thing in enumerate(world.things):
        v, u = np.nonzero(rendering.instance_id == index + 1)
        if len(v) >= _LEAST_PIXELS and not thing.is_gripper:
            edges = (float(u.min()), float(v.min()), float(u.max()) + 1, float(v.max()) + 1)
            detections.append(Detection(thing.label, 1.0, edges))
    gripper = None
    if exact.gripper is not None:
        body = exact.object(exact.gripper.object_id).box
        pose = exact.working_from_camera.inverse() @ exact.gripper.pose
        size = (float(body.size_m[0]), float(body.size_m[1]), float(body.size_m[2]))
        gripper = GripperInput(pose, size)
    up = GivenUp(exact.working_from_camera.rotation[2], UpSource.TF)
    scene = Perceiver().perceive(frame, up_in_camera=up, detections=detections, gripper=gripper)
    return replace(scene, support_label=exact.support_label)


def world_of(exact: Scene) -> World:
    """The world of a scene file: its solids on a wide support, seen by its camera."""
    if exact.camera is None:
        raise SceneFileError("scene file: the camera has no intrinsics; give width_px, fx, ...")
    things = tuple(_thing(o) for o in exact.objects)
    support = box(40.0, 40.0, 0.05, (0.0, 0.0, -0.05))
    fixture = Fixture(SUPPORT_ID, (support,), Material(_PLAIN, _TABLE_RGB))
    return World(
        things,
        (fixture,),
        exact.support_label,
        exact.camera,
        exact.working_from_camera,
        exact.gripper.pose if exact.gripper is not None else None,
    )


def _thing(item: SceneObject) -> Thing:
    shape = item.shape
    if not isinstance(shape, Solid):
        raise SceneFileError(f"scene file: object '{item.id}' is no exact solid")
    kind = "box"
    for name, solid_type in zip(KINDS[1:], (CylinderSolid, SphereSolid, ConeSolid), strict=True):
        if isinstance(shape, solid_type):
            kind = name
    bounds: Box3 = shape.box
    x, y, z = (float(side) for side in bounds.size_m)
    if kind != "box":  # exactly round, whatever the last digit of the file's sides
        y = x
        z = x if kind == "sphere" else z
    part = Part(kind, (x, y, z), (0.0, 0.0, z / 2))
    centre = bounds.centre_m
    rgb = PALETTE.get(item.colour) or _EXTRA_RGB.get(item.colour, PALETTE[_PLAIN])
    return Thing(
        item.id,
        item.label,
        kind,
        (part,),
        (float(centre[0]), float(centre[1]), float(centre[2]) - z / 2),
        math.remainder(bounds.yaw_rad, 2 * math.pi),
        Material(item.colour or _PLAIN, rgb),
        is_gripper=item.is_gripper,
    )
