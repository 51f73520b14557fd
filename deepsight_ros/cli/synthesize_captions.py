"""``deepsight synthesize captions``: depth-text-box triples (DeepSight's alignment set)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.cli.synthesize import (
    ColourOption,
    ConfigOption,
    ImagesOption,
    OutOption,
    RayOption,
    SeedOption,
    ShardOption,
    SourceOption,
    WorkersOption,
    made,
    read_config,
    run,
)
from deepsight_ros.errors import DeepsightError


def captions(
    out: OutOption = Path("out/captions"),
    source: SourceOption = "world",
    images: ImagesOption = None,
    published: Annotated[
        bool, typer.Option("--published", help="As many as DeepSight: 118 000 triples.")
    ] = False,
    per_image: Annotated[
        int | None, typer.Option("--per-image", min=1, help="Most triples of a picture.")
    ] = None,
    seed: SeedOption = 0,
    config: ConfigOption = None,
    workers: WorkersOption = 1,
    ray_address: RayOption = "",
    images_per_shard: ShardOption = 256,
    colour: ColourOption = "jpeg",
) -> None:
    """Depth, text and box: captions that speak of depth, from COCO with estimated depth
    (coco:PICTURES) or measured on any other source."""
    from deepsight_ros.synthesis.depth_captions import (
        PUBLISHED_TRIPLES,
        CaptionConfig,
        DepthCaptioner,
    )

    try:
        given = read_config(config, ("source", "captions"))
        values = dict(given["captions"])
        if per_image is not None:
            values["per_image"] = per_image
        wanted = made(CaptionConfig, values, "captions")
        count = images
        if published and not source.startswith("coco"):
            count = -(-PUBLISHED_TRIPLES // wanted.per_image)
        options = dict(given["source"])
        if source.startswith("world"):
            options.setdefault("seed", seed)
        run(
            DepthCaptioner(wanted),
            {"kind": "captions", "captions": {**vars(wanted)}},
            source=source,
            options=options,
            out=out,
            images=count,
            seed=seed,
            workers=workers,
            ray_address=ray_address,
            images_per_shard=images_per_shard,
            colour=colour,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
