"""Pictures to score segmenters on: the held-out world, folders with labels, frames without truth.

Every case carries the view and what perception found of the support and the walls, so that all
segmenters start from the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.evaluation.html_page import depth_picture
from deepsight_ros.evaluation.segmentation_score import TOUCHING_M
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.segmentation import Plane
from deepsight_ros.perception.structure import look_around
from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.view import WorkingView, make_view, step_for
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.solids import Solid, distance
from deepsight_ros.sources import open_source
from deepsight_ros.sources.bop import BopScene
from deepsight_ros.sources.clutter_folders import ClutterFolder
from deepsight_ros.synthesis.rooms_layouts import ROOM_KINDS
from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.world_source import CROWDED_KINDS, WorldSource

WORLD_KINDS = (*CROWDED_KINDS, "room")
UP_ERROR_RAD = 0.006
"""How far a given up is off, one sigma; every second picture is given one."""


@dataclass(frozen=True, eq=False)
class Case:
    """One picture.

    Attributes:
        name: of the picture.
        place: kind of place, or data set.
        view, finding, walls: what segmenters are given.
        truth: (H, W) int32 at the view's resolution, numbered without gaps; None without truth.
        standing: how each true instance stands, by its label: ``isolated``, ``touching``,
            ``stacked``, or ``""`` where nobody says.
        boxes: visible boxes (x0, y0, x1, y1) of true things in the view's pixels, where a data
            set has no masks.
        view_s: seconds that making the view took.
    """

    name: str
    place: str
    view: WorkingView
    finding: SupportFinding
    walls: tuple[Plane, ...]
    truth: NDArray[np.int32] | None = None
    standing: dict[int, str] = field(default_factory=dict)
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    view_s: float = 0.0


def case_of(
    name: str,
    place: str,
    frame: RgbdFrame,
    ids: NDArray[np.int32] | None = None,
    up: NDArray[np.float64] | None = None,
    standing: dict[int, str] | None = None,
    config: PerceptionConfig | None = None,
) -> Case:
    """A frame as perception sees it before it segments; ``ids`` at full resolution."""
    config = config or PerceptionConfig()
    step = step_for(frame.camera.width_px, config.working_width_px)
    begin = time.perf_counter()
    view = make_view(frame, step, config.max_range_m)
    view_s = time.perf_counter() - begin
    finding, walls = look_around(view, config, up)
    truth = None
    named: dict[int, str] = {}
    if ids is not None:
        small = np.maximum(ids[::step, ::step], 0)
        present, truth = np.unique(small, return_inverse=True)
        truth = truth.reshape(small.shape).astype(np.int32)
        if present[0] != 0:
            truth += 1
            present = np.append(0, present)
        named = {k: (standing or {}).get(int(i), "") for k, i in enumerate(present) if i > 0}
    return Case(name, place, view, finding, tuple(walls), truth, named, view_s=view_s)


def world_cases(
    count: int, seed: int, *, split: str = "test", width_px: int = 640, profile: str = "test"
) -> Iterator[Case]:
    """Crowded places and rooms of the held-out split, kinds in turn."""
    size = {"width_px": width_px, "height_px": width_px * 3 // 4}
    kinds = (*CROWDED_KINDS, *ROOM_KINDS)
    sources = {
        kind: WorldSource(10**6, kinds=(kind,), split=split, seed=seed, profile=profile, **size)
        for kind in kinds
    }
    rooms = tuple(ROOM_KINDS)
    for index in range(count):
        place = WORLD_KINDS[index % len(WORLD_KINDS)]
        turn = index // len(WORLD_KINDS)
        kind = rooms[turn % len(rooms)] if place == "room" else place
        sample = sources[kind][turn]
        assert sample.truth is not None
        up = None
        if (index + turn) % 2 == 0:
            rng = np.random.default_rng([seed, index, 5])
            up = sample.truth.working_from_camera.rotation[2] + rng.normal(0, UP_ERROR_RAD, 3)
            up = up / np.linalg.norm(up)
        assert sample.instance_id is not None
        ids = np.maximum(sample.instance_id, 0).astype(np.int32)
        yield case_of(sample.key, place, sample.frame, ids, up, standings(sample))


def standings(sample: Sample) -> dict[int, str]:
    """How each thing of a world's sample stands, by its instance id."""
    truth = sample.truth
    assert truth is not None
    rests: dict[str, str] = sample.provenance.get("rests_on", {})
    names = {o.id for o in truth.objects}
    stacked = {a for a, b in rests.items() if b in names} | set(rests.values())
    touching = _touching(truth)
    out = {}
    for number, made in enumerate(truth.objects, start=1):
        kind = "touching" if made.id in touching else "isolated"
        out[number] = "stacked" if made.id in stacked else kind
    return out


def _touching(truth: Scene) -> set[str]:
    """Ids of things with another one no farther than ``TOUCHING_M``."""
    solids = [(o.id, o.shape) for o in truth.objects if isinstance(o.shape, Solid)]
    middle = np.array([s.box.centre_m for _, s in solids]).reshape(-1, 3)
    reach = np.array([np.linalg.norm(s.box.size_m) / 2 for _, s in solids])
    out: set[str] = set()
    for i in range(len(solids)):
        apart = np.linalg.norm(middle[i + 1 :] - middle[i], axis=1)
        close = np.flatnonzero(apart <= reach[i] + reach[i + 1 :] + TOUCHING_M) + i + 1
        for j in close:
            (a, first), (b, second) = solids[i], solids[int(j)]
            if {a, b} <= out:
                continue
            if distance(first, second)[0] <= TOUCHING_M:
                out |= {a, b}
    return out


def folder_cases(folder: Path, focal_px: float | None = None) -> Iterator[Case]:
    """Frames of a folder in OCID or OSD layout."""
    source = ClutterFolder(folder, focal_px)
    for found in source:
        yield case_of(found.name, source.layout.upper(), found.frame, found.labels)


def bop_cases(folder: Path) -> Iterator[Case]:
    """Frames of a BOP scene folder: the visible boxes of its things, every one of them."""
    source = BopScene(folder, min_visible=0.0)
    for number in range(len(source)):
        found = source[number]
        case = case_of(found.key, folder.name, found.frame)
        step = case.view.step
        boxes = (t.box_px for t in found.things if t.box_px is not None)
        yield replace(
            case, boxes=tuple((a / step, b / step, c / step, d / step) for a, b, c, d in boxes)
        )


def frame_cases(path: Path) -> Iterator[Case]:
    """Frames of a recording or a folder of images, without truth."""
    for number, frame in enumerate(open_source(path)):
        yield case_of(f"{path.name}/{number}", path.name, frame)


def picture_of(view: WorkingView) -> NDArray[np.uint8]:
    """(H, W, 3) BGR to draw on: the colour picture, or depth where there is none."""
    if view.colour is not None:
        return np.asarray(cv2.cvtColor(view.colour, cv2.COLOR_RGB2BGR), np.uint8)
    depth = np.where(view.depth_m > 0, view.depth_m, np.nan)
    return depth_picture(depth.astype(np.float32))
