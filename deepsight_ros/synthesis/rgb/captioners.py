"""Boxes of a picture in, captions of 1-6 words out (SpatialVLM: random length per box)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.rgb.detectors import Found
from deepsight_ros.synthesis.rgb.loading import in_batches, load, place

Picture = NDArray[np.uint8]
MAX_WORDS = 6
_LEADING = ("a", "an", "the", "some", "there", "is", "photo", "picture", "image", "of", "close-up")
_DANGLING = (
    *("a", "an", "the", "of", "on", "in", "with", "and", "at", "to", "for", "is", "by", "its"),
    *("his", "her", "that", "which", "are", "from", "near", "next", "behind", "front", "sitting"),
    "standing",
)
MARGIN = 0.1
"""A crop takes in this share of the box around it, for context."""


def shorten(text: str, words: int) -> str:
    """At most ``words`` words of a caption, neither beginning with filler nor ending in mid-air.

    >>> shorten("a photo of a red mug on the wooden table", 4)
    'red mug'
    """
    kept = "".join(c if c.isalnum() or c in "-' " else " " for c in text.lower()).split()
    while kept and kept[0] in _LEADING:
        kept.pop(0)
    kept = kept[:words]
    while kept and kept[-1] in _DANGLING:
        kept.pop()
    return " ".join(kept)


class LabelCaptioner:
    """The detector's own word; needs no model."""

    def __init__(self, path: str = "", batch: int = 1, device: str = "cpu") -> None:
        del path, batch, device

    def __call__(
        self, picture: Picture, found: Sequence[Found], lengths: Sequence[int]
    ) -> list[str]:
        del picture, lengths
        return [f.label for f in found]


class BlipCaptioner:
    """BLIP (arXiv 2201.12086) on the crop of each box, cut to the drawn length."""

    def __init__(self, path: str, batch: int = 16, device: str = "cpu") -> None:
        from transformers import BlipForConditionalGeneration, BlipProcessor

        what, example = "captioner", "Salesforce/blip-image-captioning-base"
        self._processor = load(BlipProcessor, path, what, example)
        self._model = place(load(BlipForConditionalGeneration, path, what, example), device)
        self._batch, self._device = batch, device

    def __call__(
        self, picture: Picture, found: Sequence[Found], lengths: Sequence[int]
    ) -> list[str]:
        """One caption per box; the detector's word where the model says nothing usable."""
        crops = [_crop(picture, f.box_px) for f in found]

        def run(some: list[Picture]) -> list[str]:
            inputs = self._processor(images=some, return_tensors="pt")
            inputs = inputs.to(self._device, self._model.dtype)
            made = self._model.generate(**inputs, max_new_tokens=20, do_sample=False)
            return [str(t) for t in self._processor.batch_decode(made, skip_special_tokens=True)]

        texts = in_batches(crops, self._batch, run)
        return [
            shorten(text, length) or f.label
            for text, length, f in zip(texts, lengths, found, strict=True)
        ]


def _crop(picture: Picture, box: tuple[float, float, float, float]) -> Picture:
    height, width = picture.shape[:2]
    dx, dy = MARGIN * (box[2] - box[0]), MARGIN * (box[3] - box[1])
    x0, x1 = max(0, int(box[0] - dx)), min(width, int(np.ceil(box[2] + dx)))
    y0, y1 = max(0, int(box[1] - dy)), min(height, int(np.ceil(box[3] + dy)))
    return np.ascontiguousarray(picture[y0:y1, x0:x1])
