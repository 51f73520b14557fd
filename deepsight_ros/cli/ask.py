"""``deepsight ask``: one question about a scene file, answered from its solids or as if seen."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepsight_ros.errors import DeepsightError

if TYPE_CHECKING:
    from deepsight_ros.scene.answer import Answer
    from deepsight_ros.scene.objects import Scene


def ask(
    question: Annotated[str, typer.Argument(help="In English or Japanese.")],
    scene: Annotated[Path, typer.Option(help="Scene file (JSON); docs/scene_file.md.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
    units: Annotated[
        str, typer.Option(help="metric or imperial, when the question names no unit.")
    ] = "metric",
    render: Annotated[
        bool,
        typer.Option(
            "--render", help="Render the scene with sensor noise, perceive it, measure as if live."
        ),
    ] = False,
) -> None:
    """Ask about a scene file; exits 2 when the file is no scene."""
    from deepsight_ros.questions.answering import answer

    if units not in ("metric", "imperial"):
        typer.echo(f"error: --units: got '{units}', expected metric or imperial", err=True)
        raise typer.Exit(2)
    try:
        loaded = load(scene, render=render)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    made = answer(question, loaded, units=units)
    if as_json:
        typer.echo(json.dumps(as_dict(made), ensure_ascii=False))
        return
    typer.echo(made.text if made.status.value == "OK" else f"{made.status.value}: {made.text}")


def load(path: Path, *, render: bool) -> Scene:
    """The scene of a file: its exact solids, or what perception makes of a noisy picture."""
    if render:
        from deepsight_ros.evaluation.rendered import perceive_scene_file

        return perceive_scene_file(path)
    from deepsight_ros.scene.scene_file import load_scene

    return load_scene(path)


def as_dict(made: Answer) -> dict[str, Any]:
    """An answer as JSON values; the interval is in the answer's unit, null for no number."""
    from deepsight_ros.questions.units import si_factor

    interval: list[float | None] | None = None
    bound = None
    if made.unit and made.measurements:
        first, factor = made.measurements[0], si_factor(made.unit)
        ends = (first.lower / factor, first.upper / factor)
        interval = [float(f"{end:.9g}") if math.isfinite(end) else None for end in ends]
        bound = first.bound.value
    return {
        "status": made.status.value,
        "question_type": made.question_type,
        "quantity": made.quantity,
        "object_ids": list(made.object_ids),
        "value": made.value,
        "interval": interval,
        "bound": bound,
        "unit": made.unit,
        "text": made.text,
        "method": made.method.value,
    }
