"""The model behind the real service: asked for, and for what nothing measures."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest
from rclpy.parameter import Parameter

pytest.importorskip("torch", reason="the learnt model needs torch (requirements/model.txt)")

from deepsight_ros.model import checkpoint
from deepsight_ros.model.client import ModelClient
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.text import TextCodec, train_tokenizer
from deepsight_ros.msg import SpatialAnswer
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.model_desk import answer_of, checkpoint_folder, in_regions
from deepsight_ros.nodes.spinning import Running
from deepsight_ros.questions.answering import answer
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.scene_file import load_scene
from tests.model.conftest import REGIONS, SENTENCES, small_config
from tests.nodes.test_spatial_query import Robot, region_of
from tests.support.ros import RosHarness
from tests.support.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.ros
LOADING_S = 4 * PATIENCE_S
FOREIGN = "Tell me a story about gravity waves"


@pytest.fixture(scope="module")
def robot(packed: PackedFrame, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Robot]:
    """A graph whose model has random weights: what it says is noise, how it is asked is not."""
    folder = tmp_path_factory.mktemp("checkpoint")
    tokenizer = train_tokenizer(SENTENCES * 20, 400, REGIONS)
    config = small_config()
    checkpoint.save(folder, DeepSightModel(config), TextCodec(tokenizer, config.prompt, REGIONS))
    overrides = [
        Parameter("model", value=str(folder)),
        Parameter("model_device", value="cpu"),
        Parameter("model_min_confidence", value=0.0),
        Parameter("timeout_s", value=PATIENCE_S),
    ]
    with (
        RosHarness() as ros,
        Running(make_graph(context=ros.context, parameter_overrides=overrides)) as running,
    ):
        assert running.autostart()
        robot = Robot(ros, running.nodes, packed)
        client = _model_client(robot)
        try:
            wait_until(lambda: client.state == "ready", "the model", LOADING_S)
            yield robot
        finally:
            robot.stop_camera()
            robot.client.close()


def _model_client(robot: Robot) -> ModelClient:
    node = next(n for n in robot.nodes if n.get_name() == "spatial_query")
    client = node._model._client
    assert isinstance(client, ModelClient)
    return client


def test_a_question_that_nothing_measures_goes_to_the_model(robot: Robot):
    before = _model_client(robot).answered
    robot.client.ask(FOREIGN, timeout_s=PATIENCE_S)
    assert _model_client(robot).answered == before + 1


def test_a_measured_question_does_not(robot: Robot):
    before = _model_client(robot).answered
    reply = robot.client.ask("how many objects are there?")
    assert reply.status == SpatialAnswer.OK and reply.method == SpatialAnswer.MEASURED
    assert robot.client.ask(FOREIGN, method="measured").status == SpatialAnswer.UNSUPPORTED
    assert _model_client(robot).answered == before


def test_the_model_can_be_asked_for(robot: Robot):
    before = _model_client(robot).answered
    box = next(iter(robot.boxes.values()))
    reply = robot.client.ask(
        "how far is <region0>?", regions=[region_of(box)], method="model", timeout_s=PATIENCE_S
    )
    assert _model_client(robot).answered == before + 1
    assert reply.method in ("", SpatialAnswer.MODEL)
    assert reply.status != SpatialAnswer.FAILED


def test_what_auto_means(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("DEEPSIGHT_MODEL")
    shipped = checkpoint_folder("auto")
    assert shipped is not None and shipped.name == "deepsight-tiny"
    assert (shipped / "model.safetensors").is_file()
    assert checkpoint_folder("none") is None and checkpoint_folder(str(tmp_path)) == tmp_path
    monkeypatch.setenv("DEEPSIGHT_MODEL", str(tmp_path))
    assert checkpoint_folder("auto") == tmp_path
    monkeypatch.setenv("DEEPSIGHT_MODEL", "none")
    assert checkpoint_folder("") is None
    monkeypatch.delenv("DEEPSIGHT_MODEL")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert checkpoint_folder("auto") is None  # a robot without requirements/model.txt


def test_understood_questions_are_put_in_the_catalogues_words():
    folder = Path(__file__).parents[1] / "data" / "questions" / "scenes"
    scene = load_scene(folder / "s01_kitchen.json")
    understood = answer("how far is the red mug from the cracker box?", scene)
    text, ids = in_regions("...", understood)
    assert "<region0>" in text and "<region1>" in text and ids == understood.object_ids
    assert in_regions(FOREIGN, answer(FOREIGN, scene)) == (FOREIGN, ())


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ({"kind": "answer", "text": "Kitchen.", "confidence": 0.9}, Status.OK),
        ({"kind": "answer", "text": "Kitchen.", "confidence": 0.2}, Status.UNSUPPORTED),
        ({"kind": "answer", "text": "1 m.", "value": 1.0, "confidence": 0.2}, Status.OK),
        ({"kind": "answer", "text": "I cannot tell.", "declined": True}, Status.UNSUPPORTED),
        ({"kind": "answer", "text": "Kitch", "finished": False}, Status.TIMEOUT),
        ({"kind": "error", "text": "cannot be met", "reason": "LATE"}, Status.TIMEOUT),
        ({"kind": "failed", "text": "the worker hung", "reason": "LATE"}, Status.TIMEOUT),
        ({"kind": "error", "text": "what deadline?", "reason": "REQUEST"}, Status.FAILED),
        ({"kind": "failed", "text": "the worker died", "reason": "STOPPED"}, Status.FAILED),
    ],
)
def test_replies_become_honest_answers(reply: dict[str, object], status: Status):
    from deepsight_ros.model.worker import Reason, Reply

    reply = {**reply, "reason": Reason[str(reply.get("reason", "NONE"))]}
    folder = Path(__file__).parents[1] / "data" / "questions" / "scenes"
    scene = load_scene(folder / "s01_kitchen.json")
    said = answer_of(Reply(**reply), "what room is this?", None, scene, 0.5)  # type: ignore[arg-type]
    assert said.status is status
    assert said.value == reply.get("value")
