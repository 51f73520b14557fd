"""Compile what a frame runs through, before the first frame: at installation, and when a node is
configured. Machine code is kept on disk, so that the second time takes half a second.

    python -m deepsight_ros.perception.ready
"""

from __future__ import annotations

import time
from collections.abc import Callable

from deepsight_ros.geometry.compiled import compile_all
from deepsight_ros.perception import alignment, perceiver


def make_ready(is_stopped: Callable[[], bool] = lambda: False) -> float:
    """Compile or load every kernel a ``Perceiver`` and a task's rewards call; how many seconds it
    took. ``is_stopped``: asked between kernels, a second of work each at most; the rest is left
    then."""
    assert perceiver.Perceiver and alignment.align  # importing them has imported every kernel
    began_s = time.perf_counter()
    compile_all(is_stopped)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    print(f"compiled in {make_ready():.1f} s")
