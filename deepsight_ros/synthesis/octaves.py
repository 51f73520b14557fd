"""Numbers spread over octaves: how many of each size may stay so that no constant guesses them.

In: how many numbers of each size there are. Out: how many of each to keep. A guess counts as right
within [50, 200] % of the truth (SpatialVLM), so a constant covers two octaves; a linear programme
keeps what any two octaves hold below a share of the whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

BINS_PER_OCTAVE = 4
REACH = 2 * BINS_PER_OCTAVE + 1
"""Bins that two octaves may touch."""


def bins_of(values: Array) -> Index:
    """(K,) bin of each number by its size: quarter octaves, in SI; zero falls to the lowest."""
    size = np.maximum(np.abs(values), 1e-9)
    return np.floor(np.log2(size) * BINS_PER_OCTAVE).astype(np.int64)


def window_share(counts: Array) -> float:
    """Share of the whole that the fullest two octaves hold; (B,) counts of neighbouring bins."""
    total = float(counts.sum())
    return float(_windows(len(counts)).dot(counts).max()) / total if total > 0 else 0.0


def flattest(counts: Array, most: float, least_kept: float) -> tuple[Array, float]:
    """How many to keep of each bin: the most that respect ``most``, then as flat as can be.

    Args:
        counts: (B,) numbers there are in neighbouring bins.
        most: share of the kept that any two octaves may hold.
        least_kept: share of all that has to stay. Where ``most`` cannot be had with it, the
            lowest share that can is taken.

    Returns:
        (B,) numbers to keep, at most ``counts``, not rounded; share that the fullest two octaves
        then hold.
    """
    total = float(counts.sum())
    if total == 0:
        return counts.astype(np.float64), 0.0
    windows, size = _windows(len(counts)), len(counts)
    share, kept = most, _most_kept(counts, windows, most)
    if kept < least_kept * total:
        kept = least_kept * total
        share = _least_share(counts, windows, kept)
    # of all choices with this share and number the one with the lowest peak: x, then the peak
    peak = _solve(
        np.r_[np.zeros(size), 1.0],
        np.block(
            [
                [windows, np.zeros((len(windows), 1))],
                [np.eye(size), -np.ones((size, 1))],
            ]
        ),
        np.r_[np.full(len(windows), share * kept * (1 + 1e-6) + 1e-6), np.zeros(size)],
        np.r_[np.ones(size), 0.0],
        kept * (1 - 1e-6),
        [*((0.0, float(c)) for c in counts), (0.0, None)],
    )[:size]
    return np.clip(peak, 0.0, counts), share


def _windows(size: int) -> Array:
    """(W, B) ones where window w covers bin b."""
    starts = np.arange(max(size - REACH, 0) + 1)[:, None]
    at = np.arange(size)[None]
    covered: Array = ((at >= starts) & (at < starts + REACH)).astype(np.float64)
    return covered


def _most_kept(counts: Array, windows: Array, most: float) -> float:
    """Largest number that can stay when no window may hold more than ``most`` of it."""
    found = _solve(
        -np.ones(len(counts)),
        windows - most,
        np.zeros(len(windows)),
        None,
        0.0,
        [(0.0, float(c)) for c in counts],
    )
    return float(found.sum())


def _least_share(counts: Array, windows: Array, kept: float) -> float:
    """Lowest share of the fullest window when ``kept`` numbers stay."""
    size = len(counts)
    found = _solve(
        np.r_[np.zeros(size), 1.0],
        np.column_stack([windows, -np.ones(len(windows))]),
        np.zeros(len(windows)),
        np.r_[np.ones(size), 0.0],
        kept,
        [*((0.0, float(c)) for c in counts), (0.0, None)],
    )
    return float(found[-1]) / kept


def _solve(
    cost: Array,
    rows: Array,
    limits: Array,
    equal: Array | None,
    to: float,
    bounds: list[tuple[float, float | None]],
) -> Array:
    from scipy.optimize import linprog

    found = linprog(
        cost,
        A_ub=rows,
        b_ub=limits,
        A_eq=None if equal is None else equal[None],
        b_eq=None if equal is None else [to],
        bounds=bounds,
        method="highs",
    )
    if found.x is None:
        raise ArithmeticError(f"octaves: no such choice of numbers ({found.message})")
    return np.asarray(found.x, dtype=np.float64)
