"""What one view determines, for all objects of a scene at once: the rule of ``determined`` in
arrays.

In: tables of the truth and the visible surfaces. Out: masks over objects and pairs. Comparisons
and extents go through numpy; gaps and threshold predicates ask the rule pair by pair, once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions.ordering import COMPARED
from deepsight_ros.scene.verdict import Outcome
from deepsight_ros.synthesis.determined import (
    ABSOLUTE_M,
    HOUR_TOLERANCE,
    RELATIVE,
    VisibleScene,
    is_determined,
)
from deepsight_ros.synthesis.determined_predicates import TrueGeometry, VisibleGeometry, settled
from deepsight_ros.synthesis.pair_tables import (
    AXES,
    FALSE,
    FAR_APART_M,
    LESSER,
    OPEN,
    RAYS,
    SAME,
    SINGLES,
    TRUE,
    Comparison,
    SceneTables,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.int8]
_CODES = {Outcome.TRUE: TRUE, Outcome.FALSE: FALSE, Outcome.SAME: SAME}


def tolerances(values: Array) -> Array:
    """5 % or 5 mm, the larger."""
    return np.maximum(RELATIVE * np.abs(values), ABSOLUTE_M)


class SeenTables:
    """Masks of what the view determines.

    Args:
        tables: of the truth.
        seen: visible surfaces of the same objects.
    """

    def __init__(self, tables: SceneTables, seen: VisibleScene) -> None:
        self._tables, self._seen = tables, seen
        self.visible: Mask = np.array([i in seen.things for i in tables.ids], dtype=bool)
        self._real, self._visible = _TabledGeometry(tables), VisibleGeometry(seen)
        self._numbers: dict[str, Array] = {}
        count = tables.count
        self._centre = np.full((count, 3), np.nan)
        low, high = np.full((count, 2), np.nan), np.full((count, 2), np.nan)
        for k, i in enumerate(tables.ids):
            if i in seen.things:
                thing = seen.things[i]
                self._centre[k] = thing.centre_m
                low[k], high[k] = thing.low_m[:2], thing.high_m[:2]
        with np.errstate(invalid="ignore"):
            apart = np.maximum(low[None] - high[:, None], low[:, None] - high[None]).max(axis=2)
            self._far: Mask = (apart > FAR_APART_M) & ~np.isfinite(tables.overlap)

    def _singles(self, quantity: str) -> Array:
        found = self._numbers.get(quantity)
        if found is None:
            things, ids = self._seen.things, self._tables.ids
            found = np.array(
                [self._visible.value(quantity, (i,)) if i in things else np.nan for i in ids]
            )
            self._numbers[quantity] = found
        return found

    def quantity(self, quantity: str) -> Mask:
        """Whether the view gives the number within 5 % or 5 mm: (N,), or (N, N) of two objects.

        Gaps are asked one by one (``gap``): they cost the most.
        """
        true = self._tables.values(quantity).value
        if quantity in SINGLES:
            found = self._singles(quantity)
            allowed = RELATIVE * true if quantity == "volume" else tolerances(true)
        elif quantity == "mean_nearest_distance":
            return self._mean_nearest(true)
        else:
            found = self._apart(quantity)
            allowed = tolerances(true)
        with np.errstate(invalid="ignore"):
            off = np.abs(found - true)
            if quantity == "direction":
                off, allowed = (
                    np.abs((found - true + 6) % 12 - 6),
                    np.full_like(true, HOUR_TOLERANCE),
                )
            near: Mask = off <= allowed
        return near

    def _apart(self, quantity: str) -> Array:
        offset = self._centre[None, :] - self._centre[:, None]
        if quantity == "direction":
            hours: Array = (-np.degrees(np.arctan2(offset[..., 1], offset[..., 0])) / 30.0) % 12
            return hours
        axes = {
            "centre_distance": [0, 1, 2],
            "horizontal_distance": [0, 1],
            "vertical_distance": [2],
        }[quantity]
        apart: Array = np.sqrt((offset[..., axes] ** 2).sum(axis=2))
        return apart

    def bearing(self) -> Mask:
        """(N,) whether the view gives the clock direction from the camera within 3 degrees."""
        camera = self._tables.scene.camera_position_m
        true, seen = self._tables.centre_m - camera, self._centre - camera
        turn = np.arctan2(true[:, 1], true[:, 0]) - np.arctan2(seen[:, 1], seen[:, 0])
        with np.errstate(invalid="ignore"):
            hours = np.abs((np.degrees(turn) / 30.0 + 6) % 12 - 6)
            near: Mask = hours <= HOUR_TOLERANCE
        return near

    def _mean_nearest(self, true: Array) -> Mask:
        out = np.zeros(true.shape, dtype=bool)
        ids = self._tables.ids
        for i in range(len(ids)):
            for j in range(i + 1, len(ids)):
                if self.visible[i] and self.visible[j]:
                    found = self._visible.value("mean_nearest_distance", (ids[i], ids[j]))
                    out[i, j] = out[j, i] = abs(found - true[i, j]) <= tolerances(true[i, j])
        return out

    def gap(self, i: int, j: int) -> bool:
        """Whether the view gives the surface distance of two objects."""
        if not (self.visible[i] and self.visible[j]):
            return False
        gap = float(self._tables.values("surface_distance").value[i, j])
        return self._visible.shows_gap(self._tables.ids[i], self._tables.ids[j], gap)

    def gaps(self) -> Mask:
        """(N, N) of ``gap``."""
        out = np.zeros((self._tables.count, self._tables.count), dtype=bool)
        for i in range(len(out)):
            for j in range(i + 1, len(out)):
                out[i, j] = out[j, i] = self.gap(i, j)
        return out

    def shows_way(self, ids: tuple[str, ...], way_m: float) -> bool:
        """Whether what ends the free space ahead is in view."""
        return is_determined(self._seen, self._tables.scene, "free_space", ids, way_m)

    def comparison(self, predicate: str) -> Mask:
        """(N, N) whether the view settles a comparative (not on gaps)."""
        true = self._tables.comparison(predicate)
        if predicate in RAYS:
            seen = self._along_rays(RAYS[predicate])
        elif predicate in AXES:
            axis, sign = AXES[predicate]
            seen = sign * (self._centre[:, None, axis] - self._centre[None, :, axis])
        else:
            numbers = self._singles(COMPARED[predicate])
            sign = -1 if predicate in LESSER else 1
            seen = sign * (numbers[:, None] - numbers[None, :])
        by_volume = COMPARED.get(predicate) == "volume"
        return _settles(true, seen, allowed=true.nominal if by_volume else None)

    def _along_rays(self, sign: int) -> Array:
        at = self._centre[:, :2]  # the camera is at x = y = 0
        reach = np.hypot(at[:, 0], at[:, 1])
        ray = at / np.maximum(reach, 1e-9)[:, None]
        along = at @ ray.T
        first = reach[:, None] >= reach[None, :]
        here = np.arange(len(at))
        which = np.where(first, here[:, None], here[None, :])
        difference: Array = sign * (along[here[:, None], which] - along[here[None, :], which])
        return difference

    def threshold(self, predicate: str, ids: tuple[int, ...]) -> int:
        """Code of "on", "inside", "touching", "next_to", "over", "under", "between" for one pair
        or triple, OPEN where the view leaves it open."""
        if not all(self.visible[i] for i in ids):
            return OPEN
        if predicate in ("on", "inside", "over", "under") and self._far[ids[0], ids[1]]:
            return FALSE
        names = tuple(self._tables.ids[i] for i in ids)
        outcome = settled(
            self._seen, self._tables.scene, predicate, names, self._real, self._visible
        )
        return OPEN if outcome is None else _CODES[outcome]


class _TabledGeometry(TrueGeometry):
    """The truth with what the tables have measured already."""

    def __init__(self, tables: SceneTables) -> None:
        super().__init__(tables.scene)
        self._tables = tables
        self._at = {i: k for k, i in enumerate(tables.ids)}

    def value(self, quantity: str, ids: tuple[str, ...]) -> float:
        if quantity in SINGLES or quantity == "surface_distance":
            at = tuple(self._at[i] for i in ids)
            return float(self._tables.values(quantity).value[at])
        return super().value(quantity, ids)


def _settles(true: Comparison, seen: Array, allowed: Array | None = None) -> Mask:
    """The visible difference is the true one, and that is clear of its margin."""
    allowed = tolerances(true.difference) if allowed is None else allowed
    with np.errstate(invalid="ignore"):
        agrees = np.abs(seen - true.difference) <= allowed
    clear: Mask = np.abs(np.abs(true.difference) - true.nominal) > allowed
    return agrees & clear
