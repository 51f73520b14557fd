"""Pairs from real frames: none against true poses, no wall for a floor. Smoke, not a score."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.perception.inputs import RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.questions.catalogue import CATALOGUE
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.synthesis.pair_tables import NO_UP, PAIRS, SINGLES, SceneTables
from deepsight_ros.synthesis.pairs import PairConfig, make_pairs
from deepsight_ros.synthesis.recorded_source import RecordedSource
from deepsight_ros.synthesis.samples import Pair, Sample

Array = NDArray[np.float64]
NAMES = {
    1: "ape",
    5: "can",
    6: "cat",
    8: "drill",
    9: "duck",
    10: "carton",
    11: "glue",
    12: "punch",
}
_SIGNS = {"left_of": (1, 1), "right_of": (1, -1), "above": (2, 1), "below": (2, -1)}
CLEARLY_VISIBLE = 0.5
CLEARLY_M = 0.01
"""A comparison is contradicted when the truth says the opposite by more than this."""


def _vertices(path: Path) -> Array:
    """(N, 3) vertices of an ASCII or little-endian PLY in metres."""
    raw = path.read_bytes()
    head, _, body = raw.partition(b"end_header\n")
    lines = head.decode().splitlines()
    count = next(int(x.split()[2]) for x in lines if x.startswith("element vertex"))
    after = lines[next(i for i, x in enumerate(lines) if x.startswith("element vertex")) + 1 :]
    names = []
    for line in after:
        if not line.startswith("property"):
            break
        names.append(line.split()[1:])
    if any(x.startswith("format ascii") for x in lines):
        rows = [x.split()[:3] for x in body.decode().splitlines()[:count]]
        return np.array(rows, dtype=np.float64) / 1000.0
    kinds = {"float": "<f4", "double": "<f8", "uchar": "u1", "int": "<i4"}
    table = np.frombuffer(body, np.dtype([(n, kinds[k]) for k, n in names]), count)
    return np.stack([table["x"], table["y"], table["z"]], axis=1).astype(np.float64) / 1000.0


@pytest.fixture(scope="module")
def tabletop(shared_data: Path) -> tuple[Sample, dict[str, Array]]:
    """What perception makes of the frame with a detector's boxes, and true points in its W."""
    folder = shared_data / "lmo_tabletop_gt"
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}")
    poses = json.loads((folder / "scene_gt.json").read_text())["3"]
    infos = json.loads((folder / "scene_gt_info.json").read_text())["3"]
    raw = cv2.imread(str(folder / "000003_depth.png"), cv2.IMREAD_UNCHANGED)
    depth = np.where(raw > 0, raw * 0.001, np.nan).astype(np.float32)
    colour = np.ascontiguousarray(cv2.imread(str(folder / "000003_rgb.png"))[:, :, ::-1])
    camera = Camera(640, 480, 572.4114, 573.57043, 325.2611, 242.04899)
    frame = RgbdFrame(0, camera, depth, colour, SensorModel())
    perceiver = Perceiver()
    scene = perceiver.perceive(frame)
    regions, true = [], {}
    for pose, info in zip(poses, infos, strict=True):
        if info["visib_fract"] < CLEARLY_VISIBLE:  # its box shows what stands in front of it
            continue
        name = NAMES[pose["obj_id"]]
        x, y, w, h = info["bbox_visib"]
        box = (x, y, x + w, y + h)
        regions.append(RegionRequest(RegionKind.BOX, box_px=box, id=name, label=name))
        points = _vertices(folder / "models_eval" / f"obj_{pose['obj_id']:06d}.ply")
        turned = points @ np.array(pose["cam_R_m2c"]).reshape(3, 3).T
        in_camera = turned + np.array(pose["cam_t_m2c"]) / 1000.0
        true[name] = scene.working_from_camera.apply(in_camera)
    scene = perceiver.perceive_regions(frame, scene, regions)
    things = tuple(replace(o, is_region=False) for o in scene.objects if o.id in true)
    return Sample("lmo/3", frame, replace(scene, objects=things)), true


