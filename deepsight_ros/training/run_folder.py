"""A run folder: the recipe it belongs to, two states that take turns, TensorBoard files.

A killed run goes on from its last whole state; a folder of another recipe is refused.
"""

from __future__ import annotations

import json
import resource
from pathlib import Path

import torch
from accelerate import Accelerator

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.files import write_json, write_text
from deepsight_ros.training.recipe import Recipe
from deepsight_ros.training.segment_recipe import SegmentRecipe

STATE = "state"


def claim(run: Path, recipe: Recipe | SegmentRecipe, accelerator: Accelerator) -> None:
    """The run folder belongs to one recipe; entries younger than its file have their defaults.

    Raises:
        InvalidValueError: it belongs to another.
    """
    run.mkdir(parents=True, exist_ok=True)
    file = run / "recipe.json"
    text = json.dumps(recipe.as_mapping(), indent=1, sort_keys=True) + "\n"
    if file.exists():
        held = type(recipe).from_mapping(json.loads(file.read_text(encoding="utf-8")))
        if json.dumps(held.as_mapping(), indent=1, sort_keys=True) + "\n" != text:
            raise InvalidValueError(
                f"training: {run} holds a run of another recipe; give another --out, or remove it"
            )
    accelerator.wait_for_everyone()  # nobody reads what another is writing
    if accelerator.is_main_process:
        write_text(file, text)


def resume(accelerator: Accelerator, run: Path) -> int:
    """Load the last state; steps that are done.

    Raises:
        InvalidValueError: it was saved by another number of processes, whose batches were others.
    """
    pointer = run / f"{STATE}.json"
    if not pointer.exists():
        return 0
    saved = json.loads(pointer.read_text(encoding="utf-8"))
    ranks = saved.get("processes", 1)
    if ranks != accelerator.num_processes:
        raise InvalidValueError(
            f"training: {run} holds a run of {ranks} processes, got {accelerator.num_processes}; "
            "launch as many, or give another --out"
        )
    accelerator.load_state(str(run / saved["folder"]))
    return int(saved["step"])


def save_state(accelerator: Accelerator, run: Path, step: int) -> None:
    """Two states take turns, so that a kill while writing leaves the one before."""
    pointer = run / f"{STATE}.json"
    last = json.loads(pointer.read_text())["folder"] if pointer.exists() else f"{STATE}_b"
    folder = f"{STATE}_a" if last.endswith("_b") else f"{STATE}_b"
    accelerator.save_state(str(run / folder), safe_serialization=True)
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        values = {"folder": folder, "step": step, "processes": accelerator.num_processes}
        write_json(pointer, values)
    accelerator.wait_for_everyone()  # the next save of every process reads the new pointer


def writer(run: Path, purge_step: int):  # type: ignore[no-untyped-def]
    """TensorBoard files of the run; what a killed run logged after ``purge_step`` is dropped."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(run / "tensorboard"), purge_step=purge_step + 1)


def memory_mb() -> float:
    """Peak memory, of the GPU where there is one."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
