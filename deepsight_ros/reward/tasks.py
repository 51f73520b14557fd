"""Words in, a task out: what the gripper shall reach, or why the words are no task."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deepsight_ros.errors import InvalidValueError

_ARTICLES = r"(?:the |a |an )?"
_GRIPPER = rf"{_ARTICLES}(?:gripper|hand|end[- ]effector|fingers?|arm|robot)"
_REACH = (
    rf"(?:bring|move|drive|guide|take|send|put) {_GRIPPER} (?:close |near |up |over )?"
    r"(?:to|towards?|at|near|next to|against|onto) (?P<target>.+)",
    r"(?:reach|approach|touch|go|get|move)(?: (?:for|out for|to|towards?|up to|close to|near))? "
    r"(?P<target>.+)",
)


@dataclass(frozen=True)
class ReachTask:
    """Bring the gripper to an object.

    Attributes:
        text: as it was set.
        target: words that name the object, or "<regionN>".
    """

    text: str
    target: str


def parse_task(text: str) -> ReachTask:
    """The task that words mean.

    Raises:
        InvalidValueError: the words are no task this build knows; says which it knows.
    """
    plain = " ".join(text.strip().rstrip(".!").split())
    for pattern in _REACH:
        match = re.fullmatch(pattern, plain, flags=re.IGNORECASE)
        if match:
            return ReachTask(text, match["target"])
    raise InvalidValueError(
        f"task: got '{text[:200]}', expected e.g. 'bring the gripper to the bottle' or "
        "'reach <region0>'"
    )
