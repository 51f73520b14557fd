"""Numbers spread over octaves: the choice, the committed table, what the engine draws."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.synthesis.octaves import BINS_PER_OCTAVE, bins_of, flattest, window_share
from deepsight_ros.synthesis.pair_batches import MADE_TYPES, Batch
from deepsight_ros.synthesis.pair_octaves import Acceptance, fitted, is_spread, spread_evenly
from deepsight_ros.synthesis.pair_octaves_fit import OctaveFit, Picture
from deepsight_ros.synthesis.pairs import PairConfig


def batch(values: np.ndarray, name: str = "height") -> Batch:  # type: ignore[type-arg]
    nothing = np.full(len(values), np.nan)
    roles = np.arange(len(values))[:, None]
    said = ["value"] * len(values)
    return Batch(CATALOGUE[name], roles, said, values, values, values, nothing)


def test_bins_are_quarter_octaves() -> None:
    at = bins_of(np.array([1.0, 1.18, 1.2, 2.0, -2.0, 0.25]))
    assert at.tolist() == [0, 0, 1, BINS_PER_OCTAVE, BINS_PER_OCTAVE, -2 * BINS_PER_OCTAVE]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_respects_the_share_and_is_there(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = np.bincount(np.clip(np.round(rng.normal(15, 4, 3000)), 0, 29).astype(int)) + 0.0
    keep, share = flattest(counts, 0.4, 0.05)
    assert (keep <= counts).all() and (keep >= 0).all()
    assert window_share(counts) > 0.6
    assert share == 0.4 and window_share(keep) <= 0.4 + 1e-4
    assert keep.sum() >= 0.05 * counts.sum()


def test_too_few_octaves_give_the_least_share() -> None:
    """Two heaps three octaves apart: half is the least, whatever is asked for."""
    counts = np.zeros(3 * BINS_PER_OCTAVE + 1)
    counts[[0, -1]] = 100.0, 40.0
    keep, share = flattest(counts, 0.4, 0.5)
    assert share == pytest.approx(0.5, abs=1e-3)
    assert keep[0] == pytest.approx(keep[-1], rel=1e-3)
    one, alone = flattest(np.array([7.0]), 0.4, 0.5)
    assert alone == pytest.approx(1.0)
    assert one.sum() == pytest.approx(3.5, rel=1e-3)


def test_an_accepted_share_of_numbers_stays() -> None:
    table = {"height": Acceptance(0, (0.25,) * BINS_PER_OCTAVE, 0.0, 0.0)}
    kept = spread_evenly(batch(np.full(4000, 1.5)), table, np.random.default_rng(0))
    assert kept is not None and 900 < len(kept) < 1100
    other = batch(np.full(10, 1.5), "width")
    assert spread_evenly(other, table, np.random.default_rng(0)) is other
    never = {"height": Acceptance(0, (0.0,) * BINS_PER_OCTAVE, 0.0, 0.0)}
    assert spread_evenly(batch(np.full(9, 1.5)), never, np.random.default_rng(0)) is None


def test_fitting_spreads_what_the_engine_draws() -> None:
    rng = np.random.default_rng(1)
    fit = OctaveFit(PairConfig(per_image=8))
    fit.pictures = [Picture({"height": np.exp(rng.normal(-1, 1.0, 12))}, (9,)) for _ in range(150)]
    table = fit.fit()
    found = table["height"]
    assert found.before > 0.5
    assert found.reached < 0.42 < found.before - 0.08
    assert 0 < min(found.share) < max(found.share) == 1.0


def test_the_committed_table_knows_every_type_of_lengths() -> None:
    table = fitted()
    lengths = {n for n in MADE_TYPES if is_spread(batch(np.ones(1), n))}
    assert lengths - set(table) <= {"mean_nearest_distance", "free_space"}  # few have a hand ahead
    assert set(table) <= lengths
    for found in table.values():
        assert all(0 < s <= 1 for s in found.share)
        assert found.reached < found.before
