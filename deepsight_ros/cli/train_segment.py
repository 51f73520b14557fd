"""`deepsight train segment`: a recipe and sets of pictures in, a segmenter's checkpoint out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deepsight_ros.errors import DeepsightError


def segment(
    data: Annotated[
        list[Path],
        typer.Option("--data", help="Sets (`deepsight synthesize segments`); may be repeated."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Run folder: states, logs, checkpoint.")],
    recipe: Annotated[
        str, typer.Option("--recipe", help="Recipe file, or one that ships.")
    ] = "segmenter",
    start: Annotated[
        Path | None, typer.Option(help="Checkpoint to go on from, instead of the recipe's.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Instead of the recipe's.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Instead of the recipe's.")] = None,
    pause_after: Annotated[
        int | None,
        typer.Option("--pause-after", min=1, help="Stop after this many steps; resume later."),
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.")] = None,
) -> None:
    """Train the class-agnostic segmenter; the same command goes on with a run that was stopped."""
    import torch

    from deepsight_ros.cli.progress import work_bar
    from deepsight_ros.training.segment_recipe import SegmentRecipe
    from deepsight_ros.training.segment_trainer import SegmentStep, train

    console = Console(quiet=int(os.environ.get("RANK", "0")) > 0)  # one of many processes speaks
    if threads is not None:
        torch.set_num_threads(threads)
    begin = None if start is None else str(start)
    changes: dict[str, Any] = {"steps": steps, "seed": seed, "start": begin}
    try:
        chosen = SegmentRecipe.read(recipe, **{k: v for k, v in changes.items() if v is not None})
        console.print(f"segment: {chosen.steps} steps of {chosen.batch} pictures, {out}")
        with work_bar(console, "segment", chosen.steps) as bar:

            def report(told: SegmentStep) -> None:
                losses = " ".join(f"{k} {v:.3f}" for k, v in told.losses.items())
                bar.reach(told.step, f"segment {losses} {told.pictures_per_s:.1f} pictures/s")
                if not console.is_terminal and told.step % 50 == 0:
                    console.print(
                        f"step {told.step}: {losses}, {told.pictures_per_s:.1f} pictures/s, "
                        f"{told.memory_mb:.0f} MB"
                    )

            train(chosen, data, out, report=report, stop_after=pause_after)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
