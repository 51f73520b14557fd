"""Perception over DDS: transports, QoS, TF, calibration of two cameras, outputs on demand."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from visualization_msgs.msg import Marker, MarkerArray

from deepsight_ros.geometry.decode_compressed import encode_compressed_depth
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.msg import DistanceEstimates, Region, Regions, Scene
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.camera_output import PackedFrame, millimetres
from deepsight_ros.nodes.conversions import byte_array, header, to_ns, transform_message
from deepsight_ros.nodes.perception import PerceptionNode
from deepsight_ros.synthesis.simulation import SimulatedFrame
from tests.nodes.conftest import Feed
from tests.support.ros import RosHarness

pytestmark = pytest.mark.ros


def compressed(data: bytes, fmt: str, frame_id: str, stamp_ns: int) -> CompressedImage:
    return CompressedImage(header=header(stamp_ns, frame_id), format=fmt, data=byte_array(data))


def statuses(arrays: list[DiagnosticArray]) -> dict[str, DiagnosticStatus]:
    """Newest status by its name without the node's."""
    return {s.name.split(": ", 1)[1]: s for array in arrays for s in array.status}


def values_of(status: DiagnosticStatus) -> dict[str, str]:
    return {v.key: v.value for v in status.values}


@pytest.mark.parametrize("codec", ["png", "rvl"])
def test_compressed_topics_are_found_by_themselves(
    ros: RosHarness, run_nodes: Any, table: SimulatedFrame, packed: PackedFrame, codec: str
) -> None:
    """Only compressed topics are published; no parameter says so."""
    scenes = ros.collect(Scene, "scene")
    frame = table.frame
    fmt, depth = encode_compressed_depth(millimetres(frame.depth_m), codec)
    jpeg = cv2.imencode(".jpg", frame.colour[..., ::-1])[1].tobytes()
    images = {
        "depth/image_raw/compressedDepth": (fmt, depth),
        "color/image_raw/compressed": ("rgb8; jpeg compressed bgr8", jpeg),
    }
    out = {
        name: ros.node.create_publisher(CompressedImage, name, qos.sensor_out()) for name in images
    }
    infos = Feed(ros)
    infos.output._node.destroy_publisher(infos.output._depth)
    infos.output._node.destroy_publisher(infos.output._colour)
    (node,) = run_nodes(PerceptionNode)

    def seen() -> bool:
        stamp_ns = infos.now_ns()
        for name, publisher in (
            ("depth_info", infos.output._depth_info),
            ("colour_info", infos.output._colour_info),
        ):
            info = getattr(packed, name)
            info.header.stamp = header(stamp_ns, "").stamp
            publisher.publish(info)
        for name, (kind, data) in images.items():
            out[name].publish(compressed(data, kind, frame.camera.frame_id, stamp_ns))
        time.sleep(0.05)
        return any(s.has_colour for s in scenes)

    ros.wait_for(seen, what="a scene with colour")
    assert len(scenes[-1].objects) >= 4
    assert node.fault_log.count("/depth/image_raw") == 0


def test_incompatible_qos_is_named_and_an_override_mends_it(
    ros: RosHarness, feed: Feed, run_nodes: Any
) -> None:
    (node,) = run_nodes(
        PerceptionNode,
        **{"qos_overrides./depth/image_raw.subscription.reliability": "reliable"},
    )
    ros.wait_for(
        lambda: node.fault_log.count("/depth/image_raw", "incompatible QoS"),
        what="the QoS warning",
    )
    (fault,) = [f for f in node.fault_log.faults() if f.cause == "incompatible QoS"]
    assert "reliability" in fault.message
    assert "qos_overrides./depth/image_raw.subscription.reliability" in fault.message
    # a camera that offers reliable is heard with this override
    profile = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
    camera = ros.node.create_publisher(Image, "depth/image_raw", profile)
    ros.wait_for(lambda: camera.get_subscription_count(), what="the subscription to match")


def test_diagnostics_name_what_is_missing_and_what_has_another_type(
    ros: RosHarness, run_nodes: Any
) -> None:
    ros.node.create_publisher(Image, "camera/depth", qos.sensor_out())
    run_nodes(PerceptionNode, diagnostics_period_s=0.2)
    arrays = ros.collect(DiagnosticArray, "/diagnostics")
    ros.wait_for(
        lambda: (
            statuses(arrays).get("depth input", DiagnosticStatus()).level == DiagnosticStatus.STALE
        ),
        6.0,
        "the stale depth input",
    )
    depth = statuses(arrays)["depth input"]
    assert "nobody publishes on /depth/image_raw" in depth.message
    assert "/depth/image_raw/compressedDepth" in depth.message
    assert "/camera/depth" in depth.message  # what could be remapped
    assert "faults" in statuses(arrays)
    assert statuses(arrays)["DDS image profile"].level == DiagnosticStatus.OK


