"""Support plane and up: right where a horizontal surface shows, never a wall."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.gravity import up_from_pitch_roll
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.samples import make_sample
from deepsight_ros.perception.support import SupportFinding, find_support, within_prior
from deepsight_ros.perception.view import make_view, step_for
from tests.support.depth import camera_of, frame_of, plane_depth, wall_normal

CONFIG = PerceptionConfig()


def find(
    frame: RgbdFrame,
    given_up: np.ndarray | None = None,
    previous: SupportFinding | None = None,
    config: PerceptionConfig = CONFIG,
) -> SupportFinding:
    view = make_view(frame, step_for(frame.camera.width_px, 320), config.max_range_m)
    return find_support(make_sample(view), config, given_up, previous)


@pytest.mark.parametrize("pitch_deg", [0, 15, 35, 55, 65])
@pytest.mark.parametrize("roll_deg", [-20, 0, 20])
def test_a_floor_is_found_to_the_millimetre(pitch_deg: float, roll_deg: float) -> None:
    up = up_from_pitch_roll(np.deg2rad(pitch_deg), np.deg2rad(roll_deg))
    camera = camera_of()
    found = find(frame_of(plane_depth(camera, up, 0.8), camera))
    assert found.support is not None and found.up is not None
    assert found.support.offset_m == pytest.approx(0.8, abs=0.002)
    assert np.degrees(np.arccos(found.up @ up)) < 0.2


@settings(max_examples=40, deadline=None)
@given(
    pitch=st.floats(-14.0, 69.0),
    roll=st.floats(-29.0, 29.0),
    turn=st.floats(-85.0, 85.0),
    distance=st.floats(0.3, 3.0),
)
def test_a_wall_is_never_taken_for_the_floor(
    pitch: float, roll: float, turn: float, distance: float
) -> None:
    """Any wall, from any camera pose inside the prior, leaves up unknown."""
    normal = wall_normal(np.deg2rad(pitch), np.deg2rad(roll), np.deg2rad(turn))
    camera = camera_of(160, 120)
    depth = plane_depth(camera, normal, distance)
    found = find(frame_of(depth, camera))
    assert found.up is None and found.support is None


@settings(max_examples=25, deadline=None)
@given(
    pitch=st.floats(0.0, 55.0),
    roll=st.floats(-25.0, 25.0),
    turn=st.floats(-50.0, 50.0),
    height=st.floats(0.4, 1.6),
    distance=st.floats(0.8, 3.0),
)
def test_beside_a_wall_the_floor_wins(
    pitch: float, roll: float, turn: float, height: float, distance: float
) -> None:
    """However much of the view a wall fills: up is the floor's normal, or unknown."""
    up = up_from_pitch_roll(np.deg2rad(pitch), np.deg2rad(roll))
    wall = wall_normal(np.deg2rad(pitch), np.deg2rad(roll), np.deg2rad(turn))
    camera = camera_of(320, 240)
    depth = np.fmin(plane_depth(camera, up, height), plane_depth(camera, wall, distance))
    found = find(frame_of(depth, camera))
    if found.up is not None:
        assert np.degrees(np.arccos(np.clip(found.up @ up, -1, 1))) < 2.0


def test_given_up_decides_and_is_kept() -> None:
    """With up from TF a wall is still no support, and up stays what TF said."""
    up = up_from_pitch_roll(np.deg2rad(10.0))
    camera = camera_of()
    wall = wall_normal(np.deg2rad(10.0), 0.0, 0.2)
    found = find(frame_of(plane_depth(camera, wall, 1.0), camera), given_up=up)
    assert found.support is None
    assert found.up is not None and np.allclose(found.up, up)


def test_given_up_allows_any_pitch() -> None:
    """Looking straight down needs up from outside: the view looks like one at a wall."""
    up = up_from_pitch_roll(np.deg2rad(90.0))
    camera = camera_of()
    frame = frame_of(plane_depth(camera, up, 0.7), camera)
    assert find(frame).support is None
    found = find(frame, given_up=up)
    assert found.support is not None
    assert found.support.offset_m == pytest.approx(0.7, abs=0.002)


def test_table_and_floor_are_both_kept() -> None:
    """A table top with things on it is the support; the floor around it stays known."""
    up = up_from_pitch_roll(np.deg2rad(40.0))
    camera = camera_of()
    floor, table = plane_depth(camera, up, 1.4), plane_depth(camera, up, 0.7)
    depth = floor.copy()
    depth[100:470, 80:560] = table[100:470, 80:560]
    depth[250:330, 280:340] -= 0.08  # a thing on the table
    found = find(frame_of(depth, camera))
    assert found.support is not None
    assert found.support.offset_m == pytest.approx(0.7, abs=0.005)
    heights = sorted(p.offset_m for p in found.planes)
    assert heights == pytest.approx([0.7, 1.4], abs=0.01)


