"""What a written question and answer say: whose names, which relation, in which order, yes or no.

The audit's own small reader, for English. It never guesses: what it cannot read it leaves open
(None), and the report counts how much was read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deepsight_ros.evaluation.audit.bodies import Thing
from deepsight_ros.evaluation.audit.wording import (
    CARRIES,
    FIRST_REFERENCE,
    NO_DIRECTION,
    PREDICATE_WORDS,
    REFERENCE,
    SIDE_WORDS,
    THRESHOLD_WORDS,
)

COLOURS = frozenset(
    [
        "red",
        "orange",
        "yellow",
        "green",
        "blue",
        "purple",
        "pink",
        "brown",
        "white",
        "grey",
        "gray",
        "black",
        "beige",
        "silver",
        "gold",
    ]
)

_YES = re.compile(
    r"^\W*(yes|yeah|yep|yup|correct|right|true|indeed|exactly|sure|certainly|absolutely|"
    r"affirmative|of course|that is (right|correct|true|so)|that's (right|correct|true))\b"
    r"|[,.;] ?yes\W*$"
)
_NO = re.compile(
    r"^\W*(no|nope|nah|false|incorrect|wrong|negative|not (really|quite|so|at all)|"
    r"that is (not|wrong|false|incorrect)|that's (not|wrong|false)|it is not|it isn't|"
    r"they are not|they aren't|there is no|there are no)\b|[,.;] ?no\W*$"
)
_SAME = re.compile(
    r"\b(about the same|the same|about as|too close to call|about level|level with|neither is "
    r"clearly|no (clear |real )?difference|equal|alike|indistinguishable|at the edge|none stands "
    r"out|tell them apart|about equally|several that are|roughly the same)\b|^neither: "
)
_DIAL = re.compile(r"(?<=centre of a )clock\b|\bclock(?= direction)")
_MENTION = "\x00"
_TAG = re.compile(r" \((\w+)\)")
_PLACE = re.compile(
    r" (?:on|at|in) the (?:far )?(?:left|right|front|back|middle)(?! (?:of|side|or))\b"
)
"""Which of two alike is meant: "the mug on the left"."""
_LEAD = re.compile(r"\bthe ((?:left|right|nearer|farther) )$")
"""The same before the name: "the left mug"."""
_IS = re.compile(r" (is|are|stands|reaches|measures|lies)\b(?! not)")
_ALSO_VERBS = frozenset({"can"})
_ARTICLE = re.compile(r"\b(the|a|an|one|two|three|of|which|some|any|[a-z]+er|[a-z]+est) $")


@dataclass(frozen=True)
class Mention:
    """A name in a text: where, and which things it may be."""

    start: int
    end: int
    ids: frozenset[str]


@dataclass(frozen=True)
class Text:
    """A text with its mentions; ``bare`` has each replaced by one placeholder character."""

    mentions: tuple[Mention, ...]
    bare: str


def read_text(text: str, things: Mapping[str, Thing], regions: Sequence[str]) -> Text:
    """Find the names of things: ``<regionN>``, captions, labels with the colour before them."""
    low = text.lower()
    taken = [False] * len(low)
    found: list[Mention] = []

    def take(start: int, end: int, ids: Iterable[str]) -> None:
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Mention(start, end, frozenset(ids)))

    for match in _DIAL.finditer(low):  # a clock to tell directions by is no thing
        taken[match.start() : match.end()] = [True] * (match.end() - match.start())
    for match in re.finditer(r"<region(\d+)>", low):
        number = int(match.group(1))
        take(*match.span(), [regions[number]] if number < len(regions) else [])
    names: dict[str, list[str]] = {}
    for item in things.values():
        if item.caption:
            names.setdefault(_core(item.caption), []).append(item.id)
        if item.label:
            names.setdefault(item.label.lower(), []).append(item.id)
    for name in sorted(names, key=len, reverse=True):
        if not name:
            continue
        for match in re.finditer(rf"(?<![\w'-]){re.escape(name)}(?:e?s)?(?![\w-])", low):
            if name in COLOURS and _another_follows(low, match.end(), names):
                continue  # "the orange cup", where there is an orange too
            said = _colour_before(low, match.start())
            if name in _ALSO_VERBS and said is None and not _ARTICLE.search(low[: match.start()]):
                continue
            ids, end = names[name], match.end()
            if said is not None:
                ids = [i for i in ids if _may_be(things[i], said)]
            tag = _TAG.match(low, end)
            if tag is not None:
                ids, end = [i for i in names[name] if i == tag.group(1)], tag.end()
            place = _PLACE.match(low, end)
            end = end if place is None else place.end()
            start = match.start() if said is None else low.rfind(said, 0, match.start())
            lead = _LEAD.search(low, 0, start)
            start = start if lead is None else lead.start(1)
            take(start, end, ids)
    found.sort(key=lambda m: m.start)
    pieces, at = [], 0
    for mention in found:
        pieces += [low[at : mention.start], _MENTION]
        at = mention.end
    return Text(tuple(found), "".join([*pieces, low[at:]]))


def _another_follows(low: str, end: int, names: Iterable[str]) -> bool:
    """A name begins right after this place."""
    return any(n and low.startswith(f" {n}", end) for n in names)


def polarity(answer: str) -> str | None:
    """ "yes", "no", "same" or None."""
    low = answer.strip().lower()
    if _NO.search(low):
        return "no"
    if _YES.search(low):
        return "yes"
    return "same" if _SAME.search(low) else None


def says_same(answer: str) -> bool:
    """The answer says that there is no difference."""
    return _SAME.search(answer.strip().lower()) is not None


def contradicts(predicate: str, bare: str) -> bool:
    """The words name the opposite of a predicate and not the predicate."""
    if predicate not in PREDICATE_WORDS:
        return False
    clean = NO_DIRECTION.sub(" ", bare)
    own, against = PREDICATE_WORDS[predicate]
    return against.search(clean) is not None and own.search(clean) is None


def side_asked(bare: str) -> frozenset[str]:
    """Sides of one thing that the words may ask for."""
    return frozenset(side for side, words in SIDE_WORDS.items() if words.search(bare))


def threshold_sign(bare: str) -> int | None:
    """1: asks whether it is more, -1: less, 0: about as much; None when that was not read."""
    clean = bare.replace(_MENTION, "it")
    return next((sign for sign, words in THRESHOLD_WORDS if words.search(clean)), None)


def reference_of(text: Text, predicate: str) -> int | None:
    """Which of two mentions (0 or 1) is the one compared with; None when that was not read."""
    if len(text.mentions) != 2 or text.bare.count(_MENTION) != 2:
        return None
    first, between, after = text.bare.split(_MENTION)
    del after
    marked = [bool(FIRST_REFERENCE.search(part)) for part in (first, between)]
    if marked[0] != marked[1]:
        return 0 if marked[0] else 1
    if predicate in ("on", "inside") and CARRIES.search(between):
        return 0
    if "than" in between.split():
        return 1
    marked = [bool(REFERENCE.search(part)) for part in (first, between)]
    if marked[0] != marked[1]:
        return 0 if marked[0] else 1
    return None


def subject_of(text: Text) -> Mention | None:
    """The first thing of which the text says that it is something (and not that it is not)."""
    pieces = text.bare.split(_MENTION)[1:]
    for mention, after in zip(text.mentions, pieces, strict=False):
        if _IS.match(after):
            return mention
    return None


def _core(name: str) -> str:
    return re.sub(r"^(the|a|an|some|my|this|that) ", "", name.strip().lower().rstrip("."))


def _colour_before(text: str, at: int) -> str | None:
    words = re.findall(r"[a-z]+", text[:at])[-2:]
    tail = text[:at].rstrip()
    for word in reversed(words):
        if word in COLOURS and tail.endswith(word):
            return word
        if not tail.endswith(word):
            break
        tail = tail[: -len(word)].rstrip()
    return None


def _may_be(thing: Thing, colour: str) -> bool:
    alike = {"gray": "grey"}
    known = alike.get(thing.colour.lower(), thing.colour.lower())
    return not known or alike.get(colour, colour) == known
