"""Region messages in, RegionRequest and Detection values in depth pixels out.

Pixels of a colour camera that is not the depth camera are carried over through the depth itself:
every valid depth pixel knows which colour pixel it shows.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DeepsightError, InvalidValueError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.decode import decode_colour
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.msg import Region, Regions
from deepsight_ros.nodes.conversions import image_buffer, to_ns
from deepsight_ros.nodes.faults import FaultLog
from deepsight_ros.perception.inputs import Detection, RegionKind, RegionRequest

CARRY_STEP = 2
"""Every second depth pixel is looked at when pixels are carried over: half a pixel of accuracy."""


@dataclass(frozen=True, eq=False)
class ImageView:
    """The camera whose pixels a caller means.

    Attributes:
        camera: with its distortion.
        camera_from_depth: pose to the depth camera.
    """

    camera: Camera
    camera_from_depth: RigidTransform

    def pixels_of(self, frame: RgbdFrame) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Where this camera shows the frame's depth pixels: (N, 2) u, v, and (N, 2) depth u, v."""
        depth = frame.depth_m[::CARRY_STEP, ::CARRY_STEP]
        rows, columns = np.nonzero(np.isfinite(depth))
        z = depth[rows, columns].astype(np.float64)
        own = np.stack([columns, rows], axis=1).astype(np.int32) * CARRY_STEP
        c = frame.camera
        points = np.stack(
            [(own[:, 0] - c.cx_px) / c.fx_px * z, (own[:, 1] - c.cy_px) / c.fy_px * z, z], axis=1
        )
        points = self.camera_from_depth.apply(points)
        ahead = points[:, 2] > 1e-3
        points, own = points[ahead], own[ahead]
        if not len(points):
            return np.empty((0, 2)), own
        coefficients = np.array(self.camera.distortion, dtype=np.float64)
        pixels, _ = cv2.projectPoints(
            points, np.zeros(3), np.zeros(3), self.camera.matrix, coefficients
        )
        return pixels.reshape(-1, 2), own


def region_requests(
    messages: Sequence[Region],
    frame: RgbdFrame,
    depth_view: ImageView | None,
    colour_view: ImageView | None,
) -> list[RegionRequest]:
    """Regions of a request, in pixels of ``frame.depth_m``.

    Args:
        messages: as they came.
        frame: the frame they are about.
        depth_view, colour_view: the cameras whose pixels they may be in; None: the same pixels
            as the frame's.

    Raises:
        InvalidValueError: NaN or empty box, point outside, mask of another size, unknown kind.
    """
    found = []
    for index, message in enumerate(messages):
        name = message.id or f"region{index}"
        view = colour_view if message.image == Region.COLOR_IMAGE else depth_view
        size = (frame.camera.height_px, frame.camera.width_px)
        if view is not None:
            size = (view.camera.height_px, view.camera.width_px)
        request = _request(message, name, size)
        found.append(request if view is None else _carried(request, view, frame))
    return found


def _request(message: Region, name: str, size: tuple[int, int]) -> RegionRequest:
    """The region in the pixels it was given in."""
    what = f"region '{name}'"
    score = float(message.score) if message.score > 0 else 1.0
    height, width = size
    if message.kind == Region.BOX:
        box = tuple(float(v) for v in message.box)
        request = RegionRequest(RegionKind.BOX, box_px=box, id=name, label=message.label,
                                score=score)  # fmt: skip
        if box[0] >= width or box[1] >= height or box[2] <= 0 or box[3] <= 0:
            raise InvalidValueError(
                f"{what}: got box {box}, expected one that overlaps the {width}x{height} image"
            )
        return request
    if message.kind == Region.POINT:
        u, v = (float(x) for x in message.point)
        if not (0 <= u < width and 0 <= v < height):  # NaN fails too
            raise InvalidValueError(
                f"{what}: got point ({u}, {v}), expected one inside the {width}x{height} image"
            )
        return RegionRequest(
            RegionKind.POINT, point_px=(u, v), id=name, label=message.label, score=score
        )
    if message.kind == Region.MASK:
        pixels = decode_colour(image_buffer(message.mask, f"{what}: mask"))
        if pixels.shape[:2] != size:
            raise InvalidValueError(
                f"{what}: got a mask of {pixels.shape[1]}x{pixels.shape[0]}, expected "
                f"{width}x{height}"
            )
        return RegionRequest(
            RegionKind.MASK, mask=pixels.any(axis=2), id=name, label=message.label, score=score
        )
    raise InvalidValueError(f"{what}: got kind {message.kind}, expected BOX, POINT or MASK")


