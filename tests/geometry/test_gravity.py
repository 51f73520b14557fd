"""Working frames: x where the camera looks, y left, z up, origin under the camera."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.gravity import (
    gravity_frame,
    pitch_roll_rad,
    up_from_pitch_roll,
)


def test_level_camera() -> None:
    working = gravity_frame(np.array([0.0, -1.0, 0.0]), 0.5)
    np.testing.assert_allclose(working.apply(np.array([0.0, 0, 2])), [2, 0, 0.5], atol=1e-12)
    np.testing.assert_allclose(working.apply(np.array([1.0, 0, 2])), [2, -1, 0.5], atol=1e-12)
    np.testing.assert_allclose(working.apply(np.array([0.0, 0.5, 2])), [2, 0, 0], atol=1e-12)


def test_camera_that_looks_down_at_35_degrees() -> None:
    pitch = np.radians(35)
    working = gravity_frame(up_from_pitch_roll(pitch), 0.45)
    hit = 0.45 / np.sin(pitch)  # along the optical axis the ground is this far
    np.testing.assert_allclose(
        working.apply(np.array([0.0, 0, hit])), [0.45 / np.tan(pitch), 0, 0], atol=1e-12
    )


@pytest.mark.parametrize("roll", [0.0, 0.3, -2.0, 3.1])
def test_roll_does_not_change_where_ahead_is(roll: float) -> None:
    working = gravity_frame(up_from_pitch_roll(0.6, roll), 1.0)
    ahead = working.rotate(np.array([0.0, 0, 1]))
    np.testing.assert_allclose(ahead, [np.cos(0.6), 0, -np.sin(0.6)], atol=1e-12)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_straight_down_and_up_take_the_image(sign: float) -> None:
    working = gravity_frame(np.array([0.0, 0.0, -sign]), 1.2)
    top = working.rotate(np.array([0.0, -1.0, 0.0]))
    np.testing.assert_allclose(top, [sign, 0, 0], atol=1e-12)
    nearly = gravity_frame(up_from_pitch_roll(sign * np.radians(86.9)), 1.2)
    beyond = gravity_frame(up_from_pitch_roll(sign * np.radians(87.1)), 1.2)
    np.testing.assert_allclose(nearly.rotation, beyond.rotation, atol=0.01)


def test_unknown_up_turns_the_axes_only() -> None:
    working = gravity_frame(None)
    np.testing.assert_array_equal(working.apply(np.array([1.0, 2, 3])), [3, -1, -2])
    assert gravity_frame(np.array([0, -1.0, 0])).apply(np.zeros(3)).tolist() == [0, 0, 0]


@given(st.tuples(*[st.floats(-10, 10)] * 3), st.floats(0, 5))
def test_any_up_becomes_z(up: tuple[float, float, float], height: float) -> None:
    assume(np.linalg.norm(up) > 1e-3)
    working = gravity_frame(np.array(up), height)
    np.testing.assert_allclose(
        working.rotate(np.array(up)), [0, 0, np.linalg.norm(up)], atol=1e-9 * 10
    )
    np.testing.assert_allclose(working.apply(np.zeros(3)), [0, 0, height])
    ahead = working.rotate(np.array([0.0, 0.0, 1.0]))
    assert abs(ahead[1]) < 1e-9 or np.hypot(ahead[0], ahead[1]) < 0.06


@given(st.floats(-1.5, 1.5), st.floats(-3.1, 3.1))
def test_pitch_and_roll_come_back(pitch: float, roll: float) -> None:
    up = up_from_pitch_roll(pitch, roll)
    np.testing.assert_allclose(pitch_roll_rad(2.5 * up), (pitch, roll), atol=1e-9)


def test_roll_is_positive_when_the_camera_turns_clockwise() -> None:
    # turned clockwise as seen from behind, up leans to the left of the image
    assert pitch_roll_rad(np.array([-0.5, -0.8, 0.0]))[1] > 0


@pytest.mark.parametrize("up", [[0, 0, 0], [np.nan, 0, 1], [np.inf, 0, 0], [1, 0]])
def test_bad_up_is_refused(up: list[float]) -> None:
    with pytest.raises(InvalidValueError, match="expected three finite"):
        gravity_frame(np.array(up))


def test_bad_height_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="height"):
        gravity_frame(None, np.nan)
