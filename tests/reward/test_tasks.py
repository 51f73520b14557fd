"""Words and structured forms to tasks; what cannot be measured is refused with a reason."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.reward.tasks import GRIPPER, Kind, Task, parse_task


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("bring the gripper to the bottle", "the bottle"),
        ("Move gripper towards the red mug.", "the red mug"),
        ("guide the hand near to <region0>", "<region0>"),
        ("reach for the cup", "the cup"),
        ("reach the cup", "the cup"),
        ("approach o3", "o3"),
        ("touch the blue box", "the blue box"),
        ("put the hand on the box", "the box"),
    ],
)
def test_reaching(text: str, target: str) -> None:
    task = parse_task(text)
    assert (task.kind, task.subject, task.target, task.text) == (
        Kind.REACH,
        GRIPPER,
        target,
        text,
    )
    assert task.in_words()


@pytest.mark.parametrize(
    ("text", "kind", "subject", "target"),
    [
        ("put the red block on the plate", Kind.PLACE, "the red block", "the plate"),
        ("stack the cube on top of the box", Kind.PLACE, "the cube", "the box"),
        ("place the apple in the bowl", Kind.PLACE, "the apple", "the bowl"),
        ("pick the apple and place it on the tray", Kind.PLACE, "the apple", "the tray"),
        ("push the box to the tray", Kind.TOGETHER, "the box", "the tray"),
        ("slide <region0> next to <region1>", Kind.TOGETHER, "<region0>", "<region1>"),
    ],
)
def test_two_things(text: str, kind: Kind, subject: str, target: str) -> None:
    task = parse_task(text)
    assert (task.kind, task.subject, task.target) == (kind, subject, target)


@pytest.mark.parametrize(
    ("text", "direction", "by_m"),
    [
        ("push the box to the left", "left", 0.1),
        ("push the box to the right by 5 cm", "right", 0.05),
        ("slide the mug away by 80 mm", "away", 0.08),
        ("pull the mug closer by 0.2 m", "closer", 0.2),
    ],
)
def test_moves(text: str, direction: str, by_m: float) -> None:
    task = parse_task(text)
    assert (task.kind, task.direction) == (Kind.MOVE, direction)
    assert task.by_m == pytest.approx(by_m)
    assert task.subject in ("the box", "the mug")


@pytest.mark.parametrize(
    ("text", "kind", "subject", "by_m"),
    [
        ("lift the mug", Kind.LIFT, "the mug", 0.1),
        ("pick up the red cup by 20 cm", Kind.LIFT, "the red cup", 0.2),
        ("pick the cup up", Kind.LIFT, "the cup", 0.1),
        ("open the drawer", Kind.OPEN, "the drawer", 0.15),
        ("pull open the top drawer by 0.3 m", Kind.OPEN, "the top drawer", 0.3),
    ],
)
def test_one_thing_from_where_it_is(text: str, kind: Kind, subject: str, by_m: float) -> None:
    task = parse_task(text)
    assert (task.kind, task.subject) == (kind, subject)
    assert task.by_m == pytest.approx(by_m)


@pytest.mark.parametrize(
    ("text", "subject", "target", "limit_m"),
    [
        ("keep the hand at least 0.3 m from the person", GRIPPER, "the person", 0.3),
        ("keep 20 cm away from the vase", GRIPPER, "the vase", 0.2),
        ("stay away from the glass", GRIPPER, "the glass", 0.3),
        ("keep the box at least 5 cm from the edge", "the box", "the edge", 0.05),
        ("never touch the vase", GRIPPER, "the vase", 0.3),
    ],
)
def test_keeping_away(text: str, subject: str, target: str, limit_m: float) -> None:
    task = parse_task(text)
    assert (task.kind, task.subject, task.target) == (Kind.KEEP_AWAY, subject, target)
    assert task.limit_m == pytest.approx(limit_m)


@pytest.mark.parametrize(
    "text", ["", "pour the tea", "how far is the mug?", "x" * 5000, "close the drawer", "boil it"]
)
def test_what_cannot_be_measured_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"cannot be measured|can be measured"):
        parse_task(text)


def test_the_structured_form_says_the_same() -> None:
    form = {"kind": "move", "subject": "the box", "direction": "left", "by_m": 0.05}
    task = parse_task(json.dumps(form))
    assert (task.kind, task.by_m, task.direction) == (Kind.MOVE, 0.05, "left")
    words = parse_task("push the box to the left by 5 cm")
    assert (
        task.in_words()
        == words.in_words()
        == "how far the box still has to go to the left (0.05 m)"
    )


@pytest.mark.parametrize(
    "form",
    [
        "{",
        "{}",
        '{"kind": "pour"}',
        '{"kind": "reach"}',
        '{"kind": "reach", "target": "x", "speed": 3}',
        '{"kind": "move", "subject": "x", "direction": "up"}',
        '{"kind": "lift", "subject": "x", "by_m": -1}',
        '{"kind": "keep_away", "target": "x", "limit_m": "far"}',
        '{"kind": "keep_away", "target": "x", "limit_m": NaN}',
        '{"kind": "reach", "target": 5}',
    ],
)
def test_bad_structured_forms_are_refused(form: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_task(form)


@given(st.text(max_size=200))
def test_any_text_gives_a_task_or_a_refusal(text: str) -> None:
    try:
        task = parse_task(text)
    except InvalidValueError:
        return
    assert isinstance(task, Task)
    assert task.in_words()
