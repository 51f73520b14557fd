"""Two Ray workers on this machine: the same bytes, with a worker killed mid-run too."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("ray", reason="scale-out needs ray (pip install 'deepsight_ros[scale]')")

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
