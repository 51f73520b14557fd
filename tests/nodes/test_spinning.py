"""Leaving a graph: not while discovery still tells news, and not for ever."""

from __future__ import annotations

import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

pytest.importorskip("rclpy")

import rclpy
from rclpy.node import Node

from deepsight_ros.nodes import spinning
from deepsight_ros.nodes.spinning import settle


class Graph:
    """What a node knows of a graph in which one more publisher appears at each of some looks."""

    def __init__(self, news: int) -> None:
        self.looks = 0
        self.latest_s = 0.0
        self.context = SimpleNamespace(ok=lambda: True)
        self._news = news

    def get_node_names(self) -> list[str]:
        self.looks += 1
        if self.looks <= self._news:
            self.latest_s = time.monotonic()
        return ["one", "two"]

    def get_service_names_and_types(self) -> list[tuple[str, list[str]]]:
        return [("/one/ask", ["kind"])]

    def get_topic_names_and_types(self) -> list[tuple[str, list[str]]]:
        return [("/scene", ["kind"])]

    def count_publishers(self, _: str) -> int:
        return min(self.looks, self._news)

    def count_subscribers(self, _: str) -> int:
        return 1


def test_it_waits_until_nothing_new_was_heard_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spinning, "QUIET_S", (0.1, 0.1))
    monkeypatch.setattr(spinning, "LONGEST_SETTLE_S", 60.0)
    graph = Graph(news=4)
    settle(graph)  # type: ignore[arg-type]
    assert graph.looks > 4
    assert time.monotonic() - graph.latest_s >= 0.1


def test_a_graph_that_never_rests_is_left_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spinning, "LONGEST_SETTLE_S", 0.1)
    graph = Graph(news=10**9)
    settle(graph)  # type: ignore[arg-type]
    assert graph.looks > 1


def test_a_node_whose_context_is_gone_is_not_asked() -> None:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node("late", context=context)
    context.shutdown()
    settle(node)
    node.destroy_node()


def test_a_signal_while_it_prepares_ends_it_cleanly() -> None:
    program = """
import os, signal, sys
from deepsight_ros.nodes.spinning import run

def prepare(is_stopped):
    assert not is_stopped()
    os.kill(os.getpid(), signal.SIGINT)
    assert is_stopped()

sys.exit(run(lambda: 1 / 0, [], prepare))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
