"""Compressed messages: JPEG, PNG, compressedDepth in PNG and RVL; bombs, cuts and garbage."""

from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.decode import (
    decode_compressed_colour,
    decode_compressed_depth,
    encode_compressed_depth,
)
from deepsight_ros.geometry.decode_compressed import MAX_PIXELS, PNG_START

RNG = np.random.default_rng(6)
RGB = cv2.resize(RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8), (64, 48))
DEPTH = RNG.integers(300, 4000, (24, 32), dtype=np.uint16)
DEPTH[5:9, 3:20] = 0


def encoded(extension: str, pixels: NDArray) -> bytes:
    return cv2.imencode(extension, pixels)[1].tobytes()


BGR_PNG = encoded(".png", RGB[..., ::-1])
RGB_PNG = encoded(".png", RGB)  # RGB bytes compressed as if they were BGR


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("png", BGR_PNG),
        ("rgb8; png compressed bgr8", BGR_PNG),
        ("bgr8; png compressed bgr8", BGR_PNG),
        ("rgb8; png compressed rgb8", RGB_PNG),
        ("rgb8; png compressed ", RGB_PNG),
        ("bgr8; png compressed rgb8", RGB_PNG),
    ],
)
def test_colour_order_follows_the_format_field(format: str, data: bytes) -> None:
    np.testing.assert_array_equal(decode_compressed_colour(format, data), RGB)


@pytest.mark.parametrize("format", ["jpeg", "rgb8; jpeg compressed bgr8", "jpg"])
def test_jpeg(format: str) -> None:
    rgb = decode_compressed_colour(format, encoded(".jpg", RGB[..., ::-1]))
    assert np.abs(rgb.astype(int) - RGB).mean() < 6
    assert np.abs(rgb[..., ::-1].astype(int) - RGB).mean() > 20


@pytest.mark.parametrize("extension", [".png", ".jpg"])
def test_grey_is_repeated(extension: str) -> None:
    rgb = decode_compressed_colour("mono8; jpeg compressed ", encoded(extension, RGB[..., 0]))
    assert rgb.shape == RGB.shape
    np.testing.assert_array_equal(rgb[..., 0], rgb[..., 2])


@pytest.mark.parametrize("codec", ["png", "rvl"])
@pytest.mark.parametrize("unit_m", [None, 0.0001])
def test_integer_depth_round_trip(codec: str, unit_m: float | None) -> None:
    format, data = encode_compressed_depth(DEPTH, codec)
    depth = decode_compressed_depth(format, data, unit_m)
    np.testing.assert_array_equal(np.isnan(depth), DEPTH == 0)
    np.testing.assert_array_equal(
        np.nan_to_num(depth / np.float32(unit_m or 0.001)).round(), DEPTH
    )


def test_codec_that_is_not_named_is_png() -> None:
    _, data = encode_compressed_depth(DEPTH, "png")
    assert decode_compressed_depth("16UC1; compressedDepth", data).shape == DEPTH.shape


def test_header_numbers_of_integer_depth_may_be_garbage() -> None:
    format, data = encode_compressed_depth(DEPTH, "png")
    garbage = struct.pack("<iff", -7, float("nan"), -1e30) + data[12:]
    np.testing.assert_array_equal(
        decode_compressed_depth(format, garbage), decode_compressed_depth(format, data)
    )


@pytest.mark.parametrize("format", ["16UC1; png compressed ", "png"])
def test_bare_png(format: str) -> None:
    depth = decode_compressed_depth(format, encoded(".png", DEPTH))
    np.testing.assert_array_equal(np.nan_to_num(depth * 1000).round(), DEPTH)


@pytest.mark.parametrize("codec", ["png", "rvl"])
def test_inverse_depth_round_trip_within_its_quantisation(codec: str) -> None:
    z = RNG.uniform(0.4, 9.9, (20, 30)).astype(np.float32)
    z[3, 4], z[0, 0] = np.nan, 11.0
    format, data = encode_compressed_depth(z, codec)
    assert format == f"32FC1; compressedDepth {codec}"
    depth = decode_compressed_depth(format, data)
    assert np.isnan(depth[3, 4]) and np.isnan(depth[0, 0])
    valid = ~np.isnan(depth)
    assert valid.sum() == z.size - 2
    step = z[valid] ** 2 / (100 * 101)  # one code, by the derivative of a / z
    assert (np.abs(depth[valid] - z[valid]) <= 1.01 * step).all()


def bomb(width: int, height: int) -> bytes:
    header = PNG_START + struct.pack(">I4sII5B", 13, b"IHDR", width, height, 16, 0, 0, 0, 0)
    return header + bytes(4) + struct.pack(">I4s", 0, b"IEND") + bytes(4)


PNG_FORMAT, PNG_DATA = encode_compressed_depth(DEPTH, "png")
RVL_FORMAT, RVL_DATA = encode_compressed_depth(DEPTH, "rvl")
RVL_HEAD = struct.pack("<iffII", 0, 0, 0, 32, 24)


