"""Data-set readers on files in the exact published layout, made here; BOP on a real scene too."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.io import savemat

pytest.importorskip("h5py")

import h5py

from deepsight_ros.errors import DecodeError, SourceError
from deepsight_ros.geometry.backproject import project
from deepsight_ros.geometry.depth_encodings import rotated
from deepsight_ros.sources.annotated import AnnotatedSource
from deepsight_ros.sources.bop import BopScene
from deepsight_ros.sources.coco import CocoSet
from deepsight_ros.sources.nyu import CAMERA, NyuDepthV2
from deepsight_ros.sources.sun_rgbd import LEVELLED_FROM_OPTICAL, SunRgbd


def cells(file: h5py.File, name: str, texts: list[str], as_row: bool) -> None:
    """A MATLAB 7.3 cell array of strings: references into #refs# to (length, 1) uint16."""
    group = file.require_group("#refs#")
    references = []
    for i, text in enumerate(texts):
        item = group.create_dataset(f"{name}{i}", data=np.array([[ord(c)] for c in text], "u2"))
        references.append(item.ref)
    shape = (1, len(texts)) if as_row else (len(texts), 1)
    made = file.create_dataset(name, shape, dtype=h5py.ref_dtype)
    made[...] = np.array(references, dtype=object).reshape(shape)


def write_nyu(path: Path) -> None:
    """Two frames: MATLAB (480, 640, 3, 2) is (2, 3, 640, 480) in HDF5."""
    images = np.zeros((2, 3, 640, 480), np.uint8)
    images[1, 0, 30, 20] = 200  # red at column 30, row 20
    raw = np.full((2, 640, 480), 2.0, np.float32)
    raw[:, 5, 7] = 0.0
    filled = np.full((2, 640, 480), 2.5, np.float32)
    labels = np.zeros((2, 640, 480), np.uint16)
    instances = np.zeros((2, 640, 480), np.uint8)
    labels[1, 100:150, 200:220], instances[1, 100:150, 200:220] = 2, 1  # a chair, 50 by 20
    labels[1, 300:350, 200:220], instances[1, 300:350, 200:220] = 2, 2  # another
    labels[1, :, 400:], instances[1, :, 400:] = 1, 1  # floor
    labels[1, 0:3, 0:3], instances[1, 0:3, 0:3] = 3, 1  # too small
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in (
            ("images", images),
            ("rawDepths", raw),
            ("depths", filled),
            ("labels", labels),
            ("instances", instances),
            ("accelData", np.zeros((4, 2), np.float32)),
        ):
            file.create_dataset(name, data=value)
        cells(file, "names", ["floor", "chair", "mug"], as_row=True)
        cells(file, "scenes", ["kitchen_0001", "office_0002"], as_row=True)
        cells(file, "sceneTypes", ["kitchen", "home_office"], as_row=True)
    with path.open("r+b") as handle:
        handle.write(b"MATLAB 7.3 MAT-file")


def test_nyu(tmp_path: Path) -> None:
    path = tmp_path / "nyu_depth_v2_labeled.mat"
    write_nyu(path)
    reader = NyuDepthV2(path)
    assert isinstance(reader, AnnotatedSource) and len(reader) == 2
    frame = reader[1]
    assert frame.frame.camera == CAMERA and frame.room == "home office"
    assert tuple(frame.frame.colour[20, 30]) == (200, 0, 0)
    assert frame.frame.depth_m[0, 0] == 2.0 and np.isnan(frame.frame.depth_m[7, 5])
    assert [t.label for t in frame.things] == ["chair", "chair"]
    assert frame.things[0].box_px == (100, 200, 150, 220)
    assert frame.things[1].box_px == (300, 200, 350, 220)
    assert frame.things[0].mask[200:220, 100:150].all() and frame.things[0].mask.sum() == 1000
    assert frame.provenance["scene"] == "office_0002"
    assert NyuDepthV2(path, use_raw_depth=False)[0].frame.depth_m[7, 5] == 2.5
    assert reader[0].things == ()
    with pytest.raises(IndexError):
        reader[2]


def test_nyu_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no file"):
        NyuDepthV2(tmp_path / "a.mat")
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0")
    with pytest.raises(SourceError, match="HDF5"):
        NyuDepthV2(tmp_path / "b.mat")
    with h5py.File(tmp_path / "c.mat", "w") as file:
        file["images"] = np.zeros((1, 480, 640, 3), np.uint8)
    with pytest.raises(SourceError, match="rawDepths"):
        NyuDepthV2(tmp_path / "c.mat")


