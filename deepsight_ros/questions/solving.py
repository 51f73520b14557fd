"""Solvers: the functions over a scene that answer each form of question.

In: a ``Case`` (query with its things found). Out: ``Solved``. Each function makes the solver of
one catalogue entry from the quantity or predicate it is about.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions.ordering import (
    COMPARED,
    PRINTED,
    decide,
    extreme,
    measured_for,
    opposite,
)
from deepsight_ros.questions.referring import SUPPORT_ID, holds
from deepsight_ros.questions.speaking import speak_value
from deepsight_ros.questions.types import Case, Solved, Solver
from deepsight_ros.questions.units import si_factor
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measure import CAMERA_ID, measure, resolve
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Bound, Measurement
from deepsight_ros.scene.predicates import compare_to
from deepsight_ros.scene.verdict import Outcome, Verdict

_ANSWERS = {Outcome.TRUE: ("yes", True), Outcome.FALSE: ("no", False)}


def value_of(quantity: str) -> Solver:
    """A quantity of one or two things."""

    def solve(case: Case) -> Solved:
        m = _measured(case, quantity)
        return Solved("value", m.value, _own(case), (m,), quantity=m.measured_as)

    return solve


def camera_direction(case: Case) -> Solved:
    """Clock direction of a thing from the camera."""
    m = measure(case.scene, "direction", (CAMERA_ID, case.ids[0]))
    return Solved("value", m.value, case.ids, (m,))


def dimensions(case: Case) -> Solved:
    """Width, depth, height and volume of one thing."""
    names = ("volume", "width", "depth", "height")
    found = tuple(measure(case.scene, q, case.ids) for q in names)
    return Solved("value", found[0].value, case.ids, found)


def where(case: Case) -> Solved:
    """Range of a thing, and its clock direction from the camera where up is known."""
    distance = measure(case.scene, "range", case.ids)
    hour = measure(case.scene, "direction", (CAMERA_ID, case.ids[0]))
    return Solved("value", distance.value, case.ids, (distance, hour))


def free_space(case: Case) -> Solved:
    """Free space ahead; with an anchor, until that is met."""
    m = _measured(case, "free_space")
    if case.anchor_id is None:
        return Solved("value", m.value, _own(case), (m,))
    met = ""
    if m.bound is Bound.EXACT and m.end_points_m is not None:
        ends = {
            o.id: float(
                np.linalg.norm(_nearest(case, o.id, m.end_points_m[1]) - m.end_points_m[1])
            )
            for o in case.scene.objects
            if o.id not in case.ids and not o.is_region
        }
        met = min(ends, key=lambda i: ends[i]) if ends else ""
        met = met if met and ends[met] < _MET_WITHIN_M else ""
    if met == case.anchor_id:
        return Solved("value", m.value, _own(case), (m,))
    outcome = "other" if met else "nothing"
    ids = (*_own(case), case.anchor_id)
    return Solved(outcome, None, ids, (m,), slots={"other_id": met}, status=Status.OK)


_MET_WITHIN_M = 0.01


def _nearest(case: Case, object_id: str, point_m: NDArray[np.float64]) -> NDArray[np.float64]:
    nearest: NDArray[np.float64] = resolve(case.scene, object_id).solid.nearest_points(
        point_m[None]
    )[0]
    return nearest


def comparison_of(quantity: str) -> Solver:
    """A quantity against the query's value."""

    def solve(case: Case) -> Solved:
        query = case.query
        m = _measured(case, quantity)
        verdict = compare_to(m, query.threshold or 0.0, query.relation)
        solved = _yes_no(case, verdict, _own(case))
        shown = speak_value((query.threshold or 0.0) / si_factor(query.unit), query.unit)
        return replace(
            solved, measurements=(m,), slots={"threshold": shown}, quantity=m.measured_as
        )

    return solve


