from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.questions.parser import PARSER_VERSION, ParsedAnswer, parse_answer
from deepsight_ros.questions.speaking import speak
from deepsight_ros.scene.measurement import Measurement

GOLDEN: tuple[tuple[str, float | None, str, bool | None], ...] = (
    ("The mug is about 34 cm (33-35 cm) tall.", 34.0, "cm", None),
    ("at least 2.45 m", 2.45, "m", None),
    ("4 o'clock", 4.0, "clock", None),
    ("It lies at four o'clock.", 4.0, "clock", None),
    ("Yes, it is 3 inches", 3.0, "in", True),
    ("No.", None, "", False),
    ("no, it is 12cm", 12.0, "cm", False),
    ("between 30 and 40 cm", 35.0, "cm", None),
    ("1,5 m", 1.5, "m", None),
    ("1,500 mm", 1500.0, "mm", None),
    ("roughly half a metre", 0.5, "m", None),
    ("a foot", 1.0, "ft", None),
    ("5' 3\"", 5.25, "ft", None),
    ("6 ft 2 in", 6 + 2 / 12, "ft", None),
    ("12 cubic inches", 12.0, "in3", None),
    ("2 litres", 2.0, "L", None),
    ("500 ml", 500.0, "mL", None),
    ("There are 3: a, b and c.", 3.0, "", None),
    ("two", 2.0, "", None),
    ("none", 0.0, "", None),
    ("It is not on the tray, no", None, "", False),
    ("True", None, "", True),
    ("That is right.", None, "", True),
    ("That is not so, it is 8 mm", 8.0, "mm", False),
    ("the mug", None, "", None),
    ("", None, "", None),
    ("model 3000x is 7 cm", 7.0, "cm", None),
)


@pytest.mark.parametrize(("text", "value", "unit", "yes"), GOLDEN)
def test_golden(text: str, value: float | None, unit: str, yes: bool | None) -> None:
    parsed = parse_answer(text)
    assert (parsed.value, parsed.unit, parsed.yes) == (
        None if value is None else pytest.approx(value), unit, yes,
    )  # fmt: skip


def test_the_parser_is_frozen() -> None:
    """Behaviour on the golden texts, as of version 1; a change needs a new version."""
    shown = "|".join(repr(parse_answer(text, ["mug", "red mug"])) for text, *_ in GOLDEN)
    digest = hashlib.sha256(shown.encode()).hexdigest()[:16]
    assert (PARSER_VERSION, digest) == (1, "9c09ea45595b428f")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("The red mug is taller.", "red mug"), ("the mug", "mug"), ("Mug, clearly", "mug"),
        ("a mugger", None), ("the bowl", None), ("of the mug and the red mug, the mug", "mug"),
    ],
)  # fmt: skip
def test_choices(text: str, choice: str | None) -> None:
    assert parse_answer(text, ["mug", "red mug"]).choice == choice


@pytest.mark.parametrize("text", ["about the same", "They are equally tall", "too close to call"])
def test_same(text: str) -> None:
    assert parse_answer(text).same


@pytest.mark.parametrize("text", ["I do not see the mug.", "I can't tell", "not sure"])
def test_refusals(text: str) -> None:
    assert parse_answer(text).refused


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    assert isinstance(parse_answer(text, [text[:5], "mug"]), ParsedAnswer)


def test_a_megabyte() -> None:
    assert isinstance(parse_answer("1 " * 500_000), ParsedAnswer)


@given(st.floats(0.005, 30.0), st.sampled_from(["", "cm", "mm", "m", "in", "ft"]))
def test_spoken_measurements_parse_back(value: float, unit: str) -> None:
    m = Measurement("height", value, value * 0.97, value * 1.03)
    parsed = parse_answer(f"It is {speak(m, unit)} tall.")
    assert parsed.si == pytest.approx(value, rel=0.05, abs=0.006 if unit == "m" else 0.003)
