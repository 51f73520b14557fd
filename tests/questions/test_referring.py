from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.questions.answering import answer, prepare
from deepsight_ros.questions.lexicon import KINDS, SYNONYMS, is_plural, plural_of, singular
from deepsight_ros.questions.referring import describe
from deepsight_ros.questions.vocabulary import Fit, concepts, label_fit, noun_key
from deepsight_ros.scene.answer import Status
from deepsight_ros.scene.objects import Scene
from tests.questions.scenes import nameless, scene_of, table, thing, without_up

SCENE = table()


def boxes() -> Scene:
    """Three boxes in a row from left to right, of rising height, one behind, one stacked."""
    return scene_of(
        thing("a", "box", "red", (0.10, 0.10, 0.10), (0.7, 0.30, 0.05)),
        thing("b", "box", "red", (0.14, 0.14, 0.20), (0.7, 0.00, 0.10)),
        thing("c", "box", "green", (0.20, 0.20, 0.30), (0.7, -0.35, 0.15)),
        thing("d", "crate", "blue", (0.10, 0.10, 0.10), (1.3, 0.00, 0.05)),
        thing("e", "crate", "blue", (0.08, 0.08, 0.05), (0.7, 0.00, 0.225)),
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("the left box", "a"), ("the box on the left", "a"), ("the leftmost box", "a"),
        ("the right box", "c"), ("the rightmost box", "c"), ("the box to the far right", "c"),
        ("the middle box", "b"), ("the box in the middle", "b"), ("the green box", "c"),
        ("the big box", "c"), ("the biggest box", "c"), ("the small box", "a"),
        ("the tallest box", "c"), ("the shortest box", "a"), ("the second tallest box", "b"),
        ("the second box from the left", "b"), ("the third box from the right", "a"),
        ("the box furthest to the left", "a"), ("the crate at the back", "d"),
        ("the crate in front", "e"), ("the crate on top", "e"), ("the top crate", "e"),
        ("the bottom crate", "d"), ("the crate on the box", "e"),
        ("the object on the middle box", "e"),
        ("the box under the crate", "b"), ("the box next to nothing", None),
        ("the larger of the red boxes", "b"), ("the left red box", "a"),
        ("the box closest to the far crate", "b"), ("the nearer crate", "e"),
        ("the green one", "c"), ("the green thing", "c"), ("the tallest object", "c"),
        ("the box left of the green box", None), ("the small red box", "a"),
        ("the big red one", "b"), ("the crate that is on the box", "e"),
        ("the blue thing on the red box", "e"), ("box a", None),
    ],
)  # fmt: skip
def test_words_pick_one(words: str, expected: str | None) -> None:
    made = answer(f"how tall is {words}?", boxes())
    if expected is None:
        assert made.status is not Status.OK
    else:
        assert made.status is Status.OK, made.text
        assert made.object_ids == (expected,)


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("the box", {"a", "b", "c"}), ("the red box", {"a", "b"}), ("the crate", {"d", "e"}),
        ("the blue object", {"d", "e"}), ("the thing", {"a", "b", "c", "d", "e"}),
        ("a box", {"a", "b", "c"}),
    ],
)  # fmt: skip
def test_two_alike_are_ambiguous(words: str, candidates: set[str]) -> None:
    made = answer(f"how tall is {words}?", boxes())
    assert made.status is Status.AMBIGUOUS
    assert set(made.object_ids) == candidates
    assert all(f"({i})" in made.text or i == "c" for i in candidates)


@pytest.mark.parametrize(
    "words", ["the ball", "the purple box", "the wine glass", "the box on the ball", "the zorp"]
)
def test_what_is_not_there_is_not_found(words: str) -> None:
    made = answer(f"how tall is {words}?", boxes())
    assert made.status is Status.NOT_FOUND
    assert made.quantity == "height"


def test_a_tie_in_size_is_ambiguous() -> None:
    twins = scene_of(
        thing("a", "box", "red", (0.1, 0.1, 0.1), (0.7, 0.3, 0.05)),
        thing("b", "box", "red", (0.1, 0.1, 0.102), (0.7, -0.3, 0.051)),
    )
    made = answer("how wide is the tall box?", twins)
    assert made.status is Status.AMBIGUOUS
    assert set(made.object_ids) == {"a", "b"}


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("cup", "mug"), ("tv", "television"), ("telly", "tv"), ("tin", "tuna can"),
        ("bin", "trash can"), ("rubbish bin", "trash can"), ("bedside table", "nightstand"),
        ("bookcase", "bookshelf"), ("sofa", "couch"), ("milk", "milk carton"),
        ("drill", "power drill"), ("can", "tuna can"), ("tuna", "tuna can"), ("box", "cereal box"),
        ("spanner", "wrench"), ("torch", "flashlight"), ("pepper grinder", "pepper mill"),
        ("fridge", "refrigerator"), ("rucksack", "backpack"), ("tomato tin", "tomato can"),
        ("ketchup bottle", "bottle"), ("container", "bucket"), ("fruit", "apple"),
        ("lorry", "toy truck"), ("notepad", "notebook"), ("mobile phone", "phone"),
        ("boxes", "box"), ("crackers box", "cracker box"), ("barrel", "drum"), ("tool", "hammer"),
    ],
)  # fmt: skip
def test_synonyms_and_kinds(said: str, label: str) -> None:
    assert label_fit(noun_key(said.split()), noun_key(label.split())) is not None


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("wine bottle", "water bottle"), ("soup can", "tuna can"), ("apple", "orange"),
        ("box", "bowl"), ("mug", "jug"), ("chair", "table"), ("cat", "can"), ("pen", "pan"),
        ("coffee table", "dining table"), ("floor lamp", "desk lamp"), ("keyboard", "board"),
    ],
)  # fmt: skip
def test_other_things_are_other_things(said: str, label: str) -> None:
    assert label_fit(noun_key(said.split()), noun_key(label.split())) is None