def reported(case: Case, predicate: str, ids: tuple[str, ...], outcome: Outcome) -> str:
    """Name a verdict is reported under, "" for its own.

    "Higher" and "lower" compare tops. Of things that stand level that is taller and shorter, of
    others mostly above and below: reported under the plainer predicate where it gives the same.
    """
    for plain in _PLAINER.get(predicate, ()):
        if decide(case.scene, plain, ids[:2]).outcome is outcome:
            return plain
    return ""


_PLAINER = {"higher": ("taller", "above"), "lower": ("shorter", "below")}


def yes_no_of(predicate: str) -> Solver:
    """A predicate of docs/semantics.md about the things asked."""

    def solve(case: Case) -> Solved:
        ids = case.ids
        if SUPPORT_ID in ids:
            outcome = holds(case.scene, predicate, ids[0], ids[1:])
            ids = tuple(i for i in ids if i != SUPPORT_ID)
            return _yes_no(case, Verdict(predicate, outcome, ids), ids)
        verdict = decide(case.scene, predicate, ids, case.anchor_id)
        every = ids if case.anchor_id is None else (*ids, case.anchor_id)
        solved = _yes_no(case, verdict, every)
        return replace(solved, quantity=reported(case, predicate, ids, verdict.outcome))

    return solve


def same_of(predicate: str) -> Solver:
    """Whether two things are alike in what a comparative compares."""

    def solve(case: Case) -> Solved:
        verdict = decide(case.scene, predicate, case.ids)
        if verdict.outcome is Outcome.UNDECIDED:
            return _open(case.ids, verdict)
        alike = verdict.outcome is Outcome.SAME
        key, value = _ANSWERS[Outcome.TRUE if alike != case.query.negated else Outcome.FALSE]
        return Solved(key, value, case.ids, verdict.measurements)

    return solve


def difference_of(predicate: str) -> Solver:
    """How much more of it the first thing has than the second."""

    def solve(case: Case) -> Solved:
        one, two = measured_for(case.scene, predicate, case.ids)
        sign = -1.0 if predicate in _LESSER else 1.0
        below = math.hypot(one.value - one.lower, two.upper - two.value)
        above = math.hypot(one.upper - one.value, two.value - two.lower)
        if sign < 0:
            below, above = above, below
        value = sign * (one.value - two.value)
        m = Measurement(
            one.quantity, value, value - below, value + above, one.unit, object_ids=case.ids
        )
        if one.bound is not Bound.EXACT or two.bound is not Bound.EXACT:
            return _open(case.ids, Verdict(predicate, Outcome.UNDECIDED, case.ids))
        return Solved("value", value, case.ids, (m, one, two), quantity=one.quantity)

    return solve


_LESSER = frozenset(
    {"shorter", "lower", "smaller", "narrower", "less_long", "thinner", "shallower", "closer"}
)


def choice_of(predicate: str) -> Solver:
    """Which of some named things has more of it."""

    def solve(case: Case) -> Solved:
        return _extreme(case, predicate, case.ids, list_all=True)

    return solve


def superlative_of(predicate: str) -> Solver:
    """Which of a set has most of it."""

    def solve(case: Case) -> Solved:
        ids = tuple(i for i in case.group_ids if i != case.anchor_id)
        if not ids:
            return Solved("none", None, (), status=Status.NOT_FOUND)
        every = case.query.relation == "of_all"
        return _extreme(case, predicate, ids, position=case.query.number or 1, list_all=every)

    return solve


def is_extreme_of(predicate: str) -> Solver:
    """Whether one thing has most of it in a set."""

    def solve(case: Case) -> Solved:
        subject = case.ids[0]
        every = tuple(i for i in dict.fromkeys((*case.group_ids, subject)) if i != case.anchor_id)
        found = extreme(case.scene, predicate, every, case.anchor_id)
        ids = (subject,) if case.anchor_id is None else (subject, case.anchor_id)
        if found.outcome is Outcome.UNDECIDED and subject in found.contenders:
            return _open(ids, Verdict(predicate, found.outcome, ids))
        if found.outcome is Outcome.SAME and subject in found.contenders:
            return Solved("same", "same", ids, slots={"winner_id": found.order[0]})
        truth = Outcome.TRUE if found.order[0] == subject else Outcome.FALSE
        truth = opposite(truth) if case.query.negated else truth
        key, value = _ANSWERS[truth]
        return Solved(key, value, ids, slots={"winner_id": found.order[0]})

    return solve


