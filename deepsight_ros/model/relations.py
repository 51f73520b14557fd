"""Relations: where two regions are and how far they reach in, how they lie to each other out.

A region token named after the first of its question also says how it lies to that first one:
offset, gaps, distances and differences in size where there is depth, and offsets in the picture.
Which is nearer, and how far apart, need not be worked out of two absolute places then; signs are
given steeply, because most relations are one. Ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from deepsight_ros.model.depth_encoding import LENGTH_SCALE_M
from deepsight_ros.model.lengths import rows_of
from deepsight_ros.model.metric import log_waves, waves

_BANDS = 7
_STEEP_M = (0.01, 0.05, 0.25)
_STEEP_RATIO = (0.05, 0.3)
_SIGNED_M = 3 * 5 + 2
_RATIOS = 3 + 3 + 1 + 2
_METRIC = (
    2 * 3
    + 3 * 2 * _BANDS
    + 5 * 13
    + 1
    + _SIGNED_M * len(_STEEP_M)
    + _RATIOS * len(_STEEP_RATIO)
    + 4
)
_FEATURES = _METRIC + 6


class RelationEncoder(nn.Module):
    """Places of a region and of the first of its question -> what is added to its token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Linear(_FEATURES, width)
        self.last = nn.Linear(width, width)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)

    def forward(self, places: Tensor, region: Tensor, first: Tensor) -> Tensor:
        """
        Args:
            places: (B, R, ``lengths.PLACE``).
            region, first: (B, L) rows of ``places``; -1 where a token has none.

        Returns:
            (B, L, D), zero where either is -1 or both are the same.
        """
        features = relation_features(rows_of(places, region), rows_of(places, first))
        hidden = nn.functional.gelu(self.first(features.to(self.first.weight.dtype)))
        added = self.last(hidden)
        related = (first >= 0) & (region >= 0) & (first != region)
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
    both = (own[..., 13:14] > 0) & (other[..., 13:14] > 0)
    metric = torch.cat([_distances(own.float(), other.float()), _signs(own, other)], dim=-1)
    return torch.cat([torch.where(both, metric, torch.zeros_like(metric)), flat], dim=-1)


def _distances(own: Tensor, other: Tensor) -> Tensor:
    (c, low, high), (c2, low2, high2) = _corners(own), _corners(other)
    offset = c - c2
    gap = torch.maximum(low - high2, low2 - high).clamp(min=0)
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
    return torch.cat(
        [
            offset / LENGTH_SCALE_M,
            gap / LENGTH_SCALE_M,
            waves(offset / LENGTH_SCALE_M, _BANDS),
            log_waves(lengths),
            10 * nearer[..., None],
        ],
        dim=-1,
    )


def _signs(own: Tensor, other: Tensor) -> Tensor:
    """Steep functions of offsets of centres and sides and of ratios of sizes; bearings."""
    own, other = own.float(), other.float()
    (c, low, high), (c2, low2, high2) = _corners(own), _corners(other)
    sizes, sizes2 = own[..., 14:21], other[..., 14:21]
    signed = torch.cat(
        [
            c - c2,
            low - low2,
            high - high2,
            low - high2,
            high - low2,
            sizes[..., 5:7] - sizes2[..., 5:7],
        ],
        dim=-1,
    )
    ratios = _logs(sizes) - _logs(sizes2)
    offset = c[..., :2] - c2[..., :2]
    bearings = [v / v.norm(dim=-1, keepdim=True).clamp(min=1e-6) for v in (offset, c2[..., :2])]
    steep = [(signed / s).tanh() for s in _STEEP_M] + [(ratios / s).tanh() for s in _STEEP_RATIO]
    return torch.cat([*steep, *bearings], dim=-1)


def _logs(sizes: Tensor) -> Tensor:
    """Spans as they lie, by length, all together, and the box's sides: (..., 7) -> (..., 9)."""
    spans = sizes[..., 2:5].clamp(min=2e-3).log()
    together = spans.sum(-1, keepdim=True) / 3
    boxes = sizes[..., :2].clamp(min=2e-3).log()
    return torch.cat([spans, spans.sort(dim=-1).values, together, boxes], dim=-1)


def _corners(place: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return place[..., 4:7], place[..., 7:10], place[..., 10:13]


def _centre_and_size(box: Tensor) -> tuple[Tensor, Tensor]:
    return (box[..., :2] + box[..., 2:]) / 2, box[..., 2:] - box[..., :2]
