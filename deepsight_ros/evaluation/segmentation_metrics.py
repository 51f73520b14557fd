"""Two label images in, how well one divides the picture as the other does out.

Overlap and boundary precision, recall and F as Xie et al. (UOIS-Net, T-RO 2021) define them after
Dave et al. (2019): found and true instances are assigned to each other so that the sum of their F
is greatest; what the assigned share is divided by all that was found and by all that is true.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Labels = NDArray[np.int32]
Array = NDArray[np.float64]

BOUNDARY_SHARE = 0.003
"""How far a border may be off, as a share of the picture's diagonal (rounded up to pixels)."""


@dataclass(frozen=True)
class Parting:
    """Precision, recall and F of one picture, 0 to 1; ``share_75``: true instances assigned one
    with an overlap F of 0.75 or more."""

    precision: float
    recall: float
    f: float
    boundary_precision: float
    boundary_recall: float
    boundary_f: float
    share_75: float


def overlaps(truth: Labels, found: Labels) -> NDArray[np.int64]:
    """(T + 1, F + 1) pixels of each true and found label together; both numbered without gaps."""
    rows, columns = int(truth.max()) + 1, int(found.max()) + 1
    joint = truth.ravel().astype(np.int64) * columns + found.ravel()
    return np.bincount(joint, minlength=rows * columns).reshape(rows, columns)


def iou_table(truth: Labels, found: Labels) -> Array:
    """(T, F) intersection over union of every true and found instance."""
    both = overlaps(truth, found)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return np.asarray((both / np.maximum(union, 1))[1:, 1:])


def parting(truth: Labels, found: Labels) -> Parting:
    """The published figures of one picture. Nothing found where nothing is counts as perfect."""
    both = overlaps(truth, found)[1:, 1:].astype(np.float64)
    true_px = np.bincount(truth.ravel(), minlength=both.shape[0] + 1)[1:].astype(np.float64)
    found_px = np.bincount(found.ravel(), minlength=both.shape[1] + 1)[1:].astype(np.float64)
    f = 2.0 * both / np.maximum(true_px[:, None] + found_px[None, :], 1.0)
    rows, columns = linear_sum_assignment(-f)
    hit = float(both[rows, columns].sum())
    precision, recall = _share(hit, found_px.sum()), _share(hit, true_px.sum())
    share = float((f[rows, columns] >= 0.75).sum() / len(true_px)) if len(true_px) else 1.0
    found_hit, found_all, true_hit, true_all = _borders(truth, found, rows, columns)
    edge_precision = _share(found_hit, found_all)
    edge_recall = _share(true_hit, true_all)
    return Parting(
        precision,
        recall,
        _harmonic(precision, recall),
        edge_precision,
        edge_recall,
        _harmonic(edge_precision, edge_recall),
        share,
    )


def _borders(
    truth: Labels, found: Labels, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> tuple[float, float, float, float]:
    """(found border pixels near the assigned true one, all, true ones near the found, all)."""
    off = int(np.ceil(BOUNDARY_SHARE * np.hypot(*truth.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * off + 1, 2 * off + 1))
    true_edges = [_border(truth == k + 1) for k in range(int(truth.max()))]
    found_edges = [_border(found == k + 1) for k in range(int(found.max()))]
    found_hit = true_hit = 0.0
    for r, c in zip(rows, columns, strict=True):
        a, b = true_edges[r], found_edges[c]
        found_hit += float(np.count_nonzero(b & (cv2.dilate(a, disc) > 0)))
        true_hit += float(np.count_nonzero(a & (cv2.dilate(b, disc) > 0)))
    found_all = float(sum(map(np.count_nonzero, found_edges)))
    true_all = float(sum(map(np.count_nonzero, true_edges)))
    return found_hit, found_all, true_hit, true_all


def _border(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pixels of a mask with a neighbour outside it."""
    own = mask.astype(np.uint8)
    inner = cv2.erode(
        own, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1
    )
    return np.asarray(own - inner, np.uint8)


def _share(hit: float, of: float) -> float:
    return hit / of if of > 0 else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2.0 * a * b / (a + b) if a + b > 0 else 0.0
