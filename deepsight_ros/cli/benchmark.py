"""`deepsight benchmark ...`: measured figures, printed as tables and kept as JSON."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deepsight_ros.cli.benchmark_ablations import ablations
from deepsight_ros.cli.benchmark_model import depth_template
from deepsight_ros.cli.benchmark_model_speed import model_speed
from deepsight_ros.cli.benchmark_segmentation import segmentation
from deepsight_ros.cli.benchmark_spatial import spatial
from deepsight_ros.cli.progress import work_bar
from deepsight_ros.errors import DeepsightError
from deepsight_ros.files import write_json

app = typer.Typer(help="Measure accuracy and speed.", no_args_is_help=True)

JsonOption = Annotated[
    Path | None, typer.Option("--json", help="Write the report to this JSON file.")
]


def write_report(report: dict[str, Any], path: Path | None) -> None:
    """Write a report; nothing when no path was given."""
    if path is not None:
        write_json(path, report)


@app.command()
def geometry(
    scenes: Annotated[int, typer.Option(min=1, help="Simulated scenes.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed, other scenes.")] = 1,
    words: Annotated[bool, typer.Option(help="Also name objects by words.")] = True,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Fit the 95 % intervals on training scenes instead of testing."
        ),
    ] = False,
    details: Annotated[
        bool, typer.Option("--details", help="Every table: types, ranges, splits, baselines.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; the figures are the same for any number.")
    ] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(help="Folder for each scene's records; a killed run goes on from there."),
    ] = None,
    place: Annotated[
        str, typer.Option(help="usual (tables and rooms), clutter, bin, shelf, drawer or floor.")
    ] = "usual",
    weights: Annotated[
        Path | None, typer.Option(help="Learned segmenter to perceive with; default: geometric.")
    ] = None,
    json_path: JsonOption = None,
) -> None:
    """Metric answers on simulated scenes: accuracy, coverage, segmentation."""
    from deepsight_ros.evaluation.calibrate import calibrate as fit
    from deepsight_ros.evaluation.geometry_benchmark import run_benchmark
    from deepsight_ros.evaluation.geometry_report import geometry_report
    from deepsight_ros.evaluation.geometry_tables import print_report

    console = Console()
    with work_bar(console, "scenes", scenes) as bar:
        if calibrate:
            path, count = fit(scenes, seed, progress=bar.reach, workers=workers, keep=keep)
            console.print(f"{count} residuals of {scenes} scenes -> {path}")
            return
        started = time.perf_counter()
        run = run_benchmark(
            scenes,
            seed,
            words=words,
            workers=workers,
            keep=keep,
            place=place,
            weights=weights,
            progress=bar.reach,
        )
    report = geometry_report(run, seed=seed, seconds=time.perf_counter() - started)
    print_report(report, details=details)
    write_report(report, json_path)


@app.command()
def understanding(
    questions: Annotated[
        Path, typer.Option(help="Folder with questions.jsonl and scenes/.")
    ] = Path("tests/data/questions"),
    failures: Annotated[bool, typer.Option(help="List every question that is not right.")] = True,
    json_path: JsonOption = None,
) -> None:
    """Questions as people ask them, against scene files: right, honest, confidently wrong."""
    from deepsight_ros.evaluation.understanding import Score, as_text, run_folder

    try:
        report = run_folder(questions)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(as_text(report, failures=failures))
    scores = {score.name.lower(): round(report.share(score), 4) for score in Score}
    times = {"median_ms": round(report.median_ms, 2), "worst_ms": round(report.worst_ms, 2)}
    content = {"benchmark": "understanding", "questions": len(report.rows), **scores, **times}
    write_report(content, json_path)


@app.command()
def reasoning(
    tasks: Annotated[int, typer.Option(min=1, help="Simulated tasks.")] = 500,
    seed: Annotated[int, typer.Option(help="Another seed, other worlds.")] = 1,
    json_path: JsonOption = None,
) -> None:
    """Tasks of several questions on simulated worlds: right, called undecided, wrong."""
    from deepsight_ros.evaluation.reasoning_benchmark import (
        print_reasoning,
        reasoning_report,
        run_reasoning,
    )

    console = Console()
    with work_bar(console, "tasks", tasks) as bar:
        started = time.perf_counter()
        records = run_reasoning(tasks, seed, bar.reach)
    report = reasoning_report(records, seed, time.perf_counter() - started)
    print_reasoning(report, console)
    write_report(report, json_path)


@app.command()
def live(
    seconds: Annotated[float, typer.Option(min=1.0, help="How long to measure.")] = 60.0,
    width: Annotated[int, typer.Option(help="Image width, px.")] = 640,
    height: Annotated[int, typer.Option(help="Image height, px.")] = 480,
    task: Annotated[
        str, typer.Option(help='Also annotate a task\'s rewards: "reach the red object".')
    ] = "",
    decoding: Annotated[
        bool, typer.Option("--decoding", help="Keep the depth-language model busy meanwhile.")
    ] = False,
    segmenter: Annotated[
        str, typer.Option(help="auto, geometric or learned; default: the parameter file's.")
    ] = "",
    json_path: JsonOption = None,
) -> None:
    """The running graph at 30 Hz: frames answered, latency, CPU, memory, accuracy."""
    from deepsight_ros.nodes.benchmark_live import run_live

    try:
        report = run_live(
            seconds=seconds,
            width_px=width,
            height_px=height,
            task=task,
            decoding=decoding,
            segmenter=segmenter,
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    write_report(report, json_path)


@app.command()
def lifecycle(
    cycles: Annotated[int, typer.Option(min=1, help="Times up and down.")] = 100,
    json_path: JsonOption = None,
) -> None:
    """Bring the whole graph up and down; counts what is left behind."""
    from deepsight_ros.nodes.benchmark_lifecycle import run_lifecycle

    write_report(run_lifecycle(cycles=cycles), json_path)


@app.command()
def synthesis(
    images: Annotated[int, typer.Option(min=9, help="World images to time.")] = 180,
    width: Annotated[int, typer.Option(help="Image width, px.")] = 320,
    height: Annotated[int, typer.Option(help="Image height, px.")] = 240,
    split: Annotated[str, typer.Option(help="train or test.")] = "train",
    device: Annotated[
        str, typer.Option(help="Also time the batched renderer on this torch device ('cuda').")
    ] = "",
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Also time scenes from frames and pairs from scenes.")
    ] = False,
    shards: Annotated[
        bool, typer.Option("--shards", help="Also time writing and reading shards.")
    ] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="Also compare the peak memory of two whole runs.")
    ] = False,
    ray: Annotated[
        bool, typer.Option("--ray", help="Also compare two Ray workers with one process.")
    ] = False,
    json_path: JsonOption = None,
) -> None:
    """The data engine's rates: worlds rendered with truth; run it with one thread."""
    from deepsight_ros.evaluation.synthesis_benchmark import (
        Row,
        as_report,
        as_table,
        device_rows,
        world_rows,
    )

    console = Console()
    on_ray: list[Row] = []
    if ray:
        from deepsight_ros.evaluation.shards_benchmark import LEAST_RAY_IMAGES, ray_rows

        # first: shapes that other rows made this process remember would help one process alone
        with console.status("Ray"):
            on_ray = ray_rows(max(images, LEAST_RAY_IMAGES))
    with work_bar(console, "world images", images, "images") as bar:
        rows = world_rows(
            images,
            width_px=width,
            height_px=height,
            split=split,
            progress=bar.reach,
        )
    if device:
        rows += device_rows(device, width_px=width, height_px=height, split=split)
    if pairs:
        from deepsight_ros.evaluation.pairs_benchmark import frame_rows, pair_rows

        with console.status("pairs"):
            rows += frame_rows(min(images, 64)) + pair_rows(min(images, 48))
    if shards or memory:
        from deepsight_ros.evaluation.shards_benchmark import memory_rows, shard_rows

        with console.status("shards"):
            rows += shard_rows(min(images, 64)) if shards else []
            rows += memory_rows(min(images, 32)) if memory else []
    console.print(as_table([*rows, *on_ray]))
    write_report(as_report([*rows, *on_ray]), json_path)


