"""Intervals through arithmetic: known cases, sharing objects, one-sided ends."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deepsight_ros.reasoning.propagation import Allowance, decide, propagate, speak_margin
from deepsight_ros.reasoning.values import Decision
from deepsight_ros.scene.measurement import Bound, Measurement


def metres(value: float, half: float, *ids: str) -> Measurement:
    return Measurement("height", value, value - half, value + half, object_ids=ids)


def test_apart_objects_add_in_quadrature() -> None:
    made = propagate(lambda v: float(v[0] - v[1]), [metres(1.0, 0.3, "a"), metres(0.5, 0.4, "b")])
    assert made.value == pytest.approx(0.5)
    assert (made.lower, made.upper) == pytest.approx((0.0, 1.0))
    assert made.object_ids == ("a", "b")


def test_shared_objects_add_at_worst() -> None:
    made = propagate(lambda v: float(v[0] - v[1]), [metres(1.0, 0.3, "a"), metres(0.5, 0.4, "a")])
    assert (made.lower, made.upper) == pytest.approx((-0.2, 1.2))


def test_sharing_goes_through_a_third() -> None:
    inputs = [metres(1, 0.1, "a"), metres(1, 0.1, "b"), metres(1, 0.1, "a", "b")]
    made = propagate(lambda v: float(v.sum()), inputs)
    assert made.upper - made.value == pytest.approx(0.3)


def test_an_open_end_stays_open() -> None:
    seen = Measurement("height", 0.2, 0.19, math.inf, bound=Bound.AT_LEAST, object_ids=("a",))
    made = propagate(lambda v: float(0.3 - v[0]), [seen])
    assert made.lower == -math.inf
    assert made.upper == pytest.approx(0.11)
    assert decide(made) is Decision.UNDECIDED
    assert decide(propagate(lambda v: float(v[0] - 0.1), [seen])) is Decision.YES


@pytest.mark.parametrize(
    ("value", "half", "wanted"),
    [(0.02, 0.01, Decision.YES), (-0.02, 0.01, Decision.NO), (0.003, 0.008, Decision.UNDECIDED)],
)
def test_decide(value: float, half: float, wanted: Decision) -> None:
    assert decide(propagate(lambda v: float(v[0]), [metres(value, half, "a")])) is wanted


def test_covers_the_truth_by_sampling() -> None:
    """95 % intervals of Gaussian inputs give at least 95 % cover, correlated or not."""
    rng = np.random.default_rng(3)
    hits = {0.0: 0, 1.0: 0}
    for correlation in hits:
        for _ in range(3000):
            z = rng.normal(size=3)
            z[1] = correlation * z[0] + math.sqrt(1 - correlation**2) * z[1]
            errors = 0.01 * z
            inputs = [
                metres(0.5 + errors[0], 0.0196, "a", "b"),
                metres(0.4 + errors[1], 0.0196, "b", "c"),
                metres(0.3 + errors[2], 0.0196, "d"),
            ]
            made = propagate(lambda v: float(v[0] + v[1] - v[2]), inputs)
            hits[correlation] += made.lower <= 0.6 <= made.upper
    assert min(hits.values()) >= 0.94 * 3000  # 95 % less the error of the sample


def test_an_allowance_counts_like_a_measurement() -> None:
    made = propagate(
        lambda v: float(v[0] - 2 * v[1]), [metres(0.1, 0.0, "a"), Allowance(0.005, 0.0, 0.01)]
    )
    assert (made.lower, made.value, made.upper) == pytest.approx((0.08, 0.09, 0.1))


def test_spoken() -> None:
    made = propagate(lambda v: float(v[0]), [metres(-0.003, 0.008, "a")])
    assert speak_margin(made) == "3 mm ± 8 mm"
    assert speak_margin(made, "imperial") == "0.1 in ± 0.3 in"
    uneven = Measurement("margin", -0.009, -0.022, -0.002)
    assert speak_margin(uneven) == "9 mm (2 to 22 mm)"
