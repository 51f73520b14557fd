"""The `deepsight` command: a table of commands, each in a small file, imported when asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from deepsight_ros import __version__

COMMANDS: dict[str, str] = {
    "ask": "deepsight_ros.cli.ask:ask",
    "catalogue": "deepsight_ros.cli.catalogue:catalogue",
    "reason": "deepsight_ros.cli.reason:reason",
    "bringup": "deepsight_ros.cli.bringup:bringup",
    "play": "deepsight_ros.cli.bringup:play",
    "replay": "deepsight_ros.cli.replay:replay",
    "demo": "deepsight_ros.cli.demo:demo",
    "doctor": "deepsight_ros.cli.doctor:doctor",
    "view": "deepsight_ros.cli.view:view",
    "synthesize": "deepsight_ros.cli.synthesize_commands:app",
    "audit": "deepsight_ros.cli.audit:audit",
    "annotate": "deepsight_ros.cli.annotate:annotate",
    "record": "deepsight_ros.cli.record:record",
    "benchmark": "deepsight_ros.cli.benchmark:app",
    "train": "deepsight_ros.cli.train_commands:app",
    "world": "deepsight_ros.cli.world:app",
}
"""Command name -> "module:function" or "module:typer app"."""


class LazyGroup(TyperGroup):
    """Imports a command's module only when that command is run or listed."""

    def list_commands(self, ctx: typer.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        module_name, _, attribute = COMMANDS[cmd_name].partition(":")
        try:
            found = getattr(importlib.import_module(module_name), attribute)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("deepsight_ros.cli"):
                raise
            found = _missing(cmd_name, error.name)
        group = found if isinstance(found, typer.Typer) else _alone(cmd_name, found)
        command = typer.main.get_command(group)
        command.name = cmd_name
        return command


def _alone(name: str, function: Callable[..., None]) -> typer.Typer:
    group = typer.Typer(add_completion=False)
    takes_rest = {"allow_extra_args": True, "ignore_unknown_options": True}
    settings = takes_rest if function.__name__ == "needs_package" else None
    group.command(name, context_settings=settings)(function)
    return group


def _missing(name: str, package: str | None) -> Callable[..., None]:
    """A command whose packages are not installed says so when it is run."""

    def needs_package() -> None:
        typer.echo(
            f"deepsight {name} needs the Python package '{package}', which is not installed; "
            "`make setup` in a checkout installs everything, and `deepsight doctor` tells what is "
            "missing",
            err=True,
        )
        raise typer.Exit(1)

    needs_package.__doc__ = f"Not available here: needs the package '{package}'."
    return needs_package


app = typer.Typer(cls=LazyGroup, no_args_is_help=True, add_completion=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"deepsight_ros {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Metric spatial answers from RGB-D cameras."""


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="deepsight")


if __name__ == "__main__":
    sys.exit(main())
