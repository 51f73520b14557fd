"""Fits the table that spreads numeric pairs over octaves: worlds in, acceptance per type out.

The drawing of the pair engine is run on every picture again and again; after each round a size
that is drawn too often for its type is accepted less (iterative proportional fitting). What each
size should get comes from ``octaves.flattest``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.synthesis.octaves import bins_of, flattest, window_share
from deepsight_ros.synthesis.pair_batches import batch_of
from deepsight_ros.synthesis.pair_facts import Facts
from deepsight_ros.synthesis.pair_octaves import NOTHING, Acceptance, accepted, is_spread
from deepsight_ros.synthesis.pairs import PairConfig, balanced, even_quotas, is_quantitative
from deepsight_ros.synthesis.samples import Sample

Array = NDArray[np.float64]

WANTED = 0.34
"""Share of the fullest two octaves aimed at: the issue's 40 % and a margin for other worlds."""
LEAST_KEPT = 0.5
"""Of the pairs that a type has without a table, those that it keeps at least; where ``WANTED``
cannot be had with so many the type gets the lowest share that leaves them."""
_DRAWS = 2
_ROUNDS = 12
_STEP = 0.7
_FLOOR = 0.02
_LEAST = 60
_PER_PICTURE = 2


@dataclass(frozen=True, eq=False)
class Picture:
    """Numeric pairs of one picture.

    Attributes:
        values: question type -> its numbers, SI.
        others: how many each of the other quantitative types has.
    """

    values: dict[str, Array]
    others: tuple[int, ...]


@dataclass
class OctaveFit:
    """Collects pictures, then fits.

    Args:
        config: how many pairs a picture has, and of what.
        seed: of the draws.
    """

    config: PairConfig
    seed: int = 0
    pictures: list[Picture] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Measure a picture and keep its numbers."""
        rng = np.random.default_rng([self.seed, len(self.pictures)])
        facts = Facts(sample)
        values, others = {}, []
        for name in self.config.asked:
            batch = batch_of(CATALOGUE[name], facts, rng) if is_quantitative(name) else None
            batch = None if batch is None else balanced(batch, rng)
            if batch is not None and is_spread(batch):
                values[name] = batch.value
            elif batch is not None:
                others.append(len(batch))
        self.pictures.append(Picture(values, tuple(others)))

    def fit(self) -> dict[str, Acceptance]:
        """Acceptance of every type with numbers enough."""
        table: dict[str, Acceptance] = {}
        wanted: dict[str, Array] = {}
        plain = self.drawn({})
        for name, (low, counts) in self._there().items():
            if counts.sum() >= _LEAST:
                least = min(LEAST_KEPT * len(plain[name]) / _DRAWS / counts.sum(), 1.0)
                keep, _ = flattest(counts, WANTED, least)
                wanted[name] = keep / keep.sum()
                first = window_share(_histogram(plain[name], low, len(counts)))
                table[name] = Acceptance(
                    low, _scaled(keep / np.maximum(counts, 1.0)), first, first
                )
        for _ in range(_ROUNDS):
            got = self.drawn(table)
            table = {name: _moved(table[name], wanted[name], got[name]) for name in table}
        got = self.drawn(table)
        return {
            name: replace(t, reached=window_share(_histogram(got[name], t.low, len(t.share))))
            for name, t in table.items()
        }

    def drawn(self, table: Mapping[str, Acceptance]) -> dict[str, Array]:
        """Type -> numbers that the engine draws under a table, from all pictures twice."""
        found: dict[str, list[Array]] = defaultdict(list)
        for number, picture in enumerate(self.pictures * _DRAWS):
            rng = np.random.default_rng([self.seed, number, 1])
            left = [
                v[accepted(table[n], v, rng)] if n in table else v
                for n, v in picture.values.items()
            ]
            sizes = [*map(len, left), *picture.others]
            quota = even_quotas(sizes, self.config.per_image // 2, rng)
            for name, some, most in zip(picture.values, left, quota, strict=False):
                found[name].append(rng.permutation(some)[:most])
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def _there(self) -> dict[str, tuple[int, Array]]:
        """Type -> (lowest bin, numbers per bin; of one picture at most two per bin)."""
        out = {}
        for name in {n for p in self.pictures for n in p.values}:
            some = [p.values[name] for p in self.pictures if name in p.values]
            parts = [bins_of(v[np.abs(v) >= NOTHING]) for v in some]
            every = np.concatenate(parts)
            if not len(every):
                continue
            low, size = int(every.min()), int(np.ptp(every)) + 1
            counts = [np.bincount(p - low, minlength=size) for p in parts]
            out[name] = low, np.minimum(counts, _PER_PICTURE).sum(axis=0)
        return out


def write_table(
    table: Mapping[str, Acceptance], told: Mapping[str, object], path: str | Path
) -> None:
    """The table as JSON, with what it was fitted on."""
    types = {
        name: {
            "low": t.low,
            "before": round(t.before, 3),
            "reached": round(t.reached, 3),
            "share": [round(s, 3) for s in t.share],
        }
        for name, t in sorted(table.items())
    }
    lines = ",\n".join(f"  {json.dumps(n)}: {json.dumps(t)}" for n, t in types.items())
    text = f'{{"fitted_on": {json.dumps(dict(told))},\n "types": {{\n{lines}\n }}}}\n'
    Path(path).write_text(text, encoding="utf-8")


def _moved(known: Acceptance, wanted: Array, values: Array) -> Acceptance:
    """One round: sizes drawn too often are accepted less."""
    got = _histogram(values, known.low, len(wanted))
    ratio = (wanted * got.sum() + 1.0) / (got + 1.0)
    share = _scaled(np.array(known.share) * np.clip(ratio, 0.2, 5.0) ** _STEP)
    return replace(known, share=share)


def _histogram(values: Array, low: int, size: int) -> Array:
    some = values[np.abs(values) >= NOTHING]
    at = np.clip(bins_of(some) - low, 0, size - 1)
    return np.bincount(at, minlength=size).astype(np.float64)


def _scaled(share: Array) -> tuple[float, ...]:
    return tuple(np.clip(share / share.max(), _FLOOR, 1.0).tolist())
