"""Put fragments together into things: merge neighbours whose common border shows no parting.

In: ``Borders`` between fragments. Out: labels of things. A step, or an inward bend, parts two
things; a smooth or outward border joins them (Stein et al., CVPR 2014, convexity). Averages over
the whole border beat the noise that made the cuts. Colour speaks where depth is silent.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.borders import Borders

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Pairs = NDArray[np.int64]

SURE = -3.0
"""Log odds below which a border parts nothing, whatever else it is compared with."""

FEATURES = (
    "step",
    "rough",
    "ahead",
    "concave",
    "convex",
    "inward",
    "length",
    "enclosed",
    "size",
    "hue",
    "apart",
    "light",
)
"""What a border is judged by: mean step and mean absolute step, over what noise allows (log), and
the step as positive where the smaller fragment lies nearer; bend
inwards and outwards (rad), and its inward part alone; length over the root of the smaller
fragment's pixels; share of the border in either outline; log of the smaller size; chroma
difference across the border, chroma difference of the fragments over their spread, and
difference in lightness of flat borders."""

JUDGE_FILE = Path(__file__).parent / "border_judge.json"
"""Weights of the two judges, with colour and without; written by ``training.fit_borders``."""

NUMBER = len(FEATURES)


def features(sums: Array, size: Array, perimeter: Array, colour: Array | None) -> Array:
    """(P, 12) numbers a border is judged by, as named in ``FEATURES``.

    Args:
        sums: (P, 8) rows of ``Borders.sums``.
        size, perimeter: (P, 2) of the two fragments.
        colour: (P, 2, 4) colour sums of the two fragments, or None.
    """
    return _features(sums, size, perimeter, NO_COLOUR if colour is None else colour)


NO_COLOUR = np.zeros((0, 2, 4))


@compiled("f8[:,::1], f8[:,::1], f8[:,::1], f8[:,:,::1]")
def _features(sums: Array, size: Array, perimeter: Array, colour: Array) -> Array:
    """See ``features``; ``colour`` may be empty."""
    out = np.zeros((len(sums), NUMBER))
    for i in range(len(sums)):
        row = out[i]
        n = max(sums[i, 0], 1.0)
        smaller = max(min(size[i, 0], size[i, 1]), 1.0)
        sloped = max(sums[i, 3], 1.0)
        bend = sums[i, 4] / sloped
        step = sums[i, 1] / n
        row[0] = np.log1p(abs(step))
        row[1] = np.log1p(sums[i, 2] / n)
        # the step is signed from the first to the second: positive, the second lies farther
        row[2] = np.sign(step) * row[0] * (1.0 if size[i, 0] <= size[i, 1] else -1.0)
        row[3] = min(max(bend, 0.0), 1.5)
        row[4] = min(max(-bend, 0.0), 1.5)
        row[5] = min(sums[i, 5] / sloped, 1.5)
        row[6] = min(n / np.sqrt(smaller), 2.0)
        row[7] = n / max(min(perimeter[i, 0], perimeter[i, 1]), 1.0)
        row[8] = 0.2 * np.log(smaller)
        if not len(colour):
            continue
        mean = colour[i] / np.maximum(size[i], 1.0).reshape(2, 1)
        spread = 0.0
        for side in range(2):
            square = mean[side, 3] - mean[side, 0] ** 2 - mean[side, 1] ** 2
            spread += np.sqrt(max(square, 0.0))
        distance = np.hypot(mean[0, 0] - mean[1, 0], mean[0, 1] - mean[1, 1])
        row[9] = min(4.0 * sums[i, 7] / max(sums[i, 6], 1.0), 1.5)
        row[10] = min(distance / (0.03 + spread), 4.0)
        if row[3] < 0.2 and row[4] < 0.2:
            row[11] = min(abs(mean[0, 2] - mean[1, 2]), 1.0)
    return out


@compiled("f8[:,::1], f8[:,::1], f8[::1], f8[::1], f8")
def _logit(feature: Array, hidden: Array, hidden_bias: Array, out: Array, bias: float) -> Array:
    """(P,) output of a network of one hidden layer."""
    logit = np.empty(len(feature))
    for i in range(len(feature)):
        total = bias
        for k in range(len(out)):
            unit = hidden_bias[k]
            for f in range(feature.shape[1]):
                unit += feature[i, f] * hidden[f, k]
            total += out[k] * np.tanh(unit)
        logit[i] = total
    return logit


def _weights(has_colour: bool) -> tuple[Array, Array, Array, float]:
    w = JUDGES["colour" if has_colour else "depth"]
    return w["hidden"], w["hidden_bias"], w["out"], float(w["bias"])


def _load_judges() -> dict[str, dict[str, Array]]:
    judges = json.loads(JUDGE_FILE.read_text(encoding="utf-8"))
    return {
        name: {key: np.array(value, dtype=np.float64) for key, value in weights.items()}
        for name, weights in judges.items()
    }


JUDGES = _load_judges()
"""Two small networks (12 features, 12 hidden units) by ``training.fit_borders``."""


def merge(borders: Borders, part_at: float = 0.0) -> NDArray[np.int64]:
    """(K,) new label of each fragment.

    In rounds: every pair of neighbours that are each other's surest join is joined, then the
    borders of the joined fragments are judged again; until no border speaks for a join.

    Args:
        part_at: log odds from which a border parts two things.
    """
    colour = borders.colour
    return _merged(
        borders.pairs,
        borders.sums,
        borders.pixels,
        borders.perimeter,
        NO_COLOUR[:, 0] if colour is None else colour,
        part_at,
        *_weights(colour is not None),
    )


@compiled("i8[:,::1], f8[:,::1], f8[::1], f8[::1], f8[:,::1], f8, f8[:,::1], f8[::1], f8[::1], f8")
def _merged(
    pairs: Pairs,
    sums: Array,
    size: Array,
    perimeter: Array,
    colour: Array,
    part_at: float,
    hidden: Array,
    hidden_bias: Array,
    out: Array,
    bias: float,
) -> Index:
    """See ``merge``; ``colour`` is empty without, the last four are the judge's weights."""
    count = len(size)
    label = np.arange(count)
    size, perimeter = size.copy(), perimeter.copy()
    while len(pairs):
        of_size, of_perimeter = np.empty((len(pairs), 2)), np.empty((len(pairs), 2))
        shade = np.empty((len(pairs) if len(colour) else 0, 2, 4))
        for i in range(len(pairs)):
            for side in range(2):
                of_size[i, side] = size[pairs[i, side]]
                of_perimeter[i, side] = perimeter[pairs[i, side]]
                if len(colour):
                    shade[i, side] = colour[pairs[i, side]]
        feature = _features(sums, of_size, of_perimeter, shade)
        logit = _logit(feature, hidden, hidden_bias, out, bias) - part_at
        target, number = _joins(pairs, logit, count)
        if not number:
            break
        for i in range(count):
            label[i] = target[label[i]]
        size, perimeter = _summed(target, size), _summed(target, perimeter)
        if len(colour):
            shades = np.zeros_like(colour)
            for i in range(count):
                shades[target[i]] += colour[i]
            colour = shades
        pairs, sums = _joined_borders(pairs, sums, target, perimeter)
    return label


