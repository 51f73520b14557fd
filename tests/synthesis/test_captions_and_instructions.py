"""Captions that speak of depth, triples, catalogue conversations: true, repeatable, by shares."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("h5py")
pytest.importorskip("transformers")

from deepsight_ros.errors import FilteredError, InvalidValueError, SourceError
from deepsight_ros.scene.measure import measure
from deepsight_ros.sources.coco import CocoSet
from deepsight_ros.synthesis.coco_source import CocoDepthSource
from deepsight_ros.synthesis.depth_captions import CaptionConfig, DepthCaptioner
from deepsight_ros.synthesis.depth_talk import speaks_of_depth
from deepsight_ros.synthesis.instructions import CatalogueWriter, InstructionConfig
from deepsight_ros.synthesis.rgb.config import StageConfig
from deepsight_ros.synthesis.scene_talk import depth_sentences, length, names
from deepsight_ros.synthesis.world_source import WorldSource
from tests.sources.test_datasets import write_coco
from tests.support import tiny_models

DEPTH = """
A dog lies in front of the sofa.
Two boys stand behind a wooden fence.
Mountains rise in the background.
A cup of coffee in the foreground with a laptop.
The truck is parked far away from the house.
A bird sits near the edge of the water.
The nearest boat has a red sail.
Someone holds the kite closer to the camera than the tree.
A lamp stands about 2 m from the bed.
The church can be seen in the distance.
A distant airplane crosses the sky.
The chair at the far end of the table is empty.
A cat peers out from behind a curtain.
Cows graze beyond the stone wall.
The ball lies 30 cm from the goal.
A man rides past the parked cars.
Children play close to the shore.
The bus is farther than the taxi.
A sign stands a few meters away.
The depth of the shelf is larger than that of the table.
""".strip().splitlines()
OTHER = """
A man paints the front door.
A bowl of soup with bread.
A close-up photo of a cat's face.
Two women smile at a party.
The girl wears a backpack.
A train at the station.
A product on a plain white background.
A plate of deep-fried fish.
A red bus on a street.
The driver sits behind the wheel.
A dog on the front seat of a car.
Nearly all the seats are taken.
A vase of flowers on a table.
The best pizza so far.
A kitchen with white cabinets and a stove.
The boy has a toy in his hand.
A portrait with a blurred background.
A bathroom with a sink and a mirror.
The backyard is full of leaves.
A shallow depth of field portrait of a woman.
""".strip().splitlines()


def test_selection_on_a_labelled_list() -> None:
    missed = [t for t in DEPTH if not speaks_of_depth(t)]
    wrong = [t for t in OTHER if speaks_of_depth(t)]
    assert not missed and not wrong


@pytest.fixture(scope="module")
def world() -> WorldSource:
    return WorldSource(16, width_px=160, height_px=120, sensors=())


def test_triples_of_the_world(world: WorldSource) -> None:
    texts: Counter[str] = Counter()
    for index in range(8):
        sample = world[index]
        said = DepthCaptioner()(sample, index).captions
        assert 1 <= len(said) <= 4 and len({c.text for c in said}) == len(said)
        for caption in said:
            texts[caption.text] += 1
            assert caption.speaks_of_depth and speaks_of_depth(caption.text), caption.text
            assert caption.box_px == sample.scene.object(caption.object_id).box_px
        assert said == DepthCaptioner()(sample, index).captions
        assert said != DepthCaptioner()(sample, index + 100).captions
    assert len(texts) > 20


def test_sentences_are_true(world: WorldSource) -> None:
    """Comparisons and lengths are checked against ranges measured here."""
    compared = measured = 0
    for index in range(10):
        scene = world[index].scene
        ids = {name: i for i, name in names(scene).items()}
        far = {n: measure(scene, "range", [i]).value for n, i in ids.items()}
        for item in depth_sentences(scene, np.random.default_rng(index), 12):
            text = item.text.lower()
            if found := re.match(r"the (.+) is closer to the camera than the (.+)$", text):
                compared += 1
                assert far[found[1]] < far[found[2]]
            if found := re.match(r"the (.+) is farther away than the (.+)$", text):
                compared += 1
                assert far[found[1]] > far[found[2]]
            if found := re.match(r"the (.+) is about ([\d.]+) (c?m) away from the camera", text):
                measured += 1
                value = float(found[2]) * (0.01 if found[3] == "cm" else 1.0)
                assert value == pytest.approx(far[found[1]], abs=0.06)
    assert compared > 5 and measured > 3


@pytest.mark.parametrize(
    ("value_m", "said"),
    [(0.994, "99 cm"), (0.996, "1 m"), (0.347, "35 cm"), (2.66, "2.7 m"), (3.04, "3 m")],
)
def test_lengths(value_m: float, said: str) -> None:
    assert length(value_m) == said


def test_captions_of_a_picture_are_selected_and_boxed(world: WorldSource) -> None:
    sample = world[0]
    item = next(o for o in sample.scene.objects if o.box_px is not None)
    given = (f"A {item.label} in front of something.", "A view in the distance.", "A plain thing.")
    sample = replace(sample, provenance={"captions": list(given)})
    said = DepthCaptioner()(sample, 0).captions
    assert [c.text for c in said] == list(given[:2])
    assert said[0].object_id and sample.scene.object(said[0].object_id).label == item.label
    assert said[1].object_id == "" and said[1].box_px == (0, 0, 160, 120)
    every = DepthCaptioner(CaptionConfig(only_depth=False))(sample, 0).captions
    assert [c.speaks_of_depth for c in every] == [True, True, False]
    with pytest.raises(FilteredError):
        DepthCaptioner()(replace(sample, provenance={"captions": ["A plain thing."]}), 0)


def test_coco_with_estimated_depth(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="transformers is not installed")
    images, captions, instances = write_coco(tmp_path)
    model = str(tiny_models.save_glpn(tmp_path / "glpn"))
    coco = CocoSet(images, captions, instances)
    source = CocoDepthSource(coco, StageConfig("glpn", model), device="cpu")
    assert len(source) == 1, "only one picture has a caption that speaks of depth"
    sample = source[0]
    assert sample.key == "coco/000000000025" and sample.frame.depth_m.shape == (60, 80)
    assert np.isfinite(sample.frame.depth_m).any()
    (caption,) = DepthCaptioner()(sample, 0).captions
    assert caption.text == "A dog behind a chair." and caption.speaks_of_depth
    if sample.scene.objects:
        assert caption.object_id == sample.scene.objects[0].id
    text = captions.read_text().replace("behind a chair", "on a chair")
    captions.write_text(text)
    with pytest.raises(SourceError, match="speaks of depth"):
        CocoDepthSource(CocoSet(images, captions), StageConfig("glpn", model))


def test_catalogue_conversations(world: WorldSource) -> None:
    kinds: Counter[str] = Counter()
    for index in range(16):
        sample = world[index]
        (made,) = CatalogueWriter()(sample, index).conversations
        kinds[made.kind] += 1
        assert made.writer == "catalogue" and len(made.turns) >= 2
        assert [t.role for t in made.turns] == ["user", "assistant"] * (len(made.turns) // 2)
        asked = [t.text for t in made.turns if t.role == "user"]
        assert len(set(asked)) == len(asked)
        assert all(t.text.strip() and "None" not in t.text for t in made.turns)
        if index < 3:
            assert (made,) == CatalogueWriter()(sample, index).conversations
    assert set(kinds) == {"conversation", "detail", "reasoning"}


def test_shares_decide_the_kinds(world: WorldSource) -> None:
    rng = np.random.default_rng(0)
    config = InstructionConfig(shares={"conversation": 3, "reasoning": 1})
    drawn = Counter(config.draw(rng) for _ in range(2000))
    assert set(drawn) == {"conversation", "reasoning"}
    assert drawn["conversation"] / 2000 == pytest.approx(0.75, abs=0.04)
    only = CatalogueWriter(InstructionConfig(shares={"detail": 1.0}, per_image=2))
    assert [c.kind for c in only(world[1], 5).conversations] == ["detail", "detail"]
    for bad in ({"shares": {"poem": 1.0}}, {"shares": {"detail": 0.0}}, {"turns": (3, 2)}):
        with pytest.raises(InvalidValueError):
            InstructionConfig(**bad)


def test_steps_name_what_is_nearer(world: WorldSource) -> None:
    only = CatalogueWriter(InstructionConfig(shares={"reasoning": 1.0}))
    checked = 0
    for index in range(8):
        scene = world[index].scene
        ids = {name: i for i, name in names(scene).items()}
        answer = only(world[index], index).conversations[0].turns[1].text
        target = re.match(r"The (.+?) is about", answer)[1]
        own = measure(scene, "range", [ids[target]]).value
        for name in re.findall(r"the ([a-z ]+) \(about", answer):
            checked += 1
            assert measure(scene, "range", [ids[name]]).value < own
    assert checked >= 3
