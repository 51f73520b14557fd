"""Registration on a world of known colours: right colour, right lens, nothing seen through."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError
from deepsight_ros.geometry.backproject import rays
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.registration import (
    Registrar,
    camera_from_info,
    undistort_colour,
    undistort_depth,
    undistorted,
)
from deepsight_ros.geometry.transforms import RigidTransform

BARREL = (-0.25, 0.06, 0.001, -0.0008, 0.0)
RATIONAL = (0.45, -0.12, 0.0006, -0.0004, 0.02, 0.62, -0.08, 0.01)
DEPTH = Camera(320, 240, 300.0, 302.0, 158.0, 121.0, frame_id="depth_optical")
COLOUR = Camera(400, 300, 360.0, 361.0, 201.0, 148.0, frame_id="colour_optical")
TURN = cv2.Rodrigues(np.array([0.02, -0.03, 0.01]))[0]
COLOUR_FROM_DEPTH = RigidTransform(TURN, np.array([-0.06, 0.004, 0.003]))
WALL_M, CARD_M = 2.0, 1.0


def look(camera: Camera, camera_from_world: RigidTransform) -> tuple[NDArray, NDArray]:
    """Exact depth and colour of a wall with a card before it, as the camera sees them."""
    world_from_camera = camera_from_world.inverse()
    ray = rays(camera).astype(np.float64)
    direction = world_from_camera.rotate(ray)
    origin = world_from_camera.translation_m
    near, far = (
        origin + direction * ((z - origin[2]) / direction[..., 2:]) for z in (CARD_M, WALL_M)
    )
    on_card = (np.abs(near[..., 0]) < 0.2) & (np.abs(near[..., 1]) < 0.15)
    point = np.where(on_card[..., None], near, far)
    depth = camera_from_world.apply(point)[..., 2].astype(np.float32)
    return depth, paint(point, on_card)


def paint(point: NDArray, on_card: NDArray) -> NDArray:
    """Smooth colours of world points; the card alone is blue."""
    red = 120 + 80 * np.sin(3 * point[..., 0])
    green = 120 + 80 * np.cos(4 * point[..., 1])
    blue = np.where(on_card, 250.0, 0.0)
    painted = np.stack([red, green, blue], axis=-1)
    return np.nan_to_num(painted).round().clip(0, 255).astype(np.uint8)


IDENTITY = RigidTransform.identity()


def error_levels(got: NDArray, expected: NDArray, where: NDArray) -> NDArray:
    return np.abs(got.astype(int) - expected).max(axis=-1)[where]


def away_from_edges(depth: NDArray, by_px: int = 3) -> NDArray:
    """Pixels farther than some pixels from the card's outline and from holes."""
    kernel = np.ones((2 * by_px + 1,) * 2, np.uint8)
    filled = np.nan_to_num(depth, nan=99.0)
    return (cv2.dilate(filled, kernel) - cv2.erode(filled, kernel)) < 0.3


def test_one_camera_copies_nothing() -> None:
    depth, colour = look(DEPTH, IDENTITY)
    registrar = Registrar(DEPTH, DEPTH)
    out_depth, out_colour = registrar.register(depth, colour)
    assert out_depth is depth and out_colour is colour
    assert registrar.camera == DEPTH and not registrar.needs_depth


def test_same_frame_and_intrinsics_copy_nothing() -> None:
    depth, colour = look(DEPTH, IDENTITY)
    twin = replace(DEPTH, fx_px=DEPTH.fx_px + 1e-4)  # printed with other digits
    assert Registrar(DEPTH, twin).register(depth, colour)[1] is colour


def test_depth_only() -> None:
    depth, _ = look(DEPTH, IDENTITY)
    out_depth, out_colour = Registrar(DEPTH).register(depth, None)
    assert out_depth is depth and out_colour is None
    assert Registrar(DEPTH, DEPTH).register(depth, None)[1] is None


@pytest.mark.parametrize("factor", [2, 3])
def test_aligned_colour_of_another_size_is_resized(factor: int) -> None:
    depth, expected = look(DEPTH, IDENTITY)
    larger = replace(
        DEPTH,
        width_px=DEPTH.width_px * factor,
        height_px=DEPTH.height_px * factor,
        fx_px=DEPTH.fx_px * factor,
        fy_px=DEPTH.fy_px * factor,
        cx_px=(DEPTH.cx_px + 0.5) * factor - 0.5,
        cy_px=(DEPTH.cy_px + 0.5) * factor - 0.5,
    )
    registrar = Registrar(DEPTH, larger)
    _, colour, known = registrar.register_masked(depth, look(larger, IDENTITY)[1])
    assert known is None and not registrar.needs_depth
    assert error_levels(colour, expected, away_from_edges(depth)).max() <= 2


