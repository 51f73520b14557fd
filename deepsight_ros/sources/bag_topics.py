"""The topics of a bag in, the ones that make up an RGB-D camera out.

Names mean little across drivers, so the first message of every image topic is looked at: its
encoding tells depth from colour, its frame tells which images are registered to each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Protocol

from deepsight_ros.errors import SourceError
from deepsight_ros.geometry.decode import DEPTH_ENCODINGS

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
INFO_TYPE = "sensor_msgs/msg/CameraInfo"
TF_TYPES = ("tf2_msgs/msg/TFMessage", "tf/msg/tfMessage")
TRANSPORTS = ("compressed", "compressedDepth", "image_transport", "theora", "ffmpeg", "raw")
COLOURFUL = ("rgb", "bgr", "bayer", "yuv", "8UC3", "8UC4", "jpeg", "png")


@dataclass(frozen=True)
class ImageTopic:
    """One image topic and what its first message says.

    Attributes:
        topic: name.
        encoding: ``encoding`` of an Image, ``format`` of a CompressedImage.
        frame_id: of its header.
        size_px: (width, height), None where compressed.
        is_compressed: CompressedImage.
    """

    topic: str
    encoding: str
    frame_id: str
    size_px: tuple[int, int] | None
    is_compressed: bool

    @property
    def is_depth(self) -> bool:
        if self.is_compressed:
            plain = self.encoding.startswith(("16UC1", "32FC1")) and "jpeg" not in self.encoding
            return "compressedDepth" in self.encoding or plain
        if self.encoding == "mono16":  # also infrared; the name has to tell
            return "depth" in self.topic.lower()
        return self.encoding in DEPTH_ENCODINGS

    @property
    def is_colourful(self) -> bool:
        grey = self.encoding.startswith("mono")
        return not grey and any(word in self.encoding for word in COLOURFUL)

    @property
    def base(self) -> str:
        """The topic without its transport: ``/a/image_raw/compressed`` -> ``/a/image_raw``."""
        head, _, tail = self.topic.rpartition("/")
        return head if tail in TRANSPORTS and head else self.topic

    @property
    def info_topic(self) -> str:
        """Where image_transport expects the camera_info of this image."""
        return self.base.rpartition("/")[0] + "/camera_info"


class Connection(Protocol):
    """What is used of a rosbags connection."""

    topic: str
    msgtype: str


@dataclass(frozen=True)
class RgbdTopics:
    """The topics of one RGB-D camera in a bag; colour may be None.

    Attributes:
        depth_info, colour_info: camera_info topics, None where the bag has none that fits.
    """

    depth: ImageTopic
    depth_info: str | None
    colour: ImageTopic | None
    colour_info: str | None

    def with_infos(
        self,
        depth_info: str | None,
        colour_info: str | None,
        known: Iterable[Connection],
        bag: str,
    ) -> RgbdTopics:
        """The same with camera_info topics that the caller named; None keeps what was found.

        Raises:
            SourceError: a named topic is not in the bag.
        """
        topics = [connection.topic for connection in known]
        for wanted in (depth_info, colour_info):
            if wanted is not None and wanted not in topics:
                raise SourceError(
                    f"{bag}: got camera_info topic '{wanted}', which is not in it; expected one "
                    f"of {', '.join(topics) or 'none: the bag has no camera_info'}"
                )
        return replace(
            self,
            depth_info=depth_info or self.depth_info,
            colour_info=colour_info or self.colour_info,
        )


def choose_topics(
    images: list[ImageTopic],
    infos: dict[str, str],
    depth_topic: str | None,
    colour_topic: str | None,
    bag: str,
) -> RgbdTopics:
    """Pick depth, colour and their camera_info.

    Args:
        images: all image topics.
        infos: frame_id of every CameraInfo topic.
        depth_topic, colour_topic: names to take; None chooses; colour "none" leaves it out.
        bag: name for messages.

    Raises:
        SourceError: no depth, a topic that is not there, or several that are equally good.
    """
    depths = [image for image in images if image.is_depth]
    colours = [image for image in images if not image.is_depth]
    if depth_topic is not None:
        depth = _named(images, depth_topic, "depth", bag)
    else:
        if not depths:
            raise SourceError(
                f"{bag}: got {_listed(images)}, expected a depth topic (16UC1, 32FC1 or "
                "compressedDepth); record the camera's depth image too"
            )
        depth = _best(
            depths,
            lambda image: (
                image.info_topic in infos,
                any(colour.frame_id == image.frame_id for colour in colours),
                not image.is_compressed,
            ),
            "depth_topic",
            bag,
        )
    colour = None
    if colour_topic not in (None, "none"):
        colour = _named(images, str(colour_topic), "colour", bag)
    elif colour_topic is None and colours:
        colour = _best(
            colours,
            lambda image: (
                image.frame_id == depth.frame_id,
                image.info_topic in infos,
                image.is_colourful,
                _in_common(image.topic, depth.topic),
                not image.is_compressed,
            ),
            "colour_topic",
            bag,
        )
    return RgbdTopics(
        depth,
        _info_of(depth, infos),
        colour,
        None if colour is None else _info_of(colour, infos),
    )


def image_topic(connection: Connection, message: Any) -> ImageTopic:
    """What the first message of an image topic says."""
    compressed = connection.msgtype == IMAGE_TYPES[1]
    return ImageTopic(
        topic=connection.topic,
        encoding=message.format if compressed else message.encoding,
        frame_id=message.header.frame_id.lstrip("/"),
        size_px=None if compressed else (message.width, message.height),
        is_compressed=compressed,
    )


def _info_of(image: ImageTopic, infos: dict[str, str]) -> str | None:
    """The sibling camera_info, else the only one of the same frame."""
    if image.info_topic in infos:
        return image.info_topic
    same_frame = [t for t, frame in infos.items() if frame == image.frame_id and frame]
    return same_frame[0] if len(same_frame) == 1 else None


def _named(images: list[ImageTopic], topic: str, role: str, bag: str) -> ImageTopic:
    for image in images:
        if topic in (image.topic, image.base):
            return image
    raise SourceError(
        f"{bag}: got {role} topic '{topic}', which is not in it; expected one of {_listed(images)}"
    )


def _best(images: list[ImageTopic], merit: Any, argument: str, bag: str) -> ImageTopic:
    ranked = sorted(images, key=merit, reverse=True)
    if len(ranked) > 1 and merit(ranked[0]) == merit(ranked[1]):
        equal = [image for image in ranked if merit(image) == merit(ranked[0])]
        raise SourceError(
            f"{bag}: got several equally good topics, {_listed(equal)}; expected one, choose by "
            f"{argument}"
        )
    return ranked[0]


def _in_common(a: str, b: str) -> int:
    """How many leading name parts two topics share."""
    same = takewhile(
        lambda pair: pair[0] == pair[1], zip(a.split("/"), b.split("/"), strict=False)
    )
    return sum(1 for _ in same)


def _listed(images: list[ImageTopic]) -> str:
    return ", ".join(f"{i.topic} ({i.encoding.strip()})" for i in images) or "no image topic"
