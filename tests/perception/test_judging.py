"""Masks of several sources: what is measured of them, and which are kept."""

from __future__ import annotations

import numpy as np

from deepsight_ros.perception.grouping import Votes
from deepsight_ros.perception.judging import (
    FEATURES,
    SOURCES,
    Judge,
    choose,
    measure,
    paint,
    shared_pixels,
)
from deepsight_ros.perception.segment_input import CHANNELS, SegmentInput

SHAPE = (20, 60)


def _boxes(*spans: tuple[int, int]) -> np.ndarray:
    labels = np.zeros(SHAPE, np.int32)
    for k, (a, b) in enumerate(spans, start=1):
        labels[5:15, a:b] = k
    return labels


def _votes(truth: np.ndarray, border: float = 0.0) -> Votes:
    """Every pixel of a true thing votes for its middle."""
    x, y = (np.full(SHAPE, -1.0, np.float32) for _ in range(2))
    for k in range(1, int(truth.max()) + 1):
        v, u = np.nonzero(truth == k)
        x[v, u], y[v, u] = u.mean(), v.mean()
    sure = (truth > 0).astype(np.float32)
    flat = np.zeros(SHAPE, np.float32)
    return Votes(sure, x, y, flat, flat, np.full(SHAPE, border, np.float32))


def _given(depth: np.ndarray | None = None) -> SegmentInput:
    depth = np.ones(SHAPE, np.float32) if depth is None else depth.astype(np.float32)
    channels = np.zeros((len(CHANNELS), *SHAPE), np.float32)
    return SegmentInput(channels, 2, depth, np.full(SHAPE, 0.02, np.float32))


def _measured(*divisions: np.ndarray, votes: Votes, given: SegmentInput | None = None):  # type: ignore[no-untyped-def]
    counts = [int(d.max()) for d in divisions]
    shared = shared_pixels(divisions, counts)
    made = measure(divisions, counts, votes, given or _given(), 0.004, shared)
    assert made.shape == (sum(counts), len(FEATURES)) and np.isfinite(made).all()
    return {name: made[:, k] for k, name in enumerate(FEATURES)}


def test_a_mask_over_two_things_has_votes_apart_and_parts() -> None:
    two, one = _boxes((10, 20), (20, 30)), _boxes((10, 30))
    found = _measured(two, two, one, one, votes=_votes(two))
    assert found["vote_spread"][0] < 1e-3 < 0.2 < found["vote_spread"][4]
    assert found["parts of network, fine"][4] == 2 and found["parts of network, fine"][0] == 1
    np.testing.assert_allclose(found[f"like {SOURCES[0]}"][4], 0.5)
    assert found["is geometry"][4] == 1 and found["is geometry"][0] == 0


def test_half_a_mask_leaks_and_votes_elsewhere() -> None:
    whole, half = _boxes((10, 30)), _boxes((10, 20))
    found = _measured(whole, whole, half, half, votes=_votes(whole))
    assert found["leak"][2] > 0.1 > found["leak"][0] == 0
    assert found["vote_off"][2] > 0.4 > found["vote_off"][0]
    closed = _measured(whole, whole, half, half, votes=_votes(whole, border=1.0))
    assert closed["leak"][2] == 0 and closed["level_border"][2] == 1


def test_an_outline_falls_rises_or_is_level() -> None:
    mask = _boxes((10, 30))
    depth = np.where(mask > 0, 1.0, 1.5)
    depth[:, :10] = 0.5
    found = _measured(mask, mask, mask, mask, votes=_votes(mask), given=_given(depth))
    shares = [found[n][0] for n in ("down", "up", "level")]
    np.testing.assert_allclose(shares, [50 / 60, 10 / 60, 0.0])
    np.testing.assert_allclose(np.exp(found["log_depth"][0]), 1.0)
    np.testing.assert_allclose(np.exp(found["log_size"][0]), np.sqrt(200) * 0.004)


