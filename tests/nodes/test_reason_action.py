"""The action `reason`: steps as feedback, the chain in the result, refusals, deadline, cancel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient

from deepsight_ros.action import Reason
from deepsight_ros.msg import SpatialAnswer
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.conversions import to_duration
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.spinning import Running
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.ros


class Planner:
    """An action client of a running graph.

    Feedback is read from its topic: rclpy's client forgets a goal's callback as soon as it has the
    result, and with it the feedback that it has received but not yet taken.
    """

    def __init__(self, ros: RosHarness) -> None:
        self.ros = ros
        self.feed = Feed(ros)
        self.client = ActionClient(ros.node, Reason, "reason")
        self.feedback: list[Any] = []
        topic = ros.node.create_subscription(
            Reason.Impl.FeedbackMessage,
            "reason/_action/feedback",
            lambda m: self.feedback.append(m.feedback),
            qos.reliable(100),
        )
        self.feed.wait_for_subscribers()
        ros.wait_for(lambda: ros.node.count_publishers(topic.topic_name))

    def send(self, **goal: Any) -> Any:
        request = Reason.Goal(**{"deadline": to_duration(3.0), **goal})
        assert self.client.wait_for_server(PATIENCE_S)
        future = self.client.send_goal_async(request)
        self.ros.wait_for(future.done)
        assert future.result().accepted
        return future.result()

    def watched(self, packed: PackedFrame, **goal: Any) -> tuple[int, Reason.Result]:
        """Send a goal and show the table until it is done."""
        self.feedback.clear()
        handle = self.send(**{"deadline": to_duration(PATIENCE_S), **goal})
        future = handle.get_result_async()
        self.feed.send_until(packed, future.done, 2 * PATIENCE_S)
        return future.result().status, future.result().result

    def result(self, handle: Any) -> tuple[int, Reason.Result]:
        future = handle.get_result_async()
        self.ros.wait_for(future.done)
        return future.result().status, future.result().result


@pytest.fixture(scope="module")
def planner() -> Iterator[Planner]:
    with RosHarness() as ros, Running(make_graph(context=ros.context)) as running:
        assert running.autostart()
        made = Planner(ros)
        yield made
        made.client.destroy()


def test_one_question_is_one_step(planner: Planner, packed: PackedFrame) -> None:
    status, result = planner.watched(packed, task="how many objects are there?", request_id="r1")
    assert status == GoalStatus.STATUS_SUCCEEDED
    assert result.answer.status == SpatialAnswer.OK
    assert result.answer.method == SpatialAnswer.REASONED
    assert result.answer.request_id == "r1"
    assert [s.question for s in result.steps] == ["how many objects are there?"]
    planner.ros.wait_for(lambda: planner.feedback)
    assert planner.feedback[0].step == 1
    assert planner.feedback[0].conclusion == result.answer.text


@pytest.mark.parametrize(
    "goal",
    [
        {"task": "do three cans form an isosceles triangle, and would a cat fit inside it?"},
        {"task": ""},
        {"task": "how many objects are there?", "planner": "chat"},
        {"task": "how many objects are there?", "planner": "oracle"},
    ],
)
def test_what_cannot_be_planned_says_so(
    planner: Planner, packed: PackedFrame, goal: dict[str, str]
) -> None:
    planner.feed.send(packed)
    status, result = planner.result(planner.send(**goal))
    assert status == GoalStatus.STATUS_ABORTED
    assert result.answer.status_name == "UNSUPPORTED"
    assert result.answer.error
    assert result.outcome == ""


def test_a_task_of_several_questions(planner: Planner, packed: PackedFrame) -> None:
    """Every step is feedback with its answer; the result has the chain and the interval."""
    task = "is there at least 1 cm of room around o1?"
    status, result = planner.watched(packed, task=task, request_id="r2")
    assert status == GoalStatus.STATUS_SUCCEEDED, result.answer.error
    assert result.family == "clearance"
    assert result.outcome in (Reason.Result.YES, Reason.Result.NO, Reason.Result.UNDECIDED)
    assert result.answer.has_bool == (result.outcome != Reason.Result.UNDECIDED)
    margin = result.answer.measurements[0]
    assert margin.quantity == "margin"
    assert margin.lower < margin.value < margin.upper
    planner.ros.wait_for(lambda: len(planner.feedback) == len(result.steps))
    assert [f.step for f in planner.feedback] == list(range(1, len(result.steps) + 1))
    assert [f.question for f in planner.feedback] == [s.question for s in result.steps]
    assert all(f.conclusion for f in planner.feedback)
    assert {s.header.stamp.nanosec for s in result.steps} == {result.answer.header.stamp.nanosec}


def test_most_steps(planner: Planner, packed: PackedFrame) -> None:
    task = "put the objects in order of height"
    status, result = planner.watched(packed, task=task, max_steps=2)
    assert status == GoalStatus.STATUS_ABORTED
    assert result.answer.status_name == "FAILED"
    assert len(result.steps) == 2


def test_the_deadline_is_kept(planner: Planner) -> None:
    time.sleep(1.1)  # no image is fresh any more
    began_s = time.monotonic()
    handle = planner.send(task="how many objects are there?", deadline=to_duration(0.5))
    status, result = planner.result(handle)
    assert status == GoalStatus.STATUS_ABORTED
    assert result.answer.status_name == "STALE"
    assert time.monotonic() - began_s < 1.0


def test_a_goal_can_be_cancelled(planner: Planner) -> None:
    time.sleep(1.1)
    handle = planner.send(task="how many objects are there?", deadline=to_duration(30.0))
    cancelled = handle.cancel_goal_async()
    planner.ros.wait_for(cancelled.done)
    status, result = planner.result(handle)
    assert status == GoalStatus.STATUS_CANCELED
    assert "cancelled" in result.answer.error
