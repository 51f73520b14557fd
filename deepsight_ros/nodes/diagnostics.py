"""Rates, ages, latencies and faults in, diagnostic_msgs out."""

from __future__ import annotations

import math
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from std_msgs.msg import Header

from deepsight_ros.nodes.dds_profile import ENOUGH_BYTES, profile_state

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)


@dataclass(frozen=True)
class Report:
    """One line of /diagnostics.

    Attributes:
        name: what it is about, under the node's name.
        level: OK, WARN, ERROR or STALE.
        message: what is the matter and what to do.
        values: facts; numbers are printed with four digits.
    """

    name: str
    level: bytes
    message: str
    values: dict[str, object] = field(default_factory=dict)


def to_message(node_name: str, reports: Iterable[Report], stamp: Header) -> DiagnosticArray:
    """All reports of a node as one message."""
    status = [
        DiagnosticStatus(
            level=report.level,
            name=f"{node_name}: {report.name}",
            message=report.message,
            hardware_id="deepsight_ros",
            values=[KeyValue(key=k, value=_text(v)) for k, v in report.values.items()],
        )
        for report in reports
    ]
    return DiagnosticArray(header=stamp, status=status)


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class RareReport:
    """A report that is made again only when it is old: for facts that hardly change."""

    def __init__(self, make: Callable[[], Report], lifetime_s: float = 60.0) -> None:
        self._make = make
        self._lifetime_s = lifetime_s
        self._made_s = -math.inf
        self._report: Report | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Report:
        with self._lock:
            if self._report is None or time.monotonic() - self._made_s > self._lifetime_s:
                self._report, self._made_s = self._make(), time.monotonic()
            return self._report


class Meter:
    """Rate, age and latency of a stream over the last seconds; any thread may tick and read."""

    def __init__(self, window_s: float = 5.0) -> None:
        self._window_s = window_s
        self._ticks: deque[tuple[float, float]] = deque(maxlen=2000)
        self._lock = threading.Lock()
        self.count = 0

    def tick(self, latency_s: float = float("nan")) -> None:
        """One item passed, ``latency_s`` after its stamp."""
        with self._lock:
            self.count += 1
            self._ticks.append((time.monotonic(), latency_s))

    @property
    def age_s(self) -> float:
        """Time since the newest item; inf before the first."""
        with self._lock:
            return time.monotonic() - self._ticks[-1][0] if self._ticks else float("inf")

    @property
    def rate_hz(self) -> float:
        """Items per second over the window; 0 when it holds fewer than two."""
        with self._lock:
            since = time.monotonic() - self._window_s
            times = [t for t, _ in self._ticks if t >= since]
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0

    def latency_s(self, percentile: float = 50.0) -> float:
        """Percentile of the latencies in the window; NaN when there are none."""
        with self._lock:
            since = time.monotonic() - self._window_s
            values = [v for t, v in self._ticks if t >= since and v == v]
        return float(np.percentile(values, percentile)) if values else float("nan")

    def reset(self) -> None:
        with self._lock:
            self._ticks.clear()
            self.count = 0


def profile_report() -> Report:
    """Whether this process's DDS has room for images: what the environment names, and the
    shared-memory segments that were really mapped."""
    state = profile_state()
    segment_bytes = largest_segment_bytes()
    values: dict[str, object] = {
        "rmw": os.environ.get("RMW_IMPLEMENTATION", "default"),
        "profile": state.path or "none",
        "mapped_segment_MiB": segment_bytes / 2**20,
    }
    if state.in_force and state.segment_bytes and 0 < segment_bytes < ENOUGH_BYTES:
        text = (
            "named by the environment, but this process mapped a smaller segment: the variable "
            "was set after DDS started; set it before the process starts"
        )
        return Report("DDS image profile", WARN, text, values)
    return Report("DDS image profile", OK if state.in_force else WARN, state.advice, values)


def largest_segment_bytes() -> int:
    """Size of the largest Fast DDS shared-memory segment this process has mapped; 0: none.

    Reading the maps of a process with many threads takes milliseconds, so look rarely.
    """
    largest = 0
    pattern = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) .*/dev/shm/fastrtps_", re.MULTILINE)
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return 0  # not Linux: the environment decides
    for match in pattern.finditer(maps):
        largest = max(largest, int(match[2], 16) - int(match[1], 16))
    return largest


rare_profile_report = RareReport(profile_report)
"""One for the whole process: all its nodes share the DDS."""
