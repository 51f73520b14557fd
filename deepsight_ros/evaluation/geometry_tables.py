"""A geometry report as tables for the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

Json = dict[str, Any]

WIDTH = 190
"""Columns that the detailed tables need."""


def print_report(report: Json, console: Console | None = None, *, details: bool = True) -> None:
    """Print the report; shares in percent with their 95 % interval.

    Args:
        report: of ``geometry_report``.
        console: where to; the terminal by default, at least ``WIDTH`` columns wide.
        details: all tables (needs a wide terminal), else targets, the main splits and segments.
    """
    out = console or Console(width=max(Console().width, WIDTH if details else 110))
    out.print(
        f"[bold]Geometry benchmark[/bold]: {report['scenes']} scenes, seed {report['seed']}, "
        f"{report['seconds']} s; {report['machine']}; perceive "
        f"{report['perceive_ms'].get('median', '-')} ms median; generator "
        f"{report['generator_sha256'][:12]}"
    )
    out.print(_targets(report["targets"]))
    if not details:
        for mode, types in report["quantities"].items():
            out.print(_short(f"Determined quantities, objects named by {mode}", types))
        out.print(_segmentation(report["segmentation"]))
        return
    for mode, types in report["quantities"].items():
        out.print(_quantities(f"Quantities, objects named by {mode}", types))
    for mode, types in report["predicates"].items():
        out.print(_predicates(f"Predicates, objects named by {mode}", types))
    for mode, ranges in report["ranges"].items():
        out.print(_groups(f"By range, objects named by {mode}", ranges))
    for name, groups in report["splits"].items():
        out.print(_groups(f"By {name}, objects named by box", groups))
    out.print(_baselines(report["quantities"]))
    out.print(_segmentation(report["segmentation"]))


def percent(share: Json | None, *, interval: bool = True) -> str:
    """ "95.1 [94.0, 96.2]", or "-" where nothing was counted."""
    if not share or share["value"] is None:
        return "-"
    text = f"{100 * share['value']:.1f}"
    if interval:
        text += f" [{100 * share['lower']:.1f}, {100 * share['upper']:.1f}]"
    return text


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index == 0 else "right")
    return table


def _targets(rows: list[Json]) -> Table:
    table = _table(
        "Targets (met: the interval's lower end clears the target)",
        "target",
        "wanted %",
        "measured %",
        "n",
        "met",
    )
    for row in rows:
        wanted = row["target"]
        text = (
            f"{100 * wanted:.1f}"
            if isinstance(wanted, float)
            else f"{100 * wanted[0]:.0f}-{100 * wanted[1]:.0f}"
        )
        met = "[green]yes[/green]" if row["met"] else "[red]no[/red]"
        if row.get("types_outside"):
            met += " (" + ", ".join(row["types_outside"]) + ")"
        table.add_row(
            row["name"], text, percent(row["measured"]), str(row["measured"]["count"]), met
        )
    return table


def _quantities(title: str, types: Json) -> Table:
    table = _table(
        title,
        "type",
        "asked",
        "det.",
        "answered",
        "within 10 % / 1 cm",
        "50-200",
        "67-150",
        "+-25",
        "+-10",
        "median err",
        "p95 err",
        "coverage",
        "width",
        "undet. right",
    )
    for name, s in types.items():
        bands = [percent(b, interval=False) for b in s["bands"].values()]
        if name == "direction":
            bands = ["-"] * len(bands)
        table.add_row(
            name,
            str(s["asked"]),
            str(s["determined"]),
            percent(s["answered"], interval=False),
            percent(s["within_10%_or_1cm"]),
            *bands,
            _number(s["median_error"]),
            _number(s["p95_error"]),
            percent(s["coverage"]),
            _number(s["median_interval_width"]),
            percent(s["undetermined_right"], interval=False),
        )
    return table


def _short(title: str, types: Json) -> Table:
    table = _table(
        title, "type", "n", "answered", "within 10 % / 1 cm", "50-200", "coverage", "width"
    )
    for name, s in types.items():
        table.add_row(
            name,
            str(s["determined"]),
            percent(s["answered"], interval=False),
            percent(s["within_10%_or_1cm"]),
            percent(s["bands"]["[50,200]%"], interval=False),
            percent(s["coverage"], interval=False),
            _number(s["median_interval_width"]),
        )
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _predicates(title: str, types: Json) -> Table:
    table = _table(
        title,
        "type",
        "asked",
        "det.",
        "answered",
        "right",
        "hedged",
        "yes",
        "majority",
        "blind",
        "undet. not wrong",
    )
    for name, s in types.items():
        table.add_row(
            name,
            str(s["asked"]),
            str(s["determined"]),
            percent(s["answered"], interval=False),
            percent(s["right"]),
            percent(s["hedged"], interval=False),
            _plain(s["yes"]),
            _plain(s["majority"]),
            _plain(s["blind"]),
            percent(s["undetermined_not_wrong"], interval=False),
        )
    return table


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _groups(title: str, groups: Json) -> Table:
    table = _table(
        title,
        "group",
        "det. quantities",
        "answered",
        "within 10 % / 1 cm",
        "50-200",
        "+-10",
        "coverage",
        "width",
        "undet. right",
        "det. predicates",
        "right",
    )
    for name, group in groups.items():
        q, p = group["quantities"], group["predicates"]
        table.add_row(
            name,
            str(q["determined"]),
            percent(q["answered"], interval=False),
            percent(q["within_10%_or_1cm"]),
            percent(q["bands"]["[50,200]%"], interval=False),
            percent(q["bands"]["+-10%"], interval=False),
            percent(q["coverage"]),
            _number(q["median_interval_width"]),
            percent(q["undetermined_right"], interval=False),
            str(p["determined"]),
            percent(p["right"]),
        )
    return table


def _baselines(quantities: Json) -> Table:
    """Measured by box against the best constant and a text-only guesser, stratified questions."""
    table = _table(
        "Stratified questions: measured (by box) / best constant / blind, %",
        "type",
        "n",
        "within 10 % / 1 cm",
        "50-200",
        "67-150",
        "+-25",
        "+-10",
    )
    for name, s in quantities.get("box", {}).items():
        group = s["baselines"].get("stratified")
        if not group:
            continue
        cells = [
            f"{percent(group['measured'][k], interval=False)} / {_plain(group['constant'][k])} / "
            f"{_plain(group['blind'][k])}"
            for k in group["constant"]
        ]
        table.add_row(name, str(group["count"]), *cells)
    return table


def _segmentation(worlds: Json) -> Table:
    table = _table("Segmentation, IoU 0.5, nothing named", "world", "kind", "%", "n")
    for world, s in worlds.items():
        for kind, found in s["recall"].items():
            table.add_row(world, f"recall, {kind}", percent(found), str(found["count"]))
        both = s["recall_touching_and_stacked"]
        table.add_row(world, "recall, touching and stacked", percent(both), str(both["count"]))
        table.add_row(world, "precision", percent(s["precision"]), str(s["precision"]["count"]))
    return table
