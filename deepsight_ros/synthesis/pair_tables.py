"""Every quantity and comparison of a scene at once: a scene in, arrays over its objects out.

The same definitions as ``scene.measure`` and ``scene.predicates`` (a test holds the two equal),
measured once for all objects and pairs, so that thousands of questions cost one pass. Exact solids
go through numpy; observed shapes are estimated one by one and judged in arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import NoDepthError
from deepsight_ros.questions.ordering import COMPARED
from deepsight_ros.scene import calibration, distances, solids
from deepsight_ros.scene.estimate import RawEstimate, Visibility
from deepsight_ros.scene.measure import estimate, resolve
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.outline import overlap_m
from deepsight_ros.scene.predicates import LEAST_MARGIN_M, SIZE_MARGIN
from deepsight_ros.scene.solids import Solid

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.int8]

FALSE, SAME, TRUE, OPEN = -1, 0, 1, 2
"""Outcomes as numbers; OPEN: the view leaves it undecided."""
SINGLES = (
    "height", "top", "width", "depth", "length", "breadth", "grasp_width", "thickness",
    "diameter", "volume", "range",
)  # fmt: skip
PAIRS = (
    "surface_distance", "centre_distance", "mean_nearest_distance", "horizontal_distance",
    "vertical_distance", "direction",
)  # fmt: skip
LESSER = frozenset(
    {"shorter", "lower", "smaller", "narrower", "less_long", "thinner", "shallower", "closer"}
)
"""Comparatives that are true of the smaller value."""
SIZES = frozenset({"volume", "width", "height", "length", "thickness", "depth"})
AXES: dict[str, tuple[int, int]] = {
    "left_of": (1, 1),
    "right_of": (1, -1),
    "above": (2, 1),
    "below": (2, -1),
}
"""Predicates on the box centres: axis of G, sign."""
RAYS = {"in_front_of": -1, "behind": 1}
NO_UP = frozenset(
    {
        "surface_distance", "centre_distance", "mean_nearest_distance", "range", "closer",
        "farther", "touching", "count",
    }
)  # fmt: skip
"""Quantities and predicates that mean the same whichever way is up."""

_BOUNDS = {Bound.EXACT: 0, Bound.AT_LEAST: 1, Bound.AT_MOST: 2}
_OPPOSITE = np.array([0, 2, 1], dtype=np.int8)


@dataclass(frozen=True, eq=False)
class Values:
    """Numbers of one kind, all arrays of one shape.

    Attributes:
        value: SI; NaN where there is no depth.
        below, above: standard deviations of the truth lying below, above.
        visibility: ``Visibility`` as int.
        bound: 0 exact, 1 at least, 2 at most.
    """

    value: Array
    below: Array
    above: Array
    visibility: NDArray[np.int8]
    bound: NDArray[np.int8]

    @classmethod
    def exact(cls, value: Array) -> Values:
        zero, none = np.zeros(value.shape), np.zeros(value.shape, dtype=np.int8)
        return cls(value, zero, zero, none, none)

    @classmethod
    def of(cls, raw: list[RawEstimate], shape: tuple[int, ...]) -> Values:
        def array(get: Callable[[RawEstimate], float], kind: type) -> NDArray[np.generic]:
            return np.array([get(r) for r in raw], dtype=kind).reshape(shape)

        return cls(
            array(lambda r: r.value, np.float64),  # type: ignore[arg-type]
            array(lambda r: r.sigma_below, np.float64),  # type: ignore[arg-type]
            array(lambda r: r.sigma_above, np.float64),  # type: ignore[arg-type]
            array(lambda r: int(r.visibility), np.int8),  # type: ignore[arg-type]
            array(lambda r: _BOUNDS[r.bound], np.int8),  # type: ignore[arg-type]
        )

    def __getitem__(self, at: Any) -> Values:
        return Values(
            self.value[at], self.below[at], self.above[at], self.visibility[at], self.bound[at]
        )

    def interval(self, quantity: str) -> tuple[Array, Array]:
        """(lower, upper) of the 95 % interval, as ``calibration.interval``."""
        low, high = _factors(quantity)
        lower = self.value - low[self.visibility] * self.below
        upper = self.value + high[self.visibility] * self.above
        upper = np.where(self.bound == 1, np.inf, upper)
        lower = np.where(self.bound == 2, np.minimum(0.0, self.value), lower)
        if quantity != "direction":
            lower = np.maximum(lower, np.minimum(0.0, self.value))
        return lower, upper


@dataclass(frozen=True, eq=False)
class Comparison:
    """A comparative judged for every ordered pair.

    Attributes:
        difference: (N, N) positive speaks for TRUE.
        margin: (N, N) of the decision; ``nominal`` is the part that docs/semantics.md fixes.
        outcome: (N, N) codes; the diagonal is SAME.
    """

    difference: Array
    margin: Array
    nominal: Array
    outcome: Codes


class SceneTables:
    """Measures a scene lazily, each table once.

    Args:
        scene: exact or observed.
        ids: objects, in the order of the arrays.
    """

    def __init__(self, scene: Scene, ids: tuple[str, ...]) -> None:
        self.scene, self.ids = scene, ids
        self.count = len(ids)
        self._shapes = [scene.object(i).shape for i in ids]
        self._exact = all(isinstance(s, Solid) for s in self._shapes)
        self._values: dict[str, Values] = {}
        self._judged: dict[str, Comparison] = {}
        self._overlap: Array | None = None
        boxes = [s.box for s in self._shapes]
        self.size_m = np.array([b.size_m for b in boxes]).reshape(-1, 3)
        self.centre_m = np.array([b.centre_m for b in boxes]).reshape(-1, 3)

    # -- quantities ---------------------------------------------------------------------------

    def values(self, quantity: str) -> Values:
        """(N,) of a size or range, (N, N) of a distance or direction (hours, not rounded)."""
        found = self._values.get(quantity)
        if found is None:
            found = self._exact_values(quantity) if self._exact else self._estimated(quantity)
            self._values[quantity] = found
        return found

    def _estimated(self, quantity: str) -> Values:
        def one(*ids: str) -> RawEstimate:
            try:
                return estimate(self.scene, quantity, ids)
            except NoDepthError:
                return RawEstimate(float("nan"), visibility=Visibility.TRUNCATED)

        if quantity in SINGLES:
            return Values.of([one(i) for i in self.ids], (self.count,))
        nothing = RawEstimate(0.0)
        raw = [one(i, j) if i != j else nothing for i in self.ids for j in self.ids]
        return Values.of(raw, (self.count, self.count))

    def _exact_values(self, quantity: str) -> Values:
        if quantity in PAIRS:
            return Values.exact(self._exact_pairs(quantity))
        return Values.exact(self._exact_singles(quantity))

    def _exact_singles(self, quantity: str) -> Array:
        size = self.size_m
        flat = np.sort(size[:, :2], axis=1)
        if quantity == "height":
            return size[:, 2]
        if quantity == "top":
            top: Array = self.centre_m[:, 2] + size[:, 2] / 2
            return top
        if quantity in ("width", "depth"):
            axis = np.eye(3)[1 if quantity == "width" else 0]
            ends = [s.extent(axis) for s in self._shapes]  # type: ignore[attr-defined]
            return np.array([high - low for low, high in ends])
        if quantity == "length":
            longer: Array = flat[:, 1]
            return longer
        if quantity in ("breadth", "grasp_width"):
            shorter: Array = flat[:, 0]
            return shorter
        if quantity == "thickness":
            least: Array = size.min(axis=1, initial=np.inf)
            return least
        if quantity == "volume":
            volume: Array = size.prod(axis=1)
            return volume
        if quantity == "diameter":
            is_round = np.array([bool(s.is_round) for s in self._shapes])  # type: ignore[attr-defined]
            return np.where(is_round, self.values("width").value, flat[:, 1])
        camera = self.scene.camera_position_m
        return np.array([s.distances(camera[None])[0] for s in self._shapes])  # type: ignore[attr-defined]

    def _exact_pairs(self, quantity: str) -> Array:
        offset = self.centre_m[None, :] - self.centre_m[:, None]
        if quantity == "centre_distance":
            apart: Array = np.sqrt((offset**2).sum(axis=2))
            return apart
        if quantity == "horizontal_distance":
            flat: Array = np.hypot(offset[..., 0], offset[..., 1])
            return flat
        if quantity == "vertical_distance":
            rise: Array = np.abs(offset[..., 2])
            return rise
        if quantity == "direction":
            hours = np.degrees(np.arctan2(-offset[..., 1], offset[..., 0])) / 30.0 % 12.0
            level = np.hypot(offset[..., 0], offset[..., 1]) < 1e-6
            return np.where((hours > 0) & ~level, hours, 12.0)
        out = np.zeros((self.count, self.count))
        for i in range(self.count):
            for j in range(i + 1, self.count):
                if quantity == "surface_distance":
                    gap = solids.distance(self._shapes[i], self._shapes[j])[0]  # type: ignore[arg-type]
                else:
                    gap = estimate(self.scene, quantity, (self.ids[i], self.ids[j])).value
                out[i, j] = out[j, i] = gap
        return out

    # -- comparisons --------------------------------------------------------------------------

    def comparison(self, predicate: str) -> Comparison:
        """A comparative, left/right, above/below, in front/behind, for all ordered pairs."""
        found = self._judged.get(predicate)
        if found is None:
            found = self._compare(predicate)
            self._judged[predicate] = found
        return found

    def _compare(self, predicate: str) -> Comparison:
        if predicate in RAYS:
            return self._along_rays(RAYS[predicate])
        if predicate in AXES:
            axis, sign = AXES[predicate]
            quantity = "horizontal_distance" if axis == 1 else "vertical_distance"
            return decide(self.centres_along(np.eye(3)[axis]), quantity, sign)
        quantity = COMPARED[predicate]
        return decide(self.values(quantity), quantity, -1 if predicate in LESSER else 1)

    def centres_along(self, axis: Array) -> Values:
        """(N,) box centres along a direction."""
        if self._exact:
            return Values.exact(self.centre_m @ axis)
        raw = [distances.centre_along(resolve(self.scene, i), axis) for i in self.ids]
        return Values.of(raw, (self.count,))

    def nearer_to(self, third: int, sign: int) -> Comparison:
        """Which is farther from (``sign`` 1) or closer to (-1) an object, by surface distance."""
        return decide(self.values("surface_distance")[:, third], "surface_distance", sign)

    def _along_rays(self, sign: int) -> Comparison:
        camera = self.scene.camera_position_m
        ground = (self.centre_m - camera)[:, :2]
        reach = np.hypot(ground[:, 0], ground[:, 1])
        rays = np.where(
            reach[:, None] > 1e-9, ground / np.maximum(reach, 1e-9)[:, None], [1.0, 0.0]
        )
        first = reach[:, None] >= reach[None, :]
        which = np.where(first, np.arange(self.count)[:, None], np.arange(self.count)[None, :])
        if self._exact:
            along = Values.exact(ground @ rays.T)  # [object, ray]
        else:
            bodies = [resolve(self.scene, i) for i in self.ids]
            raw = [
                distances.along_ground_ray(body, camera, np.array([*ray, 0.0]))
                for body in bodies
                for ray in rays
            ]
            along = Values.of(raw, (self.count, self.count))
        at = np.arange(self.count)
        one, two = along[at[:, None], which], along[at[None, :], which]
        return _decided(one, two, "horizontal_distance", sign)

    @property
    def overlap(self) -> Array:
        """(N, N) ``overlap_m`` of the footprints; minus infinity where their boxes are apart by
        more than 5 cm, which every use reads as apart."""
        if self._overlap is None:
            prints = [resolve(self.scene, i).solid.footprint_m for i in self.ids]
            low = np.array([p.min(axis=0) for p in prints]).reshape(-1, 2)
            high = np.array([p.max(axis=0) for p in prints]).reshape(-1, 2)
            apart = np.maximum(low[None] - high[:, None], low[:, None] - high[None]).max(axis=2)
            found = np.full((self.count, self.count), -np.inf)
            for i, j in np.argwhere(np.triu(apart <= FAR_APART_M, 1)):
                found[i, j] = found[j, i] = overlap_m(prints[i], prints[j])
            self._overlap = found
        return self._overlap


FAR_APART_M = 0.05


def decide(values: Values, quantity: str, sign: int) -> Comparison:
    """Compare (N,) values with each other under the margins of docs/semantics.md."""
    return _decided(values[:, None], values[None, :], quantity, sign)


def _decided(one: Values, two: Values, quantity: str, sign: int) -> Comparison:
    if sign < 0:
        one, two = two, one
    difference = one.value - two.value
    floor = np.full(difference.shape, 0.0 if quantity == "volume" else LEAST_MARGIN_M)
    if quantity in SIZES:
        largest = np.maximum(np.abs(one.value), np.abs(two.value))
        floor = np.maximum(floor, SIZE_MARGIN * largest)
    visibility = np.maximum(one.visibility, two.visibility)
    low, high = _factors(quantity)
    half = np.where(
        difference > 0,
        low[visibility] * np.hypot(one.below, two.above),
        high[visibility] * np.hypot(one.above, two.below),
    )
    margin = np.maximum(floor, half)
    outcome = np.where(difference > margin, TRUE, np.where(difference < -margin, FALSE, SAME))
    against = _OPPOSITE[two.bound]
    # both pull the same way, or only one is open
    bound = np.where(one.bound == against, one.bound, np.where(one.bound == 0, against, 0))
    bound = np.where((one.bound != 0) & (against == 0), one.bound, bound)
    is_open = (
        ((outcome == TRUE) & (bound == 2))
        | ((outcome == FALSE) & (bound == 1))
        | ((outcome == SAME) & (visibility >= int(Visibility.OCCLUDED)))
        | ~np.isfinite(difference)
    )
    return Comparison(difference, margin, floor, np.where(is_open, OPEN, outcome).astype(np.int8))


def _factors(quantity: str) -> tuple[Array, Array]:
    both = [calibration.factors(quantity, v) for v in Visibility]
    return np.array([low for low, _ in both]), np.array([high for _, high in both])
