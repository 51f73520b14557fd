"""`deepsight view`: a rerun file where rerun is installed, a clear word where it is not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from deepsight_ros.cli.view import view
from deepsight_ros.nodes.sim_camera import SimCameraNode
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(view)
    return made


def test_without_rerun_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    result = CliRunner().invoke(app(), ["--out", str(tmp_path / "a.rrd")])
    assert result.exit_code == 1
    assert "pip install rerun-sdk" in result.output
    assert not (tmp_path / "a.rrd").exists()


def test_with_rerun_it_writes_a_recording(ros: RosHarness, run_nodes: Any, tmp_path: Path) -> None:
    pytest.importorskip("rerun", reason="rerun-sdk is optional and not installed")
    from deepsight_ros.nodes.graph import make_graph

    run_nodes(SimCameraNode, rate_hz=5.0)
    run_nodes(make_graph)
    path = tmp_path / "deepsight.rrd"
    result = CliRunner().invoke(app(), ["--out", str(path), "--seconds", "4"])
    assert result.exit_code == 0, result.output
    assert "camera/depth" in result.output
    assert "objects" in result.output
    assert path.stat().st_size > 100_000
