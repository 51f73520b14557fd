"""A test that hangs ends a run of pytest within its limit, whatever it hangs in, and is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFTEST = """
import time
import pytest
from tests.support.hang_guard import HangGuard

def pytest_configure(config):
    config.pluginmanager.register(HangGuard(phase_s={phase_s}, exit_s={exit_s}))

@pytest.fixture
def stuck():
    yield
    time.sleep(60.0)
"""

PYTHON = """
import time
def test_python(): time.sleep(60.0)
def test_next(): pass
"""

NATIVE = """
import ctypes
def test_native():
    mutex = ctypes.create_string_buffer(64)  # all zero: not locked yet
    for _ in range(2):
        ctypes.PyDLL(None).pthread_mutex_lock(mutex)  # PyDLL holds the interpreter
"""

TEARDOWN = """
def test_failed(stuck): assert False
"""

THREAD = """
import threading
def test_thread(): threading.Thread(target=threading.Event().wait).start()
"""


def run_pytest(folder: Path, code: str, phase_s: float, exit_s: float) -> tuple[int, str]:
    (folder / "conftest.py").write_text(CONFTEST.format(phase_s=phase_s, exit_s=exit_s))
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "--timeout=1", "-p", "no:cacheprovider", folder]
    run = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240.0,
    )
    return run.returncode, run.stdout


def test_a_test_that_hangs_in_python_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    pytest.importorskip("pytest_timeout")
    status, output = run_pytest(tmp_path, PYTHON, 200.0, 200.0)
    assert status == 1
    assert "def test_python" in output
    assert "1 failed, 1 passed" in output


@pytest.mark.parametrize(
    ("code", "phase_s", "named"),
    [
        (NATIVE, 4.0, "in test_native"),
        (TEARDOWN, 4.0, "in stuck"),
        (THREAD, 200.0, "in _shutdown"),
    ],
    ids=["native code", "teardown of a failed test", "thread at exit"],
)
def test_what_cannot_be_interrupted_ends_the_run(
    tmp_path: Path, code: str, phase_s: float, named: str
) -> None:
    pytest.importorskip("pytest_timeout")
    status, output = run_pytest(tmp_path, code, phase_s, 4.0)
    assert status == 1
    assert "Timeout (0:00:04)!" in output
    assert named in output
