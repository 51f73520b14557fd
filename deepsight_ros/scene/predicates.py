"""judge, compare_to and rank: relations with margins, never a coin toss.

In: a scene and object ids. Out: ``Verdict`` or ``Ranking``. Inside the margin (the larger of
10 mm, the 95 % interval of the difference and, for sizes, 5 % of the larger) the outcome is SAME;
where the view leaves the difference open it is UNDECIDED. Definitions: docs/semantics.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene import calibration, distances
from deepsight_ros.scene.body import Body
from deepsight_ros.scene.estimate import RawEstimate, Visibility
from deepsight_ros.scene.measure import estimate, measure, require_gravity, resolve
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Bound, Measurement
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.outline import convex_hull, overlap_m, signed_distances
from deepsight_ros.scene.verdict import PREDICATES, Outcome, Verdict

Array = NDArray[np.float64]

LEAST_MARGIN_M = 0.010
SIZE_MARGIN = 0.05
TOUCHING_M = 0.005
ON_TOLERANCE_M = 0.015
MOST_NOISE_M = 0.010
VALUE_MARGIN_M = 0.001
_X, _Y, _Z = np.eye(3)

# predicate -> (quantity compared, +1 when the first object's larger value makes it true)
_BY_QUANTITY: dict[str, tuple[str, int]] = {
    "bigger": ("volume", 1),
    "smaller": ("volume", -1),
    "wider": ("width", 1),
    "narrower": ("width", -1),
    "taller": ("height", 1),
    "shorter": ("height", -1),
    "longer": ("length", 1),
    "thicker": ("thickness", 1),
    "thinner": ("thickness", -1),
    "higher": ("top", 1),
    "lower": ("top", -1),
    "farther": ("range", 1),
    "closer": ("range", -1),
}
_SIZES = {"volume", "width", "height", "length", "thickness", "depth", "breadth", "diameter"}
# predicate -> (axis of the box centre, sign, quantity whose calibration applies)
_BY_CENTRE: dict[str, tuple[Array, int, str]] = {
    "left_of": (_Y, 1, "horizontal_distance"),
    "right_of": (_Y, -1, "horizontal_distance"),
    "above": (_Z, 1, "vertical_distance"),
    "below": (_Z, -1, "vertical_distance"),
    "over": (_Z, 1, "vertical_distance"),
    "under": (_Z, -1, "vertical_distance"),
}
_BY_RAY = {"in_front_of": -1, "behind": 1}
COMPARATIVES = frozenset({*_BY_QUANTITY, *_BY_CENTRE, *_BY_RAY} - {"over", "under"})
"""Predicates that order objects, so that they have a superlative (``rank``)."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates ordered by a comparative.

    Attributes:
        key: predicate ("taller") or size quantity (then the largest comes first).
        outcome: TRUE when one candidate stands out, SAME when others are within the margin of it,
            UNDECIDED when the view leaves open which it is.
        best_id: the candidate that stands out, or None.
        order: all candidates, best first.
        contenders: the first of ``order`` and all within the margin of it.
        measurements: one for each of ``order`` where the key is a quantity, else empty.
        margin: of the decision between the first and the second (SI).
    """

    key: str
    outcome: Outcome
    best_id: str | None
    order: tuple[str, ...]
    contenders: tuple[str, ...]
    measurements: tuple[Measurement, ...] = ()
    margin: float = 0.0


def judge(
    scene: Scene, predicate: str, object_ids: Sequence[str], *, anchor_id: str | None = None
) -> Verdict:
    """Decide a predicate of docs/semantics.md.

    Args:
        scene: exact or observed.
        predicate: key of ``PREDICATES``.
        object_ids: subject first; "between" takes the middle one first.
        anchor_id: third object of closer/farther ("closer to the lamp"); a third id does the same.

    Returns:
        Verdict; ``difference`` > 0 speaks for TRUE, |difference| <= ``margin`` is SAME.

    Raises:
        NeedsGravityError, NoDepthError, UnknownReferenceError: as ``measure``.
        InvalidValueError: unknown predicate or wrong number of objects.
    """
    ids = tuple(object_ids)
    if predicate not in PREDICATES:
        raise InvalidValueError(
            f"judge: got predicate '{predicate}', expected one of {sorted(PREDICATES)}"
        )
    if predicate in ("closer", "farther") and len(ids) > 2 and anchor_id is None:
        anchor_id = ids[-1]
        ids = ids[:-1]
    if len(ids) != PREDICATES[predicate]:
        raise InvalidValueError(
            f"{predicate}: got {len(ids)} objects {ids}, expected {PREDICATES[predicate]}"
        )
    if predicate in _THRESHOLDS:
        return _THRESHOLDS[predicate](scene, ids)
    verdict = _compare(scene, predicate, ids[0], ids[1], anchor_id)
    if predicate in ("over", "under") and verdict.outcome is not Outcome.FALSE:
        shared = _footprint_overlap(scene, ids[0], ids[1])
        if shared <= 0:
            return Verdict(predicate, Outcome.FALSE, ids, shared)
    return verdict


def compare_to(measurement: Measurement, threshold: float, relation: str) -> Verdict:
    """Compare a measurement with a value in its own SI unit.

    Args:
        measurement: what was measured.
        threshold: SI.
        relation: "more_than", "at_least" (TRUE when larger), "less_than", "at_most", "fits" (TRUE
            when smaller), "about" (TRUE within the margin or 5 %).

    Returns:
        Verdict; inside the margin (the interval, at least 1 mm) SAME; UNDECIDED where a one-sided
        bound leaves it open. "about" is TRUE or FALSE.
    """
    signs = {"more_than": 1, "at_least": 1, "less_than": -1, "at_most": -1, "fits": -1, "about": 0}
    if relation not in signs:
        raise InvalidValueError(
            f"compare_to: got relation '{relation}', expected one of {sorted(signs)}"
        )
    if not math.isfinite(threshold):
        raise InvalidValueError(f"compare_to: got threshold {threshold}, expected a finite number")
    m = measurement
    above = m.value - threshold
    if m.quantity == "direction":
        above = (above + 6.0) % 12.0 - 6.0
    floor = VALUE_MARGIN_M if m.unit == "m" else 0.0
    # the side of the interval that faces the threshold is what has to be clear of it
    margin = max(floor, m.value - m.lower if above > 0 else m.upper - m.value)
    if relation == "about":
        width = max(floor, SIZE_MARGIN * abs(threshold), 0.5 if m.unit == "clock" else 0.0)
        width = max(width, margin if math.isfinite(margin) else 0.0)
        outcome = Outcome.TRUE if abs(above) <= width else Outcome.FALSE
        return Verdict(relation, outcome, m.object_ids, width - abs(above), 0.0, (m,), m.bound)
    open_above = m.bound is Bound.AT_LEAST and m.lower <= threshold
    open_below = m.bound is Bound.AT_MOST and m.upper >= threshold
    if open_above or open_below:
        outcome = Outcome.UNDECIDED
    else:
        one_sided = m.bound is not Bound.EXACT  # then the bound itself clears the threshold
        outcome = _outcome(signs[relation] * above, 0.0 if one_sided else margin)
    shown = margin if math.isfinite(margin) else 0.0
    return Verdict(relation, outcome, m.object_ids, signs[relation] * above, shown, (m,), m.bound)


def rank(
    scene: Scene,
    key: str,
    candidate_ids: Sequence[str] | None = None,
    *,
    anchor_id: str | None = None,
) -> Ranking:
    """Order candidates by a comparative ("taller": the tallest first).

    Args:
        scene: exact or observed.
        key: one of ``COMPARATIVES``, or a size quantity (the largest first).
        candidate_ids: those to order; None means ``countable_ids``. The anchor never takes part.
        anchor_id: for closer/farther: nearest to this object instead of to the camera.

    Raises:
        InvalidValueError: unknown key or no candidate; else as ``judge``.
    """
    if key not in COMPARATIVES and key not in _SIZES:
        raise InvalidValueError(
            f"rank: got key '{key}', expected one of {sorted(COMPARATIVES | _SIZES)}"
        )
    named = countable_ids(scene) if candidate_ids is None else tuple(candidate_ids)
    ids = tuple(i for i in named if i != anchor_id)
    if not ids:
        raise InvalidValueError(f"rank by {key}: got no candidates, expected at least one")
    scores = {i: _score(scene, key, i, anchor_id) for i in ids}
    order = tuple(sorted(ids, key=lambda i: -scores[i].value))
    first = order[0]
    verdicts = {i: _decide(key, (first, i), scores[first], scores[i]) for i in order[1:]}
    open_ids = tuple(i for i, v in verdicts.items() if v.outcome is not Outcome.TRUE)
    if not open_ids:
        outcome = Outcome.TRUE
    elif any(verdicts[i].outcome is Outcome.UNDECIDED for i in open_ids):
        outcome = Outcome.UNDECIDED
    else:
        outcome = Outcome.SAME
    return Ranking(
        key,
        outcome,
        first if outcome is Outcome.TRUE else None,
        order,
        (first, *open_ids),
        _measured(scene, key, order, anchor_id),
        verdicts[order[1]].margin if len(order) > 1 else 0.0,
    )


def countable_ids(scene: Scene) -> tuple[str, ...]:
    """Objects that counts and superlatives take: no gripper, no passed region (the support is no
    object)."""
    return tuple(o.id for o in scene.objects if not o.is_gripper and not o.is_region)


def _compare(scene: Scene, predicate: str, a_id: str, b_id: str, anchor_id: str | None) -> Verdict:
    if predicate in _BY_RAY:
        return _compare_along_ray(scene, predicate, a_id, b_id)
    a, b = (_score(scene, predicate, i, anchor_id) for i in (a_id, b_id))
    verdict = _decide(predicate, (a_id, b_id), a, b)
    measured = _measured(scene, predicate, (a_id, b_id), anchor_id)
    return Verdict(
        predicate,
        verdict.outcome,
        (a_id, b_id) if anchor_id is None else (a_id, b_id, anchor_id),
        verdict.difference,
        verdict.margin,
        measured,
        verdict.bound,
    )


def _score(scene: Scene, key: str, object_id: str, anchor_id: str | None) -> RawEstimate:
    """What a comparative compares, signed so that more is better."""
    if key in _BY_CENTRE:
        require_gravity(scene, key)
        axis, sign, _ = _BY_CENTRE[key]
        raw = distances.centre_along(resolve(scene, object_id), axis)
    elif key in _BY_RAY:
        require_gravity(scene, key)
        body, camera = resolve(scene, object_id), scene.camera_position_m
        sign = _BY_RAY[key]
        raw = distances.along_ground_ray(body, camera, _ground_ray(body, camera)[0])
    elif key in ("closer", "farther") and anchor_id is not None:
        raw = estimate(scene, "surface_distance", (object_id, anchor_id))
        sign = 1 if key == "farther" else -1
    else:
        quantity, sign = _BY_QUANTITY.get(key, (key, 1))
        raw = estimate(scene, quantity, (object_id,))
    return raw if sign > 0 else raw.negated()


def _measured(
    scene: Scene, key: str, ids: tuple[str, ...], anchor_id: str | None
) -> tuple[Measurement, ...]:
    if key in ("closer", "farther") and anchor_id is not None:
        return tuple(measure(scene, "surface_distance", (i, anchor_id)) for i in ids)
    quantity = _BY_QUANTITY.get(key, (key, 1))[0]
    if quantity not in QUANTITY_UNITS:
        return ()
    return tuple(measure(scene, quantity, (i,)) for i in ids)


def _calibrated_as(key: str, *, anchored: bool = False) -> str:
    if key in _BY_CENTRE:
        return _BY_CENTRE[key][2]
    if key in _BY_RAY:
        return "horizontal_distance"
    if anchored:
        return "surface_distance"
    return _BY_QUANTITY.get(key, (key, 1))[0]


def _decide(key: str, ids: tuple[str, str], a: RawEstimate, b: RawEstimate) -> Verdict:
    """Verdict on a > b with the margins of docs/semantics.md."""
    quantity = _calibrated_as(key)
    floor = 0.0 if quantity == "volume" else LEAST_MARGIN_M
    if quantity in _SIZES:
        floor = max(floor, SIZE_MARGIN * max(abs(a.value), abs(b.value)))
    difference = a.minus(b)
    margin = max(floor, _half_interval(quantity, difference))
    outcome = _outcome(difference.value, margin)
    # sigma holds what may be unseen, so a difference beyond the margin is one all the same
    cut = difference.bound is not Bound.EXACT or difference.visibility >= Visibility.OCCLUDED
    if outcome is Outcome.SAME and cut and margin > floor:
        outcome = Outcome.UNDECIDED
    return Verdict(key, outcome, ids, difference.value, margin, (), difference.bound)


def _half_interval(quantity: str, difference: RawEstimate) -> float:
    """The side of the 95 % interval of a difference that faces zero."""
    below, above = calibration.factors(quantity, difference.visibility)
    if difference.value > 0:
        return below * difference.sigma_below
    return above * difference.sigma_above


def _outcome(difference: float, margin: float) -> Outcome:
    if difference > margin:
        return Outcome.TRUE
    return Outcome.FALSE if difference < -margin else Outcome.SAME


def _ground_ray(body: Body, camera_m: Array) -> tuple[Array, float]:
    """Unit ground direction from the camera to a body's centre, and how far that is."""
    ray = (body.box.centre_m - camera_m) * (1.0, 1.0, 0.0)
    reach = float(np.linalg.norm(ray))
    return (ray / reach if reach > 1e-9 else _X), reach


