"""An audit's result as tables on the terminal."""

from __future__ import annotations

from collections import Counter, defaultdict

from rich.console import Console
from rich.table import Table

from deepsight_ros.evaluation.audit.auditor import AuditReport, TypeCount


def print_report(report: AuditReport, console: Console, *, details: bool = False) -> None:
    """Totals, families of types (every type with ``details``), what was found first."""
    console.print(
        f"{report.pairs} pairs of {report.rows} pictures: {100 * report.validity:.3f} % valid"
        + _split(report)
    )
    console.print(
        f"pictures with nothing wrong beside their pairs: {report.rows_valid} of {report.rows}"
        + (f" ({_counts(report.row_codes)})" if report.row_codes else "")
    )
    console.print(
        f"duplicates: {report.duplicate_pairs} pairs, {report.duplicate_rows} pictures; "
        f"without truth: {report.without_truth}; damaged files: {len(report.damaged)}"
    )
    for line in report.damaged:
        console.print(f"  {line}", style="red")
    console.print(_types(report, details))
    console.print(_guesses(report))
    for key, name, question, answer, messages in report.findings[: 20 if details else 6]:
        console.print(f"{key} {name}: {question} {answer}", markup=False)
        for message in messages:
            console.print(f"    {message}", style="red", markup=False)


def _split(report: AuditReport) -> str:
    parts = [
        f"{name} {100 * valid / pairs:.3f} % of {pairs}"
        for name, (valid, pairs) in (
            ("answers from truth:", report.exact),
            ("answers through a sensor:", report.sensor),
        )
        if pairs
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _types(report: AuditReport, details: bool) -> Table:
    table = Table(title="Question types" if details else "Question types, by form")
    for name in ("type", "pairs", "valid %", "answers", "what was wrong"):
        table.add_column(name, justify="right" if name in ("pairs", "valid %") else "left")
    groups: dict[str, TypeCount] = defaultdict(TypeCount)
    for name, count in report.types.items():
        group = groups[name if details else (name.partition(".")[2] or "value")]
        group.pairs += count.pairs
        group.valid += count.valid
        group.outcomes.update(count.outcomes)
        group.codes.update(count.codes)
    for name, count in sorted(groups.items()):
        table.add_row(
            name,
            str(count.pairs),
            f"{100 * count.valid / max(count.pairs, 1):.2f}",
            _shares(count.outcomes),
            _counts(count.codes),
        )
    return table


def _guesses(report: AuditReport) -> Table:
    """Types that can be guessed most easily, by the blind model."""
    table = Table(title="Guessing without looking, the easiest types (held-out half)")
    for name in ("type", "pairs", "constant %", "blind %", "scored"):
        table.add_column(name, justify="left" if name in ("type", "scored") else "right")
    for kind, scored in (("choice", "right"), ("number", "in 50-200 %"), ("count", "right")):
        found = {n: g for n, g in report.guesses.items() if g.kind == kind}
        weight = sum(g.pairs for g in found.values())
        if not weight:
            continue
        table.add_row(
            f"all ({len(found)} types)",
            str(weight),
            f"{100 * sum(g.constant * g.pairs for g in found.values()) / weight:.1f}",
            f"{100 * sum(g.blind * g.pairs for g in found.values()) / weight:.1f}",
            scored,
        )
        easiest = sorted(found.items(), key=lambda item: -max(item[1].blind, item[1].constant))
        for name, guess in easiest[:8]:
            table.add_row(
                name,
                str(guess.pairs),
                f"{100 * guess.constant:.1f}",
                f"{100 * guess.blind:.1f}",
                scored,
            )
    return table


def _shares(counts: Counter[str]) -> str:
    total = sum(counts.values())
    return ", ".join(f"{k} {100 * n / total:.0f} %" for k, n in counts.most_common(4))


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{k} {n}" for k, n in counts.most_common())
