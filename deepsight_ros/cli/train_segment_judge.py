"""`deepsight train segment-judge`: a segmenter and a set of pictures in, its judge out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError


def segment_judge(
    model: Annotated[Path, typer.Option(help="Folder of the segmenter; judge.json goes there.")],
    data: Annotated[
        list[Path],
        typer.Option(
            "--data",
            help="Sets (`deepsight synthesize segments`) it was not trained on; may be repeated.",
        ),
    ],
    least: Annotated[
        float | None, typer.Option(help="Least judgement of a mask that is kept.")
    ] = None,
    no_colour: Annotated[
        bool, typer.Option("--no-colour", help="Each picture once more without colour.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of initialisation and order.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
) -> None:
    """Learn which masks of network and geometry are whole things."""
    import torch
    from rich.console import Console

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.model.segmenter import load_learned
    from deepsight_ros.model.segmenter_weights import save_judge
    from deepsight_ros.synthesis.segment_store import SegmentSet
    from deepsight_ros.training.segment_judge import fit, measured, with_and_without_colour

    console = Console()
    torch.set_num_threads(threads)
    try:
        sets = [SegmentSet(folder) for folder in data]
        segmenter = load_learned(model, device="cpu", threads=threads)
        pictures = sum(len(s) for s in sets)
        views = (s[k] for s in sets for k in range(len(s)))
        if no_colour:
            views, pictures = with_and_without_colour(views), 2 * pictures
        with images_bar(console, "pictures", pictures) as advance:
            features, overlap = measured(views, segmenter, advance)
        judge = fit(features, overlap, seed=seed)
        save_judge(model, judge if least is None else replace(judge, least=least))
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    console.print(f"{len(overlap)} masks of {pictures} pictures -> {model / 'judge.json'}")
