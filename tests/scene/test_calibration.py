"""Intervals: split-conformal factors, bounds, and the table's file."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene import calibration
from deepsight_ros.scene.calibration import DEFAULT_FACTOR, Residual, fit, interval
from deepsight_ros.scene.estimate import RawEstimate, Visibility
from deepsight_ros.scene.measurement import Bound, Measurement


def residuals(errors: np.ndarray, quantity: str = "height") -> list[Residual]:
    return [Residual(quantity, Visibility.COMPLETE, float(e), 0.01, 0.02) for e in errors]


@pytest.mark.parametrize("seed", range(3))
def test_fitted_intervals_cover_fresh_truths(seed: int) -> None:
    """Skewed errors: each side has its own factor, and 95 % of new truths are inside."""
    rng = np.random.default_rng(seed)
    draw = lambda n: rng.gamma(2.0, 0.01, n) - 0.005  # noqa: E731
    table = fit(residuals(draw(1500)))
    lower, upper = table["height", "complete"]
    errors = draw(20_000)
    inside = 0
    for error in errors:
        lo, hi = interval("height", RawEstimate(1.0, 0.01, 0.02), table)
        inside += lo <= 1.0 - error <= hi
    assert 0.93 < inside / len(errors) < 0.975
    assert lower * 0.01 > upper * 0.02  # values come out too large more often than too small


def test_small_samples_are_corrected_and_tiny_ones_left_out() -> None:
    errors = np.linspace(-1, 1, calibration.LEAST_RECORDS)
    table = fit(residuals(errors))
    assert table["height", "complete"][0] == pytest.approx(errors.max() / 0.01)
    assert fit(residuals(errors[1:])) == {}


def test_a_rare_group_shares_the_factors_of_the_whole_quantity() -> None:
    """One wild residual among few decides nothing: the group is pooled with the others."""
    rng = np.random.default_rng(5)
    usual = residuals(rng.normal(0.0, 0.01, 2000))
    wild = Residual("height", Visibility.HIDDEN, -1.0, 0.01, 0.01)
    rare = [Residual("height", Visibility.HIDDEN, 0.005, 0.01, 0.01)] * 70 + [wild]
    table = fit([*usual, *rare])
    assert table["height", "hidden"] == table["height", "truncated"]
    assert table["height", "hidden"][1] < 5.0
    assert table["height", "complete"] != table["height", "hidden"]


def test_exact_residuals_teach_nothing() -> None:
    exact = [Residual("height", Visibility.COMPLETE, 0.0, 0.0, 0.0)] * 200
    assert fit(exact) == {}


def test_default_factor_without_an_entry() -> None:
    raw = RawEstimate(0.5, 0.01, 0.02, Visibility.HIDDEN)
    lo, hi = interval("height", raw, {})
    assert (lo, hi) == pytest.approx((0.5 - DEFAULT_FACTOR * 0.01, 0.5 + DEFAULT_FACTOR * 0.02))


def test_bounds_open_their_side() -> None:
    assert interval("height", RawEstimate(0.5, 0.01, 0.1, bound=Bound.AT_LEAST), {})[1] == math.inf
    assert interval("range", RawEstimate(0.5, 0.01, 0.1, bound=Bound.AT_MOST), {})[0] == 0.0


@given(
    st.floats(0, 10),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(list(Visibility)),
    st.sampled_from(list(Bound)),
    st.sampled_from(["height", "surface_distance", "volume", "direction"]),
)
def test_any_estimate_gives_a_valid_interval(
    value: float, below: float, above: float, visibility: Visibility, bound: Bound, name: str
) -> None:
    raw = RawEstimate(value, below, above, visibility, bound)
    lo, hi = interval(name, raw)
    Measurement(name, value, lo, hi, bound=bound)
    if name != "direction":
        assert lo >= 0.0 or value < 0


def test_the_shipped_table_is_sound() -> None:
    factors = np.array(list(calibration.package_table().values()))
    assert len(factors) > 30
    assert np.isfinite(factors).all()
    assert (factors >= 0).all()
    # rare groups keep the tail of few residuals; what is usual has to be near the normal's 1.96
    assert 1.0 < float(np.median(factors)) < 8.0


def test_a_table_survives_its_file(tmp_path) -> None:
    table = {("height", "complete"): (1.5, 2.5), ("range", "hidden"): (0.5, 3.0)}
    path = tmp_path / "table.json"
    calibration.save_table(table, path, source="a test", records=7)
    assert calibration.load_table(path) == table
    assert json.loads(path.read_text())["source"] == "a test"


@pytest.mark.parametrize(
    "factors",
    [
        {"beauty": {"complete": {"lower": 1, "upper": 1}}},
        {"height": {"sideways": {"lower": 1, "upper": 1}}},
        {"height": {"complete": {"lower": -1, "upper": 1}}},
        {"height": {"complete": {"lower": 1, "upper": float("nan")}}},
    ],
)
def test_malformed_tables_are_refused(tmp_path, factors: dict) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"factors": factors}))
    with pytest.raises(InvalidValueError):
        calibration.load_table(path)


def test_differences_of_one_sided_estimates() -> None:
    least = RawEstimate(0.3, 0.01, 0.2, Visibility.OCCLUDED, Bound.AT_LEAST)
    exact = RawEstimate(0.2, 0.01, 0.02)
    assert least.minus(exact).bound is Bound.AT_LEAST
    assert exact.minus(least).bound is Bound.AT_MOST
    assert least.minus(least).bound is Bound.EXACT
    assert exact.minus(least).sigma_below == pytest.approx(math.hypot(0.01, 0.2))
    assert least.negated().bound is Bound.AT_MOST
    assert least.negated().value == -0.3


def test_offsets_keep_both_ends_below_zero() -> None:
    """They may be negative, and use the factors of the horizontal distance until they have own."""
    raw = RawEstimate(-0.2, 0.01, 0.01)
    lower, upper = interval("offset_ahead", raw, {("horizontal_distance", "complete"): (3.0, 4.0)})
    assert (lower, upper) == pytest.approx((-0.23, -0.16))
    own = {("offset_ahead", "complete"): (1.0, 2.0)}
    assert interval("offset_ahead", raw, own) == pytest.approx((-0.21, -0.18))
