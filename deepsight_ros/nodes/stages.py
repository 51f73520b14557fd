"""Where a frame's time goes: laps of the perception worker in, medians per stage out."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np

KEPT_FRAMES = 300
"""Frames the medians are taken over: ten seconds at 30 Hz."""


class Stages:
    """Wall and processor time of each stage of the newest frames.

    One thread begins and laps; any thread may read. A stage is named when it ends.
    """

    def __init__(self) -> None:
        self._laps: dict[str, deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()
        self._wall_s = self._cpu_s = 0.0

    def begin(self) -> None:
        """The first stage begins now, in the calling thread."""
        self._wall_s, self._cpu_s = time.perf_counter(), time.thread_time()

    def lap(self, name: str) -> None:
        """The stage that ran since ``begin`` or the last lap ends."""
        wall_s, cpu_s = time.perf_counter(), time.thread_time()
        self.add(name, wall_s - self._wall_s, cpu_s - self._cpu_s)
        self._wall_s, self._cpu_s = wall_s, cpu_s

    def add(self, name: str, wall_s: float, cpu_s: float = float("nan")) -> None:
        """A stage timed elsewhere; ``cpu_s`` NaN where the processor's share is not known."""
        with self._lock:
            laps = self._laps.setdefault(name, deque(maxlen=KEPT_FRAMES))
            laps.append((wall_s, cpu_s))

    def medians_ms(self) -> dict[str, tuple[float, float]]:
        """Stage -> median wall and processor milliseconds, in the order first met."""
        with self._lock:
            kept = {name: np.array(laps) for name, laps in self._laps.items()}
        return {
            name: (1e3 * float(np.median(laps[:, 0])), 1e3 * float(np.median(laps[:, 1])))
            for name, laps in kept.items()
        }
