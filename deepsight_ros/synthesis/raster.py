"""Draws all parts of a world at once: Scenery and a camera in, a Picture with exact truth out.

Every part is intersected analytically, pixel by pixel (``raster_loops``); the nearest fragment of
a pixel wins, and only it is shaded. The ray of a pixel has optical z = 1, so the ray parameter of
a hit is its depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.raster_loops import fill_faces, fill_rounds, paint
from deepsight_ros.synthesis.render import NEAR_M, Rendering
from deepsight_ros.synthesis.scenery import Scenery
from deepsight_ros.synthesis.shapes import BOX, CONE, CYLINDER, SPHERE
from deepsight_ros.synthesis.textures import PERIODS_PER_TILE, TILE_PX, atlas

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Ints = NDArray[np.intp]

_CORNERS = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)], dtype=float)
_FACE_CORNERS = np.array(
    [[np.nonzero(_CORNERS[:, axis] == side)[0] for side in (-1, 1)] for axis in range(3)]
)
_ROUND = 3
"""Code of a round part's surface where boxes have the axis of a face."""


@dataclass(frozen=True, eq=False)
class Picture(Rendering):
    """A rendering that knows how much of each thing is hidden.

    Attributes:
        alone_px: (T,) pixels each thing would cover if nothing stood before it.
        seen_px: (T,) pixels it does cover.
    """

    alone_px: NDArray[np.int64]
    seen_px: NDArray[np.int64]

    @property
    def visible(self) -> F64:
        """(T,) visible share of each thing; 0 where it is out of view."""
        share: F64 = self.seen_px / np.maximum(self.alone_px, 1)
        return share


@dataclass(frozen=True, eq=False)
class _Local:
    """The camera in every part's own axes: origin (P, 3), rotation (P, 3, 3), half size (P, 3)."""

    origin: F64
    rotation: F64
    half: F64


@dataclass(frozen=True, eq=False)
class _Canvas:
    """What the loops write to; see ``raster_loops``."""

    inverse: F32
    code: NDArray[np.int64]
    flags: NDArray[np.bool_]
    alone: NDArray[np.int64]

    @property
    def arrays(self) -> tuple[F32, NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
        return self.inverse, self.code, self.flags, self.alone


def rasterise(
    scenery: Scenery, camera: Camera, world_from_camera: RigidTransform, *, colour: bool = True
) -> Picture:
    """The picture of everything in the scenery; ``colour`` False leaves colour black."""
    size = (camera.height_px, camera.width_px)
    pixels = size[0] * size[1]
    local = _localise(scenery, world_from_camera)
    canvas = _Canvas(
        np.zeros(pixels, np.float32),
        np.zeros(pixels, np.int64),
        np.zeros((scenery.things + 1, pixels), np.bool_),
        np.zeros(scenery.things + 1, np.int64),
    )
    _draw_boxes(canvas, scenery, local, camera)
    _draw_rounds(canvas, scenery, local, camera)
    hit = canvas.inverse > 0
    depth = np.full(pixels, np.nan, np.float32)
    np.divide(np.float32(1.0), canvas.inverse, out=depth, where=hit)
    ids = np.where(hit, scenery.instance_id[canvas.code >> 2], 0).astype(np.int16)
    rgb = np.zeros((pixels, 3), np.uint8)
    if colour:
        rgb = _shade(scenery, local, camera, depth, canvas.code, hit)
    seen = np.bincount(np.maximum(ids, 0), minlength=scenery.things + 1)[1:]
    return Picture(
        depth.reshape(size),
        ids.reshape(size),
        rgb.reshape(*size, 3),
        canvas.alone[1:],
        seen.astype(np.int64),
    )


def _localise(scenery: Scenery, pose: RigidTransform) -> _Local:
    inverse = np.swapaxes(scenery.rotation, 1, 2)
    offset = pose.translation_m - scenery.centre_m
    return _Local(
        np.einsum("pij,pj->pi", inverse, offset), inverse @ pose.rotation, scenery.size_m / 2
    )


def _rows(corners: F64, camera: Camera) -> tuple[Ints, Ints, Ints, Ints]:
    """Pixel rectangles (u0, u1, v0, v1), exclusive ends, around (N, K, 3) corners given in the
    optical frame; the whole picture where a corner is behind the camera, empty where all are."""
    z = corners[..., 2]
    behind = (z < NEAR_M).any(axis=1)
    gone = (z < NEAR_M).all(axis=1)
    safe = np.maximum(z, NEAR_M)
    out = []
    for axis, focal, middle, size in (
        (0, camera.fx_px, camera.cx_px, camera.width_px),
        (1, camera.fy_px, camera.cy_px, camera.height_px),
    ):
        at = corners[..., axis] / safe * focal + middle
        low = np.clip(np.floor(at.min(axis=1)), 0, size).astype(np.intp)
        high = np.clip(np.ceil(at.max(axis=1)) + 1, 0, size).astype(np.intp)
        low[behind], high[behind] = 0, size
        high[gone] = low[gone]
        out += [low, high]
    return out[0], out[1], out[2], out[3]


def _draw_boxes(canvas: _Canvas, scenery: Scenery, local: _Local, camera: Camera) -> None:
    """Faces that look at the camera."""
    boxes = np.nonzero(scenery.kind == BOX)[0]
    facing = np.abs(local.origin[boxes]) > local.half[boxes]
    which, axis = np.nonzero(facing)
    part = boxes[which]
    origin, rotation, half = local.origin[part], local.rotation[part], local.half[part]
    face = np.arange(len(part))
    side = np.sign(origin[face, axis])
    plane = side * half[face, axis]
    inverse = rotation[face, axis] / (plane - origin[face, axis])[:, None]

    signs = _CORNERS[_FACE_CORNERS[axis, (side > 0).astype(int)]]  # (F, 4, 3)
    corners = (signs * half[:, None] - origin[:, None]) @ rotation
    u0, u1, v0, v1 = _rows(corners, camera)
    limits = [-inverse, inverse - np.array([0.0, 0.0, 1.0 / NEAR_M])]
    for step in (1, 2):
        other = (axis + step) % 3
        o, h, r = origin[face, other], half[face, other], rotation[face, other]
        limits.append(r + (o - h)[:, None] * inverse)
        limits.append(-r - (o + h)[:, None] * inverse)
    fill_faces(
        *canvas.arrays,
        np.stack(limits, axis=1),
        np.ascontiguousarray(inverse),
        part * 4 + axis,
        _things(scenery, part),
        v0,
        np.where(u1 > u0, v1, v0),
        ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px).astype(np.float32),
        *_numbers(camera),
    )


