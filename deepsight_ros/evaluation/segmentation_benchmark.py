"""Cases and segmenters in; recall, precision, overlap and boundary by place and standing out.

A true thing counts when it covers ``least_px`` pixels of the view; a found one is right when it
overlaps any true one by enough. All segmenters see the same views in one run; intervals are over
pictures.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from deepsight_ros.evaluation.segmentation_cases import Case, picture_of
from deepsight_ros.evaluation.segmentation_metrics import Parting, iou_table, parting
from deepsight_ros.evaluation.statistics import share
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.segmenters import Segmenter

LEVELS = (0.5, 0.75)
STANDINGS = ("isolated", "touching", "stacked")


@dataclass(frozen=True, eq=False)
class Result:
    """What one segmenter made of one picture.

    Attributes:
        case: number of the picture.
        place: of the case.
        thing_iou: best IoU of every true thing that is large enough.
        standing: of those things.
        found_iou: best IoU of every found one.
        scores: of the segmenter, () where it has none.
        parted: overlap and boundary figures, None without truth.
        found: how many.
        box_hits: true boxes (``Case.boxes``) that the box of a found one overlaps by half.
        boxes: true boxes.
        over_invalid: found pixels without depth (pinholes filled by perception count as depth).
        processor_s, clock_s: time taken, down-sampling of the frame included, by the processor's
            clock and the wall's.
    """

    case: int
    place: str
    thing_iou: NDArray[np.float64]
    standing: tuple[str, ...]
    found_iou: NDArray[np.float64]
    scores: tuple[float, ...]
    parted: Parting | None
    found: int
    box_hits: int
    boxes: int
    over_invalid: int
    processor_s: float
    clock_s: float


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture kept for the report: BGR, true labels or None, labels by segmenter."""

    name: str
    place: str
    picture: NDArray[np.uint8]
    truth: NDArray[np.int32] | None
    labels: Mapping[str, NDArray[np.int32]]


@dataclass(eq=False)
class Run:
    """All results by segmenter, and the pictures."""

    results: dict[str, list[Result]] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)


