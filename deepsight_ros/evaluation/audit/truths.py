"""What answers to a claim are acceptable: numbers, or the set of outcomes that truth allows.

Inside the zone of "about the same", give or take the tolerance, more than one outcome is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from deepsight_ros.evaluation.audit import quantities
from deepsight_ros.evaluation.audit.quantities import COMPARED, PLACES, RAYS, Judged
from deepsight_ros.evaluation.audit.verdict import Tolerance
from deepsight_ros.evaluation.audit.view import View

_HARD_FUZZ_M = {True: 0.0015, False: 0.010}
"""How near its limit a predicate without a zone (touching, on ...) may go either way."""

OPPOSITE = {
    "left_of": "right_of", "above": "below", "over": "under", "in_front_of": "behind",
    "taller": "shorter", "bigger": "smaller", "wider": "narrower", "thicker": "thinner",
    "longer": "less_long", "deeper": "shallower", "higher": "lower", "closer": "farther",
}  # fmt: skip
OPPOSITE |= {b: a for a, b in OPPOSITE.items()}
WORD_OF = {
    "left_of": "left", "right_of": "right", "in_front_of": "in front", "less_long": "shorter",
}  # fmt: skip
"""Words of "either" answers, where they differ from the predicate's name."""


def outcomes_of(judged: Iterable[Judged], tolerance: Tolerance) -> set[str]:
    """Acceptable outcomes ("yes", "no", "same") of a predicate."""
    out: set[str] = set()
    for j in judged:
        if j.tie <= 0:
            fuzz = _HARD_FUZZ_M[tolerance.absolute_m < 0.005]
            out |= {"yes"} if j.difference >= -fuzz else set()
            out |= {"no"} if j.difference <= fuzz else set()
            continue
        fuzz = tolerance.tie * j.tie
        out |= {"yes"} if j.difference > j.tie - fuzz else set()
        out |= {"no"} if j.difference < -(j.tie - fuzz) else set()
        out |= {"same"} if abs(j.difference) < j.tie + fuzz else set()
    return out


def alike(judged: Iterable[Judged], tolerance: Tolerance) -> set[str]:
    """Acceptable outcomes of "are they about the same"."""
    found = outcomes_of(judged, tolerance)
    return ({"yes"} if "same" in found else set()) | ({"no"} if found & {"yes", "no"} else set())


def compared(truths: Sequence[float], threshold: float, sign: int, key: str, tolerance: Tolerance
             ) -> set[str]:  # fmt: skip
    """Acceptable outcomes of a quantity against a value."""
    out: set[str] = set()
    for truth in truths:
        above = truth - threshold
        if key == "direction":
            above = (above + 6.0) % 12.0 - 6.0
            near, far = 0.5 - tolerance.hours, 0.5 + tolerance.hours
            out |= {"yes"} if abs(above) <= far else set()
            out |= {"no"} if abs(above) >= near else set()
            continue
        scale = max(abs(truth), abs(threshold))
        volume = key == "volume"
        fuzz = (
            tolerance.volume_relative * scale
            if volume
            else max(tolerance.relative * scale, tolerance.absolute_m)
        )
        zone = quantities.SIZE_TIE * scale if volume else max(
            quantities.TIE_M, quantities.SIZE_TIE * scale
        )  # fmt: skip
        if sign == 0:
            least = 0.0 if volume else 0.001
            width = max(quantities.SIZE_TIE * abs(threshold), least)
            out |= {"yes"} if abs(above) <= max(width, zone) + fuzz else set()
            out |= {"no"} if abs(above) >= width - fuzz else set()
            continue
        out |= {"yes"} if sign * above > -fuzz else set()
        out |= {"no"} if sign * above < fuzz else set()
        out |= {"same"} if abs(above) <= zone + fuzz else set()
    return out


def scores(view: View, predicate: str, object_id: str, anchor: str | None) -> tuple[float, float]:
    """What a superlative ranks by, more is better, and how far its definition leaves it open."""
    thing = view.things[object_id]
    if predicate in PLACES:
        axis, sign = PLACES[predicate]
        found = [sign * float(box.centre_m[axis]) for box in thing.uprights]
    elif predicate in RAYS:
        found = [
            RAYS[predicate] * float(np.linalg.norm((box.centre_m - view.camera_m)[:2]))
            for box in thing.uprights
        ]
    else:
        quantity, sign = COMPARED[predicate]
        ids = (object_id,) if anchor is None else (object_id, anchor)
        name = quantity if anchor is None else "surface_distance"
        found = [sign * v for v in quantities.values(view, name, ids)]
    return found[0], max(found) - min(found)


def best_of(
    view: View, predicate: str, options: Sequence[str], anchor: str | None, tolerance: Tolerance
) -> tuple[set[str], bool, bool]:
    """Superlative over options.

    Returns:
        (ids that may be called the one, "about the same" is acceptable, a single winner is).
    """
    found = {i: scores(view, predicate, i, anchor) for i in options}
    order = sorted(found, key=lambda i: -found[i][0])
    first = order[0]
    winners, may_tie, may_win = {first}, False, True
    for other in order[1:]:
        (best, open_a), (value, open_b) = found[first], found[other]
        tie = tie_between(predicate, best, value, anchor)
        judged = Judged(best - value, tie)
        spread = open_a + open_b
        either = [Judged(judged.difference + s, tie) for s in (-spread, 0.0, spread)]
        outcomes = outcomes_of(either, tolerance)
        if predicate in RAYS:  # pairwise it is the ray to the farther one that decides
            outcomes |= outcomes_of(quantities.judge(view, predicate, (first, other)), tolerance)
        if "same" in outcomes:
            may_tie = True
        if "yes" not in outcomes:
            may_win = False
        if "no" in outcomes or judged.difference < tolerance.tie * judged.tie:
            winners.add(other)
    return winners, may_tie, may_win


def tie_between(predicate: str, a: float, b: float, anchor: str | None = None) -> float:
    if predicate in COMPARED and anchor is None:
        return quantities.tie_of(COMPARED[predicate][0], a, b)
    return quantities.TIE_M
