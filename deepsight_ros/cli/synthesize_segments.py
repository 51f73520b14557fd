"""`deepsight synthesize segments`: crowded worlds in, pictures to learn segmenting from out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError


def segments(
    out: Annotated[Path, typer.Option(help="Folder of blocks; goes on where it stopped.")],
    worlds: Annotated[int, typer.Option(min=1, help="Worlds.")] = 2000,
    views: Annotated[int, typer.Option(min=1, help="Pictures of each.")] = 2,
    seed: Annotated[int, typer.Option(help="Another seed, other worlds.")] = 0,
    width: Annotated[int, typer.Option(min=32, help="Width the sensor delivers (4:3).")] = 320,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Kind of place; several take turns. Default: the training mix."),
    ] = None,
    profile: Annotated[str, typer.Option(help="Noise: calibration, test or wide.")] = "wide",
) -> None:
    """Pictures of tables, bins, drawers, shelves, floors and rooms with truth masks."""
    from rich.console import Console

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.synthesis.segment_store import SegmentJob, build
    from deepsight_ros.synthesis.segment_views import MIX

    console = Console()
    job = SegmentJob(
        worlds,
        views,
        seed,
        width_px=width,
        height_px=width * 3 // 4,
        profile=profile,
        mix=tuple(kind or MIX),
    )
    try:
        with images_bar(console, "worlds", worlds) as advance:
            pictures = build(out, job, advance)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    console.print(f"{pictures} pictures of {worlds} worlds -> {out}")
