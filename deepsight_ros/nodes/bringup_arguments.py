"""Arguments of the bring-up, written once for ``ros2 launch`` and for ``deepsight bringup``.

In: ``name:=value`` strings. Out: a complete, checked mapping of argument names to strings. An
argument left empty leaves the parameter file's value as it is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.perception.segmenters import KINDS

DETECTOR_NODES = ("owlv2", "grounding_dino")
"""Values of ``detector`` that start the node `object_detector`."""
FLAG = ("true", "false")
FLAG_OR_FILE = ("", "true", "false")
CAMERAS = ("realsense", "oak", "zed", "orbbec", "kinect")
PLAYERS = ("frame_player", "ros2bag", "auto")
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


@dataclass(frozen=True)
class Argument:
    """One argument.

    Attributes:
        name: as in ``name:=value``.
        default: value where none is given.
        description: what it does, shown by ``--show-args``.
        choices: allowed values; empty: any.
    """

    name: str
    default: str
    description: str
    choices: tuple[str, ...] = ()


ARGUMENTS: tuple[Argument, ...] = (
    Argument("namespace", "", "Namespace of every node, relative topic and service."),
    Argument(
        "params_file",
        "",
        "Parameter file of all nodes; empty: config/deepsight.yaml of the package. Node names in "
        "it hold in any namespace.",
    ),
    Argument(
        "use_sim_time",
        "",
        "true: time comes from /clock. Empty: as the parameter file says.",
        FLAG_OR_FILE,
    ),
    Argument(
        "autostart",
        "",
        "true: nodes configure and activate themselves; false: a lifecycle manager does. "
        "Empty: as the parameter file says.",
        FLAG_OR_FILE,
    ),
    Argument("use_respawn", "false", "Start a process that died again, after two seconds.", FLAG),
    Argument("log_level", "info", "Least severity that is logged.", LOG_LEVELS),
    Argument(
        "source",
        "camera",
        "Where images come from: topics of a camera driver, the simulated tabletop, a folder of "
        "images, or a bag.",
        ("camera", "sim", "folder", "bag"),
    ),
    Argument(
        "camera",
        "",
        "Topic names and depth noise of a camera driver with its default names; single topics "
        "below win over it. Empty: color/image_raw, depth/image_raw and their camera_info, "
        "relative to the namespace.",
        ("", *CAMERAS),
    ),
    Argument(
        "color",
        "",
        "Colour image topic; a name ending in /compressed is subscribed compressed; none: depth "
        "only. With source:=bag the topic in the bag.",
    ),
    Argument(
        "depth",
        "",
        "Depth image topic; a name ending in /compressedDepth is subscribed compressed. With "
        "source:=bag the topic in the bag.",
    ),
    Argument("color_info", "", "Colour camera_info topic; empty: beside the colour image."),
    Argument("depth_info", "", "Depth camera_info topic; empty: beside the depth image."),
    Argument("imu", "", "IMU topic that gives up where TF does not; empty: imu."),
    Argument("detections", "", "Topic of an outside detector's boxes; empty: detections."),
    Argument("target_frame", "", "Frame of the points in answers; empty: as the parameter file."),
    Argument(
        "fixed_frame",
        "",
        "Frame that does not move with the camera, in which objects are tracked (odom, "
        "base_link, world); empty: as the parameter file.",
    ),
    Argument("gravity_frame", "", "Frame whose z axis points up; empty: as the parameter file."),
    Argument(
        "gripper_frame",
        "",
        "Frame at the gripper's front face, x ahead; empty: as the parameter file.",
    ),
    Argument(
        "detector",
        "",
        "What names objects: none; topic (boxes that another node publishes); model (the "
        "depth-language model); owlv2 or grounding_dino (started too, see detector_model); "
        "empty: as the parameter file.",
        ("", "none", "topic", "model", *DETECTOR_NODES),
    ),
    Argument("detector_model", "", "Folder of the detector's checkpoint."),
    Argument(
        "detector_words",
        "",
        "Nouns the detector looks for, separated by commas; empty: as the parameter file.",
    ),
    Argument(
        "segmenter",
        "",
        "What divides a view into things: geometric, learned, or auto (the learned one where it "
        "keeps to its time on this computer); empty: as the parameter file.",
        ("", *KINDS),
    ),
    Argument(
        "mount",
        "",
        "Simulated camera: fixed in the scene or on the wrist.",
        ("", "scene", "wrist"),
    ),
    Argument("path", "", "Folder of images or bag to play, for source:=folder and source:=bag."),
    Argument("rate", "", "Playback speed of a folder or bag, 1.0 being as recorded."),
    Argument("loop", "", "true: play a folder or bag again and again.", FLAG_OR_FILE),
    Argument(
        "player",
        "frame_player",
        "What plays a bag: frame_player; ros2bag, which is `ros2 bag play` and needs "
        "use_sim_time:=true; auto: ros2bag where it is installed and can play it, else "
        "frame_player.",
        PLAYERS,
    ),
    Argument("exit_at_end", "false", "Stop everything when the folder or bag is over.", FLAG),
    Argument("rviz", "false", "Also start RViz with the package's layout.", FLAG),
)

_REPLAY_DEFAULTS = {
    "source": "bag",
    "use_sim_time": "true",
    "exit_at_end": "true",
    "player": "auto",
}
REPLAY_ARGUMENTS: tuple[Argument, ...] = tuple(
    replace(argument, default=_REPLAY_DEFAULTS.get(argument.name, argument.default))
    for argument in ARGUMENTS
    if argument.name not in ("mount",)
)
"""The same with the defaults of a replay: a recording sets the clock and ends the run."""


def parse(texts: Iterable[str], arguments: tuple[Argument, ...] = ARGUMENTS) -> dict[str, str]:
    """``["source:=sim", ...]`` to a complete mapping; InvalidValueError says what is wrong."""
    given: dict[str, str] = {}
    for text in texts:
        name, found, value = text.partition(":=")
        if not found:
            raise InvalidValueError(f"bring-up: got '{text}', expected name:=value")
        given[name] = value
    return complete(given, arguments)


def complete(
    given: Mapping[str, str], arguments: tuple[Argument, ...] = ARGUMENTS
) -> dict[str, str]:
    """Defaults filled in, names and values checked."""
    known = {argument.name: argument for argument in arguments}
    for name, value in given.items():
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise InvalidValueError(f"bring-up: got unknown argument '{name}'; {hint}")
        choices = known[name].choices
        if choices and value not in choices:
            shown = ", ".join(choice or "(empty)" for choice in choices)
            raise InvalidValueError(f"bring-up: got {name}:={value}, expected one of {shown}")
    values = {name: given.get(name, argument.default) for name, argument in known.items()}
    if "mount" not in values:
        values["mount"] = ""
    _check_together(values)
    return values


def _check_together(values: Mapping[str, str]) -> None:
    source = values["source"]
    topics = [n for n in ("color", "depth", "color_info", "depth_info", "camera") if values[n]]
    if source in ("sim", "folder") and topics:
        raise InvalidValueError(
            f"bring-up: got {topics[0]}:={values[topics[0]]} with source:={source}, expected it "
            "only with source:=camera or source:=bag"
        )
    if source in ("folder", "bag"):
        if not values["path"]:
            raise InvalidValueError(f"bring-up: source:={source} needs path:=...")
        if not Path(values["path"]).expanduser().exists():
            raise InvalidValueError(f"bring-up: got path:={values['path']}, which does not exist")
    elif values["path"]:
        raise InvalidValueError(
            f"bring-up: got path:= with source:={source}, expected source:=folder or source:=bag"
        )
    if values["detector_model"] and values["detector"] not in DETECTOR_NODES:
        raise InvalidValueError(
            f"bring-up: got detector_model:= with detector:={values['detector'] or '(empty)'}, "
            f"expected it with one of {', '.join(DETECTOR_NODES)}"
        )
    if values["player"] == "ros2bag" and (source != "bag" or values["use_sim_time"] != "true"):
        raise InvalidValueError(
            f"bring-up: got player:=ros2bag with source:={source} and use_sim_time:="
            f"{values['use_sim_time']}, expected source:=bag and use_sim_time:=true: `ros2 bag "
            "play` keeps the recorded stamps"
        )
    if values["rate"]:
        try:
            rate = float(values["rate"])
        except ValueError:
            rate = float("nan")
        if not 0.0 < rate <= 100.0:
            raise InvalidValueError(
                f"bring-up: got rate:={values['rate']}, expected a number above 0, at most 100"
            )
