"""The live and lifecycle benchmarks run, and report what their tables promise."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

pytestmark = [pytest.mark.ros, pytest.mark.slow]


def test_the_live_benchmark_reports_every_figure() -> None:
    from deepsight_ros.nodes.benchmark_live import (
        HD_TARGETS,
        REWARD_TARGETS,
        TARGETS,
        run_live,
    )

    out = io.StringIO()
    task = "bring the gripper to the black object"
    report = run_live(seconds=3.0, console=Console(file=out, width=120), task=task)
    assert {*TARGETS, *HD_TARGETS, *REWARD_TARGETS} <= report.keys()
    assert report["task"].startswith("distance of the gripper to the black object")
    assert 0 < report["rewards_share"] <= 1
    assert 0 <= report["rewards_measured_share"] <= 1
    assert 0 < report["reward_latency_median_ms"] <= report["reward_latency_p99_ms"]
    assert "rewards_share" in out.getvalue()
    assert 0 < report["frames_answered"] <= report["frames_published"]
    assert 0 < report["latency_median_ms"] <= report["latency_p99_ms"]
    assert report["rss_max_mib"] > 50
    assert report["cpu_cores"] > 0.05
    assert report["ask_ok"] > 0
    accuracy = report["accuracy"]
    assert accuracy["distances"] > 10
    assert accuracy["error_median_mm"] < 20  # of live messages, against the rebuilt world
    assert "frames_share" in out.getvalue()
    assert {"stamp to arrival", "decode", "perceive", "publish distances"} <= report[
        "stages_ms"
    ].keys()


def test_the_slope_of_memory_is_that_of_its_second_half() -> None:
    from deepsight_ros.nodes.benchmark_live import slope_mib_per_min
    from deepsight_ros.nodes.process_meter import Usage

    settling = [Usage(float(s), 0.0, (100 + s) * 2**20) for s in range(30)]
    growing = [Usage(30.0 + s, 0.0, round((130 + 0.1 * s) * 2**20)) for s in range(30)]
    assert slope_mib_per_min(settling + growing) == pytest.approx(6.0, abs=0.01)
    assert slope_mib_per_min(settling[:8]) is None


def test_the_lifecycle_benchmark_counts_what_is_left() -> None:
    from deepsight_ros.nodes.benchmark_lifecycle import run_lifecycle

    report = run_lifecycle(cycles=1, console=Console(file=io.StringIO()))
    assert report["answered"] == 1
    assert report["processes_left"] == 0
    assert report["shared_memory_files_left"] == 0
    assert report["errors_logged"] == 0
