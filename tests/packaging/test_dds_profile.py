"""The DDS profile: ours by default, never instead of the user's, and really in force."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deepsight_ros.nodes import dds_profile
from deepsight_ros.nodes.resources import config_file

MIB = 1024 * 1024


def test_ours_by_default() -> None:
    environment: dict[str, str] = {}
    assert not dds_profile.profile_state(environment).in_force
    dds_profile.use_image_profile(environment)
    assert set(environment) == set(dds_profile.VARIABLES)
    state = dds_profile.profile_state(environment)
    assert state.in_force
    assert state.segment_bytes == 32 * MIB


@pytest.mark.parametrize("variable", dds_profile.VARIABLES)
def test_never_instead_of_the_users(variable: str, tmp_path: Path) -> None:
    own = tmp_path / "own.xml"
    own.write_text("<dds><segment_size>524288</segment_size></dds>")
    environment = {variable: str(own)}
    dds_profile.use_image_profile(environment)
    assert environment == {variable: str(own)}
    state = dds_profile.profile_state(environment)
    assert not state.in_force
    assert "524288" in state.advice
    assert "export" in state.advice


def test_not_for_other_middleware() -> None:
    environment = {"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"}
    assert dds_profile.image_profile(environment) == {}
    assert dds_profile.profile_state(environment).in_force


def test_an_unreadable_profile_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.xml"
    broken.write_text("<dds>")
    for path in (broken, tmp_path / "missing.xml"):
        state = dds_profile.profile_state({dds_profile.VARIABLES[0]: str(path)})
        assert not state.in_force
        assert str(path) in state.advice


@pytest.mark.ros
@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="no POSIX shared memory here")
@pytest.mark.skipif(
    "fast" not in os.environ.get("RMW_IMPLEMENTATION", "rmw_fastrtps_cpp"), reason="no Fast DDS"
)
def test_a_participant_gets_a_segment_that_holds_images(processes) -> None:
    """Fast DDS itself read the profile: the new process owns a segment of its size."""
    code = (
        "import rclpy; rclpy.init(); node = rclpy.create_node('n');"
        "print('ready', flush=True); rclpy.spin(node)"
    )
    profile = dict.fromkeys(dds_profile.VARIABLES, str(config_file("fastdds_images.xml")))
    before = _segments()
    child = processes.start([sys.executable, "-c", code], profile)
    processes.wait_for_output(child, "ready")
    new = _segments() - before
    sizes = [path.stat().st_size for path in new if not path.name.endswith("_el")]
    assert max(sizes) >= 32 * MIB


def _segments() -> set[Path]:
    return set(Path("/dev/shm").glob("fastrtps_*"))
