"""What many processes of one run share: the accelerator, mean losses, whole weights.

One process, DDP (CPU or GPUs) and FSDP 2 go through the same calls; how many there are and which
of them is ``accelerate``'s configuration (docs/model.md, "Many GPUs").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs, DistributedType
from torch import Tensor, nn

from deepsight_ros.errors import InvalidValueError


def accelerator_of(precision: str) -> Accelerator:
    """The accelerator of a run.

    Modality dropout leaves a tower without gradient in some steps, and aligning the language
    model: DDP has to look for such parameters.
    """
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(mixed_precision=precision, kwargs_handlers=[unused])


def is_sharded(accelerator: Accelerator) -> bool:
    """Weights are shared out over the processes (FSDP)."""
    return accelerator.distributed_type == DistributedType.FSDP


def refuse_sharded_muon(accelerator: Accelerator, kind: str) -> None:
    """Muon turns whole matrices; a process of FSDP holds rows of them.

    Raises:
        InvalidValueError: both are asked for.
    """
    if is_sharded(accelerator) and kind == "muon":
        raise InvalidValueError(
            "training: got optimiser 'muon' under FSDP, which shares out rows of the matrices "
            "that Muon needs whole; set `optimiser: {kind: adamw}` in the recipe, or launch "
            "without FSDP"
        )


def mean_losses(
    accelerator: Accelerator, sums: Mapping[str, float], names: Iterable[str]
) -> dict[str, float]:
    """Losses of a step, each the mean over the processes that have it; called by all of them."""
    if accelerator.num_processes == 1:
        return dict(sums)
    known = list(names)
    mine = [[sums.get(n, 0.0) for n in known], [float(n in sums) for n in known]]
    both = accelerator.reduce(torch.tensor(mine, device=accelerator.device), reduction="sum")
    totals, counts = both.tolist()
    return {n: t / c for n, t, c in zip(known, totals, counts, strict=True) if c}


def whole_weights(accelerator: Accelerator, objective: nn.Module) -> dict[str, Tensor]:
    """Weights of the objective's ``model``, put together from all processes; called by all.

    Under FSDP they are whole on the main process alone.
    """
    state = accelerator.get_state_dict(objective)
    prefix = "model."
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
