"""Topics of a running graph in, a rerun recording (.rrd) out. Needs rerun-sdk, imported here."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import rerun as rr
from sensor_msgs.msg import CameraInfo, Image

from deepsight_ros import msg
from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.decode import decode_colour, decode_depth
from deepsight_ros.nodes import qos
from deepsight_ros.nodes.client import SpatialClient
from deepsight_ros.nodes.conversions import image_buffer, to_ns
from deepsight_ros.nodes.overlay import colour_of
from deepsight_ros.scene.measure import CAMERA_ID

CAMERA = "camera"
"""Entity of the depth camera; everything is logged in its optical frame."""


class ViewRecorder:
    """Logs messages as they come.

    Args:
        path: of the recording to write.
    """

    def __init__(self, path: Path) -> None:
        self.counts: dict[str, int] = {}
        self._lock = threading.Lock()
        self._recording = rr.RecordingStream("deepsight_ros")
        self._recording.save(path)

    def close(self) -> None:
        """Write everything out."""
        self._recording.flush()
        self._recording.disconnect()

    def on_depth(self, message: Image) -> None:
        """Depth as metres."""
        try:
            depth_m = decode_depth(image_buffer(message, "depth"))
        except DeepsightError:
            return  # perception says what is wrong with it
        self._log(message, f"{CAMERA}/depth", rr.DepthImage(np.nan_to_num(depth_m), meter=1.0))

    def on_picture(self, message: Image) -> None:
        """The overlay as it is drawn."""
        picture = decode_colour(image_buffer(message, "overlay"))
        self._log(message, f"{CAMERA}/overlay", rr.Image(picture))

    def on_info(self, message: CameraInfo) -> None:
        """The pinhole that images are shown through."""
        k = np.array(message.k).reshape(3, 3)
        if k[0, 0] > 0 and message.width > 0:
            pinhole = rr.Pinhole(image_from_camera=k, resolution=[message.width, message.height])
            self._log(message, CAMERA, pinhole)

    def on_scene(self, message: msg.Scene) -> None:
        """Boxes with names."""
        things = [o for o in message.objects if np.isfinite(o.size.x)]
        boxes = rr.Boxes3D(
            centers=[[o.pose.position.x, o.pose.position.y, o.pose.position.z] for o in things],
            sizes=[[o.size.x, o.size.y, o.size.z] for o in things],
            quaternions=[
                rr.Quaternion(
                    xyzw=[
                        o.pose.orientation.x,
                        o.pose.orientation.y,
                        o.pose.orientation.z,
                        o.pose.orientation.w,
                    ]
                )
                for o in things
            ],
            colors=[colour_of(o.id) for o in things],
            labels=[f"{o.id} {o.label or ' '.join(o.colours[:1])}".strip() for o in things],
        )
        self._log(message, "objects", boxes)

    def on_distances(self, message: msg.DistanceEstimates) -> None:
        """Lines between objects, labelled in metres."""
        pairs = [d for d in message.distances if CAMERA_ID not in (d.from_id, d.to_id)]
        lines = rr.LineStrips3D(
            [
                [
                    [d.from_point.x, d.from_point.y, d.from_point.z],
                    [d.to_point.x, d.to_point.y, d.to_point.z],
                ]
                for d in pairs
            ],
            labels=[f"{d.distance:.3f} m" for d in pairs],
        )
        self._log(message, "distances", lines)

    def on_answer(self, message: msg.SpatialAnswer) -> None:
        """Questions and answers as a log."""
        said = message.text or f"{message.status_name}: {message.error}"
        self._log(message, "answers", rr.TextLog(f"{message.question} {said}"))

    def _log(self, message: Any, entity: str, what: Any) -> None:
        with self._lock:
            stamp = np.datetime64(to_ns(message.header.stamp), "ns")
            self._recording.set_time("stamp", timestamp=stamp)
            self._recording.log(entity, what)
            self.counts[entity] = self.counts.get(entity, 0) + 1


def record(path: Path, seconds: float, namespace: str = "") -> dict[str, int]:
    """Record a running graph for a while.

    Returns:
        Entity -> messages recorded; empty when nothing came.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    recorder = ViewRecorder(path)
    sources: tuple[tuple[Any, str, Any, Any], ...] = (
        (Image, "depth/image_raw", recorder.on_depth, qos.sensor_in()),
        (Image, "overlay", recorder.on_picture, qos.reliable()),
        (CameraInfo, "depth/camera_info", recorder.on_info, qos.sensor_in()),
        (msg.Scene, "scene", recorder.on_scene, qos.reliable()),
        (msg.DistanceEstimates, "distances", recorder.on_distances, qos.reliable()),
        (msg.SpatialAnswer, "answers", recorder.on_answer, qos.reliable()),
    )
    with SpatialClient(namespace) as client:
        for kind, topic, callback, profile in sources:
            client.node.create_subscription(kind, topic, callback, profile)
        time.sleep(seconds)
    recorder.close()
    return recorder.counts
