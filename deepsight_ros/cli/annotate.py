"""``deepsight annotate``: a recording and a task in; a reward for every frame, as parquet, out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepsight_ros.errors import DeepsightError, SourceError

if TYPE_CHECKING:
    from deepsight_ros.perception.inputs import Detection
    from deepsight_ros.sources import RgbdSource


def annotate(
    recording: Annotated[Path, typer.Argument(help="Bag or folder of images.")],
    task: Annotated[str, typer.Option(help="In words, or as JSON; docs/tasks.md.")],
    out: Annotated[Path, typer.Option(help="Parquet to write; a plot goes beside it.")] = Path(
        "rewards.parquet"
    ),
    reset_at: Annotated[
        list[float] | None,
        typer.Option(help="Seconds of the recording at which an episode begins; repeatable."),
    ] = None,
    depth_topic: Annotated[str, typer.Option(help="Empty: found by encoding.")] = "",
    color_topic: Annotated[str, typer.Option(help="Empty: found; none: leave colour out.")] = "",
    fixed_frame: Annotated[str, typer.Option(help="TF frame objects are tracked in.")] = "",
    gravity_frame: Annotated[str, typer.Option(help="TF frame whose z is up.")] = "",
    gripper_frame: Annotated[str, typer.Option(help="TF frame of the gripper.")] = "",
    gripper_colour: Annotated[
        str, typer.Option(help="Colour word of the gripper where TF does not know it.")
    ] = "",
    recorded: Annotated[
        bool,
        typer.Option("--recorded", help="The boxes recorded beside the images name things."),
    ] = False,
) -> None:
    """Write a row per frame with the columns robot-learning code reads. Not a safety function."""
    try:
        options = {"depth_topic": depth_topic or None, "colour_topic": color_topic or None}
        frames = (fixed_frame, gravity_frame, gripper_frame)
        counts = _annotate(
            recording, task, out, tuple(reset_at or ()), options, frames, gripper_colour, recorded
        )
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    typer.echo(f"{out} and {_plot_path(out)}")
    typer.echo(counts)


def _annotate(
    recording: Path,
    task: str,
    out: Path,
    resets_s: tuple[float, ...],
    options: dict[str, Any],
    frames: tuple[str, str, str],
    gripper_colour: str,
    recorded: bool,
) -> str:
    from deepsight_ros.evaluation.replay.looking import Frames, Look, Looker
    from deepsight_ros.evaluation.replay.reward_plot import KeyFrames, plot_rewards
    from deepsight_ros.evaluation.replay.rewards import annotator_for
    from deepsight_ros.evaluation.replay.run import Replay
    from deepsight_ros.evaluation.replay.summary import lines_of
    from deepsight_ros.perception.config import PerceptionConfig
    from deepsight_ros.reward.table import write_rewards
    from deepsight_ros.sources import is_bag, open_source

    make = annotator_for(task, fixed_frame=frames[0], resets_s=resets_s)
    source = open_source(recording, **(options if is_bag(recording) else {}))
    config = PerceptionConfig(gripper_colour=gripper_colour)
    looker = Looker(source, Frames(*frames), 0.0, config)
    if recorded:
        looker.names_at = _recorded_boxes(source)
    keys = KeyFrames()

    def annotated(look: Look) -> dict[str, Any]:
        line = make(look)
        keys.offer(look, tuple(line["object_ids"]), line["reward"])
        return line

    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "replay"
        state = Replay(looker, folder, (), annotator=annotated, task=task).run()
        rows = write_rewards(lines_of(folder / "rewards.jsonl"), out, task)
        lines = list(lines_of(folder / "rewards.jsonl"))
    if lines:
        plot_rewards(lines, keys, task, _plot_path(out))
    held = sum(line["held"] for line in lines)
    not_valid = sum(not line["valid"] for line in lines)
    words = (
        f"{rows} frames: {rows - held - not_valid} measured, {held} held, {not_valid} not valid"
    )
    if not_valid:
        words += f" ({next(line['reason'] for line in lines if not line['valid'])})"
    if source.report.skipped_count:
        words += f"; {source.report.summary()}"
    assert state.complete
    return words


def _recorded_boxes(source: RgbdSource) -> Callable[[int], tuple[Detection, ...]]:
    """The boxes of a frame's stamp; what cannot be used of them is said."""
    from deepsight_ros.evaluation.replay.recorded import recorded_in

    found = recorded_in(source)
    for note in found.notes:
        if "detections" in note:
            typer.echo(f"recorded: {note}", err=True)
    if not found.stamps_ns:
        raise SourceError(
            f"{source.name}: got no recorded detections, expected the boxes that `deepsight "
            "record` writes; run without --recorded, and name things by colour, size or place"
        )
    return found.names_at


def _plot_path(out: Path) -> Path:
    return out.with_suffix(".png")
