"""Real frames played as camera topics, and questions about them answered over the ROS service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepsight_ros.msg import Region, Scene
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.frame_player import FramePlayerNode
from deepsight_ros.nodes.graph import make_graph
from tests.support.ros import RosHarness
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.ros

LMO_FRAME = "3"
MIN_VISIBLE = 0.5


def play(
    run_nodes: Callable[..., Any], ros: RosHarness, path: Path, **options: Any
) -> SpatialClient:
    """The graph, and a player that repeats a recording; a client once a scene was seen."""
    if not path.exists():
        pytest.skip(f"no {path}")
    scenes: list[Scene] = ros.collect(Scene, "scene")
    run_nodes(make_graph)
    run_nodes(FramePlayerNode, path=str(path), loop=True, start_delay_s=0.3, **options)
    ros.wait_for(lambda: scenes, what="a scene")
    return SpatialClient(context=ros.context)


def box(x: float, y: float, w: float, h: float) -> Region:
    return Region(kind=Region.BOX, box=np.array([x, y, x + w, y + h], np.float32))


class LmoTruth:
    """Poses and visible boxes of LM-O frame 3."""

    def __init__(self, folder: Path) -> None:
        poses = json.loads((folder / "scene_gt.json").read_text())[LMO_FRAME]
        infos = json.loads((folder / "scene_gt_info.json").read_text())[LMO_FRAME]
        self.centre_m = {p["obj_id"]: np.array(p["cam_t_m2c"]) / 1e3 for p in poses}
        self.box = {p["obj_id"]: i["bbox_visib"] for p, i in zip(poses, infos, strict=True)}
        self.visible = {p["obj_id"]: i["visib_fract"] for p, i in zip(poses, infos, strict=True)}

    @property
    def clear(self) -> list[int]:
        """Objects more than half visible."""
        return [i for i, share in self.visible.items() if share > MIN_VISIBLE]


@pytest.mark.parametrize("name", ["lmo_tabletop_gt", "made_ros2_bag_lmo_mcap"])
def test_tabletop_distances_by_true_boxes(
    ros: RosHarness, run_nodes: Any, shared_data: Path, name: str
) -> None:
    """Centre distances between true boxes over `ask`: median error at most 2 cm."""
    truth = LmoTruth(shared_data / "lmo_tabletop_gt")
    client = play(run_nodes, ros, shared_data / name)
    errors_m, statuses = [], []
    clear = truth.clear
    for a, b in zip(clear, clear[1:] + clear[:1], strict=True):
        answer = client.ask(
            "what is the distance between the centres of <region0> and <region1>?",
            regions=[box(*truth.box[a]), box(*truth.box[b])],
            timeout_s=PATIENCE_S,
        )
        statuses.append(answer.status_name)
        if answer.status != answer.OK:
            continue
        measured = answer.measurements[0]
        assert measured.quantity == "centre_distance"
        true_m = np.linalg.norm(truth.centre_m[a] - truth.centre_m[b])
        errors_m.append(abs(measured.value - true_m))
    client.close()
    assert statuses.count("OK") >= len(clear) - 1, statuses
    assert float(np.median(errors_m)) <= 0.02, errors_m


def test_tabletop_order_by_true_boxes(ros: RosHarness, run_nodes: Any, shared_data: Path) -> None:
    """Which of two is closer to the camera, and left or right, where it is clear from truth."""
    truth = LmoTruth(shared_data / "lmo_tabletop_gt")
    client = play(run_nodes, ros, shared_data / "lmo_tabletop_gt")
    right = asked = 0
    for a in truth.clear:
        for b in truth.clear:
            nearer_m = float(np.linalg.norm(truth.centre_m[b]) - np.linalg.norm(truth.centre_m[a]))
            if a == b or nearer_m < 0.15:  # sizes are up to 0.2 m: this clears them
                continue
            answer = client.ask(
                "which is closer to the camera, <region0> or <region1>?",
                regions=[box(*truth.box[a]), box(*truth.box[b])],
                timeout_s=PATIENCE_S,
            )
            asked += 1
            right += answer.status == answer.OK and answer.choice == "region0"
    client.close()
    assert asked >= 4
    assert right / asked >= 0.9, f"{right} of {asked}"


def test_a_bag_of_a_room_is_answered(ros: RosHarness, run_nodes: Any, shared_data: Path) -> None:
    """Redwood frames from a rosbag2: the graph sees them, finds up, and measures a region."""
    client = play(run_nodes, ros, shared_data / "made_ros2_bag_redwood_db3")
    count = client.ask("how many objects are there?", timeout_s=PATIENCE_S)
    assert count.status_name == "OK", count.error
    region = Region(kind=Region.BOX, box=np.array([270, 190, 370, 290], np.float32))
    answer = client.ask("how far away is <region0>?", regions=[region], timeout_s=PATIENCE_S)
    client.close()
    assert answer.status_name == "OK", answer.error
    measured = answer.measurements[0]
    assert 0.3 < measured.value < 8.0
    assert measured.lower <= measured.value <= measured.upper
    assert answer.header.frame_id
