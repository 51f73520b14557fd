"""Scenes shared out to processes and kept on disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.benchmark import app
from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation.geometry_workers import kept_in, over_scenes


def squared(index: int, calls: str = "") -> int:
    if calls:
        with Path(calls).open("a") as file:
            file.write(f"{index}\n")
    return index * index


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order_whatever_the_number_of_processes(workers: int) -> None:
    done: list[int] = []
    assert list(over_scenes(squared, 7, workers, done.append)) == [i * i for i in range(7)]
    assert done == list(range(1, 8))


def test_a_killed_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    work = partial(squared, calls=str(calls))
    first = over_scenes(kept_in(work, tmp_path / "kept", {"seed": 1}), 5, 1)
    assert [next(first) for _ in range(3)] == [0, 1, 4]
    first.close()
    again = list(over_scenes(kept_in(work, tmp_path / "kept", {"seed": 1}), 5, 1))
    assert again == [0, 1, 4, 9, 16]
    assert calls.read_text().split() == ["0", "1", "2", "3", "4"]


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    kept_in(squared, tmp_path, {"seed": 1})
    with pytest.raises(InvalidValueError, match="another folder"):
        kept_in(squared, tmp_path, {"seed": 2})


def test_nothing_is_kept_without_a_folder() -> None:
    assert kept_in(squared, None, {}) is squared


def test_the_command_keeps_each_scene(tmp_path: Path) -> None:
    arguments = ["geometry", "--scenes", "1", "--no-words", "--keep", str(tmp_path / "kept")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["00000.pickle", "about.json"]
