"""Family: which of some named things, and which of all, has most of something."""

from __future__ import annotations

from deepsight_ros.questions.families.phrasings import (
    ANSWERED_EITHER_SAME,
    answered_which,
    asked_which,
)
from deepsight_ros.questions.families.relations import COMPARATIVE_WORDS, RELATION_WORDS
from deepsight_ros.questions.solving import (
    anchor_choice_of,
    choice_of,
    is_extreme_of,
    related_choice_of,
    superlative_of,
)
from deepsight_ros.questions.types import Form, QuestionType

_CHOICE_WORDS: dict[str, tuple[str, str]] = {
    # predicate: comparative, superlative
    "bigger": ("(bigger|larger)", "(biggest|largest)"),
    "smaller": ("smaller", "smallest"),
    "wider": ("(wider|broader)", "(widest|broadest)"),
    "narrower": ("(narrower|slimmer)", "(narrowest|slimmest)"),
    "taller": ("taller", "tallest"),
    "shorter": ("shorter", "shortest"),
    "longer": ("longer", "longest"),
    "less_long": ("less long", "least long"),
    "thicker": ("thicker", "thickest"),
    "thinner": ("thinner", "thinnest"),
    "deeper": ("deeper", "deepest"),
    "shallower": ("shallower", "shallowest"),
    "higher": ("(higher|higher up)", "highest"),
    "lower": ("(lower|lower down)", "lowest"),
    "closer": (
        "(closer|nearer) [to (the camera|you|me)]",
        "(closest|nearest) [to (the camera|you|me)]",
    ),
    "farther": (
        "(farther|further) (away|from (the camera|you|me))",
        "(farthest|furthest) [away|from (the camera|you|me)]",
    ),
    "left_of": ("(further|more) to the left", "(leftmost|furthest to the left)"),
    "right_of": ("(further|more) to the right", "(rightmost|furthest to the right)"),
    "in_front_of": ("further to the front", "frontmost"),
    "behind": ("further (back|to the back)", "(rearmost|furthest back)"),
}
_FIRST_COMPARATIVE = {p: words[0] for p, words in COMPARATIVE_WORDS.items()} | {
    "left_of": "further to the left",
    "right_of": "further to the right",
    "in_front_of": "further to the front",
    "behind": "further back",
}
_SUPERLATIVE_SAID = {
    "bigger": "biggest",
    "smaller": "smallest",
    "wider": "widest",
    "narrower": "narrowest",
    "taller": "tallest",
    "shorter": "shortest",
    "longer": "longest",
    "less_long": "least long",
    "thicker": "thickest",
    "thinner": "thinnest",
    "deeper": "deepest",
    "shallower": "shallowest",
    "higher": "highest",
    "lower": "lowest",
    "closer": "closest",
    "farther": "farthest away",
    "left_of": "furthest left",
    "right_of": "furthest right",
    "in_front_of": "furthest to the front",
    "behind": "furthest back",
}

_SAME = (
    "about the same: {list}",
    "{list} are about the same in that",
    "none stands out: {list} are about the same",
    *ANSWERED_EITHER_SAME,
)


def _choice(predicate: str, comparative: str, superlative: str) -> QuestionType:
    said = _FIRST_COMPARATIVE[predicate]
    return QuestionType(
        f"{predicate}.choice",
        Form.CHOICE,
        predicate,
        ("a", "b"),
        "",
        (
            f"which (is|one is) {comparative}, {{a}} or {{b}}",
            f"what is {comparative}, {{a}} or {{b}}",
            f"is {{a}} or {{b}} {comparative}",
            f"(of|between) {{a}} and {{b}}, which [one] is {comparative}",
            f"{{a}} or {{b}}: which [one] is {comparative}",
            f"{{a}} vs {{b}}: which one is {comparative}",
            f"which is the {superlative} of {{a}} and {{b}}"
            if predicate not in ("closer", "farther")
            else f"which one is {comparative}: {{a}} or {{b}}",
            *asked_which(said),
        ),
        {
            "one": (
                f"{{winner}} is {said}",
                "{winner}",
                f"it is {{winner}} that is {said}",
                "{winner}, clearly",
                *answered_which(said),
            ),
            "same": _SAME,
        },
        choice_of(predicate),
    )


def _anchored_choice(predicate: str, word: str, tail: str) -> QuestionType:
    return QuestionType(
        f"{predicate}.choice.third",
        Form.CHOICE,
        predicate,
        ("a", "b", "c"),
        "",
        (
            f"which is {word} {tail} {{c}}, {{a}} or {{b}}",
            f"is {{a}} or {{b}} {word} {tail} {{c}}",
            f"is {{c}} {word} {tail} {{a}} or [{tail}] {{b}}",
            f"(of|between) {{a}} and {{b}}, which [one] is {word} {tail} {{c}}",
            f"{{a}} or {{b}}: which one is {word} {tail} {{c}}",
        ),
        {
            "one": (
                f"{{winner}} is {word} {tail} {{c}}",
                "{winner}",
                f"it is {{winner}} that is {word}",
            ),
            "same": _SAME,
        },
        choice_of(predicate),
    )


