"""Numbers in written answers and questions: the audit's own little reader of figures and units.

Text in; ``Spoken`` numbers with SI value, unit and the size of the last written digit out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LENGTH = {
    "mm": 0.001, "millimetre": 0.001, "millimeter": 0.001,
    "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01,
    "dm": 0.1, "decimetre": 0.1, "decimeter": 0.1,
    "m": 1.0, "metre": 1.0, "meter": 1.0,
    "in": 0.0254, "inch": 0.0254, "inche": 0.0254, '"': 0.0254,
    "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "'": 0.3048,
    "yd": 0.9144, "yard": 0.9144,
}  # fmt: skip
_VOLUME = {
    "l": 1e-3, "litre": 1e-3, "liter": 1e-3, "ml": 1e-6, "millilitre": 1e-6, "milliliter": 1e-6,
    "cl": 1e-5, "dl": 1e-4, "cc": 1e-6, "cm3": 1e-6, "m3": 1.0, "mm3": 1e-9, "dm3": 1e-3,
    "in3": 1.6387064e-5, "ft3": 0.028316846592, "gal": 3.785411784e-3, "gallon": 3.785411784e-3,
    "quart": 9.46352946e-4, "pint": 4.73176473e-4, "cup": 2.365882365e-4,
}  # fmt: skip
_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)  # fmt: skip
_WORDS = {word: float(i) for i, word in enumerate(_SMALL)}
_TENS = {"thirty": 30.0, "forty": 40.0, "fifty": 50.0, "sixty": 60.0, "seventy": 70.0,
         "eighty": 80.0, "ninety": 90.0, "hundred": 100.0}  # fmt: skip
_WORDS |= _TENS
_ONE = {"a": 1.0, "an": 1.0, "half a": 0.5, "half an": 0.5, "a quarter of a": 0.25,
        "a couple of": 2.0, "one and a half": 1.5, "two and a half": 2.5}  # fmt: skip

_UNIT_WORDS = sorted({*_LENGTH, *_VOLUME} - {"m", "l", "in", '"', "'"}, key=len, reverse=True)
_UNIT = (
    r"(?P<cube>cubic\s+)?(?P<unit>" + "|".join(map(re.escape, _UNIT_WORDS)) + r"|in|m|l|\"|')"
    r"(?P<power>[³3]|\^3)?(?:e?s)?(?![a-z0-9])"
)
_ALL_WORDS = "|".join(sorted((*_WORDS, *_ONE), key=len, reverse=True))
_FIGURE = r"\d+(?:[.,]\d+)?(?:\s*(?P<fraction>[½¼¾]))?|[½¼¾]"
_QUANTITY = re.compile(
    rf"(?<![\w.])(?P<number>{_FIGURE}|{_ALL_WORDS})"
    rf"(?:\s*(?:-|–|to|and)\s*(?P<high>\d+(?:[.,]\d+)?))?\s*-?\s*{_UNIT}(?P<half> and a half)?"
)
_FEET = re.compile(
    r"(?<![\w.])(?P<feet>\d+)\s*(?:'|ft|feet|foot)\s*(?P<inches>\d+(?:\.\d+)?)\s*(?:\"|in\b|inch)"
)
_CLOCK = re.compile(rf"(?<![\w.])(?P<hour>\d{{1,2}}|{'|'.join(_WORDS)})\s*o\s*['’]?\s*clock")
_BARE = re.compile(rf"(?<![\w.])(?P<number>\d+(?:[.,]\d+)?|{'|'.join(_WORDS)})(?![\w%])")
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}
_BOUNDS = {
    "least": re.compile(r"(at least|no less than|not less than|or more|more than)\s*$"),
    "most": re.compile(r"(at most|no more than|not more than|up to|less than|under)\s*$"),
}


@dataclass(frozen=True)
class Spoken:
    """A number as written.

    Attributes:
        si: in metres, cubic metres, hours or as it is.
        kind: "m", "m3", "clock" or "" for a bare number.
        step_si: size of the last written digit.
        bound: "least", "most" or "".
        at: where in the text it begins.
        is_aside: inside parentheses (an interval, a repetition in another unit).
    """

    si: float
    kind: str
    step_si: float
    bound: str = ""
    at: int = 0
    is_aside: bool = False


def spoken_numbers(text: str) -> list[Spoken]:
    """Every number with a unit and every clock hour, in order; bare numbers if there is none."""
    clean = text.lower().replace("’", "'").replace("–", "-")
    found: list[Spoken] = []
    taken: list[tuple[int, int]] = []
    for pattern, read in ((_CLOCK, _clock), (_FEET, _feet), (_QUANTITY, _quantity)):
        for match in pattern.finditer(clean):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            si, kind, step = read(match)
            found.append(_placed(clean, match.start(), si, kind, step))
    if not found:
        for match in _BARE.finditer(clean):
            number, step = _number(match.group("number"))
            found.append(_placed(clean, match.start(), number, "", step))
    return sorted(found, key=lambda s: s.at)


def main_number(text: str, kind: str | None = None) -> Spoken | None:
    """The number an answer states: the first that is not in parentheses, of the kind if any is."""
    found = spoken_numbers(text)
    outside = [s for s in found if not s.is_aside]
    fitting = [s for s in outside if s.kind == kind]
    return next(iter((*fitting, *outside, *found)), None)


def bare_number(written: str) -> float:
    """A number without a unit, in figures or as a word."""
    return _WORDS[written] if written in _WORDS else float(written)


def _placed(text: str, at: int, si: float, kind: str, step: float) -> Spoken:
    before = text[:at]
    bound = next((name for name, words in _BOUNDS.items() if words.search(before)), "")
    aside = before.count("(") > before.count(")")
    return Spoken(si, kind, step, bound, at, aside)


def _clock(match: re.Match[str]) -> tuple[float, str, float]:
    hour = match.group("hour")
    return _WORDS[hour] if hour in _WORDS else float(hour), "clock", 1.0


def _feet(match: re.Match[str]) -> tuple[float, str, float]:
    inches, step = _number(match.group("inches"))
    return float(match.group("feet")) * 0.3048 + inches * 0.0254, "m", step * 0.0254


def _quantity(match: re.Match[str]) -> tuple[float, str, float]:
    number, step = _number(match.group("number"), match.group("fraction"))
    if match.group("high"):
        number = (number + _number(match.group("high"))[0]) / 2
    if match.group("half"):
        number, step = number + 0.5, 0.5
    unit = match.group("unit")
    cubed = bool(match.group("cube") or match.group("power")) and unit in _LENGTH
    if cubed:
        factor, kind = _LENGTH[unit] ** 3, "m3"
    elif unit in _LENGTH:
        factor, kind = _LENGTH[unit], "m"
    else:
        factor, kind = _VOLUME[unit], "m3"
    return number * factor, kind, step * factor


def _number(written: str, fraction: str | None = None) -> tuple[float, float]:
    """Value and size of the last digit."""
    if written in _WORDS:
        return _WORDS[written], 10.0 if written in _TENS else 1.0
    if written in _ONE:
        return _ONE[written], 0.5
    if fraction or written in _FRACTIONS:
        whole = re.sub(r"[½¼¾\s]", "", written)
        return float(whole or 0) + _FRACTIONS[fraction or written], 0.25
    whole, comma, rest = written.replace(".", ",").partition(",")
    if comma and "," in written and len(rest) == 3:  # thousands
        return float(whole + rest), 1.0
    if comma:
        return float(f"{whole}.{rest}"), 10.0 ** -len(rest)
    zeros = len(whole) - len(whole.rstrip("0")) if whole.strip("0") else 0
    return float(whole), 10.0**zeros
