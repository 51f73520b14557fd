"""`deepsight synthesize captions` and `instructions`, as a user starts them."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("pyarrow")
pytest.importorskip("openai")

from deepsight_ros.cli.main import app
from deepsight_ros.synthesis.shards.reader import ShardSet
from tests.support.chat_server import Reply, serving

GOOD = json.dumps(
    [{"role": "user", "text": "What is near?"}, {"role": "assistant", "text": "The mug is."}]
)
SMALL = ["--images", "3", "--images-per-shard", "2", "--config"]


@pytest.fixture
def small(tmp_path: Path) -> list[str]:
    """Options of a run of three small pictures."""
    file = tmp_path / "c.yaml"
    file.write_text("source: {width_px: 160, height_px: 120}\n")
    return [*SMALL, str(file), "--out", str(tmp_path / "out")]


def call(*arguments: str, typed: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(app, ["synthesize", *arguments], input=typed)
    return result.exit_code, result.output


def test_captions(small: list[str], tmp_path: Path) -> None:
    code, said = call("captions", *small, "--per-image", "3")
    assert code == 0 and "captions" in said, said
    rows = list(ShardSet(tmp_path / "out"))
    assert len(rows) == 3 and all(1 <= len(r.captions) <= 3 for r in rows)
    assert all(c.speaks_of_depth for r in rows for c in r.captions)
    code, said = call("captions", *small, "--per-image", "4")
    assert code == 2 and "another config" in said


def test_captions_of_a_recorded_folder(tmp_path: Path) -> None:
    """Perception names nothing here, so there is nothing to say: listed, not silent."""
    folder = tmp_path / "run"
    (folder / "depth").mkdir(parents=True)
    cv2.imwrite(str(folder / "depth/0.png"), np.full((48, 64), 900, np.uint16))
    camera = {"fx_px": 60, "fy_px": 60, "cx_px": 31.5, "cy_px": 23.5, "depth_unit_m": 0.001}
    (folder / "camera.json").write_text(json.dumps(camera))
    out = tmp_path / "out"
    code, said = call("captions", "--source", f"folder:{folder}", "--out", str(out))
    assert code == 1 and "1 inputs could not be used" in said
    assert "FilteredError" in (out / "broken.jsonl").read_text()
    code, said = call("captions", "--source", "folder:", "--out", str(out))
    assert code == 2 and "expected NAME:PATH" in said
    code, said = call("captions", "--source", f"nyu:{folder}/x.mat", "--out", str(out))
    assert code == 2 and "nyu_depth_v2_labeled.mat" in said


def test_instructions_by_the_catalogue(small: list[str], tmp_path: Path) -> None:
    code, said = call("instructions", *small)
    assert code == 0 and "3 conversations" in said, said
    rows = list(ShardSet(tmp_path / "out"))
    assert [r.conversations[0].writer for r in rows] == ["catalogue"] * 3


def test_instructions_by_an_endpoint(small: list[str], tmp_path: Path) -> None:
    with serving(lambda n, body: Reply(GOOD)) as server:
        given = ["instructions", *small, "--endpoint", server.url, "--model", "m"]
        code, said = call(*given, typed="n\n")
        assert code == 0 and "3 requests to m" in said and not server.requests
        assert not (tmp_path / "out").exists()
        code, said = call(*given, "--yes")
        assert code == 0 and "3 conversations" in said, said
        assert len(server.requests) == 3
        code, said = call(*given, "--yes")
        assert code == 0 and len(server.requests) == 3, "what is written is kept"


def test_an_endpoint_that_refuses_stops_the_run(small: list[str]) -> None:
    with serving(lambda n, body: Reply("no such model", 404)) as server:
        given = ["--endpoint", server.url, "--model", "m", "--yes"]
        code, said = call("instructions", *small, *given)
        assert code == 2 and "check the key" in said and len(server.requests) == 1


def test_published_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    from deepsight_ros.cli import synthesize_captions, synthesize_instructions

    asked: dict[str, int] = {}

    def run(annotate: object, config: dict, where: object, options: dict, images: int) -> None:
        asked[config["kind"]] = images

    for module in (synthesize_captions, synthesize_instructions):
        monkeypatch.setattr(module, "run", run)
    assert call("captions", "--published")[0] == 0
    assert call("instructions", "--published")[0] == 0
    assert asked == {"captions": 118_000 // 4, "instructions": 22_000}
