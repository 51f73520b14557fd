"""`deepsight benchmark segmentation`: geometric, DBSCAN and learned masks against the truth."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from deepsight_ros.errors import DeepsightError

NAMES = ("geometric", "dbscan", "learned")


def segmentation(
    scenes: Annotated[int, typer.Option(min=0, help="Pictures of the held-out world.")] = 140,
    seed: Annotated[int, typer.Option(help="Another seed, other worlds.")] = 6001,
    model: Annotated[
        Path | None, typer.Option(help="Weights; default: those that ship, where they do.")
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Folder in OCID or OSD layout; may be repeated."),
    ] = None,
    frames: Annotated[
        list[Path] | None,
        typer.Option("--frames", help="Recording or folder without truth, for the page only."),
    ] = None,
    bop: Annotated[
        list[Path] | None,
        typer.Option("--bop", help="BOP scene folder: visible boxes are the truth."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help=f"Of {', '.join(NAMES)}.")
    ] = None,
    no_colour: Annotated[
        bool, typer.Option("--no-colour", help="Each also as if the camera gave no colour.")
    ] = False,
    split: Annotated[str, typer.Option(help="test (held-out families) or train.")] = "test",
    device: Annotated[str, typer.Option(help="Where the network runs: cpu, cuda ...")] = "cpu",
    one_core: Annotated[
        bool, typer.Option("--one-core", help="On one processor core, for times to compare.")
    ] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    report: Annotated[
        Path | None, typer.Option("--report", help="HTML with overlays, worst first.")
    ] = None,
    masks: Annotated[
        Path | None, typer.Option(help="JPEG or PNG of the masks alone, without the pictures.")
    ] = None,
) -> None:
    """Recall and precision at IoU 0.5 and 0.75, overlap and boundary, by place and standing."""
    from rich.console import Console
    from rich.table import Table

    from deepsight_ros.cli.benchmark import write_report
    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.evaluation import segmentation_benchmark as benchmark
    from deepsight_ros.evaluation import segmentation_page
    from deepsight_ros.evaluation.segmentation_cases import (
        bop_cases,
        folder_cases,
        frame_cases,
        world_cases,
    )
    from deepsight_ros.evaluation.segmentation_rivals import rivals
    from deepsight_ros.sources.clutter_folders import ClutterFolder

    console = Console()
    if one_core:
        _keep_to_one_core()
    names = tuple(only or NAMES)
    try:
        unknown = sorted(set(names) - set(NAMES))
        if unknown:
            raise DeepsightError(f"segmentation: got {unknown}, expected some of {NAMES}")
        folder = model or _shipped()
        segmenters = rivals(names, folder, device, no_colour=no_colour)
        if "learned" in names and folder is None:
            console.print("no weights in models/deepsight-segmenter: learned is left out")
        cases = chain(
            world_cases(scenes, seed, split=split),
            *(folder_cases(f) for f in data or []),
            *(bop_cases(f) for f in bop or []),
            *(frame_cases(f) for f in frames or []),
        )
        total = scenes + sum(len(ClutterFolder(f)) for f in data or [])
        with images_bar(console, "pictures", total) as advance:
            found = benchmark.run(cases, segmenters, progress=advance)
        if masks is not None:
            segmentation_page.write_masks(masks, found)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    about: dict[str, Any] = {
        "pictures": len(found.shown),
        "seed": seed,
        "split": split,
        "model": folder.name if folder else "none",
    }
    made = {**about, "segmenters": benchmark.report(found)}
    shown = Table(title="IoU 0.5, % [95 % interval]")
    for head in (
        "",
        "recall",
        "precision",
        "isolated",
        "touching",
        "stacked",
        "ms of processor / clock",
    ):
        shown.add_column(head, justify="right" if head else "left")
    for name, figures in made["segmenters"].items():
        rows = [("all", figures["all"]), *figures["place"].items()]
        for place, value in rows:
            standing = figures["standing"] if place == "all" else {}
            shown.add_row(
                f"{name}, {place}",
                _cell(value["recall_50"]),
                _cell(value["precision_50"]),
                *(
                    _cell(standing[k]["recall_50"]) if standing else ""
                    for k in ("isolated", "touching", "stacked")
                ),
                f"{figures['processor_ms_median']:.1f} / {figures['clock_ms_median']:.1f}"
                if place == "all"
                else "",
            )
        for place, count in figures["found_without_truth"].items():
            hits, boxes = figures["boxes_found"].get(place, (0, 0))
            truth = f"{hits} of {boxes} boxes" if boxes else "no truth"
            shown.add_row(f"{name}, {place}", f"{count} masks", truth, "", "", "", "")
    console.print(shown)
    write_report(made, json)
    if report is not None:
        segmentation_page.write(report, found, made, about)
        console.print(f"pictures -> {report}")


def _shipped() -> Path | None:
    from deepsight_ros.nodes.resources import share_directory

    folder = share_directory() / "models" / "deepsight-segmenter"
    return folder if (folder / "config.json").is_file() else None


def _keep_to_one_core() -> None:
    import os

    import cv2

    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    try:
        import torch
    except ModuleNotFoundError:  # then nothing learned runs
        return
    torch.set_num_threads(1)


def _cell(value: dict[str, Any]) -> str:
    if value["value"] is None:
        return ""
    numbers = (100 * value[k] for k in ("value", "lower", "upper"))
    return "{:.1f} [{:.1f}, {:.1f}]".format(*numbers)
