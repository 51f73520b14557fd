"""`deepsight benchmark depth-template`: the model beside what needs none, on held-out worlds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deepsight_ros.cli.progress import images_bar
from deepsight_ros.errors import DeepsightError


def depth_template(
    model: Annotated[
        list[Path] | None,
        typer.Option("--model", help="Checkpoint folder; may be repeated (arms)."),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="world (its held-out split), or recordings with named boxes: nyu:FILE, "
            "sun_rgbd:FOLDER, bop:FOLDER ...",
        ),
    ] = "world",
    views: Annotated[int, typer.Option(min=1, help="Held-out views.")] = 1000,
    training_views: Annotated[
        int, typer.Option(min=1, help="Views the baselines are fitted on.")
    ] = 1000,
    per_task: Annotated[int, typer.Option(min=1, help="Most items per view and task.")] = 2,
    device: Annotated[str, typer.Option(help="cpu, cuda ...")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    report_path: Annotated[
        Path | None, typer.Option("--report", help="Write an HTML page here.")
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this JSON file.")
    ] = None,
) -> None:
    """Scene Classification, Recognition, Distance Judge, Security."""
    import torch

    from deepsight_ros.cli.benchmark import write_report
    from deepsight_ros.evaluation.depth_template.benchmark import HELD_OUT, run_benchmark
    from deepsight_ros.evaluation.depth_template.page import write_page
    from deepsight_ros.evaluation.depth_template.recorded_views import recorded_views
    from deepsight_ros.evaluation.depth_template.world_views import (
        TEST_SEED,
        TRAINING_SEED,
        room_texts,
        world_views,
    )
    from deepsight_ros.evaluation.held_out import load_models
    from deepsight_ros.synthesis.source_names import open_source

    console = Console()
    torch.set_num_threads(threads)
    try:
        models = load_models(model or [], device)
        texts: list[str] = []
        if source == "world":
            texts = room_texts()
            with images_bar(console, "held-out views", views) as advance:
                test = world_views(views, "test", TEST_SEED, per_task, advance)
        else:
            opened = open_source(source, None, {})
            views = min(views, len(opened))
            with images_bar(console, "views", views) as advance:
                test = recorded_views(
                    opened, TEST_SEED, per_task, most=views, skipped=console.print, advance=advance
                )
        with images_bar(console, "training views", training_views) as advance:
            training = world_views(training_views, "train", TRAINING_SEED, per_task, advance)
        subjects = 4 * len(models)
        with images_bar(console, "answers", views * max(1, subjects)) as advance:
            last: dict[str, int] = {}

            def progress(name: str, done: int) -> None:
                if name.partition(", ")[0] in models:
                    advance(done - last.get(name, 0))
                    last[name] = done

            where = HELD_OUT if source == "world" else source.partition(":")[0]
            run = run_benchmark(
                test, training, models, room_texts=texts, source=where, progress=progress
            )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    report = run.report()
    _print(console, report)
    write_report(report, json_path)
    if report_path is not None:
        shown = f"{next(iter(models))}, depth" if models else "nearest neighbours"
        write_page(run, report, shown, report_path)
        console.print(f"page -> {report_path}")


def _print(console: Console, report: dict[str, Any]) -> None:
    tasks = list(report["items"])
    table = Table(
        title=f"Depth Template Benchmark, {report['source']}, {report['views']} views, per cent"
    )
    table.add_column("subject")
    for task in (*tasks, "average"):
        table.add_column(task, justify="right")
    rows: dict[str, dict[str, Any]] = {
        "chance": {t: {"value": v} for t, v in report["chance"].items()},
        **report["accuracy"],
        "target": {t: v / 100 for t, v in report["targets_percent"].items()},
    }
    for name, row in rows.items():
        cells = []
        for task in (*tasks, "average"):
            value = row.get(task)
            if isinstance(value, dict) and "lower" in value:
                low, high = 100 * value["lower"], 100 * value["upper"]
                cells.append(f"{100 * value['value']:.1f} [{low:.1f}, {high:.1f}]")
            else:
                number = value["value"] if isinstance(value, dict) else value
                cells.append("" if number is None else f"{100 * number:.1f}")
        table.add_row(name, *cells)
    console.print(table)
    console.print(
        f"generator {report['generator']}, items {report['items_digest']}, "
        f"parser version {report['parser_version']}"
    )
