"""NYU Depth V2, labelled set: ``nyu_depth_v2_labeled.mat`` in, annotated frames out.

The file is MATLAB 7.3, that is HDF5 with its axes in reverse: ``images`` (N, 3, W, H) uint8,
``depths`` (in-painted) and ``rawDepths`` (N, W, H) float32 metres projected onto the colour image,
``labels`` (N, W, H) uint16 and ``instances`` (N, W, H) uint8, both 0 where nothing is labelled;
an object is a pair (label, instance). ``names`` (1, 894), ``scenes`` and ``sceneTypes`` (1, N) are
cells: references to uint16 characters. Source: cs.nyu.edu/~silberman/datasets/nyu_depth_v2.html.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError, SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.depth_units import metres
from deepsight_ros.sources.annotated import AnnotatedFrame, Annotation, check_index, mask_box

WIDTH_PX, HEIGHT_PX = 640, 480
CAMERA = Camera(
    WIDTH_PX,
    HEIGHT_PX,
    5.1885790117450188e02,
    5.1946961112127485e02,
    3.2558244941119034e02,
    2.5373616633400465e02,
    frame_id="nyu_rgb_optical_frame",
)
"""Colour camera of the toolbox (camera_params.m); depths are projected onto its image."""
STRUCTURE = ("wall", "floor", "ceiling")
"""Labels that are the room itself, not things in it."""
_NEEDED = ("images", "depths", "rawDepths", "labels", "instances", "names")
MIN_PIXELS = 200
STAMP_STEP_NS = 1_000_000_000


class NyuDepthV2:
    """Random access to the labelled frames.

    Args:
        path: the .mat file.
        use_raw_depth: True reads ``rawDepths`` (what the sensor gave, with holes), False the
            in-painted ``depths``.
        min_pixels: smaller instances are left out.

    Raises:
        SourceError: no file, not HDF5, or fields are missing or of another shape.
    """

    def __init__(
        self, path: str | Path, *, use_raw_depth: bool = True, min_pixels: int = MIN_PIXELS
    ) -> None:
        self._path, self._raw, self._least = Path(path), use_raw_depth, min_pixels
        self.name = f"nyu:{path}"
        if not self._path.is_file():
            raise SourceError(
                f"{path}: got no file there, expected nyu_depth_v2_labeled.mat (2.8 GB, 'Labeled "
                "dataset' on the data set's page)"
            )
        self._file: Any = None
        with self._opened() as file:
            missing = [n for n in _NEEDED if n not in file]
            if missing:
                raise SourceError(
                    f"{path}: got {sorted(file)[:12]}, expected also {missing}; is this the "
                    "labelled set?"
                )
            shape = file["images"].shape
            if len(shape) != 4 or shape[1:] != (3, WIDTH_PX, HEIGHT_PX):
                raise SourceError(
                    f"{path}: got images {shape}, expected (N, 3, {WIDTH_PX}, {HEIGHT_PX})"
                )
            self._count = int(shape[0])
            self.names = _texts(file, "names")
            self.rooms = _texts(file, "sceneTypes") if "sceneTypes" in file else []
            self.scenes = _texts(file, "scenes") if "scenes" in file else []

    def _opened(self) -> Any:
        import h5py

        try:
            return h5py.File(self._path, "r")
        except OSError as error:
            raise SourceError(
                f"{self._path}: got {error}, expected MATLAB 7.3 (HDF5); is it fully downloaded?"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> AnnotatedFrame:
        check_index(self.name, index, self._count)
        if self._file is None:
            self._file = self._opened()
        try:
            colour = np.ascontiguousarray(self._file["images"][index].transpose(2, 1, 0))
            depth = self._file["rawDepths" if self._raw else "depths"][index].T
            labels = self._file["labels"][index].T
            instances = self._file["instances"][index].T
        except (OSError, KeyError) as error:
            raise DecodeError(f"{self.name}, image {index}: got {error}") from error
        depth_m = metres(np.ascontiguousarray(depth), 1.0)
        if not np.isfinite(depth_m).any():
            raise DecodeError(f"{self.name}, image {index}: got no valid depth")
        room = self.rooms[index] if self.rooms else ""
        return AnnotatedFrame(
            key=f"nyu/{index + 1:06d}",
            frame=RgbdFrame((index + 1) * STAMP_STEP_NS, CAMERA, depth_m, colour),
            things=self._things(labels, instances),
            room=room.replace("_", " "),
            provenance={
                "source": "nyu_depth_v2",
                "file": self._path.name,
                "number": index + 1,
                "scene": self.scenes[index] if self.scenes else "",
                "depth": "rawDepths" if self._raw else "depths",
            },
        )

    def _things(
        self, labels: NDArray[np.uint16], instances: NDArray[np.uint8]
    ) -> tuple[Annotation, ...]:
        both = labels.astype(np.int64) * 256 + instances
        keys, counts = np.unique(both, return_counts=True)
        things = []
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            label, instance = divmod(key, 256)
            if label == 0 or instance == 0 or count < self._least:
                continue
            if label > len(self.names):
                raise DecodeError(
                    f"{self.name}: got label {label}, expected 1 to {len(self.names)} (names)"
                )
            name = self.names[label - 1]
            if name in STRUCTURE:
                continue
            mask = both == key
            things.append(Annotation(f"o{len(things) + 1}", name, mask, mask_box(mask)))
        return tuple(things)


def _texts(file: Any, field: str) -> list[str]:
    """A cell array of strings: references to columns of characters."""
    references = np.asarray(file[field]).ravel()
    return ["".join(map(chr, np.asarray(file[r]).ravel())) for r in references]
