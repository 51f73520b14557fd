"""Rewards of one episode: monotone in what is left, held when hidden, success with hysteresis."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsight_ros.reward.episode import HELD_SPEED_M_S, REACH_WEIGHT, Episode
from deepsight_ros.reward.reading import Reading
from deepsight_ros.reward.tasks import Kind, Task

REACH = Task(Kind.REACH, target="the cup")


def left(value_m: float, half_m: float = 0.004, **more: object) -> Reading:
    return Reading(value_m, max(0.0, value_m - half_m), value_m + half_m, **more)  # type: ignore[arg-type]


@given(st.lists(st.floats(0.0, 2.0), min_size=2, max_size=30))
def test_the_reward_rises_whenever_less_is_left(ways_m: list[float]) -> None:
    episode = Episode(REACH, 0.03, 0.01)
    steps = [episode.update(i * 10**8, left(d)) for i, d in enumerate(ways_m)]
    for before, after in itertools.pairwise(steps):
        if after.distance_m < before.distance_m - 1e-9 and after.success >= before.success:
            assert after.reward > before.reward
    assert all(0.0 <= s.progress <= 1.0 for s in steps)
    assert [s.step for s in steps] == list(range(len(steps)))


def test_progress_runs_from_zero_to_one() -> None:
    episode = Episode(REACH, 0.03, 0.01)
    steps = [episode.update(i, left(d)) for i, d in enumerate((0.43, 0.23, 0.029))]
    assert [s.progress for s in steps] == pytest.approx([0.0, 0.5, 1.0])
    assert [s.success for s in steps] == [False, False, True]
    assert steps[-1].reward == pytest.approx(1.0 - 0.029)
    assert episode.update(9, left(0.9)).progress == 0.0


def test_success_has_hysteresis_and_wants_certainty() -> None:
    episode = Episode(REACH, 0.03, 0.01)
    assert not episode.update(0, left(0.029, half_m=0.02)).success  # not sure enough
    assert episode.update(1, left(0.029)).success
    assert episode.update(2, left(0.038)).success
    assert not episode.update(3, left(0.042)).success
    assert not episode.update(4, left(0.035)).success


def test_frames_that_agree_are_sure_enough_for_a_displacement() -> None:
    push = Episode(Task(Kind.MOVE, "the box", direction="left", by_m=0.1), 0.03, 0.01)
    wide = [left(value, half_m=0.029) for value in (0.06, 0.029, 0.05, 0.029)]
    assert not any(push.update(i, reading).success for i, reading in enumerate(wide))
    assert not push.update(4, None, "hidden").success  # what is not seen agrees with nothing
    assert not push.update(5, wide[1]).success
    assert push.update(6, wide[1]).success
    reach = Episode(REACH, 0.03, 0.01)
    assert not any(reach.update(i, wide[1]).success for i in range(5))


def test_lasting_shapes_need_no_narrow_interval() -> None:
    reach = Episode(REACH, 0.03, 0.01)
    wide = left(0.029, half_m=0.06)
    assert not reach.update(0, wide).success
    assert not reach.update(1, replace(left(0.031), is_steady=True)).success
    assert reach.update(2, replace(wide, is_steady=True)).success


def test_success_also_wants_what_the_task_asks_for() -> None:
    episode = Episode(Task(Kind.PLACE, "the cup", "the tray"), 0.03, 0.01)
    assert not episode.update(0, left(0.0, may_succeed=False)).success
    assert episode.update(1, left(0.0)).success
    assert not episode.update(2, left(0.0, may_succeed=False)).success


def test_the_way_to_the_thing_is_a_term_of_its_own() -> None:
    episode = Episode(Task(Kind.LIFT, "the cup", by_m=0.1), 0.03, 0.01)
    step = episode.update(0, left(0.1, reach_m=0.2))
    assert step.terms == {"distance": -0.1, "reach": -REACH_WEIGHT * 0.2, "success": 0.0}
    assert step.reward == pytest.approx(sum(step.terms.values()))


def test_hidden_frames_hold_with_a_growing_interval_and_nothing_is_made_up() -> None:
    episode = Episode(REACH, 0.03, 0.01)
    unseen = episode.update(10**9, None, "the gripper is not in view")
    assert not unseen.valid
    assert math.isnan(unseen.reward)
    assert math.isnan(unseen.distance_m)
    seen = episode.update(2 * 10**9, left(0.2))
    held = [episode.update((20 + i) * 10**8, None, "hidden") for i in (1, 2)]
    for number, step in enumerate(held, start=1):
        assert (step.valid, step.held, step.reason) == (True, True, "hidden")
        assert (step.reward, step.distance_m) == (seen.reward, seen.distance_m)
        drift_m = HELD_SPEED_M_S * number * 0.1
        assert step.upper_m == pytest.approx(seen.upper_m + drift_m)
        assert step.lower_m == pytest.approx(seen.lower_m - drift_m)
    assert (held[-1].step, held[-1].elapsed_s) == (3, pytest.approx(1.2))
    again = episode.update(3 * 10**9, left(0.1))
    assert not again.held
    assert again.upper_m == pytest.approx(0.104)
