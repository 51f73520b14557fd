"""Sighting, Board and Sight: what the nodes of one process share of what the camera saw."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from deepsight_ros.errors import InvalidValueError, TransformError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.msg import Region
from deepsight_ros.nodes.region_messages import ImageView
from deepsight_ros.nodes.transforms import Transforms
from deepsight_ros.scene.objects import Scene


@dataclass(frozen=True, eq=False)
class Sighting:
    """One perceived frame.

    Attributes:
        sequence: counts the frames perceived since activation, from 1.
        frame: depth and colour it was made from.
        scene: what perception made of it.
        fixed_frame: frame objects are tracked in, "" for none.
        fixed_from_camera: pose of the optical frame in it at the stamp, or None.
        depth_view, colour_view: cameras whose pixels regions may be given in; None where these
            are the frame's own pixels.
        frames_seen: object id -> frames it has been seen in, this one included.
        arrived_s: time.monotonic() when the messages were complete.
    """

    sequence: int
    frame: RgbdFrame
    scene: Scene
    fixed_frame: str = ""
    fixed_from_camera: RigidTransform | None = None
    depth_view: ImageView | None = None
    colour_view: ImageView | None = None
    frames_seen: Mapping[str, int] = field(default_factory=dict)
    arrived_s: float = 0.0

    @property
    def stamp_ns(self) -> int:
        return self.frame.stamp_ns


class Board:
    """The newest sighting, for every thread; listeners are told of each."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._newest: Sighting | None = None
        self._listeners: list[Callable[[Sighting], None]] = []

    @property
    def newest(self) -> Sighting | None:
        return self._newest

    def post(self, sighting: Sighting) -> None:
        """Make it the newest and tell the listeners, in this thread."""
        with self._condition:
            self._newest = sighting
            self._condition.notify_all()
            listeners = list(self._listeners)
        for listener in listeners:
            listener(sighting)

    def clear(self) -> None:
        """Nothing is seen any more (perception was deactivated)."""
        with self._condition:
            self._newest = None

    def listen(self, listener: Callable[[Sighting], None]) -> Callable[[], None]:
        """Have ``listener`` called with each sighting; returns what ends that."""
        with self._condition:
            self._listeners.append(listener)

        def end() -> None:
            with self._condition:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return end


class Eyes(Protocol):
    """What a Sight needs of the vision that fills its board."""

    transforms: Transforms

    @property
    def wants_names(self) -> bool:
        """Objects are to be named by the model."""
        ...

    @property
    def lost(self) -> int:
        """Frames that another one overtook before they were perceived."""
        ...

    def name(self, object_id: str, name: str, score: float) -> None:
        """Name an object from the next frame on, unless it has a surer name."""
        ...

    def with_regions(self, sighting: Sighting, regions: Sequence[Region]) -> Scene:
        """The sighting's scene with regions added as objects."""
        ...


@dataclass
class Sight:
    """What the nodes of one process share: the board, and how to look closer at a sighting.

    Attributes:
        board: newest sighting.
        vision: who fills it, or None while perception is not configured.
    """

    board: Board = field(default_factory=Board)
    vision: Eyes | None = None

    def with_regions(self, sighting: Sighting, regions: Sequence[Region]) -> Scene:
        """The scene with the caller's regions as objects; DeepsightError for bad regions."""
        if not regions:
            return sighting.scene
        vision = self.vision
        if vision is None:
            raise InvalidValueError("regions: perception is not configured")
        return vision.with_regions(sighting, regions)

    def lookup(
        self, target: str, source: str, stamp_ns: int, wait_s: float = 0.0
    ) -> RigidTransform:
        """``target_from_source`` at a stamp; TransformError where there is none."""
        vision = self.vision
        if vision is None:
            raise TransformError("perception is not configured, so no transform is known")
        return vision.transforms.lookup(target, source, stamp_ns, wait_s)
