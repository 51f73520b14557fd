"""Colour words from RGB pixels: eleven basic colour terms and silver.

In: RGB pixels and which thing each belongs to. Out: per thing the words that cover a good share
of it, most frequent first. Shading scales all channels of a surface alike, so hue sorts the
pixels, and how light a thing's *lit* part is (not each pixel) tells white from grey from black,
orange from brown, pink from red.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled

Array = NDArray[np.float64]

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
"""Least share of a thing's pixels for a further colour word."""

HUE_EDGES_DEG = (16.0, 40.0, 68.0, 165.0, 258.0, 292.0, 342.0)
"""Between red, orange, yellow, green, blue, purple, pink and red again."""

_SECTOR_OF_HUE = np.array([1, 2, 3, 4, 5, 6, 7, 1])
_SECTORS = 8  # 0 has no hue
_TONES = 16
_LIT = 0.8
"""Quantile of a thing's brightness that stands for its lit part."""


def colour_words(rgb: NDArray[np.uint8], white: float = 255.0) -> tuple[str, ...]:
    """Colour words of an (N, 3) uint8 RGB sample of one thing; () when N is 0.

    Args:
        white: brightness that counts as white in this image (a dark picture has less).
    """
    if len(rgb) == 0:
        return ()
    return words_of_each(rgb, np.ones(len(rgb), np.int32), 1, white)[1]


def words_of_each(
    rgb: NDArray[np.uint8], label: NDArray[np.int32], count: int, white: float = 255.0
) -> list[tuple[str, ...]]:
    """Colour words of things 0..count from (N, 3) uint8 RGB pixels and their (N,) labels."""
    if len(rgb) == 0:
        return [()] * (count + 1)
    return words_of_tally(tally(rgb[None], label[None], count, white))


@dataclass(frozen=True, eq=False)
class Tally:
    """Pixels of things 0..K by hue and tone.

    Attributes:
        tones: (K + 1, 8, 16) int64 pixels by sector of hue (0: none) and brightness.
        saturation: (K + 1, 8) mean saturation, 0-1.
        rgb: (K + 1, 3) mean colour, 0-255.
    """

    tones: NDArray[np.int64]
    saturation: Array
    rgb: Array


def tally(
    rgb: NDArray[np.uint8], label: NDArray[np.int32], count: int, white: float, least: int = 0
) -> Tally:
    """Sort the pixels of an (H, W, 3) picture by their (H, W) labels, hue and tone.

    Args:
        least: pixels of labels lower than this are left out.
    """
    rgb = np.ascontiguousarray(rgb)
    hsv = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV_FULL), np.uint8)
    return Tally(*_tallied(rgb, hsv, label, count, white, least, _SECTOR_TABLE))


@compiled("u1[:,:,::1], u1[:,:,::1], i4[:,::1], i8, f8, i8, i8[::1]")
def _tallied(
    rgb: NDArray[np.uint8],
    hsv: NDArray[np.uint8],
    label: NDArray[np.int32],
    count: int,
    white: float,
    least: int,
    sector_of_hue: NDArray[np.int64],
) -> tuple[NDArray[np.int64], Array, Array]:
    """Tones, mean saturation and mean colour: see ``Tally``."""
    tones = np.zeros((count + 1, _SECTORS, _TONES), np.int64)
    saturation, number = np.zeros((count + 1, _SECTORS)), np.zeros(count + 1)
    mean = np.zeros((count + 1, 3))
    bright = np.float32(1 / max(white, 1.0))
    rows, columns = label.shape
    for r in range(rows):
        for c in range(columns):
            thing = label[r, c]
            if thing < least:
                continue
            for k in range(3):
                mean[thing, k] += rgb[r, c, k]
            number[thing] += 1.0
            value = min(np.float32(hsv[r, c, 2]) * bright, np.float32(1.0))
            colourful = np.float32(hsv[r, c, 1]) * np.float32(1 / 255)
            sector = sector_of_hue[hsv[r, c, 0]]
            # the darker a pixel, the less its hue means
            if colourful < 0.17 + 1.5 * max(np.float32(0.3) - value, np.float32(0.0)):
                sector = 0
            tones[thing, sector, min(int(value * _TONES), _TONES - 1)] += 1
            saturation[thing, sector] += colourful
    for thing in range(count + 1):
        for sector in range(_SECTORS):
            saturation[thing, sector] /= max(tones[thing, sector].sum(), 1)
        for k in range(3):
            mean[thing, k] /= max(number[thing], 1.0)
    return tones, saturation, mean


def words_of_tally(sorted_by: Tally) -> list[tuple[str, ...]]:
    """Colour words of each thing, most frequent first."""
    return [_words(row) for row in _named(sorted_by.tones, sorted_by.saturation)]


_SECTOR_TABLE = _SECTOR_OF_HUE[np.searchsorted(HUE_EDGES_DEG, np.arange(256) * (360.0 / 256.0))]


def _named(tones: NDArray[np.int64], saturation: Array) -> NDArray[np.int64]:
    """(K, 12) pixels per colour word from (K, 8, 16) tones and (K, 8) mean saturations."""
    number = tones.sum(axis=2)
    reached = np.cumsum(tones, axis=2) >= _LIT * number[..., None]
    lit = (np.argmax(reached, axis=2) + 0.5) / _TONES
    out = np.zeros((len(tones), len(COLOURS)), np.int64)
    out[:, :7] = number[:, 1:]  # red ... pink are the first seven words
    everything = np.arange(len(tones))
    for sector, darker_than in ((2, 0.70), (3, 0.50), (1, 0.36)):
        brown = (lit[:, sector] < darker_than) & (saturation[:, sector] < 0.78)
        if sector == 1:
            brown &= saturation[:, sector] < 0.55
        out[everything[brown], sector - 1] -= number[brown, sector]
        out[everything[brown], 7] += number[brown, sector]
    pale = (lit[:, 1] > 0.6) & (saturation[:, 1] < 0.5)
    out[pale, 0] -= number[pale, 1]
    out[pale, 6] += number[pale, 1]
    # Without hue: pixels far darker than the lit part are a black part, the rest is one tone.
    level = (np.arange(_TONES) + 0.5) / _TONES
    plain = tones[:, 0]
    dark = (level[None, :] < 0.33 * lit[:, :1]) & (level[None, :] < 0.24)
    dark_number = (plain * dark).sum(axis=1)
    rest = number[:, 0] - dark_number
    word = np.where(lit[:, 0] > 0.7, 9, np.where(lit[:, 0] < 0.30, 8, 10))
    out[:, 8] += dark_number
    out[everything, word] += rest
    # grey with highlights is metal: silver beside grey
    shiny = (word == 10) & (plain[:, level > 0.9].sum(axis=1) > 0.03 * np.maximum(rest, 1))
    out[shiny, 11] = out[shiny, 10]
    return out


def _words(counts: NDArray[np.int64]) -> tuple[str, ...]:
    total = int(counts[:11].sum())
    order = np.argsort(-counts, kind="stable")
    return tuple(
        COLOURS[i]
        for n, i in enumerate(order)
        if counts[i] > 0 and (n == 0 or counts[i] >= SECONDARY_SHARE * total)
    )
