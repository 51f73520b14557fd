"""Metric features: levelled coordinates in, what a linear layer can read of place and size out.

A distance between two things is a difference of coordinates, a size a ratio of lengths. Given as
plain numbers of order one, a centimetre is lost among metres; written as waves of several lengths
(Vaswani et al. 2017, section 3.5) and as waves of the logarithm it stays readable.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from deepsight_ros.model.crops import crop
from deepsight_ros.model.depth_encoding import LENGTH_SCALE_M

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SAMPLES = 20
"""Readings along each side of a region."""
_PLACE_BANDS, _LOG_BANDS, _PATCH_BANDS = 7, 6, 5
_LEAST_M = 2e-3
_TURNS = 9
"""Headings of a rectangle that are tried, over a quarter turn."""

REGION_FEATURES = 2 * (5 * 3 + 1) + 3 * 2 * _PLACE_BANDS * 3 + 7 * (1 + 2 * _LOG_BANDS)
"""Quantiles of middle half and whole, waves of middle, low and high corner, waves of log sizes."""
PATCH_FEATURES = 3 * 3 + 1 + 6 * 2 * _PATCH_BANDS


def waves(values: Tensor, bands: int) -> Tensor:
    """(..., N) -> (..., N * 2 * bands): sine and cosine of 1, 2, 4 ... times each value."""
    steps = 2.0 ** torch.arange(bands, device=values.device, dtype=values.dtype)
    phase = values[..., None] * steps
    return torch.cat([phase.sin(), phase.cos()], dim=-1).flatten(-2)


def log_waves(lengths_m: Tensor) -> Tensor:
    """(..., N) metres -> (..., N * 13): log10 and its waves."""
    log = lengths_m.clamp(min=_LEAST_M).log10()
    return torch.cat([log, waves(log, _LOG_BANDS)], dim=-1)


@torch.no_grad()
def region_features(
    depth_m: Tensor, points_m: Tensor, regions: Tensor, focal_share: Tensor
) -> tuple[Tensor, Tensor]:
    """What a box holds, in metres.

    Args:
        depth_m: (B, H, W) along optical z, 0 = invalid.
        points_m: (B, 3, H, W) levelled coordinates, 0 where invalid.
        regions: (B, R, 4) shares of the picture.
        focal_share: (B, 2) focal lengths divided by the picture's width and height.

    Returns:
        (B, R, ``REGION_FEATURES``), and (B, R, 19) metres: middle, low and high corner of what is
        near, the box's sides at its depth, spans, optical depth, range, the height of the
        picture's lowest part, and the short and long side seen from above; float32. The near part
        of a region is what lies no farther from its middle depth than the box is large: a thing
        without most of its background.
    """
    stacked = torch.cat([points_m, depth_m[:, None]], dim=1).float()
    whole, _ = crop(stacked, regions, _SAMPLES, 0.0)
    quarter = _SAMPLES // 4
    middle = whole[..., quarter : _SAMPLES - quarter, quarter : _SAMPLES - quarter].flatten(3)
    whole = whole.flatten(3)
    inner, outer = _quantiles(middle), _quantiles(whole)
    size = (regions[..., 2:] - regions[..., :2]) / focal_share[:, None]
    z = inner[0][..., 3, 2]
    box_m = size * z[..., None]
    reach = 0.6 * box_m.amax(-1).clamp(min=0.02)
    near = (whole[:, :, 3] > 0) & ((whole[:, :, 3] - z[..., None]).abs() < reach[..., None])
    kept = torch.where(near[:, :, None], whole, torch.zeros_like(whole))
    body, _ = _quantiles(kept)
    span_m = (body[..., :3, 4] - body[..., :3, 0]).clamp(min=0)
    centre = inner[0][..., :3, 2]
    range_m = torch.linalg.vector_norm(centre, dim=-1, keepdim=True)
    sizes = torch.cat([box_m, span_m, z[..., None], range_m], dim=-1)
    corners_m = torch.cat([centre, body[..., :3, 0], body[..., :3, 4]], dim=-1)
    plain = [
        part
        for values, share in (inner, outer)
        for part in (values[..., :3, :].flatten(2) / LENGTH_SCALE_M, share[..., None])
    ]
    places = waves(corners_m / LENGTH_SCALE_M, _PLACE_BANDS)
    lowest, _ = _quantiles(points_m[:, :, ::4, ::4].float().flatten(2))
    floor = lowest[:, None, 2:, 0].expand(*sizes.shape[:2], 1)
    footprint = _footprint(kept[:, :, :2], near)
    body_m = torch.cat([corners_m, sizes, floor, footprint], dim=-1)
    return torch.cat([*plain, places, log_waves(sizes)], dim=-1), body_m


@torch.no_grad()
def patch_features(points_m: Tensor, grid: tuple[int, int]) -> Tensor:
    """Levelled coordinates of every patch: (B, 3, H, W) -> (B, P, ``PATCH_FEATURES``)."""
    b, c, height, width = points_m.shape
    rows, columns = grid
    cut = points_m.float().view(b, c, rows, height // rows, columns, width // columns)
    flat = cut.permute(0, 2, 4, 1, 3, 5).reshape(b, rows * columns, c, -1)
    values, share = _quantiles(flat)
    chosen = values[..., (0, 2, 4)] / LENGTH_SCALE_M
    x, y, z = chosen.unbind(2)
    edges = torch.cat([x[..., :2], y[..., ::2], z[..., ::2]], dim=-1)
    return torch.cat([chosen.flatten(2), share[..., None], waves(edges, _PATCH_BANDS)], dim=-1)


def _footprint(ground_m: Tensor, near: Tensor) -> Tensor:
    """(B, R, 2, N) points seen from above, (B, R, N) which count -> (B, R, 2) short and long side
    of the rectangle of least area around the middle nine tenths of them."""
    angles = torch.arange(_TURNS, device=ground_m.device) * (math.pi / 2 / _TURNS)
    along = torch.stack([angles.cos(), angles.sin()], dim=-1)
    across = torch.stack([-angles.sin(), angles.cos()], dim=-1)
    turned = torch.cat([along, across]) @ ground_m
    ordered = _sorted(turned.masked_fill(~near[:, :, None], torch.inf))
    last = (near.sum(-1) - 1).clamp(min=0)
    low, high = (
        ordered.gather(-1, (last * q).round().long()[..., None, None].expand(*turned.shape[:3], 1))
        for q in (0.05, 0.95)
    )
    sides = (high - low)[..., 0].nan_to_num(0.0).unflatten(-1, (2, _TURNS))
    best = sides.prod(dim=2).argmin(-1)
    chosen = sides.gather(-1, best[..., None, None].expand(*sides.shape[:3], 1))[..., 0]
    return chosen.sort(-1).values


def _sorted(values: Tensor) -> Tensor:
    """Along the last dimension. numpy's vectorised sort on a CPU: torch's also tracks where each
    value came from and takes several times as long. numpy has no bfloat16."""
    if values.device.type == "cpu" and values.dtype is not torch.bfloat16:
        return torch.from_numpy(np.sort(values.numpy(), axis=-1))
    return values.sort(-1).values


def _quantiles(readings: Tensor) -> tuple[Tensor, Tensor]:
    """(..., C, N) readings, all channels 0 where invalid -> (..., C, 5) and (...,) share valid."""
    valid = (readings != 0).any(dim=-2, keepdim=True)
    ordered = _sorted(readings.masked_fill(~valid, torch.inf))
    count = valid.sum(-1)
    picks = []
    for share in _QUANTILES:
        at = ((count - 1).clamp(min=0) * share).round().long().expand(*readings.shape[:-1])
        picks.append(ordered.gather(-1, at[..., None])[..., 0])
    values = torch.stack(picks, dim=-1)
    values = torch.where(count[..., None] > 0, values, torch.zeros_like(values))
    return values, (count / readings.shape[-1])[..., 0]
