"""Up and down again and again: in one process, and as whole bring-ups."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.lifecycle import TransitionCallbackReturn

from deepsight_ros.msg import Scene
from deepsight_ros.nodes.benchmark_lifecycle import left_behind, mapped_segments, shared_files
from deepsight_ros.nodes.camera_output import PackedFrame
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.perception import PerceptionNode
from deepsight_ros.nodes.process_meter import usage
from deepsight_ros.nodes.settings import PerceptionSettings
from deepsight_ros.srv import SpatialQuery
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness, participants
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.ros
GOOD = TransitionCallbackReturn.SUCCESS
CYCLES = 100


def test_a_hundred_cycles_in_one_process(run_nodes: Any, feed: Feed, packed: PackedFrame) -> None:
    """Every node, with a frame now and then; no thread, entity or memory is left over."""
    nodes = run_nodes(make_graph)

    def cycle(count: int) -> None:
        for number in range(count):
            if number % 10 == 0:
                feed.send(packed)
            for node in nodes:
                assert node.trigger_deactivate() == GOOD
                assert node.trigger_cleanup() == GOOD
            for node in nodes:
                assert node.trigger_configure() == GOOD
                assert node.trigger_activate() == GOOD

    cycle(5)
    gc.collect()
    threads, entities = threading.active_count(), _entities(nodes)
    before_bytes = usage(os.getpid()).rss_bytes
    cycle(CYCLES - 5)
    gc.collect()
    assert threading.active_count() == threads
    assert _entities(nodes) == entities
    assert usage(os.getpid()).rss_bytes - before_bytes < 60 * 2**20
    assert not [f for node in nodes for f in node.fault_log.faults() if "internal" in f.cause]


def _entities(nodes: list[Any]) -> list[tuple[int, ...]]:
    return [
        (
            len(list(node.subscriptions)),
            len(list(node.publishers)),
            len(list(node.services)),
            len(list(node.timers)),
            len(list(node.waitables)),
        )
        for node in nodes
    ]


def test_transitions_by_service_stop_and_start_the_output(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    run_nodes(PerceptionNode)
    scenes = ros.collect(Scene, "scene")

    def change(transition: int) -> bool:
        request = ChangeState.Request(transition=Transition(id=transition))
        return bool(ros.call(ChangeState, "perception/change_state", request).success)

    def state() -> str:
        response = ros.call(GetState, "perception/get_state", GetState.Request())
        return str(response.current_state.label)

    feed.wait_for_subscribers()
    feed.send_until(packed, lambda: scenes)
    assert change(Transition.TRANSITION_DEACTIVATE)
    assert state() == "inactive"
    ros.wait_for(lambda: not feed.output._depth.get_subscription_count())
    assert change(Transition.TRANSITION_ACTIVATE)
    scenes.clear()
    feed.send_until(packed, lambda: scenes)
    assert scenes[0].sequence == 1
    assert state() == "active"


def test_without_autostart_a_node_waits_to_be_configured(ros: RosHarness, run_nodes: Any) -> None:
    (node,) = run_nodes(PerceptionNode, autostart=False)
    response = ros.call(GetState, "perception/get_state", GetState.Request())
    assert response.current_state.label == "unconfigured"
    assert not node.is_active


def test_a_transition_that_fails_says_why_and_leaves_nothing(
    ros: RosHarness, run_nodes: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    (node,) = run_nodes(PerceptionNode, autostart=False)

    def fail(*_: object) -> None:
        raise RuntimeError("no more cameras")

    monkeypatch.setattr("deepsight_ros.nodes.perception.Vision", fail)
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    monkeypatch.undo()
    assert "no more cameras" in capfd.readouterr().err
    assert node.trigger_configure() == GOOD
    assert node.trigger_activate() == GOOD


def test_a_bad_parameter_file_value_stops_the_node_with_the_reason(ros: RosHarness) -> None:
    from rclpy.parameter import Parameter

    from deepsight_ros.errors import InvalidValueError

    overrides = [Parameter("depth_transport", value="pigeon")]
    with pytest.raises(InvalidValueError, match=r"depth_transport.*pigeon.*raw"):
        PerceptionNode(context=ros.context, parameter_overrides=overrides)
    assert PerceptionSettings().depth_transport == "auto"


def test_a_closed_node_leaves_no_dds_participant() -> None:
    """At once, not when garbage is collected: rclpy's state machines hold it until then."""
    before = participants()
    gc.disable()
    try:
        with RosHarness() as ros:
            if participants() == before:
                pytest.skip("counts the threads of Fast DDS, which is not the middleware here")
            PerceptionNode(context=ros.context).close()
        assert participants() == before
    finally:
        gc.enable()


@pytest.mark.slow
def test_three_whole_bringups_leave_nothing(bringup: Callable[..., Any], ros: RosHarness) -> None:
    """Processes as a user starts them; after each no process and no shared memory is left."""
    before = shared_files()
    for _ in range(3):
        runner = bringup("source:=sim", "log_level:=warn")
        with SpatialClient(context=ros.context) as client:
            client.wait_for_service(SpatialQuery, "ask", PATIENCE_S)
            answer = client.ask("how many objects are there?", timeout_s=PATIENCE_S)
            assert answer.status_name == "OK", answer.error
        children = list(runner._running.values())
        pids = [child.pid for child in children]
        assert len(pids) == 2
        segments = mapped_segments(pids)
        began_s = time.monotonic()
        runner.stop()
        assert time.monotonic() - began_s < 5.0  # asked once, not killed
        assert [child.returncode for child in children] == [0, 0]  # SIGINT is a clean end
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        assert segments, "the graph was seen to use shared memory"
        assert not left_behind(segments) - before
