"""Colour words from RGB pixels: eleven basic colour terms and silver.

In: RGB pixels of one object. Out: the word for its main colour, and every word that covers a
good share of it. Shading moves a surface along a line through black, so hue and saturation
decide and lightness only separates what has no hue (and brown from orange, pink from red).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
    "silver",
)


SECONDARY_SHARE = 0.18
"""Least share of an object's pixels for a further colour word."""


def colour_words(rgb: NDArray[np.uint8], white: float = 255.0) -> tuple[str, ...]:
    """Colour words of an (N, 3) uint8 RGB sample, most frequent first; () when N is 0.

    Args:
        white: brightness that counts as white in this image (a dark picture has less).
    """
    if len(rgb) == 0:
        return ()
    return words_of_counts(np.bincount(classify(rgb, white), minlength=len(COLOURS)))


def words_of_counts(counts: NDArray[np.int64]) -> tuple[str, ...]:
    """Words, most frequent first, of the number of pixels per entry of ``COLOURS``."""
    total = int(counts.sum())
    order = np.argsort(-counts, kind="stable")
    return tuple(
        COLOURS[i]
        for n, i in enumerate(order)
        if counts[i] > 0 and (n == 0 or counts[i] >= SECONDARY_SHARE * total)
    )


def classify(rgb: NDArray[np.uint8], white: float = 255.0) -> NDArray[np.int64]:
    """(N,) index into ``COLOURS`` of each of (N, 3) uint8 RGB pixels."""
    if len(rgb) == 0:
        return np.zeros(0, np.int64)
    hsv = cv2.cvtColor(np.ascontiguousarray(rgb).reshape(1, -1, 3), cv2.COLOR_RGB2HSV_FULL)
    hsv = np.asarray(hsv).reshape(-1, 3).astype(np.float32)
    hue = hsv[:, 0] * (360.0 / 256.0)
    saturation = hsv[:, 1] / 255.0
    value = np.minimum(hsv[:, 2] / max(white, 1.0), 1.0)
    edges = np.array([16.0, 40.0, 68.0, 165.0, 258.0, 292.0, 342.0])
    wheel = np.array([0, 1, 2, 3, 4, 5, 6, 0])  # red orange yellow green blue purple pink red
    out = wheel[np.searchsorted(edges, hue)]
    out = np.where((out == 1) & (value < 0.62), 7, out)  # dark orange is brown
    out = np.where((out == 2) & (value < 0.42) & (hue < 52), 7, out)
    out = np.where((out == 0) & (value < 0.35) & (hue > 8) & (hue < 30), 7, out)
    out = np.where((out == 0) & (value > 0.6) & (saturation < 0.5), 6, out)  # pale red is pink
    dull = (saturation < 0.18) | ((saturation < 0.28) & (value < 0.3)) | (value < 0.14)
    greys = np.where(value < 0.24, 8, np.where(value > 0.78, 9, 10))
    return np.where(dull, greys, out).astype(np.int64)