def _carried(request: RegionRequest, view: ImageView, frame: RgbdFrame) -> RegionRequest:
    """The same region in depth pixels."""
    theirs, own = view.pixels_of(frame)
    same = {"id": request.id, "label": request.label, "score": request.score}
    if request.box_px is not None:
        u0, v0, u1, v1 = request.box_px
        u, v = theirs[:, 0], theirs[:, 1]
        inside = own[(u >= u0) & (u < u1) & (v >= v0) & (v < v1)]
        if not len(inside):
            raise InvalidValueError(
                f"region '{request.id}': no depth pixel is seen inside the colour box "
                f"{request.box_px}"
            )
        low, high = inside.min(axis=0), inside.max(axis=0) + CARRY_STEP
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return RegionRequest(RegionKind.BOX, box_px=box, **same)
    if request.point_px is not None:
        away = np.linalg.norm(theirs - np.array(request.point_px), axis=1)
        if not len(away) or away.min() > 4.0 * CARRY_STEP:
            raise InvalidValueError(
                f"region '{request.id}': no depth is seen at the colour pixel {request.point_px}"
            )
        u, v = own[int(np.argmin(away))]
        return RegionRequest(RegionKind.POINT, point_px=(float(u), float(v)), **same)
    assert request.mask is not None
    height, width = request.mask.shape
    at = np.rint(theirs).astype(np.int64)
    seen = (at[:, 0] >= 0) & (at[:, 0] < width) & (at[:, 1] >= 0) & (at[:, 1] < height)
    at, own = at[seen], own[seen]
    own = own[request.mask[at[:, 1], at[:, 0]]]
    mask = np.zeros(frame.depth_m.shape, np.uint8)
    mask[own[:, 1], own[:, 0]] = 1
    mask = cv2.dilate(mask, np.ones((CARRY_STEP, CARRY_STEP), np.uint8), anchor=(0, 0))
    return RegionRequest(RegionKind.MASK, mask=mask.astype(bool), **same)


class DetectionBuffer:
    """The newest messages of an outside detector, looked up by image stamp."""

    def __init__(self, faults: FaultLog, capacity: int = 16) -> None:
        self._faults = faults
        self._messages: deque[Regions] = deque(maxlen=capacity)
        self._lock = threading.Lock()

    def put(self, message: Regions) -> None:
        """Keep a message; callable from the executor."""
        if to_ns(message.header.stamp) == 0:
            self._faults.add("detections", "zero stamp", "header.stamp is zero; set it to that "
                             "of the image the boxes were found in")  # fmt: skip
            return
        with self._lock:
            self._messages.append(message)

    def near(
        self,
        frame: RgbdFrame,
        max_age_s: float,
        depth_view: ImageView | None,
        colour_view: ImageView | None,
    ) -> tuple[Detection, ...]:
        """Detections of the message nearest in time, in depth pixels; bad boxes are counted."""
        with self._lock:
            messages = list(self._messages)
        if not messages:
            return ()

        def distance_ns(message: Regions) -> int:
            return abs(to_ns(message.header.stamp) - frame.stamp_ns)

        nearest = min(messages, key=distance_ns)
        if distance_ns(nearest) > max_age_s * 1e9:
            return ()
        found = []
        for message in nearest.regions:
            try:
                (request,) = region_requests([message], frame, depth_view, colour_view)
                found.append(_detection(request))
            except DeepsightError as error:
                self._faults.add("detections", "bad region", str(error))
        return tuple(found)


def _detection(request: RegionRequest) -> Detection:
    box = request.box_px
    if request.mask is not None:
        rows, columns = np.nonzero(request.mask)
        if not len(rows):
            raise InvalidValueError(f"detection '{request.label}': got an empty mask")
        box = (
            float(columns.min()),
            float(rows.min()),
            float(columns.max()) + 1.0,
            float(rows.max()) + 1.0,
        )
    if box is None:
        raise InvalidValueError(
            f"detection '{request.label}': got a point, expected a box or mask"
        )
    return Detection(request.label, min(1.0, max(0.0, request.score)), box)
