"""Colour words: plain colours under light and shade, two-coloured things, metal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.perception.colours import COLOURS, colour_words, words_of_each

PLAIN = {
    "red": (200, 30, 35),
    "orange": (235, 130, 25),
    "yellow": (230, 205, 45),
    "green": (45, 150, 60),
    "blue": (35, 80, 190),
    "purple": (120, 50, 150),
    "pink": (240, 150, 185),
    "brown": (110, 70, 40),
    "black": (30, 30, 32),
    "white": (235, 235, 230),
    "grey": (128, 128, 128),
}


def lit(rgb: tuple[int, int, int], low: float, high: float = 1.0) -> np.ndarray:
    """(400, 3) pixels of one surface whose faces are lit from ``low`` to ``high``."""
    light = np.linspace(low, high, 400)[:, None]
    noise = np.random.default_rng(1).normal(0, 3, (400, 3))
    return np.clip(np.array(rgb) * light + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("shade", [0.45, 0.7, 0.95])
def test_a_plain_thing_has_its_colour_however_it_is_shaded(name: str, shade: float) -> None:
    assert colour_words(lit(PLAIN[name], shade))[0] == name


@pytest.mark.parametrize("name", ["red", "green", "blue", "yellow", "purple"])
def test_hue_survives_a_dark_picture(name: str) -> None:
    assert colour_words(lit(PLAIN[name], 0.35, 0.5), white=210.0)[0] == name


def test_two_colours_are_both_named_most_frequent_first() -> None:
    both = np.vstack([lit(PLAIN["red"], 0.8), lit(PLAIN["white"], 0.8)[:250]])
    assert colour_words(both)[:2] == ("red", "white")


def test_a_black_part_of_a_white_thing_is_named() -> None:
    both = np.vstack([lit(PLAIN["white"], 0.9), lit(PLAIN["black"], 0.9)])
    assert set(colour_words(both)) == {"white", "black"}


def test_grey_with_highlights_is_also_silver() -> None:
    metal = lit((120, 122, 125), 0.6)
    metal[::15] = 250
    assert colour_words(metal)[0] == "grey"
    assert "silver" in colour_words(metal)


def test_no_pixels_no_words() -> None:
    assert colour_words(np.zeros((0, 3), np.uint8)) == ()


def test_each_label_gets_its_own_words() -> None:
    rgb = np.vstack([lit(PLAIN["red"], 0.8), lit(PLAIN["blue"], 0.8)])
    label = np.repeat([1, 3], 400).astype(np.int32)
    words = words_of_each(rgb, label, 3)
    assert [w[:1] for w in words] == [(), ("red",), (), ("blue",)]


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=30))
def test_any_pixels_give_known_words(pixels: list[tuple[int, int, int]]) -> None:
    words = colour_words(np.array(pixels, np.uint8))
    assert words and set(words) <= set(COLOURS) and len(set(words)) == len(words)
