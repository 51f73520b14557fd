"""Goes through a folder of shards and counts: validity, balance, duplicates, guessability.

A folder in; an ``AuditReport`` out, and the rows that the contact sheet shows. Memory does not
grow with the number of images beyond twelve bytes for each.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepsight_ros.errors import ShardError
from deepsight_ros.evaluation.audit.blind import BlindBook, Guesses
from deepsight_ros.evaluation.audit.checks import check_pair
from deepsight_ros.evaluation.audit.claim import Claim
from deepsight_ros.evaluation.audit.picture import check_picture
from deepsight_ros.evaluation.audit.reading import damaged_files, read_manifest, rows
from deepsight_ros.evaluation.audit.verdict import EXACT, SENSOR, Finding, Tolerance
from deepsight_ros.evaluation.audit.view import View

_KEPT = 200


@dataclass
class TypeCount:
    """What was found of one question type."""

    pairs: int = 0
    valid: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    ranges: Counter[int] = field(default_factory=Counter)
    """Numbers by range: the power of two below them (metres, litres for volumes)."""
    codes: Counter[str] = field(default_factory=Counter)


@dataclass
class AuditReport:
    """Result of an audit; ``as_dict`` for JSON.

    Attributes:
        rows, rows_valid: pictures looked at, and those with nothing wrong beside their pairs.
        pairs, valid: pairs looked at, and those with nothing wrong.
        without_truth: rows that have no truth, so that nothing could be recomputed.
        exact, sensor: valid and all pairs of rows whose answers come from truth / a sensor.
        types: per question type.
        row_codes: what was wrong with rows.
        duplicate_pairs: pairs asked twice of one picture; ``duplicate_rows``: pictures stored
            twice.
        damaged: files that are missing or differ from their checksums.
        guesses: per type, what can be guessed without looking.
        findings: the first of what was found: (row key, type, question, answer, messages).
    """

    rows: int = 0
    rows_valid: int = 0
    pairs: int = 0
    valid: int = 0
    without_truth: int = 0
    exact: list[int] = field(default_factory=lambda: [0, 0])
    sensor: list[int] = field(default_factory=lambda: [0, 0])
    types: dict[str, TypeCount] = field(default_factory=lambda: defaultdict(TypeCount))
    row_codes: Counter[str] = field(default_factory=Counter)
    duplicate_pairs: int = 0
    duplicate_rows: int = 0
    damaged: list[str] = field(default_factory=list)
    guesses: dict[str, Guesses] = field(default_factory=dict)
    findings: list[tuple[str, str, str, str, list[str]]] = field(default_factory=list)

    @property
    def validity(self) -> float:
        """Share of valid pairs; 1 when there are none."""
        return self.valid / self.pairs if self.pairs else 1.0

    def as_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "audit": "shards",
            "rows": self.rows,
            "rows_valid": self.rows_valid,
            "rows_without_truth": self.without_truth,
            "pairs": self.pairs,
            "valid": self.valid,
            "validity": round(self.validity, 6),
            "exact": {"valid": self.exact[0], "pairs": self.exact[1]},
            "sensor": {"valid": self.sensor[0], "pairs": self.sensor[1]},
            "row_findings": dict(self.row_codes),
            "duplicate_pairs": self.duplicate_pairs,
            "duplicate_rows": self.duplicate_rows,
            "damaged_files": self.damaged,
            "types": {
                name: {
                    "pairs": t.pairs,
                    "valid": t.valid,
                    "outcomes": dict(sorted(t.outcomes.items())),
                    "ranges": {f"{2.0**k:g}": n for k, n in sorted(t.ranges.items())},
                    "findings": dict(t.codes),
                    "guesses": vars(self.guesses[name]) if name in self.guesses else None,
                }
                for name, t in sorted(self.types.items())
            },
            "findings": [list(f) for f in self.findings],
        }


RowHook = Callable[[Mapping[str, Any], View | None, list[Finding], list[list[Finding]]], None]
"""Called per row with: columns, view, findings of the row, findings of each pair."""


def audit(
    folder: str | Path,
    *,
    every: int = 1,
    checksums: bool = True,
    progress: Callable[[int], None] | None = None,
    on_row: RowHook | None = None,
) -> AuditReport:
    """Recompute every answer of every ``every``-th row.

    Raises:
        ShardError: the folder cannot be read at all; damage to single files is reported.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    report = AuditReport()
    if checksums:
        report.damaged = damaged_files(folder, manifest)
    book = BlindBook()
    pictures: set[bytes] = set()
    for fields in rows(folder, manifest, every):
        _row(report, book, pictures, fields, on_row)
        if progress is not None:
            progress(1)
    report.guesses = book.guesses()
    return report


