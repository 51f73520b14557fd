"""Clean rows for tests of the audit: simulated pictures with pairs of every catalogue type."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pyarrow")

import pyarrow as pa

from deepsight_ros.questions.referring import describe
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.pairs import MADE_TYPES, PairConfig, make_pairs
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.shards.annotations import Annotations
from deepsight_ros.synthesis.shards.rows import SCHEMA, to_row
from deepsight_ros.synthesis.world_source import WorldSource
from tests.support.catalogue_pairs import catalogue_pairs

_SETS = PairConfig(
    types=tuple(t for t in MADE_TYPES if t.startswith(("count", "exists"))),
    per_image=40,
    words_share=1.0,
    telling_words_share=0.7,
)
"""Sets of things, which the catalogue alone does not make."""
CleanRow = tuple[dict[str, Any], Scene]


def row_of(index: int, sample: Sample) -> CleanRow:
    """A row as read from a shard, with each id's words under "names", and its truth."""
    assert sample.truth is not None
    pairs = (*catalogue_pairs(sample.truth, index), *make_pairs(sample, _SETS, index))
    made = to_row(index, sample, Annotations(pairs), "png", 0.001)
    row = pa.Table.from_pylist([made], schema=SCHEMA).to_pylist()[0]
    row["names"] = {o.id: describe(o.id, sample.truth) for o in sample.truth.objects}
    return row, sample.truth


@pytest.fixture(scope="session")
def clean_rows() -> list[CleanRow]:
    source = WorldSource(8, width_px=160, height_px=120)
    return [row_of(i, source[i]) for i in range(len(source))]
