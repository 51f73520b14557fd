"""Free space: swept boxes against exact solids, the support, walls in the cloud, and what was
seen when nothing is met."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Gripper, PointCloud
from deepsight_ros.scene.solids import BoxSolid
from tests.scene.casting import CAMERA, picture, pixel_rays, pose
from tests.scene.scenes import ball, box, cylinder, level_gripper, scene_of


def room(gripper: Gripper | None, **solids) -> float:
    return measure(scene_of(solids, gripper=gripper), "free_space", ("gripper",)).value


def test_width_and_height_of_the_sweep_decide_what_is_met() -> None:
    gripper = level_gripper(0.3, 0.0, 0.2)
    beside = {"a": box(0.6, 0.08, 0.15, 0.1, 0.04, 0.1)}  # from y = 0.06
    scene = scene_of(beside, gripper=gripper)
    assert measure(scene, "free_space", ("gripper",)).bound is Bound.AT_LEAST
    wide = measure(scene, "free_space", ("gripper",), width_m=0.13)
    assert wide.value == pytest.approx(0.25, abs=1e-6)
    low = measure(scene, "free_space", ("gripper",), width_m=0.13, height_m=0.02)
    assert low.value == pytest.approx(0.25, abs=1e-6)
    below = scene_of({"a": box(0.6, 0, 0.0, 0.1, 0.1, 0.1)}, gripper=gripper)
    assert measure(below, "free_space", ("gripper",)).bound is Bound.AT_LEAST
    assert measure(below, "free_space", ("gripper",), height_m=0.22).value == pytest.approx(0.25)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.04, 0.04), st.floats(0.02, 0.09), st.floats(0.3, 0.8), st.floats(-3.1, 3.1))
def test_round_things_in_the_way(offset: float, radius: float, ahead: float, yaw: float) -> None:
    """Closed form: the sweep's side nearest to the axis decides where a cylinder is met."""
    c, s = np.cos(yaw), np.sin(yaw)
    at = np.array([0.5, 0.1]) + np.array([c, s]) * ahead + np.array([-s, c]) * offset
    side = max(0.0, abs(offset) - 0.05)
    expected = ahead - np.sqrt(max(radius**2 - side**2, 0.0)) if side < radius else np.inf
    gripper = level_gripper(0.5, 0.1, 0.1, yaw)
    found = room(gripper, can=cylinder(at[0], at[1], 0.0, 2 * radius, 0.2))
    if side < radius - 1e-4:
        assert found == pytest.approx(expected, abs=2e-6)


def test_nearest_of_many_and_what_is_behind_is_no_obstacle() -> None:
    gripper = level_gripper(0.5, 0.0, 0.1)
    assert room(gripper, far=ball(1.5, 0, 0.2), near=ball(1.0, 0, 0.2)) == pytest.approx(0.4)
    assert room(gripper, behind=ball(0.2, 0, 0.2), near=ball(1.0, 0, 0.2)) == pytest.approx(0.4)
    assert room(gripper, inside=ball(0.5, 0, 0.2)) == 0.0


def test_the_support_is_an_obstacle_only_when_entered() -> None:
    assert room(level_gripper(0.4, 0, 0.045), a=box(0.8, 0, 0, 0.1, 0.1, 0.1)) == pytest.approx(
        0.35
    )
    assert room(level_gripper(0.4, 0, 0.03), a=box(0.8, 0, 0, 0.1, 0.1, 0.1)) == 0.0
    down = np.array([[0, 0, 1.0], [0, 1, 0], [-1, 0, 0]])
    lowered = Gripper(RigidTransform(down, np.array([0.5, 0.0, 0.3])), "")
    assert room(lowered) == pytest.approx(0.31)


def test_the_gripper_s_own_body_is_no_obstacle() -> None:
    body = box(0.45, 0, 0.08, 0.1, 0.08, 0.05)
    gripper = replace(level_gripper(0.5, 0.0, 0.105), object_id="gripper")
    scene = scene_of({"gripper": body, "a": box(0.8, 0, 0, 0.1, 0.1, 0.2)}, gripper=gripper)
    assert measure(scene, "free_space", ("gripper",)).value == pytest.approx(0.25)


