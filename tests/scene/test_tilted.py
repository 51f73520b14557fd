"""Tilted solids against points sampled on the turned upright solid."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.solids import BoxSolid, ConeSolid, CylinderSolid, distance
from deepsight_ros.scene.tilted import TiltedSolid

MIDDLE = np.zeros(3)
SOLIDS = [
    BoxSolid(MIDDLE, np.array([0.1, 0.2, 0.3])),
    CylinderSolid(MIDDLE, 0.05, 0.2),
    ConeSolid(MIDDLE, 0.05, 0.2),
]


def _pose(tilt: float, yaw: float) -> RigidTransform:
    c, s, ct, st = np.cos(yaw), np.sin(yaw), np.cos(tilt), np.sin(tilt)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[ct, 0, st], [0, 1, 0], [-st, 0, ct]]
    )
    return RigidTransform(turn, np.array([0.3, -0.2, 0.5]))


@pytest.mark.parametrize("upright", SOLIDS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("tilt", [0.0, 0.4, np.pi / 2])
def test_box_extent_and_nearest_points_hold_the_turned_surface(upright, tilt: float) -> None:
    solid = TiltedSolid(upright, _pose(tilt, 0.7))
    surface = solid.surface_points(0.004)
    assert solid.distances(surface).max() < 1e-9
    for direction in np.eye(3):
        low, high = solid.extent(direction)
        along = surface @ direction
        assert low - 1e-9 <= along.min() < low + 0.006
        assert high - 0.006 < along.max() <= high + 1e-9
    corners = solid.box.corners_m()
    assert surface[:, 2].min() >= corners[:, 2].min() - 1e-9
    assert surface[:, 2].max() <= corners[:, 2].max() + 1e-9
    outside = np.array([[0.9, 0.1, 0.6]])
    nearest = solid.nearest_points(outside)
    away = np.linalg.norm(surface - outside, axis=1).min()
    assert np.linalg.norm(nearest - outside) == pytest.approx(away, abs=0.004)


def test_distance_of_a_lying_cylinder_to_a_box() -> None:
    lying = TiltedSolid(CylinderSolid(MIDDLE, 0.05, 0.2), _pose(np.pi / 2, 0.0))
    other = BoxSolid(np.array([0.3, -0.2, 0.2]), np.array([0.1, 0.1, 0.1]))
    assert distance(lying, other)[0] == pytest.approx(0.5 - 0.05 - 0.25, abs=1e-6)
    moved = lying.moved(np.array([0.0, 0.0, 0.1]))
    assert distance(moved, other)[0] == pytest.approx(0.3, abs=1e-6)
    assert not lying.is_round


def test_no_tilted_solid_of_a_tilted_solid() -> None:
    once = TiltedSolid(SOLIDS[0], _pose(0.1, 0.0))
    with pytest.raises(InvalidValueError):
        TiltedSolid(once, _pose(0.1, 0.0))
