"""The rewards benchmark: the same scores in processes, and what is done survives its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation import reward_benchmark
from deepsight_ros.evaluation.reward_benchmark import EpisodeScore, Job, run_rewards


def score(job: Job) -> EpisodeScore:
    kind, seed, frames = job
    return EpisodeScore(kind, seed, frames, 9, 0, 0, 0.99, 1.0, False, 0, 1, "", 0.01)


def test_processes_give_the_same_scores_in_the_same_order() -> None:
    alone = run_rewards(1, kinds=("reach", "keep_away"), frames=3)
    shared = run_rewards(1, kinds=("reach", "keep_away"), frames=3, workers=2)
    assert [(s.kind, s.seed, s.counted, s.held) for s in alone.scores] == [
        (s.kind, s.seed, s.counted, s.held) for s in shared.scores
    ]
    assert (alone.wanted, len(alone.scores)) == (2, 2)


def test_an_ended_run_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Job] = []

    def until_ctrl_c(job: Job) -> EpisodeScore:
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(job)
        return score(job)

    monkeypatch.setattr(reward_benchmark, "_score_job", until_ctrl_c)
    path = tmp_path / "rewards.json"
    result = CliRunner().invoke(
        app, ["benchmark", "rewards", "--episodes", "3", "--json", str(path)]
    )
    assert result.exit_code == 130, result.output
    assert "partial: 5 of 12 episodes" in result.output
    content = json.loads(path.read_text())
    assert content["episodes"] == [5, 12]
    assert sum(kind["episodes"] for kind in content["kinds"].values()) == 5


def test_a_killed_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Job] = []

    def count(job: Job) -> EpisodeScore:
        done.append(job)
        return score(job)

    monkeypatch.setattr(reward_benchmark, "_score_job", count)
    first = run_rewards(1, seed=3, keep=tmp_path)
    assert len(done) == 4
    again = run_rewards(2, seed=3, keep=tmp_path)
    assert len(done) == 8  # only what was new
    known = {(s.kind, s.seed) for s in first.scores}
    assert len(again.scores) == 8
    assert known < {(s.kind, s.seed) for s in again.scores}
    with pytest.raises(InvalidValueError, match="name another folder"):
        run_rewards(1, seed=4, keep=tmp_path)
