"""Carried shapes: distances to a moved point stay what they were; surfaces move as a whole."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.carrying import carried, placed_solid, placed_surface
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.revolution import DiscStackSolid
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    CylinderSolid,
    PrismSolid,
    Solid,
    SphereSolid,
)

BOX = BoxSolid(np.array([0.5, 0.1, 0.05]), np.array([0.1, 0.06, 0.1]), 0.3)
PRISM = PrismSolid(np.array([[0.4, 0.0], [0.6, 0.05], [0.5, 0.2]]), 0.02, 0.1)
STACK = DiscStackSolid(
    np.array([0.5, 0.1]), np.array([0.0, 0.1, 0.2]), np.array([0.05, 0.04, 0.01])
)
SOLIDS: list[Solid] = [
    BOX,
    PRISM,
    STACK,
    CylinderSolid(np.array([0.5, 0.1, 0.06]), 0.04, 0.12),
    ConeSolid(np.array([0.5, 0.1, 0.06]), 0.04, 0.12),
    SphereSolid(np.array([0.5, 0.1, 0.06]), 0.05),
    CompoundSolid((BOX, PRISM, STACK)),
]


def motion(yaw_rad: float, offset_m: tuple[float, float, float]) -> RigidTransform:
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    return RigidTransform(np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]]), np.array(offset_m))


metres = st.floats(-1.0, 1.0)


@settings(deadline=None, max_examples=25)
@given(st.floats(-np.pi, np.pi), st.tuples(metres, metres, metres))
def test_distances_move_along(yaw_rad: float, offset_m: tuple[float, float, float]) -> None:
    move = motion(yaw_rad, offset_m)
    points = np.random.default_rng(0).uniform([0.2, -0.2, -0.1], [0.8, 0.4, 0.4], (40, 3))
    for solid in SOLIDS:
        there = placed_solid(solid, move)
        # the outlines of prisms pass through float32 hulls
        assert np.allclose(there.distances(move.apply(points)), solid.distances(points), atol=1e-7)
        assert np.allclose(there.box.size_m[2], solid.box.size_m[2], atol=1e-9)


@pytest.fixture(scope="module")
def shape() -> ObservedShape:
    """A box of 8 x 8 x 10 cm on the support, half a metre below and ahead of the camera."""
    camera = Camera(160, 120, 140.0, 140.0, 79.5, 59.5)
    down = np.deg2rad(35.0)
    rotation = np.array(
        [
            [0.0, -np.sin(down), np.cos(down)],
            [-1.0, 0.0, 0.0],
            [0.0, -np.cos(down), -np.sin(down)],
        ]
    )
    pose = RigidTransform(rotation, np.array([0.0, 0.0, 0.5]))
    v, u = np.mgrid[0:120, 0:160]
    rays = np.stack([(u - 79.5) / 140.0, (v - 59.5) / 140.0, np.ones(u.shape)], axis=-1)
    directions = (rays @ rotation.T).reshape(-1, 3)
    low, high = np.array([0.6, -0.04, 0.0]), np.array([0.68, 0.04, 0.10])
    with np.errstate(divide="ignore", invalid="ignore"):
        first = (low - pose.translation_m) / directions
        second = (high - pose.translation_m) / directions
        enter = np.minimum(first, second).max(axis=1)
        leave = np.maximum(first, second).min(axis=1)
        ground = -0.5 / directions[:, 2]
    hit = ((enter <= leave) & (enter > 0)).reshape(120, 160)
    depth = np.where(
        hit, enter.reshape(120, 160), np.where(ground > 0, ground, 0).reshape(120, 160)
    )
    made = ObservedShape.from_mask(
        hit, depth.astype(np.float32), camera, pose, FAMILIES["structured_light"]
    )
    assert made is not None
    return made


def test_carried_shape_measures_like_the_one_it_came_from(shape: ObservedShape) -> None:
    move = motion(0.7, (0.1, -0.3, 0.0))
    there = carried(shape, move)
    assert there.kind == shape.kind
    assert there.visibility == shape.visibility
    assert np.allclose(there.box.centre_m, move.apply(shape.box.centre_m), atol=1e-9)
    ahead = np.array([1.0, 0.0, 0.0])
    ours, theirs = there.extent(move.rotate(ahead)), shape.extent(ahead)
    assert ours.length_m == pytest.approx(theirs.length_m, abs=1e-9)
    assert ours.hi.sigma_outward_m == pytest.approx(theirs.hi.sigma_outward_m, abs=1e-9)
    assert ours.hi.visibility == theirs.hi.visibility
    point = shape.surface.points_m[0]
    assert there.trust_at(move.apply(point)) == shape.trust_at(point)


def test_a_shape_that_does_not_move_stays_the_same_one(shape: ObservedShape) -> None:
    assert carried(shape, RigidTransform.identity()) is shape


def test_every_point_and_direction_of_a_surface_moves(shape: ObservedShape) -> None:
    """A field in W that is added to ``Surface`` has to be moved too."""
    move = motion(0.5, (0.2, 0.1, 0.05))
    before, after = shape.surface, placed_surface(shape.surface, move)
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if isinstance(old, np.ndarray) and old.ndim == 2 and old.shape[1] == 3:
            moved = np.allclose(new, move.apply(old)) or np.allclose(new, move.rotate(old))
            assert moved, f"Surface.{field.name} stays behind"
        else:
            assert np.array_equal(old, new)
