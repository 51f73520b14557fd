"""``deepsight bringup`` and ``deepsight play`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from deepsight_ros.cli.bringup import bringup, play
from deepsight_ros.nodes.bringup_arguments import ARGUMENTS

app = typer.Typer()
app.command("bringup")(bringup)
app.command("play")(play)
runner = CliRunner()


def test_show_args_describes_every_argument() -> None:
    result = runner.invoke(app, ["bringup", "--show-args"])
    assert result.exit_code == 0
    for argument in ARGUMENTS:
        assert f"{argument.name}:=" in result.output
        assert argument.description in result.output


def test_dry_run_prints_the_commands() -> None:
    result = runner.invoke(app, ["bringup", "--dry-run", "source:=sim", "namespace:=r1"])
    assert result.exit_code == 0
    assert "-m deepsight_ros.nodes.sim_camera --ros-args" in result.output
    assert "-m deepsight_ros.nodes.graph --ros-args" in result.output
    assert "/r1/perception fixed_frame: world" in result.output


def test_play_takes_a_path(tmp_path: Path) -> None:
    result = runner.invoke(app, ["play", str(tmp_path), "rate:=2", "--dry-run"])
    assert result.exit_code == 0
    assert f"/frame_player path: {tmp_path}" in result.output
    assert "/frame_player rate: 2.0" in result.output


@pytest.mark.parametrize("arguments", [["bringup", "sorce:=sim"], ["play"], ["play", "/none"]])
def test_errors_are_one_line(arguments: list[str]) -> None:
    result = runner.invoke(app, arguments)
    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    assert "Traceback" not in result.output
