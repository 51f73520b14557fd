"""Stages: what passes between laps is the stage's, and medians forget an odd frame."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("rclpy")

from deepsight_ros.nodes.stages import Stages


def test_a_lap_is_the_time_since_the_last_and_waiting_takes_no_processor() -> None:
    stages = Stages()
    stages.begin()
    time.sleep(0.05)
    stages.lap("wait")
    total = sum(range(300_000))
    stages.lap("count")
    assert total > 0
    wait, count = stages.medians_ms()["wait"], stages.medians_ms()["count"]
    assert wait[0] >= 50.0
    assert wait[1] < 0.5 * wait[0]
    assert 0.0 < count[1] <= count[0] + 1.0


def test_medians_come_in_the_order_of_the_stages_and_forget_an_odd_frame() -> None:
    stages = Stages()
    for wall_s in (0.002, 0.003, 9.0):
        stages.add("first", wall_s)
        stages.add("second", 2 * wall_s, wall_s)
    found = stages.medians_ms()
    assert list(found) == ["first", "second"]
    assert found["first"][0] == pytest.approx(3.0)
    assert found["first"][1] != found["first"][1]  # not known
    assert found["second"] == pytest.approx((6.0, 3.0))
