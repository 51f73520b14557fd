"""Family: predicates asked yes or no, and pairs of opposite relations to choose from."""

from __future__ import annotations

from deepsight_ros.questions.families.phrasings import (
    ANSWERED_SAME,
    answered_no,
    answered_yes,
    asked_whether,
)
from deepsight_ros.questions.solving import either_of, yes_no_of
from deepsight_ros.questions.types import Form, QuestionType

RELATION_WORDS: dict[str, tuple[str, ...]] = {
    "left_of": ("to the left of", "on the left of", "left of", "on the left side of"),
    "right_of": ("to the right of", "on the right of", "right of", "on the right side of"),
    "above": ("above", "somewhere above"),
    "below": ("below", "somewhere below"),
    "over": ("over", "directly above", "directly over"),
    "under": ("under", "directly below", "underneath", "beneath"),
    "in_front_of": ("in front of", "directly in front of"),
    "behind": ("behind", "at the back of"),
    "on": ("on", "on top of", "standing on", "resting on", "sitting on"),
    "inside": ("inside", "in", "inside of", "within"),
    "touching": ("touching", "in contact with"),
    "next_to": ("next to", "beside", "near", "close to", "right by"),
}
"""Predicate -> how it is said between two things, the plainest first."""

COMPARATIVE_WORDS: dict[str, tuple[str, ...]] = {
    "bigger": ("bigger", "larger"),
    "smaller": ("smaller",),
    "wider": ("wider", "broader"),
    "narrower": ("narrower", "slimmer"),
    "taller": ("taller",),
    "shorter": ("shorter",),
    "longer": ("longer",),
    "less_long": ("less long",),
    "thicker": ("thicker",),
    "thinner": ("thinner", "flatter"),
    "deeper": ("deeper",),
    "shallower": ("shallower",),
    "higher": ("higher", "higher up"),
    "lower": ("lower", "lower down"),
    "closer": ("closer", "nearer"),
    "farther": ("farther away", "further away", "more distant"),
}
"""Comparative -> how it is said."""

_TIES = {
    "left_of": "about level with",
    "right_of": "about level with",
    "above": "about as high as",
    "below": "about as high as",
}


def _relation(predicate: str, words: tuple[str, ...]) -> QuestionType:
    said = f"({'|'.join(words)})"
    plain = words[0]
    questions = [
        f"is {{a}} {said} {{b}}",
        f"would you say {{a}} is {said} {{b}}",
        f"{{a}} is {said} {{b}}, right",
        f"is it true that {{a}} is {said} {{b}}",
        f"isn't {{a}} {said} {{b}}",
        f"I think {{a}} is {said} {{b}}. Am I right",
    ]
    if predicate == "touching":
        questions += [
            "does {a} touch {b}",
            "are {a} and {b} (touching|in contact)",
            "do {a} and {b} touch [each other]",
        ]
    if predicate == "next_to":
        questions += ["are {a} and {b} (next to each other|side by side|close together)"]
    if predicate == "on":
        questions += ["does {a} (stand|rest|sit) on {b}", "does {b} support {a}"]
    if predicate == "inside":
        questions += ["does {b} contain {a}"]
    questions += asked_whether(f"{{a}} is {plain} {{b}}")
    return QuestionType(
        f"{predicate}.yesno",
        Form.YESNO,
        predicate,
        ("a", "b"),
        "",
        tuple(questions),
        {
            "yes": (
                f"yes, {{a}} is {plain} {{b}}",
                "yes",
                f"yes: {{a}} is {plain} {{b}}",
                "that is right",
                f"it is {plain} {{b}}, yes",
                *answered_yes(f"{{a}} is {plain} {{b}}"),
            ),
            "no": (
                f"no, {{a}} is not {plain} {{b}}",
                "no",
                f"no: {{a}} is not {plain} {{b}}",
                "that is not so",
                f"it is not {plain} {{b}}, no",
                *answered_no(f"{{a}} is not {plain} {{b}}"),
            ),
            "same": (
                f"neither: {{a}} is {_TIES.get(predicate, 'about the same as')} {{b}}",
                "about the same",
                "they are about the same in that",
                *ANSWERED_SAME,
            ),
        },
        yes_no_of(predicate),
    )


def _comparative(predicate: str, words: tuple[str, ...]) -> QuestionType:
    said, plain = f"({'|'.join(words)})", words[0]
    questions = [
        f"is {{a}} {said} than {{b}}",
        f"would you say {{a}} is {said} than {{b}}",
        f"{{a}} is {said} than {{b}}, right",
        f"compared to {{b}}, is {{a}} {said}",
        f"is it true that {{a}} is {said} than {{b}}",
        f"I think {{a}} is {said} than {{b}}. Am I right",
    ]
    if predicate in ("closer", "farther"):
        tail = "to" if predicate == "closer" else "from"
        word = "(closer|nearer)" if predicate == "closer" else "(farther|further)"
        questions.append(f"is {{a}} {word} {tail} (the camera|you|me) than {{b}}")
    questions += asked_whether(f"{{a}} is {plain} than {{b}}")
    return QuestionType(
        f"{predicate}.yesno",
        Form.YESNO,
        predicate,
        ("a", "b"),
        "",
        tuple(questions),
        {
            "yes": (
                f"yes, {{a}} is {plain} than {{b}}",
                "yes",
                f"yes: {{a}} is {plain}",
                "that is right",
                f"it is {plain}, yes",
                *answered_yes(f"{{a}} is {plain} than {{b}}"),
            ),
            "no": (
                f"no, {{a}} is not {plain} than {{b}}",
                "no",
                f"no: {{a}} is not {plain}",
                "that is not so",
                f"it is not {plain}, no",
                *answered_no(f"{{a}} is not {plain} than {{b}}"),
            ),
            "same": (
                "{a} and {b} are about the same in that",
                "about the same",
                f"neither is clearly {plain}: about the same",
                *ANSWERED_SAME,
            ),
        },
        yes_no_of(predicate),
    )


