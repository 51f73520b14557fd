"""`detector: model`: names from the model reach the scene by object id."""

from __future__ import annotations

import time
from typing import Any

import pytest

from deepsight_ros.msg import Scene
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.model_names import ModelNamer, name_in, next_to_name
from deepsight_ros.nodes.perception import PerceptionNode
from deepsight_ros.scene.answer import Answer, Method, Status
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


class SureDesk:
    """Stands for the model: calls everything a teapot, the second thing with little confidence."""

    is_idle = True

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask_about(
        self, sighting: Any, question: str, ids: Any, timeout_s: float, done: Any
    ) -> None:
        self.asked.append(ids[0])
        said = "Teapot." if len(self.asked) % 2 else "I cannot tell that from this view."
        status = Status.OK if len(self.asked) % 2 else Status.UNSUPPORTED
        done(Answer(status, question, said, method=Method.MODEL), 0.9)


def test_names_reach_the_scene_and_none_is_invented(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    (node,) = run_nodes(PerceptionNode, perception__detector="model")
    scenes = ros.collect(Scene, "scene")
    desk = SureDesk()
    namer = ModelNamer(node.sight, desk, lambda: 10.0)  # type: ignore[arg-type]

    def named() -> bool:
        feed.send(packed, feed.now_ns())
        time.sleep(0.05)
        return bool(scenes) and sum(o.label == "teapot" for o in scenes[-1].objects) >= 2

    try:
        feed.wait_for_subscribers()
        ros.wait_for(named, what="two named objects")
    finally:
        namer.close()
    assert {o.label for o in scenes[-1].objects} <= {"teapot", ""}
    assert len(set(desk.asked[:3])) == 3  # every object gets its turn
    sighting = node.sight.board.newest
    assert sighting is not None
    seen = {o.id: 9 for o in sighting.scene.objects}
    first = next_to_name(sighting, {**seen, desk.asked[0]: 0})
    assert first is not None and first.id == desk.asked[0]


def test_other_detectors_are_left_alone(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    (node,) = run_nodes(PerceptionNode)
    scenes = ros.collect(Scene, "scene")
    desk = SureDesk()
    namer = ModelNamer(node.sight, desk, lambda: 10.0)  # type: ignore[arg-type]
    try:
        feed.wait_for_subscribers()

        def seen() -> bool:
            feed.send(packed, feed.now_ns())
            time.sleep(0.05)
            return len(scenes) >= 8

        ros.wait_for(seen, what="eight scenes")
    finally:
        namer.close()
    assert not desk.asked


@pytest.mark.parametrize(
    ("status", "text", "name"),
    [
        (Status.OK, "Coffee mug.", "coffee mug"),
        (Status.OK, "It is a bowl.", "bowl"),
        (Status.OK, "I can't tell: that is not about what I see.", ""),
        (Status.UNSUPPORTED, "Bowl.", ""),
    ],
)
def test_a_name_is_a_few_words_or_none(status: Status, text: str, name: str):
    assert name_in(Answer(status, "What is <region0>?", text)) == name
