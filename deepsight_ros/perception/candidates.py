"""Candidates: the segments of a frame that may become objects, with the names detectors gave.

In: view, segmentation, detections. Out: a ``Candidate`` for each segment, and for each detection
that no segment fits. A segment that several detections share out among them was two things that
touch: each detection gets its own part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import find_objects

from deepsight_ros.perception.box_segments import Window, box_iou
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.glimpse import Glimpse, glimpse
from deepsight_ros.perception.inputs import Detection
from deepsight_ros.perception.regions import best_segment, box_slices, mask_in_box
from deepsight_ros.perception.segmentation import Segmentation
from deepsight_ros.perception.view import WorkingView

INSIDE, WHOLE, APART, BETTER = 0.7, 0.75, 0.2, 0.15
"""A box lies in a segment's from this share of itself on; it means all of it from this overlap
(IoU) on; two boxes are of two things up to this overlap; several boxes together must fit the
segment better than the best of them alone by this."""


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
    frames = find_objects(segmentation.labels) if detections else []
    asked = [(d, box_slices(view, d.box_px)) for d in detections]
    # those of a whole segment name it before those of parts
    asked.sort(key=lambda a: (_best_fit(frames, a[1]) < WHOLE, -a[0].score))
    shared = _shared_out(frames, [box for _, box in asked])
    for label in range(1, segmentation.count + 1):
        if label in shared:
            continue
        seen = glimpse(segmentation.labels == label, label, view)
        if seen is not None:
            by_label[label] = len(found)
            found.append(Candidate(seen))
    parts = {number for members in shared.values() for number in members}
    taken = np.zeros(segmentation.labels.shape, bool)
    for number, (detection, (rows, columns)) in enumerate(asked):
        if rows.start >= rows.stop or columns.start >= columns.stop:
            continue
        label = best_segment(segmentation, rows, columns, config.detector_iou)
        if label in by_label and number not in parts:
            at = by_label[label]
            if not found[at].label:
                found[at] = replace(found[at], label=detection.label, score=detection.score)
            continue
        if label in shared and number not in parts:
            continue  # another name for one of the parts
        mask = mask_in_box(view, segmentation, detection.box_px, config, sharp_outline=False)
        if number in parts:
            mask &= ~taken
            taken |= mask
        seen = glimpse(mask, 0, view)
        if seen is not None:
            found.append(Candidate(seen, detection.label, detection.score))
    return found


def _best_fit(frames: Sequence[Window | None], box: Window) -> float:
    """Best overlap (IoU) of a box with any segment's."""
    return max((box_iou(f, box) for f in frames if f is not None), default=0.0)


def _shared_out(frames: Sequence[Window | None], boxes: Sequence[Window]) -> dict[int, list[int]]:
    """Segments that several boxes share out: label -> numbers of the boxes, best first.

    Args:
        frames: boxes of the segments, label by label from 1 on, None for one without pixels.
        boxes: windows of the working image, best first; may be empty.
    """
    out: dict[int, list[int]] = {}
    if len(boxes) < 2:
        return out
    for label, own in enumerate(frames, start=1):
        if own is None:
            continue
        fits = [box_iou(own, box) for box in boxes]
        if max(fits) >= WHOLE:
            continue
        members: list[int] = []
        for number, box in enumerate(boxes):
            apart = all(box_iou(box, boxes[m]) <= APART for m in members)
            if apart and _share_in(box, own) >= INSIDE:
                members.append(number)
        if len(members) < 2:
            continue
        around: Window = tuple(
            slice(
                min(boxes[m][axis].start for m in members),
                max(boxes[m][axis].stop for m in members),
            )
            for axis in (0, 1)
        )
        if box_iou(own, around) >= max(fits[m] for m in members) + BETTER:
            out[label] = members
    return out


def _share_in(box: Window, other: Window) -> float:
    """Share of a window that lies in another one; 0 for an empty one."""
    sides = [
        max(0, min(a.stop, b.stop) - max(a.start, b.start))
        for a, b in zip(box, other, strict=True)
    ]
    area = (box[0].stop - box[0].start) * (box[1].stop - box[1].start)
    return sides[0] * sides[1] / area if area > 0 else 0.0
