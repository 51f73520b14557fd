"""Segmenter weights on disk, and which segmenter a machine gets and why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.model import segmenter
from deepsight_ros.model.segmenter import choose, frame_s, load_learned
from deepsight_ros.model.segmenter_net import (
    COLOURS,
    OUTPUTS,
    SegmenterConfig,
    SegmenterNet,
    with_colour,
)
from deepsight_ros.model.segmenter_weights import load, load_judge, save, save_judge
from deepsight_ros.perception.judging import FEATURES, Judge
from deepsight_ros.perception.segmenters import geometric

SMALL = SegmenterConfig(widths=(8, 8, 16), blocks=(0, 1, 0), up_blocks=(0, 1))


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save(tmp_path / "net", SegmenterNet(SMALL))
    return tmp_path / "net"


def test_weights_come_back(folder: Path) -> None:
    network = load(folder)
    again = load(folder)
    given = torch.randn(1, SMALL.inputs, 30, 41)
    with torch.no_grad():
        out = network(given)
        assert torch.equal(out, again(given))
    assert out.shape == (1, len(OUTPUTS), 30, 41)
    assert not network.training


def test_the_shipped_shape_is_small_enough() -> None:
    count = sum(p.numel() for p in SegmenterNet(SegmenterConfig()).parameters())
    assert count < 5_000_000


def test_a_network_that_gets_colour_says_the_same_until_it_learns(folder: Path) -> None:
    before = load(folder)
    after = with_colour(before)
    assert after.config.colour and after.config.inputs == SMALL.inputs + COLOURS
    plain = torch.randn(2, SMALL.inputs, 30, 40)
    with torch.no_grad():
        for colours in (torch.zeros(2, COLOURS, 30, 40), torch.randn(2, COLOURS, 30, 40)):
            out = after(torch.cat([plain, colours], dim=1))
            torch.testing.assert_close(out, before(plain), atol=1e-5, rtol=1e-5)
    loss = after(torch.cat([plain, torch.randn(2, COLOURS, 30, 40)], dim=1)).square().sum()
    loss.backward()
    grown = after.stem[0].weight.grad[:, SMALL.inputs :]
    assert grown.abs().max() > 0  # what starts at zero can learn
    with pytest.raises(InvalidValueError, match="without"):
        with_colour(after)


def test_compiled_says_what_eager_says(folder: Path) -> None:
    learned = load_learned(folder, device="cpu")
    network = load(folder)
    channels = np.random.default_rng(0).normal(0, 1, (SMALL.inputs, 60, 80)).astype(np.float32)
    with torch.no_grad():
        eager = network(torch.from_numpy(channels)[None])[0].numpy()
    for _ in range(3):
        np.testing.assert_allclose(learned.network(channels), eager, atol=2e-4)


def test_damaged_and_foreign_weights_are_named(folder: Path) -> None:
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:100])
    with pytest.raises(SourceError, match="damaged"):
        load(folder)
    weights.write_bytes(whole)
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**values, "widths": [8, 16, 16]}))
    with pytest.raises(InvalidValueError, match="belong together"):
        load(folder)
    (folder / "config.json").write_text(json.dumps({**values, "format": "x"}))
    with pytest.raises(InvalidValueError, match="format"):
        load(folder)
    with pytest.raises(SourceError, match="train segment"):
        load(folder / "nowhere")


def test_auto_takes_the_learned_one_within_its_time(folder: Path) -> None:
    choice = choose("auto", folder, budget_s=100.0, device="cpu")
    assert choice.kind == "learned" and choice.frame_s is not None
    assert "within" in choice.reason and "ms" in choice.reason


def test_auto_falls_back_and_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = choose("auto", folder, budget_s=1e-6, device="cpu")
    assert slow.kind == "geometric" and slow.segmenter is geometric and "over" in slow.reason
    none = choose("auto", None)
    assert none.kind == "geometric" and "no weights" in none.reason
    (folder / "model.safetensors").write_bytes(b"")
    broken = choose("auto", folder, device="cpu")
    assert broken.kind == "geometric" and "damaged" in broken.reason
    monkeypatch.setattr(segmenter.importlib.util, "find_spec", lambda name: None)
    bare = choose("auto", folder)
    assert bare.kind == "geometric" and "torch is not installed" in bare.reason


def test_auto_measures_again_before_it_gives_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    took = iter([9.0, 8.0, 0.001])
    monkeypatch.setattr(segmenter, "frame_s", lambda learned: next(took))
    monkeypatch.setattr(segmenter, "PAUSE_S", 0.0)
    choice = choose("auto", folder, budget_s=0.03, device="cpu")
    assert choice.kind == "learned" and choice.frame_s == 0.001


def test_a_judge_comes_back_and_is_used(folder: Path) -> None:
    assert load_judge(folder) is None and load_learned(folder, device="cpu").judge is None
    rng = np.random.default_rng(0)
    count = len(FEATURES)
    judge = Judge(
        rng.normal(0, 1, count), np.ones(count), rng.normal(0, 1, (count, 5)),
        rng.normal(0, 1, 5), rng.normal(0, 1, 5), 0.2, least=0.3, room=0.1,
    )  # fmt: skip
    save_judge(folder, judge)
    again = load_learned(folder, device="cpu").judge
    assert again is not None and (again.least, again.room) == (0.3, 0.1)
    given = rng.normal(0, 1, (20, count))
    np.testing.assert_allclose(again(given), judge(given), atol=1e-4)
    values = json.loads((folder / "judge.json").read_text())
    (folder / "judge.json").write_text(json.dumps({**values, "features": ["other"]}))
    with pytest.raises(InvalidValueError, match="segment-judge"):
        load_judge(folder)


def test_learned_that_cannot_be_had_is_an_error(folder: Path) -> None:
    with pytest.raises(SourceError, match="no weights"):
        choose("learned", None)
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(SourceError, match="damaged"):
        choose("learned", folder, device="cpu")
    with pytest.raises(InvalidValueError, match="expected one of"):
        choose("magic", folder)


def test_a_frame_is_measured_with_any_segmenter() -> None:
    assert 0.0 < frame_s(geometric, rounds=1) < 10.0
