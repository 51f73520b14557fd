"""Draws all parts of a world at once: Scenery and a camera in, a Picture with exact truth out.

Every part is intersected analytically. All faces of all boxes, and all round parts, are worked on
together as one list of fragments (one pixel of one part), so that the cost follows the number of
fragments and not the number of parts; the nearest fragment of a pixel wins, and only it is shaded.
The ray of a pixel has optical z = 1, so the ray parameter of a hit is its depth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
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
class _Fragments:
    """pixel (N,), inverse depth (N,) float32, code (N,): part * 4 + face axis."""

    pixel: Ints
    inverse: F32
    code: NDArray[np.int64]


def rasterise(
    scenery: Scenery, camera: Camera, world_from_camera: RigidTransform, *, colour: bool = True
) -> Picture:
    """The picture of everything in the scenery; ``colour`` False leaves colour black."""
    size = (camera.height_px, camera.width_px)
    local = _localise(scenery, world_from_camera)
    lists = [_box_fragments(scenery, local, camera), _round_fragments(scenery, local, camera)]
    key = np.zeros(size[0] * size[1], np.int64)
    flags = np.zeros((scenery.things + 1, key.size), np.bool_)
    for found in lists:
        bits = found.inverse.view(np.int32).astype(np.int64)
        bits <<= 32
        bits |= found.code
        np.maximum.at(key, found.pixel, bits)
        thing = np.maximum(scenery.instance_id, 0).astype(np.intp)[found.code >> 2]
        flags.ravel()[thing * key.size + found.pixel] = True
    hit = key > 0
    inverse = (key >> 32).astype(np.int32).view(np.float32)
    depth = np.full(key.size, np.nan, np.float32)
    np.divide(np.float32(1.0), inverse, out=depth, where=hit)
    code = np.where(hit, key & 0xFFFFFFFF, 0)
    ids = np.where(hit, scenery.instance_id[code >> 2], 0).astype(np.int16)
    rgb = np.zeros((key.size, 3), np.uint8)
    if colour:
        rgb = _shade(scenery, local, camera, depth, code, hit)
    seen = np.bincount(np.maximum(ids, 0), minlength=scenery.things + 1)[1:]
    alone = np.count_nonzero(flags[1:], axis=1)
    return Picture(
        depth.reshape(size), ids.reshape(size), rgb.reshape(*size, 3), alone, seen.astype(np.int64)
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


def _spread(counts: Ints) -> tuple[Ints, Ints]:
    """(which (N,), place within it (N,)) of a list that has ``counts[i]`` entries for i."""
    which = np.repeat(np.arange(len(counts)), counts)
    start = np.cumsum(counts) - counts
    return which, np.arange(len(which)) - start[which]


def _box_fragments(scenery: Scenery, local: _Local, camera: Camera) -> _Fragments:
    """Inverse depth and the four sides of a rectangle in space are linear in pixel coordinates,
    so each image row holds one interval of a face."""
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
    counts = np.where(u1 > u0, v1 - v0, 0)
    seg_face, seg_row = _spread(counts)
    seg_row = seg_row + v0[seg_face]
    y = ((np.arange(camera.height_px) - camera.cy_px) / camera.fy_px)[seg_row]

    limits = [-inverse, inverse - np.array([0.0, 0.0, 1.0 / NEAR_M])]
    for step in (1, 2):
        other = (axis + step) % 3
        o, h, r = origin[face, other], half[face, other], rotation[face, other]
        limits.append(r + (o - h)[:, None] * inverse)
        limits.append(-r - (o + h)[:, None] * inverse)
    low = np.full(len(seg_face), -np.inf)
    high = np.full(len(seg_face), np.inf)
    for limit in limits:  # a x + b y + c <= 0
        a, b, c = limit.T
        flat = np.abs(a) < 1e-12
        upper = (a > 0) & ~flat
        scale = np.where(flat, 0.0, -1.0 / np.where(flat, 1.0, a))
        rest = b[seg_face] * y + c[seg_face]
        bound = rest * scale[seg_face]
        upper_seg = upper[seg_face]
        np.minimum(high, np.where(upper_seg, bound, np.inf), out=high)
        if flat.any():
            flat_seg = flat[seg_face]
            upper_seg |= flat_seg
            high[flat_seg & (rest > 0)] = -np.inf
        np.maximum(low, np.where(upper_seg, -np.inf, bound), out=low)
    first = np.ceil(np.clip(low * camera.fx_px + camera.cx_px, 0, camera.width_px) - 1e-6)
    last = np.floor(np.clip(high * camera.fx_px + camera.cx_px, -1, camera.width_px - 1) + 1e-6)
    counts = np.maximum(last - first + 1, 0).astype(np.intp)
    seg, column = _spread(counts)
    column += first.astype(np.intp)[seg]
    rest32 = (inverse[seg_face, 1] * y + inverse[seg_face, 2]).astype(np.float32)
    x = ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px).astype(np.float32)
    w = inverse[seg_face, 0].astype(np.float32)[seg] * x[column] + rest32[seg]
    code = (part * 4 + axis)[seg_face][seg]
    return _Fragments((seg_row * camera.width_px)[seg] + column, w, code)


def _round_fragments(scenery: Scenery, local: _Local, camera: Camera) -> _Fragments:
    """Cylinder, sphere and cone as x2 + y2 + q (z - a)2 = rho, with flat caps; in float64."""
    part = np.nonzero(scenery.kind != BOX)[0]
    origin, rotation, half = local.origin[part], local.rotation[part], local.half[part]
    kind = scenery.kind[part]
    corners = (_CORNERS * half[:, None] - origin[:, None]) @ rotation
    u0, u1, v0, v1 = _rows(corners, camera)
    seg_part, seg_row = _spread(np.where(u1 > u0, v1 - v0, 0))
    seg_row = seg_row + v0[seg_part]
    y = ((np.arange(camera.height_px) - camera.cy_px) / camera.fy_px)[seg_row]
    base = rotation[seg_part, :, 1] * y[:, None] + rotation[seg_part, :, 2]
    seg, column = _spread((u1 - u0)[seg_part])
    column += u0[seg_part][seg]
    x = ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px)[column]
    p = seg_part[seg]

    radius, height = half[:, 0], half[:, 2]
    slope2 = (radius / (2 * height)) ** 2
    q = np.select([kind == SPHERE, kind == CONE], [1.0, -slope2], 0.0)
    rho = np.where(kind == CONE, 0.0, radius * radius)
    apex = np.where(kind == CONE, height, 0.0)
    oz = origin[:, 2] - apex
    c = origin[:, 0] ** 2 + origin[:, 1] ** 2 + q * oz * oz - rho
    d = [base[seg, i] + rotation[:, i, 0][p] * x for i in range(3)]
    qp = q[p]
    a = d[0] * d[0] + d[1] * d[1] + qp * d[2] * d[2]
    b = origin[:, 0][p] * d[0] + origin[:, 1][p] * d[1] + (q * oz)[p] * d[2]
    root = b * b - a * c[p]
    hit = np.nonzero((root >= 0) | (kind[p] == CONE))[0]
    p, a, b = p[hit], a[hit], b[hit]
    d0, d1, dz = d[0][hit], d[1][hit], d[2][hit]
    missed = root[hit] < 0
    root = np.sqrt(np.maximum(root[hit], 0.0))
    z0, h = origin[:, 2][p], height[p]
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.full(len(p), np.inf)
        for candidate in ((-b - root) / a, (-b + root) / a):
            z = z0 + candidate * dz
            fits = (candidate > NEAR_M) & (np.abs(z) <= h) & (candidate < best) & ~missed
            best[fits] = candidate[fits]
        capped = (kind == CYLINDER) | ((kind == CONE) & (origin[:, 2] < 0))
        capped &= np.abs(origin[:, 2]) > height
        rows = np.nonzero(capped[p])[0]
        pc = p[rows]
        t = (np.sign(z0[rows]) * h[rows] - z0[rows]) / dz[rows]
        px, py = origin[:, 0][pc] + t * d0[rows], origin[:, 1][pc] + t * d1[rows]
        fits = (px * px + py * py <= radius[pc] ** 2) & (t > NEAR_M) & (t < best[rows])
        best[rows[fits]] = t[fits]
    found = np.isfinite(best)
    pixel = ((seg_row * camera.width_px)[seg] + column)[hit]
    code = part[p] * 4 + _ROUND
    return _Fragments(pixel[found], (1.0 / best[found]).astype(np.float32), code[found])


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
    table = _surfaces(scenery, local)
    x = ((np.arange(camera.width_px) - camera.cx_px) / camera.fx_px).astype(np.float32)
    y = ((np.arange(camera.height_px) - camera.cy_px) / camera.fy_px).astype(np.float32)
    t = np.where(hit, depth, np.float32(0))
    rays = (np.tile(x, camera.height_px) * t, np.repeat(y, camera.width_px) * t, t)
    cells = []
    for first in (0, 4):
        cell = table[first].take(code)
        for k in range(3):
            cell += table[first + 1 + k].take(code) * rays[k]
        cells.append(cell.astype(np.int32) & (TILE_PX - 1))
    tile = table[8].take(code).astype(np.int32)
    mix = atlas().ravel().take((tile + cells[1]) * TILE_PX + cells[0])
    shade = table[9].take(code)
    rounds = np.nonzero(((code & 3) == _ROUND) & hit)[0]
    if len(rounds):
        shade[rounds] *= _round_shade(scenery, local, code[rounds] >> 2, [r[rounds] for r in rays])
    rgb = np.empty((len(depth), 3), np.uint8)
    missed = ~hit
    for i in range(3):
        level = table[13 + i].take(code)
        level *= mix
        level += table[10 + i].take(code)
        level *= shade
        np.minimum(level, np.float32(255), out=level)
        level[missed] = scenery.sky_rgb[i]
        rgb[:, i] = level
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
