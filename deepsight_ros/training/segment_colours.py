"""Changes of a picture's colours to learn segmenting from: an RGB image in, another out, or none.

What a colour camera adds that the world's renderer does not: another white, exposure and gamma,
weaker or turned colours, noise and compression in blotches, colours a pixel or two beside depth.
Where colour is often missing the network cannot lean on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class ColourChange:
    """How colours are changed; shares are probabilities.

    Attributes:
        absent: share of pictures without colour.
        change: share of the others whose colours are changed.
        gain, gamma: spread (log) of each primary's gain and of a common exponent.
        hue_deg: most that hues are turned.
        saturation: least and greatest factor.
        noise: greatest standard deviation, in steps of 0 to 255, of blotches of two pixels.
        shift_px: most that colour lies beside depth, along each axis.
    """

    absent: float = 0.4
    change: float = 0.8
    gain: float = 0.15
    gamma: float = 0.25
    hue_deg: float = 180.0
    saturation: tuple[float, float] = (0.0, 1.3)
    noise: float = 12.0
    shift_px: int = 2


def changed_colour(colour: U8, how: ColourChange, rng: np.random.Generator) -> U8 | None:
    """(H, W, 3) uint8 RGB with every change drawn from ``rng``; None: no colour."""
    if rng.random() < how.absent:
        return None
    if rng.random() >= how.change:
        return colour
    turn = rng.uniform(-how.hue_deg, how.hue_deg) / 2.0  # OpenCV counts hues in 2 degrees
    factor = rng.uniform(*how.saturation)
    level = np.arange(256)
    table = np.empty((1, 256, 3), np.uint8)
    table[0, :, 0] = np.round(level + turn) % 180
    table[0, :, 1] = np.clip(np.round(level * factor), 0, 255)
    table[0, :, 2] = level
    hsv = cv2.LUT(cv2.cvtColor(np.ascontiguousarray(colour), cv2.COLOR_RGB2HSV), table)
    out = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    exponent = np.exp(rng.normal(0.0, how.gamma))
    gains = np.exp(rng.normal(0.0, how.gain, 3))
    curve = 255.0 * ((level / 255.0) ** exponent)[:, None] * gains
    out = cv2.LUT(out, np.clip(np.round(curve), 0, 255).astype(np.uint8)[None])
    height, width = out.shape[:2]
    sigma = rng.uniform(0.0, how.noise)
    blotches = rng.standard_normal(((height + 1) // 2, (width + 1) // 2, 3), np.float32)
    blotches *= np.float32(sigma)
    noise = cv2.resize(blotches, (width, height), interpolation=cv2.INTER_NEAREST)
    out = np.clip(out + noise, 0, 255).astype(np.uint8)
    right, down = (int(rng.integers(-how.shift_px, how.shift_px + 1)) for _ in range(2))
    if right or down:
        move = np.array([[1.0, 0.0, right], [0.0, 1.0, down]])
        out = cv2.warpAffine(out, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(out, np.uint8)
