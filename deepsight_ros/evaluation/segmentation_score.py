"""Found objects against visible truth masks: recall by how things stand, and precision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsight_ros.evaluation.simulated_scenes import SimulatedScene
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.solids import Solid, distance

IOU = 0.5
TOUCHING_M = 0.005


@dataclass(frozen=True)
class SegmentationRecord:
    """One thing looked for, or one found object.

    Attributes:
        scene: index.
        kind: ``isolated`` (more than half visible), ``touching``, ``stacked``, ``hidden``
            (isolated, at most half visible), ``gripper``; ``found`` for found objects.
        hit: a partner with IoU 0.5 or better.
        iou: best IoU.
    """

    scene: int
    world: str
    kind: str
    hit: bool
    iou: float


def standing(scene: SimulatedScene) -> dict[str, str]:
    """How each thing stands: ``isolated``, ``touching``, ``stacked``, ``hidden``, ``gripper``."""
    things = [t for t in scene.world.things if t.id in scene.boxes]
    carrying = {t.rests_on for t in scene.world.things}
    kinds = {}
    for thing in things:
        if thing.is_gripper:
            kinds[thing.id] = "gripper"
        elif thing.rests_on or thing.id in carrying:
            kinds[thing.id] = "stacked"
        elif any(_near(scene, thing.id, o.id) for o in things if o is not thing):
            kinds[thing.id] = "touching"
        else:
            kinds[thing.id] = "isolated" if scene.visible[thing.id] > 0.5 else "hidden"
    return kinds


def _near(scene: SimulatedScene, a: str, b: str) -> bool:
    first, second = scene.truth.object(a).shape, scene.truth.object(b).shape
    if not (isinstance(first, Solid) and isinstance(second, Solid)):
        return False
    return distance(first, second)[0] <= TOUCHING_M


def score_segmentation(scene: SimulatedScene, perceived: Scene) -> list[SegmentationRecord]:
    """Best IoU of every thing and of every found object; masks at perception resolution.

    A found object that the perceiver calls the gripper counts as found, and matches the gripper.
    """
    found = [o.mask for o in perceived.objects if o.mask is not None and not o.is_region]
    kinds = standing(scene)
    names = list(kinds)
    if found:
        step = round(scene.world.camera.width_px / found[0].shape[1])
        ids = scene.rendering.instance_id[::step, ::step]
        truth = np.array([(ids == scene.world.instance_id(n)).ravel() for n in names])
        masks = np.array([m.ravel() for m in found])
        overlap = truth.astype(np.float32) @ masks.T.astype(np.float32)
        union = truth.sum(1)[:, None] + masks.sum(1)[None, :] - overlap
        iou = overlap / np.maximum(union, 1)
    else:
        iou = np.zeros((len(names), 0))
    kind = scene.world.kind
    records = []
    for row, name in enumerate(names):
        best = float(iou[row].max(initial=0.0))
        records.append(SegmentationRecord(scene.index, kind, kinds[name], best >= IOU, best))
    for column in range(len(found)):
        best = float(iou[:, column].max(initial=0.0))
        records.append(SegmentationRecord(scene.index, kind, "found", best >= IOU, best))
    return records
