"""What things look like: colour words and a mean colour for each segment of a view.

In: WorkingView with colour (or none), labels. Out: ``Looks``, answered per label or per mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.colours import colour_words, words_of_each
from deepsight_ros.perception.view import Bool, WorkingView

Array = NDArray[np.float64]


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

    def lab_of(self, mask: Bool) -> Array | None:
        """(3,) CIE Lab of a mask's mean RGB, or None without colour."""
        if self.colour is None:
            return None
        mean = np.array(cv2.mean(self.colour, mask.view(np.uint8))[:3], np.float64)
        return np.asarray(_lab(mean[None])[0])


def look_at(view: WorkingView, labels: NDArray[np.int32], count: int) -> Looks:
    """Colours of the labels 1..count of a view."""
    if view.colour is None:
        return Looks(None, 255.0, None, None)
    white = white_level(view.colour)
    inside = np.flatnonzero(labels)
    label = labels.ravel()[inside]
    rgb = view.colour.reshape(-1, 3)[inside]
    words = words_of_each(rgb, label, count, white)
    sums = np.stack([np.bincount(label, weights=c, minlength=count + 1) for c in rgb.T], axis=1)
    mean = sums / np.maximum(np.bincount(label, minlength=count + 1), 1)[:, None]
    return Looks(view.colour, white, words, _lab(mean))


def _lab(rgb: Array) -> Array:
    """(N, 3) mean RGB (0-255) to Lab with L stretched to 0-255."""
    scaled = (rgb / 255.0).astype(np.float32).reshape(1, -1, 3)
    lab = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float64).reshape(-1, 3)
    return np.asarray(lab * (2.55, 1.0, 1.0))


def white_level(colour: NDArray[np.uint8]) -> float:
    """Brightness that counts as white: what the brightest 2 % of the picture reach, but no less
    than a well exposed camera gives white; a scene without anything white must not whiten grey."""
    red, green, blue = np.moveaxis(colour[::4, ::4], 2, 0)
    brightest = np.maximum(np.maximum(red, green), blue)
    return float(np.clip(np.percentile(brightest, 98), 210, 255))
