"""What is installed, running and seen on this machine: the facts behind `deepsight doctor`."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from deepsight_ros.nodes.dds_profile import profile_state, use_image_profile
from deepsight_ros.nodes.resources import share_directory

GOOD, FAIR, BAD = "good", "fair", "bad"
IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
MOST_TOPICS = 16
LEAST_SHARED_MEMORY = 128 * 2**20
REQUIRED = ("numpy", "numba", "scipy", "cv2", "rapidfuzz", "yaml", "typer", "rich", "rosbags")
OPTIONAL_ROS = {
    "tf2_ros": "the package's own transform buffer stands in",
    "launch_ros": "use `deepsight bringup` instead of `ros2 launch`",
    "cv_bridge": "not needed, images are converted by the package itself",
    "vision_msgs": "boxes of an outside detector come as deepsight_ros/Regions",
}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        part: what it is about.
        state: "good", "fair" (works, with something amiss) or "bad" (will not work).
        found: what there is.
        advice: what to do; "" where nothing is to be done.
    """

    part: str
    state: str
    found: str
    advice: str = ""


@dataclass(frozen=True)
class TopicFinding:
    """One image or camera_info topic.

    Attributes:
        topic, type_name: as in the graph.
        rate_hz: measured; 0 when nothing came.
        publishers: how many.
        qos: reliability and durability of the first publisher.
        detail: encoding and size of the newest image, "" where none came.
        advice: what is wrong with it and what to do.
    """

    topic: str
    type_name: str
    rate_hz: float
    publishers: int
    qos: str
    detail: str = ""
    advice: str = ""


@dataclass(frozen=True)
class Inspection:
    """Everything the doctor says."""

    findings: list[Finding]
    topics: list[TopicFinding] = field(default_factory=list)
    diagnostics: list[Finding] = field(default_factory=list)


def inspect(listen_s: float = 3.0, namespace: str = "") -> Inspection:
    """Look at everything; topics are listened to for ``listen_s`` seconds (0: not at all)."""
    findings = [*_python(), *_ros(), _profile(), _shared_memory(), _gpu(), _model()]
    if listen_s <= 0 or any(f.part == "ROS 2" and f.state == BAD for f in findings):
        return Inspection(findings)
    return _listen(findings, listen_s, namespace)


# -- what is installed ----------------------------------------------------------------------------


def _python() -> Iterable[Finding]:
    found = f"{platform.python_version()} ({sys.executable})"
    good = sys.version_info >= (3, 10)
    advice = "" if good else "Python 3.10 or newer is needed: make setup chooses one"
    yield Finding("Python", GOOD if good else BAD, found, advice)
    missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
    versions = f"numpy {_version('numpy')}, OpenCV {_version('opencv-python-headless')}"
    if missing:
        yield Finding("packages", BAD, f"missing: {', '.join(missing)}", "make setup")
    else:
        yield Finding("packages", GOOD, versions)


def _ros() -> Iterable[Finding]:
    try:
        import rclpy

        import deepsight_ros.msg
    except ImportError as error:
        yield Finding(
            "ROS 2",
            BAD,
            str(error),
            "make setup, or build with colcon and source install/setup.bash",
        )
        return
    implementation = rclpy.get_rmw_implementation_identifier()
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    distribution = os.environ.get("ROS_DISTRO", "from PyPI wheels")
    yield Finding("ROS 2", GOOD, f"{distribution}, {implementation}, ROS_DOMAIN_ID {domain}")
    yield Finding("interfaces", GOOD, str(Path(deepsight_ros.msg.__file__).parent))
    absent = [name for name in OPTIONAL_ROS if importlib.util.find_spec(name) is None]
    if absent:
        advice = "; ".join(f"{name}: {OPTIONAL_ROS[name]}" for name in absent)
        yield Finding("optional ROS packages", FAIR, f"not here: {', '.join(absent)}", advice)
    else:
        yield Finding("optional ROS packages", GOOD, ", ".join(OPTIONAL_ROS))


def _profile() -> Finding:
    by_itself = profile_state()
    use_image_profile()
    state = profile_state()
    if by_itself.in_force:
        return Finding("DDS image profile", GOOD, by_itself.advice)
    if state.in_force:
        return Finding(
            "DDS image profile",
            FAIR,
            "in force in this package's processes, not set in this shell",
            f"for the camera driver: {by_itself.advice}",
        )
    return Finding("DDS image profile", BAD, "not in force", state.advice)


def _shared_memory() -> Finding:
    folder = Path("/dev/shm")
    if not folder.is_dir():
        return Finding("shared memory", FAIR, "no /dev/shm", "images go through sockets")
    free = shutil.disk_usage(folder).free
    left = len(list(folder.glob("fastrtps_*")))
    found = f"{free / 2**20:.0f} MiB free, {left} DDS files"
    if free < LEAST_SHARED_MEMORY:
        advice = "give it more (docker: --shm-size=1g), or remove files that dead processes left"
        return Finding("shared memory", BAD, found, advice)
    return Finding("shared memory", GOOD, found)


