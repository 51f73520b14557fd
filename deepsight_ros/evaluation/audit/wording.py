"""Words that name relations, sides and comparisons, for the audit's reader of questions.

Tables of regular expressions, written from the meanings of the words and not from the catalogue's
phrasings, so that a phrasing filed under the wrong type is noticed.
"""

from __future__ import annotations

import re


def _any(*phrases: str) -> str:
    """One of the phrases, as whole words; ``*`` ends a word in any way."""
    joined = "|".join(p.replace("*", r"\w*") for p in phrases)
    return rf"\b(?:{joined})\b"


_OPPOSITES: tuple[tuple[str, str, str, str], ...] = (
    # predicate, its words, opposite predicate, its words
    ("left_of", _any("left*"), "right_of", _any("right", "right(?:most|ward|wards|-hand)")),
    (
        "above",
        _any("above", "over", "higher", "on top", "atop", "up"),
        "below",
        _any("below", "under*", "beneath", "lower", "down"),
    ),
    (
        "over",
        _any("above", "over", "higher", "on top", "atop"),
        "under",
        _any("below", "under*", "beneath", "lower"),
    ),
    (
        "in_front_of",
        _any("front*", "before"),
        "behind",
        _any("behind", "back", "backmost", "rear*", "further back"),
    ),
    (
        "closer",
        _any("close*", "near*"),
        "farther",
        _any("far", "farther", "farthest", "further", "furthest", "distant"),
    ),
    (
        "bigger",
        _any("big*", "larg*", "more (?:space|room|volume)", "greater", "bulk*"),
        "smaller",
        _any("small*", "less (?:space|room|volume)", "littl*", "compact*"),
    ),
    ("wider", _any("wide*", "broad*"), "narrower", _any("narrow*", "slim*")),
    (
        "taller",
        _any("tall*", "(?:more|greater) height", "higher"),
        "shorter",
        _any("short*", "(?:less|least) tall", "lower"),
    ),
    (
        "longer",
        r"(?<!less )(?<!least )\blong\w*\b",
        "less_long",
        _any("(?:less|least) long", "short*"),
    ),
    ("thicker", _any("thick*"), "thinner", _any("thin", "thinner", "thinnest", "flat*")),
    ("deeper", _any("deep*"), "shallower", _any("shallow*")),
    (
        "higher",
        _any("high*", "taller", "up", "above"),
        "lower",
        _any("low*", "shorter", "down", "below"),
    ),
)

PREDICATE_WORDS: dict[str, tuple[re.Pattern[str], re.Pattern[str]]] = {}
"""Predicate -> (its words, its opposite's words)."""
for _one, _own, _other, _against in _OPPOSITES:
    PREDICATE_WORDS[_one] = re.compile(_own), re.compile(_against)
    PREDICATE_WORDS[_other] = re.compile(_against), re.compile(_own)

NO_DIRECTION = re.compile(
    r", (right|correct|true)\?|am i right|(that|this|it)( is|'s) right|is that right|"
    r"straight ahead|^right\b|"
    r"right (by|next|beside|behind|in|on|above|under|below|over|now|here)"
)
"""Uses of "right" that are no direction."""

SIDE_WORDS: dict[str, re.Pattern[str]] = {
    side: re.compile(words)
    for side, words in {
        "height": _any(
            "tall", "taller", "height", "high", "higher", "upright", "shorter than",
            "top to bottom", "bottom to top", "base to top",
        ),
        "width": _any(
            "wide", "wider", "width", "across", "side to side", "left to right", "narrower",
            "broad", "broader",
        ),
        "depth": _any(
            "deep", "deeper", "depth", "front to back", "back to front", "front to rear",
            "shallower",
        ),
        "length": _any("long", "longer", "longest", "length", "end to end"),
        "breadth": _any(
            "broad", "breadth", "(?:short|shorter|shortest|narrow|narrower) (?:side|edge)",
            "(?:fit|pass|go) through", "(?:thin|slim|narrow|small) enough", "opens?", "opening",
            "gap", "slot", "doorway", "squeeze", "grip*", "grasp*", "jaws?",
        ),
        "thickness": _any("thick", "thicker", "thickness", "thin", "thinner", "thinnest",
                          "slim", "flat"),
        "diameter": _any("diameter", "across"),
    }.items()
}  # fmt: skip
"""Side of one thing -> words that ask for it."""

_SEEN_FROM = (
    r"compared (?:to|with|against)|in comparison (?:to|with)|relative to|with respect to|"
    r"(?:seen|viewed|looking) from|starting (?:from|at)"
)
FIRST_REFERENCE = re.compile(rf"\b(?:{_SEEN_FROM}|than|than that of)(?: the| a| an)? ?$")
"""Before the thing compared with, wherever it stands."""
REFERENCE = re.compile(
    rf"\b(?:{_SEEN_FROM}|from|than|of|to|next to|beside|near|by|behind|above|below|over|under|"
    r"underneath|beneath|inside|within|in|on|onto|atop|touching|against)"
    r"(?: is)?(?: that of| those of)?(?: the| a| an)? ?$"
)
"""Before the thing compared with, where no other name has it."""
CARRIES = re.compile(r"\b(support|carry|hold|contain|bear)s?\b")
"""Verbs whose subject is the thing below or around."""

THRESHOLD_WORDS: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (sign, re.compile(words))
    for sign, words in (
        (
            -1,
            _any(
                "(?:no|not) (?:more|greater|wider|taller|longer|farther|further|bigger|larger|"
                "higher|over|above|deeper|thicker)",
                "at most", "or (?:less|under)", "up to",
            ),
        ),
        (
            1,
            _any(
                "(?:no|not) (?:less|smaller|shorter|under|below|closer|narrower)", "at least",
                "or more", "minimum", "fit between (?:the )?it",
            ),
        ),
        (-1, _any("fit", "enough", "grasp", "grip(?:ped)?", "pick(?:ed)? up", "hold",
                  "pass through", "squeeze")),
        (
            1,
            _any(
                "(?:more|greater|wider|taller|longer|farther|further|bigger|larger|higher|deeper|"
                "thicker|broader) than",
                "over", "above", "exceeds?", "beyond", "exceeding",
            ),
        ),
        (
            -1,
            _any(
                "(?:less|smaller|shorter|narrower|shallower|thinner|closer|nearer|fewer|lower|"
                "less long|slimmer) than",
                "under", "below", "within",
            ),
        ),
        (0, _any("about", "roughly", "around", "approximately", "exactly")),
    )
)  # fmt: skip
"""Sign of a comparison with a value (1 more, -1 less, 0 about), the most telling words first."""
