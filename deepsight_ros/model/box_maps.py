"""Object boxes in, coverage and local-depth maps out: what the BBox convolution convolves.

For every cell: how many boxes cover it, and of the smallest of them the log depth of its middle,
the cell's depth relative to that middle, and where in the box the cell lies. Small continuous
depth changes inside an object stay visible whatever the depth of the object is.
"""

from __future__ import annotations

import torch
from torch import Tensor

MAP_CHANNELS = 6
_RELATIVE_SCALE = 10.0
"""Depth relative to the box is small; this brings a tenth of the box's depth to one."""


def box_maps(depth_m: Tensor, boxes: Tensor, valid: Tensor) -> Tensor:
    """Rasterise boxes.

    Args:
        depth_m: (B, H, W) metres at map resolution; NaN or at most 0 = invalid. A picture without
            depth (RGB only) is all invalid: coverage and position remain.
        boxes: (B, N, 4) x0, y0, x1, y1 as shares of the picture, 0-1.
        valid: (B, N) bool, False for padding.

    Returns:
        (B, 6, H, W): any box, log2(1 + number of boxes), log middle depth, relative depth,
        horizontal and vertical place in the box (-1 to 1). All 0 outside boxes.
    """
    _, rows, columns = depth_m.shape
    dtype = torch.float32
    depth = depth_m.to(dtype)
    if boxes.shape[1] == 0:
        return torch.zeros(depth.shape[0], MAP_CHANNELS, rows, columns, device=depth.device)
    x = (torch.arange(columns, device=depth.device, dtype=dtype) + 0.5) / columns
    y = (torch.arange(rows, device=depth.device, dtype=dtype) + 0.5) / rows
    x0, y0, x1, y1 = (boxes[:, :, i, None].to(dtype) for i in range(4))
    across = (x >= x0) & (x < x1)
    along = (y >= y0) & (y < y1)
    inside = along[:, :, :, None] & across[:, :, None, :] & valid[:, :, None, None]
    count = inside.sum(dim=1).to(dtype)
    area = ((x1 - x0) * (y1 - y0)).clamp(min=1e-6)[..., None]
    owner = torch.where(inside, area, torch.full_like(area, torch.inf)).argmin(dim=1)
    any_box = (count > 0).to(dtype)

    has_depth = depth > 0
    log = torch.log(torch.where(has_depth, depth, torch.ones_like(depth)))
    seen = inside & has_depth[:, None]
    middle = (log[:, None] * seen).sum((2, 3)) / seen.sum((2, 3)).clamp(min=1)

    def of_owner(per_box: Tensor) -> Tensor:
        return per_box.gather(1, owner.flatten(1)).view_as(owner)

    own_middle = of_owner(middle)
    relative = ((log - own_middle) * _RELATIVE_SCALE).clamp(-3, 3) * has_depth
    cx, cy = of_owner(((x0 + x1) / 2)[..., 0]), of_owner(((y0 + y1) / 2)[..., 0])
    half_x = of_owner(((x1 - x0) / 2)[..., 0]).clamp(min=1e-3)
    half_y = of_owner(((y1 - y0) / 2)[..., 0]).clamp(min=1e-3)
    place_x = (x[None, None, :] - cx) / half_x
    place_y = (y[None, :, None] - cy) / half_y
    maps = torch.stack(
        [any_box, torch.log2(1 + count), own_middle, relative, place_x, place_y], dim=1
    )
    return maps * any_box[:, None]


def jitter_boxes(
    boxes: Tensor, valid: Tensor, *, jitter: float, dropout: float, no_boxes: float
) -> tuple[Tensor, Tensor]:
    """Training noise: sides move, single boxes and all boxes of a picture go missing.

    Args:
        boxes, valid: as for ``box_maps``.
        jitter, dropout, no_boxes: as in ``config.BoxConfig``.
    """
    size = (boxes[..., 2:] - boxes[..., :2]).repeat(1, 1, 2)
    moved = boxes + (torch.rand_like(boxes) * 2 - 1) * jitter * size
    kept = valid & (torch.rand(valid.shape, device=valid.device) >= dropout)
    none = torch.rand(valid.shape[0], 1, device=valid.device) < no_boxes
    return moved.clamp(0, 1), kept & ~none
