"""`deepsight synthesize octaves`: fit the table that spreads numeric pairs over octaves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError


def octaves(
    out: Annotated[
        Path | None, typer.Option(help="JSON to write; default: the table the engine uses.")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Training worlds to fit on.")] = 300,
    seed: Annotated[int, typer.Option(help="Another seed, other worlds.")] = 1001,
) -> None:
    """Fit, on training worlds, how often a number of each size is asked for."""
    from rich.console import Console
    from rich.table import Table

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.synthesis.pair_octaves import TABLE
    from deepsight_ros.synthesis.pair_octaves_fit import OctaveFit, write_table
    from deepsight_ros.synthesis.pairs import PairConfig
    from deepsight_ros.synthesis.world_source import WorldSource

    console = Console()
    try:
        source = WorldSource(images, seed=seed, sensors=())
        fit = OctaveFit(PairConfig())
        with images_bar(console, "worlds", images) as advance:
            for index in range(images):
                fit.add(source[index])
                advance(1)
        table = fit.fit()
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    path = out or TABLE
    write_table(table, {"worlds": images, "seed": seed, "split": "train"}, path)
    shown = Table(title="Fullest two octaves, of all numbers of a type")
    for name in ("type", "as they come %", "spread %"):
        shown.add_column(name, justify="left" if name == "type" else "right")
    for name, found in sorted(table.items()):
        shown.add_row(name, f"{100 * found.before:.0f}", f"{100 * found.reached:.0f}")
    console.print(shown)
    console.print(f"{len(table)} types -> {path}")
