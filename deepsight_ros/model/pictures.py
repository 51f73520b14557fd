"""Pictures: the batch of views that the model sees, and how an RgbdFrame becomes one.

A picture is sampled, never averaged: a mean of near and far depth is a depth where nothing is.
Frames of another shape are fitted inside and the rest is invalid, so intrinsics stay exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera, RgbdFrame

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)

OPTICAL_TO_FORWARD = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""Rotation from the optical frame to x forward, y left, z up for a level camera."""

Box = Sequence[float]


@dataclass(frozen=True, eq=False)
class Pictures:
    """A batch of views at the model's fine size.

    Attributes:
        depth_m: (B, H, W) float32 or int16 millimetres on the way to the device; NaN or at most
            0 = invalid.
        colour: (B, 3, H, W) uint8; ignored where ``has_colour`` is False.
        intrinsics: (B, 4) fx, fy, cx, cy of this size.
        levelled_from_camera: (B, 3, 3) rotation to x forward, y left, z up.
        boxes: (B, N, 4) boxes of the objects in view, shares of the picture.
        box_valid: (B, N) bool.
        regions: (B, R, 4) boxes that ``<region0>`` ... stand for, shares of the picture.
        region_valid: (B, R) bool.
        has_depth, has_colour: (B,) bool.
    """

    depth_m: Tensor
    colour: Tensor
    intrinsics: Tensor
    levelled_from_camera: Tensor
    boxes: Tensor
    box_valid: Tensor
    regions: Tensor
    region_valid: Tensor
    has_depth: Tensor
    has_colour: Tensor

    def __len__(self) -> int:
        return len(self.depth_m)

    def to(self, device: torch.device | str) -> Pictures:
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        depth = moved["depth_m"]
        if depth.dtype == torch.int16:
            moved["depth_m"] = depth.to(torch.float32) * 1e-3
        return Pictures(**moved)

    def only(self, *, depth: bool = True, colour: bool = True) -> Pictures:
        """The same views with a modality taken away."""
        return replace(
            self,
            has_depth=self.has_depth & depth,
            has_colour=self.has_colour & colour,
        )


@dataclass(frozen=True)
class Fit:
    """How a camera's picture lies in the model's: the column and row each sample is taken from.

    Attributes:
        rows, columns: (H,), (W,) int64 indices into the frame; -1 outside it.
        scale: frame pixels per model pixel.
        offset_px: (x, y) model pixel where the frame's corner lies.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    scale: float
    offset_px: tuple[float, float]

    @staticmethod
    def of(camera: Camera, size_px: tuple[int, int]) -> Fit:
        height, width = size_px
        scale = max(camera.width_px / width, camera.height_px / height)
        x0 = (width - camera.width_px / scale) / 2
        y0 = (height - camera.height_px / scale) / 2

        def index(count: int, start: float, limit: int) -> NDArray[np.int64]:
            at = np.floor((np.arange(count) + 0.5 - start) * scale).astype(np.int64)
            return np.where((at >= 0) & (at < limit), at, -1)

        return Fit(
            index(height, y0, camera.height_px),
            index(width, x0, camera.width_px),
            scale,
            (x0, y0),
        )

    def sample(self, image: NDArray[Any], fill: float) -> NDArray[Any]:
        """(H, W, ...) of the model's size; ``fill`` outside the frame."""
        out = image[np.ix_(np.maximum(self.rows, 0), np.maximum(self.columns, 0))]
        if (self.rows < 0).any() or (self.columns < 0).any():
            out[self.rows < 0] = fill
            out[:, self.columns < 0] = fill
        return out

    def intrinsics(self, camera: Camera) -> tuple[float, float, float, float]:
        """fx, fy, cx, cy of the model's picture (pixel centres at whole numbers)."""
        x0, y0 = self.offset_px
        return (
            camera.fx_px / self.scale,
            camera.fy_px / self.scale,
            (camera.cx_px + 0.5) / self.scale + x0 - 0.5,
            (camera.cy_px + 0.5) / self.scale + y0 - 0.5,
        )

    def share(self, box_px: Box) -> tuple[float, float, float, float]:
        """A box in frame pixels (exclusive end) as shares of the model's picture."""
        height, width = len(self.rows), len(self.columns)
        x0, y0 = self.offset_px
        left, top, right, bottom = (float(v) / self.scale for v in box_px)
        return (
            (left + x0) / width,
            (top + y0) / height,
            (right + x0) / width,
            (bottom + y0) / height,
        )


