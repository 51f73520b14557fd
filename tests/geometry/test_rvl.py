"""RVL against its paper's own loop, exact round trips, and streams that lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError
from deepsight_ros.geometry.rvl import decode_rvl, encode_rvl


def reference_decode(data: bytes, count: int) -> list[int]:
    """Pixel by pixel, as the paper describes the format."""
    words = np.frombuffer(data, "<u4").tolist()
    nibbles = [(word >> shift) & 15 for word in words for shift in range(28, -4, -4)]
    at = 0

    def number() -> int:
        nonlocal at
        value, bits = 0, 0
        while True:
            nibble = nibbles[at]
            at += 1
            value |= (nibble & 7) << bits
            bits += 3
            if not nibble & 8:
                return value

    pixels: list[int] = []
    previous = 0
    while len(pixels) < count:
        pixels += [0] * number()
        for _ in range(number()):
            zigzag = number()
            previous += (zigzag >> 1) ^ -(zigzag & 1)
            pixels.append(previous)
    return pixels


DEPTHS = hnp.arrays(
    np.uint16,
    hnp.array_shapes(min_dims=1, max_dims=2, max_side=24),
    elements=st.one_of(st.just(0), st.integers(1000, 1010), st.integers(0, 65535)),
)


@given(DEPTHS)
@settings(max_examples=200, deadline=None)
def test_round_trip_is_exact_and_agrees_with_the_paper(depth: NDArray[np.uint16]) -> None:
    data = encode_rvl(depth)
    assert len(data) % 4 == 0
    np.testing.assert_array_equal(decode_rvl(data, depth.size), depth.ravel())
    assert reference_decode(data, depth.size) == depth.ravel().tolist()


def test_known_stream() -> None:
    # 2 zeros, 2 set: +5 -> zigzag 10 (0b001_010: nibbles 0xA, 0x1), -1 -> zigzag 1; 0 zeros left
    data = np.array([0x22A11000], "<u4").tobytes()
    assert encode_rvl(np.array([0, 0, 5, 4], np.uint16)) == data
    assert decode_rvl(data, 4).tolist() == [0, 0, 5, 4]


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_all_empty_and_all_full(size: int) -> None:
    for depth in (np.zeros(size, np.uint16), np.full(size, 65535, np.uint16)):
        np.testing.assert_array_equal(decode_rvl(encode_rvl(depth), size), depth)


def test_empty_image() -> None:
    assert encode_rvl(np.zeros((0, 4), np.uint16)) == b""
    assert decode_rvl(b"", 0).size == 0


def test_values_written_as_negative_shorts_come_back_as_16_bits() -> None:
    # a writer with signed shorts stores 40000 as -25536: zigzag 51071
    digits = [0, 1] + [(51071 >> 3 * k & 7) | (8 if k < 5 else 0) for k in range(6)]
    word = 0
    for digit in digits:
        word = word << 4 | digit
    assert decode_rvl(np.array([word], "<u4").tobytes(), 1).tolist() == [40000]


@pytest.mark.parametrize("keep", [0, 3, 4, 40])
def test_cut_streams_are_refused(keep: int) -> None:
    depth = np.random.default_rng(0).integers(1, 65536, 500, dtype=np.uint16)
    with pytest.raises(DecodeError, match="expected"):
        decode_rvl(encode_rvl(depth)[:keep], 500, "/depth")


@pytest.mark.parametrize("count", [499, 501])
def test_a_stream_of_another_size_is_refused(count: int) -> None:
    with pytest.raises(DecodeError, match="expected"):
        decode_rvl(encode_rvl(np.full(500, 9, np.uint16)), count)


def test_numbers_without_end_are_refused() -> None:
    with pytest.raises(DecodeError):
        decode_rvl(b"\xff" * 64, 100)
    with pytest.raises(DecodeError):
        decode_rvl(b"\xff\xff\xff\xff\xff\xff\xff\x7f" + bytes(8), 100)


@given(st.binary(max_size=400), st.integers(0, 5000))
@settings(max_examples=200, deadline=None)
def test_any_bytes_decode_or_raise_decode_error(data: bytes, count: int) -> None:
    try:
        assert decode_rvl(data, count).shape == (count,)
    except DecodeError as error:
        assert "expected" in str(error)
