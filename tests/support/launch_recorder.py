"""Stand-in for ``launch`` and ``launch_ros`` that records what a launch file asks for.

It knows only what deepsight_ros/nodes/bringup_launch.py uses, and composes commands as launch_ros
does. Where the real packages are installed they are hidden while it is in use.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

ROOT = Path(__file__).parents[2]
ADAPTER = "deepsight_ros.nodes.bringup_launch"


class _Recorded:
    """Any action: keeps what it was made with."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.args = args
        self.options = options


class DeclareLaunchArgument(_Recorded):
    pass


class OpaqueFunction(_Recorded):
    pass


class SetEnvironmentVariable(_Recorded):
    pass


class Shutdown(_Recorded):
    pass


class LaunchDescription(_Recorded):
    pass


class Node(_Recorded):
    """A node action, with the command that launch_ros makes of it."""

    @property
    def command(self) -> list[str]:
        options = self.options
        command = [f"/lib/{options['package']}/{options['executable']}", *options["arguments"]]
        command += ["--ros-args", *options.get("ros_arguments", ())]
        command += ["-r", f"__ns:={options['namespace']}"]
        for file in options.get("parameters", ()):
            command += ["--params-file", file]
        for source, target in options["remappings"]:
            command += ["-r", f"{source}:={target}"]
        return command

    @property
    def files(self) -> list[str]:
        return [Path(file).read_text() for file in self.options.get("parameters", ())]

    @property
    def ends_launch(self) -> bool:
        return isinstance(self.options.get("on_exit"), Shutdown)


class ExecuteProcess(_Recorded):
    """A plain command."""

    @property
    def command(self) -> list[str]:
        return list(self.options["cmd"])

    @property
    def ends_launch(self) -> bool:
        return isinstance(self.options.get("on_exit"), Shutdown)


@contextlib.contextmanager
def recorded_launch(arguments: list[str], replay: bool = False) -> Iterator[list[Any]]:
    """Evaluate a launch file with ``name:=value`` arguments; the processes it would start."""
    stand_ins = {
        "launch": _module("launch", LaunchContext=object, LaunchDescription=LaunchDescription),
        "launch.actions": _module(
            "launch.actions",
            DeclareLaunchArgument=DeclareLaunchArgument,
            ExecuteProcess=ExecuteProcess,
            OpaqueFunction=OpaqueFunction,
            SetEnvironmentVariable=SetEnvironmentVariable,
            Shutdown=Shutdown,
        ),
        "launch_ros": _module("launch_ros"),
        "launch_ros.actions": _module("launch_ros.actions", Node=Node),
    }
    hidden = {name: sys.modules.get(name) for name in (*stand_ins, ADAPTER)}
    sys.modules.pop(ADAPTER, None)
    sys.modules.update(stand_ins)
    try:
        yield _evaluate("replay" if replay else "bringup", arguments)
    finally:
        for name, module in hidden.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


def _evaluate(name: str, arguments: list[str]) -> list[Any]:
    path = ROOT / "launch" / f"{name}.launch.py"
    spec = importlib.util.spec_from_file_location(f"{name}_launch_file", path)
    assert spec is not None and spec.loader is not None
    file = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(file)
    (actions,) = file.generate_launch_description().args
    declared = [a for a in actions if isinstance(a, DeclareLaunchArgument)]
    values = {a.args[0]: a.options["default_value"] for a in declared}
    assert all(a.options["description"] for a in declared)
    given = dict(text.split(":=", 1) for text in arguments)
    assert given.keys() <= values.keys()
    (function,) = (a for a in actions if isinstance(a, OpaqueFunction))
    context = SimpleNamespace(launch_configurations=values | given)
    started = function.options["function"](context, *function.options["args"])
    return [action for action in started if isinstance(action, Node | ExecuteProcess)]


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(content)
    return module
