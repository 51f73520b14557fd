"""Class-agnostic segmentation of what stands above the support, from depth (and colour).

In: WorkingView, support and walls. Out: a label image, 0 = no object. Whatever is above the
support and no wall is cut into fragments, fragments are merged into things, and what is too
small, too large or stands elsewhere is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.fragments import fragments
from deepsight_ros.perception.merging import chroma, measure_borders, merge
from deepsight_ros.perception.outliers import flying_pixels
from deepsight_ros.perception.outlines import complete_outlines
from deepsight_ros.perception.structure import over_support
from deepsight_ros.perception.support import HorizontalPlane, SupportFinding
from deepsight_ros.perception.view import Bool, Float, WorkingView

Labels = NDArray[np.int32]
Array = NDArray[np.float64]
Plane = tuple[Array, float]

LOW_SIGMAS = 0.7
"""Height over the support, in depth noise, from which a pixel may be the foot of a thing."""

NOTHING = SupportFinding(None, None, ())

WALL_PATCH_M2 = 0.15
"""A patch in a wall's plane of this size is wall; a fifth of it will do where it lies well in."""

LIES_IN = 0.25
"""Mean distance from the wall, as a share of what is allowed, of a patch that lies well in it: a
thing that crosses the plane is spread over all of it, with a mean of one half."""

PAD_PX = 8
"""Margin around the foreground's bounding box in which segmentation works."""

BESIDE_SUPPORT_M = 0.12
"""How far beyond the seen edge of the support a thing may stand and still be on it."""


@dataclass(frozen=True, eq=False)
class Segmentation:
    """What a view was divided into.

    Attributes:
        labels: (H, W) int32, 1..count; 0 = no thing.
        foreground: (H, W) bool: above the support, in the working volume, on no wall.
        finding: the support it was made with.
        walls: the walls that were left out.
        wall_masks: (H, W) bool of each wall's pixels.
        scores: (count) how sure a learned segmenter is of each, 0 to 1; () where nothing says.
    """

    labels: Labels
    count: int
    foreground: Bool
    finding: SupportFinding = NOTHING
    walls: tuple[Plane, ...] = ()
    wall_masks: tuple[Bool, ...] = ()
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Ground:
    """A view divided by height.

    Attributes:
        foreground: (H, W) bool: above the support by more than noise, in the working volume, on
            no wall.
        low: (H, W) bool: above the support's own noise, but too low to be a thing by itself.
        height_m: (H, W) float32 above the support, or None without one.
        wall_masks: (H, W) bool of each wall's pixels.
    """

    foreground: Bool
    low: Bool
    height_m: Float | None
    wall_masks: tuple[Bool, ...]


def height_above(view: WorkingView, normal: Array, offset_m: float) -> Float:
    """(H, W) float32 signed distance of each pixel's point from a plane, positive above it."""
    return np.asarray(view.filled_m * view.along(normal) + np.float32(offset_m), np.float32)


def foreground_of(
    view: WorkingView,
    finding: SupportFinding,
    walls: Sequence[Plane],
    config: PerceptionConfig,
) -> Ground:
    """What stands out of the support, and what might: see ``Ground``."""
    foreground = view.filled_m > 0
    if finding.support is None:
        height, low = None, np.zeros(foreground.shape, bool)
    else:
        plane = finding.support
        along = view.along(plane.normal)
        height = np.asarray(view.filled_m * along + np.float32(plane.offset_m), np.float32)
        noise = view.sigma_m * np.abs(along)
        high = height > np.float32(config.min_height_m) + np.float32(1.5) * noise
        low = foreground & ~high & (height > np.float32(0.001) + np.float32(LOW_SIGMAS) * noise)
        foreground &= high & (height < config.max_height_m)
    masks = tuple(_on_wall(view, normal, offset) for normal, offset in walls)
    for mask in masks:
        foreground &= ~mask
    return Ground(foreground, low, height, masks)


def _on_wall(view: WorkingView, normal: Array, offset_m: float) -> Bool:
    """(H, W) bool: pixels of a wall; places where a thing merely crosses its plane are none."""
    along = view.along(normal)
    away = np.abs(view.filled_m * along + np.float32(offset_m))
    allowed = np.float32(0.02) + np.float32(3.0) * view.sigma_m
    near = (away < allowed) & (view.filled_m > 0)
    inside = np.flatnonzero(near)
    out = np.zeros(near.shape, bool)
    if not len(inside):
        return out
    count, labels = cv2.connectedComponents(near.view(np.uint8), connectivity=4)
    label = labels.ravel()[inside]
    slant = np.maximum(np.abs(along.ravel()[inside]), np.float32(0.1))
    pixel_m2 = np.square(view.filled_m.ravel()[inside]) / slant
    area = np.bincount(label, weights=pixel_m2, minlength=count)
    area /= view.camera.fx_px * view.camera.fy_px
    number = np.maximum(np.bincount(label, minlength=count), 1)
    share = (away / allowed).ravel()[inside]
    off = np.bincount(label, weights=share, minlength=count) / number
    wall = (area > WALL_PATCH_M2) | (number > 0.05 * near.size)
    wall |= (area > 0.2 * WALL_PATCH_M2) & (off < LIES_IN)
    out.ravel()[inside] = wall[label]
    return out


