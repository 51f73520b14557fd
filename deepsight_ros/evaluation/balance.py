"""Balances a set of shards: as many yes as no, no range of numbers that a constant would hit.

A folder of shards in; a copy out whose pairs are thinned per question type. Images stay as they
are. Which pairs stay follows from their order alone: the same input gives the same bytes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from deepsight_ros.errors import ShardError
from deepsight_ros.synthesis.octaves import bins_of, flattest, window_share
from deepsight_ros.synthesis.shards.manifest import (
    BROKEN,
    MANIFEST,
    Manifest,
    ShardEntry,
    file_sha256,
    totals,
    write_text,
)
from deepsight_ros.synthesis.shards.rows import SCHEMA, SCHEMA_VERSION
from deepsight_ros.synthesis.shards.writer import column_codecs

MOST_BY_CONSTANT = 0.40
"""Largest share of a type's numbers that one constant may have within [50, 200] %."""
LEAST_KEPT = 0.1
"""Of a type's numbers, those that stay at least: a type that spans too few octaves keeps so many,
at the lowest share that a constant can then have."""
_ROUNDING = 0.01
_LEAST = 20

Bin = tuple[str, str]
"""(question type, answer class)."""


def balance(folder: str | Path, out: str | Path) -> tuple[int, int]:
    """Write a balanced copy.

    Returns:
        (pairs kept, pairs left out).

    Raises:
        ShardError: the folder cannot be read, or the other one is in use.
    """
    folder, out = Path(folder), Path(out)
    manifest = Manifest.read(folder, SCHEMA_VERSION)
    if out.exists() and any(out.iterdir()):
        raise ShardError(f"balance: {out} is not empty; give a new folder for the copy")
    out.mkdir(parents=True, exist_ok=True)
    counts: Counter[Bin] = Counter()
    for shard in manifest.shards:
        for pairs in _pairs_of(folder / shard.file):
            counts.update(_bin(p) for row in pairs for p in row)
    quota = quotas(counts)
    thinner = _Thinner(counts, quota)
    shards = tuple(_copy(folder, out, shard, thinner) for shard in manifest.shards)
    sums = totals(shards)
    config = {**manifest.config, "balanced_from": file_sha256(folder / MANIFEST)}
    sums["broken"] = manifest.broken
    replace(manifest, **sums, config=config, shards=shards).write(out)
    write_text(out / BROKEN, (folder / BROKEN).read_text(encoding="utf-8"))
    return sums["pairs"], manifest.pairs - sums["pairs"]


def quotas(counts: Mapping[Bin, int]) -> dict[Bin, int]:
    """How many pairs of each bin stay."""
    types: dict[str, dict[str, int]] = defaultdict(dict)
    for (name, answer), count in counts.items():
        types[name][answer] = count
    out: dict[Bin, int] = {}
    for name, found in types.items():
        for pair in (("yes", "no"), ("first", "second")):
            if all(found.get(answer, 0) for answer in pair):
                least = min(found[answer] for answer in pair)
                out |= {(name, answer): least for answer in pair}
        numbers = {int(a[1:]): n for a, n in found.items() if a.startswith("#")}
        if sum(numbers.values()) >= _LEAST:
            out |= {(name, f"#{k}"): n for k, n in _spread(numbers).items()}
        for answer, count in found.items():
            out.setdefault((name, answer), count)
    return out


def constant_share(numbers: Mapping[int, int]) -> float:
    """Share of binned numbers that the best constant has within a factor of two."""
    return window_share(_row(numbers)[1])


def _spread(numbers: Mapping[int, int]) -> dict[int, int]:
    """How many of each bin stay."""
    low, row = _row(numbers)
    keep, _ = flattest(row, MOST_BY_CONSTANT - _ROUNDING, LEAST_KEPT)
    return {low + k: int(n) for k, n in enumerate(keep) if low + k in numbers}


def _row(numbers: Mapping[int, int]) -> tuple[int, NDArray[np.float64]]:
    low = min(numbers)
    row = np.zeros(max(numbers) - low + 1)
    for place, count in numbers.items():
        row[place - low] = count
    return low, row


class _Thinner:
    """Says of each pair in order whether it stays: quotas are met exactly, spread evenly."""

    def __init__(self, counts: Mapping[Bin, int], quota: Mapping[Bin, int]) -> None:
        self._counts, self._quota = counts, quota
        self._seen: Counter[Bin] = Counter()

    def keeps(self, pair: Mapping[str, Any]) -> bool:
        name = _bin(pair)
        k, n, q = self._seen[name], self._counts[name], self._quota[name]
        self._seen[name] += 1
        return (k + 1) * q // n > k * q // n


def _copy(folder: Path, out: Path, shard: ShardEntry, thinner: _Thinner) -> ShardEntry:
    path = out / shard.file
    pairs = 0
    with (
        pq.ParquetFile(folder / shard.file) as source,
        pq.ParquetWriter(
            path,
            SCHEMA,
            compression=column_codecs(),
            use_dictionary=False,
            write_statistics=False,
        ) as writer,
    ):
        for group in range(source.num_row_groups):
            table = source.read_row_group(group)
            kept = [
                [p for p in row if thinner.keeps(p)] for row in table.column("pairs").to_pylist()
            ]
            pairs += sum(map(len, kept))
            column = pa.array(kept, type=SCHEMA.field("pairs").type)
            writer.write_table(
                table.set_column(table.schema.get_field_index("pairs"), "pairs", column)
            )
    return replace(
        shard, pairs=pairs, bytes=path.stat().st_size, sha256=file_sha256(path), broken=()
    )


def _pairs_of(path: Path) -> Any:
    try:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                yield file.read_row_group(group, columns=["pairs"]).column("pairs").to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise ShardError(f"{path}: cannot be read ({error})") from error


def _bin(pair: Mapping[str, Any]) -> Bin:
    """Class of a pair's answer: yes, no, first, second, a range of numbers, or its outcome."""
    number, outcome, ids = pair["value_number"], pair["outcome"], pair["object_ids"]
    if number is not None and pair["unit"] in ("m", "m3") and abs(number) > 1e-9:
        return pair["type"], f"#{int(bins_of(np.array([number]))[0])}"
    if len(ids) >= 2 and pair["value_text"] in ids[:2]:
        return pair["type"], "first" if pair["value_text"] == ids[0] else "second"
    if outcome == "many" and pair["value_bool"]:  # yes, and there are several
        return pair["type"], "yes"
    return pair["type"], outcome
