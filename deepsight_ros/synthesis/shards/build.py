"""Writes a whole set of shards: a job and its configuration in, a folder with a manifest out.

One worker runs in this process; more run on Ray (``ray_runner``), here or on a cluster. Shards
that an earlier, killed run of the same plan finished are kept.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.files import write_json
from deepsight_ros.synthesis.shards.manifest import (
    FORMAT,
    MANIFEST,
    PLAN,
    Manifest,
    ShardEntry,
    read_json,
    totals,
)
from deepsight_ros.synthesis.shards.rows import SCHEMA_VERSION
from deepsight_ros.synthesis.shards.scene_json import as_json
from deepsight_ros.synthesis.shards.writer import ShardJob, write_shard

Progress = Callable[[int], None]
"""Called with the number of images done since the last call."""


def build(
    job: ShardJob,
    config: Mapping[str, Any],
    *,
    workers: int = 1,
    ray_address: str = "",
    progress: Progress | None = None,
) -> Manifest:
    """Write what is missing of a set of shards, then its manifest.

    Args:
        job: what to write, and where.
        config: JSON values that decide the content (kind of set, options of source and
            annotator); a folder takes only one.
        workers: 1 runs here and needs nothing; more run on Ray.
        ray_address: of a Ray cluster, "" for this machine.
        progress: told how many images are done, those of an earlier run first.

    Raises:
        ShardError: the folder holds another plan, or another run is writing it.
    """
    if workers < 1:
        raise InvalidValueError(f"shards: got {workers} workers, expected at least 1")
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        plan = _plan(job, config)
        _keep_plan(folder, plan)
        _sweep(folder)
        entries: dict[int, ShardEntry] = {}
        for shard in range(job.shards):
            entry = finished(job, shard)
            if entry is not None:
                entries[shard] = entry
        if progress is not None and entries:
            progress(sum(e.count for e in entries.values()))
        missing = [s for s in range(job.shards) if s not in entries]
        if missing and (workers > 1 or ray_address):
            from deepsight_ros.synthesis.shards.ray_runner import run_on_ray

            made: Iterator[tuple[int, ShardEntry]] = run_on_ray(
                job, missing, workers=workers, address=ray_address
            )
            for shard, entry in made:
                entries[shard] = entry
                if progress is not None:
                    progress(entry.count)
        else:
            for shard in missing:
                entries[shard] = write_shard(
                    job, shard, None if progress is None else lambda _: progress(1)
                )
        ordered = tuple(entries[s] for s in range(job.shards))
        manifest = Manifest(
            source=job.source.name,
            seed=job.seed,
            count=job.count,
            **totals(ordered),
            images_per_shard=job.format.images_per_shard,
            config=plan["config"],
            written_with=_versions(),
            shards=ordered,
            schema_version=SCHEMA_VERSION,
        )
        _sweep(folder)
        manifest.write(folder)
    return manifest


def _sweep(folder: Path) -> None:
    """Remove what killed workers left."""
    for stale in folder.glob(".*.tmp"):
        stale.unlink(missing_ok=True)


def finished(job: ShardJob, shard: int) -> ShardEntry | None:
    """The entry of a shard that is whole, else None; the size decides, the checksum is the
    reader's business (``deepsight audit`` and ``ShardSet.verify`` look at it)."""
    path, entry_path = job.path(shard), job.entry_path(shard)
    if not entry_path.is_file() or not path.is_file():
        return None
    try:
        entry = ShardEntry.from_json(read_json(entry_path))
    except (ShardError, KeyError, TypeError):
        return None  # damaged: the shard is written again
    whole = entry.bytes == path.stat().st_size
    return entry if whole and entry.first_index == job.indices(shard).start else None


def _plan(job: ShardJob, config: Mapping[str, Any]) -> dict[str, Any]:
    content = {
        "format": FORMAT,
        "schema_version": SCHEMA_VERSION,
        "source": job.source.name,
        "seed": job.seed,
        "count": job.count,
        "shards": asdict(job.format),
        "config": dict(config),
    }
    plan: dict[str, Any] = json.loads(as_json(content))  # as it will be read back
    return plan


def _keep_plan(folder: Path, plan: dict[str, Any]) -> None:
    path = folder / PLAN
    if path.is_file():
        found = read_json(path)
        if found != plan:
            changed = sorted(k for k in {*found, *plan} if found.get(k) != plan.get(k))
            raise ShardError(
                f"shards {folder}: the folder holds a run with another {', '.join(changed)} "
                f"({_short(found, changed)} there, {_short(plan, changed)} asked for); give the "
                "same options to go on with it, or another folder"
            )
        return
    if (folder / MANIFEST).exists() or any(folder.glob("shard-*.parquet")):
        raise ShardError(f"shards {folder}: got shards without a {PLAN}; give another folder")
    write_json(path, plan, sort_keys=True)


def _short(plan: Mapping[str, Any], keys: list[str]) -> str:
    text = as_json({k: plan.get(k) for k in keys})
    return text if len(text) < 200 else f"{text[:200]}..."


def _versions() -> dict[str, str]:
    """Versions of the libraries that decide the bytes of a shard."""
    import cv2

    return {
        "deepsight_ros": _version_of_package(),
        "pyarrow": importlib.metadata.version("pyarrow"),
        "numpy": importlib.metadata.version("numpy"),
        "opencv": cv2.__version__,
    }


def _version_of_package() -> str:
    from deepsight_ros import __version__

    return __version__


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep a second run out of the folder; the lock goes with the process."""
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ShardError(
                f"shards {folder}: another run is writing there; wait for it or stop it"
            ) from error
        yield
