"""Findings: what the audit holds against a pair or a row, and how much it tolerates.

``Tolerance`` separates two promises: exact answers from truth, and answers measured through a
noisy sensor.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a code for counting, and words for people."""

    code: str
    message: str


@dataclass(frozen=True)
class Tolerance:
    """How far an answer may be from the truth.

    Attributes:
        relative, absolute_m: a number is right within the larger of both.
        volume_relative: the same for volumes, whose three sides each err.
        hours: of a clock direction, beyond the half hour of rounding.
        tie: how many times the zone of "about the same" a "same" may be off, and how far into
            the wrong side a decided answer may be, as a share of that zone.
        spoken: what rounding to words may add, relative.
        upright_rad: angle between the up that pairs were made with and the true one.
        plane_m: median height of the support's pixels above z = 0.
    """

    relative: float
    absolute_m: float
    volume_relative: float
    hours: float
    tie: float
    spoken: float
    upright_rad: float
    plane_m: float

    def allows(self, value: float, truth: float, kind: str, extra: float = 0.0) -> bool:
        """A number is right; ``extra`` is what rounding adds (SI)."""
        off = abs(value - truth)
        if kind == "clock":
            off = abs((value - truth + 6.0) % 12.0 - 6.0)
            return off <= 0.5 + self.hours + extra
        if kind == "m3":
            return off <= self.volume_relative * abs(truth) + extra
        return off <= max(self.relative * abs(truth), self.absolute_m) + extra


EXACT = Tolerance(0.005, 0.0015, 0.01, 0.02, 0.05, 0.05, 0.003, 0.003)
"""Answers taken from the truth itself."""

SENSOR = Tolerance(0.10, 0.010, 0.25, 0.5, 1.0, 0.05, 0.035, 0.020)
"""Answers measured through a sensor: within 10 % or 10 mm, the goal of live measurement."""