def _draw_rounds(canvas: _Canvas, scenery: Scenery, local: _Local, camera: Camera) -> None:
    """Cylinders, spheres and cones, in float64."""
    part = np.nonzero(scenery.kind != BOX)[0]
    origin, rotation, half = local.origin[part], local.rotation[part], local.half[part]
    kind = scenery.kind[part]
    corners = (_CORNERS * half[:, None] - origin[:, None]) @ rotation
    radius, height = half[:, 0], half[:, 2]
    slope2 = (radius / (2 * height)) ** 2
    q = np.select([kind == SPHERE, kind == CONE], [1.0, -slope2], 0.0)
    rho = np.where(kind == CONE, 0.0, radius * radius)
    oz = origin[:, 2] - np.where(kind == CONE, height, 0.0)
    c = origin[:, 0] ** 2 + origin[:, 1] ** 2 + q * oz * oz - rho
    capped = (kind == CYLINDER) | ((kind == CONE) & (origin[:, 2] < 0))
    capped &= np.abs(origin[:, 2]) > height
    fill_rounds(
        *canvas.arrays,
        origin,
        np.ascontiguousarray(rotation),
        np.stack([q, q * oz, c, origin[:, 2], height, radius], axis=1),
        part * 4 + _ROUND,
        _things(scenery, part),
        np.stack(_rows(corners, camera), axis=1),
        np.stack([kind == CONE, capped], axis=1),
        NEAR_M,
        *_numbers(camera),
    )


def _things(scenery: Scenery, part: Ints) -> Ints:
    """Which thing each part is of, 0 for fixtures."""
    return np.maximum(scenery.instance_id, 0).astype(np.intp)[part]


def _numbers(camera: Camera) -> tuple[int, float, float, float, float]:
    return camera.width_px, camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px


