"""A folder of colour and depth images in, RGB-D frames out.

Layouts: ``depth/`` beside ``color/`` (or rgb/, image/), or files named by role in one folder
(``000003_depth.png`` with ``000003_rgb.png``, ``7-color.png``). Images belong together by the rest
of their name, else by their order where there are as many of each. Depth is PNG or PGM of 16 bits,
or .npy; the unit must be stated by the caller or by a camera file, never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError, DecodeError, SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.decode import decode_compressed_colour, decode_compressed_depth
from deepsight_ros.geometry.depth_encodings import (
    ENCODINGS,
    decode_disparity,
    decode_rotated,
    read_stored,
)
from deepsight_ros.geometry.depth_units import metres, unit_for
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.geometry.registration import Registrar
from deepsight_ros.geometry.transform_buffer import TransformBuffer
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.sources.base import SourceReport
from deepsight_ros.sources.camera_files import (
    CAMERA_FILES,
    CameraFile,
    read_camera_file,
)

DEPTH_ROLES = ("depth",)
COLOUR_ROLES = ("color", "colour", "rgb", "image")
DEPTH_ENDINGS = (".png", ".npy", ".pgm")
COLOUR_ENDINGS = (".png", ".jpg", ".jpeg", ".ppm")
FIRST_STAMP_NS = 1_000_000_000
"""Stamp of the first frame where file names tell no time: not zero, which means unset in ROS."""
WORLD_FRAME = "world"


@dataclass(frozen=True)
class _Pair:
    key: str
    depth: Path
    colour: Path | None
    stamp_ns: int


class FolderSource:
    """RGB-D frames from image files.

    Args:
        path: the folder.
        camera: the depth camera; None reads a camera file.
        unit_m: metres per stored depth unit; None reads a camera file (.npy of floats: metres).
        colour_camera, colour_from_depth: where colour is not registered to depth.
        use_colour: False leaves colour out.
        rate_hz: how fast frames follow each other where file names tell no time.
        sensor: noise model of the depth camera.
        encoding: ``linear`` (numbers times a unit), ``rotated`` (SUN RGB-D) or ``disparity`` (raw
            Kinect readings, which need no unit).
        match: takes only images whose name begins with this.

    Raises:
        SourceError: no images, no camera, no depth unit, or an unknown encoding.
        DecodeError: ``unit_m`` is no unit.
        CalibrationError: while iterating, when images do not fit the camera.
    """

    def __init__(
        self,
        path: str | Path,
        camera: Camera | None = None,
        unit_m: float | None = None,
        *,
        colour_camera: Camera | None = None,
        colour_from_depth: RigidTransform | None = None,
        use_colour: bool = True,
        rate_hz: float = 30.0,
        sensor: SensorModel | None = None,
        encoding: str = "linear",
        match: str = "",
    ) -> None:
        self._folder = Path(path)
        self.name = str(path)
        self.transforms = TransformBuffer()
        self.report = SourceReport()
        self._camera, self._unit_m = camera, unit_m
        self._colour_camera, self._colour_from_depth = colour_camera, colour_from_depth
        self._sensor = sensor or SensorModel()
        self._registrars: dict[tuple[Camera, Camera | None], Registrar] = {}
        if encoding not in ENCODINGS:
            raise SourceError(f"{path}: got encoding '{encoding}', expected one of {ENCODINGS}")
        self._encoding = encoding
        unit_for("u2", unit_m, self.name)  # refuses a bad unit before any image is read
        if not (np.isfinite(rate_hz) and rate_hz > 0):
            raise SourceError(f"{path}: got a rate of {rate_hz} Hz, expected more than 0")
        if not self._folder.is_dir():
            raise SourceError(f"{path}: got no folder there, expected one with depth images")
        pairs = _find_pairs(self._folder, use_colour, rate_hz, self.report)
        self._pairs = [p for p in pairs if p.depth.name.startswith(match)]
        if not self._pairs:
            raise SourceError(f"{path}: got no depth image whose name begins with '{match}'")
        self._poses = _read_trajectory(self._folder / "trajectory.log", len(self._pairs))
        self._check_calibration()

    def __len__(self) -> int:
        """How many depth images there are, broken ones included."""
        return len(self._pairs)

    def key(self, index: int) -> str:
        """What an image and its partner are called without their role ("000003")."""
        return self._pairs[index].key

    def files(self, index: int) -> tuple[Path, Path | None]:
        """The depth file and the colour file of a frame."""
        return self._pairs[index].depth, self._pairs[index].colour

    def frame(self, index: int) -> RgbdFrame:
        """One frame by its number, in any order.

        Raises:
            DecodeError: this image is broken.
            CalibrationError: it does not fit the camera.
        """
        return self._read(self._pairs[index])

    def pose(self, index: int) -> RigidTransform | None:
        """world_from_camera of a frame, where a trajectory is there."""
        return self._poses[index] if self._poses else None

    def __iter__(self) -> Iterator[RgbdFrame]:
        self.report.restart()
        self.transforms.clear()
        for index, pair in enumerate(self._pairs):
            try:
                frame = self._read(pair)
            except DecodeError as error:
                self.report.skip(str(pair.depth), error)
                continue
            if self._poses:
                self.transforms.add_transform(
                    WORLD_FRAME, frame.camera.frame_id, self._poses[index], pair.stamp_ns
                )
            self.report.frames += 1
            yield frame

    def _read(self, pair: _Pair) -> RgbdFrame:
        file = self._camera_file(pair.key) if self._camera is None else None
        depth = _read_depth(pair.depth, self._unit(file, pair.depth), self._encoding)
        height, width = depth.shape
        camera = self._camera or _from_file(file, width, height, pair.depth)
        colour = None if pair.colour is None else _read_colour(pair.colour)
        colour_camera = None if colour is None else self._colour_camera or camera
        if self._colour_camera is None and colour is not None and colour.shape[:2] != depth.shape:
            raise CalibrationError(
                f"{pair.colour}: got colour of {colour.shape[1]}x{colour.shape[0]} and depth of "
                f"{width}x{height}, expected one size or the colour camera; pass colour_camera, "
                "and colour_from_depth if it is another camera, or use_colour=False"
            )
        registrar = self._registrar(camera, colour_camera)
        depth, colour = registrar.register(depth, colour)
        if not np.isfinite(depth).any():
            raise DecodeError(f"{pair.depth}: got no valid depth in the whole image")
        return RgbdFrame(pair.stamp_ns, registrar.camera, depth, colour, self._sensor)

    def _registrar(self, camera: Camera, colour_camera: Camera | None) -> Registrar:
        key = (camera, colour_camera)
        if key not in self._registrars:
            self._registrars.clear()  # cameras per image would pile up
            self._registrars[key] = Registrar(camera, colour_camera, self._colour_from_depth)
        return self._registrars[key]

    def _camera_file(self, key: str) -> CameraFile | None:
        """The camera file of an image, or of the folder or the one above it."""
        own = self._folder / f"{key}_camera.json"
        if own.is_file():
            return read_camera_file(own)
        of_scene = self._folder / "scene_camera.json"
        if of_scene.is_file():
            return read_camera_file(of_scene, key)
        for folder in (self._folder, self._folder.parent):
            for name in CAMERA_FILES:
                if (folder / name).is_file():
                    return read_camera_file(folder / name)
        return None

    def _unit(self, file: CameraFile | None, depth: Path) -> float | None:
        """Metres per unit; None where the file type itself says metres."""
        if self._unit_m is not None:
            return self._unit_m
        if file is not None and file.unit_m is not None:
            return file.unit_m
        if depth.suffix == ".npy" or self._encoding == "disparity":
            return None
        raise SourceError(
            f"{self.name}: got depth images without a unit, expected one: pass unit_m (0.001 for "
            "millimetres, 0.0001 for tenths, 1/5000 for TUM) or write depth_unit_m into "
            "camera.json"
        )

    def _check_calibration(self) -> None:
        """Say at once what no image can make up for."""
        first = self._pairs[0]
        file = self._camera_file(first.key)
        if self._camera is None and file is None:
            raise SourceError(
                f"{self.name}: got no camera, expected one: pass it, or put camera.json into the "
                'folder: {"fx_px": ..., "fy_px": ..., "cx_px": ..., "cy_px": ..., "depth_unit_m": '
                "...}"
            )
        self._unit(file, first.depth)


def _from_file(file: CameraFile | None, width_px: int, height_px: int, depth: Path) -> Camera:
    if file is None:
        raise SourceError(f"{depth}: got no camera file for this image, expected one")
    return file.camera(width_px, height_px, str(depth))


def _find_pairs(
    folder: Path, use_colour: bool, rate_hz: float, report: SourceReport
) -> list[_Pair]:
    depths = _by_key(folder, DEPTH_ROLES, DEPTH_ENDINGS)
    if not depths:
        raise SourceError(
            f"{folder}: got no depth images, expected depth/*.png or files such as "
            "000001_depth.png (16 bits) or .npy"
        )
    colours = _by_key(folder, COLOUR_ROLES, COLOUR_ENDINGS) if use_colour else {}
    keys = sorted(depths, key=_natural)
    partner: dict[str, Path | None] = {key: colours.get(key) for key in keys}
    found = sum(path is not None for path in partner.values())
    if colours and found == 0:
        if len(colours) != len(depths):
            raise SourceError(
                f"{folder}: got {len(depths)} depth and {len(colours)} colour images whose names "
                "have nothing in common, expected names that agree or as many of each"
            )
        in_order = (colours[key] for key in sorted(colours, key=_natural))
        partner = dict(zip(keys, in_order, strict=True))
        report.notes.append("colour and depth were matched by order, their names do not agree")
    elif colours:
        report.notes.append(f"{found} of {len(depths)} depth images have a colour image")
    stamps = _stamps_ns(keys, rate_hz)
    return [
        _Pair(key, depths[key], partner[key], stamp)
        for key, stamp in zip(keys, stamps, strict=True)
    ]


def _by_key(folder: Path, roles: tuple[str, ...], endings: tuple[str, ...]) -> dict[str, Path]:
    """Images of a role by the rest of their name: from a folder of that name, else by name."""
    for role in roles:
        inner = folder / role
        if inner.is_dir():
            files = [path for path in inner.iterdir() if path.suffix.lower() in endings]
            return {_strip_role(path.stem, roles): path for path in files}
    found: dict[str, Path] = {}
    for path in folder.iterdir():
        key = _strip_role(path.stem, roles)
        if path.suffix.lower() in endings and key != path.stem:
            found[key] = path
    return found


def _strip_role(stem: str, roles: tuple[str, ...]) -> str:
    """``000003_depth`` -> ``000003``; unchanged where no role is named."""
    words = "|".join(roles)
    stripped = re.sub(rf"^(?:{words})[-_.]?|[-_.]?(?:{words})$", "", stem, flags=re.IGNORECASE)
    return stripped if stripped != stem else stem


def _natural(key: str) -> list[tuple[int, float, str]]:
    """Sorts frame2 before frame10."""
    parts = re.findall(r"\d+(?:\.\d+)?|\D+", key)
    return [(0, float(p), "") if p[0].isdigit() else (1, 0.0, p) for p in parts]


def _stamps_ns(keys: list[str], rate_hz: float) -> list[int]:
    """From names that are seconds since 1970 (TUM), else one frame after another."""
    times = [re.fullmatch(r"(\d{9,10})\.(\d{1,9})", key) for key in keys]
    if all(times):
        return [int(t[1]) * 10**9 + int(t[2].ljust(9, "0")) for t in times if t]
    return [FIRST_STAMP_NS + round(index * 1e9 / rate_hz) for index in range(len(keys))]


def _read_depth(path: Path, unit_m: float | None, encoding: str) -> NDArray[np.float32]:
    if path.suffix == ".npy":
        try:
            stored = np.load(path, allow_pickle=False)
        except (ValueError, OSError, EOFError) as error:
            raise DecodeError(f"{path}: got {error}, expected an array of depth") from error
        if stored.ndim != 2 or stored.dtype.kind not in "uf" or stored.size == 0:
            raise DecodeError(
                f"{path}: got {stored.dtype} {stored.shape}, expected (H, W) float or unsigned"
            )
        element = "u2" if stored.dtype.kind == "u" else "f4"
        return metres(stored, unit_for(element, unit_m, str(path)))
    if encoding == "disparity":
        return decode_disparity(read_stored(_bytes(path), str(path)), str(path))
    if encoding == "rotated":
        return decode_rotated(
            read_stored(_bytes(path), str(path)), unit_for("u2", unit_m, str(path))
        )
    if path.suffix == ".pgm":
        stored16 = read_stored(_bytes(path), str(path))
        return metres(stored16, unit_for("u2", unit_m, str(path)))
    return decode_compressed_depth("16UC1; png compressed", _bytes(path), unit_m, str(path))


def _read_colour(path: Path) -> NDArray[np.uint8]:
    if path.suffix.lower() == ".ppm":
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise DecodeError(f"{path}: got no image, expected a PPM of 8 bits")
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), dtype=np.uint8)
    return decode_compressed_colour(path.suffix[1:], _bytes(path), str(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DecodeError(f"{path}: got {error}, expected a readable image") from error


def _read_trajectory(path: Path, count: int) -> list[RigidTransform]:
    """Poses world_from_camera of Open3D's trajectory.log: a line of ids, then a 4x4, per frame.

    Raises:
        SourceError: the file is there, but not readable as that or of another length.
    """
    if not path.is_file():
        return []
    try:
        rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
        poses = [
            RigidTransform.from_matrix(np.array(rows[i + 1 : i + 5], dtype=np.float64))
            for i in range(0, len(rows), 5)
        ]
    except (ValueError, OSError) as error:
        raise SourceError(
            f"{path}: got {error}, expected per frame a line of ids and a 4x4 pose"
        ) from error
    if len(poses) != count:
        raise SourceError(f"{path}: got {len(poses)} poses, expected {count}, one per frame")
    return poses
