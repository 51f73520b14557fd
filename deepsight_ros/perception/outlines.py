"""Finish the outlines of segments, so that silhouettes are neither frayed nor cut off at the foot.

In: labels of things, the view, and pixels barely above the support. Out: labels grown into what
belongs to them: the foot of a thing, which is too low to be told from the support on its own,
and readings that are missing inside or beside a thing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.growing import with_feet
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

MAJORITY = 5
"""Labelled pixels among the nine around a missing reading that make it part of a segment."""


def complete_outlines(
    labels: Labels, view: WorkingView, low: Bool, height_m: Float | None, up: Array | None
) -> Labels:
    """Labels with feet and missing readings.

    Args:
        labels: (H, W) int32, 0 = no thing.
        low: (H, W) bool, above the support by less than what makes foreground, more than noise.
        height_m: (H, W) float32 above the support, or None without one.
        up: (3,) unit, in the camera frame; None without a support.
    """
    out = labels
    if height_m is not None and up is not None:
        out = with_feet(labels, view, low, height_m, up)
    for _ in range(2):
        out, number = _with_missing(out, view.valid)
        if not number:
            break
    return out


@compiled("i4[:,::1], b1[:,::1]")
def _with_missing(labels: Labels, valid: Bool) -> tuple[Labels, int]:
    """Missing readings most of whose neighbours are labelled get the highest of their labels,
    which mostly is the only one; and how many did."""
    rows, columns = labels.shape
    out = labels.copy()
    number = 0
    for r in range(rows):
        for c in range(columns):
            if valid[r, c] or labels[r, c]:
                continue
            held, highest = 0, 0
            for rr in range(max(0, r - 1), min(rows, r + 2)):
                for cc in range(max(0, c - 1), min(columns, c + 2)):
                    held += labels[rr, cc] > 0
                    highest = max(highest, labels[rr, cc])
            if held >= MAJORITY:
                out[r, c] = highest
                number += 1
    return out, number
