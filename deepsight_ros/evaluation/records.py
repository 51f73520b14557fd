"""One question of the geometry benchmark with its truth and what was answered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ABSOLUTE_M, RELATIVE = 0.010, 0.10
"""A length is right within 10 % of the truth or 1 cm."""
HOUR_EDGE = 3.0 / 30.0
"""Within 3 degrees of the border between two hours both count."""


@dataclass(frozen=True)
class Reply:
    """What came back, in SI: a number with its interval, or an outcome.

    Attributes:
        status: OK, UNDECIDED, or an answer status other than OK.
        value, lower, upper: SI (hours for direction).
        bound: ``exact``, ``at_least`` or ``at_most``.
        outcome: ``true``, ``false`` or ``same``.
        margin: of a comparison.
    """

    status: str
    value: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    bound: str = "exact"
    outcome: str = ""
    margin: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A question put to one scene.

    Attributes:
        scene: index of the scene (for the bootstrap).
        world: ``tabletop`` or ``room``.
        sensor: noise family.
        up: ``tf`` (given) or ``plane`` (found).
        mode: how the objects were named: ``box``, ``mask`` (regions) or ``words``.
        type: quantity or predicate.
        ids: things of the world, in the order of the question.
        key: the words a blind guesser would see: type and labels.
        determined: whether one view can know the answer.
        range_m: distance of the farthest object asked about.
    """

    scene: int
    world: str
    sensor: str
    up: str
    mode: str
    type: str
    ids: tuple[str, ...]
    key: str
    determined: bool
    range_m: float


@dataclass(frozen=True)
class QuantityRecord(Asked):
    """A question with a number for an answer; ``truth`` in SI (continuous hours for direction).

    ``status`` is OK when answered; else ``value``, ``lower``, ``upper`` are NaN.
    """

    truth: float
    status: str
    value: float = float("nan")
    lower: float = float("nan")
    upper: float = float("nan")
    bound: str = "exact"

    @property
    def answered(self) -> bool:
        return self.status == "OK"

    @property
    def within(self) -> bool:
        """Within 10 % of the truth or 1 cm.

        A volume is compared by the side of the cube of equal volume, since 1 cm is a length. A
        clock bearing is right when it is the nearest hour, or a neighbour of it and the truth
        lies within 3 degrees of the border between them.
        """
        if not self.answered:
            return False
        if self.type == "direction":
            off = abs((self.value - self.truth + 6) % 12 - 6)
            return bool(off <= 0.5 + HOUR_EDGE)
        return bool(within(self.type, np.array([self.value]), np.array([self.truth]))[0])

    @property
    def covered(self) -> bool:
        """The interval holds the truth (a one-sided bound is open on its side)."""
        if not self.answered:
            return False
        truth = self.truth
        if self.type == "direction":
            truth = self.value + (truth - self.value + 6) % 12 - 6
        return self.lower - 1e-9 <= truth <= self.upper + 1e-9


def within(
    quantity: str, values: np.ndarray, truths: np.ndarray
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Within 10 % or 1 cm, for lengths and volumes (see ``QuantityRecord.within``)."""
    if quantity == "volume":
        values, truths = np.cbrt(np.maximum(values, 0.0)), np.cbrt(truths)
    hit: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = np.abs(values - truths) <= np.maximum(
        RELATIVE * np.abs(truths), ABSOLUTE_M
    )
    return hit


@dataclass(frozen=True)
class PredicateRecord(Asked):
    """A question with an outcome for an answer.

    Attributes:
        truth: ``true``, ``false`` or ``same``; for superlatives the id of the thing, for the count
            the number.
        status: OK, or why there is none; UNDECIDED outcomes have status ``UNDECIDED``.
        outcome: as ``truth``.
        hedged: the answer was "about the same" with a margin that covers the true difference,
            though the difference is beyond the nominal margin: no error, but no answer either.
    """

    truth: str
    status: str
    outcome: str = ""
    hedged: bool = False

    @property
    def answered(self) -> bool:
        return self.status == "OK" and not self.hedged

    @property
    def right(self) -> bool:
        return self.answered and self.outcome == self.truth
