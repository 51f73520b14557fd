"""The training loop of both stages: recipe, shards and a run folder in, a checkpoint out.

On ``accelerate``: one process, many GPUs or FSDP are its configuration. A run is resumed from its
last saved state to the same losses; every step seeds its own draws. Progress, loss, samples and
tokens per second and memory go to the terminal and to TensorBoard files in the run folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model import checkpoint
from deepsight_ros.model.deepsight_model import DeepSightModel
from deepsight_ros.model.text import TextCodec
from deepsight_ros.training import run_folder
from deepsight_ros.training.batches import Batch, Batches
from deepsight_ros.training.examples import Example
from deepsight_ros.training.lora import merge_lora
from deepsight_ros.training.optimisers import build, take_step
from deepsight_ros.training.processes import (
    accelerator_of,
    is_sharded,
    mean_losses,
    refuse_sharded_muon,
    whole_weights,
)
from deepsight_ros.training.recipe import Recipe

_TOWER_ROOTS = (
    "depth_tower",
    "rgb_tower",
    "text_tower",
    "picture_projection",
    "text_projection",
    "log_temperature",
)
_LAYERS = "language.model.layers."
_LOSSES = ("loss", "text", "number", "contrast")
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class StepReport:
    """What a step tells.

    Attributes:
        step: finished steps.
        losses: by name, means over the processes.
        samples_per_s, tokens_per_s: of all processes, since the last report.
        memory_mb: peak, of the GPU where there is one.
    """

    step: int
    losses: dict[str, float]
    samples_per_s: float
    tokens_per_s: float
    memory_mb: float


class Objective(nn.Module):
    """The loss of a batch; one forward, so that wrappers (DDP, FSDP) see all of it.

    Args:
        model: to train.
        text: weight of the language and number losses (0 where towers are aligned).
        contrast: weight of the contrastive loss.
        touch_all: every parameter outside the decoder's layers gets a gradient, of zeros where
            the batch did not need it. FSDP sums what each process has a gradient of, and hangs
            where they differ.
    """

    def __init__(
        self, model: DeepSightModel, text: float, contrast: float, *, touch_all: bool = False
    ) -> None:
        super().__init__()
        self.model = model
        self.text, self.contrast = text, contrast
        self.touch_all = touch_all

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = {}
        sight = self.model.see(batch.pictures)
        total = sight.tokens.sum() * 0.0
        if self.text > 0 and batch.questions:
            losses |= self.model(sight, batch.text)
            total = total + self.text * losses.pop("loss")
        if self.contrast > 0 and batch.text_ids is not None and batch.text_mask is not None:
            losses["contrast"] = self.model.contrast(sight, batch.text_ids, batch.text_mask)
            total = total + self.contrast * losses["contrast"]
        if self.touch_all:
            for name, parameter in self.model.named_parameters():
                if parameter.requires_grad and not name.startswith(_LAYERS):
                    total = total + 0.0 * parameter.float().sum()
        losses["loss"] = total
        return losses


def train(
    recipe: Recipe,
    model: DeepSightModel,
    codec: TextCodec,
    folders: Sequence[Path],
    run: Path,
    *,
    report: Callable[[StepReport], None] = lambda _: None,
    report_every: int = 10,
    stop_after: int | None = None,
    memory: dict[Hashable, Example] | None = None,
) -> DeepSightModel:
    """Train, or go on training what ``run`` holds.

    Args:
        recipe: of the stage.
        model, codec: to start from; a saved state in ``run`` replaces the weights.
        folders: of shards.
        run: folder of states, logs and the finished checkpoint ("checkpoint").
        report: called every ``report_every`` steps, on the main process alone.
        stop_after: end after this many steps, state saved, as a kill would (tests, short calls);
            the checkpoint is then that of an unfinished run.
        memory: of examples, shared with other runs on the same data (``Batches``).

    Returns:
        ``model``, in eval mode; LoRA adapters are folded in on disk alone, and under FSDP it
        stays shared out.

    Raises:
        InvalidValueError: the run folder belongs to another recipe or number of processes, a
            loss is not finite, or the optimiser cannot work under FSDP.
    """
    accelerator = accelerator_of(recipe.precision)
    sharded = is_sharded(accelerator)
    refuse_sharded_muon(accelerator, recipe.optimiser.kind)
    torch.manual_seed(recipe.seed)
    run_folder.claim(run, recipe, accelerator)
    freeze(model, recipe.train)
    # aligning the towers is contrastive; aligning a projector alone is by the texts it leads to
    contrastive = recipe.stage == "align" and "tower" in recipe.train
    text_weight = 0.0 if contrastive else 1.0
    contrast = 1.0 if contrastive else recipe.align_weight
    if model.text_tower is None:
        contrast = 0.0
    objective = Objective(model, text_weight, contrast, touch_all=sharded)
    optimisers, schedules = build(objective.named_parameters(), recipe.optimiser, recipe.steps)
    prepared = accelerator.prepare(objective, *optimisers)
    objective, optimisers = prepared[0], list(prepared[1:])
    accelerator.register_for_checkpointing(*schedules)
    first = run_folder.resume(accelerator, run)
    batches = Batches(
        folders,
        recipe,
        model.config,
        codec,
        rank=accelerator.process_index,
        ranks=accelerator.num_processes,
        memory=memory,
    )
    last = recipe.steps if stop_after is None else min(recipe.steps, first + stop_after)
    writer = run_folder.writer(run, first) if accelerator.is_main_process else None
    accumulate = recipe.accumulate
    objective.train()
    samples = tokens = 0
    mark = time.perf_counter()
    stream = batches.start(first * accumulate, last * accumulate)
    for step in range(first, last):
        torch.manual_seed(recipe.seed * 1_000_003 + step * 97 + accelerator.process_index)
        sums: dict[str, float] = {}
        for part in range(accumulate):
            batch = next(stream)
            if sharded and text_weight > 0 and not batch.questions:
                raise InvalidValueError(
                    "training: got a batch without questions, for which the processes of FSDP "
                    "would wait for ever; expected shards with the kinds the recipe shares out"
                )
            moved = Batch(
                batch.pictures.to(accelerator.device),
                batch.text.to(accelerator.device),
                None if batch.text_ids is None else batch.text_ids.to(accelerator.device),
                None if batch.text_mask is None else batch.text_mask.to(accelerator.device),
                batch.questions,
            )
            waits = part + 1 < accumulate and accelerator.num_processes > 1 and not sharded
            with accelerator.no_sync(objective) if waits else nullcontext():
                losses = objective(moved)
                accelerator.backward(losses["loss"] / accumulate)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + float(value.detach()) / accumulate
            samples += len(batch.pictures) * accelerator.num_processes
            tokens += int((batch.text.segment > 0).sum()) * accelerator.num_processes
        if not torch.isfinite(torch.tensor(sums["loss"])):
            raise InvalidValueError(
                f"training: got loss {sums['loss']} at step {step}; lower the learning rates of "
                f"the recipe and resume from the last state in {run / run_folder.STATE}"
            )
        take_step(accelerator, objective, optimisers, schedules, recipe.optimiser.clip)
        done = step + 1
        if done % report_every == 0 or done == last:
            spent = time.perf_counter() - mark
            means = mean_losses(accelerator, sums, _LOSSES)
            told = StepReport(done, means, samples / spent, tokens / spent, run_folder.memory_mb())
            samples = tokens = 0
            mark = time.perf_counter()
            if writer is not None:
                report(told)
                _log(writer, told)
        if done % recipe.save_every == 0 or done == last:
            run_folder.save_state(accelerator, run, done)
    if writer is not None:
        writer.close()
    over = last == recipe.steps
    if over or (stop_after is not None and not recipe.lora_rank):
        weights = whole_weights(accelerator, objective)
        if accelerator.is_main_process:
            if recipe.lora_rank:
                weights = merge_lora(weights)
            dtype = _DTYPES[recipe.keep_dtype]
            checkpoint.save(run / "checkpoint", model, codec, dtype=dtype, weights=weights)
            text = json.dumps(recipe.as_mapping(), indent=1) + "\n"
            (run / "checkpoint" / "recipe.json").write_text(text, encoding="utf-8")
        accelerator.wait_for_everyone()
    return model.eval()


def freeze(model: DeepSightModel, parts: Sequence[str]) -> None:
    """Let only these parts learn: "tower", "projector" (regions and numbers too), "language"."""
    for name, parameter in model.named_parameters():
        root = name.split(".")[0]
        if root in _TOWER_ROOTS:
            part = "tower"
        elif root == "language":
            part = "language"
        else:
            part = "projector"
        if part not in parts:
            parameter.requires_grad_(False)


def _log(writer, told: StepReport) -> None:  # type: ignore[no-untyped-def]
    for name, value in told.losses.items():
        writer.add_scalar(f"loss/{name}", value, told.step)
    writer.add_scalar("speed/samples_per_s", told.samples_per_s, told.step)
    writer.add_scalar("speed/tokens_per_s", told.tokens_per_s, told.step)
    writer.add_scalar("memory/peak_mb", told.memory_mb, told.step)
