"""The segmenting network's losses: its output and targets in, named sums out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from deepsight_ros.model.segmenter_net import OFFSET_PX, SegmenterNet
from deepsight_ros.training.segment_examples import IGNORE

NEAR_PX = 2.0
"""So much nearer to one middle than to another makes a vote e times as likely its own's."""


@dataclass(frozen=True, eq=False)
class SegmentBatch:
    """Stacked ``SegmentExample``s: channels (B, C, h, w) and (B, h, w) targets."""

    channels: Tensor
    kind: Tensor
    centre: Tensor
    offset: Tensor
    boundary: Tensor
    weight: Tensor
    instance: Tensor

    def to(self, device: torch.device | str) -> SegmentBatch:
        moved = {k: v.to(device, non_blocking=True) for k, v in vars(self).items()}
        moved["channels"] = moved["channels"].contiguous(memory_format=torch.channels_last)
        return SegmentBatch(**moved)


class SegmentObjective(nn.Module):
    """The losses of a batch; one forward, so that wrappers see all of it.

    What a pixel is by cross entropy; middles by the penalty-reduced focal loss of CenterNet (Zhou
    et al. 2019); offsets by absolute difference on objects; borders by cross entropy. ``assign``
    is what grouping asks of the offsets: cross entropy of which true middle a vote is nearest to.

    Args:
        shares: weight of each loss by name; one that is missing counts 0.
        contact_weight: of an object's pixel at another object in the loss of borders.
    """

    def __init__(
        self, model: SegmenterNet, shares: dict[str, float], *, contact_weight: float = 1.0
    ) -> None:
        super().__init__()
        self.model = model
        self.shares = shares
        self.contact_weight = contact_weight

    def forward(self, batch: SegmentBatch) -> dict[str, Tensor]:
        heads = self.model(batch.channels).float()
        weight = batch.weight
        losses = {
            "kind": _kind(heads[:, :3], batch.kind, weight),
            "centre": _centre(heads[:, 3], batch.centre, batch.kind),
            "offset": _offset(heads[:, 4:6], batch.offset, batch.kind, weight),
            "boundary": _boundary(heads[:, 6], batch, self.contact_weight),
        }
        if self.shares.get("assign", 0.0) > 0:
            losses["assign"] = _assign(heads[:, 4:6], batch)
        losses["loss"] = torch.stack(
            [self.shares.get(k, 0.0) * v for k, v in losses.items()]
        ).sum()
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


def _assign(found: Tensor, batch: SegmentBatch) -> Tensor:
    """On every fourth pixel; distances to middles in units of ``NEAR_PX``."""
    pictures, rows, columns = batch.instance.shape
    unit = OFFSET_PX / NEAR_PX
    own = batch.instance.long()
    count = int(own.max()) + 1
    at = (
        torch.stack(torch.meshgrid(torch.arange(columns), torch.arange(rows), indexing="xy")).to(
            found
        )
        / NEAR_PX
    )
    # an object's middle is where any of its pixels points: the mean of all is exact too
    slot = own + count * torch.arange(pictures, device=own.device)[:, None, None]
    number = torch.zeros(pictures * count, device=own.device)
    number.index_add_(0, slot.reshape(-1), torch.ones(slot.numel(), device=own.device))
    middles = torch.zeros(pictures * count, 2, device=own.device)
    true = (at + unit * batch.offset).permute(0, 2, 3, 1).reshape(-1, 2)
    middles.index_add_(0, slot.reshape(-1), true)
    middles = (middles / number.clamp(min=1.0)[:, None]).view(pictures, 1, count, 2)
    absent = (number == 0).view(pictures, 1, count).clone()
    absent[:, :, 0] = True
    votes = (at + unit * found)[:, :, ::2, ::2].flatten(2).transpose(1, 2)[:, :, None]
    logits = (-(votes - middles).square().sum(dim=-1).add(1e-4).sqrt()).masked_fill(absent, -1e4)
    asked = own[:, ::2, ::2].flatten(1)
    on = (asked > 0) * batch.weight[:, ::2, ::2].flatten(1)
    each = functional.cross_entropy(logits.transpose(1, 2), asked, reduction="none")
    return (each * on).sum() / on.sum().clamp(min=1.0)


def _boundary(logit: Tensor, batch: SegmentBatch, contact_weight: float) -> Tensor:
    on = (batch.kind == 2).float()
    if contact_weight != 1.0:
        on = on * torch.where(_contacts(batch.instance), contact_weight, 1.0)
    each = functional.binary_cross_entropy_with_logits(logit, batch.boundary, reduction="none")
    return (each * on).sum() / on.sum().clamp(min=1.0)


def _contacts(instance: Tensor) -> Tensor:
    """(B, h, w) bool: an object's pixel with another object's among the eight around."""
    number = instance.float()
    nothing = 256.0
    high = functional.max_pool2d(number, 3, 1, 1)
    low = -functional.max_pool2d(-torch.where(number > 0, number, nothing), 3, 1, 1)
    return (number > 0) & (high != low)
