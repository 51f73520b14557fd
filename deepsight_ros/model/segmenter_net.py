"""The segmenting network: levelled metric channels in, what a pixel is and where its object lies.

A small U-Net of plain 3x3 convolutions: on a CPU core they run at the speed of its multipliers,
which depth-wise ones do not. It works at half of the input's resolution and below, where a core
learns and answers soonest; the last convolution gives four output pixels for each of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.config import Section

OUTPUTS = ("background", "support", "object", "centre", "right", "down", "boundary")
"""Channels of the output: three logits of what it is, logit of being the middle of an object,
offset to that middle in ``OFFSET_PX`` pixels, logit of lying at another object's border."""

OFFSET_PX = 10.0
COLOURS = 3
"""Channels that colour adds after the others."""


@dataclass(frozen=True)
class SegmenterConfig(Section):
    """Shape of the network.

    Attributes:
        inputs: channels in (``perception.segment_input.CHANNELS``, three more with colour).
        widths: channels at half, quarter, eighth ... of the input's resolution.
        blocks: residual blocks on the way down, per resolution; 0 is one plain convolution.
        up_blocks: on the way up, for all but the coarsest, alike.
        colour: takes the colour channels.
    """

    inputs: int = 13
    widths: tuple[int, ...] = (24, 48, 96, 128)
    blocks: tuple[int, ...] = (0, 1, 1, 1)
    up_blocks: tuple[int, ...] = (0, 1, 1)
    colour: bool = False

    def __post_init__(self) -> None:
        levels = len(self.widths)
        if levels < 2 or len(self.blocks) != levels or len(self.up_blocks) != levels - 1:
            raise InvalidValueError(
                f"segmenter: got {levels} widths, {len(self.blocks)} blocks and "
                f"{len(self.up_blocks)} up_blocks, expected N, N and N - 1 of them"
            )


class SegmenterNet(nn.Module):
    """See the module's first lines.

    Args:
        config: its shape.
    """

    def __init__(self, config: SegmenterConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.stem = _convolution(config.inputs, widths[0], stride=2)
        self.down = nn.ModuleList(_convolution(a, b, stride=2) for a, b in pairwise(widths))
        self.encoder = nn.ModuleList(_stage(*s) for s in zip(widths, config.blocks, strict=True))
        self.lateral = nn.ModuleList(
            nn.Sequential(nn.Conv2d(b, a, 1, bias=False), nn.BatchNorm2d(a))
            for a, b in pairwise(widths)
        )
        self.decoder = nn.ModuleList(
            _stage(*s) for s in zip(widths, config.up_blocks, strict=False)
        )
        self.head = nn.Conv2d(widths[0], 4 * len(OUTPUTS), 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.01)
        bias = torch.zeros(len(OUTPUTS), 4)
        bias[3], bias[6] = -3.0, -2.0  # middles and borders are rare
        self.head.bias = nn.Parameter(bias.reshape(-1))

    def forward(self, channels: Tensor) -> Tensor:
        """(B, C, h, w) channels to (B, ``len(OUTPUTS)``, h, w)."""
        rows, columns = channels.shape[-2:]
        x = self.stem(channels)
        kept = []
        for level, blocks in enumerate(self.encoder):
            x = blocks(x)
            kept.append(x)
            if level < len(self.down):
                x = self.down[level](x)
        for level in range(len(kept) - 2, -1, -1):
            below = functional.interpolate(self.lateral[level](x), size=kept[level].shape[-2:])
            x = self.decoder[level](functional.relu(kept[level] + below))
        out: Tensor = functional.pixel_shuffle(self.head(x), 2)[..., :rows, :columns]
        return out


def with_colour(network: SegmenterNet) -> SegmenterNet:
    """The network taking the colour channels too; until it learns it says the same as before.

    The stem gets three inputs more with weights of zero, so colour of any kind changes nothing.

    Raises:
        InvalidValueError: it takes colour already.
    """
    config = network.config
    if config.colour:
        raise InvalidValueError("segmenter: got a network with colour, expected one without")
    made = SegmenterNet(replace(config, inputs=config.inputs + COLOURS, colour=True))
    state = dict(network.state_dict())
    stem = state["stem.0.weight"]
    state["stem.0.weight"] = torch.cat(
        [stem, stem.new_zeros(stem.shape[0], COLOURS, *stem.shape[2:])], dim=1
    )
    made.load_state_dict(state)
    return made.train(network.training)


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width)
        self.second = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))


def _stage(width: int, blocks: int) -> nn.Sequential:
    if blocks == 0:
        return _convolution(width, width)
    return nn.Sequential(*(_Residual(width) for _ in range(blocks)))


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
