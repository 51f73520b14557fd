"""Pictures and nouns in, boxes out: open-vocabulary detectors, and what to do with overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.rgb.loading import in_batches, load, place

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Found:
    """A box: label of the vocabulary, score 0-1, (x0, y0, x1, y1) in pixels."""

    label: str
    score: float
    box_px: tuple[float, float, float, float]


class Owlv2Detector:
    """OWLv2 (arXiv 2306.09683). Args as every stage."""

    def __init__(self, path: str, batch: int = 4, device: str = "cpu") -> None:
        from transformers import Owlv2ForObjectDetection, Owlv2Processor

        what, example = "detector", "google/owlv2-base-patch16-ensemble"
        self._processor = load(Owlv2Processor, path, what, example)
        self._model = place(load(Owlv2ForObjectDetection, path, what, example), device)
        self._batch, self._device = batch, device

    def __call__(
        self, pictures: Sequence[Picture], words: Sequence[str], least_score: float
    ) -> list[list[Found]]:
        texts = [f"a photo of a {w}" for w in words]

        def run(some: list[Picture]) -> list[list[Found]]:
            inputs = self._processor(
                text=[texts] * len(some), images=some, return_tensors="pt"
            ).to(self._device, self._model.dtype)
            found = self._processor.post_process_grounded_object_detection(
                self._model(**inputs),
                threshold=least_score,
                target_sizes=[p.shape[:2] for p in some],
                text_labels=[list(words)] * len(some),
            )
            return [_found(f, p, words) for f, p in zip(found, some, strict=True)]

        return in_batches(list(pictures), self._batch, run)


class GroundingDinoDetector:
    """Grounding DINO (arXiv 2303.05499).

    Args:
        text_score: least score of a word.
    """

    def __init__(
        self, path: str, batch: int = 4, device: str = "cpu", text_score: float = 0.2
    ) -> None:
        from transformers import GroundingDinoForObjectDetection, GroundingDinoProcessor

        what, example = "detector", "IDEA-Research/grounding-dino-tiny"
        self._processor = load(GroundingDinoProcessor, path, what, example)
        self._model = place(load(GroundingDinoForObjectDetection, path, what, example), device)
        self._batch, self._device, self._text_score = batch, device, text_score

    def __call__(
        self, pictures: Sequence[Picture], words: Sequence[str], least_score: float
    ) -> list[list[Found]]:
        text = " ".join(f"{w}." for w in words)

        def run(some: list[Picture]) -> list[list[Found]]:
            inputs = self._processor(
                images=some, text=[text] * len(some), return_tensors="pt", truncation=True
            ).to(self._device, self._model.dtype)
            found = self._processor.post_process_grounded_object_detection(
                self._model(**inputs),
                inputs.input_ids,
                threshold=least_score,
                text_threshold=self._text_score,
                target_sizes=[p.shape[:2] for p in some],
            )
            return [_found(f, p, words) for f, p in zip(found, some, strict=True)]

        return in_batches(list(pictures), self._batch, run)


def _found(result: dict, picture: Picture, words: Sequence[str]) -> list[Found]:
    """Boxes inside the picture whose label is a word that was asked for."""
    height, width = picture.shape[:2]
    labels = result.get("text_labels") or result["labels"]
    out: list[Found] = []
    if not len(result["scores"]):
        return out  # Grounding DINO gives one empty label for no box
    for label, score, box in zip(labels, result["scores"], result["boxes"], strict=True):
        word = _word(str(label), words)
        x0, y0, x1, y1 = (float(v) for v in box)
        x0, x1 = (float(np.clip(v, 0, width)) for v in (x0, x1))
        y0, y1 = (float(np.clip(v, 0, height)) for v in (y0, y1))
        if word and x1 - x0 >= 2 and y1 - y0 >= 2:
            out.append(Found(word, float(score), (x0, y0, x1, y1)))
    return out


def _word(label: str, words: Sequence[str]) -> str:
    """The vocabulary's word for a label; Grounding DINO may join or break words."""
    label = " ".join("".join(c if c.isalnum() or c == "-" else " " for c in label.lower()).split())
    if label in words:
        return label
    inside = [w for w in words if w and f" {w} " in f" {label} "]
    return max(inside, key=len) if inside else ""


def keep_best(found: Sequence[Found], iou: float, most: int) -> list[Found]:
    """Non-maximum suppression over all labels: of boxes that overlap more than ``iou`` the best
    stays; at most ``most`` of them, best first."""
    order = sorted(found, key=lambda f: (-f.score, f.box_px))
    boxes = np.array([f.box_px for f in order], dtype=np.float64).reshape(-1, 4)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    alive = np.ones(len(order), bool)
    out: list[Found] = []
    for i, item in enumerate(order):
        if not alive[i] or len(out) == most:
            continue
        out.append(item)
        low = np.maximum(boxes[i, :2], boxes[:, :2])
        high = np.minimum(boxes[i, 2:], boxes[:, 2:])
        both = np.prod(np.maximum(high - low, 0.0), axis=1)
        alive &= both / (area[i] + area - both) <= iou
    return out
