"""Two Ray workers on this machine: the same bytes, with a worker killed mid-run too."""

from __future__ import annotations

import socket
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("ray", reason="scale-out needs ray (pip install 'deepsight_ros[scale]')")

from deepsight_ros.errors import DeepsightError
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
from tests.support.processes import ProcessGuard
from tests.support.small_worlds import SmallWorlds, annotate

pytestmark = pytest.mark.slow


def job(folder: Path, **source: object) -> ShardJob:
    worlds = SmallWorlds(24, broken=(5,), **source)
    return ShardJob(worlds, annotate, str(folder), 2, 24, ShardFormat(4, 2))


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != ".lock"}


def test_two_workers_one_killed_write_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))  # workers import tests.*
    build(job(tmp_path / "one"), {})
    trap = tmp_path / "trap"
    trap.write_text("")
    done: list[int] = []
    manifest = build(
        job(tmp_path / "two", deadly=9, trap=str(trap)), {}, workers=2, progress=done.append
    )
    assert not trap.exists()  # the worker did die
    assert sum(done) == 24 and manifest.images == 23 and manifest.broken == 1
    assert files(tmp_path / "two") == files(tmp_path / "one")


def test_a_cluster_by_its_address_writes_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: ProcessGuard
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # a cluster of this machine, for this test
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"127.0.0.1:{port}"
    head = processes.start(
        [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
            "--node-ip-address", "127.0.0.1", "--port", str(port), "--num-cpus", "2",
            "--include-dashboard", "false", "--disable-usage-stats",
            "--object-store-memory", "100000000", "--temp-dir", tempfile.mkdtemp(dir="/tmp"),
        ]
    )  # fmt: skip
    try:
        processes.wait_for_output(head, "Ray runtime started", timeout_s=150)
    except AssertionError as error:  # its daemons have 30 s of their own to find each other
        pytest.skip(f"Ray's own head did not come up on this machine: {str(error)[-300:]}")
    build(job(tmp_path / "one"), {})
    manifest = build(job(tmp_path / "two"), {}, workers=2, ray_address=address)
    assert manifest.images == 23 and manifest.broken == 1
    assert files(tmp_path / "two") == files(tmp_path / "one")
    head.terminate()
    head.wait(60)


def test_no_cluster_at_an_address_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeepsightError, match="cannot join"):
        build(job(tmp_path / "two"), {}, workers=2, ray_address="127.0.0.1:1")
