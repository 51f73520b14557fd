"""Weight-only int8: nearly the same answers; clear errors where it cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.text import TextCodec

QUESTION = "How far is <region0> from <region1>?"
BOXES = ((30, 20, 60, 40), (5, 5, 20, 20))


@pytest.fixture
def folder(model: DeepSightModel, codec: TextCodec, tmp_path: Path) -> Path:
    DeepSight(model, codec).save_pretrained(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_int8_weights_say_nearly_the_same(folder: Path, frame: RgbdFrame) -> None:
    pytest.importorskip("torchao", reason="int8 needs torchao (requirements/quantise.txt)")
    whole = DeepSight.from_pretrained(folder)
    small = DeepSight.from_pretrained(folder, dtype="int8")
    projection = small.model.language.model.layers[0].mlp.up_proj.weight
    assert type(projection) is not torch.nn.Parameter or projection.dtype != torch.float32
    options = ["Yes.", "No.", "Kitchen.", "Bedroom."]
    said = [m.look(frame, regions_px=BOXES).choose(QUESTION, options) for m in (whole, small)]
    assert abs(said[0] - said[1]).max() < 0.05
    assert abs(said[0] - said[1]).max() > 0  # it is not the same model


def test_names_of_float_types_are_dtypes(folder: Path) -> None:
    loaded = DeepSight.from_pretrained(folder, dtype="bfloat16")
    assert loaded.model.modality.dtype == torch.bfloat16


@pytest.mark.parametrize(("dtype", "message"), [("int4", "CPU"), ("int3", "expected one of")])
def test_what_the_cpu_cannot_do_is_said(folder: Path, dtype: str, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        DeepSight.from_pretrained(folder, dtype=dtype)


def test_a_missing_library_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchao", None)
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(InvalidValueError, match="torchao"):
        DeepSight.from_pretrained(folder, dtype="int8")
