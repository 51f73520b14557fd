"""COCO in: pictures with captions and boxes out (no depth: an estimator adds it).

``instances_*.json`` holds ``images`` (id, file_name, width, height), ``annotations`` (image_id,
category_id, ``bbox`` as x, y, width, height, ``segmentation`` as polygons or, for crowds, run
lengths down the columns, iscrowd) and ``categories``; ``captions_*.json`` the same images with
``caption``. Source: cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError, SourceError
from deepsight_ros.geometry.decode import decode_compressed_colour
from deepsight_ros.sources.annotated import BoxPx, check_index, polygon_mask


@dataclass(frozen=True, eq=False)
class LabelledBox:
    """A thing in a picture.

    Attributes:
        label: name of its category.
        box_px: (x0, y0, x1, y1), exclusive end.
        mask: (H, W) bool, or None where the file holds no outline.
    """

    label: str
    box_px: BoxPx
    mask: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class CocoPicture:
    """A picture of the set.

    Attributes:
        key: "coco/000000391895".
        path: its file.
        colour: (H, W, 3) uint8 RGB.
        captions: whole-picture captions, as they stand in the file.
        things: labelled boxes, crowds left out.
    """

    key: str
    path: Path
    colour: NDArray[np.uint8]
    captions: tuple[str, ...]
    things: tuple[LabelledBox, ...]


class CocoSet:
    """Random access to pictures with captions.

    Args:
        images: folder of the pictures ("train2017").
        captions: captions_*.json; None for none.
        instances: instances_*.json; None for none.

    Raises:
        SourceError: files are missing, not COCO's, or speak of no common picture.
    """

    def __init__(
        self,
        images: str | Path,
        captions: str | Path | None = None,
        instances: str | Path | None = None,
    ) -> None:
        self._folder = Path(images)
        self.name = f"coco:{images}"
        if captions is None and instances is None:
            raise SourceError(f"{images}: got no annotations, expected captions or instances")
        if not self._folder.is_dir():
            raise SourceError(f"{images}: got no folder there, expected the pictures of COCO")
        self._images: dict[int, dict[str, Any]] = {}
        self._captions: dict[int, list[str]] = defaultdict(list)
        self._things: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._categories: dict[int, str] = {}
        for path in (captions, instances):
            if path is not None:
                self._read(Path(path))
        wanted = self._captions if captions is not None else self._things
        self._ids = sorted(i for i in wanted if i in self._images)
        if not self._ids:
            raise SourceError(f"{captions or instances}: got no picture with annotations")

    def _read(self, path: Path) -> None:
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            self._images.update({int(i["id"]): i for i in content["images"]})
            for category in content.get("categories", ()):
                self._categories[int(category["id"])] = str(category["name"])
            for entry in content["annotations"]:
                if "caption" in entry:
                    self._captions[int(entry["image_id"])].append(str(entry["caption"]).strip())
                elif not entry.get("iscrowd", 0):
                    self._things[int(entry["image_id"])].append(entry)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path}: got {type(error).__name__} ({error}), expected COCO's images and "
                "annotations"
            ) from error

    def __len__(self) -> int:
        return len(self._ids)

    def captions(self, index: int) -> tuple[str, ...]:
        """Captions of a picture, without reading it."""
        return tuple(self._captions.get(self._ids[check_index(self.name, index, len(self))], ()))

    def __getitem__(self, index: int) -> CocoPicture:
        number = self._ids[check_index(self.name, index, len(self))]
        path = self._folder / str(self._images[number]["file_name"])
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DecodeError(f"{path}: got {error}, expected a picture of COCO") from error
        colour = decode_compressed_colour(path.suffix[1:], data, str(path))
        things = [self._thing(e, colour.shape[:2], path) for e in self._things.get(number, ())]
        return CocoPicture(
            f"coco/{number:012d}",
            path,
            colour,
            tuple(self._captions.get(number, ())),
            tuple(t for t in things if t is not None),
        )

    def _thing(
        self, entry: dict[str, Any], size: tuple[int, ...], path: Path
    ) -> LabelledBox | None:
        try:
            x, y, w, h = (float(v) for v in entry["bbox"])
            label = self._categories[int(entry["category_id"])]
            outlines = [np.reshape(p, (-1, 2)) for p in entry.get("segmentation") or ()]
        except (KeyError, ValueError, TypeError) as error:
            raise DecodeError(
                f"{path}: got {type(error).__name__} ({error}) in annotation {entry.get('id')}, "
                "expected bbox, category_id and polygons"
            ) from error
        if w < 1 or h < 1:
            return None
        box = (x, y, min(x + w, float(size[1])), min(y + h, float(size[0])))
        return LabelledBox(label, box, polygon_mask(outlines, *size) if outlines else None)
