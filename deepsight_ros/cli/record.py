"""``deepsight record``: the running graph's frames, questions and answers into a bag."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError


def record(
    out: Annotated[Path, typer.Argument(help="Folder of the bag to write; must not exist.")],
    seconds: Annotated[float, typer.Option(help="How long; 0: until Ctrl-C.")] = 0.0,
    topic: Annotated[list[str] | None, typer.Option(help="Also this topic; repeatable.")] = None,
    namespace: Annotated[str, typer.Option(help="Of the graph.")] = "",
) -> None:
    """Record camera, TF, questions, answers and rewards; `deepsight replay` reads the bag."""
    from deepsight_ros.nodes.recorder import record as run

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        counts = run(out, tuple(topic or ()), namespace=namespace, seconds=seconds, stop=stop)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    for name, count in sorted(counts.items()):
        typer.echo(f"{count:6d}  {name}")
    images = sum(count for name, count in counts.items() if "image" in name)
    if not images:
        typer.echo("no image came; is the camera running, and in this namespace?", err=True)
        raise typer.Exit(1)
