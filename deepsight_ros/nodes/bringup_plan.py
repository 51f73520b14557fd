"""The graph as data: which processes, nodes, parameters and remappings a bring-up starts.

In: checked arguments (bringup_arguments). Out: a ``Plan`` that both ``launch/bringup.launch.py``
and ``deepsight bringup`` carry out, so that the two cannot drift apart. Knows no rclpy and no
launch.

Of two values of a parameter the later wins: parameter file, camera preset, argument.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepsight_ros.nodes import parameter_files
from deepsight_ros.nodes.bag_player import play_arguments, plays_by_ros2bag, recorded_topics
from deepsight_ros.nodes.bringup_arguments import DETECTOR_NODES, complete
from deepsight_ros.nodes.dds_profile import image_profile
from deepsight_ros.nodes.parameter_files import Parameters
from deepsight_ros.nodes.resources import config_file

GRAPH_NODES = ("perception", "spatial_query", "reward_annotator")
"""The lifecycle nodes that share one process and its newest frame."""
BAG_PACKAGE = "ros2bag"
"""Its executable is a command of `ros2`, no node."""


@dataclass(frozen=True)
class Process:
    """One process to start.

    Attributes:
        package, executable: as for ``ros2 run``.
        nodes: names of the nodes it runs.
        parameters: fully qualified node name to its parameters, names joined by dots.
        remappings: (from, to) pairs.
        arguments: further command-line arguments.
        respawn: start it again when it dies.
        is_required: when it ends, everything ends.
    """

    package: str
    executable: str
    nodes: tuple[str, ...]
    parameters: Mapping[str, Parameters]
    remappings: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()
    respawn: bool = False
    is_required: bool = False

    def write_parameters(self, folder: Path) -> Path:
        """A ROS parameter file with exactly these parameters."""
        path = folder / f"{self.executable}.yaml"
        parameter_files.write(path, self.parameters)
        return path


@dataclass(frozen=True)
class Plan:
    """Everything a bring-up starts.

    Attributes:
        namespace: of every node, absolute ("/" or "/robot1").
        log_level: least severity that is logged.
        processes: in the order to start them.
        environment: variables to add.
    """

    namespace: str
    log_level: str
    processes: tuple[Process, ...]
    environment: Mapping[str, str]

    @property
    def node_names(self) -> tuple[str, ...]:
        """Fully qualified names of all nodes of this package."""
        return tuple(qualified(self.namespace, node) for p in self.processes for node in p.nodes)


def make_plan(arguments: Mapping[str, str], outer_namespace: str = "") -> Plan:
    """Turn arguments into the graph.

    Args:
        arguments: some or all of ``bringup_arguments.ARGUMENTS``; the rest take their defaults.
        outer_namespace: namespace pushed by an including launch file.

    Raises:
        InvalidValueError, SourceError: an argument, the parameter file or a preset is wrong.
    """
    values = complete(arguments)
    namespace = qualified(outer_namespace, values["namespace"])
    preset = _load_preset("sim" if values["source"] == "sim" else values["camera"])
    topics = _topics(values, preset)
    by_ros2bag = plays_by_ros2bag(values)
    if by_ros2bag:
        topics = recorded_topics(Path(values["path"]), topics, colour=values["color"] != "none")
    text = parameter_files.load(Path(values["params_file"] or config_file("deepsight.yaml")))
    overrides = _overrides(values, topics, preset)

    def process(executable: str, nodes: tuple[str, ...], **options: Any) -> Process:
        parameters = {
            qualified(namespace, node): {
                **parameter_files.resolve(text, qualified(namespace, node)),
                **overrides.get(node, {}),
            }
            for node in nodes
        }
        return Process("deepsight_ros", executable, nodes, parameters, **options)

    processes = []
    is_camera = values["source"] == "camera"
    ends = values["exit_at_end"] == "true"
    if values["source"] == "sim":
        processes.append(process("sim_camera", ("sim_camera",)))
    elif by_ros2bag:
        words = play_arguments(values, topics)
        processes.append(Process(BAG_PACKAGE, "ros2", (), {}, arguments=words, is_required=ends))
    elif not is_camera:
        processes.append(process("frame_player", ("frame_player",), is_required=ends))
    remappings = _remappings(topics if is_camera or by_ros2bag else {}, values)
    respawn = values["use_respawn"] == "true"
    processes.append(process("graph", GRAPH_NODES, remappings=remappings, respawn=respawn))
    if values["detector"] in DETECTOR_NODES:
        detector = process(
            "object_detector", ("object_detector",), remappings=remappings, respawn=respawn
        )
        processes.append(detector)
    if values["rviz"] == "true":
        layout = str(config_file("deepsight.rviz"))
        processes.append(Process("rviz2", "rviz2", (), {}, arguments=("-d", layout)))
    return Plan(namespace, values["log_level"], tuple(processes), image_profile())


def qualified(namespace: str, name: str) -> str:
    """Fully qualified name; an absolute ``name`` stands for itself."""
    if name.startswith("/"):
        return "/" + name.strip("/")
    return "/" + "/".join(part.strip("/") for part in (namespace, name) if part.strip("/"))


def ros_arguments(plan: Plan, process: Process, parameter_file: Path | None) -> list[str]:
    """What stands behind ``--ros-args`` when a process is started without launch."""
    arguments = ["--ros-args", "-r", f"__ns:={plan.namespace}", "--log-level", plan.log_level]
    for source, target in process.remappings:
        arguments += ["-r", f"{source}:={target}"]
    if parameter_file is not None:
        arguments += ["--params-file", str(parameter_file)]
    return arguments


def parameter_folder() -> tempfile.TemporaryDirectory[str]:
    """Folder for parameter files; it lives as long as the returned object."""
    return tempfile.TemporaryDirectory(prefix="deepsight_parameters_")


# --- what the arguments say -----------------------------------------------------------------


def _load_preset(camera: str) -> dict[str, Any]:
    if not camera:
        return {"topics": {}, "parameters": {}}
    return parameter_files.load(config_file(f"cameras/{camera}.yaml"))


def _topics(values: Mapping[str, str], preset: Mapping[str, Any]) -> dict[str, str]:
    """Topic of each role; an info topic follows its image topic unless it is named."""
    topics: dict[str, str] = dict(preset["topics"])
    for role in ("color", "depth"):
        if values[role]:
            topics[role] = values[role]
            base = _base(values[role]).rpartition("/")[0]
            topics[f"{role}_info"] = f"{base}/camera_info" if base else "camera_info"
    for role in ("color_info", "depth_info", "imu", "detections"):
        if values[role]:
            topics[role] = values[role]
    if topics.get("color") == "none":
        del topics["color"], topics["color_info"]
    return topics


def _base(topic: str) -> str:
    """The topic without the name of its transport."""
    return re.sub(r"/(compressedDepth|compressed)$", "", topic)


def _remappings(
    topics: Mapping[str, str], values: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for role in ("color", "depth"):
        if role in topics:  # the nodes append the transport to the remapped name
            pairs.append((f"{role}/image_raw", _base(topics[role])))
        if f"{role}_info" in topics:
            pairs.append((f"{role}/camera_info", topics[f"{role}_info"]))
    for role in ("imu", "detections"):
        target = topics.get(role) or values[role]
        if target:
            pairs.append((role, target))
    return tuple(pairs)


def _overrides(
    values: Mapping[str, str], topics: Mapping[str, str], preset: Mapping[str, Any]
) -> dict[str, Parameters]:
    """Per node name, what the preset and the arguments set."""
    nodes: dict[str, Parameters] = {
        node: {} for node in (*GRAPH_NODES, "object_detector", "sim_camera", "frame_player")
    }
    for node, parameters in preset["parameters"].items():
        nodes[node] |= parameter_files.flat(parameters)
    for node in (*GRAPH_NODES, "object_detector"):
        for name in ("use_sim_time", "autostart"):
            if values[name]:
                nodes[node][name] = values[name] == "true"
    for node in ("perception", "spatial_query"):
        if values["target_frame"]:
            nodes[node]["target_frame"] = values["target_frame"]
    vision = nodes["perception"]  # the other two take its frames and have no camera of their own
    for name in ("fixed_frame", "gravity_frame", "gripper_frame"):
        if values[name]:
            vision[name] = values[name]
    if values["detector"] in DETECTOR_NODES:
        vision["perception.detector"] = "topic"
        nodes["object_detector"] |= _detector(values)
    elif values["detector"]:
        vision["perception.detector"] = values["detector"]
    if values["segmenter"]:
        vision["segmenter"] = values["segmenter"]
    if values["imu"]:
        vision["use_imu"] = True
    if values["color"] == "none":
        vision["color"] = "none"
    elif topics.get("color", "").endswith("/compressed"):
        vision["color_transport"] = "compressed"
    if topics.get("depth", "").endswith("/compressedDepth"):
        vision["depth_transport"] = "compressedDepth"
    if values["mount"]:
        nodes["sim_camera"]["mount"] = values["mount"]
    if values["detector"] == "topic":
        nodes["sim_camera"]["detections_rate_hz"] = 10.0  # the simulator plays the detector
    nodes["frame_player"] |= _player(values, topics)
    return nodes


def _detector(values: Mapping[str, str]) -> Parameters:
    parameters: Parameters = {"kind": values["detector"]}
    if values["detector_model"]:
        parameters["path"] = str(Path(values["detector_model"]).expanduser().resolve())
    words = [w.strip() for w in values["detector_words"].split(",") if w.strip()]
    if words:
        parameters["words"] = words
    return parameters


def _player(values: Mapping[str, str], topics: Mapping[str, str]) -> Parameters:
    if values["source"] not in ("folder", "bag"):
        return {}
    player: Parameters = {"path": str(Path(values["path"]).expanduser().resolve())}
    player["publish_clock"] = values["use_sim_time"] == "true"
    if values["rate"]:
        player["rate"] = float(values["rate"])
    if values["loop"]:
        player["loop"] = values["loop"] == "true"
    for role in ("color", "depth", "color_info", "depth_info"):
        if role in topics:
            player[f"{role}_topic"] = topics[role]
    return player