def _compare_along_ray(scene: Scene, predicate: str, a_id: str, b_id: str) -> Verdict:
    """In front / behind: both centres along the viewer's ground ray to the farther one."""
    require_gravity(scene, predicate)
    a, b = resolve(scene, a_id), resolve(scene, b_id)
    camera = scene.camera_position_m
    (ray_a, reach_a), (ray_b, reach_b) = _ground_ray(a, camera), _ground_ray(b, camera)
    ray = ray_a if reach_a >= reach_b else ray_b
    on_a = distances.along_ground_ray(a, camera, ray)
    on_b = distances.along_ground_ray(b, camera, ray)
    if _BY_RAY[predicate] < 0:
        on_a, on_b = on_a.negated(), on_b.negated()
    return _decide(predicate, (a_id, b_id), on_a, on_b)


def _footprint_overlap(scene: Scene, a_id: str, b_id: str) -> float:
    a, b = resolve(scene, a_id), resolve(scene, b_id)
    return overlap_m(a.solid.footprint_m, b.solid.footprint_m)


def _on(scene: Scene, ids: tuple[str, ...]) -> Verdict:
    """Direct support: footprints overlap, A's bottom within 15 mm of B's top (and noise).

    A foot that is hidden may be anywhere between where it was last seen and the support.
    """
    require_gravity(scene, "on")
    a, b = resolve(scene, ids[0]), resolve(scene, ids[1])
    shared = overlap_m(a.solid.footprint_m, b.solid.footprint_m)
    bottom, top = a.extent(_Z).lo, b.extent(_Z).hi
    gap = bottom.at_m - top.at_m
    noise = min(math.hypot(bottom.sigma_inward_m, top.sigma_inward_m), MOST_NOISE_M)
    if bottom.visibility is Visibility.OCCLUDED and gap < 0:
        gap = min(0.0, gap + 2.0 * bottom.sigma_inward_m)
    difference = min(shared, ON_TOLERANCE_M + noise - abs(gap))
    outcome = Outcome.TRUE if shared > 0 and difference >= 0 else Outcome.FALSE
    return Verdict("on", outcome, ids, difference)


