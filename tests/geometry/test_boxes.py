"""Footprints: hulls, least-area rectangles in canonical form, distances, overlaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.boxes import (
    Rectangle,
    canonical_rectangle,
    convex_hull,
    extent_m,
    minimum_rectangle,
    polygon_area_m2,
)

COORDINATE = st.integers(-1000, 1000).map(lambda i: i / 500.0)
POINTS = hnp.arrays(np.float64, st.tuples(st.integers(1, 30), st.just(2)), elements=COORDINATE)
POLYGONS = POINTS.map(convex_hull)
SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


def filled(rectangle: Rectangle, count: int = 500, seed: int = 0) -> np.ndarray:
    corners = rectangle.corners_m()
    a, b = np.random.default_rng(seed).uniform(0, 1, (2, count, 1))
    inner = corners[0] + a * (corners[1] - corners[0]) + b * (corners[3] - corners[0])
    return np.vstack([inner, corners])


@given(
    st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
    st.floats(0.01, 2),
    st.floats(0.05, 0.98),
    st.floats(-1.57, 1.5707),
)
@settings(max_examples=80, deadline=None)
def test_rectangle_is_recovered(centre: tuple, longer: float, ratio: float, yaw: float) -> None:
    made = Rectangle(np.array(centre), np.array([longer, longer * ratio]), yaw)
    found = minimum_rectangle(filled(made))
    np.testing.assert_allclose(found.centre_m, centre, atol=1e-6)
    np.testing.assert_allclose(found.size_m, made.size_m, atol=1e-6)
    turn = (found.yaw_rad - yaw + np.pi / 2) % np.pi - np.pi / 2
    assert abs(turn) < 1e-4


@given(POINTS)
@settings(max_examples=150, deadline=None)
def test_rectangle_holds_all_points_and_is_canonical(points: np.ndarray) -> None:
    box = minimum_rectangle(points)
    assert box.size_m[0] >= box.size_m[1] >= 0
    assert -np.pi / 2 < box.yaw_rad <= np.pi / 2
    axis = np.array([np.cos(box.yaw_rad), np.sin(box.yaw_rad)])
    offset = points - box.centre_m
    assert (np.abs(offset @ axis) <= box.size_m[0] / 2 + 1e-6).all()
    assert (np.abs(offset @ [-axis[1], axis[0]]) <= box.size_m[1] / 2 + 1e-6).all()
    area = box.size_m[0] * box.size_m[1]
    assert area <= np.prod(np.ptp(points, axis=0)) + 1e-6  # at most the axis-aligned one


@given(POINTS, st.floats(0, 6.28))
@settings(max_examples=80, deadline=None)
def test_turning_the_points_turns_the_rectangle(points: np.ndarray, by: float) -> None:
    turn = np.array([[np.cos(by), -np.sin(by)], [np.sin(by), np.cos(by)]])
    a, b = minimum_rectangle(points), minimum_rectangle(points @ turn.T)
    assert np.prod(a.size_m) == pytest.approx(np.prod(b.size_m), abs=1e-5)


@pytest.mark.parametrize(
    ("size", "yaw", "expected_yaw"),
    [
        ((2, 1), 0.0, 0.0),
        ((1, 2), 0.0, np.pi / 2),
        ((2, 1), np.pi, 0.0),
        ((2, 1), -np.pi / 2, np.pi / 2),
        ((1, 2), 0.3, 0.3 - np.pi / 2),
        ((1, 1), np.pi / 2, 0.0),
        ((1, 1), 0.9, 0.9 - np.pi / 2),
        ((0, 0), 7.0, 7.0 - 2 * np.pi),
    ],
)
def test_canonical_form(size: tuple, yaw: float, expected_yaw: float) -> None:
    made = canonical_rectangle(np.zeros(2), np.array(size, float), yaw)
    assert made.size_m[0] >= made.size_m[1]
    assert made.yaw_rad == pytest.approx(expected_yaw)


def test_few_points() -> None:
    one = minimum_rectangle(np.array([[1.0, 2.0]]))
    assert one.size_m.tolist() == [0, 0] and one.centre_m.tolist() == [1, 2]
    two = minimum_rectangle(np.array([[0.0, 0], [0, 3]]))
    np.testing.assert_allclose(two.size_m, [3, 0], atol=1e-12)
    assert two.yaw_rad == pytest.approx(np.pi / 2)


@given(POINTS)
@settings(max_examples=100, deadline=None)
def test_hull_is_convex_counter_clockwise_and_holds_its_points(points: np.ndarray) -> None:
    hull = convex_hull(points)
    assert polygon_area_m2(hull, signed=True) >= -1e-12
    if len(hull) > 2:
        edge = np.roll(hull, -1, axis=0) - hull
        to = points[:, None] - hull[None]
        left = edge[:, 0] * to[..., 1] - edge[:, 1] * to[..., 0]
        assert (left >= -1e-6 * np.linalg.norm(edge, axis=1)).all()
    assert {tuple(p) for p in hull} <= {tuple(p) for p in points}


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((3, 3)), np.full((4, 2), np.nan)])
def test_bad_points_are_refused(points: np.ndarray) -> None:
    with pytest.raises(InvalidValueError, match="expected"):
        convex_hull(points)


def test_extent() -> None:
    points = np.array([[0.0, 0, 1], [2, 0, 3]])
    assert extent_m(points, np.array([0, 0, 5.0])) == (1, 3)
    assert extent_m(SQUARE, np.array([1.0, 1])) == pytest.approx((0, 2**0.5))
