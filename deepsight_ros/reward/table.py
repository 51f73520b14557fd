"""Reward lines in, the per-frame parquet that robot-learning code reads, out.

Columns of lerobot's reward-model progress files (its RA-BC weights read ``index``,
``episode_index`` and ``progress_sparse`` or ``progress_dense``; missing progress is NaN), then our
own: reward, success, distance_m, lower_m, upper_m, valid, held, timestamp, stamp_ns, episode_id.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ROWS_PER_GROUP = 10_000
"""Rows written at a time: memory does not grow with the recording."""


def write_rewards(lines: Iterable[dict[str, Any]], path: Path, task: str) -> int:
    """Write a parquet file atomically, one row per line (rewards.jsonl of a replay).

    Progress of held frames is left NaN: nothing was measured in them, so a policy must not learn
    from it; ``progress`` repeats the held value for those who want it.

    Returns:
        Number of rows.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("index", pa.int64()),
            ("episode_index", pa.int64()),
            ("frame_index", pa.int64()),
            ("timestamp", pa.float32()),
            ("progress_sparse", pa.float32()),
            ("progress_dense", pa.float32()),
            ("progress", pa.float32()),
            ("reward", pa.float32()),
            ("success", pa.bool_()),
            ("distance_m", pa.float32()),
            ("lower_m", pa.float32()),
            ("upper_m", pa.float32()),
            ("valid", pa.bool_()),
            ("held", pa.bool_()),
            ("stamp_ns", pa.int64()),
            ("episode_id", pa.string()),
        ],
        metadata={"deepsight_task": task, "not_a_safety_function": "true"},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(path.suffix + ".tmp")
    rows = _rows(lines)
    count = 0
    with pq.ParquetWriter(scratch, schema) as writer:
        while group := list(islice(rows, ROWS_PER_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema=schema))
            count += len(group)
    scratch.replace(path)
    return count


def _rows(lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    episodes: dict[str, int] = {}
    begins: dict[str, int] = {}
    for index, line in enumerate(lines):
        episode = line["episode_id"]
        number = episodes.setdefault(episode, len(episodes))
        begin_ns = begins.setdefault(episode, line["stamp_ns"])
        progress = _number(line["progress"])
        measured = math.nan if line["held"] else progress
        yield {
            "index": index,
            "episode_index": number,
            "frame_index": line["step"],
            "timestamp": (line["stamp_ns"] - begin_ns) / 1e9,
            "progress_sparse": measured,
            "progress_dense": measured,
            "progress": progress,
            **{n: _number(line[n]) for n in ("reward", "distance_m", "lower_m", "upper_m")},
            **{n: line[n] for n in ("success", "valid", "held", "stamp_ns", "episode_id")},
        }


def _number(value: float | None) -> float:
    return math.nan if value is None else value
