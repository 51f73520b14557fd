"""`deepsight audit`: recompute every answer of a folder of shards by independent code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.cli.benchmark import JsonOption, write_report
from deepsight_ros.errors import DeepsightError


def audit(
    shards: Annotated[Path, typer.Argument(help="Folder that `deepsight synthesize` wrote.")],
    every: Annotated[int, typer.Option(min=1, help="Look at every n-th picture only.")] = 1,
    sheet: Annotated[
        Path | None, typer.Option(help="Write a contact sheet (self-contained HTML) here.")
    ] = None,
    pictures: Annotated[int, typer.Option(min=1, help="Pictures on the contact sheet.")] = 24,
    balance: Annotated[
        Path | None,
        typer.Option(
            help="Write a copy with balanced yes/no and numeric ranges into this folder."
        ),
    ] = None,
    checksums: Annotated[
        bool, typer.Option(help="Compare the files with their checksums first.")
    ] = True,
    details: Annotated[bool, typer.Option("--details", help="Every question type.")] = False,
    fail_under: Annotated[
        float, typer.Option(help="Exit 1 when fewer per cent of the pairs are valid.")
    ] = 0.0,
    json_path: JsonOption = None,
) -> None:
    """Check shards: validity per type, balance, duplicates, what can be guessed blindly."""
    from rich.console import Console

    from deepsight_ros.cli.progress import images_bar
    from deepsight_ros.evaluation.audit.auditor import audit as run
    from deepsight_ros.evaluation.audit.reading import read_manifest
    from deepsight_ros.evaluation.audit.sheet import ContactSheet
    from deepsight_ros.evaluation.audit.tables import print_report

    console = Console()
    try:
        rows = -(-int(read_manifest(shards)["images"]) // every)
        page = ContactSheet(pictures, rows) if sheet is not None else None
        with images_bar(console, "audit", rows) as advance:
            report = run(
                shards,
                every=every,
                checksums=checksums,
                progress=advance,
                on_row=None if page is None else page.add,
            )
        print_report(report, console, details=details)
        write_report(report.as_dict(), json_path)
        if page is not None and sheet is not None:
            page.write(sheet, report)
            console.print(f"contact sheet -> {sheet}")
        if balance is not None:
            from deepsight_ros.evaluation.balance import balance as balanced

            kept, dropped = balanced(shards, balance)
            console.print(f"balanced copy -> {balance}: {kept} pairs kept, {dropped} left out")
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    if report.damaged or 100 * report.validity < fail_under:
        raise typer.Exit(1)
