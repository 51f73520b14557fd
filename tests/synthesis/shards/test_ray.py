"""Two Ray workers on this machine: the same bytes, with a worker killed mid-run too."""

from __future__ import annotations

import os
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


@pytest.mark.skipif(
    not os.environ.get("DEEPSIGHT_TEST_RAY_CLUSTER"),
    reason="starts a Ray head of its own, which takes minutes on a busy machine: set "
    "DEEPSIGHT_TEST_RAY_CLUSTER=1",
)
def test_a_cluster_by_its_address_writes_the_same_bytes(
    tmp_path: Path, processes: ProcessGuard
) -> None:
    environment = {
        "PYTHONPATH": str(Path(__file__).parents[3]),  # workers import tests.*
        "RAY_AUTH_MODE": "disabled",  # a cluster of this machine, for this test
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    head = processes.start(
        [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
            "--node-ip-address", "127.0.0.1", "--port", str(port), "--num-cpus", "2",
            "--include-dashboard", "false", "--disable-usage-stats",
            "--object-store-memory", "100000000", "--temp-dir", tempfile.mkdtemp(dir="/tmp"),
        ],
        environment,
    )  # fmt: skip
    processes.wait_for_output(head, "Ray runtime started", timeout_s=150)
    build(job(tmp_path / "one"), {})
    code = (  # a process of its own: Ray reads how to authenticate once
        "from pathlib import Path; from deepsight_ros.synthesis.shards.build import build; "
        "from tests.synthesis.shards.test_ray import job; "
        f"made = build(job(Path({str(tmp_path / 'two')!r})), {{}}, workers=2, "
        f"ray_address='127.0.0.1:{port}'); assert (made.images, made.broken) == (23, 1)"
    )
    joined = processes.start([sys.executable, "-c", code], environment)
    assert joined.wait(200) == 0, processes.output(joined)
    assert files(tmp_path / "two") == files(tmp_path / "one")


def test_no_cluster_at_an_address_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeepsightError, match="cannot join"):
        build(job(tmp_path / "two"), {}, workers=2, ray_address="127.0.0.1:1")
