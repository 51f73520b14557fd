"""Scenes shared out to processes: a function of a scene's number in; results in order out.

With a folder each result is kept there, and a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from deepsight_ros.errors import InvalidValueError

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
        yield from _counted(map(work, range(scenes)), progress)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from _counted(pool.map(work, range(scenes)), progress)


def kept_in(work: Callable[[int], T], folder: Path | None, about: dict[str, Any]) -> Any:
    """``work`` with its results kept in a folder (``work`` itself without one).

    Args:
        work: as in ``over_scenes``.
        folder: made where it is missing; holds one file per scene.
        about: what the results depend on; must be the same for all that a folder holds.

    Raises:
        InvalidValueError: the folder holds results of something else.
    """
    if folder is None:
        return work
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "about.json"
    if note.exists():
        found = json.loads(note.read_text(encoding="utf-8"))
        if found != about:
            raise InvalidValueError(
                f"{folder}: got results of {found}, expected of {about}; name another folder"
            )
    else:
        _write(note, json.dumps(about).encode())
    return partial(_kept, work=work, folder=folder)


def _kept(index: int, *, work: Callable[[int], T], folder: Path) -> T:
    path = folder / f"{index:05d}.pickle"
    if path.exists():
        kept: T = pickle.loads(path.read_bytes())
        return kept
    result = work(index)
    _write(path, pickle.dumps(result))
    return result


def _write(path: Path, content: bytes) -> None:
    scratch = path.with_suffix(".tmp")
    scratch.write_bytes(content)
    scratch.replace(path)


def _counted(results: Iterator[T], progress: Callable[[int], None] | None) -> Iterator[T]:
    for done, result in enumerate(results, start=1):
        if progress is not None:
            progress(done)
        yield result
