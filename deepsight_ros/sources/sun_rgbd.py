"""SUN RGB-D as published: folders of sequences in, annotated frames out.

A sequence folder holds ``image/*.jpg``, ``depth/*.png`` (raw) and ``depth_bfx/*.png`` (holes
filled), 16 bits rotated by three; ``intrinsics.txt`` (K, nine numbers), ``extrinsics/*.txt`` (3x4,
its rotation levels the view), ``scene.txt`` (kind of place), ``annotation2Dfinal/index.json``
(polygons with the number of their object). 3D boxes come from ``SUNRGBDMeta3DBB_v2.mat`` (or
SUNRGBDMeta.mat): ``groundtruth3DBB`` with ``basis`` (rows are axes), ``coeffs`` (half sizes) and
``centroid`` in the levelled frame (x right, y ahead, z up, origin at the camera), and ``Rtilt``.
Facts: README and toolbox of rgbd.cs.princeton.edu (readframeSUNRGBD.m, read3dPoints.m).
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError, SourceError
from deepsight_ros.geometry.backproject import project
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.decode import decode_compressed_colour
from deepsight_ros.geometry.depth_encodings import decode_rotated, read_stored
from deepsight_ros.sources.annotated import (
    AnnotatedFrame,
    Annotation,
    OrientedBox,
    check_index,
    mask_box,
    polygon_mask,
)

Array = NDArray[np.float64]
MAX_DEPTH_M = 8.0
"""The toolbox cuts depth here; readings beyond are no measurements."""
STRUCTURE = ("wall", "floor", "ceiling")
MIN_PIXELS = 200
LEVELLED_FROM_OPTICAL = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
"""x right, y ahead, z up from x right, y down, z ahead."""
STAMP_STEP_NS = 1_000_000_000


class SunRgbd:
    """Random access to the frames below a folder.

    Args:
        path: the unpacked ``SUNRGBD`` folder, or any folder above sequences.
        meta: ``SUNRGBDMeta3DBB_v2.mat`` or ``SUNRGBDMeta.mat`` for 3D boxes; None leaves them out.
        depth: ``depth_bfx`` (holes filled, what the benchmark uses) or ``depth`` (raw).
        min_pixels: smaller objects are left out.

    Raises:
        SourceError: no sequence below the folder, or the meta file is none.
    """

    def __init__(
        self,
        path: str | Path,
        meta: str | Path | None = None,
        *,
        depth: str = "depth_bfx",
        min_pixels: int = MIN_PIXELS,
    ) -> None:
        self._folder, self._least = Path(path), min_pixels
        if depth not in ("depth", "depth_bfx"):
            raise SourceError(f"SUN RGB-D: got depth '{depth}', expected depth or depth_bfx")
        self._depth = depth
        self.name = f"sun_rgbd:{path}"
        self._sequences = sorted(p.parent for p in self._folder.rglob("intrinsics.txt"))
        self._sequences = [p for p in self._sequences if p.name != "fullres"]
        if not self._sequences:
            raise SourceError(
                f"{path}: got no intrinsics.txt below it, expected the unpacked SUNRGBD folder "
                "(kv1, kv2, realsense, xtion)"
            )
        self._boxes = {} if meta is None else _read_meta(Path(meta))

    def __len__(self) -> int:
        return len(self._sequences)

    def __getitem__(self, index: int) -> AnnotatedFrame:
        folder = self._sequences[check_index(self.name, index, len(self))]
        relative = folder.relative_to(self._folder).as_posix()
        depth_file, colour_file = _only(folder / self._depth, "*.png"), _only(folder / "image")
        colour = decode_compressed_colour(
            colour_file.suffix[1:], colour_file.read_bytes(), str(colour_file)
        )
        depth_m = decode_rotated(read_stored(depth_file.read_bytes(), str(depth_file)))
        depth_m[depth_m > MAX_DEPTH_M] = np.nan
        if not np.isfinite(depth_m).any():
            raise DecodeError(f"{depth_file}: got no valid depth in the whole image")
        height, width = depth_m.shape
        if colour.shape[:2] != depth_m.shape:
            raise DecodeError(
                f"{colour_file}: got colour {colour.shape[:2]}, expected {depth_m.shape}"
            )
        k = _numbers(folder / "intrinsics.txt", 9)
        camera = Camera(width, height, k[0], k[4], k[2], k[5], frame_id="sun_rgbd_optical_frame")
        meta = self._boxes.get(_sequence_key(relative)) or self._boxes.get(
            _sequence_key(folder.as_posix())
        )
        tilt = _tilt(folder) if meta is None else meta[0]
        things = self._things(folder, height, width)
        if meta is not None:
            things = _with_solids(things, meta[1], meta[0], camera)
        scene = folder / "scene.txt"
        return AnnotatedFrame(
            key=f"sun_rgbd/{relative}",
            frame=RgbdFrame((index + 1) * STAMP_STEP_NS, camera, depth_m, colour),
            things=things,
            room=scene.read_text().strip().replace("_", " ") if scene.is_file() else "",
            up_in_camera=None if tilt is None else LEVELLED_FROM_OPTICAL.T @ tilt[2],
            provenance={"source": "sun_rgbd", "sequence": relative, "depth": self._depth},
        )

    def _things(self, folder: Path, height_px: int, width_px: int) -> tuple[Annotation, ...]:
        path = folder / "annotation2Dfinal" / "index.json"
        if not path.is_file():
            return ()
        try:
            content = json.loads(path.read_text(encoding="utf-8", errors="replace"))
            names = [(o or {}).get("name", "") for o in content["objects"]]
            by_object: dict[int, list[Array]] = {}
            for part in content["frames"][0]["polygon"]:
                outline = np.column_stack([np.atleast_1d(part["x"]), np.atleast_1d(part["y"])])
                by_object.setdefault(int(part["object"]), []).append(outline.astype(float))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise DecodeError(
                f"{path}: got {type(error).__name__} ({error}), expected frames[0].polygon and "
                "objects as published"
            ) from error
        things = []
        for number, outlines in sorted(by_object.items()):
            label = names[number].strip().lower() if 0 <= number < len(names) else ""
            if not label or label in STRUCTURE:
                continue
            mask = polygon_mask(outlines, height_px, width_px)
            if np.count_nonzero(mask) >= self._least:
                things.append(Annotation(f"o{len(things) + 1}", label, mask, mask_box(mask)))
        return tuple(things)


_Meta = tuple[Array, tuple[tuple[str, OrientedBox], ...]]
"""Rtilt, and boxes in the levelled frame by name."""


def _read_meta(path: Path) -> dict[str, _Meta]:
    """Boxes by sequence.

    Raises:
        SourceError: no such file, or no SUNRGBDMeta in it.
    """
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if not path.is_file():
        raise SourceError(f"{path}: got no file there, expected SUNRGBDMeta3DBB_v2.mat")
    try:
        rows = np.atleast_1d(
            loadmat(str(path), squeeze_me=True, struct_as_record=False)["SUNRGBDMeta"]
        )
    except (MatReadError, KeyError, ValueError, NotImplementedError, OSError) as error:
        raise SourceError(
            f"{path}: got {type(error).__name__} ({error}), expected SUNRGBDMeta of the toolbox"
        ) from error
    out: dict[str, _Meta] = {}
    for row in rows:
        boxes = []
        for box in np.atleast_1d(row.groundtruth3DBB):
            if not hasattr(box, "basis"):
                continue  # a frame without boxes
            basis = np.asarray(box.basis, float)
            basis = basis / np.linalg.norm(basis, axis=1, keepdims=True)
            size = 2.0 * np.abs(np.asarray(box.coeffs, float))
            if (size > 0).all():
                centre = np.asarray(box.centroid, float)
                boxes.append((str(box.classname), OrientedBox(centre, basis.T, size)))
        out[_sequence_key(str(row.sequenceName))] = (np.asarray(row.Rtilt, float), tuple(boxes))
    return out


def _sequence_key(path: str) -> str:
    """A sequence's path from its sensor's folder on, however the data set was unpacked."""
    parts = [p for p in path.split("/") if p]
    for start, part in enumerate(parts):
        if part in ("kv1", "kv2", "realsense", "xtion"):
            return "/".join(parts[start:])
    return "/".join(parts)


def _with_solids(
    things: tuple[Annotation, ...],
    solids: tuple[tuple[str, OrientedBox], ...],
    tilt: Array,
    camera: Camera,
) -> tuple[Annotation, ...]:
    """Boxes given to the 2D object of the same name that overlaps their picture best; boxes
    without one become things of their own, known by the rectangle around their corners."""
    rotate = LEVELLED_FROM_OPTICAL.T @ tilt.T
    out = list(things)
    taken: set[int] = set()
    for label, levelled in solids:
        box = OrientedBox(rotate @ levelled.centre_m, rotate @ levelled.axes, levelled.size_m)
        corners = box.corners_m()
        if (corners[:, 2] <= 0.05).any():
            continue  # reaches behind the camera: no box in the picture stands for it
        pixels = project(corners, camera)
        limits = np.array([camera.width_px, camera.height_px], float)
        low, high = np.clip(pixels.min(axis=0), 0, limits), np.clip(pixels.max(axis=0), 0, limits)
        if (high - low < 2).any():
            continue
        rectangle = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        scores = [
            _iou(rectangle, t.box_px) if t.label == label and i not in taken and t.box_px else 0.0
            for i, t in enumerate(out)
        ]
        best = int(np.argmax(scores)) if scores else -1
        if best >= 0 and scores[best] > 0.3:
            out[best] = replace(out[best], solid=box)
            taken.add(best)
        else:
            taken.add(len(out))
            out.append(Annotation(f"b{len(out) + 1}", label, None, rectangle, box))
    return tuple(out)


def _iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0.0) * max(h, 0.0)
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return both / (area - both)


def _tilt(folder: Path) -> Array | None:
    """Rotation of the levelled frame from (x right, y ahead, z up) of the camera."""
    files = sorted((folder / "extrinsics").glob("*.txt"))
    if not files:
        return None
    own = np.array(_numbers(files[-1], 12)).reshape(3, 4)[:, :3]
    to_levelled = LEVELLED_FROM_OPTICAL
    tilt: Array = to_levelled @ own @ to_levelled.T
    return tilt


def _numbers(path: Path, count: int) -> list[float]:
    try:
        numbers = [float(w) for w in path.read_text().split()]
    except (OSError, ValueError) as error:
        raise DecodeError(f"{path}: got {error}, expected {count} numbers") from error
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise DecodeError(f"{path}: got {len(numbers)} numbers, expected {count} finite ones")
    return numbers


def _only(folder: Path, pattern: str = "*.jpg") -> Path:
    files = sorted(folder.glob(pattern))
    if not files:
        raise DecodeError(f"{folder}: got no {pattern} there, expected one")
    return files[0]