def _extreme(
    case: Case, predicate: str, ids: tuple[str, ...], *, position: int = 1, list_all: bool = False
) -> Solved:
    found = extreme(case.scene, predicate, ids, case.anchor_id, position)
    anchors = () if case.anchor_id is None else (case.anchor_id,)
    every = found.order if list_all else found.order[:1]
    if found.outcome is Outcome.FALSE:
        return Solved("none", None, (), status=Status.NOT_FOUND)
    if found.outcome is Outcome.UNDECIDED:
        return _open((*found.contenders, *anchors), Verdict(predicate, found.outcome, ids))
    if found.outcome is Outcome.SAME:
        shown = measured_for(case.scene, predicate, found.contenders, case.anchor_id)
        return Solved("same", "same", (*found.contenders, *anchors), shown)
    shown = measured_for(case.scene, predicate, every[:2], case.anchor_id)
    name = reported(case, predicate, found.order, Outcome.TRUE) if len(every) > 1 else ""
    return Solved("one", found.order[0], (*every, *anchors), shown, quantity=name)


def related_choice_of(predicate: str) -> Solver:
    """Which of some named things stands in a relation to the anchor."""

    def solve(case: Case) -> Solved:
        anchor = case.anchor_id or CAMERA_ID
        return _pick(case, [holds(case.scene, predicate, i, (anchor,)) for i in case.ids], anchor)

    return solve


def anchor_choice_of(predicate: str) -> Solver:
    """To which of some named things the subject stands in a relation."""

    def solve(case: Case) -> Solved:
        subject = case.anchor_id or CAMERA_ID
        return _pick(
            case, [holds(case.scene, predicate, subject, (i,)) for i in case.ids], subject
        )

    return solve


def _pick(case: Case, outcomes: list[Outcome], other: str) -> Solved:
    holding = tuple(i for i, o in zip(case.ids, outcomes, strict=True) if o is Outcome.TRUE)
    everything = tuple(i for i in (*holding, *case.ids, other) if i != SUPPORT_ID)
    ids = tuple(dict.fromkeys(everything))
    if Outcome.UNDECIDED in outcomes or (Outcome.SAME in outcomes and not holding):
        return _open(ids, Verdict(case.query.type, Outcome.UNDECIDED, ids))
    if len(holding) == 1:
        return Solved("one", _name_of_support(case, holding[0]), ids)
    if holding:
        return Solved("many", "both", ids)
    return Solved("none", "neither", ids)


def _name_of_support(case: Case, object_id: str) -> str:
    return (case.scene.support_label or "support") if object_id == SUPPORT_ID else object_id


def either_of(predicate: str, other: str, words: tuple[str, str]) -> Solver:
    """Which of two opposite relations holds ("left or right of")."""

    def solve(case: Case) -> Solved:
        verdict = decide(case.scene, predicate, case.ids, case.anchor_id)
        if verdict.outcome is Outcome.UNDECIDED:
            return _open(case.ids, verdict)
        if verdict.outcome is Outcome.SAME:
            return Solved("same", "same", case.ids, verdict.measurements)
        if predicate in ("over", "under", "on") and verdict.outcome is Outcome.FALSE:
            verdict = decide(case.scene, other, case.ids)
            if verdict.outcome is not Outcome.TRUE:
                return Solved("none", "neither", case.ids)
            return Solved("one", words[1], case.ids, quantity=other, slots={"word": words[1]})
        holds_first = verdict.outcome is Outcome.TRUE
        word = words[0] if holds_first else words[1]
        return Solved(
            "one",
            word,
            case.ids,
            verdict.measurements,
            slots={"word": word},
            quantity="" if holds_first else PRINTED.get(other, other),
        )

    return solve


