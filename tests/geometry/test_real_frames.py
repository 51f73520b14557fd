"""Real frames of five sources, whose units and encodings their publishers documented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from deepsight_ros.geometry.backproject import backproject, project
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.decode import (
    ImageBuffer,
    decode_colour,
    decode_compressed_colour,
    decode_compressed_depth,
    decode_depth,
    encode_compressed_depth,
)
from deepsight_ros.geometry.depth_units import metres
from deepsight_ros.geometry.rvl import decode_rvl, encode_rvl

PRIMESENSE = Camera(640, 480, 525.0, 525.0, 319.5, 239.5)


def stored(path: Path) -> NDArray[np.uint16]:
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert image is not None and image.dtype == np.uint16
    return image


@pytest.mark.parametrize(
    ("file", "unit_m", "median_m"),
    [
        ("open3d_rgbd/redwood/depth/00000.png", None, (1.0, 2.5)),
        ("lmo_tabletop_gt/000003_depth.png", None, (0.7, 1.4)),
        ("posecnn_tabletop/000001-depth.png", 0.0001, (0.9, 1.8)),
        ("open3d_rgbd/other_formats/TUM_depth.png", 1 / 5000, (0.7, 3.0)),
    ],
)
def test_depth_in_metres_by_every_road(
    shared_data: Path, file: str, unit_m: float | None, median_m: tuple[float, float]
) -> None:
    raw = stored(shared_data / file)
    height, width = raw.shape
    direct = decode_depth(ImageBuffer(height, width, "16UC1", 0, width * 2, raw.tobytes()), unit_m)
    assert median_m[0] < np.nanmedian(direct) < median_m[1]
    np.testing.assert_array_equal(np.isnan(direct), raw == 0)
    swapped = raw.astype(">u2").tobytes()
    np.testing.assert_array_equal(
        decode_depth(ImageBuffer(height, width, "16UC1", 1, width * 2, swapped), unit_m), direct
    )
    for codec in ("png", "rvl"):
        message = encode_compressed_depth(raw, codec)
        np.testing.assert_array_equal(decode_compressed_depth(*message, unit_m), direct)
    np.testing.assert_array_equal(decode_rvl(encode_rvl(raw), raw.size), raw.ravel())


def test_sun_depth_with_rotated_bits(shared_data: Path) -> None:
    raw = stored(shared_data / "open3d_rgbd/other_formats/SUN_depth.png")
    depth = metres((raw >> 3) | (raw << 13), 0.001)
    assert 0.5 < np.nanmedian(depth) < 6 and np.nanmax(depth) < 12


def test_nyu_disparity_in_little_endian(shared_data: Path) -> None:
    content = (shared_data / "open3d_rgbd/other_formats/NYU_depth.pgm").read_bytes()
    body = content[-640 * 480 * 2 :]  # PGM says big-endian; this file is not
    disparity = ImageBuffer(480, 640, "16UC1", False, 1280, body).pixels("u2", 1).astype(float)
    assert disparity.max() <= 2047
    z = np.where(disparity < 2047, 351.3 / (1092.5 - disparity), np.nan)
    depth = decode_depth(ImageBuffer(480, 640, "32FC1", False, 2560, z.astype("<f4").tobytes()))
    assert 0.5 < np.nanmedian(depth) < 6


def test_a_robot_bag_holds_the_same_depth_in_three_encodings(shared_data: Path) -> None:
    bags = pytest.importorskip("rosbags.highlevel", reason="rosbags is not installed")
    depths: dict[str, NDArray[Any]] = {}
    for kind in ("raw", "compressed", "compressedDepth"):
        path = shared_data / "spot_ros1_bag" / f"{kind}.bag"
        with bags.AnyReader([path]) as reader:
            for connection, _, raw in reader.messages():
                message = reader.deserialize(raw, connection.msgtype)
                if "depth" in connection.topic:
                    depths[kind] = _depth(message)
                else:
                    colour = _colour(message)
                    assert colour.dtype == np.uint8 and colour.shape[2] == 3
    assert depths["raw"].shape == (240, 424)
    np.testing.assert_array_equal(depths["raw"], depths["compressed"])
    np.testing.assert_array_equal(depths["raw"], depths["compressedDepth"])
    measured = [f(depths["raw"]) for f in (np.nanmin, np.nanmedian, np.nanmax)]
    np.testing.assert_allclose(measured, [0.485, 1.438, 4.820], atol=5e-4)


def _depth(message: Any) -> NDArray[np.float32]:
    if hasattr(message, "format"):
        return decode_compressed_depth(message.format, message.data)
    return decode_depth(_buffer(message))


def _colour(message: Any) -> NDArray[np.uint8]:
    if hasattr(message, "format"):
        return decode_compressed_colour(message.format, message.data)
    return decode_colour(_buffer(message))


def _buffer(message: Any) -> ImageBuffer:
    return ImageBuffer(
        message.height,
        message.width,
        message.encoding,
        message.is_bigendian,
        message.step,
        message.data,
    )


def test_compressed_colour_of_a_robot_has_its_raw_colours(shared_data: Path) -> None:
    bags = pytest.importorskip("rosbags.highlevel", reason="rosbags is not installed")
    colours = {}
    for kind in ("raw", "compressed"):
        with bags.AnyReader([shared_data / "spot_ros1_bag" / f"{kind}.bag"]) as reader:
            for connection, _, raw in reader.messages():
                if "hand_color" in connection.topic:
                    message = reader.deserialize(raw, connection.msgtype)
                    colours[kind] = _colour(message).astype(int)
    difference = np.abs(colours["raw"] - colours["compressed"]).mean()
    swapped = np.abs(colours["raw"] - colours["compressed"][..., ::-1]).mean()
    assert difference < 0.7 * swapped  # a noisy image, and JPEG


def test_points_of_a_real_frame_project_back(shared_data: Path) -> None:
    depth = metres(stored(shared_data / "open3d_rgbd/redwood/depth/00000.png"), 0.001)
    points = backproject(depth, PRIMESENSE)
    known = ~np.isnan(depth)
    rows, columns = np.nonzero(known)
    np.testing.assert_allclose(
        project(points[known], PRIMESENSE), np.column_stack([columns, rows]), atol=2e-3
    )
