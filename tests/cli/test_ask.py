from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app

SCENE = Path(__file__).parent.parent / "data" / "paraphrases" / "kitchen.json"


def run(*arguments: str, scene: Path | str = SCENE) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["ask", "--scene", str(scene), *arguments])
    return result.exit_code, result.output.strip()


def test_text() -> None:
    assert run("How tall is the apple?") == (0, "The apple is 7 cm tall.")


def test_json() -> None:
    code, out = run("how far is the apple from the tray in mm", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["status"] == "OK"
    assert made["question_type"] == made["quantity"] == "surface_distance"
    assert made["object_ids"] == ["o6", "o5"]
    assert made["unit"] == "mm"
    assert made["interval"][0] <= made["value"] <= made["interval"][1]
    assert made["bound"] == "exact"


def test_json_without_an_answer() -> None:
    made = json.loads(run("how heavy is the apple", "--json")[1])
    assert (made["status"], made["value"], made["interval"]) == ("UNSUPPORTED", None, None)


def test_statuses_are_shown() -> None:
    assert run("how tall is the giraffe?")[1].startswith("NOT_FOUND: ")
    assert run("how tall is the mug?")[1].startswith("AMBIGUOUS: ")


def test_imperial() -> None:
    assert "inches" in run("How tall is the apple?", "--units", "imperial")[1]
    assert run("How tall is the apple?", "--units", "parsecs")[0] == 2


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"camera": {}}'])
def test_a_bad_scene_is_named(content: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.json"
    path.write_text(content)
    code, out = run("how tall is it?", scene=path)
    assert code == 2
    assert "scene" in out


def test_a_missing_scene_is_named(tmp_path: Path) -> None:
    code, out = run("how tall is it?", scene=tmp_path / "nowhere.json")
    assert code == 2
    assert "nowhere.json" in out


def test_rendered_scene_is_measured_as_seen() -> None:
    code, out = run("how wide is the red mug in cm?", "--render", "--json")
    made = json.loads(out)
    assert code == 0
    assert made["status"] == "OK", made
    assert made["value"] == pytest.approx(8.0, abs=1.5)
    assert made["interval"][0] < made["interval"][1]
