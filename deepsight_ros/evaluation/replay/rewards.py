"""A task in, what makes a line of rewards.jsonl from every look of a replay, out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from deepsight_ros.evaluation.replay.looking import Look
from deepsight_ros.reward.annotator import Annotator
from deepsight_ros.reward.episode import RewardStep
from deepsight_ros.reward.tasks import parse_task

GAP_S = 2.0
"""A hole in the recording at least this long ends an episode, and so does a clock that goes back;
the thing may stand elsewhere after it."""


def annotator_for(
    text: str,
    *,
    fixed_frame: str = "",
    resets_s: tuple[float, ...] = (),
) -> Callable[[Look], dict[str, Any]]:
    """Rewards of a task, episode after episode, named "0", "1" ...

    Args:
        text: of the task; words or JSON.
        fixed_frame: as in ``Frames.fixed``.
        resets_s: seconds of the recording at which an episode begins, beside the first frame.

    Raises:
        InvalidValueError: the task cannot be measured.
    """
    task = parse_task(text)
    made: Annotator | None = None
    before_s = -math.inf

    def annotate(look: Look) -> dict[str, Any]:
        nonlocal made, before_s
        if made is None:
            made = Annotator(task)
        elif any(before_s < at <= look.t_s for at in resets_s) or not (
            0 <= look.t_s - before_s < GAP_S
        ):
            made.reset(str(int(made.episode_id) + 1))
        before_s = look.t_s
        pose = look.poses.get(fixed_frame)
        step = made.annotate(look.frame.stamp_ns, look.scene, pose)
        return reward_line(step, made, look)

    return annotate


def reward_line(step: RewardStep, made: Annotator, look: Look) -> dict[str, Any]:
    """One line of rewards.jsonl; NaN becomes null."""
    return {
        "stamp_ns": look.frame.stamp_ns,
        "t_s": round(look.t_s, 6),
        "episode_id": made.episode_id,
        "step": step.step,
        "valid": step.valid,
        "held": step.held,
        "reason": step.reason,
        "reward": _plain(step.reward),
        "progress": _plain(step.progress),
        "success": step.success,
        "distance_m": _plain(step.distance_m),
        "lower_m": _plain(step.lower_m),
        "upper_m": _plain(step.upper_m),
        "terms": {name: _plain(value) for name, value in step.terms.items()},
        "object_ids": list(made.reader.object_ids),
    }


def _plain(value: float) -> float | None:
    return float(f"{value:.9g}") if math.isfinite(value) else None
