"""The pair engine against the catalogue's own way of answering, and the rules of what is asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.questions.answering import answer
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.lexicon import plural_of
from deepsight_ros.questions.types import Form
from deepsight_ros.questions.units import si_factor
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.synthesis.pair_tables import NO_UP
from deepsight_ros.synthesis.pairs import MADE_TYPES, PairConfig, is_quantitative, make_pairs
from deepsight_ros.synthesis.samples import Pair, Sample
from deepsight_ros.synthesis.world_source import WorldSource

EVERYTHING = PairConfig(per_image=0, words_share=1.0, telling_words_share=1.0, balanced=False)


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    source = WorldSource(4, seed=5)
    return [source[i] for i in range(4)]


@pytest.fixture(scope="module")
def everything(samples: list[Sample]) -> list[tuple[Sample, Pair]]:
    return [(s, p) for s in samples[:3] for p in make_pairs(s, EVERYTHING, 1)]


def test_the_same_seed_gives_the_same_pairs(samples: list[Sample]) -> None:
    first = make_pairs(samples[0], PairConfig(), 3)
    assert first == make_pairs(samples[0], PairConfig(), 3)
    assert first != make_pairs(samples[0], PairConfig(), 4)


def test_the_live_answer_agrees_with_the_pair(everything: list[tuple[Sample, Pair]]) -> None:
    """Text to answer by the question room: the same type, things and value as the pair claims."""
    rng = np.random.default_rng(0)
    by_type: dict[str, list[tuple[Sample, Pair]]] = {}
    for sample, pair in everything:
        if not pair.regions:
            by_type.setdefault(pair.type, []).append((sample, pair))
    assert len(by_type) > 150
    wrong = []
    for found in by_type.values():
        for k in rng.permutation(len(found))[:4]:
            sample, pair = found[int(k)]
            live = answer(pair.question, sample.scene)
            if live.status is not Status.OK or not _agree(pair, live.value, live.unit):
                wrong.append((pair.type, pair.question, pair.value, live.status, live.value))
    assert not wrong, wrong[:20]


def _agree(pair: Pair, value: object, unit: str) -> bool:
    form = CATALOGUE[pair.type].form
    if form is Form.VALUE:
        assert isinstance(value, float) and isinstance(pair.value, float)
        si = value if pair.unit == "clock" else value * si_factor(unit)
        return si == pytest.approx(pair.value, rel=1e-4, abs=1e-6)
    return value == pair.value


def test_each_type_and_objects_once(everything: list[tuple[Sample, Pair]]) -> None:
    """Where things are counted, each (type, words, objects): of what is not there are no ids."""
    keys = Counter(
        (s.key, p.type, p.object_ids, p.question if CATALOGUE[p.type].key == "count" else "")
        for s, p in everything
    )
    assert max(keys.values()) == 1


def test_counts_are_of_everything_in_the_picture(everything: list[tuple[Sample, Pair]]) -> None:
    """Against plain counting of labels; what is not there is asked for as often as what is."""
    counted = 0
    for sample, pair in everything:
        labels = Counter(o.label for o in sample.scene.objects if not o.is_gripper)
        if pair.type != "count":
            continue
        assert pair.value == len(pair.object_ids)
        said = [n for n in labels if f" {plural_of(n)}" in pair.question]
        if len(said) == 1:
            assert pair.value == labels[said[0]], pair.question
            counted += 1
    assert counted > 10


def test_what_is_not_there_is_asked_for_as_often_as_what_is(samples: list[Sample]) -> None:
    config = PairConfig(types=("exists",), per_image=0)
    pairs = [p for s in samples for p in make_pairs(s, config, 1)]
    assert sum(p.value is True for p in pairs) == sum(p.value is False for p in pairs) > 10
    assert all(p.object_ids for p in pairs if p.value)


def test_counts_need_everything_to_be_known(samples: list[Sample]) -> None:
    """A recording's objects are not all there is: nothing is counted."""
    config = replace(EVERYTHING, types=("count", "exists", "exists.related"))
    assert make_pairs(samples[0], config, 1)
    assert not make_pairs(replace(samples[0], truth=None, surface_m=None), config, 1)
    lost = replace(samples[0].scene, objects=samples[0].scene.objects[1:])
    ids = samples[0].instance_id
    found = np.where(ids > 0, ids - 1, ids)
    assert not make_pairs(replace(samples[0], scene=lost, instance_id=found), config, 1)


