"""Child processes that cannot outlive the test that began them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from tests.support.waiting import PATIENCE_S


class ProcessGuard:
    """Starts processes in sessions of their own and ends each session.

    Args:
        folder: where their output goes, one file each.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> ProcessGuard:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children:
            self.end(child)

    def start(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command; its output is in ``output(child)``."""
        path = self._folder / f"process_{len(self._children)}.log"
        with path.open("wb") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._children.append(child)
        return child

    def output(self, child: subprocess.Popen[bytes]) -> str:
        """What the process has printed so far."""
        path = self._folder / f"process_{self._children.index(child)}.log"
        return path.read_text(errors="replace")

    def wait_for_output(
        self, child: subprocess.Popen[bytes], text: str, timeout_s: float = PATIENCE_S
    ) -> None:
        """Wait until the process has printed ``text``."""
        deadline_s = time.monotonic() + timeout_s
        while text not in self.output(child):
            ended = child.poll() is not None
            if ended or time.monotonic() > deadline_s:
                state = f"ended with {child.returncode}" if ended else f"after {timeout_s} s"
                raise AssertionError(f"no '{text}' {state}; output:\n{self.output(child)}")
            time.sleep(0.05)

    def end(self, child: subprocess.Popen[bytes], patience_s: float = 10.0) -> int:
        """SIGINT, then SIGKILL for the whole session; the exit status."""
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            try:
                child.wait(patience_s)
            except subprocess.TimeoutExpired:
                pass  # the whole session is killed below
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # nothing of it is left, as it should be
        return child.wait(PATIENCE_S)
