"""Measured distances in, one reward per frame out, for 'bring the gripper to X'.

The reward is the negative distance in metres plus 1 while the task is done: it rises whenever the
gripper comes nearer, by as much as it came nearer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from deepsight_ros.scene.measurement import Measurement

SUCCESS_BONUS = 1.0
_LEAST_SPAN_M = 0.01
"""Progress is scaled by at least this way, so that starting at the goal divides by no noise."""


@dataclass(frozen=True)
class RewardStep:
    """Reward of one frame (RewardAnnotation without ROS).

    Attributes:
        step: frames since the episode began, from 0.
        elapsed_s: image time since then.
        valid: something was measured in this episode.
        held: not measurable now, values repeat the last measured ones.
        reason: why it is held or not valid.
        reward, progress, distance_m, lower_m, upper_m: NaN until valid.
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


class ReachEpisode:
    """Rewards of one episode, frame by frame.

    Args:
        success_m: distance that counts as done. It is done when the distance is at most this and
            the upper end of its 95 % interval at most this plus the hysteresis.
        hysteresis_m: it stays done until the distance exceeds ``success_m`` by more than this.
    """

    def __init__(self, success_m: float, hysteresis_m: float) -> None:
        self._success_m = success_m
        self._hysteresis_m = hysteresis_m
        self._began_ns: int | None = None
        self._start_m: float | None = None
        self._last: RewardStep | None = None
        self.steps = 0

    def update(self, stamp_ns: int, measured: Measurement | None, reason: str = "") -> RewardStep:
        """The reward of the next frame.

        Args:
            stamp_ns: of the image.
            measured: distance of gripper and target, or None when it cannot be measured.
            reason: why it cannot.
        """
        if self._began_ns is None:
            self._began_ns = stamp_ns
        step, elapsed_s = self.steps, (stamp_ns - self._began_ns) / 1e9
        self.steps += 1
        if measured is not None:
            self._last = self._measured(step, elapsed_s, measured)
        elif self._last is None:
            return RewardStep(step, elapsed_s, reason=reason)
        else:
            last = self._last
            return RewardStep(
                step,
                elapsed_s,
                True,
                True,
                reason,
                last.reward,
                last.progress,
                last.success,
                last.distance_m,
                last.lower_m,
                last.upper_m,
                last.terms,
            )
        return self._last

    def _measured(self, step: int, elapsed_s: float, measured: Measurement) -> RewardStep:
        distance_m = measured.value
        if self._start_m is None:
            self._start_m = distance_m
        span_m = max(_LEAST_SPAN_M, self._start_m - self._success_m)
        progress = min(1.0, max(0.0, (self._start_m - distance_m) / span_m))
        was_done = self._last is not None and self._last.success
        outer_m = self._success_m + self._hysteresis_m
        if was_done:
            success = distance_m <= outer_m
        else:
            success = distance_m <= self._success_m and measured.upper <= outer_m
        terms = {"distance": -distance_m, "success": SUCCESS_BONUS * success}
        return RewardStep(
            step,
            elapsed_s,
            True,
            False,
            "",
            sum(terms.values()),
            1.0 if success else progress,
            success,
            distance_m,
            measured.lower,
            measured.upper,
            terms,
        )
