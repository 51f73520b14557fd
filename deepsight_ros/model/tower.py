"""The vision tower: a CLIP ViT over any number of channels, with the BBox convolution.

Encoded pictures (B, C, H, W) and boxes in; patch features (B, P, D) and a pooled vector out.
The BBox convolution adds to the patch embeddings; its last layer starts at zero, so that a loaded
CLIP gives exactly CLIP's features until training moves it; so do the metric coordinates of each
patch that a tower over levelled coordinates adds.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPEncoder

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.box_maps import MAP_CHANNELS, box_maps, jitter_boxes
from deepsight_ros.model.config import BoxConfig, TowerConfig
from deepsight_ros.model.metric import PATCH_FEATURES, patch_features


class BBoxConvolution(nn.Module):
    """Coverage and local-depth maps -> something to add to the patch embeddings.

    Two convolutions, the second zero-initialised with the stride of a patch (our interpretation of
    DeepSight's layer, whose shape is not published).
    """

    def __init__(self, tower: TowerConfig, config: BoxConfig) -> None:
        super().__init__()
        self.config = config
        stride = tower.patch_px // config.maps_px
        if stride < 1 or tower.patch_px % config.maps_px:
            raise InvalidValueError(
                f"box convolution: got maps_px {config.maps_px}, expected a divisor of patch_px "
                f"{tower.patch_px}"
            )
        self.first = nn.Conv2d(MAP_CHANNELS, config.channels, 3, padding=1)
        self.second = nn.Conv2d(config.channels, tower.width, stride, stride=stride)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)  # type: ignore[arg-type]

    def active(self) -> bool:
        return self.config.use == "both" or (self.config.use == "train" and self.training)

    def forward(self, depth_m: Tensor, boxes: Tensor, valid: Tensor) -> Tensor:
        """(B, H, W) depth at tower size, (B, N, 4) boxes, (B, N) bool -> (B, P, D)."""
        if self.training:
            c = self.config
            boxes, valid = jitter_boxes(
                boxes, valid, jitter=c.jitter, dropout=c.dropout, no_boxes=c.no_boxes
            )
        half = self.config.maps_px // 2
        step = self.config.maps_px
        small = depth_m[:, half::step, half::step]
        maps = box_maps(small, boxes, valid).to(self.first.weight.dtype)
        out = self.second(nn.functional.gelu(self.first(maps)))
        return out.flatten(2).transpose(1, 2)


class VisionTower(nn.Module):
    """A CLIP ViT; ``box`` is None for a tower without BBox convolution."""

    def __init__(
        self, config: TowerConfig, channels: int, box: BoxConfig | None, *, metric: bool = False
    ) -> None:
        super().__init__()
        self.config = config
        clip = CLIPVisionConfig(
            hidden_size=config.width,
            intermediate_size=config.mlp,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            num_channels=channels,
            image_size=max(config.size_px),
            patch_size=config.patch_px,
            hidden_act=config.activation,
        )
        clip._attn_implementation = "sdpa"
        rows, columns = config.grid
        self.class_embedding = nn.Parameter(torch.randn(config.width) * config.width**-0.5)
        self.patch_embedding = nn.Conv2d(
            channels, config.width, config.patch_px, config.patch_px, bias=False
        )
        self.position_embedding = nn.Parameter(
            torch.randn(1 + rows * columns, config.width) * config.width**-0.5
        )
        self.pre_norm = nn.LayerNorm(config.width, eps=clip.layer_norm_eps)
        self.encoder = CLIPEncoder(clip)
        self.post_norm = nn.LayerNorm(config.width, eps=clip.layer_norm_eps)
        self.box = BBoxConvolution(config, box) if box is not None and box.use != "off" else None
        self.metric = None
        if metric and config.metric:
            self.metric = nn.Linear(PATCH_FEATURES, config.width, bias=False)
            nn.init.zeros_(self.metric.weight)

    def forward(
        self,
        pixels: Tensor,
        depth_m: Tensor | None = None,
        boxes: Tensor | None = None,
        box_valid: Tensor | None = None,
        points_m: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Features of encoded pictures.

        Args:
            pixels: (B, C, H, W).
            depth_m: (B, H, W) for the BBox convolution; None leaves it out.
            boxes, box_valid: (B, N, 4) shares of the picture and (B, N) bool.
            points_m: (B, 3, H, W) levelled coordinates, 0 where invalid, for a metric tower.

        Returns:
            (B, P, D) patch features of the selected layer, row by row, and (B, D) the pooled
            class token of the last layer.
        """
        patches = self.patch_embedding(pixels.to(self.patch_embedding.weight.dtype))
        patches = patches.flatten(2).transpose(1, 2)
        if self.box is not None and self.box.active() and boxes is not None:
            if depth_m is None:
                depth_m = torch.zeros_like(pixels[:, 0])
            valid = torch.ones(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
            patches = patches + self.box(depth_m, boxes, valid if box_valid is None else box_valid)
        if self.metric is not None and points_m is not None:
            metric = patch_features(points_m, self.config.grid)
            patches = patches + self.metric(metric.to(patches.dtype))
        first = self.class_embedding.expand(len(patches), 1, -1)
        hidden = self.pre_norm(torch.cat([first, patches], dim=1) + self.position_embedding)
        chosen = self.config.layers + 1 + self.config.select_layer
        selected = hidden
        for number, layer in enumerate(self.encoder.layers, start=1):
            hidden = layer(hidden, None)
            if number == chosen:
                selected = hidden
        return selected[:, 1:], self.post_norm(hidden[:, 0])
