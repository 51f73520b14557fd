"""Messages <-> values: no copy per element, nothing lost, calibration checked."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("rclpy")

from sensor_msgs.msg import CameraInfo

from deepsight_ros.errors import CalibrationError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.decode import decode_colour, decode_depth
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes import conversions as c
from deepsight_ros.nodes.camera_output import millimetres

CAMERA = Camera(640, 480, 600.0, 610.0, 319.5, 239.5, frame_id="optical")


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps_survive(stamp_ns: int) -> None:
    assert c.to_ns(c.to_time(stamp_ns)) == stamp_ns


def test_images_survive() -> None:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
    message = c.image_message(colour, "rgb8", c.header(1, "optical"))
    assert message.step == 64 * 3
    np.testing.assert_array_equal(decode_colour(c.image_buffer(message, "t")), colour)
    depth_m = rng.uniform(0.3, 5, (48, 64)).astype(np.float32)
    depth_m[0, :5] = np.nan
    message = c.image_message(millimetres(depth_m), "16UC1", c.header(1, "optical"))
    back_m = decode_depth(c.image_buffer(message, "t"))
    np.testing.assert_array_equal(np.isnan(back_m), np.isnan(depth_m))
    np.testing.assert_allclose(back_m, depth_m, atol=0.00051)
    message = c.image_message(depth_m, "32FC1", c.header(1, "optical"))
    np.testing.assert_array_equal(decode_depth(c.image_buffer(message, "t")), depth_m)


def test_filling_an_image_takes_no_loop_over_its_bytes() -> None:
    """A list would take some 30 ms here; the array takes well under one."""
    colour = np.zeros((480, 640, 3), np.uint8)
    stamp = c.header(1, "optical")
    best_s = min(_timed(lambda: c.image_message(colour, "rgb8", stamp)) for _ in range(5))
    assert best_s < 0.005


def _timed(call: object) -> float:
    began = time.perf_counter()
    call()  # type: ignore[operator]
    return time.perf_counter() - began


def test_cameras_survive() -> None:
    assert c.camera_from_message(c.info_message(CAMERA, c.header(1, "optical")), "t") == CAMERA
    lens = Camera(
        640, 480, 600.0, 610.0, 319.5, 239.5, "plumb_bob", (0.1, -0.2, 0.001, 0.002, 0.05), "o"
    )
    assert c.camera_from_message(c.info_message(lens, c.header(1, "o")), "t") == lens


@pytest.mark.parametrize(
    "break_it",
    [
        lambda m: setattr(m, "k", [0.0] * 9),
        lambda m: setattr(m, "k", [float("nan")] * 9),
        lambda m: setattr(m, "width", 0),
        lambda m: (setattr(m, "distortion_model", "equidistant"), setattr(m, "d", [0.1] * 4)),
        lambda m: setattr(m, "d", [0.1] * 3),
    ],
    ids=["zero", "nan", "no size", "fisheye", "three coefficients"],
)
def test_a_bad_camera_info_is_refused_by_its_topic(break_it: object) -> None:
    message: CameraInfo = c.info_message(CAMERA, c.header(1, "optical"))
    break_it(message)  # type: ignore[operator]
    with pytest.raises(CalibrationError, match="/depth/camera_info"):
        c.camera_from_message(message, "/depth/camera_info")


def test_transforms_survive() -> None:
    q = np.array([0.1, -0.3, 0.5, 0.8])
    pose = RigidTransform.from_quaternion(q, np.array([1.0, -2.0, 3.0]))
    back = c.transform_from_message(c.transform_message("world", "optical", pose, 5))
    np.testing.assert_allclose(back.matrix, pose.matrix, atol=1e-12)
    np.testing.assert_allclose(c.transform_from_pose(c.pose(pose)).matrix, pose.matrix, atol=1e-12)
