"""The audit's own reader: numbers, units, yes and no, names, order, relations."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.evaluation.audit import language
from deepsight_ros.evaluation.audit.blind import BlindBook, best_constant
from deepsight_ros.evaluation.audit.bodies import Thing
from deepsight_ros.evaluation.audit.groups import read_question
from deepsight_ros.evaluation.audit.numbers import main_number

THINGS = {
    "o1": Thing("o1", "mug", "red", ()),
    "o2": Thing("o2", "mug", "blue", ()),
    "o3": Thing("o3", "tin can", "grey", ()),
    "o4": Thing("o4", "can", "", ()),
}


@pytest.mark.parametrize(
    ("text", "si", "kind"),
    [
        ("They are about 34 cm (33-35 cm) apart.", 0.34, "m"),
        ("half a metre", 0.5, "m"),
        ("6 ft 3 in tall", 1.905, "m"),
        ("a foot and a half", 0.4572, "m"),
        ("twelve centimetres", 0.12, "m"),
        ("at 3 o'clock", 3.0, "clock"),
        ("2.3 litres", 0.0023, "m3"),
        ("340 cubic centimetres", 3.4e-4, "m3"),
        ("1,200 cm3", 1.2e-3, "m3"),
        ("there are three mugs", 3.0, ""),
    ],
)
def test_numbers(text: str, si: float, kind: str) -> None:
    found = main_number(text)
    assert found is not None
    assert found.si == pytest.approx(si) and found.kind == kind


def test_bounds_and_no_numbers() -> None:
    assert main_number("the mug is in the box") is None
    found = main_number("at least 2.4 m of free space")
    assert found is not None and found.bound == "least"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("Yes, it is.", "yes"),
        ("That is right.", "yes"),
        ("It is wider, yes.", "yes"),
        ("That is not so.", "no"),
        ("It is not wider, no.", "no"),
        ("About the same.", "same"),
        ("Neither: the mug is about level with the can.", "same"),
        ("34 cm.", None),
    ],
)
def test_polarity(answer: str, wanted: str | None) -> None:
    assert language.polarity(answer) == wanted


def test_names_with_colours_verbs_and_regions() -> None:
    text = language.read_text(
        "Can you see the blue mug on the left of <region0>?", THINGS, ("o3",)
    )
    assert [m.ids for m in text.mentions] == [{"o2"}, {"o3"}]
    text = language.read_text("Is the tin can behind a can or a mug?", THINGS, ())
    assert [m.ids for m in text.mentions] == [{"o3"}, {"o4"}, {"o1", "o2"}]


@pytest.mark.parametrize(
    ("question", "predicate", "reference"),
    [
        ("Is the red mug left of the tin can?", "left_of", 1),
        ("Compared to the tin can, is the red mug taller?", "taller", 0),
        ("Does the tin can support the red mug?", "on", 0),
        ("By how much is the red mug taller than the tin can?", "taller", 1),
        ("What is the difference between the red mug and the tin can?", "taller", None),
    ],
)
def test_order(question: str, predicate: str, reference: int | None) -> None:
    assert language.reference_of(language.read_text(question, THINGS, ()), predicate) == reference


def test_opposites_are_noticed_and_tags_are_not() -> None:
    assert language.contradicts("left_of", "is it on the right of it?")
    assert not language.contradicts("left_of", "it is left of it, right?")
    assert not language.contradicts("left_of", "is it to the left or to the right of it?")
    assert language.threshold_sign("is it no more than 3 cm wide?") == -1
    assert language.threshold_sign("is it more than 3 cm wide?") == 1
    assert "height" in language.side_asked("how tall is it?")


def test_blind_guesses_find_what_words_give_away() -> None:
    rng = np.random.default_rng(0)
    book = BlindBook()
    for i in range(600):
        big = rng.random() < 0.5
        name = "wardrobe" if big else "cup"
        told = f"How tall is the {name}?"
        book.add("number", "told", f"k{i}", told, 2.0 if big else 0.1)
        book.add("number", "hidden", f"k{i}", "How tall is <region0>?", 2.0 ** rng.uniform(-6, 2))
        book.add("choice", "even", f"k{i}", "Is <region0> behind <region1>?", rng.integers(2))
    found = book.guesses()
    assert found["told"].blind > 0.95 and found["told"].constant < 0.65
    assert found["hidden"].blind < 0.4 and found["hidden"].constant < 0.4
    assert 0.35 < found["even"].blind < 0.65


def test_the_best_constant_is_best() -> None:
    logs = np.log([1.0, 1.1, 1.2, 9.0])
    assert np.abs(best_constant(logs, 0.2, 0.2) - np.log(1.1)) < 0.2


def test_an_hour_is_no_clock_and_the_right_mug_is_no_side() -> None:
    things = {**THINGS, "o5": Thing("o5", "clock", "", ())}
    hour = language.read_text("Yes: <region0> is at 9 o'clock.", things, ("o1",))
    assert [m.ids for m in hour.mentions] == [frozenset({"o1"})]
    assert len(language.read_text("The clock is near.", things, ()).mentions) == 1
    for dial in (
        "If the red mug is the centre of a clock, at which hour is <region0>?",
        "What is the clock direction from the red mug to <region0>?",
    ):
        found = language.read_text(dial, things, ("o3",)).mentions
        assert [m.ids for m in found] == [frozenset({"o1"}), frozenset({"o3"})]
    side = language.read_text("It is the right red mug.", things, ())
    assert [m.ids for m in side.mentions] == [frozenset({"o1"})]
    assert not language.contradicts("left_of", side.bare)
    assert language.contradicts(
        "left_of", language.read_text("it is to the right of it", things, ()).bare
    )


def test_a_colour_before_a_name_is_no_thing() -> None:
    """ "The orange cup" beside an orange."""
    things = {
        "o1": Thing("o1", "orange", "orange", ()),
        "o2": Thing("o2", "cup", "orange", ()),
        "o3": Thing("o3", "cup", "blue", ()),
    }
    text = language.read_text("Is the orange cup bigger than the orange?", things, ())
    assert [m.ids for m in text.mentions] == [{"o2"}, {"o1"}]


@pytest.mark.parametrize(
    ("question", "form", "first", "second", "number", "relation"),
    [
        ("How many red mugs are there?", "count", "red mugs", "", None, ""),
        ("Count the tool boxes?", "count", "tool boxes", "", None, ""),
        ("How many mugs are to the left of <region0>?", "count", "mugs", "", None, "left_of"),
        ("Is there a mug at the back of <region0>?", "exists", "mug", "", None, "behind"),
        ("Can you spot an apple?", "exists", "apple", "", None, ""),
        ("Are there fewer than 3 mugs?", "count.compare", "mugs", "", 3, ""),
        ("Do you see 2 mugs?", "count.compare", "mugs", "", 2, ""),
        ("Are there more mugs than red things?", "count.more", "mugs", "red things", None, ""),
    ],
)
def test_sets_in_words(
    question: str, form: str, first: str, second: str, number: float | None, relation: str
) -> None:
    things = {"o1": Thing("o1", "mug", "red", ()), "o2": Thing("o2", "tray", "blue", ())}
    text = language.read_text(question, things, ("o2",))
    asked = read_question(question, text, form)
    assert asked is not None
    assert (asked.first, asked.second, asked.number) == (first, second, number)
    assert asked.relation == relation
