"""Scene in, the distances worth publishing out: to the camera, to the gripper, to neighbours."""

from __future__ import annotations

from dataclasses import dataclass

from deepsight_ros.scene.measure import CAMERA_ID
from deepsight_ros.scene.measurement import Measurement
from deepsight_ros.scene.neighbours import DistanceMemory, nearest_neighbours
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


def measure_distances(
    scene: Scene, neighbours: int, most: int, memory: DistanceMemory | None = None
) -> Distances:
    """Each object to the camera, the gripper and its nearest neighbours (surface to surface).

    Args:
        scene: what was seen.
        neighbours: how many of each object's nearest neighbours; a pair comes once.
        most: how many distances at most; pairs of far neighbours are left out first.
        memory: what was measured on the scene before.
    """
    found = nearest_neighbours(scene, neighbours, memory)
    regions = {thing.id for thing in scene.objects if thing.is_region}
    ranges = {m.object_ids[0]: m for m in found.ranges}
    single = [Pairwise(CAMERA_ID, i, m) for i, m in ranges.items() if i not in regions]
    single += [Pairwise(*m.object_ids, m) for m in found.gripper]
    single.sort(key=lambda pair: pair.measured.value)
    pairs = [Pairwise(*m.object_ids, m) for m in found.pairs[: max(0, most - len(single))]]
    return Distances(ranges, tuple((pairs + single)[:most]), found.refused)
