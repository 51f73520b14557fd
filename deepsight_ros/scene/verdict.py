"""Verdict: the outcome of a predicate, choice or superlative, with its margin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from deepsight_ros.scene.measurement import Bound, Measurement


class Outcome(Enum):
    """TRUE / FALSE beyond the margin, SAME inside it, UNDECIDED when the view cannot tell."""

    TRUE = "true"
    FALSE = "false"
    SAME = "same"
    UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a predicate says about its objects.

    Attributes:
        predicate: name in docs/semantics.md ("left_of", "closer", "on", "taller" ...).
        outcome: see ``Outcome``.
        object_ids: the objects, in the order of the question.
        difference: signed margin-free difference the outcome rests on (SI), positive = TRUE.
        margin: half width of the "about the same" zone (SI).
        measurements: what was measured on the way.
        bound: EXACT unless occlusion leaves the difference one-sided.
    """

    predicate: str
    outcome: Outcome
    object_ids: tuple[str, ...]
    difference: float = 0.0
    margin: float = 0.0
    measurements: tuple[Measurement, ...] = ()
    bound: Bound = Bound.EXACT


PREDICATES: dict[str, int] = {
    "left_of": 2,
    "right_of": 2,
    "above": 2,
    "below": 2,
    "over": 2,
    "under": 2,
    "in_front_of": 2,
    "behind": 2,
    "closer": 2,
    "farther": 2,
    "on": 2,
    "inside": 2,
    "touching": 2,
    "next_to": 2,
    "between": 3,
    "bigger": 2,
    "smaller": 2,
    "wider": 2,
    "narrower": 2,
    "taller": 2,
    "shorter": 2,
    "longer": 2,
    "thicker": 2,
    "thinner": 2,
    "higher": 2,
    "lower": 2,
}
"""Predicate names and how many objects they take; closer/farther take an optional third anchor."""
