"""Split-conformal intervals of the model's numbers: residuals in, factors out.

A number comes as log10 of metres with a spread. The 95 % interval is the number times or divided
by 10 to the factor times the spread; the factor is the conformal quantile of |error| / spread on
scenes that were never trained on, per modality and per octave of the number, where enough
residuals decide it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.files import write_json

FILE = "conformal.json"
COVERAGE = 0.95
LEAST_RESIDUALS = 100
"""A group with fewer residuals uses its modality's factor."""
_LEAST_SPREAD = 0.005


@dataclass(frozen=True)
class Residual:
    """One number of a calibration scene.

    Attributes:
        modality: "depth", "colour" or "both".
        log10_value, log10_spread: what the model gave.
        log10_truth: log10 of the true SI value.
    """

    modality: str
    log10_value: float
    log10_spread: float
    log10_truth: float


@dataclass(frozen=True)
class Conformal:
    """Factors by group name ("depth", "depth/-1").

    Attributes:
        factors: group -> factor on the spread.
        counts: group -> residuals it rests on.
    """

    factors: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def interval(
        self, modality: str, log10_value: float, log10_spread: float
    ) -> tuple[float, float]:
        """Lower and upper SI value; (nan, nan) for a modality that was not calibrated."""
        group = _group(modality, log10_value)
        factor = self.factors.get(group, self.factors.get(modality))
        if factor is None:
            return math.nan, math.nan
        reach = factor * max(log10_spread, _LEAST_SPREAD)
        return 10 ** (log10_value - reach), 10 ** (log10_value + reach)

    def save(self, folder: Path) -> None:
        """Write conformal.json into a checkpoint."""
        write_json(folder / FILE, {"coverage": COVERAGE, **asdict(self)})

    @classmethod
    def load(cls, folder: Path) -> Conformal:
        """Of a checkpoint; empty (no intervals) where it has none.

        Raises:
            SourceError: the file is not what ``save`` wrote.
        """
        file = folder / FILE
        if not file.exists():
            return cls()
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
            return cls(
                {str(k): float(v) for k, v in values["factors"].items()},
                {str(k): int(v) for k, v in values["counts"].items()},
            )
        except (ValueError, KeyError, AttributeError) as error:
            raise SourceError(
                f"{file}: not a calibration written by this package ({error}); calibrate again"
            ) from error


def fit(residuals: Sequence[Residual]) -> Conformal:
    """Conformal quantiles of calibration residuals.

    Raises:
        InvalidValueError: a modality has fewer residuals than its quantile needs.
    """
    scores: dict[str, list[float]] = {}
    for r in residuals:
        score = abs(r.log10_truth - r.log10_value) / max(r.log10_spread, _LEAST_SPREAD)
        for group in (r.modality, _group(r.modality, r.log10_value)):
            scores.setdefault(group, []).append(score)
    factors, counts = {}, {}
    for group, values in sorted(scores.items()):
        if len(values) < LEAST_RESIDUALS:
            if "/" not in group:
                raise InvalidValueError(
                    f"calibration: got {len(values)} numbers by {group}, expected at least "
                    f"{LEAST_RESIDUALS}; use more scenes"
                )
            continue
        rank = math.ceil((len(values) + 1) * COVERAGE) - 1
        factors[group] = float(np.sort(values)[min(rank, len(values) - 1)])
        counts[group] = len(values)
    return Conformal(factors, counts)


def _group(modality: str, log10_value: float) -> str:
    return f"{modality}/{math.floor(log10_value * math.log2(10) / 2)}"
