"""Space: what stands in a place already; says whether something more fits.

Two parts whose z ranges overlap must have disjoint footprints: a disc for upright round parts, a
turned rectangle for all others (a tilted part counts as the box around it). All pairs are judged
at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.shapes import BOX, PartArrays

F64 = NDArray[np.float64]

_Z_TOLERANCE_M = 1e-6
X, Y, HALF_X, HALF_Y, COS, SIN, REACH, LOW, HIGH, ROUND = range(10)
"""Columns of ``Footprints.table``."""


@dataclass(frozen=True, eq=False)
class Footprints:
    """Parts seen from above.

    Attributes:
        table: (P, 10) float64: x, y, half sides, cosine and sine of the yaw, radius around it,
            lowest and highest z, 1 for a disc.
    """

    table: F64

    def at(self, position_m: F64, yaw_rad: float) -> F64:
        """The table after turning by the yaw and moving to the position."""
        c, s = cos(yaw_rad), sin(yaw_rad)
        turn = np.eye(10)
        turn[X, X] = turn[Y, Y] = turn[COS, COS] = turn[SIN, SIN] = c
        turn[X, Y] = turn[COS, SIN] = s
        turn[Y, X] = turn[SIN, COS] = -s
        out: F64 = self.table @ turn
        x, y, z = position_m
        out += np.array([x, y, 0, 0, 0, 0, 0, z, z, 0])
        return out


def footprints(parts: PartArrays) -> Footprints:
    """Footprints of parts in the frame they are in."""
    half = parts.size_m / 2
    tilt = np.zeros(len(parts)) if parts.tilt_rad is None else parts.tilt_rad
    ct, st = np.abs(np.cos(tilt)), np.abs(np.sin(tilt))
    half_x, half_z = ct * half[:, 0] + st * half[:, 2], st * half[:, 0] + ct * half[:, 2]
    is_disc = (parts.kind != BOX) & (tilt == 0)
    reach = np.where(is_disc, half_x, np.hypot(half_x, half[:, 1]))
    z = parts.centre_m[:, 2]
    return Footprints(
        np.column_stack(
            [
                parts.centre_m[:, :2],
                half_x,
                half[:, 1],
                np.cos(parts.yaw_rad),
                np.sin(parts.yaw_rad),
                reach,
                z - half_z,
                z + half_z,
                is_disc,
            ]
        )
    )


def separated(a: F64, b: F64, gap_m: float) -> bool:
    """Whether no part of table ``a`` comes nearer than the gap to one of ``b`` beside it.

    Never True when they overlap; corners that face each other may be held for nearer than they
    are.
    """
    if len(b) > 24:  # most of what stands there is far away
        off = b[:, :2] - a[0, :2]
        reach = float((np.hypot(*(a[:, :2] - a[0, :2]).T) + a[:, REACH]).max()) + gap_m
        b = b[(off * off).sum(axis=1) < (b[:, REACH] + reach) ** 2]
        if not len(b):
            return True
    dx = a[:, X, None] - b[:, X]
    dy = a[:, Y, None] - b[:, Y]
    apart = a[:, REACH, None] + b[:, REACH] + gap_m
    near = dx * dx + dy * dy < apart * apart
    near &= a[:, HIGH, None] > b[:, LOW] + _Z_TOLERANCE_M
    near &= a[:, LOW, None] < b[:, HIGH] - _Z_TOLERANCE_M
    i, j = np.nonzero(near)
    if not len(i):
        return True
    p, q = a[i], b[j]
    disc_p, disc_q = p[:, ROUND] > 0, q[:, ROUND] > 0
    if (disc_p & disc_q).any():
        return False
    d = np.column_stack([dx[i, j], dy[i, j]])
    boxes = ~(disc_p | disc_q)
    if boxes.any() and not (_rectangle_gap(p[boxes], q[boxes], d[boxes]) >= gap_m).all():
        return False
    mixed = disc_p | disc_q
    if mixed.any():
        swap = disc_p[mixed, None]
        box, disc = np.where(swap, q[mixed], p[mixed]), np.where(swap, p[mixed], q[mixed])
        offset = np.where(swap, d[mixed], -d[mixed])
        own_x = np.abs(offset[:, 0] * box[:, COS] + offset[:, 1] * box[:, SIN]) - box[:, HALF_X]
        own_y = np.abs(offset[:, 1] * box[:, COS] - offset[:, 0] * box[:, SIN]) - box[:, HALF_Y]
        away = np.hypot(np.maximum(own_x, 0), np.maximum(own_y, 0)) - disc[:, HALF_X]
        if not (away >= gap_m).all():
            return False
    return True


def _rectangle_gap(p: F64, q: F64, d: F64) -> F64:
    """Largest gap along the four side directions of two turned rectangles; d from q to p."""
    cosine = np.abs(p[:, COS] * q[:, COS] + p[:, SIN] * q[:, SIN])
    sine = np.abs(p[:, SIN] * q[:, COS] - p[:, COS] * q[:, SIN])
    out = np.full(len(p), -np.inf)
    for one, other in ((p, q), (q, p)):
        along = np.abs(d[:, 0] * one[:, COS] + d[:, 1] * one[:, SIN])
        across = np.abs(d[:, 1] * one[:, COS] - d[:, 0] * one[:, SIN])
        x, y = other[:, HALF_X], other[:, HALF_Y]
        np.maximum(out, along - one[:, HALF_X] - x * cosine - y * sine, out=out)
        np.maximum(out, across - one[:, HALF_Y] - x * sine - y * cosine, out=out)
    return out


class Space:
    """Grows with what is put into it."""

    def __init__(self) -> None:
        self._table = np.zeros((256, 10))
        self._count = 0

    @property
    def table(self) -> F64:
        return self._table[: self._count]

    def fits(self, table: F64, gap_m: float = 0.0) -> bool:
        """Whether these footprints keep the gap to all that is there."""
        return separated(table, self.table, gap_m)

    def add(self, table: F64) -> None:
        while self._count + len(table) > len(self._table):
            self._table = np.concatenate([self._table, np.zeros_like(self._table)])
        self._table[self._count : self._count + len(table)] = table
        self._count += len(table)


def bounds(table: F64) -> tuple[float, float, float, float]:
    """(x0, x1, y0, y1) around footprints."""
    disc = table[:, ROUND] > 0
    c, s = np.abs(table[:, COS]), np.abs(table[:, SIN])
    x = np.where(disc, table[:, HALF_X], table[:, HALF_X] * c + table[:, HALF_Y] * s)
    y = np.where(disc, table[:, HALF_X], table[:, HALF_X] * s + table[:, HALF_Y] * c)
    return (
        float((table[:, X] - x).min()),
        float((table[:, X] + x).max()),
        float((table[:, Y] - y).min()),
        float((table[:, Y] + y).max()),
    )