def stands_out(height_m: Float | None) -> bool:
    """Whether the support is raised (a table): a good part of the view lies lower than it."""
    if height_m is None:
        return False
    sampled = height_m[::4, ::4]
    return bool(np.count_nonzero(sampled < -0.05) > 0.01 * sampled.size)


def segment(
    view: WorkingView,
    finding: SupportFinding,
    walls: Sequence[Plane],
    config: PerceptionConfig,
    gripper_m: Array | None = None,
) -> Segmentation:
    """Labelled objects of a view; see the module's first lines.

    Args:
        gripper_m: (3,) the gripper in the camera frame: what is there is kept wherever it is.
    """
    ground = foreground_of(view, finding, walls, config)
    foreground = ground.foreground
    labels = np.zeros(foreground.shape, np.int32)
    x, y, w, h = cv2.boundingRect(foreground.view(np.uint8))
    if min(w, h) < 2 or min(foreground.shape) < 12:
        return Segmentation(labels, 0, foreground, finding, tuple(walls), ground.wall_masks)
    rows = slice(max(0, y - PAD_PX), min(foreground.shape[0], y + h + PAD_PX))
    columns = slice(max(0, x - PAD_PX), min(foreground.shape[1], x + w + PAD_PX))
    part = view.crop(rows, columns)
    found = partition(part, foreground[rows, columns], config)[0]
    table = finding.support if stands_out(ground.height_m) else None
    found, count = keep_things(found, part, table, config, gripper_m)
    box = (rows, columns)
    height = None if ground.height_m is None else ground.height_m[box]
    up = None if finding.support is None else finding.support.normal
    labels[box] = complete_outlines(found, part, ground.low[box], height, up)
    return Segmentation(labels, count, foreground, finding, tuple(walls), ground.wall_masks)


def partition(
    view: WorkingView, foreground: Bool, config: PerceptionConfig
) -> tuple[Labels, Labels]:
    """A foreground divided into things, and into the fragments these were put together from.

    Both (H, W) int32, numbered 1..K; stray readings between two surfaces belong to no thing.
    """
    hues = chroma(view.colour) if config.use_colour and view.colour is not None else None
    pieces = dense(fragments(view, foreground, hues))
    borders = measure_borders(pieces, view, hues)
    merged = merge(borders, config.part_at_log_odds)
    things = merged[pieces].astype(np.int32)
    things[flying_pixels(view)] = 0
    return dense(things), pieces


def dense(labels: Labels) -> Labels:
    """The same regions numbered 1..K without gaps; 0 stays 0."""
    top = int(labels.max()) + 1
    present = np.bincount(labels.ravel(), minlength=top) > 0
    present[0] = False
    table = np.zeros(top, np.int32)
    table[present] = np.arange(1, np.count_nonzero(present) + 1)
    return table[labels]


def keep_things(
    labels: Labels,
    view: WorkingView,
    table: HorizontalPlane | None,
    config: PerceptionConfig,
    gripper_m: Array | None,
) -> tuple[Labels, int]:
    """Renumber, without segments too small, too big, or standing beyond a raised support."""
    count = int(labels.max())
    if count == 0:
        return labels, 0
    inside = np.flatnonzero(labels)
    size = np.bincount(labels.ravel()[inside], minlength=count + 1)
    inside = inside[::3]  # a third of the pixels tell size and place well enough
    flat = labels.ravel()[inside]
    number = np.maximum(np.bincount(flat, minlength=count + 1), 1)
    x, y = view.rays
    row, column = np.divmod(inside, labels.shape[1])
    z = view.filled_m.ravel()[inside]
    points = np.stack([x[column] * z, y[row] * z, z], axis=1)
    # Points spread evenly over a length have a standard deviation of length / sqrt(12): this
    # measure of size is not upset by single stray points.
    spread = np.zeros(count + 1)
    for k in range(3):
        mean = np.bincount(flat, weights=points[:, k], minlength=count + 1) / number
        square = (points[:, k] - mean[flat]) ** 2
        spread = np.maximum(spread, np.bincount(flat, weights=square, minlength=count + 1))
    side = np.sqrt(12.0 * spread / number)
    keep = size >= config.min_object_px
    keep &= (side >= config.min_object_size_m) & (side <= config.max_object_size_m)
    if table is not None:
        over = over_support(points, table, BESIDE_SUPPORT_M)
        on_ground = np.bincount(flat, weights=over, minlength=count + 1) > 0.15 * number
        if gripper_m is not None:
            near = np.linalg.norm(points - gripper_m, axis=1) < config.gripper_radius_m
            on_ground |= np.bincount(flat, weights=near, minlength=count + 1) > 0.2 * number
        keep &= on_ground
    keep[0] = False
    table = np.zeros(count + 1, np.int32)
    table[keep] = np.arange(1, np.count_nonzero(keep) + 1)
    return table[labels], int(np.count_nonzero(keep))
