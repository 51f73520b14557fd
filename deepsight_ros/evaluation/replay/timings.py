"""Durations in, a histogram of fixed size out: percentiles of any length of run, and mergeable."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_EDGES_S = np.geomspace(1e-5, 100.0, 351)
"""Bins 4.7 % apart, from 10 microseconds to 100 seconds."""


@dataclass
class Durations:
    """Counts of durations.

    Attributes:
        counts: per bin; 352 of them, the first and last open-ended.
        total_s: their sum.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(_EDGES_S) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        self.counts[int(np.searchsorted(_EDGES_S, seconds))] += 1
        self.total_s += seconds

    @property
    def count(self) -> int:
        return sum(self.counts)

    def percentile_s(self, percent: float) -> float:
        """Within the width of a bin (4.7 %); 0 when nothing was added."""
        running = np.cumsum(self.counts)
        if not running[-1]:
            return 0.0
        index = int(np.searchsorted(running, percent / 100.0 * running[-1]))
        return float(_EDGES_S[min(max(index - 1, 0), len(_EDGES_S) - 1)])

    def as_json(self) -> dict[str, object]:
        return {
            "count": self.count,
            "total_s": round(self.total_s, 4),
            **{f"p{p}_ms": round(1e3 * self.percentile_s(p), 3) for p in (50, 90, 99)},
            "counts": {str(i): n for i, n in enumerate(self.counts) if n},
        }

    @classmethod
    def from_json(cls, content: dict[str, object]) -> Durations:
        """What ``as_json`` gave, to go on with."""
        made = cls()
        counts, total_s = content["counts"], content["total_s"]
        assert isinstance(counts, dict) and isinstance(total_s, int | float)
        for index, number in counts.items():
            made.counts[int(index)] = int(number)
        made.total_s = float(total_s)
        return made

    def bars(self) -> list[tuple[float, int]]:
        """(upper edge in seconds, count) of the bins from the first to the last that is not empty,
        four bins joined."""
        counts = np.array(self.counts)
        joined = counts[: len(counts) // 4 * 4].reshape(-1, 4).sum(axis=1)
        used = np.nonzero(joined)[0]
        if not len(used):
            return []
        span = range(int(used[0]), int(used[-1]) + 1)
        return [(float(_EDGES_S[min(4 * i + 3, len(_EDGES_S) - 1)]), int(joined[i])) for i in span]
