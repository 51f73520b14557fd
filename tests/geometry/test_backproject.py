"""Rays, points and pixels: inverse of each other, agreeing with OpenCV's lens model."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.backproject import backproject, project, ray_slopes, rays
from deepsight_ros.geometry.camera import Camera

PINHOLE = Camera(64, 48, 60.0, 61.0, 30.5, 24.5)
LENSES = [
    ("none", ()),
    ("plumb_bob", (-0.3, 0.1, 0.001, -0.002)),
    ("plumb_bob", (0.2, -0.3, 0.0, 0.001, 0.1)),
    ("rational_polynomial", (0.45, -0.12, 0.0006, -0.0004, 0.02, 0.62, -0.08, 0.01)),
    ("rational_polynomial", (0.1, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.002, 0.0, -0.001, 0.0)),
    ("rational_polynomial", (0.1, *[0.0] * 11, 0.02, -0.01)),
]


def camera(lens: tuple[str, tuple[float, ...]]) -> Camera:
    return Camera(64, 48, 60.0, 61.0, 30.5, 24.5, lens[0], lens[1])


@pytest.mark.parametrize("lens", LENSES)
def test_projection_agrees_with_opencv(lens: tuple) -> None:
    rng = np.random.default_rng(1)
    z = rng.uniform(0.3, 3, 200)
    points = np.column_stack([rng.uniform(-0.4, 0.4, 200) * z, rng.uniform(-0.3, 0.3, 200) * z, z])
    expected, _ = cv2.projectPoints(
        points, np.zeros(3), np.zeros(3), camera(lens).matrix, np.array(lens[1])
    )
    np.testing.assert_allclose(project(points, camera(lens)), expected[:, 0], atol=1e-9)


@pytest.mark.parametrize("lens", LENSES)
def test_back_and_forth(lens: tuple) -> None:
    depth = np.random.default_rng(2).uniform(0.3, 5, (48, 64)).astype(np.float32)
    depth[3, 4:9] = np.nan
    points = backproject(depth, camera(lens))
    assert points.dtype == np.float32 and points.shape == (48, 64, 3)
    np.testing.assert_array_equal(points[..., 2], depth)
    assert np.isnan(points[3, 4:9]).all()
    known = ~np.isnan(points[..., 0])
    assert known.mean() > 0.97
    rows, columns = np.nonzero(known)
    pixels = project(points[known], camera(lens))
    np.testing.assert_allclose(pixels, np.column_stack([columns, rows]), atol=0.02)


@pytest.mark.parametrize("lens", LENSES)
def test_rays_are_the_points_at_one_metre(lens: tuple) -> None:
    ones = np.ones((48, 64), np.float32)
    np.testing.assert_array_equal(rays(camera(lens)), backproject(ones, camera(lens)))


def test_centre_pixel_looks_ahead() -> None:
    points = backproject(np.full((48, 64), 2.0, np.float32), Camera(64, 48, 60, 60, 30, 20))
    np.testing.assert_allclose(points[20, 30], [0, 0, 2])
    np.testing.assert_allclose(points[20, 60], [1, 0, 2])
    np.testing.assert_allclose(points[44, 30], [0, 0.8, 2], rtol=1e-6)


def test_points_behind_and_invalid_points_have_no_pixel() -> None:
    points = np.array([[0.0, 0, 1], [0, 0, 0], [0, 0, -1], [np.nan, 0, 1]])
    for lens in LENSES:
        pixels = project(points, camera(lens))
        assert np.isfinite(pixels[0]).all()
        assert np.isnan(pixels[1:3]).all() and np.isnan(pixels[3, 0])


def test_float32_stays_float32() -> None:
    assert project(np.ones((5, 3), np.float32), camera(LENSES[1])).dtype == np.float32


def test_rays_are_kept_and_cannot_be_spoilt() -> None:
    assert rays(PINHOLE) is rays(Camera(64, 48, 60.0, 61.0, 30.5, 24.5))
    with pytest.raises(ValueError, match="read-only"):
        ray_slopes(PINHOLE)[0][0] = 1


def test_wrong_size_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="expected \\(48, 64\\)"):
        backproject(np.ones((47, 64), np.float32), PINHOLE)


@given(
    st.floats(-0.2, 0.2), st.floats(-0.05, 0.05), st.floats(-0.005, 0.005), st.floats(40.0, 400.0)
)
@settings(max_examples=40, deadline=None)
def test_any_mild_lens_is_inverted(k1: float, k2: float, p1: float, focal: float) -> None:
    lens = Camera(40, 30, focal, focal, 19.5, 14.5, "plumb_bob", (k1, k2, p1, -p1))
    points = backproject(np.ones((30, 40), np.float32), lens)
    rows, columns = np.indices((30, 40))
    np.testing.assert_allclose(project(points, lens), np.dstack([columns, rows]), atol=0.02)
