"""Smoke tests on real frames (not scores): a tabletop with true poses, a moving camera."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.inputs import RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import UpSource

CLEARLY_VISIBLE = 0.5
CHAIR = (352, 110, 608, 298)
"""Box (pixels) around the chair in the first Redwood frame."""


def _rgb(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1])


def _depth(path: Path, unit_m: float) -> np.ndarray:
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return np.where(raw > 0, raw * unit_m, np.nan).astype(np.float32)


@pytest.fixture(scope="module")
def tabletop(shared_data: Path) -> tuple[RgbdFrame, list[dict]]:
    """The frame, and per object: true centre (camera frame, m), visible box, visible share."""
    folder = shared_data / "lmo_tabletop_gt"
    poses = json.loads((folder / "scene_gt.json").read_text())["3"]
    infos = json.loads((folder / "scene_gt_info.json").read_text())["3"]
    camera = Camera(640, 480, 572.4114, 573.57043, 325.2611, 242.04899)
    frame = RgbdFrame(
        0,
        camera,
        _depth(folder / "000003_depth.png", 0.001),
        _rgb(folder / "000003_rgb.png"),
        SensorModel(),
    )
    objects = []
    for pose, info in zip(poses, infos, strict=True):
        x, y, w, h = info["bbox_visib"]
        objects.append(
            {
                "id": f"obj{pose['obj_id']}",
                "centre": np.array(pose["cam_t_m2c"]) / 1000.0,
                "up": np.array(pose["cam_R_m2c"]).reshape(3, 3)[:, 2],
                "box": (x, y, x + w, y + h),
                "visible": info["visib_fract"],
            }
        )
    return frame, objects


def test_up_is_the_standing_objects_own(tabletop: tuple[RgbdFrame, list[dict]]) -> None:
    """No gravity given: the table's normal, within 4 degrees of what the true poses say."""
    frame, objects = tabletop
    scene = Perceiver().perceive(frame)
    assert scene.up is UpSource.PLANE
    true = np.median([o["up"] for o in objects], axis=0)
    up = scene.working_from_camera.rotation[2]
    assert np.degrees(np.arccos(up @ true / np.linalg.norm(true))) < 4.0


def test_centre_distances_by_true_boxes(tabletop: tuple[RgbdFrame, list[dict]]) -> None:
    """Median error at most 2 cm between objects more than half visible."""
    frame, objects = tabletop
    boxes = [RegionRequest(RegionKind.BOX, box_px=o["box"], id=o["id"]) for o in objects]
    scene = Perceiver().perceive(frame, regions=boxes)
    errors = []
    for a, b in combinations([o for o in objects if o["visible"] > CLEARLY_VISIBLE], 2):
        centres = [scene.object(o["id"]).box.centre_m for o in (a, b)]
        measured = np.linalg.norm(centres[0] - centres[1])
        errors.append(abs(measured - np.linalg.norm(a["centre"] - b["centre"])))
    assert len(errors) == 21
    assert np.median(errors) <= 0.02


def test_most_objects_are_segments_of_their_own(tabletop: tuple[RgbdFrame, list[dict]]) -> None:
    """At least five of the seven clearly visible ones have a segment that fits their box."""
    frame, objects = tabletop
    scene = Perceiver().perceive(frame)
    hits = 0
    for o in objects:
        if o["visible"] <= CLEARLY_VISIBLE:
            continue
        hits += any(_overlap(o["box"], s.box_px) >= 0.5 for s in scene.objects if s.box_px)
    assert hits >= 5


def _overlap(a: tuple, b: tuple) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
    return width * height / (sum(areas) - width * height)


def _redwood(shared_data: Path) -> list[tuple[RgbdFrame, RigidTransform]]:
    folder = shared_data / "open3d_rgbd" / "redwood"
    lines = (folder / "trajectory.log").read_text().split("\n")
    camera = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
    out = []
    for k in range(5):
        matrix = np.array(
            [[float(x) for x in row.split()] for row in lines[5 * k + 1 : 5 * k + 5]]
        )
        u, _, vt = np.linalg.svd(matrix[:3, :3])
        depth = _depth(folder / "depth" / f"0000{k}.png", 0.001)
        colour = _rgb(folder / "color" / f"0000{k}.jpg")
        frame = RgbdFrame(k * 100_000_000, camera, depth, colour, SensorModel())
        out.append((frame, RigidTransform(u @ vt, matrix[:3, 3])))
    return out


def test_static_things_keep_their_id_and_world_position(shared_data: Path) -> None:
    """A hand-held camera: things whole in all five views stay within 3 cm, every one of them."""
    perceiver = Perceiver()
    centres: dict[str, list[np.ndarray]] = {}
    for frame, world_from_camera in _redwood(shared_data):
        scene = perceiver.perceive(frame, fixed_from_camera=world_from_camera)
        world_from_w = world_from_camera @ scene.working_from_camera.inverse()
        for thing in scene.objects:
            if not thing.is_truncated and not thing.is_occluded:
                centres.setdefault(thing.id, []).append(world_from_w.apply(thing.box.centre_m))
    steady = {k: np.array(v) for k, v in centres.items() if len(v) == 5}
    spread = {
        k: float(np.linalg.norm(v - np.median(v, axis=0), axis=1).max()) for k, v in steady.items()
    }
    assert len(spread) >= 3, spread
    assert all(s <= 0.03 for s in spread.values()), spread


def test_a_chair_pointed_at_keeps_its_world_position(shared_data: Path) -> None:
    """By a box around it in each of the five views (one view alone divides the chair in two):
    within 3 cm. The box is that of the first view's segment, shifted as the chair's middle is."""
    perceiver = Perceiver()
    middles: list[np.ndarray] = []
    start, box = np.zeros(2), np.zeros(4)
    for frame, world_from_camera in _redwood(shared_data):
        scene = perceiver.perceive(frame, fixed_from_camera=world_from_camera)
        to_world = world_from_camera @ scene.working_from_camera.inverse()
        camera = frame.camera
        if not middles:
            chair = next(o for o in scene.objects if o.box_px and _overlap(o.box_px, CHAIR) > 0.5)
            first = to_world.apply(chair.box.centre_m)
            box = np.array(chair.box_px, float)
        x, y, z = world_from_camera.inverse().apply(first)
        at = np.array([x / z * camera.fx_px + camera.cx_px, y / z * camera.fy_px + camera.cy_px])
        start = start if middles else at
        shifted = tuple(np.rint(box + np.tile(at - start, 2)).astype(int).tolist())
        region = RegionRequest(RegionKind.BOX, box_px=shifted, id="chair")
        scene = perceiver.perceive_regions(frame, scene, [region])
        middles.append(to_world.apply(scene.object("chair").box.centre_m))
    away = np.linalg.norm(np.array(middles) - np.median(middles, axis=0), axis=1)
    assert away.max() <= 0.03, away


def test_the_floor_stays_where_it_is(shared_data: Path) -> None:
    """The support found in each view lies at one height of the world, within 1 cm."""
    heights = []
    for frame, world_from_camera in _redwood(shared_data):
        scene = Perceiver().perceive(frame)
        foot = scene.working_from_camera.inverse().apply(np.zeros(3))
        up = world_from_camera.rotate(scene.working_from_camera.rotation[2])
        heights.append(float(up @ world_from_camera.apply(foot)))
    assert max(heights) - min(heights) < 0.01