@pytest.mark.parametrize(
    ("format", "data", "says"),
    [
        (PNG_FORMAT, b"", "0 bytes"),
        (PNG_FORMAT, PNG_DATA[:12], "12 bytes"),
        (PNG_FORMAT, PNG_DATA[:16], "expected a PNG"),
        (PNG_FORMAT, PNG_DATA[: len(PNG_DATA) // 2], "cut or corrupt"),
        (PNG_FORMAT, PNG_DATA[:-5], "cut or corrupt"),
        (PNG_FORMAT, PNG_DATA[12:], "expected a PNG"),
        (PNG_FORMAT, bytes(12) + bomb(60000, 60000), "60000x60000"),
        (PNG_FORMAT, bytes(12) + bomb(0, 5), "0x5"),
        (PNG_FORMAT, bytes(12) + bomb(5, 5), "cut or corrupt"),
        (PNG_FORMAT, bytes(12) + encoded(".png", RGB), "16 bit, one channel"),
        (PNG_FORMAT, bytes(12) + encoded(".png", RGB[..., 0]), "16 bit, one channel"),
        (PNG_FORMAT, bytes(12) + encoded(".jpg", RGB), "expected a PNG"),
        (RVL_FORMAT, RVL_DATA[:16], "expected its size first"),
        (RVL_FORMAT, RVL_DATA[:20], "ends 768 pixels early"),
        (RVL_FORMAT, RVL_DATA[: len(RVL_DATA) // 2], "RVL"),
        (RVL_FORMAT, RVL_HEAD + bytes(400), "run of 0"),
        (RVL_FORMAT, RVL_HEAD + b"\xff" * 40, "RVL"),
        (RVL_FORMAT, RVL_HEAD + b"\x77\x77\x77\x7f" * 40, "RVL"),
        (RVL_FORMAT, struct.pack("<iffII", 0, 0, 0, 2**31, 2**31) + bytes(9), "claims"),
        (RVL_FORMAT, struct.pack("<iffII", 0, 0, 0, 0, 24) + bytes(9), "claims 0x24"),
        ("32FC1; compressedDepth png", struct.pack("<iff", 0, 0, 0) + PNG_DATA[12:], "a=0.0"),
        ("32FC1; compressedDepth", struct.pack("<iff", 0, np.nan, 0) + PNG_DATA[12:], "a=nan"),
        ("16UC1; jpeg compressed ", encoded(".jpg", RGB[..., 0]), "lossy or unknown"),
        ("32FC1; png compressed ", PNG_DATA[12:], "lossy or unknown"),
        ("bgr8; jpeg compressed bgr8", PNG_DATA, "is this the depth topic"),
        ("", PNG_DATA, "lossy or unknown"),
        (PNG_FORMAT, None, "type NoneType"),
    ],
)
def test_malformed_depth(format: str, data: bytes, says: str) -> None:
    with pytest.raises(DecodeError, match=says) as caught:
        decode_compressed_depth(format, data, name="/depth")
    assert "/depth" in str(caught.value) and "expected" in str(caught.value)


JPEG = encoded(".jpg", RGB)


@pytest.mark.parametrize(
    ("format", "data", "says"),
    [
        ("jpeg", b"", "expected a JPEG or PNG"),
        ("jpeg", JPEG[:3], "without a frame header"),
        ("jpeg", JPEG[:200], "JPEG|cut"),
        ("jpeg", JPEG[: len(JPEG) // 2], "cut or corrupt"),
        ("jpeg", b"BM" + bytes(100), "expected a JPEG or PNG"),
        ("png", BGR_PNG[:-20], "cut or corrupt"),
        ("png", bomb(10**6, 10**6), "claims"),
        (PNG_FORMAT, PNG_DATA, "this is a depth image"),
        ("jpeg", [1, 2], "type list"),
    ],
)
def test_malformed_colour(format: str, data: bytes, says: str) -> None:
    with pytest.raises(DecodeError, match=says):
        decode_compressed_colour(format, data, name="/colour")


def test_limit_leaves_room_for_real_cameras() -> None:
    assert MAX_PIXELS >= 4096 * 3072


FORMATS = st.sampled_from(
    [PNG_FORMAT, RVL_FORMAT, "32FC1; compressedDepth rvl", "16UC1; png compressed ", "png", "jpeg"]
)
SEEDS = st.sampled_from([PNG_DATA, RVL_DATA, BGR_PNG, JPEG, RVL_HEAD, PNG_DATA[12:]])


@given(FORMATS, SEEDS, st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6))
@settings(max_examples=200, deadline=None)
def test_flipped_bytes_decode_or_raise_decode_error(
    format: str, seed: bytes, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(seed)
    for place, value in flips:
        data[place % len(data)] = value
    _decodes_or_refuses(format, bytes(data))


@given(st.text(max_size=40), st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_decode_or_raise_decode_error(format: str, data: bytes) -> None:
    _decodes_or_refuses(format, data)


@given(FORMATS, st.sampled_from([b"\xff\xd8\xff", PNG_START, RVL_HEAD]), st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_plausible_starts_decode_or_raise_decode_error(
    format: str, start: bytes, data: bytes
) -> None:
    _decodes_or_refuses(format, start + data)


def _decodes_or_refuses(format: str, data: bytes) -> None:
    try:
        depth = decode_compressed_depth(format, data)
        assert depth.dtype == np.float32 and not (depth <= 0).any() and not np.isinf(depth).any()
    except DecodeError:
        pass
    try:
        assert decode_compressed_colour(format, data).dtype == np.uint8
    except DecodeError:
        pass