def test_fits_are_ordered() -> None:
    def fit(said: str, label: str) -> Fit | None:
        return label_fit(noun_key(said.split()), noun_key(label.split()))

    assert fit("box", "box") == Fit.EXACT
    assert fit("box", "cereal box") == Fit.HEAD
    assert fit("telly", "television") == Fit.NAME
    assert fit("fruit", "apple") == Fit.KIND
    assert fit("milk", "milk carton") == Fit.NAME  # the lexicon knows it; else PART
    assert fit("zorp", "zorp carton") == Fit.PART
    assert fit("ketchup bottle", "bottle") == Fit.SPECIFIC


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("mugs", "mug"), ("boxes", "box"), ("knives", "knife"), ("shelves", "shelf"),
        ("scissors", "scissors"), ("glasses", "glass"), ("torches", "torch"), ("dice", "dice"),
        ("batteries", "battery"), ("buses", "bus"), ("compass", "compass"), ("keys", "key"),
    ],
)  # fmt: skip
def test_plurals(many: str, one: str) -> None:
    assert singular(many) == one


@given(st.sampled_from([w.strip() for line in SYNONYMS for w in line.split(",")]))
def test_every_name_of_a_line_means_its_first(name: str) -> None:
    assert concepts(noun_key(name.split()))


@given(st.sampled_from(["mug", "box", "knife", "brush", "battery", "glass", "key", "ball"]))
def test_plural_of_is_undone_by_singular(noun: str) -> None:
    assert is_plural(plural_of(noun)) or noun == "glass"
    assert singular(plural_of(noun)) == noun


def test_the_lexicon_is_large_and_clean() -> None:
    names = [w.strip() for line in SYNONYMS for w in line.split(",")]
    assert len(names) > 500
    assert all(name == name.lower() and name for name in names)
    assert all(members for members in KINDS.values())


# -- without names --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "ids"),
    [
        ("how tall is the yellow thing?", ("o3",)),
        ("how far is the red object from the yellow one?", ("o1", "o3")),
        ("how tall is the tallest object?", ("o3",)),
        ("how wide is the blue one?", ("o2",)),
        ("how tall is <region0>?", ("region0",)),
        ("distance <region0> to the yellow object", ("region0", "o3")),
        ("how far is region0 from the gripper", ("region0", "o7")),
        ("how tall is o3", ("o3",)),
        ("how tall is the leftmost object", ("o1",)),
    ],
)
def test_colour_size_place_and_regions_need_no_names(question: str, ids: tuple[str, ...]) -> None:
    made = answer(question, nameless())
    assert made.status is Status.OK, made.text
    assert made.object_ids == ids


def test_it_is_the_region_that_was_passed() -> None:
    made = answer("how tall is it?", nameless(), regions=("region0",))
    assert made.object_ids == ("region0",)
    assert made.value == pytest.approx(0.07)


def test_names_are_not_found_where_nothing_has_one() -> None:
    assert answer("how tall is the mug?", nameless()).status is Status.NOT_FOUND
    assert answer("how tall is <region7>?", nameless()).status is Status.NOT_FOUND


def test_regions_are_not_counted_nor_found_by_words() -> None:
    made = answer("how many objects are there?", nameless())
    assert made.value == 5
    assert "region0" not in made.object_ids


def test_colours_are_not_guessed_without_a_colour_camera() -> None:
    grey = scene_of(thing("a", "mug", "", (0.1, 0.1, 0.1), (0.7, 0.0, 0.05)))
    assert answer("how tall is the red mug?", grey).status is Status.NOT_FOUND
    assert answer("how tall is the mug?", grey).status is Status.OK


@pytest.mark.parametrize("scene", [table(), boxes()], ids=["table", "boxes"])
def test_descriptions_mean_their_object(scene: Scene) -> None:
    """What an answer calls a thing is understood as that thing."""
    for item in scene.objects:
        made = answer(f"how far is {describe(item.id, scene)}?", scene)
        if made.status is Status.AMBIGUOUS:
            assert f"({item.id})" in describe(item.id, scene)
        else:
            assert made.object_ids == (item.id,), describe(item.id, scene)


def test_place_words_need_gravity() -> None:
    made = answer("how far is the left box?", without_up(boxes()))
    assert made.status is Status.UNSUPPORTED
    assert "gravity" in made.text


def test_regions_go_by_the_names_they_were_given() -> None:
    scene = nameless()
    named = [replace(o, id="Cup_left") if o.is_region else o for o in scene.objects]
    made = answer("how tall is <Cup_left>?", replace(scene, objects=tuple(named)))
    assert made.object_ids == ("Cup_left",)


def test_two_regions_are_they() -> None:
    scene = nameless()
    second = replace(scene.object("o3"), id="region1", is_region=True)
    scene = replace(scene, objects=(*scene.objects, second))
    made = answer("how far apart are they?", scene, regions=("region0", "region1"))
    assert made.object_ids == ("region0", "region1")
    assert answer("how tall is it?", scene, regions=("region0", "region1")).status is (
        Status.UNSUPPORTED
    )


def test_placeholders_of_the_reader_mean_nothing_to_a_user() -> None:
    for text in ("how tall is <0>?", "how far is <c>?", "is <q> taller than <n>?", "<0> to <1>"):
        assert answer(text, SCENE).status is not Status.OK


def test_prepare_makes_the_first_question_fast() -> None:
    prepare()
    assert answer("how tall is the apple?", SCENE).latency_s < 0.05
