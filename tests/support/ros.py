"""A ROS context of a test: nodes, an executor in a thread, and calls with deadlines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node


class RosHarness:
    """Everything made through it is gone when the test ends.

    Attributes:
        context: of every node of the test; pass it on to nodes the test makes itself.
        node: a plain node to make clients, publishers and subscriptions with.
    """

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self._executor = MultiThreadedExecutor(num_threads=4, context=self.context)
        self._nodes: list[Any] = []
        self._thread = threading.Thread(target=self._spin, name="ros-harness")
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
        self._executor.shutdown(timeout_sec=5.0)
        for node in reversed(self._nodes):
            node.destroy_node()
        self.context.try_shutdown()
        self._thread.join(10.0)
        assert not self._thread.is_alive(), "the executor did not stop"

    def add(self, node: Any) -> Any:
        """Spin a node made with ``context``; it is destroyed with the harness."""
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def wait_for(
        self, condition: Callable[[], Any], timeout_s: float = 10.0, what: str = ""
    ) -> Any:
        """Wait until the condition holds and return its value; AssertionError names ``what``."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > deadline_s:
                raise AssertionError(f"not within {timeout_s} s: {what or condition}")
            time.sleep(0.01)

    def collect(self, kind: type, topic: str, qos: Any = 10) -> list[Any]:
        """Subscribe; the list returned grows with every message."""
        messages: list[Any] = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def call(self, kind: Any, name: str, request: Any, timeout_s: float = 10.0) -> Any:
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
        try:
            self._executor.spin()
        except ExternalShutdownException:
            pass  # a node of the test shut the context down
