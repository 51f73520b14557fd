"""A model small enough for tests: random weights, a tokenizer of a few sentences."""

from __future__ import annotations

import os

import numpy as np
import pytest

pytest.importorskip("torch", reason="the learnt model needs torch (requirements/model.txt)")
pytest.importorskip("transformers", reason="the learnt model needs transformers")

import torch

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.model.config import (
    AlignConfig,
    BoxConfig,
    DeepSightConfig,
    LanguageConfig,
    RegionConfig,
    TowerConfig,
)
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.text import TextCodec, train_tokenizer

os.environ.setdefault("HF_HUB_OFFLINE", "1")
torch.set_num_threads(1)

SENTENCES = [
    "How far is <region0> from <region1>?",
    "They are about <num> cm apart.",
    "Which is closer, the mug or the bowl?",
    "Is <region0> more than <num> cm tall? Yes. No.",
    "What room is this? Kitchen. Bedroom.",
]
REGIONS = 4


def small_config(**changes: object) -> DeepSightConfig:
    values: dict[str, object] = {
        "tower": TowerConfig(size_px=(32, 48), patch_px=16, width=32, layers=2, heads=2, mlp=64),
        "box": BoxConfig(channels=8),
        "region": RegionConfig(crop_px=8, channels=4, most=REGIONS),
        "language": LanguageConfig(vocabulary=400, width=32, layers=2, heads=2, mlp=64),
        "align": AlignConfig(width=32, layers=1, heads=2, dimension=16, positions=24),
    }
    return DeepSightConfig(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def codec() -> TextCodec:
    tokenizer = train_tokenizer(SENTENCES * 20, 400, REGIONS)
    return TextCodec(tokenizer, small_config().prompt, REGIONS)


@pytest.fixture
def model(codec: TextCodec) -> DeepSightModel:
    torch.manual_seed(0)
    size = len(codec.tokenizer)
    language = LanguageConfig(vocabulary=size, width=32, layers=2, heads=2, mlp=64)
    return DeepSightModel(small_config(language=language)).eval()


@pytest.fixture
def frame() -> RgbdFrame:
    """A slope from 1 to 2 m with a hole and a nearer block."""
    camera = Camera(96, 64, 90.0, 90.0, 47.5, 31.5, frame_id="optical")
    depth = np.tile(np.linspace(1, 2, 64, dtype=np.float32)[:, None], (1, 96))
    depth[20:40, 30:60] = 0.8
    depth[5:10, 5:10] = np.nan
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 255, (64, 96, 3)).astype(np.uint8)
    return RgbdFrame(1, camera, depth, colour)
