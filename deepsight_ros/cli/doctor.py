"""`deepsight doctor`: what is installed, what is in force, what is seen, and what to do."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

STYLES = {"good": "[green]ok[/]", "fair": "[yellow]note[/]", "bad": "[red]fault[/]"}


def doctor(
    seconds: Annotated[
        float, typer.Option(min=0.0, help="How long to listen to topics; 0: not at all.")
    ] = 3.0,
    namespace: Annotated[str, typer.Option(help="Namespace of the graph.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what is installed, which topics are seen and how fast, and what to do about faults."""
    from deepsight_ros.nodes.inspection import inspect

    found = inspect(seconds, namespace)
    is_bad = any(f.state == "bad" for f in found.findings)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
        raise typer.Exit(int(is_bad))
    console = Console()
    table = Table("", "part", "found", "what to do", title="deepsight doctor")
    for finding in found.findings:
        table.add_row(STYLES[finding.state], finding.part, finding.found, finding.advice)
    console.print(table)
    if found.topics:
        topics = Table("topic", "type", "Hz", "publishers", "QoS", "content", "what to do")
        for each in found.topics:
            topics.add_row(
                each.topic,
                each.type_name.rsplit("/", 1)[1],
                f"{each.rate_hz:.1f}",
                str(each.publishers),
                each.qos,
                each.detail,
                each.advice,
            )
        console.print(topics)
    if found.diagnostics:
        lines = Table("", "diagnostics", "message")
        for finding in found.diagnostics:
            lines.add_row(STYLES[finding.state], finding.part, finding.found)
        console.print(lines)
    raise typer.Exit(int(is_bad))
