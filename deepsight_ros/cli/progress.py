"""The progress bar of long runs: done, rate, time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class RateColumn(ProgressColumn):
    """Units per second of the last while; nothing for bars without a unit."""

    def render(self, task: Task) -> Text:
        speed, unit = task.finished_speed or task.speed, task.fields.get("unit", "")
        return Text("" if speed is None or not unit else f"{speed:.1f} {unit}/s")


@dataclass(frozen=True)
class Bar:
    """A bar that is on the screen."""

    _progress: Progress
    _task: TaskID

    def advance(self, done: int) -> None:
        """So many more are done."""
        self._progress.advance(self._task, done)

    def reach(self, done: int, title: str | None = None) -> None:
        """So many are done in all; a title replaces what stands before the bar."""
        self._progress.update(self._task, completed=done, description=title)


@contextmanager
def work_bar(console: Console, title: str, total: int, unit: str = "") -> Iterator[Bar]:
    """A bar over ``total`` pieces of work, with their rate where they have a unit."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        yield Bar(progress, progress.add_task(title, total=total, unit=unit))


@contextmanager
def images_bar(console: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar over ``total`` images; call what it gives with how many more are done."""
    with work_bar(console, title, total, "images") as bar:
        yield bar.advance
