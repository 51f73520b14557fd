"""CPU and memory of a process from /proc, without a library."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """One reading.

    Attributes:
        at_s: time.monotonic().
        cpu_s: processor time used since the process began.
        rss_bytes: resident memory.
    """

    at_s: float
    cpu_s: float
    rss_bytes: int


def usage(pid: int) -> Usage:
    """Reading of a live process; OSError when it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = next(
        int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")
    )
    return Usage(time.monotonic(), ticks / os.sysconf("SC_CLK_TCK"), kilobytes * 1024)


def cores(readings: list[Usage]) -> float:
    """Mean number of cores used between the first and the last reading."""
    first, last = readings[0], readings[-1]
    return (last.cpu_s - first.cpu_s) / max(1e-6, last.at_s - first.at_s)


def hardware() -> dict[str, str | int]:
    """What figures were measured on."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "load": f"{os.getloadavg()[0]:.2f}",
    }
