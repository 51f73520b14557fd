"""The worker process: answers, deadlines, a kill, a hang, a checkpoint that cannot be loaded."""

from __future__ import annotations

import os
import queue
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model import checkpoint
from deepsight_ros.model.client import ModelClient
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.text import TextCodec
from deepsight_ros.model.worker import Reason, Reply, WorkerConfig
from tests.support.waiting import PATIENCE_S, wait_until

LOADING_S = 2 * PATIENCE_S


@pytest.fixture
def folder(model: DeepSightModel, codec: TextCodec, tmp_path: Path) -> Path:
    checkpoint.save(tmp_path, model, codec)
    return tmp_path


class Told:
    """What a client said, and its answers."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []
        self.replies: queue.Queue[Reply] = queue.Queue()

    def say(self, level: str, text: str) -> None:
        self.said.append((level, text))

    def next(self, timeout_s: float = LOADING_S) -> Reply:
        return self.replies.get(timeout=timeout_s)


Start = Callable[[Path], tuple[ModelClient, Told]]


@pytest.fixture
def start() -> Iterator[Start]:
    clients: list[ModelClient] = []

    def begin(path: Path) -> tuple[ModelClient, Told]:
        told = Told()
        client = ModelClient(WorkerConfig(str(path), device="cpu"), told.say)
        clients.append(client)
        return client, told

    yield begin
    for client in clients:
        client.close()


def wait_for(condition: Callable[[], bool]) -> bool:
    return wait_until(condition, timeout_s=LOADING_S)


def test_life_of_a_worker(start: Start, folder: Path, frame: RgbdFrame):
    client, told = start(folder)
    client.ask(frame, "How far is <region0>?", told.replies.put, 0.01, regions_px=((0, 0, 9, 9),))
    late = told.next()
    assert "no answer within the deadline" in late.text and late.reason is Reason.LATE
    for _ in range(40):  # while it loads, so many may wait and no more
        client.ask(frame, "What room is this?", told.replies.put, LOADING_S)
    assert all("wait for the model already" in told.next().text for _ in range(8))
    assert all(told.next().kind == "answer" for _ in range(32))
    assert wait_for(lambda: client.state == "ready")
    assert any("loading" in text for _, text in told.said)

    box = (30.0, 20.0, 60.0, 40.0)
    question = "How far is <region0>?"
    client.ask(frame, question, told.replies.put, 30.0, regions_px=(box,), boxes_px=(box,))
    first = told.next()
    assert first.kind == "answer" and first.text
    client.ask(frame, question, told.replies.put, 30.0, regions_px=(box,), boxes_px=(box,))
    assert told.next().text == first.text

    client.ask(frame, "How far is <region7>?", told.replies.put, 30.0, regions_px=(box,))
    refused = told.next()
    assert refused.kind == "error" and "<region7>" in refused.text

    # killed: what it was asked next is answered after a restart
    os.kill(client._process.pid, signal.SIGKILL)
    assert wait_for(lambda: client.restarts == 1)
    assert wait_for(lambda: client.state == "ready")
    assert any(level == "warn" and "starting it again" in text for level, text in told.said)
    client.ask(frame, question, told.replies.put, 30.0, regions_px=(box,), boxes_px=(box,))
    assert told.next().text == first.text

    # hung: the question is answered in time with a reason, the worker is replaced
    os.kill(client._process.pid, signal.SIGSTOP)
    asked_s = time.monotonic()
    client.ask(frame, question, told.replies.put, 0.3, regions_px=(box,), boxes_px=(box,))
    hung = told.next()
    assert hung.kind == "failed" and "hung" in hung.text and hung.reason is Reason.LATE
    assert time.monotonic() - asked_s < 10
    assert wait_for(lambda: client.state == "ready")

    process = client._process
    client.close()
    assert not process.is_alive()
    client.ask(frame, question, told.replies.put, 1.0)
    assert "not running" in told.next().text


def test_a_checkpoint_that_cannot_be_loaded_is_given_up(
    start: Start, tmp_path: Path, frame: RgbdFrame
):
    client, told = start(tmp_path)
    assert wait_for(lambda: client.state == "given up")
    assert told.said[-1][0] == "error" and "config.json" in told.said[-1][1]
    client.ask(frame, "What room is this?", told.replies.put, 1.0)
    assert "given up" in told.next().text


def test_what_cannot_be_met_is_refused_at_once(frame: RgbdFrame, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ModelClient, "_run", lambda self: None)  # nobody takes from the queue
    client, replies = ModelClient(WorkerConfig("none")), queue.Queue[Reply]()
    client.state, client._usual_s = "ready", 0.5
    for _ in range(3):
        client.ask(frame, "What room is this?", replies.put, 60.0)
    client.ask(frame, "What room is this?", replies.put, 1.0)
    refused = replies.get_nowait()
    assert refused.reason is Reason.LATE and "cannot be met within 1.0 s" in refused.text
    client.ask(frame, "What room is this?", replies.put, 2.0)
    assert client.waiting == 4 and replies.empty()
