"""Depth and colour messages in, pairs of the same moment out: latest wins, bounded, counted.

Used by the live node and by the bag reader. A pair is made as soon as both halves are there. With
the automatic slop (half the period of the faster stream) at most one colour image can lie within
reach of a depth image, so taking the first match never forgoes a better one.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, replace
from statistics import median
from typing import Generic, TypeVar

from deepsight_ros.errors import InvalidValueError

D = TypeVar("D")
C = TypeVar("C")

UNKNOWN_PERIOD_NS = 33_333_333
"""Period assumed until two stamps of a stream were seen: 30 Hz."""
MAX_AUTO_SLOP_NS = 100_000_000
"""A slow stream does not stretch the automatic slop beyond this: the world moves meanwhile."""
RESTART_NS = 1_000_000_000
"""A stamp this much older than its stream's newest is a clock that restarted, not a late image."""


@dataclass(frozen=True)
class Pair(Generic[D, C]):
    """A depth and a colour item whose stamps differ by at most the slop."""

    depth_stamp_ns: int
    depth: D
    colour_stamp_ns: int
    colour: C

    @property
    def offset_ns(self) -> int:
        """Colour stamp minus depth stamp."""
        return self.colour_stamp_ns - self.depth_stamp_ns


@dataclass(frozen=True)
class PairingCounts:
    """What became of the items so far.

    Attributes:
        paired: pairs handed out.
        dropped_depth, dropped_colour: items that were overtaken or found no partner in time.
        out_of_order: items older than the newest of their stream, or repeating its stamp.
        restarts: times the clock jumped back (a looping bag, a simulator reset).
    """

    paired: int = 0
    dropped_depth: int = 0
    dropped_colour: int = 0
    out_of_order: int = 0
    restarts: int = 0


class _Stream:
    """Waiting items of one stream, oldest first, and its recent intervals."""

    def __init__(self, capacity: int) -> None:
        self.waiting: deque[tuple[int, object]] = deque(maxlen=capacity)
        self.intervals_ns: deque[int] = deque(maxlen=9)
        self.newest_ns: int | None = None

    def period_ns(self) -> int | None:
        return int(median(self.intervals_ns)) if self.intervals_ns else None

    def nearest(self, stamp_ns: int) -> int | None:
        """Index of the waiting item nearest in time."""
        if not self.waiting:
            return None
        return min(range(len(self.waiting)), key=lambda i: abs(self.waiting[i][0] - stamp_ns))


class StampPairer(Generic[D, C]):
    """Pairs two streams by stamp. Safe to call from several threads.

    Args:
        slop_ns: largest difference of stamps in a pair; None takes half the period of the faster
            stream, measured from the stamps (half of 1/30 s until known).
        capacity: items of each stream that may wait for their partner.
    """

    def __init__(self, slop_ns: int | None = None, capacity: int = 4) -> None:
        if (slop_ns is not None and slop_ns < 0) or capacity < 1:
            raise InvalidValueError(
                f"stamp pairer: got slop {slop_ns} ns and capacity {capacity}, expected a slop of "
                "at least 0 (or None for half a frame) and a capacity of at least 1"
            )
        self._fixed_slop_ns = slop_ns
        self._depth = _Stream(capacity)
        self._colour = _Stream(capacity)
        self._counts = PairingCounts()
        self._lock = threading.Lock()

    @property
    def counts(self) -> PairingCounts:
        """Totals since construction; a reset keeps them."""
        return self._counts

    @property
    def slop_ns(self) -> int:
        """The slop in force now."""
        if self._fixed_slop_ns is not None:
            return self._fixed_slop_ns
        periods = [p for p in (self._depth.period_ns(), self._colour.period_ns()) if p]
        return min(min(periods, default=UNKNOWN_PERIOD_NS) // 2, MAX_AUTO_SLOP_NS)

    def add_depth(self, stamp_ns: int, item: D) -> Pair[D, C] | None:
        """Take a depth item; returns the pair it completes, if any."""
        with self._lock:
            return self._add(self._depth, stamp_ns, item)

    def add_colour(self, stamp_ns: int, item: C) -> Pair[D, C] | None:
        """Take a colour item; returns the pair it completes, if any."""
        with self._lock:
            return self._add(self._colour, stamp_ns, item)

    def reset(self) -> None:
        """Forget waiting items and rates (a topic changed, a node was deactivated)."""
        with self._lock:
            for stream in (self._depth, self._colour):
                self._drop(stream, len(stream.waiting))
                stream.intervals_ns.clear()
                stream.newest_ns = None

    def _add(self, stream: _Stream, stamp_ns: int, item: object) -> Pair[D, C] | None:
        other = self._colour if stream is self._depth else self._depth
        if stream.newest_ns is not None:
            interval_ns = stamp_ns - stream.newest_ns
            if interval_ns <= -RESTART_NS:
                self._restart(stream, other, stamp_ns)
            elif interval_ns <= 0:
                self._count(out_of_order=1)
                return None
            elif interval_ns < RESTART_NS:
                stream.intervals_ns.append(interval_ns)
        stream.newest_ns = stamp_ns
        index = other.nearest(stamp_ns)
        if index is None or abs(other.waiting[index][0] - stamp_ns) > self.slop_ns:
            if len(stream.waiting) == stream.waiting.maxlen:
                self._drop(stream, 1)
            stream.waiting.append((stamp_ns, item))
            return None
        self._drop(other, index)
        self._drop(stream, len(stream.waiting))  # older than this one: overtaken
        mate_ns, mate = other.waiting.popleft()
        depth_first = stream is self._depth
        depth_ns, depth = (stamp_ns, item) if depth_first else (mate_ns, mate)
        colour_ns, colour = (mate_ns, mate) if depth_first else (stamp_ns, item)
        self._count(paired=1)
        return Pair(depth_ns, depth, colour_ns, colour)  # type: ignore[arg-type]

    def _restart(self, stream: _Stream, other: _Stream, stamp_ns: int) -> None:
        """The clock jumped back: keep of the other stream only what already restarted too."""
        self._count(restarts=1)
        self._drop(stream, len(stream.waiting))
        while other.waiting and abs(other.waiting[0][0] - stamp_ns) >= RESTART_NS:
            self._drop(other, 1)

    def _drop(self, stream: _Stream, count: int) -> None:
        for _ in range(count):
            stream.waiting.popleft()
        if stream is self._depth:
            self._count(dropped_depth=count)
        else:
            self._count(dropped_colour=count)

    def _count(self, **increments: int) -> None:
        changed = {name: getattr(self._counts, name) + n for name, n in increments.items()}
        self._counts = replace(self._counts, **changed)
