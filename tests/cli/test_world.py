"""`deepsight world`: the table of categories and the contact sheet."""

from __future__ import annotations

from pathlib import Path

import cv2
from typer.testing import CliRunner

from deepsight_ros.cli.world import app

RUN = CliRunner()


def test_categories_are_at_least_forty_with_both_splits() -> None:
    result = RUN.invoke(app, ["categories"])
    assert result.exit_code == 0
    rows = [r.split("|") for r in result.stdout.splitlines() if r.startswith("| ")][1:]
    assert len(rows) >= 40
    assert all(train.strip() and test.strip() for _, _, train, test, _ in rows)


def test_sheet_is_drawn_and_unknown_kinds_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    result = RUN.invoke(app, ["sheet", str(out), "--kinds", "office,bin", "--columns", "2"])
    assert result.exit_code == 0, result.output
    assert cv2.imread(str(out)).shape == (2 * (16 + 360), 480, 3)
    result = RUN.invoke(app, ["sheet", str(out), "--kinds", "attic"])
    assert result.exit_code == 2 and "attic" in result.output
