from __future__ import annotations

import pytest

from deepsight_ros.questions.spelling import correct, known_words

OWN = frozenset({"pepper", "mill", "mug", "cereal", "box"})


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hight", "height"), ("heigth", "height"), ("lenght", "length"), ("teh", "the"),
        ("wich", "which"), ("peper", "pepper"), ("distnace", "distance"), ("betwen", "between"),
        ("taler", "taller"), ("closets", "closets"), ("millimters", "millimeters"),
        ("cerael", "cereal"), ("mgu", "mug"), ("griper", "gripper"), ("distence", "distance"),
        ("smalest", "smallest"), ("nearset", "nearest"), ("milimetres", "milimetres"),
    ],
)  # fmt: skip
def test_typing_errors(typed: str, meant: str) -> None:
    assert correct([typed], OWN) == meant.split()


@pytest.mark.parametrize(
    "word",
    [
        "weight", "light", "right", "night", "price", "wealth", "breath", "father", "feather",
        "weather", "gripe", "walker", "heaviest", "hotter", "older", "temperature", "colour",
    ],
)  # fmt: skip
def test_real_words_are_left_alone(word: str) -> None:
    """ "weight" is one letter from "height": correcting it would answer another question."""
    assert correct([word], OWN) == [word]


def test_known_words_never_change() -> None:
    from deepsight_ros.questions.spelling_words import MISSPELT

    for word in known_words():
        if word not in MISSPELT:
            assert correct([word], OWN) == [word]
