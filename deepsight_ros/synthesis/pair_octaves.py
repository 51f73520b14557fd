"""Numeric pairs spread over octaves: a batch in, a thinned batch out.

Each number is accepted with the share that the committed table (``pair_octaves.json``) gives its
type and size. The table is fitted on training worlds by ``deepsight synthesize octaves``; a type
or size that it does not know is accepted always.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.questions.types import Form
from deepsight_ros.synthesis.octaves import bins_of
from deepsight_ros.synthesis.pair_batch import Batch
from deepsight_ros.synthesis.pair_counts import each_number_once

Array = NDArray[np.float64]

TABLE = Path(__file__).with_name("pair_octaves.json")
NOTHING = 1e-6
"""SI size below which a number is "none": it lies in no octave."""


@dataclass(frozen=True)
class Acceptance:
    """Of one question type.

    Attributes:
        low: first bin (``octaves.bins_of``).
        share: per bin, how many of the numbers are accepted.
        reached: share that the fullest two octaves had on the worlds it was fitted on.
        before: the same with every number accepted.
    """

    low: int
    share: tuple[float, ...]
    reached: float
    before: float

    def of(self, values: Array) -> Array:
        """(K,) chance of each number; one that is nothing has the mean, one outside is rare."""
        share = np.array([1.0, *self.share, 1.0])
        at = np.clip(bins_of(values) - self.low + 1, 0, len(share) - 1)
        chance: Array = np.where(np.abs(values) < NOTHING, np.mean(self.share), share[at])
        return chance


def is_spread(batch: Batch) -> bool:
    """True for the types whose answers are lengths or volumes."""
    return batch.entry.form is Form.VALUE and batch.entry.unit in ("m", "m3")


def accepted(known: Acceptance, values: Array, rng: np.random.Generator) -> NDArray[np.bool_]:
    """(K,) whether each number is accepted, drawn."""
    return rng.random(len(values)) < known.of(values)


def spread_evenly(
    batch: Batch, table: Mapping[str, Acceptance], rng: np.random.Generator
) -> Batch | None:
    """The numbers of a batch that are accepted, each count once; other batches as they are."""
    if batch.entry.form is Form.COUNT:
        return each_number_once(batch, rng)
    known = table.get(batch.entry.name)
    if known is None or not is_spread(batch):
        return batch
    kept = np.flatnonzero(accepted(known, batch.value, rng))
    return batch.take(kept) if len(kept) else None


@lru_cache(maxsize=1)
def fitted() -> dict[str, Acceptance]:
    """The committed table: question type -> acceptance."""
    content = json.loads(TABLE.read_text(encoding="utf-8"))
    return {
        name: Acceptance(t["low"], tuple(t["share"]), t["reached"], t["before"])
        for name, t in content["types"].items()
    }
