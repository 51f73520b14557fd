"""LoRA adapters on the language model: put in before training, folded in when saving."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from deepsight_ros.model.deepsight_model import DeepSightModel

_SCALE = 2.0
"""What an adapter's product is multiplied by: alpha over rank."""
_BASE, _DOWN, _UP = ".base_layer.", ".lora_A.default.", ".lora_B.default."


def add_lora(model: DeepSightModel, rank: int) -> None:
    """LoRA adapters on the attention and MLP matrices of the language model (``peft``).

    The language model's own weights are frozen; ``merge_lora`` folds the adapters in when a
    checkpoint is written.
    """
    from peft import LoraConfig, get_peft_model

    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(
        r=rank, lora_alpha=int(_SCALE * rank), target_modules=targets, lora_dropout=0.0
    )
    model.language = get_peft_model(model.language, config).base_model.model


def merge_lora(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights with adapters -> weights by the names of a model without, adapters folded in.

    On tensors rather than modules, so that weights gathered from many processes can be merged.
    """
    merged = {}
    for name, tensor in weights.items():
        if _DOWN in name or _UP in name:
            continue
        kept = tensor
        if name.endswith(_BASE + "weight"):
            down, up = (weights[name.replace(_BASE, part)].float() for part in (_DOWN, _UP))
            kept = (tensor.float() + _SCALE * (up @ down)).to(tensor.dtype)
        merged[name.replace(_BASE, ".")] = kept
    return merged
