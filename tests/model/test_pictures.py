"""Frames as the model sees them: exact samples, exact intrinsics, boxes where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.model.config import ENCODINGS
from deepsight_ros.model.depth_encoding import LENGTH_SCALE_M, coordinates, encode_depth
from deepsight_ros.model.pictures import (
    OPTICAL_TO_FORWARD,
    Fit,
    collate,
    levelled_rotation,
    picture,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 400), st.integers(20, 400), st.integers(16, 96), st.integers(16, 96))
def test_points_of_the_picture_are_points_of_the_frame(w: int, h: int, rows: int, columns: int):
    camera = Camera(w, h, 1.1 * w, 1.05 * w, w / 2 - 3.2, h / 2 + 1.7)
    fit = Fit.of(camera, (rows, columns))
    fx, fy, cx, cy = fit.intrinsics(camera)
    # the sampled pixel's ray differs by at most half a frame pixel from the model pixel's
    for taken, focal, centre, model_focal, model_centre in (
        (fit.rows, camera.fy_px, camera.cy_px, fy, cy),
        (fit.columns, camera.fx_px, camera.cx_px, fx, cx),
    ):
        inside = taken >= 0
        at = np.arange(len(taken))[inside]
        sampled = (taken[inside] - centre) / focal
        error = np.abs(sampled - (at - model_centre) / model_focal)
        assert (error <= 0.5 / focal + 1e-9).all()


def test_no_depth_is_invented(frame: RgbdFrame):
    made = picture(frame, (32, 48))
    values = np.unique(made.depth_m.numpy())
    known = np.unique(np.nan_to_num(frame.depth_m))
    assert np.isin(values, known).all()


def test_another_shape_is_fitted_inside_and_the_rest_is_invalid():
    camera = Camera(100, 50, 80.0, 80.0, 49.5, 24.5)
    frame = RgbdFrame(0, camera, np.ones((50, 100), np.float32))
    made = picture(frame, (48, 48), boxes_px=[(0, 0, 100, 50)])
    depth = made.depth_m[0]
    assert (depth[:11] == 0).all() and (depth[-11:] == 0).all() and (depth[13:35] == 1).all()
    x0, y0, x1, y1 = made.boxes[0, 0].tolist()
    assert (x0, x1) == (0.0, 1.0) and y0 == pytest.approx(0.25) and y1 == pytest.approx(0.75)


def test_levelled_points_of_a_pitched_camera_lie_on_the_floor():
    pitch = np.deg2rad(35)
    up = np.array([0.0, -np.cos(pitch), -np.sin(pitch)])
    rotation = levelled_rotation(up)
    assert np.allclose(rotation @ up, [0, 0, 1])
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5)
    v = (np.arange(48) - camera.cy_px) / camera.fy_px
    downward = np.cos(pitch) * v + np.sin(pitch)
    depth = np.where(downward > 0.1, 1.0 / np.maximum(downward, 0.1), np.nan)
    plane = np.repeat(depth[:, None], 64, axis=1).astype(np.float32)
    made = picture(RgbdFrame(0, camera, plane), (48, 64), up_in_camera=up)
    points = coordinates(made.depth_m, made.intrinsics, made.levelled_from_camera)[0]
    height = points[2][made.depth_m[0] > 0]
    assert torch.allclose(height, torch.full_like(height, -1.0), atol=0.02)
    assert np.allclose(levelled_rotation(None), OPTICAL_TO_FORWARD)


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_encodings_have_their_channels_and_holes_are_zero(encoding: str, frame: RgbdFrame):
    made = picture(frame, (32, 48))
    out = encode_depth(encoding, made.depth_m, made.intrinsics, made.levelled_from_camera)
    assert out.shape == (1, ENCODINGS[encoding], 32, 48)
    assert torch.isfinite(out).all()
    hole = made.depth_m[0] == 0
    assert hole.any() and (out[0][:, hole] == 0).all()


def test_xyz_is_metric(frame: RgbdFrame):
    made = picture(frame, (32, 48))
    out = encode_depth("xyz", made.depth_m, made.intrinsics, made.levelled_from_camera)
    ahead = out[0, 0] * LENGTH_SCALE_M
    seen = made.depth_m[0] > 0
    assert torch.allclose(ahead[seen], made.depth_m[0][seen], atol=1e-5)


def test_collate_pads_boxes_and_regions(frame: RgbdFrame):
    one = picture(frame, (32, 48), boxes_px=[(0, 0, 10, 10)], regions_px=[(1, 1, 5, 5)] * 3)
    two = picture(replace(frame, colour=None), (32, 48))
    both = collate([one, two])
    assert both.boxes.shape == (2, 1, 4) and both.box_valid.tolist() == [[True], [False]]
    assert both.regions.shape == (2, 3, 4) and both.region_valid.sum() == 3
    assert both.has_colour.tolist() == [True, False]
