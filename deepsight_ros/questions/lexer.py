"""Words to items: numbers with units, cue phrases, and words left as they are for the noun reader.

In: words of one sentence and the scene's vocabulary. Out: a list of ``Item``.
"""

from __future__ import annotations

from dataclasses import dataclass

from deepsight_ros.questions.cue_phrases import VIEWER_AFTER, VIEWER_PRONOUNS
from deepsight_ros.questions.cues import cue_table
from deepsight_ros.questions.grammar import spaced
from deepsight_ros.questions.modifiers import PLACE_WORDS, SIZE_WORDS
from deepsight_ros.questions.units import (
    METRES,
    NUMBER_WORDS,
    UNIT_WORDS,
    is_length,
    is_volume,
    read_number,
    si_factor,
)
from deepsight_ros.questions.vocabulary import COLOUR_WORDS, MATERIALS, Vocabulary

STRUCTURE = spaced(
    "is how what which where from to than or and vs not in of at with for as no if 's , on by then"
)
"""Words and marks the rules look at as they are."""

_MARKS = frozenset('?!.;:,"()/<>=~%°')
_BEFORE_INCHES = frozenset({"a", "an", "the", "my", "this", "your", "front", "total"})


@dataclass(frozen=True)
class Quantity:
    """A number with a unit: SI value, and the unit it was said in."""

    value: float
    unit: str


@dataclass(frozen=True)
class Item:
    """One unit of a sentence.

    Attributes:
        words: the words it was made from.
        cues: what it means to the rules; () for padding; the word itself for structure words.
        quantity: number with a unit.
        number: number without one.
        unit: unit without a number.
        is_known: False for a word in no table (it may still be part of a mention).
    """

    words: tuple[str, ...]
    cues: tuple[str, ...] = ()
    quantity: Quantity | None = None
    number: float | None = None
    unit: str = ""
    is_known: bool = True

    @property
    def word(self) -> str:
        """The word of a one-word item, else ""."""
        return self.words[0] if len(self.words) == 1 else ""


def items_of(words: list[str], vocabulary: Vocabulary) -> list[Item]:
    """Read a sentence left to right, longest phrase first."""
    out: list[Item] = []
    at = 0
    while at < len(words):
        item = _measure_at(words, at, vocabulary) or _phrase_at(words, at, out, vocabulary)
        out.append(item)
        at += len(item.words)
    return out


def _measure_at(words: list[str], at: int, vocabulary: Vocabulary) -> Item | None:
    """A quantity, a number or a unit."""
    first = words[at]
    feet = _feet_and_inches(words, at)
    if feet is not None:
        return feet
    numeral = read_number(words, at)
    if numeral is None and first in ("a", "an", "per"):
        unit, length = _unit_at(words, at + 1)
        if unit and not _is_noun_like(words, at, length, vocabulary):
            return _with_tail(words, at, 1.0, unit, 1 + length)
        return None
    if numeral is not None:
        end = at + numeral.length
        skip = 0
        if words[end : end + 2] == ["of", "a"] or words[end : end + 2] == ["of", "an"]:
            skip = 2
        elif words[end : end + 1] in (["a"], ["an"], ["of"]):
            skip = 1
        unit, length = _unit_at(words, end + skip, after_number=True)
        if unit and (not skip or numeral.value < 1 or first == "dozen"):
            return _with_tail(words, at, numeral.value, unit, numeral.length + skip + length)
        if first in ("a", "an", "half", "quarter"):
            return None
        if first == "one" and not vocabulary.noun_at(words, end):
            return None
        if _is_clock(words, end):
            return Item(
                tuple(words[at : end + 1]), ("<q>",), Quantity(numeral.value, "clock"), None
            )
        is_digit = first[0].isdigit()
        if is_digit or first in NUMBER_WORDS:
            return Item(tuple(words[at:end]), ("<n>",), number=numeral.value)
        return None
    if first == "next" and words[at + 1 : at + 2] != ["to"]:
        unit, length = _unit_at(words, at + 1)  # "the next metre"
        if unit:
            value = Quantity(si_factor(unit), unit)
            return Item(tuple(words[at : at + 1 + length]), ("<q>",), value)
    unit, length = _unit_at(words, at)
    if unit and first not in ("m", "in", "l", "pt"):
        return Item(tuple(words[at : at + length]), ("<u>",), unit=unit)
    if first == "in" and words[at - 1 : at] == ["in"]:
        return Item(("in",), ("<u>",), unit="in")  # "its length in in"
    if unit and at > 0 and words[at - 1] in ("in", "how", "many", "("):
        return Item(tuple(words[at : at + length]), ("<u>",), unit=unit)
    return None


def _is_clock(words: list[str], end: int) -> bool:
    return words[end : end + 1] == ["oclock"]


def _is_noun_like(words: list[str], at: int, length: int, vocabulary: Vocabulary) -> bool:
    """ "a foot stool": the unit word begins a longer noun."""
    return vocabulary.noun_at(words, at + 1) > length


def _unit_at(words: list[str], at: int, after_number: bool = False) -> tuple[str, int]:
    word = words[at] if at < len(words) else ""
    of_the_bed = (
        word == "foot" and words[at - 1 : at] == ["the"] and words[at + 1 : at + 2] == ["of"]
    )
    if word in UNIT_WORDS and not of_the_bed:
        return UNIT_WORDS[word], 1
    if after_number and word == '"':
        return "in", 1
    if after_number and word == "in":
        following = words[at + 1] if at + 1 < len(words) else ""
        if following not in _BEFORE_INCHES and following not in UNIT_WORDS:
            return "in", 1
    return "", 0


