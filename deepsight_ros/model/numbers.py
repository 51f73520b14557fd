"""Numbers in and out. Head: hidden state at a ``<num>`` token in, a distribution over metres out.

Numbers written digit by digit lose their last digit. Here the text says
``<num>`` and a head gives the value: a mixture, over log10(SI value), of bins and of lengths of
the question's regions (``lengths``), each moved and blurred as the head sees fit. A choice among
candidates beside a free answer is the idea of pointer networks (Vinyals et al. 2015) and of
pointer-generators (See et al. 2017). Its expectation is the number, its spread scales the
conformal interval.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from deepsight_ros.model.lengths import LENGTHS

_FARTHEST = 0.5
"""log10 that a length can be moved by."""
_BLUR = (3e-3, 0.5)
"""Laplace scales in log10."""


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
    """A mixture over log10 of the value in SI units.

    Args:
        width: of the hidden state.
        bins, limits: how many, and the SI values of the first and last.
        lengths: also choose among the lengths of regions.
    """

    centres: Tensor

    def __init__(
        self, width: int, bins: int, limits: tuple[float, float], lengths: bool = False
    ) -> None:
        super().__init__()
        low, high = (math.log10(v) for v in limits)
        self.spacing = (high - low) / (bins - 1)
        self.register_buffer("centres", torch.linspace(low, high, bins), persistent=False)
        self.net = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, bins)
        )
        self.lengths: nn.Linear | None = None
        if lengths:
            self.add_lengths()

    def add_lengths(self) -> None:
        """Let lengths be chosen too; all are as likely at first, unmoved."""
        last = self.net[-1]
        assert isinstance(last, nn.Linear)
        self.lengths = nn.Linear(last.in_features, 3 * LENGTHS + 1).to(last.weight.device)
        nn.init.normal_(self.lengths.weight, std=0.02)
        nn.init.zeros_(self.lengths.bias)

    def forward(self, hidden: Tensor, logs: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """
        Args:
            hidden: (N, D).
            logs: (N, ``LENGTHS``) log10 of lengths in metres, NaN where missing; None for none.

        Returns:
            log10 of the value and its standard deviation in log10, both (N,) float32.
        """
        weights, places, blurs, _ = self._mixture(hidden, logs)
        mean = (weights * places).sum(-1)
        variance = (weights * ((places - mean[:, None]) ** 2 + 2 * blurs**2)).sum(-1)
        return mean, variance.clamp(min=1e-8).sqrt()

    def loss(self, hidden: Tensor, log10_value: Tensor, logs: Tensor | None = None) -> Tensor:
        """(N,) likelihood of the value, cross-entropy of the bins against the value spread over
        its neighbouring bins, and an absolute error of the expectation."""
        value = log10_value.float()[:, None]
        weights, places, blurs, bins = self._mixture(hidden, logs)
        distance = (self.centres - value) / self.spacing
        target = torch.softmax(-0.5 * (distance / 0.75) ** 2, dim=-1)
        spread = -(target * bins).sum(-1)
        mean = (weights * places).sum(-1)
        loss = spread + 4.0 * (mean - value[:, 0]).abs()
        if self.lengths is not None:
            scores = weights.clamp(min=1e-12).log() - (value - places).abs() / blurs
            loss = 0.5 * loss - torch.logsumexp(scores - (2 * blurs).log(), dim=-1)
        return loss

    def _mixture(
        self, hidden: Tensor, logs: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Weights, places and blurs (N, M) of the mixture, and (N, bins) log shares of bins."""
        inner = self.net[:3](hidden)
        bins = self.net[3](inner).float().log_softmax(-1)
        places = self.centres.expand(len(bins), -1)
        if self.lengths is None:
            return bins.exp(), places, torch.full_like(places, 1e-6), bins
        blurs = torch.full_like(places, self.spacing / 2)
        scores, moves, widths = (
            self.lengths(inner).float().split([LENGTHS + 1, LENGTHS, LENGTHS], dim=-1)
        )
        if logs is None:
            logs = scores.new_full((len(scores), LENGTHS), float("nan"))
        missing = logs.isnan()
        scores = torch.cat(
            [scores[:, :LENGTHS].masked_fill(missing, float("-inf")), scores[:, LENGTHS:]], dim=-1
        ).softmax(-1)
        moved = logs.float().nan_to_num(0.0) + _FARTHEST * (moves / _FARTHEST).tanh()
        low, high = _BLUR
        blur = low + (high - low) * (widths - 2).sigmoid()
        weights = torch.cat([scores[:, :LENGTHS], scores[:, LENGTHS:] * bins.exp()], dim=-1)
        return weights, torch.cat([moved, places], dim=-1), torch.cat([blur, blurs], dim=-1), bins
