"""`deepsight reason` on a scene file: words, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app

KITCHEN = Path("tests/data/questions/scenes/s01_kitchen.json")
FITS = "does the apple fit between the mug and the bowl?"


def run(*arguments: str) -> tuple[int, str]:
    made = CliRunner().invoke(app, ["reason", "--scene", str(KITCHEN), *arguments])
    return made.exit_code, made.output


def test_steps_then_the_conclusion() -> None:
    code, text = run(FITS)
    lines = text.strip().splitlines()
    assert code == 0
    assert lines[0].lstrip().startswith("1. ")
    assert lines[-1].startswith("No, the apple does not fit between the mug and the bowl: 11 mm")


def test_json() -> None:
    code, text = run(FITS, "--json")
    made = json.loads(text)
    assert code == 0
    assert (made["status"], made["outcome"], made["family"]) == ("OK", "no", "fit")
    assert made["result"]["value"] == pytest.approx(-0.0106, abs=2e-4)
    assert len(made["steps"]) == 5


def test_what_cannot_be_planned_exits_1() -> None:
    code, text = run("fold the napkin into a swan")
    assert code == 1
    assert "UNSUPPORTED" in text


@pytest.mark.parametrize(
    "arguments", [("--planner", "oracle"), ("--planner", "chat"), ("--units", "cubits")]
)
def test_bad_arguments_exit_2(arguments: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSIGHT_CHAT_ADDRESS", raising=False)
    assert run(FITS, *arguments)[0] == 2


def test_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plan view is drawn with matplotlib")
    from matplotlib.image import imread

    drawn = []
    for task in (FITS, "how tall is the mug?"):
        path = tmp_path / f"{len(drawn)}.png"
        code, _ = run(task, "--picture", str(path))
        assert code == 0
        red, green, blue = imread(path)[..., :3].reshape(-1, 3).T
        drawn.append(int(((red > 0.9) & (green < 0.6) & (blue < 0.2)).sum()))
    assert drawn[0] > 1.5 * drawn[1] > 0  # three things stand out, then one
