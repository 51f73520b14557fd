"""`deepsight benchmark ablations`: arms that differ in one thing, as trends over seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deepsight_ros.errors import DeepsightError

SMOKE_MODEL: dict[str, Any] = {
    "tower": {
        "size_px": [48, 64],
        "patch_px": 16,
        "width": 32,
        "layers": 2,
        "heads": 2,
        "mlp": 64,
    },
    "box": {"channels": 8},
    "region": {"crop_px": 8, "channels": 4},
    "language": {"vocabulary": 1024, "width": 32, "layers": 2, "heads": 2, "mlp": 64},
    "align": {"width": 32, "layers": 1, "heads": 2, "dimension": 16},
}
"""A model that runs through every arm in a minute or two and learns nothing."""


def ablations(
    data: Annotated[list[Path], typer.Option("--data", help="Shards; may be repeated.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of runs and scores; resumed.")],
    recipe_name: Annotated[str, typer.Option("--recipe", help="Of the reference.")] = "tiny-tune",
    axis: Annotated[
        list[str] | None, typer.Option("--axis", help="Which to run; default: all.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=3, help="Training seeds.")] = 3,
    steps: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    further_steps: Annotated[
        int | None,
        typer.Option(min=1, help="Of parts and tower, which go on from the reference; half."),
    ] = None,
    smoke: Annotated[bool, typer.Option("--smoke", help="A tiny model: checks the plumbing.")] = (
        False
    ),
    views: Annotated[int, typer.Option(min=1, help="Held-out views of each benchmark.")] = 300,
    per_type: Annotated[int, typer.Option(min=1, help="Spatial questions of a type.")] = 40,
    device: Annotated[str, typer.Option(help="Where arms are scored: cpu, cuda ...")] = "cpu",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads.")] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this JSON file.")
    ] = None,
) -> None:
    """BBox convolution, depth encoding, what learns, label noise, data: one change per arm."""
    import torch

    from deepsight_ros.cli.benchmark import write_report
    from deepsight_ros.evaluation.ablations import AXES, Exam, run_ablations
    from deepsight_ros.evaluation.depth_template.world_views import TEST_SEED, world_views
    from deepsight_ros.evaluation.spatial.benchmark import prepare
    from deepsight_ros.training.recipe import Recipe

    console = Console()
    if threads is not None:
        torch.set_num_threads(threads)
    changes: dict[str, Any] = {"steps": steps, "batch": batch}
    changes = {k: v for k, v in changes.items() if v is not None}
    if smoke:
        changes["model"] = SMOKE_MODEL

    def exam() -> Exam:
        return Exam(world_views(views, "test", TEST_SEED, 2), prepare(views, views, per_type))

    try:
        recipe = Recipe.read(recipe_name, **changes)
        with console.status("arms") as status:

            def report(name: str, told: Any) -> None:
                if told is None:
                    console.print(f"{name}: scored")
                else:
                    loss = told.losses["loss"]
                    status.update(f"{name}: step {told.step} of {recipe.steps}, loss {loss:.3f}")

            found = run_ablations(
                recipe,
                data,
                out,
                exam,
                seeds=range(seeds),
                further_steps=further_steps or max(1, recipe.steps // 2),
                axes=axis or AXES,
                asked={"views": views, "per_type": per_type},
                device=device,
                report=report,
            )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    for name, arms in found["trends"].items():
        console.print(_table(name, arms))
    for name, why in found["left_out"].items():
        console.print(f"{name}: left out, {why}", style="yellow")
    write_report(found, json_path)


def _table(axis: str, arms: dict[str, Any]) -> Table:
    table = Table(title=f"{axis}: per cent, difference to the reference ± 95 % over seeds")
    table.add_column("")
    for arm in arms:
        table.add_column(arm, justify="right")
    for score in next(iter(arms.values())):
        cells = []
        for rows in arms.values():
            value = rows[score]
            mark = " *" if value["decided"] else ""
            difference = f"{100 * value['difference']:+.1f} ± {100 * value['reach']:.1f}"
            cells.append(f"{100 * value['mean']:.1f} ({difference}){mark}")
        table.add_row(score, *cells)
    return table