def _inside(scene: Scene, ids: tuple[str, ...]) -> Verdict:
    """A's footprint lies in B's and A's centre between B's bottom and top (10 mm tolerance)."""
    require_gravity(scene, "inside")
    a, b = resolve(scene, ids[0]), resolve(scene, ids[1])
    rim = float(signed_distances(b.solid.footprint_m, a.solid.footprint_m).min())
    low, high = b.extent(_Z).lo.at_m, b.extent(_Z).hi.at_m
    centre = float(a.box.centre_m[2])
    bottom = a.extent(_Z).lo.at_m - low
    difference = min(rim + LEAST_MARGIN_M, bottom + LEAST_MARGIN_M, high - centre)
    outcome = Outcome.TRUE if difference >= 0 else Outcome.FALSE
    return Verdict("inside", outcome, ids, difference)


def _touching(scene: Scene, ids: tuple[str, ...]) -> Verdict:
    """Surface gap within 5 mm; of what was observed, a gap that noise cannot tell from contact
    counts as contact (things lie together far more often than a few millimetres apart)."""
    gap = measure(scene, "surface_distance", ids)
    noise = min(estimate(scene, "surface_distance", ids).sigma_above, MOST_NOISE_M)
    return _within("touching", ids, gap, TOUCHING_M + noise)


