"""What the common borders of neighbouring fragments look like, summed up for each pair.

In: fragment labels, depth, colour. Out: ``Borders``. Along each border, depth is extrapolated from
both sides to the middle: what is left over is a step; two slopes that differ are a bend. Chroma is
compared across it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.view import Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

SAMPLES_PX = (1, 4)
"""Distances from a border, on each side, between which depth is extrapolated to it."""

HUE_PX = 2
"""Distance from a border, on each side, at which chroma is read."""

FAR = 40.0
"""Steps count up to this many times what noise allows."""

COLUMNS = 8
"""Numbers kept of each pair: see ``Borders.sums``."""

NO_HUES = np.zeros((3, 0, 0), np.float32)


@dataclass(eq=False)
class Borders:
    """Sums over each pair of neighbouring fragments; row i belongs to ``pairs[i]``.

    Attributes:
        pairs: (P, 2) dense fragment indices, smaller first; rows ascending.
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
    return _chroma(np.asarray(cv2.blur(colour, (3, 3)), np.uint8), LIGHTNESS)


LIGHTNESS = np.log((np.arange(766) + 30.0) / 795.0).astype(np.float32)
"""Log lightness by the sum of the three channels."""


@compiled("u1[:,:,::1], f4[::1]")
def _chroma(colour: NDArray[np.uint8], lightness: Float) -> Float:
    rows, columns, _ = colour.shape
    out = np.empty((3, rows, columns), np.float32)
    for r in range(rows):
        for c in range(columns):
            red, green, blue = (
                np.int32(colour[r, c, 0]),
                np.int32(colour[r, c, 1]),
                np.int32(colour[r, c, 2]),
            )
            total = red + green + blue
            scale = np.float32(1.0) / np.float32(total + 60)
            out[0, r, c] = np.float32(red - green) * scale
            out[1, r, c] = np.float32(red + green - 2 * blue) * (scale * np.float32(0.5))
            out[2, r, c] = lightness[total]
    return out


def measure_borders(labels: Labels, view: WorkingView, hues: Float | None) -> Borders:
    """Statistics of every common border of dense labels 1..K (row 0 is unused)."""
    camera = view.camera
    pairs, sums, pixels, perimeter, colour = _measured(
        labels,
        view.filled_m,
        view.sigma_m,
        NO_HUES if hues is None else hues,
        camera.fx_px,
        camera.fy_px,
    )
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    return Borders(pairs[order], sums[order], pixels, perimeter, None if hues is None else colour)


@compiled("i4[:,::1], f4[:,::1], f4[:,::1], f4[:,:,::1], f8, f8")
def _measured(
    labels: Labels, z_m: Float, sigma_m: Float, hues: Float, fx_px: float, fy_px: float
) -> tuple[NDArray[np.int64], Array, Array, Array, Array]:
    """Pairs (P, 2) in the order met, their sums, and size, outline and colour of each label."""
    rows, columns = labels.shape
    flat, z, sigma = labels.ravel(), z_m.ravel(), sigma_m.ravel()
    has_hues = hues.size > 0
    a, b, light = hues[0].ravel(), hues[1].ravel(), hues[2].ravel()
    count = 0
    for label in flat:
        count = max(count, label)
    count += 1
    pixels, perimeter = np.zeros(count), np.zeros(count)
    colour = np.zeros((count, 4))
    for i in range(flat.size):
        label = flat[i]
        if label:
            pixels[label] += 1.0
            if has_hues:
                colour[label, 0] += a[i]
                colour[label, 1] += b[i]
                colour[label, 2] += light[i]
                colour[label, 3] += a[i] * a[i] + b[i] * b[i]
    places = np.full(256, -1, np.int64)  # where the sums of a pair are, by a hash of the pair
    pairs = np.empty((64, 2), np.int64)
    sums = np.zeros((64, COLUMNS))
    number = 0
    for axis in range(2):
        stride = 1 if axis == 0 else columns
        length = columns if axis == 0 else rows
        focal = fx_px if axis == 0 else fy_px
        for r in range(rows if axis == 0 else rows - 1):
            for c in range(columns - 1 if axis == 0 else columns):
                here = r * columns + c
                first, second = flat[here], flat[here + stride]
                if first == second:
                    continue
                perimeter[first] += 1.0
                perimeter[second] += 1.0
                if first == 0 or second == 0:
                    continue
                low, high = min(first, second), max(first, second)
                slot = _slot(places, pairs, low, high)
                row = places[slot]
                if row < 0:
                    if number == len(pairs):
                        pairs, sums = _doubled(pairs), _doubled(sums)
                    pairs[number, 0], pairs[number, 1] = low, high
                    row = places[slot] = number
                    number += 1
                    if 4 * number > len(places):
                        places = _places(pairs, number, 4 * len(places))
                at = c if axis == 0 else r
                _add(sums[row], flat, z, sigma, here, stride, at, length, focal)
                if has_hues:
                    far = HUE_PX
                    on_a = here - far * stride if at >= far else here - at * stride
                    room = length - 1 - (at + 1)
                    on_b = here + stride + min(far, room) * stride
                    if flat[on_a] != first:
                        on_a = here - stride if at >= 1 and flat[here - stride] == first else here
                    if flat[on_b] != second:
                        on_b = here + stride
                        if room >= 1 and flat[here + 2 * stride] == second:
                            on_b = here + 2 * stride
                    sums[row, 6] += 1.0
                    sums[row, 7] += np.hypot(a[on_a] - a[on_b], b[on_a] - b[on_b])
    return pairs[:number].copy(), sums[:number].copy(), pixels, perimeter, colour


