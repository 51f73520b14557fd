"""Superlatives and counts of the geometry benchmark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepsight_ros.evaluation.simulated_scenes import SimulatedScene, make_scene
from deepsight_ros.evaluation.superlatives import (
    COUNT,
    SUPERLATIVES,
    partners,
    phrase_over_all,
    read_over_all,
    superlative_questions,
)
from deepsight_ros.scene.answer import Answer, Status
from deepsight_ros.scene.predicates import countable_ids, rank
from deepsight_ros.synthesis.determined import visible_scene


@pytest.fixture(scope="module")
def scene() -> SimulatedScene:
    return make_scene(2, seed=5)


def questions(scene: SimulatedScene):
    seen = visible_scene(scene.world, scene.rendering, scene.truth)
    return {q.type: q for q in superlative_questions(scene, seen)}


def test_winners_are_those_of_the_exact_scene(scene: SimulatedScene) -> None:
    asked = questions(scene)
    assert set(asked) == {*SUPERLATIVES, COUNT}
    for name, (predicate, _) in SUPERLATIVES.items():
        order = rank(scene.truth, predicate, asked[name].ids).order
        assert asked[name].truth == order[0], name
    assert asked[COUNT].truth == str(len(countable_ids(scene.truth)))
    assert any(q.determined for q in asked.values())


def test_a_perceived_object_stands_for_the_thing_it_covers(scene: SimulatedScene) -> None:
    renamed = [
        replace(o, id=f"p{k}", mask=scene.mask(o.id)[::2, ::2])
        for k, o in enumerate(scene.truth.objects)
        if o.id in scene.boxes
    ]
    found = partners(scene, replace(scene.truth, objects=tuple(renamed)))
    originals = [o.id for o in scene.truth.objects if o.id in scene.boxes]
    assert found == {f"p{k}": i for k, i in enumerate(originals)}


@pytest.mark.parametrize(
    ("status", "value", "expected"),
    [
        (Status.OK, "p1", ("OK", "o7")),
        (Status.OK, "p9", ("OK", "none")),
        (Status.OK, "same", ("UNDECIDED", "")),
        (Status.NO_DEPTH, None, ("NO_DEPTH", "")),
    ],
)
def test_answers_are_read_as_things(scene: SimulatedScene, status, value, expected) -> None:
    question = questions(scene)["tallest"]
    reply = read_over_all(Answer(status, "?", "", value=value), question, {"p1": "o7"})
    assert (reply.status, reply.outcome) == expected


def test_counts_are_read_as_numbers(scene: SimulatedScene) -> None:
    reply = read_over_all(Answer(Status.OK, "?", "", value=7.0), questions(scene)[COUNT], {})
    assert reply.outcome == "7"
    assert phrase_over_all(COUNT) and phrase_over_all("tallest") and not phrase_over_all("height")
