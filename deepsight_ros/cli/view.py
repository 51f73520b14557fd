"""`deepsight view`: what the graph sees, as a recording for the rerun viewer."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer


def view(
    out: Annotated[Path, typer.Option(help="Recording to write.")] = Path("out/deepsight.rrd"),
    seconds: Annotated[float, typer.Option(min=0.1, help="How long to record.")] = 10.0,
    namespace: Annotated[str, typer.Option(help="Namespace of the graph.")] = "",
) -> None:
    """Record depth, overlay, boxes, distances and answers of a running graph for rerun."""
    if importlib.util.find_spec("rerun") is None:
        typer.echo(
            "deepsight view: rerun-sdk is not installed; pip install rerun-sdk (or "
            "deepsight_ros[view]), or watch the topics markers and overlay in RViz",
            err=True,
        )
        raise typer.Exit(1)
    from deepsight_ros.nodes.view_recorder import record

    counts = record(out, seconds, namespace)
    if not counts:
        typer.echo(
            "deepsight view: nothing came; is the graph running? deepsight doctor", err=True
        )
        raise typer.Exit(1)
    typer.echo(", ".join(f"{count} x {name}" for name, count in sorted(counts.items())))
    typer.echo(f"rerun {out}")
