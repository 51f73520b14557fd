"""Perceiver end to end: bad pictures, given up, the gripper, timings, colour or none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.gravity import up_from_pitch_roll
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.inputs import GivenUp, GripperInput
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.world import World, tabletop
from tests.support.depth import camera_of, frame_of, plane_depth


def make_frame(width: int, height: int, depth: np.ndarray) -> RgbdFrame:
    return RgbdFrame(0, camera_of(width, height), depth.astype(np.float32))


@pytest.fixture(scope="module")
def world() -> World:
    return tabletop(12, "easy", gripper=True)


@pytest.fixture(scope="module")
def frame(world: World) -> RgbdFrame:
    return DepthSensor("stereo", 12).frame(render(world), world.camera)


@pytest.mark.parametrize("size", [(640, 480), (8, 8), (1, 1), (3840, 2160)])
@pytest.mark.parametrize("kind", ["nan", "wall", "speckle", "one_pixel"])
def test_no_support_is_an_honest_empty_scene(size: tuple[int, int], kind: str) -> None:
    width, height = size
    depth = np.full((height, width), np.nan)
    if kind == "wall":
        depth[:] = 0.2
    elif kind == "speckle":
        rng = np.random.default_rng(0)
        depth = np.where(rng.random((height, width)) < 0.5, np.nan, 1.0)
    elif kind == "one_pixel":
        depth[height // 2, width // 2] = 1.0
    scene = Perceiver().perceive(make_frame(width, height, depth))
    assert scene.up is UpSource.UNKNOWN
    assert scene.support is None


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    width=st.integers(1, 90),
    height=st.integers(1, 70),
    holes=st.floats(0.0, 1.0),
    coloured=st.booleans(),
)
def test_any_depth_gives_a_scene(
    seed: int, width: int, height: int, holes: float, coloured: bool
) -> None:
    """Storms of NaN, patches at any depth: a Scene with finite points, never an exception."""
    rng = np.random.default_rng(seed)
    depth = np.repeat(np.repeat(rng.uniform(0.1, 9.0, (9, 9)), 10, 0), 10, 1)[:height, :width]
    depth = depth + rng.normal(0, 0.01, depth.shape)
    depth[rng.random(depth.shape) < holes] = np.nan
    frame = make_frame(width, height, depth)
    if coloured:
        colour = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
        frame = replace(frame, colour=colour)
    perceiver = Perceiver()
    for _ in range(2):
        scene = perceiver.perceive(frame)
    assert scene.cloud is not None and np.isfinite(scene.cloud.points_m).all()
    assert (scene.up is UpSource.UNKNOWN) == (scene.support is None)


def test_given_up_is_named_as_source_and_kept_without_support() -> None:
    up = up_from_pitch_roll(np.deg2rad(20.0))
    depth = np.full((48, 64), np.nan)
    scene = Perceiver().perceive(make_frame(64, 48, depth), up_in_camera=GivenUp(up, UpSource.IMU))
    assert scene.up is UpSource.IMU and scene.support is None
    assert np.allclose(scene.working_from_camera.rotation[2], up)
    assert np.allclose(scene.camera_position_m, 0.0)


@pytest.mark.parametrize("off_deg", [0.0, 1.5, 5.0])
def test_w_stands_on_the_support(off_deg: float) -> None:
    """A given up that is a little off is snapped to the support; one that is far off is kept."""
    up = up_from_pitch_roll(np.deg2rad(40.0))
    given = up_from_pitch_roll(np.deg2rad(40.0 + off_deg))
    camera = camera_of()
    frame = frame_of(plane_depth(camera, up, 0.9), camera)
    scene = Perceiver().perceive(frame, up_in_camera=GivenUp(given, UpSource.TF))
    z = scene.working_from_camera.rotation[2]
    expected = up if off_deg < 3.0 else given
    assert np.degrees(np.arccos(np.clip(z @ expected, -1, 1))) < 0.15
    # the point of the support straight below the camera is W's origin
    foot = scene.working_from_camera.inverse().apply(np.zeros(3))
    assert abs(up @ foot + 0.9) < 0.003


def test_masks_boxes_and_cloud_are_of_one_picture(frame: RgbdFrame) -> None:
    scene = Perceiver().perceive(frame)
    assert scene.objects and scene.cloud is not None and scene.camera == frame.camera
    for thing in scene.objects:
        assert thing.mask is not None and thing.box_px is not None
        assert thing.mask.shape == (240, 320)
        v, u = np.nonzero(thing.mask)
        x0, y0, x1, y1 = thing.box_px
        assert (x0, y0, x1, y1) == (2 * u.min(), 2 * v.min(), 2 * u.max() + 2, 2 * v.max() + 2)
        covariance = thing.centre_covariance_m2
        assert np.linalg.eigvalsh(covariance).min() > 0.0
        assert thing.colour and thing.faces_seen
    fx, fy, cx, cy, _, _ = scene.cloud.camera_fov
    camera_points = scene.working_from_camera.inverse().apply(scene.cloud.points_m)
    u = camera_points[:, 0] / camera_points[:, 2] * fx + cx
    v = camera_points[:, 1] / camera_points[:, 2] * fy + cy
    assert np.abs(u - scene.cloud.pixels[:, 0]).max() < 0.05
    assert np.abs(v - scene.cloud.pixels[:, 1]).max() < 0.05


def test_depth_alone_is_enough(frame: RgbdFrame) -> None:
    scene = Perceiver().perceive(replace(frame, colour=None))
    assert scene.objects
    assert all(thing.colours == () for thing in scene.objects)


def test_the_gripper_is_known_by_its_pose(world: World, frame: RgbdFrame) -> None:
    assert world.gripper is not None
    pose = world.world_from_camera.inverse() @ world.gripper
    scene = Perceiver().perceive(frame, gripper=GripperInput(pose))
    assert scene.gripper is not None and scene.gripper.object_id
    marked = [o for o in scene.objects if o.is_gripper]
    assert [o.id for o in marked] == [scene.gripper.object_id]
    index = next(i for i, t in enumerate(world.things) if t.is_gripper)
    truth = render(world).instance_id[::2, ::2] == index + 1
    mask = marked[0].mask
    assert mask is not None and (mask & truth).sum() / (mask | truth).sum() > 0.5


def test_a_gripper_out_of_sight_marks_nothing(frame: RgbdFrame) -> None:
    far = RigidTransform(np.eye(3), np.array([5.0, 5.0, -3.0]))
    scene = Perceiver().perceive(frame, gripper=GripperInput(far))
    assert scene.gripper is not None and scene.gripper.object_id == ""
    assert not any(o.is_gripper for o in scene.objects)


def test_ids_are_unique_and_stay_while_nothing_moves(world: World) -> None:
    sensor, picture = DepthSensor("time_of_flight", 3), render(world)
    perceiver = Perceiver()
    seen: list[set[str]] = []
    for k in range(6):
        scene: Scene = perceiver.perceive(sensor.frame(picture, world.camera, k * 33_000_000))
        seen.append({o.id for o in scene.objects})
    assert len(seen[0] & seen[-1]) >= len(world.things) - 1


def test_stages_are_timed(frame: RgbdFrame) -> None:
    perceiver = Perceiver()
    perceiver.perceive(frame)
    assert {"view", "support", "segment", "shapes", "track"} <= set(perceiver.last_timings_s)
    assert all(0.0 <= t < 5.0 for t in perceiver.last_timings_s.values())


def test_reset_starts_ids_again(frame: RgbdFrame) -> None:
    perceiver = Perceiver()
    first = {o.id for o in perceiver.perceive(frame).objects}
    perceiver.reset()
    assert {o.id for o in perceiver.perceive(frame).objects} == first


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (848, 480), (424, 240), (320, 240)])
def test_other_resolutions_find_the_same_table(width: int, height: int) -> None:
    up = up_from_pitch_roll(np.deg2rad(35.0))
    camera = Camera(width, height, 0.9 * width, 0.9 * width, width / 2, height / 2)
    frame = frame_of(plane_depth(camera, up, 0.75), camera)
    scene = Perceiver().perceive(frame)
    assert scene.support is not None
    assert scene.support.offset_m == pytest.approx(0.75, abs=0.003)
