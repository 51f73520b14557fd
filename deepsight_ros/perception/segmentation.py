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

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.borders import chroma, measure_borders
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.fragments import fragments
from deepsight_ros.perception.merging import merge
from deepsight_ros.perception.outliers import flying_pixels
from deepsight_ros.perception.outlines import complete_outlines
from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.things import keep_things
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


def foreground_of(
    view: WorkingView,
    finding: SupportFinding,
    walls: Sequence[Plane],
    config: PerceptionConfig,
) -> Ground:
    """What stands out of the support, and what might: see ``Ground``."""
    if finding.support is None:
        foreground = view.filled_m > 0
        height, low = None, np.zeros(foreground.shape, bool)
    else:
        plane = finding.support
        least, most = config.min_height_m, config.max_height_m
        height, foreground, low = _by_height(
            view.filled_m, view.sigma_m, *view.rays, plane.normal, plane.offset_m, least, most
        )
    masks = tuple(_on_wall(view, normal, offset) for normal, offset in walls)
    for mask in masks:
        foreground &= ~mask
    return Ground(foreground, low, height, masks)


@compiled("f4[:,::1], f4[:,::1], f4[::1], f4[::1], f8[::1], f8, f8, f8")
def _by_height(
    z_m: Float,
    sigma_m: Float,
    ray_x: Float,
    ray_y: Float,
    normal: Array,
    offset_m: float,
    least_m: float,
    most_m: float,
) -> tuple[Float, Bool, Bool]:
    """Height above a plane, what stands out of it, and what is above its noise but low."""
    rows, columns = z_m.shape
    height = np.empty((rows, columns), np.float32)
    high = np.empty((rows, columns), np.bool_)
    low = np.empty((rows, columns), np.bool_)
    nx, ny, nz = np.float32(normal[0]), np.float32(normal[1]), np.float32(normal[2])
    offset, least, most = np.float32(offset_m), np.float32(least_m), np.float32(most_m)
    least_low, low_sigmas = np.float32(0.001), np.float32(LOW_SIGMAS)
    for r in range(rows):
        of_row = ray_y[r] * ny + nz
        for c in range(columns):
            along = ray_x[c] * nx + of_row
            h = z_m[r, c] * along + offset
            noise = sigma_m[r, c] * abs(along)
            is_read = z_m[r, c] > 0
            stands = h > least + np.float32(1.5) * noise
            height[r, c] = h
            high[r, c] = is_read & stands & (h < most)
            low[r, c] = is_read & (not stands) & (h > least_low + low_sigmas * noise)
    return height, high, low


def _on_wall(view: WorkingView, normal: Array, offset_m: float) -> Bool:
    """(H, W) bool: pixels of a wall; places where a thing merely crosses its plane are none."""
    share = _wall_share(view.filled_m, view.sigma_m, *view.rays, normal, offset_m)
    near = share < 1.0
    count, labels = cv2.connectedComponents(near.view(np.uint8), connectivity=4)
    pixel = 1.0 / (view.camera.fx_px * view.camera.fy_px)
    return _wall_patches(labels, count, share, view.filled_m, *view.rays, normal, pixel)


@compiled("f4[:,::1], f4[:,::1], f4[::1], f4[::1], f8[::1], f8")
def _wall_share(
    z_m: Float, sigma_m: Float, ray_x: Float, ray_y: Float, normal: Array, offset_m: float
) -> Float:
    """(H, W) distance of each reading from a plane as a share of what is allowed; 1 and more, or
    nothing read: not near."""
    rows, columns = z_m.shape
    share = np.empty((rows, columns), np.float32)
    nx, ny, nz = np.float32(normal[0]), np.float32(normal[1]), np.float32(normal[2])
    offset = np.float32(offset_m)
    for r in range(rows):
        of_row = ray_y[r] * ny + nz
        for c in range(columns):
            away = abs(z_m[r, c] * (ray_x[c] * nx + of_row) + offset)
            allowed = np.float32(0.02) + np.float32(3.0) * sigma_m[r, c]
            share[r, c] = away / allowed if z_m[r, c] > 0 else np.float32(2.0)
    return share


