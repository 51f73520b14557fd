"""Simulated depth cameras keep to the noise their SensorModel states."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.sensor import PROFILES, DepthSensor
from deepsight_ros.synthesis.world import tabletop

CAMERA = Camera(320, 240, 290.0, 290.0, 159.5, 119.5)


def wall(z: float) -> np.ndarray:
    return np.full((240, 320), z, np.float32)


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("profile", sorted(PROFILES))
@pytest.mark.parametrize("z", [0.5, 1.5, 4.0])
def test_axial_noise_has_the_stated_spread(family: str, profile: str, z: float) -> None:
    sensor = DepthSensor(family, 3, profile)
    errors = np.concatenate([(sensor.measure(wall(z), CAMERA) - z).ravel() for _ in range(12)])
    errors = errors[np.isfinite(errors)]
    step = sensor.actual.quantisation_m_at_1m * (1 if family == "time_of_flight" else z * z)
    expected = np.hypot(sensor.actual.sigma_m(np.float64(z)), step / np.sqrt(12))
    assert errors.std() == pytest.approx(expected, rel=0.2)
    assert abs(errors.mean()) < 0.35 * expected


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_plain_wall_loses_only_the_random_dropout(family: str) -> None:
    sensor = DepthSensor(family, 0)
    lost = np.isnan(sensor.measure(wall(1.5), CAMERA)).mean()
    assert 0.2 * sensor.profile.dropout < lost < 3 * sensor.profile.dropout


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_readings_never_are_zero_negative_or_infinite(family: str) -> None:
    sensor = DepthSensor(family, 0)
    depth = wall(1.0)
    depth[:80] = np.nan
    depth[80:100] = 30.0
    depth[100:120] = 0.05
    read = sensor.measure(depth, CAMERA)
    assert read.dtype == np.float32
    assert np.isnan(read[:75]).all() and np.isnan(read[85:95]).all()
    valid = read[np.isfinite(read)]
    assert valid.min() >= sensor.actual.min_range_m
    assert valid.max() <= sensor.actual.max_range_m


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_flatly_seen_surfaces_vanish(family: str) -> None:
    """A floor 0.5 m below a level camera: readings end where the angle exceeds the limit."""
    rows = np.maximum(np.arange(240) - CAMERA.cy_px, 1e-3)
    depth = np.repeat((0.5 * CAMERA.fy_px / rows).astype(np.float32)[:, None], 320, axis=1)
    depth[depth > 12] = np.nan
    sensor = DepthSensor(family, 0)
    lost = np.isnan(sensor.measure(depth, CAMERA))[:, 150:170]
    angle = np.pi / 2 - np.arctan(rows / CAMERA.fy_px)
    begun = np.nonzero(np.isfinite(depth[:, 0]))[0][0] + 4  # past the edge of the floor itself
    flat = (angle > sensor.actual.grazing_rad + 0.02) & (np.arange(240) >= begun)
    steep = angle < sensor.actual.grazing_rad - 0.03
    assert flat.any() and lost[flat].mean() > 0.99
    assert lost[steep].mean() < 0.05


def test_shadow_is_on_one_side_of_a_near_thing_and_as_wide_as_the_disparity() -> None:
    depth = wall(2.0)
    depth[:, 140:180] = 1.0
    lost = np.isnan(DepthSensor("structured_light", 0).measure(depth, CAMERA))
    width = CAMERA.fx_px * 0.075 * (1 / 1.0 - 1 / 2.0)
    left, right = lost[:, 115:138].mean(), lost[:, 183:206].mean()
    assert left > 0.3 and right < 0.05
    shadow = lost[:, 100:140].mean(axis=0) > 0.8
    assert shadow.sum() == pytest.approx(width, abs=2.5)
    tof = np.isnan(DepthSensor("time_of_flight", 0).measure(depth, CAMERA))
    assert tof[:, 115:137].mean() < 0.05


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_trouble_stays_beside_edges(family: str) -> None:
    depth = wall(1.5)
    depth[:, 160:] = 1.0
    sensor = DepthSensor(family, 1)
    read = sensor.measure(depth, CAMERA)
    mixed = (read > 1.1) & (read < 1.4)
    columns = np.nonzero(mixed.any(axis=0))[0]
    assert mixed.any()
    reach = int(np.ceil(sensor.actual.edge_px)) + 1
    assert columns.min() >= 160 - reach and columns.max() < 160 + reach


def test_streams_repeat_by_seed_and_frames_differ() -> None:
    world = tabletop(1, width_px=160, height_px=120)
    picture = render(world)
    a, b = DepthSensor("stereo", 5), DepthSensor("stereo", 5)
    first = a.frame(picture, world.camera, 7)
    np.testing.assert_array_equal(first.depth_m, b.frame(picture, world.camera).depth_m)
    assert not np.array_equal(
        first.depth_m, a.frame(picture, world.camera).depth_m, equal_nan=True
    )
    assert first.sensor == FAMILIES["stereo"] and first.stamp_ns == 7
    assert a.actual != a.model


@pytest.mark.parametrize("wrong", [{"family": "sonar"}, {"profile": "perfect"}])
def test_unknown_names_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidValueError, match="expected one of"):
        DepthSensor(**wrong)
