"""`deepsight doctor` and `deepsight demo` as their users run them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest
from typer.testing import CliRunner

from deepsight_ros.nodes.diagnostics import largest_segment_bytes, profile_report
from deepsight_ros.nodes.inspection import inspect
from deepsight_ros.nodes.sim_camera import SimCameraNode
from tests.support.processes import ProcessGuard
from tests.support.ros import RosHarness
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.ros


def test_the_doctor_tells_what_is_there(ros: RosHarness, run_nodes: Any) -> None:
    run_nodes(SimCameraNode, rate_hz=15.0, width_px=160, height_px=120)
    found = inspect(listen_s=3.0, namespace="where_no_graph_runs")
    parts = {f.part: f for f in found.findings}
    assert parts["ROS 2"].state == "good"
    assert parts["packages"].state == "good"
    assert parts["graph"].state == "fair"
    assert "deepsight bringup" in parts["graph"].advice
    assert {"DDS image profile", "shared memory", "GPU", "model"} <= parts.keys()
    topics = {t.topic: t for t in found.topics}
    depth = topics["/depth/image_raw"]
    assert 5 < depth.rate_hz < 25
    assert depth.detail == "16UC1 160x120"
    assert depth.qos == "best_effort, volatile"
    assert all(f.advice for f in found.findings if f.state == "bad")


def test_the_doctor_prints_json() -> None:
    from deepsight_ros.cli.main import app

    result = CliRunner().invoke(app, ["doctor", "--seconds", "0", "--json"])
    assert json.loads(result.output)["findings"]


def test_the_image_profile_is_in_force_in_this_process(ros: RosHarness) -> None:
    """The segment that was really mapped, not only what the environment says."""
    assert largest_segment_bytes() >= 16 * 2**20
    assert profile_report().message.endswith("shared memory")


@pytest.mark.slow
@pytest.mark.parametrize("camera", ["scene", "wrist"])
def test_the_demo_answers_and_leaves_a_picture(
    processes: ProcessGuard, tmp_path: Path, camera: str
) -> None:
    command = [sys.executable, "-m", "deepsight_ros.cli.main", "demo"]
    child = processes.start([*command, "--camera", camera, "--out", tmp_path], {"COLUMNS": "200"})
    code = child.wait(4 * PATIENCE_S)
    said = processes.output(child)
    assert code == 0, said  # not so where an object strayed by more than 1 cm in the world
    for words in ("far apart", "closer to the camera", "left", "tall", "gripper"):
        assert words in said
    if camera == "wrist":
        assert "places in the world" in said
    assert said.count("right") >= 5
    picture = cv2.imread(str(tmp_path / "demo.png"))
    assert picture.shape == (480, 640, 3)
    assert picture.std() > 10
