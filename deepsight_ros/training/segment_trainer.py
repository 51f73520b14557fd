"""Training the segmenter: recipe, sets of pictures and a run folder in, a checkpoint out.

On ``accelerate``, as the language model's training is. Every step seeds its own draws, so that a
resumed run sees the pictures the whole one would have seen; the next batch is made in a thread
while the present one is learnt from.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.segmenter_net import SegmenterNet, with_colour
from deepsight_ros.model.segmenter_weights import load, save
from deepsight_ros.synthesis.segment_store import SegmentSet
from deepsight_ros.training import run_folder
from deepsight_ros.training.optimisers import build, take_step
from deepsight_ros.training.processes import accelerator_of, is_sharded, mean_losses
from deepsight_ros.training.segment_examples import augmented, cropped, example
from deepsight_ros.training.segment_loss import SegmentBatch, SegmentObjective
from deepsight_ros.training.segment_recipe import SegmentRecipe

_FIELDS = ("channels", "kind", "centre", "offset", "boundary", "weight", "instance")
CHECKPOINT = "checkpoint"


@dataclass(frozen=True)
class SegmentStep:
    """What a step tells: finished steps, losses by name, pictures per second, peak memory."""

    step: int
    losses: dict[str, float]
    pictures_per_s: float
    memory_mb: float


class SegmentBatches:
    """Batches of a recipe, from any step on.

    Args:
        folders: of sets (``deepsight synthesize segments``).
        recipe: what to draw.
        rank, ranks: this process among all.
    """

    def __init__(
        self, folders: Sequence[Path], recipe: SegmentRecipe, *, rank: int = 0, ranks: int = 1
    ) -> None:
        self.sets = [SegmentSet(folder) for folder in folders]
        self._ends = np.cumsum([len(s) for s in self.sets])
        kinds = np.concatenate([s.table["kind"] for s in self.sets])
        self._asked = np.repeat(np.arange(len(kinds)), np.array(recipe.times())[kinds])
        self.count = len(self._asked)
        self.recipe, self.rank, self.ranks = recipe, rank, ranks

    def make(self, step: int) -> SegmentBatch:
        """The batch of a step."""
        recipe = self.recipe
        each = recipe.batch * self.ranks
        first = step * each + self.rank * recipe.batch
        examples = []
        for place in range(first, first + recipe.batch):
            epoch, within = divmod(place, self.count)
            number = int(self._order(epoch)[within])
            which = int(np.searchsorted(self._ends, number, side="right"))
            view = self.sets[which][number - int(self._ends[which] - len(self.sets[which]))]
            if not recipe.model.colour:
                view = replace(view, frame=replace(view.frame, colour=None))
            rng = np.random.default_rng([recipe.seed, 17, place])
            view = augmented(view, recipe.augmentation, rng)
            made = example(view, colour=recipe.model.colour)
            examples.append(cropped(made, recipe.crop_px, rng))
        return SegmentBatch(
            *(torch.from_numpy(np.stack([getattr(e, k) for e in examples])) for k in _FIELDS)
        )

    def start(self, first: int, last: int) -> Iterator[SegmentBatch]:
        """Batches ``first`` to ``last - 1``, one made ahead."""
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(self.make, first)
            for step in range(first, last):
                batch = ahead.result()
                if step + 1 < last:
                    ahead = pool.submit(self.make, step + 1)
                yield batch

    def _order(self, epoch: int) -> np.ndarray:
        draw = np.random.default_rng([self.recipe.seed, 19, epoch])
        return np.asarray(self._asked[draw.permutation(self.count)])


def train(
    recipe: SegmentRecipe,
    folders: Sequence[Path],
    run: Path,
    *,
    report: Callable[[SegmentStep], None] = lambda _: None,
    report_every: int = 10,
    stop_after: int | None = None,
) -> SegmentStep | None:
    """Train, or go on training what ``run`` holds; the mean of the weights is what is kept.

    Args:
        recipe: what to do.
        folders: of sets; all must be of one size.
        run: folder of states, logs and ``checkpoint``, which is renewed with every state.
        report: called every ``report_every`` steps, on the main process alone.
        stop_after: end after this many steps as a kill would, state saved.

    Returns:
        The last report; None when nothing was left to do.

    Raises:
        InvalidValueError: the run folder belongs to another recipe or number of processes, a
            loss is not finite, or FSDP was asked for.
        SourceError: no pictures.
    """
    accelerator = accelerator_of(recipe.precision)
    if is_sharded(accelerator):
        raise InvalidValueError(
            "training: got FSDP for the segmenter, whose million parameters fit every device; "
            "launch without FSDP (many GPUs work by DDP)"
        )
    torch.manual_seed(recipe.seed)
    run_folder.claim(run, recipe, accelerator)
    network = load(Path(recipe.start)) if recipe.start else SegmenterNet(recipe.model)
    if recipe.model.colour and not network.config.colour:
        network = with_colour(network)
    if network.config != recipe.model:
        raise InvalidValueError(
            f"recipe: {recipe.start} holds {network.config}, expected the recipe's {recipe.model}"
        )
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    objective: nn.Module = SegmentObjective(
        network, recipe.shares(), contact_weight=recipe.contact_weight
    )
    mean = AveragedModel(
        network, multi_avg_fn=get_ema_multi_avg_fn(recipe.average), use_buffers=True
    )
    optimisers, schedules = build(objective.named_parameters(), recipe.optimiser, recipe.steps)
    prepared = accelerator.prepare(objective, *optimisers)
    objective, optimisers = prepared[0], list(prepared[1:])
    mean.to(accelerator.device)
    accelerator.register_for_checkpointing(mean, *schedules)
    first = run_folder.resume(accelerator, run)
    batches = SegmentBatches(
        folders, recipe, rank=accelerator.process_index, ranks=accelerator.num_processes
    )
    last = recipe.steps if stop_after is None else min(recipe.steps, first + stop_after)
    writer = run_folder.writer(run, first) if accelerator.is_main_process else None
    objective.train()
    told = None
    pictures, mark = 0, time.perf_counter()
    for step, made in enumerate(batches.start(first, last), start=first):
        losses = objective(made.to(accelerator.device))
        accelerator.backward(losses["loss"])
        values = {name: float(value.detach()) for name, value in losses.items()}
        if not np.isfinite(values["loss"]):
            raise InvalidValueError(
                f"training: got loss {values['loss']} at step {step}; lower the learning rate of "
                f"the recipe and resume from the last state in {run}"
            )
        take_step(accelerator, objective, optimisers, schedules, recipe.optimiser.clip)
        mean.update_parameters(accelerator.unwrap_model(objective).model)
        pictures += recipe.batch * accelerator.num_processes
        done = step + 1
        if done % report_every == 0 or done == last:
            spent = time.perf_counter() - mark
            means = mean_losses(accelerator, values, values)
            told = SegmentStep(done, means, pictures / spent, run_folder.memory_mb())
            pictures, mark = 0, time.perf_counter()
            if writer is not None:
                report(told)
                for name, value in means.items():
                    writer.add_scalar(f"loss/{name}", value, done)
                writer.add_scalar("speed/pictures_per_s", told.pictures_per_s, done)
                writer.add_scalar("memory/peak_mb", told.memory_mb, done)
        if done % recipe.save_every == 0 or done == last:
            run_folder.save_state(accelerator, run, done)
            if accelerator.is_main_process:
                kept = mean.module if recipe.average > 0 else network
                save(run / CHECKPOINT, kept)
                text = json.dumps({**recipe.as_mapping(), "step": done}, indent=1) + "\n"
                (run / CHECKPOINT / "recipe.json").write_text(text, encoding="utf-8")
    if writer is not None:
        writer.close()
    return told
