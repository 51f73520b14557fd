"""``deepsight reason``: a task of several questions about a scene file, step by step."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deepsight_ros.cli.ask import as_dict, load
from deepsight_ros.errors import DeepsightError

if TYPE_CHECKING:
    from deepsight_ros.reasoning.values import Reasoned, Step


def reason(
    task: Annotated[str, typer.Argument(help="What to find out, in words.")],
    scene: Annotated[Path, typer.Option(help="Scene file (JSON); docs/scene_file.md.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the conclusion and every step as JSON.")
    ] = False,
    render: Annotated[
        bool, typer.Option("--render", help="Render with sensor noise, perceive, then reason.")
    ] = False,
    units: Annotated[str, typer.Option(help="metric or imperial.")] = "metric",
    planner_name: Annotated[str, typer.Option("--planner", help="embedded or chat.")] = "embedded",
    address: Annotated[str, typer.Option(help="Chat endpoint; else DEEPSIGHT_CHAT_ADDRESS.")] = "",
    model: Annotated[str, typer.Option(help="Its model; else DEEPSIGHT_CHAT_MODEL.")] = "",
    key_variable: Annotated[
        str, typer.Option(help="Environment variable that holds its key.")
    ] = "DEEPSIGHT_CHAT_KEY",
    max_steps: Annotated[int, typer.Option(min=1, help="Most questions.")] = 64,
    deadline_s: Annotated[float, typer.Option(min=0.01, help="Seconds.")] = 60.0,
    picture: Annotated[Path | None, typer.Option(help="Plan view of the result (PNG).")] = None,
) -> None:
    """Work out a task; exits 1 when there is no conclusion, 2 for bad arguments."""
    from deepsight_ros.reasoning.choice import planner
    from deepsight_ros.reasoning.reasoning import reason as work_out

    if units not in ("metric", "imperial"):
        typer.echo(f"error: --units: got '{units}', expected metric or imperial", err=True)
        raise typer.Exit(2)
    try:
        chosen = planner(planner_name, address=address, model=model, key_variable=key_variable)
        loaded = load(scene, render=render)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error

    def show(step: Step) -> None:
        if not as_json:
            typer.echo(f"{step.number:3}. {step.question} {step.answer.text}")

    made = work_out(
        task,
        loaded,
        chosen,
        units=units,
        max_steps=max_steps,
        deadline_s=time.monotonic() + deadline_s,
        on_step=show,
    )
    if picture is not None:
        from deepsight_ros.cli.reason_picture import save_picture

        save_picture(loaded, made, picture)
    if as_json:
        typer.echo(json.dumps(reasoned_as_dict(made), ensure_ascii=False))
    else:
        status = made.answer.status.value
        typer.echo(made.answer.text if status == "OK" else f"{status}: {made.answer.text}")
    if made.answer.status.value != "OK":
        raise typer.Exit(1)


def reasoned_as_dict(made: Reasoned) -> dict[str, Any]:
    """Conclusion and steps as JSON values; the result in SI."""
    result = made.answer.measurements[0] if made.answer.measurements else None
    return {
        **as_dict(made.answer),
        "outcome": made.decision.value,
        "family": made.family,
        "result": None
        if result is None
        else {
            "quantity": result.quantity,
            "value": result.value,
            "lower": _finite(result.lower),
            "upper": _finite(result.upper),
            "unit": result.unit,
        },
        "steps": [
            {"question": s.question, "conclusion": s.conclusion, **as_dict(s.answer)}
            for s in made.steps
        ],
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