def test_diagnostics_tell_rate_age_latency_and_drops(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    run_nodes(PerceptionNode, diagnostics_period_s=0.2)
    arrays = ros.collect(DiagnosticArray, "/diagnostics")
    feed.wait_for_subscribers()
    feed.send_until(
        packed,
        lambda: (
            "perception" in statuses(arrays)
            and int(values_of(statuses(arrays)["perception"])["perceived"]) > 5
        ),
    )
    now = statuses(arrays)
    assert "Hz" in now["perception"].message or "frames per second" in now["perception"].message
    told = values_of(now["perception"])
    assert float(told["rate_hz"]) > 1
    assert 0 < float(told["latency_median_s"]) < 2
    assert {"overtaken", "age_s", "latency_p99_s", "work_median_s"} <= told.keys()
    assert {"lost_in_transport", "transport", "received"} <= values_of(now["depth input"]).keys()
    assert "paired" in values_of(now["colour input"])


def test_tracking_and_distances_go_through_tf_at_the_stamp(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame, table: SimulatedFrame
) -> None:
    from tf2_msgs.msg import TFMessage

    run_nodes(PerceptionNode, fixed_frame="world", target_frame="base", gripper_frame="gripper")
    scenes = ros.collect(Scene, "scene")
    distances = ros.collect(DistanceEstimates, "distances")
    tf = ros.node.create_publisher(TFMessage, "/tf", qos.reliable())
    optical = table.frame.camera.frame_id
    base = RigidTransform(np.eye(3), np.array([10.0, 0.0, 0.0]))

    def seen() -> bool:
        stamp_ns = feed.now_ns()
        transforms = [
            transform_message("world", optical, table.world_from_camera, stamp_ns),
            transform_message("world", "gripper", table.world_from_gripper, stamp_ns),
            transform_message("base", "world", base, stamp_ns),
        ]
        tf.publish(TFMessage(transforms=transforms))
        feed.send(packed, stamp_ns)
        time.sleep(0.05)
        return any(d.header.frame_id == "base" and d.distances for d in distances)

    feed.wait_for_subscribers()
    ros.wait_for(seen, what="distances in the target frame")
    ros.wait_for(lambda: scenes and scenes[-1].has_fixed_pose, what="a fixed pose")
    scene = scenes[-1]
    assert scene.up_source == Scene.UP_TF
    assert scene.fixed_frame == "world"
    for thing in scene.objects:
        assert -0.1 < thing.position_fixed.z < 0.6  # above the table, wherever the camera is
    pairs = [d for d in distances[-1].distances if "gripper" in (d.from_id, d.to_id)]
    assert pairs
    from_points = [d.from_point for d in distances[-1].distances if d.from_id == "camera"]
    camera_in_base = (base @ table.world_from_camera).translation_m
    for at in from_points:
        np.testing.assert_allclose([at.x, at.y, at.z], camera_in_base, atol=1e-6)


def test_missing_transforms_are_named_and_perception_goes_on(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    (node,) = run_nodes(PerceptionNode, fixed_frame="odom", tf_wait_s=0.0)
    scenes = ros.collect(Scene, "scene")
    feed.wait_for_subscribers()
    feed.send_until(packed, lambda: scenes)
    assert not scenes[-1].has_fixed_pose
    assert any("odom" in f.message for f in node.fault_log.faults() if f.source == "/tf")


def test_colour_of_another_camera_needs_tf(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame, table: SimulatedFrame
) -> None:
    from tf2_msgs.msg import TFMessage

    (node,) = run_nodes(PerceptionNode)
    scenes = ros.collect(Scene, "scene")
    two = deepcopy(packed)
    assert two.colour is not None and two.colour_info is not None
    two.colour.header.frame_id = two.colour_info.header.frame_id = "color_optical"
    feed.wait_for_subscribers()
    feed.send_until(two, lambda: scenes)
    assert not scenes[-1].has_colour
    (fault,) = [f for f in node.fault_log.faults() if f.cause == "colour refused"]
    assert fault.source == "/color/image_raw"
    assert "color_optical" in fault.message
    assert "TF" in fault.message
    static = ros.node.create_publisher(TFMessage, "/tf_static", qos.latched())
    pose = RigidTransform(np.eye(3), np.array([0.01, 0.0, 0.0]))
    depth_frame = table.frame.camera.frame_id
    static.publish(
        TFMessage(transforms=[transform_message(depth_frame, "color_optical", pose, 1)])
    )
    feed.send_until(two, lambda: scenes[-1].has_colour)


def test_markers_and_overlay_are_made_for_who_listens(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    run_nodes(PerceptionNode)
    markers = ros.collect(MarkerArray, "markers")
    pictures = ros.collect(Image, "overlay")
    feed.wait_for_subscribers()
    feed.send_until(packed, lambda: markers and pictures)
    kinds = [m.type for m in markers[-1].markers if m.action == Marker.ADD]
    assert {Marker.CUBE, Marker.TEXT_VIEW_FACING, Marker.LINE_STRIP} <= set(kinds)
    assert markers[-1].markers[0].action == Marker.DELETEALL
    assert (pictures[-1].width, pictures[-1].height) == (packed.depth.width, packed.depth.height)
    drawn = np.frombuffer(pictures[-1].data, np.uint8)
    assert packed.colour is not None
    assert (drawn != np.frombuffer(packed.colour.data, np.uint8)).mean() > 0.01


def test_boxes_of_an_outside_detector_name_objects(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame, table: SimulatedFrame
) -> None:
    from deepsight_ros.nodes.sim_camera import detections

    (node,) = run_nodes(PerceptionNode, perception__detector="topic")
    scenes = ros.collect(Scene, "scene")
    publisher = ros.node.create_publisher(Regions, "detections", qos.reliable())
    bad = Region(kind=Region.BOX, label="ghost", box=np.array([np.nan, 0, 5, 5], np.float32))

    def named() -> bool:
        stamp_ns = feed.now_ns()
        message = detections(table, stamp_ns)
        message.regions.append(bad)
        publisher.publish(message)
        feed.send(packed, stamp_ns)
        time.sleep(0.05)
        return bool(scenes) and sum(bool(o.label) for o in scenes[-1].objects) >= 4

    feed.wait_for_subscribers()
    ros.wait_for(named, what="four named objects")
    truth = {t.label for t in table.world.things}
    labels = {o.label for o in scenes[-1].objects if o.label}
    assert labels <= truth
    assert node.fault_log.count("detections", "bad region") >= 1


def test_perception_parameters_change_what_is_perceived_at_once(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    from rclpy.parameter import Parameter

    (node,) = run_nodes(PerceptionNode)
    scenes = ros.collect(Scene, "scene")
    feed.wait_for_subscribers()
    feed.send_until(packed, lambda: scenes and scenes[-1].objects)
    (result,) = node.set_parameters([Parameter("sensor_max_range_m", value=0.5)])
    assert result.successful
    feed.send_until(packed, lambda: not scenes[-1].objects)
    (result,) = node.set_parameters([Parameter("depth_transport", value="raw")])
    assert not result.successful
    assert "deactivate" in result.reason


def test_scene_messages_say_what_the_frame_shows(
    ros: RosHarness, feed: Feed, run_nodes: Any, packed: PackedFrame
) -> None:
    run_nodes(PerceptionNode)
    scenes: list[Scene] = ros.collect(Scene, "scene")
    feed.wait_for_subscribers()

    def coloured() -> list[Scene]:
        return [s for s in scenes if s.has_colour]

    feed.send_until(packed, lambda: len(scenes) > 3 and coloured())
    scene = coloured()[-1]
    assert [s.sequence for s in scenes] == sorted({s.sequence for s in scenes})
    assert (scene.width, scene.height) == (packed.depth.width, packed.depth.height)
    assert scene.fx == pytest.approx(packed.depth_info.k[0])
    assert scene.up_source == Scene.UP_PLANE
    assert scene.has_support
    assert np.linalg.norm([scene.up.x, scene.up.y, scene.up.z]) == pytest.approx(1.0)
    assert scene.support_offset > 0
    assert 0.3 < scene.depth_valid_fraction <= 1.0
    ranges = [o.range for o in scene.objects]
    assert ranges == sorted(ranges)
    for thing in scene.objects:
        assert thing.colours
        assert thing.num_points > 0
        assert thing.frames_seen >= 1
        near = thing.nearest_point
        assert np.linalg.norm([near.x, near.y, near.z]) == pytest.approx(thing.range, rel=1e-3)
    assert to_ns(scene.header.stamp) > 0
