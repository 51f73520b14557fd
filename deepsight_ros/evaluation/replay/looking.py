"""A recorded source in; every frame that is due with its Scene out, as perception sees it live.

A thread reads and decodes ahead (a few frames), so that two cores share the work.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from deepsight_ros.errors import SourceError, TransformError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.inputs import Detection, GivenUp, GripperInput
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.sources import RgbdSource

AHEAD = 4
"""Frames read ahead: memory stays the same whatever the length of the recording."""
REFINE_EVERY = 6
"""Perceived frames from one second look at what is remembered to the next (live: spare time)."""


@dataclass(frozen=True)
class Frames:
    """Names of TF frames, as the parameters of the live graph; "" for none.

    Attributes:
        fixed: objects are tracked in it.
        gravity: its z is up; "" takes ``fixed``.
        gripper: the robot's gripper.
    """

    fixed: str = ""
    gravity: str = ""
    gripper: str = ""


@dataclass(frozen=True, eq=False)
class Look:
    """One perceived frame.

    Attributes:
        index: of the perceived frames, from 0.
        t_s: seconds since the first frame.
        frame, scene: what was seen.
        poses: name of a TF frame -> that frame from the optical frame, as far as known.
        read_s, perceive_s: wall time they took.
    """

    index: int
    t_s: float
    frame: RgbdFrame
    scene: Scene
    read_s: float
    perceive_s: float
    poses: dict[str, RigidTransform] = field(default_factory=dict)


@runtime_checkable
class _Choosing(Protocol):
    """A source that need not decode frames nobody looks at (BagSource)."""

    wants: Callable[[int], bool] | None


@dataclass(frozen=True, eq=False)
class _Read:
    index: int
    frame: RgbdFrame
    poses: dict[str, RigidTransform]
    detections: tuple[Detection, ...]
    read_s: float


@dataclass
class Looker:
    """Walks a source.

    Attributes:
        source: what is walked.
        frames: TF frames to use.
        rate_hz: perceived frames per second of the recording; 0: every frame.
        config: of perception.
        names: boxes that name things, one per label, the same in every frame.
        names_at: boxes that name things in the frame of a stamp, beside ``names``; None: none.
        also_ns: stamps of frames that are perceived whatever the rate.
        missing: TF frames that were not known at some stamp -> how often.
    """

    source: RgbdSource
    frames: Frames = field(default_factory=Frames)
    rate_hz: float = 10.0
    config: PerceptionConfig = field(default_factory=PerceptionConfig)
    names: tuple[Detection, ...] = ()
    names_at: Callable[[int], tuple[Detection, ...]] | None = None
    also_ns: frozenset[int] = frozenset()
    missing: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.perceiver = Perceiver(self.config)

    def __iter__(self) -> Iterator[Look]:
        self.perceiver.reset()
        self.missing.clear()
        first_ns: int | None = None
        for read in self._ahead():
            frame = read.frame
            if first_ns is None:
                first_ns = frame.stamp_ns
            began = time.perf_counter()
            scene = self._perceive(read)
            if (read.index + 1) % REFINE_EVERY == 0:
                self.perceiver.refine()
            spent = time.perf_counter() - began
            t_s = (frame.stamp_ns - first_ns) / 1e9
            yield Look(read.index, t_s, frame, scene, read.read_s, spent, read.poses)

    def _perceive(self, read: _Read) -> Scene:
        fixed = read.poses.get(self.frames.fixed)
        gravity = read.poses.get(self.frames.gravity or self.frames.fixed)
        gripper = read.poses.get(self.frames.gripper)
        return self.perceiver.perceive(
            read.frame,
            up_in_camera=None if gravity is None else GivenUp(gravity.rotation[2], UpSource.TF),
            fixed_from_camera=fixed,
            detections=read.detections,
            gripper=None if gripper is None else GripperInput(gripper.inverse()),
        )

    def _ahead(self) -> Iterator[_Read]:
        """Frames that are due, read by a thread."""
        waiting: queue.Queue[_Read | BaseException | None] = queue.Queue(AHEAD)
        gone = threading.Event()

        def put(item: Any) -> bool:
            while not gone.is_set():
                try:
                    waiting.put(item, timeout=0.1)
                    return True
                except queue.Full:
                    continue
            return False

        def read() -> None:
            try:
                for item in self._due():
                    if not put(item):
                        return
                put(None)
            except Exception as error:  # noqa: BLE001 - handed to the thread that walks
                put(error)

        thread = threading.Thread(target=read, name="replay reader", daemon=True)
        thread.start()
        try:
            while (item := waiting.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            gone.set()
            thread.join(10.0)

    def _due(self) -> Iterator[_Read]:
        """Frames that are due, with the poses at their stamps."""
        taken = Grid(self.rate_hz, self.also_ns)
        chooses = isinstance(self.source, _Choosing)
        if isinstance(self.source, _Choosing):
            self.source.wants = taken.is_due
        index, began = 0, time.perf_counter()
        for frame in self.source:
            if chooses or taken.is_due(frame.stamp_ns):
                poses = self._poses(frame)
                names = self.names
                if self.names_at is not None:
                    names = (*names, *self.names_at(frame.stamp_ns))
                yield _Read(index, frame, poses, names, time.perf_counter() - began)
                index += 1
                began = time.perf_counter()

    def _poses(self, frame: RgbdFrame) -> dict[str, RigidTransform]:
        poses = {}
        for name in {self.frames.fixed, self.frames.gravity, self.frames.gripper} - {""}:
            try:
                poses[name] = self.source.transforms.lookup(
                    name, frame.camera.frame_id, frame.stamp_ns
                )
            except TransformError:
                self.missing[name] = self.missing.get(name, 0) + 1
        return poses


class Grid:
    """Tells which stamps are due at a rate: the first one of every period since the first.

    Args:
        rate_hz: 0: all are due.
        also_ns: stamps that are due in any case.
    """

    def __init__(self, rate_hz: float, also_ns: frozenset[int] = frozenset()) -> None:
        if rate_hz < 0:
            raise SourceError(f"rate: got {rate_hz} Hz, expected 0 (every frame) or more")
        self._rate_hz = rate_hz
        self._also_ns = also_ns
        self._first_ns: int | None = None
        self._last = -1

    def is_due(self, stamp_ns: int) -> bool:
        """Whether the frame with this stamp is to be looked at; stamps come in order."""
        if self._rate_hz == 0:
            return True
        if self._first_ns is None:
            self._first_ns = stamp_ns
        period = int((stamp_ns - self._first_ns) / 1e9 * self._rate_hz + 1e-3)
        if period < self._last:  # the clock went back: another run
            self._first_ns, self._last, period = stamp_ns, -1, 0
        if period == self._last:
            return stamp_ns in self._also_ns
        self._last = period
        return True