@compiled("i8[::1], f8[::1]")
def _summed(target: Index, values: Array) -> Array:
    """(count,) sum of the values of what became each."""
    out = np.zeros(len(values))
    for i in range(len(values)):
        out[target[i]] += values[i]
    return out


@compiled("i8[:,::1], f8[:,::1], i8[::1], f8[::1]")
def _joined_borders(
    pairs: Pairs, sums: Array, target: Index, perimeter: Array
) -> tuple[Pairs, Array]:
    """Borders of the joined fragments, ascending; a border inside one of them no longer counts
    for its outline (``perimeter``, in place), from either side."""
    moved, signs = np.empty_like(pairs), np.ones(len(pairs))
    key = np.empty(len(pairs), np.int64)
    for i in range(len(pairs)):
        a, b = target[pairs[i, 0]], target[pairs[i, 1]]
        if a == b:
            perimeter[a] -= 2.0 * sums[i, 0]
        if a > b:
            a, b = b, a
            signs[i] = -1.0  # the step is signed from the first of a pair to the second
        moved[i, 0], moved[i, 1] = a, b
        key[i] = -1 if a == b else a * len(target) + b
    order = np.argsort(key, kind="mergesort")
    new_pairs, new_sums = np.empty_like(pairs), np.zeros_like(sums)
    number, last = 0, np.int64(-1)
    for i in order:
        if key[i] < 0:
            continue
        if key[i] != last:
            last = key[i]
            new_pairs[number] = moved[i]
            number += 1
        for k in range(sums.shape[1]):
            new_sums[number - 1, k] += sums[i, k] * (signs[i] if k == 1 else 1.0)
    return new_pairs[:number].copy(), new_sums[:number].copy()


@compiled("i8[:,::1], f8[::1], i8")
def _joins(pairs: Pairs, logit: Array, count: int) -> tuple[Index, int]:
    """(count,) which fragment each becomes in this round, and how many borders spoke for a join.

    Joined are pairs that are each other's surest join, and a fragment with its surest neighbour
    where the border is beyond doubt. Fragments are numbered by the lowest of their parts.
    """
    best = np.full(count, -1, np.int64)
    for i in range(len(pairs)):
        for side in range(2):
            end = pairs[i, side]
            if best[end] < 0 or logit[i] <= logit[best[end]]:
                best[end] = i
    root = np.arange(count)
    number = 0
    for i in range(len(pairs)):
        first, second = best[pairs[i, 0]] == i, best[pairs[i, 1]] == i
        if logit[i] < 0 and ((first and second) or ((first or second) and logit[i] < SURE)):
            number += 1
            a, b = pairs[i, 0], pairs[i, 1]
            while root[a] != a:
                a = root[a]
            while root[b] != b:
                b = root[b]
            root[max(a, b)] = min(a, b)
    target = np.empty(count, np.int64)
    roots = 0
    for i in range(count):
        if root[i] == i:
            target[i] = roots
            roots += 1
        else:  # its root is lower, and numbered already
            target[i] = target[root[i]]
    return target, number
