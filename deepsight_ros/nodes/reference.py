"""Every node's topics, services, actions and parameters, as data and as docs/nodes.md.

    python -m deepsight_ros.nodes.reference > docs/nodes.md

Parameters come from the settings dataclasses; the rest is the table below, which a test holds to
the nodes as they run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from deepsight_ros.nodes import settings
from deepsight_ros.nodes.parameters import Spec, specs

SENSOR, RELIABLE, LATCHED = "best effort, volatile", "reliable, volatile", "reliable, latched"


@dataclass(frozen=True)
class Endpoint:
    """A topic, service or action of a node.

    Attributes:
        name: relative to the node's namespace (remap it), or absolute.
        type_name: as ``ros2 interface show`` takes it.
        description: what it carries.
        qos: of topics.
        optional: there only with certain parameters or transports.
    """

    name: str
    type_name: str
    description: str
    qos: str = ""
    optional: bool = False


@dataclass(frozen=True)
class NodeReference:
    """One node.

    Attributes:
        name: default node name.
        summary: a sentence or two.
        settings: dataclass of its parameters.
        subscribes, publishes, services, actions: what it offers.
    """

    name: str
    summary: str
    settings: type
    subscribes: tuple[Endpoint, ...] = ()
    publishes: tuple[Endpoint, ...] = ()
    services: tuple[Endpoint, ...] = ()
    actions: tuple[Endpoint, ...] = ()


DIAGNOSTICS = Endpoint(
    "/diagnostics",
    "diagnostic_msgs/msg/DiagnosticArray",
    "State, DDS profile, rate, age, latency, drops, missing or mismatched topics, faults.",
    RELIABLE,
)
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
INFO = "sensor_msgs/msg/CameraInfo"
TF = "tf2_msgs/msg/TFMessage"

COMPRESSED_COLOUR = Endpoint(
    "color/image_raw/compressed",
    COMPRESSED,
    "Colour as JPEG or PNG; taken where raw is not published.",
    SENSOR,
    True,
)

VISION_INPUTS = (
    Endpoint("depth/image_raw", IMAGE, "Depth: 16UC1 (mm) or 32FC1 (m).", SENSOR),
    Endpoint(
        "depth/image_raw/compressedDepth",
        COMPRESSED,
        "Depth as PNG or RVL; taken where raw is not published.",
        SENSOR,
        True,
    ),
    Endpoint("depth/camera_info", INFO, "Calibration of the depth camera.", SENSOR),
    Endpoint(
        "color/image_raw",
        IMAGE,
        "Colour (rgb8, bgr8, rgba8, bgra8, mono8, ...); may be absent.",
        SENSOR,
    ),
    COMPRESSED_COLOUR,
    Endpoint("color/camera_info", INFO, "Calibration of the colour camera.", SENSOR),
    Endpoint(
        "detections",
        "deepsight_ros/msg/Regions",
        "Boxes of an outside detector; they name objects with perception.detector: topic.",
        RELIABLE,
    ),
    Endpoint("imu", "sensor_msgs/msg/Imu", "Accelerometer for up, with use_imu.", SENSOR, True),
    Endpoint("/tf", TF, "Transforms, looked up at the image stamp.", RELIABLE),
    Endpoint("/tf_static", TF, "Static transforms.", LATCHED),
)

NODES: tuple[NodeReference, ...] = (
    NodeReference(
        "perception",
        "Perceives every frame: objects above their support, tracked in fixed_frame, and the "
        "distances between them. Lifecycle node, in the process of `graph` or alone.",
        settings.PerceptionSettings,
        VISION_INPUTS,
        (
            Endpoint(
                "distances",
                "deepsight_ros/msg/DistanceEstimates",
                "Each object to its nearest neighbours, the camera and the gripper; every frame.",
                RELIABLE,
            ),
            Endpoint(
                "scene",
                "deepsight_ros/msg/Scene",
                "Objects, support surface and up; every frame.",
                RELIABLE,
            ),
            Endpoint(
                "markers",
                "visualization_msgs/msg/MarkerArray",
                "Boxes, names and distances for RViz; made while somebody subscribes.",
                RELIABLE,
            ),
            Endpoint(
                "overlay",
                IMAGE,
                "Picture with outlines, names and distances; made while somebody subscribes.",
                RELIABLE,
            ),
            DIAGNOSTICS,
        ),
    ),
    NodeReference(
        "spatial_query",
        "Answers questions about the newest frame. Lifecycle node, in the process of `graph`; "
        "alone it looks at the camera itself and has the inputs and parameters of `perception`'s "
        "vision too.",
        settings.QuerySettings,
        (
            Endpoint(
                "questions",
                "std_msgs/msg/String",
                "Questions; answers come on `answers`.",
                RELIABLE,
            ),
        ),
        (
            Endpoint(
                "answers",
                "deepsight_ros/msg/SpatialAnswer",
                "Answers to what came on `questions`.",
                RELIABLE,
            ),
            DIAGNOSTICS,
        ),
        (
            Endpoint(
                "ask",
                "deepsight_ros/srv/SpatialQuery",
                "A question in words, with regions where it means parts of the image.",
            ),
            Endpoint(
                "measure_distance",
                "deepsight_ros/srv/MeasureDistance",
                "Distance between two things, by id, words, region, `camera` or `gripper`.",
            ),
        ),
        (
            Endpoint(
                "reason",
                "deepsight_ros/action/Reason",
                "A task that takes several questions: each is a feedback, the result has the "
                "evidence and the propagated interval; can be cancelled. [Tasks](tasks.md).",
            ),
        ),
    ),
    NodeReference(
        "reward_annotator",
        "Annotates every frame with the reward of the task in force (bring the gripper to X). "
        "Lifecycle node, in the process of `graph`; alone it looks at the camera itself. Not a "
        "safety function.",
        settings.RewardSettings,
        (),
        (
            Endpoint(
                "rewards",
                "deepsight_ros/msg/RewardAnnotation",
                "Reward, progress and success; every frame while a task is set.",
                RELIABLE,
            ),
            DIAGNOSTICS,
        ),
        (
            Endpoint(
                "set_task", "deepsight_ros/srv/SetRewardTask", "Set a task, begin an episode."
            ),
            Endpoint("reset_episode", "deepsight_ros/srv/ResetEpisode", "Begin the next episode."),
        ),
    ),
    NodeReference(
        "object_detector",
        "Names what colour shows: OWLv2 or Grounding DINO from a local folder, at a low rate. "
        "Lifecycle node in a process of its own; needs requirements/model.txt.",
        settings.ObjectDetectorSettings,
        (
            Endpoint("color/image_raw", IMAGE, "Colour.", SENSOR),
            COMPRESSED_COLOUR,
        ),
        (
            Endpoint(
                "detections",
                "deepsight_ros/msg/Regions",
                "Boxes with names in colour pixels, stamped as the image.",
                RELIABLE,
            ),
            DIAGNOSTICS,
        ),
    ),
    NodeReference(
        "sim_camera",
        "Camera stand-in: a simulated tabletop with a moving gripper, scene or wrist mounted, "
        "with exact truth. A process of its own.",
        settings.SimCameraSettings,
        (),
        (
            Endpoint("depth/image_raw", IMAGE, "Depth with sensor noise, 16UC1.", SENSOR),
            Endpoint("depth/camera_info", INFO, "Calibration.", SENSOR),
            Endpoint("color/image_raw", IMAGE, "Colour, rgb8.", SENSOR, True),
            Endpoint("color/camera_info", INFO, "Calibration.", SENSOR, True),
            Endpoint("/tf", TF, "world to camera and gripper, at every image stamp.", RELIABLE),
            Endpoint(
                "truth", "deepsight_ros/msg/Scene", "The exact scene of each image.", RELIABLE
            ),
            Endpoint(
                "detections",
                "deepsight_ros/msg/Regions",
                "True names and boxes, with detections_rate_hz.",
                RELIABLE,
            ),
            Endpoint(
                "simulation",
                "std_msgs/msg/String",
                "JSON from which the same world can be made again.",
                LATCHED,
            ),
            DIAGNOSTICS,
        ),
    ),
    NodeReference(
        "frame_player",
        "Camera stand-in: plays a folder of images or a bag (rosbag2, ROS 1) as camera topics. A "
        "process of its own, which ends with the recording.",
        settings.FramePlayerSettings,
        (),
        (
            Endpoint("depth/image_raw", IMAGE, "Depth.", SENSOR),
            Endpoint("depth/image_raw/compressedDepth", COMPRESSED, "As recorded.", SENSOR, True),
            Endpoint("depth/camera_info", INFO, "Calibration.", SENSOR),
            Endpoint("color/image_raw", IMAGE, "Colour.", SENSOR),
            Endpoint("color/image_raw/compressed", COMPRESSED, "As recorded.", SENSOR, True),
            Endpoint("color/camera_info", INFO, "Calibration.", SENSOR),
            Endpoint("/tf", TF, "Recorded transforms, or a folder's trajectory.", RELIABLE),
            Endpoint("/tf_static", TF, "Recorded static transforms.", LATCHED),
            Endpoint("/clock", "rosgraph_msgs/msg/Clock", "With publish_clock.", RELIABLE, True),
            DIAGNOSTICS,
        ),
    ),
)

_HEAD = """# Nodes

