"""Lengths: places of a question's regions in, metres that its answer may rest on out.

A number asked of regions is nearly always near one of a few lengths of what lies in their boxes:
a side, a reach, an offset, a gap. They are taken from the depth, roughly (a box holds background
too); which one is meant, and by how much it is off, is what the model learns. Ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

PLACE = 4 + 9 + 1 + 7 + 1 + 2
"""A box (shares of the picture); centre, low and high corner (m); 1 where it has depth; box sides
at its depth, spans, optical depth and range (m); levelled height of the picture's lowest part;
short and long side seen from above."""

LENGTHS = 18 + 13
"""Of one region, then of a pair."""

_LEAST_M = 2e-3
_SCALES = (0.03, 0.15)


def places_of(regions: Tensor, body_m: Tensor | None) -> Tensor:
    """(B, R, 4) boxes and (B, R, 19) of ``metric.region_features`` or None -> (B, R, PLACE)."""
    if body_m is None:
        return torch.cat([regions, regions.new_zeros(*regions.shape[:2], PLACE - 4)], dim=-1)
    body = body_m.to(regions.dtype)
    known = (body[..., :9] != 0).any(-1, keepdim=True).to(regions.dtype)
    return torch.cat([regions, body[..., :9], known, body[..., 9:]], dim=-1)


def rows_of(places: Tensor, rows: Tensor) -> Tensor:
    """(B, R, PLACE), (B, L) row numbers (-1: none) -> (B, L, PLACE), zero where there is none."""
    index = rows.clamp(min=0)[..., None].expand(-1, -1, places.shape[-1])
    return places.gather(1, index) * (rows >= 0)[..., None]


@torch.no_grad()
def log_lengths(places: Tensor, about: Tensor) -> Tensor:
    """Lengths that may be meant.

    Args:
        places: (B, R, ``PLACE``).
        about: (B, L, 2) rows of the question's first and second region, -1 for none.

    Returns:
        (B, L, ``LENGTHS``) log10 of metres; NaN where the regions or their depth are missing.
    """
    own, other = (rows_of(places, about[..., i]).float() for i in (0, 1))
    single, pair = _single(own), _pair(own, other)
    known = own[..., 13:14] > 0
    both = known & (other[..., 13:14] > 0)
    nothing = single.new_tensor(float("nan"))
    logs = [
        torch.where(mask, metres.clamp(min=_LEAST_M).log10(), nothing)
        for mask, metres in ((known, single), (both, pair))
    ]
    return torch.cat(logs, dim=-1)


class GivenLengths(nn.Module):
    """How a number given in a question compares to the lengths of the question's regions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Linear(LENGTHS * (len(_SCALES) + 1), width)
        nn.init.zeros_(self.net.weight)
        nn.init.zeros_(self.net.bias)

    def forward(self, given: Tensor, logs: Tensor) -> Tensor:
        """(B, L) log10 of given values (NaN: none), (B, L, ``LENGTHS``) -> (B, L, D)."""
        apart = given[..., None] - logs
        known = ~apart.isnan()
        apart = apart.nan_to_num(0.0)
        features = torch.cat([known.float(), *((apart / s).tanh() for s in _SCALES)], dim=-1)
        added: Tensor = self.net(features.to(self.net.weight.dtype))
        return added * known.any(-1, keepdim=True)


def _single(own: Tensor) -> Tensor:
    centre, low, high = (own[..., i : i + 3] for i in (4, 7, 10))
    sizes, floor = own[..., 14:21], own[..., 21]
    ordered = sizes[..., 2:5].sort(dim=-1).values
    ground = sizes[..., 2:4].sort(dim=-1).values
    more = [
        centre[..., :2].norm(dim=-1),
        high[..., 2] - floor,
        low[..., 2] - floor,
        ordered.clamp(min=_LEAST_M).log().mean(-1).exp(),
    ]
    return torch.cat([sizes, ordered, ground, torch.stack(more, dim=-1), own[..., 22:]], dim=-1)


def _pair(own: Tensor, other: Tensor) -> Tensor:
    (c, low, high), (c2, low2, high2) = (
        tuple(p[..., i : i + 3] for i in (4, 7, 10)) for p in (own, other)
    )
    sizes, sizes2 = own[..., 14:21], other[..., 14:21]
    offset = c - c2
    middle = (low + high - low2 - high2) / 2
    gap = torch.maximum(low - high2, low2 - high).clamp(min=0)
    tallest = (sizes[..., 2:5].amax(-1) - sizes2[..., 2:5].amax(-1)).abs()
    return torch.stack(
        [
            offset.norm(dim=-1),
            offset[..., :2].norm(dim=-1),
            offset[..., 2].abs(),
            gap.norm(dim=-1),
            gap[..., :2].norm(dim=-1),
            (sizes[..., 6] - sizes2[..., 6]).abs(),
            (sizes[..., 4] - sizes2[..., 4]).abs(),
            tallest,
            (sizes[..., 0] - sizes2[..., 0]).abs(),
            (high[..., 2] - high2[..., 2]).abs(),
            middle.norm(dim=-1),
            middle[..., :2].norm(dim=-1),
            middle[..., 2].abs(),
        ],
        dim=-1,
    )
