"""Reach rewards: monotone in the distance, held when hidden, success with hysteresis."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.reward.reach import ReachEpisode
from deepsight_ros.reward.tasks import parse_task
from deepsight_ros.scene.measurement import Measurement


def distance(value_m: float, half_m: float = 0.004) -> Measurement:
    return Measurement("surface_distance", value_m, max(0.0, value_m - half_m), value_m + half_m)


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
    ],
)
def test_reach_tasks_are_understood(text: str, target: str) -> None:
    assert parse_task(text).target == target


@pytest.mark.parametrize("text", ["", "pour the tea", "how far is the mug?", "x" * 5000])
def test_other_words_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValueError, match="bring the gripper to the bottle"):
        parse_task(text)


@given(st.lists(st.floats(0.0, 2.0), min_size=2, max_size=30))
def test_the_reward_rises_whenever_the_gripper_comes_nearer(ways_m: list[float]) -> None:
    episode = ReachEpisode(0.03, 0.01)
    steps = [episode.update(i * 10**8, distance(d)) for i, d in enumerate(ways_m)]
    for before, after in itertools.pairwise(steps):
        if after.distance_m < before.distance_m - 1e-9 and after.success >= before.success:
            assert after.reward > before.reward
    assert all(0.0 <= s.progress <= 1.0 for s in steps)
    assert [s.step for s in steps] == list(range(len(steps)))


def test_progress_runs_from_zero_to_one() -> None:
    episode = ReachEpisode(0.03, 0.01)
    steps = [episode.update(i, distance(d)) for i, d in enumerate((0.43, 0.23, 0.029))]
    assert [s.progress for s in steps] == pytest.approx([0.0, 0.5, 1.0])
    assert [s.success for s in steps] == [False, False, True]
    assert steps[-1].reward == pytest.approx(1.0 - 0.029)


def test_success_has_hysteresis_and_wants_certainty() -> None:
    episode = ReachEpisode(0.03, 0.01)
    assert not episode.update(0, distance(0.029, half_m=0.02)).success  # not sure enough
    assert episode.update(1, distance(0.029)).success
    assert episode.update(2, distance(0.038)).success
    assert not episode.update(3, distance(0.042)).success
    assert not episode.update(4, distance(0.035)).success


def test_hidden_frames_hold_and_nothing_is_made_up_before_the_first() -> None:
    episode = ReachEpisode(0.03, 0.01)
    unseen = episode.update(10**9, None, "the gripper is not in view")
    assert not unseen.valid
    assert math.isnan(unseen.reward)
    assert math.isnan(unseen.distance_m)
    seen = episode.update(2 * 10**9, distance(0.2))
    held = episode.update(3 * 10**9, None, "hidden")
    assert (held.valid, held.held, held.reason) == (True, True, "hidden")
    assert (held.reward, held.distance_m) == (seen.reward, seen.distance_m)
    assert (held.step, held.elapsed_s) == (2, 2.0)
