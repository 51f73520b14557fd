"""What `deepsight record` writes replays: frames, transforms, questions and rewards of a graph."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rosbags.highlevel import AnyReader
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.errors import SourceError
from deepsight_ros.msg import RewardAnnotation
from deepsight_ros.nodes.recorder import RecorderNode
from deepsight_ros.nodes.sim_camera import SimCameraNode
from deepsight_ros.nodes.spinning import Running
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


def test_a_recorded_graph_replays(tmp_path: Path) -> None:
    from rclpy.parameter import Parameter
    from std_msgs.msg import String

    bag = tmp_path / "bag"
    rate = [Parameter("rate_hz", value=8.0)]
    with RosHarness() as ros:
        camera = SimCameraNode(context=ros.context, parameter_overrides=rate)
        with Running([camera]) as running:
            assert running.autostart()
            questions = ros.node.create_publisher(String, "questions", 10)
            rewards = ros.node.create_publisher(RewardAnnotation, "rewards", 10)
            recorder = ros.add(RecorderNode(bag, context=ros.context))
            ros.wait_for(lambda: {"/questions", "/rewards"} <= set(recorder.counts))
            # a subscription is not yet a match: what is published before one is lost to it
            ros.wait_for(lambda: questions.get_subscription_count())
            ros.wait_for(lambda: rewards.get_subscription_count())
            questions.publish(String(data="how many objects are there?"))
            rewards.publish(RewardAnnotation(episode_id="e1", reward=-0.25))
            ros.wait_for(
                lambda: all(
                    recorder.counts.get(t, 0) >= n
                    for t, n in (("/depth/image_raw", 5), ("/questions", 1), ("/rewards", 1))
                ),
                what="messages in the bag",
            )
            recorder.close()
            ros._nodes.remove(recorder)
    with AnyReader([bag]) as reader:
        read = {
            connection.topic: reader.deserialize(raw, connection.msgtype)
            for connection, _, raw in reader.messages()
        }
    assert read["/questions"].data == "how many objects are there?"
    assert (read["/rewards"].episode_id, read["/rewards"].reward) == ("e1", -0.25)
    out = tmp_path / "out"
    options = ["--report", str(out), "--fixed-frame", "world", "--rate", "0"]
    result = CliRunner().invoke(app, ["replay", str(bag), *options])
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary["frames"] >= 3
    assert summary["all"]["statuses"]["OK"] >= 1


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    with RosHarness() as ros, pytest.raises(SourceError, match="taken"):
        RecorderNode(tmp_path, context=ros.context)
