"""Rows of a folder of shards, read without the code that wrote them.

A folder in; plain Python rows out, a row group at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from deepsight_ros.errors import ShardError

SCHEMA_VERSION = 1
"""Of the rows that the audit knows."""


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """``manifest.json``; ShardError when it is missing, unreadable or of another version."""
    path = folder / "manifest.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ShardError(
            f"{path}: cannot be read ({error}); audit a folder that `deepsight synthesize` "
            "finished"
        ) from error
    version = content.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ShardError(f"{path}: got schema version {version}, the audit reads {SCHEMA_VERSION}")
    return content  # type: ignore[no-any-return]


def damaged_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Shards that are missing or differ from their checksums, in words."""
    out = []
    for shard in manifest["shards"]:
        path = folder / shard["file"]
        digest = hashlib.sha256()
        try:
            with path.open("rb") as handle:
                while piece := handle.read(1 << 20):
                    digest.update(piece)
        except OSError as error:
            out.append(f"{path.name}: {error.strerror}")
            continue
        if digest.hexdigest() != shard["sha256"]:
            out.append(f"{path.name}: differs from its checksum")
    return out


def rows(folder: Path, manifest: Mapping[str, Any], every: int = 1) -> Iterator[dict[str, Any]]:
    """Every ``every``-th row, in order.

    Raises:
        ShardError: a shard is missing or cannot be read.
    """
    number = 0
    for shard in manifest["shards"]:
        path = folder / shard["file"]
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    count = file.metadata.row_group(group).num_rows
                    wanted = [i for i in range(count) if (number + i) % every == 0]
                    number += count
                    if not wanted:
                        continue
                    table = file.read_row_group(group)
                    for i in wanted:
                        yield table.slice(i, 1).to_pylist()[0]
        except (OSError, pa.ArrowException) as error:
            raise ShardError(f"{path}: cannot be read ({error})") from error