def test_same_frame_but_other_lens_uses_one_map_even_without_depth() -> None:
    other = replace(
        COLOUR, frame_id=DEPTH.frame_id, distortion_model="plumb_bob", distortion=BARREL
    )
    depth, expected = look(DEPTH, IDENTITY)
    registrar = Registrar(DEPTH, other)
    empty = np.full_like(depth, np.nan)
    _, colour, known = registrar.register_masked(empty, look(other, IDENTITY)[1])
    assert not registrar.needs_depth
    assert known.mean() > 0.9
    assert error_levels(colour, expected, known & away_from_edges(depth)).max() <= 3


@pytest.mark.parametrize(
    ("model", "coefficients"),
    [
        ("none", ()),
        ("plumb_bob", BARREL),
        ("rational_polynomial", RATIONAL),
        ("rational_polynomial", (*RATIONAL, 0.001, -0.0005, 0.0008, 0.0003)),
        ("rational_polynomial", (*RATIONAL, 0.0, 0.0, 0.0, 0.0, 0.01, -0.01)),
    ],
)
def test_cameras_apart(model: str, coefficients: tuple[float, ...]) -> None:
    colour_camera = replace(COLOUR, distortion_model=model, distortion=coefficients)
    depth, expected = look(DEPTH, IDENTITY)
    _, seen = look(colour_camera, COLOUR_FROM_DEPTH)
    registrar = Registrar(DEPTH, colour_camera, COLOUR_FROM_DEPTH)
    out_depth, colour, known = registrar.register_masked(depth, seen)
    assert registrar.needs_depth and out_depth is depth
    assert known.mean() > 0.75
    wrong = error_levels(colour, expected, known & away_from_edges(depth, 2)) > 4
    assert wrong.mean() < 3e-4  # single pixels beside the hidden strip
    assert (colour[~known] == 0).all()


def test_what_the_colour_camera_cannot_see_stays_black() -> None:
    depth, expected = look(DEPTH, IDENTITY)
    _, seen = look(COLOUR, COLOUR_FROM_DEPTH)
    _, colour, known = Registrar(DEPTH, COLOUR, COLOUR_FROM_DEPTH).register_masked(depth, seen)
    wall = depth > 1.5
    blue_wall = wall & (colour[..., 2] > 125)
    # the card hides 0.06 * 300 / 2 = 9 columns of wall over its height of 90 rows
    hidden = wall & ~known & (np.indices(depth.shape)[0] > 60) & (np.indices(depth.shape)[0] < 180)
    assert hidden.sum() > 500
    assert blue_wall.sum() <= 0.02 * hidden.sum()
    # and what it can see is not lost: nearly all the wall beyond a few pixels of the card
    band = cv2.dilate((depth < 1.5).astype(np.uint8), np.ones((45, 45))) > 0
    inside = np.zeros_like(wall)
    inside[30:-30, 60:-40] = True
    assert known[wall & ~band & inside].mean() > 0.999
    assert known[away_from_edges(depth) & (depth < 1.5)].mean() > 0.999
    assert expected[..., 2].max() == 250


def test_pixels_without_depth_have_no_colour_when_cameras_are_apart() -> None:
    depth, _ = look(DEPTH, IDENTITY)
    _, seen = look(COLOUR, COLOUR_FROM_DEPTH)
    depth[50:60] = np.nan
    registrar = Registrar(DEPTH, COLOUR, COLOUR_FROM_DEPTH)
    out_depth, colour, known = registrar.register_masked(depth, seen)
    assert np.isnan(out_depth[50:60]).all()
    assert not known[50:60].any() and not colour[50:60].any()
    nothing = registrar.register_masked(np.full_like(depth, np.nan), seen)
    assert not nothing.has_colour.any()


@pytest.mark.parametrize(
    ("model", "coefficients"), [("plumb_bob", BARREL), ("rational_polynomial", RATIONAL)]
)
def test_undistortion_gives_the_pinhole_view(model: str, coefficients: tuple) -> None:
    lens = replace(DEPTH, distortion_model=model, distortion=coefficients)
    depth, colour = look(lens, IDENTITY)
    expected_depth, expected = look(undistorted(lens), IDENTITY)
    out = undistort_depth(depth, lens)
    known = ~np.isnan(out)
    assert known.mean() > 0.85
    inner = known & away_from_edges(expected_depth)
    assert np.abs(out - expected_depth)[inner].max() < 2e-3
    black = ~cv2.erode(known.astype(np.uint8), np.ones((5, 5))).astype(bool)
    straight = undistort_colour(colour, lens)
    assert error_levels(straight, expected, inner & ~black).max() <= 3
    registrar = Registrar(lens, lens)
    assert registrar.camera == undistorted(lens)
    np.testing.assert_array_equal(registrar.register(depth, colour)[0], out)


