"""Scenes shared out to processes: a function of a scene's number in; results in order out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")


def over_scenes(
    work: Callable[[int], T],
    scenes: int,
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> Iterator[T]:
    """``work(0) ... work(scenes - 1)``, in this order whatever the number of processes.

    Args:
        work: picklable; depends on nothing but the number.
        scenes: how many.
        workers: processes; 1 stays in this one.
        progress: called with the number of scenes done.
    """
    if workers <= 1:
        results = map(work, range(scenes))
        yield from _counted(results, progress)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from _counted(pool.map(work, range(scenes)), progress)


def _counted(results: Iterator[T], progress: Callable[[int], None] | None) -> Iterator[T]:
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done)
        yield result
