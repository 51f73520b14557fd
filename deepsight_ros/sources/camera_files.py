"""camera.json beside images in, Camera and depth unit out.

Three dialects are known by their keys, because "depth_scale" means three things in the field:
our own (``fx_px`` and ``depth_unit_m``, metres per stored unit), BOP's (``cam_K``, and
``depth_scale`` in millimetres per stored unit), and Open3D's (``intrinsic_matrix`` column by
column, and ``depth_scale`` in stored units per metre).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deepsight_ros.errors import SourceError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.camera_info import camera_from_info

CAMERA_FILES = ("camera.json", "camera_intrinsic.json", "intrinsic.json")
"""Names under which one camera of a whole folder is looked for."""


@dataclass(frozen=True)
class CameraFile:
    """What a camera file says.

    Attributes:
        k: 9 numbers, row-major.
        size_px: (width, height), or None where the file leaves it to the images.
        unit_m: metres per stored depth unit, or None where the file does not say.
        distortion_model, distortion: as in CameraInfo.
        frame_id: optical frame.
    """

    k: tuple[float, ...]
    size_px: tuple[int, int] | None = None
    unit_m: float | None = None
    distortion_model: str = ""
    distortion: tuple[float, ...] = ()
    frame_id: str = "camera_optical_frame"

    def camera(self, width_px: int, height_px: int, name: str) -> Camera:
        """The camera for images of a size.

        Raises:
            CalibrationError: the numbers are no camera.
            SourceError: the file speaks of another size.
        """
        if self.size_px is not None and self.size_px != (width_px, height_px):
            raise SourceError(
                f"{name}: got images of {width_px}x{height_px}, expected {self.size_px[0]}x"
                f"{self.size_px[1]} as the camera file says; give the camera of these images"
            )
        return camera_from_info(
            width_px,
            height_px,
            self.k,
            self.distortion,
            self.distortion_model,
            self.frame_id,
            name=name,
        )


def read_camera_file(path: Path, image_id: str = "") -> CameraFile:
    """Read a camera file of any of the three dialects.

    Args:
        image_id: key into a file that has one camera per image (BOP's scene_camera.json);
            leading zeros do not count.

    Raises:
        SourceError: not JSON, or of no known dialect.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise SourceError(f"{path}: got {error}, expected a JSON file with a camera") from error
    entry = content
    if isinstance(content, dict) and path.name == "scene_camera.json":
        entry = content.get(image_id.lstrip("0") or "0")
    if not isinstance(entry, dict):
        raise SourceError(f"{path}: got no camera for image '{image_id}', expected a JSON object")
    try:
        if "cam_K" in entry:
            return _bop(entry)
        if "intrinsic_matrix" in entry:
            return _open3d(entry)
        if "fx_px" in entry:
            return _own(entry)
    except (TypeError, ValueError, KeyError) as error:
        raise SourceError(
            f"{path}: got {type(error).__name__} ({error}), expected numbers; correct the file"
        ) from error
    raise SourceError(
        f"{path}: got keys {', '.join(sorted(map(str, entry))[:8])}, expected one of: fx_px, "
        "fy_px, cx_px, cy_px and depth_unit_m; cam_K and depth_scale (BOP); intrinsic_matrix "
        "(Open3D)"
    )


def _bop(entry: dict[str, Any]) -> CameraFile:
    scale = entry.get("depth_scale")
    return CameraFile(
        k=_numbers(entry["cam_K"], 9),
        unit_m=None if scale is None else _positive(scale) * 0.001,
    )


def _open3d(entry: dict[str, Any]) -> CameraFile:
    m = _numbers(entry["intrinsic_matrix"], 9)
    scale = entry.get("depth_scale")
    return CameraFile(
        k=tuple(m[column * 3 + row] for row in range(3) for column in range(3)),
        size_px=(int(entry["width"]), int(entry["height"])) if "width" in entry else None,
        unit_m=None if scale is None else 1.0 / _positive(scale),
    )


def _own(entry: dict[str, Any]) -> CameraFile:
    fx, fy, cx, cy = (float(entry[key]) for key in ("fx_px", "fy_px", "cx_px", "cy_px"))
    unit = entry.get("depth_unit_m")
    has_size = "width_px" in entry
    return CameraFile(
        k=(fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0),
        size_px=(int(entry["width_px"]), int(entry["height_px"])) if has_size else None,
        unit_m=None if unit is None else _positive(unit),
        distortion_model=str(entry.get("distortion_model", "")),
        distortion=tuple(float(c) for c in entry.get("distortion", ())),
        frame_id=str(entry.get("frame_id", "camera_optical_frame")),
    )


def _numbers(values: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(float(v) for v in values)
    if len(numbers) != count:
        raise ValueError(f"{len(numbers)} numbers where {count} belong")
    return numbers


def _positive(value: Any) -> float:
    number = float(value)
    if not (math.isfinite(number) and number > 0.0):
        raise ValueError(f"{value} where a positive number belongs")
    return number
