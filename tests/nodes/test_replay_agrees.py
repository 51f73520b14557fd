"""The live graph and the offline replay say the same about the same recording."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.msg import Scene
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.frame_player import FramePlayerNode
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.spinning import Running
from tests.evaluation.replay.conftest import record
from tests.support.bags import BagMaker
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros

QUESTIONS = (
    "how far away is the purple object?",
    "how tall is the purple object?",
    "how far is the blue object from the purple object?",
)
APART_M = 0.005
"""Noise of one frame to the next of things that stand still."""


def test_live_and_offline_answers_agree(tmp_path: Path) -> None:
    from rclpy.parameter import Parameter

    bag = record(BagMaker("mcap"), 20).write(tmp_path)
    offline = said_offline(bag, tmp_path)
    graph = [Parameter("fixed_frame", value="world"), Parameter("gripper_frame", value="gripper")]
    player = [Parameter("path", value=str(bag)), Parameter("loop", value=True)]
    with RosHarness() as ros:
        scenes: list[Scene] = ros.collect(Scene, "scene")
        nodes = make_graph(context=ros.context, parameter_overrides=graph)
        camera = FramePlayerNode(context=ros.context, parameter_overrides=player)
        with Running([camera, *nodes]) as running:
            assert running.autostart()
            ros.wait_for(lambda: len(scenes) > 3, what="scenes of the recording")
            client = SpatialClient(context=ros.context)
            live = {q: client.ask(q, max_age_s=5.0) for q in QUESTIONS}
            client.close()
    for question, answer in live.items():
        assert answer.status == answer.OK, answer.error
        measured = answer.measurements[0]
        assert measured.quantity == offline[question][0]["quantity"]
        values = [m["value"] for m in offline[question]]
        assert min(values) - APART_M <= measured.value <= max(values) + APART_M, question


def said_offline(bag: Path, folder: Path) -> dict[str, list[dict]]:
    """First measurement of every answer, by question."""
    asked = folder / "questions.jsonl"
    asked.write_text("\n".join(json.dumps({"question": q, "every_s": 0.1}) for q in QUESTIONS))
    out = folder / "out"
    options = ["--questions", str(asked), "--rate", "0", "--report", str(out)]
    options += ["--fixed-frame", "world", "--gripper-frame", "gripper"]
    result = CliRunner().invoke(app, ["replay", str(bag), *options])
    assert result.exit_code == 0, result.output
    found: dict[str, list[dict]] = {q: [] for q in QUESTIONS}
    for line in (out / "answers.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert row["status"] == "OK", row
        found[row["question"]].append(row["measurements"][0])
    return found
