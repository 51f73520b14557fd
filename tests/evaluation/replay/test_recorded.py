"""What the live graph recorded is used again: boxes name things, answers are compared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rosbags.interfaces import Nodetype
from rosbags.typesys import get_types_from_msg
from typer.testing import CliRunner

from deepsight_ros.cli.main import app
from deepsight_ros.evaluation.replay.recorded import ANSWER, REGIONS, STRING, load_recorded
from deepsight_ros.sources.bag import BagSource
from tests.evaluation.replay.conftest import RATE_HZ, START_NS, record
from tests.support.bags import BagMaker

MESSAGES = Path(__file__).parents[3] / "msg"
COUNT, GAP = "how many objects are there?", "how far away is the teapot?"


def filled(maker: BagMaker, name: str, **given: Any) -> Any:
    """A message of a type with every field that is not given left empty."""
    fields = {}
    for field, (node, about) in maker.store.fielddefs[name][1]:
        if field in given:
            fields[field] = given[field]
        elif node == Nodetype.NAME:
            fields[field] = filled(maker, about)
        elif node == Nodetype.BASE:
            fields[field] = {"string": "", "bool": False}.get(about[0], 0)
        else:
            (inner, kind), length = about
            is_number = inner == Nodetype.BASE and kind[0] not in ("string", "bool")
            number = length if node == Nodetype.ARRAY else 0
            fields[field] = np.zeros(number, kind[0]) if is_number else []
    return maker.store.types[name](**fields)


def bag_with(folder: Path, answers: dict[int, dict[str, Any]], *, open_question: str = "") -> Path:
    """Frames, a box that names a thing in each, and answers at some of their stamps."""
    maker = BagMaker("mcap")
    for name in ("Region", "Regions", "Measurement", "SceneObject", "SpatialAnswer"):
        text = (MESSAGES / f"{name}.msg").read_text()
        maker.store.register(get_types_from_msg(text, f"deepsight_ros/msg/{name}"))
    record(maker, 12)
    box = np.array([0, 0, 320, 240], np.float32)
    for index in range(12):
        stamp_ns = START_NS + index * 10**9 // RATE_HZ
        header = maker._header(stamp_ns, "camera")
        region = filled(maker, "deepsight_ros/msg/Region", label="teapot", score=0.9, box=box)
        message = filled(maker, REGIONS, header=header, regions=[region])
        maker.entries.append(("/detections", REGIONS, stamp_ns, message))
        if index in answers:
            given = {"status": 1, "status_name": "OK", **answers[index]}
            message = filled(maker, ANSWER, header=header, **given)
            maker.entries.append(("/answers", ANSWER, stamp_ns + 1, message))
    if open_question:
        at_ns = START_NS + 950_000_000
        maker.entries.append(
            ("/questions", STRING, at_ns, filled(maker, STRING, data=open_question))
        )
    maker.entries.sort(key=lambda entry: entry[2])
    return maker.write(folder)


def number(maker: BagMaker, value: float, unit: str = "m") -> Any:
    return filled(maker, "deepsight_ros/msg/Measurement", value=value, unit=unit)


def replayed(bag: Path, out: Path, *options: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    frames = ["--fixed-frame", "world", "--gripper-frame", "gripper"]
    result = CliRunner().invoke(
        app, ["replay", str(bag), "--recorded", "--report", str(out), *frames, *options]
    )
    assert result.exit_code == 0, result.output
    lines = [json.loads(x) for x in (out / "answers.jsonl").read_text().splitlines()]
    return lines, json.loads((out / "summary.json").read_text())


def test_answers_are_asked_again_of_their_frames(tmp_path: Path) -> None:
    yes = {"question": "is there a teapot?", "has_bool": True, "yes": True}
    no = {"question": "is there a dog?", "has_bool": True, "yes": True}  # wrong, as it was
    refused = {"question": "pour the tea", "status": 6, "status_name": "UNSUPPORTED"}
    bag = bag_with(tmp_path, {3: yes, 5: no, 8: refused})
    lines, summary = replayed(bag, tmp_path / "out", "--rate", "1")
    asked = {line["question"]: line for line in lines}
    stamps = {q: line["stamp_ns"] - START_NS for q, line in asked.items()}
    assert stamps == {
        "is there a teapot?": 3 * 10**8,  # not among the frames of one a second
        "is there a dog?": 5 * 10**8,
        "pour the tea": 8 * 10**8,
    }
    agrees = {q: line["agrees"] for q, line in asked.items()}
    assert agrees == {"is there a teapot?": True, "is there a dog?": False, "pour the tea": True}
    assert summary["recorded"]["asked_again"] == 3
    assert summary["recorded"]["agree"]["value"] == pytest.approx(2 / 3, abs=1e-3)


def test_an_open_question_is_asked_of_the_frame_of_its_time(tmp_path: Path) -> None:
    bag = bag_with(tmp_path, {}, open_question=COUNT)
    lines, summary = replayed(bag, tmp_path / "out")
    assert [line["stamp_ns"] - START_NS for line in lines] == [9 * 10**8]
    assert lines[0]["question"] == COUNT
    assert "agrees" not in lines[0]
    assert summary["recorded"] is None


def test_boxes_name_things_only_where_they_are_asked_for(tmp_path: Path) -> None:
    bag = bag_with(tmp_path, {2: {"question": GAP}})
    named, _ = replayed(bag, tmp_path / "named")
    assert named[0]["status"] == "OK"
    questions = tmp_path / "questions.txt"
    questions.write_text(GAP)
    result = CliRunner().invoke(
        app,
        ["replay", str(bag), "--questions", str(questions), "--report", str(tmp_path / "plain")],
    )
    assert result.exit_code == 0, result.output
    plain = (tmp_path / "plain" / "answers.jsonl").read_text().splitlines()
    assert {json.loads(line)["status"] for line in plain} == {"NOT_FOUND"}


def test_boxes_far_in_time_name_nothing(tmp_path: Path) -> None:
    found = load_recorded(BagSource(bag_with(tmp_path, {})))
    assert found.names_at(START_NS + 40_000_000)[0].label == "teapot"
    assert found.names_at(START_NS + 10**10) == ()


def test_a_bag_of_images_alone_says_so(bag: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["replay", str(bag), "--recorded", "--report", str(tmp_path / "out")]
    )
    assert result.exit_code == 2
    assert "got no recorded questions, answers or detections" in result.output.replace("\n", " ")
