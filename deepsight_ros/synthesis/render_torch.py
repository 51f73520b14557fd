"""Batched renderer in torch: Sceneries and camera poses in; depth, ids and colour of all out.

The same analytic intersections as `synthesis.raster`, for every ray with every part at once, so
that a GPU is kept busy; on the CPU it is the check that both agree. Each part is the common
interval of three slabs and one quadric x2 + y2 + q (z - a)2 <= rho along the ray.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.synthesis.raster import surface_table
from deepsight_ros.synthesis.render import NEAR_M
from deepsight_ros.synthesis.scenery import Scenery
from deepsight_ros.synthesis.shapes import BOX, CONE, SPHERE
from deepsight_ros.synthesis.textures import TILE_PX, atlas

_FAR_M = 1e6
_CHUNK = 16
"""Parts tried at once; bounds the memory of an eager run."""


@dataclass(frozen=True, eq=False)
class SceneBatch:
    """B worlds on a device, parts padded to the same number P.

    Attributes:
        centre (B, P, 3), to_local (B, P, 3, 3), half (B, P, 3): float32, in M.
        quadric: (B, P, 3) q, a and rho; rho = inf for boxes.
        instance: (B, P) int16; padding has half sides 0 and is never hit.
        tables: (B, 16, 4 P) what is constant over each face (``raster.surface_table``), or None.
        sky: (B, 3).
    """

    centre: Tensor
    to_local: Tensor
    half: Tensor
    quadric: Tensor
    instance: Tensor
    tables: Tensor | None
    sky: Tensor

    def __len__(self) -> int:
        return len(self.centre)


@dataclass(frozen=True, eq=False)
class Views:
    """B cameras: rotation (B, 3, 3) and position (B, 3) in M, intrinsics (B, 4) fx fy cx cy."""

    rotation: Tensor
    position: Tensor
    intrinsics: Tensor
    width_px: int
    height_px: int


@dataclass(frozen=True, eq=False)
class Pictures:
    """depth (B, H, W) float32 with NaN for nothing, instance (B, H, W) int16, colour uint8
    (B, H, W, 3) or None."""

    depth: Tensor
    instance: Tensor
    colour: Tensor | None


def views_of(
    cameras: Sequence[Camera], poses: Sequence[RigidTransform], device: str | torch.device = "cpu"
) -> Views:
    """Cameras as a batch.

    Raises:
        InvalidValueError: they differ in size.
    """
    sizes = {(c.width_px, c.height_px) for c in cameras}
    if len(sizes) != 1:
        raise InvalidValueError(f"views: got picture sizes {sorted(sizes)}, expected one size")
    width_px, height_px = sizes.pop()
    numbers = np.array([(c.fx_px, c.fy_px, c.cx_px, c.cy_px) for c in cameras], np.float32)
    return Views(
        torch.tensor(np.stack([p.rotation for p in poses]), dtype=torch.float32, device=device),
        torch.tensor(
            np.stack([p.translation_m for p in poses]), dtype=torch.float32, device=device
        ),
        torch.tensor(numbers, device=device),
        width_px,
        height_px,
    )


def batch_of(
    sceneries: Sequence[Scenery],
    device: str | torch.device = "cpu",
    *,
    poses: Sequence[RigidTransform] | None = None,
    multiple: int = 1,
) -> SceneBatch:
    """Worlds as a batch; with ``poses`` their faces can be coloured as seen from there.

    The number of parts is filled up to a multiple, so that compiled code meets few shapes.
    """
    most = -(-max(len(s) for s in sceneries) // multiple) * multiple
    count = len(sceneries)
    centre = np.zeros((count, most, 3), np.float32)
    to_local = np.zeros((count, most, 3, 3), np.float32)
    to_local[:] = np.eye(3)
    half = np.zeros((count, most, 3), np.float32)
    quadric = np.zeros((count, most, 3), np.float32)
    quadric[..., 2] = np.inf
    instance = np.zeros((count, most), np.int16)
    tables = np.zeros((count, 16, most * 4), np.float32)
    for b, scene in enumerate(sceneries):
        n = len(scene)
        centre[b, :n] = scene.centre_m
        to_local[b, :n] = np.swapaxes(scene.rotation, 1, 2)
        half[b, :n] = scene.size_m / 2
        radius, height = scene.size_m[:, 0] / 2, scene.size_m[:, 2] / 2
        slope2 = (radius / (2 * height)) ** 2
        kind = scene.kind
        quadric[b, :n, 0] = np.select([kind == SPHERE, kind == CONE], [1.0, -slope2], 0.0)
        quadric[b, :n, 1] = np.where(kind == CONE, height, 0.0)
        rho = np.where(kind == CONE, 0.0, radius * radius)
        quadric[b, :n, 2] = np.where(kind == BOX, np.inf, rho)
        instance[b, :n] = scene.instance_id
        if poses is not None:
            tables[b, :, : n * 4] = surface_table(scene, poses[b])
    sky = np.array([s.sky_rgb for s in sceneries], np.float32)
    arrays = (centre, to_local, half, quadric, instance)
    moved = [torch.tensor(a, device=device) for a in arrays]
    table = None if poses is None else torch.tensor(tables, device=device)
    return SceneBatch(*moved, table, torch.tensor(sky, device=device))


def render_batch(
    scenes: SceneBatch, views: Views, *, chunk: int = _CHUNK, fused: bool | None = None
) -> Pictures:
    """Every world as its camera sees it; world i belongs to view i.

    Args:
        scenes, views: of the same length, on the same device.
        chunk: parts tried at once; an eager run has B * H * W * chunk floats in use at a time.
        fused: let torch.compile make one kernel of all steps of a chunk, which needs no such
            memory; None: on GPUs.
    """
    if fused if fused is not None else scenes.centre.is_cuda:
        nearest, chunk = _fused_nearest(), max(chunk, 64)
    else:
        nearest = _nearest
    rays = _rays(views)
    offset = views.position[:, None] - scenes.centre
    origin = torch.einsum("bpij,bpj->bpi", scenes.to_local, offset)
    turn = scenes.to_local @ views.rotation[:, None]
    best = torch.full(rays.shape[::2], _FAR_M, device=rays.device)
    which = torch.zeros(best.shape, dtype=torch.long, device=rays.device)
    for start in range(0, scenes.centre.shape[1], chunk):
        part = slice(start, start + chunk)
        t, index = nearest(
            origin[:, part], turn[:, part], scenes.half[:, part], scenes.quadric[:, part], rays
        )
        nearer = t < best
        best = torch.where(nearer, t, best)
        which = torch.where(nearer, index + start, which)
    hit = best < _FAR_M
    size = (len(scenes), views.height_px, views.width_px)
    depth = torch.where(hit, best, torch.nan)
    ids = torch.gather(scenes.instance, 1, which)
    ids = torch.where(hit, ids, torch.zeros_like(ids))
    colour = None
    if scenes.tables is not None:
        colour = _colours(scenes, origin, turn, rays, best, which, hit).reshape(*size, 3)
    return Pictures(depth.reshape(size), ids.reshape(size), colour)


def _rays(views: Views) -> Tensor:
    """(B, 3, H * W) directions with z = 1."""
    device = views.intrinsics.device
    u = torch.arange(views.width_px, device=device, dtype=torch.float32)
    v = torch.arange(views.height_px, device=device, dtype=torch.float32)
    fx, fy, cx, cy = (n[:, None] for n in views.intrinsics.unbind(1))
    x = ((u - cx) / fx)[:, None, :].expand(-1, len(v), -1)
    y = ((v - cy) / fy)[:, :, None].expand(-1, -1, len(u))
    return torch.stack([x, y, torch.ones_like(x)], 1).flatten(2)


def _nearest(
    origin: Tensor, turn: Tensor, half: Tensor, quadric: Tensor, rays: Tensor
) -> tuple[Tensor, Tensor]:
    """(B, N) depth and part of the first hit among (B, P) parts; _FAR_M where none is hit."""
    t, _ = _intersect(
        [origin[..., i, None] for i in range(3)],
        [
            sum(turn[..., i, k, None] * rays[:, None, k] for k in range(3))  # type: ignore[misc]
            for i in range(3)
        ],
        [half[..., i, None] for i in range(3)],
        [quadric[..., i, None] for i in range(3)],
    )
    found, index = t.min(dim=1)
    return found, index


@cache
def _fused_nearest() -> Callable[..., tuple[Tensor, Tensor]]:
    fused: Callable[..., tuple[Tensor, Tensor]] = torch.compile(_nearest, dynamic=False)
    return fused


def _intersect(
    o: list[Tensor], d: list[Tensor], half: list[Tensor], quadric: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Depth of the first hit (_FAR_M: none) and what was hit: 0-2 a face's axis, 3 a round part.

    The ray is followed from its nearest approach to the part's middle, where float32 is precise.
    """
    q, a, rho = quadric
    is_box = torch.isinf(rho)
    length2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
    start = -(o[0] * d[0] + o[1] * d[1] + o[2] * d[2]) / length2
    p = [o[i] + start * d[i] for i in range(3)]
    low = torch.full_like(start, -_FAR_M)
    high = torch.full_like(start, _FAR_M)
    face = torch.full_like(start, 3.0)
    for axis in range(3):
        safe = torch.where(d[axis].abs() < 1e-9, torch.full_like(d[axis], 1e-9), d[axis])
        first, second = (-half[axis] - p[axis]) / safe, (half[axis] - p[axis]) / safe
        near, far = torch.minimum(first, second), torch.maximum(first, second)
        if axis < 2:  # the sides of round parts are the quadric's
            near = torch.where(is_box, near, -_FAR_M)
            far = torch.where(is_box, far, _FAR_M)
        face = torch.where(near > low, float(axis), face)
        low, high = torch.maximum(low, near), torch.minimum(high, far)
    z = p[2] - a
    aa = d[0] * d[0] + d[1] * d[1] + q * d[2] * d[2]
    bb = p[0] * d[0] + p[1] * d[1] + q * z * d[2]
    cc = p[0] * p[0] + p[1] * p[1] + q * z * z - torch.where(is_box, 0.0, rho)
    root = bb * bb - aa * cc
    s = torch.sqrt(root.clamp_min(0.0))
    safe = torch.where(aa.abs() < 1e-12, torch.full_like(aa, 1e-12), aa)
    one, two = (-bb - s) / safe, (-bb + s) / safe
    near, far = torch.minimum(one, two), torch.maximum(one, two)
    # steeper than a cone's flank: from the outer root on, within the lower nappe
    down = d[2] < 0
    steep = safe < 0
    begin = torch.where(steep, torch.where(down, far, -_FAR_M), near)
    end = torch.where(steep, torch.where(down, _FAR_M, near), far)
    missed = (root < 0) & ~is_box
    begin = torch.where(is_box, -_FAR_M, begin)
    end = torch.where(is_box, _FAR_M, end)
    face = torch.where(begin > low, 3.0, face)
    face = torch.where(is_box, face, 3.0)
    low, high = torch.maximum(low, begin), torch.minimum(high, end)
    t = start + low
    hit = (low <= high) & (t > NEAR_M) & ~missed & (half[2] > 0)
    return torch.where(hit, t, _FAR_M), face