PITCH = np.radians(20.0)
TILT = np.array([[1, 0, 0], [0, np.cos(PITCH), np.sin(PITCH)], [0, -np.sin(PITCH), np.cos(PITCH)]])
"""Rtilt of a camera that looks down by 20 degrees: levelled from (right, ahead, up) of it."""
K = [520.0, 0, 310.0, 0, 521.0, 240.0, 0, 0, 1]


def write_sun(root: Path) -> Path:
    folder = root / "kv1" / "NYUdata" / "NYU0007"
    for name in ("image", "depth", "depth_bfx", "annotation2Dfinal", "extrinsics", "fullres"):
        (folder / name).mkdir(parents=True)
    colour = np.zeros((480, 640, 3), np.uint8)
    colour[:, :, 0] = 250  # BGR: blue
    cv2.imwrite(str(folder / "image" / "NYU0007.jpg"), colour)
    depth = np.full((480, 640), 1500, np.uint16)
    depth[0, 0], depth[0, 1] = 0, 9000
    cv2.imwrite(str(folder / "depth_bfx" / "NYU0007.png"), rotated(depth))
    cv2.imwrite(str(folder / "depth" / "NYU0007.png"), rotated(depth + 100))
    (folder / "intrinsics.txt").write_text(" ".join(map(str, K)) + " ")
    (folder / "fullres" / "intrinsics.txt").write_text(" ".join(map(str, K)))
    own = LEVELLED_FROM_OPTICAL.T @ TILT @ LEVELLED_FROM_OPTICAL
    rows = np.hstack([own, np.zeros((3, 1))])
    (folder / "extrinsics" / "2014.txt").write_text(
        "\n".join(" ".join(f"{v:.9f}" for v in r) for r in rows)
    )
    (folder / "scene.txt").write_text("living_room")
    polygons = [
        {"x": [100, 200, 200, 100], "y": [50, 50, 150, 150], "object": 1},
        {"x": [300, 340, 340, 300], "y": [50, 50, 150, 150], "object": 2},
        {"x": [0, 640, 640, 0], "y": [400, 400, 480, 480], "object": 0},
    ]
    index = {
        "name": "NYU0007",
        "frames": [{"polygon": polygons}],
        "objects": [{"name": "floor"}, {"name": "chair"}, {"name": "night_stand"}],
    }
    (folder / "annotation2Dfinal" / "index.json").write_text(json.dumps(index))
    return folder


def test_sun_rgbd(tmp_path: Path) -> None:
    write_sun(tmp_path / "SUNRGBD")
    reader = SunRgbd(tmp_path / "SUNRGBD")
    assert isinstance(reader, AnnotatedSource) and len(reader) == 1, "fullres is no sequence"
    made = reader[0]
    assert made.key == "sun_rgbd/kv1/NYUdata/NYU0007" and made.room == "living room"
    assert made.frame.depth_m[5, 5] == pytest.approx(1.5)
    assert np.isnan(made.frame.depth_m[0, 0]) and np.isnan(made.frame.depth_m[0, 1])
    assert SunRgbd(tmp_path, depth="depth")[0].frame.depth_m[5, 5] == pytest.approx(1.6)
    assert made.frame.colour[9, 9, 2] > 240 and made.frame.colour[9, 9, 0] < 10
    camera = made.frame.camera
    assert (camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px) == (520, 521, 310, 240)
    assert [t.label for t in made.things] == ["chair", "night_stand"]
    assert made.things[0].box_px == (100, 50, 201, 151)
    # looking down by 20 degrees: up is against the image's y and against the optical axis
    np.testing.assert_allclose(made.up_in_camera, [0, -np.cos(PITCH), -np.sin(PITCH)], atol=1e-6)