def _contradicts(pair: Pair, true: dict[str, Array], camera_m: Array) -> bool | None:
    """Whether the poses say otherwise; None for what is not checked here."""
    entry = CATALOGUE[pair.type]
    clouds = [true[i] for i in pair.object_ids]
    low = [c.min(axis=0) for c in clouds]
    high = [c.max(axis=0) for c in clouds]
    middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
    if pair.type.endswith(".yesno") and entry.key in _SIGNS and pair.value != "same":
        axis, sign = _SIGNS[entry.key]
        gap = sign * (middle[0][axis] - middle[1][axis])
        return bool(gap < -CLEARLY_M if pair.value else gap > CLEARLY_M)
    if pair.type in ("taller.yesno", "shorter.yesno") and pair.value != "same":
        gap = (high[0] - low[0])[2] - (high[1] - low[1])[2]
        gap = -gap if pair.type == "shorter.yesno" else gap
        return bool(gap < -CLEARLY_M if pair.value else gap > CLEARLY_M)
    if pair.type in ("closer.yesno", "farther.yesno") and pair.value != "same":
        near = [np.linalg.norm(c - camera_m, axis=1).min() for c in clouds]
        gap = near[1] - near[0] if pair.type == "closer.yesno" else near[0] - near[1]
        return bool(gap < -CLEARLY_M if pair.value else gap > CLEARLY_M)
    values = {
        "height": lambda: (high[0] - low[0])[2],
        "width": lambda: (high[0] - low[0])[1],
        "range": lambda: np.linalg.norm(clouds[0] - camera_m, axis=1).min(),
        "centre_distance": lambda: np.linalg.norm(middle[0] - middle[1]),
        "horizontal_distance": lambda: np.linalg.norm((middle[0] - middle[1])[:2]),
    }
    if pair.type in values and isinstance(pair.value, float):
        truth = float(values[pair.type]())
        low_m, high_m = pair.lower or pair.value, pair.upper or pair.value
        slack = max(0.1 * truth, 0.01)  # right within 10 % or 1 cm, or inside its interval
        return not (min(low_m, pair.value - slack) <= truth <= max(high_m, pair.value + slack))
    return None


def test_no_pair_contradicts_the_true_poses(tabletop: tuple[Sample, dict[str, Array]]) -> None:
    sample, true = tabletop
    config = PairConfig(per_image=0, balanced=False)
    camera = sample.scene.camera_position_m
    found = [(p, _contradicts(p, true, camera)) for p in make_pairs(sample, config, 0)]
    checked = [(p, bad) for p, bad in found if bad is not None]
    assert len(checked) > 50
    wrong = [(p.type, p.object_ids, p.value, p.lower, p.upper) for p, bad in checked if bad]
    assert not wrong, f"{len(wrong)} of {len(checked)}: {wrong[:10]}"


def test_observed_tables_follow_the_measuring_code(
    tabletop: tuple[Sample, dict[str, Array]],
) -> None:
    """Intervals too: what was seen in part is asked about no more firmly than it was measured."""
    from deepsight_ros.scene.measure import measure

    scene = tabletop[0].scene
    ids = tuple(o.id for o in scene.objects)[:4]
    tables = SceneTables(scene, ids)
    for quantity in (*SINGLES, *(q for q in PAIRS if q not in ("direction",))):
        values = tables.values(quantity)
        lower, upper = values.interval(quantity)
        if quantity in SINGLES:
            m, at = measure(scene, quantity, ids[:1]), (0,)
        else:
            m, at = measure(scene, quantity, ids[:2]), (0, 1)
        got = (values.value[at], lower[at], upper[at])
        assert got == pytest.approx((m.value, m.lower, m.upper), rel=1e-9, nan_ok=True), quantity


def test_a_wall_is_never_taken_for_the_floor(shared_data: Path) -> None:
    """Redwood frames: where up was found it is the camera's up, else nothing of it is asked."""
    folder = shared_data / "open3d_rgbd" / "redwood"
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}")
    camera = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)
    source = RecordedSource(folder, camera=camera, unit_m=0.001)
    assert len(source) >= 1
    for index in range(len(source)):
        sample = source[index]
        pairs = make_pairs(sample, PairConfig(), 0)
        if sample.scene.up is UpSource.UNKNOWN:
            assert {CATALOGUE[p.type].key for p in pairs} <= NO_UP
            continue
        # these recordings were held upright: the image's up is at most 60 degrees from up
        assert sample.scene.working_from_camera.rotation[2] @ np.array([0.0, -1.0, 0.0]) > 0.5