def test_the_last_frames_surface_is_kept_when_scores_are_close() -> None:
    up = up_from_pitch_roll(np.deg2rad(40.0))
    camera = camera_of()
    floor, table = plane_depth(camera, up, 1.4), plane_depth(camera, up, 0.7)
    depth = floor.copy()
    depth[:, 320:] = table[:, 320:]
    frame = frame_of(depth, camera)
    first = find(frame)
    assert first.support is not None
    other = next(p for p in first.planes if p is not first.support)
    again = find(frame, previous=SupportFinding(first.up, other, first.planes))
    assert again.support is not None
    assert again.support.offset_m == pytest.approx(other.offset_m, abs=0.01)


def test_rims_at_one_height_are_no_surface() -> None:
    """Scattered patches that share a height do not make a plane."""
    up = up_from_pitch_roll(np.deg2rad(45.0))
    camera = camera_of()
    depth = plane_depth(camera, up, 0.9)
    top = plane_depth(camera, up, 0.75)
    for u in range(60, 640, 120):
        for v in range(60, 480, 140):
            depth[v : v + 18, u : u + 30] = top[v : v + 18, u : u + 30]
    found = find(frame_of(depth, camera))
    assert [round(p.offset_m, 1) for p in found.planes] == [0.9]


@pytest.mark.parametrize("size", [(8, 8), (40, 30), (3, 200)])
def test_small_pictures_do_not_fail(size: tuple[int, int]) -> None:
    camera = camera_of(*size)
    up = up_from_pitch_roll(np.deg2rad(40.0))
    find(frame_of(plane_depth(camera, up, 0.8), camera))


def test_prior_bounds_are_the_configured_ones() -> None:
    config = PerceptionConfig(pitch_down_limit_deg=30.0, roll_limit_deg=10.0)
    assert within_prior(up_from_pitch_roll(np.deg2rad(29.0)), config)
    assert not within_prior(up_from_pitch_roll(np.deg2rad(31.0)), config)
    assert not within_prior(up_from_pitch_roll(0.0, np.deg2rad(11.0)), config)
    assert within_prior(up_from_pitch_roll(np.deg2rad(-14.0)), config)


# -- real frames: units and intrinsics as their data sets state them ---------------------------


def _real(shared_data: Path, name: str) -> RgbdFrame:
    folder = shared_data / "open3d_rgbd"
    if name.startswith("redwood"):
        raw = cv2.imread(str(folder / "redwood" / "depth" / f"0000{name[-1]}.png"), -1)
        depth = raw * 0.001
    elif name == "tum":
        depth = cv2.imread(str(folder / "other_formats" / "TUM_depth.png"), -1) / 5000.0
    elif name == "sun":
        raw = cv2.imread(str(folder / "other_formats" / "SUN_depth.png"), -1)
        depth = (((raw >> 3) | (raw << 13)) & 0xFFFF) * 0.001
    else:
        raw = (folder / "other_formats" / "NYU_depth.pgm").read_bytes()[-640 * 480 * 2 :]
        disparity = np.frombuffer(raw, "<u2").reshape(480, 640).astype(np.float64)
        depth = np.where(disparity < 1084, 351.3 / (1092.5 - disparity), 0.0)
    depth = np.where((depth > 0) & (depth < 10), depth, np.nan).astype(np.float32)
    return RgbdFrame(0, Camera(640, 480, 525, 525, 319.5, 239.5), depth, None, SensorModel())


@pytest.mark.parametrize(
    ("name", "pitch_deg", "roll_deg"),
    [
        *((f"redwood{i}", 3.0, 0.0) for i in range(5)),
        ("tum", 29.0, 0.0),
        ("sun", 3.0, 1.0),
        ("nyu", 15.0, 3.0),
    ],
)
def test_real_rooms_give_the_floor_not_a_wall(
    shared_data: Path, name: str, pitch_deg: float, roll_deg: float
) -> None:
    """The cameras' pitch and roll as they look in the pictures; a wall would be 60 degrees off."""
    found = find(_real(shared_data, name))
    assert found.up is not None
    expected = up_from_pitch_roll(np.deg2rad(pitch_deg), np.deg2rad(roll_deg))
    assert np.degrees(np.arccos(found.up @ expected)) < 10.0


def test_redwood_up_agrees_with_the_trajectory(shared_data: Path) -> None:
    """Up in the world frame is the same for all five poses, within 0.3 degrees."""
    lines = (shared_data / "open3d_rgbd" / "redwood" / "trajectory.log").read_text().split("\n")
    ups = []
    for k in range(5):
        rows = [[float(x) for x in line.split()] for line in lines[5 * k + 1 : 5 * k + 4]]
        found = find(_real(shared_data, f"redwood{k}"))
        assert found.up is not None
        ups.append(np.array(rows)[:, :3] @ found.up)
    mean = np.mean(ups, axis=0)
    mean /= np.linalg.norm(mean)
    assert max(np.degrees(np.arccos(np.clip(u @ mean, -1, 1))) for u in ups) < 0.3
