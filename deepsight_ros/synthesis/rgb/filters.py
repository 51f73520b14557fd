"""Pictures in, which of them are worth asking about out (SpatialVLM, section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.rgb.loading import in_batches, load, place

Picture = NDArray[np.uint8]
KEEP = (
    "a photo of a room with several objects",
    "a photo of an outdoor place with several things",
    "a photo of things on a table",
)
DROP = (
    "a product shot of one object on a plain background",
    "a screenshot of a computer or phone",
    "a close-up of a single object",
    "a drawing, a logo or text",
)
"""The published filter keeps scenes and drops product shots, screenshots and single objects."""


class KeepAll:
    """Keeps every picture."""

    def __init__(self, path: str = "", batch: int = 1, device: str = "cpu") -> None:
        del path, batch, device

    def __call__(self, pictures: Sequence[Picture]) -> list[str]:
        return ["" for _ in pictures]


class ClipFilter:
    """Zero-shot CLIP: the text nearest to the picture decides.

    Args:
        path: folder of a CLIP checkpoint.
        keep, drop: texts of either kind.
    """

    def __init__(
        self,
        path: str,
        batch: int = 8,
        device: str = "cpu",
        keep: Sequence[str] = KEEP,
        drop: Sequence[str] = DROP,
    ) -> None:
        from transformers import CLIPModel, CLIPProcessor

        what, example = "picture filter", "openai/clip-vit-large-patch14"
        self._processor = load(CLIPProcessor, path, what, example)
        self._model = place(load(CLIPModel, path, what, example), device)
        self._texts, self._kept = [*keep, *drop], len(keep)
        self._batch, self._device = batch, device

    def __call__(self, pictures: Sequence[Picture]) -> list[str]:
        """Per picture why it is dropped (the text nearest to it), "" when it is kept."""
        return in_batches(list(pictures), self._batch, self._run)

    def _run(self, pictures: list[Picture]) -> list[str]:
        inputs = self._processor(
            text=self._texts,
            images=pictures,
            return_tensors="pt",
            padding=True,
            truncation=True,
        ).to(self._device, self._model.dtype)
        best = self._model(**inputs).logits_per_image.argmax(dim=1).tolist()
        return ["" if i < self._kept else self._texts[i] for i in best]
