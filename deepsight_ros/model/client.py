"""ModelClient: the process's side of the model's worker. Questions in, answers by callback out.

Requests queue by deadline; one that cannot be met is refused at once. A worker that dies or
overruns a deadline is killed and started again, and what it was doing is answered with a reason.
No torch is imported here.
"""

from __future__ import annotations

import heapq
import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model import worker
from deepsight_ros.model.worker import Reason, Reply, Request, WorkerConfig

GRACE_S = 0.5
"""How far past its deadline a worker may be before it is killed."""
RESTARTS = 3
"""Starts in a row that may fail before the model is given up."""
LARGEST_PX = (1920, 1440)
"""Frames up to as many pixels as this can be asked about."""
_LOAD_LIMIT_S = 300.0
_TICK_S = 0.05
_FIRST_GUESS_S = 0.1

Answered = Callable[[Reply], None]


@dataclass(order=True)
class _Waiting:
    deadline: float
    order: int
    frame: RgbdFrame = field(compare=False)
    request: Request = field(compare=False)
    answered: Answered = field(compare=False)


class ModelClient:
    """Starts the worker and asks it.

    Args:
        config: of the worker.
        say: told what a person should know (loading, restarts, fallback), as (level, text) with
            level "info", "warn" or "error".
        most_waiting: questions that may wait; more are refused.
    """

    def __init__(
        self,
        config: WorkerConfig,
        say: Callable[[str, str], None] = lambda _level, _text: None,
        *,
        most_waiting: int = 32,
    ) -> None:
        self._config = config
        self._say = say
        self._most = most_waiting
        self._waiting: list[_Waiting] = []
        self._orders = itertools.count(1)
        self._condition = threading.Condition()
        self._closed = False
        self._process: Any = None
        self._pipe: Connection | None = None
        self._memory: SharedMemory | None = None
        self._failures = 0
        self._usual_s = _FIRST_GUESS_S
        self.state = "starting"
        self.device = ""
        self.restarts = 0
        self.answered = 0
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Questions that wait for their turn."""
        return len(self._waiting)

    def ask(
        self, frame: RgbdFrame, question: str, answered: Answered, timeout_s: float, **details: Any
    ) -> None:
        """Hand over a question; never blocks.

        Args:
            frame: the view; must not be written to until the answer is there.
            question: with ``<regionN>``.
            answered: called once, from the client's thread, with kind "answer", "error" (the
                request's fault, or too late) or "failed".
            timeout_s: the answer is there by then, if need be with kind "error".
            details: further fields of ``worker.Request``.
        """
        now = time.monotonic()
        number = next(self._orders)
        request = Request(
            number,
            frame.camera,
            frame.stamp_ns,
            frame.colour is not None,
            question,
            deadline=now + timeout_s,
            **details,
        )
        refusal, reason = "", Reason.LATE
        with self._condition:
            ahead = len(self._waiting) * self._usual_s
            if self._closed or self.state == "given up":
                refusal, reason = f"the model is not running ({self.state})", Reason.STOPPED
            elif len(self._waiting) >= self._most:
                refusal = f"{self._most} questions wait for the model already; ask again later"
                reason = Reason.BUSY
            elif self.state == "ready" and ahead > timeout_s:
                refusal = (
                    f"{len(self._waiting)} questions wait for the model, about {ahead:.1f} s; "
                    f"cannot be met within {timeout_s:.1f} s"
                )
            else:
                item = _Waiting(now + timeout_s, number, frame, request, answered)
                heapq.heappush(self._waiting, item)
                self._condition.notify_all()
        if refusal:
            answered(Reply("error", number, refusal, reason=reason))

    def close(self) -> None:
        """End the worker; what still waits is answered "failed"."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        self._thread.join(timeout=5 + GRACE_S)

    # --- the client's thread ------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._closed:
                if not self._start():
                    continue
                while not self._closed and self._serve_one():
                    pass
        finally:
            self._stop_worker()
            with self._condition:
                left, self._waiting = self._waiting, []
                if self.state != "given up":
                    self.state = "closed"
            why = f"the model is not running ({self.state})"
            for item in left:
                item.answered(Reply("failed", item.order, why, reason=Reason.STOPPED))

    def _start(self) -> bool:
        """Start a worker and wait until it is ready."""
        self.state = "loading"
        config_file = Path(self._config.checkpoint) / "config.json"
        if not config_file.is_file():
            self._failures = RESTARTS
            return self._failed(f"there is no {config_file}")
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        if self._memory is None:
            self._memory = SharedMemory(create=True, size=worker.frame_bytes(*LARGEST_PX))
        arguments = (self._config, theirs, self._memory.name)
        self._process = context.Process(
            target=worker.work, args=arguments, name="deepsight-model", daemon=True
        )
        self._process.start()
        theirs.close()
        started = time.monotonic()
        while time.monotonic() - started < _LOAD_LIMIT_S and not self._closed:
            self._refuse_late()
            reply = self._receive(_TICK_S)
            if reply is None:
                if not self._process.is_alive():
                    reply = Reply("failed", text=f"the process ended ({self._process.exitcode})")
                else:
                    continue
            if reply.kind == "progress":
                self._progress(reply)
            elif reply.kind == "ready":
                self._failures = 0
                self.state, self.device = "ready", reply.device
                self._say(
                    "info",
                    f"model ready on {reply.device} after {time.monotonic() - started:.1f} s",
                )
                return True
            elif reply.kind == "failed":
                return self._failed(reply.text)
        if self._closed:
            return False
        return self._failed(f"not ready after {_LOAD_LIMIT_S:.0f} s")

    def _progress(self, reply: Reply) -> None:
        """Say it; a model that left its GPU for want of memory is not put there again."""
        if reply.reason is Reason.OUT_OF_MEMORY:
            self._say("warn", reply.text)
            self._config = worker.fallen_back(self._config)
            self.device = self._config.device
        else:
            self._say("info", reply.text)

    def _failed(self, why: str) -> bool:
        self._failures += 1
        self._stop_worker()
        if self._failures >= RESTARTS:
            self._say("error", f"model given up: {why}")
            with self._condition:
                self.state = "given up"
                self._closed = True
        else:
            self._say("warn", f"model could not be started: {why}; trying again")
            self.restarts += 1
        return False

    def _serve_one(self) -> bool:
        """Ask the worker the most urgent question; False when it has to be started again."""
        self._refuse_late()
        with self._condition:
            if not self._waiting:
                self._condition.wait(0.2)
            if self._closed:
                return False
            item = heapq.heappop(self._waiting) if self._waiting else None
        if item is None:
            if self._process.is_alive():
                return True
            return self._lost("the worker died while idle", None)
        assert self._memory is not None and self._pipe is not None
        size = worker.frame_bytes(item.frame.camera.width_px, item.frame.camera.height_px)
        if size > self._memory.size:
            camera = item.frame.camera
            text = f"got a frame of {camera.width_px}x{camera.height_px}, expected at most "
            text += f"as many pixels as {LARGEST_PX[0]}x{LARGEST_PX[1]}"
            item.answered(Reply("error", item.order, text, reason=Reason.REQUEST))
            return True
        started = time.monotonic()
        worker.write_frame(self._memory, item.frame)
        try:
            self._pipe.send(item.request)
        except (BrokenPipeError, OSError):
            return self._lost("the worker died", item)
        while not self._closed:
            reply = self._receive(_TICK_S)
            if reply is not None and reply.kind == "progress":
                self._progress(reply)
            elif reply is not None:
                self.answered += 1
                self._usual_s = 0.8 * self._usual_s + 0.2 * (time.monotonic() - started)
                item.answered(reply)
                return True
            if not self._process.is_alive():
                return self._lost(f"the worker died ({self._process.exitcode})", item)
            if time.monotonic() > item.deadline + GRACE_S:
                why = "the worker hung past the deadline and was killed"
                return self._lost(why, item, Reason.LATE)
            self._refuse_late()
        why = "the model is being shut down"
        item.answered(Reply("failed", item.order, why, reason=Reason.STOPPED))
        return False

    def _lost(self, why: str, item: _Waiting | None, reason: Reason = Reason.STOPPED) -> bool:
        self._stop_worker()
        self.restarts += 1
        self.state = "loading"
        self._say("warn", f"model: {why}; starting it again")
        if item is not None:
            item.answered(Reply("failed", item.order, why, reason=reason))
        return False

    def _refuse_late(self) -> None:
        now = time.monotonic()
        with self._condition:
            late = [w for w in self._waiting if w.deadline <= now]
            if late:
                self._waiting = [w for w in self._waiting if w.deadline > now]
                heapq.heapify(self._waiting)
        for item in late:
            text = f"no answer within the deadline (the model is {self.state})"
            item.answered(Reply("error", item.order, text, reason=Reason.LATE))

    def _receive(self, wait_s: float) -> Reply | None:
        assert self._pipe is not None
        try:
            if self._pipe.poll(wait_s):
                reply: Reply = self._pipe.recv()
                return reply
        except (EOFError, OSError):
            time.sleep(wait_s)
        return None

    def _stop_worker(self) -> None:
        if self._pipe is not None:
            try:
                self._pipe.send(None)
            except (BrokenPipeError, OSError):
                pass  # it is gone already
            self._pipe.close()
            self._pipe = None
        if self._process is not None:
            self._process.join(0.3)
            if self._process.is_alive():
                self._process.kill()
                self._process.join(2)
            self._process = None
        if self._closed and self._memory is not None:
            self._memory.close()
            self._memory.unlink()
            self._memory = None
