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
    inside_convex,
    minimum_rectangle,
    overlap_area_m2,
    polygon_area_m2,
    polygon_distance_m,
    polygons_intersect,
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
    assert inside_convex(points, hull, margin_m=1e-6).all()
    assert {tuple(p) for p in hull} <= {tuple(p) for p in points}


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((3, 3)), np.full((4, 2), np.nan)])
def test_bad_points_are_refused(points: np.ndarray) -> None:
    with pytest.raises(InvalidValueError, match="expected"):
        convex_hull(points)


def test_inside() -> None:
    points = np.array([[0.5, 0.5], [1.0, 1.0], [1.05, 0.5], [2, 2]])
    assert inside_convex(points, SQUARE).tolist() == [True, True, False, False]
    assert inside_convex(points, SQUARE, margin_m=0.1).tolist() == [True, True, True, False]
    segment = np.array([[0.0, 0], [1, 0]])
    assert inside_convex(np.array([[0.5, 0.0], [0.5, 0.1]]), segment).tolist() == [True, False]


@pytest.mark.parametrize(
    ("shift", "expected"),
    [((2, 0), 1.0), ((0, -3), 2.0), ((2, 2), 2**0.5), ((0.5, 0.5), 0.0), ((1, 0), 0.0)],
)
def test_distance_between_squares(shift: tuple, expected: float) -> None:
    assert polygon_distance_m(SQUARE, SQUARE + shift) == pytest.approx(expected)


def test_distances_of_degenerate_footprints() -> None:
    point, segment = np.array([[3.0, 0.5]]), np.array([[0.5, -1.0], [0.5, 2.0]])
    assert polygon_distance_m(point, SQUARE) == pytest.approx(2)
    assert polygon_distance_m(segment, SQUARE) == 0.0  # crosses it, no corner inside
    assert polygon_distance_m(segment, segment + np.array([1, 0])) == pytest.approx(1)
    assert polygon_distance_m(segment, np.array([[0.0, 0], [1.0, 0]])) == 0.0
    assert polygon_distance_m(segment, segment + np.array([0, 5])) == pytest.approx(
        2
    )  # in one line
    assert polygon_distance_m(point, point + np.array([0, 2])) == pytest.approx(2)
    assert polygon_distance_m(point, point) == 0.0


@given(POLYGONS, POLYGONS)
@settings(max_examples=150, deadline=None)
def test_distance_overlap_and_intersection_agree(a: np.ndarray, b: np.ndarray) -> None:
    distance = polygon_distance_m(a, b)
    assert distance == pytest.approx(polygon_distance_m(b, a))
    assert (distance == 0.0) == polygons_intersect(a, b) or distance < 1e-9
    area = overlap_area_m2(a, b)
    assert area <= min(polygon_area_m2(a), polygon_area_m2(b)) + 1e-5
    if distance > 1e-6:
        assert area == 0.0
        near = np.linalg.norm(a[:, None] - b[None], axis=2).min()
        assert distance <= near + 1e-12
    if inside_convex(a.mean(axis=0)[None], b).any():
        assert polygons_intersect(a, b)


def test_overlap() -> None:
    assert overlap_area_m2(SQUARE, SQUARE + np.array([0.25, 0.5])) == pytest.approx(
        0.375, rel=1e-5
    )
    assert overlap_area_m2(SQUARE, SQUARE * 0.5 + 0.1) == pytest.approx(0.25, rel=1e-5)
    assert overlap_area_m2(SQUARE, SQUARE + 2) == 0.0


def test_extent() -> None:
    points = np.array([[0.0, 0, 1], [2, 0, 3]])
    assert extent_m(points, np.array([0, 0, 5.0])) == (1, 3)
    assert extent_m(SQUARE, np.array([1.0, 1])) == pytest.approx((0, 2**0.5))
