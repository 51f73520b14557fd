"""Runs the shards of a job on Ray Data: this machine by default, a cluster by address.

One task writes one shard with the same code as without Ray, so the bytes are the same. Ray starts
a task again whose worker died; it overwrites or repeats nothing that was finished, because a
shard is renamed into place whole.
"""

from __future__ import annotations

import json
import logging
import socket
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from deepsight_ros.errors import DeepsightError
from deepsight_ros.synthesis.shards.manifest import ShardEntry
from deepsight_ros.synthesis.shards.writer import ShardJob, write_shard

_STORE_BYTES = 100 * 1024 * 1024
"""Object store of a local run; entries are small and images never enter it."""

_RETRIES = 3
"""How often a shard is started again whose worker died; then the run stops and can be resumed."""

_KNOCK_S = 10.0


def run_on_ray(
    job: ShardJob, shards: list[int], *, workers: int, address: str = ""
) -> Iterator[tuple[int, ShardEntry]]:
    """Write shards on Ray and hand out their entries as they finish.

    Args:
        job: what to write; pickled once and fetched by every worker.
        shards: numbers of the shards to write.
        workers: how many tasks run at a time, one CPU each.
        address: "auto", "host:port" or "ray://host:port" of a cluster, "" starts Ray here.

    Raises:
        DeepsightError: ray is not installed, or the cluster cannot be reached.
    """
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise DeepsightError(
            f"more than one worker needs the Python package '{error.name}', which is not "
            "installed; `pip install 'deepsight_ros[scale]'`, or use --workers 1"
        ) from error
    started = _connect(workers, address)
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        for name in ("ray", "ray.data"):  # progress is ours; what fails is raised
            logging.getLogger(name).setLevel(logging.ERROR)
        job_ref = ray.put(job)

        def write(row: dict[str, Any]) -> dict[str, Any]:
            entry = write_shard(ray.get(job_ref), int(row["item"]))
            return {"shard": int(row["item"]), "entry": json.dumps(asdict(entry))}

        numbers = ray.data.from_items(shards, override_num_blocks=len(shards))
        tasks = ray.data.TaskPoolStrategy(size=workers)
        with warnings.catch_warnings():  # 2.60 has no other way to bound the retries
            warnings.simplefilter("ignore", DeprecationWarning)
            written = numbers.map(
                write,
                compute=tasks,
                num_cpus=1,
                ray_remote_args_fn=lambda: {"max_retries": _RETRIES},
            )
        for row in written.iter_rows():
            yield int(row["shard"]), ShardEntry.from_json(json.loads(row["entry"]))
    finally:
        if started:
            ray.shutdown()


def _connect(workers: int, address: str) -> bool:
    """Join or start Ray; True when it was started here and must be stopped."""
    import ray

    if ray.is_initialized():
        return False
    if address:
        _knock(address)
    try:
        if address:
            ray.init(address=address, log_to_driver=False)
        else:
            ray.init(
                num_cpus=workers,
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                log_to_driver=False,
                logging_level="ERROR",
            )
    except (ConnectionError, ValueError) as error:
        raise DeepsightError(
            f"Ray: cannot join '{address}' ({error}); is the cluster up (`ray status`)?"
        ) from error
    return True


def _knock(address: str) -> None:
    """Fail within seconds where nothing listens; Ray itself would go on trying for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # "auto", or anything else that Ray itself knows
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except OSError as error:
        raise DeepsightError(
            f"Ray: cannot join '{address}' ({error}); is the cluster up (`ray status`), is this "
            "its address and port?"
        ) from error
