"""Depth images in metres in, what the depth tower sees out.

``grey`` is the baseline that DeepSight calls inadequate, kept for comparison: 8-bit replicated
depth. ``log`` keeps scale over the whole range. ``xyz`` is metric and gravity-levelled, with a
validity channel, as HiSpatial found best.
"""

from __future__ import annotations

import torch
from torch import Tensor

GREY_RANGE_M = 10.0
"""What 255 means in the grey encoding."""

LENGTH_SCALE_M = 2.0
"""Coordinates are divided by this, so that indoor ranges are of order one."""

_LEAST_M = 0.05


def coordinates(depth_m: Tensor, intrinsics: Tensor, levelled_from_camera: Tensor) -> Tensor:
    """Back-project into the levelled frame (x forward, y left, z up, origin at the camera).

    Args:
        depth_m: (B, H, W) along optical z, NaN or at most 0 = invalid.
        intrinsics: (B, 4) fx, fy, cx, cy in pixels of this size.
        levelled_from_camera: (B, 3, 3) rotation from the optical frame.

    Returns:
        (B, 3, H, W) metres; 0 where depth is invalid.
    """
    _, rows, columns = depth_m.shape
    z = torch.where(depth_m > 0, depth_m, torch.zeros_like(depth_m))
    u = torch.arange(columns, device=z.device, dtype=z.dtype)
    v = torch.arange(rows, device=z.device, dtype=z.dtype)
    fx, fy, cx, cy = (intrinsics[:, i, None].to(z.dtype) for i in range(4))
    x = (u[None] - cx) / fx
    y = (v[None] - cy) / fy
    rays = torch.stack(
        [
            x[:, None, :].expand(-1, rows, -1),
            y[:, :, None].expand(-1, -1, columns),
            torch.ones_like(z),
        ],
        dim=1,
    )
    return torch.einsum("bij,bjhw->bihw", levelled_from_camera.to(z.dtype), rays) * z[:, None]


def encode_depth(
    encoding: str, depth_m: Tensor, intrinsics: Tensor, levelled_from_camera: Tensor
) -> Tensor:
    """Encode depth images.

    Args:
        encoding: key of ``config.ENCODINGS``.
        depth_m, intrinsics, levelled_from_camera: as for ``coordinates``.

    Returns:
        (B, C, H, W) of the depth's dtype, C = ``ENCODINGS[encoding]``; invalid pixels are 0 in
        every channel.
    """
    valid = (depth_m > 0).to(depth_m.dtype)
    z = torch.where(depth_m > 0, depth_m, torch.ones_like(depth_m))
    if encoding == "grey":
        grey = torch.round((z / GREY_RANGE_M).clamp(0, 1) * 255) / 255 * valid
        return grey[:, None].expand(-1, 3, -1, -1)
    log = torch.log(z.clamp(min=_LEAST_M) / LENGTH_SCALE_M) * valid
    if encoding == "log":
        return torch.stack([log, valid], dim=1)
    points = coordinates(depth_m, intrinsics, levelled_from_camera) / LENGTH_SCALE_M
    range_m = points.square().sum(1).sqrt().clamp(min=_LEAST_M)
    nearness = 0.25 / range_m * valid
    return torch.cat([points, log[:, None], nearness[:, None], valid[:, None]], dim=1)
