"""Exact solids against brute force: sampled surfaces can only be farther than the least distance,
and no support plane can part two solids by more than it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene.revolution import DiscStackSolid
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    CylinderSolid,
    PrismSolid,
    Solid,
    SphereSolid,
    distance,
)

coordinate = st.floats(-1.0, 1.0)
side = st.floats(0.02, 0.5)
angle = st.floats(-np.pi, np.pi)


@st.composite
def convex(draw: st.DrawFn) -> Solid:
    centre = np.array([draw(coordinate), draw(coordinate), draw(coordinate)])
    kind = draw(st.sampled_from(["box", "cylinder", "sphere", "cone", "prism", "stack"]))
    a, b, c = draw(side), draw(side), draw(side)
    if kind == "box":
        return BoxSolid(centre, np.array([a, b, c]), draw(angle))
    if kind == "cylinder":
        return CylinderSolid(centre, a / 2, c)
    if kind == "sphere":
        return SphereSolid(centre, a / 2)
    if kind == "cone":
        return ConeSolid(centre, a / 2, c)
    if kind == "prism":
        turn = np.sort(np.array([draw(angle) for _ in range(5)]))
        ring = centre[:2] + a * np.column_stack([np.cos(turn), np.sin(turn)])
        inner = np.array([[0.3 * a, 0.3 * b], [-0.3 * a, -0.2 * b], [0.2 * a, -0.3 * b]])
        ring = np.concatenate([ring, centre[:2] + inner])
        return PrismSolid(ring, centre[2], centre[2] + c)
    return DiscStackSolid(centre[:2], centre[2] + np.array([0, 0.4 * c, c]), np.array([a, b, 0.0]))


@st.composite
def solid(draw: st.DrawFn) -> Solid:
    if draw(st.booleans()):
        return draw(convex())
    return CompoundSolid((draw(convex()), draw(convex())))  # type: ignore[arg-type]


def samples(s: Solid) -> np.ndarray:
    return s.surface_points(float(s.box.size_m.max()) / 14)


@settings(max_examples=60, deadline=None)
@given(solid(), solid())
def test_distance_agrees_with_brute_force(a: Solid, b: Solid) -> None:
    found, on_a, on_b = distance(a, b)
    from_a, from_b = b.distances(samples(a)), a.distances(samples(b))
    brute = min(from_a.min(), from_b.min())
    assert found <= brute + 1e-9
    # the samples leave gaps of about their spacing
    assert found >= brute - 0.12 * max(a.box.size_m.max(), b.box.size_m.max())
    assert a.distances(on_a[None])[0] < 1e-6
    assert b.distances(on_b[None])[0] < 1e-6
    assert np.linalg.norm(on_a - on_b) == pytest.approx(found, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(convex(), convex())
def test_no_direction_parts_two_solids_by_more_than_their_distance(a: Solid, b: Solid) -> None:
    found, on_a, on_b = distance(a, b)
    other, _, _ = distance(b, a)
    assert other == pytest.approx(found, abs=1e-7)
    if found > 1e-6:  # the witnesses' direction is a separating one: the distance is the least
        n = (on_b - on_a) / found
        assert b.extent(n)[0] - a.extent(n)[1] == pytest.approx(found, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(solid(), st.lists(st.tuples(coordinate, coordinate, coordinate), min_size=3, max_size=8))
def test_nearest_points_are_on_the_solid_and_nearest(s: Solid, points: list[tuple]) -> None:
    p = np.array(points)
    near = s.nearest_points(p)
    assert s.distances(near) == pytest.approx(np.zeros(len(p)), abs=1e-7)
    surface = samples(s)
    brute = np.linalg.norm(surface[None] - p[:, None], axis=2).min(axis=1)
    assert (s.distances(p) <= brute + 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(solid(), st.floats(0, 2 * np.pi), st.floats(-1, 1))
def test_extent_and_box_hold_the_surface(s: Solid, turn: float, rise: float) -> None:
    flat = np.sqrt(1 - rise * rise)
    direction = np.array([flat * np.cos(turn), flat * np.sin(turn), rise])
    lo, hi = s.extent(direction)
    along = samples(s) @ direction
    assert lo <= along.min() + 1e-9
    assert hi >= along.max() - 1e-9
    assert hi - along.max() < 0.2 * s.box.size_m.max()
    box = s.box
    c, sn = np.cos(box.yaw_rad), np.sin(box.yaw_rad)
    own = (samples(s) - box.centre_m) @ np.array([[c, -sn, 0], [sn, c, 0], [0, 0, 1]])
    assert (np.abs(own) <= box.size_m / 2 + 2e-3 * box.size_m.max()).all()


@settings(max_examples=40, deadline=None)
@given(solid(), coordinate, coordinate, coordinate)
def test_moving_both_changes_no_distance(s: Solid, x: float, y: float, z: float) -> None:
    other = BoxSolid(np.array([2.0, 0.3, 0.1]), np.array([0.2, 0.1, 0.3]), 0.4)
    offset = np.array([x, y, z])
    before = distance(s, other)[0]
    after = distance(s.moved(offset), other.moved(offset))[0]
    assert after == pytest.approx(before, abs=1e-7)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (SphereSolid(np.zeros(3), 0.1), SphereSolid(np.array([0.5, 0, 0]), 0.2), 0.2),
        (SphereSolid(np.zeros(3), 0.1), SphereSolid(np.array([0.25, 0, 0]), 0.2), 0.0),
        (
            BoxSolid(np.zeros(3), np.ones(3)),
            BoxSolid(np.array([2.0, 0, 0]), np.ones(3)),
            1.0,
        ),
        (
            BoxSolid(np.zeros(3), np.ones(3)),
            BoxSolid(np.array([2.0, 2.0, 2.0]), np.ones(3)),
            np.sqrt(3.0),
        ),
        (
            BoxSolid(np.zeros(3), np.ones(3), np.pi / 4),
            BoxSolid(np.array([2.0, 0, 0]), np.ones(3)),
            1.5 - np.sqrt(0.5),
        ),
        (
            CylinderSolid(np.zeros(3), 0.1, 0.2),
            CylinderSolid(np.array([0.5, 0, 0.05]), 0.15, 0.2),
            0.25,
        ),
        (
            CylinderSolid(np.zeros(3), 0.1, 0.2),
            CylinderSolid(np.array([0, 0, 0.5]), 0.1, 0.2),
            0.3,
        ),
        # apex of a cone under a plate
        (
            ConeSolid(np.array([0, 0, 0.1]), 0.05, 0.2),
            BoxSolid(np.array([0, 0, 0.35]), np.array([1, 1, 0.1])),
            0.1,
        ),
        # touching faces
        (
            BoxSolid(np.zeros(3), np.ones(3)),
            BoxSolid(np.array([1.0, 0.2, 0]), np.ones(3)),
            0.0,
        ),
    ],
)
def test_known_distances(a: Solid, b: Solid, expected: float) -> None:
    assert distance(a, b)[0] == pytest.approx(expected, abs=1e-7)


def test_footprint_and_box_of_a_mug() -> None:
    mug = CompoundSolid(
        (
            CylinderSolid(np.array([0.5, 0, 0.05]), 0.04, 0.1),
            BoxSolid(np.array([0.5, 0.055, 0.05]), np.array([0.012, 0.03, 0.06])),
        )
    )
    assert not mug.is_round
    # turned so that the handle fills a corner, the rectangle is smaller than along the handle
    length, breadth = mug.box.size_m[:2]
    assert length * breadth < 0.08 * 0.11
    assert min(length, breadth) >= 0.08 - 1e-4
    assert mug.box.size_m[2] == pytest.approx(0.1)
    bottle = CompoundSolid(
        (
            CylinderSolid(np.array([0, 0, 0.1]), 0.04, 0.2),
            ConeSolid(np.array([0, 0, 0.23]), 0.04, 0.06),
        )
    )
    assert bottle.is_round
    assert bottle.box.size_m == pytest.approx([0.08, 0.08, 0.26], abs=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: BoxSolid(np.zeros(3), np.array([0.1, 0.0, 0.1])),
        lambda: BoxSolid(np.zeros(2), np.ones(3)),
        lambda: CylinderSolid(np.zeros(3), -0.1, 0.1),
        lambda: SphereSolid(np.array([0, np.nan, 0]), 0.1),
        lambda: ConeSolid(np.zeros(3), 0.1, np.inf),
        lambda: PrismSolid(np.zeros((3, 2)), 0.1, 0.1),
        lambda: CompoundSolid(()),
        lambda: DiscStackSolid(np.zeros(2), np.array([0.1, 0.0]), np.array([0.1, 0.1])),
    ],
)
def test_impossible_solids_are_refused(make) -> None:
    with pytest.raises(InvalidValueError):
        make()


def test_surfaces_that_coincide_are_sampled_once() -> None:
    """Two bottles that differ below the shoulder: the shoulder they share is surface, too."""
    heights = np.array([0.0, 0.2, 0.5])
    first = DiscStackSolid(np.zeros(2), heights, np.array([0.5, 0.5, 0.0]))
    second = DiscStackSolid(np.zeros(2), heights, np.array([0.25, 0.5, 0.0]))
    alone = first.surface_points(0.05)
    both = CompoundSolid((first, second)).surface_points(0.05)
    assert both[:, 2].max() == alone[:, 2].max()
    assert len(both) <= len(alone) + 1
    stacked = CompoundSolid(
        (
            BoxSolid(np.array([0.0, 0.0, 0.1]), np.array([0.2, 0.2, 0.2])),
            BoxSolid(np.array([0.0, 0.0, 0.3]), np.array([0.2, 0.2, 0.2])),
        )
    ).surface_points(0.05)
    inner = (np.abs(stacked[:, :2]) < 0.099).all(axis=1) & (np.abs(stacked[:, 2] - 0.2) < 1e-6)
    assert not inner.any()  # where they touch is no surface
