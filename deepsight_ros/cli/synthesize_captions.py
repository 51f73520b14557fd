"""``deepsight synthesize captions``: depth-text-box triples (DeepSight's alignment set)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.cli.synthesize import made, read_config, run
from deepsight_ros.cli.synthesize_options import RunOptions, with_run_options
from deepsight_ros.errors import DeepsightError


@with_run_options(out=Path("out/captions"), colour="jpeg")
def captions(
    where: RunOptions,
    published: Annotated[
        bool, typer.Option("--published", help="As many as DeepSight: 118 000 triples.")
    ] = False,
    per_image: Annotated[
        int | None, typer.Option("--per-image", min=1, help="Most triples of a picture.")
    ] = None,
) -> None:
    """Depth, text and box: captions that speak of depth, from COCO with estimated depth
    (coco:PICTURES) or measured on any other source."""
    from deepsight_ros.synthesis.depth_captions import (
        PUBLISHED_TRIPLES,
        CaptionConfig,
        DepthCaptioner,
    )

    try:
        given = read_config(where.config, ("source", "captions"))
        values = dict(given["captions"])
        if per_image is not None:
            values["per_image"] = per_image
        wanted = made(CaptionConfig, values, "captions")
        count = where.images
        if published and not where.source.startswith("coco"):
            count = -(-PUBLISHED_TRIPLES // wanted.per_image)
        run(
            DepthCaptioner(wanted),
            {"kind": "captions", "captions": {**vars(wanted)}},
            where,
            where.source_options(given["source"]),
            images=count,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
