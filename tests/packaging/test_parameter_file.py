"""config/deepsight.yaml and the presets: every name is a parameter, every value its default."""

from __future__ import annotations

from pathlib import Path

import pytest

from deepsight_ros.nodes import parameter_files
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
    }
    return {spec.name: spec for spec in specs(classes[node])}


@pytest.mark.parametrize("node", ["perception", "spatial_query", "reward_annotator"])
def test_the_file_lists_defaults(node: str) -> None:
    content = parameter_files.load(config_file("deepsight.yaml"))
    specs = declared(node)
    values = parameter_files.resolve(content, f"/{node}")
    assert values.keys() - EVERY_NODE <= specs.keys()
    for name in values.keys() - EVERY_NODE:
        assert specs[name].check(values[name]) == specs[name].default, name


@pytest.mark.parametrize(
    "path",
    sorted(config_file("cameras/realsense.yaml").parent.glob("*.yaml")),
    ids=lambda p: p.stem,
)
def test_presets_set_known_parameters(path: Path) -> None:
    preset = parameter_files.load(path)
    assert {"color", "color_info", "depth", "depth_info"} <= preset["topics"].keys()
    for node, parameters in preset["parameters"].items():
        specs = declared(node)
        for name, value in parameter_files.flat(parameters).items():
            specs[name].check(value)
