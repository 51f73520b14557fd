from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.questions.lexer import items_of
from deepsight_ros.questions.speaking import speak
from deepsight_ros.questions.text import normalise, words_of
from deepsight_ros.questions.units import human_unit, read_number, si_factor, spoken_number
from deepsight_ros.questions.vocabulary import vocabulary_of
from deepsight_ros.scene.measurement import Bound, Measurement
from tests.questions.scenes import table

VOCABULARY = vocabulary_of(table())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("8.5", 8.5), ("1,5", 1.5), ("1,500", 1500), ("3/4", 0.75), ("1 1/2", 1.5),
        ("twenty five", 25), ("one hundred and twenty", 120), ("two thousand", 2000),
        ("two point five", 2.5), ("half", 0.5), ("a quarter", 0.25), ("three quarters", 0.75),
        ("four and a half", 4.5), ("a dozen", 12), ("seventy", 70), ("zero", 0),
    ],
)  # fmt: skip
def test_numbers(text: str, value: float) -> None:
    words = words_of(normalise(text))
    found = read_number(words, 0)
    assert found is not None
    assert found.value == pytest.approx(value)
    assert found.length == len(words)


@pytest.mark.parametrize(
    ("text", "metres", "unit"),
    [
        ("30cm", 0.3, "cm"), ("30 cm", 0.3, "cm"), ("8.5 cm", 0.085, "cm"), ("60 mm", 0.06, "mm"),
        ("half a meter", 0.5, "m"), ("half a metre", 0.5, "m"), ("a metre and a half", 1.5, "m"),
        ("four and a half metres", 4.5, "m"), ("a foot", 0.3048, "ft"), ("2 ft", 0.6096, "ft"),
        ("5 feet 3 inches", 1.6002, "ft"), ("5'3\"", 1.6002, "ft"), ("12 inches", 0.3048, "in"),
        ("12 in", 0.3048, "in"), ("12\"", 0.3048, "in"), ("an inch", 0.0254, "in"),
        ("quarter of an inch", 0.00635, "in"), ("3/4 inch", 0.01905, "in"), ("30-cm", 0.3, "cm"),
        ("one yard", 0.9144, "yd"), ("1.2 km", 1200, "km"), ("1 m 20 cm", 1.2, "m"),
        ("two and a half feet", 0.762, "ft"), ("½ m", 0.5, "m"), ("1,5 m", 1.5, "m"),
        ("thirty-five centimetres", 0.35, "cm"), ("2 litres", 0.002, "L"),
        ("500 cubic centimetres", 0.0005, "cm3"), ("0.5 cubic feet", 0.014158, "ft3"),
    ],
)  # fmt: skip
def test_quantities(text: str, metres: float, unit: str) -> None:
    found = [i.quantity for i in items_of(words_of(normalise(text)), VOCABULARY) if i.quantity]
    assert len(found) == 1
    assert found[0].value == pytest.approx(metres, rel=1e-4)
    assert found[0].unit == unit


@pytest.mark.parametrize("text", ["in the box", "a box in the corner", "the m", "put it in"])
def test_in_is_no_inch_without_a_number(text: str) -> None:
    items = items_of(words_of(normalise(text)), VOCABULARY)
    assert not any(item.quantity or item.unit == "in" for item in items)


@given(st.floats(0.001, 50.0), st.sampled_from(["mm", "cm", "m", "in", "ft"]))
def test_a_spoken_number_stays_near_its_value(metres: float, unit: str) -> None:
    value = metres / si_factor(unit)
    assert float(spoken_number(value, unit, 0.0)) == pytest.approx(value, rel=0.06, abs=0.51)


@given(st.floats(0.01, 20.0), st.floats(0.0005, 0.2))
def test_speaking_never_hides_the_interval(value: float, spread: float) -> None:
    m = Measurement("height", value, max(value - spread, 0.0), value + spread)
    text = speak(m)
    assert text.startswith("about ")
    assert ("cm" in text) == (human_unit(value, "m", "metric") == "cm")


@pytest.mark.parametrize(
    ("measurement", "asked", "system", "text"),
    [
        (Measurement("height", 0.34, 0.33, 0.35), "", "metric", "about 34 cm (33-35 cm)"),
        (Measurement("height", 0.34, 0.34, 0.34), "", "metric", "34 cm"),
        (Measurement("height", 1.25, 1.25, 1.25), "", "metric", "1.25 m"),
        (Measurement("height", 0.34, 0.34, 0.34), "", "imperial", "13.4 inches"),
        (Measurement("height", 0.34, 0.34, 0.34), "mm", "metric", "340 mm"),
        (Measurement("height", 1.9, 1.9, 1.9), "", "imperial", "6.23 feet"),
        (Measurement("free_space", 2.45, 2.45, math.inf, bound=Bound.AT_LEAST), "", "metric",
         "at least 2.45 m"),
        (Measurement("height", 0.2, 0.1, 0.2, bound=Bound.AT_MOST), "", "metric", "at most 20 cm"),
        (Measurement("direction", 4, 4, 4, unit="clock"), "", "metric", "4 o'clock"),
        (Measurement("volume", 0.002, 0.002, 0.002, unit="m3"), "", "metric", "2 litres"),
        (Measurement("volume", 0.00035, 0.00035, 0.00035, unit="m3"), "", "metric",
         "350 millilitres"),
    ],
)  # fmt: skip
def test_speaking(measurement: Measurement, asked: str, system: str, text: str) -> None:
    assert speak(measurement, asked, system) == text
