"""Shares with bootstrap intervals over scenes, error bands, and what a constant would score.

In: one number per question and the scene it came from. Out: shares with 95 % intervals. All
resampling is over scenes, because questions about one scene are not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_MOST_ROUNDS, _LEAST_KEPT = 400, 20
RESAMPLES = 1000
BANDS: dict[str, tuple[float, float]] = {
    "[50,200]%": (0.5, 2.0),
    "[66.7,150]%": (1 / 1.5, 1.5),
    "+-25%": (0.75, 1.25),
    "+-10%": (0.9, 1.1),
}
"""Bands of value / truth in use (SpatialVLM, SpatialRGPT, Q-Spatial); all are reported."""


@dataclass(frozen=True)
class Share:
    """A share of questions with its bootstrap interval.

    Attributes:
        value: the share, NaN when nothing was counted.
        lower, upper: 95 % interval over scenes.
        count: questions counted.
    """

    value: float
    lower: float
    upper: float
    count: int

    def as_json(self) -> dict[str, float | int | None]:
        if not self.count:
            return {"value": None, "lower": None, "upper": None, "count": 0}
        return {
            "value": round(self.value, 4),
            "lower": round(self.lower, 4),
            "upper": round(self.upper, 4),
            "count": self.count,
        }


def share(hits: Sequence[bool], scenes: Sequence[int], seed: int = 0) -> Share:
    """Share of hits, resampling whole scenes (ratio of sums)."""
    if not len(hits):
        return Share(float("nan"), float("nan"), float("nan"), 0)
    hit = np.asarray(hits, dtype=np.float64)
    _, group = np.unique(np.asarray(scenes), return_inverse=True)
    right = np.bincount(group, weights=hit)
    asked = np.bincount(group).astype(np.float64)
    n = len(asked)
    value = float(hit.mean())
    if n == 1:
        return Share(value, 0.0, 1.0, len(hit))
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    total = weights @ asked
    ratios = (weights @ right)[total > 0] / total[total > 0]
    lower, upper = np.percentile(ratios, [2.5, 97.5])
    return Share(value, float(lower), float(upper), len(hit))


def paired_share(
    hits: Sequence[bool], others: Sequence[bool], scenes: Sequence[int], seed: int = 0
) -> Share:
    """Share of hits less that of others on the same questions, resampling whole scenes."""
    if not len(hits):
        return Share(float("nan"), float("nan"), float("nan"), 0)
    gain = np.asarray(hits, np.float64) - np.asarray(others, np.float64)
    _, group = np.unique(np.asarray(scenes), return_inverse=True)
    total, asked = np.bincount(group, weights=gain), np.bincount(group).astype(np.float64)
    n = len(asked)
    if n == 1:
        return Share(float(gain.mean()), -1.0, 1.0, len(gain))
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), RESAMPLES)
    lower, upper = np.percentile((weights @ total) / (weights @ asked), [2.5, 97.5])
    return Share(float(gain.mean()), float(lower), float(upper), len(gain))


def in_band(values: Array, truths: Array, band: tuple[float, float]) -> NDArray[np.bool_]:
    """value / truth inside the band; a truth of 0 only holds for a value of 0."""
    inside: NDArray[np.bool_] = (values >= band[0] * truths) & (values <= band[1] * truths)
    return inside


def best_constant(truths: Array, hit: Callable[[Array, Array], NDArray[np.bool_]]) -> float:
    """Greatest share of truths that one and the same answer hits."""
    if not len(truths):
        return float("nan")
    candidates = np.unique(np.quantile(truths, np.linspace(0, 1, 101)))
    return float(max(hit(np.full(len(truths), c), truths).mean() for c in candidates))


def blind_guesses(truths: Array, keys: Sequence[str], scenes: Sequence[int]) -> Array:
    """What a text-only guesser says: the median truth of questions with the same words.

    Fitted on the scenes of the other parity, so no question helps to answer itself; words never
    seen there get the median of all.
    """
    truths = np.asarray(truths, dtype=np.float64)
    key, parity = np.asarray(keys), np.asarray(scenes) % 2
    guesses = np.full(len(truths), np.median(truths) if len(truths) else 0.0)
    for half in (0, 1):
        known = parity != half
        if not known.any():
            continue
        guesses[parity == half] = np.median(truths[known])
        for word in np.unique(key[parity == half]):
            same = known & (key == word)
            if same.any():
                guesses[(parity == half) & (key == word)] = np.median(truths[same])
    return guesses


def blind_choices(truths: Sequence[str], keys: Sequence[str], scenes: Sequence[int]) -> list[str]:
    """As ``blind_guesses`` for outcomes: the most frequent one of the same words."""
    names, codes = np.unique(np.asarray(truths), return_inverse=True)
    key, parity = np.asarray(keys), np.asarray(scenes) % 2

    def most(selected: NDArray[np.bool_]) -> int:
        return int(np.bincount(codes[selected], minlength=len(names)).argmax())

    guesses = np.zeros(len(codes), dtype=int)
    for half in (0, 1):
        known = parity != half
        if not known.any():
            continue
        guesses[parity == half] = most(known)
        for word in np.unique(key[parity == half]):
            same = known & (key == word)
            if same.any():
                guesses[(parity == half) & (key == word)] = most(same)
    return [str(names[g]) for g in guesses]


def stratified(truths: Array, seed: int = 0, bins_per_octave: int = 2) -> NDArray[np.bool_]:
    """Which questions to keep so that truths spread evenly over octaves (chosen by truth alone).

    Every occupied bin keeps at most as many as the median occupied bin holds; a constant then
    scores little because no size is the usual one.
    """
    truths = np.asarray(truths, dtype=np.float64)
    keep = np.zeros(len(truths), dtype=bool)
    if not len(truths):
        return keep
    cell = np.floor(bins_per_octave * np.log2(np.maximum(truths, 1e-4))).astype(int)
    cells, counts = np.unique(cell, return_counts=True)
    limit = max(1, int(np.median(counts)))
    rng = np.random.default_rng(seed)
    for each in cells:
        members = np.nonzero(cell == each)[0]
        keep[rng.permutation(members)[:limit]] = True
    return keep


def hardened(
    truths: Array,
    keys: Sequence[str],
    scenes: Sequence[int],
    limits: Sequence[tuple[tuple[float, float], float]],
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Which questions to keep so that neither a constant nor a text-only guess scores well.

    Starts from ``stratified`` and leaves out, at random, questions that the best constant or the
    guesser (fitted anew each time) hits, until both score at most the limit in every band. Chosen
    by truths and words alone, before any answer is looked at.

    Args:
        truths: (N,) values.
        keys, scenes: as ``blind_guesses``.
        limits: (band, greatest share of hits) each.
        seed: of the choice.
    """
    truths = np.asarray(truths, dtype=np.float64)
    kept = np.flatnonzero(stratified(truths, seed))
    key, scene = np.asarray(keys), np.asarray(scenes)
    rng = np.random.default_rng(seed)
    for _ in range(_MOST_ROUNDS):
        if len(kept) < _LEAST_KEPT:
            break
        t = truths[kept]
        candidates = np.unique(np.quantile(t, np.linspace(0, 1, 101)))
        guesses = [np.full(len(t), c) for c in candidates]
        guesses.append(blind_guesses(t, list(key[kept]), list(scene[kept])))
        worst, surplus = np.zeros(len(t), bool), 0
        for band, limit in limits:
            for guess in guesses:
                hit = in_band(guess, t, band)
                over = int(np.ceil((hit.sum() - limit * len(t)) / (1.0 - limit) - 1e-9))
                if over > surplus:
                    worst, surplus = hit, over
        if not surplus:
            break
        dropped = rng.permutation(np.flatnonzero(worst))[: max(1, surplus // 2)]
        kept = np.delete(kept, dropped)
    out = np.zeros(len(truths), bool)
    out[kept] = True
    return out