def test_a_division_without_masks_and_a_mask_without_pixels() -> None:
    mask, none = _boxes((10, 30)), np.zeros(SHAPE, np.int32)
    votes = _votes(mask)
    divisions, counts = (mask, none, mask, none), (1, 0, 1, 2)
    shared = shared_pixels(divisions, counts)
    made = measure(divisions, counts, votes, _given(), 0.004, shared)
    assert made.shape == (4, len(FEATURES)) and np.isfinite(made).all()


def _judge(**changes: float) -> Judge:
    none = np.zeros(len(FEATURES))
    return Judge(none, none + 1, none[:, None], np.zeros(1), np.zeros(1), 0.0, **changes)


def test_better_masks_go_first_and_leave_room() -> None:
    two, one = _boxes((10, 20), (20, 30)), _boxes((10, 30), (40, 50))
    divisions, counts = (two, two, one, one), (2, 2, 2, 2)
    shared = shared_pixels(divisions, counts)
    judged = np.array([0.9, 0.8, 0.85, 0.7, 0.6, 0.5, 0.6, 0.3])
    kept = choose(shared, counts, judged, _judge(least=0.45))
    assert kept == [(0, 1), (0, 2), (2, 2)]
    labels = paint(divisions, kept)
    assert (labels[10, 15], labels[10, 25], labels[10, 45], labels[0, 0]) == (1, 2, 3, 0)
    judged[4] = 0.95  # the whole is better than either half
    judged[:4] = 0.5
    assert choose(shared, counts, judged, _judge(least=0.45)) == [(2, 1), (2, 2)]
    assert choose(shared, counts, judged * 0.1, _judge(least=0.45)) == []
    assert not paint(divisions, []).any()


def test_several_that_are_surer_together_take_the_place_of_one() -> None:
    two, one, side = _boxes((10, 20), (20, 30)), _boxes((10, 30)), _boxes((28, 40))
    divisions, counts = (two, side, one), (2, 1, 1)
    shared = shared_pixels(divisions, counts)
    judged = np.array([0.8, 0.7, 0.0, 0.9])
    assert choose(shared, counts, judged, _judge(least=0.45)) == [(0, 1), (0, 2)]
    # not by a hair, and not against another that is kept
    close = np.array([0.5, 0.48, 0.0, 0.9])
    assert choose(shared, counts, close, _judge(least=0.45)) == [(2, 1)]
    judged[2] = 0.95  # lies over two of the second half's ten columns
    roomy = choose(shared, counts, judged, _judge(least=0.45, room=0.3))
    assert roomy == [(1, 1), (0, 1), (0, 2)]
    assert choose(shared, counts, judged, _judge(least=0.75)) == [(1, 1), (2, 1)]
    tight = choose(shared, counts, judged, _judge(least=0.45, room=0.1))
    assert tight == [(1, 1), (0, 1)]


def test_where_masks_overlap_the_better_one_has_it() -> None:
    left, right = _boxes((10, 22)), _boxes((20, 40))
    shared = shared_pixels((left, right), (1, 1))
    kept = choose(shared, (1, 1), np.array([0.6, 0.9]), _judge(least=0.1, room=0.4))
    assert kept == [(1, 1), (0, 1)]
    labels = paint((left, right), kept)
    assert (labels[10, 15], labels[10, 21], labels[10, 35]) == (2, 1, 1)


def test_a_judge_is_a_number_between_0_and_1() -> None:
    rng = np.random.default_rng(0)
    count = len(FEATURES)
    judge = Judge(
        np.zeros(count), np.ones(count), rng.normal(0, 3, (count, 4)), np.zeros(4),
        rng.normal(0, 3, 4), 0.1,
    )  # fmt: skip
    judged = judge(rng.normal(0, 50, (100, count)))
    assert judged.shape == (100,) and judged.min() >= 0 and judged.max() <= 1
    assert judge(np.zeros((0, count))).shape == (0,)
