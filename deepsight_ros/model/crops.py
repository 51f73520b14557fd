"""Crops: pixels and boxes in, what a grid over each box reads out."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def crop(pixels: Tensor, regions: Tensor, size: int, margin: float) -> tuple[Tensor, Tensor]:
    """Nearest-pixel crops.

    Returns:
        (B, R, C, size, size), zero outside the picture, and (B, R, 1, size, size): 1 inside the
        region itself, 0 in the margin.
    """
    b, r = regions.shape[:2]
    step = (torch.arange(size, device=regions.device, dtype=regions.dtype) + 0.5) / size
    along = step * (1 + 2 * margin) - margin
    x0, y0, x1, y1 = regions.unbind(-1)
    x = x0[..., None] + along * (x1 - x0)[..., None]
    y = y0[..., None] + along * (y1 - y0)[..., None]
    grid = torch.stack(
        [
            x[..., None, :].expand(-1, -1, size, -1),
            y[..., :, None].expand(-1, -1, -1, size),
        ],
        dim=-1,
    )
    crops = nn.functional.grid_sample(
        pixels,
        (grid * 2 - 1).flatten(1, 2).to(pixels.dtype),
        mode="nearest",
        padding_mode="zeros",
        align_corners=False,
    )
    crops = crops.view(b, pixels.shape[1], r, size, size).transpose(1, 2)
    in_line = ((along >= 0) & (along <= 1)).to(pixels.dtype)
    inside = (in_line[:, None] * in_line[None, :]).expand(b, r, 1, -1, -1)
    return crops, inside
