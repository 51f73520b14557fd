"""`deepsight catalogue`: the question types, with how many ways each can be asked and answered."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def catalogue(
    every: Annotated[bool, typer.Option("--all", help="All types, not only the core.")] = False,
) -> None:
    """List question types with their numbers of different phrasings."""
    from deepsight_ros.questions.catalogue import CATALOGUE
    from deepsight_ros.questions.core import CORE, QUANTITATIVE, phrasing_table

    table = Table()
    for heading in ("type", "kind", "objects", "questions", "answers per outcome"):
        table.add_column(heading, no_wrap=heading == "type")
    for row in phrasing_table(CATALOGUE if every else CORE):
        kind = CATALOGUE[row.name].form.value
        if row.name in CORE:
            kind = "quantitative" if row.name in QUANTITATIVE else "qualitative"
        answers = ", ".join(f"{outcome} {count}" for outcome, count in row.answers.items())
        table.add_row(row.name, kind, str(row.objects), str(row.questions), answers)
    Console().print(table)
    typer.echo(
        f"{len(CATALOGUE)} types, {len(CORE)} in the core, {len(QUANTITATIVE)} of them "
        "quantitative; sentences that differ only in articles, case or punctuation count once"
    )