def run(
    cases: Iterable[Case],
    segmenters: Mapping[str, Segmenter],
    *,
    config: PerceptionConfig | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Run:
    """Score every segmenter on every case."""
    config = config or PerceptionConfig()
    out = Run({name: [] for name in segmenters})
    for number, case in enumerate(cases):
        labels: dict[str, NDArray[np.int32]] = {}
        for name, segmenter in segmenters.items():
            begin, at = time.process_time(), time.perf_counter()
            made = segmenter(case.view, case.finding, case.walls, config)
            spent = (time.process_time() - begin, time.perf_counter() - at)
            spent = (spent[0] + case.view_s, spent[1] + case.view_s)
            labels[name] = made.labels
            result = _score(number, case, made.labels, made.scores, spent, config.min_object_px)
            out.results[name].append(result)
        out.shown.append(Shown(case.name, case.place, picture_of(case.view), case.truth, labels))
        progress(1)
    return out


def _score(
    number: int,
    case: Case,
    found: NDArray[np.int32],
    scores: tuple[float, ...],
    spent_s: tuple[float, float],
    least_px: int,
) -> Result:
    count = int(found.max())
    hits = _box_hits(case.boxes, found)
    over_invalid = int(np.count_nonzero((found > 0) & (case.view.filled_m <= 0)))
    none = np.zeros(0)
    if case.truth is None:
        return Result(
            number,
            case.place,
            none,
            (),
            none,
            scores,
            None,
            count,
            hits,
            len(case.boxes),
            over_invalid,
            *spent_s,
        )
    iou = iou_table(case.truth, found)
    size = np.bincount(case.truth.ravel(), minlength=iou.shape[0] + 1)[1:]
    asked = np.flatnonzero(size >= least_px)
    return Result(
        number,
        case.place,
        iou[asked].max(axis=1, initial=0.0),
        tuple(case.standing.get(int(k) + 1, "") for k in asked),
        iou.max(axis=0, initial=0.0),
        scores,
        parting(case.truth, found),
        count,
        hits,
        len(case.boxes),
        over_invalid,
        *spent_s,
    )


def _box_hits(boxes: Sequence[tuple[float, float, float, float]], found: NDArray[np.int32]) -> int:
    """True boxes that the box of some instance overlaps by half (IoU)."""
    frames = [s for s in find_objects(found) if s is not None]
    if not boxes or not frames:
        return 0
    a = np.array(boxes)[:, None]
    b = np.array([(x.start, y.start, x.stop, y.stop) for y, x in frames], np.float64)[None]
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    both = np.prod(np.maximum(sides, 0.0), axis=2)
    areas = [np.prod(c[..., 2:] - c[..., :2], axis=2) for c in (a, b)]
    iou = both / (areas[0] + areas[1] - both)
    return int(np.count_nonzero(iou.max(axis=1) >= LEVELS[0]))


def report(run_: Run) -> dict[str, Any]:
    """Figures of every segmenter: JSON values, shares with 95 % intervals over pictures."""
    return {name: _figures(results) for name, results in run_.results.items()}


def _figures(results: list[Result]) -> dict[str, Any]:
    places = sorted({r.place for r in results if r.parted is not None})
    scored = [r for r in results if r.parted is not None]
    out: dict[str, Any] = {
        "pictures": len(results),
        "found_without_truth": {
            p: sum(r.found for r in results if r.place == p and r.parted is None)
            for p in sorted({r.place for r in results if r.parted is None})
        },
        "boxes_found": {
            p: [
                sum(r.box_hits for r in results if r.place == p),
                sum(r.boxes for r in results if r.place == p),
            ]
            for p in sorted({r.place for r in results if r.boxes})
        },
        "pixels_over_invalid_depth": sum(r.over_invalid for r in results),
        "processor_ms_median": _milliseconds([r.processor_s for r in results], 0.5),
        "clock_ms_median": _milliseconds([r.clock_s for r in results], 0.5),
        "clock_ms_p90": _milliseconds([r.clock_s for r in results], 0.9),
        "all": _shares(scored),
        "place": {p: _shares([r for r in scored if r.place == p]) for p in places},
        "standing": {s: _standing(scored, s) for s in STANDINGS},
    }
    if scored:
        kept = [asdict(r.parted) for r in scored if r.parted is not None]
        out["parting"] = {k: round(float(np.mean([p[k] for p in kept])), 4) for k in kept[0]}
    return out


def _milliseconds(seconds: list[float], quantile: float) -> float:
    return round(1e3 * float(np.quantile(seconds or [np.nan], quantile)), 2)


def _shares(results: list[Result]) -> dict[str, Any]:
    things = [(r.case, iou) for r in results for iou in r.thing_iou]
    found = [(r.case, iou) for r in results for iou in r.found_iou]
    out: dict[str, Any] = {}
    for level in LEVELS:
        for name, pairs in (("recall", things), ("precision", found)):
            hits = [iou >= level for _, iou in pairs]
            out[f"{name}_{100 * level:.0f}"] = share(hits, [c for c, _ in pairs]).as_json()
    return out


def _standing(results: list[Result], standing: str) -> dict[str, Any]:
    pairs = [
        (r.case, iou)
        for r in results
        for iou, how in zip(r.thing_iou, r.standing, strict=True)
        if how == standing
    ]
    return {
        f"recall_{100 * level:.0f}": share(
            [iou >= level for _, iou in pairs], [c for c, _ in pairs]
        ).as_json()
        for level in LEVELS
    }


def worst_first(run_: Run, name: str) -> list[int]:
    """Pictures by how badly a segmenter did: mean of recall and precision at IoU 0.5."""
    badness = []
    for result in run_.results[name]:
        if result.parted is None:
            continue
        hits = np.concatenate([result.thing_iou >= LEVELS[0], result.found_iou >= LEVELS[0]])
        badness.append((float(hits.mean()) if len(hits) else 1.0, result.case))
    return [case for _, case in sorted(badness)]
