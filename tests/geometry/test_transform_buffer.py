"""Transforms over time: chains, interpolation, limits of history, and what is refused."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError, TransformError
from deepsight_ros.geometry.transform_buffer import TransformBuffer, interpolate
from deepsight_ros.geometry.transforms import RigidTransform
from tests.support.waiting import PATIENCE_S

S = 1_000_000_000
UNIT = (0.0, 0.0, 0.0, 1.0)


def turned(angle_rad: float, *translation: float) -> RigidTransform:
    q = np.array([0, 0, np.sin(angle_rad / 2), np.cos(angle_rad / 2)])
    return RigidTransform.from_quaternion(q, np.array(translation or (0.0, 0, 0)))


@pytest.fixture
def robot() -> TransformBuffer:
    """map -> base (moves) -> arm (turns) -> camera (fixed); base -> lidar (fixed)."""
    buffer = TransformBuffer()
    for i in range(11):
        buffer.add("map", "base", (0.1 * i, 0, 0), UNIT, i * S // 10)
        buffer.add_transform("base", "arm", turned(0.1 * i, 0, 0, 1), i * S // 10)
    buffer.add("arm", "camera", (0.5, 0, 0), UNIT, 0, is_static=True)
    buffer.add("base", "lidar", (0, 0.2, 0), UNIT, 0, is_static=True)
    return buffer


def same(a: RigidTransform, b: RigidTransform) -> None:
    np.testing.assert_allclose(a.matrix, b.matrix, atol=1e-9)


def test_chain_at_a_stamp_between_two_poses(robot: TransformBuffer) -> None:
    at = turned(0, 0.45, 0, 0) @ turned(0.45, 0, 0, 1) @ turned(0, 0.5, 0, 0)
    same(robot.lookup("map", "camera", int(0.45 * S)), at)
    same(robot.lookup("camera", "map", int(0.45 * S)), at.inverse())
    same(robot.lookup("/map", "/camera", int(0.45 * S)), at)


def test_branches_meet_where_they_must(robot: TransformBuffer) -> None:
    expected = turned(0, 0, 0.2, 0).inverse() @ turned(0.3, 0, 0, 1) @ turned(0, 0.5, 0, 0)
    same(robot.lookup("lidar", "camera", 3 * S // 10), expected)


def test_static_transforms_hold_at_any_time(robot: TransformBuffer) -> None:
    for stamp in (None, 0, 10**18, -5):
        same(robot.lookup("arm", "camera", stamp), turned(0, 0.5, 0, 0))


def test_a_frame_in_itself(robot: TransformBuffer) -> None:
    same(robot.lookup("camera", "camera", 10**18), RigidTransform.identity())


def test_newest_is_what_all_edges_share(robot: TransformBuffer) -> None:
    robot.add("map", "base", (9, 0, 0), UNIT, 2 * S)
    same(
        robot.lookup("map", "base", None),
        turned(0, 9, 0, 0),
    )
    same(robot.lookup("map", "arm", None), robot.lookup("map", "arm", S))


@pytest.mark.parametrize(
    ("stamp_ns", "says"),
    [(S + S // 4, "into the future by 0.250 s"), (-S // 2, "into the past by 0.500 s")],
)
def test_no_extrapolation(robot: TransformBuffer, stamp_ns: int, says: str) -> None:
    with pytest.raises(TransformError, match=says) as caught:
        robot.lookup("map", "camera", stamp_ns)
    assert "0.000 to 1.000 s" in str(caught.value)
    assert not robot.can_transform("map", "camera", stamp_ns)
    assert robot.can_transform("map", "camera", S)
    held = robot.lookup("map", "base", stamp_ns, tolerance_ns=S // 2)
    assert held.translation_m[0] in (1.0, 0.0)


def test_unknown_frames_are_named(robot: TransformBuffer) -> None:
    with pytest.raises(TransformError, match=r"unknown frame 'gripper'.*arm, base, camera"):
        robot.lookup("map", "gripper", 0)
    with pytest.raises(TransformError, match="unknown frame ''"):
        robot.lookup("map", "", 0)
    with pytest.raises(TransformError, match="no transform has arrived"):
        TransformBuffer().lookup("map", "base", 0)


def test_two_trees_are_named(robot: TransformBuffer) -> None:
    robot.add("table", "cup", (0, 0, 0), UNIT, 0)
    with pytest.raises(TransformError, match="different roots, 'table' and 'map'"):
        robot.lookup("map", "cup", 0)
    assert robot.frames() == ["arm", "base", "camera", "cup", "lidar", "map", "table"]


@pytest.mark.parametrize(
    ("parent", "child", "translation", "quaternion", "says"),
    [
        ("base", "base", (0, 0, 0), UNIT, "own parent"),
        ("/base", "base", (0, 0, 0), UNIT, "own parent"),
        ("camera", "map", (0, 0, 0), UNIT, "expected a tree"),
        ("arm", "base", (0, 0, 0), UNIT, "expected a tree"),
        ("", "x", (0, 0, 0), UNIT, "empty frame name"),
        ("map", "", (0, 0, 0), UNIT, "empty frame name"),
        ("map", "x", (np.nan, 0, 0), UNIT, "NaN"),
        ("map", "x", (0, 0), UNIT, "translation"),
        ("map", "x", (0, 0, 0), (np.nan, 0, 0, 1), "length nan"),
        ("map", "x", (0, 0, 0), (0, 0, 0, 0), "length 0"),
        ("map", "x", (0, 0, 0), (0, 0, 0, 1.5), "length 1.5"),
        ("map", "x", (0, 0, 0), (0, 0, 1), "length nan"),
    ],
)
def test_bad_transforms_are_refused_and_change_nothing(
    robot: TransformBuffer,
    parent: str,
    child: str,
    translation: tuple,
    quaternion: tuple,
    says: str,
) -> None:
    before = robot.lookup("map", "camera", S).matrix
    with pytest.raises(InvalidValueError, match=says):
        robot.add(parent, child, np.array(translation), np.array(quaternion), 0)
    np.testing.assert_array_equal(robot.lookup("map", "camera", S).matrix, before)
    assert "x" not in robot.frames()


def test_rounded_quaternions_are_normalised() -> None:
    buffer = TransformBuffer()
    buffer.add("a", "b", np.zeros(3), np.array([0, 0, 0.7071, 0.7071]) * 1.004, 0, is_static=True)
    same(buffer.lookup("a", "b"), turned(np.pi / 2))


def test_history_is_bounded() -> None:
    buffer = TransformBuffer(cache_s=1.0)
    for i in range(500):
        buffer.add("a", "b", (i, 0, 0), UNIT, i * S // 100)
    with pytest.raises(TransformError, match=r"from 3.990 to 4.990 s \(101 poses\)"):
        buffer.lookup("a", "b", 0)


def test_late_and_repeated_poses_find_their_place() -> None:
    buffer = TransformBuffer()
    for stamp, x in ((0, 0.0), (2 * S, 2.0), (S, 5.0), (S, 1.0)):
        buffer.add("a", "b", (x, 0, 0), UNIT, stamp)
    assert buffer.lookup("a", "b", S + S // 2).translation_m[0] == pytest.approx(1.5)


def test_a_clock_that_restarts_starts_a_new_history() -> None:
    buffer = TransformBuffer()
    buffer.add("a", "b", (1, 0, 0), UNIT, 1000 * S)
    buffer.add("a", "b", (2, 0, 0), UNIT, 5 * S)
    assert buffer.lookup("a", "b", None).translation_m[0] == 2
    with pytest.raises(TransformError, match="future"):
        buffer.lookup("a", "b", 1000 * S)


def test_clear_keeps_static_transforms(robot: TransformBuffer) -> None:
    robot.clear()
    assert robot.frames() == ["arm", "base", "camera", "lidar"]
    assert robot.can_transform("arm", "camera")
    assert not robot.can_transform("map", "base")


def test_a_frame_may_get_another_parent(robot: TransformBuffer) -> None:
    robot.add("lidar", "camera", (0, 0, 3), UNIT, 0, is_static=True)
    same(robot.lookup("base", "camera"), turned(0, 0, 0.2, 3))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 30)), max_size=40),
    st.integers(0, 5),
    st.integers(0, 5),
    st.one_of(st.none(), st.integers(0, 30)),
)
@settings(max_examples=150, deadline=None)
def test_any_sequence_answers_or_says_why(
    edges: list[tuple[int, int, int]], target: int, source: int, stamp: int | None
) -> None:
    buffer = TransformBuffer()
    for parent, child, at in edges:
        try:
            buffer.add_transform(f"f{parent}", f"f{child}", turned(at, parent, child, at), at * S)
        except InvalidValueError as error:
            assert "parent" in str(error) or "tree" in str(error)
    stamp_ns = None if stamp is None else stamp * S
    try:
        there = buffer.lookup(f"f{target}", f"f{source}", stamp_ns)
        back = buffer.lookup(f"f{source}", f"f{target}", stamp_ns)
    except TransformError:
        return
    np.testing.assert_allclose((there @ back).matrix, np.eye(4), atol=1e-6)


@given(st.floats(-3.1, 3.1), st.floats(-3.1, 3.1), st.floats(0, 1))
def test_interpolation_turns_at_constant_speed_the_short_way(a: float, b: float, u: float) -> None:
    middle = interpolate(turned(a, 1, 2, 3), turned(b, 3, 2, 1), u)
    step = (b - a + np.pi) % (2 * np.pi) - np.pi
    if abs(abs(step) - np.pi) > 1e-3:  # half a turn has two short ways
        same(middle, turned(a + u * step, 1 + 2 * u, 2, 3 - 2 * u))


def test_threads() -> None:
    buffer = TransformBuffer(cache_s=0.05)
    buffer.add("a", "b", (0, 0, 0), UNIT, 0)
    failures: list[Exception] = []

    def write() -> None:
        for i in range(2000):
            buffer.add("a", "b", (i, 0, 0), UNIT, i * S // 1000)

    def read() -> None:
        try:
            for _ in range(2000):
                buffer.lookup("a", "b", None)
        except Exception as error:  # noqa: BLE001 - any failure of the thread fails the test
            failures.append(error)

    threads = [threading.Thread(target=t) for t in (write, read, read)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert failures == []


@pytest.mark.parametrize("cache_s", [0.0, -1.0, np.nan, np.inf])
def test_bad_cache_is_refused(cache_s: float) -> None:
    with pytest.raises(InvalidValueError, match="expected more than 0"):
        TransformBuffer(cache_s)