def _feet_and_inches(words: list[str], at: int) -> Item | None:
    """5'3", 5 ' 3."""
    if words[at + 1 : at + 2] != ["'"] or not words[at][0].isdigit():
        return None
    feet = read_number(words, at)
    if feet is None or feet.length != 1:
        return None
    inches = read_number(words, at + 2) if at + 2 < len(words) else None
    length, value = 2, feet.value * METRES["ft"]
    if inches is not None and inches.length == 1:
        length, value = 3, value + inches.value * METRES["in"]
        if words[at + 3 : at + 4] == ['"']:
            length = 4
    return Item(tuple(words[at : at + length]), ("<q>",), Quantity(value, "ft"))


def _with_tail(words: list[str], at: int, value: float, unit: str, length: int) -> Item:
    """Finish a quantity: "a metre and a half", "5 feet 3 inches"."""
    total = value * si_factor(unit)
    end = at + length
    step = 1 if words[end : end + 1] == ["and"] else 0
    tail = read_number(words, end + step) if end + step < len(words) else None
    if tail is not None:
        after = end + step + tail.length
        smaller, smaller_length = _unit_at(words, after, after_number=True)
        same_kind = is_length(unit) == is_length(smaller) and is_volume(unit) == is_volume(smaller)
        if smaller and same_kind and si_factor(smaller) < si_factor(unit):
            total += tail.value * si_factor(smaller)
            length += step + tail.length + smaller_length
        elif unit == "m" and not step and not smaller and words[after - 1].isdigit():
            if len(words[after - 1]) == 2:  # "1 metre 20"
                total += tail.value * METRES["cm"]
                length += tail.length
        elif step and tail.value < 1 and not smaller:
            total += tail.value * si_factor(unit)
            length += step + tail.length
    return Item(tuple(words[at : at + length]), ("<q>",), Quantity(total, unit))


def _phrase_at(words: list[str], at: int, before: list[Item], vocabulary: Vocabulary) -> Item:
    """The longest cue phrase, unless a longer noun begins here; else the word alone."""
    noun = vocabulary.noun_at(words, at)
    word = words[at]
    if word in VIEWER_PRONOUNS and _is_viewer(word, words, at, before):
        return Item((word,), ("<c>",))
    for phrase, cues in cue_table().get(word, ()):
        length = len(phrase)
        if noun > 1 and length <= noun:
            break
        if tuple(words[at : at + length]) != phrase:
            continue
        if length > 1 and not _stands(words, at + length, cues, vocabulary):
            continue
        if (
            phrase[0] == "or"
            and cues in (("GE",), ("LE",))
            and not (before and (before[-1].quantity or before[-1].number))
        ):
            continue  # "10 cm or more", but not "bigger or smaller"
        if cues == ("<c>",) and phrase[-1] in vocabulary.own_words:
            continue  # a toy robot on the table is not the viewer
        return Item(phrase, cues)
    if word in STRUCTURE:
        return Item((word,), (word,))
    if word in (":", "(", ")", "/", ";"):
        return Item((word,), (",",))
    if word in _MARKS or word == "'":
        return Item((word,))
    if word.startswith("<") and word.endswith(">"):
        return Item((word,))
    adverb = word.endswith("ly") and len(word) > 4
    is_known = adverb or noun > 0 or word in COLOUR_WORDS or word in MATERIALS
    return Item((word,), () if adverb else (f"?{word}",), is_known=is_known)


def _is_viewer(word: str, words: list[str], at: int, before: list[Item]) -> bool:
    """ "me" in "nearest me", not in "tell me"; "you" in "from you", not in "can you"."""
    if not before:
        return False
    last = before[-1]
    if last.cues and last.cues[0].startswith(("REL_", "CMP_", "SUP_")):
        return True
    if last.word not in VIEWER_AFTER:
        return False
    following = words[at + 1] if at + 1 < len(words) else ""
    # "... and you can see", "or are you": a subject, not a place
    return not (
        last.word in ("and", "or", "than")
        and following in ("can", "could", "see", "will", "would", "have", "do", "are", "think")
    )


def _stands(words: list[str], end: int, cues: tuple[str, ...], vocabulary: Vocabulary) -> bool:
    """False for a phrase that runs into a noun: "to the left | box", "on the picture | frame"."""
    if end >= len(words):
        return True
    if not cues and vocabulary.noun_at(words, end - 1) > 1:
        return False
    following = words[end]
    is_place = bool(cues) and cues[0].startswith("PLACE_")
    dangling = words[end - 1] in ("two", "three", "these", "those", "them", "left", "right", "top")
    dangling = dangling or words[end - 1] in (
        "back",
        "front",
        "middle",
        "rear",
        "centre",
        "center",
    )
    if not is_place and not (dangling and not cues):
        return True
    if is_place and following in ("or", "and") and words[end + 1 : end + 2] == ["the"]:
        # "on the left or the right shelf": two shelves
        return not (
            words[end + 2 : end + 3]
            and words[end + 2] in PLACE_WORDS
            and vocabulary.noun_at(words, end + 3) > 0
        )
    if following in COLOUR_WORDS or following in SIZE_WORDS or following in ("one", "ones"):
        return False
    if following.endswith(("est", "most")):
        return False  # "the two | tallest things"
    return vocabulary.noun_at(words, end) == 0 or following in ("can",)
