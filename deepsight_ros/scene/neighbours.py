"""Who is near whom: a Scene in; each thing's distance to the camera, the gripper and its nearest
neighbours out.

Bounding boxes give every pair a lower bound at once; only pairs that can be among the nearest are
measured. Two shapes that keep their place to each other keep their distance: what was measured in
the last frame is taken over for them (``DistanceMemory``), moved to where they are now.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.carrying import NO_MOTION, STILL_M, CarriedShape, are_same, is_still
from deepsight_ros.scene.measure import GRIPPER_ID, measure
from deepsight_ros.scene.measurement import Measurement
from deepsight_ros.scene.objects import Box3, Scene, SceneObject, Shape

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Distances of one scene, each list nearest first.

    Attributes:
        ranges: camera to each thing, regions included.
        gripper: surface distance of the gripper ("gripper", id) to every thing but itself.
        pairs: surface distance of each thing to its nearest; a pair comes once.
        refused: object id -> why nothing could be measured on it.
    """

    ranges: tuple[Measurement, ...]
    gripper: tuple[Measurement, ...]
    pairs: tuple[Measurement, ...]
    refused: dict[str, str]


@dataclass(frozen=True, eq=False)
class _Known:
    """A measurement between two shapes, or a shape and the camera (``b`` None).

    Attributes:
        a, b: the shapes where they were, held so that their ids stay theirs.
        camera_m: (3,) where the camera was.
        place: W of then from the first shape's own.
        relative: the second's place (or the camera's) as the first one sees it.
        measured: between them.
    """

    a: Shape
    b: Shape | None
    camera_m: Array
    place: RigidTransform
    relative: RigidTransform
    measured: Measurement


@dataclass(eq=False)
class DistanceMemory:
    """The last scene's measurements, by the shapes they are between. One per stream of scenes."""

    _last: dict[tuple[int, int], _Known] = field(default_factory=dict)
    _now: dict[tuple[int, int], _Known] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._last)

    def begin(self) -> None:
        """Start a scene: what was not asked of the last one is forgotten."""
        self._last, self._now = self._now, {}

    def surface_distance(self, scene: Scene, a: SceneObject, b: SceneObject) -> Measurement:
        """Surface distance of two objects, measured or taken over."""
        return self._measured(scene, "surface_distance", (a.id, b.id), a.shape, b.shape)

    def range_to(self, scene: Scene, a: SceneObject) -> Measurement:
        """Distance of an object from the camera, measured or taken over."""
        return self._measured(scene, "range", (a.id,), a.shape, None)

    def _measured(
        self, scene: Scene, quantity: str, ids: tuple[str, ...], a: Shape, b: Shape | None
    ) -> Measurement:
        camera_m = scene.camera_position_m
        key = (id(_origin(a)), id(_origin(b)))
        known = self._now.get(key) or self._last.get(key)
        if known is not None and _is_as_before(known, a, b, camera_m):
            self._now[key] = known
            return _named(known.measured, ids)
        place, relative = _places(a, b, camera_m)
        if known is None or not are_same(known.relative, relative):
            measured = measure(scene, quantity, ids)
        else:
            measured = _named(known.measured, ids)
            motion = place @ known.place.inverse()
            if measured.end_points_m is not None and not is_still(motion):
                measured = replace(measured, end_points_m=motion.apply(measured.end_points_m))
        self._now[key] = _Known(a, b, camera_m, place, relative, measured)
        return measured


def _named(measured: Measurement, ids: tuple[str, ...]) -> Measurement:
    return measured if measured.object_ids == ids else replace(measured, object_ids=ids)


def _origin(shape: Shape | None) -> Shape | None:
    """The shape as it was seen: what stays the same when a shape is carried along."""
    return shape.origin if isinstance(shape, CarriedShape) else shape


def _places(a: Shape, b: Shape | None, camera_m: Array) -> tuple[RigidTransform, RigidTransform]:
    """Motion of ``a`` since it was seen, and that of ``b`` (or the camera) as ``a`` sees it."""
    place = a.motion if isinstance(a, CarriedShape) else NO_MOTION
    inverse = place.inverse()
    if b is None:  # a point has no heading
        return place, RigidTransform(NO_MOTION.rotation, inverse.apply(camera_m))
    return place, inverse @ (b.motion if isinstance(b, CarriedShape) else NO_MOTION)


