"""Region tokens: what a text means by ``<region0>``, as one vector each.

A region's vector is made of the tower's features pooled over the box, a crop of the encoded
picture at fine size (boxes given as text alone leave shape unreadable), where the box is, and,
with depth, metric coordinates and sizes of what it holds (``metric.region_features``).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from deepsight_ros.model.config import RegionConfig, TowerConfig
from deepsight_ros.model.crops import crop
from deepsight_ros.model.metric import REGION_FEATURES


class RegionEncoder(nn.Module):
    """Regions of one modality -> (B, R, out)."""

    def __init__(
        self, tower: TowerConfig, config: RegionConfig, channels: int, out: int, metric: bool
    ) -> None:
        super().__init__()
        self.config = config
        self.grid = tower.grid
        self.metric = metric and config.statistics
        c = config.channels
        side = math.ceil(math.ceil(config.crop_px / 2) / 2)
        self.crop = nn.Sequential(
            nn.Conv2d(channels + 1, c, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(c, 2 * c, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Conv2d(2 * c, 2 * c, 3, stride=2, padding=1),
            nn.GELU(),
            nn.Flatten(),
            nn.Linear(2 * c * side * side, out),
        )
        self.pooled = nn.Linear(tower.width, out)
        self.place = nn.Linear(8 + (REGION_FEATURES if self.metric else 0), out)
        self.mix = nn.Sequential(nn.LayerNorm(3 * out), nn.Linear(3 * out, out), nn.GELU())
        self.last = nn.Linear(out, out)

    def forward(
        self, features: Tensor, pixels: Tensor, regions: Tensor, metric: Tensor | None
    ) -> Tensor:
        """
        Args:
            features: (B, P, D) of the tower.
            pixels: (B, C, H, W) encoded picture at fine size.
            regions: (B, R, 4) shares of the picture.
            metric: (B, R, ``metric.REGION_FEATURES``) of the regions; None without depth.
        """
        weights = patch_weights(regions, self.grid).to(features.dtype)
        pooled = self.pooled(weights @ features)
        size = self.config.crop_px
        crops, inside = crop(pixels, regions, size, self.config.margin)
        b, r = regions.shape[:2]
        stacked = torch.cat([crops, inside], dim=2).flatten(0, 1)
        seen = self.crop(stacked.to(pooled.dtype)).view(b, r, pooled.shape[-1])
        place = [place_features(regions)]
        if self.metric:
            if metric is None:
                metric = regions.new_zeros(b, r, REGION_FEATURES)
            place.append(metric)
        where = self.place(torch.cat(place, dim=-1).to(pooled.dtype))
        return self.last(self.mix(torch.cat([pooled, seen, where], dim=-1)))


def place_features(regions: Tensor) -> Tensor:
    """(B, R, 4) shares -> (B, R, 8): sides, centre and size, centred on zero."""
    x0, y0, x1, y1 = regions.unbind(-1)
    centre = torch.stack([(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0], dim=-1)
    return torch.cat([regions * 2 - 1, centre * 2 - 1], dim=-1)


def patch_weights(regions: Tensor, grid: tuple[int, int]) -> Tensor:
    """(B, R, P): share of each patch that a region covers, summing to one."""
    rows, columns = grid

    def overlap(low: Tensor, high: Tensor, count: int) -> Tensor:
        edges = torch.arange(count + 1, device=low.device, dtype=low.dtype) / count
        start = torch.maximum(low[..., None], edges[:-1])
        end = torch.minimum(high[..., None], edges[1:])
        return (end - start).clamp(min=0)

    x = overlap(regions[..., 0], regions[..., 2], columns)
    y = overlap(regions[..., 1], regions[..., 3], rows)
    weights = (y[..., :, None] * x[..., None, :]).flatten(-2)
    return weights / weights.sum(-1, keepdim=True).clamp(min=1e-9)
