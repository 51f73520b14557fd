"""Runs a function in two processes that find each other as `accelerate launch` has them."""

from __future__ import annotations

import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

RANKS = 2
LIMIT_S = 500


def _enter(
    rank: int, port: int, run: Callable[..., None], out: Path, arguments: tuple[Any, ...]
) -> None:
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(RANKS),
        "LOCAL_WORLD_SIZE": str(RANKS),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "ACCELERATE_USE_CPU": "true",
        "OMP_NUM_THREADS": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "HF_HUB_OFFLINE": "1",
    }
    import torch

    torch.set_num_threads(1)
    try:
        run(rank, out, *arguments)
        torch.distributed.destroy_process_group()
    except BaseException:
        (out / f"error_{rank}.txt").write_text(traceback.format_exc())
        raise


def run_ranks(run: Callable[..., None], out: Path, *arguments: Any) -> None:
    """Call ``run(rank, out, *arguments)`` in each process; AssertionError with what failed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    started = [
        context.Process(target=_enter, args=(rank, port, run, out, arguments))
        for rank in range(RANKS)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(LIMIT_S)
    hung = [p for p in started if p.is_alive()]
    for process in hung:
        process.kill()
        process.join()
    errors = "\n".join(f.read_text() for f in sorted(out.glob("error_*.txt")))
    assert not hung and all(p.exitcode == 0 for p in started), errors or "a process hung"