def _colours(
    scenes: SceneBatch,
    origin: Tensor,
    turn: Tensor,
    rays: Tensor,
    depth: Tensor,
    which: Tensor,
    hit: Tensor,
) -> Tensor:
    """(B, N, 3) uint8 of the winning parts, as `raster` shades them (round parts as if flat-lit
    by their height, without the highlight of their curve)."""
    assert scenes.tables is not None
    o = [torch.gather(origin[..., i], 1, which) for i in range(3)]
    d = [
        sum(torch.gather(turn[..., i, k], 1, which) * rays[:, k] for k in range(3))  # type: ignore[misc]
        for i in range(3)
    ]
    half = [torch.gather(scenes.half[..., i], 1, which) for i in range(3)]
    quadric = [torch.gather(scenes.quadric[..., i], 1, which) for i in range(3)]
    _, face = _intersect(o, d, half, quadric)  # type: ignore[arg-type]
    code = which * 4 + face.long()
    table = torch.stack([torch.gather(scenes.tables[:, k], 1, code) for k in range(16)])
    points = rays * torch.where(hit, depth, 0.0)[:, None]
    cells = [
        (table[k] + (table[k + 1 : k + 4] * points.transpose(0, 1)).sum(0)).long() & (TILE_PX - 1)
        for k in (0, 4)
    ]
    pattern = torch.tensor(atlas().ravel(), device=rays.device)
    mix = pattern[((table[8].long() + cells[1]) * TILE_PX + cells[0]).clamp(0, len(pattern) - 1)]
    at = [o[i] + torch.where(hit, depth, 0.0) * d[i] for i in range(3)]
    around = at[0] / torch.sqrt(at[0] ** 2 + at[1] ** 2 + 1e-9)
    curve = torch.where(face == 3, 0.72 + 0.2 * around, 1.0)
    shade = table[9] * curve
    level = (table[10:13] + table[13:16] * mix) * shade
    level = torch.where(hit, level, scenes.sky.T[:, :, None])
    return level.clamp(0, 255).to(torch.uint8).movedim(0, -1)