def test_a_count_is_the_answer_once_a_picture(samples: list[Sample]) -> None:
    config = PairConfig(types=("count",), per_image=50)
    for sample in samples:
        numbers = [p.value for p in make_pairs(sample, config, 1)]
        assert len(numbers) == len(set(numbers)) >= 3


def test_free_space_ends_at_what_is_seen(samples: list[Sample]) -> None:
    """The way ahead is the sweep's in the truth, and no wall stands in it."""
    config = replace(EVERYTHING, types=("free_space.robot", "free_space.robot.compare"))
    source = WorldSource(40, seed=5, kinds=("living room", "office"))
    asked = 0
    for sample in (source[i] for i in range(8)):
        wall = np.full_like(sample.surface_m, 0.3)
        behind = replace(sample, surface_m=wall, instance_id=np.full_like(sample.instance_id, -3))
        for pair in make_pairs(sample, config, 1):
            way = measure(sample.scene, "free_space", ()).value
            assert pair.value in (True, False) or pair.value == pytest.approx(way)
            asked += 1
        assert not make_pairs(behind, config, 1)
    assert asked >= 4


def test_yes_and_no_are_balanced_and_half_is_quantitative(samples: list[Sample]) -> None:
    pairs = [p for s in samples for p in make_pairs(s, PairConfig(), 1)]
    said = Counter(p.outcome for p in pairs)
    assert abs(said["yes"] - said["no"]) < 0.06 * (said["yes"] + said["no"])
    numbers = sum(is_quantitative(p.type) for p in pairs)
    assert abs(numbers / len(pairs) - 0.5) < 0.05
    assert all(len(make_pairs(s, PairConfig(per_image=40), 1)) <= 40 for s in samples)


def test_a_no_is_pointed_at_like_a_yes(samples: list[Sample]) -> None:
    """ "Is <region0> the lowest?": were only a "no" named in words, the words would tell it."""
    config = PairConfig(per_image=0, words_share=0.0, telling_words_share=0.0)
    pairs = [p for s in samples for p in make_pairs(s, config, 1) if p.type.endswith(".extreme")]
    said = Counter(p.outcome for p in pairs)
    assert said["yes"] == said["no"] > 5
    assert all(p.regions and "<region0>" in p.question for p in pairs)


def test_numbers_are_spread_and_the_quota_is_kept(samples: list[Sample]) -> None:
    plain = [make_pairs(s, PairConfig(spread=False), 1) for s in samples]
    spread = [make_pairs(s, PairConfig(), 1) for s in samples]
    assert [len(p) for p in plain] == [len(p) for p in spread]
    ranges = [sum(p.type == "range" for row in rows for p in row) for rows in (plain, spread)]
    assert ranges[1] < ranges[0]


def test_without_up_nothing_about_elevation_is_asked(samples: list[Sample]) -> None:
    blind = replace(samples[0].scene, up=UpSource.UNKNOWN, support=None)
    pairs = make_pairs(replace(samples[0], scene=blind, truth=None), EVERYTHING, 1)
    assert pairs
    assert {CATALOGUE[p.type].key for p in pairs} <= NO_UP


def test_label_noise_is_kept_beside_the_answer(samples: list[Sample]) -> None:
    clean = make_pairs(samples[0], PairConfig(per_image=0), 1)
    noisy = make_pairs(samples[0], PairConfig(per_image=0, label_noise_m=0.1), 1)
    assert all(p.noise == 0 for p in clean)
    moved = [p for p in noisy if p.noise]
    assert len(moved) > 50
    assert 0.05 < np.std([p.noise for p in moved]) < 0.2
    assert {CATALOGUE[p.type].form for p in moved} == {Form.VALUE}


def test_unknown_types_are_refused() -> None:
    with pytest.raises(InvalidValueError, match="engine makes"):
        PairConfig(types=("age",))
    with pytest.raises(InvalidValueError, match="share"):
        PairConfig(words_share=1.2)
    assert len(MADE_TYPES) > 200
