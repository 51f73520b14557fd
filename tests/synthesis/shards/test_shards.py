"""Shards: what is written comes back; the same bytes; resumption; accounts; damage."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from deepsight_ros.errors import InvalidValueError, ShardError
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.shards.annotations import Annotations
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.reader import ShardSet
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob, sample_seed
from tests.support.small_worlds import SmallWorlds, annotate
from tests.support.waiting import PATIENCE_S, wait_until

FORMAT = ShardFormat(images_per_shard=7, images_per_group=3)


def job(folder: Path, count: int = 20, **source: object) -> ShardJob:
    return ShardJob(SmallWorlds(**source), annotate, str(folder), 5, count, FORMAT)


def files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir()) if p.name != ".lock"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    build(job(folder), {"kind": "test"})
    return folder


def test_rows_hold_what_was_sampled(whole: Path) -> None:
    shards = ShardSet(whole)
    assert len(shards) == 20 and len(list(shards)) == 20
    source = SmallWorlds()
    for index in (0, 8, 19):
        row, sample = shards[index], source[index]
        back = row.sample()
        assert row.key == sample.key == back.key and row["index"] == index
        np.testing.assert_allclose(back.frame.depth_m, sample.frame.depth_m, atol=0.00051)
        assert (np.isnan(back.frame.depth_m) == np.isnan(sample.frame.depth_m)).all()
        np.testing.assert_array_equal(back.frame.colour, sample.frame.colour)
        np.testing.assert_array_equal(back.instance_id, sample.instance_id)
        assert back.frame.camera == sample.frame.camera
        assert dict(back.captions) == dict(sample.captions)
        assert back.provenance == {"source": "small-worlds", "seed": index, "noise": 0.0}
        said = annotate(sample, sample_seed(5, index))
        assert Annotations(row.pairs, row.captions, row.conversations) == said
        assert back.truth is not None
        for mine, theirs in zip(back.truth.objects, sample.scene.objects, strict=True):
            assert mine.id == theirs.id and mine.label == theirs.label
            assert len(mine.shape.parts) == len(theirs.shape.parts)
            np.testing.assert_allclose(mine.box.size_m, theirs.box.size_m, atol=1e-6)
        for i, item in enumerate(sample.scene.objects):
            ys, xs = np.nonzero(sample.instance_id == i + 1)
            box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
            assert row.boxes_px[item.id] == box


@pytest.mark.parametrize("codec", ["webp", "jpeg"])
def test_colour_codecs(tmp_path: Path, codec: str) -> None:
    made = replace(job(tmp_path, 2), format=replace(FORMAT, colour_codec=codec))
    build(made, {})
    for index, row in enumerate(ShardSet(tmp_path)):
        wanted, got = SmallWorlds()[index].frame.colour, row.colour()
        off = np.abs(wanted.astype(int) - got.astype(int))
        assert off.max() == 0 if codec == "webp" else off.mean() < 4


def test_depth_beyond_the_unit_is_reported_not_cut(tmp_path: Path) -> None:
    made = replace(job(tmp_path, 3), format=replace(FORMAT, depth_unit_m=0.00001))
    manifest = build(made, {})
    assert manifest.images == 0 and manifest.broken == 3
    assert "larger depth unit" in (tmp_path / "broken.jsonl").read_text()


def test_a_killed_run_goes_on_to_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from tests.synthesis.shards.test_shards import job, slow\n"
        "from dataclasses import replace\n"
        "from deepsight_ros.synthesis.shards.build import build\n"
        "from pathlib import Path\n"
        "made = job(Path(sys.argv[1]))\n"
        "build(replace(made, annotate=slow), {'kind': 'test'})\n"
    )
    killed = 0
    for wanted in (1, 2):  # files that must stand before the kill
        process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
        wait_until(
            lambda wanted=wanted: len(list(tmp_path.glob("shard-*.json"))) >= wanted,
            f"{wanted} files",
        )
        time.sleep(0.15)  # into the next shard
        if process.poll() is None:
            process.kill()
            killed += 1
        process.wait(PATIENCE_S)
    assert killed == 2
    with pytest.raises(ShardError, match="has not finished"):
        ShardSet(tmp_path)
    done: list[int] = []
    build(job(tmp_path), {"kind": "test"}, progress=done.append)
    assert sum(done) == 20 and max(done) > 1  # what stood was kept
    assert files(tmp_path) == files(whole)


def slow(sample: Sample, seed: int) -> Annotations:
    """The same annotations, later."""
    time.sleep(0.05)
    return annotate(sample, seed)


def test_broken_inputs_are_listed_and_counted(tmp_path: Path) -> None:
    manifest = build(job(tmp_path, broken=(2, 9, 10)), {})
    assert manifest.images == 17 and manifest.broken == 3 and manifest.count == 20
    lines = [json.loads(line) for line in (tmp_path / "broken.jsonl").read_text().splitlines()]
    assert [line["index"] for line in lines] == [2, 9, 10]
    assert lines[0]["error"] == "SourceError" and "cut short" in lines[0]["message"]
    rows = [row["index"] for row in ShardSet(tmp_path)]
    assert rows == [i for i in range(20) if i not in (2, 9, 10)]


def test_an_unexpected_error_stops_the_run(tmp_path: Path) -> None:
    def faulty(sample: Sample, seed: int) -> Annotations:
        raise ZeroDivisionError("a bug, not a broken input")

    with pytest.raises(ZeroDivisionError):
        build(replace(job(tmp_path), annotate=faulty), {})
    assert not list(tmp_path.glob("shard-*")) and not list(tmp_path.glob(".*.tmp"))


def test_another_plan_is_refused(whole: Path) -> None:
    with pytest.raises(ShardError, match="another config"):
        build(job(whole), {"kind": "other"})
    with pytest.raises(ShardError, match="another count"):
        build(job(whole, 21), {"kind": "test"})


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    inner: list[str] = []

    def again(sample: Sample, seed: int) -> Annotations:
        with pytest.raises(ShardError, match="another run") as caught:
            build(job(tmp_path), {})
        inner.append(str(caught.value))
        return annotate(sample, seed)

    build(replace(job(tmp_path, 1), annotate=again), {})
    assert len(inner) == 1


def test_annotations_must_speak_of_known_ids(tmp_path: Path) -> None:
    def stray(sample: Sample, seed: int) -> Annotations:
        said = annotate(sample, seed)
        return replace(said, pairs=(replace(said.pairs[0], object_ids=("o99",)),))

    manifest = build(replace(job(tmp_path, 2), annotate=stray), {})
    assert manifest.broken == 2 and "o99" in (tmp_path / "broken.jsonl").read_text()


def test_count_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="1 to 40"):
        job(tmp_path, 41)
