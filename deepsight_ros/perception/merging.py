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

SAMPLES_PX = (1, 4)
"""Distances from a border, on each side, between which depth is extrapolated to it."""

FEATURES = (
    "step",
    "rough",
    "concave",
    "convex",
    "length",
    "enclosed",
    "size",
    "hue",
    "apart",
    "light",
)
"""What a border is judged by: mean step and mean absolute step over what noise allows; bend
inwards and outwards (rad); length over the root of the smaller fragment's pixels; share of the
border in either outline; log of the smaller size; chroma difference across the border, chroma
difference of the fragments over their spread, and difference in lightness of flat borders."""


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
    """(H, W, 3) float32: two shading-free chroma axes and log lightness of an RGB image.

    Chroma is the difference of colour channels over their sum, damped in the dark, where it is
    noise; equal surfaces differ little in it however they are lit.
    """
    rgb = cv2.blur(colour, (3, 3)).astype(np.float32)
    total = rgb.sum(axis=2)
    scale = np.float32(1.0) / (total + np.float32(60.0))
    out = np.empty(rgb.shape, np.float32)
    out[..., 0] = (rgb[..., 0] - rgb[..., 1]) * scale
    out[..., 1] = (rgb[..., 0] + rgb[..., 1] - 2.0 * rgb[..., 2]) * scale * np.float32(0.5)
    out[..., 2] = np.log((total + np.float32(30.0)) * np.float32(1.0 / 795.0))
    return out


