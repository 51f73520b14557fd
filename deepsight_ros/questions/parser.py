"""The frozen answer parser: what a written answer claims, for scoring models.

In: the text of an answer (and the names to choose from). Out: ``ParsedAnswer``. Swapping the
parser has moved published scores by points, so this file depends on nothing that changes: its
tables are its own, and any change of what it returns for any text must raise ``PARSER_VERSION``,
which every report prints.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PARSER_VERSION = 1
"""Raised with every change of behaviour; scores of different versions are not comparable."""

MAX_CHARS = 2000
"""Longer answers are read up to here."""

_LENGTHS: dict[str, tuple[float, str]] = {
    "mm": (0.001, "mm"), "millimetre": (0.001, "mm"), "millimeter": (0.001, "mm"),
    "cm": (0.01, "cm"), "centimetre": (0.01, "cm"), "centimeter": (0.01, "cm"),
    "dm": (0.1, "dm"), "decimetre": (0.1, "dm"), "decimeter": (0.1, "dm"),
    "m": (1.0, "m"), "metre": (1.0, "m"), "meter": (1.0, "m"),
    "km": (1000.0, "km"), "kilometre": (1000.0, "km"), "kilometer": (1000.0, "km"),
    "in": (0.0254, "in"), "inch": (0.0254, "in"), "inche": (0.0254, "in"), '"': (0.0254, "in"),
    "ft": (0.3048, "ft"), "foot": (0.3048, "ft"), "feet": (0.3048, "ft"), "'": (0.3048, "ft"),
    "yd": (0.9144, "yd"), "yard": (0.9144, "yd"),
}  # fmt: skip
_VOLUMES: dict[str, tuple[float, str]] = {
    "l": (1e-3, "L"), "litre": (1e-3, "L"), "liter": (1e-3, "L"),
    "ml": (1e-6, "mL"), "millilitre": (1e-6, "mL"), "milliliter": (1e-6, "mL"),
    "cl": (1e-5, "cL"), "centilitre": (1e-5, "cL"), "dl": (1e-4, "dL"),
    "m3": (1.0, "m3"), "cm3": (1e-6, "cm3"), "cc": (1e-6, "cm3"), "mm3": (1e-9, "mm3"),
    "dm3": (1e-3, "dm3"), "in3": (1.6387064e-5, "in3"), "ft3": (0.028316846592, "ft3"),
    "gallon": (3.785411784e-3, "gal"), "gal": (3.785411784e-3, "gal"),
}  # fmt: skip
_WORDS: dict[str, float] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
    "none": 0, "nothing": 0, "half a": 0.5, "half an": 0.5, "a": 1, "an": 1,
}  # fmt: skip
_UNIT = (
    r"(?P<cubic>cubic\s+)?(?P<unit>millimet(?:re|er)s?|centimet(?:re|er)s?|decimet(?:re|er)s?|"
    r"kilomet(?:re|er)s?|met(?:re|er)s?|millilit(?:re|er)s?|centilit(?:re|er)s?|lit(?:re|er)s?|"
    r"gallons?|inch(?:es)?|foot|feet|yards?|mm3|cm3|dm3|m3|in3|ft3|mm|cm|dm|km|ml|cl|dl|cc|"
    r"ft|yd|in|m|l|\"|')(?![a-z0-9])"
)
_NUMBER = r"(?P<number>\d+(?:[.,]\d+)?|" + "|".join(sorted(_WORDS, key=len, reverse=True)) + r")"
_RANGE = r"(?:\s*(?:-|to|and)\s*(?P<high>\d+(?:[.,]\d+)?))?"
_QUANTITY = re.compile(rf"(?<![a-z0-9.]){_NUMBER}{_RANGE}\s*-?\s*{_UNIT}")
_FEET_INCHES = re.compile(
    r"(?<![a-z0-9.])(\d{1,4})\s*(?:'|ft|feet|foot)\s*(\d{1,2}(?:\.\d+)?)\s*(?:\"|in\b|inch(?:es)?\b)"
)
_CLOCK = re.compile(
    r"(?<![a-z0-9.])(\d{1,2}|"
    + "|".join(
        w for w in _WORDS if w not in ("a", "an", "half a", "half an", "none", "nothing", "zero")
    )
    + r")\s*o\s*'?\s*clock"
)
_BARE = re.compile(r"(?<![a-z0-9.])(-?\d+(?:[.,]\d+)?)(?![a-z0-9%])")
_BARE_WORD = re.compile(
    r"\b(" + "|".join(w for w in _WORDS if w not in ("a", "an", "half a", "half an")) + r")\b"
)
_SAME = re.compile(
    r"\b(about the same|the same|equal(?:ly)?|just the same|too close to call|about level|"
    r"no difference|cannot tell them apart)\b"
)
_YES = re.compile(r"^\W*(yes|yeah|yep|correct|true|that is right|right|indeed|it is|they are)\b")
_NO = re.compile(
    r"^\W*(no|nope|false|incorrect|wrong|that is not so|not really|it is not|they are not)\b"
)
_REFUSALS = re.compile(
    r"\b(i (?:do not|don't|cannot|can't) (?:see|know|tell)|not sure|unknown|cannot be determined|"
    r"no answer|which one do you mean|unsupported)\b"
)


@dataclass(frozen=True)
class ParsedAnswer:
    """What an answer claims.

    Attributes:
        value: the number as written, None when there is none.
        unit: "m", "cm", "in", "L", "clock" ...; "" for a bare number.
        si: ``value`` in metres or cubic metres (clock hours and bare numbers as they are).
        yes: True, False, or None when neither is said.
        choice: the one option named (or named first), None when none is.
        same: the answer says that there is no difference.
        refused: the answer says that it does not know.
    """

    value: float | None = None
    unit: str = ""
    si: float | None = None
    yes: bool | None = None
    choice: str | None = None
    same: bool = False
    refused: bool = False


def parse_answer(text: str, options: Sequence[str] = ()) -> ParsedAnswer:
    """Read an answer.

    Args:
        text: of the answer, any text.
        options: names to choose from, without articles; the longest match wins, then the first.
    """
    clean = re.sub(r"\s+", " ", text[:MAX_CHARS].lower().replace("’", "'").replace("–", "-"))
    value, unit, si = _number(clean)
    yes = False if _NO.search(clean) else True if _YES.search(clean) else None
    return ParsedAnswer(
        value=value,
        unit=unit,
        si=si,
        yes=yes,
        choice=_choice(clean, options),
        same=_SAME.search(clean) is not None,
        refused=_REFUSALS.search(clean) is not None,
    )


def _number(text: str) -> tuple[float | None, str, float | None]:
    """The first number with a unit, else the first clock hour, else the first bare number."""
    clock = _CLOCK.search(text)
    found = _QUANTITY.search(text)
    tall = _FEET_INCHES.search(text)
    if tall is not None and found is not None and tall.start() <= found.start():
        feet = _float(tall.group(1)) + _float(tall.group(2)) / 12.0
        return feet, "ft", feet * 0.3048
    if clock is not None and (found is None or clock.start() <= found.start()):
        hour = _float(clock.group(1))
        return hour, "clock", hour
    if found is not None:
        low = _float(found.group("number"))
        high = found.group("high")
        value = low if high is None else (low + _float(high)) / 2.0
        factor, name = _unit(found.group("unit"), found.group("cubic") is not None)
        return value, name, value * factor
    bare = _BARE.search(text)
    if bare is not None:
        value = _float(bare.group(1))
        return value, "", value
    word = _BARE_WORD.search(text)
    if word is not None:
        return _WORDS[word.group(1)], "", _WORDS[word.group(1)]
    return None, "", None


def _unit(written: str, cubic: bool) -> tuple[float, str]:
    name = written if written in _LENGTHS or written in _VOLUMES else written.rstrip("s")
    if name in _VOLUMES:
        return _VOLUMES[name]
    factor, unit = _LENGTHS[name]
    return (factor**3, f"{unit}3") if cubic else (factor, unit)


def _float(written: str) -> float:
    if written in _WORDS:
        return float(_WORDS[written])
    whole, comma, rest = written.partition(",")
    if comma:
        return float(whole + rest) if len(rest) == 3 else float(f"{whole}.{rest}")
    return float(written)


def _choice(text: str, options: Sequence[str]) -> str | None:
    best: tuple[int, int, str] | None = None
    for option in options:
        name = option.lower().strip()
        found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) if name else None
        if found is None:
            continue
        rank = (found.start(), -len(name), option)
        if best is None or rank < best:
            best = rank
    return best[2] if best else None
