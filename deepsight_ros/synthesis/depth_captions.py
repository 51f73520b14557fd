"""DepthCaptioner: a sample in, depth-text-box triples out (DeepSight's alignment set).

A sample with captions of its own (COCO: provenance "captions") gives those that speak of depth,
each with the box of the thing it names first, else the whole picture: the published recipe. Any
other sample gives sentences measured on its scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepsight_ros.errors import FilteredError, InvalidValueError
from deepsight_ros.synthesis.depth_talk import speaks_of_depth
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.scene_talk import depth_sentences
from deepsight_ros.synthesis.shards.annotations import Annotations, Caption

PUBLISHED_TRIPLES = 118_000
"""Size of the set in DeepSight (arXiv 2603.06090)."""
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class CaptionConfig:
    """How many triples, and which.

    Attributes:
        per_image: most triples of one image.
        only_depth: leaves out captions that do not speak of depth.
    """

    per_image: int = 4
    only_depth: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.per_image <= 100:
            raise InvalidValueError(f"captions: got {self.per_image} per image, expected 1 to 100")


@dataclass(frozen=True)
class DepthCaptioner:
    """An ``Annotator``; what it says depends on the sample and the seed alone."""

    config: CaptionConfig = CaptionConfig()

    def __call__(self, sample: Sample, seed: int) -> Annotations:
        """Raises FilteredError where there is nothing to say."""
        rng = np.random.default_rng(seed)
        given = sample.provenance.get("captions")
        if isinstance(given, Sequence) and not isinstance(given, str):
            captions = self._selected(sample, [str(text) for text in given])
        else:
            said = depth_sentences(sample.scene, rng, self.config.per_image)
            captions = [
                Caption(s.text, _box(sample, s.object_id), s.object_id, True) for s in said
            ]
        if not captions:
            raise FilteredError(f"{sample.key}: no caption speaks of depth")
        return Annotations(captions=tuple(captions[: self.config.per_image]))

    def _selected(self, sample: Sample, texts: list[str]) -> list[Caption]:
        out = []
        for text in texts:
            about_depth = speaks_of_depth(text)
            if about_depth or not self.config.only_depth:
                item = _named_first(sample, text)
                out.append(Caption(text, _box(sample, item), item, about_depth))
        return out


def _named_first(sample: Sample, text: str) -> str:
    """Id of the thing whose label stands first in the text, "" where none does. Of several things
    with that label the largest is meant: captions speak of what is in view."""
    words = f" {''.join(c if c.isalnum() else ' ' for c in text.lower())} "
    found: list[tuple[int, float, str]] = []
    for item in sample.scene.objects:
        at = _place(words, item.label.lower())
        if at >= 0 and item.box_px is not None:
            x0, y0, x1, y1 = item.box_px
            found.append((at, -float((x1 - x0) * (y1 - y0)), item.id))
    return min(found)[2] if found else ""


def _place(words: str, label: str) -> int:
    places = [words.find(f" {label}{ending} ") for ending in ("", "s", "es")] if label else []
    return min((p for p in places if p >= 0), default=-1)


def _box(sample: Sample, item: str) -> Box:
    """Where the thing is in the picture; the whole picture for none."""
    camera = sample.frame.camera
    whole = (0, 0, camera.width_px, camera.height_px)
    if not item:
        return whole
    box = sample.scene.object(item).box_px
    return whole if box is None else (int(box[0]), int(box[1]), int(box[2]), int(box[3]))