EITHER: dict[tuple[str, str], tuple[str, str, str]] = {
    # (predicate, opposite): word for each, and how the two are asked
    ("left_of", "right_of"): ("left", "right", "to the left or [to the] right of {b}"),
    ("above", "below"): ("above", "below", "above or below {b}"),
    ("over", "under"): ("over", "under", "over or under {b}"),
    ("in_front_of", "behind"): ("in front", "behind", "in front of or behind {b}"),
    ("on", "under"): ("on", "under", "on or under {b}"),
    ("taller", "shorter"): ("taller", "shorter", "taller or shorter than {b}"),
    ("bigger", "smaller"): ("bigger", "smaller", "bigger or smaller than {b}"),
    ("wider", "narrower"): ("wider", "narrower", "wider or narrower than {b}"),
    ("thicker", "thinner"): ("thicker", "thinner", "thicker or thinner than {b}"),
    ("longer", "less_long"): ("longer", "shorter", "longer or shorter than {b}"),
    ("deeper", "shallower"): ("deeper", "shallower", "deeper or shallower than {b}"),
    ("higher", "lower"): ("higher", "lower", "higher or lower than {b}"),
    ("closer", "farther"): ("closer", "farther", "closer or farther than {b}"),
}
"""Opposite relations that are asked together."""


def _either(pair: tuple[str, str], words: tuple[str, str, str]) -> tuple[QuestionType, ...]:
    first, second, asked = words
    out = []
    for name, other, says in (
        (pair[0], pair[1], (first, second)),
        (pair[1], pair[0], (second, first)),
    ):
        said = asked if name == pair[0] else _turned(asked)
        questions = (f"is {{a}} {said}", f"tell me whether {{a}} is {said}")
        out.append(
            QuestionType(
                f"{name}.either",
                Form.CHOICE,
                name,
                ("a", "b"),
                "",
                questions,
                {
                    "one": (
                        "{word}",
                        "it is {word}",
                        "{a}: {word}",
                        "{word}, seen from the camera",
                    ),
                    "same": ("neither: about the same", "about the same", "about level"),
                    "none": ("neither", "neither of the two"),
                },
                either_of(name, other, says),
            )
        )
    return tuple(out)


def _turned(asked: str) -> str:
    """ "above or below {b}" -> "below or above {b}"."""
    if asked.startswith("to the left"):
        return "to the right or [to the] left of {b}"
    if asked.startswith("in front of"):
        return "behind or in front of {b}"
    first, _, rest = asked.partition(" or ")
    second, _, tail = rest.partition(" ")
    return f"{second} or {first} {tail}"


_BETWEEN = QuestionType(
    "between.yesno",
    Form.YESNO,
    "between",
    ("a", "b", "c"),
    "",
    (
        "is {a} (between|in between) {b} and {c}",
        "does {a} (stand|lie|sit) between {b} and {c}",
        "would you say {a} is between {b} and {c}",
        "is it true that {a} is between {b} and {c}",
        "{a} is between {b} and {c}, right",
        "I think {a} is between {b} and {c}. Am I right",
        *asked_whether("{a} is between {b} and {c}"),
    ),
    {
        "yes": (
            "yes, {a} is between {b} and {c}",
            "yes",
            "that is right",
            "it is in between, yes",
            *answered_yes("{a} is between {b} and {c}"),
        ),
        "no": (
            "no, {a} is not between {b} and {c}",
            "no",
            "that is not so",
            "it is not in between",
            *answered_no("{a} is not between {b} and {c}"),
        ),
        "same": (
            "{a} is just at the edge of it, too close to call",
            "just at the edge, too close to call",
            "too close to call",
            "{a} is at the edge between {b} and {c}: too close to call",
            "it is at the edge, too close to call",
            "that is too close to call",
            "too close to call: {a} is at the edge",
            "half in between: too close to call",
            "neither clearly in nor out, too close to call",
            "I find that too close to call",
        ),
    },
    yes_no_of("between"),
)

_COMPARED_TO_THIRD: tuple[QuestionType, ...] = tuple(
    QuestionType(
        f"{predicate}.yesno.third",
        Form.YESNO,
        predicate,
        ("a", "b", "c"),
        "",
        (
            f"is {{a}} {word} {tail} {{c}} than {{b}} is",
            f"is {{c}} {word} {tail} {{a}} than {tail} {{b}}",
            f"is {{a}} {word} {tail} {{c}} than {{b}}",
        ),
        {
            "yes": (f"yes, {{a}} is {word} {tail} {{c}} than {{b}}", "yes", "that is right"),
            "no": (f"no, {{a}} is not {word} {tail} {{c}} than {{b}}", "no", "that is not so"),
            "same": ("about the same", "{a} and {b} are about as far from {c}"),
        },
        yes_no_of(predicate),
    )
    for predicate, word, tail in (("closer", "closer", "to"), ("farther", "farther", "from"))
)

TYPES: tuple[QuestionType, ...] = (
    *(_relation(p, words) for p, words in RELATION_WORDS.items()),
    *(_comparative(p, words) for p, words in COMPARATIVE_WORDS.items()),
    _BETWEEN,
    *_COMPARED_TO_THIRD,
    *(entry for pair, words in EITHER.items() for entry in _either(pair, words)),
)
"""Predicates, yes or no."""
