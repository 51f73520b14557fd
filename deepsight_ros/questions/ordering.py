"""Comparatives and superlatives, those of docs/semantics.md and their missing opposites.

``scene.predicates`` orders by what docs/semantics.md names. People also say "deeper",
"shallower" and "less long": the same comparison on depth and length, forwards or backwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Measurement
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.predicates import judge, rank
from deepsight_ros.scene.verdict import Outcome, Verdict

_BY_SIZE: dict[str, tuple[str, bool]] = {
    "deeper": ("depth", True),
    "shallower": ("depth", False),
    "less_long": ("length", False),
}
"""Predicate -> (size, True when more of it is wanted)."""

COMPARED: dict[str, str] = {
    "taller": "height",
    "shorter": "height",
    "higher": "top",
    "lower": "top",
    "bigger": "volume",
    "smaller": "volume",
    "wider": "width",
    "narrower": "width",
    "longer": "length",
    "less_long": "length",
    "thicker": "thickness",
    "thinner": "thickness",
    "deeper": "depth",
    "shallower": "depth",
    "closer": "range",
    "farther": "range",
}
"""Predicate -> quantity it compares."""

PRINTED: dict[str, str] = {"less_long": "longer"}
"""Names under which predicates without a name in docs/semantics.md are reported."""

_OUTCOMES = {Outcome.TRUE: Outcome.FALSE, Outcome.FALSE: Outcome.TRUE}


@dataclass(frozen=True)
class Extreme:
    """The extreme of a set.

    Attributes:
        outcome: TRUE when one stands out, SAME when others are within the margin, UNDECIDED.
        order: candidates, best first.
        contenders: the first of ``order`` and those not clearly behind it.
    """

    outcome: Outcome
    order: tuple[str, ...]
    contenders: tuple[str, ...]


def decide(
    scene: Scene, predicate: str, ids: Sequence[str], anchor_id: str | None = None
) -> Verdict:
    """Like ``scene.predicates.judge``, for every comparative people use."""
    if predicate not in _BY_SIZE:
        return judge(scene, predicate, ids, anchor_id=anchor_id)
    size, more = _BY_SIZE[predicate]
    ranking = rank(scene, size, tuple(ids))
    if ranking.outcome is Outcome.TRUE:
        first_is_more = ranking.best_id == ids[0]
        outcome = Outcome.TRUE if first_is_more == more else Outcome.FALSE
    else:
        outcome = ranking.outcome
    measured = tuple(measure(scene, size, (i,)) for i in ids)
    difference = measured[0].value - measured[1].value
    return Verdict(
        predicate,
        outcome,
        tuple(ids),
        difference if more else -difference,
        ranking.margin,
        measured,
    )


def extreme(
    scene: Scene,
    predicate: str,
    candidate_ids: Sequence[str],
    anchor_id: str | None = None,
    position: int = 1,
) -> Extreme:
    """The extreme (or second, third ... of the order) among candidates.

    Args:
        scene: exact or observed.
        predicate: comparative whose extreme is meant.
        candidate_ids: at least one.
        anchor_id: for closer/farther; left out of the candidates.
        position: 1 for the extreme, 2 for the next; -1 counts from the other end.
    """
    ids = tuple(i for i in candidate_ids if i != anchor_id)
    if predicate in _BY_SIZE:
        size, more = _BY_SIZE[predicate]
        order = rank(scene, size, ids).order
        order = order if more else order[::-1]
    else:
        order = rank(scene, predicate, ids, anchor_id=anchor_id).order
    place = position - 1 if position > 0 else len(order) + position
    if not 0 <= place < len(order):
        return Extreme(Outcome.FALSE, order, ())
    wanted = order[place]
    ties = []
    undecided = False
    for i, other in enumerate(order):
        if i == place:
            continue
        pair = (wanted, other) if i > place else (other, wanted)
        verdict = decide(scene, predicate, pair, anchor_id)
        if verdict.outcome is not Outcome.TRUE:
            ties.append(other)
            undecided = undecided or verdict.outcome is Outcome.UNDECIDED
    outcome = Outcome.TRUE if not ties else Outcome.UNDECIDED if undecided else Outcome.SAME
    return Extreme(outcome, (wanted, *(i for i in order if i != wanted)), (wanted, *ties))


def opposite(outcome: Outcome) -> Outcome:
    """TRUE and FALSE change places, the others stay."""
    return _OUTCOMES.get(outcome, outcome)


def measured_for(
    scene: Scene, predicate: str, ids: Sequence[str], anchor_id: str | None = None
) -> tuple[Measurement, ...]:
    """What a comparative rests on, one for each object; () for places."""
    if anchor_id is not None:
        return tuple(measure(scene, "surface_distance", (i, anchor_id)) for i in ids)
    quantity = COMPARED.get(predicate, "")
    if quantity not in QUANTITY_UNITS:
        return ()
    return tuple(measure(scene, quantity, (i,)) for i in ids)
