"""Regions the caller points at, and detector boxes, turned into masks.

In: WorkingView, Segmentation, one box, point or mask in full-resolution pixels. Out: an (H, W)
bool mask at perception resolution; all False when nothing valid lies inside.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import find_objects

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.perception.box_segments import box_iou, object_in_box
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.inputs import RegionKind, RegionRequest
from deepsight_ros.perception.outliers import largest_cluster
from deepsight_ros.perception.segmentation import Segmentation
from deepsight_ros.perception.view import Bool, WorkingView

Box = tuple[float, float, float, float]

LEAST_FIT = 0.3
"""Below this overlap of what was found with the box, the box's whole foreground is taken."""


def region_mask(
    view: WorkingView, segmentation: Segmentation, region: RegionRequest, config: PerceptionConfig
) -> Bool:
    """Mask of a region; InvalidValueError when it lies outside the image."""
    if region.kind is RegionKind.MASK and region.mask is not None:
        return _from_mask(view, region)
    if region.kind is RegionKind.POINT and region.point_px is not None:
        return _from_point(view, segmentation, region.point_px, region.id)
    if region.box_px is None:
        raise InvalidValueError(f"region '{region.id}': nothing was given")
    return mask_in_box(view, segmentation, region.box_px, config)


def box_slices(view: WorkingView, box_px: Box) -> tuple[slice, slice]:
    """Rows and columns of the working image inside a full-resolution box (may be empty)."""
    h, w = view.valid.shape
    u0, v0, u1, v1 = (c / view.step for c in box_px)
    rows = slice(int(np.clip(np.floor(v0), 0, h)), int(np.clip(np.ceil(v1), 0, h)))
    columns = slice(int(np.clip(np.floor(u0), 0, w)), int(np.clip(np.ceil(u1), 0, w)))
    return rows, columns


def mask_in_box(
    view: WorkingView,
    segmentation: Segmentation,
    box_px: Box,
    config: PerceptionConfig,
    *,
    sharp_outline: bool = True,
) -> Bool:
    """The object a box surrounds, else its foreground, else its nearest surface (arguments as
    ``object_in_box``)."""
    rows, columns = box_slices(view, box_px)
    out = np.zeros(view.valid.shape, bool)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return out
    found, fit = object_in_box(
        view, segmentation, (rows, columns), config, sharp_outline=sharp_outline
    )
    if fit > LEAST_FIT:
        return found
    foreground = segmentation.foreground[rows, columns]
    out[rows, columns] = foreground if foreground.any() else view.valid[rows, columns]
    return largest_cluster(out, view, config.outlier_cell_m)


def best_segment(segmentation: Segmentation, rows: slice, columns: slice, least_iou: float) -> int:
    """Label whose bounding box overlaps the given one best and by ``least_iou``, or 0."""
    best, best_iou = 0, least_iou
    present = np.unique(segmentation.labels[rows, columns])
    boxes = find_objects(segmentation.labels)
    for label in present[present > 0]:
        own = boxes[label - 1]
        iou = box_iou(own, (rows, columns))
        if iou > best_iou:
            best, best_iou = int(label), iou
    return best


def _from_mask(view: WorkingView, region: RegionRequest) -> Bool:
    mask = region.mask
    if mask is None:
        raise InvalidValueError(f"region '{region.id}': kind MASK without a mask")
    h, w = view.valid.shape
    sampled = mask[:: view.step, :: view.step]
    if sampled.shape != (h, w):
        raise InvalidValueError(
            f"region '{region.id}': got a mask of {mask.shape}, expected the depth image's size"
        )
    # pixels without a reading stay in: the silhouette is what the caller knows best, and readings
    # go missing at its border first (widths would come out short)
    return np.array(sampled)


def _from_point(
    view: WorkingView, segmentation: Segmentation, point_px: tuple[float, float], name: str
) -> Bool:
    h, w = view.valid.shape
    u, v = round(point_px[0] / view.step), round(point_px[1] / view.step)
    if not (0 <= u < w and 0 <= v < h):
        raise InvalidValueError(
            f"region '{name}': got point {point_px}, expected a pixel inside the "
            f"{w * view.step}x{h * view.step} depth image"
        )
    label = int(segmentation.labels[v, u])
    if label == 0:  # a hole or an edge: the nearest segment within three pixels
        near = segmentation.labels[max(0, v - 3) : v + 4, max(0, u - 3) : u + 4]
        found = np.bincount(near[near > 0].ravel()) if (near > 0).any() else np.zeros(1, int)
        label = int(np.argmax(found))
    if label:
        return np.asarray(segmentation.labels == label)
    if not view.valid[v, u]:
        return np.zeros((h, w), bool)
    # On no object (the support, a wall): the smooth surface around the point.
    z = view.smooth_m.copy()
    flood = np.zeros((h + 2, w + 2), np.uint8)
    gap = float(0.01 + 4.0 * view.sigma_m[v, u])
    cv2.floodFill(z, flood, (u, v), 0.0, gap, gap, 4 | (255 << 8) | cv2.FLOODFILL_MASK_ONLY)
    return np.asarray((flood[1:-1, 1:-1] > 0) & view.valid)