Made by `python -m deepsight_ros.nodes.reference > docs/nodes.md`; a test holds it to the code.

Names are relative to the namespace and may be remapped. Reliability, history and depth of every
topic of the graph can be overridden by the standard parameters
`qos_overrides.<topic>.subscription.reliability` and so on. Nodes of the graph run in one process
and share the newest frame; each has an executor and a thread of its own, perception has a worker
thread and one that takes camera messages, and callbacks only hand messages on. All nodes are
lifecycle nodes and activate themselves unless `autostart` is false.

`perception: stages` on /diagnostics tells where a frame's time goes: the median of each stage on
the clock and, after the stroke, of the processor.

All clients of a service see each other's responses, as ROS 2 services work: give clients that ask
in bursts a deeper queue than the default of 10, e.g. `create_client(..., qos_profile=...)` with
`deepsight_ros.nodes.qos.service()`.

Nothing here is a safety function.
"""


def markdown() -> str:
    """The whole reference page."""
    parts = [_HEAD]
    for node in NODES:
        parts.append(f"\n## {node.name}\n\n{node.summary}\n")
        parts.append(_endpoints("Subscribed topics", node.subscribes))
        parts.append(_endpoints("Published topics", node.publishes))
        parts.append(_endpoints("Services", node.services))
        parts.append(_endpoints("Actions", node.actions))
        parts.append(_parameters(specs(node.settings)))
    return "".join(parts)


def _endpoints(title: str, endpoints: tuple[Endpoint, ...]) -> str:
    if not endpoints:
        return ""
    has_qos = any(e.qos for e in endpoints)
    rows = []
    for each in endpoints:
        name = f"`{each.name}`" + (" (optional)" if each.optional else "")
        cells = [name, f"`{each.type_name}`", *([each.qos] if has_qos else []), each.description]
        rows.append(cells)
    head = ["name", "type", *(["QoS"] if has_qos else []), "content"]
    return f"\n### {title}\n\n" + _table(head, rows)


def _parameters(found: Iterable[Spec]) -> str:
    rows = [
        [
            f"`{spec.name}`",
            spec.type_name,
            f"`{_default(spec)}`",
            spec.unit,
            spec.limits,
            spec.description + ("" if spec.live else " Set before configuring."),
        ]
        for spec in found
    ]
    head = ["name", "type", "default", "unit", "range", "description"]
    return "\n### Parameters\n\n" + _table(head, rows)


def _default(spec: Spec) -> str:
    if isinstance(spec.default, bool):
        return str(spec.default).lower()
    if isinstance(spec.default, str):
        return f'"{spec.default}"'
    if isinstance(spec.default, tuple):
        return str(list(spec.default))
    return str(spec.default)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown())
