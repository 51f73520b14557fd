"""One picture to learn segmenting from: a stored view in, channels and targets out.

Every draw comes from the generator passed in. A picture is mirrored, zoomed, scaled in metres,
gets holes, loses its support or its up, so that the network leans on none of them alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.model.segmenter_net import OFFSET_PX
from deepsight_ros.perception.segment_input import encode
from deepsight_ros.perception.view import make_view, step_for
from deepsight_ros.synthesis.segment_views import SegmentView
from deepsight_ros.synthesis.things import SUPPORT_ID
from deepsight_ros.training.segment_colours import ColourChange, changed_colour

F32 = NDArray[np.float32]

IGNORE = 255
LEAST_PX = 5
"""Fewest pixels (on the network's grid) of an object that is asked for."""

MAX_RANGE_M = 6.0
_BORDER = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Augmentation:
    """How pictures are changed; shares are probabilities.

    Attributes:
        mirror, zoom, scale, holes, no_plane, no_up, plane_off: of each change.
        zoom_range: factor on the picture around a point in it.
        scale_range: factor on all lengths.
        most_holes: ellipses without depth.
        plane_off_m: standard deviation of a wrong support height.
        colour: how colours are changed, where a picture has any.
    """

    mirror: float = 0.5
    zoom: float = 0.5
    scale: float = 0.5
    holes: float = 0.4
    no_plane: float = 0.08
    no_up: float = 0.05
    plane_off: float = 0.2
    zoom_range: tuple[float, float] = (0.75, 1.5)
    scale_range: tuple[float, float] = (0.8, 1.25)
    most_holes: int = 5
    plane_off_m: float = 0.01
    colour: ColourChange = field(default_factory=ColourChange)


@dataclass(frozen=True, eq=False)
class SegmentExample:
    """What the loss of one picture takes; (h, w) on the network's grid.

    Attributes:
        channels: (C, h, w) float32.
        kind: uint8, 0 background, 1 support, 2 object, ``IGNORE``.
        centre: float32, 1 at middles of objects, falling off around them.
        offset: (2, h, w) float32, right and down to the middle, in ``OFFSET_PX`` pixels.
        boundary: float32, 1 where another object, or none, is a neighbour of an object's pixel.
        weight: float32, of a pixel: the smaller its object, the more.
        instance: uint8, number of the pixel's object; 0 for none, or one that is not asked for.
    """

    channels: F32
    kind: NDArray[np.uint8]
    centre: F32
    offset: F32
    boundary: F32
    weight: F32
    instance: NDArray[np.uint8]


def augmented(view: SegmentView, how: Augmentation, rng: np.random.Generator) -> SegmentView:
    """The view with every change drawn from ``rng``."""
    frame, ids = view.frame, view.instance_id
    depth, camera, colour = frame.depth_m, frame.camera, frame.colour
    plane, up = view.plane.copy(), view.up.copy()
    height, width = depth.shape
    if rng.random() < how.mirror:
        depth, ids = depth[:, ::-1], ids[:, ::-1]
        colour = None if colour is None else colour[:, ::-1]
        camera = replace(camera, cx_px=width - 1 - camera.cx_px)
        plane[0], up[0] = -plane[0], -up[0]
    if rng.random() < how.zoom:
        factor = float(np.exp(rng.uniform(*np.log(how.zoom_range))))
        u, v = rng.uniform(0.25, 0.75) * width, rng.uniform(0.25, 0.75) * height
        move = np.array([[factor, 0.0, u - factor * u], [0.0, factor, v - factor * v]])
        size = (width, height)
        near = cv2.INTER_NEAREST
        depth = cv2.warpAffine(
            np.ascontiguousarray(depth), move, size, flags=near, borderValue=float("nan")
        )
        ids = cv2.warpAffine(np.ascontiguousarray(ids), move, size, flags=near, borderValue=0)
        if colour is not None:
            colour = np.asarray(cv2.warpAffine(np.ascontiguousarray(colour), move, size), np.uint8)
        camera = replace(
            camera,
            fx_px=camera.fx_px * factor,
            fy_px=camera.fy_px * factor,
            cx_px=factor * camera.cx_px + float(move[0, 2]),
            cy_px=factor * camera.cy_px + float(move[1, 2]),
        )
    if rng.random() < how.scale:
        factor = float(rng.uniform(*how.scale_range))
        depth = depth * np.float32(factor)
        plane[3] *= factor
    if rng.random() < how.holes:
        depth = np.array(depth)
        for _ in range(int(rng.integers(1, how.most_holes + 1))):
            at = (int(rng.integers(width)), int(rng.integers(height)))
            size = (int(rng.integers(1, width // 14)), int(rng.integers(1, height // 14)))
            hole = np.zeros(depth.shape, np.uint8)
            cv2.ellipse(hole, at, size, float(rng.uniform(0, 180)), 0, 360, 1, -1)
            depth[hole > 0] = np.nan
    draw = rng.random(3)
    if draw[0] < how.plane_off:
        plane[3] += rng.normal(0, how.plane_off_m)
    if draw[1] < how.no_plane:
        plane[:] = np.nan
    if draw[2] < how.no_up:
        plane[:], up[:] = np.nan, np.nan
    if colour is not None:
        colour = changed_colour(colour, how.colour, rng)
    made = RgbdFrame(
        frame.stamp_ns,
        camera,
        np.ascontiguousarray(depth),
        None if colour is None else np.ascontiguousarray(colour),
        frame.sensor,
    )
    return replace(view, frame=made, instance_id=np.ascontiguousarray(ids), plane=plane, up=up)


def cropped(
    made: SegmentExample, size_px: tuple[int, int], rng: np.random.Generator
) -> SegmentExample:
    """A window (rows, columns) of an example: of three drawn, the one with most of objects."""
    rows, columns = made.kind.shape
    high, wide = min(size_px[0], rows), min(size_px[1], columns)
    corners = [
        (int(rng.integers(rows - high + 1)), int(rng.integers(columns - wide + 1)))
        for _ in range(3)
    ]
    full = [np.count_nonzero(made.kind[v : v + high, u : u + wide] == 2) for v, u in corners]
    v, u = corners[int(np.argmax(full))]
    window = (..., slice(v, v + high), slice(u, u + wide))
    return SegmentExample(**{name: value[window] for name, value in vars(made).items()})


def example(view: SegmentView, *, colour: bool = False) -> SegmentExample:
    """Channels and targets of a view."""
    working = make_view(view.frame, step_for(view.frame.camera.width_px, 320), MAX_RANGE_M)
    plane = None
    if np.isfinite(view.plane).all():
        plane = (view.plane[:3].astype(np.float64), float(view.plane[3]))
    up = view.up.astype(np.float64) if np.isfinite(view.up).all() else None
    given = encode(working, up, plane, colour=colour)
    step = working.step * given.step
    return SegmentExample(given.channels, *targets(view.instance_id[::step, ::step]))


def targets(
    ids: NDArray[np.int16],
) -> tuple[NDArray[np.uint8], F32, F32, F32, F32, NDArray[np.uint8]]:
    """What to learn of an id image, in the order of ``SegmentExample``'s fields."""
    shape = ids.shape
    things = np.maximum(ids, 0).astype(np.int64)
    count = int(things.max())
    size = np.bincount(things.ravel(), minlength=count + 1)
    small = size < LEAST_PX
    small[0] = False
    kind = np.zeros(shape, np.uint8)
    kind[ids == SUPPORT_ID] = 1
    kind[ids > 0] = 2
    kind[small[things]] = IGNORE
    v, u = np.divmod(np.arange(things.size, dtype=np.float32), shape[1])
    flat = things.ravel()
    number = np.maximum(size, 1)
    mid_u = (np.bincount(flat, weights=u, minlength=count + 1) / number).astype(np.float32)
    mid_v = (np.bincount(flat, weights=v, minlength=count + 1) / number).astype(np.float32)
    offset = np.stack([mid_u[flat] - u, mid_v[flat] - v]).reshape(2, *shape) / OFFSET_PX
    offset *= kind == 2
    asked = np.flatnonzero((size > 0) & ~small)
    asked = asked[asked > 0]
    centre = np.zeros(shape, np.float32)
    if len(asked):
        # a tenth of an object's diameter, between one and three pixels
        sigma = np.clip(0.12 * np.sqrt(size[asked]), 0.8, 3.0)[:, None]
        across = np.exp(
            -0.5 * ((np.arange(shape[1]) - np.round(mid_u[asked])[:, None]) / sigma) ** 2
        )
        along = np.exp(
            -0.5 * ((np.arange(shape[0]) - np.round(mid_v[asked])[:, None]) / sigma) ** 2
        )
        both = along.astype(np.float32)[:, :, None] * across.astype(np.float32)[:, None, :]
        centre = both.max(axis=0)
    own = things.astype(np.int16)
    differs = cv2.dilate(own, _BORDER) != cv2.erode(own, _BORDER)
    boundary = (differs & (own > 0)).astype(np.float32)
    weight = np.clip(25.0 / np.sqrt(number), 0.6, 4.0).astype(np.float32)
    weight[0] = 0.6
    instance = np.where(kind == 2, things, 0).astype(np.uint8)
    return kind, centre, offset.astype(np.float32), boundary, weight[things], instance
