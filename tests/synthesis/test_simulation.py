"""The living tabletop: smooth motion, exact truth at every time, cheap still pictures right."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene.solids import distance
from deepsight_ros.synthesis.placement import clearance_m
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.simulation import CAMERAS, Simulation

SMALL = {"width_px": 160, "height_px": 120}


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("t_s", [0.0, 1.3, 4.0, 6.1])
def test_the_picture_is_that_of_the_world_at_that_time(camera: str, t_s: float) -> None:
    step = Simulation(1, camera, **SMALL).step(t_s)
    whole = render(step.world)
    np.testing.assert_array_equal(step.rendering.instance_id, whole.instance_id)
    np.testing.assert_allclose(step.rendering.depth_m, whole.depth_m, rtol=1e-6)
    assert np.mean(step.rendering.colour != whole.colour) < 0.001
    assert step.frame.stamp_ns == round(t_s * 1e9)


@pytest.mark.parametrize("seed", range(3))
def test_gripper_comes_close_to_its_target_without_touching_anything(seed: int) -> None:
    simulation = Simulation(seed, **SMALL)
    gaps = []
    for t in np.linspace(0, 4, 9):
        step = simulation.step(float(t))
        placed = [thing.placed() for thing in step.world.things]
        assert clearance_m(placed[-1], placed[:-1]) > 0.005
        truth = step.truth()
        target, gripper = truth.object(step.target_id), truth.object("gripper")
        gaps.append(distance(target.shape, gripper.shape)[0])
    assert np.all(np.diff(gaps) < 0)  # monotone approach
    assert gaps[0] > 0.2 and 0.004 < gaps[-1] < 0.04


def test_the_return_mirrors_the_approach() -> None:
    simulation = Simulation(0, **SMALL)
    out, back = simulation.step(2.0), simulation.step(6.0)
    np.testing.assert_allclose(
        out.world_from_gripper.matrix, back.world_from_gripper.matrix, atol=1e-9
    )


@pytest.mark.parametrize("seed", range(2))
def test_wrist_camera_moves_smoothly_and_keeps_the_objects_in_view(seed: int) -> None:
    simulation = Simulation(seed, "wrist", **SMALL)
    steps = [simulation.step(float(t)) for t in np.linspace(0, 8, 33)]
    at = np.array([s.world_from_camera.translation_m for s in steps])
    moves = np.linalg.norm(np.diff(at, axis=0), axis=1)
    assert np.ptp(at, axis=0).max() > 0.1 and moves.max() < 0.15
    seen = [np.unique(s.rendering.instance_id) for s in steps]
    count = len(simulation.world.things)
    assert np.mean([np.isin(np.arange(1, count + 1), ids).mean() for ids in seen]) > 0.9
    relative = [(s.world_from_camera.inverse() @ s.world_from_gripper).matrix for s in steps]
    np.testing.assert_allclose(relative, relative[:1] * len(relative), atol=1e-9)  # rigid mount


def test_objects_keep_their_world_place_in_the_wrist_truth() -> None:
    simulation = Simulation(0, "wrist", **SMALL)
    places = []
    for t in (0.0, 2.0, 5.0):
        step = simulation.step(t)
        world_from_w = step.world.working_from_world().inverse()
        places.append([world_from_w.apply(o.box.centre_m) for o in step.truth().objects[:-1]])
    np.testing.assert_allclose(places[0], places[1], atol=1e-4)
    np.testing.assert_allclose(places[0], places[2], atol=1e-4)


def test_frames_repeat_by_seed() -> None:
    a, b = Simulation(3, **SMALL), Simulation(3, **SMALL)
    np.testing.assert_array_equal(a.step(1.0).frame.depth_m, b.step(1.0).frame.depth_m)


@pytest.mark.parametrize("wrong", [{"camera": "drone"}, {"period_s": 0.0}])
def test_bad_values_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidValueError):
        Simulation(0, **wrong)
