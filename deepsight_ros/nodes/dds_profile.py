"""Shared memory large enough for images: which DDS profile is in force, and ours by default.

Fast DDS reads its profile when a process creates its first participant, so this must come before
``rclpy.init``. A profile that the user named is never replaced.
"""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from deepsight_ros.nodes.resources import config_file

VARIABLES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""What Fast DDS 2 and Fast DDS 3 read."""

ENOUGH_BYTES = 16 * 1024 * 1024
"""Least shared-memory segment that carries 1280x720 colour and depth at 30 Hz."""


@dataclass(frozen=True)
class ProfileState:
    """What the environment of a process says.

    Attributes:
        in_force: the segment is large enough for images, or the middleware needs no profile.
        path: the profile file, "" where none is set.
        segment_bytes: its shared-memory segment, 0 where it sets none.
        advice: one sentence: what it is, and what to do when it is not in force.
    """

    in_force: bool
    path: str
    segment_bytes: int
    advice: str


def image_profile(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables to add so that images fit; empty where the user chose, or without Fast DDS."""
    chosen = any(environment.get(name) for name in VARIABLES)
    if chosen or not _is_fast_dds(environment):
        return {}
    return dict.fromkeys(VARIABLES, str(config_file("fastdds_images.xml")))


def use_image_profile(environment: MutableMapping[str, str] = os.environ) -> None:
    """Put our profile in force for this process and its children. Call before ``rclpy.init``."""
    environment.update(image_profile(environment))


def profile_state(environment: Mapping[str, str] = os.environ) -> ProfileState:
    """For diagnostics and ``deepsight doctor``."""
    if not _is_fast_dds(environment):
        rmw = environment["RMW_IMPLEMENTATION"]
        return ProfileState(True, "", 0, f"{rmw}: no Fast DDS, its own settings apply")
    path = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    remedy = f"export {VARIABLES[0]}={config_file('fastdds_images.xml')}"
    if not path:
        return ProfileState(False, "", 0, f"no DDS profile: images will be lost; {remedy}")
    try:
        size = _segment_bytes(Path(path))
    except (OSError, ElementTree.ParseError, ValueError) as error:
        return ProfileState(False, path, 0, f"{path} cannot be read ({error}); {remedy}")
    if size < ENOUGH_BYTES:
        return ProfileState(
            False, path, size, f"{path} sets {size} bytes of shared memory; {remedy}"
        )
    return ProfileState(True, path, size, f"{path}: {size // 2**20} MiB of shared memory")


def _is_fast_dds(environment: Mapping[str, str]) -> bool:
    rmw = environment.get("RMW_IMPLEMENTATION", "")
    return not rmw or "fastrtps" in rmw or "fastdds" in rmw


def _segment_bytes(path: Path) -> int:
    """Largest shared-memory segment of a profile file; 0 where it names none."""
    root = ElementTree.parse(path).getroot()
    sizes = [e.text or "0" for e in root.iter() if e.tag.rpartition("}")[2] == "segment_size"]
    return max((int(size) for size in sizes), default=0)