def test_depth_is_never_interpolated() -> None:
    lens = replace(DEPTH, distortion_model="plumb_bob", distortion=BARREL)
    depth = np.where(np.indices((240, 320))[1] % 2, 1.0, 2.0).astype(np.float32)
    depth[::5] = np.nan
    out = undistort_depth(depth, lens)
    assert set(np.unique(out[~np.isnan(out)])) == {1.0, 2.0}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((None, COLOUR, COLOUR_FROM_DEPTH), "no calibration of the depth camera"),
        ((DEPTH, COLOUR, None), "'depth_optical' and colour in frame 'colour_optical'"),
        ((replace(DEPTH, frame_id=""), replace(COLOUR, frame_id=""), None), "without a transform"),
    ],
)
def test_what_is_missing_is_said(arguments: tuple, says: str) -> None:
    with pytest.raises(CalibrationError, match=says) as caught:
        Registrar(*arguments)
    assert "expected" in str(caught.value)


def test_images_must_fit_their_cameras() -> None:
    depth, colour = look(DEPTH, IDENTITY)
    with pytest.raises(CalibrationError, match="depth image of 319x240, expected 320x240"):
        Registrar(DEPTH, DEPTH).register(depth[:, 1:], colour)
    with pytest.raises(CalibrationError, match="colour image of 320x239"):
        Registrar(DEPTH, DEPTH).register(depth, colour[1:])
    with pytest.raises(CalibrationError, match="no calibration of its camera"):
        Registrar(DEPTH).register(depth, colour)


K = [600.0, 0, 320, 0, 601, 240, 0, 0, 1]


def test_camera_of_a_message() -> None:
    camera = camera_from_info(640, 480, K, [0.1, 0, 0, 0, 0], "plumb_bob", "/optical")
    assert (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px) == (600, 601, 320, 240)
    assert camera.frame_id == "optical" and camera.distortion == (0.1, 0, 0, 0, 0)


@pytest.mark.parametrize("model", ["", "plumb_bob", "equidistant", "Inverse Brown Conrady"])
@pytest.mark.parametrize("d", [(), (0.0,) * 5, (0.0,) * 4])
def test_zero_distortion_needs_no_model(model: str, d: tuple[float, ...]) -> None:
    assert not camera_from_info(640, 480, K, d, model).is_distorted


def test_region_of_interest_and_binning() -> None:
    camera = camera_from_info(1280, 960, K, roi=(100, 40, 400, 300), binning=(2, 2))
    assert (camera.width_px, camera.height_px) == (200, 150)
    assert (camera.fx_px, camera.cx_px, camera.cy_px) == (300, 110, 100)


def test_rectified_topics_take_the_projection_matrix() -> None:
    p = [500.0, 0, 300, 0, 0, 500, 200, 0, 0, 0, 1, 0]
    camera = camera_from_info(640, 480, K, [0.1] * 5, "plumb_bob", p=p, rectified=True)
    assert camera.fx_px == 500 and camera.cx_px == 300 and not camera.is_distorted


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"k": [0.0] * 9}, "all zero"),
        ({"k": [math.nan, *K[1:]]}, "finite"),
        ({"k": K[:8]}, "9 finite numbers"),
        ({"k": [*K[:8], 0.0]}, "expected \\[fx 0 cx"),
        ({"k": [-600.0, *K[1:]]}, "fx=-600"),
        ({"k": [0.0, *K[1:]]}, "fx=0"),
        ({"width": 0}, "0x480"),
        ({"d": [0.1] * 4, "model": "equidistant"}, "equidistant"),
        ({"d": [0.1] * 3, "model": "plumb_bob"}, "3 coefficients"),
        ({"d": [math.nan] * 5, "model": "plumb_bob"}, "finite"),
        ({"p": [0.0] * 12, "rectified": True}, "all zero"),
    ],
)
def test_bad_camera_messages(change: dict, says: str) -> None:
    fields = {"width": 640, "height": 480, "k": K, **change}
    with pytest.raises(CalibrationError, match=says):
        camera_from_info(**fields)


def test_a_lens_that_cannot_be_inverted_is_refused() -> None:
    wild = replace(COLOUR, distortion_model="plumb_bob", distortion=(-1e6, 1e9, 0.0, 0.0, 0.0))
    with pytest.raises(CalibrationError, match="inverted"):
        Registrar(DEPTH, wild, COLOUR_FROM_DEPTH)
