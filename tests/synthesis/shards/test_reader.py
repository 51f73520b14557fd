"""Reading shards: drawn orders, ranks, positions, columns; damage said in words."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
from tests.support.small_worlds import SmallWorlds, annotate


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    source = SmallWorlds(40, broken=(11,))
    build(ShardJob(source, annotate, str(folder), 1, 40, ShardFormat(9, 4)), {})
    return folder


def keys(shards: ShardSet, seed: int = 3, **options: int) -> list[str]:
    return [row.key for row in shards.stream(seed, **options)]


def test_an_epoch_is_every_row_once_in_a_drawn_order(made: Path) -> None:
    shards = ShardSet(made, ("key",))
    first = keys(shards)
    assert sorted(first) == [row.key for row in shards] and len(first) == 39
    assert first != sorted(first)
    assert keys(shards) == first
    assert keys(shards, epoch=1) != first and keys(shards, seed=4) != first


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_share_the_rows(made: Path, ranks: int) -> None:
    shards = ShardSet(made, ("key",))
    parts = [keys(shards, rank=r, ranks=ranks) for r in range(ranks)]
    assert sorted(k for part in parts for k in part) == sorted(keys(shards))
    even = [
        [row.key for row in shards.stream(3, rank=r, ranks=ranks, even=True)] for r in range(ranks)
    ]
    assert len({len(part) for part in even}) == 1
    assert all(part == parts[r][: len(part)] for r, part in enumerate(even))


def test_a_stream_goes_on_where_it_stopped(made: Path) -> None:
    shards = ShardSet(made, ("key",))
    for rank in (0, 1):
        whole = keys(shards, rank=rank, ranks=2, window=2)
        for skip in (0, 1, 7, len(whole) - 1, len(whole), len(whole) + 5):
            assert keys(shards, rank=rank, ranks=2, window=2, skip=skip) == whole[skip:]


def test_only_the_columns_asked_for_are_read(made: Path) -> None:
    row = ShardSet(made, ("depth", "pairs"))[0]
    assert row.depth_m().shape == (72, 96) and len(row.pairs) == 2
    with pytest.raises(ShardError, match="'colour' was not read"):
        row.colour()
    with pytest.raises(InvalidValueError, match="coulour"):
        ShardSet(made, ("coulour",))


def test_rows_by_number(made: Path) -> None:
    shards = ShardSet(made, ("key",))
    assert [shards[i].key for i in range(len(shards))] == [row.key for row in shards]
    with pytest.raises(IndexError):
        shards[39]


def test_damage_is_said(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    path = folder / "shard-000001.parquet"
    data = path.read_bytes()

    path.write_bytes(data[:-100])
    with pytest.raises(ShardError, match="truncated"):
        ShardSet(folder)

    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    with pytest.raises(ShardError, match="SHA-256"):
        ShardSet(folder).verify()

    path.write_bytes(bytes(len(data)))
    with pytest.raises(ShardError, match="cannot be read"):
        list(ShardSet(folder))

    path.unlink()
    with pytest.raises(ShardError, match="is missing"):
        ShardSet(folder)

    path.write_bytes(data)
    ShardSet(folder).verify()
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema_version": 99}))
    with pytest.raises(ShardError, match="schema version 99"):
        ShardSet(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(ShardError, match="JSON"):
        ShardSet(folder)
    with pytest.raises(ShardError, match="no such folder"):
        ShardSet(tmp_path / "nowhere")


def test_a_deleted_shard_is_written_again(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(made, folder)
    (folder / "shard-000002.parquet").unlink()
    source = SmallWorlds(40, broken=(11,))
    build(ShardJob(source, annotate, str(folder), 1, 40, ShardFormat(9, 4)), {})
    name = "shard-000002.parquet"
    assert (folder / name).read_bytes() == (made / name).read_bytes()
    ShardSet(folder).verify()
