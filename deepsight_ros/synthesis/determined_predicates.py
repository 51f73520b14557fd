"""Determined predicates: the outcome that truth and the visible surface agree on, or None.

Same rule as `determined`: the difference a predicate rests on, taken from the visible surface, is
within 5 % or 5 mm of the true difference, and the truth is farther than that from its margin.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.outline import convex_hull, overlap_m, signed_distances
from deepsight_ros.scene.verdict import Outcome
from deepsight_ros.synthesis.determined import (
    ABSOLUTE_M,
    RELATIVE,
    VisibleScene,
    gap_is_determined,
    tolerance,
    visible_value,
)

Array = NDArray[np.float64]

MARGIN_M = 0.010
TOUCHING_M, ON_M = 0.005, 0.015

BY_SIZE = {
    "bigger": ("volume", 1),
    "smaller": ("volume", -1),
    "wider": ("width", 1),
    "narrower": ("width", -1),
    "taller": ("height", 1),
    "shorter": ("height", -1),
    "longer": ("length", 1),
    "thicker": ("thickness", 1),
    "thinner": ("thickness", -1),
}
BY_PLACE = {
    "higher": ("top", 1),
    "lower": ("top", -1),
    "farther": ("range", 1),
    "closer": ("range", -1),
}
BY_AXIS = {"left_of": (1, 1), "right_of": (1, -1), "above": (2, 1), "below": (2, -1)}


class Geometry(Protocol):
    """Either the truth or what is visible of it."""

    def value(self, quantity: str, ids: tuple[str, ...]) -> float: ...

    def centre(self, thing_id: str) -> Array: ...

    def footprint(self, thing_id: str) -> Array: ...

    def span(self, thing_id: str) -> tuple[float, float]:
        """(bottom, top) along z."""
        ...

    def overlap_m(self, a_id: str, b_id: str) -> float:
        """``outline.overlap_m`` of the footprints."""
        ...


class _Overlaps:
    """Keeps the overlap of footprints for both orders of a pair."""

    def __init__(self, footprint: Callable[[str], Array]) -> None:
        self._footprint = footprint
        self._known: dict[tuple[str, str], float] = {}

    def __call__(self, a_id: str, b_id: str) -> float:
        if (a_id, b_id) not in self._known:
            shared = overlap_m(self._footprint(a_id), self._footprint(b_id))
            self._known[a_id, b_id] = self._known[b_id, a_id] = shared
        return self._known[a_id, b_id]


class TrueGeometry:
    """Full solids."""

    def __init__(self, truth: Scene) -> None:
        self._truth = truth
        self._known: dict[tuple[str, tuple[str, ...]], float] = {}
        self._spans: dict[str, tuple[float, float]] = {}
        self.overlap_m = _Overlaps(self.footprint)

    def value(self, quantity: str, ids: tuple[str, ...]) -> float:
        if (quantity, ids) not in self._known:
            self._known[quantity, ids] = measure(self._truth, quantity, ids).value
        return self._known[quantity, ids]

    def centre(self, thing_id: str) -> Array:
        return self._truth.object(thing_id).box.centre_m

    def footprint(self, thing_id: str) -> Array:
        shape = self._truth.object(thing_id).shape
        return shape.footprint_m  # type: ignore[attr-defined, no-any-return]

    def span(self, thing_id: str) -> tuple[float, float]:
        if thing_id not in self._spans:
            box = self._truth.object(thing_id).box
            half = float(box.size_m[2]) / 2
            self._spans[thing_id] = float(box.centre_m[2]) - half, float(box.centre_m[2]) + half
        return self._spans[thing_id]


class VisibleGeometry:
    """The visible surfaces alone; what was asked once is kept."""

    def __init__(self, seen: VisibleScene) -> None:
        self._seen = seen
        self._values: dict[tuple[str, tuple[str, ...]], float] = {}
        self._footprints: dict[str, Array] = {}
        self._gaps: dict[tuple[str, str], bool] = {}
        self.overlap_m = _Overlaps(self.footprint)

    def value(self, quantity: str, ids: tuple[str, ...]) -> float:
        if (quantity, ids) not in self._values:
            self._values[quantity, ids] = visible_value(self._seen, quantity, ids)
        return self._values[quantity, ids]

    def centre(self, thing_id: str) -> Array:
        return self._seen.things[thing_id].centre_m

    def footprint(self, thing_id: str) -> Array:
        if thing_id not in self._footprints:
            points = self._seen.things[thing_id].points_m
            self._footprints[thing_id] = convex_hull(points[:, :2])
        return self._footprints[thing_id]

    def span(self, thing_id: str) -> tuple[float, float]:
        thing = self._seen.things[thing_id]
        return float(thing.low_m[2]), float(thing.high_m[2])

    def shows_gap(self, a_id: str, b_id: str, gap_m: float) -> bool:
        """Whether the surface distance of two things, ``gap_m`` in truth, is determined."""
        if (a_id, b_id) not in self._gaps:
            known = gap_is_determined(self._seen, a_id, b_id, gap_m)
            self._gaps[a_id, b_id] = self._gaps[b_id, a_id] = known
        return self._gaps[a_id, b_id]


def settled(
    seen: VisibleScene,
    truth: Scene,
    predicate: str,
    ids: tuple[str, ...],
    real: TrueGeometry | None = None,
    visible: VisibleGeometry | None = None,
) -> Outcome | None:
    """TRUE, FALSE or SAME where this view settles the predicate, else None.

    ``closer`` and ``farther`` with a third id are about the surface distance to it.
    """
    if any(i not in seen.things for i in ids):
        return None
    real, visible = real or TrueGeometry(truth), visible or VisibleGeometry(seen)
    if predicate == "touching":
        return _settled_touching(real, visible, ids)
    if predicate == "next_to":
        return _settled_next_to(real, visible, ids)
    if predicate in ("on", "between", "inside"):
        return _settled_threshold(predicate, real, visible, ids)
    if predicate in ("over", "under"):
        return _settled_over(predicate, real, visible, ids)
    if len(ids) == 3 and not all(
        visible.shows_gap(i, ids[2], real.value("surface_distance", (i, ids[2]))) for i in ids[:2]
    ):
        return None
    return _settled_difference(predicate, real, visible, ids)


def true_outcome(
    truth: Scene, predicate: str, ids: tuple[str, ...], real: TrueGeometry | None = None
) -> Outcome:
    """The outcome for the full solids, with the margins of docs/semantics.md."""
    real = real or TrueGeometry(truth)
    if predicate in ("touching", "next_to", "on", "inside"):
        return Outcome.TRUE if slack(real, predicate, ids) >= 0 else Outcome.FALSE
    if predicate == "between":
        return _side(slack(real, predicate, ids), MARGIN_M)
    if predicate in ("over", "under"):
        first = _side(difference(real, "above" if predicate == "over" else "below", ids), MARGIN_M)
        apart = real.overlap_m(ids[0], ids[1]) <= 0
        return Outcome.FALSE if apart else first
    gap, margin = difference(real, predicate, ids), _margin(real, predicate, ids)
    return _side(gap, margin)


def _side(difference_m: float, margin_m: float) -> Outcome:
    if abs(difference_m) <= margin_m:
        return Outcome.SAME
    return Outcome.TRUE if difference_m > 0 else Outcome.FALSE


def difference(geometry: Geometry, predicate: str, ids: tuple[str, ...]) -> float:
    """The signed number a comparison rests on; positive speaks for TRUE."""
    a, b = ids[0], ids[1]
    if predicate in BY_AXIS:
        axis, sign = BY_AXIS[predicate]
        return sign * float(geometry.centre(a)[axis] - geometry.centre(b)[axis])
    if predicate in ("in_front_of", "behind"):
        at_a, at_b = geometry.centre(a)[:2], geometry.centre(b)[:2]  # the camera is at x = y = 0
        farther = at_a if np.hypot(*at_a) >= np.hypot(*at_b) else at_b
        ray = farther / np.hypot(*farther)
        ahead = float((at_b - at_a) @ ray)
        return ahead if predicate == "in_front_of" else -ahead
    if len(ids) == 3:
        nearer = geometry.value("surface_distance", (b, ids[2])) - geometry.value(
            "surface_distance", (a, ids[2])
        )
        return nearer if predicate == "closer" else -nearer
    quantity, sign = {**BY_SIZE, **BY_PLACE}[predicate]
    return sign * (geometry.value(quantity, (a,)) - geometry.value(quantity, (b,)))


def _margin(geometry: Geometry, predicate: str, ids: tuple[str, ...]) -> float:
    if predicate not in BY_SIZE:
        return MARGIN_M
    quantity = BY_SIZE[predicate][0]
    larger = max(geometry.value(quantity, (i,)) for i in ids[:2])
    return RELATIVE * larger if quantity == "volume" else max(MARGIN_M, RELATIVE * larger)


def _settled_difference(
    predicate: str, real: Geometry, visible: Geometry, ids: tuple[str, ...]
) -> Outcome | None:
    true, seen = difference(real, predicate, ids), difference(visible, predicate, ids)
    margin = _margin(real, predicate, ids)
    allowed = tolerance(true)
    if BY_SIZE.get(predicate, ("", 0))[0] == "volume":
        allowed = margin  # 5 % of the larger
    if abs(seen - true) > allowed or abs(abs(true) - margin) <= allowed:
        return None
    return _side(true, margin)


def slack(geometry: Geometry, predicate: str, ids: tuple[str, ...]) -> float:
    """How far a threshold predicate is inside (positive) or outside its threshold, in metres."""
    if predicate == "touching":
        return TOUCHING_M - geometry.value("surface_distance", ids)
    if predicate == "next_to":
        shorter = min(geometry.value("length", (i,)) for i in ids)
        return shorter / 2 - geometry.value("surface_distance", ids)
    first = geometry.footprint(ids[0])
    if predicate == "on":
        bottom, top = geometry.span(ids[0])[0], geometry.span(ids[1])[1]
        return min(geometry.overlap_m(ids[0], ids[1]), ON_M - abs(bottom - top))
    if predicate == "inside":
        rim = float(signed_distances(geometry.footprint(ids[1]), first).min())
        low, high = geometry.span(ids[1])
        return min(
            rim + MARGIN_M,
            geometry.span(ids[0])[0] - low + MARGIN_M,
            high - float(geometry.centre(ids[0])[2]),
        )
    hull = convex_hull(np.concatenate([geometry.footprint(ids[1]), geometry.footprint(ids[2])]))
    return float(signed_distances(hull, geometry.centre(ids[0])[None, :2])[0])


def _settled_threshold(
    predicate: str, real: Geometry, visible: Geometry, ids: tuple[str, ...]
) -> Outcome | None:
    true, seen = slack(real, predicate, ids), slack(visible, predicate, ids)
    margin = MARGIN_M if predicate == "between" else 0.0
    allowed = tolerance(true)
    if abs(abs(true) - margin) <= allowed or (true > 0) != (seen > 0):
        return None
    if predicate == "between" and abs(seen - true) > allowed:
        return None
    return _side(true, margin)


def _settled_touching(
    real: Geometry, visible: VisibleGeometry, ids: tuple[str, ...]
) -> Outcome | None:
    gap = real.value("surface_distance", ids)
    if 0.003 < gap <= TOUCHING_M + ABSOLUTE_M:  # within 5 mm of the threshold either may be read
        return None
    if not visible.shows_gap(ids[0], ids[1], gap):
        return None
    return Outcome.TRUE if gap <= TOUCHING_M else Outcome.FALSE


def _settled_next_to(
    real: Geometry, visible: VisibleGeometry, ids: tuple[str, ...]
) -> Outcome | None:
    true = slack(real, "next_to", ids)
    if abs(true) <= tolerance(true):
        return None
    gap = real.value("surface_distance", ids)
    if not visible.shows_gap(ids[0], ids[1], gap):
        return None
    length = min(visible.value("length", (i,)) for i in ids)
    agreed = (length / 2 > gap) == (true > 0)
    return (Outcome.TRUE if true > 0 else Outcome.FALSE) if agreed else None


def _settled_over(
    predicate: str, real: Geometry, visible: Geometry, ids: tuple[str, ...]
) -> Outcome | None:
    a, b = ids[0], ids[1]
    shared = real.overlap_m(a, b)
    seen = visible.overlap_m(a, b)
    if abs(shared) <= ABSOLUTE_M or (shared > 0) != (seen > 0):
        return None
    if shared < 0:
        return Outcome.FALSE
    return _settled_difference("above" if predicate == "over" else "below", real, visible, ids)
