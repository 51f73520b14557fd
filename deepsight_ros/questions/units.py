"""Units people name, numbers people write, and lengths spoken the way a person would.

In: words of a question. Out: SI values and unit names ("cm", "in", "L" ...), and back to text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

METRES: dict[str, float] = {
    "mm": 0.001,
    "cm": 0.01,
    "dm": 0.1,
    "m": 1.0,
    "km": 1000.0,
    "in": 0.0254,
    "ft": 0.3048,
    "yd": 0.9144,
}
"""Length units and their size in metres."""

CUBIC_METRES: dict[str, float] = {
    "m3": 1.0,
    "dm3": 1e-3,
    "cm3": 1e-6,
    "mm3": 1e-9,
    "L": 1e-3,
    "dL": 1e-4,
    "cL": 1e-5,
    "mL": 1e-6,
    "in3": 0.0254**3,
    "ft3": 0.3048**3,
    "gal": 3.785411784e-3,
}
"""Volume units and their size in cubic metres (gal: US liquid gallon)."""

_NAMES: dict[str, str] = {
    "mm": "mm mms millimetre millimetres millimeter millimeters milimeter milimeters milimetres "
    "millis mil mils",
    "cm": "cm cms centimetre centimetres centimeter centimeters centimetr centimetrs centis centi",
    "dm": "dm decimetre decimetres decimeter decimeters",
    "m": "m metre metres meter meters mtr mtrs metr metrs",
    "km": "km kms kilometre kilometres kilometer kilometers",
    "in": "inch inches inchs ins",
    "ft": "ft foot feet",
    "yd": "yd yds yard yards",
    "L": "l litre litres liter liters ltr ltrs",
    "dL": "dl decilitre decilitres deciliter deciliters",
    "cL": "cl centilitre centilitres centiliter centiliters",
    "mL": "ml mls millilitre millilitres milliliter milliliters cc ccm",
    "gal": "gallon gallons gal",
    "m3": "m3 m³ cbm",
    "cm3": "cm3 cm³",
    "mm3": "mm3 mm³",
    "in3": "in3 in³ cuin",
    "ft3": "ft3 ft³",
    "dm3": "dm3 dm³",
}
UNIT_WORDS: dict[str, str] = {
    word: unit for unit, words in _NAMES.items() for word in words.split()
}
"""Every spelling of a unit; ``in``, ``"`` and ``'`` need context and are read by the tokeniser."""

CUBIC: dict[str, str] = {
    "m": "m3",
    "dm": "dm3",
    "cm": "cm3",
    "mm": "mm3",
    "in": "in3",
    "ft": "ft3",
}
"""The volume unit of "cubic" and a length unit."""

SPOKEN: dict[str, tuple[str, str]] = {
    "mm": ("mm", "mm"),
    "cm": ("cm", "cm"),
    "dm": ("dm", "dm"),
    "m": ("m", "m"),
    "km": ("km", "km"),
    "in": ("inch", "inches"),
    "ft": ("foot", "feet"),
    "yd": ("yard", "yards"),
    "m3": ("cubic metre", "cubic metres"),
    "dm3": ("cubic decimetre", "cubic decimetres"),
    "cm3": ("cubic centimetre", "cubic centimetres"),
    "mm3": ("cubic millimetre", "cubic millimetres"),
    "L": ("litre", "litres"),
    "dL": ("decilitre", "decilitres"),
    "cL": ("centilitre", "centilitres"),
    "mL": ("millilitre", "millilitres"),
    "in3": ("cubic inch", "cubic inches"),
    "ft3": ("cubic foot", "cubic feet"),
    "gal": ("gallon", "gallons"),
}
"""Unit name when spoken, for one and for many."""

NUMBER_WORDS: dict[str, float] = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13,
    "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18,
    "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES: dict[str, float] = {"hundred": 100, "thousand": 1000, "dozen": 12}
FRACTIONS: dict[str, float] = {
    "half": 0.5, "halves": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25,
    "quarters": 0.25, "fourth": 0.25, "fourths": 0.25, "fifth": 0.2, "fifths": 0.2,
    "eighth": 0.125, "eighths": 0.125, "tenth": 0.1, "tenths": 0.1,
}  # fmt: skip


def si_factor(unit: str) -> float:
    """Size of a length or volume unit in SI; 1 for "" and unit names without a size ("clock")."""
    return METRES.get(unit) or CUBIC_METRES.get(unit) or 1.0


def is_length(unit: str) -> bool:
    """True for a unit of length."""
    return unit in METRES


def is_volume(unit: str) -> bool:
    """True for a unit of volume."""
    return unit in CUBIC_METRES


@dataclass(frozen=True)
class Numeral:
    """A number read from words: its value and how many words it took."""

    value: float
    length: int


def read_number(words: list[str], at: int) -> Numeral | None:
    """Read a number that starts at ``words[at]``: digits, words, fractions, mixtures.

    "12", "1.5", "1,5", "3 / 4", "1 1/2", "twenty five", "one hundred and twenty", "two point
    five", "half", "three quarters". "a" counts only before a fraction, scale or (elsewhere) unit.
    """
    first = _plain_number(words, at)
    if first is not None:
        end = at + first.length
        if _word(words, end) == "/" and _digits(_word(words, end + 1)):
            low = float(_word(words, end + 1))
            return Numeral(first.value / low, first.length + 2) if low else None
        if _digits(_word(words, end)) and _word(words, end + 1) == "/":  # 1 1/2
            low_word = _word(words, end + 2)
            if _digits(low_word) and float(low_word):
                part = float(_word(words, end)) / float(low_word)
                return Numeral(first.value + part, first.length + 3)
        step = 1 if _word(words, end) == "and" else 0
        tail = _fraction(words, end + step) if step else None
        if tail is not None:
            return Numeral(first.value + tail.value, first.length + step + tail.length)
        if _word(words, end) in FRACTIONS and _word(words, end) not in (
            "third",
            "fourth",
            "fifth",
        ):
            return Numeral(first.value * FRACTIONS[_word(words, end)], first.length + 1)
        return first
    return _fraction(words, at)


