"""The audit's geometry against the package's own on random solids: two codes, one answer."""

from __future__ import annotations

import json

import numpy as np
import pytest

from deepsight_ros.evaluation.audit.bodies import Thing, thing_gap_m
from deepsight_ros.evaluation.audit.parts import Part
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene import solids
from deepsight_ros.scene.objects import Scene, SceneObject
from deepsight_ros.scene.tilted import TiltedSolid
from deepsight_ros.synthesis.shards.scene_json import scene_from_json, scene_to_json


def some_solid(rng: np.random.Generator, depth: int = 0) -> solids.Solid:
    """Any kind of solid, within a metre or two of the origin."""
    at, size = rng.uniform(-1, 1, 3), rng.uniform(0.05, 0.6, 3)
    kind = int(rng.integers(5 if depth else 7))
    if kind == 0:
        return solids.BoxSolid(at, size, rng.uniform(-3, 3))
    if kind == 1:
        return solids.CylinderSolid(at, size[0], size[2])
    if kind == 2:
        return solids.ConeSolid(at, size[0], size[2])
    if kind == 3:
        return solids.SphereSolid(at, size[0])
    if kind == 4:
        return solids.PrismSolid(at[:2] + rng.uniform(-0.4, 0.4, (7, 2)), at[2], at[2] + size[2])
    if kind == 5:
        turn = RigidTransform.from_quaternion(rng.normal(size=4), rng.uniform(-1, 1, 3))
        upright = solids.BoxSolid(np.zeros(3), size, 0.3)
        return TiltedSolid(
            upright if rng.random() < 0.5 else solids.CylinderSolid(np.zeros(3), size[0], 0.4),
            turn,
        )
    first, second = some_solid(rng, 1), some_solid(rng, 1)
    return solids.CompoundSolid((*first.parts, *second.parts))


def as_thing(shape: solids.Solid) -> Thing:
    scene = Scene(0, "", (SceneObject("a", shape),), RigidTransform.identity())
    return Thing.read(json.loads(scene_to_json(scene))["objects"][0])


@pytest.mark.parametrize("seed", range(40))
def test_two_codes_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = some_solid(rng), some_solid(rng)
    one, two = as_thing(a), as_thing(b)
    gap = solids.distance(a, b)[0]
    assert thing_gap_m(one, two) == pytest.approx(gap, rel=2e-3, abs=1e-3)
    for way in rng.normal(size=(6, 3)):
        way /= np.linalg.norm(way)
        np.testing.assert_allclose(one.span(way), a.extent(way), atol=1e-5)
    points = rng.uniform(-2, 2, (50, 3))
    np.testing.assert_allclose(one.distances_m(points), a.distances(points), atol=2e-4)
    sides = sorted(a.box.size_m[:2])
    # a circle stands as a polygon in both: areas of rectangles differ by little
    close = [
        np.allclose([u.breadth_m, u.length_m], sides, rtol=2e-3, atol=1e-4) for u in one.uprights
    ]
    assert any(close)


def test_solids_come_back_from_json() -> None:
    rng = np.random.default_rng(1)
    shapes = [some_solid(rng) for _ in range(30)]
    objects = tuple(SceneObject(f"o{i}", s) for i, s in enumerate(shapes))
    scene = Scene(0, "", objects, RigidTransform.identity())
    back = scene_from_json(scene_to_json(scene))
    for mine, theirs in zip(back.objects, shapes, strict=True):
        for way in rng.normal(size=(4, 3)):
            np.testing.assert_allclose(mine.shape.extent(way), theirs.extent(way), atol=1e-5)


def test_a_gap_of_parallel_faces_is_exact() -> None:
    def box(x: float) -> Part:
        return Part.read(
            {"shape": "box", "centre_m": [x, 0, 0], "size_m": [1, 2, 3], "yaw_rad": 0.0}
        )

    one, two = Thing("a", "", "", (box(0.0),)), Thing("b", "", "", (box(1.25),))
    assert thing_gap_m(one, two) == pytest.approx(0.25, abs=1e-6)