def _shade(
    scenery: Scenery,
    local: _Local,
    camera: Camera,
    depth: F32,
    code: NDArray[np.int64],
    hit: NDArray[np.bool_],
) -> NDArray[np.uint8]:
    """(H * W, 3) colours of the winning fragments.

    All that is constant over a face is folded into one table per face first: the pixel of the
    pattern is linear in the hit point, brightness and colours are numbers.
    """
    x = ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px).astype(np.float32)
    y = ((np.arange(camera.height_px) - camera.cy_px) / camera.fy_px).astype(np.float32)
    shade = np.ones(len(depth), np.float32)
    rounds = np.nonzero(((code & 3) == _ROUND) & hit)[0]
    if len(rounds):
        t = depth[rounds]
        rays = [x[rounds % camera.width_px] * t, y[rounds // camera.width_px] * t, t]
        shade[rounds] = _round_shade(scenery, local, code[rounds] >> 2, rays)
    rgb = np.empty((len(depth), 3), np.uint8)
    table = np.ascontiguousarray(_surfaces(scenery, local).T)
    tiles = atlas().reshape(-1, TILE_PX)
    paint(rgb, depth, code, table, shade, x, y, tiles, np.array(scenery.sky_rgb, np.uint8))
    return rgb


def surface_table(scenery: Scenery, world_from_camera: RigidTransform) -> F32:
    """(16, P * 4) what is constant over each face as that camera sees it; see ``_surfaces``."""
    return _surfaces(scenery, _localise(scenery, world_from_camera))


def _surfaces(scenery: Scenery, local: _Local) -> F32:
    """(16, P * 4) what is constant over each face: pattern column (offset and slope along the
    three camera axes), pattern row (likewise), first row of the pattern's tile, brightness, first
    colour, change to the second colour.
    """
    look, count = scenery.look, len(scenery)
    axes = np.arange(4)
    across = np.array([1, 0, 0, 0])[axes]  # the two axes of a face; round parts: x + y and z
    up = np.array([2, 2, 1, 2])[axes]
    scale = (TILE_PX / PERIODS_PER_TILE / look.period_m)[scenery.material][:, None]
    out = np.empty((16, count, 4), np.float32)
    for first, which, shift in ((0, across, 4096.0), (4, up, 4103.0)):
        offset, slope = local.origin[:, which], local.rotation[:, which]
        if first == 0:
            offset = offset + local.origin[:, [1]] * (axes == _ROUND)
            slope = slope + local.rotation[:, [1]] * (axes == _ROUND)[:, None]
        out[first] = offset * scale + scenery.phase[:, None] + shift
        out[first + 1 : first + 4] = np.moveaxis(slope * scale[..., None], 2, 0)
    out[8] = (look.pattern[scenery.material] * TILE_PX)[:, None]
    lit = np.ones((count, 4))
    lit[:, :3] = _lit(np.sign(local.origin) * local_light(scenery))
    out[9] = lit * scenery.tint[:, None]
    out[10:13] = look.first_rgb[scenery.material].T[:, :, None]
    out[13:16] = look.change_rgb[scenery.material].T[:, :, None]
    return out.reshape(16, -1)


def local_light(scenery: Scenery) -> F64:
    """(P, 3) the direction to the light in every part's own axes."""
    found: F64 = np.einsum("pji,j->pi", scenery.rotation, scenery.light)
    return found


def _lit(cosine: F64 | F32) -> F32:
    return np.asarray(0.68 + 0.4 * np.maximum(cosine, -0.4), dtype=np.float32)


def _round_shade(scenery: Scenery, local: _Local, part: NDArray[np.int64], rays: list[F32]) -> F32:
    """Brightness of round parts at the hit points (given in the optical frame)."""
    light = local_light(scenery).astype(np.float32)
    rotation = local.rotation.astype(np.float32)
    at = [local.origin[:, i].astype(np.float32).take(part) for i in range(3)]
    for i in range(3):
        for k in range(3):
            at[i] += rotation[:, i, k].take(part) * rays[k]
    kind = scenery.kind[part]
    half = local.half.astype(np.float32)
    radius, height = half[:, 0].take(part), half[:, 2].take(part)
    lx, ly, lz = (light[:, i].take(part) for i in range(3))
    flat = np.maximum(np.hypot(at[0], at[1]), np.float32(1e-6))
    around = (at[0] * lx + at[1] * ly) / flat
    ball = (at[0] * lx + at[1] * ly + at[2] * lz) / np.maximum(radius, np.float32(1e-6))
    slope = radius / (2 * height)
    flank = (around + slope * lz) / np.hypot(np.float32(1), slope)
    cosine = np.select([kind == CYLINDER, kind == SPHERE], [around, ball], flank)
    side = np.sign(local.origin[:, 2]).astype(np.float32).take(part)
    capped = (kind != SPHERE) & (np.abs(at[2] - side * height) < 1e-4)
    capped &= (kind == CYLINDER) | (side < 0)
    return _lit(np.where(capped, side * lz, cosine))
