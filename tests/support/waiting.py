"""How long tests wait for what must happen: one number, and one loop.

A deadline is no claim about time: it costs nothing where things work, and one that a loaded
machine misses tells nothing. Claims about time are in ``deepsight benchmark``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""For one thing: a hundred times what it takes, and well below the limit of a test."""


def wait_until(
    condition: Callable[[], T], what: str = "", timeout_s: float = PATIENCE_S, step_s: float = 0.01
) -> T:
    """Wait until the condition holds and return its value; AssertionError names ``what``."""
    deadline_s = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline_s, f"not within {timeout_s} s: {what or condition}"
        time.sleep(step_s)
    return value
