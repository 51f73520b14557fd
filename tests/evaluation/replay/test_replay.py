"""``deepsight replay``: the same bytes every time, resumable, honest about broken recordings."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.evaluation.replay.looking import Grid, Looker
from deepsight_ros.evaluation.replay.run import Interrupted, Replay
from deepsight_ros.evaluation.replay.script import Ask, load_questions
from deepsight_ros.sources import open_source
from tests.evaluation.replay.conftest import START_NS, record
from tests.support.bags import BagMaker

runner = CliRunner()
QUESTIONS = "how many objects are there?\nhow tall is the tallest object?\n"


def replay(bag: Path, out: Path, *more: str) -> tuple[int, str]:
    rate = () if "--rate" in more else ("--rate", "10")
    result = runner.invoke(app, ["replay", str(bag), "--report", str(out), *rate, *more])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_bag_gives_answers_summary_and_report(bag: Path, tmp_path: Path) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(QUESTIONS)
    truths = tmp_path / "truth.jsonl"
    truths.write_text(
        '{"question": "how many objects are there?", "value": 7, "unit": ""}\n'
        '{"question": "how tall is the tallest object?", "value": 9.0, "unit": "m"}\n'
    )
    out = tmp_path / "out"
    options = ("--questions", str(questions), "--truth", str(truths), "--fixed-frame", "world")
    code, text = replay(bag, out, *options)
    assert code == 0, text
    answers = lines(out / "answers.jsonl")
    assert {a["question"] for a in answers} == set(QUESTIONS.splitlines())
    assert {a["t_s"] for a in answers} == {0.0, 1.0}  # once a second of 1.1 s
    tall = [a for a in answers if a["quantity"] == "height" and a["status"] == "OK"]
    assert all(not a["right"] and a["covered"] is False for a in tall)
    for each in tall:
        first = each["measurements"][0]
        assert first["lower"] <= first["value"] <= first["upper"]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["complete"]
    assert summary["frames"] == 12
    assert summary["all"]["right"]["count"] == len(answers)
    page = (out / "report.html").read_text()
    assert "Worst cases" in page
    assert 'src="data:image/jpeg;base64,' in page
    for outside in ("http://", "https://", "<script", "<link"):
        assert outside not in page


def test_twice_the_same_bytes(bag: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert replay(bag, tmp_path / name, "--fixed-frame", "world")[0] == 0
    for name in ("answers.jsonl", "summary.json", "state.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def make(bag: Path, out: Path, stop_after: int) -> Replay:
    asks = (Ask("how many objects are there?", 0.2), Ask("how tall is the tallest object?", 0.3))
    looks = 0

    def stop() -> bool:
        nonlocal looks
        looks += 1
        return looks >= stop_after

    return Replay(Looker(open_source(bag)), out, asks, stop=stop)


def test_a_stopped_run_goes_on_to_the_same_bytes(bag: Path, tmp_path: Path) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    make(bag, whole, 10**9).run()
    with pytest.raises(Interrupted):
        make(bag, parts, 5).run()
    done = lines(parts / "answers.jsonl")
    assert 0 < len(done) < len(lines(whole / "answers.jsonl"))
    with (parts / "answers.jsonl").open("a") as file:
        file.write('{"half a li')  # as a kill in the middle of a line leaves it
    state = make(bag, parts, 10**9).run(resume=True)
    assert state.complete
    assert (parts / "answers.jsonl").read_bytes() == (whole / "answers.jsonl").read_bytes()
    assert (parts / "state.json").read_bytes() == (whole / "state.json").read_bytes()


def test_resuming_something_else_is_refused(bag: Path, tmp_path: Path) -> None:
    code, text = replay(bag, tmp_path / "none", "--resume")
    assert (code, "nothing to resume" in text) == (2, True)
    assert replay(bag, tmp_path / "out")[0] == 0
    code, text = replay(bag, tmp_path / "out", "--resume", "--rate", "5")
    assert (code, "another recording, questions" in text) == (2, True)


def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    bag = record(BagMaker("sqlite3"), 60).write(tmp_path)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "deepsight_ros.cli.main", "replay", str(bag)]
    command += ["--report", str(out), "--rate", "10"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    answers = out / "answers.jsonl"
    while not (answers.is_file() and (out / "pictures").exists()):
        assert time.monotonic() < deadline, "nothing was answered"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "--resume" in said
    summary = json.loads((out / "summary.json").read_text())
    assert not summary["complete"]
    assert 0 < summary["frames"] < 60
    assert "partial" in (out / "report.html").read_text()
    finished = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    assert json.loads((out / "summary.json").read_text())["frames"] == 60


def test_a_killed_run_goes_on_to_the_bytes_of_an_unbroken_one(tmp_path: Path) -> None:
    bag = record(BagMaker("sqlite3"), 30).write(tmp_path)
    questions = tmp_path / "questions.txt"
    questions.write_text('{"question": "how many objects are there?", "every_s": 0.2}\n')

    def command(out: Path) -> list[str]:
        options = ["--questions", str(questions), "--report", str(out), "--rate", "10"]
        options += ["--task", "reach the red object"]
        return [sys.executable, "-m", "deepsight_ros.cli.main", "replay", str(bag), *options]

    out, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen(command(out), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    try:
        while not ((out / "state.json").is_file() and state_of(out)["frames"]):
            assert process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline, "nothing was saved"
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait(30)
    assert process.returncode == -signal.SIGKILL
    assert not state_of(out)["complete"]
    for folder, more in ((out, ["--resume"]), (whole, [])):
        ran = subprocess.run(
            [*command(folder), *more], capture_output=True, text=True, timeout=180
        )
        assert ran.returncode == 0, ran.stderr
    for name in ("answers.jsonl", "rewards.jsonl", "summary.json", "state.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name


def state_of(out: Path) -> dict:
    return json.loads((out / "state.json").read_text())


def test_a_folder_with_other_things_is_left_alone(bag: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    code, text = replay(bag, tmp_path)
    assert (code, "other files" in text) == (2, True)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


class TestBrokenRecordings:
    def test_truncated(self, tmp_path: Path) -> None:
        bag = record(BagMaker("sqlite3")).write(tmp_path)
        file = next(bag.glob("*.db3"))
        data = file.read_bytes()
        file.write_bytes(data[: int(len(data) * 0.6)])
        code, text = replay(bag, tmp_path / "out")
        assert code in (1, 2)
        if code == 1:
            assert "damaged" in text
        else:
            assert text.startswith("error: ")

    def test_damaged_in_the_middle(self, tmp_path: Path) -> None:
        maker = record(BagMaker("mcap"), 3)
        maker.garbage("/camera/depth/image_raw", "sensor_msgs/msg/Image", START_NS + 10**9)
        bag = maker.write(tmp_path)
        code, text = replay(bag, tmp_path / "out")
        assert code == 1
        assert "1 messages skipped" in text
        assert json.loads((tmp_path / "out" / "summary.json").read_text())["frames"] == 3

    def test_empty_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.mcap").write_bytes(b"")
        code, text = replay(tmp_path / "a.mcap", tmp_path / "out")
        assert (code, text.startswith("error: ")) == (2, True)

    def test_no_image_topic(self, tmp_path: Path) -> None:
        maker = BagMaker("mcap")
        maker.tf("/tf", START_NS, "a", "b", (0.0, 0.0, 0.0))
        code, text = replay(maker.write(tmp_path), tmp_path / "out")
        assert (code, "expected a depth topic" in text) == (2, True)

    def test_only_colour(self, tmp_path: Path) -> None:
        maker = BagMaker("mcap")
        pixels = np.zeros((8, 8, 3), np.uint8)
        maker.image("/camera/color/image_raw", START_NS, "c", "rgb8", pixels)
        code, text = replay(maker.write(tmp_path), tmp_path / "out")
        assert (code, "expected a depth topic" in text) == (2, True)

    def test_uncalibrated(self, tmp_path: Path) -> None:
        maker = BagMaker("ros1")
        pixels = np.full((8, 8), 900, np.uint16)
        maker.image("/camera/depth/image_raw", START_NS, "c", "16UC1", pixels)
        code, text = replay(maker.write(tmp_path), tmp_path / "out")
        assert (code, "camera_info" in text) == (2, True)
        assert not (tmp_path / "out").exists()

    def test_missing(self, tmp_path: Path) -> None:
        assert replay(tmp_path / "none", tmp_path / "out")[0] == 2


class TestCompare:
    def summary(self, bag: Path, out: Path, count: int) -> Path:
        truths = out.parent / f"{out.name}.jsonl"
        row = {"question": "how many objects are there?", "value": count, "unit": ""}
        truths.write_text(json.dumps(row))
        assert replay(bag, out, "--truth", str(truths))[0] == 0
        return out / "summary.json"

    def test_worse_fails(self, bag: Path, tmp_path: Path) -> None:
        right = self.summary(bag, tmp_path / "first", 0)
        count = lines(tmp_path / "first" / "answers.jsonl")[0]["value"]
        right = self.summary(bag, tmp_path / "right", count)
        wrong = self.summary(bag, tmp_path / "wrong", 99)
        same = runner.invoke(app, ["replay", "--compare", str(right), str(right)])
        assert same.exit_code == 0
        worse = runner.invoke(app, ["replay", "--compare", str(right), str(wrong)])
        assert worse.exit_code == 1
        assert "(worse)" in worse.output
        assert runner.invoke(app, ["replay", "--compare", str(wrong), str(right)]).exit_code == 0

    def test_no_summary(self, tmp_path: Path) -> None:
        (tmp_path / "a.json").write_text("{}")
        paths = (str(tmp_path / "a.json"),) * 2
        assert runner.invoke(app, ["replay", "--compare", *paths]).exit_code == 2


def test_questions_files_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    for bad in ("", '{"question": "x", "every_s": 0}', '{"regions": []}', '{"question":'):
        path.write_text(bad)
        code, text = replay(tmp_path, tmp_path / "out", "--questions", str(path))
        assert (code, "error: " in text) == (2, True), bad
    path.write_text(
        '# a comment\n{"question": "how tall is <region0>?", "at_s": [0.5],'
        ' "regions": [{"box_px": [10, 10, 50, 50], "label": "mug"}]}\n'
    )
    (ask,) = load_questions(path)
    assert [ask.slot(t, 0) for t in (0.0, 0.49, 0.5, 3.0)] == [-1, -1, 0, 0]


def test_regions_and_times(bag: Path, tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    row = {"question": "how far away is <region0>?", "at_s": [0.5]}
    row["regions"] = [{"box_px": [60, 80, 260, 220]}]
    path.write_text(json.dumps(row))
    assert replay(bag, tmp_path / "out", "--questions", str(path))[0] == 0
    (answer,) = lines(tmp_path / "out" / "answers.jsonl")
    assert answer["t_s"] == 0.5
    assert answer["status"] == "OK"


def test_the_grid_takes_the_first_frame_of_every_period() -> None:
    grid = Grid(10.0)
    due = [grid.is_due(round(i * 1e9 / 30)) for i in range(9)]
    assert due == [True, False, False] * 3
    assert all(Grid(0.0).is_due(i) for i in range(3))


def test_the_same_answers_from_a_ros1_bag(bag: Path, tmp_path: Path) -> None:
    other = record(BagMaker("ros1")).write(tmp_path)
    assert replay(bag, tmp_path / "a")[0] == 0
    assert replay(other, tmp_path / "b")[0] == 0
    a, b = (lines(tmp_path / n / "answers.jsonl") for n in "ab")
    assert a == b
    shutil.rmtree(tmp_path / "a")
