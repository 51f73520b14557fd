"""Every type and every phrasing: rendered, understood again, answered, and the answer parsed."""

from __future__ import annotations

import random

import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.questions.answering import ground
from deepsight_ros.questions.catalogue import CATALOGUE, type_of
from deepsight_ros.questions.matching import match
from deepsight_ros.questions.parser import parse_answer
from deepsight_ros.questions.query import Query
from deepsight_ros.questions.types import Form, QuestionType, finish
from deepsight_ros.questions.vocabulary import vocabulary_of
from deepsight_ros.scene.measurement import QUANTITY_UNITS
from deepsight_ros.scene.verdict import PREDICATES
from tests.questions.scenes import table

SCENE = table()
VOCABULARY = vocabulary_of(SCENE)
THINGS = {"a": "o1", "b": "o3", "c": "o5"}
SLOTS = {
    "a": "the red mug", "b": "the cereal box", "c": "the tray", "support": "table",
    "value": "30 cm", "group": "mugs", "other_group": "apples", "one_of_group": "an apple",
    "number": "two",
}  # fmt: skip
_SYMMETRIC = {
    "surface_distance", "centre_distance", "mean_nearest_distance", "horizontal_distance",
    "vertical_distance", "touching", "next_to",
}  # fmt: skip
_RELATIONS = ("more_than", "less_than", "at_least", "at_most", "about", "fits")


def slots_for(entry: QuestionType) -> dict[str, str]:
    slots = dict(SLOTS)
    if entry.unit == "m3":
        slots["value"] = "2 litres"
    if entry.unit == "clock":
        slots["value"] = "3 o'clock"
    return slots


def read_name(query: Query) -> str:
    return type_of(query).name


def base_name(name: str) -> str:
    """The type a rendering-only variant is understood as."""
    parts = [p for p in name.split(".") if p not in _RELATIONS]
    base = ".".join(parts)
    for suffix in (".related", ".group"):
        if base.startswith(("count", "exists")) or suffix == ".group":
            base = base.removesuffix(suffix)
    return base


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_phrasing_is_understood_as_its_type(name: str) -> None:
    entry = CATALOGUE[name]
    slots = slots_for(entry)
    for text in entry.question_texts():
        question = finish(text.format_map(slots), "?")
        query = match(question, VOCABULARY)
        assert isinstance(query, Query), question
        assert base_name(read_name(query)) == base_name(name), question
        if entry.relation:
            assert query.relation == entry.relation, question
        if query.threshold is not None and entry.unit == "m":
            assert query.threshold == pytest.approx(0.3), question


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name, entry in CATALOGUE.items()
        if entry.form in (Form.VALUE, Form.COMPARE, Form.YESNO) and {"a"} <= set(entry.roles)
    ),
)
def test_every_phrasing_keeps_the_roles(name: str) -> None:
    """Who is compared with whom survives rendering and understanding."""
    entry = CATALOGUE[name]
    slots = slots_for(entry)
    roles = [r for r in entry.roles if r in THINGS]
    wanted = [THINGS[r] for r in roles]
    for text in entry.question_texts():
        question = finish(text.format_map(slots), "?")
        query = match(question, VOCABULARY)
        assert isinstance(query, Query)
        case = ground(query, SCENE, VOCABULARY)
        got = [*case.ids] + ([case.anchor_id] if case.anchor_id else [])
        if entry.key in _SYMMETRIC or name.endswith(".same"):
            assert sorted(got) == sorted(wanted), question
        elif name.startswith("between"):
            assert (got[0], set(got[1:])) == (wanted[0], set(wanted[1:])), question
        else:
            assert got == wanted, question


def test_the_catalogue_is_complete() -> None:
    """Every quantity as value and comparison, every predicate as yes/no, choice or superlative."""
    keys = {(entry.key, entry.form) for entry in CATALOGUE.values()}
    assert len(CATALOGUE) >= 38
    for quantity in QUANTITY_UNITS:
        forms = {Form.COUNT} if quantity == "count" else {Form.VALUE}
        for form in forms:
            assert (quantity, form) in keys, quantity
        assert (quantity, Form.COMPARE) in keys, quantity
    for predicate in PREDICATES:
        assert (predicate, Form.YESNO) in keys, predicate
    for predicate in ("taller", "wider", "bigger", "closer", "farther", "left_of", "longer"):
        assert (predicate, Form.CHOICE) in keys
        assert (predicate, Form.SUPERLATIVE) in keys


