"""The latest wins, its worker survives, faults are counted and warned of sparingly."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("rclpy")

from deepsight_ros.nodes.diagnostics import Meter
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.slot import LatestSlot, Worker
from tests.support.waiting import PATIENCE_S, wait_until


def test_the_latest_wins_and_the_overtaken_are_counted() -> None:
    slot: LatestSlot[int] = LatestSlot()
    for number in range(5):
        slot.put(number, key=number)
    assert slot.take(0.0) == 4
    assert slot.take(0.0) is None
    assert slot.overtaken == 4


def test_a_better_copy_of_the_same_thing_overtakes_nothing() -> None:
    slot: LatestSlot[str] = LatestSlot()
    slot.put("depth", key=7)
    slot.put("depth and colour", key=7)
    assert slot.take() == "depth and colour"
    assert slot.overtaken == 0


def test_take_waits_and_close_ends_it() -> None:
    slot: LatestSlot[int] = LatestSlot()
    threading.Timer(0.05, slot.put, [1]).start()
    assert slot.take(PATIENCE_S) == 1
    threading.Timer(0.05, slot.close).start()
    assert slot.take() is None


def test_the_worker_goes_on_after_an_error() -> None:
    done: list[int] = []
    errors: list[Exception] = []
    seen = threading.Event()

    def handle(number: int) -> None:
        seen.set()
        if number == 0:
            raise ValueError("bad frame")
        done.append(number)

    slot: LatestSlot[int] = LatestSlot()
    worker = Worker("test", slot, handle, errors.append)
    slot.put(0)
    assert seen.wait(PATIENCE_S)
    wait_until(lambda: errors, "the error")
    slot.put(1)
    wait_until(lambda: done, "the next number")
    assert worker.stop()
    assert [str(e) for e in errors] == ["bad frame"]
    assert done == [1]


def test_faults_are_all_counted_and_warned_of_at_once_then_rarely() -> None:
    warnings: list[str] = []
    log = FaultLog(warnings.append, period_s=60.0)
    for _ in range(100):
        log.add("/depth", "wrong step", "got step 3")
    log.add("/depth", "zero stamp", "stamp is zero")
    assert warnings == ["/depth: got step 3", "/depth: stamp is zero"]
    assert log.count("/depth", "wrong step") == 100
    assert log.count("/depth") == 101
    assert {f.cause: f.count for f in log.faults()} == {"wrong step": 100, "zero stamp": 1}


def test_the_next_warning_tells_how_many_were_not_warned_of() -> None:
    warnings: list[str] = []
    log = FaultLog(warnings.append, period_s=0.05)
    for _ in range(4):
        log.add("/depth", "wrong step", "got step 3")
    time.sleep(0.06)
    log.add("/depth", "wrong step", "got step 3")
    assert warnings[-1] == "/depth: got step 3 (3 more since the last warning)"


def test_a_meter_tells_rate_age_and_latency() -> None:
    meter = Meter(window_s=5.0)
    assert meter.rate_hz == 0.0
    assert meter.age_s == float("inf")
    for _ in range(6):
        meter.tick(0.020)
        time.sleep(0.01)
    assert 40 < meter.rate_hz < 101
    assert meter.latency_s() == pytest.approx(0.020)
    assert meter.age_s < 1.0
    assert meter.count == 6
