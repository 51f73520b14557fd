"""`deepsight benchmark spatial`: spatial VQA on held-out worlds, model beside measurement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deepsight_ros.cli.progress import images_bar
from deepsight_ros.errors import DeepsightError


def spatial(
    model: Annotated[
        list[Path] | None,
        typer.Option("--model", help="Checkpoint folder; may be repeated (arms)."),
    ] = None,
    views: Annotated[int, typer.Option(min=1, help="Held-out views.")] = 1000,
    training_views: Annotated[
        int, typer.Option(min=1, help="Views the blind guesser is fitted on.")
    ] = 1000,
    per_type: Annotated[int, typer.Option(min=1, help="Most questions of a type.")] = 200,
    device: Annotated[str, typer.Option(help="cpu, cuda ...")] = "cpu",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    report_path: Annotated[
        Path | None, typer.Option("--report", help="Write an HTML page here.")
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write the report to this JSON file.")
    ] = None,
) -> None:
    """Numbers and words about held-out views: model, measurement, constant, blind."""
    import torch

    from deepsight_ros.cli.benchmark import write_report
    from deepsight_ros.evaluation.held_out import load_models
    from deepsight_ros.evaluation.spatial.benchmark import answer_all, prepare, subjects_of
    from deepsight_ros.evaluation.spatial.page import write_page

    console = Console()
    torch.set_num_threads(threads)
    try:
        models = load_models(model or [], device)
        with images_bar(console, "questions", views + training_views) as advance:
            run = prepare(views, training_views, per_type, lambda _, n: advance(n))
        asked = len({q.view for q in run.questions})
        with images_bar(console, "answers", asked * len(subjects_of(models))) as step:
            answer_all(run, models, lambda _, n: step(n))
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    report = run.report()
    _print(console, report)
    write_report(report, json_path)
    if report_path is not None:
        write_page(run, report, report_path)
        console.print(f"page -> {report_path}")


def _print(console: Console, report: dict[str, Any]) -> None:
    counts = ", ".join(f"{n} {group}" for group, n in report["questions"].items())
    table = Table(title=f"Spatial benchmark, {report['views']} views, {counts}, per cent")
    table.add_column("")
    subjects = report["subjects"]
    base = report["baselines"]
    for name in (*subjects, "best constant", "blind", "target"):
        table.add_column(name, justify="right")
    bands = list(base["bands"]["blind"])
    targets = report["targets"]

    def row(name: str, cells: list[str], constant: str, blind: str, target: str) -> None:
        table.add_row(name, *cells, constant, blind, target)

    words = base["blind_accuracy"]
    told = [_share(s["qualitative"]) for s in subjects.values()]
    row("qualitative", told, "", _percent(words["qualitative"]), "")
    numbers = [s["quantitative"] for s in subjects.values()]
    row("gives a number", [_share(n.get("gives_number")) for n in numbers], "", "", "")
    for band in bands:
        cells = [_share(n["bands"][band]) if n["count"] else "" for n in numbers]
        constant, blind = (_percent(base["bands"][k][band]) for k in ("best constant", "blind"))
        row(band, cells, constant, blind, _percent(targets.get(band)))
    skill = "log_error_skill_over_blind"
    row("skill over blind x 100", [_percent(n.get(skill)) for n in numbers], "", "0.0",
        _percent(targets[skill]))  # fmt: skip
    low, high = targets["coverage"]
    row("intervals cover", [_share(n.get("coverage")) for n in numbers], "", "",
        f"{100 * low:.0f}-{100 * high:.0f}")  # fmt: skip
    widths = [_percent(n.get("median_width_over_value")) for n in numbers]
    row("median width / value", widths, "", "", "")
    told = [_share(s["general"]) for s in subjects.values()]
    row("general", told, "", _percent(words["general"]), "")
    console.print(table)
    for name, groups in report["against_first"].items():
        told = ", ".join(
            f"{group} {100 * v['value']:+.1f} [{100 * v['lower']:+.1f}, {100 * v['upper']:+.1f}]"
            for group, v in groups.items()
            if v["value"] is not None
        )
        limit = f"{100 * targets['general_loss']:g}"
        console.print(f"{name}: {told} points; general may lose {limit}")
    beyond = [band for band, ok in base["within_caps"].items() if not ok]
    if beyond:
        console.print(
            f"constant or blind score above their cap in {', '.join(beyond)}: more views let the "
            "numbers be spread more evenly",
            style="yellow",
        )
    console.print(
        f"generator {report['generator']}, questions {report['questions_digest']}, "
        f"parser version {report['parser_version']}"
    )


def _share(value: dict[str, Any] | None) -> str:
    if value is None or value.get("value") is None:
        return ""
    low, high = 100 * value["lower"], 100 * value["upper"]
    return f"{100 * value['value']:.1f} [{low:.1f}, {high:.1f}]"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"
