"""Carries out a bring-up plan without ``launch``: starts processes, watches and ends them."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from deepsight_ros.errors import SourceError
from deepsight_ros.nodes.bringup_plan import Plan, Process, parameter_folder, ros_arguments

RESPAWN_DELAY_S = 2.0
ESCALATION = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0))
"""Signal to end a process with, and how long to wait for it; as ``launch`` does."""

_PR_SET_PDEATHSIG = 1


class Runner:
    """The processes of one plan.

    Use as a context manager: whatever happens inside, no process outlives it. Start it from a
    thread that lives as long as the graph, since the kernel ends the processes with that thread.

    Args:
        plan: what to start.
        quiet: discard the processes' output instead of passing it on.
    """

    def __init__(self, plan: Plan, quiet: bool = False) -> None:
        self.plan = plan
        self._output = subprocess.DEVNULL if quiet else None
        self._folder = parameter_folder()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._respawn_at_s: dict[int, float] = {}
        self._failed = False

    def __enter__(self) -> Runner:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every process; SourceError where an executable is missing."""
        for index in range(len(self.plan.processes)):
            self._start(index)

    def wait(self, stop: threading.Event) -> int:
        """Watch until ``stop`` is set, a required process ends or none is left.

        Returns:
            0, or 1 when a process ended by itself with an error.
        """
        while not stop.wait(0.1):
            if self.has_ended():
                break
        return int(self._failed)

    def has_ended(self) -> bool:
        """Look once: note and respawn what died; True when the graph is over."""
        over = False
        for index, child in list(self._running.items()):
            code = child.poll()
            if code is None:
                continue
            process = self.plan.processes[index]
            del self._running[index]
            if code != 0:
                print(f"bring-up: {process.executable} ended with {code}", file=sys.stderr)
            if process.respawn:
                self._respawn_at_s[index] = time.monotonic() + RESPAWN_DELAY_S
                continue
            self._failed = self._failed or code != 0
            over = over or process.is_required
        for index, due_s in list(self._respawn_at_s.items()):
            if time.monotonic() >= due_s:
                del self._respawn_at_s[index]
                self._start(index)
        return over or not (self._running or self._respawn_at_s)

    def stop(self) -> None:
        """End every process: ask, insist, kill."""
        self._respawn_at_s.clear()
        for number, patience_s in ESCALATION:
            alive = {i: child for i, child in self._running.items() if child.poll() is None}
            for child in alive.values():
                child.send_signal(number)
            deadline_s = time.monotonic() + patience_s
            for index, child in alive.items():
                try:
                    child.wait(max(0.0, deadline_s - time.monotonic()))
                except subprocess.TimeoutExpired:
                    name = self.plan.processes[index].executable
                    print(f"bring-up: {name} ignored {number.name}", file=sys.stderr)
        for child in self._running.values():
            try:
                os.killpg(child.pid, signal.SIGKILL)  # workers that it did not end itself
            except ProcessLookupError:
                continue
        self._running.clear()
        self._folder.cleanup()

    def _start(self, index: int) -> None:
        process = self.plan.processes[index]
        command = command_line(self.plan, process, Path(self._folder.name))
        self._running[index] = subprocess.Popen(
            command,
            env={**os.environ, **self.plan.environment},
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,  # Ctrl-C reaches the runner alone, which passes it on once
            preexec_fn=_end_with_parent,
        )


def command_line(plan: Plan, process: Process, folder: Path) -> list[str]:
    """The command of a process; its parameter file is written to ``folder``."""
    if process.package != "deepsight_ros":
        found = shutil.which(process.executable)
        if found is None:
            raise SourceError(
                f"{process.executable} is not installed; install the package {process.package}"
            )
        return [found, *process.arguments]
    file = process.write_parameters(folder) if process.parameters else None
    module = f"deepsight_ros.nodes.{process.executable}"
    return [
        sys.executable,
        "-m",
        module,
        *process.arguments,
        *ros_arguments(plan, process, file),
    ]


def _end_with_parent() -> None:
    """Let the kernel end the process when the runner is killed and cannot."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
