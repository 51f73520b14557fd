"""A frame, its scene and an answer in; a small JPEG that shows what was measured, out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.scene.objects import Scene

WIDTH_PX = 480
MEANT, OTHER, LINE = (255, 170, 0), (150, 150, 150), (0, 230, 255)


def picture(
    frame: RgbdFrame,
    scene: Scene,
    object_ids: tuple[str, ...] = (),
    end_points_m: NDArray[np.float64] | None = None,
    caption: str = "",
) -> bytes:
    """JPEG, ``WIDTH_PX`` wide: boxes of all objects, those meant in orange, the measured line."""
    image = (_grey(frame.depth_m) if frame.colour is None else frame.colour).copy()
    scale = WIDTH_PX / image.shape[1]
    image = cv2.resize(image, (WIDTH_PX, round(image.shape[0] * scale)))
    meant = [o for o in scene.objects if o.id in object_ids]
    for thing in [o for o in scene.objects if o.id not in object_ids and not o.is_region] + meant:
        if thing.box_px is None:
            continue
        x0, y0, x1, y1 = (round(c * scale) for c in thing.box_px)
        colour = MEANT if thing in meant else OTHER
        cv2.rectangle(image, (x0, y0), (x1, y1), colour, 2 if thing in meant else 1)
        name = f"{thing.id} {thing.label}".strip()
        cv2.putText(image, name, (x0 + 2, max(10, y0 - 3)), 0, 0.38, colour, 1, cv2.LINE_AA)
    if end_points_m is not None and np.isfinite(end_points_m).all():
        ends = scene.working_from_camera.inverse().apply(end_points_m)
        if (ends[:, 2] > 0.05).all():
            camera = frame.camera
            u = (ends[:, 0] / ends[:, 2] * camera.fx_px + camera.cx_px) * scale
            v = (ends[:, 1] / ends[:, 2] * camera.fy_px + camera.cy_px) * scale
            a, b = ((round(float(x)), round(float(y))) for x, y in zip(u, v, strict=True))
            cv2.line(image, a, b, LINE, 2, cv2.LINE_AA)
    if caption:
        cv2.putText(image, caption, (6, image.shape[0] - 8), 0, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(image, caption, (6, image.shape[0] - 8), 0, 0.45, (255,) * 3, 1, cv2.LINE_AA)
    done, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])
    assert done, "JPEG is always built into OpenCV"
    return data.tobytes()


def _grey(depth_m: NDArray[np.float32]) -> NDArray[np.uint8]:
    valid = depth_m[np.isfinite(depth_m)]
    near, far = np.percentile(valid, [2, 98]) if len(valid) else (0.0, 1.0)
    level = 255 - 215 * np.clip((depth_m - near) / max(far - near, 1e-3), 0, 1)
    grey = np.nan_to_num(level, nan=0.0).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
