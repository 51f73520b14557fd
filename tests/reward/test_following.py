"""Things of a task keep one shape and are found in depth, joined with the hand or not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.inputs import GivenUp, GripperInput
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.reward.following import Following
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.synthesis.episodes import make_episode
from deepsight_ros.synthesis.simulation import SimulatedFrame

STILL = RigidTransform.identity()


def perceived(perceiver: Perceiver, seen: SimulatedFrame) -> Scene:
    camera_from_world = seen.world_from_camera.inverse()
    up = GivenUp(camera_from_world.rotation[:, 2], UpSource.TF)
    gripper = GripperInput(camera_from_world @ seen.world_from_gripper)
    return perceiver.perceive(seen.frame, up_in_camera=up, gripper=gripper)


def thing_at(scene: Scene, seen: SimulatedFrame, name: str) -> str:
    """Id of the perceived thing that is the world's ``name``."""
    step = seen.frame.camera.width_px // 320
    mask = seen.rendering.instance_id[::step, ::step] == seen.world.instance_id(name)
    overlaps = {
        o.id: np.count_nonzero(o.mask & mask) / np.count_nonzero(o.mask | mask)
        for o in scene.objects
        if o.mask is not None
    }
    return max(overlaps, key=overlaps.__getitem__)


@pytest.fixture(scope="module")
def push() -> tuple[str, list[tuple[SimulatedFrame, Scene]]]:
    """Id of the thing that is pushed; frames and what was perceived in them."""
    episode = make_episode("push", 310000, frames=16)
    perceiver, out = Perceiver(), []
    for seen in episode.frames:
        out.append((seen, perceived(perceiver, seen)))
    return thing_at(out[0][1], out[0][0], episode.subject_id), out


def centre_in_world(scene: Scene, seen: SimulatedFrame, name: str) -> np.ndarray:
    world_from_w = seen.world_from_camera @ scene.working_from_camera.inverse()
    return world_from_w.apply(scene.object(name).box.centre_m)


def test_a_pushed_thing_keeps_its_shape_and_goes_as_far_as_it_went(push) -> None:
    name, frames = push
    following = Following()
    sizes, places, true = [], [], []
    for seen, scene in frames:
        made = following.settle(scene, (name,), STILL)
        if following.has_settled((name,)):
            sizes.append(np.sort(made.object(name).box.size_m))
            places.append(centre_in_world(made, seen, name))
            true.append(seen.world.things[-2].position_m)
    assert len(places) >= len(frames) - 2
    assert np.ptp(np.array(sizes)[-8:], axis=0) == pytest.approx(np.zeros(3), abs=1e-4)
    way = np.array(places[-1]) - places[0]
    assert way == pytest.approx(np.array(true[-1]) - true[0], abs=0.012)


def test_it_is_there_though_perception_lost_it(push) -> None:
    name, frames = push
    following = Following()
    for index, (_, scene) in enumerate(frames[:6]):
        lost = replace(scene, objects=tuple(o for o in scene.objects if o.id != name))
        made = following.settle(scene if index < 4 else lost, (name,), STILL)
    assert any(o.id == name for o in made.objects)


def test_it_stays_though_its_id_went_to_another_thing(push) -> None:
    name, frames = push
    _, scene = frames[0]
    other = next(o for o in scene.objects if o.id != name and not o.is_gripper)
    swapped = {name: "lost", other.id: name}
    gone = replace(
        scene, objects=tuple(replace(o, id=swapped.get(o.id, o.id)) for o in scene.objects)
    )
    following = Following()
    for index in range(12):
        made = following.settle(scene if index < 3 else gone, (name,), STILL)
    assert made.object(name).box.centre_m == pytest.approx(
        scene.object(name).box.centre_m, abs=0.005
    )


def test_a_gripper_that_is_never_seen_whole_has_a_body(push) -> None:
    name, frames = push
    following = Following()
    settled = []
    for _, scene in frames[:6]:
        cut = tuple(replace(o, is_occluded=o.is_gripper) for o in scene.objects)
        following.settle(replace(scene, objects=cut), (name,), STILL)
        settled.append(following.has_settled(("gripper",)))
    assert sum(settled) >= 4


def test_what_was_taken_away_is_not_there(push) -> None:
    name, frames = push
    following = Following()
    for _, scene in frames[:4]:
        following.settle(scene, (name,), STILL)
    seen, scene = frames[4]
    gone = seen.frame.depth_m.copy()
    normal, offset_m = scene.support.normal, scene.support.offset_m
    camera = seen.frame.camera
    v, u = np.nonzero(seen.rendering.instance_id == len(seen.world.things) - 1)
    rays = np.stack(
        [(u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px, np.ones(len(u))]
    )
    gone[v, u] = -offset_m / (normal @ rays)  # the table behind it
    empty = perceived(Perceiver(), replace(seen, frame=replace(seen.frame, depth_m=gone)))
    empty = replace(empty, objects=())
    made = following.settle(empty, (name,), STILL)
    assert not any(o.id == name for o in made.objects)
    assert not following.has_settled((name,))


def test_exact_scenes_are_left_alone(push) -> None:
    seen, _ = push[1][0]
    truth = seen.truth()
    assert Following().settle(truth, ("o1",), STILL) is truth
