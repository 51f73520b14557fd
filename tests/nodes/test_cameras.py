"""The camera stand-ins: what they publish is what a driver publishes, and truth is exact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from deepsight_ros.geometry.decode import decode_depth
from deepsight_ros.msg import Regions, Scene
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.conversions import (
    camera_from_message,
    image_buffer,
    to_ns,
    transform_from_message,
)
from deepsight_ros.nodes.demo import Truth
from deepsight_ros.nodes.frame_player import FramePlayerNode
from deepsight_ros.nodes.pacing import Pacer
from deepsight_ros.nodes.sim_camera import SimCameraNode
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


@pytest.mark.parametrize("mount", ["scene", "wrist"])
def test_the_simulated_camera_says_what_is_true(
    ros: RosHarness, run_nodes: Any, mount: str
) -> None:
    depths: list[Image] = ros.collect(Image, "depth/image_raw", qos.sensor_in())
    colours: list[Image] = ros.collect(Image, "color/image_raw", qos.sensor_in())
    infos: list[CameraInfo] = ros.collect(CameraInfo, "depth/camera_info", qos.sensor_in())
    transforms: list[TFMessage] = ros.collect(TFMessage, "/tf", 100)
    truths: list[Scene] = ros.collect(Scene, "truth")
    boxes: list[Regions] = ros.collect(Regions, "detections")
    about: list[String] = ros.collect(String, "simulation", qos.latched())
    run_nodes(SimCameraNode, mount=mount, rate_hz=10.0, detections_rate_hz=10.0)
    ros.wait_for(lambda: len(truths) > 2 and boxes and about, what="truth and detections")
    depth = depths[-1]
    stamp_ns = to_ns(depth.header.stamp)
    assert stamp_ns in {to_ns(c.header.stamp) for c in colours[-4:]}
    camera = camera_from_message(infos[-1], "info")
    assert (camera.width_px, camera.height_px) == (depth.width, depth.height)
    depth_m = decode_depth(image_buffer(depth, "depth"))
    assert 0.6 < np.isfinite(depth_m).mean() <= 1.0
    newest = truths[-1]
    exact = Truth(about[0].data).at(to_ns(newest.header.stamp))
    said = {o.id: o for o in newest.objects}
    assert said.keys() == {t.id for t in exact.objects}
    camera_from_w = exact.working_from_camera.inverse()
    for thing in exact.objects:
        at = said[thing.id].pose.position
        np.testing.assert_allclose(
            [at.x, at.y, at.z], camera_from_w.apply(thing.box.centre_m), atol=1e-6
        )
    children = {t.child_frame_id for m in transforms for t in m.transforms}
    assert children == {depth.header.frame_id, "gripper"}
    assert {r.label for r in boxes[-1].regions} <= {t.label for t in exact.objects}
    poses = {
        to_ns(t.header.stamp): transform_from_message(t)
        for m in transforms
        for t in m.transforms
        if t.child_frame_id == depth.header.frame_id
    }
    places = np.array([p.translation_m for p in poses.values()])
    moved = float(np.ptp(places, axis=0).max())
    assert moved > 0.001 if mount == "wrist" else moved == 0.0


def test_a_pacer_keeps_exact_times_and_skips_what_is_late() -> None:
    stamps: list[int] = []
    errors: list[Exception] = []
    pacer = Pacer(50.0, lambda tick: tick, lambda _, stamp: stamps.append(stamp), errors.append)
    pacer.start()
    start_ns = pacer.start_ns
    while len(stamps) < 8:
        pass
    pacer.stop()
    ticks = (np.array(stamps) - start_ns) / 20_000_000
    np.testing.assert_array_equal(ticks, ticks.astype(int))
    assert not errors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three frames with a camera file and a trajectory."""
    rng = np.random.default_rng(0)
    (tmp_path / "depth").mkdir()
    (tmp_path / "color").mkdir()
    for index in range(3):
        depth = np.full((48, 64), 1000 + 100 * index, np.uint16)
        colour = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / "depth" / f"{index:05d}.png"), depth)
        cv2.imwrite(str(tmp_path / "color" / f"{index:05d}.png"), colour)
    camera = {"fx_px": 60, "fy_px": 60, "cx_px": 31.5, "cy_px": 23.5, "depth_unit_m": 0.001}
    (tmp_path / "camera.json").write_text(json.dumps(camera))
    rows = []
    for index in range(3):
        pose = np.eye(4)
        pose[0, 3] = 0.1 * index
        rows += [f"{index} {index} {index + 1}", *(" ".join(map(str, r)) for r in pose)]
    (tmp_path / "trajectory.log").write_text("\n".join(rows) + "\n")
    return tmp_path


def test_a_folder_is_played_once_with_stamps_of_now(
    ros: RosHarness, run_nodes: Any, folder: Path
) -> None:
    depths: list[Image] = ros.collect(Image, "depth/image_raw", qos.sensor_in())
    transforms: list[TFMessage] = ros.collect(TFMessage, "/tf", 100)
    began_ns = ros.node.get_clock().now().nanoseconds
    (node,) = run_nodes(FramePlayerNode, path=str(folder), folder_rate_hz=20.0, start_delay_s=0.5)
    ros.wait_for(lambda: node.has_ended)
    assert len(depths) == 3
    stamps = [to_ns(d.header.stamp) for d in depths]
    assert stamps == sorted(stamps)
    assert stamps[0] >= began_ns
    assert np.diff(stamps) == pytest.approx([50e6, 50e6], rel=1e-3)
    for index, message in enumerate(depths):
        value_m = decode_depth(image_buffer(message, "d"))
        assert value_m == pytest.approx(1.0 + 0.1 * index)
    last = transforms[-1].transforms[0]
    assert last.header.frame_id == "world"
    assert last.transform.translation.x == pytest.approx(0.2)


def test_a_recording_sets_the_clock_and_loops(
    ros: RosHarness, run_nodes: Any, folder: Path
) -> None:
    clocks: list[Clock] = ros.collect(Clock, "/clock")
    depths: list[Image] = ros.collect(Image, "depth/image_raw", qos.sensor_in())
    run_nodes(
        FramePlayerNode,
        path=str(folder),
        folder_rate_hz=20.0,
        publish_clock=True,
        loop=True,
        start_delay_s=0.5,
    )
    ros.wait_for(lambda: len(depths) > 6)
    stamps = [to_ns(d.header.stamp) for d in depths]
    assert len(set(stamps)) == 3  # the recording's own, again and again
    assert {to_ns(c.clock) for c in clocks} >= set(stamps)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "set the parameter path"),
        ("/nowhere/at/all", "expected a folder of images or a bag"),
    ],
)
def test_what_cannot_be_played_is_refused(
    ros: RosHarness, capfd: Any, path: str, reason: str
) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn
    from rclpy.parameter import Parameter

    overrides = [Parameter("path", value=path)]
    node = ros.add(FramePlayerNode(context=ros.context, parameter_overrides=overrides))
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert reason in capfd.readouterr().err


def test_a_bag_without_calibration_is_refused(
    ros: RosHarness, capfd: Any, shared_data: Path
) -> None:
    from rclpy.lifecycle import TransitionCallbackReturn
    from rclpy.parameter import Parameter

    path = shared_data / "spot_ros1_bag" / "raw.bag"
    if not path.is_file():
        pytest.skip(f"no {path}")
    overrides = [Parameter("path", value=str(path))]
    node = ros.add(FramePlayerNode(context=ros.context, parameter_overrides=overrides))
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    said = capfd.readouterr().err
    assert "no camera_info" in said
    assert "no transform between" in said
