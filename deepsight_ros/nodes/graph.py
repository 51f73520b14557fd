"""The graph: `perception`, `spatial_query` and `reward_annotator` in one process, on one sight."""

from __future__ import annotations

import sys
from typing import Any

from deepsight_ros.nodes.node_base import DeepsightNode
from deepsight_ros.nodes.perception import PerceptionNode
from deepsight_ros.nodes.reward_annotator import RewardAnnotatorNode
from deepsight_ros.nodes.sight import Sight
from deepsight_ros.nodes.spatial_query import SpatialQueryNode
from deepsight_ros.nodes.spinning import run
from deepsight_ros.perception.ready import make_ready


def make_graph(**options: Any) -> list[DeepsightNode[Any]]:
    """The three nodes, sharing the newest frame; options are passed on to each."""
    sight = Sight()
    return [
        PerceptionNode(sight, **options),
        SpatialQueryNode(sight, **options),
        RewardAnnotatorNode(sight, **options),
    ]


def main(arguments: list[str] | None = None) -> int:
    """`ros2 run deepsight_ros graph`."""
    return run(make_graph, arguments, prepare=make_ready)


if __name__ == "__main__":
    sys.exit(main())
