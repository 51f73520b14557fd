"""Folders in the layout of OCID and OSD in, RGB-D frames with instance labels out.

OCID (Suchi et al., ICRA 2019): ``**/seq*/{rgb,depth,label}/NAME.png``; depth 16 bit in mm; label 0
and 1 are background, in paths with "table" 2 is the table, objects follow. OSD 0.2 (Richtsfeld et
al., IROS 2012): ``image_color``, ``disparity`` (or ``depth``; 16 bit in mm) and ``annotation`` of
equal names, 0 is background. Neither has a camera file: both were recorded with cameras of the
first Kinect's kind, whose nominal intrinsics are taken unless others are given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame

FOCAL_PX = {"ocid": 570.3, "osd": 525.0}
"""Nominal focal lengths at 640 columns: ASUS Xtion and Kinect drivers' defaults."""

MILLIMETRE_M = 0.001


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """A frame, its name, and (H, W) int32 labels: 0 = no object."""

    name: str
    frame: RgbdFrame
    labels: NDArray[np.int32]


def layout_of(folder: Path) -> str:
    """``ocid`` or ``osd``.

    Raises:
        SourceError: neither.
    """
    if (folder / "image_color").is_dir() and (folder / "annotation").is_dir():
        return "osd"
    if any(folder.glob("**/seq*/label")):
        return "ocid"
    raise SourceError(
        f"clutter folder {folder}: expected OCID (**/seq*/rgb, depth, label) or OSD (image_color, "
        "disparity or depth, annotation)"
    )


class ClutterFolder:
    """Frames of an OCID or OSD folder, in order of their paths.

    Args:
        folder: root of the data set, or of a part of it.
        focal_px: of the depth camera; None: the layout's nominal one, scaled to the width.

    Raises:
        SourceError: another layout, or no frames.
    """

    def __init__(self, folder: Path, focal_px: float | None = None) -> None:
        self.folder, self.focal_px = folder, focal_px
        self.layout = layout_of(folder)
        pattern = "image_color/*.png" if self.layout == "osd" else "**/seq*/rgb/*.png"
        self.colours = sorted(folder.glob(pattern))
        if not self.colours:
            raise SourceError(f"clutter folder {folder}: got no pictures, expected {pattern}")

    def __len__(self) -> int:
        return len(self.colours)

    def __iter__(self) -> Iterator[LabelledFrame]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, number: int) -> LabelledFrame:
        """Frame ``number``.

        Raises:
            SourceError: a file of it is missing, unreadable or of another size.
        """
        path = self.colours[number]
        base, name = path.parent.parent, path.name
        if self.layout == "osd":
            depth_path = next(
                (base / d / name for d in ("disparity", "depth") if (base / d / name).is_file()),
                base / "disparity" / name,
            )
            label_path = base / "annotation" / name
        else:
            depth_path, label_path = base / "depth" / name, base / "label" / name
        colour = _read(path, cv2.IMREAD_COLOR)
        raw = _read(depth_path, cv2.IMREAD_UNCHANGED)
        found = _read(label_path, cv2.IMREAD_UNCHANGED)
        if found.ndim == 3:
            found = found[..., 0]
        if raw.ndim != 2 or raw.shape != found.shape or colour.shape[:2] != raw.shape:
            raise SourceError(
                f"clutter folder: got colour {colour.shape}, depth {raw.shape} and labels "
                f"{found.shape} for {path}, expected one size"
            )
        labels = found.astype(np.int32)
        if self.layout == "ocid":
            labels[labels == 1] = 0
            if "table" in path.relative_to(self.folder.parent).as_posix():
                labels[labels == 2] = 0
        height, width = labels.shape
        focal = self.focal_px or FOCAL_PX[self.layout] * width / 640.0
        camera = Camera(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)
        depth = np.where(raw > 0, raw * np.float32(MILLIMETRE_M), np.float32(np.nan))
        frame = RgbdFrame(
            number + 1,
            camera,
            depth.astype(np.float32),
            np.ascontiguousarray(colour[..., ::-1]),
        )
        return LabelledFrame(path.relative_to(self.folder).as_posix(), frame, labels)


def _read(path: Path, how: int) -> NDArray[np.generic]:
    picture = cv2.imread(str(path), how)
    if picture is None:
        raise SourceError(f"clutter folder: {path} is missing or no picture")
    return np.asarray(picture)
