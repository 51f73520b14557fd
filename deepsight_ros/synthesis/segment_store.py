"""A folder of pictures to learn segmenting from: blocks of plain arrays, mapped when read.

In: ``SegmentView``s. Out: ``block-00000/`` folders with depth (uint16, 0.1 mm, 0 = none), ids
(int8), colour (uint8) at perception resolution, and a table of cameras, supports and sensors. A
picture is read in about a tenth of a millisecond, in any order; a block appears whole or not at
all, so a killed run goes on where it stopped.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.noise import NUMBERS, SensorModel
from deepsight_ros.synthesis.segment_views import MIX, VIEW_KINDS, SegmentView, segment_views

ABOUT = "about.json"
DEPTH_UNIT_M = 1e-4
WORLDS_PER_BLOCK = 32
_FAMILIES = ("structured_light", "stereo", "time_of_flight")
_TABLE = np.dtype(
    [
        ("intrinsics", np.float32, 4),
        ("up", np.float32, 3),
        ("plane", np.float32, 4),
        ("sensor", np.float32, 8),
        ("family", np.int8),
        ("kind", np.int8),
        ("index", np.int32),
    ]
)


@dataclass(frozen=True)
class SegmentJob:
    """What a set is made from; stored beside it.

    Attributes:
        worlds: number of worlds.
        views: pictures of each.
        seed: another seed, other worlds.
        split: ``train`` or ``test``.
        width_px, height_px: size the sensor delivers; stored subsampled to ``stored_width_px``.
        profile: noise (``sensor.PROFILES``).
        stored_width_px: width of the stored arrays.
        mix: kinds of place, in turn (``segment_views.MIX``).
    """

    worlds: int = 1000
    views: int = 2
    seed: int = 0
    split: str = "train"
    width_px: int = 320
    height_px: int = 240
    profile: str = "wide"
    stored_width_px: int = 320
    mix: tuple[str, ...] = MIX


def build(
    folder: Path, job: SegmentJob, progress: Callable[[int], None] = lambda done: None
) -> int:
    """Write the blocks that are not there yet; returns the number of pictures in all.

    Args:
        progress: called with how many more worlds are done.

    Raises:
        SourceError: the folder holds a set of another job.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, job)
    for first in range(0, job.worlds, WORLDS_PER_BLOCK):
        last = min(first + WORLDS_PER_BLOCK, job.worlds)
        path = folder / f"block-{first // WORLDS_PER_BLOCK:05d}"
        if path.is_dir():
            progress(last - first)
            continue
        views: list[SegmentView] = []
        for index in range(first, last):
            views += segment_views(
                index,
                seed=job.seed,
                views=job.views,
                split=job.split,
                width_px=job.width_px,
                height_px=job.height_px,
                profile=job.profile,
                mix=job.mix,
            )
            progress(1)
        _write(path, [_small(v, job.stored_width_px) for v in views])
    return len(SegmentSet(folder))


class SegmentSet:
    """Random access to the pictures of a folder; arrays stay on disk until asked for.

    Raises:
        SourceError: no such set, or a block is damaged.
    """

    def __init__(self, folder: Path) -> None:
        blocks = sorted(folder.glob("block-?????"))
        if not blocks:
            raise SourceError(
                f"segment set {folder}: got no blocks, expected a folder written by "
                "`deepsight synthesize segments`"
            )
        try:
            self._blocks = [
                {n: np.load(b / f"{n}.npy", mmap_mode="r") for n in ("depth", "ids", "colour")}
                for b in blocks
            ]
            tables = [np.load(b / "table.npy") for b in blocks]
        except (OSError, ValueError) as error:
            raise SourceError(
                f"segment set {folder}: a block is damaged ({error}); delete it and build again"
            ) from error
        self.table = np.concatenate(tables)
        sizes = [len(t) for t in tables]
        self._block = np.repeat(np.arange(len(sizes)), sizes)
        self._row = np.concatenate([np.arange(n) for n in sizes])

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, number: int) -> SegmentView:
        """Picture ``number`` of the set."""
        block, row = self._blocks[self._block[number]], int(self._row[number])
        about = self.table[number]
        depth = block["depth"][row].astype(np.float32) * np.float32(DEPTH_UNIT_M)
        depth[depth == 0] = np.nan
        height, width = depth.shape
        camera = Camera(width, height, *(float(v) for v in about["intrinsics"]))
        values = {n: float(v) for n, v in zip(NUMBERS, about["sensor"], strict=True)}
        sensor = SensorModel(_FAMILIES[int(about["family"])], **values)
        return SegmentView(
            frame=RgbdFrame(number + 1, camera, depth, np.array(block["colour"][row]), sensor),
            instance_id=block["ids"][row].astype(np.int16),
            plane=np.array(about["plane"]),
            up=np.array(about["up"]),
            kind=VIEW_KINDS[int(about["kind"])],
            index=int(about["index"]),
        )


def _claim(folder: Path, job: SegmentJob) -> None:
    about = {k: v for k, v in vars(job).items() if k != "worlds"} | {"mix": list(job.mix)}
    path = folder / ABOUT
    if path.is_file():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found != about:
            raise SourceError(
                f"segment set {folder}: holds a set made with {found}, expected {about}; use "
                "another folder"
            )
        return
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(about, indent=1), encoding="utf-8")
    scratch.replace(path)


def _small(view: SegmentView, width_px: int) -> SegmentView:
    """The picture at perception resolution, subsampled as perception does."""
    frame = view.frame
    step = max(1, round(frame.camera.width_px / width_px))
    if step == 1:
        return view
    depth = np.ascontiguousarray(frame.depth_m[::step, ::step])
    size = depth.shape[::-1]
    colour = frame.colour
    if colour is not None:
        colour = np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.uint8)
    small = RgbdFrame(frame.stamp_ns, frame.camera.subsampled(step), depth, colour, frame.sensor)
    return replace(view, frame=small, instance_id=view.instance_id[::step, ::step])


def _write(path: Path, views: list[SegmentView]) -> None:
    scratch = path.with_suffix(".tmp")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    depth = np.stack([np.nan_to_num(v.frame.depth_m, nan=0.0) for v in views]) / DEPTH_UNIT_M
    depth[depth > np.iinfo(np.uint16).max] = 0
    np.save(scratch / "depth.npy", np.round(depth).astype(np.uint16))
    np.save(scratch / "ids.npy", np.stack([v.instance_id for v in views]).astype(np.int8))
    np.save(scratch / "colour.npy", np.stack([_colour(v) for v in views]))
    table = np.zeros(len(views), _TABLE)
    for row, view in zip(table, views, strict=True):
        camera, sensor = view.frame.camera, view.frame.sensor
        row["intrinsics"] = camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px
        row["up"], row["plane"] = view.up, view.plane
        row["sensor"] = [getattr(sensor, n) for n in NUMBERS]
        row["family"] = _FAMILIES.index(sensor.family)
        row["kind"] = VIEW_KINDS.index(view.kind)
        row["index"] = view.index
    np.save(scratch / "table.npy", table)
    scratch.replace(path)


def _colour(view: SegmentView) -> NDArray[np.uint8]:
    if view.frame.colour is None:
        return np.zeros((*view.instance_id.shape, 3), np.uint8)
    return view.frame.colour
