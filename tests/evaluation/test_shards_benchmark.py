"""The shard rows of the benchmark are measured, not made up."""

from __future__ import annotations

import pytest

pytest.importorskip("pyarrow")

from deepsight_ros.evaluation.shards_benchmark import shard_rows


def test_rows_speak_of_what_was_written() -> None:
    rows = shard_rows(3)
    assert [r.unit for r in rows] == ["images/s", "%", "images/s", "images/s", "MB/s"]
    assert all(r.value > 0 for r in rows)
    assert 0 < rows[1].value < 100
    assert 5 < rows[0].detail["kB_an_image"] < 1000
    assert 50 < rows[0].detail["pairs_an_image"] <= 200
