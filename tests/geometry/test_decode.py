"""Raw image messages: every encoding, padding, byte order and unit; every malformed field."""

from __future__ import annotations

import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.decode import (
    COLOUR_ENCODINGS,
    DEPTH_ENCODINGS,
    ImageBuffer,
    decode_colour,
    decode_depth,
)

RNG = np.random.default_rng(5)


def message(
    pixels: NDArray, encoding: str, padding: int = 0, big: bool = False, wrap=bytes
) -> ImageBuffer:
    """The message a driver would send for (H, W) or (H, W, C) pixels."""
    order = pixels.dtype.newbyteorder(">" if big else "<")
    rows = pixels.astype(order).reshape(len(pixels), -1).view(np.uint8)
    padded = np.pad(rows, ((0, 0), (0, padding)), constant_values=0xAB)
    height, width = pixels.shape[:2]
    return ImageBuffer(height, width, encoding, big, padded.shape[1], wrap(padded.tobytes()))


@pytest.mark.parametrize("encoding", ["16UC1", "mono16"])
@pytest.mark.parametrize("padding", [0, 1, 7])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("unit_m", [None, 0.0001, 1 / 5000])
def test_integer_depth(encoding: str, padding: int, big: bool, unit_m: float | None) -> None:
    stored = RNG.integers(0, 65536, (7, 9), dtype=np.uint16)
    stored[2, 3] = 0
    depth = decode_depth(message(stored, encoding, padding, big), unit_m)
    assert depth.dtype == np.float32 and depth.shape == (7, 9)
    np.testing.assert_array_equal(np.isnan(depth), stored == 0)
    expected = np.where(stored == 0, np.nan, stored * (unit_m or 0.001))
    np.testing.assert_allclose(depth, expected, rtol=1e-6)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("unit_m", [None, 0.001])
def test_float_depth(big: bool, padding: int, unit_m: float | None) -> None:
    stored = np.array([[1.5, 0.0, -1.0, np.nan], [np.inf, -np.inf, 1e-3, 3.4e38]], np.float32)
    depth = decode_depth(message(stored, "32FC1", padding, big), unit_m)
    scale = unit_m or 1.0
    bad = np.array([[0, 1, 1, 1], [1, 1, 0, 0]], bool)
    np.testing.assert_array_equal(np.isnan(depth), bad)
    np.testing.assert_allclose(depth[~bad], stored[~bad] * np.float32(scale), rtol=1e-6)


def test_float_depth_never_overflows_to_infinity() -> None:
    stored = np.array([[3e38, 1e-38]], np.float32)
    assert np.isnan(decode_depth(message(stored, "32FC1"), 1000.0)[0, 0])
    assert not np.isinf(decode_depth(message(stored, "32FC1"), 1000.0)).any()


def test_depth_is_a_fresh_array() -> None:
    stored = np.ones((2, 2), np.float32)
    source = message(stored, "32FC1", wrap=bytearray)
    decode_depth(source)[:] = 7
    assert decode_depth(source).max() == 1.0


COLOUR = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)
ALPHA = np.full((6, 8, 1), 9, np.uint8)
GREY = COLOUR[..., :1]


@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize(
    ("encoding", "stored", "expected"),
    [
        ("rgb8", COLOUR, COLOUR),
        ("bgr8", COLOUR[..., ::-1], COLOUR),
        ("8UC3", COLOUR[..., ::-1], COLOUR),
        ("rgba8", np.dstack([COLOUR, ALPHA]), COLOUR),
        ("bgra8", np.dstack([COLOUR[..., ::-1], ALPHA]), COLOUR),
        ("8UC4", np.dstack([COLOUR[..., ::-1], ALPHA]), COLOUR),
        ("mono8", GREY, np.repeat(GREY, 3, axis=2)),
        ("8UC1", GREY, np.repeat(GREY, 3, axis=2)),
        ("rgb16", COLOUR.astype(np.uint16) * 257, COLOUR),
        ("bgr16", COLOUR[..., ::-1].astype(np.uint16) * 257, COLOUR),
        ("mono16", GREY.astype(np.uint16) * 257, np.repeat(GREY, 3, axis=2)),
    ],
)
def test_colour(encoding: str, stored: NDArray, expected: NDArray, padding: int) -> None:
    for big in (False, True) if stored.dtype == np.uint16 else (False,):
        rgb = decode_colour(message(np.ascontiguousarray(stored), encoding, padding, big))
        assert rgb.dtype == np.uint8
        np.testing.assert_array_equal(rgb, expected)


@pytest.mark.parametrize("pattern", ["rggb", "bggr", "gbrg", "grbg"])
def test_bayer_of_a_flat_colour(pattern: str) -> None:
    value = {"r": 200, "g": 120, "b": 40}
    tile = np.array(
        [[value[pattern[0]], value[pattern[1]]], [value[pattern[2]], value[pattern[3]]]]
    )
    stored = np.tile(tile, (4, 5)).astype(np.uint8)
    rgb = decode_colour(message(stored, f"bayer_{pattern}8"))
    np.testing.assert_array_equal(rgb, np.broadcast_to([200, 120, 40], rgb.shape))