def check_row(
    fields: Mapping[str, Any],
) -> tuple[View | None, Tolerance, list[Finding], list[list[Finding]]]:
    """View, tolerance, findings of the row, findings of each of its pairs."""
    try:
        view = View.read(fields)
        exact = bool(view.scene["exact"])
        tolerance = EXACT if exact else SENSOR
        of_row = check_picture(view, tolerance)
    except ShardError as error:
        return None, EXACT, [Finding("unreadable", str(error))], []
    return (
        view,
        tolerance,
        of_row,
        [check_pair(view, Claim.read(p), tolerance) for p in fields["pairs"]],
    )


def repeated(pairs: Sequence[Mapping[str, Any]]) -> int:
    """Pairs of one picture that ask again what was asked; the same words about another
    ``<region0>`` are another question."""
    return len(pairs) - len({(p["question"], *p["regions"]) for p in pairs})


def _row(
    report: AuditReport,
    book: BlindBook,
    pictures: set[bytes],
    fields: Mapping[str, Any],
    on_row: RowHook | None,
) -> None:
    report.rows += 1
    digest = hashlib.sha256(fields["depth"]).digest()[:8]
    report.duplicate_rows += digest in pictures
    pictures.add(digest)
    if fields["truth"] is None:
        report.without_truth += 1
    view, tolerance, of_row, of_pairs = check_row(fields)
    report.rows_valid += not of_row
    report.row_codes.update(f.code for f in of_row)
    if of_row and len(report.findings) < _KEPT:
        report.findings.append((fields["key"], "", "", "", [f.message for f in of_row]))
    report.duplicate_pairs += repeated(fields["pairs"])
    group = report.exact if tolerance is EXACT else report.sensor
    for stored, found in zip(fields["pairs"], of_pairs, strict=False):
        count = report.types[stored["type"]]
        count.pairs += 1
        report.pairs += 1
        group[1] += 1
        if not found:
            count.valid += 1
            report.valid += 1
            group[0] += 1
        count.codes.update(f.code for f in found)
        if found and len(report.findings) < _KEPT:
            report.findings.append(
                (fields["key"], stored["type"], stored["question"], stored["answer"],
                 [f"{f.code}: {f.message}" for f in found])
            )  # fmt: skip
        _tally(count, book, fields["key"], stored)
    if on_row is not None:
        on_row(fields, view, of_row, of_pairs)


def _tally(count: TypeCount, book: BlindBook, key: str, stored: Mapping[str, Any]) -> None:
    """Balance and guessability of one pair."""
    outcome, number = stored["outcome"], stored["value_number"]
    name = stored["type"]
    if number is not None and stored["unit"] in ("m", "m3"):
        count.outcomes[outcome] += 1
        size = abs(number) * (1000.0 if stored["unit"] == "m3" else 1.0)
        if size > 1e-6:
            count.ranges[math.floor(math.log2(size))] += 1
            book.add("number", name, key, stored["question"], size)
        return
    if number is not None and name.startswith("count"):
        count.outcomes[f"{number:g}"] += 1
        book.add("count", name, key, stored["question"], number)
        return
    if outcome in ("yes", "no") or (outcome == "many" and stored["value_bool"]):
        outcome = "no" if outcome == "no" else "yes"
        count.outcomes[outcome] += 1
        book.add("choice", name, key, stored["question"], float(outcome == "yes"))
        return
    ids, winner = stored["object_ids"], stored["value_text"]
    if winner in ids[:2] and len(ids) >= 2:
        place = "first" if winner == ids[0] else "second"
        count.outcomes[place] += 1
        book.add("choice", name, key, stored["question"], float(place == "first"))
        return
    count.outcomes[str(winner) if name.endswith(".either") else outcome] += 1
