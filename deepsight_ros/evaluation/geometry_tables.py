"""A geometry report as tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

Json = dict[str, Any]
Cell = Callable[[Json], str]
"""The text of one column for one row's scores."""

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


def _share_of(key: str, *, interval: bool = False) -> Cell:
    return lambda scores: percent(scores[key], interval=interval)


def _band(key: str) -> Cell:
    return lambda scores: percent(scores["bands"][key], interval=False)


_QUANTITY_CELLS: dict[str, Cell] = {
    "asked": lambda s: str(s["asked"]),
    "det.": lambda s: str(s["determined"]),
    "answered": _share_of("answered"),
    "within 10 % / 1 cm": _share_of("within_10%_or_1cm", interval=True),
    "50-200": _band("[50,200]%"),
    "67-150": _band("[66.7,150]%"),
    "+-25": _band("+-25%"),
    "+-10": _band("+-10%"),
    "median err": lambda s: _number(s["median_error"]),
    "p95 err": lambda s: _number(s["p95_error"]),
    "coverage": _share_of("coverage", interval=True),
    "width": lambda s: _number(s["median_interval_width"]),
    "undet. right": _share_of("undetermined_right"),
}
_SHORT = ("det.", "answered", "within 10 % / 1 cm", "50-200", "coverage", "width")
_GROUP = (*_SHORT[:4], "+-10", *_SHORT[4:], "undet. right")
_PREDICATE_CELLS: dict[str, Cell] = {
    "asked": lambda s: str(s["asked"]),
    "det.": lambda s: str(s["determined"]),
    "answered": _share_of("answered"),
    "right": _share_of("right", interval=True),
    "hedged": _share_of("hedged"),
    "yes": lambda s: _plain(s["yes"]),
    "majority": lambda s: _plain(s["majority"]),
    "blind": lambda s: _plain(s["blind"]),
    "undet. not wrong": _share_of("undetermined_not_wrong"),
}


def _quantities(title: str, types: Json) -> Table:
    return _rows(title, "type", types, _QUANTITY_CELLS)


def _short(title: str, types: Json) -> Table:
    return _rows(title, "type", types, {name: _QUANTITY_CELLS[name] for name in _SHORT})


def _predicates(title: str, types: Json) -> Table:
    return _rows(title, "type", types, _PREDICATE_CELLS)


def _groups(title: str, groups: Json) -> Table:
    cells: dict[str, Cell] = {
        name: _inside("quantities", _QUANTITY_CELLS[name]) for name in _GROUP
    }
    cells["det. predicates"] = _inside("predicates", _PREDICATE_CELLS["det."])
    cells["right"] = _inside("predicates", _PREDICATE_CELLS["right"])
    return _rows(title, "group", groups, cells)


def _inside(key: str, cell: Cell) -> Cell:
    return lambda scores: cell(scores[key])


def _rows(title: str, first: str, scores: Json, cells: dict[str, Cell]) -> Table:
    """One row per entry of ``scores``, one column per cell."""
    table = _table(title, first, *cells)
    for name, score in scores.items():
        table.add_row(name, *(cell(score) for cell in cells.values()))
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


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
