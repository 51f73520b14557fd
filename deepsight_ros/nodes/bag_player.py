"""Arguments of a bring-up in, the process that plays its bag by `ros2 bag play` out.

Of a bag only the camera's topics and TF are played: recorded answers and rewards would come
between those of the live graph. The graph listens to the topics under their recorded names.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Mapping
from pathlib import Path

from deepsight_ros.errors import SourceError
from deepsight_ros.sources import is_bag

CLOCK_HZ = 50
DELAY_S = 1.0
"""Time between start and the first message, so that subscribers find the topics."""


def plays_by_ros2bag(values: Mapping[str, str]) -> bool:
    """Whether `ros2 bag play` plays the bag of a bring-up.

    Args:
        values: complete arguments of the bring-up.

    Raises:
        SourceError: it is asked for and not installed, or cannot read the bag.
    """
    player = values["player"]
    if player == "frame_player" or values["source"] != "bag":
        return False
    path = Path(values["path"]).expanduser()
    installed, readable = is_installed(), is_bag(path) and path.suffix != ".bag"
    if player == "auto":
        return installed and readable and values["use_sim_time"] == "true"
    if not installed:
        raise SourceError(
            "player:=ros2bag: got no `ros2 bag` here, expected the packages ros2bag and "
            "rosbag2_py installed and sourced; or use player:=frame_player"
        )
    if not readable:
        raise SourceError(
            f"player:=ros2bag: got {path}, expected a rosbag2 folder, .mcap or .db3; use "
            "player:=frame_player for ROS 1 bags"
        )
    return True


def is_installed() -> bool:
    """`ros2 bag` can be called, and has the library that reads bags."""
    parts = ("ros2bag", "rosbag2_py")
    return shutil.which("ros2") is not None and all(map(importlib.util.find_spec, parts))


def recorded_topics(path: Path, named: Mapping[str, str], *, colour: bool) -> dict[str, str]:
    """Topic in the bag of each role; those that are ``named`` are taken, the others found.

    Raises:
        SourceError, CalibrationError: it does not hold one RGB-D camera.
    """
    from deepsight_ros.sources.bag import BagSource

    topics = BagSource(
        path.expanduser(),
        depth_topic=named.get("depth"),
        colour_topic=named.get("color") if colour else "none",
        depth_info_topic=named.get("depth_info"),
        colour_info_topic=named.get("color_info"),
    ).topics
    found = {"depth": topics.depth.topic, "depth_info": topics.depth_info}
    if topics.colour is not None:
        found |= {"color": topics.colour.topic, "color_info": topics.colour_info}
    return {role: topic for role, topic in found.items() if topic}


def play_arguments(values: Mapping[str, str], topics: Mapping[str, str]) -> tuple[str, ...]:
    """What stands behind `ros2`."""
    path = str(Path(values["path"]).expanduser().resolve())
    words = ["bag", "play", path, "--clock", str(CLOCK_HZ), "--delay", str(DELAY_S)]
    if values["rate"]:
        words += ["--rate", values["rate"]]
    if values["loop"] == "true":
        words.append("--loop")
    return (*words, "--topics", *dict.fromkeys(topics.values()), "/tf", "/tf_static")
