"""Clean pairs pass, corrupted ones are caught: each kind at 99 % or more."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from deepsight_ros.evaluation.audit.auditor import check_row
from deepsight_ros.evaluation.audit.checks import check_pair
from deepsight_ros.evaluation.audit.claim import Claim
from deepsight_ros.evaluation.audit.picture import check_picture
from deepsight_ros.evaluation.audit.verdict import EXACT
from deepsight_ros.evaluation.audit.view import View
from tests.evaluation.audit.conftest import CleanRow
from tests.support.corruptions import CORRUPTIONS, corrupt

_PER_ROW = 6


def test_clean_pairs_pass(clean_rows: list[CleanRow]) -> None:
    types, wrong = Counter(), []
    for row, _ in clean_rows:
        _, _, of_row, of_pairs = check_row(row)
        assert not of_row, [f.message for f in of_row]
        for pair, found in zip(row["pairs"], of_pairs, strict=True):
            types[pair["type"]] += 1
            wrong += [(pair["question"], pair["answer"], f.message) for f in found]
    assert not wrong
    assert sum(types.values()) > 1200 and len(types) > 200


@pytest.mark.parametrize("kind", sorted(CORRUPTIONS))
def test_corruptions_are_caught(clean_rows: list[CleanRow], kind: str) -> None:
    rng = np.random.default_rng(sum(map(ord, kind)))
    injected, missed = 0, []
    for row, truth in clean_rows:
        view = View.read(row)
        for _ in range(_PER_ROW):
            struck = corrupt(kind, row, truth, rng)
            if struck is None:
                continue
            bad, at = struck
            injected += 1
            if at is None:
                found = check_picture(View.read(bad), EXACT)
            else:
                found = check_pair(view, Claim.read(bad["pairs"][at]), EXACT)
            if not found:
                missed.append("row" if at is None else bad["pairs"][at])
    assert injected >= 20
    assert len(missed) <= 0.01 * injected, missed