def _plain_number(words: list[str], at: int) -> Numeral | None:
    word = _word(words, at)
    parsed = _decimal(word)
    if parsed is not None:
        return Numeral(parsed, 1)
    if word in ("a", "an") and _word(words, at + 1) in SCALES:
        return Numeral(SCALES[_word(words, at + 1)], 2)
    if word not in NUMBER_WORDS:
        return None
    total, current, end = 0.0, 0.0, at
    while True:
        word = _word(words, end)
        if word in NUMBER_WORDS:
            value = NUMBER_WORDS[word]
            # "four five" is two numbers, "forty five" and "hundred five" are one
            if (
                current
                and not (value < 10 and current % 100 >= 20 and current % 10 == 0)
                and (current % 100 != 0)
            ):
                break
            current += value
        elif word in SCALES and current:
            current *= SCALES[word]
            if SCALES[word] >= 1000:
                total, current = total + current, 0.0
        elif not (
            word == "and"
            and ((current % 100 == 0 and current) or total)
            and _word(words, end + 1) in NUMBER_WORDS
        ):
            break
        end += 1
    value = total + current
    if word == "point" and _word(words, end + 1) in NUMBER_WORDS:
        end += 1
        scale = 0.1
        while _word(words, end) in NUMBER_WORDS and NUMBER_WORDS[_word(words, end)] < 10:
            value += NUMBER_WORDS[_word(words, end)] * scale
            scale /= 10
            end += 1
    return Numeral(value, end - at)


def _fraction(words: list[str], at: int) -> Numeral | None:
    start = at
    if _word(words, at) in ("a", "an", "one"):
        at += 1
    word = _word(words, at)
    if word in ("half", "quarter") or (
        word in FRACTIONS and at > start and word not in ("second", "third", "fourth", "fifth")
    ):
        return Numeral(FRACTIONS[word], at + 1 - start)
    return None


def _decimal(word: str) -> float | None:
    if not word or not word[0].isdigit() or not word.isascii():
        return None
    whole, comma, rest = word.partition(",")
    try:
        if comma:  # 1,500 is a thousand and a half; 1,5 is what Europeans write for 1.5
            return float(whole + rest) if len(rest) == 3 else float(f"{whole}.{rest}")
        return float(word)
    except ValueError:
        return None


def _digits(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 6


def _word(words: list[str], at: int) -> str:
    return words[at] if 0 <= at < len(words) else ""


def human_unit(value: float, quantity_unit: str, system: str, upper: float = 0.0) -> str:
    """Unit a person would use: under 1 m in cm, above in m; under 1 L in mL, and so on."""
    size = abs(value) or abs(upper)
    if quantity_unit == "m3":
        if system == "imperial":
            return "in3" if size < CUBIC_METRES["ft3"] else "ft3"
        return "mL" if size < 1e-3 else "L" if size < 1.0 else "m3"
    if quantity_unit == "m":
        if system == "imperial":
            return "in" if size < 3 * METRES["ft"] else "ft"
        return "cm" if size < 1.0 else "m"
    return quantity_unit


def spoken_number(value: float, unit: str, spread: float) -> str:
    """A number rounded as people do: no finer than its spread, no finer than two decimals.

    Args:
        value: in ``unit``.
        unit: unit name; millimetres are never split, clock hours and counts are whole.
        spread: half width of the interval, in ``unit``.
    """
    if unit in ("clock", ""):
        return f"{value:.0f}"
    size = abs(value)
    if unit == "mm" or size >= 100:
        decimals = 0
    elif unit in ("m", "ft", "km", "yd", "m3", "L", "gal", "ft3", "dm"):
        decimals = 2 if size < 10 else 1
    elif unit in ("mL", "cm3", "mm3", "in3"):
        decimals = 0 if size >= 10 else 1
    else:
        decimals = 1
    # digits below the spread say nothing; one guard digit keeps 95 % intervals readable
    if spread > 0 and math.isfinite(spread):
        decimals = max(0, min(decimals, -math.floor(math.log10(spread))))
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def human_number(value: float, unit: str) -> str:
    """A number rounded the way a person would say it: "34", "1.25", "0.4".

    Two significant digits, and steps of a half in the second where the first is a 1, so that what
    is said is within 2.5 % of the value; millimetres and below a tenth of other units are whole
    or tenths.
    """
    if value == 0.0 or not math.isfinite(value):
        return "0"
    size = abs(value)
    step = 10.0 ** (math.floor(math.log10(size)) - 1)
    if size < 20.0 * step:
        step /= 2.0
    step = max(step, 1.0 if unit == "mm" else 0.1 if unit in ("cm", "in", "mL") else 0.01)
    return f"{round(value / step) * step:.6g}"


def spoken_unit(unit: str, number: str) -> str:
    """Unit name that agrees with the spoken number; "" for counts."""
    if unit == "clock":
        return "o'clock"
    one, many = SPOKEN.get(unit, (unit, unit))
    return one if number == "1" else many
