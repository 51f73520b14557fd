"""Neighbours found by bounds and by memory are those of measuring every pair anew."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.neighbours import DistanceMemory, box_gaps_m, nearest_neighbours
from deepsight_ros.scene.objects import Gripper, Scene, SceneObject
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    ConvexSolid,
    CylinderSolid,
    PrismSolid,
    SphereSolid,
)


def part(rng: np.random.Generator, at: np.ndarray) -> ConvexSolid:
    kind = rng.integers(5)
    a, b, c = (float(v) for v in rng.uniform(0.03, 0.2, 3))
    if kind == 0:
        return BoxSolid(at, np.array([a, b, c]), float(rng.uniform(0, np.pi)))
    if kind == 1:
        return CylinderSolid(at, a / 2, b)
    if kind == 2:
        return SphereSolid(at, a / 2)
    if kind == 3:
        return ConeSolid(at, a / 2, b)
    return PrismSolid(at[:2] + rng.uniform(-a, a, (9, 2)), float(at[2]), float(at[2]) + b)


def make_scene(rng: np.random.Generator, count: int, gripper: str = "") -> Scene:
    things = []
    for k in range(count):
        at = rng.uniform([0.4, -0.4, 0.0], [1.2, 0.4, 0.2])
        parts = [part(rng, at + rng.normal(0, 0.03, 3)) for _ in range(rng.integers(1, 4))]
        things.append(SceneObject(f"o{k + 1}", CompoundSolid(tuple(parts))))
    working = RigidTransform(np.eye(3), np.array([0.0, 0.0, 0.5]))
    held = None
    if gripper:
        held = Gripper(
            RigidTransform(np.eye(3), np.array([0.7, 0.0, 0.3])),
            gripper if gripper.startswith("o") else "",
        )
    return Scene(1, "camera", tuple(things), working, gripper=held)


def nearest_by_all_pairs(scene: Scene, ids: list[str], k: int) -> dict[tuple[str, str], float]:
    gaps = {
        (a, b): measure(scene, "surface_distance", (a, b)).value for a, b in combinations(ids, 2)
    }
    wanted = {}
    for i in ids:
        mine = sorted((v, pair) for pair, v in gaps.items() if i in pair)
        wanted.update({pair: v for v, pair in mine[:k]})
    return wanted


@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("k", [0, 1, 3])
def test_nearest_are_those_of_every_pair(count: int, k: int) -> None:
    rng = np.random.default_rng(10 * count + k)
    for _ in range(3):
        scene = make_scene(rng, count)
        found = nearest_neighbours(scene, k)
        assert {m.object_ids[0] for m in found.ranges} == {o.id for o in scene.objects}
        expected = nearest_by_all_pairs(scene, [o.id for o in scene.objects], k)
        ours = {m.object_ids: m.value for m in found.pairs}
        # equal gaps (overlaps of 0) may be chosen either way: compare what each thing got
        for thing in scene.objects:
            mine = sorted(v for pair, v in ours.items() if thing.id in pair)[:k]
            theirs = sorted(v for pair, v in expected.items() if thing.id in pair)[:k]
            assert mine == pytest.approx(theirs, abs=1e-9)
        values = [m.value for m in found.pairs]
        assert values == sorted(values)


@pytest.mark.parametrize("gripper", ["point", "o2"])
def test_gripper_is_measured_to_everything_but_itself(gripper: str) -> None:
    scene = make_scene(np.random.default_rng(3), 6, gripper)
    found = nearest_neighbours(scene, 2)
    assert scene.gripper is not None
    body = scene.gripper.object_id
    assert {m.object_ids for m in found.gripper} == {
        ("gripper", o.id) for o in scene.objects if o.id != body
    }
    for m in found.gripper:
        again = measure(scene, "surface_distance", m.object_ids)
        assert m.value == pytest.approx(again.value, abs=1e-9)
    assert not any(body in m.object_ids for m in found.pairs if body)


def test_bounds_never_exceed_the_distance() -> None:
    rng = np.random.default_rng(5)
    for _ in range(20):
        scene = make_scene(rng, 5)
        bounds = box_gaps_m([o.box for o in scene.objects])
        for i, j in combinations(range(5), 2):
            a, b = scene.objects[i].id, scene.objects[j].id
            assert bounds[i, j] <= measure(scene, "surface_distance", (a, b)).value + 1e-9


def test_memory_gives_what_measuring_anew_gives_while_one_thing_moves() -> None:
    rng = np.random.default_rng(7)
    scene = make_scene(rng, 7, "o1")
    memory = DistanceMemory()
    for _ in range(4):
        moved = tuple(
            SceneObject(o.id, o.shape.moved(rng.normal(0, 0.02, 3)))  # type: ignore[attr-defined]
            if o.id in ("o1", "o4")
            else o
            for o in scene.objects
        )
        scene = Scene(1, "camera", moved, scene.working_from_camera, gripper=scene.gripper)
        ours, anew = nearest_neighbours(scene, 3, memory), nearest_neighbours(scene, 3)
        for mine, other in zip(
            (*ours.ranges, *ours.gripper, *ours.pairs),
            (*anew.ranges, *anew.gripper, *anew.pairs),
            strict=True,
        ):
            assert mine.object_ids == other.object_ids
            assert mine.value == pytest.approx(other.value, abs=1e-9)
            assert (mine.lower, mine.upper) == pytest.approx((other.lower, other.upper))
            assert mine.end_points_m is not None and other.end_points_m is not None
            assert np.allclose(mine.end_points_m, other.end_points_m, atol=1e-6)


def test_memory_takes_over_only_what_it_still_holds() -> None:
    """Shapes that were freed give their ids to others: the memory must not mistake them."""
    memory = DistanceMemory()
    for seed in range(15):
        scene = make_scene(np.random.default_rng(seed), 4)
        ours, anew = nearest_neighbours(scene, 2, memory), nearest_neighbours(scene, 2)
        assert [m.value for m in ours.pairs] == pytest.approx([m.value for m in anew.pairs])
        assert len(memory) <= 4 + 6


def test_camera_motion_changes_ranges() -> None:
    scene = make_scene(np.random.default_rng(2), 3)
    memory = DistanceMemory()
    nearest_neighbours(scene, 2, memory)
    closer = RigidTransform(np.eye(3), np.array([0.2, 0.0, 0.5]))
    moved = Scene(2, "camera", scene.objects, closer)
    ours = nearest_neighbours(moved, 2, memory).ranges
    anew = nearest_neighbours(moved, 2).ranges
    assert [m.value for m in ours] == pytest.approx([m.value for m in anew], abs=1e-9)
