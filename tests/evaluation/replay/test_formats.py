"""Every kind of bag hands out the same frames: compressed by file or message, split, ROS 1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from deepsight_ros.sources import open_source
from tests.evaluation.replay.conftest import record
from tests.support.bags import BagMaker

FRAMES = 4


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, np.ndarray]]:
    return frames(record(BagMaker("mcap"), FRAMES).write(tmp_path_factory.mktemp("plain")))


def frames(path: Path) -> list[tuple[int, np.ndarray]]:
    return [(frame.stamp_ns, frame.depth_m) for frame in open_source(path)]


def same(a: list[tuple[int, np.ndarray]], b: list[tuple[int, np.ndarray]]) -> bool:
    stamps = [stamp for stamp, _ in a] == [stamp for stamp, _ in b]
    pairs = zip(a, b, strict=True)
    return stamps and all(np.array_equal(x, y, equal_nan=True) for (_, x), (_, y) in pairs)


@pytest.mark.parametrize(
    "maker",
    [
        BagMaker("sqlite3"),
        BagMaker("sqlite3", "file"),
        BagMaker("sqlite3", "message"),
        BagMaker("mcap", "file"),
        BagMaker("mcap", "message"),
        BagMaker("ros1"),
    ],
    ids=lambda m: f"{m.kind}-{m.compression}",
)
def test_the_same_frames(
    maker: BagMaker, plain: list[tuple[int, np.ndarray]], tmp_path: Path
) -> None:
    assert len(plain) == FRAMES
    assert same(frames(record(maker, FRAMES).write(tmp_path)), plain)


def test_split_bags(plain: list[tuple[int, np.ndarray]], tmp_path: Path) -> None:
    """As `ros2 bag record --max-bag-size` leaves them: one folder, several files."""
    whole = record(BagMaker("mcap"), FRAMES)
    half = len(whole.entries) // 2
    parts = []
    for number, entries in enumerate((whole.entries[:half], whole.entries[half:])):
        maker = BagMaker("mcap")
        maker.entries = entries
        (tmp_path / str(number)).mkdir()
        parts.append(maker.write(tmp_path / str(number)))
    folder = tmp_path / "split"
    folder.mkdir()
    about = [yaml.safe_load((p / "metadata.yaml").read_text()) for p in parts]
    merged = about[0]["rosbag2_bagfile_information"]
    second = about[1]["rosbag2_bagfile_information"]
    for number, part in enumerate(parts):
        next(part.glob("*.mcap")).rename(folder / f"split_{number}.mcap")
    merged["relative_file_paths"] = ["split_0.mcap", "split_1.mcap"]
    merged["files"] = []
    merged["message_count"] += second["message_count"]
    start_ns = merged["starting_time"]["nanoseconds_since_epoch"]
    end_ns = second["starting_time"]["nanoseconds_since_epoch"] + second["duration"]["nanoseconds"]
    merged["duration"]["nanoseconds"] = end_ns - start_ns
    counts = {t["topic_metadata"]["name"]: t for t in merged["topics_with_message_count"]}
    for topic in second["topics_with_message_count"]:
        counts[topic["topic_metadata"]["name"]]["message_count"] += topic["message_count"]
    (folder / "metadata.yaml").write_text(yaml.safe_dump(about[0]))
    assert same(frames(folder), plain)
