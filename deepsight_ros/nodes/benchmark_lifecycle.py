"""`deepsight benchmark lifecycle`: the whole graph up and down, counting what is left behind."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from deepsight_ros.nodes.bringup_arguments import parse
from deepsight_ros.nodes.bringup_plan import make_plan
from deepsight_ros.nodes.bringup_runner import Runner
from deepsight_ros.nodes.client import ServiceError, SpatialClient
from deepsight_ros.nodes.isolation import isolate
from deepsight_ros.nodes.process_meter import hardware
from deepsight_ros.srv import SpatialQuery

UP_S = 60.0
"""Longest wait for the graph and for its answer: a limit, not a figure."""
MOST_LINES = 20
_SEGMENT = re.compile(r"/dev/shm/((?:fastrtps|sem\.fastrtps)_\S+)")
_FAULT = re.compile(r"\[(?:ERROR|FATAL)\]|Traceback|Segmentation")


def run_lifecycle(cycles: int = 100, console: Console | None = None) -> dict[str, Any]:
    """Bring the graph up with the simulated camera, ask, bring it down; ``cycles`` times.

    Returns:
        Counts: answered, processes and shared-memory files left, error lines logged; times.
    """
    isolate()
    console = console or Console()
    plan = make_plan(parse(["source:=sim", "log_level:=warn"]))
    before = shared_files()
    orphans: set[str] = set()
    up_s: list[float] = []
    down_s: list[float] = []
    answered = left = 0
    errors: list[str] = []
    with _log_folder() as logs:
        for _ in track(range(cycles), "up and down", console=console):
            began_s = time.monotonic()
            runner = Runner(plan, quiet=True)
            with runner, SpatialClient() as client:
                try:
                    client.wait_for_service(SpatialQuery, "ask", UP_S)
                    answer = client.ask("how many objects are there?", timeout_s=UP_S)
                    answered += answer.status == answer.OK
                except ServiceError as error:
                    console.print(f"[red]{error}[/]")
                up_s.append(time.monotonic() - began_s)
                pids = [child.pid for child in runner._running.values()]
                segments = mapped_segments(pids)
                began_s = time.monotonic()
            down_s.append(time.monotonic() - began_s)
            left += sum(Path(f"/proc/{pid}").exists() for pid in pids)
            orphans |= left_behind(segments) - before
        for log in logs.rglob("*.log"):
            lines = log.read_text(errors="replace").splitlines()
            errors += [line for line in lines if _FAULT.search(line)]
    report: dict[str, Any] = {
        "cycles": cycles,
        "answered": answered,
        "processes_left": left,
        "shared_memory_files_left": len(orphans),
        "shared_memory_growth_bytes": sum(_size(name) for name in orphans),
        "errors_logged": len(errors),
        "up_median_s": sorted(up_s)[len(up_s) // 2],
        "down_median_s": sorted(down_s)[len(down_s) // 2],
        "error_lines": errors,
        "hardware": hardware(),
    }
    table = Table("figure", "measured", "target", title=f"{cycles} whole bring-ups")
    wanted = {"answered": cycles, "processes_left": 0, "shared_memory_files_left": 0}
    wanted |= {"shared_memory_growth_bytes": 0, "errors_logged": 0}
    for name, value in report.items():
        if name not in ("hardware", "cycles", "error_lines"):
            shown = f"{value:.2f}" if isinstance(value, float) else str(value)
            table.add_row(name, shown, str(wanted.get(name, "")))
    console.print(table)
    for line in errors[:MOST_LINES]:
        console.print(line, markup=False)
    return report


@contextmanager
def _log_folder() -> Iterator[Path]:
    """A folder where rcl writes every log line of the processes started meanwhile."""
    before = os.environ.get("ROS_LOG_DIR")
    with tempfile.TemporaryDirectory(prefix="deepsight_logs_") as folder:
        os.environ["ROS_LOG_DIR"] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["ROS_LOG_DIR"]
            else:
                os.environ["ROS_LOG_DIR"] = before


def mapped_segments(pids: Iterable[int]) -> set[str]:
    """Names of the DDS files in shared memory that these processes have mapped now."""
    used: set[str] = set()
    for pid in pids:
        try:
            used |= set(_SEGMENT.findall(Path(f"/proc/{pid}/maps").read_text()))
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return used


def left_behind(segments: set[str]) -> set[str]:
    """Those of these files, and their lock files, that are there but mapped by no live process.

    The 32 bytes of a port's mutex (sem.fastrtps_port...) are not counted: Fast DDS keeps them for
    whoever uses the port next.
    """
    used = mapped_segments(int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit())
    gone = segments - used
    # lock files (_el, _sl) are not mapped but belong to a segment of the same name
    return {n for n in shared_files() if any(n == g or n.startswith(f"{g}_") for g in gone)}


def shared_files() -> set[str]:
    """Names of the DDS files in shared memory now. What a killed process left of a port is there
    for good: whoever uses that port next maps it again, and leaves it where it was."""
    folder = Path("/dev/shm")
    return {p.name for p in folder.glob("fastrtps_*")} if folder.is_dir() else set()


def _size(name: str) -> int:
    try:
        return (Path("/dev/shm") / name).stat().st_size
    except OSError:
        return 0  # gone meanwhile
