"""A question is asked twice when its words and the things its regions stand for are the same."""

from __future__ import annotations

from deepsight_ros.evaluation.audit.auditor import repeated


def test_the_same_words_about_another_region_are_another_question() -> None:
    first = {"question": "How high is <region0>?", "regions": ["o1"]}
    other = {"question": "How high is <region0>?", "regions": ["o2"]}
    named = {"question": "How high is the mug?", "regions": []}
    assert repeated([first, other, named]) == 0
    assert repeated([first, other, named, dict(first), dict(named), dict(named)]) == 3
    assert repeated([]) == 0