def _superlative(predicate: str, comparative: str, superlative: str) -> QuestionType:
    said = _SUPERLATIVE_SAID[predicate]
    questions = [
        f"(which|what) (object|thing) is [the] {superlative}",
        f"what is the {superlative}" if predicate != "closer" else "what is (nearest|closest)",
        f"which of (the|these|all the) (objects|things) is [the] {superlative}",
    ]
    if predicate not in ("closer", "farther", "left_of", "right_of", "behind", "in_front_of"):
        questions += [
            f"(what|which) is the {superlative} (object|thing)",
            f"(find|name|show me) the {superlative} (object|thing)",
        ]
    return QuestionType(
        f"{predicate}.superlative",
        Form.SUPERLATIVE,
        predicate,
        (),
        "",
        tuple(questions),
        {
            "one": (
                f"{{winner}} is {said}",
                "{winner}",
                "it is {winner}",
                f"the {said} is {{winner}}"
                if predicate not in ("closer",)
                else "{winner} is nearest",
            ),
            "same": _SAME,
            "none": ("there is nothing to choose from", "there are not that many"),
        },
        superlative_of(predicate),
    )


def _is_extreme(predicate: str, comparative: str, superlative: str) -> QuestionType:
    said = _SUPERLATIVE_SAID[predicate]
    questions = [f"is {{a}} [the] {superlative}", f"{{a}} is [the] {superlative}, right"]
    if predicate not in ("farther", "left_of", "right_of", "behind", "in_front_of"):
        questions.append(f"is {{a}} the {superlative.partition(' [')[0]} (object|thing)")
    return QuestionType(
        f"{predicate}.extreme",
        Form.YESNO,
        predicate,
        ("a",),
        "",
        tuple(questions),
        {
            "yes": (f"yes, {{a}} is {said}", "yes", "that is right"),
            "no": (f"no, {{winner}} is {said}", "no", "that is not so"),
            "same": ("it is one of several that are about the same", "about the same as others"),
        },
        is_extreme_of(predicate),
    )


def _group_superlative(predicate: str, comparative: str, superlative: str) -> QuestionType:
    said = _SUPERLATIVE_SAID[predicate]
    return QuestionType(
        f"{predicate}.superlative.group",
        Form.SUPERLATIVE,
        predicate,
        ("group",),
        "",
        (
            f"which of the {{group}} is [the] {superlative}",
            f"which of the {{group}} is {comparative}",
        ),
        {
            "one": (f"{{winner}} is {said}", "{winner}", "it is {winner}"),
            "same": _SAME,
            "none": ("there is nothing to choose from",),
        },
        superlative_of(predicate),
    )


def _anchored_superlative(predicate: str, words: str, said: str, tail: str) -> QuestionType:
    return QuestionType(
        f"{predicate}.superlative.third",
        Form.SUPERLATIVE,
        predicate,
        ("c",),
        "",
        (
            f"(which|what) (object|thing) is [the] {words} {tail} {{c}}",
            f"what is {words} {tail} {{c}}",
            f"(name|find) the (object|thing) {words} {tail} {{c}}",
        ),
        {
            "one": (f"{{winner}} is {said} {tail} {{c}}", "{winner}", "it is {winner}"),
            "same": _SAME,
            "none": ("there is nothing to choose from",),
        },
        superlative_of(predicate),
    )


def _related(predicate: str, words: tuple[str, ...]) -> tuple[QuestionType, ...]:
    said, plain = f"({'|'.join(words)})", words[0]
    answers = {
        "one": (f"{{winner}} is {plain} {{c}}", "{winner}", "it is {winner}"),
        "many": ("both", "both of them"),
        "none": ("neither", "neither of them"),
    }
    return (
        QuestionType(
            f"{predicate}.related",
            Form.CHOICE,
            predicate,
            ("a", "b", "c"),
            "",
            (
                f"which is {said} {{c}}, {{a}} or {{b}}",
                f"is {{a}} or {{b}} {said} {{c}}",
                f"what is {said} {{c}}: {{a}} or {{b}}",
            ),
            answers,
            related_choice_of(predicate),
        ),
        QuestionType(
            f"{predicate}.which_anchor",
            Form.CHOICE,
            predicate,
            ("a", "b", "c"),
            "",
            (f"is {{c}} {said} {{a}} or {{b}}", f"is {{c}} {said} {{a}} or {plain} {{b}}"),
            {
                "one": (f"it is {plain} {{winner}}", "{winner}", f"{plain} {{winner}}"),
                "many": ("both", "both of them"),
                "none": ("neither", "neither of them"),
            },
            anchor_choice_of(predicate),
        ),
    )


TYPES: tuple[QuestionType, ...] = (
    *(_choice(p, *words) for p, words in _CHOICE_WORDS.items()),
    *(_superlative(p, *words) for p, words in _CHOICE_WORDS.items()),
    *(_is_extreme(p, *words) for p, words in _CHOICE_WORDS.items()),
    *(
        _group_superlative(p, *words)
        for p, words in _CHOICE_WORDS.items()
        if p not in ("left_of", "right_of", "behind", "in_front_of")
    ),
    _anchored_choice("closer", "(closer|nearer)", "to"),
    _anchored_choice("farther", "(farther|further)", "from"),
    _anchored_superlative("closer", "(closest|nearest)", "closest", "to"),
    _anchored_superlative("farther", "(farthest|furthest)", "farthest", "from"),
    *(entry for p, words in RELATION_WORDS.items() for entry in _related(p, words)),
)
"""Choices and superlatives."""
