"""Machine code on disk: one process saves at a time, and nobody loads meanwhile."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.waiting import PATIENCE_S

MODULE = """
from deepsight_ros.geometry.compiled import compiled, compiled_misses

@compiled("f8, f8")
def summed(a, b):
    return a + b
"""


def run(folder: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"from kernels import *\n{code}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kernels.py").write_text(MODULE)
    return tmp_path


def test_the_second_process_loads_what_the_first_compiled(folder: Path) -> None:
    code = "print(summed(1.0, 2.0), compiled_misses())"
    assert run(folder, code) == "3.0 ['summed']"
    assert run(folder, code) == "3.0 []"


def test_nobody_loads_while_another_saves(folder: Path) -> None:
    assert run(folder, "print(summed(1.0, 2.0))") == "3.0"
    lock = os.open(folder / "__pycache__" / "kernels.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(run(folder, "print(summed(2.0, 2.0))")))
    reader.start()
    reader.join(3.0)
    waits = reader.is_alive()
    os.close(lock)
    reader.join(PATIENCE_S)
    assert waits and said == ["4.0"]


def test_a_folder_that_cannot_be_written_only_costs_time(folder: Path) -> None:
    (folder / "__pycache__").write_text("a file where the folder should be")
    assert run(folder, "print(summed(1.0, 2.0))") == "3.0"