def _next_to(scene: Scene, ids: tuple[str, ...]) -> Verdict:
    """Surface gap under half the smaller object's length."""
    gap = measure(scene, "surface_distance", ids)
    lengths = [measure(scene, "length", (i,)) for i in ids]
    limit = min(m.value for m in lengths) / 2
    verdict = _within("next_to", ids, gap, limit)
    return Verdict(
        "next_to", verdict.outcome, ids, verdict.difference, 0.0, (gap, *lengths), verdict.bound
    )


def _within(name: str, ids: tuple[str, ...], gap: Measurement, limit_m: float) -> Verdict:
    difference = limit_m - gap.value
    outcome = Outcome.TRUE if difference >= -1e-9 else Outcome.FALSE
    if outcome is Outcome.FALSE and gap.bound is Bound.AT_MOST:
        outcome = Outcome.UNDECIDED
    return Verdict(name, outcome, ids, difference, 0.0, (gap,), gap.bound)


def _between(scene: Scene, ids: tuple[str, ...]) -> Verdict:
    """The first's centre lies inside the hull of the two others' footprints."""
    require_gravity(scene, "between")
    middle, a, b = (resolve(scene, i) for i in ids)
    hull = convex_hull(np.concatenate([a.solid.footprint_m, b.solid.footprint_m]))
    inside = float(signed_distances(hull, middle.box.centre_m[None, :2])[0])
    return Verdict("between", _outcome(inside, LEAST_MARGIN_M), ids, inside, LEAST_MARGIN_M)


_THRESHOLDS: dict[str, Callable[[Scene, tuple[str, ...]], Verdict]] = {
    "on": _on,
    "inside": _inside,
    "touching": _touching,
    "next_to": _next_to,
    "between": _between,
}
