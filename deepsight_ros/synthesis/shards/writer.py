"""Writes one shard: a fixed range of source indices in, one Parquet file and its entry out.

A shard is made whole in a scratch file and renamed into place, then its entry is; whoever is
killed in between leaves nothing that looks finished. What a shard holds depends on the job and
the shard's number alone, so that any worker may write it, twice too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from deepsight_ros.errors import DeepsightError, InvalidValueError
from deepsight_ros.files import write_json
from deepsight_ros.synthesis.samples import SampleSource
from deepsight_ros.synthesis.shards.annotations import Annotator
from deepsight_ros.synthesis.shards.images import COLOUR_CODECS
from deepsight_ros.synthesis.shards.manifest import Broken, ShardEntry, file_sha256
from deepsight_ros.synthesis.shards.rows import IMAGE_COLUMNS, SCHEMA, to_row


@dataclass(frozen=True)
class ShardFormat:
    """How shards are cut and coded.

    Attributes:
        images_per_shard: source indices per file.
        images_per_group: images per Parquet row group: what is held in memory at once, and the
            least that a reader reads.
        colour_codec: ``png``, ``webp`` (both lossless) or ``jpeg`` (quality 95).
        depth_unit_m: step of the stored depth; 1 mm reaches 65 m.
    """

    images_per_shard: int = 256
    images_per_group: int = 32
    colour_codec: str = "png"
    depth_unit_m: float = 0.001

    def __post_init__(self) -> None:
        if self.images_per_shard < 1 or self.images_per_group < 1:
            raise InvalidValueError(
                f"shards: got {self.images_per_shard} images per shard and "
                f"{self.images_per_group} per group, expected at least 1"
            )
        if self.colour_codec not in COLOUR_CODECS:
            raise InvalidValueError(
                f"shards: got colour codec '{self.colour_codec}', expected one of {COLOUR_CODECS}"
            )
        if not 1e-5 <= self.depth_unit_m <= 0.1:
            raise InvalidValueError(
                f"shards: got a depth unit of {self.depth_unit_m} m, expected 0.00001 to 0.1 m"
            )


@dataclass(frozen=True)
class ShardJob:
    """Everything a worker needs; picklable when its source and annotator are.

    Attributes:
        source: where samples come from.
        annotate: what is said about each.
        folder: where shards go; on a cluster a folder that every machine sees.
        seed: of the run; sample ``i`` is annotated with ``sample_seed(seed, i)``.
        count: source indices 0 to ``count - 1`` are written.
        format: how shards are cut and coded.
    """

    source: SampleSource
    annotate: Annotator
    folder: str
    seed: int
    count: int
    format: ShardFormat = ShardFormat()

    def __post_init__(self) -> None:
        if not 1 <= self.count <= len(self.source):
            raise InvalidValueError(
                f"shards: got {self.count} images to write, expected 1 to {len(self.source)} "
                f"(what the source '{self.source.name}' has)"
            )

    @property
    def shards(self) -> int:
        """How many files."""
        return -(-self.count // self.format.images_per_shard)

    def indices(self, shard: int) -> range:
        """Source indices of one shard."""
        size = self.format.images_per_shard
        return range(shard * size, min((shard + 1) * size, self.count))

    def path(self, shard: int) -> Path:
        """Parquet file of one shard."""
        return Path(self.folder) / f"shard-{shard:06d}.parquet"

    def entry_path(self, shard: int) -> Path:
        """Entry that says that the shard is finished."""
        return self.path(shard).with_suffix(".json")


def sample_seed(seed: int, index: int) -> int:
    """Seed of one sample, 0 to 2**63 - 1; neighbours in either argument share nothing."""
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def write_shard(
    job: ShardJob, shard: int, on_image: Callable[[int], None] | None = None
) -> ShardEntry:
    """Make, annotate and write the images of one shard.

    Args:
        job: what to write.
        shard: which part of it.
        on_image: called with every index that is done.

    Returns:
        The shard's entry, which has been written beside it.
    """
    path = job.path(shard)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    indices = job.indices(shard)
    broken: list[Broken] = []
    groups: list[int] = []
    counts = dict.fromkeys(("pairs", "captions", "conversations"), 0)
    writer = pq.ParquetWriter(
        scratch,
        SCHEMA,
        compression=column_codecs(),
        use_dictionary=False,
        write_statistics=False,
    )
    try:
        rows: list[dict[str, Any]] = []
        for index in indices:
            try:
                rows.append(_row(job, index))
            except (DeepsightError, OSError) as error:
                broken.append(Broken(index, type(error).__name__, str(error)))
            if len(rows) == job.format.images_per_group or (rows and index == indices[-1]):
                writer.write_table(pa.Table.from_pylist(rows, schema=SCHEMA))
                groups.append(len(rows))
                for name in counts:
                    counts[name] += sum(len(r[name]) for r in rows)
                rows = []
            if on_image is not None:
                on_image(index)
        writer.close()
        with scratch.open("rb") as handle:
            os.fsync(handle.fileno())
        digest, size = file_sha256(scratch), scratch.stat().st_size
        scratch.replace(path)
    except BaseException:
        writer.close()
        scratch.unlink(missing_ok=True)
        raise
    entry = ShardEntry(
        path.name,
        indices.start,
        len(indices),
        sum(groups),
        tuple(groups),
        **counts,
        bytes=size,
        sha256=digest,
        broken=tuple(broken),
    )
    write_json(job.entry_path(shard), asdict(entry), sort_keys=True)
    return entry


def _row(job: ShardJob, index: int) -> dict[str, Any]:
    sample = job.source[index]
    annotations = job.annotate(sample, sample_seed(job.seed, index))
    return to_row(index, sample, annotations, job.format.colour_codec, job.format.depth_unit_m)


@cache
def column_codecs() -> dict[str, str]:
    """Parquet column -> codec: images are compressed already, text shrinks to a fifth."""
    buffer = pa.BufferOutputStream()
    pq.write_table(SCHEMA.empty_table(), buffer)
    columns = pq.ParquetFile(buffer.getvalue()).schema
    paths = [columns.column(i).path for i in range(len(columns))]
    return {path: "NONE" if path in IMAGE_COLUMNS else "ZSTD" for path in paths}
