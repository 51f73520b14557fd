"""A model's parameters and an ``OptimiserConfig`` in, optimisers and their schedule out.

Muon (orthogonalised momentum) moves the matrices inside transformer layers and projectors;
embeddings, norms, convolutions and heads go by AdamW. From scratch and within the same samples it
learnt shape and security far sooner than AdamW alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from accelerate import Accelerator
from torch import nn
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from deepsight_ros.training.muon import Muon
from deepsight_ros.training.recipe import OptimiserConfig

_NOT_MATRICES = ("embed", "lm_head", "position", "modality", "class_embedding")


def build(
    named: Iterable[tuple[str, nn.Parameter]], config: OptimiserConfig, steps: int
) -> tuple[list[Optimizer], list[LambdaLR]]:
    """Optimisers over the parameters that learn, and a scheduler for each."""
    matrices: list[nn.Parameter] = []
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    for name, parameter in named:
        if not parameter.requires_grad:
            continue
        is_matrix = parameter.ndim == 2 and not any(part in name for part in _NOT_MATRICES)
        if is_matrix and config.kind == "muon" and min(parameter.shape) > 1:
            matrices.append(parameter)
        elif parameter.ndim >= 2:
            decayed.append(parameter)
        else:
            plain.append(parameter)
    optimisers: list[Optimizer] = []
    if matrices:
        optimisers.append(Muon(matrices, lr=config.muon_lr, weight_decay=config.weight_decay))
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimisers.append(
        AdamW([g for g in groups if g["params"]], lr=config.lr, betas=(0.9, 0.98), eps=1e-8)
    )
    return optimisers, [LambdaLR(o, lambda step: rate(step, steps, config)) for o in optimisers]


def rate(step: int, steps: int, config: OptimiserConfig) -> float:
    """Share of the peak rate: linear warm-up, then a cosine."""
    warm = max(1, round(steps * config.warm_up))
    if step < warm:
        return (step + 1) / warm
    done = min(1.0, (step - warm) / max(1, steps - warm))
    return config.final + (1 - config.final) * 0.5 * (1 + math.cos(math.pi * done))


def take_step(
    accelerator: Accelerator,
    objective: nn.Module,
    optimisers: Iterable[Optimizer],
    schedules: Iterable[LambdaLR],
    limit: float,
) -> None:
    """Clip the gradients of all processes together, move parameters and rates, forget them."""
    accelerator.clip_grad_norm_(objective.parameters(), limit)
    for optimiser, schedule in zip(optimisers, schedules, strict=True):
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
