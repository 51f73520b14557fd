"""RecordedSource: folders and bags by index, the same in any order; real data where it is."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepsight_ros.errors import CalibrationError, DecodeError, SourceError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.depth_encodings import rotated
from deepsight_ros.scene.objects import UpSource
from deepsight_ros.sources import FolderSource
from deepsight_ros.synthesis.recorded_source import RecordedSource
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.samples import Sample, SampleSource
from deepsight_ros.synthesis.world import tabletop
from tests.support.bags import BagMaker

PRIMESENSE = Camera(640, 480, 525.0, 525.0, 319.5, 239.5, frame_id="camera")
POSECNN = Camera(640, 480, 1066.778, 1067.487, 312.9869, 241.3109, frame_id="camera")


@pytest.fixture(scope="module")
def pictures() -> list[tuple[np.ndarray, np.ndarray, Camera]]:
    """Depth (mm), colour and camera of three tabletops."""
    made = []
    for seed in range(3):
        world = tabletop(seed, width_px=320, height_px=240)
        picture = render(world)
        depth = np.nan_to_num(picture.depth_m * 1000).astype(np.uint16)
        made.append((depth, picture.colour, world.camera))
    return made


def write_folder(folder: Path, pictures: list, encode=lambda d: d) -> None:
    for name in ("depth", "rgb"):
        (folder / name).mkdir(parents=True)
    for i, (depth, colour, _) in enumerate(pictures):
        cv2.imwrite(str(folder / f"depth/{i}.png"), encode(depth))
        cv2.imwrite(str(folder / f"rgb/{i}.png"), colour[..., ::-1])


def same(a: Sample, b: Sample) -> bool:
    return (
        a.key == b.key
        and np.array_equal(a.frame.depth_m, b.frame.depth_m, equal_nan=True)
        and np.array_equal(a.instance_id, b.instance_id)
        and [o.id for o in a.scene.objects] == [o.id for o in b.scene.objects]
        and all(
            np.array_equal(p.box.size_m, q.box.size_m)
            for p, q in zip(a.scene.objects, b.scene.objects, strict=True)
        )
    )


def test_a_folder_by_index(tmp_path: Path, pictures: list) -> None:
    write_folder(tmp_path, pictures)
    source = RecordedSource(tmp_path, camera=pictures[0][2], unit_m=0.001, room="tabletop")
    assert isinstance(source, SampleSource) and len(source) == 3
    forward = [source[i] for i in range(3)]
    assert all(same(source[i], forward[i]) for i in (2, 0, 1)), "depends on what came before"
    assert all(same(a, pickle.loads(pickle.dumps(source))[i]) for i, a in enumerate(forward))
    sample = forward[0]
    assert sample.truth is None and sample.room == "tabletop"
    assert len(sample.scene.objects) >= 3 and sample.scene.up is UpSource.PLANE
    assert sample.provenance["depth"] == "0.png"
    for i, item in enumerate(sample.scene.objects):
        _, u = np.nonzero(sample.instance_id == i + 1)
        assert len(u) and item.box_px[0] <= u.min() and u.max() < item.box_px[2]
    with pytest.raises(IndexError):
        source[3]


def test_one_broken_image_is_one_error(tmp_path: Path, pictures: list) -> None:
    write_folder(tmp_path, pictures)
    (tmp_path / "depth/1.png").write_bytes(b"no image")
    source = RecordedSource(tmp_path, camera=pictures[0][2], unit_m=0.001)
    with pytest.raises(DecodeError, match=r"1\.png"):
        source[1]
    assert source[2].scene.objects


def test_rotated_bits_and_raw_disparity(tmp_path: Path, pictures: list) -> None:
    write_folder(tmp_path / "sun", pictures[:1], rotated)
    camera = pictures[0][2]
    plain = pictures[0][0] * np.float32(0.001)
    turned = FolderSource(tmp_path / "sun", camera, 0.001, encoding="rotated").frame(0)
    np.testing.assert_allclose(np.nan_to_num(turned.depth_m), plain, atol=1e-6)
    readings = np.full((240, 320), 2047, np.uint16)
    readings[:, :100] = 800
    (tmp_path / "nyu").mkdir()
    head = b"P5\n320 240\n65535\n"
    (tmp_path / "nyu/a_depth.pgm").write_bytes(head + readings.astype("<u2").tobytes())
    frame = FolderSource(tmp_path / "nyu", camera, encoding="disparity").frame(0)
    np.testing.assert_allclose(frame.depth_m[:, :100], 351.3 / (1092.5 - 800), rtol=1e-5)
    assert np.isnan(frame.depth_m[:, 100:]).all()
    (tmp_path / "nyu/a_depth.pgm").write_bytes(head + (readings * 9).astype("<u2").tobytes())
    with pytest.raises(DecodeError, match="11 bits"):
        FolderSource(tmp_path / "nyu", camera, encoding="disparity").frame(0)


@pytest.mark.parametrize("kind", ["mcap", "sqlite3"])
def test_a_bag_by_index(tmp_path: Path, pictures: list, kind: str) -> None:
    maker = BagMaker(kind)
    for i, (depth, colour, camera) in enumerate(pictures * 3):
        stamp = 10**18 + i * 10**9
        maker.info("/d/camera_info", stamp, camera)
        maker.image("/d/image", stamp, camera.frame_id, "16UC1", depth)
        maker.info("/c/camera_info", stamp, camera)
        maker.image("/c/image", stamp, camera.frame_id, "rgb8", colour)
    path = maker.write(tmp_path / "bag")
    source = RecordedSource(path)
    assert len(source) == 9
    wanted = [np.where(d == 0, np.nan, d * np.float32(0.001)) for d, _, _ in pictures]
    for index in (7, 0, 4):
        sample = source[index]
        np.testing.assert_allclose(sample.frame.depth_m, wanted[index % 3], rtol=1e-6)
        assert np.array_equal(sample.frame.colour, pictures[index % 3][1])
        assert sample.frame.stamp_ns == 10**18 + index * 10**9


def test_a_bag_with_moving_transforms_by_index(tmp_path: Path, pictures: list) -> None:
    """Colour comes from another camera that TF relates: a lookup needs both sides of a stamp."""
    depth, colour, camera = pictures[0]
    maker = BagMaker("mcap")
    for i in range(8):
        stamp = 10**18 + i * 10**8
        maker.info("/d/camera_info", stamp, camera)
        maker.image("/d/image", stamp, "depth", "16UC1", depth)
        maker.info("/c/camera_info", stamp, camera)
        maker.image("/c/image", stamp, "colour", "rgb8", colour)
        maker.tf("/tf", stamp, "depth", "colour", (0.02, 0.0, 0.0))
    source = RecordedSource(maker.write(tmp_path / "bag"))
    in_order = list(source._bag)
    for index in (5, 1):
        np.testing.assert_array_equal(source[index].frame.colour, in_order[index].colour)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing there"):
        RecordedSource(tmp_path / "none")


@pytest.mark.parametrize(
    ("folder", "options", "count", "median_m"),
    [
        ("open3d_rgbd/redwood", {"camera": PRIMESENSE, "unit_m": 0.001}, 5, (1.0, 2.5)),
        ("lmo_tabletop_gt", {}, 1, (0.7, 1.4)),
        ("posecnn_tabletop", {"camera": POSECNN, "unit_m": 0.0001}, 5, (0.9, 1.8)),
        (
            "open3d_rgbd/other_formats",
            {"camera": PRIMESENSE, "unit_m": 1 / 5000, "match": "TUM"},
            1,
            (0.7, 3.0),
        ),
        (
            "open3d_rgbd/other_formats",
            {"camera": PRIMESENSE, "unit_m": 0.001, "encoding": "rotated", "match": "SUN"},
            1,
            (0.5, 6.0),
        ),
        (
            "open3d_rgbd/other_formats",
            {"camera": PRIMESENSE, "encoding": "disparity", "match": "NYU"},
            1,
            (0.5, 6.0),
        ),
        ("made_ros2_bag_lmo_mcap", {}, 1, (0.7, 1.4)),
        ("made_ros2_bag_redwood_db3", {}, 5, (1.0, 2.5)),
    ],
)
def test_real_frames(
    shared_data: Path, folder: str, options: dict, count: int, median_m: tuple[float, float]
) -> None:
    source = RecordedSource(shared_data / folder, **options)
    assert len(source) == count
    sample = source[count - 1]
    assert median_m[0] < np.nanmedian(sample.frame.depth_m) < median_m[1]
    assert sample.frame.colour is not None and sample.scene.objects


@pytest.mark.parametrize("bag", ["raw.bag", "compressed.bag", "compressedDepth.bag"])
def test_uncalibrated_robot_bags_are_refused(shared_data: Path, bag: str) -> None:
    with pytest.raises(CalibrationError, match="camera_info"):
        RecordedSource(shared_data / "spot_ros1_bag" / bag)


def test_no_wall_is_taken_for_the_floor(shared_data: Path) -> None:
    """The hand-held camera looks about level: what is up must point up in the image."""
    source = RecordedSource(shared_data / "open3d_rgbd/redwood", camera=PRIMESENSE, unit_m=0.001)
    for i in range(len(source)):
        scene = source[i].scene
        if scene.up is UpSource.UNKNOWN:
            continue
        up = scene.working_from_camera.rotation[2]
        assert up[1] < -np.cos(np.radians(50)), f"frame {i}: up is {up} in the camera"
