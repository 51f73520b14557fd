"""The desk: everybody is answered once and in time, whatever the others do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")

from deepsight_ros.nodes.query_desk import Job, QueryDesk
from deepsight_ros.nodes.sight import Board
from deepsight_ros.scene.answer import Status
from tests.support.waiting import PATIENCE_S, wait_until

Response = tuple[Status, str]


class Desk:
    """A desk with a board and a clock that tests move."""

    def __init__(self, most: int = 100) -> None:
        self.board = Board()
        self.now_ns = 10_000_000_000
        self.errors: list[str] = []
        self.desk: QueryDesk[Response] = QueryDesk(
            self.board, lambda: self.now_ns, most, self.errors.append
        )
        self.responses: list[Response] = []
        self.latest_s: list[float] = []

    def see(self, stamp_ns: int) -> None:
        self.board.post(SimpleNamespace(stamp_ns=stamp_ns))  # type: ignore[arg-type]

    def ask(self, work: Any = None, **options: Any) -> Job[Response]:
        arrived = time.monotonic()

        def finish(response: Response) -> None:
            self.responses.append(response)
            self.latest_s.append(time.monotonic() - arrived)

        job: Job[Response] = Job(
            work=work or (lambda sighting: (Status.OK, str(sighting.stamp_ns))),
            refuse=lambda status, reason: (status, reason),
            finish=finish,
            **{"timeout_s": PATIENCE_S, **options},
        )
        self.desk.submit(job)
        return job

    def wait(self, count: int) -> list[Response]:
        wait_until(lambda: len(self.responses) >= count, f"{count} responses")
        assert len(self.responses) == count
        return self.responses


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.desk.close()


def test_a_fresh_sighting_answers_at_once(desk: Desk) -> None:
    desk.see(9_900_000_000)
    desk.ask(max_age_s=0.5)
    assert desk.wait(1) == [(Status.OK, "9900000000")]


def test_an_old_sighting_is_not_used_and_the_next_one_is(desk: Desk) -> None:
    desk.see(9_000_000_000)
    desk.ask(max_age_s=0.5, timeout_s=PATIENCE_S)
    time.sleep(0.05)
    assert not desk.responses
    desk.see(9_950_000_000)
    assert desk.wait(1) == [(Status.OK, "9950000000")]


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"max_age_s": 0.5}, "1.000 s old"), ({"not_before_ns": 9_500_000_000}, "0.500 s older")],
)
def test_stale_in_time_when_nothing_fresh_comes(
    desk: Desk, options: dict[str, Any], reason: str
) -> None:
    desk.see(9_000_000_000)
    desk.ask(timeout_s=0.2, **options)
    ((status, text),) = desk.wait(1)
    assert status is Status.STALE
    assert reason in text
    assert desk.latest_s[0] < 0.2


def test_stale_says_that_nothing_was_ever_seen(desk: Desk) -> None:
    desk.ask(timeout_s=0.1)
    ((status, text),) = desk.wait(1)
    assert status is Status.STALE
    assert "no image has been perceived" in text


def test_a_slow_answer_makes_nobody_late(desk: Desk) -> None:
    """One question hangs; it and those behind it get TIMEOUT within their own time."""
    desk.see(9_990_000_000)
    release = threading.Event()
    desk.ask(lambda _: (release.wait(PATIENCE_S), (Status.OK, "late"))[1], timeout_s=0.3)
    for _ in range(20):
        desk.ask(timeout_s=0.3)
    responses = desk.wait(21)
    release.set()
    assert {status for status, _ in responses} == {Status.TIMEOUT}
    assert max(desk.latest_s) < 0.3
    time.sleep(0.05)
    assert len(desk.responses) == 21  # the late answer is not sent as well


def test_an_error_is_one_questions_failure(desk: Desk) -> None:
    desk.see(9_990_000_000)

    def fail(_: Any) -> Response:
        raise RuntimeError("broken")

    desk.ask(fail)
    desk.ask()
    assert sorted(status.value for status, _ in desk.wait(2)) == ["FAILED", "OK"]
    assert "RuntimeError: broken" in desk.errors[0]


def test_too_many_are_refused_at_once() -> None:
    desk = Desk(most=3)
    for _ in range(5):
        desk.ask(timeout_s=0.2)
    assert [status for status, _ in desk.responses] == [Status.FAILED] * 2
    desk.wait(5)
    desk.desk.close()


def test_closing_answers_what_is_pending_and_what_comes_after(desk: Desk) -> None:
    desk.ask()
    desk.desk.close()
    desk.ask()
    assert [status for status, _ in desk.wait(2)] == [Status.FAILED] * 2


def test_a_cancelled_job_is_told_so(desk: Desk) -> None:
    job = desk.ask()
    desk.desk.cancel(job, "cancelled by the client")
    assert desk.wait(1) == [(Status.FAILED, "cancelled by the client")]
