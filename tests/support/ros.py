"""A ROS context of a test: nodes, an executor in a thread, and calls with deadlines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

from deepsight_ros.nodes.spinning import settle
from tests.support.waiting import PATIENCE_S, wait_until


class RosHarness:
    """Everything made through it is gone when the test ends, its DDS participant too.

    Participants that are left to the garbage collector pile up in one process, where they talk to
    each other and are deleted all at once, in the middle of a later test.

    Attributes:
        context: of every node of the test; pass it on to nodes the test makes itself.
        node: a plain node to make clients, publishers and subscriptions with.
    """

    def __init__(self) -> None:
        self._participants_before = participants()
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Any] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spin, name="ros-harness", daemon=True)
        self.node: Node = self.add(Node("test_harness", context=self.context))

    def __enter__(self) -> RosHarness:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The thread ends before anything it may wait for is destroyed. Executor.shutdown alone
        # does not see to that: rclpy destroys the condition that wakes the thread, which then
        # waits for ever if it was just about to wait (ros2/rclpy#968).
        self._stop.set()
        self._executor.wake()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "a callback does not return"
        self._executor.shutdown()
        if self.context.ok() and len(self.node.get_node_names()) > len(self._nodes):
            settle(self.node)  # other processes are about
        for node in reversed(self._nodes):
            node.destroy_node()
        self.context.try_shutdown()
        left = participants() - self._participants_before
        assert error or left <= 0, "something of a node was not destroyed: its participant lives"

    def add(self, node: Any) -> Any:
        """Spin a node made with ``context``; it is destroyed with the harness."""
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def wait_for(
        self, condition: Callable[[], Any], timeout_s: float = PATIENCE_S, what: str = ""
    ) -> Any:
        """Wait until the condition holds and return its value; AssertionError names ``what``."""
        return wait_until(condition, what, timeout_s)

    def collect(self, kind: type, topic: str, qos: Any = 10) -> list[Any]:
        """Subscribe; the list returned grows with every message."""
        messages: list[Any] = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def call(self, kind: Any, name: str, request: Any, timeout_s: float = PATIENCE_S) -> Any:
        """Call a service once it is there; the response."""
        client = self.node.create_client(kind, name)
        try:
            assert client.wait_for_service(timeout_s), f"no service {name} within {timeout_s} s"
            future = client.call_async(request)
            self.wait_for(future.done, timeout_s, f"response of {name}")
            return future.result()
        finally:
            self.node.destroy_client(client)

    def _spin(self) -> None:
        while not self._stop.is_set() and self.context.ok():
            try:
                self._executor.spin_once(timeout_sec=0.5)
            except ExternalShutdownException:
                return  # a node of the test shut the context down


def participants() -> int:
    """DDS participants of this process: Fast DDS has one thread for the timers of each.

    0 with another middleware, whose threads have other names.
    """
    return sum(name.startswith("dds.ev") for name in map(_name, Path("/proc/self/task").iterdir()))


def _name(task: Path) -> str:
    try:
        return (task / "comm").read_text()
    except OSError:
        return ""  # it has just ended
