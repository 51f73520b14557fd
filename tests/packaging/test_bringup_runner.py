"""The runner: starts, watches, respawns, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from deepsight_ros.errors import SourceError
from deepsight_ros.nodes import bringup_runner
from deepsight_ros.nodes.bringup_plan import Plan, Process
from deepsight_ros.nodes.bringup_runner import Runner
from tests.support.waiting import PATIENCE_S, wait_until


def script(folder: Path, name: str, body: str) -> str:
    """An executable that notes its process id on every start, then runs ``body``."""
    path = folder / name
    note = f"open({str(folder / (name + '.pids'))!r}, 'a').write(f'{{os.getpid()}}\\n')"
    path.write_text(f"#!{sys.executable}\nimport os, signal, sys, time\n{note}\n{body}\n")
    path.chmod(0o755)
    return str(path)


def pids(folder: Path, name: str, count: int = 1) -> list[int]:
    """The noted process ids, once there are ``count``."""
    path = folder / f"{name}.pids"

    def found() -> list[str]:
        return path.read_text().split() if path.exists() else []

    wait_until(lambda: len(found()) >= count, f"{name} started {count} times")
    return [int(pid) for pid in found()]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def plan(*processes: Process) -> Plan:
    return Plan("/", "info", processes, {})


def process(executable: str, **options: bool) -> Process:
    return Process("other", executable, (), {}, **options)


FOREVER = "time.sleep(60)"
STUBBORN = (
    "signal.signal(signal.SIGINT, signal.SIG_IGN); signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "open(sys.argv[0] + '.ready', 'w').close(); time.sleep(60)"
)


def test_nothing_outlives_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = ((signal.SIGINT, 0.3), (signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0))
    monkeypatch.setattr(bringup_runner, "ESCALATION", quick)
    polite, stubborn = script(tmp_path, "polite", FOREVER), script(tmp_path, "stubborn", STUBBORN)
    with pytest.raises(ZeroDivisionError), Runner(plan(process(polite), process(stubborn))):
        started = pids(tmp_path, "polite") + pids(tmp_path, "stubborn")
        wait_until((tmp_path / "stubborn.ready").exists, "the stubborn one to be ready")
        raise ZeroDivisionError
    assert not any(map(is_alive, started))


def test_a_missing_executable_ends_what_was_started(tmp_path: Path) -> None:
    runner = Runner(plan(process(script(tmp_path, "first", FOREVER)), process("no_such_program")))
    with pytest.raises(SourceError, match="no_such_program is not installed"), runner:
        pytest.fail("started without it")
    noted = tmp_path / "first.pids"  # it may have been ended before it noted anything
    assert not noted.exists() or not any(is_alive(int(p)) for p in noted.read_text().split())


def test_a_required_process_ends_the_graph(tmp_path: Path) -> None:
    short = script(tmp_path, "short", "")
    long = script(tmp_path, "long", FOREVER)
    with Runner(plan(process(short, is_required=True), process(long))) as runner:
        assert runner.wait(threading.Event()) == 0
        (pid,) = pids(tmp_path, "long")
        assert is_alive(pid)
    assert not is_alive(pid)


def test_the_graph_ends_when_the_last_process_fails(tmp_path: Path) -> None:
    broken = script(tmp_path, "broken", "sys.exit(3)")
    with Runner(plan(process(broken))) as runner:
        assert runner.wait(threading.Event()) == 1


def test_respawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bringup_runner, "RESPAWN_DELAY_S", 0.05)
    mortal = script(tmp_path, "mortal", FOREVER)
    stop = threading.Event()
    with Runner(plan(process(mortal, respawn=True))) as runner:
        (first,) = pids(tmp_path, "mortal")
        os.kill(first, signal.SIGKILL)

        def is_back() -> bool:
            assert not runner.has_ended()  # which looks after those that are to come back
            return len(pids(tmp_path, "mortal")) == 2

        wait_until(is_back, "the second start")
        stop.set()
        assert runner.wait(stop) == 0
    assert not any(map(is_alive, pids(tmp_path, "mortal")))


def test_processes_end_with_a_killed_runner(tmp_path: Path, processes) -> None:
    child = script(tmp_path, "child", FOREVER)
    code = (
        "import sys, time\n"
        "from deepsight_ros.nodes.bringup_plan import Plan, Process\n"
        "from deepsight_ros.nodes.bringup_runner import Runner\n"
        "with Runner(Plan('/', 'info', (Process('other', sys.argv[1], (), {}),), {})):\n"
        "    time.sleep(60)\n"
    )
    runner = processes.start([sys.executable, "-c", code, child])
    (pid,) = pids(tmp_path, "child")
    runner.kill()
    runner.wait(PATIENCE_S)
    wait_until(lambda: not is_alive(pid), "the child to end with its runner")