@compiled("f8[::1], i4[::1], f4[::1], f4[::1], i8, i8, i8, i8, f8")
def _add(
    row: Array,
    flat: Labels,
    z: Float,
    sigma: Float,
    here: int,
    stride: int,
    at: int,
    length: int,
    focal_px: float,
) -> None:
    """Add the border between ``here`` and the next pixel to the first six sums of a pair.

    Samples fall back towards the border where a fragment is thin; a side without a slope of its
    own takes the other's: only the step counts there.
    """
    near, far = SAMPLES_PX
    first, second = flat[here], flat[here + stride]
    near_a, far_a = min(near, at), min(far, at)
    room = length - 1 - (at + 1)
    near_b, far_b = min(near, room), min(far, room)
    if flat[here - near_a * stride] != first:
        near_a = 0
    if flat[here + stride + near_b * stride] != second:
        near_b = 0
    za = np.float64(z[here - near_a * stride])
    zb = np.float64(z[here + stride + near_b * stride])
    sloped_a = flat[here - far_a * stride] == first and far_a > near_a
    sloped_b = flat[here + stride + far_b * stride] == second and far_b > near_b
    slope_a = slope_b = 0.0
    if sloped_a:
        slope_a = (za - z[here - far_a * stride]) / (far_a - near_a)
    if sloped_b:
        slope_b = (z[here + stride + far_b * stride] - zb) / (far_b - near_b)
    if not sloped_a:
        slope_a = slope_b
    if not sloped_b:
        slope_b = slope_a
    step = (zb - slope_b * (near_b + 0.5)) - (za + slope_a * (near_a + 0.5))
    pixel_m = 0.5 * (za + zb) / focal_px
    noise = max(sigma[here - near_a * stride], sigma[here + stride + near_b * stride])
    step /= 0.003 + noise + pixel_m
    sign = 1.0 if first < second else -1.0
    row[0] += 1.0
    row[1] += sign * min(max(step, -FAR), FAR)
    row[2] += min(abs(step), FAR)
    if sloped_a and sloped_b:
        bend = np.arctan(slope_a / pixel_m) - np.arctan(slope_b / pixel_m)
        row[3] += 1.0
        row[4] += bend
        row[5] += max(bend, 0.0)


@compiled("i8[::1], i8[:,::1], i8, i8")
def _slot(places: NDArray[np.int64], pairs: NDArray[np.int64], low: int, high: int) -> int:
    """Where in ``places`` a pair is, or belongs."""
    mask = len(places) - 1
    slot = (low * 73856093 + high * 19349663) & mask
    while places[slot] >= 0:
        row = places[slot]
        if pairs[row, 0] == low and pairs[row, 1] == high:
            break
        slot = (slot + 1) & mask
    return slot


@compiled("i8[:,::1], i8, i8")
def _places(pairs: NDArray[np.int64], number: int, size: int) -> NDArray[np.int64]:
    """A larger table of the places of the first ``number`` pairs."""
    places = np.full(size, -1, np.int64)
    for row in range(number):
        places[_slot(places, pairs, pairs[row, 0], pairs[row, 1])] = row
    return places


@compiled("f8[:,::1]")
def _doubled(rows: Array) -> Array:
    """The same rows, and as many of zeros."""
    out = np.zeros((2 * rows.shape[0], rows.shape[1]), rows.dtype)
    out[: rows.shape[0]] = rows
    return out
