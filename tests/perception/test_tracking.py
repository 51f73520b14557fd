"""Ids: kept while things or the camera move, never swapped, remembered, never reused."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.tracking import Sighting, Tracker

RED, BLUE = np.array([120.0, 60.0, 40.0]), np.array([90.0, 20.0, -60.0])
STEP_NS = 33_000_000


def seen(
    x: float, y: float = 0.0, lab: np.ndarray | None = RED, size: float = 0.1, cut: bool = False
) -> Sighting:
    return Sighting(np.array([x, y, 0.05]), np.array([size, size, size]), lab, cut)


def tracker(**settings: float) -> Tracker:
    return Tracker(PerceptionConfig(**settings))  # type: ignore[arg-type]


def test_ids_count_up_and_stay() -> None:
    t = tracker()
    assert t.update(0, [seen(0), seen(1)]) == ["o1", "o2"]
    assert t.update(STEP_NS, [seen(1.001), seen(0.001)]) == ["o2", "o1"]


@pytest.mark.parametrize("speed_m_s", [0.1, 0.5, 1.5])
def test_a_moving_thing_keeps_its_id(speed_m_s: float) -> None:
    t = tracker()
    for k in range(40):
        assert t.update(k * STEP_NS, [seen(speed_m_s * k * 0.033)]) == ["o1"]


def test_things_of_different_colour_pass_each_other_without_swapping() -> None:
    """Two things cross 3 cm apart; position alone could not tell them."""
    t = tracker()
    for k in range(40):
        x = -0.3 + 0.015 * k
        ids = t.update(k * STEP_NS, [seen(x, 0.0, RED), seen(-x, 0.03, BLUE)])
        assert ids == ["o1", "o2"]


def test_things_of_different_size_pass_each_other_without_swapping() -> None:
    t = tracker()
    for k in range(40):
        x = -0.3 + 0.015 * k
        sightings = [seen(x, 0.0, None, 0.05), seen(-x, 0.03, None, 0.2)]
        assert t.update(k * STEP_NS, sightings) == ["o1", "o2"]


def test_alike_things_keep_their_motion() -> None:
    """Two equal things cross at speed: prediction tells them apart."""
    t = tracker()
    for k in range(40):
        x = -0.4 + 0.02 * k
        assert t.update(k * STEP_NS, [seen(x, 0.0), seen(-x, 0.12)]) == ["o1", "o2"]


def test_a_hidden_thing_comes_back_with_its_id() -> None:
    t = tracker(track_memory_s=5.0)
    t.update(0, [seen(0), seen(1, lab=BLUE)])
    for k in range(1, 60):
        t.update(k * STEP_NS, [seen(1, lab=BLUE)])
    assert t.update(60 * STEP_NS, [seen(0.01), seen(1, lab=BLUE)]) == ["o1", "o2"]


def test_a_thing_gone_for_longer_is_new_and_ids_are_not_reused() -> None:
    t = tracker(track_memory_s=1.0)
    t.update(0, [seen(0)])
    assert t.update(2_000_000_000, [seen(0)]) == ["o2"]


def test_something_else_in_the_same_place_is_new() -> None:
    t = tracker()
    t.update(0, [seen(0, lab=RED, size=0.1)])
    assert t.update(STEP_NS, [seen(0.05, lab=BLUE, size=0.3)]) == ["o2"]


def test_birth_needs_the_configured_number_of_frames() -> None:
    t = tracker(track_birth_frames=3)
    assert [t.update(k * STEP_NS, [seen(0)])[0] for k in range(4)] == ["", "", "o1", "o1"]


def test_a_partly_hidden_thing_keeps_its_id_though_its_middle_jumps() -> None:
    t = tracker()
    t.update(0, [seen(0, size=0.3)])
    assert t.update(STEP_NS, [seen(0.12, size=0.15, cut=True)]) == ["o1"]


def test_a_clock_that_goes_back_starts_over() -> None:
    t = tracker()
    t.update(10_000_000_000, [seen(0), seen(1)])
    assert t.update(0, [seen(1)]) == ["o1"]
    assert len(t.tracks) == 1


def test_names_stay_with_the_track_and_a_surer_name_wins() -> None:
    t = tracker()
    t.update(0, [seen(0)])
    t.label("o1", "cup", 0.9)
    t.label("o1", "bowl", 0.3)
    track = t.track("o1")
    assert track is not None and track.label == "cup"
    t.label("o1", "bowl", 0.95)
    track = t.track("o1")
    assert track is not None and track.label == "bowl"


def test_nothing_seen_is_nothing() -> None:
    t = tracker()
    assert t.update(0, []) == []
    assert t.tracks == ()
