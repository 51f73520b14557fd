"""Planes: exact on exact points, robust against a third of outliers, refusing lines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.planes import Plane, angle_between_rad, fit_plane

UNIT = st.floats(-1, 1)


def on_plane(normal: np.ndarray, offset: float, count: int = 200, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = rng.uniform(-1, 1, (count, 3))
    return points - ((points @ normal) + offset)[:, None] * normal


@given(st.tuples(UNIT, UNIT, UNIT), st.floats(-3, 3))
def test_exact_points_give_the_exact_plane(direction: tuple, offset: float) -> None:
    assume(np.linalg.norm(direction) > 0.1 and abs(offset) > 1e-3)
    normal = np.array(direction) / np.linalg.norm(direction)
    plane = fit_plane(on_plane(normal, offset))
    side = 1 if offset > 0 else -1  # the normal faces the origin
    np.testing.assert_allclose(plane.normal, side * normal, atol=1e-7)
    assert plane.offset_m == pytest.approx(abs(offset), abs=1e-7)


def test_distances_are_signed_and_keep_their_type() -> None:
    plane = Plane(np.array([0, 0, 2.0]), -2.0)  # normalised: z = 1
    points = np.array([[5, 5, 1], [0, 0, 3], [0, 0, 0]])
    np.testing.assert_allclose(plane.distances_m(points.astype(float)), [0, 2, -1])
    assert plane.distances_m(points.astype(np.float32)).dtype == np.float32
    assert plane.facing(np.zeros(3)).normal[2] == -1
    assert plane.facing(np.array([0, 0, 9.0])).normal[2] == 1


def test_weights_choose_the_points() -> None:
    a, b = on_plane(np.array([0, 0, 1.0]), -1.0), on_plane(np.array([0, 1.0, 0]), -1.0)
    weights = np.r_[np.ones(200), np.zeros(200)]
    np.testing.assert_allclose(fit_plane(np.vstack([a, b]), weights).normal, [0, 0, -1], atol=1e-9)


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((0, 3)),
        np.zeros((2, 3)),
        np.ones((50, 3)),
        np.outer(np.arange(9.0), [1, 2, 3]),
        np.full((5, 3), np.nan),
        np.zeros((5, 2)),
    ],
)
def test_points_that_span_no_plane_are_refused(points: np.ndarray) -> None:
    with pytest.raises(InvalidValueError, match="expected"):
        fit_plane(points)


@pytest.mark.parametrize(
    ("normal", "offset"), [([0, 0, 0], 1), ([np.nan, 0, 1], 1), ([0, 0, 1], np.inf), ([0, 1], 0)]
)
def test_bad_planes_are_refused(normal: list, offset: float) -> None:
    with pytest.raises(InvalidValueError, match="expected"):
        Plane(np.array(normal, float), offset)


def test_angles() -> None:
    x, y = np.array([2.0, 0, 0]), np.array([0, 3.0, 0])
    assert angle_between_rad(x, y) == pytest.approx(np.pi / 2)
    assert angle_between_rad(x, -x) == pytest.approx(np.pi)
    assert angle_between_rad(x, x + np.array([0, 1e-9, 0])) == pytest.approx(5e-10)
    assert Plane(np.array([0, 0, 1.0]), 0).angle_rad(x) == pytest.approx(np.pi / 2)
