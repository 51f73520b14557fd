"""``deepsight annotate`` and ``replay --task``: a row per frame, as robot learning reads it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from tests.evaluation.replay.test_recorded import bag_with

runner = CliRunner()
TASK = "bring the gripper to o2"
FRAMES = ("--fixed-frame", "world", "--gripper-frame", "gripper")


@pytest.fixture(scope="module")
def annotated(bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("pyarrow")
    out = tmp_path_factory.mktemp("annotated") / "rewards.parquet"
    options = ("--task", TASK, "--out", str(out), "--reset-at", "0.5", *FRAMES)
    result = runner.invoke(app, ["annotate", str(bag), *options])
    assert result.exit_code == 0, result.output
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    return out


def test_one_row_per_frame_with_the_columns_that_are_read(annotated: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(annotated)
    rows = table.to_pylist()
    assert [r["index"] for r in rows] == list(range(12))
    assert [r["episode_index"] for r in rows] == [0] * 5 + [1] * 7
    assert [r["frame_index"] for r in rows] == [*range(5), *range(7)]
    assert rows[6]["timestamp"] == pytest.approx(0.1)
    for row in rows:
        assert row["valid"]
        assert row["lower_m"] <= row["distance_m"] <= row["upper_m"]
        assert row["progress_sparse"] == row["progress_dense"] == row["progress"]
        assert 0.0 <= row["progress"] <= 1.0
    assert table.schema.metadata[b"deepsight_task"] == TASK.encode()


def test_held_frames_teach_nothing(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    from deepsight_ros.reward.table import write_rewards

    line = {"episode_id": "0", "reward": -0.2, "distance_m": 0.2, "lower_m": 0.1, "upper_m": 0.3}
    line |= {"success": False, "valid": True}
    seen = {**line, "step": 0, "held": False, "stamp_ns": 10**9, "progress": 0.5}
    held = {**line, "step": 1, "held": True, "stamp_ns": 2 * 10**9, "progress": 0.5}
    unseen = {**line, "step": 2, "held": False, "valid": False, "stamp_ns": 3 * 10**9}
    unseen |= dict.fromkeys(("progress", "reward", "distance_m", "lower_m", "upper_m"))
    assert write_rewards([seen, held, unseen], tmp_path / "r.parquet", "t") == 3
    table = pq.read_table(tmp_path / "r.parquet")
    sparse = table["progress_sparse"].to_numpy()
    assert sparse[0] == pytest.approx(0.5)
    assert np.isnan(sparse[1:]).all()
    assert table["progress"].to_numpy()[1] == pytest.approx(0.5)


def test_lerobot_reads_it(annotated: Path) -> None:
    """With lerobot's own RA-BC weights, where lerobot is installed."""
    module = None
    for name in ("lerobot.utils.rabc", "lerobot.rewards.sarm.rabc"):
        try:
            module = __import__(name, fromlist=["RABCWeights"])
        except ImportError:
            continue
        break
    if module is None or not hasattr(module, "RABCWeights"):
        pytest.skip("lerobot with RABCWeights is not installed")
    weights = module.RABCWeights(annotated, chunk_size=2, head_mode="sparse")
    assert weights.get_stats()["num_frames"] == 12
    found, _ = weights.compute_batch_weights({"index": np.arange(12)})
    assert np.isfinite(np.asarray(found)).all()


def test_a_replay_with_a_task(bag: Path, tmp_path: Path) -> None:
    result = runner.invoke(
        app,
        [
            "replay",
            str(bag),
            "--task",
            TASK,
            "--rate",
            "0",
            "--report",
            str(tmp_path / "o"),
            *FRAMES,
        ],
    )
    assert result.exit_code == 0, result.output
    lines = [json.loads(x) for x in (tmp_path / "o" / "rewards.jsonl").read_text().splitlines()]
    assert len(lines) == 12
    assert all(line["reward"] == pytest.approx(sum(line["terms"].values())) for line in lines)
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["rewards"]["episodes"]["0"]["measured"] == 12
    assert TASK in (tmp_path / "o" / "report.html").read_text()


def test_tasks_that_cannot_be_measured(bag: Path, tmp_path: Path) -> None:
    result = runner.invoke(app, ["annotate", str(bag), "--task", "pour the tea"])
    assert result.exit_code == 2
    assert "cannot be" in result.output
    out = tmp_path / "r.parquet"
    unknown = ("--task", "bring the gripper to the giraffe", "--out", str(out), *FRAMES)
    result = runner.invoke(app, ["annotate", str(bag), *unknown])
    assert result.exit_code == 0
    assert "0 measured, 0 held, 12 not valid" in result.output
    assert "giraffe" in result.output


def test_recorded_boxes_name_the_things_where_they_are_asked_for(
    bag: Path, tmp_path: Path
) -> None:
    boxed, out = str(bag_with(tmp_path / "boxed", {})), str(tmp_path / "r.parquet")
    options = ("--task", "bring the gripper to the teapot", "--out", out, *FRAMES)
    named = runner.invoke(app, ["annotate", boxed, "--recorded", *options])
    assert named.exit_code == 0, named.output
    assert "12 frames: 12 measured" in named.output
    plain = runner.invoke(app, ["annotate", boxed, *options])
    assert "0 measured, 0 held, 12 not valid" in plain.output
    without = runner.invoke(app, ["annotate", str(bag), "--recorded", *options])
    assert without.exit_code == 2
    assert "got no recorded" in without.output.replace("\n", " ")
