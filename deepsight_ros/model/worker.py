"""The worker process of the model: frames by shared memory and requests by pipe in, answers out.

The process holds the model, so that decoding never holds the perception's interpreter and a
request that hangs can be ended by killing it. It is started by ``client.ModelClient``; what goes
through the pipe are the values of this file.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Request:
    """One question about the frame in a slot of the shared memory.

    Attributes:
        number: comes back with the answer.
        slot: where the frame lies.
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
    slot: int
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


def slot_bytes(width_px: int, height_px: int) -> int:
    """Bytes one frame takes: float32 depth, then RGB."""
    return width_px * height_px * 7


def write_frame(memory: SharedMemory, slot: int, frame: RgbdFrame, slot_size: int) -> None:
    """Put a frame into a slot (one copy each of depth and colour)."""
    depth, colour = _views(memory, slot, frame.camera, slot_size)
    np.copyto(depth, frame.depth_m)
    if frame.colour is not None:
        np.copyto(colour, frame.colour)


def read_frame(memory: SharedMemory, request: Request, slot_size: int) -> RgbdFrame:
    """The frame of a request; its arrays are views into the slot."""
    depth, colour = _views(memory, request.slot, request.camera, slot_size)
    return RgbdFrame(
        request.stamp_ns, request.camera, depth, colour if request.has_colour else None
    )


def _views(
    memory: SharedMemory, slot: int, camera: Camera, slot_size: int
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    shape = (camera.height_px, camera.width_px)
    start = slot * slot_size
    depth = np.ndarray(shape, np.float32, memory.buf, start)
    colour = np.ndarray((*shape, 3), np.uint8, memory.buf, start + depth.nbytes)
    return depth, colour


def work(config: WorkerConfig, pipe: Connection, memory_name: str, slot_size: int) -> None:
    """Main function of the process: load, then answer until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us, also on Ctrl-C
    os.nice(NICENESS)
    memory = SharedMemory(memory_name)
    try:
        model, device = _load(config, pipe)
        if model is None:
            return
        pipe.send(Reply("ready", text=config.checkpoint, device=device))
        desk = _Desk(model, device, memory, slot_size)
        while True:
            request = pipe.recv()
            if request is None:
                return
            pipe.send(desk.answer(request))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone
    finally:
        with contextlib.suppress(BufferError):
            memory.close()


def _load(config: WorkerConfig, pipe: Connection) -> tuple[DeepSight | None, str]:
    pipe.send(Reply("progress", text="importing torch"))
    import torch

    from deepsight_ros.model.predictor import DeepSight

    torch.set_num_threads(config.threads)
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    pipe.send(Reply("progress", text=f"loading {config.checkpoint} on {device}"))
    try:
        loaded = DeepSight.from_pretrained(config.checkpoint, device=device, dtype=config.dtype)
        return loaded, device
    except torch.OutOfMemoryError as error:
        if device == "cpu":
            raise
        pipe.send(Reply("progress", text=f"out of memory on {device} ({error}); using the CPU"))
        return DeepSight.from_pretrained(config.checkpoint, device="cpu"), "cpu"
    except (DeepsightError, RuntimeError) as error:
        pipe.send(Reply("failed", text=f"{type(error).__name__}: {error}"))
        return None, device


class _Desk:
    """Answers requests; a view that was just looked at is not looked at again."""

    def __init__(
        self, model: DeepSight, device: str, memory: SharedMemory, slot_size: int
    ) -> None:
        self._model, self._device = model, device
        self._memory, self._slot_size = memory, slot_size
        self._seen: tuple[object, Seen] | None = None

    def answer(self, request: Request) -> Reply:
        import torch

        if time.monotonic() >= request.deadline:
            return Reply("error", request.number, "the deadline passed before it was its turn")
        try:
            return self._answer(request)
        except DeepsightError as error:
            return Reply("error", request.number, str(error), device=self._device)
        except torch.OutOfMemoryError as error:
            if self._device == "cpu":
                return Reply("failed", request.number, f"out of memory: {error}")
            self._model.model.to("cpu", torch.float32)
            torch.cuda.empty_cache()
            self._device, self._seen = "cpu", None
            return self._answer(request)

    def _answer(self, request: Request) -> Reply:
        key = (
            request.stamp_ns,
            request.camera,
            request.regions_px,
            request.boxes_px,
            request.modality,
        )
        if self._seen is None or self._seen[0] != key:
            frame = read_frame(self._memory, request, self._slot_size)
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
            self._device,
        )
