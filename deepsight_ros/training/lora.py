"""LoRA adapters on the language model: put in before training, folded in before saving."""

from __future__ import annotations

from deepsight_ros.model.deepsight_model import DeepSightModel


def add_lora(model: DeepSightModel, rank: int) -> None:
    """LoRA adapters on the attention and MLP matrices of the language model (``peft``).

    The language model's own weights are frozen; ``merge_lora`` folds the adapters in afterwards.
    """
    from peft import LoraConfig, get_peft_model

    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets, lora_dropout=0.0)
    model.language = get_peft_model(model.language, config).base_model.model


def merge_lora(model: DeepSightModel) -> None:
    """Fold LoRA adapters into the weights, so that a checkpoint needs no ``peft``."""
    from peft.tuners.lora import LoraLayer

    for parent in list(model.language.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLayer):
                child.merge()  # type: ignore[operator]
                setattr(parent, name, child.get_base_layer())
