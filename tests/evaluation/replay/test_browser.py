"""The report in a real headless browser: it renders, and asks for nothing from outside."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)

pytestmark = pytest.mark.skipif(not BROWSER, reason="no chromium or chrome is installed")


def browse(tmp_path: Path, *arguments: str) -> str:
    flags = ["--headless", "--no-sandbox", "--disable-gpu"]
    flags += [f"--user-data-dir={tmp_path}/profile"]
    flags += ["--host-resolver-rules=MAP * ~NOTFOUND"]  # nothing outside can be reached
    done = subprocess.run(
        [BROWSER, *flags, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_report_renders(bag: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    task = ("--task", "bring the gripper to o2", "--fixed-frame", "world")
    options = ("--gripper-frame", "gripper", "--report", str(out))
    assert CliRunner().invoke(app, ["replay", str(bag), *task, *options]).exit_code == 0
    page = f"file://{out}/report.html"
    dom = browse(tmp_path, "--dump-dom", page)
    for heading in ("Questions", "Scores by question type", "Answers over time", "Time per stage"):
        assert f"<h2>{heading}</h2>" in dom
    assert dom.count("<svg") >= 5  # timeline, three reward curves, times
    assert "<polyline" in dom
    picture = tmp_path / "page.png"
    browse(tmp_path, f"--screenshot={picture}", "--window-size=1000,2000", page)
    image = cv2.imread(str(picture))
    assert image is not None
    assert image.std() > 5  # not one blank colour
