"""Sets of things in words: how many, is there one, more of these than of those.

A question's text and a view in; which things may be and must be meant out. The words are read
here from their meanings ("how many", a colour, a noun in the plural, a relation, a thing), without
the catalogue's phrasings and without the ids that the pair stores.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deepsight_ros.evaluation.audit import quantities, truths
from deepsight_ros.evaluation.audit.bodies import Thing
from deepsight_ros.evaluation.audit.language import COLOURS, Mention, Text
from deepsight_ros.evaluation.audit.numbers import bare_number
from deepsight_ros.evaluation.audit.verdict import Tolerance
from deepsight_ros.evaluation.audit.view import View

_NUMBER = r"(?P<number>\d+|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_SIGNS = {"more": 1, "over": 1, "at least": 1, "fewer": -1, "less": -1, "under": -1, "at most": -1}
_GENERAL = frozenset({"object", "thing", "item"})
_RELATIONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})(?: of)?(?: the)? ?$"))
    for name, words in (
        ("left_of", r"(?:(?:to|on) the )?left(?: side)? of"),
        ("right_of", r"(?:(?:to|on) the )?right(?: side)? of"),
        ("behind", r"behind|at the back of|in back of"),
        ("in_front_of", r"in front of|before"),
        ("next_to", r"next to|beside|near|close to|right by|by"),
        ("under", r"under|underneath|beneath|below"),
        ("inside", r"inside|within|in"),
        ("on", r"on|on top of|atop|(?:standing|resting|sitting|lying) on"),
    )
)
_COMPARED = re.compile(
    rf"\b(?P<sign>more than|over|at least|at most|fewer than|less than|under|exactly|)\s*{_NUMBER}"
    r" (?P<first>[a-z ]+?)\W*$"
)
_BOTH = re.compile(
    r"\b(?P<sign>more|fewer|less) (?P<first>[a-z ]+?) than (?P<second>[a-z ]+?)\W*$"
)
_MANY = re.compile(
    r"\b(?:how many|number of(?: the)?|count(?: the)?) (?P<first>[a-z ]+?)"
    r"(?= (?:are|is|can|do|does|there|in)\b|\W*$)"
)
_ONE = re.compile(
    r"\b(?:there|see|spot|find) (?:an?|any|some|one) (?P<first>[a-z ]+?)"
    r"(?= (?:here|in (?:view|sight|the)|to the|on|left|right|behind|next|beside|near|close|at the|"
    r"standing|resting|sitting|under|inside|by)\b|\W*$)"
)


@dataclass(frozen=True)
class Asked:
    """What a question asks about sets.

    Attributes:
        first, second: words of the sets, "" where there is none.
        sign: 1 more, -1 less, 0 as many or no comparison.
        strict: the number itself is not enough ("more than").
        number: compared with, None without one.
        relation: predicate that the members stand in, "" without one; to ``anchor``.
    """

    first: str
    second: str = ""
    sign: int = 0
    strict: bool = False
    number: float | None = None
    relation: str = ""
    anchor: Mention | None = None


@dataclass(frozen=True)
class Members:
    """Ids that are surely of a set, and those that may be."""

    sure: frozenset[str]
    maybe: frozenset[str]


def read_question(question: str, text: Text, form: str) -> Asked | None:
    """What is asked, None where the words were not understood."""
    low = question.lower()
    relation, anchor = _relation(low, text)
    body = low if anchor is None else low[: anchor.start]
    pattern = {"count": _MANY, "exists": _ONE, "count.compare": _COMPARED, "count.more": _BOTH}
    match = pattern[form].search(body)
    if match is None:
        return None
    found = match.groupdict()
    words = (found.get("sign") or "").split(" than")[0]
    number = found.get("number")
    return Asked(
        found["first"].strip(),
        (found.get("second") or "").strip(),
        _SIGNS.get(words, 0),
        words in ("more", "over", "fewer", "less", "under"),
        None if number is None else bare_number(number),
        relation,
        anchor,
    )


def _relation(low: str, text: Text) -> tuple[str, Mention | None]:
    """The last thing named, if a relation stands before it."""
    if not text.mentions:
        return "", None
    anchor = text.mentions[-1]
    before = low[: anchor.start]
    for name, words in _RELATIONS:
        if words.search(before):
            return name, anchor
    return "", None


def members_of(view: View, words: str) -> Members:
    """Things that words in the plural or with "a" stand for; none for what is not there.

    A thing whose label only ends in the noun ("coffee table" for "tables") may be meant.
    """
    colour, noun = "", words.split()
    if len(noun) > 1 and noun[0] in COLOURS:
        colour, noun = noun[0], noun[1:]
    said = [" ".join([*noun[:-1], last]) for last in _singulars(noun[-1])]
    pool = [t for t in view.things.values() if not t.is_gripper and not t.is_region]
    pool = [t for t in pool if not colour or t.colour == colour]
    if any(s in _GENERAL for s in said):
        every = frozenset(t.id for t in pool)
        return Members(every, every)
    sure = frozenset(t.id for t in pool if _name(t) in said)
    ends = tuple(f" {s}" for s in said)
    maybe = frozenset(t.id for t in pool if _name(t).endswith(ends))
    return Members(sure, sure | maybe)


def standing(
    view: View, members: Members, asked: Asked, anchor_id: str, tolerance: Tolerance
) -> Members:
    """Those members that stand in the relation asked about to a thing."""
    sure, maybe = set(), set()
    for i in members.maybe - {anchor_id}:
        found = truths.outcomes_of(
            quantities.judge(view, asked.relation, (i, anchor_id)), tolerance
        )
        if "yes" in found:
            maybe.add(i)
            if found == {"yes"} and i in members.sure:
                sure.add(i)
    return Members(frozenset(sure), frozenset(maybe))


def _name(thing: Thing) -> str:
    return thing.label.lower()


def _singulars(word: str) -> tuple[str, ...]:
    """A word, and what it may be the plural of."""
    out = [word]
    if word.endswith("ies"):
        out.append(f"{word[:-3]}y")
    if word.endswith("ves"):
        out += [f"{word[:-3]}f", f"{word[:-3]}fe"]
    if word.endswith("es"):
        out.append(word[:-2])
    if word.endswith("s"):
        out.append(word[:-1])
    return (*out, *_IRREGULAR.get(word, ()))


_IRREGULAR = {"mice": ("mouse",), "people": ("person",), "knives": ("knife",)}
