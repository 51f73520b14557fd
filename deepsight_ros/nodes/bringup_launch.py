"""A bring-up plan as a launch description. The only module that imports ``launch``."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch_ros.actions import Node

from deepsight_ros.nodes.bringup_arguments import ARGUMENTS, REPLAY_ARGUMENTS
from deepsight_ros.nodes.bringup_plan import (
    BAG_PACKAGE,
    Plan,
    Process,
    make_plan,
    parameter_folder,
)
from deepsight_ros.nodes.bringup_runner import RESPAWN_DELAY_S


def launch_description(replay: bool) -> LaunchDescription:
    """Every argument declared and described, then the plan made from their values."""
    arguments = REPLAY_ARGUMENTS if replay else ARGUMENTS
    names = [argument.name for argument in arguments]
    declared = []
    for argument in arguments:
        choices = {"choices": list(argument.choices)} if argument.choices else {}
        declared.append(
            DeclareLaunchArgument(
                argument.name,
                default_value=argument.default,
                description=argument.description,
                **choices,
            )
        )
    return LaunchDescription([*declared, OpaqueFunction(function=_start, args=[names])])


def _start(context: LaunchContext, names: list[str]) -> list[Any]:
    configured = context.launch_configurations
    plan = make_plan(
        {name: configured[name] for name in names},
        outer_namespace=configured.get("ros_namespace", ""),
    )
    return launch_actions(plan)


def launch_actions(plan: Plan) -> list[Any]:
    """The plan's environment and processes as launch actions."""
    folder = parameter_folder()
    atexit.register(folder.cleanup)  # the files must outlive a respawn, not the launch
    actions: list[Any] = [SetEnvironmentVariable(n, v) for n, v in plan.environment.items()]
    actions += [_action(plan, process, Path(folder.name)) for process in plan.processes]
    return actions


def _action(plan: Plan, process: Process, folder: Path) -> Any:
    options: dict[str, Any] = {}
    if process.is_required:
        options["on_exit"] = Shutdown(reason=f"{process.executable} has ended")
    if process.package == BAG_PACKAGE:
        command = [process.executable, *process.arguments]
        return ExecuteProcess(cmd=command, output="screen", emulate_tty=True, **options)
    if process.package == "deepsight_ros":
        options["namespace"] = plan.namespace
        options["ros_arguments"] = ["--log-level", plan.log_level]
    if process.parameters:
        options["parameters"] = [str(process.write_parameters(folder))]
    if process.respawn:
        options.update(respawn=True, respawn_delay=RESPAWN_DELAY_S)
    return Node(
        package=process.package,
        executable=process.executable,
        remappings=list(process.remappings),
        arguments=list(process.arguments),
        output="screen",
        emulate_tty=True,
        **options,
    )
