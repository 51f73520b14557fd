"""Shares, bands, baselines and records of the geometry benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.evaluation.records import PredicateRecord, QuantityRecord, within
from deepsight_ros.evaluation.statistics import (
    BANDS,
    best_constant,
    blind_choices,
    blind_guesses,
    hardened,
    in_band,
    share,
    stratified,
)


def quantity(kind: str, truth: float, value: float, lower: float, upper: float) -> QuantityRecord:
    return QuantityRecord(
        0,
        "tabletop",
        "stereo",
        "tf",
        "box",
        kind,
        ("o1",),
        kind,
        True,
        1.0,
        truth,
        "OK",
        value,
        lower,
        upper,
    )


@pytest.mark.parametrize(
    ("kind", "truth", "value", "right"),
    [
        ("height", 0.05, 0.059, True),  # 9 mm off
        ("height", 0.05, 0.061, False),
        ("height", 0.50, 0.549, True),  # 9.8 %
        ("height", 0.50, 0.551, False),
        ("surface_distance", 0.0, 0.009, True),
        ("volume", 0.001, 0.00132, True),  # cube sides 100 and 109.7 mm
        ("volume", 0.001, 0.00134, False),
        ("direction", 11.8, 12.0, True),
        ("direction", 0.2, 12.0, True),
        ("direction", 1.45, 2.0, True),  # within 3 degrees of the border
        ("direction", 1.35, 2.0, False),
        ("direction", 11.0, 1.0, False),
    ],
)
def test_within_ten_percent_or_a_centimetre(kind, truth, value, right) -> None:
    assert quantity(kind, truth, value, value, value).within is right


@pytest.mark.parametrize(
    ("kind", "truth", "value", "lower", "upper", "covered"),
    [
        ("height", 0.1, 0.12, 0.09, 0.13, True),
        ("height", 0.1, 0.12, 0.11, 0.13, False),
        ("height", 0.5, 0.12, 0.11, np.inf, True),  # at least 0.11
        ("direction", 0.3, 12.0, 11.6, 12.4, True),
        ("direction", 11.7, 12.0, 11.6, 12.4, True),
        ("direction", 0.5, 12.0, 11.6, 12.4, False),
    ],
)
def test_coverage(kind, truth, value, lower, upper, covered) -> None:
    assert quantity(kind, truth, value, lower, upper).covered is covered


def test_an_unanswered_question_is_neither_right_nor_covered() -> None:
    record = QuantityRecord(
        0,
        "tabletop",
        "stereo",
        "tf",
        "box",
        "height",
        ("o1",),
        "height",
        True,
        1.0,
        0.1,
        "NO_DEPTH",
    )
    assert not record.answered and not record.within and not record.covered


@pytest.mark.parametrize(
    ("truth", "status", "outcome", "hedged", "answered", "right"),
    [
        ("true", "OK", "true", False, True, True),
        ("true", "OK", "false", False, True, False),
        ("true", "OK", "same", False, True, False),
        ("true", "OK", "same", True, False, False),
        ("same", "OK", "same", False, True, True),
        ("true", "UNDECIDED", "", False, False, False),
    ],
)
def test_predicate_records(truth, status, outcome, hedged, answered, right) -> None:
    record = PredicateRecord(
        0,
        "tabletop",
        "stereo",
        "tf",
        "box",
        "closer",
        ("o1", "o2"),
        "closer",
        True,
        1.0,
        truth,
        status,
        outcome,
        hedged,
    )
    assert record.answered is answered and record.right is right


def test_share_resamples_scenes_not_questions() -> None:
    """Ten scenes that are all right or all wrong are ten observations, not a thousand."""
    hits, scenes = [], []
    for scene in range(10):
        hits += [scene < 5] * 100
        scenes += [scene] * 100
    clustered = share(hits, scenes)
    independent = share(hits, list(range(len(hits))))
    assert clustered.value == independent.value == 0.5
    assert clustered.upper - clustered.lower > 0.4
    assert independent.upper - independent.lower < 0.1


def test_share_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for run in range(200):
        rates = rng.beta(8, 2, 60)  # scenes differ; the mean share is 0.8
        hits = rng.random((60, 5)) < rates[:, None]
        found = share(list(hits.ravel()), list(np.repeat(np.arange(60), 5)), seed=run)
        covered += found.lower <= 0.8 <= found.upper
    assert 0.90 <= covered / 200 <= 0.99


def test_share_of_nothing_says_so() -> None:
    assert share([], []).as_json() == {"value": None, "lower": None, "upper": None, "count": 0}


@given(st.floats(0.01, 100), st.floats(0.1, 10))
def test_bands_nest(truth: float, ratio: float) -> None:
    values, truths = np.array([truth * ratio]), np.array([truth])
    inside = [bool(in_band(values, truths, BANDS[n])[0]) for n in BANDS]
    assert inside == sorted(inside, reverse=True) or not inside[1]


def test_best_constant_finds_the_mode() -> None:
    truths = np.array([1.0] * 6 + [10.0] * 4)
    assert best_constant(truths, lambda v, t: in_band(v, t, BANDS["+-10%"])) == pytest.approx(0.6)


def test_blind_guesses_never_learn_from_their_own_half() -> None:
    truths = np.array([1.0, 1.0, 5.0, 5.0])
    keys = ["a", "a", "a", "a"]
    guesses = blind_guesses(truths, keys, [0, 2, 1, 3])  # even scenes say 1, odd ones 5
    np.testing.assert_array_equal(guesses, [5.0, 5.0, 1.0, 1.0])
    assert blind_choices(["x", "x", "y", "y"], keys, [0, 2, 1, 3]) == ["y", "y", "x", "x"]


def test_stratification_takes_the_usual_size_away() -> None:
    rng = np.random.default_rng(0)
    usual = rng.normal(0.1, 0.01, 2000).clip(0.05)
    wide = 10 ** rng.uniform(-2, 1, 400)
    truths = np.concatenate([usual, wide])

    def half_to_double(v, t):
        return in_band(v, t, BANDS["[50,200]%"])

    keep = stratified(truths)
    assert best_constant(truths, half_to_double) > 0.8
    assert best_constant(truths[keep], half_to_double) < 0.4
    assert keep.sum() > 200


@given(st.floats(1e-4, 10.0), st.floats(-0.009, 0.009))
def test_a_centimetre_is_always_within(truth: float, off: float) -> None:
    assert within("height", np.array([truth + off]), np.array([truth]))[0]


def test_hardened_questions_defeat_constants_and_guessers() -> None:
    """Sizes that words nearly tell: after hardening neither guess clears its limit."""
    rng = np.random.default_rng(2)
    keys = [f"width thing{k}" for k in rng.integers(0, 6, 3000)]
    usual = np.array([0.02 * 2.0 ** int(key[-1]) for key in keys])
    truths = usual * np.exp(rng.normal(0.0, 0.5, len(keys)))
    scenes = list(rng.integers(0, 300, len(keys)))
    limits = [(BANDS["[50,200]%"], 0.40), (BANDS["+-25%"], 0.15)]
    before = in_band(blind_guesses(truths, keys, scenes), truths, limits[0][0]).mean()
    assert before > 0.7
    keep = hardened(truths, keys, scenes, limits)
    assert keep.sum() >= 100
    left = truths[keep]
    guess = blind_guesses(
        left, [k for k, c in zip(keys, keep, strict=True) if c], list(np.array(scenes)[keep])
    )
    for band, limit in limits:
        assert in_band(guess, left, band).mean() <= limit
        assert best_constant(left, lambda v, t, b=band: in_band(v, t, b)) <= limit
    assert (hardened(truths, keys, scenes, limits) == keep).all()