@compiled("i4[:,::1], i8, f4[:,::1], f4[:,::1], f4[::1], f4[::1], f8[::1], f8")
def _wall_patches(
    labels: Labels,
    count: int,
    share: Float,
    z_m: Float,
    ray_x: Float,
    ray_y: Float,
    normal: Array,
    pixel: float,
) -> Bool:
    """(H, W) bool: the patches 1..count-1 that are large or lie well in the plane; ``pixel`` is
    the solid angle of one."""
    rows, columns = labels.shape
    area, off = np.zeros(count), np.zeros(count)
    number = np.zeros(count, np.int64)
    for r in range(rows):
        for c in range(columns):
            label = labels[r, c]
            if label > 0:
                slant = abs(ray_x[c] * normal[0] + ray_y[r] * normal[1] + normal[2])
                area[label] += z_m[r, c] * z_m[r, c] / max(slant, 0.1)
                off[label] += share[r, c]
                number[label] += 1
    is_wall = np.zeros(count, np.bool_)
    for label in range(1, count):
        size = area[label] * pixel
        is_wall[label] = size > WALL_PATCH_M2 or number[label] > 0.05 * labels.size
        if size > 0.2 * WALL_PATCH_M2 and off[label] < LIES_IN * number[label]:
            is_wall[label] = True
    out = np.empty((rows, columns), np.bool_)
    for r in range(rows):
        for c in range(columns):
            out[r, c] = is_wall[labels[r, c]]
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
    return cut(ground, view, finding, walls, config, gripper_m)


def cut(
    ground: Ground,
    view: WorkingView,
    finding: SupportFinding,
    walls: Sequence[Plane],
    config: PerceptionConfig,
    gripper_m: Array | None = None,
) -> Segmentation:
    """``segment`` of a view whose foreground is known."""
    foreground = ground.foreground
    labels = np.zeros(foreground.shape, np.int32)
    box = box_of(foreground)
    if box is None:
        return Segmentation(labels, 0, foreground, finding, tuple(walls), ground.wall_masks)
    part = view.crop(*box)
    found = partition(part, np.ascontiguousarray(foreground[box]), config)[0]
    table = finding.support if stands_out(ground.height_m) else None
    found, count = keep_things(found, part, table, config, gripper_m)
    height = None if ground.height_m is None else np.ascontiguousarray(ground.height_m[box])
    up = None if finding.support is None else finding.support.normal
    low = np.ascontiguousarray(ground.low[box])
    labels[box] = complete_outlines(found, part, low, height, up)
    return Segmentation(labels, count, foreground, finding, tuple(walls), ground.wall_masks)


def box_of(foreground: Bool) -> tuple[slice, slice] | None:
    """Rows and columns around a foreground, with a margin; None when there is nothing to cut."""
    x, y, w, h = cv2.boundingRect(foreground.view(np.uint8))
    if min(w, h) < 2 or min(foreground.shape) < 12:
        return None
    rows = slice(max(0, y - PAD_PX), min(foreground.shape[0], y + h + PAD_PX))
    return rows, slice(max(0, x - PAD_PX), min(foreground.shape[1], x + w + PAD_PX))


def partition(
    view: WorkingView, foreground: Bool, config: PerceptionConfig
) -> tuple[Labels, Labels]:
    """A foreground divided into things, and into the fragments these were put together from.

    Both (H, W) int32, numbered 1..K; stray readings between two surfaces belong to no thing.
    """
    found, pieces = partitions(view, foreground, config, (config.part_at_log_odds,))
    return found[0], pieces


def partitions(
    view: WorkingView, foreground: Bool, config: PerceptionConfig, part_at: Sequence[float]
) -> tuple[list[Labels], Labels]:
    """As ``partition``, for several log odds from which on neighbours are parted."""
    hues = chroma(view.colour) if config.use_colour and view.colour is not None else None
    pieces = fragments(view, foreground, hues)
    borders = measure_borders(pieces, view, hues)
    stray = flying_pixels(view, foreground)
    return [_things(pieces, merge(borders, at), stray) for at in part_at], pieces


@compiled("i4[:,::1], i8[::1], b1[:,::1]")
def _things(pieces: Labels, merged: NDArray[np.int64], stray: Bool) -> Labels:
    """Pieces by the thing each became, without stray readings, numbered without gaps."""
    rows, columns = pieces.shape
    out = np.zeros((rows, columns), np.int32)
    for r in range(rows):
        for c in range(columns):
            if pieces[r, c] and not stray[r, c]:
                out[r, c] = merged[pieces[r, c]]
    return dense(out)


@compiled("i4[:,::1]")
def dense(labels: Labels) -> Labels:
    """The same regions numbered 1..K without gaps; 0 stays 0."""
    flat = labels.ravel()
    top = 0
    for label in flat:
        top = max(top, label)
    table = np.zeros(top + 1, np.int32)
    for label in flat:
        table[label] = 1
    table[0] = 0
    number = 0
    for label in range(1, top + 1):
        if table[label]:
            number += 1
            table[label] = number
    out = np.empty_like(labels)
    to = out.ravel()
    for i in range(flat.size):
        to[i] = table[flat[i]]
    return out
