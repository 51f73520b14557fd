"""Family: counts, existence, and what stands where."""

from __future__ import annotations

from deepsight_ros.questions.families.relations import RELATION_WORDS
from deepsight_ros.questions.solving import (
    count,
    count_compared,
    count_more_of,
    exists,
    listing,
    supporter,
)
from deepsight_ros.questions.types import Form, QuestionType

_COUNT_ANSWERS = {
    "none": ("there are none", "none", "no {group}"),
    "one": ("there is one: {list}", "one", "just one: {list}"),
    "many": ("there are {number}: {list}", "{number}", "{number}: {list}", "I count {number}"),
}
_LIST_ANSWERS = {
    "none": ("nothing", "there is nothing there", "nothing that I see"),
    "one": ("{list}", "it is {list}", "{list} is"),
    "many": ("{list}", "{list} are", "there are {list}"),
}
_EXISTS_ANSWERS = {
    "yes": ("yes, {list}", "yes", "yes, there is: {list}"),
    "many": ("yes, there are {number}: {list}", "yes", "yes, {number} of them"),
    "no": ("no, I see none", "no", "no, there is none"),
}
_COMPARE_ANSWERS = {
    "yes": ("yes, I count {number}", "yes", "yes: {number}"),
    "no": ("no, I count {number}", "no", "no: {number}"),
}
_LISTED = (
    "on",
    "inside",
    "left_of",
    "right_of",
    "behind",
    "in_front_of",
    "under",
    "next_to",
    "touching",
)
COUNTED_RELATIONS = ("on", "left_of", "right_of", "behind")
"""Relations that "count.related" asks about, one for each of its phrasings."""
EXISTING_RELATIONS = (*COUNTED_RELATIONS, "next_to")
"""The same for "exists.related"."""


def _relations(predicate: str) -> str:
    words = [w for w in RELATION_WORDS[predicate] if not w.startswith("directly")]
    return f"({'|'.join(words)})"


TYPES: tuple[QuestionType, ...] = (
    QuestionType(
        "count",
        Form.COUNT,
        "count",
        ("group",),
        "",
        (
            "how many {group} are there [in the scene]",
            "how many {group} (can|do) you see",
            "(count|what is the number of) the {group}",
            "how many {group}",
            "tell me how many {group} there are",
            "what is the number of {group}",
        ),
        _COUNT_ANSWERS,
        count,
    ),
    QuestionType(
        "count.related",
        Form.COUNT,
        "count",
        ("group", "c"),
        "",
        tuple(f"how many {{group}} are {_relations(p)} {{c}}" for p in COUNTED_RELATIONS),
        _COUNT_ANSWERS,
        count,
    ),
    QuestionType(
        "count.compare",
        Form.COMPARE,
        "count",
        ("group", "number"),
        "",
        (
            "are there more than {number} {group}",
            "do you see more than {number} {group}",
        ),
        _COMPARE_ANSWERS,
        count_compared,
        "more_than",
    ),
    QuestionType(
        "count.compare.about",
        Form.COMPARE,
        "count",
        ("group", "number"),
        "",
        ("are there [exactly] {number} {group}", "do you see {number} {group}"),
        _COMPARE_ANSWERS,
        count_compared,
        "about",
    ),
    QuestionType(
        "count.compare.at_least",
        Form.COMPARE,
        "count",
        ("group", "number"),
        "",
        ("are there at least {number} {group}",),
        _COMPARE_ANSWERS,
        count_compared,
        "at_least",
    ),
    QuestionType(
        "count.compare.less_than",
        Form.COMPARE,
        "count",
        ("group", "number"),
        "",
        ("are there (fewer|less) than {number} {group}",),
        _COMPARE_ANSWERS,
        count_compared,
        "less_than",
    ),
    QuestionType(
        "count.more",
        Form.YESNO,
        "count",
        ("group", "other_group"),
        "",
        (
            "are there more {group} than {other_group}",
            "do you see more {group} than {other_group}",
        ),
        {"yes": ("yes", "yes, more"), "no": ("no", "no, not more")},
        count_more_of(1),
    ),
    QuestionType(
        "count.fewer",
        Form.YESNO,
        "count",
        ("group", "other_group"),
        "",
        ("are there (fewer|less) {group} than {other_group}",),
        {"yes": ("yes", "yes, fewer"), "no": ("no", "no, not fewer")},
        count_more_of(-1),
    ),
    QuestionType(
        "exists",
        Form.YESNO,
        "count",
        ("one_of_group",),
        "",
        (
            "is there {one_of_group} [here|in the scene]",
            "(do|can) you see {one_of_group}",
            "is there {one_of_group} in (view|the picture)",
            "can you spot {one_of_group}",
        ),
        _EXISTS_ANSWERS,
        exists,
    ),
    QuestionType(
        "exists.related",
        Form.YESNO,
        "count",
        ("one_of_group", "c"),
        "",
        tuple(f"is there {{one_of_group}} {_relations(p)} {{c}}" for p in EXISTING_RELATIONS),
        _EXISTS_ANSWERS,
        exists,
    ),
    *(
        QuestionType(
            f"list.{p}",
            Form.LIST,
            p,
            ("c",),
            "",
            (
                f"what is {_relations(p)} {{c}}",
                f"(which|what) (objects|things) are {_relations(p)} {{c}}",
                f"what do you see {_relations(p)} {{c}}",
            ),
            _LIST_ANSWERS,
            listing,
        )
        for p in _LISTED
    ),
    QuestionType(
        "list",
        Form.LIST,
        "count",
        ("group", "value"),
        "",
        (
            "which {group} are (taller|shorter|wider|longer) than {value}",
            "(which|what) {group} are within {value} of (the camera|you|me)",
        ),
        _LIST_ANSWERS,
        listing,
    ),
    QuestionType(
        "supporter",
        Form.LIST,
        "on",
        ("a",),
        "",
        (
            "what is {a} (standing|sitting|resting|lying) on",
            "what is {a} on",
            "what (supports|is supporting) {a}",
            "on what (is {a} (standing|resting)|does {a} stand)",
        ),
        {
            "one": ("{a} stands on {list}", "{list}", "on {list}"),
            "many": ("{a} stands on {list}", "{list}", "on {list}"),
            "support": ("{a} stands on the {support}", "the {support}", "on the {support} itself"),
            "none": ("{a} stands on nothing that I see", "nothing that I see"),
        },
        supporter,
    ),
)
"""Sets of things."""
