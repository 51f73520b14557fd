"""Arguments and parameter files to a plan: precedence, namespaces, topics, refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.nodes import bag_player, parameter_files
from deepsight_ros.nodes.bringup_arguments import ARGUMENTS, CAMERAS, REPLAY_ARGUMENTS, parse
from deepsight_ros.nodes.bringup_plan import GRAPH_NODES, make_plan, qualified, ros_arguments
from tests.support.bags import BagMaker


def graph(plan):
    return next(p for p in plan.processes if p.executable == "graph")


class TestArguments:
    def test_every_argument_is_described_once(self) -> None:
        for arguments in (ARGUMENTS, REPLAY_ARGUMENTS):
            names = [argument.name for argument in arguments]
            assert len(set(names)) == len(names)
            for argument in arguments:
                assert argument.description.endswith(".")
                assert not argument.choices or argument.default in argument.choices

    @pytest.mark.parametrize(
        ("texts", "reason"),
        [
            (["sorce:=sim"], "did you mean source"),
            (["source=sim"], "expected name:=value"),
            (["source:=webcam"], "expected one of camera, sim"),
            (["source:=bag"], "needs path"),
            (["source:=bag", "path:=/does/not/exist"], "does not exist"),
            (["path:=/tmp"], "source:=camera"),
            (["source:=sim", "camera:=zed"], "only with source:=camera"),
            (["source:=folder", "path:=/tmp", "rate:=fast"], "expected a number"),
            (["source:=folder", "path:=/tmp", "rate:=-1"], "expected a number"),
            (["use_sim_time:=yes"], "expected one of"),
            (["params_file:=/does/not/exist.yaml"], "No such file"),
        ],
    )
    def test_refusals_say_what_is_wrong(self, texts: list[str], reason: str) -> None:
        with pytest.raises(InvalidValueError, match=reason):
            make_plan(parse(texts))

    def test_a_replay_sets_the_clock_and_ends(self, tmp_path: Path) -> None:
        plan = make_plan(parse([f"path:={tmp_path}"], REPLAY_ARGUMENTS))
        player = plan.processes[0]
        assert player.executable == "frame_player"
        assert player.is_required
        assert player.parameters["/frame_player"]["publish_clock"] is True
        assert not player.parameters["/frame_player"]["use_sim_time"]
        assert graph(plan).parameters["/perception"]["use_sim_time"] is True


class TestBagPlayer:
    @pytest.fixture
    def bag(self, tmp_path: Path) -> Path:
        maker = BagMaker("mcap")
        stamp_ns = 10**9
        for role, encoding, kind in (("depth", "16UC1", np.uint16), ("color", "rgb8", np.uint8)):
            shape = (48, 64) if role == "depth" else (48, 64, 3)
            camera = Camera(64, 48, 60.0, 60.0, 31.5, 23.5, frame_id="optical")
            maker.info(f"/front/{role}/camera_info", stamp_ns, camera)
            image = np.full(shape, 100, dtype=kind)
            maker.image(f"/front/{role}/image_rect", stamp_ns, "optical", encoding, image)
        return maker.write(tmp_path)

    @pytest.fixture(params=[True, False], ids=["rosbag2_py installed", "not installed"])
    def installed(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
        monkeypatch.setattr(bag_player, "is_installed", lambda: request.param)
        return bool(request.param)

    def test_auto_takes_what_is_installed(self, bag: Path, installed: bool) -> None:
        plan = make_plan(parse([f"path:={bag}", "rate:=0.5"], REPLAY_ARGUMENTS))
        player = plan.processes[0]
        assert player.is_required
        if not installed:
            assert player.executable == "frame_player"
            assert not any("front" in to for _, to in graph(plan).remappings)
            return
        assert (player.package, player.executable) == ("ros2bag", "ros2")
        words = list(player.arguments)
        assert words[:3] == ["bag", "play", str(bag)]
        assert words[words.index("--rate") + 1] == "0.5"
        assert set(words[words.index("--topics") + 1 :]) == {
            "/front/depth/image_rect",
            "/front/depth/camera_info",
            "/front/color/image_rect",
            "/front/color/camera_info",
            "/tf",
            "/tf_static",
        }
        assert ("depth/image_raw", "/front/depth/image_rect") in graph(plan).remappings
        assert graph(plan).parameters["/perception"]["use_sim_time"] is True

    def test_what_was_asked_for_is_taken_or_refused(self, bag: Path, installed: bool) -> None:
        given = [f"path:={bag}", "color:=none"]
        plan = make_plan(parse([*given, "player:=frame_player"], REPLAY_ARGUMENTS))
        assert plan.processes[0].executable == "frame_player"
        wanted = parse([*given, "player:=ros2bag"], REPLAY_ARGUMENTS)
        if not installed:
            with pytest.raises(SourceError, match="rosbag2_py installed"):
                make_plan(wanted)
            return
        player = make_plan(wanted).processes[0]
        assert "/front/color/image_rect" not in player.arguments

    def test_what_it_cannot_play_goes_to_frame_player(self, tmp_path: Path) -> None:
        ros1 = tmp_path / "old.bag"
        ros1.touch()
        plan = make_plan(parse([f"path:={ros1}"], REPLAY_ARGUMENTS))
        assert plan.processes[0].executable == "frame_player"
        with pytest.raises(InvalidValueError, match="use_sim_time"):
            parse([f"path:={ros1}", "player:=ros2bag", "use_sim_time:=false"], REPLAY_ARGUMENTS)


class TestPlan:
    @pytest.mark.parametrize(
        ("source", "first"), [("camera", "graph"), ("sim", "sim_camera"), ("bag", "frame_player")]
    )
    def test_sources(self, source: str, first: str, tmp_path: Path) -> None:
        path = [f"path:={tmp_path}"] if source == "bag" else []
        plan = make_plan(parse([f"source:={source}", *path]))
        assert plan.processes[0].executable == first
        assert {f"/{node}" for node in GRAPH_NODES} <= set(plan.node_names)

    def test_the_simulator_knows_its_frames(self) -> None:
        plan = make_plan({"source": "sim", "detector": "topic", "mount": "wrist"})
        perception = graph(plan).parameters["/perception"]
        assert (perception["fixed_frame"], perception["gripper_frame"]) == ("world", "gripper")
        simulator = plan.processes[0].parameters["/sim_camera"]
        assert simulator["mount"] == "wrist"
        assert simulator["detections_rate_hz"] > 0
        own = make_plan({"source": "sim", "fixed_frame": "map"})
        assert graph(own).parameters["/perception"]["fixed_frame"] == "map"

    def test_namespaces_nest(self) -> None:
        plan = make_plan({"namespace": "arm"}, outer_namespace="/robot1")
        assert plan.namespace == "/robot1/arm"
        assert "/robot1/arm/perception" in graph(plan).parameters
        assert qualified("/robot1", "/arm") == "/arm"
        assert qualified("", "") == "/"

    def test_argument_wins_over_preset_wins_over_file(self, tmp_path: Path) -> None:
        file = tmp_path / "own.yaml"
        file.write_text(
            yaml.dump(
                {
                    "/**": {"ros__parameters": {"autostart": False, "warning_period_s": 7.0}},
                    "perception": {
                        "ros__parameters": {
                            "sensor_family": "structured_light",
                            "fixed_frame": "odom",
                            "perception": {"detector": "none", "min_object_px": 11},
                        }
                    },
                }
            )
        )
        plan = make_plan(
            {
                "params_file": str(file),
                "camera": "kinect",
                "namespace": "r1",
                "detector": "topic",
                "autostart": "true",
            }
        )
        perception = graph(plan).parameters["/r1/perception"]
        assert perception["sensor_family"] == "time_of_flight"
        assert perception["fixed_frame"] == "odom"
        assert perception["perception.detector"] == "topic"
        assert perception["perception.min_object_px"] == 11
        assert perception["warning_period_s"] == 7.0
        assert perception["autostart"] is True
        assert "fixed_frame" not in graph(plan).parameters["/r1/spatial_query"]

    @pytest.mark.parametrize("camera", CAMERAS)
    def test_presets_name_every_topic(self, camera: str) -> None:
        remappings = dict(graph(make_plan({"camera": camera})).remappings)
        for name in (
            "color/image_raw",
            "color/camera_info",
            "depth/image_raw",
            "depth/camera_info",
        ):
            assert remappings[name].startswith("/")

    def test_topics_of_ones_own(self) -> None:
        process = graph(make_plan({"color": "/cam/rgb/compressed", "depth": "/cam/d/image"}))
        remappings = dict(process.remappings)
        assert remappings["color/image_raw"] == "/cam/rgb"
        assert remappings["color/camera_info"] == "/cam/camera_info"
        assert remappings["depth/camera_info"] == "/cam/d/camera_info"
        assert process.parameters["/perception"]["color_transport"] == "compressed"
        assert process.parameters["/perception"]["depth_transport"] == "auto"

    def test_depth_only(self) -> None:
        process = graph(make_plan({"camera": "realsense", "color": "none"}))
        assert process.parameters["/perception"]["color"] == "none"
        assert not any(source.startswith("color/") for source, _ in process.remappings)

    def test_ros_arguments(self, tmp_path: Path) -> None:
        plan = make_plan({"namespace": "r1", "log_level": "warn", "depth": "/d"})
        arguments = ros_arguments(plan, graph(plan), tmp_path / "p.yaml")
        assert arguments[0] == "--ros-args"
        assert arguments[-2:] == ["--params-file", str(tmp_path / "p.yaml")]
        assert "__ns:=/r1" in arguments
        assert "depth/image_raw:=/d" in arguments

    def test_written_file_gives_back_every_value(self, tmp_path: Path) -> None:
        process = graph(make_plan({"namespace": "r1", "target_frame": "on"}))
        content = parameter_files.load(process.write_parameters(tmp_path))
        for node, parameters in process.parameters.items():
            assert parameter_files.resolve(content, node) == dict(parameters)
        # rcl reads a bare `on` as a boolean
        assert '"on"' in process.write_parameters(tmp_path).read_text()


class TestParameterFiles:
    @pytest.mark.parametrize(
        ("block", "node", "holds"),
        [
            ("perception", "/perception", True),
            ("perception", "/r1/arm/perception", True),
            ("perception", "/my_perception", False),
            ("arm/perception", "/r1/arm/perception", True),
            ("arm/perception", "/r1/leg/perception", False),
            ("/perception", "/r1/perception", False),
            ("/r1/perception", "/r1/perception", True),
            ("/**", "/r1/arm/perception", True),
            ("/**/perception", "/perception", True),
            ("/**/perception", "/r1/arm/perception", True),
            ("/*/perception", "/r1/perception", True),
            ("/*/perception", "/r1/arm/perception", False),
        ],
    )
    def test_blocks(self, block: str, node: str, holds: bool) -> None:
        content = {block: {"ros__parameters": {"a": 1}}}
        assert parameter_files.resolve(content, node) == ({"a": 1} if holds else {})

    def test_nested_names_and_specific_blocks_last(self) -> None:
        content = {
            "perception": {"ros__parameters": {"a": {"b": 2}}},
            "/**": {"ros__parameters": {"a": {"b": 1, "c": 3}}},
        }
        assert parameter_files.resolve(content, "/perception") == {"a.b": 2, "a.c": 3}

    def test_a_stray_value_is_refused(self) -> None:
        with pytest.raises(InvalidValueError, match="outside ros__parameters"):
            parameter_files.resolve({"perception": {"fixed_frame": "odom"}}, "/perception")
