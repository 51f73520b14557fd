"""Candidates: the segments of a frame that may become objects, with the names detectors gave.

In: view, segmentation, detections. Out: a ``Candidate`` for each segment, and for each detection
that no segment fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.glimpse import Glimpse, glimpse
from deepsight_ros.perception.inputs import Detection
from deepsight_ros.perception.regions import best_segment, box_slices, mask_in_box
from deepsight_ros.perception.segmentation import Segmentation
from deepsight_ros.perception.view import WorkingView


@dataclass(frozen=True, eq=False)
class Candidate:
    """A glimpse and its name: ``label`` "" where no detection fits; ``score`` 1 then."""

    seen: Glimpse
    label: str = ""
    score: float = 1.0


def find_candidates(
    view: WorkingView,
    segmentation: Segmentation,
    detections: Sequence[Detection],
    config: PerceptionConfig,
) -> list[Candidate]:
    """Segments named by the detections that fit them, then detections that fit none."""
    found: list[Candidate] = []
    by_label: dict[int, int] = {}
    for label in range(1, segmentation.count + 1):
        seen = glimpse(segmentation.labels == label, label, view)
        if seen is not None:
            by_label[label] = len(found)
            found.append(Candidate(seen))
    for detection in sorted(detections, key=lambda d: -d.score):
        rows, columns = box_slices(view, detection.box_px)
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        label = best_segment(segmentation, rows, columns, config.detector_iou)
        if label in by_label:
            at = by_label[label]
            if not found[at].label:
                found[at] = replace(found[at], label=detection.label, score=detection.score)
            continue
        mask = mask_in_box(view, segmentation, detection.box_px, config, sharp_outline=False)
        seen = glimpse(mask, 0, view)
        if seen is not None:
            found.append(Candidate(seen, detection.label, detection.score))
    return found
