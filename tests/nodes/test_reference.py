"""docs/nodes.md says what the nodes are: parameters from the code, endpoints as they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rclpy.action import get_action_server_names_and_types_by_node

from deepsight_ros.nodes.graph import make_graph
from deepsight_ros.nodes.reference import NODES, Endpoint, markdown
from deepsight_ros.nodes.reward_annotator import RewardAnnotatorNode
from deepsight_ros.nodes.sim_camera import SimCameraNode
from deepsight_ros.nodes.spatial_query import SpatialQueryNode
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros
OF_ROS = ("/rosout", "/parameter_events")
LIFECYCLE = ("change_state", "get_state", "get_available", "get_transition", "transition_event")
REFERENCE = {node.name: node for node in NODES}


def test_the_page_is_made_from_the_code() -> None:
    page = Path(__file__).parents[2] / "docs" / "nodes.md"
    assert page.read_text(encoding="utf-8") == markdown(), (
        "run: python -m deepsight_ros.nodes.reference > docs/nodes.md"
    )


def endpoints(found: list[tuple[str, list[str]]], node: str) -> set[tuple[str, str]]:
    """(name, type) of what is ours."""
    return {
        (name, types[0])
        for name, types in found
        if name not in OF_ROS
        and "/_action/" not in name
        and not name.startswith(f"/{node}/")
        and not any(word in name for word in LIFECYCLE)
    }


def expected(listed: tuple[Endpoint, ...]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Those that must be there, and all that may."""
    every = {("/" + e.name.lstrip("/"), e.type_name) for e in listed}
    sure = {("/" + e.name.lstrip("/"), e.type_name) for e in listed if not e.optional}
    return sure, every


def compare(ros: RosHarness, node: Any, name: str) -> None:
    listed = REFERENCE[name]
    spy = ros.node

    def published() -> set[tuple[str, str]]:
        found = spy.get_publisher_names_and_types_by_node(name, "/")
        return endpoints(found, name)

    def subscribed() -> set[tuple[str, str]]:
        found = spy.get_subscriber_names_and_types_by_node(name, "/")
        return endpoints(found, name) - clock()

    def served() -> set[tuple[str, str]]:
        return endpoints(spy.get_service_names_and_types_by_node(name, "/"), name)

    def acted() -> set[tuple[str, str]]:
        return {(n, t[0]) for n, t in get_action_server_names_and_types_by_node(spy, name, "/")}

    checks = (
        (listed.publishes, published),
        (listed.subscribes, subscribed),
        (listed.services, served),
        (listed.actions, acted),
    )
    for wanted, look in checks:
        sure, every = expected(wanted)
        # The graph is told of one endpoint after the other.
        ros.wait_for(lambda sure=sure, look=look: sure <= look(), what=f"{sure} of {name}")
        assert look() <= every, (name, look() - every)


def clock() -> set[tuple[str, str]]:
    return {("/clock", "rosgraph_msgs/msg/Clock")}


def test_the_graph_is_as_listed(ros: RosHarness, run_nodes: Any) -> None:
    for node in run_nodes(make_graph):
        compare(ros, node, node.get_name())


def test_the_simulated_camera_is_as_listed(ros: RosHarness, run_nodes: Any) -> None:
    (node,) = run_nodes(SimCameraNode, rate_hz=1.0, width_px=64, height_px=48)
    compare(ros, node, "sim_camera")


def test_nodes_alone_look_at_the_camera_themselves(
    ros: RosHarness, run_nodes: Any, feed: Any, packed: Any
) -> None:
    """`ros2 run deepsight_ros spatial_query` without a graph answers too."""
    from deepsight_ros.nodes.client import SpatialClient

    query, reward = run_nodes(lambda **options: [
        SpatialQueryNode(None, **options), RewardAnnotatorNode(None, **options)
    ])  # fmt: skip
    feed.wait_for_subscribers()
    feed.send_until(packed, lambda: query.sight.board.newest and reward.sight.board.newest)
    with SpatialClient(context=ros.context) as client:
        answer = client.ask("how many objects are there?", max_age_s=60.0)
        assert answer.status_name == "OK", answer.error
        assert client.set_task("reach o1").success