def test_every_type_the_rules_can_name_is_there() -> None:
    from deepsight_ros.questions.cue_relations import COMPARATIVES, RELATIONS

    for predicate in COMPARATIVES:
        for form in ("choice", "superlative", "extreme", "yesno"):
            assert f"{predicate}.{form}" in CATALOGUE
        if predicate not in (
            "left_of", "right_of", "behind", "in_front_of", "less_long", "shallower",
        ):  # fmt: skip
            assert f"{predicate}.difference" in CATALOGUE
    for predicate in RELATIONS:
        for form in ("yesno", "related", "which_anchor"):
            assert f"{predicate}.{form}" in CATALOGUE


def test_every_type_has_several_phrasings() -> None:
    for name, entry in CATALOGUE.items():
        assert entry.question_texts(), name
        assert all(entry.answer_texts(outcome) for outcome in entry.answers), name
    main = [n for n, e in CATALOGUE.items() if e.form is Form.VALUE and ".difference" not in n]
    assert all(len(CATALOGUE[n].question_texts()) >= 4 for n in main)
    assert all(len(CATALOGUE[n].answer_texts("value")) >= 4 for n in main)


@pytest.mark.parametrize(
    "name",
    sorted(n for n, e in CATALOGUE.items() if e.form is Form.VALUE and n != "dimensions"),
)
def test_answers_parse_back_to_their_number(name: str) -> None:
    entry = CATALOGUE[name]
    for unit, said, si in (("cm", "34 cm", 0.34), ("m", "about 1.2 m (1.1-1.3 m)", 1.2)):
        if entry.unit != "m":
            continue
        slots = {**SLOTS, "value": said, "hour": "4 o'clock", "other": "the tray"}
        for outcome in entry.answers:
            for text in entry.answer_texts(outcome):
                parsed = parse_answer(finish(text.format_map(slots), "."))
                if "{hour}" in text and text.find("{hour}") < text.find("{value}"):
                    continue  # the hour is said first
                assert parsed.si == pytest.approx(si), text
                assert parsed.unit == unit, text


@pytest.mark.parametrize(
    "name", sorted(n for n, e in CATALOGUE.items() if e.form in (Form.YESNO, Form.COMPARE))
)
def test_yes_and_no_parse_back(name: str) -> None:
    entry = CATALOGUE[name]
    slots = {**SLOTS, "list": "the tray", "winner": "the tray", "threshold": "9 cm"}
    for outcome, expected in (("yes", True), ("no", False)):
        for text in entry.answer_texts(outcome):
            parsed = parse_answer(finish(text.format_map(slots), "."))
            assert parsed.yes is expected, text


@pytest.mark.parametrize("name", sorted(n for n, e in CATALOGUE.items() if e.form is Form.CHOICE))
def test_choices_parse_back(name: str) -> None:
    entry = CATALOGUE[name]
    if "{winner}" not in "".join(entry.answers["one"]):
        return
    slots = {**SLOTS, "winner": "the cereal box"}
    for text in entry.answer_texts("one"):
        parsed = parse_answer(finish(text.format_map(slots), "."), ["cereal box", "red mug"])
        assert parsed.choice == "cereal box", text


def test_rendering_is_deterministic_for_a_seed() -> None:
    entry = CATALOGUE["surface_distance"]
    texts = {entry.render_question(SLOTS, random.Random(3)) for _ in range(5)}
    assert len(texts) == 1
    many = {entry.render_question(SLOTS, random.Random(seed)) for seed in range(60)}
    assert len(many) > 10


def test_a_unit_can_be_asked_for() -> None:
    text = CATALOGUE["height"].render_question(SLOTS, random.Random(0), "centimetres")
    query = match(text, VOCABULARY)
    assert isinstance(query, Query)
    assert (query.type, query.unit) == ("height", "cm")


def test_a_missing_slot_is_named() -> None:
    with pytest.raises(InvalidValueError, match="needs 'b'"):
        CATALOGUE["surface_distance"].render_question({"a": "the mug"}, random.Random(0))
    with pytest.raises(InvalidValueError, match="outcome"):
        CATALOGUE["height"].render_answer("maybe", SLOTS)
