"""``ros2 launch`` and ``deepsight bringup`` start the same nodes with the same parameters."""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from deepsight_ros.nodes import bag_player, bringup_plan
from deepsight_ros.nodes.bringup_arguments import ARGUMENTS, REPLAY_ARGUMENTS, parse
from deepsight_ros.nodes.bringup_plan import make_plan
from deepsight_ros.nodes.bringup_runner import command_line
from tests.support.launch_recorder import recorded_launch
from tests.support.waiting import PATIENCE_S

CASES = {
    "defaults": [],
    "sim": ["source:=sim", "mount:=wrist", "fixed_frame:=world", "gripper_frame:=tool0"],
    "robot": [
        "namespace:=robot1",
        "camera:=realsense",
        "color:=/front/color/image_raw/compressed",
        "target_frame:=base_link",
        "detector:=topic",
        "use_sim_time:=true",
        "use_respawn:=true",
        "log_level:=warn",
        "autostart:=false",
    ],
    "depth_only": ["camera:=kinect", "color:=none"],
}


@dataclass(frozen=True)
class Started:
    """One process as it is started, whoever starts it."""

    executable: str
    namespace: str
    log_level: str
    remappings: frozenset[str]
    parameters: str

    @staticmethod
    def from_command(command: list[str], files: list[str]) -> Started:
        if "-m" in command:
            executable = command[command.index("-m") + 1].rpartition(".")[2]
        else:
            executable = Path(command[0]).name
        rules = {command[i + 1] for i, word in enumerate(command) if word == "-r"}
        namespaces = {rule for rule in rules if rule.startswith("__ns:=")}
        merged: dict[str, object] = {}
        for file in files:
            merged |= yaml.safe_load(file)
        return Started(
            executable,
            next(iter(namespaces)).removeprefix("__ns:="),
            command[command.index("--log-level") + 1],
            frozenset(rules - namespaces),
            json.dumps(merged, sort_keys=True),
        )


def by_command(arguments: list[str], replay: bool, folder: Path) -> set[Started]:
    known = REPLAY_ARGUMENTS if replay else ARGUMENTS
    plan = make_plan(parse(arguments, known))
    started = set()
    for process in plan.processes:
        command = command_line(plan, process, folder)
        file = Path(command[command.index("--params-file") + 1])
        started.add(Started.from_command(command, [file.read_text()]))
    return started


@pytest.mark.parametrize("name", CASES)
def test_launch_file_describes_what_the_command_starts(name: str, tmp_path: Path) -> None:
    """Runs everywhere: `launch` is replaced by a recorder of what the file asks it to do."""
    with recorded_launch(CASES[name]) as nodes:
        described = {Started.from_command(node.command, node.files) for node in nodes}
    assert described == by_command(CASES[name], False, tmp_path)


def test_replay_launch_file_describes_what_the_command_starts(tmp_path: Path) -> None:
    arguments = [f"path:={tmp_path}", "namespace:=r2", "rate:=0.5"]
    with recorded_launch(arguments, replay=True) as nodes:
        described = {Started.from_command(node.command, node.files) for node in nodes}
        assert any(node.ends_launch for node in nodes)
    assert described == by_command(arguments, True, tmp_path)


def test_a_bag_is_played_by_ros2bag_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = {"depth": "/front/depth/image_raw", "depth_info": "/front/depth/camera_info"}
    monkeypatch.setattr(bag_player, "is_installed", lambda: True)
    monkeypatch.setattr(bringup_plan, "recorded_topics", lambda *_, **__: topics)
    arguments = [f"path:={tmp_path / 'bag'}", "loop:=true"]
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "metadata.yaml").touch()
    with recorded_launch(arguments, replay=True) as actions:
        player = actions[0]
        assert player.ends_launch
        assert player.command[:4] == ["ros2", "bag", "play", str(tmp_path / "bag")]
    plan = make_plan(parse(arguments, REPLAY_ARGUMENTS))
    assert list(plan.processes[0].arguments) == player.command[1:]
    assert "--loop" in player.command


@pytest.mark.ros
@pytest.mark.parametrize("name", CASES)
def test_ros2_launch_starts_what_the_command_starts(name: str, tmp_path: Path, processes) -> None:
    """The real ros2 launch, with a probe before every executable that only notes its command."""
    ros2 = shutil.which("ros2")
    if ros2 is None or importlib.util.find_spec("launch_ros") is None:
        pytest.skip("launch_ros is not installed here (it is not on PyPI); apt's ROS 2 has it")
    out = tmp_path / "started.jsonl"
    probe = Path(__file__).with_name("launch_probe.py")
    command = [ros2, "launch", "--launch-prefix", f"{sys.executable} {probe} {out}"]
    arguments = [a for a in CASES[name] if not a.startswith("use_respawn")]
    child = processes.start([*command, "deepsight_ros", "bringup.launch.py", *arguments])
    assert child.wait(PATIENCE_S) == 0, processes.output(child)
    noted = [json.loads(line) for line in out.read_text().splitlines()]
    started = {Started.from_command(entry["command"], entry["files"]) for entry in noted}
    assert started == by_command(arguments, False, tmp_path)
