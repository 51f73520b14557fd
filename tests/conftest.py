"""Shared fixtures. ROS tests get a domain of their own, on this machine only.

The environment is set before anything imports rclpy, so that child processes inherit it too.
"""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepsight_ros.nodes.isolation import free_domain, stay_local
from tests.support.hang_guard import HangGuard
from tests.support.processes import ProcessGuard

if TYPE_CHECKING:
    from deepsight_ros.nodes.bringup_runner import Runner
    from tests.support.ros import RosHarness

ROS_MISSING = ""
try:
    for module in ("rclpy", "deepsight_ros.msg"):
        importlib.import_module(module)
except ImportError as error:
    ROS_MISSING = f"ROS 2 and the built interfaces are needed (make setup): {error}"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(HangGuard(), "hang guard")
    os.environ["ROS_DOMAIN_ID"] = str(free_domain(os.getpid()))
    stay_local()
    os.environ["DEEPSIGHT_MODEL"] = "none"  # a graph of a test loads no model unless it says which
    os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="deepsight_test_log_"))
    if not ROS_MISSING:
        from deepsight_ros.nodes.dds_profile import use_image_profile

        use_image_profile()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not ROS_MISSING:
        return
    needing = {"ros", "bringup"}
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("ros") or needing & fixtures:
            item.add_marker(pytest.mark.skip(reason=ROS_MISSING))


@pytest.fixture
def ros() -> Iterator[RosHarness]:
    """A context, an executor that spins in a thread, and calls with deadlines."""
    from tests.support.ros import RosHarness

    with RosHarness() as harness:
        yield harness


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[ProcessGuard]:
    """Start processes that cannot outlive the test."""
    with ProcessGuard(tmp_path) as guard:
        yield guard


@pytest.fixture
def bringup() -> Iterator[Callable[..., Runner]]:
    """``bringup("source:=sim", ...)`` starts that graph; it ends with the test."""
    from deepsight_ros.nodes.bringup_arguments import parse
    from deepsight_ros.nodes.bringup_plan import make_plan
    from deepsight_ros.nodes.bringup_runner import Runner

    runners: list[Runner] = []

    def start(*arguments: str) -> Runner:
        runner = Runner(make_plan(parse(arguments)))
        runners.append(runner)
        runner.start()
        return runner

    yield start
    for runner in reversed(runners):
        runner.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real frames for smoke tests; the test skips where they are not present."""
    folder = Path(os.environ.get("DEEPSIGHT_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data in {folder}; set DEEPSIGHT_DATA to where it is")
    return folder