def levelled_rotation(up_in_camera: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Rotation from the optical frame to x forward on the ground, y left, z up.

    Args:
        up_in_camera: (3,) unit, or None where up is unknown: then the camera counts as level.
    """
    if up_in_camera is None:
        return OPTICAL_TO_FORWARD
    up = np.asarray(up_in_camera, float) / np.linalg.norm(up_in_camera)
    ahead = np.array([0.0, 0.0, 1.0]) - up[2] * up
    if np.linalg.norm(ahead) < 1e-6:
        ahead = np.array([0.0, -1.0, 0.0]) + up[1] * up
    ahead /= np.linalg.norm(ahead)
    return np.stack([ahead, np.cross(up, ahead), up])


def picture(
    frame: RgbdFrame,
    size_px: tuple[int, int],
    *,
    up_in_camera: NDArray[np.float64] | None = None,
    boxes_px: Sequence[Box] = (),
    regions_px: Sequence[Box] = (),
    use_depth: bool = True,
    use_colour: bool = True,
) -> Pictures:
    """One frame as a batch of one.

    Args:
        frame: the view.
        size_px: the model's ``config.fine_px``.
        up_in_camera: (3,) up in the optical frame, None where it is unknown.
        boxes_px: objects in view, (x0, y0, x1, y1) in frame pixels, exclusive end.
        regions_px: what ``<region0>`` ... stand for.
        use_depth, use_colour: hide a modality from the model.
    """
    fit = Fit.of(frame.camera, size_px)
    depth = fit.sample(frame.depth_m, np.nan)
    height, width = size_px
    if frame.colour is None:
        colour = np.zeros((height, width, 3), np.uint8)
    else:
        colour = fit.sample(frame.colour, 0)
    depth = np.nan_to_num(depth, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)

    def stack(boxes: Sequence[Box]) -> tuple[Tensor, Tensor]:
        shares = torch.tensor([fit.share(b) for b in boxes], dtype=torch.float32).view(1, -1, 4)
        return shares.clamp(0, 1), torch.ones(1, len(boxes), dtype=torch.bool)

    boxes, box_valid = stack(boxes_px)
    regions, region_valid = stack(regions_px)
    return Pictures(
        torch.from_numpy(depth)[None],
        torch.from_numpy(np.ascontiguousarray(colour.transpose(2, 0, 1)))[None],
        torch.tensor([fit.intrinsics(frame.camera)], dtype=torch.float32),
        torch.from_numpy(levelled_rotation(up_in_camera)).to(torch.float32)[None],
        boxes,
        box_valid,
        regions,
        region_valid,
        torch.tensor([use_depth]),
        torch.tensor([use_colour and frame.colour is not None]),
    )


def collate(pictures: Sequence[Pictures]) -> Pictures:
    """One batch of several; boxes and regions are padded."""
    if not pictures:
        raise InvalidValueError("pictures: got none to collate, expected at least one")

    def joined(name: str) -> Tensor:
        return torch.cat([getattr(p, name) for p in pictures])

    def padded(name: str, flag: str) -> tuple[Tensor, Tensor]:
        most = max(getattr(p, name).shape[1] for p in pictures)
        boxes = torch.zeros(sum(map(len, pictures)), most, 4)
        valid = torch.zeros(boxes.shape[:2], dtype=torch.bool)
        row = 0
        for p in pictures:
            own = getattr(p, name)
            boxes[row : row + len(p), : own.shape[1]] = own
            valid[row : row + len(p), : own.shape[1]] = getattr(p, flag)
            row += len(p)
        return boxes, valid

    boxes, box_valid = padded("boxes", "box_valid")
    regions, region_valid = padded("regions", "region_valid")
    return Pictures(
        joined("depth_m"),
        joined("colour"),
        joined("intrinsics"),
        joined("levelled_from_camera"),
        boxes,
        box_valid,
        regions,
        region_valid,
        joined("has_depth"),
        joined("has_colour"),
    )


def normalised_colour(colour: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """(B, 3, H, W) uint8 -> CLIP-normalised."""
    mean = torch.tensor(CLIP_MEAN, device=colour.device, dtype=dtype).view(3, 1, 1)
    std = torch.tensor(CLIP_STD, device=colour.device, dtype=dtype).view(3, 1, 1)
    return (colour.to(dtype) / 255 - mean) / std