@pytest.mark.parametrize(
    ("encoding", "tile"), [("yuv422", [[128, 90, 128, 90]]), ("yuv422_yuy2", [[90, 128, 90, 128]])]
)
def test_yuv_grey(encoding: str, tile: list[list[int]]) -> None:
    stored = np.tile(np.array(tile, np.uint8), (4, 3)).reshape(4, 6, 2)
    rgb = decode_colour(message(stored, encoding))
    assert np.ptp(rgb) == 0 and abs(int(rgb[0, 0, 0]) - 86) <= 1  # (90 - 16) * 255 / 219


def test_rgb8_is_a_view_of_the_message() -> None:
    data = bytearray(COLOUR.tobytes())
    rgb = decode_colour(ImageBuffer(6, 8, "rgb8", 0, 24, data))
    assert np.shares_memory(rgb, np.frombuffer(data, np.uint8))
    assert rgb.flags.c_contiguous


@pytest.mark.parametrize(
    "wrap",
    [
        bytes,
        bytearray,
        memoryview,
        lambda b: array.array("B", b),
        lambda b: np.frombuffer(b, np.uint8),
    ],
)
def test_any_container_of_bytes(wrap) -> None:
    np.testing.assert_array_equal(decode_colour(message(COLOUR, "rgb8", wrap=wrap)), COLOUR)


def test_last_row_may_lack_its_padding() -> None:
    whole = message(COLOUR, "rgb8", padding=5)
    cut = replace(whole, data=whole.data[:-5])
    np.testing.assert_array_equal(decode_colour(cut), COLOUR)


GOOD = message(np.full((4, 6), 1000, np.uint16), "16UC1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"height": 0}, "size 6x0"),
        ({"width": 0, "step": 0}, "size 0x4"),
        ({"width": -6}, "size -6x4"),
        ({"step": 11}, "step 11, expected at least 12"),
        ({"step": 0}, "step 0"),
        ({"step": -12}, "step -12"),
        ({"step": 13}, "48 bytes, expected 52"),
        ({"step": 2**40}, "48 bytes"),
        ({"height": 5}, "48 bytes, expected 60"),
        ({"height": 2**31}, "48 bytes"),
        ({"height": 3}, "48 bytes, expected 36"),
        ({"data": b""}, "0 bytes"),
        ({"data": GOOD.data[:-1]}, "47 bytes, expected 48"),
        ({"data": [1, 2, 3]}, "type list"),
        ({"data": None}, "type NoneType"),
        ({"data": np.zeros((96,), np.uint8)[::2]}, "ndarray"),
        ({"encoding": ""}, "encoding ''"),
        ({"encoding": "rgb8"}, "colour image"),
        ({"encoding": "8UC1"}, "colour image"),
        ({"encoding": "64FC1"}, "expected depth as 16UC1"),
    ],
)
def test_malformed_depth_says_what_is_wrong(change: dict, says: str) -> None:
    with pytest.raises(DecodeError, match=says) as caught:
        decode_depth(replace(GOOD, name="/depth", **change))
    assert "/depth" in str(caught.value) and "expected" in str(caught.value)


@pytest.mark.parametrize("unit_m", [0.0, -0.001, float("nan"), float("inf"), 1e9])
def test_bad_units_are_refused(unit_m: float) -> None:
    with pytest.raises(DecodeError, match="depth unit"):
        decode_depth(GOOD, unit_m)


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1", "jpeg", "", "RGB8"])
def test_unknown_colour_is_refused(encoding: str) -> None:
    with pytest.raises(DecodeError, match="expected colour"):
        decode_colour(ImageBuffer(2, 2, encoding, 0, 8, bytes(16)))


def test_odd_sizes_that_cannot_be_converted_are_refused() -> None:
    with pytest.raises(DecodeError, match="even size"):
        decode_colour(ImageBuffer(2, 3, "yuv422", 0, 6, bytes(12)))


@given(
    height=st.integers(-2, 9),
    width=st.integers(-2, 9),
    encoding=st.sampled_from([*DEPTH_ENCODINGS, *COLOUR_ENCODINGS, "?"]),
    big=st.booleans(),
    step=st.integers(-3, 60),
    data=st.binary(max_size=200),
    unit_m=st.one_of(st.none(), st.floats()),
)
@settings(max_examples=300, deadline=None)
def test_any_message_decodes_or_raises_decode_error(
    height: int, width: int, encoding: str, big: bool, step: int, data: bytes, unit_m: float | None
) -> None:
    image = ImageBuffer(height, width, encoding, big, step, data)
    try:
        depth = decode_depth(image, unit_m)
        assert depth.shape == (height, width)
        assert not (depth <= 0).any() and not np.isinf(depth).any()
    except DecodeError:
        pass
    try:
        rgb = decode_colour(image)
        assert rgb.shape == (height, width, 3) and rgb.dtype == np.uint8
    except DecodeError:
        pass


@given(
    st.sampled_from([*COLOUR_ENCODINGS, *DEPTH_ENCODINGS]),
    st.integers(1, 7),
    st.integers(1, 7),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_any_small_size_of_any_encoding(encoding: str, height: int, width: int, big: bool) -> None:
    step = width * 8  # no encoding has more than 8 bytes per pixel
    image = ImageBuffer(height, width, encoding, big, step, bytes(step * height))
    try:
        shape = (decode_depth if encoding in DEPTH_ENCODINGS else decode_colour)(image).shape
        assert shape[:2] == (height, width)
    except DecodeError as error:
        assert "even size" in str(error)
