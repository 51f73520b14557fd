"""Put fragments together into things: merge neighbours whose common border shows no parting.

In: fragment labels, depth, colour. Out: labels of things. Along each common border, depth is
extrapolated from both sides: a step, or an inward bend, parts two things; a smooth or outward
border joins them (Stein et al., CVPR 2014, convexity). Averages over the whole border beat the
noise that made the cuts. Colour speaks where depth is silent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.view import Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

SURE = -3.0
"""Log odds below which a border parts nothing, whatever else it is compared with."""

SAMPLES_PX = (1, 4)
"""Distances from a border, on each side, between which depth is extrapolated to it."""

FAR = 40.0
"""Steps count up to this many times what noise allows."""

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


@dataclass(eq=False)
class Borders:
    """Sums over each pair of neighbouring fragments; row i belongs to ``pairs[i]``.

    Attributes:
        pairs: (P, 2) dense fragment indices, smaller first.
        sums: (P, 8) float64: pixels, signed step / allowance, |step| / allowance, pixels with
            slopes, bend (rad, positive inwards), inward bend, pixels with colour, hue difference.
        pixels: (K,) size of each fragment.
        perimeter: (K,) border pixels shared with any other fragment or the outside.
        colour: (K, 4) sums of chroma a, b, lightness and squared chroma, or None.
    """

    pairs: NDArray[np.int64]
    sums: Array
    pixels: Array
    perimeter: Array
    colour: Array | None


def chroma(colour: NDArray[np.uint8]) -> Float:
    """(3, H, W) float32: two shading-free chroma axes and log lightness of an RGB image.

    Chroma is the difference of colour channels over their sum, damped in the dark, where it is
    noise; equal surfaces differ little in it however they are lit.
    """
    red, green, blue = (c.astype(np.float32) for c in cv2.split(cv2.blur(colour, (3, 3))))
    total = red + green + blue
    scale = np.float32(1.0) / (total + np.float32(60.0))
    out = np.empty((3, *total.shape), np.float32)
    np.multiply(red - green, scale, out=out[0])
    np.multiply(red + green - 2.0 * blue, scale * np.float32(0.5), out=out[1])
    np.log((total + np.float32(30.0)) * np.float32(1.0 / 795.0), out=out[2])
    return out


def measure_borders(labels: Labels, view: WorkingView, hues: Float | None) -> Borders:
    """Statistics of every common border of dense labels 1..K (row 0 is unused)."""
    count = int(labels.max()) + 1
    inside = np.flatnonzero(labels)
    flat = labels.ravel()[inside]
    pixels = np.bincount(flat, minlength=count).astype(np.float64)
    perimeter = np.zeros(count)
    keys: list[NDArray[np.int64]] = []
    rows: list[Array] = []
    for axis in (1, 0):
        camera = view.camera
        key, row = _along(
            np.swapaxes(labels, 1, axis),
            np.swapaxes(view.filled_m, 1, axis),
            np.swapaxes(view.sigma_m, 1, axis),
            None
            if hues is None
            else (np.swapaxes(hues[0], 1, axis), np.swapaxes(hues[1], 1, axis)),
            camera.fx_px if axis == 1 else camera.fy_px,
            count,
            perimeter,
        )
        keys.append(key)
        rows.append(row)
    pairs, sums = _gather(np.concatenate(keys), np.concatenate(rows))
    colour: Array | None = None
    if hues is not None:
        a, b, light = (h.ravel()[inside] for h in hues)
        channels = (a, b, light, a * a + b * b)
        colour = np.stack(
            [np.bincount(flat, weights=c, minlength=count) for c in channels], axis=1
        )
    return Borders(
        np.stack([pairs // count, pairs % count], axis=1), sums, pixels, perimeter, colour
    )


def _gather(key: NDArray[np.int64], row: Array) -> tuple[NDArray[np.int64], Array]:
    """Unique keys, ascending, and the sum of the rows of each."""
    if not len(key):
        return key, row
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    return key[starts], np.add.reduceat(row[order], starts, axis=0)


def _along(
    labels: Labels,
    z: Float,
    sigma: Float,
    hues: tuple[Float, Float] | None,
    focal_px: float,
    count: int,
    perimeter: Array,
) -> tuple[NDArray[np.int64], Array]:
    """One row per border pixel between columns c and c + 1."""
    near, far = SAMPLES_PX
    left, right = labels[:, :-1], labels[:, 1:]
    differs = left != right
    r, c = np.nonzero(differs)
    a, b = left[r, c], right[r, c]
    perimeter += np.bincount(a, minlength=count) + np.bincount(b, minlength=count)
    both = (a > 0) & (b > 0)
    r, c, a, b = r[both], c[both], a[both], b[both]
    width = labels.shape[1]
    # Sample columns on each side, falling back towards the border where the fragment is thin.
    a1, a2 = np.maximum(c - near, 0), np.maximum(c - far, 0)
    b1, b2 = np.minimum(c + 1 + near, width - 1), np.minimum(c + 1 + far, width - 1)
    a1 = np.where(labels[r, a1] == a, a1, c)
    b1 = np.where(labels[r, b1] == b, b1, c + 1)
    sloped_a = (labels[r, a2] == a) & (a2 < a1)
    sloped_b = (labels[r, b2] == b) & (b2 > b1)
    za, zb = z[r, a1], z[r, b1]
    slope_a = np.where(sloped_a, (za - z[r, a2]) / np.maximum(a1 - a2, 1), 0.0)
    slope_b = np.where(sloped_b, (z[r, b2] - zb) / np.maximum(b2 - b1, 1), 0.0)
    # A side without a slope of its own takes the other's: only the step counts there.
    slope_a = np.where(sloped_a, slope_a, slope_b)
    slope_b = np.where(sloped_b, slope_b, slope_a)
    middle = c + 0.5
    step = (zb - slope_b * (b1 - middle)) - (za + slope_a * (middle - a1))
    pixel_m = 0.5 * (za + zb) / focal_px
    noise = np.maximum(sigma[r, a1], sigma[r, b1])
    allowance = 0.003 + noise + pixel_m
    both_sloped = sloped_a & sloped_b
    bend = np.where(both_sloped, np.arctan(slope_a / pixel_m) - np.arctan(slope_b / pixel_m), 0.0)
    row = np.empty((len(r), 8))
    ordered = a < b
    row[:, 0] = 1.0
    row[:, 1] = np.clip(step / allowance, -FAR, FAR) * np.where(ordered, 1.0, -1.0)
    row[:, 2] = np.minimum(np.abs(step) / allowance, FAR)
    row[:, 3] = both_sloped
    row[:, 4] = bend
    row[:, 5] = np.maximum(bend, 0.0)
    row[:, 6] = 0.0
    row[:, 7] = 0.0
    if hues is not None:
        a3, b3 = np.maximum(c - 2, 0), np.minimum(c + 3, width - 1)
        a3 = np.where(labels[r, a3] == a, a3, a1)
        b3 = np.where(labels[r, b3] == b, b3, b1)
        row[:, 6] = 1.0
        row[:, 7] = np.hypot(hues[0][r, a3] - hues[0][r, b3], hues[1][r, a3] - hues[1][r, b3])
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    return low * count + high, row


def features(sums: Array, size: Array, perimeter: Array, colour: Array | None) -> Array:
    """(P, 12) numbers a border is judged by, as named in ``FEATURES``.

    Args:
        sums: (P, 8) rows of ``Borders.sums``.
        size, perimeter: (P, 2) of the two fragments.
        colour: (P, 2, 4) colour sums of the two fragments, or None.
    """
    n = np.maximum(sums[:, 0], 1.0)
    smaller = np.maximum(size.min(axis=1), 1.0)
    bend = sums[:, 4] / np.maximum(sums[:, 3], 1.0)
    out = np.zeros((len(sums), len(FEATURES)))
    step = sums[:, 1] / n
    out[:, 0] = np.log1p(np.abs(step))
    out[:, 1] = np.log1p(sums[:, 2] / n)
    # the step is signed from the first to the second: positive, the second lies farther
    out[:, 2] = np.sign(step) * out[:, 0] * np.where(size[:, 0] <= size[:, 1], 1.0, -1.0)
    out[:, 3] = np.clip(bend, 0.0, 1.5)
    out[:, 4] = np.clip(-bend, 0.0, 1.5)
    out[:, 5] = np.minimum(sums[:, 5] / np.maximum(sums[:, 3], 1.0), 1.5)
    out[:, 6] = np.minimum(n / np.sqrt(smaller), 2.0)
    out[:, 7] = (n[:, None] / np.maximum(perimeter, 1.0)).max(axis=1)
    out[:, 8] = 0.2 * np.log(smaller)
    if colour is not None:
        mean = colour / np.maximum(size, 1.0)[..., None]
        spread = mean[..., 3] - mean[..., 0] ** 2 - mean[..., 1] ** 2
        spread = np.sqrt(np.maximum(spread, 0.0)).sum(axis=1)
        difference = mean[:, 0] - mean[:, 1]
        distance = np.hypot(difference[:, 0], difference[:, 1])
        border = sums[:, 7] / np.maximum(sums[:, 6], 1.0)
        out[:, 9] = np.minimum(4.0 * border, 1.5)
        out[:, 10] = np.minimum(distance / (0.03 + spread), 4.0)
        flat = (out[:, 3] < 0.2) & (out[:, 4] < 0.2)
        out[:, 11] = np.minimum(np.abs(difference[:, 2]), 1.0) * flat
    return out


def parting_logit(feature: Array, has_colour: bool) -> Array:
    """(P,) log odds that each border parts two things."""
    w = JUDGES["colour" if has_colour else "depth"]
    return np.asarray(np.tanh(feature @ w["hidden"] + w["hidden_bias"]) @ w["out"] + w["bias"])


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
    count = len(borders.pixels)
    label = np.arange(count)
    pairs, sums = borders.pairs, borders.sums
    size, perimeter, colour = borders.pixels, borders.perimeter, borders.colour
    for _ in range(count):
        if not len(pairs):
            break
        shade = None if colour is None else colour[pairs]
        feature = features(sums, size[pairs], perimeter[pairs], shade)
        logit = parting_logit(feature, colour is not None) - part_at
        target = _joins(pairs, logit, count)
        if target is None:
            break
        label = target[label]
        moved = target[pairs]
        inner = moved[:, 0] == moved[:, 1]
        # a border inside a joined fragment no longer counts for its outline, from either side
        shared = np.bincount(moved[inner, 0], weights=2.0 * sums[inner, 0], minlength=count)
        size = np.bincount(target, weights=size, minlength=count)
        perimeter = np.bincount(target, weights=perimeter, minlength=count) - shared
        if colour is not None:
            colour = np.stack(
                [np.bincount(target, weights=c, minlength=count) for c in colour.T], axis=1
            )
        moved, row = moved[~inner], sums[~inner]
        swapped = moved[:, 0] > moved[:, 1]
        row[swapped, 1] *= -1.0  # the step is signed from the first of a pair to the second
        moved.sort(axis=1)
        key, sums = _gather(moved[:, 0] * count + moved[:, 1], row)
        pairs = np.stack([key // count, key % count], axis=1)
    return label


def _joins(pairs: NDArray[np.int64], logit: Array, count: int) -> NDArray[np.int64] | None:
    """(count,) which fragment each becomes in this round; None when no border speaks for a join.

    Joined are pairs that are each other's surest join, and a fragment with its surest neighbour
    where the border is beyond doubt.
    """
    order = np.argsort(-logit, kind="stable")  # later assignments win: the lowest logit
    best = np.full(count, -1)
    best[pairs[order].ravel()] = np.repeat(order, 2)
    row = np.arange(len(pairs))
    first, second = best[pairs[:, 0]] == row, best[pairs[:, 1]] == row
    chosen = np.flatnonzero((logit < 0) & ((first & second) | ((first | second) & (logit < SURE))))
    if not len(chosen):
        return None
    return _connected(pairs[chosen], count)


def _connected(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """(count,) which connected part each node belongs to, numbered by their lowest nodes."""
    root = np.arange(count)
    a, b = pairs[:, 0], pairs[:, 1]
    while True:
        lowest = np.minimum(root[a], root[b])
        before = root.copy()
        np.minimum.at(root, root[a], lowest)
        np.minimum.at(root, root[b], lowest)
        root = root[root]
        if np.array_equal(root, before):
            break
    return np.cumsum(root == np.arange(count))[root] - 1
