"""RawFrame (messages) in, RgbdFrame (metres, registered colour) out; DeepsightError otherwise.

Runs in the perception worker. Calibration is converted when it changes, not per frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo

from deepsight_ros.errors import CalibrationError, DecodeError, DeepsightError, TransformError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.decode import (
    decode_colour,
    decode_compressed_colour,
    decode_compressed_depth,
    decode_depth,
)
from deepsight_ros.geometry.registration import Registrar
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.nodes.camera_input import CameraInput, RawFrame
from deepsight_ros.nodes.conversions import camera_from_message, image_buffer
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.nodes.image_stream import Transport
from deepsight_ros.nodes.region_messages import ImageView
from deepsight_ros.nodes.settings import VisionSettings
from deepsight_ros.nodes.transforms import Transforms


@dataclass(frozen=True, eq=False)
class BuiltFrame:
    """A frame, and the cameras whose pixels callers may speak of.

    Attributes:
        frame: depth and registered colour.
        depth_view, colour_view: None where these pixels are the frame's own.
    """

    frame: RgbdFrame
    depth_view: ImageView | None = None
    colour_view: ImageView | None = None


class _CachedCamera:
    """Camera of a CameraInfo topic, converted again only when its numbers change."""

    def __init__(self) -> None:
        self._key: object = None
        self._camera: Camera | None = None
        self._error: CalibrationError | None = None

    def get(self, message: CameraInfo | None, topic: str, image_topic: str) -> Camera:
        if message is None:
            raise CalibrationError(
                f"{topic}: no camera_info has come, so the image cannot be measured; does the "
                "driver publish it there? Remap it if it has another name"
            )
        roi = message.roi
        key = (
            message.header.frame_id,
            message.width,
            message.height,
            message.distortion_model,
            message.k.tobytes(),
            bytes(memoryview(message.d)),
            (message.binning_x, message.binning_y),
            (roi.x_offset, roi.y_offset, roi.width, roi.height),
        )
        if key != self._key:
            self._key, self._camera, self._error = key, None, None
            try:
                rectified = "image_rect" in image_topic
                self._camera = camera_from_message(message, topic, rectified)
            except CalibrationError as error:
                self._error = error
        if self._camera is None:
            raise CalibrationError(str(self._error))
        return self._camera


class FrameBuilder:
    """Decodes, checks calibration, registers colour to depth.

    Args:
        cameras: where camera_info comes from.
        transforms: for the pose between two different cameras.
        faults: refused colour is counted here; refused depth is raised.
    """

    def __init__(self, cameras: CameraInput, transforms: Transforms, faults: FaultLog) -> None:
        self._cameras = cameras
        self._transforms = transforms
        self._faults = faults
        self._depth_camera = _CachedCamera()
        self._colour_camera = _CachedCamera()
        self._registrar: Registrar | None = None
        self._registrar_key: tuple[Camera, Camera, bytes] | None = None

    def build(self, raw: RawFrame, settings: VisionSettings) -> BuiltFrame:
        """The frame of a pair of messages.

        Raises:
            DecodeError: the depth image is malformed or holds no valid depth.
            CalibrationError: the depth camera is not calibrated.
        """
        topic = raw.depth_transport.topic
        depth_m = _decode_depth(raw, settings.depth_unit_m or None)
        camera = self._depth_camera.get(
            self._cameras.depth_info, self._cameras.depth_info_topic, topic
        )
        camera = replace(camera, frame_id=raw.depth.header.frame_id or camera.frame_id)
        _expect_size(camera, depth_m.shape, topic, self._cameras.depth_info_topic)
        colour: NDArray[np.uint8] | None = None
        colour_camera, colour_from_depth = camera, RigidTransform.identity()
        if raw.colour is not None:
            try:
                assert raw.colour_transport is not None
                colour = decoded_colour(raw.colour, raw.colour_transport)
                colour_camera, colour_from_depth = self._colour(raw, colour, camera, settings)
            except DeepsightError as error:
                assert raw.colour_transport is not None
                self._faults.add(
                    raw.colour_transport.topic,
                    "colour refused",
                    f"{error}. Depth is used without colour",
                )
                colour = None
        self._prepare(camera, colour_camera, colour_from_depth, colour is not None)
        assert self._registrar is not None
        depth_m, colour = self._registrar.register(depth_m, colour)
        if not np.isfinite(depth_m).any():
            raise DecodeError(
                f"{topic}: got no valid depth in the whole image; is the lens covered, or the "
                "scene nearer than the camera can measure?"
            )
        frame = RgbdFrame(
            raw.stamp_ns, self._registrar.camera, depth_m, colour, settings.sensor_model()
        )
        own = self._registrar.camera
        return BuiltFrame(
            frame,
            _view(camera, RigidTransform.identity(), own),
            _view(colour_camera, colour_from_depth, own),
        )

    def _prepare(
        self, depth: Camera, colour: Camera, colour_from_depth: RigidTransform, has_colour: bool
    ) -> None:
        """Make the registrar again when calibration changed; a frame without colour keeps it."""
        key = (depth, colour, _key(colour_from_depth))
        kept = self._registrar_key
        if self._registrar is not None and (
            key == kept or (not has_colour and kept is not None and kept[0] == depth)
        ):
            return
        self._registrar = Registrar(depth, colour, colour_from_depth)
        self._registrar_key = key

    def _colour(
        self, raw: RawFrame, colour: NDArray[np.uint8], depth: Camera, settings: VisionSettings
    ) -> tuple[Camera, RigidTransform]:
        """The colour camera and its pose; CalibrationError says what is missing."""
        assert raw.colour_transport is not None
        topic = raw.colour_transport.topic
        if settings.color_is_registered:
            _expect_size(depth, colour.shape, topic, self._cameras.depth_info_topic)
            return depth, RigidTransform.identity()
        info_topic = self._cameras.colour_info_topic
        camera = self._colour_camera.get(self._cameras.colour_info, info_topic, topic)
        frame_id = raw.colour.header.frame_id or camera.frame_id
        camera = replace(camera, frame_id=frame_id)
        _expect_size(camera, colour.shape, topic, info_topic)
        if not frame_id or not depth.frame_id:
            raise CalibrationError(
                f"{topic}: got frame ids '{frame_id}' (colour) and '{depth.frame_id}' (depth), "
                "expected both to be set, so that the pose between the cameras can be looked up"
            )
        if frame_id == depth.frame_id:
            return camera, RigidTransform.identity()
        try:
            pose = self._transforms.lookup(frame_id, depth.frame_id, raw.stamp_ns)
        except TransformError as error:
            raise CalibrationError(
                f"{topic}: colour and depth are different cameras and TF does not relate them "
                f"({error}); publish it, or set color_is_registered if the driver aligns them"
            ) from error
        return camera, pose


def _key(pose: RigidTransform) -> bytes:
    """Equal for poses that differ by less than a micrometre: no new maps for TF's rounding."""
    return np.round(pose.matrix, 6).tobytes()


