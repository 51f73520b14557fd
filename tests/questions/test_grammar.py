from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.questions import grammar


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("how (tall|high) is {a}", ("how tall is {a}", "how high is {a}")),
        ("far [away]", ("far away", "far")),
        ("a [b|c] d", ("a b d", "a c d", "a d")),
        ("((a|b) c|d)", ("a c", "b c", "d")),
        ("plain", ("plain",)),
    ],
)
def test_expand(source: str, expected: tuple[str, ...]) -> None:
    assert grammar.expand(source) == expected


@pytest.mark.parametrize("source", ["(a", "a)", "[a", "(a]", "a]"])
def test_unbalanced_brackets_are_refused(source: str) -> None:
    with pytest.raises(InvalidValueError, match="phrase"):
        grammar.expand(source)


@given(st.integers(0, 10_000))
def test_a_sample_is_one_of_the_expansions(seed: int) -> None:
    source = "[please] (tell|show) me how (far|close) (a|the [red|blue] b) is"
    assert grammar.sample(source, random.Random(seed)) in grammar.expand(source)


def test_paired() -> None:
    assert grammar.paired("teh=the ontop=on_top") == {"teh": "the", "ontop": "on top"}
