"""Faults in, counted and rate-limited warnings out: each names the topic and the cause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class _Tally:
    count: int = 0
    warned_at_s: float = -1e9
    warned_count: int = 0
    last_s: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class Fault:
    """One kind of fault so far.

    Attributes:
        source: topic, service or part it concerns.
        cause: short name of the kind, stable over occurrences.
        message: newest occurrence in full.
        count: occurrences so far.
        age_s: time since the newest.
    """

    source: str
    cause: str
    message: str
    count: int
    age_s: float


@dataclass
class FaultLog:
    """Counts faults by (source, cause) and warns of each at once, then at most every period.

    Attributes:
        warn: where warnings go (a node's ``get_logger().warning``).
        period_s: least time between two warnings of one kind.
    """

    warn: Callable[[str], object]
    period_s: float = 5.0
    _tallies: dict[tuple[str, str], _Tally] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, source: str, cause: str, message: str) -> None:
        """Count one occurrence; callable from any thread."""
        now_s = time.monotonic()
        with self._lock:
            tally = self._tallies.setdefault((source, cause), _Tally())
            tally.count += 1
            tally.last_s = now_s
            tally.message = message
            if now_s - tally.warned_at_s < self.period_s:
                return
            repeats = tally.count - tally.warned_count - 1
            tally.warned_at_s, tally.warned_count = now_s, tally.count
        more = f" ({repeats} more since the last warning)" if repeats else ""
        self.warn(f"{source}: {message}{more}")

    def faults(self) -> list[Fault]:
        """Every kind so far, newest first."""
        now_s = time.monotonic()
        with self._lock:
            found = [
                Fault(source, cause, t.message, t.count, now_s - t.last_s)
                for (source, cause), t in self._tallies.items()
            ]
        return sorted(found, key=lambda fault: fault.age_s)

    def count(self, source: str | None = None, cause: str | None = None) -> int:
        """Occurrences of one kind, of one source, of one cause or of all."""
        with self._lock:
            return sum(
                t.count
                for (s, c), t in self._tallies.items()
                if source in (None, s) and cause in (None, c)
            )

    def reset(self) -> None:
        with self._lock:
            self._tallies.clear()