def measure_borders(labels: Labels, view: WorkingView, hues: Float | None) -> Borders:
    """Statistics of every common border of dense labels 1..K (row 0 is unused)."""
    count = int(labels.max()) + 1
    pixels = np.bincount(labels.ravel(), minlength=count).astype(np.float64)
    keys: list[NDArray[np.int64]] = []
    rows: list[Array] = []
    perimeter = np.zeros(count)
    for axis in (1, 0):
        turn = (lambda a: a) if axis == 1 else _transposed
        focal = view.camera.fx_px if axis == 1 else view.camera.fy_px
        found = _along(
            turn(labels),
            turn(view.filled_m),
            turn(view.sigma_m),
            None if hues is None else turn(hues),
            focal,
            count,
            perimeter,
        )
        keys.append(found[0])
        rows.append(found[1])
    key = np.concatenate(keys)
    row = np.concatenate(rows)
    unique, inverse = np.unique(key, return_inverse=True)
    sums = np.stack(
        [np.bincount(inverse, weights=row[:, k], minlength=len(unique)) for k in range(8)], axis=1
    )
    colour: Array | None = None
    if hues is not None:
        flat = labels.ravel()
        square = hues[..., 0] * hues[..., 0] + hues[..., 1] * hues[..., 1]
        channels = (hues[..., 0], hues[..., 1], hues[..., 2], square)
        colour = np.stack(
            [np.bincount(flat, weights=c.ravel(), minlength=count) for c in channels], axis=1
        )
    pairs = np.stack([unique // count, unique % count], axis=1)
    return Borders(pairs, sums.reshape(-1, 8), pixels, perimeter, colour)


def _transposed(a: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.swapaxes(a, 0, 1)


def _along(
    labels: Labels,
    z: Float,
    sigma: Float,
    hues: Float | None,
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
    row[:, 1] = np.clip(step / allowance, -6, 6) * np.where(ordered, 1.0, -1.0)
    row[:, 2] = np.minimum(np.abs(step) / allowance, 6.0)
    row[:, 3] = both_sloped
    row[:, 4] = bend
    row[:, 5] = np.maximum(bend, 0.0)
    row[:, 6] = 0.0
    row[:, 7] = 0.0
    if hues is not None:
        a1c = np.where(labels[r, np.maximum(c - 2, 0)] == a, np.maximum(c - 2, 0), a1)
        b1c = np.where(
            labels[r, np.minimum(c + 3, width - 1)] == b, np.minimum(c + 3, width - 1), b1
        )
        difference = hues[r, a1c, :2] - hues[r, b1c, :2]
        row[:, 6] = 1.0
        row[:, 7] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    return low * count + high, row


def features(sums: Array, size: Array, perimeter: Array, colour: Array | None) -> Array:
    """(P, 10) numbers a border is judged by, as named in ``FEATURES``.

    Args:
        sums: (P, 8) rows of ``Borders.sums``.
        size, perimeter: (P, 2) of the two fragments.
        colour: (P, 2, 4) colour sums of the two fragments, or None.
    """
    n = np.maximum(sums[:, 0], 1.0)
    smaller = np.maximum(size.min(axis=1), 1.0)
    bend = sums[:, 4] / np.maximum(sums[:, 3], 1.0)
    out = np.zeros((len(sums), 10))
    out[:, 0] = np.minimum(np.abs(sums[:, 1]) / n, 3.0)
    out[:, 1] = np.minimum(sums[:, 2] / n, 3.0)
    out[:, 2] = np.clip(bend, 0.0, 1.5)
    out[:, 3] = np.clip(-bend, 0.0, 1.5)
    out[:, 4] = np.minimum(n / np.sqrt(smaller), 2.0)
    out[:, 5] = (n[:, None] / np.maximum(perimeter, 1.0)).max(axis=1)
    out[:, 6] = 0.2 * np.log(smaller)
    if colour is not None:
        mean = colour / np.maximum(size, 1.0)[..., None]
        spread = mean[..., 3] - mean[..., 0] ** 2 - mean[..., 1] ** 2
        spread = np.sqrt(np.maximum(spread, 0.0)).sum(axis=1)
        difference = mean[:, 0] - mean[:, 1]
        distance = np.hypot(difference[:, 0], difference[:, 1])
        border = sums[:, 7] / np.maximum(sums[:, 6], 1.0)
        out[:, 7] = np.minimum(4.0 * border, 1.5)
        out[:, 8] = np.minimum(distance / (0.03 + spread), 4.0)
        flat = (out[:, 2] < 0.2) & (out[:, 3] < 0.2)
        out[:, 9] = np.minimum(np.abs(difference[:, 2]), 1.0) * flat
    return out


def parting_logit(feature: Array, has_colour: bool, colour_cut: float) -> Array:
    """(P,) log odds that each border parts two things."""
    w = JUDGES["colour" if has_colour and colour_cut > 0 else "depth"]
    return np.asarray(np.tanh(feature @ w["hidden"] + w["hidden_bias"]) @ w["out"] + w["bias"])


def _load_judges() -> dict[str, dict[str, Array]]:
    text = (Path(__file__).parent / "border_judge.json").read_text(encoding="utf-8")
    return {
        name: {key: np.array(value, dtype=np.float64) for key, value in weights.items()}
        for name, weights in json.loads(text).items()
    }


JUDGES = _load_judges()
"""Two small networks (10 features, 10 hidden units) by ``training.fit_borders``."""


def merge(borders: Borders, colour_cut: float) -> NDArray[np.int64]:
    """(K,) new label of each fragment: greedy, surest join first, borders re-judged after each."""
    count = len(borders.pixels)
    parent = np.arange(count)
    if not len(borders.pairs):
        return parent
    has_colour = borders.colour is not None
    size = borders.pixels.copy()
    perimeter = borders.perimeter.copy()
    colour = None if borders.colour is None else borders.colour.copy()
    pairs, sums = borders.pairs.copy(), borders.sums.copy()
    alive = np.ones(len(pairs), bool)

    def judge(rows: NDArray[np.intp]) -> Array:
        at = pairs[rows]
        shade = None if colour is None else colour[at]
        return parting_logit(
            features(sums[rows], size[at], perimeter[at], shade), has_colour, colour_cut
        )

    logit = judge(np.arange(len(pairs)))
    while True:
        best = int(np.argmin(logit))
        if logit[best] >= 0.0:
            break
        a, b = int(pairs[best, 0]), int(pairs[best, 1])
        parent[parent == b] = a
        total = size[a] + size[b]
        if colour is not None:
            colour[a] += colour[b]
        size[a] = total
        perimeter[a] = max(perimeter[a] + perimeter[b] - 2.0 * sums[best, 0], 1.0)
        alive[best] = False
        logit[best] = np.inf
        touched = np.flatnonzero(alive & ((pairs == a) | (pairs == b)).any(axis=1))
        other = np.where((pairs[touched] == a) | (pairs[touched] == b), 0, pairs[touched]).sum(1)
        was = np.where(pairs[touched, 0] == other, 1.0, -1.0)  # sign: other is the first of pair
        now = np.where(other < a, 1.0, -1.0)
        sums[touched, 1] *= was * now
        pairs[touched, 0] = np.minimum(other, a)
        pairs[touched, 1] = np.maximum(other, a)
        order = np.argsort(other, kind="stable")
        same = np.flatnonzero(other[order][1:] == other[order][:-1])
        for k in same:  # a third fragment bordered on both: one border now
            keep, drop = touched[order[k + 1]], touched[order[k]]
            sums[keep] += sums[drop]
            alive[drop] = False
            logit[drop] = np.inf
        touched = touched[alive[touched]]
        if len(touched):
            logit[touched] = judge(touched)
    return parent