def count(case: Case) -> Solved:
    """How many are in a set."""
    number = len(case.group_ids)
    m = measure(case.scene, "count", case.group_ids)
    outcome = "none" if number == 0 else "one" if number == 1 else "many"
    return Solved(outcome, float(number), case.group_ids, (m,))


def count_compared(case: Case) -> Solved:
    """The size of a set against a number."""
    number, wanted = len(case.group_ids), case.query.number or 0
    truth = {
        "more_than": number > wanted,
        "less_than": number < wanted,
        "at_least": number >= wanted,
        "at_most": number <= wanted,
        "about": number == wanted,
    }[case.query.relation]
    m = measure(case.scene, "count", case.group_ids)
    return Solved("yes" if truth else "no", truth, case.group_ids, (m,))


def count_more_of(sign: int) -> Solver:
    """Whether one set has more (or fewer) members than another."""

    def solve(case: Case) -> Solved:
        one, two = case.sets
        truth = (len(one) - len(two)) * sign > 0
        ids = (*one, *two)
        numbers = tuple(measure(case.scene, "count", s) for s in case.sets)
        return Solved("yes" if truth else "no", truth, ids, numbers)

    return solve


def exists(case: Case) -> Solved:
    """Whether a set has members."""
    found = case.group_ids
    outcome = "no" if not found else "yes" if len(found) == 1 else "many"
    return Solved(outcome, bool(found), (*found, *_around(case)))


def _around(case: Case) -> tuple[str, ...]:
    """Anchors of a set's condition."""
    return (() if case.anchor_id is None else (case.anchor_id,)) + case.further_ids


def listing(case: Case) -> Solved:
    """The members of a set."""
    found = case.group_ids
    if not found:
        return Solved("none", "none", _around(case))
    outcome = "one" if len(found) == 1 else "many"
    return Solved(outcome, ",".join(found), (*found, *_around(case)))


def supporter(case: Case) -> Solved:
    """What a thing stands on."""
    subject = case.ids[0]
    below = [
        o.id
        for o in case.scene.objects
        if o.id != subject
        and not o.is_region
        and decide(case.scene, "on", (subject, o.id)).outcome is Outcome.TRUE
    ]
    if below:
        outcome = "one" if len(below) == 1 else "many"
        return Solved(outcome, ",".join(below), (*below, subject))
    if holds(case.scene, "on", subject, (SUPPORT_ID,)) is Outcome.TRUE:
        name = case.scene.support_label or "support"
        return Solved("support", name, (subject,), slots={"support": name})
    return Solved("none", "none", (subject,))


def _measured(case: Case, quantity: str) -> Measurement:
    if quantity == "free_space":
        return measure(
            case.scene,
            quantity,
            case.ids,
            width_m=case.query.width_m,
            height_m=case.query.height_m,
        )
    return measure(case.scene, quantity, case.ids)


def _own(case: Case) -> tuple[str, ...]:
    return case.ids


def _yes_no(case: Case, verdict: Verdict, ids: tuple[str, ...]) -> Solved:
    if verdict.outcome is Outcome.UNDECIDED:
        return _open(ids, verdict)
    if verdict.outcome is Outcome.SAME:
        return Solved("same", "same", ids, verdict.measurements)
    outcome = opposite(verdict.outcome) if case.query.negated else verdict.outcome
    key, value = _ANSWERS[outcome]
    return Solved(key, value, ids, verdict.measurements)


def _open(ids: tuple[str, ...], verdict: Verdict) -> Solved:
    return Solved("undecided", None, ids, verdict.measurements, status=Status.NO_DEPTH)


UNIT_OF_PREDICATE = {
    predicate: QUANTITY_UNITS[quantity] for predicate, quantity in COMPARED.items()
}
"""SI unit of the difference a comparative makes."""
