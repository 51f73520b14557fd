"""A recorded bag in (rosbag2 sqlite3 or mcap, ROS 1), RGB-D frames out.

Read through the ``rosbags`` library, without ROS. Messages are streamed: memory holds the few
images that wait for their partner or for a later transform, whatever the length of the bag.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import (
    CalibrationError,
    DecodeError,
    InvalidValueError,
    SourceError,
    TransformError,
)
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.decode import (
    ImageBuffer,
    decode_colour,
    decode_compressed_colour,
    decode_compressed_depth,
    decode_depth,
)
from deepsight_ros.geometry.depth_units import unit_for
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.geometry.pairing import Pair, StampPairer
from deepsight_ros.geometry.registration import Registrar, camera_from_info
from deepsight_ros.geometry.transform_buffer import TransformBuffer
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.sources.bag_reader import BagReader, Connection, Message
from deepsight_ros.sources.bag_topics import (
    IMAGE_TYPES,
    INFO_TYPE,
    TF_TYPES,
    ImageTopic,
    RgbdTopics,
    choose_topics,
    image_topic,
)
from deepsight_ros.sources.base import SourceReport

TF_WAIT_NS = 200_000_000
"""In a bag with moving transforms an image waits this long (by stamps) for those around it."""
SAME_RIG_NS = 1_000_000_000
"""Two cameras of one rig: a transform this far from the image's stamp still relates them."""
_Recorded = tuple[int, Message]
"""Time of recording and message."""


class BagMoment(NamedTuple):
    """Where a frame stands in a bag: stamp of the depth image, span of the times of recording."""

    stamp_ns: int
    first_ns: int
    last_ns: int


class _Moment(NamedTuple):
    """A moment with its messages."""

    when: BagMoment
    depth: Message
    colour: Message | None


