"""Readings in, one reward per frame out.

reward = -left - 0.5 * reach + 1 while done, all in metres: ``left`` is what is left to go until
the task is done, ``reach`` the gap of the gripper and the thing it has to move (0 where the task
is the gripper's own). It rises by as much as ``left`` falls. progress = 1 - left / left at the
first measured frame, within 0 and 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from deepsight_ros.reward.reading import Reading
from deepsight_ros.reward.tasks import DISPLACEMENTS, Kind, Task

SUCCESS_BONUS = 1.0
REACH_WEIGHT = 0.5
HELD_SPEED_M_S = 0.25
"""While hidden the interval grows by this much per second at either end: the speed of an arm that
moves among people (ISO 10218-1, reduced speed)."""
FRAMES_AGREEING = 2
"""Frames in a row that must say that a displacement is done, where its interval does not."""
_LEAST_SPAN_M = 0.01
"""Progress is scaled by at least this way, so that starting at the goal divides by no noise."""


@dataclass(frozen=True)
class RewardStep:
    """Reward of one frame (RewardAnnotation without ROS).

    Attributes:
        step: frames since the episode began, from 0.
        elapsed_s: image time since then.
        valid: something was measured in this episode.
        held: not measurable now, values repeat the last measured ones; the interval grows.
        reason: why it is held or not valid.
        reward, progress: NaN until valid.
        distance_m, lower_m, upper_m: the distance the task is about; for displacements what is
            left of it. NaN until valid.
        success: done, with hysteresis.
        terms: parts of the reward by name.
    """

    step: int
    elapsed_s: float
    valid: bool = False
    held: bool = False
    reason: str = ""
    reward: float = math.nan
    progress: float = math.nan
    success: bool = False
    distance_m: float = math.nan
    lower_m: float = math.nan
    upper_m: float = math.nan
    terms: dict[str, float] = field(default_factory=dict)


class Episode:
    """Rewards of one episode, frame by frame.

    Args:
        task: whose readings these are.
        success_m: what may be left for it to count as done; the upper end of the interval may
            exceed it by at most the hysteresis, unless the things are followed as lasting shapes;
            or, for displacements, FRAMES_AGREEING frames in a row must say so.
        hysteresis_m: it stays done until more than this is left beyond ``success_m``.

    Attributes:
        steps: frames so far.
    """

    def __init__(self, task: Task, success_m: float, hysteresis_m: float) -> None:
        self._task = task
        # A limit that is to be kept is kept or not: nothing may be left of it.
        self._success_m = 0.0 if task.kind is Kind.KEEP_AWAY else success_m
        self._hysteresis_m = hysteresis_m
        self._began_ns: int | None = None
        self._first_left_m: float | None = None
        self._last: RewardStep | None = None
        self._last_ns = 0
        self._within = 0  # measured frames in a row with no more left than success allows
        self.steps = 0

    def update(self, stamp_ns: int, reading: Reading | None, reason: str = "") -> RewardStep:
        """The reward of the next frame.

        Args:
            stamp_ns: of the image.
            reading: what it says about the task, or None when it cannot be measured.
            reason: why it cannot.
        """
        if self._began_ns is None:
            self._began_ns = stamp_ns
        step, elapsed_s = self.steps, (stamp_ns - self._began_ns) / 1e9
        self.steps += 1
        if reading is None:
            self._within = 0
        else:
            self._last, self._last_ns = self._measured(step, elapsed_s, reading), stamp_ns
            return self._last
        if self._last is None:
            return RewardStep(step, elapsed_s, reason=reason)
        drift_m = HELD_SPEED_M_S * max(0.0, (stamp_ns - self._last_ns) / 1e9)
        return replace(
            self._last,
            step=step,
            elapsed_s=elapsed_s,
            held=True,
            reason=reason,
            lower_m=max(0.0, self._last.lower_m - drift_m),
            upper_m=self._last.upper_m + drift_m,
        )

    def _measured(self, step: int, elapsed_s: float, reading: Reading) -> RewardStep:
        beyond_m = max(0.0, reading.left_m - self._success_m)
        if self._first_left_m is None:
            self._first_left_m = beyond_m
        span_m = max(_LEAST_SPAN_M, self._first_left_m)
        success = self._is_done(reading)
        progress = 1.0 if success else min(1.0, max(0.0, 1.0 - beyond_m / span_m))
        terms = {"distance": -reading.left_m}
        if reading.reach_m is not None:
            terms["reach"] = -REACH_WEIGHT * reading.reach_m
        terms["success"] = SUCCESS_BONUS * success
        shown = reading.distance
        return RewardStep(
            step,
            elapsed_s,
            True,
            False,
            "",
            sum(terms.values()),
            progress,
            success,
            reading.left_m if shown is None else shown.value,
            reading.lower_m if shown is None else shown.lower,
            reading.upper_m if shown is None else shown.upper,
            terms,
        )

    def _is_done(self, reading: Reading) -> bool:
        outer_m = self._success_m + self._hysteresis_m
        within = reading.left_m <= self._success_m and reading.may_succeed
        self._within = self._within + 1 if within else 0
        if self._last is not None and self._last.success:
            return reading.left_m <= outer_m and reading.may_succeed
        sure = reading.upper_m <= outer_m or self._task.kind is Kind.KEEP_AWAY
        # What is uncertain about a thing's place is mostly its unseen side, the same at both ends
        # of its way: for displacements frames that agree are sure enough.
        if self._task.kind in DISPLACEMENTS:
            sure = sure or self._within >= FRAMES_AGREEING
        # Nor does an unseen side waver where the things are followed as lasting shapes: what is
        # read then changes only as the things move, and its interval may stay wide for ever.
        sure = sure or reading.is_steady
        return within and sure
