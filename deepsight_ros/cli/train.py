"""`deepsight train align | tune | calibrate`: a recipe and shards in, a checkpoint out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deepsight_ros.cli.progress import work_bar
from deepsight_ros.errors import DeepsightError

app = typer.Typer(help="Train the depth-language model.", no_args_is_help=True)

Recipe_ = Annotated[str, typer.Option("--recipe", help="Recipe file, or one that ships.")]
Data = Annotated[
    list[Path], typer.Option("--data", help="Shards (`deepsight synthesize`); may be repeated.")
]
Out = Annotated[Path, typer.Option("--out", help="Run folder: states, logs, checkpoint.")]
Start = Annotated[str, typer.Option("--start", help="Checkpoint to go on from.")]
Clip = Annotated[str, typer.Option("--clip", help="Folder of a CLIP vision tower.")]
Llm = Annotated[str, typer.Option("--llm", help="Folder of a Llama-class language model.")]
Steps = Annotated[int | None, typer.Option("--steps", min=1, help="Instead of the recipe's.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Instead of the recipe's.")]
Pause = Annotated[
    int | None,
    typer.Option("--pause-after", min=1, help="Stop after this many steps; resume later."),
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, help="CPU threads.")]


@app.command()
def align(
    data: Data,
    out: Out,
    recipe: Recipe_ = "tiny-align",
    start: Start = "",
    clip: Clip = "",
    llm: Llm = "",
    steps: Steps = None,
    seed: Seed = None,
    pause_after: Pause = None,
    threads: Threads = None,
) -> None:
    """Align towers with texts (zero-shot classification), or a projector with a language model."""
    given = {"start": start, "clip": clip, "llm": llm, "steps": steps, "seed": seed}
    _run("align", recipe, data, out, given, pause_after, threads)


@app.command()
def tune(
    data: Data,
    out: Out,
    recipe: Recipe_ = "tiny-tune",
    start: Start = "",
    clip: Clip = "",
    llm: Llm = "",
    steps: Steps = None,
    seed: Seed = None,
    pause_after: Pause = None,
    threads: Threads = None,
) -> None:
    """Supervised fine-tuning on pairs, conversations and benchmark-like tasks."""
    given = {"start": start, "clip": clip, "llm": llm, "steps": steps, "seed": seed}
    _run("tune", recipe, data, out, given, pause_after, threads)


@app.command()
def calibrate(
    model: Annotated[Path, typer.Option("--model", help="Checkpoint folder.")],
    data: Data,
    batch: Annotated[int, typer.Option(min=1, help="Pictures at once.")] = 8,
    pictures: Annotated[
        int | None, typer.Option(min=1, help="Most pictures; default: all of the shards.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda ...")] = "cpu",
    threads: Threads = None,
) -> None:
    """Split-conformal intervals of the model's numbers: writes conformal.json beside the weights.

    The shards must be ones the model never learnt from, of another noise family than the test.
    """
    import torch

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.model.predictor import DeepSight
    from deepsight_ros.synthesis.shards.reader import ShardSet
    from deepsight_ros.training.calibration import agreement
    from deepsight_ros.training.calibration import calibrate as fit

    console = Console()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        loaded = DeepSight.from_pretrained(model, device=device)
        count = sum(len(ShardSet(folder, ("key",))) for folder in data)
        with images_bar(console, "pictures", min(count, pictures or count)) as advance:
            conformal, numbers = fit(
                loaded, data, batch=batch, most_pictures=pictures, progress=advance
            )
        conformal.save(model)
        for group, factor in conformal.factors.items():
            if "/" not in group:
                console.print(
                    f"{group}: 95 % of {conformal.counts[group]} numbers are within "
                    f"{factor:.2f} spreads"
                )
        free = agreement(loaded, data)
        console.print(
            f"{numbers} numbers -> {model / 'conformal.json'}; decoded freely, "
            f"{free.with_number} of {free.asked} questions gave a number, log10 differs by "
            f"{free.median_difference:.2g} in the median, {free.worst_difference:.2g} at most"
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _run(
    stage: str,
    recipe_name: str,
    data: list[Path],
    out: Path,
    given: dict[str, Any],
    pause_after: int | None,
    threads: int | None,
) -> None:
    import torch

    from deepsight_ros.training.recipe import Recipe
    from deepsight_ros.training.start import starting_model
    from deepsight_ros.training.trainer import StepReport, train

    console = Console(quiet=int(os.environ.get("RANK", "0")) > 0)  # one of many processes speaks
    if threads is not None:
        torch.set_num_threads(threads)
    changes: dict[str, Any] = {k: v for k, v in given.items() if v not in (None, "")}
    changes["stage"] = stage
    try:
        recipe = Recipe.read(recipe_name, **changes)
        model, codec = starting_model(recipe, data)
        count = sum(p.numel() for p in model.parameters()) / 1e6
        console.print(f"{stage}: {count:.2f} M parameters, {recipe.steps} steps, {out}")
        with work_bar(console, stage, recipe.steps) as bar:

            def report(told: StepReport) -> None:
                losses = " ".join(f"{k} {v:.3f}" for k, v in told.losses.items())
                bar.reach(
                    told.step,
                    f"{stage} {losses} {told.samples_per_s:.0f} samples/s "
                    f"{told.tokens_per_s:.0f} tokens/s",
                )
                if not console.is_terminal and told.step % 50 == 0:
                    console.print(
                        f"step {told.step}: {losses}, {told.samples_per_s:.1f} samples/s, "
                        f"{told.memory_mb:.0f} MB"
                    )

            train(recipe, model, codec, data, out, report=report, stop_after=pause_after)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