class BagSource:
    """RGB-D frames from a bag.

    Args:
        path: a rosbag2 folder, or a .mcap, .db3 or .bag file.
        depth_topic, colour_topic: which to take; None chooses by encoding, frame and calibration;
            colour_topic "none" leaves colour out.
        depth_info_topic, colour_info_topic: their camera_info; None looks beside the image topic.
        unit_m: metres per stored depth unit; None decides by encoding.
        depth_camera, colour_camera: in place of the bag's camera_info.
        colour_from_depth: in place of the bag's TF.
        slop_ns: largest difference of stamps in a pair; None takes half a frame.
        sensor: noise model of the depth camera.

    Attributes:
        topics: what was chosen.
        wants: given a stamp (ns), tells whether a pass shall decode that frame; None: all.

    Raises:
        SourceError: no bag, a damaged one, or no depth topic in it.
        DecodeError: ``unit_m`` is no unit.
        CalibrationError: no camera_info, or cameras that nothing relates; says what is missing.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        depth_topic: str | None = None,
        colour_topic: str | None = None,
        depth_info_topic: str | None = None,
        colour_info_topic: str | None = None,
        unit_m: float | None = None,
        depth_camera: Camera | None = None,
        colour_camera: Camera | None = None,
        colour_from_depth: RigidTransform | None = None,
        slop_ns: int | None = None,
        sensor: SensorModel | None = None,
    ) -> None:
        self._path = Path(path)
        self.name = str(path)
        self.transforms = TransformBuffer()
        self.report = SourceReport()
        unit_for("u2", unit_m, self.name)  # refuses a bad unit before anything is read
        self._unit_m, self._slop_ns = unit_m, slop_ns
        self._sensor = sensor or SensorModel()
        self._colour_from_depth = colour_from_depth
        with BagReader(self._path) as reader:
            tf = reader.connections(*TF_TYPES)
            self._has_moving_tf = any(not _is_static(c) for c in tf)
            self.topics = _find_topics(reader, depth_topic, colour_topic, self.name)
            self.topics = self.topics.with_infos(
                depth_info_topic, colour_info_topic, reader.connections(INFO_TYPE), self.name
            )
            self.report.notes.append(_described(self.topics))
            for connection, _, message in reader.messages(
                [c for c in tf if _is_static(c)], self.report.skip
            ):
                self._take_transforms(message, connection)
            first_infos = reader.first_messages(INFO_TYPE)
        self._depth_camera = depth_camera or _camera(
            first_infos, self.topics.depth_info, self.topics.depth
        )
        self._colour_camera = colour_camera
        if colour_camera is None and self.topics.colour is not None:
            self._colour_camera = _camera(first_infos, self.topics.colour_info, self.topics.colour)
        self._refuse_what_is_missing()
        self._registrar: Registrar | None = None
        self.wants: Callable[[int], bool] | None = None

    def moments(self) -> list[BagMoment]:
        """One pass over the bag that decodes no image: what there is to read, in order."""
        self.report.restart()
        self.transforms.clear()
        with BagReader(self._path) as reader:
            return [m.when for m in self._pairs(reader, self.report)]

    def frame_at(self, when: BagMoment) -> RgbdFrame:
        """The frame of one of ``moments``, in any order; reads only the messages around it.

        Raises:
            DecodeError: this frame is broken.
            SourceError: the bag has changed since it was indexed.
        """
        self.transforms.clear()
        between = (when.first_ns - SAME_RIG_NS, when.last_ns + SAME_RIG_NS)
        with BagReader(self._path) as reader:
            for moment in self._pairs(reader, SourceReport(), between):
                if moment.when.stamp_ns == when.stamp_ns:
                    found = moment
                    break
            else:
                raise SourceError(
                    f"{self.name}: got no frame at {when.stamp_ns} ns any more, expected the bag "
                    "that was indexed; open it again"
                )
            if self._has_moving_tf:
                moving = [c for c in reader.connections(*TF_TYPES) if not _is_static(c)]
                for connection, _, message in reader.messages(
                    moving, self.report.skip, between=between
                ):
                    self._take_transforms(message, connection)
        return self._decode(found)

    def __iter__(self) -> Iterator[RgbdFrame]:
        self.report.restart()
        self.transforms.clear()
        with BagReader(self._path) as reader:
            for moment in self._waiting_for_tf(reader):
                if self.wants is not None and not self.wants(moment.when.stamp_ns):
                    continue
                try:
                    frame = self._decode(moment)
                except DecodeError as error:
                    self.report.skip(
                        f"{self.topics.depth.topic} at {moment.when.stamp_ns} ns", error
                    )
                    continue
                self.report.frames += 1
                yield frame

    def _waiting_for_tf(self, reader: BagReader) -> Iterator[_Moment]:
        """Pairs, held back until the transforms around their stamp have been read."""
        waiting: deque[_Moment] = deque()
        newest_ns = 0
        for item in self._pairs(reader, self.report):
            waiting.append(item)
            newest_ns = max(newest_ns, item.when.stamp_ns)
            wait_ns = TF_WAIT_NS if self._has_moving_tf else 0
            while waiting and waiting[0].when.stamp_ns + wait_ns <= newest_ns:
                yield waiting.popleft()
        yield from waiting

    def _pairs(
        self,
        reader: BagReader,
        report: SourceReport,
        between: tuple[int, int] | None = None,
    ) -> Iterator[_Moment]:
        """Messages of one moment, as the bag goes by; transforms are taken on the way."""
        pairer: StampPairer[_Recorded, _Recorded] = StampPairer(self._slop_ns)
        depth, colour = self.topics.depth, self.topics.colour
        image_topics = (depth.topic, colour.topic if colour else "")
        wanted = [c for c in reader.connections(*IMAGE_TYPES) if c.topic in image_topics]
        wanted += reader.connections(*TF_TYPES)
        for connection, time_ns, message in reader.messages(wanted, report.skip, between=between):
            if connection.msgtype in TF_TYPES:
                self._take_transforms(message, connection)
                continue
            stamp_ns = _stamp_ns(message)
            if stamp_ns == 0:
                report.skip(connection.topic, "header.stamp is zero, expected a time")
                continue
            pair: Pair[_Recorded, _Recorded] | None
            if colour is None:
                yield _Moment(BagMoment(stamp_ns, time_ns, time_ns), message, None)
                continue
            if connection.topic == depth.topic:
                pair = pairer.add_depth(stamp_ns, (time_ns, message))
            else:
                pair = pairer.add_colour(stamp_ns, (time_ns, message))
            if pair is not None:
                times = (pair.depth[0], pair.colour[0])
                yield _Moment(
                    BagMoment(pair.depth_stamp_ns, min(times), max(times)),
                    pair.depth[1],
                    pair.colour[1],
                )
        pairer.reset()  # counts what still waits as dropped
        report.unpaired_depth = pairer.counts.dropped_depth
        report.unpaired_colour = pairer.counts.dropped_colour

    def _take_transforms(self, message: Message, connection: Connection) -> None:
        for stamped in message.transforms:
            t, q = stamped.transform.translation, stamped.transform.rotation
            try:
                self.transforms.add(
                    stamped.header.frame_id,
                    stamped.child_frame_id,
                    np.array([t.x, t.y, t.z]),
                    np.array([q.x, q.y, q.z, q.w]),
                    _stamp_ns(stamped),
                    is_static=_is_static(connection),
                )
            except InvalidValueError as error:
                self.report.skip(connection.topic, error)

    def _refuse_what_is_missing(self) -> None:
        """All that is missing, in one error, before any frame is read."""
        depth, colour = self.topics.depth, self.topics.colour
        missing = []
        if self._depth_camera is None:
            missing.append(f"camera_info of {depth.topic} (looked for {depth.info_topic})")
        if colour is not None:
            if self._colour_camera is None:
                missing.append(f"camera_info of {colour.topic} (looked for {colour.info_topic})")
            related = (
                colour.frame_id == depth.frame_id
                or self._colour_from_depth is not None
                or self._has_moving_tf
                or self.transforms.can_transform(colour.frame_id, depth.frame_id)
            )
            if not related:
                missing.append(
                    f"transform between '{depth.frame_id}' (depth) and '{colour.frame_id}' "
                    "(colour) on /tf_static"
                )
        if missing:
            raise CalibrationError(
                f"{self.name}: got {_described(self.topics)}, but no {' and no '.join(missing)}; "
                "record these topics too, or pass depth_camera, colour_camera and "
                "colour_from_depth" + ("" if colour is None else ", or colour_topic='none'")
            )

    def _decode(self, moment: _Moment) -> RgbdFrame:
        (stamp_ns, _, _), depth, colour = moment
        depth_topic, colour_topic = self.topics.depth, self.topics.colour
        if depth_topic.is_compressed:
            depth_m = decode_compressed_depth(
                depth.format, depth.data, self._unit_m, depth_topic.topic
            )
        else:
            depth_m = decode_depth(_buffer(depth, depth_topic.topic), self._unit_m)
        rgb: NDArray[np.uint8] | None = None
        if colour is not None and colour_topic is not None:
            if colour_topic.is_compressed:
                rgb = decode_compressed_colour(colour.format, colour.data, colour_topic.topic)
            else:
                rgb = decode_colour(_buffer(colour, colour_topic.topic))
        registrar = self._ready_registrar(stamp_ns)
        depth_m, rgb = registrar.register(depth_m, rgb)
        if not np.isfinite(depth_m).any():
            raise DecodeError(f"{depth_topic.topic}: got no valid depth in the whole image")
        return RgbdFrame(stamp_ns, registrar.camera, depth_m, rgb, self._sensor)

    def _ready_registrar(self, stamp_ns: int) -> Registrar:
        """Made with the first frame: by then the transforms at its stamp have been read."""
        if self._registrar is None:
            depth, colour = self.topics.depth, self.topics.colour
            pose = self._colour_from_depth
            if pose is None and colour is not None:
                try:
                    pose = self.transforms.lookup(
                        colour.frame_id, depth.frame_id, stamp_ns, SAME_RIG_NS
                    )
                except TransformError as error:
                    raise CalibrationError(
                        f"{self.name}: colour and depth are different cameras and TF does not "
                        f"relate them ({error}); record /tf_static, or pass colour_from_depth"
                    ) from error
            self._registrar = Registrar(self._depth_camera, self._colour_camera, pose)
        return self._registrar


def _find_topics(
    reader: BagReader, depth_topic: str | None, colour_topic: str | None, name: str
) -> RgbdTopics:
    images = [
        image_topic(connection, message)
        for connection, message in reader.first_messages(*IMAGE_TYPES).values()
    ]
    infos = {
        topic: message.header.frame_id.lstrip("/")
        for topic, (_, message) in reader.first_messages(INFO_TYPE).items()
    }
    return choose_topics(images, infos, depth_topic, colour_topic, name)


def _camera(
    infos: dict[str, tuple[Any, Message]], topic: str | None, image: ImageTopic
) -> Camera | None:
    if topic is None:
        return None
    message = infos[topic][1]
    # ROS 1 writes the matrices with capital letters.
    k, d, p = (getattr(message, n if hasattr(message, n) else n.upper()) for n in "kdp")
    roi = message.roi
    camera = camera_from_info(
        int(message.width),
        int(message.height),
        k,
        d,
        message.distortion_model,
        image.frame_id or message.header.frame_id,
        roi=(roi.x_offset, roi.y_offset, roi.width, roi.height),
        binning=(message.binning_x, message.binning_y),
        p=p,
        rectified="image_rect" in image.base,
        name=topic,
    )
    return replace(camera, frame_id=camera.frame_id or message.header.frame_id)


def _is_static(connection: Connection) -> bool:
    return bool(connection.topic.endswith("_static"))


def _stamp_ns(message: Message) -> int:
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _buffer(message: Message, name: str) -> ImageBuffer:
    return ImageBuffer(
        message.height,
        message.width,
        message.encoding,
        message.is_bigendian,
        message.step,
        message.data,
        name,
    )


def _described(topics: RgbdTopics) -> str:
    colour = "no colour" if topics.colour is None else f"colour {topics.colour.topic}"
    return f"depth {topics.depth.topic}, {colour}"