def _gpu() -> Finding:
    program = shutil.which("nvidia-smi")
    if program is None:
        return Finding("GPU", GOOD, "none found", "none is needed for what is measured")
    query = [program, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("GPU", FAIR, f"nvidia-smi: {error}", "reinstall the driver")
    return Finding("GPU", GOOD, "; ".join(done.stdout.split("\n")).strip("; "))


def _model() -> Finding:
    folder = share_directory() / "models"
    models = [p.parent.name for p in folder.glob("*/config.json")] if folder.is_dir() else []
    if models:
        return Finding("model", GOOD, ", ".join(sorted(models)))
    return Finding(
        "model",
        FAIR,
        "none installed",
        "questions that can be measured are answered; the rest get UNSUPPORTED",
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "?"


# -- what is seen ---------------------------------------------------------------------------------


class _Ear:
    """Counts the messages of one topic without decoding more than the newest."""

    def __init__(self, node: Any, topic: str, kind: type[Any]) -> None:
        from deepsight_ros.nodes import qos

        self.kind = kind
        self.count = 0
        self.first_s = self.last_s = 0.0
        self.newest: bytes = b""
        node.create_subscription(kind, topic, self._hear, qos.sensor_in(), raw=True)

    def _hear(self, data: bytes) -> None:
        now_s = time.monotonic()
        self.first_s = self.first_s or now_s
        self.last_s = now_s
        self.count += 1
        self.newest = data

    @property
    def rate_hz(self) -> float:
        span_s = self.last_s - self.first_s
        return (self.count - 1) / span_s if self.count > 1 and span_s > 0 else 0.0

    def detail(self) -> str:
        from rclpy.serialization import deserialize_message

        if not self.newest:
            return ""
        message = deserialize_message(self.newest, self.kind)
        if hasattr(message, "encoding"):
            return f"{message.encoding} {message.width}x{message.height}"
        if hasattr(message, "width"):
            return f"{message.width}x{message.height}"
        return str(getattr(message, "format", ""))


def _listen(findings: list[Finding], listen_s: float, namespace: str) -> Inspection:
    from diagnostic_msgs.msg import DiagnosticArray
    from sensor_msgs.msg import CameraInfo, CompressedImage, Image

    from deepsight_ros.msg import DistanceEstimates
    from deepsight_ros.nodes.client import SpatialClient

    kinds: dict[str, type[Any]] = {
        IMAGE_TYPES[0]: Image,
        IMAGE_TYPES[1]: CompressedImage,
        "sensor_msgs/msg/CameraInfo": CameraInfo,
        "deepsight_ros/msg/DistanceEstimates": DistanceEstimates,
    }
    arrays: list[Any] = []
    with SpatialClient(namespace) as client:
        node = client.node
        node.create_subscription(DiagnosticArray, "/diagnostics", arrays.append, 10)
        ears: dict[tuple[str, str], _Ear] = {}
        end_s = time.monotonic() + listen_s + 0.5
        while time.monotonic() < end_s:
            for name, types in sorted(node.get_topic_names_and_types()):
                for type_name in types:
                    key = (name, type_name)
                    known = type_name in kinds and len(ears) < MOST_TOPICS
                    if known and key not in ears and node.count_publishers(name):
                        ears[key] = _Ear(node, name, kinds[type_name])
            time.sleep(0.25)
        topics = [_topic(node, key, ear) for key, ear in ears.items()]
        nodes = sorted(
            {f"{ns.rstrip('/')}/{name}" for name, ns in node.get_node_names_and_namespaces()}
        )
    inside = f"/{namespace.strip('/')}/" if namespace.strip("/") else "/"
    graph = ("perception", "spatial_query")
    own = [n for n in nodes if n.startswith(inside) and n.rsplit("/", 1)[1] in graph]
    if own:
        findings.append(Finding("graph", GOOD, ", ".join(own)))
    else:
        findings.append(Finding("graph", FAIR, "not running", "deepsight bringup source:=sim"))
    if not any(t.type_name in IMAGE_TYPES for t in topics):
        findings.append(
            Finding(
                "camera",
                FAIR,
                "no image topic is published",
                "start the camera driver; check ROS_DOMAIN_ID and that it runs on this host",
            )
        )
    return Inspection(findings, topics, _diagnosed(arrays))


def _topic(node: Any, key: tuple[str, str], ear: _Ear) -> TopicFinding:
    topic, type_name = key
    infos = [i for i in node.get_publishers_info_by_topic(topic) if i.topic_type == type_name]
    qos = ""
    if infos:
        profile = infos[0].qos_profile
        qos = f"{profile.reliability.name.lower()}, {profile.durability.name.lower()}"
    advice = ""
    if not ear.count:
        advice = "published, but nothing came: is the driver streaming, does it subsample?"
    elif type_name in IMAGE_TYPES and 0 < ear.rate_hz < 10:
        advice = "slow: set the DDS image profile in the driver's environment, or use compression"
    return TopicFinding(topic, type_name, ear.rate_hz, len(infos), qos, ear.detail(), advice)


def _diagnosed(arrays: list[Any]) -> list[Finding]:
    """The newest status of every name that is not in order."""
    from diagnostic_msgs.msg import DiagnosticStatus

    newest = {status.name: status for array in arrays for status in array.status}
    states = {
        DiagnosticStatus.WARN: FAIR,
        DiagnosticStatus.ERROR: BAD,
        DiagnosticStatus.STALE: BAD,
    }
    return [
        Finding(name, states[status.level], status.message)
        for name, status in sorted(newest.items())
        if status.level in states
    ]
