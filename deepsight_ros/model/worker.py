"""The worker process of the model: frames by shared memory and requests by pipe in, answers out.

The process holds the model, so that decoding never holds the perception's interpreter and a
request that hangs can be ended by killing it. It is started by ``client.ModelClient``; what goes
through the pipe are the values of this file.
"""

from __future__ import annotations

import contextlib
import enum
import gc
import os
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DeepsightError
from deepsight_ros.geometry.camera import Camera, RgbdFrame

if TYPE_CHECKING:
    from deepsight_ros.model.predictor import DeepSight, Seen

NICENESS = 10
"""Of the process: where cores are short, perception goes on and the model answers later."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class WorkerConfig:
    """How a worker is set up.

    Attributes:
        checkpoint: folder.
        device: "cpu", "cuda", "cuda:1" ... or "auto" for a GPU where there is one.
        dtype: "float32", "float16", "bfloat16", "int8" or "int4" (``quantise``).
        threads: of torch on the CPU.
    """

    checkpoint: str
    device: str = "auto"
    dtype: str = "float32"
    threads: int = 1


def fallen_back(config: WorkerConfig) -> WorkerConfig:
    """The same on the CPU; int4, which has no kernel there, becomes int8."""
    return replace(config, device="cpu", dtype="int8" if config.dtype == "int4" else config.dtype)


class Reason(enum.Enum):
    """Why a reply is no answer."""

    NONE = "none"
    REQUEST = "request"
    """The question or its regions are at fault."""
    LATE = "late"
    """It is not, or cannot be, answered in time."""
    BUSY = "busy"
    """Too many wait."""
    OUT_OF_MEMORY = "out of memory"
    STOPPED = "stopped"
    """The model is not running, or its process ended."""


@dataclass(frozen=True)
class Request:
    """One question about the frame in the shared memory.

    Attributes:
        number: comes back with the answer.
        camera, stamp_ns: of the frame.
        has_colour: colour lies behind the depth.
        question: with ``<regionN>``.
        regions_px, boxes_px: as ``DeepSight.look`` takes them.
        up_in_camera: (3,) or None.
        modality: "depth", "colour", "both", or "auto" for what the frame has.
        deadline: ``time.monotonic()`` by which the answer must be out.
        most_tokens: longest answer.
    """

    number: int
    camera: Camera
    stamp_ns: int
    has_colour: bool
    question: str
    regions_px: tuple[Box, ...] = ()
    boxes_px: tuple[Box, ...] = ()
    up_in_camera: tuple[float, float, float] | None = None
    modality: str = "auto"
    deadline: float = float("inf")
    most_tokens: int = 48


@dataclass(frozen=True)
class Reply:
    """What a worker says.

    Attributes:
        kind: "progress", "ready", "answer", "error" (the request's fault), "failed" (ours).
        number: of the request, 0 otherwise.
        text: progress, reason, or the answer.
        value, lower, upper, unit, confidence, declined, finished: as ``ModelAnswer``.
        device: the model is on.
        reason: of "error" and "failed"; ``OUT_OF_MEMORY`` with "progress" says that the model goes
            on as ``fallen_back``.
    """

    kind: str
    number: int = 0
    text: str = ""
    value: float | None = None
    lower: float = float("nan")
    upper: float = float("nan")
    unit: str = ""
    confidence: float = 0.0
    declined: bool = False
    finished: bool = True
    device: str = ""
    reason: Reason = Reason.NONE


def frame_bytes(width_px: int, height_px: int) -> int:
    """Bytes one frame takes: float32 depth, then RGB."""
    return width_px * height_px * 7


def write_frame(memory: SharedMemory, frame: RgbdFrame) -> None:
    """Put a frame into the shared memory (one copy each of depth and colour)."""
    depth, colour = _views(memory, frame.camera)
    np.copyto(depth, frame.depth_m)
    if frame.colour is not None:
        np.copyto(colour, frame.colour)


def read_frame(memory: SharedMemory, request: Request) -> RgbdFrame:
    """The frame of a request; its arrays are views into the shared memory."""
    depth, colour = _views(memory, request.camera)
    return RgbdFrame(
        request.stamp_ns, request.camera, depth, colour if request.has_colour else None
    )


def _views(memory: SharedMemory, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    shape = (camera.height_px, camera.width_px)
    depth = np.ndarray(shape, np.float32, memory.buf)
    colour = np.ndarray((*shape, 3), np.uint8, memory.buf, depth.nbytes)
    return depth, colour


def work(config: WorkerConfig, pipe: Connection, memory_name: str) -> None:
    """Main function of the process: load, then answer until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us, also on Ctrl-C
    os.nice(NICENESS)
    memory = SharedMemory(memory_name)
    try:
        desk = Desk(pipe, memory)
        failed = desk.load(config)
        if failed is not None:
            pipe.send(failed)
            return
        pipe.send(Reply("ready", text=config.checkpoint, device=desk.device))
        while desk.is_ready:
            request = pipe.recv()
            if request is None:
                return
            pipe.send(desk.answer(request))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone
    finally:
        with contextlib.suppress(BufferError):
            memory.close()


class Desk:
    """Holds the model and answers requests; a view just looked at is not looked at again.

    Args:
        pipe: told of progress.
        memory: where frames lie.
    """

    def __init__(self, pipe: Connection, memory: SharedMemory) -> None:
        self._pipe, self._memory = pipe, memory
        self._config = WorkerConfig("")
        self._model: DeepSight | None = None
        self._seen: tuple[object, Seen] | None = None

    @property
    def device(self) -> str:
        return self._config.device

    @property
    def is_ready(self) -> bool:
        """There is a model to ask."""
        return self._model is not None

    def load(self, config: WorkerConfig) -> Reply | None:
        """Load the model, on the CPU where the GPU's memory is too small; None, or why not."""
        self._pipe.send(Reply("progress", text="importing torch"))
        import torch

        from deepsight_ros.model.predictor import DeepSight

        torch.set_num_threads(config.threads)
        if config.device == "auto":
            config = replace(config, device="cuda" if torch.cuda.is_available() else "cpu")
        self._config = config
        self._pipe.send(Reply("progress", text=f"loading {config.checkpoint} on {config.device}"))
        try:
            self._model = DeepSight.from_pretrained(
                config.checkpoint, device=config.device, dtype=config.dtype
            )
            return None
        except torch.OutOfMemoryError as error:
            full = self._full(error)
        except (DeepsightError, RuntimeError) as error:
            return Reply("failed", text=f"{type(error).__name__}: {error}")
        # out of the handler, whose traceback holds what filled the memory
        return full if config.device == "cpu" else self._fall_back(full)

    def answer(self, request: Request) -> Reply:
        """The answer; a GPU without memory for it is left for the CPU, once and for all."""
        if time.monotonic() >= request.deadline:
            late = "the deadline passed before it was its turn"
            return Reply("error", request.number, late, reason=Reason.LATE)
        reply = self._tried(request)
        if reply.reason is Reason.OUT_OF_MEMORY and self.device != "cpu":
            failed = self._fall_back(reply)
            reply = self._tried(request) if failed is None else failed
        return replace(reply, number=request.number)

    def _fall_back(self, full: Reply) -> Reply | None:
        import torch

        config = fallen_back(self._config)
        text = f"{full.text}; the model goes on on the CPU in {config.dtype}"
        self._pipe.send(Reply("progress", text=text, device="cpu", reason=Reason.OUT_OF_MEMORY))
        self._model = self._seen = None
        gc.collect()
        torch.cuda.empty_cache()
        return self.load(config)

    def _full(self, error: Exception) -> Reply:
        text = f"out of memory on {self.device} ({error})"
        return Reply("failed", text=text, device=self.device, reason=Reason.OUT_OF_MEMORY)

    def _tried(self, request: Request) -> Reply:
        import torch

        try:
            return self._answer(request)
        except DeepsightError as error:
            return Reply("error", text=str(error), device=self.device, reason=Reason.REQUEST)
        except torch.OutOfMemoryError as error:
            return self._full(error)

    def _answer(self, request: Request) -> Reply:
        assert self._model is not None
        key = (
            request.stamp_ns,
            request.camera,
            request.regions_px,
            request.boxes_px,
            request.modality,
        )
        if self._seen is None or self._seen[0] != key:
            frame = read_frame(self._memory, request)
            up = request.up_in_camera
            seen = self._model.look(
                frame,
                regions_px=request.regions_px,
                boxes_px=request.boxes_px,
                up_in_camera=None if up is None else np.array(up),
                use_depth=request.modality != "colour",
                use_colour=request.modality != "depth",
            )
            self._seen = (key, seen)
        answer = self._seen[1].ask(
            request.question,
            most_tokens=request.most_tokens,
            stop=lambda: time.monotonic() > request.deadline,
        )
        return Reply(
            "answer",
            request.number,
            answer.text,
            answer.value,
            answer.lower,
            answer.upper,
            answer.unit,
            answer.confidence,
            answer.declined,
            answer.finished,
            self.device,
        )
