"""Numbers in and out. Head: hidden state at a ``<num>`` token in, a distribution over metres out.

Numbers written digit by digit lose their last digit (DESIGN.md, Numbers). Here the text says
``<num>`` and a head gives the value: a distribution over bins of log10(SI value) whose expectation
is the number and whose spread scales the conformal interval.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class NumberEncoder(nn.Module):
    """log10 of the SI value of a ``<num>`` in a question -> a vector added to its embedding."""

    frequencies: Tensor

    def __init__(self, width: int, bands: int = 6) -> None:
        super().__init__()
        self.register_buffer("frequencies", 2.0 ** torch.arange(bands), persistent=False)
        self.net = nn.Sequential(
            nn.Linear(2 * bands + 1, width), nn.GELU(), nn.Linear(width, width)
        )

    def forward(self, log10_value: Tensor) -> Tensor:
        """(...,) with NaN where there is none -> (..., D), zero there."""
        known = ~log10_value.isnan()
        value = log10_value.nan_to_num(0.0)[..., None]
        phase = value * self.frequencies
        features = torch.cat([value, phase.sin(), phase.cos()], dim=-1)
        weight = self.net[0].weight
        return self.net(features.to(weight.dtype)) * known[..., None]


class NumberHead(nn.Module):
    """Bins over log10 of the value in SI units."""

    centres: Tensor

    def __init__(self, width: int, bins: int, limits: tuple[float, float]) -> None:
        super().__init__()
        low, high = (math.log10(v) for v in limits)
        self.spacing = (high - low) / (bins - 1)
        self.register_buffer("centres", torch.linspace(low, high, bins), persistent=False)
        self.net = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, bins)
        )

    def forward(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """(N, D) -> log10 of the value and its standard deviation in log10, both (N,) float32."""
        shares = self.net(hidden).float().softmax(-1)
        mean = shares @ self.centres
        variance = (shares * (self.centres - mean[:, None]) ** 2).sum(-1)
        return mean, variance.clamp(min=1e-8).sqrt()

    def loss(self, hidden: Tensor, log10_value: Tensor) -> Tensor:
        """(N,) cross-entropy against the value spread over its neighbouring bins, plus an absolute
        error of the expectation, which keeps numbers sharp."""
        logits = self.net(hidden).float()
        distance = (self.centres - log10_value.float()[:, None]) / self.spacing
        target = torch.softmax(-0.5 * (distance / 0.75) ** 2, dim=-1)
        spread = -(target * logits.log_softmax(-1)).sum(-1)
        mean = logits.softmax(-1) @ self.centres
        return spread + 4.0 * (mean - log10_value).abs()
