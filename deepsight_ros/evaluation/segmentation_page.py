"""A segmentation run as one self-contained HTML page: tables, then overlays, worst cases first."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import SourceError
from deepsight_ros.evaluation import html_page
from deepsight_ros.evaluation.segmentation_benchmark import Run, Shown, worst_first

MOST_SHOWN = 40
_COLOURS = np.array(
    [[round(255 * c) for c in colorsys.hsv_to_rgb(k * 0.382 % 1, 0.85, 1.0)] for k in range(97)],
    np.uint8,
)[:, ::-1]


def overlay(picture: NDArray[np.uint8], labels: NDArray[np.int32]) -> NDArray[np.uint8]:
    """A BGR picture with every instance tinted and outlined."""
    tint = _COLOURS[labels % len(_COLOURS)]
    mixed = (0.5 * picture + 0.5 * tint).astype(np.uint8)
    out = np.where((labels > 0)[..., None], mixed, picture)
    small = labels.astype(np.int16)
    kernel = np.ones((3, 3), np.uint8)
    edge = (cv2.dilate(small, kernel) != cv2.erode(small, kernel)) & (labels > 0)
    out[edge] = tint[edge]
    return np.ascontiguousarray(out)


def strip(shown: Shown, *, masks_alone: bool = False) -> NDArray[np.uint8]:
    """Truth, where there is any, and every segmenter's masks side by side, named.

    Args:
        masks_alone: on grey, without the picture, which may not be everybody's to show.
    """
    picture = np.full_like(shown.picture, 90) if masks_alone else shown.picture
    panels = [] if shown.truth is None else [("truth", shown.truth)]
    panels += list(shown.labels.items())
    drawn = []
    for name, labels in panels:
        panel = overlay(picture, labels)
        where, font = (6, 16), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(panel, name, where, font, 0.5, (0, 0, 0), 3)
        cv2.putText(panel, name, where, font, 0.5, (255, 255, 255), 1)
        drawn.append(panel)
    return np.hstack(drawn)


def write_masks(path: Path, run: Run) -> None:
    """A picture file of the strips of all cases, masks alone.

    Raises:
        SourceError: the file's name says no kind of picture, or it cannot be written.
    """
    strips = [strip(shown, masks_alone=True) for shown in run.shown]
    high, wide = (max((s.shape[k] for s in strips), default=1) for k in range(2))
    rows = [
        cv2.copyMakeBorder(
            s, 0, high - s.shape[0], 0, wide - s.shape[1], cv2.BORDER_CONSTANT, value=(0, 0, 0)
        )
        for s in strips
    ]
    made, data = False, np.zeros(0, np.uint8)
    if rows and path.suffix.lower() in (".jpg", ".jpeg", ".png"):
        made, data = cv2.imencode(path.suffix, np.vstack(rows))
    if not made:
        raise SourceError(
            f"masks: got {path} for {len(rows)} pictures, expected a name that ends in .jpg or "
            ".png and at least one picture"
        )
    path.write_bytes(data.tobytes())


def write(path: Path, run: Run, report: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write the page atomically; the last segmenter's worst cases come first."""
    segmenters = report["segmenters"]
    names = list(segmenters)
    last = names[-1]
    parts = [f"<p>{', '.join(f'{k}: {v}' for k, v in about.items())}</p>"]
    parts.append("<h2>By place, IoU 0.5 (%)</h2>" + _places(segmenters))
    parts.append("<h2>By how things stand, recall at IoU 0.5 (%)</h2>" + _standings(segmenters))
    parts.append("<h2>Overlap and boundary (UOIS)</h2>" + _parting(segmenters))
    order = worst_first(run, last)
    without = [k for k, s in enumerate(run.shown) if s.truth is None]
    figures = []
    for case in [*without, *order][:MOST_SHOWN]:
        shown = run.shown[case]
        result = run.results[last][case]
        hits = int((result.thing_iou >= 0.5).sum())
        right = shown.truth is None or hits == len(result.thing_iou)
        said = f"{last}: {hits} of {len(result.thing_iou)} found, {result.found} masks"
        if shown.truth is None:
            said = f"{last}: {result.found} masks, no truth"
        drawn = html_page.figure(strip(shown), f"{shown.place}: {shown.name}", said, right=right)
        figures.append(drawn.replace("<figure>", "<figure style='width:100%'>", 1))
    parts.append(f"<h2>Worst of {last} first</h2><div class='cases'>{''.join(figures)}</div>")
    html_page.write(path, "Segmentation", parts, report)


def _places(segmenters: Mapping[str, Any]) -> str:
    rows = []
    places = sorted({p for s in segmenters.values() for p in s["place"]})
    for name, found in segmenters.items():
        for place, value in (("all", found["all"]), *((p, found["place"][p]) for p in places)):
            cells = [html_page.share_cell(value[k]) for k in ("recall_50", "precision_50")]
            fine = [html_page.share_cell(value[k]) for k in ("recall_75", "precision_75")]
            rows.append([f"{name}, {place}", *cells, *fine])
    head = ("", "recall", "precision", "recall at 0.75", "precision at 0.75")
    return html_page.table(head, rows)


def _standings(segmenters: Mapping[str, Any]) -> str:
    kinds = ("isolated", "touching", "stacked")
    rows = [
        [name, *(html_page.share_cell(found["standing"][k]["recall_50"]) for k in kinds)]
        for name, found in segmenters.items()
    ]
    return html_page.table(("", *kinds), rows)


def _parting(segmenters: Mapping[str, Any]) -> str:
    keys = ("precision", "recall", "f", "boundary_precision", "boundary_recall", "boundary_f")
    rows = [
        [
            name,
            *(f"{100 * found['parting'][k]:.1f}" for k in (*keys, "share_75")),
            f"{found['processor_ms_median']:.1f} ms",
        ]
        for name, found in segmenters.items()
        if "parting" in found
    ]
    head = ("", "P", "R", "F", "boundary P", "boundary R", "boundary F", "F >= 75", "processor")
    return html_page.table(head, rows)
