"""The speed benchmark: what it counts, not how fast this machine is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the benchmark times a learnt model (requirements/model.txt)")
pytest.importorskip("transformers", reason="the benchmark times a learnt model")

from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.evaluation.model_speed import (
    decoding_share,
    memory_rows,
    peak_tflops,
    random_model,
    training_step,
)


def test_memory_follows_from_the_shapes() -> None:
    rows = {(r["shape"], r["precision"]): r for r in memory_rows()}
    big, tiny = rows["llama-7b", "bfloat16"], rows["tiny", "float32"]
    assert 6_900 < big["parameters_m"] < 7_400 and 3 < tiny["parameters_m"] < 12
    assert big["fits_gb"] == [24, 80] or big["fits_gb"] == [80]
    assert tiny["fits_gb"] == [8, 16, 24, 80]
    sizes = [rows["llama-7b", p]["total_gib"] for p in ("float32", "bfloat16", "int8", "int4")]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < 6


def test_decoding_reads_every_weight_once_per_token() -> None:
    model = random_model("tiny")
    unique = {id(p): p.nbytes for p in model.model.language.parameters()}
    expected = sum(unique.values()) * 100 / 1e9 / 20
    assert decoding_share(model, 100.0, 20.0) == pytest.approx(expected)


def test_a_training_step_counts_flops() -> None:
    model = random_model("tiny")
    one = training_step(model, 1.0, batch=1)
    assert 0 < one["mfu"] < 5 and one["step_s"] > 0
    half = training_step(model, 1e3, batch=1)
    assert half["mfu"] < one["mfu"]
    assert peak_tflops("NVIDIA H100 80GB HBM3") == 989.0 and peak_tflops("Unknown") is None


def test_the_command_reports_both_ways_of_decoding(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    told = CliRunner().invoke(app, ["benchmark", "model", "--rounds", "3", "--json", str(path)])
    assert told.exit_code == 0, told.output
    report = json.loads(path.read_text())
    assert report["tokens_per_s"] > 0 and report["generate_tokens_per_s"] > 0
    assert report["image_to_first_token_ms"] < report["short_answer_ms"]
    refused = CliRunner().invoke(app, ["benchmark", "model", "--shape", "llama-7b"])
    assert refused.exit_code == 2
