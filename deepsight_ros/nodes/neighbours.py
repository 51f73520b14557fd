"""Scene in, the distances worth publishing out: to the camera, to the gripper, to neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepsight_ros.errors import DeepsightError
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID, measure
from deepsight_ros.scene.measurement import Measurement
from deepsight_ros.scene.objects import Scene


@dataclass(frozen=True, eq=False)
class Pairwise:
    """One distance and what it is between."""

    from_id: str
    to_id: str
    measured: Measurement


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances of one scene.

    Attributes:
        ranges: object id -> distance from the camera.
        pairs: everything to publish, ranges included, nearest first within each kind.
        refused: object id -> why nothing could be measured on it.
    """

    ranges: dict[str, Measurement]
    pairs: tuple[Pairwise, ...]
    refused: dict[str, str]


def measure_distances(scene: Scene, neighbours: int, most: int) -> Distances:
    """Each object to the camera, the gripper and its nearest neighbours (surface to surface).

    Args:
        scene: what was seen.
        neighbours: how many of each object's nearest neighbours; a pair is measured once.
        most: how many distances at most; pairs of far neighbours are left out first.
    """
    ranges: dict[str, Measurement] = {}
    refused: dict[str, str] = {}
    for thing in scene.objects:
        try:
            ranges[thing.id] = measure(scene, "range", (thing.id,))
        except DeepsightError as error:
            refused[thing.id] = str(error)
    things = [t for t in scene.objects if t.id in ranges and not t.is_region]
    found = [Pairwise(CAMERA_ID, t.id, ranges[t.id]) for t in things]
    if scene.gripper is not None:
        found += [
            Pairwise(GRIPPER_ID, t.id, measure(scene, "surface_distance", (GRIPPER_ID, t.id)))
            for t in things
            if not t.is_gripper
        ]
    found.sort(key=lambda pair: pair.measured.value)
    wanted = _nearest_pairs(scene, [t.id for t in things], neighbours)[: max(0, most - len(found))]
    between = [Pairwise(a, b, measure(scene, "surface_distance", (a, b))) for a, b in wanted]
    between.sort(key=lambda pair: pair.measured.value)
    return Distances(ranges, tuple((between + found)[:most]), refused)


def _nearest_pairs(scene: Scene, ids: list[str], neighbours: int) -> list[tuple[str, str]]:
    """Pairs of each object with its nearest by gap of bounding spheres, nearest pair first."""
    if len(ids) < 2 or neighbours < 1:
        return []
    boxes = [scene.object(i).box for i in ids]
    centres = np.array([b.centre_m for b in boxes])
    radii = np.array([np.linalg.norm(b.size_m) / 2 for b in boxes])
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=2) - radii[:, None] - radii[None]
    np.fill_diagonal(gaps, np.inf)
    count = min(neighbours, len(ids) - 1)
    nearest = np.argpartition(gaps, count - 1, axis=1)[:, :count]
    rows = np.repeat(np.arange(len(ids)), count)
    pairs = {
        (min(int(a), int(b)), max(int(a), int(b)))
        for a, b in zip(rows, nearest.ravel(), strict=True)
    }
    ordered = sorted(pairs, key=lambda pair: gaps[pair])
    return [(ids[a], ids[b]) for a, b in ordered]
