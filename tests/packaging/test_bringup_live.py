"""The real graph: the nodes of the plan run, with the parameters of the plan, and end cleanly."""

from __future__ import annotations

import importlib.util
import shutil
import time

import pytest

from deepsight_ros.nodes.bringup_arguments import parse
from deepsight_ros.nodes.bringup_plan import make_plan

pytest.importorskip("deepsight_ros.questions.answering")
pytestmark = pytest.mark.ros
ARGUMENTS = ["source:=sim", "namespace:=live", "target_frame:=world", "log_level:=warn"]


def check_graph(ros) -> None:
    """Every node of the plan answers, is active, and has the planned parameters."""
    from lifecycle_msgs.msg import State
    from lifecycle_msgs.srv import GetState
    from rcl_interfaces.srv import GetParameters
    from rclpy.parameter import parameter_value_to_python

    plan = make_plan(parse(ARGUMENTS))
    for process in plan.processes:
        for node, parameters in process.parameters.items():

            def is_active(node: str = node) -> bool:
                state = ros.call(GetState, f"{node}/get_state", GetState.Request())
                return state.current_state.id == State.PRIMARY_STATE_ACTIVE

            ros.wait_for(is_active, what=f"{node} active")
            names = sorted(parameters)
            request = GetParameters.Request(names=names)
            response = ros.call(GetParameters, f"{node}/get_parameters", request)
            values = [parameter_value_to_python(value) for value in response.values]
            assert dict(zip(names, values, strict=True)) == parameters, node


def test_deepsight_bringup(bringup, ros) -> None:
    runner = bringup(*ARGUMENTS)
    check_graph(ros)
    assert not runner.has_ended()
    began_s = time.monotonic()
    runner.stop()
    assert time.monotonic() - began_s < 5.0, "the nodes had to be killed"


def test_ros2_launch(processes, ros) -> None:
    ros2 = shutil.which("ros2")
    if ros2 is None or importlib.util.find_spec("launch_ros") is None:
        pytest.skip("launch_ros is not installed here (it is not on PyPI); apt's ROS 2 has it")
    child = processes.start([ros2, "launch", "deepsight_ros", "bringup.launch.py", *ARGUMENTS])
    check_graph(ros)
    assert processes.end(child) == 0, processes.output(child)
