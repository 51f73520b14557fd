"""A thread that does something at exact times: absolute schedule, nothing accumulates."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pacer:
    """Calls ``prepare(k)`` ahead of time and ``release(k, stamp_ns)`` at ``start + k / rate``.

    A tick whose preparation ends late is released late but keeps its stamp; ticks that would
    begin after their successor's time are skipped and counted.

    Args:
        rate_hz: ticks per second.
        prepare: makes what is released; may take as long as a period.
        release: publishes it; gets the stamp on the wall clock in nanoseconds.
        on_error: told what either raised; pacing goes on.
        count: number of ticks; None: until stopped.
    """

    def __init__(
        self,
        rate_hz: float,
        prepare: Callable[[int], object],
        release: Callable[[object, int], None],
        on_error: Callable[[Exception], None],
        count: int | None = None,
    ) -> None:
        self._period_ns = round(1e9 / rate_hz)
        self._prepare = prepare
        self._release = release
        self._on_error = on_error
        self._count = count
        self._stop = threading.Event()
        self.start_ns = time.time_ns() + self._period_ns
        self.skipped = 0
        self.has_ended = False
        self._thread = threading.Thread(target=self._run, name="pacer", daemon=True)

    def start(self) -> None:
        """Begin; the first tick comes one period from now."""
        self.start_ns = time.time_ns() + self._period_ns
        self._thread.start()

    def stop(self) -> None:
        """End after the tick in hand."""
        self._stop.set()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(5.0)

    def _run(self) -> None:
        tick = 0
        while not self._stop.is_set() and (self._count is None or tick < self._count):
            behind = (time.time_ns() - self.start_ns) // self._period_ns
            if behind > tick and self._count is None:
                self.skipped += behind - tick
                tick = behind
            due_ns = self.start_ns + tick * self._period_ns
            try:
                made = self._prepare(tick)
                left_s = (due_ns - time.time_ns()) / 1e9
                if left_s > 0 and self._stop.wait(left_s):
                    break
                self._release(made, due_ns)
            except Exception as error:  # noqa: BLE001 - one bad frame must not end the camera
                self._on_error(error)
            tick += 1
        self.has_ended = True
