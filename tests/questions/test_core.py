"""The core of the catalogue: how many kinds, how many ways to ask and to answer each."""

from __future__ import annotations

import pytest

from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.questions.core import (
    CORE,
    QUALITATIVE,
    QUANTITATIVE,
    Phrasings,
    different,
    phrasing_table,
)
from deepsight_ros.questions.types import Form


def test_at_least_38_kinds_half_of_them_quantitative() -> None:
    assert len(set(CORE)) == len(CORE) >= 38
    assert len(QUANTITATIVE) == len(QUALITATIVE)
    assert {CATALOGUE[n].form for n in QUANTITATIVE} == {Form.VALUE}
    assert {CATALOGUE[n].form for n in QUALITATIVE} <= {Form.YESNO, Form.CHOICE}


@pytest.mark.parametrize("row", phrasing_table(), ids=lambda r: r.name)
def test_twenty_ways_to_ask_and_ten_to_answer(row: Phrasings) -> None:
    assert row.questions >= 20
    assert min(row.answers.values()) >= 10
    assert row.objects <= (3 if row.name.startswith("between") else 2)


def test_articles_and_please_make_no_new_sentence() -> None:
    assert different(["Is the {a} tall?", "is {a} tall", "Please, is a {a} tall"]) == 1
    assert different(["is {a} tall", "is {b} tall"]) == 2
