"""RgbSource: a folder of plain pictures in, samples by index out.

Pictures go through the models a block at a time; a block is decided by the index alone, and the
last one is remembered, so that reading in order costs each block once.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np

from deepsight_ros.errors import DecodeError, DeepsightError, SourceError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.decode import decode_compressed_colour
from deepsight_ros.synthesis.rgb.config import RgbConfig
from deepsight_ros.synthesis.rgb.pipeline import Picture, RgbPipeline
from deepsight_ros.synthesis.samples import Sample

ENDINGS = (".jpg", ".jpeg", ".png")
FULL_FRAME_MM = 36.0
"""Width of the film that "focal length in 35 mm film" of EXIF speaks of."""
_EXIF_IFD, _EXIF_FOCAL_35 = 0x8769, 0xA405


class RgbSource:
    """Random access to samples of plain pictures; a ``SampleSource``.

    Args:
        path: folder; pictures below it are taken in order of their names.
        config: stages and limits.

    Raises:
        SourceError: no pictures there.
        ModelFilesError: weights are missing (when the first picture is asked for).
    """

    def __init__(self, path: str | Path, config: RgbConfig | None = None) -> None:
        self._folder, self._config = Path(path), config or RgbConfig()
        self.name = f"rgb:{path}"
        self._files = sorted(
            p for p in self._folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()
        )
        if not self._files:
            raise SourceError(f"{path}: got no pictures, expected {', '.join(ENDINGS)} below it")
        self._pipeline: RgbPipeline | None = None
        self._block: tuple[int, list[Sample | DeepsightError]] = (-1, [])

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_pipeline": None, "_block": (-1, [])}

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Sample:
        """Raises FilteredError where the pipeline leaves the picture out."""
        if not 0 <= index < len(self):
            raise IndexError(f"{self.name}: got index {index}, expected 0 to {len(self) - 1}")
        number, place = divmod(index, self._config.block)
        if self._block[0] != number:
            self._block = number, self._work(number)
        made = self._block[1][place]
        if isinstance(made, DeepsightError):
            raise made
        return made

    def _work(self, number: int) -> list[Sample | DeepsightError]:
        if self._pipeline is None:
            self._pipeline = RgbPipeline(self._config)
        first = number * self._config.block
        out: list[Sample | DeepsightError] = []
        pictures: list[Picture] = []
        places: list[int] = []
        for path in self._files[first : first + self._config.block]:
            try:
                pictures.append(self._read(path))
                places.append(len(out))
                out.append(DecodeError(f"{path}: not worked on"))
            except DecodeError as error:
                out.append(error)
        for place, made in zip(places, self._pipeline(pictures), strict=True):
            out[place] = made
        return out

    def _read(self, path: Path) -> Picture:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DecodeError(f"{path}: got {error}, expected a readable picture") from error
        colour = decode_compressed_colour(path.suffix[1:], data, str(path))
        key = path.relative_to(self._folder).as_posix()
        height, width = colour.shape[:2]
        focal = _focal_px(path, max(width, height))
        if focal is None:
            focal = width / 2 / math.tan(math.radians(self._config.field_of_view_deg) / 2)
        camera = Camera(
            width,
            height,
            focal,
            focal,
            (width - 1) / 2,
            (height - 1) / 2,
            frame_id="camera_optical_frame",
        )
        seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
        return Picture(f"{self.name}/{key}", np.ascontiguousarray(colour), camera, seed)


def _focal_px(path: Path, longer_px: int) -> float | None:
    """Focal length in pixels of the longer side from EXIF, None where the file tells none."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            film_mm = image.getexif().get_ifd(_EXIF_IFD).get(_EXIF_FOCAL_35)
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError):
        return None  # the picture itself was readable; only what it says of itself is not
    return float(film_mm) / FULL_FRAME_MM * longer_px if film_mm else None
