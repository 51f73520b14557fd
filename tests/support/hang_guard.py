"""Ends a test run that hangs where pytest-timeout cannot interrupt it; the stacks go to stderr.

pytest-timeout interrupts a test in Python code, once, and neither the teardown of a test that has
failed nor the end of the process. Left are native code that waits while it holds the interpreter,
such a teardown, and threads that keep the process alive after the last test. The watchdog of
faulthandler is a native thread: it needs nothing of the interpreter to print and to exit.
"""

from __future__ import annotations

import faulthandler
import os

import pytest

PHASE_S = 420.0
"""For one of setup, call and teardown: after pytest-timeout (pyproject.toml) has had its turn."""

EXIT_S = 120.0
"""For what comes after the last test: atexit functions, threads that are waited for."""


class HangGuard:
    """A pytest plugin: a phase or an exit that takes too long ends the process with status 1.

    Args:
        phase_s: longest setup, call or teardown.
        exit_s: longest end of the process.
    """

    def __init__(self, phase_s: float = PHASE_S, exit_s: float = EXIT_S) -> None:
        self._phase_s = phase_s
        self._exit_s = exit_s
        self._stderr = os.dup(2)  # pytest's capture replaces the descriptor itself

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        self._begin(self._phase_s)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self) -> None:
        self._begin(self._phase_s)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self) -> None:
        self._begin(self._phase_s)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self._begin(self._exit_s)

    def _begin(self, limit_s: float) -> None:
        """Set the one watchdog there is to ``limit_s`` from now."""
        faulthandler.dump_traceback_later(limit_s, exit=True, file=self._stderr)
