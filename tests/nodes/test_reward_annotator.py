"""Rewards over DDS: the gripper comes nearer, the reward rises; hidden frames hold."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from deepsight_ros.msg import Region, RewardAnnotation, Scene
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.reward_annotator import RewardAnnotatorNode
from deepsight_ros.nodes.sight import Sight
from deepsight_ros.nodes.sim_camera import SimCameraNode
from deepsight_ros.nodes.spinning import Running
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


class Cell:
    """The graph and a simulated camera in one process."""

    def __init__(self, ros: RosHarness, camera: SimCameraNode) -> None:
        self.ros = ros
        assert camera._simulation is not None
        world = camera._simulation.world
        target = next(t for t in world.things if t.id == camera._simulation.target_id)
        self.target = f"{target.material.colour} {target.label}"
        self.client = SpatialClient(context=ros.context)
        self.rewards: list[RewardAnnotation] = ros.collect(RewardAnnotation, "rewards")
        self.scenes: list[Scene] = ros.collect(Scene, "scene")


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    from rclpy.parameter import Parameter

    def overrides(**values: Any) -> list[Parameter]:
        return [Parameter(n.replace("__", "."), value=v) for n, v in values.items()]

    graph = overrides(fixed_frame="world", gripper_frame="gripper", perception__detector="topic")
    sim = overrides(rate_hz=8.0, detections_rate_hz=8.0, motion_period_s=4.0)
    with RosHarness() as ros:
        camera = SimCameraNode(context=ros.context, parameter_overrides=sim)
        nodes = make_graph(context=ros.context, parameter_overrides=graph)
        with Running([camera, *nodes]) as running:
            assert running.autostart()
            made = Cell(ros, camera)
            ros.wait_for(
                lambda: made.scenes and sum(bool(o.label) for o in made.scenes[-1].objects) > 3,
                what="named objects",
            )
            yield made
            made.client.close()


def unique_object(cell: Cell) -> str:
    """Label of an object that no other shares."""
    labels = [o.label for o in cell.scenes[-1].objects if not o.is_gripper]
    return next(label for label in labels if label and labels.count(label) == 1)


def test_the_reward_follows_the_distance(cell: Cell) -> None:
    response = cell.client.set_task(f"bring the gripper to the {cell.target}")
    assert response.success, response.message
    assert response.object_ids
    cell.rewards.clear()
    # a whole swing of the gripper: it rests at either end
    cell.ros.wait_for(lambda: len([r for r in cell.rewards if r.valid]) > 32)
    valid = [r for r in cell.rewards if r.valid and not r.held]
    assert {r.episode_id for r in valid} == {response.episode_id}
    assert [r.step for r in cell.rewards] == list(
        range(cell.rewards[0].step, cell.rewards[0].step + len(cell.rewards))
    )
    for each in valid:
        assert each.reward == pytest.approx(sum(each.term_values))
        assert each.lower <= each.distance <= each.upper
        assert 0.0 <= each.progress <= 1.0
    order = np.argsort([r.distance for r in valid])
    # the bonus of success has hysteresis: apart from it the reward is a function of the distance
    terms = [dict(zip(r.term_names, r.term_values, strict=True)) for r in valid]
    assert all((t["success"] > 0) == r.success for t, r in zip(terms, valid, strict=True))
    dense = np.array([r.reward - t["success"] for t, r in zip(terms, valid, strict=True)])[order]
    assert (np.diff(dense) <= 1e-9).all()
    assert np.ptp([r.distance for r in valid]) > 0.05  # the gripper does move


def test_episodes_are_reset_and_ended(cell: Cell) -> None:
    name = unique_object(cell)
    began = cell.client.set_task(f"reach the {name}")
    cell.rewards.clear()
    cell.ros.wait_for(lambda: len(cell.rewards) > 2)
    reset = cell.client.reset_episode()
    assert reset.success
    assert reset.ended_episode_id == began.episode_id
    assert reset.ended_steps >= 3
    cell.ros.wait_for(lambda: cell.rewards[-1].episode_id == reset.episode_id)
    ended = cell.client.set_task("")
    assert ended.success
    assert not cell.client.reset_episode().success


@pytest.mark.parametrize(
    ("task", "distance_m", "reason"),
    [
        ("pour the tea", 0.0, "bring the gripper"),
        ("x" * 1_000_000, 0.0, "characters"),
        ("reach the mug", -1.0, "success_distance"),
        ("reach the mug", float("nan"), "success_distance"),
    ],
)
def test_bad_tasks_are_refused_and_the_old_one_goes_on(
    cell: Cell, task: str, distance_m: float, reason: str
) -> None:
    name = unique_object(cell)
    good = cell.client.set_task(f"reach the {name}")
    assert good.success
    refused = cell.client.set_task(task, distance_m)
    assert not refused.success
    assert reason in refused.message
    cell.rewards.clear()
    cell.ros.wait_for(lambda: len(cell.rewards) > 2)
    # a frame that was in hand when the task was set may still carry the one before
    assert {r.episode_id for r in cell.rewards[1:]} == {good.episode_id}


def test_what_is_not_in_view_is_said(cell: Cell) -> None:
    response = cell.client.set_task("bring the gripper to the giraffe")
    assert response.success
    assert not response.object_ids
    assert "giraffe" in response.message
    cell.rewards.clear()
    cell.ros.wait_for(lambda: len(cell.rewards) > 1)
    assert not cell.rewards[-1].valid
    assert np.isnan(cell.rewards[-1].reward)
    assert cell.rewards[-1].reason


def test_the_object_under_a_region_becomes_the_gripper(cell: Cell) -> None:
    scene = cell.scenes[-1]
    shown = [o for o in scene.objects if o.label and not (o.is_gripper or o.occluded)]
    labels = [o.label for o in shown]
    pointed, target = [o for o in shown if labels.count(o.label) == 1][:2]
    region = Region(kind=Region.BOX, box=pointed.box_px, label="gripper")
    response = cell.client.set_task(f"bring the gripper to the {target.label}", regions=[region])
    assert response.success, response.message
    assert list(response.object_ids) == [pointed.id, target.id]
    assert f"the gripper is {pointed.id}" in response.message
    cell.rewards.clear()
    cell.ros.wait_for(lambda: any(r.valid for r in cell.rewards))
    assert list(cell.rewards[-1].object_ids) == [pointed.id, target.id]


def test_a_gripper_region_that_shows_nothing_or_is_one_of_two_is_refused(cell: Cell) -> None:
    corner = Region(kind=Region.BOX, box=[0.0, 0.0, 6.0, 6.0], label="gripper")
    for regions in ([corner], [corner, corner]):
        refused = cell.client.set_task("bring the gripper to the mug", regions=regions)
        assert not refused.success
        assert "region" in refused.message


def test_frames_lost_to_perception_cost_rewards_and_others_do_not() -> None:
    with RosHarness() as ros:
        node = RewardAnnotatorNode(Sight(), context=ros.context)
        try:
            eyes = SimpleNamespace(lost=0)
            node.sight.vision = cast(Any, eyes)
            node._episode = cast(Any, object())
            taken = []
            for lost in (0, 0, 0, 1, 2, 3, 4, 4):
                eyes.lost = lost
                node._put(cast(Any, lost))
                taken.append(node._slot.take(0.0) is not None)
            assert taken == [True, True, True, False, False, True, False, True]
            assert node.skipped == 3
        finally:
            node.destroy_node()
