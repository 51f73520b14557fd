"""Calibration on the shards of a test corpus, with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.conformal import Conformal
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.synthesis.model_corpus import ModelCorpus
from deepsight_ros.synthesis.pairs import PairConfig
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
from deepsight_ros.synthesis.world_source import WorldSource
from deepsight_ros.training.calibration import residuals
from deepsight_ros.training.recipe import Recipe
from deepsight_ros.training.start import starting_model


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("calibration") / "corpus"
    source = WorldSource(8, kinds=("tabletop", "office"), width_px=96, height_px=64, seed=3)
    corpus = ModelCorpus(
        types=("range", "height", "centre_distance"),
        types_per_image=3,
        pairs=PairConfig(per_image=60, words_share=0.0, spread=False),
        per_task=1,
    )
    build(
        ShardJob(source, corpus, str(folder), 1, 8, ShardFormat(4, 2)),
        {"kind": "model", "source": "world", "source_options": {"seed": 3}},
    )
    return folder


@pytest.fixture
def model(recipe: Recipe, corpus: Path) -> DeepSight:
    return DeepSight(*starting_model(recipe, [corpus]))


def test_every_numeric_question_is_asked_by_every_modality(model: DeepSight, corpus: Path) -> None:
    found = residuals(model, [corpus], batch=3)
    by = {m: [r for r in found if r.modality == m] for m in ("depth", "colour", "both")}
    assert len(by["depth"]) == len(by["colour"]) == len(by["both"]) > 100
    truths = [[r.log10_truth for r in rows] for rows in by.values()]
    assert truths[0] == truths[1] == truths[2]
    assert [r.log10_value for r in by["depth"]] != [r.log10_value for r in by["colour"]]
    again = residuals(model, [corpus], batch=8)
    ours = sorted((r.log10_truth, r.log10_value) for r in by["depth"])
    theirs = sorted((r.log10_truth, r.log10_value) for r in again if r.modality == "depth")
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, abs=1e-4)  # batches change nothing


def test_the_command_writes_factors_that_cover(
    model: DeepSight, corpus: Path, tmp_path: Path
) -> None:
    model.save_pretrained(tmp_path / "model")
    told = CliRunner().invoke(
        app, ["train", "calibrate", "--model", str(tmp_path / "model"), "--data", str(corpus)]
    )
    assert told.exit_code == 0, told.output
    conformal = Conformal.load(tmp_path / "model")
    assert set(conformal.factors) >= {"depth", "colour", "both"}
    scores = [r for r in residuals(model, [corpus]) if r.modality == "depth"]
    inside = [
        low <= 10**r.log10_truth <= high
        for r in scores
        for low, high in [conformal.interval("depth", r.log10_value, r.log10_spread)]
    ]
    assert 0.94 <= sum(inside) / len(inside) <= 1.0


def test_shards_of_the_test_are_refused(model: DeepSight, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "test"
    source = WorldSource(2, kinds=("tabletop",), width_px=96, height_px=64, split="test")
    build(
        ShardJob(source, ModelCorpus(types_per_image=0, per_task=1), str(folder), 1, 2),
        {"kind": "model", "source": "world", "source_options": {"split": "test"}},
    )
    with pytest.raises(InvalidValueError, match="shards of the test"):
        residuals(model, [folder])
