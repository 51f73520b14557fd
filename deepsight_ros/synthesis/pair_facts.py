"""What may be asked of a sample: tables of its scene, and masks of what the view determines.

In: a sample. Out: ``Facts``, the one place that knows which numbers and outcomes hold up: the rule
of ``determined`` where the truth is known, the 95 % intervals where only perception is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.questions.ordering import COMPARED
from deepsight_ros.scene.measure import CAMERA_ID, estimate
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import Outcome
from deepsight_ros.synthesis.determined import HOUR_TOLERANCE, visible_surfaces
from deepsight_ros.synthesis.pair_seen import SeenTables
from deepsight_ros.synthesis.pair_tables import (
    FALSE,
    NO_UP,
    OPEN,
    SAME,
    SINGLES,
    TRUE,
    Comparison,
    SceneTables,
    Values,
)
from deepsight_ros.synthesis.samples import Sample

if TYPE_CHECKING:
    from deepsight_ros.synthesis.pair_free import Way
    from deepsight_ros.synthesis.pair_groups import Groups

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.int8]

LOOSEST = 0.08
"""A measured number is asked for when its 95 % interval reaches at most this share (or 8 mm) to
either side."""
LEAST_M = 0.008
_SIGMAS = 2.0
THRESHOLDS = ("on", "inside", "touching", "next_to", "over", "under")
_CODES = {
    Outcome.TRUE: TRUE,
    Outcome.FALSE: FALSE,
    Outcome.SAME: SAME,
    Outcome.UNDECIDED: OPEN,
}


class Facts:
    """Measured once, asked many times.

    Attributes:
        items, ids, count: what can be asked about, in the order of all arrays.
        families: object id -> shape family, where the source tells.
        mover: id of the gripper's body, "" without one.
        groups: what is counted (``pair_groups``), found by the first type that counts.
        ways: free space of the gripper (False) and of a robot (True), likewise (``pair_free``).

    Args:
        sample: what is asked about. Where it carries exact truth and the noise-free surface, what
            the view determines is decided from these alone; answers come from ``sample.scene``.
    """

    def __init__(self, sample: Sample) -> None:
        scene = sample.scene
        self.sample, self.scene = sample, scene
        self.items = tuple(o for o in scene.objects if not o.is_region)
        self.ids = tuple(o.id for o in self.items)
        self.count = len(self.ids)
        self.tables = SceneTables(scene, self.ids)
        self.knows_up = scene.up is not UpSource.UNKNOWN
        self._numbers: dict[str, tuple[Values, Mask]] = {}
        self._outcomes: dict[str, tuple[Comparison, Codes]] = {}
        self._nearer: dict[tuple[int, int], Codes] = {}
        families = sample.provenance.get("families")
        self.families: Mapping[str, str] = families if isinstance(families, Mapping) else {}
        self.mover = scene.gripper.object_id if scene.gripper is not None else ""
        self.groups: Groups | None = None
        self.ways: dict[bool, Way | None] = {}
        self.seen = self._seen()
        if self.seen is not None:
            self.visible: Mask = self.seen.visible
        else:
            self.visible = np.array(
                [o.box_px is not None or o.mask is not None for o in self.items]
            )
            self.visible |= np.full(self.count, sample.instance_id is None)

    def _seen(self) -> SeenTables | None:
        sample, truth = self.sample, self.sample.truth
        if truth is None or sample.surface_m is None or sample.instance_id is None:
            return None
        if any(i not in {o.id for o in truth.objects} for i in self.ids):
            return None
        order = [o.id for o in sample.scene.objects]
        by_number = sample.instance_id
        if [o.id for o in truth.objects] != order:
            number = {o.id: k + 1 for k, o in enumerate(truth.objects)}
            lookup = np.array([0, *(number.get(i, 0) for i in order)], dtype=np.int16)
            by_number = lookup[np.maximum(by_number, 0)]
        surfaces = visible_surfaces(sample.surface_m, by_number, sample.frame.camera, truth)
        tables = self.tables if truth is sample.scene else SceneTables(truth, self.ids)
        return SeenTables(tables, surfaces)

    def can_ask(self, key: str) -> bool:
        """Elevation and everything else that rests on gravity needs a known up."""
        return self.knows_up or key in NO_UP

    # -- numbers ------------------------------------------------------------------------------

    def number(self, quantity: str) -> tuple[Values, Mask]:
        """Values and where they may be asked for: (N,) or (N, N)."""
        if quantity not in self._numbers:
            self._numbers[quantity] = self._number(quantity)
        return self._numbers[quantity]

    def _number(self, quantity: str) -> tuple[Values, Mask]:
        values = self.tables.values(quantity)
        good = np.isfinite(values.value) & (values.bound == 0)
        visible = self.visible
        good &= visible if quantity in SINGLES else visible[:, None] & visible[None, :]
        if self.seen is not None:
            known = self.seen.gaps() if quantity == "surface_distance" else None
            good &= self.seen.quantity(quantity) if known is None else known
        lower, upper = values.interval(quantity)
        reach = np.maximum(values.value - lower, upper - values.value)
        if quantity == "direction":
            edge = np.abs((values.value - 0.5) % 1.0)
            clear = np.minimum(edge, 1.0 - edge)
            good &= clear > np.maximum(HOUR_TOLERANCE, reach)
        else:
            good &= reach <= np.maximum(LOOSEST * np.abs(values.value), LEAST_M)
        if quantity not in SINGLES:
            np.fill_diagonal(good, False)
        return values, good

    @cached_property
    def camera_hours(self) -> tuple[Array, Mask]:
        """(N,) clock direction from the camera, and where it is clear of the border of an hour."""
        hours, good = np.zeros(self.count), np.zeros(self.count, dtype=bool)
        for k, i in enumerate(self.ids):
            raw = estimate(self.scene, "direction", (CAMERA_ID, i))
            edge = abs((raw.value - 0.5) % 1.0)
            hours[k] = raw.value
            good[k] = min(edge, 1.0 - edge) > max(HOUR_TOLERANCE, _SIGMAS * raw.sigma)
        if self.seen is not None:
            good &= self.seen.bearing()
        return hours, good & self.visible

    # -- outcomes -----------------------------------------------------------------------------

    @cached_property
    def noise_m(self) -> Array:
        """(N,) what one reading of the sensor is off by at each object, 0 for a perfect one; the
        floor under every comparison whose answer was not itself measured with that sensor."""
        sensor = str(self.sample.provenance.get("sensor", ""))
        if sensor not in FAMILIES or not self.scene.is_exact:
            return np.zeros(self.count)
        reach = self.tables.values("range").value
        sigma: Array = _SIGMAS * np.asarray(FAMILIES[sensor].sigma_m(reach), dtype=np.float64)
        return sigma

    def outcomes(self, predicate: str) -> tuple[Comparison, Codes]:
        """A comparative for all pairs; OPEN where it may not be asked."""
        if predicate not in self._outcomes:
            self._outcomes[predicate] = self._judged(predicate)
        return self._outcomes[predicate]

    def _judged(self, predicate: str) -> tuple[Comparison, Codes]:
        found = self.tables.comparison(predicate)
        outcome = np.where(self.visible[:, None] & self.visible[None, :], found.outcome, OPEN)
        if self.seen is not None:
            outcome = np.where(self.seen.comparison(predicate), outcome, OPEN)
        outcome = self._firm(found, outcome, by_volume=COMPARED.get(predicate) == "volume")
        np.fill_diagonal(outcome, OPEN)
        return found, outcome

    def nearer(self, third: int, sign: int) -> Codes:
        """(N, N) which of two is farther from (1), closer to (-1) a third object."""
        if (third, sign) not in self._nearer:
            self._nearer[third, sign] = self._judged_nearer(third, sign)
        return self._nearer[third, sign]

    def _judged_nearer(self, third: int, sign: int) -> Codes:
        found = self.tables.nearer_to(third, sign)
        known = self.visible.copy()
        known[third] = False
        outcome = np.where(known[:, None] & known[None, :], found.outcome, OPEN)
        if self.seen is not None:
            gaps = np.array([j != third and self.seen.gap(j, third) for j in range(self.count)])
            outcome = np.where(gaps[:, None] & gaps[None, :], outcome, OPEN)
            allowed = np.maximum(0.05 * np.abs(found.difference), 0.005)
            near = np.abs(np.abs(found.difference) - found.nominal) <= allowed
            outcome = np.where(near, OPEN, outcome)
        outcome = self._firm(found, outcome, by_volume=False)
        np.fill_diagonal(outcome, OPEN)
        return outcome

    def _firm(self, found: Comparison, outcome: Codes, *, by_volume: bool) -> Codes:
        """OPEN where noise could flip the outcome, or blurs what "about the same" means."""
        wide = (outcome == SAME) & (found.margin > 2 * np.maximum(found.nominal, 1e-9))
        if not by_volume:
            slack = np.hypot(self.noise_m[:, None], self.noise_m[None, :])
            wide |= (np.abs(np.abs(found.difference) - found.nominal) <= slack) & (slack > 0)
        return np.where(wide, OPEN, outcome).astype(np.int8)

    @cached_property
    def relations(self) -> dict[str, Codes]:
        """Predicate of ``THRESHOLDS`` -> (N, N) codes, OPEN where it may not be asked."""
        out = {}
        for predicate in THRESHOLDS:
            if not self.can_ask(predicate) or (predicate == "next_to" and not self.knows_up):
                continue
            codes = np.full((self.count, self.count), OPEN, dtype=np.int8)
            for i, j in np.argwhere(~np.eye(self.count, dtype=bool)).tolist():
                if predicate in ("touching", "next_to") and j < i:
                    codes[i, j] = codes[j, i]
                elif self.visible[i] and self.visible[j]:
                    codes[i, j] = self.threshold(predicate, (i, j))
            out[predicate] = codes
        return out

    def threshold(self, predicate: str, at: tuple[int, ...]) -> int:
        """Code of a threshold predicate or of "between" for one pair or triple."""
        if self.seen is not None:
            settled = self.seen.threshold(predicate, at)
            if settled == OPEN or self.sample.scene is self.sample.truth:
                return settled
        verdict = judge(self.scene, predicate, tuple(self.ids[i] for i in at))
        code = _CODES[verdict.outcome]
        if not self.scene.is_exact and abs(verdict.difference) <= LEAST_M:
            return OPEN  # measured this close to the threshold, either may be the truth
        return code
