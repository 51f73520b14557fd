"""RVL: lossless run-length and variable-length coding of 16-bit depth, both ways.

A. D. Wilson, "Fast Lossless Depth Image Compression", ISS 2017. Pixels are runs: how many zeros,
how many non-zeros, then each non-zero as zigzag difference to the one before. Every number is
written in 3-bit groups, least significant first, each in a nibble whose top bit says that more
follow; nibbles fill 32-bit little-endian words from the top. Written with whole-array operations:
only the walk from run to run is a loop.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError

_MAX_GROUPS = 9
"""3-bit groups of the longest number: 27 bits count more pixels than an image may have."""
_IMPOSSIBLE = 1 << 30
"""Stands for a longer number: neither a run nor a difference that the checks let pass."""


def encode_rvl(depth: NDArray[np.uint16]) -> bytes:
    """RVL stream of an image in row-major order.

    Args:
        depth: any shape, uint16, 0 = no reading.
    """
    pixels = np.ascontiguousarray(depth, dtype=np.uint16).ravel()
    if pixels.size == 0:
        return b""
    is_set = pixels != 0
    edges = np.flatnonzero(is_set[1:] != is_set[:-1]) + 1
    runs = np.diff(np.concatenate(([0], edges, [pixels.size])))
    if is_set[0]:
        runs = np.concatenate(([0], runs))  # the stream starts with a run of zeros
    if runs.size % 2:
        runs = np.concatenate((runs, [0]))  # and ends with one of non-zeros
    zeros, nonzeros = runs[0::2], runs[1::2]
    differences = np.diff(pixels[is_set].astype(np.int32), prepend=np.int32(0))
    zigzag = (differences << 1) ^ (differences >> 31)

    numbers = np.empty(2 * zeros.size + zigzag.size, dtype=np.int32)
    heads = 2 * np.arange(zeros.size) + np.cumsum(nonzeros) - nonzeros
    is_difference = np.ones(numbers.size, dtype=bool)
    is_difference[heads] = is_difference[heads + 1] = False
    numbers[heads] = zeros
    numbers[heads + 1] = nonzeros
    numbers[is_difference] = zigzag
    return _to_words(numbers)


def decode_rvl(data: bytes, pixel_count: int, name: str = "RVL image") -> NDArray[np.uint16]:
    """Pixels of an RVL stream.

    Args:
        data: the stream, without any header.
        pixel_count: how many pixels it must hold; the caller has limited it.
        name: what error messages call the image.

    Returns:
        (pixel_count,) uint16, row-major; 0 = no reading.

    Raises:
        DecodeError: the stream ends early, its runs do not add up, or a value leaves 16 bits.
    """
    numbers = _from_words(data)
    heads, runs = _walk_runs(numbers, pixel_count, name)
    end = int(heads[-1]) + 2 + int(runs[-1, 1]) if heads.size else 0
    is_difference = np.ones(end, dtype=bool)
    is_difference[heads] = is_difference[heads + 1] = False
    zigzag = numbers[:end][is_difference]
    values = np.cumsum((zigzag >> 1) ^ -(zigzag & 1), dtype=np.int64)
    # Values above 32767 may have been written as negative shorts: both mean the same 16 bits.
    if values.size and (values.min() < -(1 << 15) or values.max() >= 1 << 16):
        raise DecodeError(
            f"{name}: got RVL values from {values.min()} to {values.max()}, expected 16 bits; the "
            "message is corrupt"
        )
    pixels = np.zeros(pixel_count, dtype=np.uint16)
    is_set = np.repeat(np.tile([False, True], len(runs)), runs.ravel())
    pixels[is_set] = values.astype(np.uint16)  # keeps the low 16 bits
    return pixels


def _walk_runs(
    numbers: NDArray[np.int32], pixel_count: int, name: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each pair of run lengths stands, and the pairs (R, 2): zeros, non-zeros."""
    flat = numbers.data  # indexing it gives plain ints, much faster than numpy scalars
    heads: list[int] = []
    runs: list[int] = []
    at, left = 0, pixel_count
    while left > 0:
        if at + 1 >= len(flat):
            raise DecodeError(
                f"{name}: got RVL data that ends {left} pixels early, expected {pixel_count}; the "
                "message is cut"
            )
        zeros, nonzeros = flat[at], flat[at + 1]
        left -= zeros + nonzeros
        if left < 0 or zeros + nonzeros == 0 or at + 2 + nonzeros > len(flat):
            raise DecodeError(
                f"{name}: got an RVL run of {zeros} + {nonzeros} pixels, expected runs that add "
                f"up to {pixel_count}; the message is corrupt"
            )
        heads.append(at)
        runs += (zeros, nonzeros)
        at += 2 + nonzeros
    return np.array(heads, dtype=np.int64), np.array(runs, dtype=np.int64).reshape(-1, 2)


def _to_words(numbers: NDArray[np.int32]) -> bytes:
    """Variable-length code of non-negative numbers below 2**27."""
    groups = np.ones(numbers.size, dtype=np.int32)
    longer = np.flatnonzero(numbers >= 8)  # most numbers are small: go on with the others only
    while longer.size:
        groups[longer] += 1
        longer = longer[numbers[longer] >> (3 * groups[longer]) > 0]
    ends = np.cumsum(groups)
    starts = ends - groups
    nibbles = np.zeros(-(-int(ends[-1]) // 8) * 8, dtype=np.uint8)
    nibbles[starts] = numbers & 7 | (groups > 1).astype(np.int32) << 3
    longer = np.flatnonzero(groups > 1)
    k = 1
    while longer.size:
        more = (groups[longer] > k + 1).astype(np.int32) << 3
        nibbles[starts[longer] + k] = numbers[longer] >> (3 * k) & 7 | more
        k += 1
        longer = longer[groups[longer] > k]
    return ((nibbles[0::2] << 4) | nibbles[1::2]).view(">u4").astype("<u4").tobytes()


def _from_words(data: Any) -> NDArray[np.int32]:
    """Numbers of a variable-length code, the zeros that pad the last word included.

    Numbers of more than nine groups cannot occur in an image and come back as _IMPOSSIBLE.
    """
    whole = len(data) // 4 * 4
    packed = np.frombuffer(data, dtype="<u4", count=whole // 4).astype(">u4").view(np.uint8)
    nibbles = np.empty(packed.size * 2, dtype=np.uint8)
    nibbles[0::2] = packed >> 4
    nibbles[1::2] = packed & 15
    ends = np.flatnonzero(nibbles < 8)
    if ends.size == 0:
        return np.empty(0, dtype=np.int32)
    starts = np.concatenate(([0], ends[:-1] + 1))
    numbers = (nibbles[starts] & 7).astype(np.int32)
    longer = np.flatnonzero(ends > starts)  # most numbers fit one group: go on with the others
    for k in range(1, _MAX_GROUPS):
        at = starts[longer] + k
        numbers[longer] |= (nibbles[at] & 7).astype(np.int32) << (3 * k)
        longer = longer[ends[longer] > at]
    numbers[longer] = _IMPOSSIBLE
    return numbers
