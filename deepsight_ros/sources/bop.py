"""BOP layout in, annotated frames with true boxes out.

A scene folder holds ``rgb/000003.png``, ``depth/000003.png``, ``scene_camera.json`` (``cam_K``,
``depth_scale`` in mm per stored unit; ``cam_R_w2c`` where the world is known), ``scene_gt.json``
(per image a list of ``obj_id``, ``cam_R_m2c`` row-major, ``cam_t_m2c`` in mm),
``scene_gt_info.json`` (``bbox_visib`` as x, y, width, height; ``visib_fract``) and
``mask_visib/000003_000001.png`` (image, number in the list). Models stand in ``models_info.json``:
``min_x`` ... ``size_z`` in mm. Source: github.com/thodan/bop_toolkit, docs/bop_datasets_format.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepsight_ros.errors import DecodeError, SourceError
from deepsight_ros.sources.annotated import (
    AnnotatedFrame,
    Annotation,
    BoxPx,
    OrientedBox,
    check_index,
    mask_box,
)
from deepsight_ros.sources.folder import FolderSource

MM = 0.001
MIN_VISIBLE_IN_BOX = 0.5
"""Where there is no mask, things less visible than this are left out."""


class BopScene:
    """Random access to the frames of one scene folder that have ground truth.

    Args:
        path: the scene folder ("test/000002"); images may also stand in it by role
            (``000003_depth.png``), see ``FolderSource``.
        models: ``models_info.json``; None looks beside the scene and in ``../../models*``.
        names: object id -> noun; unnamed ids are called "object <id>".
        min_visible: objects less visible than this are left out.

    Raises:
        SourceError: images, ground truth or models are missing.
    """

    def __init__(
        self,
        path: str | Path,
        models: str | Path | None = None,
        *,
        names: Mapping[int, str] | None = None,
        min_visible: float = 0.1,
    ) -> None:
        self._folder, self._least = Path(path), min_visible
        self.name = f"bop:{path}"
        self._frames = FolderSource(path)
        self._truth = {int(k): v for k, v in _json(self._folder / "scene_gt.json").items()}
        info = self._folder / "scene_gt_info.json"
        self._info = {int(k): v for k, v in _json(info).items()} if info.is_file() else {}
        path_of_models = _models_file(self._folder) if models is None else Path(models)
        self._models = {int(k): v for k, v in _json(path_of_models).items()}
        self._names = dict(names or {})
        self._indices = [
            i for i in range(len(self._frames)) if _number(self._frames.key(i)) in self._truth
        ]
        if not self._indices:
            raise SourceError(
                f"{path}: got {len(self._frames)} depth images and ground truth of others, "
                "expected image numbers that are keys of scene_gt.json"
            )

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> AnnotatedFrame:
        at = self._indices[check_index(self.name, index, len(self))]
        frame = self._frames.frame(at)
        key = self._frames.key(at)
        number = _number(key)
        infos = self._info.get(number, [])
        things = []
        for place, pose in enumerate(self._truth[number]):
            info = infos[place] if place < len(infos) else {}
            visible = float(info["visib_fract"]) if "visib_fract" in info else None
            if visible is not None and visible < self._least:
                continue
            thing = self._thing(number, place, pose, info, visible, frame.depth_m.shape)
            if thing.mask is None and visible is not None and visible < MIN_VISIBLE_IN_BOX:
                continue  # its box holds more of others than of it
            things.append(thing)
        return AnnotatedFrame(
            key=f"bop/{self._folder.name}/{key}",
            frame=frame,
            things=tuple(things),
            provenance={"source": "bop", "folder": self._folder.name, "image": number},
        )

    def _thing(
        self,
        number: int,
        place: int,
        pose: Mapping[str, Any],
        info: Mapping[str, Any],
        visible: float | None,
        size: tuple[int, ...],
    ) -> Annotation:
        try:
            object_id = int(pose["obj_id"])
            rotation = np.array(pose["cam_R_m2c"], float).reshape(3, 3)
            translation = np.array(pose["cam_t_m2c"], float) * MM
            model = self._models[object_id]
            low = np.array([model[f"min_{a}"] for a in "xyz"], float) * MM
            extent = np.array([model[f"size_{a}"] for a in "xyz"], float) * MM
        except (KeyError, ValueError, TypeError) as error:
            raise DecodeError(
                f"{self.name}, image {number}, object {place}: got {type(error).__name__} "
                f"({error}), expected obj_id, cam_R_m2c, cam_t_m2c and its model"
            ) from error
        solid = OrientedBox(rotation @ (low + extent / 2) + translation, rotation, extent)
        mask = self._mask(number, place, size)
        box: BoxPx | None = None
        if mask is not None and mask.any():
            box = mask_box(mask)
        elif "bbox_visib" in info and min(info["bbox_visib"][2:]) > 0:
            x, y, w, h = (float(v) for v in info["bbox_visib"])
            box = (x, y, x + w, y + h)
        name = self._names.get(object_id, f"object {object_id}")
        return Annotation(f"o{place + 1}", name, mask, box, solid, visible)

    def _mask(self, number: int, place: int, size: tuple[int, ...]) -> Any:
        path = self._folder / "mask_visib" / f"{number:06d}_{place:06d}.png"
        if not path.is_file():
            return None
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        if image is None or image.shape != size:
            got = "no image" if image is None else image.shape
            raise DecodeError(f"{path}: got {got}, expected a mask of {size}")
        return image > 0


def _number(key: str) -> int:
    return int(key) if key.isdigit() else -1


def _models_file(folder: Path) -> Path:
    above = sorted(folder.parent.parent.glob("models*/models_info.json"))
    beside = [folder / "models_info.json", *above]
    found = next((p for p in beside if p.is_file()), None)
    if found is None:
        raise SourceError(
            f"{folder}: got no models_info.json beside it or in ../../models*, expected the sizes "
            "of the models; pass models"
        )
    return found


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: got {error}, expected BOP's JSON") from error
    if not isinstance(content, dict):
        raise SourceError(f"{path}: got a {type(content).__name__}, expected an object by number")
    return content
