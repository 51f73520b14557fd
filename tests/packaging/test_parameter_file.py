"""config/deepsight.yaml and the presets: every name is a parameter, every value its default."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepsight_ros.nodes import parameter_files
from deepsight_ros.nodes.bringup_plan import GRAPH_NODES
from deepsight_ros.nodes.resources import config_file

pytestmark = pytest.mark.ros
EVERY_NODE = {"use_sim_time"}  # declared by rclpy


def declared(node: str) -> dict[str, object]:
    """Parameter names of a node with their specs."""
    from deepsight_ros.nodes import settings
    from deepsight_ros.nodes.parameters import specs

    classes = {
        "perception": settings.PerceptionSettings,
        "spatial_query": settings.QuerySettings,
        "reward_annotator": settings.RewardSettings,
        "sim_camera": settings.SimCameraSettings,
        "frame_player": settings.FramePlayerSettings,
    }
    return {spec.name: spec for spec in specs(classes[node])}


@pytest.mark.parametrize("node", [*GRAPH_NODES, "sim_camera", "frame_player"])
def test_the_file_lists_defaults(node: str) -> None:
    content = parameter_files.load(config_file("deepsight.yaml"))
    specs = declared(node)
    values = parameter_files.resolve(content, f"/{node}")
    assert values.keys() - EVERY_NODE <= specs.keys()
    for name in values.keys() - EVERY_NODE:
        assert specs[name].check(values[name]) == specs[name].default, name


@pytest.mark.parametrize(
    "path",
    sorted(config_file("cameras/sim.yaml").parent.glob("*.yaml")),
    ids=lambda p: p.stem,
)
def test_presets_set_known_parameters(path: Path) -> None:
    preset = parameter_files.load(path)
    roles = {"color", "color_info", "depth", "depth_info"}
    assert path.stem == "sim" or roles <= preset["topics"].keys()
    for node, parameters in preset["parameters"].items():
        specs = declared(node)
        for name, value in parameter_files.flat(parameters).items():
            specs[name].check(value)
