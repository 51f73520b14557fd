"""Requests in, each answered once and in time: from a fresh sighting, or with an honest status.

No ROS here. One thread answers, oldest request first; another watches deadlines, so that a slow
answer cannot make the others late.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from deepsight_ros.nodes.sight import Board, Sighting
from deepsight_ros.scene.answer import Status

R = TypeVar("R")
MARGIN_S, MARGIN_SHARE = 0.05, 0.1
"""An answer leaves this long before its deadline (or this share of the time, if that is less)."""


@dataclass(eq=False)
class Job(Generic[R]):
    """One request.

    Attributes:
        work: makes the response from a sighting; runs in the desk's thread.
        refuse: makes the response for a status without an answer.
        finish: takes the response; called exactly once, from any thread.
        timeout_s: time from now in which ``finish`` is called.
        not_before_ns: least image stamp; 0: any.
        max_age_s: oldest image when answered; 0: any.
    """

    work: Callable[[Sighting], R]
    refuse: Callable[[Status, str], R]
    timeout_s: float
    finish: Callable[[R], None] = lambda _: None
    not_before_ns: int = 0
    max_age_s: float = 0.0
    arrived_s: float = field(default_factory=time.monotonic)
    is_done: bool = False
    is_in_work: bool = False

    @property
    def deadline_s(self) -> float:
        """time.monotonic() at which the requester must be told."""
        return self.arrived_s + self.timeout_s - min(MARGIN_S, MARGIN_SHARE * self.timeout_s)


class QueryDesk(Generic[R]):
    """Answers jobs from the newest sighting of a board.

    Args:
        board: where sightings come from.
        now_ns: the clock that image stamps are compared with.
        most: jobs that may be pending at once.
        on_error: told of exceptions that ``work`` raised, as text with traceback.
    """

    def __init__(
        self,
        board: Board,
        now_ns: Callable[[], int],
        most: int,
        on_error: Callable[[str], None],
    ) -> None:
        self._board = board
        self._now_ns = now_ns
        self._most = most
        self._on_error = on_error
        self._jobs: list[Job[R]] = []
        self._condition = threading.Condition()
        self._is_closed = False
        self._unlisten = board.listen(self._on_sighting)
        self._threads = [
            threading.Thread(target=self._answer, name="answers", daemon=True),
            threading.Thread(target=self._watch, name="deadlines", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pending(self) -> int:
        """Jobs that have no response yet."""
        return len(self._jobs)

    def submit(self, job: Job[R]) -> None:
        """Take a job; never blocks."""
        reason = ""
        with self._condition:
            if self._is_closed:
                reason = "the node is not active"
            elif len(self._jobs) >= self._most:
                reason = f"{self._most} requests are pending already; ask again later"
            else:
                self._jobs.append(job)
                self._condition.notify_all()
        if reason:
            job.is_done = True
            job.finish(job.refuse(Status.FAILED, reason))

    def cancel(self, job: Job[R], reason: str) -> None:
        """End a job early with FAILED."""
        self._refuse(job, Status.FAILED, reason)

    def close(self) -> None:
        """Refuse what is pending and end the threads."""
        with self._condition:
            self._is_closed = True
            jobs = list(self._jobs)
            self._condition.notify_all()
        self._unlisten()
        for job in jobs:
            self._refuse(job, Status.FAILED, "the node was deactivated before it could answer")
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5.0)

    # -- freshness ----------------------------------------------------------------------------

    def _on_sighting(self, _: Sighting) -> None:
        with self._condition:
            if self._jobs:
                self._condition.notify_all()

    def _why_stale(self, job: Job[R], sighting: Sighting | None) -> str:
        """ "" when the sighting is fresh enough for the job, else what is wrong with it."""
        if sighting is None:
            return (
                "no image has been perceived yet; is the camera running, is `perception` active? "
                "/diagnostics names the topic that is missing"
            )
        if sighting.stamp_ns < job.not_before_ns:
            late_s = (job.not_before_ns - sighting.stamp_ns) / 1e9
            return f"the newest image is {late_s:.3f} s older than not_before"
        age_s = (self._now_ns() - sighting.stamp_ns) / 1e9
        if job.max_age_s and age_s > job.max_age_s:
            hint = "; is the clock that of the images (use_sim_time)?" if age_s > 3600 else ""
            return f"the newest image is {age_s:.3f} s old, max_age is {job.max_age_s:g} s{hint}"
        return ""

    # -- threads ------------------------------------------------------------------------------

    def _answer(self) -> None:
        while True:
            with self._condition:
                picked = self._pick()
                if picked is None:
                    if self._is_closed:
                        return
                    self._condition.wait()
                    continue
                job, sighting = picked
                job.is_in_work = True
            try:
                response = job.work(sighting)
            except Exception as error:  # noqa: BLE001 - one bad question must not end the service
                self._on_error("".join(traceback.format_exception(error)))
                response = job.refuse(Status.FAILED, f"{type(error).__name__}: {error}")
            self._complete(job, response)

    def _pick(self) -> tuple[Job[R], Sighting] | None:
        """The oldest job that the newest sighting is fresh enough for."""
        sighting = self._board.newest
        if sighting is None or self._is_closed:
            return None
        for job in self._jobs:
            if not job.is_in_work and not self._why_stale(job, sighting):
                return job, sighting
        return None

    def _watch(self) -> None:
        while True:
            with self._condition:
                if self._is_closed:
                    return
                now_s = time.monotonic()
                due = [job for job in self._jobs if job.deadline_s <= now_s]
                if not due:
                    next_s = min((job.deadline_s for job in self._jobs), default=None)
                    self._condition.wait(None if next_s is None else next_s - now_s)
                    continue
            for job in due:
                stale = "" if job.is_in_work else self._why_stale(job, self._board.newest)
                if stale:
                    self._refuse(job, Status.STALE, stale)
                else:
                    what = "was still being answered" if job.is_in_work else "was still waiting"
                    text = f"the question {what} when its timeout of {job.timeout_s:g} s was over"
                    self._refuse(job, Status.TIMEOUT, text)

    def _refuse(self, job: Job[R], status: Status, reason: str) -> None:
        self._complete(job, job.refuse(status, reason))

    def _complete(self, job: Job[R], response: R) -> None:
        with self._condition:
            if job.is_done:
                return
            job.is_done = True
            if job in self._jobs:
                self._jobs.remove(job)
        job.finish(response)
