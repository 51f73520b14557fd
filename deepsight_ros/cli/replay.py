"""``deepsight replay``: a recording and questions in; answers, scores and an HTML report out."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepsight_ros.errors import DeepsightError

if TYPE_CHECKING:
    from deepsight_ros.evaluation.replay.run import Replay, State


def replay(
    recording: Annotated[
        Path | None,
        typer.Argument(help="Bag (rosbag2 or ROS 1) or folder of images.", show_default=False),
    ] = None,
    questions: Annotated[
        Path | None, typer.Option(help="One per line, or JSON lines; docs/tasks.md.")
    ] = None,
    truth: Annotated[Path | None, typer.Option(help="JSON lines of what is right.")] = None,
    task: Annotated[str, typer.Option(help="Also annotate the rewards of this task.")] = "",
    report: Annotated[Path, typer.Option(help="Folder to write.")] = Path("out/replay"),
    rate: Annotated[
        float, typer.Option(help="Perceived frames per second of the recording; 0: every frame.")
    ] = 5.0,
    recorded: Annotated[
        bool,
        typer.Option(
            "--recorded",
            help="Use what the live graph recorded beside the images: detections name things, "
            "its questions are asked again of their frames and compared with its answers.",
        ),
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped run.")] = False,
    depth_topic: Annotated[str, typer.Option(help="Empty: found by encoding.")] = "",
    color_topic: Annotated[str, typer.Option(help="Empty: found; none: leave colour out.")] = "",
    fixed_frame: Annotated[str, typer.Option(help="TF frame objects are tracked in.")] = "",
    gravity_frame: Annotated[
        str, typer.Option(help="TF frame whose z is up; empty: fixed frame.")
    ] = "",
    gripper_frame: Annotated[str, typer.Option(help="TF frame of the gripper.")] = "",
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Two summary.json: say what got worse, exit 1 if anything did."),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="How much a share may fall in --compare.")
    ] = 0.0,
) -> None:
    """Walk a recording through the rooms of the live graph and report.

    Exits 0 when the whole recording was read, 1 when only part of it could be (the report says
    why), 2 when nothing could, 130 after Ctrl-C (what was done is kept).
    """
    try:
        if compare is not None:
            raise typer.Exit(_compare(compare, tolerance))
        if recording is None:
            typer.echo("error: got no recording, expected a bag or a folder of images", err=True)
            raise typer.Exit(2)
        options = {"depth_topic": depth_topic or None, "colour_topic": color_topic or None}
        frames = (fixed_frame, gravity_frame, gripper_frame)
        made = _prepared(recording, questions, truth, task, report, rate, options, frames)
        if recorded:
            made = _with_recorded(made, asked=questions is not None)
        raise typer.Exit(_run(made, recording, resume))
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error


def _prepared(
    recording: Path,
    questions: Path | None,
    truth: Path | None,
    task: str,
    report: Path,
    rate_hz: float,
    options: dict[str, Any],
    frames: tuple[str, str, str],
) -> Replay:
    from deepsight_ros.evaluation.replay.looking import Frames, Looker
    from deepsight_ros.evaluation.replay.rewards import annotator_for
    from deepsight_ros.evaluation.replay.run import Replay
    from deepsight_ros.evaluation.replay.script import load_questions, load_truths
    from deepsight_ros.sources import is_bag, open_source

    asks, truths = load_questions(questions), load_truths(truth)
    source = open_source(recording, **(options if is_bag(recording) else {}))
    annotator = annotator_for(task, fixed_frame=frames[0]) if task else None
    looker = Looker(source, Frames(*frames), rate_hz)
    return Replay(looker, report, asks, truths, annotator, task)


def _with_recorded(made: Replay, *, asked: bool) -> Replay:
    """The replay with what was recorded beside the images; ``asked``: and its own questions."""
    from dataclasses import replace

    from deepsight_ros.evaluation.replay.recorded import recorded_in

    found = recorded_in(made.looker.source)
    for note in found.notes:
        typer.echo(f"recorded: {note}", err=True)
    made.looker.names_at, made.looker.also_ns = found.names_at, found.asked_at()
    own = made.asks if asked or not found.asks else ()
    return replace(made, asks=(*own, *found.asks), recorded=found)


def _run(made: Replay, recording: Path, resume: bool) -> int:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from deepsight_ros.evaluation.replay.run import Interrupted

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    stopped = False
    with Progress(*columns, console=console, transient=True) as bar, _CtrlC() as stop:
        task = bar.add_task("opening the recording", total=None)
        made.stop = stop
        made.progress = lambda t_s: bar.update(task, description=f"{t_s:.1f} s of the recording")
        try:
            state = made.run(resume=resume)
        except Interrupted:
            stopped = True
            state = _state(made.out)
    path = _write_report(made, state)
    typer.echo(f"{path}")
    for line in _spoken(made.out):
        typer.echo(line)
    if stopped:
        typer.echo(
            f"stopped; go on with: deepsight replay {recording} --report {made.out} --resume "
            "(and the other options as before)",
            err=True,
        )
        return 130
    return 0 if state.frames and not made.looker.source.report.skipped_count else 1


def _write_report(made: Replay, state: State) -> Path:
    from deepsight_ros.evaluation.replay.page import write_page
    from deepsight_ros.evaluation.replay.summary import summarise
    from deepsight_ros.files import write_json

    summary = summarise(made.out, state, made.looker, made.task)
    write_json(made.out / "summary.json", summary)
    timing = json.loads((made.out / "timing.json").read_text(encoding="utf-8"))
    return write_page(made.out, summary, timing, state)


def _spoken(out: Path) -> list[str]:
    """A few lines for the terminal."""
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    timing = json.loads((out / "timing.json").read_text(encoding="utf-8"))
    everything, source = summary["all"], summary["source"]
    lines = [
        f"{summary['frames']} frames perceived, {everything['asked']} questions asked, "
        f"{everything['statuses'].get('OK', 0)} answered; {timing['wall_s']:.1f} s"
    ]
    if timing["recording_s"] > 1:
        lines[0] += f" ({timing['times_real_time']:g} times real time)"
    if "right" in everything:
        right = everything["right"]
        lines.append(
            f"right: {100 * right['value']:.1f} % [{100 * right['lower']:.1f}, "
            f"{100 * right['upper']:.1f}] of {right['count']}"
        )
    if summary["recorded"] is not None:
        again = summary["recorded"]
        lines.append(
            f"{100 * again['agree']['value']:.1f} % of {again['asked_again']} recorded answers "
            "are the same within 10 % or 1 cm"
        )
    if source["skipped"]:
        lines.append(f"{source['skipped']} messages skipped: {source['first_skipped'][0]}")
    return lines


def _state(out: Path) -> State:
    from deepsight_ros.evaluation.replay.run import State

    return State(**json.loads((out / "state.json").read_text(encoding="utf-8")))


def _compare(paths: tuple[Path, Path], tolerance: float) -> int:
    from deepsight_ros.evaluation.replay.compare import compare, load_summary

    changes = compare(load_summary(paths[0]), load_summary(paths[1]), tolerance)
    for change in changes:
        typer.echo(change.as_text())
    return int(any(change.is_worse for change in changes))


class _CtrlC:
    """Within it the first Ctrl-C only asks to stop; a second one ends the process at once."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        return self._asked

    def __enter__(self) -> Callable[[], bool]:
        self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _on_signal(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
