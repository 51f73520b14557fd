"""`deepsight demo`: the graph with the simulated camera, asked through its real service."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deepsight_ros.errors import DeepsightError


def demo(
    camera: Annotated[
        str, typer.Option(help="Camera fixed in the scene, or on the wrist.")
    ] = "scene",
    seed: Annotated[int, typer.Option(min=0, help="Which table.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for demo.png.")] = Path("out"),
) -> None:
    """Start everything with a simulated camera, ask questions, show answers beside the truth."""
    from deepsight_ros.nodes.demo import DemoReport, run_demo

    console = Console()
    if camera not in ("scene", "wrist"):
        console.print(f"[red]--camera: got '{camera}', expected scene or wrist[/]")
        raise typer.Exit(2)
    try:
        with console.status("starting") as status:
            report: DemoReport = run_demo(camera, seed, status.update)
    except DeepsightError as error:
        console.print(f"[red]{type(error).__name__}: {error}[/]")
        raise typer.Exit(1) from error
    _print_answers(report, console)
    _print_strays(report, console)
    if report.overlay is not None:
        console.print(f"picture: {_write(report, out)}")
    for fault in report.faults:
        console.print(f"[red]{fault}[/]")
    raise typer.Exit(int(bool(report.faults)))


def _print_answers(report: object, console: Console) -> None:
    from deepsight_ros.nodes.demo import DemoReport

    assert isinstance(report, DemoReport)
    table = Table(title="asked over the service `ask`", show_lines=False)
    for name in ("question", "answer", "95 % interval", "truth", ""):
        table.add_column(name)
    table.add_column("ms", justify="right")
    marks = {True: "[green]right[/]", False: "[yellow]differs[/]", None: "[red]none[/]"}
    for row in report.rows:
        table.add_row(
            row.question,
            row.answer,
            row.interval,
            row.truth,
            marks[row.is_right] + (f" ({row.tries} tries)" if row.tries > 1 else ""),
            f"{row.latency_ms:.0f}",
        )
    console.print(table)


def _print_strays(report: object, console: Console) -> None:
    from deepsight_ros.nodes.demo import DemoReport

    assert isinstance(report, DemoReport)
    if not report.strays:
        return
    table = Table(
        "object", "frames", "hidden", title="places in the world while the camera moved, mm"
    )
    for name in ("95 % within", "largest", "from truth"):
        table.add_column(name, justify="right")
    for stray in report.strays:
        values = (stray.p95_m, stray.max_m, stray.offset_m)
        numbers = (f"{1e3 * v:.1f}" for v in values)
        table.add_row(stray.name, str(stray.frames), f"{100 * stray.hidden:.0f} %", *numbers)
    console.print(table)


def _write(report: object, folder: Path) -> Path:
    import cv2

    from deepsight_ros.nodes.demo import DemoReport

    assert isinstance(report, DemoReport) and report.overlay is not None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "demo.png"
    cv2.imwrite(str(path), report.overlay[..., ::-1])
    return path
