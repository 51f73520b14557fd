"""Reads shards: a folder in, rows out; for training (shuffled, shared out, resumable) and looks.

Training reads blocks (Parquet row groups) in an order drawn from the seed and the epoch, a window
of blocks at a time, and hands out the rows of a window in a drawn order: each row once per epoch,
at the speed of reading files from front to back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.synthesis.shards.manifest import Manifest, ShardEntry, file_sha256
from deepsight_ros.synthesis.shards.rows import SCHEMA, SCHEMA_VERSION, Row

_NEEDS = {"depth": "depth_unit_m"}


@dataclass(frozen=True)
class Position:
    """Where a consumer of a stream stands; JSON-able by ``dataclasses.asdict``.

    Attributes:
        epoch: of the stream.
        rows: rows of the epoch this consumer has been given.
    """

    epoch: int = 0
    rows: int = 0


@dataclass(frozen=True)
class _Block:
    """One row group: file, number in it, index of its first row in the set, rows."""

    file: str
    group: int
    first: int
    rows: int


class ShardSet:
    """A folder of shards.

    Args:
        folder: what `deepsight synthesize` wrote.
        columns: which columns to read (``rows.SCHEMA``), all by default; what is not read costs
            nothing.

    Raises:
        ShardError: no folder, no manifest, another version, or shards are missing or truncated.
        InvalidValueError: there is no such column.
    """

    def __init__(self, folder: str | Path, columns: Sequence[str] | None = None) -> None:
        self.folder = Path(folder)
        self.manifest = Manifest.read(self.folder, SCHEMA_VERSION)
        unknown = sorted(set(columns or ()) - set(SCHEMA.names))
        if unknown:
            raise InvalidValueError(
                f"shards {folder}: got columns {unknown}, expected some of {SCHEMA.names}"
            )
        self.columns = None if columns is None else _with_needs(columns)
        self._check_files()
        self._blocks: list[_Block] = []
        first = 0
        for shard in self.manifest.shards:
            for group, rows in enumerate(shard.group_images):
                self._blocks.append(_Block(shard.file, group, first, rows))
                first += rows
        self._starts = np.array([b.first for b in self._blocks], dtype=np.int64)

    def __len__(self) -> int:
        return self.manifest.images

    def __getitem__(self, index: int) -> Row:
        """Row by number, 0 to ``len - 1``; neighbours are fast, random access reads a block."""
        if not 0 <= index < len(self):
            raise IndexError(f"shards {self.folder}: got row {index}, expected 0-{len(self) - 1}")
        block = self._blocks[int(np.searchsorted(self._starts, index, side="right")) - 1]
        at = index - block.first
        return self._rows(_cached(self, block), block, [at])[0]

    def __iter__(self) -> Iterator[Row]:
        """All rows in the order they were written."""
        for block in self._blocks:
            yield from self._rows(self._read(block), block, range(block.rows))

    def stream(
        self,
        seed: int = 0,
        *,
        epoch: int = 0,
        rank: int = 0,
        ranks: int = 1,
        skip: int = 0,
        window: int = 8,
        even: bool = False,
    ) -> Iterator[Row]:
        """Rows of one epoch in a drawn order; every row comes to exactly one rank.

        Args:
            seed: draws the order together with the epoch.
            epoch: another one, another order.
            rank, ranks: this consumer among all (processes times loader workers).
            skip: rows of this epoch that this consumer was given before (``Position.rows``).
            window: blocks that are shuffled together and held in memory.
            even: every rank gets the same number of rows; the few that are over are left out of
                this epoch (distributed training waits for the slowest).
        """
        if not 0 <= rank < ranks or window < 1 or skip < 0:
            raise InvalidValueError(
                f"stream: got rank {rank} of {ranks}, window {window}, skip {skip}; expected "
                "0 <= rank < ranks, window at least 1, skip at least 0"
            )
        mine = np.random.default_rng([seed, epoch, 0]).permutation(len(self._blocks))[rank::ranks]
        limit = self._shared_rows(seed, epoch, ranks) if even else None
        given = 0
        for number, start in enumerate(range(0, len(mine), window)):
            blocks = [self._blocks[i] for i in mine[start : start + window]]
            rows = sum(b.rows for b in blocks)
            order = np.random.default_rng([seed, epoch, 1, rank, number]).permutation(rows)
            if given + rows <= skip:  # nothing of it is wanted: not even read
                given += rows
                continue
            tables = [self._read(b) for b in blocks]
            ends = np.cumsum([b.rows for b in blocks])
            for at in order.tolist():
                given += 1
                if given <= skip:
                    continue
                if limit is not None and given > limit:
                    return
                which = int(np.searchsorted(ends, at, side="right"))
                inside = at - (int(ends[which - 1]) if which else 0)
                yield self._rows(tables[which], blocks[which], [inside])[0]

    def least_rows(self, ranks: int) -> int:
        """Rows that each of ``ranks`` consumers gets in any epoch; all of them when it is one.

        Blocks are handed out whole, so that a consumer may get more: this counts the smallest.
        """
        rows = sorted(b.rows for b in self._blocks)
        return sum(rows[: len(rows) // ranks])

    def _shared_rows(self, seed: int, epoch: int, ranks: int) -> int:
        order = np.random.default_rng([seed, epoch, 0]).permutation(len(self._blocks))
        return min(sum(self._blocks[i].rows for i in order[r::ranks]) for r in range(ranks))

    def verify(self) -> None:
        """Compare every file with its checksum.

        Raises:
            ShardError: a shard is not what was written.
        """
        for shard in self.manifest.shards:
            found = file_sha256(self.folder / shard.file)
            if found != shard.sha256:
                raise ShardError(
                    f"{self.folder / shard.file}: got SHA-256 {found}, expected {shard.sha256}; "
                    "delete the file and run the same `deepsight synthesize` command again"
                )

    def _check_files(self) -> None:
        for shard in self.manifest.shards:
            path = self.folder / shard.file
            try:
                size = path.stat().st_size
            except OSError as error:
                raise ShardError(
                    f"{path}: is missing ({error.strerror}); run the same `deepsight synthesize` "
                    "command again, it writes what is not there"
                ) from error
            if size != shard.bytes:
                raise ShardError(
                    f"{path}: got {size} bytes, expected {shard.bytes}: the file is truncated or "
                    "was changed; delete it and run the same `deepsight synthesize` command again"
                )
            _check_account(shard, path)

    def _read(self, block: _Block) -> pa.Table:
        path = self.folder / block.file
        try:
            with pq.ParquetFile(path) as file:
                return file.read_row_group(block.group, columns=self.columns, use_threads=False)
        except (OSError, pa.ArrowException) as error:
            raise ShardError(
                f"{path}: block {block.group} cannot be read ({error}); compare the checksums"
            ) from error

    def _rows(self, table: pa.Table, block: _Block, wanted: Sequence[int]) -> list[Row]:
        out = []
        for i in wanted:
            fields: dict[str, Any] = table.slice(i, 1).to_pylist()[0]
            out.append(Row(fields, f"{block.file} row {block.group}/{i}"))
        return out


@lru_cache(maxsize=4)
def _cached(shards: ShardSet, block: _Block) -> pa.Table:
    return shards._read(block)


def _with_needs(columns: Sequence[str]) -> list[str]:
    wanted = [*columns, *(_NEEDS[c] for c in columns if c in _NEEDS)]
    return list(dict.fromkeys(wanted))


def _check_account(shard: ShardEntry, path: Path) -> None:
    if sum(shard.group_images) != shard.images or shard.images > shard.count:
        raise ShardError(f"{path}: the manifest's row counts contradict each other")
