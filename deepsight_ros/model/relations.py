"""Relations: where two regions are and how far they reach in, how they lie to each other out.

A region token named after the first of its question also says how it lies to that first one:
offset, gaps and distances in metres where there is depth, and offsets in the picture. Which is
nearer, and how far apart, need not be worked out of two absolute places then. Ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepsight_ros.model.depth_encoding import LENGTH_SCALE_M
from deepsight_ros.model.metric import log_waves, waves

PLACE = 4 + 9 + 1
"""A box (shares of the picture), centre, low and high corner (m), 1 where it has depth."""

_BANDS = 7
_METRIC = 2 * 3 + 3 * 2 * _BANDS + 5 * 13 + 1
_FEATURES = _METRIC + 6


class RelationEncoder(nn.Module):
    """Places of a region and of the one before it -> what is added to the region's token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(_FEATURES, width)
        self.last = nn.Linear(width, width)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, places: Tensor, region: Tensor, anchor: Tensor) -> Tensor:
        """
        Args:
            places: (B, R, ``PLACE``).
            region, anchor: (B, L) rows of ``places``; -1 where a token has no relation.

        Returns:
            (B, L, D), zero where either is -1.
        """
        own, other = (_rows(places, rows) for rows in (region, anchor))
        features = relation_features(own, other).to(self.first.weight.dtype)
        added = self.last(nn.functional.gelu(self.first(features)))
        related = (anchor >= 0) & (region >= 0)
        return torch.where(related[..., None], added, torch.zeros_like(added))


@torch.no_grad()
def relation_features(own: Tensor, other: Tensor) -> Tensor:
    """(..., ``PLACE``) twice -> (..., features): metric ones are zero without depth in both."""
    box, theirs = own[..., :4].float(), other[..., :4].float()
    centre, size = _centre_and_size(box)
    their_centre, their_size = _centre_and_size(theirs)
    flat = torch.cat(
        [
            (centre - their_centre) * 2,
            (size.clamp(min=1e-3) / their_size.clamp(min=1e-3)).log(),
            (centre - their_centre) / (size + their_size).clamp(min=1e-3),
        ],
        dim=-1,
    )
    c, low, high = (own[..., i : i + 3].float() for i in (4, 7, 10))
    c2, low2, high2 = (other[..., i : i + 3].float() for i in (4, 7, 10))
    offset = c - c2
    gap = torch.maximum(low - high2, low2 - high).clamp(min=0)
    both = (own[..., 13:] > 0) & (other[..., 13:] > 0)
    lengths = torch.stack(
        [
            offset.norm(dim=-1),
            offset[..., :2].norm(dim=-1),
            offset[..., 2].abs(),
            gap.norm(dim=-1),
            (c.norm(dim=-1) - c2.norm(dim=-1)).abs(),
        ],
        dim=-1,
    )
    nearer = (c.norm(dim=-1).clamp(min=0.05) / c2.norm(dim=-1).clamp(min=0.05)).log()
    metric = torch.cat(
        [
            offset / LENGTH_SCALE_M,
            gap / LENGTH_SCALE_M,
            waves(offset / LENGTH_SCALE_M, _BANDS),
            log_waves(lengths),
            10 * nearer[..., None],
        ],
        dim=-1,
    )
    return torch.cat([torch.where(both, metric, torch.zeros_like(metric)), flat], dim=-1)


def places_of(regions: Tensor, corners_m: Tensor | None) -> Tensor:
    """(B, R, 4) boxes, (B, R, 9) centre, low and high (m) or None -> (B, R, ``PLACE``)."""
    if corners_m is None:
        return torch.cat([regions, regions.new_zeros(*regions.shape[:2], PLACE - 4)], dim=-1)
    known = (corners_m != 0).any(-1, keepdim=True).to(regions.dtype)
    return torch.cat([regions, corners_m.to(regions.dtype), known], dim=-1)


def _rows(places: Tensor, rows: Tensor) -> Tensor:
    index = rows.clamp(min=0)[..., None].expand(-1, -1, places.shape[-1])
    return places.gather(1, index)


def _centre_and_size(box: Tensor) -> tuple[Tensor, Tensor]:
    return (box[..., :2] + box[..., 2:]) / 2, box[..., 2:] - box[..., :2]
