"""What things look like: colour words and a mean colour for each segment of a view.

In: WorkingView with colour (or none), labels. Out: ``Looks``, answered per label or per mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.colours import colour_words, tally, words_of_tally
from deepsight_ros.perception.view import Bool, WorkingView

Array = NDArray[np.float64]

BRIGHT_SHARE = 0.98
"""Share of a picture's pixels that are darker than what counts as white in it."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Colours of one view.

    Attributes:
        colour: (H, W, 3) uint8 RGB at perception resolution, or None.
        white: brightness that counts as white in this picture.
        by_label: colour words of each label, or None.
        lab: (K + 1, 3) colour of each label's mean RGB in CIE Lab (L 0-255, a, b), or None.
    """

    colour: NDArray[np.uint8] | None
    white: float
    by_label: list[tuple[str, ...]] | None
    lab: Array | None

    def words(self, label: int) -> tuple[str, ...]:
        """Colour words of a label, most frequent first."""
        return () if self.by_label is None else self.by_label[label]

    def words_of(self, mask: Bool) -> tuple[str, ...]:
        """Colour words of a mask, most frequent first."""
        return () if self.colour is None else colour_words(self.colour[mask], self.white)

    def lab_of(self, mask: Bool, label: int = 0) -> Array | None:
        """(3,) CIE Lab of the mean RGB of a label, or of a mask without one (label 0); None
        without colour."""
        if self.colour is None:
            return None
        if label and self.lab is not None:
            return np.asarray(self.lab[label])
        mean = np.array(cv2.mean(self.colour, mask.view(np.uint8))[:3], np.float64)
        return np.asarray(_lab(mean[None])[0])


def look_at(view: WorkingView, labels: NDArray[np.int32], count: int) -> Looks:
    """Colours of the labels 1..count of a view."""
    if view.colour is None:
        return Looks(None, 255.0, None, None)
    white = white_level(view.colour)
    found = tally(view.colour, labels, count, white, least=1)
    return Looks(view.colour, white, words_of_tally(found), _lab(found.rgb))


def _lab(rgb: Array) -> Array:
    """(N, 3) mean RGB (0-255) to Lab with L stretched to 0-255."""
    scaled = (rgb / 255.0).astype(np.float32).reshape(1, -1, 3)
    lab = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float64).reshape(-1, 3)
    return np.asarray(lab * (2.55, 1.0, 1.0))


def white_level(colour: NDArray[np.uint8]) -> float:
    """Brightness that counts as white: what the brightest 2 % of the picture reach, but no less
    than a well exposed camera gives white; a scene without anything white must not whiten grey."""
    return float(np.clip(_bright(colour, BRIGHT_SHARE), 210, 255))


@compiled("u1[:,:,::1], f8")
def _bright(colour: NDArray[np.uint8], share: float) -> float:
    """Brightness that a share of every 16th pixel does not exceed."""
    rows, columns, _ = colour.shape
    number = np.zeros(257)
    for r in range(0, rows, 4):
        for c in range(0, columns, 4):
            number[max(colour[r, c, 0], colour[r, c, 1], colour[r, c, 2])] += 1.0
    rank = share * (number.sum() - 1.0)
    below = 0.0
    for level in range(256):
        below += number[level]
        if below > np.floor(rank):
            after = level  # of the next pixel in the order of brightness
            while below <= np.floor(rank) + 1.0 and after < 255:
                after += 1
                below += number[after]
            return level + (rank - np.floor(rank)) * (after - level)
    return 255.0
