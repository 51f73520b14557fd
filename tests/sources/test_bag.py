"""Bags of every kind: what is found, paired, registered, refused, and survived."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepsight_ros.errors import CalibrationError, DecodeError, SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.decode import encode_compressed_depth
from deepsight_ros.sources import RgbdSource, open_source
from deepsight_ros.sources.bag import BagSource
from tests.support.bags import IMAGE, TF, BagMaker

CAMERA = Camera(32, 24, 30.0, 30.0, 15.5, 11.5, "none", (), "camera_optical")
OTHER = replace(CAMERA, frame_id="colour_optical", fx_px=40.0)
START = 1_700_000_000_000_000_000
PERIOD = 33_333_333
DEPTH, COLOUR = "/cam/depth/image_raw", "/cam/color/image_raw"


def stamp(i: int) -> int:
    return START + i * PERIOD


def depth_image(i: int) -> np.ndarray:
    return np.full((24, 32), 1000 + i, np.uint16)


def colour_image(i: int) -> np.ndarray:
    return np.full((24, 32, 3), (i, 100, 200), np.uint8)


def record(
    maker: BagMaker, count: int = 5, colour_camera: Camera = CAMERA, offset_ns: int = 0
) -> BagMaker:
    """Depth, colour and their camera_info."""
    for i in range(count):
        maker.info("/cam/depth/camera_info", stamp(i), CAMERA)
        maker.image(DEPTH, stamp(i), CAMERA.frame_id, "16UC1", depth_image(i))
        maker.info("/cam/color/camera_info", stamp(i), colour_camera)
        maker.image(COLOUR, stamp(i) + offset_ns, colour_camera.frame_id, "rgb8", colour_image(i))
    return maker


def read(path: Path, **options: object) -> tuple[BagSource, list[RgbdFrame]]:
    source = open_source(path, **options)
    assert isinstance(source, BagSource) and isinstance(source, RgbdSource)
    return source, list(source)


@pytest.mark.parametrize("kind", ["sqlite3", "mcap", "ros1"])
def test_every_kind_of_bag(tmp_path: Path, kind: str) -> None:
    source, frames = read(record(BagMaker(kind)).write(tmp_path))
    assert [f.stamp_ns for f in frames] == [stamp(i) for i in range(5)]
    for i, frame in enumerate(frames):
        assert frame.camera == CAMERA
        assert np.allclose(frame.depth_m, (1000 + i) / 1000)
        assert frame.colour is not None and (frame.colour == colour_image(i)).all()
    assert source.report.frames == 5 and source.report.skipped_count == 0
    assert next(iter(source)).stamp_ns == START  # again from the start
    assert source.report.frames == 1


def test_a_file_inside_a_bag_folder_stands_for_the_bag(tmp_path: Path) -> None:
    folder = record(BagMaker("mcap")).write(tmp_path)
    file = next(folder.glob("*.mcap"))
    assert len(read(file)[1]) == 5


def test_compressed_topics(tmp_path: Path) -> None:
    maker = BagMaker()
    for i in range(3):
        format, data = encode_compressed_depth(depth_image(i), ("png", "rvl")[i % 2])
        maker.compressed(f"{DEPTH}/compressedDepth", stamp(i), "camera_optical", format, data)
        jpeg = cv2.imencode(".jpg", colour_image(i)[..., ::-1])[1].tobytes()
        maker.compressed(
            f"{COLOUR}/compressed", stamp(i), "camera_optical", "rgb8; jpeg compressed bgr8", jpeg
        )
        maker.info("/cam/depth/camera_info", stamp(i), CAMERA)
        maker.info("/cam/color/camera_info", stamp(i), CAMERA)
    _, frames = read(maker.write(tmp_path))
    assert len(frames) == 3
    assert np.allclose(frames[2].depth_m, 1.002)
    assert np.abs(frames[1].colour.astype(int) - [1, 100, 200]).max() < 8


@pytest.mark.parametrize("offset_ms", [-12, 9])
def test_images_pair_within_half_a_frame(tmp_path: Path, offset_ms: int) -> None:
    path = record(BagMaker(), 10, offset_ns=offset_ms * 1_000_000).write(tmp_path)
    _, frames = read(path)
    assert len(frames) == 10
    assert [int(f.colour[0, 0, 0]) for f in frames] == list(range(10))


def test_lost_colour_images_cost_their_depth_image_and_are_counted(tmp_path: Path) -> None:
    maker = record(BagMaker(), 6)
    maker.entries = [e for e in maker.entries if not (e[0] == COLOUR and e[2] == stamp(2))]
    source, frames = read(maker.write(tmp_path))
    assert len(frames) == 5 and source.report.unpaired_depth == 1
    assert "1 depth" in source.report.summary()


def test_depth_alone(tmp_path: Path) -> None:
    path = record(BagMaker()).write(tmp_path)
    _, frames = read(path, colour_topic="none")
    assert len(frames) == 5 and all(f.colour is None for f in frames)


def test_unit_override(tmp_path: Path) -> None:
    path = record(BagMaker()).write(tmp_path)
    _, frames = read(path, unit_m=0.0001)
    assert np.allclose(frames[0].depth_m, 0.1)
    with pytest.raises(DecodeError, match="depth unit"):
        open_source(path, unit_m=0.0)


def test_topics_are_chosen_by_encoding_frame_and_calibration(tmp_path: Path) -> None:
    maker = record(BagMaker(), 2)
    for i in range(2):
        grey = colour_image(i)[..., 0].copy()
        maker.image("/cam/infra1/image_rect_raw", stamp(i), "camera_optical", "mono8", grey)
        maker.image("/other/image_raw", stamp(i), "far_away", "bgr8", colour_image(i))
        maker.image("/cam/ir16", stamp(i), "camera_optical", "mono16", depth_image(i))
        maker.image("/raw_depth/image", stamp(i), "elsewhere", "16UC1", depth_image(i))
    source, frames = read(maker.write(tmp_path))
    assert source.topics.depth.topic == DEPTH
    assert source.topics.colour is not None and source.topics.colour.topic == COLOUR
    assert len(frames) == 2
    assert DEPTH in source.report.notes[0]


def test_two_cameras_that_are_equally_good_must_be_named(tmp_path: Path) -> None:
    maker = BagMaker()
    for name in ("left", "right"):
        maker.info(f"/{name}/camera_info", START, replace(CAMERA, frame_id=name))
        maker.image(f"/{name}/depth", START, name, "16UC1", depth_image(0))
    path = maker.write(tmp_path)
    with pytest.raises(SourceError, match=r"/left/depth.*/right/depth.*depth_topic"):
        open_source(path)
    assert len(read(path, depth_topic="/right/depth")[1]) == 1
    with pytest.raises(SourceError, match="'/up/depth', which is not in it"):
        open_source(path, depth_topic="/up/depth")


def test_cameras_apart_are_registered_by_tf(tmp_path: Path) -> None:
    maker = record(BagMaker(), 3, OTHER)
    maker.tf("/tf_static", START, "base", "camera_optical", (0.0, 0.0, 0.0))
    maker.tf("/tf_static", START, "base", "colour_optical", (0.05, 0.0, 0.0))
    source, frames = read(maker.write(tmp_path))
    assert len(frames) == 3
    colour = frames[1].colour
    assert (colour[12, 16] == [1, 100, 200]).all()
    there = source.transforms.lookup("colour_optical", "camera_optical")
    np.testing.assert_allclose(there.translation_m, [-0.05, 0, 0], atol=1e-12)


def test_moving_transforms_are_known_at_the_stamp_of_a_frame_in_hand(tmp_path: Path) -> None:
    maker = record(BagMaker(), 12)
    for i in range(14):  # a transform is recorded after the image it belongs to
        maker.tf("/tf", stamp(i) + PERIOD // 3, "odom", "camera_optical", (0.01 * i, 0.0, 0.0))
    maker.entries.sort(key=lambda e: e[2])
    source = open_source(maker.write(tmp_path))
    xs = [
        source.transforms.lookup("odom", "camera_optical", f.stamp_ns).translation_m[0]
        for f in source
        if f.stamp_ns > START + PERIOD // 3
    ]
    np.testing.assert_allclose(xs, 0.01 * (np.arange(1, 12) - 1 / 3), atol=1e-6)


def without(maker: BagMaker, *topics: str) -> BagMaker:
    maker.entries = [e for e in maker.entries if e[0] not in topics]
    return maker


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    maker = without(
        record(BagMaker(), 2, OTHER), "/cam/depth/camera_info", "/cam/color/camera_info"
    )
    path = maker.write(tmp_path)
    with pytest.raises(CalibrationError) as caught:
        open_source(path)
    for words in (
        "/cam/depth/camera_info",
        "/cam/color/camera_info",
        "'camera_optical' (depth) and 'colour_optical' (colour)",
        "colour_topic='none'",
    ):
        assert words in str(caught.value)
    given = {"depth_camera": CAMERA, "colour_topic": "none"}
    assert len(read(path, **given)[1]) == 2


def test_calibrated_cameras_that_nothing_relates_are_refused(tmp_path: Path) -> None:
    path = record(BagMaker(), 2, OTHER).write(tmp_path)
    with pytest.raises(CalibrationError, match="no transform between"):
        open_source(path)


def test_an_unconnected_tf_is_refused_with_the_first_frame(tmp_path: Path) -> None:
    maker = record(BagMaker(), 2, OTHER)
    maker.tf("/tf", START, "odom", "base", (0.0, 0.0, 0.0))
    source = open_source(maker.write(tmp_path))
    with pytest.raises(CalibrationError, match="unknown frame 'colour_optical'"):
        next(iter(source))


def test_camera_info_under_another_name(tmp_path: Path) -> None:
    maker = without(record(BagMaker(), 2), "/cam/depth/camera_info", "/cam/color/camera_info")
    for i, focal in enumerate((30.0, 30.0, 77.0)):
        camera = replace(CAMERA, fx_px=focal)
        maker.info(f"/calibration/{'ab'[i // 2]}", START, camera)
    path = maker.write(tmp_path)
    with pytest.raises(CalibrationError, match="/cam/depth/camera_info"):
        open_source(path)  # two of the same frame, neither beside the image
    named = {"depth_info_topic": "/calibration/b", "colour_topic": "none"}
    assert read(path, **named)[1][0].camera.fx_px == 77
    with pytest.raises(SourceError, match="/calibration/a, /calibration/b"):
        open_source(path, depth_info_topic="/nowhere")


def test_uncalibrated_camera_info_is_refused(tmp_path: Path) -> None:
    maker = record(BagMaker(), 1)
    for entry in maker.entries:
        if hasattr(entry[3], "k"):
            entry[3].k[:] = 0.0
    with pytest.raises(CalibrationError, match="all zero"):
        open_source(maker.write(tmp_path))


def test_broken_messages_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    maker = without(record(BagMaker(), 4), COLOUR, "/cam/color/camera_info")
    maker.image(DEPTH, stamp(4), CAMERA.frame_id, "16UC1", np.zeros((24, 32), np.uint16))
    maker.image(DEPTH, stamp(5), CAMERA.frame_id, "weird", depth_image(0))
    maker.garbage(DEPTH, IMAGE, stamp(6))
    maker.image(DEPTH, 0, CAMERA.frame_id, "16UC1", depth_image(0))
    maker.image(DEPTH, stamp(7), CAMERA.frame_id, "16UC1", depth_image(7))
    maker.tf("/tf_static", START, "a", "a", (0.0, 0.0, 0.0))
    maker.tf("/tf_static", START, "a", "b", (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0))
    maker.garbage("/tf_static", TF, stamp(6))
    source, frames = read(maker.write(tmp_path))
    assert len(frames) == 5
    assert np.allclose(frames[-1].depth_m, 1.007)
    reasons = " | ".join(s.reason for s in source.report.skipped)
    for words in (
        "no valid depth",
        "'weird'",
        "cannot be read",
        "stamp is zero",
        "own parent",
        "length 0",
    ):
        assert words in reasons
    assert "skipped" in source.report.summary()


def test_no_depth_topic(tmp_path: Path) -> None:
    maker = without(record(BagMaker(), 1), DEPTH)
    with pytest.raises(SourceError, match=r"/cam/color/image_raw \(rgb8\), expected a depth"):
        open_source(maker.write(tmp_path))


@pytest.mark.parametrize("kind", ["sqlite3", "mcap", "ros1"])
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.5, 0.9])
def test_cut_bags_are_refused_or_read_as_far_as_they_go(
    tmp_path: Path, kind: str, keep: float
) -> None:
    path = record(BagMaker(kind), 20).write(tmp_path)
    file = path if path.is_file() else next(p for p in path.iterdir() if p.suffix != ".yaml")
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * keep)])
    try:
        source, frames = read(path)
    except SourceError as error:
        assert str(path) in str(error) or "expected" in str(error)
    except CalibrationError as error:
        assert "camera_info" in str(error)
    else:
        assert len(frames) < 20 and source.report.skipped_count > 0


@pytest.mark.parametrize("name", ["x.bag", "x.mcap", "x.db3"])
def test_files_that_are_no_bags(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"not a bag at all" * 100)
    with pytest.raises(SourceError, match="expected a rosbag2 folder"):
        open_source(tmp_path / name)


def test_metadata_that_is_no_metadata(tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("- just\n- a list\n")
    with pytest.raises(SourceError, match=r"metadata\.yaml"):
        open_source(tmp_path)


def test_real_bags(shared_data: Path) -> None:
    _, lmo = read(shared_data / "made_ros2_bag_lmo_mcap")
    assert len(lmo) == 1 and lmo[0].camera.fx_px == 572.4114 and lmo[0].colour is not None
    _, redwood = read(shared_data / "made_ros2_bag_redwood_db3")
    assert len(redwood) == 5
    assert np.nanmedian(redwood[0].depth_m) == pytest.approx(1.861, abs=1e-3)


@pytest.mark.parametrize("name", ["raw", "compressed", "compressedDepth"])
def test_real_robot_without_calibration(shared_data: Path, name: str) -> None:
    path = shared_data / "spot_ros1_bag" / f"{name}.bag"
    with pytest.raises(CalibrationError, match="/spot/depth/frontleft/camera_info"):
        open_source(path)
    camera = Camera(424, 240, 330.0, 330.0, 212.0, 120.0, frame_id="frontleft")
    _, frames = read(path, depth_camera=camera, colour_topic="none")
    assert np.nanmax(frames[0].depth_m) == pytest.approx(4.820, abs=5e-4)


@pytest.mark.parametrize("kind", ["sqlite3", "mcap", "ros1"])
@pytest.mark.parametrize("seed", range(8))
def test_corrupt_bags_raise_only_our_errors(tmp_path: Path, kind: str, seed: int) -> None:
    path = record(BagMaker(kind), 6).write(tmp_path)
    file = path if path.is_file() else next(p for p in path.iterdir() if p.suffix != ".yaml")
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    rng = np.random.default_rng(seed)
    flips = rng.choice([1, 10, 100, 500])
    content[rng.integers(0, content.size, flips)] = rng.integers(0, 256, flips)
    file.write_bytes(content.tobytes())
    try:
        source, frames = read(path)
    except (SourceError, CalibrationError) as error:
        assert "expected" in str(error) or "but no" in str(error)
    else:
        assert len(frames) == source.report.frames <= 6
