"""`deepsight synthesize nouns`: how often nouns are in pictures, for questions of existence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def nouns(
    out: Annotated[
        Path | None, typer.Option(help="JSON to write; default: the table the engine uses.")
    ] = None,
    images: Annotated[int, typer.Option(min=1, help="Training worlds to count in.")] = 900,
    seed: Annotated[int, typer.Option(help="Another seed, other worlds.")] = 1002,
) -> None:
    """Count nouns and colours in training worlds: what is asked for though it is not there."""
    from rich.console import Console

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.synthesis.pair_groups import TABLE, count_nouns
    from deepsight_ros.synthesis.world_source import WorldSource

    console = Console()
    source = WorldSource(images, seed=seed, sensors=())
    with images_bar(console, "worlds", images) as advance:

        def scenes():  # type: ignore[no-untyped-def]
            for index in range(images):
                world = source.world(index)
                yield world.truth(), {"rests_on": {t.id: t.rests_on for t in world.things}}
                advance(1)

        found = count_nouns(scenes())
    path = out or TABLE
    told = {"worlds": images, "seed": seed, "split": "train"}
    path.write_text(json.dumps({"counted_in": told, **found}, indent=1) + "\n", encoding="utf-8")
    console.print(f"{len(found['nouns'])} nouns -> {path}")  # type: ignore[arg-type]
