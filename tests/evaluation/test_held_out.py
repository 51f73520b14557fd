"""What the benchmarks of the model ask is written down, and models go by names of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the benchmarks ask a learnt model (requirements/model.txt)")
pytest.importorskip("transformers", reason="the benchmarks ask a learnt model")

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.evaluation.held_out import digest, load_models
from deepsight_ros.evaluation.spatial.benchmark import generator_hash as spatial_hash
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.model.text import TextCodec
from deepsight_ros.synthesis.depth_template import generator_hash as template_hash
from tests.model.conftest import codec, model  # noqa: F401 - fixtures

GENERATORS = Path(__file__).parents[1] / "data" / "evaluation" / "generators.json"


def test_generators_are_those_that_figures_were_published_with() -> None:
    """A change here makes every published score of the benchmark out of date: measure again, then
    write the new hash down."""
    known = json.loads(GENERATORS.read_text(encoding="utf-8"))
    assert {"depth-template": template_hash(), "spatial": spatial_hash()} == known


def test_digests_tell_order_and_words_apart() -> None:
    assert digest(["a", "b"]) == digest(iter(["a", "b"]))
    assert len({digest(x) for x in (["a", "b"], ["b", "a"], ["ab"], [])}) == 4


def test_models_go_by_their_folder_or_their_run(
    model: DeepSightModel,  # noqa: F811
    codec: TextCodec,  # noqa: F811
    tmp_path: Path,
) -> None:
    folders = [tmp_path / "tiny", tmp_path / "arm" / "checkpoint", tmp_path / "b" / "tiny"]
    for folder in folders:
        folder.parent.mkdir(exist_ok=True)
        DeepSight(model, codec).save_pretrained(folder)
    assert list(load_models(folders[:2], "cpu")) == ["tiny", "arm"]
    with pytest.raises(InvalidValueError, match="two named 'tiny'"):
        load_models(folders, "cpu")