app.command("depth-template")(depth_template)


@app.command()
def rewards(
    episodes: Annotated[int, typer.Option(min=1, help="Simulated episodes per kind.")] = 100,
    seed: Annotated[int, typer.Option(help="Another seed, other episodes.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep each episode's score in this folder: a killed run goes on there."),
    ] = None,
    json_path: JsonOption = None,
) -> None:
    """Rewards of simulated reach, place, push and keep-away against their exact truth.

    Ctrl-C ends it and reports what was done; the JSON file is written after every episode.
    """
    from deepsight_ros.evaluation.reward_benchmark import (
        KINDS,
        RewardRun,
        as_text,
        report,
        run_rewards,
    )

    console = Console()
    with work_bar(console, "episodes", episodes * len(KINDS)) as bar:

        def progress(run: RewardRun) -> None:
            bar.reach(len(run.scores))
            write_report(report(run, seed=seed), json_path)

        run = run_rewards(episodes, seed, workers=workers, keep=keep, progress=progress)
    if not run.scores:
        typer.echo("ended before the first episode was done", err=True)
        raise typer.Exit(130)
    content = report(run, seed=seed)
    typer.echo(as_text(content))
    write_report(content, json_path)
    if len(run.scores) < run.wanted:
        raise typer.Exit(130)


app.command("spatial")(spatial)
app.command()(segmentation)
app.command("ablations")(ablations)
app.command("model")(model_speed)