@pytest.mark.parametrize("count", [1, 2])
def test_sun_rgbd_boxes(tmp_path: Path, count: int) -> None:
    """A chair of 0.5 x 0.4 x 1.0 m placed so that its picture covers the polygon of the chair."""
    write_sun(tmp_path / "SUNRGBD")
    centre_optical = np.array([-0.9, -0.8, 2.9])
    centre = TILT @ LEVELLED_FROM_OPTICAL @ centre_optical
    turn = np.radians(30)
    basis = np.array(
        [[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    box = {
        "basis": basis,
        "coeffs": np.array([[0.25, 0.2, 0.5]]),
        "centroid": centre[None],
        "classname": "chair",
        "labelname": "chair",
        "orientation": np.zeros((1, 3)),
    }
    kind = [(k, object) for k in box]
    boxes = np.array([[tuple(box.values())] * count], dtype=kind)
    row = {
        "sequenceName": "SUNRGBD/kv1/NYUdata/NYU0007",
        "groundtruth3DBB": boxes,
        "Rtilt": TILT,
        "K": np.reshape(K, (3, 3)),
    }
    other = {**row, "sequenceName": "SUNRGBD/kv1/NYUdata/NYU0008", "groundtruth3DBB": np.array([])}
    rows = np.array([[tuple(row.values()), tuple(other.values())]], [(k, object) for k in row])
    savemat(tmp_path / "SUNRGBDMeta3DBB_v2.mat", {"SUNRGBDMeta": rows})
    made = SunRgbd(tmp_path / "SUNRGBD", tmp_path / "SUNRGBDMeta3DBB_v2.mat")[0]
    solids = [t for t in made.things if t.solid is not None]
    assert len(solids) == count and all(t.label == "chair" for t in solids)
    assert len({t.id for t in made.things}) == len(made.things)
    solid = solids[0].solid
    np.testing.assert_allclose(solid.centre_m, centre_optical, atol=1e-9)
    np.testing.assert_allclose(solid.size_m, [0.5, 0.4, 1.0])
    np.testing.assert_allclose(solid.axes[:, 2], made.up_in_camera, atol=1e-9)
    inside = project(solid.centre_m[None], made.frame.camera)[0]
    x0, y0, x1, y1 = solids[0].box_px
    assert x0 < inside[0] < x1 and y0 < inside[1] < y1


def test_sun_rgbd_that_is_broken(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"intrinsics\.txt"):
        SunRgbd(tmp_path)
    folder = write_sun(tmp_path)
    (tmp_path / "meta.mat").write_bytes(b"nothing")
    with pytest.raises(SourceError, match="SUNRGBDMeta"):
        SunRgbd(tmp_path, tmp_path / "meta.mat")
    (folder / "annotation2Dfinal" / "index.json").write_text('{"frames": []}')
    with pytest.raises(DecodeError, match="as published"):
        SunRgbd(tmp_path)[0]
    (folder / "intrinsics.txt").write_text("1 2 3")
    with pytest.raises(DecodeError, match="expected 9"):
        SunRgbd(tmp_path)[0]


def write_coco(folder: Path) -> tuple[Path, Path, Path]:
    images = folder / "train2017"
    images.mkdir()
    for number in (9, 25):
        pixels = np.full((60, 80, 3), (10, 20, number), np.uint8)
        cv2.imwrite(str(images / f"{number:012d}.png"), pixels)
    listed = [
        {"id": n, "file_name": f"{n:012d}.png", "width": 80, "height": 60} for n in (9, 25, 30)
    ]
    captions = {
        "info": {},
        "licenses": [],
        "images": listed,
        "annotations": [
            {"id": 1, "image_id": 25, "caption": "A dog behind a chair. "},
            {"id": 2, "image_id": 25, "caption": "A dog."},
            {"id": 3, "image_id": 9, "caption": "A cat."},
        ],
    }
    whole = {"id": 6, "image_id": 25, "category_id": 18, "iscrowd": 1, "area": 9, "bbox": [0] * 4}
    whole["segmentation"] = {"counts": [5, 5], "size": [60, 80]}
    instances = {
        **captions,
        "annotations": [
            {
                "id": 5,
                "image_id": 25,
                "category_id": 18,
                "iscrowd": 0,
                "area": 200.0,
                "bbox": [10.0, 20.0, 20.0, 10.0],
                "segmentation": [[10, 20, 30, 20, 30, 30, 10, 30]],
            },
            whole,
        ],
        "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}],
    }
    paths = folder / "captions_train2017.json", folder / "instances_train2017.json"
    for path, content in zip(paths, (captions, instances), strict=True):
        path.write_text(json.dumps(content))
    return images, *paths


def test_coco(tmp_path: Path) -> None:
    images, captions, instances = write_coco(tmp_path)
    reader = CocoSet(images, captions, instances)
    assert len(reader) == 2 and reader.captions(1) == ("A dog behind a chair.", "A dog.")
    picture = reader[1]
    assert picture.key == "coco/000000000025" and tuple(picture.colour[0, 0]) == (25, 20, 10)
    (dog,) = picture.things
    assert dog.label == "dog" and dog.box_px == (10, 20, 30, 30) and dog.mask[25, 20]
    assert reader[0].things == () and reader[0].captions == ("A cat.",)
    (images / f"{9:012d}.png").unlink()
    with pytest.raises(DecodeError, match="000000000009"):
        reader[0]
    captions.write_text("{}")
    with pytest.raises(SourceError, match="COCO"):
        CocoSet(images, captions)


def write_bop(folder: Path, masks: bool = True) -> Path:
    scene = folder / "test" / "000002"
    for name in ("rgb", "depth", "mask_visib"):
        (scene / name).mkdir(parents=True)
    cv2.imwrite(str(scene / "rgb/000003.png"), np.zeros((48, 64, 3), np.uint8))
    cv2.imwrite(str(scene / "depth/000003.png"), np.full((48, 64), 8000, np.uint16))
    camera = {"cam_K": [50.0, 0, 31.5, 0, 50.0, 23.5, 0, 0, 1], "depth_scale": 0.1}
    turn = [0.0, -1, 0, 1, 0, 0, 0, 0, 1]
    poses = [
        {"cam_R_m2c": turn, "cam_t_m2c": [10.0, 20.0, 800.0], "obj_id": 5},
        {"cam_R_m2c": turn, "cam_t_m2c": [0.0, 0.0, 900.0], "obj_id": 5},
    ]
    seen = [
        {"bbox_visib": [30, 20, 10, 5], "visib_fract": 0.9},
        {"bbox_visib": [-1, -1, -1, -1], "visib_fract": 0.0},
    ]
    model = {"min_x": -10.0, "min_y": -20.0, "min_z": 0.0, "diameter": 99.0}
    model |= {"size_x": 20.0, "size_y": 40.0, "size_z": 60.0}
    for name, content in (
        ("scene_camera", {"3": camera}),
        ("scene_gt", {"3": poses}),
        ("scene_gt_info", {"3": seen}),
    ):
        (scene / f"{name}.json").write_text(json.dumps(content))
    (folder / "models").mkdir()
    (folder / "models" / "models_info.json").write_text(json.dumps({"5": model}))
    if masks:
        mask = np.zeros((48, 64), np.uint8)
        mask[20:25, 31:39] = 255
        cv2.imwrite(str(scene / "mask_visib/000003_000000.png"), mask)
    return scene


@pytest.mark.parametrize("masks", [True, False])
def test_bop(tmp_path: Path, masks: bool) -> None:
    reader = BopScene(write_bop(tmp_path, masks), names={5: "can"})
    assert isinstance(reader, AnnotatedSource) and len(reader) == 1
    made = reader[0]
    assert made.frame.depth_m[0, 0] == pytest.approx(0.8), "tenths of a millimetre"
    (can,) = made.things  # the hidden one is left out
    assert can.label == "can" and can.visible == 0.9
    assert can.box_px == ((31, 20, 39, 25) if masks else (30, 20, 40, 25))
    np.testing.assert_allclose(can.solid.centre_m, [0.010, 0.020, 0.830])
    np.testing.assert_allclose(can.solid.size_m, [0.02, 0.04, 0.06])
    low, high = can.solid.corners_m().min(axis=0), can.solid.corners_m().max(axis=0)
    np.testing.assert_allclose(high - low, [0.04, 0.02, 0.06], atol=1e-9)  # turned by 90 degrees


def test_bop_that_is_broken(tmp_path: Path) -> None:
    scene = write_bop(tmp_path)
    (scene / "scene_gt.json").write_text('{"4": []}')
    with pytest.raises(SourceError, match="image numbers"):
        BopScene(scene)
    (scene / "scene_gt.json").write_text('{"3": [{"obj_id": 7}]}')
    with pytest.raises(DecodeError, match="object 0"):
        BopScene(scene)[0]
    (tmp_path / "models" / "models_info.json").unlink()
    with pytest.raises(SourceError, match="models_info"):
        BopScene(scene)


def test_bop_on_a_real_scene(shared_data: Path) -> None:
    """Solids stand where the depth image shows their surface."""
    made = BopScene(shared_data / "lmo_tabletop_gt")[0]
    assert len(made.things) >= 6
    for thing in made.things:
        if thing.visible is not None and thing.visible < 0.6:
            continue
        u, v = np.rint(project(thing.solid.centre_m[None], made.frame.camera)[0]).astype(int)
        reading = float(np.nanmedian(made.frame.depth_m[v - 3 : v + 4, u - 3 : u + 4]))
        before = thing.solid.centre_m[2] - reading
        assert -0.02 < before < 0.6 * float(np.linalg.norm(thing.solid.size_m)), thing.label
