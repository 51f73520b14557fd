"""Two Ray workers on this machine: the same bytes, with a worker killed mid-run too."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("ray", reason="scale-out needs ray (pip install 'deepsight_ros[scale]')")

from deepsight_ros.errors import DeepsightError
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
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


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a Ray cluster of one machine, started as an operator would start it."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")  # Ray 2.60 lets in who has the cluster's token
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        head = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("ray")), "start", "--head", "--block",
                "--num-cpus=2", f"--port={port}", "--node-ip-address=127.0.0.1",
                "--include-dashboard=false", "--disable-usage-stats",
                f"--object-store-memory={100 * 1024 * 1024}", f"--temp-dir={folder}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )  # fmt: skip
        try:
            deadline = time.monotonic() + 120.0
            while time.monotonic() < deadline and head.poll() is None:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.5)
            if head.poll() is not None:
                pytest.skip("`ray start --head` does not run here")
            yield f"127.0.0.1:{port}"
        finally:
            head.terminate()
            head.wait(60.0)


def test_a_cluster_by_its_address_writes_the_same_bytes(tmp_path: Path, cluster: str) -> None:
    build(job(tmp_path / "one"), {})
    done: list[int] = []
    build(job(tmp_path / "cluster"), {}, workers=2, ray_address=cluster, progress=done.append)
    assert sum(done) == 24
    assert files(tmp_path / "cluster") == files(tmp_path / "one")


def test_a_cluster_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(DeepsightError, match="cannot join"):
        build(job(tmp_path / "none"), {}, workers=2, ray_address="127.0.0.1:1")