def _is_as_before(known: _Known, a: Shape, b: Shape | None, camera_m: Array) -> bool:
    """The very same shapes; where it is the camera's distance, the same camera position too."""
    if known.a is not a or known.b is not b:
        return False
    return b is not None or bool(np.abs(known.camera_m - camera_m).max() < STILL_M)


def nearest_neighbours(
    scene: Scene, k: int = 3, memory: DistanceMemory | None = None
) -> Neighbourhood:
    """Measure each thing to the camera, to the gripper and to its ``k`` nearest.

    The gripper is left out of the pairs where it is listed for itself; regions, which overlap the
    things they point at, have only a range.

    Args:
        scene: exact or observed.
        k: how many nearest neighbours of each thing; 0 for none.
        memory: measurements of the scene before; what did not change is taken over.
    """
    memory = DistanceMemory() if memory is None else memory
    memory.begin()
    ranges: list[Measurement] = []
    refused: dict[str, str] = {}
    for thing in scene.objects:
        try:
            ranges.append(memory.range_to(scene, thing))
        except DeepsightError as error:
            refused[thing.id] = str(error)
    things = [t for t in scene.objects if t.id not in refused and not t.is_region]
    gripper: list[Measurement] = []
    held = scene.gripper
    body = None if held is None else next((t for t in things if t.id == held.object_id), None)
    if held is not None:
        for thing in things:
            if thing.is_gripper or thing is body:
                continue
            if body is None:
                measured = measure(scene, "surface_distance", (GRIPPER_ID, thing.id))
            else:
                measured = memory.surface_distance(scene, body, thing)
                measured = replace(measured, object_ids=(GRIPPER_ID, thing.id))
            gripper.append(measured)
    others = [t for t in things if t is not body]
    pairs = _nearest_pairs(scene, others, k, memory)
    return Neighbourhood(_sorted(ranges), _sorted(gripper), _sorted(pairs), refused)


def _nearest_pairs(
    scene: Scene, things: list[SceneObject], k: int, memory: DistanceMemory
) -> list[Measurement]:
    """Each thing with its ``k`` nearest; exact, for a box's lower bound rules out the rest."""
    if len(things) < 2 or k < 1:
        return []
    bounds = box_gaps_m([thing.box for thing in things])
    np.fill_diagonal(bounds, np.inf)
    order = np.argsort(bounds, axis=1, kind="stable")
    found: dict[tuple[int, int], Measurement] = {}
    wanted: set[tuple[int, int]] = set()
    for i in range(len(things)):
        nearest: list[tuple[float, tuple[int, int]]] = []
        for j in order[i, :-1].tolist():
            if len(nearest) >= k and nearest[k - 1][0] <= bounds[i, j]:
                break
            pair = (min(i, j), max(i, j))
            if pair not in found:
                found[pair] = memory.surface_distance(scene, things[pair[0]], things[pair[1]])
            nearest.append((found[pair].value, pair))
            nearest.sort()
        wanted.update(pair for _, pair in nearest[:k])
    return [found[pair] for pair in wanted]


def box_gaps_m(boxes: list[Box3]) -> Array:
    """(N, N) least distance between the axis-aligned boxes around upright boxes: never more than
    that of what is inside."""
    centre = np.array([b.centre_m for b in boxes])
    size = np.array([b.size_m for b in boxes]) / 2.0
    yaw = np.array([b.yaw_rad for b in boxes])
    c, s = np.abs(np.cos(yaw)), np.abs(np.sin(yaw))
    half = np.column_stack(
        [c * size[:, 0] + s * size[:, 1], s * size[:, 0] + c * size[:, 1], size[:, 2]]
    )
    apart = np.abs(centre[:, None] - centre[None]) - half[:, None] - half[None]
    gaps: Array = np.linalg.norm(np.maximum(apart, 0.0), axis=2)
    return gaps


def _sorted(measured: list[Measurement]) -> tuple[Measurement, ...]:
    return tuple(sorted(measured, key=lambda m: m.value))
