"""The segmenting network's losses: its output and targets in, named sums out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from deepsight_ros.model.segmenter_net import SegmenterNet
from deepsight_ros.training.segment_examples import IGNORE


@dataclass(frozen=True, eq=False)
class SegmentBatch:
    """Stacked ``SegmentExample``s: channels (B, C, h, w) and (B, h, w) targets."""

    channels: Tensor
    kind: Tensor
    centre: Tensor
    offset: Tensor
    boundary: Tensor
    weight: Tensor

    def to(self, device: torch.device | str) -> SegmentBatch:
        moved = {k: v.to(device, non_blocking=True) for k, v in vars(self).items()}
        moved["channels"] = moved["channels"].contiguous(memory_format=torch.channels_last)
        return SegmentBatch(**moved)


class SegmentObjective(nn.Module):
    """The losses of a batch; one forward, so that wrappers see all of it.

    What a pixel is by cross entropy; middles by the penalty-reduced focal loss of CenterNet (Zhou
    et al. 2019); offsets by absolute difference on objects; borders by weighted cross entropy.
    """

    def __init__(self, model: SegmenterNet, centre: float, offset: float, boundary: float) -> None:
        super().__init__()
        self.model = model
        self.shares = {"kind": 1.0, "centre": centre, "offset": offset, "boundary": boundary}

    def forward(self, batch: SegmentBatch) -> dict[str, Tensor]:
        heads = self.model(batch.channels).float()
        weight = batch.weight
        losses = {
            "kind": _kind(heads[:, :3], batch.kind, weight),
            "centre": _centre(heads[:, 3], batch.centre, batch.kind),
            "offset": _offset(heads[:, 4:6], batch.offset, batch.kind, weight),
            "boundary": _boundary(heads[:, 6], batch.boundary, batch.kind),
        }
        losses["loss"] = torch.stack([self.shares[k] * v for k, v in losses.items()]).sum()
        return losses


def _kind(logits: Tensor, kind: Tensor, weight: Tensor) -> Tensor:
    each = functional.cross_entropy(logits, kind.long(), ignore_index=IGNORE, reduction="none")
    asked = (kind != IGNORE) * weight
    return (each * asked).sum() / asked.sum().clamp(min=1.0)


def _centre(logit: Tensor, target: Tensor, kind: Tensor) -> Tensor:
    p = torch.sigmoid(logit).clamp(1e-4, 1 - 1e-4)
    peak = target > 0.999
    hit = -torch.log(p) * (1 - p) ** 2
    miss = -torch.log(1 - p) * p**2 * (1 - target) ** 4
    each = torch.where(peak, hit, miss) * (kind != IGNORE)
    return each.sum() / peak.sum().clamp(min=1)


def _offset(found: Tensor, target: Tensor, kind: Tensor, weight: Tensor) -> Tensor:
    on = (kind == 2) * weight
    each = (found - target).abs().sum(dim=1)
    return (each * on).sum() / on.sum().clamp(min=1.0)


def _boundary(logit: Tensor, target: Tensor, kind: Tensor) -> Tensor:
    on = (kind == 2).float()
    each = functional.binary_cross_entropy_with_logits(logit, target, reduction="none")
    return (each * on).sum() / on.sum().clamp(min=1.0)
