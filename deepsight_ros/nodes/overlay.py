"""A sighting in, a picture out: outlines, ids, sizes and distances drawn over colour or depth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.nodes.neighbours import Distances, Pairwise
from deepsight_ros.nodes.sight import Sighting
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID
from deepsight_ros.scene.objects import SceneObject

Picture = NDArray[np.uint8]
PALETTE = (
    (230, 25, 75),
    (60, 180, 75),
    (255, 225, 25),
    (0, 130, 200),
    (245, 130, 48),
    (145, 30, 180),
    (70, 240, 240),
    (240, 50, 230),
    (210, 245, 60),
    (250, 190, 212),
    (0, 128, 128),
    (220, 190, 255),
)
"""Colours that stay apart, in the order of object ids."""
NEAR_M, FAR_M = 0.3, 4.0
"""Range of depth pictures: nearer is warm, farther is cold."""


def colour_of(object_id: str) -> tuple[int, int, int]:
    """The same colour for the same id, in pictures and markers."""
    digits = "".join(c for c in object_id if c.isdigit())
    return PALETTE[(int(digits) if digits else sum(map(ord, object_id))) % len(PALETTE)]


def depth_picture(depth_m: NDArray[np.float32]) -> Picture:
    """Depth as colours, invalid black."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (1 / depth_m - 1 / FAR_M) / (1 / NEAR_M - 1 / FAR_M)
    level = np.nan_to_num(np.clip(share, 0, 1) * 255).astype(np.uint8)
    picture = cv2.applyColorMap(level, cv2.COLORMAP_TURBO)[..., ::-1].copy()
    picture[~np.isfinite(depth_m)] = 0
    return picture


def draw(sighting: Sighting, distances: Distances) -> Picture:
    """The picture of the frame with everything that was found in it; (H, W, 3) RGB."""
    frame, scene = sighting.frame, sighting.scene
    picture = depth_picture(frame.depth_m) if frame.colour is None else frame.colour.copy()
    scale = max(0.4, frame.camera.width_px / 1280)
    optical_from_w = scene.working_from_camera.inverse()
    for thing in scene.objects:
        _outline(picture, thing)
    for pair in nearest_of_each(distances):
        ends = pair.measured.end_points_m
        if ends is None:
            continue
        value_m = pair.measured.value
        text = f"{100 * value_m:.1f} cm" if value_m < 1 else f"{value_m:.2f} m"
        colour = (255, 220, 0) if GRIPPER_ID in (pair.from_id, pair.to_id) else (255, 255, 255)
        _line(picture, optical_from_w.apply(ends), frame.camera, text, colour, scale)
    for thing in scene.objects:
        measured = distances.ranges.get(thing.id)
        what = thing.label or thing.colour
        text = f"{thing.id} {what}".strip()
        if measured is not None:
            text += f" {measured.value:.2f} m"
        if thing.box_px is not None:
            u, v = thing.box_px[0], max(12, thing.box_px[1] - 3)
            _text(picture, text, (int(u), int(v)), colour_of(thing.id), scale)
    return picture


def nearest_of_each(distances: Distances) -> list[Pairwise]:
    """The distance of each object, and of the gripper, to what is nearest to it: few enough to
    read. Distances to the camera stand in the names already."""
    chosen: dict[str, Pairwise] = {}
    for pair in distances.pairs:
        if CAMERA_ID in (pair.from_id, pair.to_id):
            continue
        # what the gripper is nearest to is the gripper's line, not everything else's
        ends = [pair.from_id] if pair.from_id == GRIPPER_ID else [pair.from_id, pair.to_id]
        for end in ends:
            best = chosen.get(end)
            if best is None or pair.measured.value < best.measured.value:
                chosen[end] = pair
    return list({id(pair): pair for pair in chosen.values()}.values())


def _outline(picture: Picture, thing: SceneObject) -> None:
    colour = colour_of(thing.id)
    if thing.mask is not None:
        height, width = picture.shape[:2]
        mask = cv2.resize(
            thing.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        )
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        cv2.drawContours(picture, contours, -1, colour, 1, cv2.LINE_AA)
    if thing.box_px is not None:
        u0, v0, u1, v1 = (int(c) for c in thing.box_px)
        cv2.rectangle(picture, (u0, v0), (u1 - 1, v1 - 1), colour, 1)


def _line(
    picture: Picture,
    ends_m: NDArray[np.float64],
    camera: Camera,
    text: str,
    colour: tuple[int, int, int],
    scale: float,
) -> None:
    pixels = project(ends_m, camera)
    if pixels is None:
        return
    a, b = (tuple(round(c) for c in p) for p in pixels)
    cv2.line(picture, a, b, colour, 1, cv2.LINE_AA)
    middle = ((a[0] + b[0]) // 2 + 3, (a[1] + b[1]) // 2)
    _text(picture, text, middle, colour, scale * 0.9)


def project(points_m: NDArray[np.float64], camera: Camera) -> NDArray[np.float64] | None:
    """(N, 3) optical-frame points to (N, 2) pixels; None when one lies behind the camera."""
    z = points_m[:, 2]
    if not np.isfinite(points_m).all() or (z < 0.01).any():
        return None
    return np.stack(
        [
            camera.cx_px + camera.fx_px * points_m[:, 0] / z,
            camera.cy_px + camera.fy_px * points_m[:, 1] / z,
        ],
        axis=1,
    ).clip(-4096, 8192)


def _text(
    picture: Picture, text: str, at: tuple[int, int], colour: tuple[int, int, int], scale: float
) -> None:
    font = cv2.FONT_HERSHEY_SIMPLEX
    (width, height), below = cv2.getTextSize(text, font, scale, 1)
    u, v = min(at[0], picture.shape[1] - width - 1), at[1]
    u0, v0 = max(0, u), max(0, v - height)
    patch = picture[v0 : v + below, u0 : u0 + width]
    patch //= 3  # darkened, so that the words can be read on anything
    cv2.putText(picture, text, (u0, v), font, scale, colour, 1, cv2.LINE_AA)
