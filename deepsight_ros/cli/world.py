"""`deepsight world ...`: what the procedural world is made of, and pictures of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError

app = typer.Typer(help="Look at the procedural world.", no_args_is_help=True)


@app.command()
def categories() -> None:
    """Every category with its shape families by split, as a Markdown table."""
    from deepsight_ros.synthesis.world_labels import FAMILIES, nouns

    labels = nouns()
    typer.echo(f"{len(labels)} categories, {len(FAMILIES)} shape families\n")
    typer.echo("| category | train | test |\n|---|---|---|")
    for label in labels:
        names = {
            split: ", ".join(
                f.name.partition(".")[2] for f in FAMILIES if (f.label, f.split) == (label, split)
            )
            for split in ("train", "test")
        }
        typer.echo(f"| {label} | {names['train']} | {names['test']} |")


@app.command()
def sheet(
    out: Annotated[Path, typer.Argument(help="PNG or JPEG to write.")],
    kinds: Annotated[
        str, typer.Option(help="Kinds of place, comma between; empty: every kind.")
    ] = "",
    split: Annotated[str, typer.Option(help="train or test.")] = "train",
    columns: Annotated[int, typer.Option(min=1, help="Samples of each kind.")] = 6,
    seed: Annotated[int, typer.Option(help="Another seed, other worlds.")] = 0,
    noise: Annotated[bool, typer.Option(help="Depth as sensors see it.")] = False,
) -> None:
    """A contact sheet: colour above depth."""
    import cv2

    from deepsight_ros.geometry.noise import FAMILIES
    from deepsight_ros.synthesis.contact_sheet import contact_sheet
    from deepsight_ros.synthesis.world_source import CROWDED_KINDS, DEFAULT_KINDS

    every = (*DEFAULT_KINDS, *CROWDED_KINDS[1:])
    wanted = tuple(k.strip() for k in kinds.split(",") if k.strip()) or every
    try:
        picture = contact_sheet(
            wanted,
            columns=columns,
            split=split,
            seed=seed,
            sensors=tuple(sorted(FAMILIES)) if noise else (),
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    out.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(out), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 72]):
        typer.echo(
            f"error: could not write '{out}'; give a path that ends in .png or .jpg", err=True
        )
        raise typer.Exit(2)
    typer.echo(f"{len(wanted)} kinds x {columns} -> {out}")
