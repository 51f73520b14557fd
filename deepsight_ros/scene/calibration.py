"""Calibration: raw standard deviations to 95 % intervals, by split conformal prediction.

In: a ``RawEstimate`` and its quantity. Out: (lower, upper). The factors per quantity and
visibility group come from ``scene/calibration.json``; ``fit`` makes that table from residuals
(Vovk et al. 2005; Lei et al. 2018), each side of the interval on its own.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.files import write_json
from deepsight_ros.scene.estimate import RawEstimate, Visibility
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Bound

DEFAULT_FACTOR = 2.0
"""Where the table has no entry: 95 % of a normal distribution."""
COVERAGE = 0.95
LEAST_RECORDS = 60
"""A quantity with fewer residuals than this gets no factors."""
LEAST_IN_GROUP = 200
"""A visibility group with fewer shares the factors of all groups: each side is a 97.5th
percentile, which five of 200 residuals decide, and the single worst of 60."""

SIGNED = frozenset({"direction", "offset_ahead", "offset_sideways"})
"""Quantities that may be negative, or run below the dial."""
_AS = {"offset_ahead": "horizontal_distance", "offset_sideways": "horizontal_distance"}
"""Whose factors serve until a table has some of the quantity's own: the same ends of the same
shapes, along one axis."""

Factors = tuple[float, float]
Table = Mapping[tuple[str, str], Factors]


@dataclass(frozen=True)
class Residual:
    """One measurement with its truth, for fitting.

    Attributes:
        quantity: key of ``QUANTITY_UNITS``.
        visibility: group of the estimate.
        error: value - truth (SI; hours wrapped to [-6, 6] for directions).
        sigma_below, sigma_above: of the estimate.
    """

    quantity: str
    visibility: Visibility
    error: float
    sigma_below: float
    sigma_above: float


def interval(quantity: str, raw: RawEstimate, table: Table | None = None) -> tuple[float, float]:
    """95 % interval of an estimate; exact values (sigma 0) get a point.

    Args:
        quantity: key of ``QUANTITY_UNITS``.
        raw: the estimate.
        table: factors; the package's own by default.

    Returns:
        (lower, upper), lower <= value <= upper. Lengths and volumes never fall below 0; AT_LEAST
        has no upper end (inf), AT_MOST reaches down to 0.
    """
    below, above = factors(quantity, raw.visibility, table)
    lower = raw.value - below * raw.sigma_below
    upper = raw.value + above * raw.sigma_above
    if raw.bound is Bound.AT_LEAST:
        upper = math.inf
    if raw.bound is Bound.AT_MOST:
        lower = min(0.0, raw.value)
    if quantity not in SIGNED:
        lower = max(lower, min(0.0, raw.value))
    return lower, upper


def factors(quantity: str, visibility: Visibility, table: Table | None = None) -> Factors:
    """(lower, upper) factor on sigma of a quantity and visibility group."""
    known = package_table() if table is None else table
    group = visibility.name.lower()
    for name in (quantity, _AS.get(quantity, quantity)):
        if (name, group) in known:
            return known[name, group]
    return DEFAULT_FACTOR, DEFAULT_FACTOR


@lru_cache(maxsize=1)
def package_table() -> Table:
    """The table shipped with the package."""
    return load_table(Path(__file__).with_name("calibration.json"))


def load_table(path: Path) -> Table:
    """Read a table written by ``save_table``.

    Raises:
        InvalidValueError: an entry is malformed.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    table: dict[tuple[str, str], Factors] = {}
    groups = {v.name.lower() for v in Visibility}
    for quantity, entries in content["factors"].items():
        for group, entry in entries.items():
            pair = (float(entry["lower"]), float(entry["upper"]))
            if quantity not in QUANTITY_UNITS or group not in groups or not _sane(pair):
                raise InvalidValueError(
                    f"calibration table {path}: got {quantity}/{group} = {pair}, expected a known "
                    "quantity and visibility with finite factors >= 0"
                )
            table[(quantity, group)] = pair
    return table


def _sane(pair: Factors) -> bool:
    return all(math.isfinite(f) and f >= 0 for f in pair)


def save_table(table: Table, path: Path, *, source: str, records: int) -> None:
    """Write a table as JSON, with what it was fitted on."""
    factors_out: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for (quantity, group), (lower, upper) in sorted(table.items()):
        factors_out[quantity][group] = {"lower": round(lower, 4), "upper": round(upper, 4)}
    content = {"source": source, "records": records, "coverage": COVERAGE, "factors": factors_out}
    write_json(path, content)


def fit(residuals: Iterable[Residual], coverage: float = COVERAGE) -> Table:
    """Split-conformal factors per (quantity, visibility group), each side separately.

    The truth lies below the interval when error > lower_factor * sigma_below, above it when
    -error > upper_factor * sigma_above. Each side may miss (1 - coverage) / 2; the rank has the
    finite-sample correction ceil((n + 1) * level). Groups with fewer than ``LEAST_IN_GROUP``
    residuals get the factors of the whole quantity; residuals with a sigma of 0, and quantities
    with fewer than ``LEAST_RECORDS``, are left out.
    """
    grouped: dict[str, dict[Visibility, list[Residual]]] = defaultdict(lambda: defaultdict(list))
    for residual in residuals:
        if residual.sigma_below > 0 and residual.sigma_above > 0 and math.isfinite(residual.error):
            grouped[residual.quantity][residual.visibility].append(residual)
    level = 1 - (1 - coverage) / 2
    table: dict[tuple[str, str], Factors] = {}
    for quantity, groups in grouped.items():
        everything = [r for members in groups.values() for r in members]
        if len(everything) < LEAST_RECORDS:
            continue
        pooled = _factors_of(everything, level)
        for visibility in Visibility:
            members = groups[visibility]
            own = len(members) >= LEAST_IN_GROUP
            table[quantity, visibility.name.lower()] = (
                _factors_of(members, level) if own else pooled
            )
    return table


def _factors_of(members: Sequence[Residual], level: float) -> Factors:
    """(lower, upper) factor that covers a share ``level`` of the residuals on each side."""
    rank = min(len(members), math.ceil((len(members) + 1) * level)) - 1
    lower = sorted(r.error / r.sigma_below for r in members)[rank]
    upper = sorted(-r.error / r.sigma_above for r in members)[rank]
    return max(0.0, lower), max(0.0, upper)
