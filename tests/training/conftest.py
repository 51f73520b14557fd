"""Shards of a few small samples, and a recipe that trains on them in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch (requirements/model.txt)")
pytest.importorskip("accelerate", reason="training needs accelerate (requirements/model.txt)")

import torch
from accelerate.state import AcceleratorState

from deepsight_ros.synthesis.model_corpus import ModelCorpus
from deepsight_ros.synthesis.pairs import PairConfig
from deepsight_ros.synthesis.shards.build import build
from deepsight_ros.synthesis.shards.writer import ShardFormat, ShardJob
from deepsight_ros.synthesis.world_source import WorldSource
from deepsight_ros.training.recipe import Recipe
from tests.model.conftest import REGIONS, small_config

torch.set_num_threads(1)
ROWS = 12


@pytest.fixture(scope="session")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards") / "corpus"
    source = WorldSource(ROWS, kinds=("tabletop", "office"), width_px=96, height_px=64)
    corpus = ModelCorpus(
        types=("range", "closer.choice", "height"),
        types_per_image=2,
        pairs=PairConfig(per_image=12, words_share=0.0, spread=False),
        per_task=1,
    )
    job = ShardJob(source, corpus, str(folder), 1, ROWS, ShardFormat(6, 3))
    build(job, {"kind": "test"})
    return folder


@pytest.fixture(autouse=True)
def fresh_accelerator() -> Iterator[None]:
    """accelerate keeps one state per process; each test may choose its precision."""
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        model=small_config(), steps=8, batch=3, questions=4, save_every=3, align_weight=0.1, seed=5
    )


assert REGIONS >= 2