def _view(camera: Camera, pose: RigidTransform, own: Camera) -> ImageView | None:
    """The camera, or None where its pixels are the frame's own."""
    aligned = np.allclose(pose.matrix, np.eye(4), atol=1e-6)
    if aligned and replace(camera, frame_id=own.frame_id) == own:
        return None
    return ImageView(camera, pose)


def _expect_size(camera: Camera, shape: tuple[int, ...], topic: str, info_topic: str) -> None:
    if (camera.height_px, camera.width_px) != shape[:2]:
        raise CalibrationError(
            f"{topic}: got an image of {shape[1]}x{shape[0]}, expected "
            f"{camera.width_px}x{camera.height_px} as {info_topic} says; is that the camera_info "
            "of this image?"
        )


def _decode_depth(raw: RawFrame, unit_m: float | None) -> NDArray[np.float32]:
    message: Any = raw.depth
    topic = raw.depth_transport.topic
    if raw.depth_transport.kind == "raw":
        return decode_depth(image_buffer(message, topic), unit_m)
    return decode_compressed_depth(message.format, message.data, unit_m, name=topic)


def decoded_colour(message: Any, transport: Transport) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a colour message, raw or compressed.

    Raises:
        DecodeError: it is malformed, or its encoding is not understood.
    """
    if transport.kind == "raw":
        return decode_colour(image_buffer(message, transport.topic))
    return decode_compressed_colour(message.format, message.data, name=transport.topic)
