"""The files beside the shards: what was planned, what each shard holds, what could not be read.

``plan.json`` is written first and pins the configuration; every finished shard has a small
``*.json`` beside it; ``manifest.json`` and ``broken.jsonl`` are written last. None holds a time or
a host name: the same plan gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from deepsight_ros.errors import ShardError
from deepsight_ros.files import write_json, write_text

FORMAT = "deepsight-shards"
PLAN, MANIFEST, BROKEN = "plan.json", "manifest.json", "broken.jsonl"


@dataclass(frozen=True)
class Broken:
    """An input that gave no row: its index, the error's type and words."""

    index: int
    error: str
    message: str


@dataclass(frozen=True)
class ShardEntry:
    """What one shard holds.

    Attributes:
        file: name of the Parquet file.
        first_index, count: the range of source indices it stands for.
        images: rows in it; ``count`` less the broken ones.
        group_images: rows per row group, in order.
        pairs, captions, conversations: how many its rows hold.
        bytes, sha256: of the Parquet file.
        broken: inputs of the range that gave no row.
    """

    file: str
    first_index: int
    count: int
    images: int
    group_images: tuple[int, ...]
    pairs: int
    captions: int
    conversations: int
    bytes: int
    sha256: str
    broken: tuple[Broken, ...] = ()

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ShardEntry:
        """From what ``asdict`` gave."""
        values = dict(content)
        values["group_images"] = tuple(values["group_images"])
        values["broken"] = tuple(Broken(**b) for b in values.get("broken", ()))
        return cls(**values)


@dataclass(frozen=True)
class Manifest:
    """A whole set of shards.

    Attributes:
        source: name of the source.
        seed: of the run.
        count: source indices asked for; images and broken inputs add up to it.
        images, pairs, captions, conversations, bytes: totals.
        broken: inputs that gave no row; which and why stands in ``broken.jsonl``.
        images_per_shard: source indices per shard.
        config: everything that decides the content.
        written_with: versions of the libraries that decide the bytes.
        shards: in order of their index ranges.
        schema_version: of the rows.
    """

    source: str
    seed: int
    count: int
    images: int
    pairs: int
    captions: int
    conversations: int
    bytes: int
    broken: int
    images_per_shard: int
    config: Mapping[str, Any]
    written_with: Mapping[str, str]
    shards: tuple[ShardEntry, ...] = field(default=())
    schema_version: int = 1

    def write(self, folder: Path) -> None:
        """Write ``manifest.json`` and ``broken.jsonl`` atomically."""
        lines = [asdict(b) for s in self.shards for b in s.broken]
        write_text(folder / BROKEN, "".join(json.dumps(line) + "\n" for line in lines))
        content = {"format": FORMAT, **asdict(self)}
        for shard in content["shards"]:  # the report has them word for word
            shard["broken"] = len(shard["broken"])
        write_json(folder / MANIFEST, content, sort_keys=True)

    @classmethod
    def read(cls, folder: Path, schema_version: int) -> Manifest:
        """Read ``manifest.json``.

        Raises:
            ShardError: missing, unfinished, damaged, or of another schema version.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise ShardError(_why_missing(folder))
        content = read_json(path)
        if not isinstance(content, dict) or content.pop("format", None) != FORMAT:
            raise ShardError(f"{path}: is no manifest of {FORMAT}")
        version = content.get("schema_version")
        if version != schema_version:
            raise ShardError(
                f"{path}: got schema version {version}, this program reads {schema_version}; "
                "write the shards again or use the version that wrote them"
            )
        try:
            shards = tuple(
                ShardEntry.from_json({**s, "broken": ()}) for s in content.pop("shards")
            )
            return cls(**content, shards=shards)
        except (KeyError, TypeError) as error:
            raise ShardError(f"{path}: fields are missing or unknown ({error})") from error


def _why_missing(folder: Path) -> str:
    if not folder.is_dir():
        return f"shards {folder}: there is no such folder"
    if (folder / PLAN).is_file():
        return (
            f"shards {folder}: the run that writes them has not finished; start the same "
            "`deepsight synthesize` command again and it goes on where it stopped"
        )
    return (
        f"shards {folder}: got no {MANIFEST}, expected a folder that `deepsight synthesize` made"
    )


def read_json(path: Path) -> Any:
    """Read JSON; ShardError when it is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ShardError(f"{path}: cannot be read as JSON ({error})") from error


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while piece := handle.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def totals(entries: Iterable[ShardEntry]) -> dict[str, int]:
    """Sums of what the shards hold."""
    names = ("images", "pairs", "captions", "conversations", "bytes")
    out = dict.fromkeys((*names, "broken"), 0)
    for entry in entries:
        for name in names:
            out[name] += getattr(entry, name)
        out["broken"] += len(entry.broken)
    return out
