"""Folders of images: layouts, units, cameras, poses; nothing guessed, broken files survived."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepsight_ros.errors import CalibrationError, InvalidValueError, SourceError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.sources import FolderSource, RgbdSource, open_source
from deepsight_ros.sources.folder import WORLD_FRAME

CAMERA = Camera(16, 12, 20.0, 21.0, 7.5, 5.5, frame_id="optical")
K = [20.0, 0, 7.5, 0, 21.0, 5.5, 0, 0, 1]
OWN = {"fx_px": 20, "fy_px": 21, "cx_px": 7.5, "cy_px": 5.5}


def write(folder: Path, depth: str, colour: str | None, i: int) -> None:
    """A depth of 1000 + i units and a colour whose red is i."""
    for name, pixels in (
        (depth, np.full((12, 16), 1000 + i, np.uint16)),
        (colour, np.full((12, 16, 3), (200, 100, i), np.uint8)),
    ):
        if name is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(folder / name), pixels)


def read(folder: Path, **options: object) -> list[RgbdFrame]:
    source = open_source(folder, **{"camera": CAMERA, "unit_m": 0.001, **options})
    assert isinstance(source, RgbdSource) and isinstance(source, FolderSource)
    return list(source)


@pytest.mark.parametrize(
    ("depth", "colour"),
    [
        ("depth/{}.png", "color/{}.png"),
        ("depth/{}.png", "rgb/{}.png"),
        ("depth/depth_{}.png", "image/color_{}.png"),
        ("{}_depth.png", "{}_rgb.png"),
        ("{}-depth.png", "{}-color.png"),
        ("depth{}.png", "rgb{}.png"),
        ("frame-{}.depth.png", "frame-{}.color.png"),
    ],
)
def test_layouts(tmp_path: Path, depth: str, colour: str) -> None:
    for i in (0, 1, 2, 10):
        write(tmp_path, depth.format(i), colour.format(i), i)
    frames = read(tmp_path)
    assert [int(f.colour[0, 0, 0]) for f in frames] == [0, 1, 2, 10]  # 10 after 2
    assert [float(f.depth_m[0, 0]) for f in frames] == pytest.approx([1.0, 1.001, 1.002, 1.01])
    steps = np.diff([f.stamp_ns for f in frames])
    assert frames[0].stamp_ns > 0 and (np.abs(steps - 1e9 / 30) <= 1).all()


def test_names_that_do_not_agree_go_by_order_and_say_so(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path, f"depth/{1305031453 + i}.359684.png", None, i)
        write(tmp_path / "x", "y.png", f"../rgb/{1305031453 + i}.374112.png", i)
    source = FolderSource(tmp_path, CAMERA, 0.0002)
    frames = list(source)
    assert [int(f.colour[0, 0, 0]) for f in frames] == [0, 1, 2]
    assert frames[1].stamp_ns == 1305031454_359684000
    assert "by order" in source.report.notes[0]


def test_names_that_do_not_agree_in_other_numbers_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "depth/a.png", "rgb/b.png", 0)
    write(tmp_path, "depth/c.png", None, 0)
    with pytest.raises(SourceError, match="2 depth and 1 colour"):
        FolderSource(tmp_path, CAMERA, 0.001)


def test_missing_colour_images_leave_depth_alone(tmp_path: Path) -> None:
    write(tmp_path, "depth/0.png", "rgb/0.png", 0)
    write(tmp_path, "depth/1.png", None, 1)
    frames = read(tmp_path)
    assert frames[0].colour is not None and frames[1].colour is None
    assert all(f.colour is None for f in read(tmp_path, use_colour=False))


@pytest.mark.parametrize(
    ("name", "content", "unit_m"),
    [
        ("camera.json", {**OWN, "depth_unit_m": 0.0001}, 0.0001),
        ("camera.json", {"cam_K": K, "depth_scale": 0.1}, 0.0001),
        ("camera.json", {"cam_K": K, "depth_scale": 1.0}, 0.001),
        ("7_camera.json", {"cam_K": K, "depth_scale": 1.0}, 0.001),
        ("scene_camera.json", {"7": {"cam_K": K, "depth_scale": 1.0}}, 0.001),
        (
            "intrinsic.json",
            {
                "width": 16,
                "height": 12,
                "intrinsic_matrix": [20.0, 0, 0, 0, 21.0, 0, 7.5, 5.5, 1],
                "depth_scale": 5000,
            },
            0.0002,
        ),
    ],
)
def test_camera_files(tmp_path: Path, name: str, content: dict, unit_m: float) -> None:
    write(tmp_path, "7_depth.png", "7_rgb.png", 0)
    (tmp_path / name).write_text(json.dumps(content))
    (frame,) = open_source(tmp_path)
    assert frame.depth_m[0, 0] == pytest.approx(1000 * unit_m)
    assert replace(frame.camera, frame_id="optical") == CAMERA


def test_arguments_come_before_the_camera_file(tmp_path: Path) -> None:
    write(tmp_path, "depth/0.png", None, 0)
    (tmp_path / "camera.json").write_text(json.dumps({**OWN, "fx_px": 99, "depth_unit_m": 1.0}))
    (frame,) = read(tmp_path, unit_m=0.0005)
    assert frame.depth_m[0, 0] == pytest.approx(0.5) and frame.camera.fx_px == 20


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "expected a JSON file"),
        ("[1, 2]", "expected a JSON object"),
        ('{"focal": 5}', "got keys focal"),
        ('{"cam_K": [1, 2]}', "2 numbers"),
        ('{"cam_K": null}', "TypeError"),
        (json.dumps({**OWN, "depth_unit_m": -1}), "-1 where a positive"),
        (json.dumps({**OWN, "fx_px": "wide"}), "could not convert"),
        (json.dumps({"fx_px": 3}), "KeyError"),
        (json.dumps(OWN), "without a unit"),
    ],
)
def test_camera_files_that_do_not_serve(tmp_path: Path, content: str, says: str) -> None:
    write(tmp_path, "depth/0.png", None, 0)
    (tmp_path / "camera.json").write_text(content)
    with pytest.raises(SourceError, match=says):
        open_source(tmp_path)


def test_a_camera_that_is_none(tmp_path: Path) -> None:
    write(tmp_path, "depth/0.png", None, 0)
    (tmp_path / "camera.json").write_text(json.dumps({**OWN, "fx_px": 0, "depth_unit_m": 1.0}))
    with pytest.raises(CalibrationError, match="fx=0"):
        list(open_source(tmp_path))


def test_another_size_than_the_camera_file_says(tmp_path: Path) -> None:
    write(tmp_path, "depth/0.png", None, 0)
    content = {**OWN, "width_px": 640, "height_px": 480, "depth_unit_m": 0.001}
    (tmp_path / "camera.json").write_text(json.dumps(content))
    with pytest.raises(SourceError, match="16x12, expected 640x480"):
        list(open_source(tmp_path))


def test_arrays(tmp_path: Path) -> None:
    metres = np.full((12, 16), 1.5, np.float32)
    metres[0, 0] = 0
    np.save(tmp_path / "0_depth.npy", metres)
    np.save(tmp_path / "1_depth.npy", np.full((12, 16), 700, np.uint16))
    np.save(tmp_path / "2_depth.npy", np.zeros((3, 4, 5)))
    np.save(tmp_path / "3_depth.npy", np.array([{}], dtype=object))
    source = FolderSource(tmp_path, CAMERA)
    frames = list(source)
    assert np.isnan(frames[0].depth_m[0, 0]) and frames[0].depth_m[1, 1] == 1.5
    assert frames[1].depth_m[0, 0] == pytest.approx(0.7)
    assert len(frames) == 2 and source.report.skipped_count == 2


def test_broken_images_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    for i in range(5):
        write(tmp_path, f"depth/{i}.png", f"rgb/{i}.png", i)
    cut = (tmp_path / "depth/1.png").read_bytes()
    (tmp_path / "depth/1.png").write_bytes(cut[: len(cut) // 2])
    (tmp_path / "rgb/2.png").write_bytes(b"")
    cv2.imwrite(str(tmp_path / "depth/3.png"), np.zeros((12, 16), np.uint8))
    cv2.imwrite(str(tmp_path / "depth/4.png"), np.zeros((12, 16), np.uint16))
    write(tmp_path, "depth/5.png", "rgb/5.png", 5)
    source = FolderSource(tmp_path, CAMERA, 0.001)
    assert [int(f.colour[0, 0, 0]) for f in source] == [0, 5]
    reasons = [s.reason for s in source.report.skipped]
    assert len(reasons) == 4
    for words in ("cut or corrupt", "JPEG or PNG", "16 bit", "no valid depth"):
        assert any(words in reason for reason in reasons)


def test_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "depth/0.png", "rgb/0.png", 0)
    with pytest.raises(CalibrationError, match="16x12, expected 17x12"):
        read(tmp_path, camera=replace(CAMERA, width_px=17))
    cv2.imwrite(str(tmp_path / "rgb/0.png"), np.zeros((24, 32, 3), np.uint8))
    with pytest.raises(CalibrationError, match="colour of 32x24 and depth of 16x12"):
        read(tmp_path)
    double = Camera(32, 24, 40.0, 42.0, 15.5, 11.5, frame_id="optical")
    (frame,) = read(tmp_path, colour_camera=double)
    assert frame.colour.shape == (12, 16, 3)


@pytest.mark.parametrize(
    ("files", "options", "says"),
    [
        ([], {}, "no depth images"),
        (["depth/0.png"], {"camera": None}, "no camera"),
        (["depth/0.png"], {"unit_m": None}, "without a unit"),
        (["depth/0.png"], {"rate_hz": 0.0}, "rate of 0.0 Hz"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, files: list, options: dict, says: str) -> None:
    for name in files:
        write(tmp_path, name, None, 0)
    with pytest.raises(SourceError, match=says) as caught:
        read(tmp_path, **options)
    assert "expected" in str(caught.value)


@pytest.mark.parametrize("unit_m", [0.0, -1.0, float("nan")])
def test_bad_units(tmp_path: Path, unit_m: float) -> None:
    write(tmp_path, "depth/0.png", None, 0)
    with pytest.raises(InvalidValueError, match="depth unit"):
        FolderSource(tmp_path, CAMERA, unit_m)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nothing there"):
        open_source(tmp_path / "no")
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="no folder"):
        open_source(tmp_path / "file")


def trajectory(count: int) -> str:
    rows = []
    for i in range(count):
        pose = np.eye(4)
        pose[0, 3] = i
        rows.append(f"{i} {i} {i + 1}\n" + "\n".join(" ".join(map(str, r)) for r in pose))
    return "\n".join(rows) + "\n"


def test_recorded_poses(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path, f"depth/{i}.png", None, i)
    (tmp_path / "trajectory.log").write_text(trajectory(3))
    source = open_source(tmp_path, camera=CAMERA, unit_m=0.001)
    for _ in range(2):  # a second pass too
        xs = [
            source.transforms.lookup(WORLD_FRAME, "optical", f.stamp_ns).translation_m[0]
            for f in source
        ]
        assert xs == [0, 1, 2]


@pytest.mark.parametrize(("content", "says"), [(trajectory(2), "2 poses"), ("0 0 1\nx", "4x4")])
def test_bad_poses(tmp_path: Path, content: str, says: str) -> None:
    for i in range(3):
        write(tmp_path, f"depth/{i}.png", None, i)
    (tmp_path / "trajectory.log").write_text(content)
    with pytest.raises(SourceError, match=says):
        open_source(tmp_path, camera=CAMERA, unit_m=0.001)


@pytest.mark.parametrize(
    ("folder", "focal_px", "unit_m", "frames", "median_m"),
    [
        ("lmo_tabletop_gt", None, None, 1, 1.123),
        ("open3d_rgbd/redwood", 525.0, 0.001, 5, 1.861),
        ("posecnn_tabletop", 1066.778, 0.0001, 5, 0.964),
    ],
)
def test_real_folders(
    shared_data: Path,
    folder: str,
    focal_px: float | None,
    unit_m: float | None,
    frames: int,
    median_m: float,
) -> None:
    camera = None
    if focal_px is not None:
        camera = Camera(640, 480, focal_px, focal_px, 319.5, 239.5, frame_id="optical")
    source = open_source(shared_data / folder, camera=camera, unit_m=unit_m)
    read_frames = list(source)
    assert len(read_frames) == frames and source.report.skipped_count == 0
    assert np.nanmedian(read_frames[0].depth_m) == pytest.approx(median_m, abs=1e-3)
    assert all(f.colour is not None for f in read_frames)


def test_a_static_point_of_the_real_world_stays_where_it_is(shared_data: Path) -> None:
    """Points of the first Redwood frame lie on the surfaces of the last, by the recorded poses."""
    camera = Camera(640, 480, 525.0, 525.0, 319.5, 239.5, frame_id="optical")
    source = open_source(shared_data / "open3d_rgbd/redwood", camera=camera, unit_m=0.001)
    from deepsight_ros.geometry.backproject import backproject, project

    clouds = [
        (source.transforms.lookup(WORLD_FRAME, "optical", f.stamp_ns), f.depth_m) for f in source
    ]
    (first, depth), (last, last_depth) = clouds[0], clouds[-1]
    points = backproject(depth, camera)[::8, ::8].reshape(-1, 3)
    points = points[np.isfinite(points[:, 2]) & (points[:, 2] < 2.5)]
    seen = (last.inverse() @ first).apply(points)
    pixels = np.rint(project(seen, camera)).astype(int)
    inside = ((pixels >= 0) & (pixels < [640, 480])).all(axis=1)
    measured = last_depth[pixels[inside, 1], pixels[inside, 0]]
    assert inside.mean() > 0.9
    assert np.nanmedian(np.abs(measured - seen[inside, 2])) < 0.015
