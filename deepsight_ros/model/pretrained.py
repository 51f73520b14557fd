"""Pretrained parts: a CLIP vision tower's and a Llama-class language model's folders in.

A CLIP tower reads three channels on a square grid. Its patch filters are summed over colour and
shared out over our channels, so that a grey picture in all channels gives CLIP's response; its
positions are resampled to our grid (our interpretation; DeepSight does not say).
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoConfig, CLIPVisionModel, LlamaForCausalLM

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.model.config import LanguageConfig
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.tower import VisionTower


def load_language(folder: str, tokens: int) -> tuple[LlamaForCausalLM, LanguageConfig]:
    """A language model with room for our special tokens, and its shape.

    Args:
        folder: as ``save_pretrained`` of ``transformers`` writes it (Vicuna, Llama ...).
        tokens: size of the tokenizer with our tokens.

    Raises:
        SourceError: no such folder. InvalidValueError: not a Llama-class model.
    """
    _folder(folder)
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if config.model_type != "llama":
        raise InvalidValueError(
            f"language model {folder}: got model_type '{config.model_type}', expected 'llama' "
            "(Llama, Vicuna)"
        )
    model = LlamaForCausalLM.from_pretrained(folder, local_files_only=True, dtype="auto")
    if model.config.vocab_size < tokens:
        model.resize_token_embeddings(tokens)
    c = model.config
    shape = LanguageConfig(
        vocabulary=c.vocab_size,
        width=c.hidden_size,
        layers=c.num_hidden_layers,
        heads=c.num_attention_heads,
        mlp=c.intermediate_size,
        positions=c.max_position_embeddings,
        tied=bool(c.tie_word_embeddings),
        key_value_heads=c.num_key_value_heads,
        head_width=c.head_dim,
        norm_eps=c.rms_norm_eps,
        rope=dict(c.rope_parameters),
        activation=c.hidden_act,
        attention_bias=bool(c.attention_bias),
        mlp_bias=bool(c.mlp_bias),
    )
    return model, shape


def put_clip(model: DeepSightModel, folder: str) -> None:
    """Load a CLIP vision tower into every tower of the model.

    Raises:
        SourceError: no such folder. InvalidValueError: another width, depth or patch size.
    """
    _folder(folder)
    clip = CLIPVisionModel.from_pretrained(folder, local_files_only=True)
    for tower in (model.depth_tower, model.rgb_tower):
        if tower is not None:
            _put(tower, clip, folder)


@torch.no_grad()
def _put(tower: VisionTower, clip: CLIPVisionModel, folder: str) -> None:
    ours, theirs = tower.config, clip.config
    got = (theirs.hidden_size, theirs.num_hidden_layers, theirs.patch_size)
    wanted = (ours.width, ours.layers, ours.patch_px)
    if got != wanted:
        raise InvalidValueError(
            f"CLIP {folder}: got width, layers, patch {got}, expected {wanted} by the recipe"
        )
    filters = clip.embeddings.patch_embedding.weight
    channels = tower.patch_embedding.weight.shape[1]
    if channels == filters.shape[1]:
        tower.patch_embedding.weight.copy_(filters)
    else:
        grey = filters.sum(dim=1, keepdim=True) / channels
        tower.patch_embedding.weight.copy_(grey.expand(-1, channels, -1, -1))
    tower.class_embedding.copy_(clip.embeddings.class_embedding)
    positions = clip.embeddings.position_embedding.weight
    tower.position_embedding.copy_(resampled(positions, ours.grid))
    tower.pre_norm.load_state_dict(clip.pre_layrnorm.state_dict())
    tower.encoder.load_state_dict(clip.encoder.state_dict())
    tower.post_norm.load_state_dict(clip.post_layernorm.state_dict())


def resampled(positions: Tensor, grid: tuple[int, int]) -> Tensor:
    """(1 + S*S, D) positions of a square grid -> (1 + rows * columns, D)."""
    side = math.isqrt(len(positions) - 1)
    if grid == (side, side):
        return positions
    square = positions[1:].T.view(1, -1, side, side)
    ours = nn.functional.interpolate(square, size=grid, mode="bicubic", align_corners=False)
    return torch.cat([positions[:1], ours[0].flatten(1).T])


def _folder(folder: str) -> None:
    if not (Path(folder) / "config.json").is_file():
        raise SourceError(
            f"pretrained model: got no config.json in '{folder}', expected a folder with "
            "config.json, weights (safetensors) and tokenizer; download it and pass its path"
        )