def test_driving_robot() -> None:
    bins = {"bin": cylinder(2.6, 0.1, 0, 0.3, 0.4), "shelf": box(1.5, 0.5, 0, 0.3, 0.4, 1.0)}
    scene = scene_of(bins, height_m=1.4, pitch_deg=20)
    assert measure(scene, "free_space", ()).value == pytest.approx(2.45, abs=1e-6)
    assert measure(scene, "free_space", (), width_m=0.7).value == pytest.approx(1.35, abs=1e-6)
    lamp = scene_of({"lamp": box(2.0, 0, 0.6, 0.2, 0.2, 0.2)}, height_m=1.4, pitch_deg=20)
    assert measure(lamp, "free_space", ()).bound is Bound.AT_LEAST
    assert measure(lamp, "free_space", (), height_m=0.7).value == pytest.approx(1.9, abs=1e-6)


def test_nothing_met_is_at_least_what_was_seen() -> None:
    scene = scene_of({}, gripper=level_gripper(0.5, 0, 0.1), height_m=0.5, pitch_deg=35)
    camera = Camera(640, 480, 600, 600, 319.5, 239.5)
    m = measure(replace(scene, camera=camera), "free_space", ("gripper",))
    assert m.bound is Bound.AT_LEAST
    # the upper image border sees z = 0.1 at (0.5 - 0.1) / tan(35 deg - atan(240 / 600))
    border = 0.4 / np.tan(np.deg2rad(35) - np.arctan(240 / 600))
    assert m.value == pytest.approx(border - 0.5, abs=0.02)
    assert m.upper == np.inf


@pytest.mark.parametrize("size", [0.0, -0.1, np.nan, np.inf])
def test_impossible_boxes_are_refused(size: float) -> None:
    scene = scene_of({}, gripper=level_gripper(0.5, 0, 0.1))
    with pytest.raises(InvalidValueError, match="swept box"):
        measure(scene, "free_space", ("gripper",), width_m=size)


def cloud_of(wall_x: float, *, strays: int = 0) -> PointCloud:
    """All readings of a table that ends at a wall, a few of them in mid air."""
    wall = BoxSolid(np.array([wall_x + 0.05, 0, 0.5]), np.array([0.1, 4.0, 1.0]))
    w = pose()
    depth, _ = picture([wall], w)
    d, o = pixel_rays(CAMERA, w)
    points = o + d * depth.reshape(-1, 1)
    v, u = np.divmod(np.arange(len(points)), CAMERA.width_px)
    keep = np.isfinite(depth.ravel()) & (u % 2 == 0) & (v % 2 == 0)
    points, pixels = points[keep], np.column_stack([u, v])[keep]
    rng = np.random.default_rng(0)
    points = points + rng.normal(0, 0.002, points.shape)
    for k in range(strays):
        points[k * 37] = (0.55 + 0.05 * k, 0.01 * k, 0.1)
    c = CAMERA
    return PointCloud(
        points.astype(np.float32),
        np.full(len(points), 0.002, np.float32),
        pixels.astype(np.int32),
        (c.fx_px, c.fy_px, c.cx_px, c.cy_px, c.width_px, c.height_px),
    )


@pytest.mark.parametrize("strays", [0, 3])
def test_a_wall_that_is_no_object_stops_the_sweep(strays: int) -> None:
    scene = scene_of({}, gripper=level_gripper(0.4, 0, 0.1))
    observed = replace(scene, cloud=cloud_of(1.1, strays=strays), is_exact=False)
    m = measure(observed, "free_space", ("gripper",))
    assert m.bound is Bound.EXACT
    assert m.value == pytest.approx(0.7, abs=0.012)
    assert m.lower < 0.7 < m.upper
