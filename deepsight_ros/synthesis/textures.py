"""Procedural surface patterns: a name in, a tileable grey picture out.

A pattern says how far each point of a surface is from the material's first colour to its second.
All patterns lie in one atlas, so that a renderer looks every pixel up at once.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

TILE_PX = 64
"""Side of one tile; a tile covers eight periods of a material's pattern."""
PERIODS_PER_TILE = 8


def _grid() -> tuple[F32, F32]:
    at = (np.arange(TILE_PX, dtype=np.float32) + 0.5) / TILE_PX * PERIODS_PER_TILE
    return np.meshgrid(at, at)


def _noise(seed: int, blur_px: tuple[float, float]) -> F32:
    """Smooth tileable noise in 0-1; blur in px across and down."""
    rng = np.random.default_rng([seed, 5])
    white = np.tile(rng.standard_normal((TILE_PX, TILE_PX), dtype=np.float32), (3, 3))
    field = cv2.GaussianBlur(white, (0, 0), sigmaX=blur_px[0], sigmaY=blur_px[1])
    field = field[TILE_PX : 2 * TILE_PX, TILE_PX : 2 * TILE_PX]
    low, high = np.quantile(field, [0.03, 0.97])
    return np.asarray(np.clip((field - low) / (high - low), 0, 1), dtype=np.float32)


def _plain() -> F32:
    return np.zeros((TILE_PX, TILE_PX), np.float32)


def _stripes() -> F32:
    return np.asarray(_grid()[1] % 1.0 < 0.5, dtype=np.float32)


def _bars() -> F32:
    return np.asarray(_grid()[0] % 1.0 < 0.3, dtype=np.float32)


def _checker() -> F32:
    u, v = _grid()
    return np.asarray((np.floor(u) + np.floor(v)) % 2, dtype=np.float32)


def _dots() -> F32:
    u, v = _grid()
    return np.asarray(np.hypot(u % 1.0 - 0.5, v % 1.0 - 0.5) < 0.28, dtype=np.float32)


def _tiles() -> F32:
    u, v = _grid()
    return np.asarray((u % 1.0 < 0.13) | (v % 1.0 < 0.13), dtype=np.float32)


def _bricks() -> F32:
    u, v = _grid()
    shifted = u + np.floor(v) % 2 * 0.5
    return np.asarray((shifted / 2 % 0.5 < 0.06) | (v % 1.0 < 0.14), dtype=np.float32)


def _planks() -> F32:
    u, v = _grid()
    row = np.floor(v / 2)
    seam = (v / 2 % 1.0 < 0.07) | ((u + row * 2.7) % 4.0 < 0.08)
    shade = (np.sin(row * 12.9) * 0.5 + 0.5) * 0.4 + 0.25 * _noise(2, (9.0, 0.8))
    return np.asarray(np.where(seam, 1.0, shade), dtype=np.float32)


def _wood() -> F32:
    return _noise(3, (9.0, 0.7))


def _marble() -> F32:
    u, v = _grid()
    veins = np.sin((u + v + 5 * _noise(4, (5.0, 5.0))) * np.pi / 4)
    return np.asarray(np.abs(veins) ** 3, dtype=np.float32)


def _speckle() -> F32:
    return _noise(6, (0.7, 0.7)) ** 2


def _fabric() -> F32:
    u, v = _grid()
    weave = 0.5 + 0.25 * np.sin(u * 4 * np.pi) + 0.25 * np.sin(v * 4 * np.pi)
    return np.asarray(0.6 * weave + 0.4 * _noise(7, (1.0, 1.0)), dtype=np.float32)


def _cloud() -> F32:
    return _noise(8, (6.0, 6.0))


def _label() -> F32:
    """A printed label: bands of lines and a block, as on packages."""
    u, v = _grid()
    lines = (v % 4.0 > 2.2) & (v % 0.5 < 0.25) & (u % 4.0 > 0.4) & (u % 4.0 < 3.3)
    block = (v % 4.0 < 1.9) & (v % 4.0 > 0.4) & (u % 4.0 > 0.6) & (u % 4.0 < 2.8)
    return np.asarray(np.where(block, 1.0, np.where(lines, 0.8, 0.0)), dtype=np.float32)


_MAKERS = {
    "plain": _plain,
    "stripes": _stripes,
    "bars": _bars,
    "checker": _checker,
    "dots": _dots,
    "tiles": _tiles,
    "bricks": _bricks,
    "planks": _planks,
    "wood": _wood,
    "marble": _marble,
    "speckle": _speckle,
    "fabric": _fabric,
    "cloud": _cloud,
    "label": _label,
}
PATTERNS = tuple(_MAKERS)
"""Names of patterns; the index is the one of the atlas."""


@cache
def atlas() -> F32:
    """(K, TILE_PX, TILE_PX) float32 in 0-1; row k is ``PATTERNS[k]``."""
    return np.stack([make() for make in _MAKERS.values()])
