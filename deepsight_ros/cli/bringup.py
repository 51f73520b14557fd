"""``deepsight bringup`` and ``deepsight play``: the graph where ``ros2 launch`` is missing.

Takes the arguments of launch/bringup.launch.py and launch/replay.launch.py in the same form.
"""

from __future__ import annotations

import signal
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from deepsight_ros.errors import DeepsightError
from deepsight_ros.nodes.bringup_arguments import ARGUMENTS, REPLAY_ARGUMENTS, Argument, parse
from deepsight_ros.nodes.bringup_plan import Plan, make_plan
from deepsight_ros.nodes.bringup_runner import Runner, command_line

Arguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME:=VALUE]...", help="As for ros2 launch; see --show-args."),
]
ShowArgs = Annotated[bool, typer.Option("--show-args", "-s", help="List the arguments and exit.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the commands and exit.")]


def bringup(
    arguments: Arguments = None, show_args: ShowArgs = False, dry_run: DryRun = False
) -> None:
    """Start the graph and keep it running until Ctrl-C."""
    _carry_out(arguments or [], ARGUMENTS, show_args, dry_run)


def play(
    path: Annotated[str, typer.Argument(help="Bag or folder of images to play.")] = "",
    arguments: Arguments = None,
    show_args: ShowArgs = False,
    dry_run: DryRun = False,
) -> None:
    """Play a bag or a folder of images through the graph, on the recording's clock."""
    given = list(arguments or [])
    if ":=" in path:
        given.append(path)
    elif path:
        given.append(f"path:={path}")
    _carry_out(given, REPLAY_ARGUMENTS, show_args, dry_run)


def _carry_out(
    given: list[str], known: tuple[Argument, ...], show_args: bool, dry_run: bool
) -> None:
    if show_args:
        typer.echo(describe(known))
        return
    try:
        plan = make_plan(parse(given, known))
        if dry_run:
            typer.echo(commands(plan))
            return
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with Runner(plan) as runner:
            code = runner.wait(stop)
    except DeepsightError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    raise typer.Exit(code)


def describe(known: tuple[Argument, ...]) -> str:
    """The arguments as text, one after the other."""
    lines = []
    for argument in known:
        choices = f"  one of: {', '.join(c or '(empty)' for c in argument.choices)}"
        lines.append(f"{argument.name}:={argument.default}")
        lines.append(f"    {argument.description}")
        lines += [f"  {choices}"] if argument.choices else []
    return "\n".join(lines)


def commands(plan: Plan) -> str:
    """What would be started, as shell text with the parameters as comments."""
    lines = [f"export {name}={value}" for name, value in plan.environment.items()]
    with tempfile.TemporaryDirectory() as folder:
        for process in plan.processes:
            lines.append(" ".join(command_line(plan, process, Path(folder))))
            for node, parameters in process.parameters.items():
                lines += [f"#   {node} {name}: {value}" for name, value in parameters.items()]
    return "\n".join(lines)
