"""Numbers in words: "about 34 cm (33-35 cm)", "at least 2.4 m", "4 o'clock", "6 ft 3"."""

from __future__ import annotations

import math

from deepsight_ros.questions.units import (
    human_unit,
    si_factor,
    spoken_number,
    spoken_unit,
)
from deepsight_ros.scene.measurement import Bound, Measurement


def unit_of(measurement: Measurement, asked: str, system: str) -> str:
    """Unit to speak a measurement in: the one asked for, else the human default."""
    if asked:
        return asked
    return human_unit(measurement.value, measurement.unit, system, _finite(measurement.upper))


def speak(measurement: Measurement, asked: str = "", system: str = "metric") -> str:
    """A measurement as people say it, with its 95 % interval.

    Args:
        measurement: SI.
        asked: unit name, "" for the human default.
        system: "metric" or "imperial", for the default.
    """
    unit = unit_of(measurement, asked, system)
    factor = si_factor(unit)
    low, value = measurement.lower / factor, measurement.value / factor
    high = measurement.upper / factor
    if measurement.bound is Bound.AT_LEAST and not math.isfinite(high):
        spread = abs(value - low) or abs(value) * 0.005
    else:
        spread = max(value - low, high - value) if math.isfinite(high) else value - low
    number = spoken_number(value, unit, spread)
    said = with_unit(number, unit)
    if measurement.bound is Bound.AT_LEAST:
        return f"at least {said}"
    if measurement.bound is Bound.AT_MOST:
        return f"at most {said}"
    if unit in ("clock", ""):
        return said
    if spread <= 0:
        return said
    lower, upper = spoken_number(low, unit, spread), spoken_number(high, unit, spread)
    if lower == upper:
        return f"about {said}"
    return f"about {said} ({with_unit(f'{lower}-{upper}', unit)})"


def speak_value(value: float, unit: str) -> str:
    """A number in a unit, without an interval: "8 cm", "1.5 m"."""
    return with_unit(spoken_number(value, unit, 0.0), unit)


def with_unit(number: str, unit: str) -> str:
    """Number and unit: "3 o'clock", "34 cm", "2" for a count."""
    name = spoken_unit(unit, number)
    return f"{number} {name}".strip()


def joined(names: list[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
