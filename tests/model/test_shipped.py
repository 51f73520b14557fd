"""models/deepsight-tiny as it ships: whole, small, calibrated; answers, declines, names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the learnt model needs torch (requirements/model.txt)")

from deepsight_ros.model.predictor import DeepSight
from deepsight_ros.questions.parser import parse_answer
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.world_source import WorldSource

FOLDER = Path(__file__).parents[2] / "models" / "deepsight-tiny"
MOST_BYTES, MOST_BYTES_A_FILE = 60_000_000, 15_000_000


@pytest.fixture(scope="module")
def shipped() -> DeepSight:
    return DeepSight.from_pretrained(FOLDER)


@pytest.fixture(scope="module")
def sample() -> Sample:
    source = WorldSource(
        8, kinds=("tabletop",), split="test", seed=77, width_px=256, height_px=192
    )
    return max((source[i] for i in range(4)), key=lambda s: len(s.scene.objects))


def test_it_is_small_whole_and_has_a_card() -> None:
    sizes = {f.name: f.stat().st_size for f in FOLDER.iterdir()}
    assert sum(sizes.values()) <= MOST_BYTES and max(sizes.values()) <= MOST_BYTES_A_FILE
    assert {"config.json", "conformal.json", "recipe.json", "tokenizer.json", "README.md"} <= set(
        sizes
    )
    conformal = json.loads((FOLDER / "conformal.json").read_text())
    assert {"depth", "colour", "both"} <= set(conformal["factors"])


@pytest.mark.parametrize("by", ["depth", "colour", "both"])
def test_numbers_come_with_intervals_whatever_is_seen(
    shipped: DeepSight, sample: Sample, by: str
) -> None:
    boxes = [o.box_px for o in sample.scene.objects if o.box_px is not None]
    seen = shipped.look(
        sample.frame,
        regions_px=boxes[:2],
        boxes_px=boxes,
        up_in_camera=sample.scene.working_from_camera.rotation[2],
        use_depth=by != "colour",
        use_colour=by != "depth",
    )
    said = seen.ask("How far is <region0> from the camera?")
    assert said.finished and said.unit == "m" and said.value is not None
    assert said.lower < said.value < said.upper and 0.1 < said.value < 10
    parsed = parse_answer(said.text)
    assert parsed.si is not None
    assert np.isclose(parsed.si, said.value, rtol=0.1)


def test_questions_about_something_else_are_declined(shipped: DeepSight, sample: Sample) -> None:
    seen = shipped.look(sample.frame)
    for question in ("What is the capital of Spain?", "What time is it in Tokyo?"):
        assert seen.ask(question).declined, question
    room = seen.ask("What kind of place is this?")
    assert not room.declined and room.text
