"""A GPU without enough memory (faked): the CPU takes over once, loudly, and stays."""

from __future__ import annotations

import os
import queue
from dataclasses import replace
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model import client as clients
from deepsight_ros.model.client import ModelClient
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.worker import Desk, Reason, Reply, Request, WorkerConfig, fallen_back
from tests.support.waiting import PATIENCE_S, wait_until


class Pipe:
    def __init__(self) -> None:
        self.sent: list[Reply] = []

    def send(self, reply: Reply) -> None:
        self.sent.append(reply)


class Loads:
    """Stands for ``DeepSight.from_pretrained``; what it gives raises or answers per device."""

    def __init__(self, **outcomes: Exception | None) -> None:
        self.outcomes, self.asked = outcomes, [("", "")][:0]

    def __call__(self, folder: str, *, device: str, dtype: str) -> object:
        self.asked.append((device, dtype))
        error = self.outcomes.get(f"load_{device}")
        if error is not None:
            raise error
        return SimpleNamespace(device=device)


FULL = torch.OutOfMemoryError("no room")
CONFIG = WorkerConfig("somewhere", device="cuda", dtype="float16")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Any:
    def make(loads: Loads, config: WorkerConfig = CONFIG) -> tuple[Desk, Pipe, Reply | None]:
        monkeypatch.setattr(DeepSight, "from_pretrained", loads)

        def answer(self: Desk, request: Request) -> Reply:
            error = loads.outcomes.get(f"answer_{self.device}")
            if error is not None:
                raise error
            return Reply("answer", request.number, "a mug", device=self.device)

        monkeypatch.setattr(Desk, "_answer", answer)
        pipe = Pipe()
        made = Desk(pipe, None)  # type: ignore[arg-type]
        return made, pipe, made.load(config)

    return make


def request(frame: RgbdFrame) -> Request:
    return Request(7, frame.camera, frame.stamp_ns, False, "What is it?")


def alarms(pipe: Pipe) -> list[Reply]:
    return [r for r in pipe.sent if r.reason is Reason.OUT_OF_MEMORY]


def test_loading_falls_back_and_keeps_the_precision(desk: Any, frame: RgbdFrame) -> None:
    loads = Loads(load_cuda=FULL)
    made, pipe, failed = desk(loads)
    assert failed is None and made.device == "cpu"
    assert loads.asked == [("cuda", "float16"), ("cpu", "float16")]
    (alarm,) = alarms(pipe)
    assert "no room" in alarm.text and "CPU in float16" in alarm.text
    assert made.answer(request(frame)).device == "cpu"
    assert fallen_back(replace(CONFIG, dtype="int4")).dtype == "int8"


def test_answering_falls_back_once(desk: Any, frame: RgbdFrame) -> None:
    loads = Loads(answer_cuda=FULL)
    made, pipe, _ = desk(loads)
    for _ in range(2):
        reply = made.answer(request(frame))
        assert (reply.kind, reply.number, reply.device) == ("answer", 7, "cpu")
    assert len(alarms(pipe)) == 1 and loads.asked[1:] == [("cpu", "float16")]


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (InvalidValueError("bad region"), "error", Reason.REQUEST),
        (FULL, "failed", Reason.OUT_OF_MEMORY),
    ],
)
def test_an_error_of_the_second_try_is_a_reply(
    desk: Any, frame: RgbdFrame, error: Exception, kind: str, reason: Reason
) -> None:
    made, pipe, _ = desk(Loads(answer_cuda=FULL, answer_cpu=error))
    reply = made.answer(request(frame))
    assert (reply.kind, reply.number, reply.reason) == (kind, 7, reason)
    assert made.is_ready and len(alarms(pipe)) == 1


def test_a_cpu_that_cannot_load_it_either_is_a_reply(desk: Any, frame: RgbdFrame) -> None:
    made, _, _ = desk(Loads(answer_cuda=FULL, load_cpu=InvalidValueError("needs torchao")))
    reply = made.answer(request(frame))
    assert reply.kind == "failed" and "torchao" in reply.text and not made.is_ready
    _, _, failed = desk(Loads(load_cuda=FULL, load_cpu=FULL))
    assert failed is not None and failed.reason is Reason.OUT_OF_MEMORY


def full_then_dead(config: WorkerConfig, pipe: Connection, memory: str) -> None:
    """A worker that runs out of memory on its GPU, says so and dies over it."""
    device = "cpu" if config.device == "cpu" else "cuda"
    pipe.send(Reply("ready", device=device))
    while (asked := pipe.recv()) is not None:
        if device == "cuda":
            pipe.send(Reply("progress", text="no room", reason=Reason.OUT_OF_MEMORY))
            os._exit(1)
        pipe.send(Reply("answer", asked.number, config.dtype, device=device))


def test_after_a_restart_the_gpu_is_not_chosen_again(
    monkeypatch: pytest.MonkeyPatch, frame: RgbdFrame, tmp_path: Any
) -> None:
    (tmp_path / "config.json").write_text("{}")
    monkeypatch.setattr(clients.worker, "work", full_then_dead)
    said: list[tuple[str, str]] = []
    replies: queue.Queue[Reply] = queue.Queue()
    config = WorkerConfig(str(tmp_path), device="auto", dtype="int4")
    client = ModelClient(config, lambda level, text: said.append((level, text)))
    try:
        assert wait_until(lambda: client.state == "ready", timeout_s=2 * PATIENCE_S)
        client.ask(frame, "What is it?", replies.put, 60.0)
        lost = replies.get(timeout=60)
        assert lost.kind == "failed" and lost.reason is Reason.STOPPED
        assert ("warn", "no room") in said
        client.ask(frame, "What is it?", replies.put, 60.0)
        again = replies.get(timeout=60)
        assert (again.kind, again.text, again.device) == ("answer", "int8", "cpu")
        assert said.count(("warn", "no room")) == 1
    finally:
        client.close()
