"""A picture with boxes in, a mask per box out."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.rgb.detectors import Found
from deepsight_ros.synthesis.rgb.loading import in_batches, load, place

Picture = NDArray[np.uint8]
Mask = NDArray[np.bool_]
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class BoxSegmenter:
    """The box itself; lifting's outlier removal has to find the object in it."""

    def __init__(self, path: str = "", batch: int = 1, device: str = "cpu") -> None:
        del path, batch, device

    def __call__(self, picture: Picture, found: Sequence[Found]) -> list[Mask]:
        out = []
        for item in found:
            mask = np.zeros(picture.shape[:2], bool)
            x0, y0, x1, y1 = (round(v) for v in item.box_px)
            mask[y0:y1, x0:x1] = True
            out.append(mask)
        return out


class Sam2Segmenter:
    """SAM 2 (arXiv 2408.00714) prompted by boxes.

    Pictures are scaled and normalised here, as the checkpoint's processor would: that class needs
    torchvision, which nothing else does.
    """

    def __init__(self, path: str, batch: int = 16, device: str = "cpu") -> None:
        from transformers import Sam2Model

        model = load(Sam2Model, path, "segmenter", "facebook/sam2.1-hiera-small")
        self._model = place(model, device)
        self._batch, self._device = batch, device
        self._side = int(self._model.config.prompt_encoder_config.image_size)

    def __call__(self, picture: Picture, found: Sequence[Found]) -> list[Mask]:
        """(H, W) bool per box, inside the box widened by a tenth."""
        import torch

        if not found:
            return []
        height, width = picture.shape[:2]
        side = self._side
        scaled = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
        values = (scaled.astype(np.float32) / 255.0 - _MEAN) / _DEVIATION
        pixels = torch.from_numpy(values.transpose(2, 0, 1)[None].copy())
        pixels = pixels.to(self._device, self._model.dtype)
        with torch.inference_mode():
            embedded = self._model.get_image_embeddings(pixels)
        scale = np.array([side / width, side / height] * 2, np.float32)

        def run(some: list[Found]) -> list[Mask]:
            boxes = torch.from_numpy(np.array([f.box_px for f in some], np.float32) * scale)
            made = self._model(
                input_boxes=boxes[None].to(self._device, self._model.dtype),
                image_embeddings=embedded,
                multimask_output=False,
            )
            masks = made.pred_masks[0, :, 0].float().cpu().numpy()
            return [_inside(m, f, (height, width)) for m, f in zip(masks, some, strict=True)]

        return in_batches(list(found), self._batch, run)


def _inside(logits: NDArray[np.float32], item: Found, size: tuple[int, int]) -> Mask:
    height, width = size
    full = cv2.resize(logits, (width, height), interpolation=cv2.INTER_LINEAR) > 0
    x0, y0, x1, y1 = item.box_px
    dx, dy = 0.1 * (x1 - x0), 0.1 * (y1 - y0)
    out = np.zeros(size, bool)
    rows = slice(max(0, int(y0 - dy)), int(np.ceil(y1 + dy)))
    columns = slice(max(0, int(x0 - dx)), int(np.ceil(x1 + dx)))
    out[rows, columns] = full[rows, columns]
    return out
