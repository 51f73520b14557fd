"""Sums over the pixels and outlines of masks, as machine code; see ``perception.judging``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.view import Bool, Float

Labels = NDArray[np.int32]
Ints = NDArray[np.int64]
Array = NDArray[np.float64]

SUMS = 19
"""Columns of ``sums_of``."""


@compiled(
    "i4[:,::1], i8, f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1], f4[:,::1]"
)
def sums_of(
    labels: Labels,
    count: int,
    objectness: Float,
    vote_x: Float,
    vote_y: Float,
    border: Float,
    centre: Float,
    depth_m: Float,
    gap_m: Float,
) -> Array:
    """(K + 1, ``SUMS``) of each label.

    Columns: 0 pixels, 1 objectness, 2 pixels that vote, 3-4 votes, 5 squares of votes, 6-7
    places, 8 squares of places, 9 greatest middle, 10 border probability inside, 11 pixels inside,
    12 steps over the outline, 13 of them down in depth, 14 up, 15 border probability of the level
    ones, 16 object without border beyond level ones, 17 outline at the picture's edge, 18 depth.
    """
    rows, columns = labels.shape
    out = np.zeros((count + 1, SUMS))
    for r in range(rows):
        for c in range(columns):
            own = labels[r, c]
            if own == 0:
                continue
            to = out[own]
            to[0] += 1
            to[1] += objectness[r, c]
            if vote_x[r, c] >= 0:
                x, y = np.float64(vote_x[r, c]), np.float64(vote_y[r, c])
                to[2] += 1
                to[3] += x
                to[4] += y
                to[5] += x * x + y * y
            to[6] += c
            to[7] += r
            to[8] += r * r + c * c
            to[9] = max(to[9], centre[r, c])
            to[18] += depth_m[r, c]
            at_edge = False
            for k in range(4):
                rr = r + (k == 0) - (k == 1)
                cc = c + (k == 2) - (k == 3)
                if rr < 0 or cc < 0 or rr >= rows or cc >= columns:
                    to[17] += 1
                    continue
                if labels[rr, cc] == own:
                    continue
                at_edge = True
                to[12] += 1
                if depth_m[rr, cc] == 0:
                    continue
                rise = depth_m[rr, cc] - depth_m[r, c]
                gap = min(gap_m[r, c], gap_m[rr, cc])
                if rise >= gap:
                    to[13] += 1
                elif rise <= -gap:
                    to[14] += 1
                else:
                    p = max(border[r, c], border[rr, cc])
                    to[15] += p
                    to[16] += objectness[rr, cc] * (1.0 - p)
            if not at_edge:
                to[10] += border[r, c]
                to[11] += 1
    return out


@compiled("i4[:,::1], i8, i4[:,::1], i8")
def joint_of(first: Labels, firsts: int, second: Labels, seconds: int) -> Array:
    """(A + 1, B + 1) pixels that a label of the one and of the other image share."""
    out = np.zeros((firsts + 1, seconds + 1))
    a, b = first.ravel(), second.ravel()
    for i in range(a.size):
        out[a[i], b[i]] += 1.0
    return out


@compiled("b1[:,::1], f8[::1], i8[::1], f8")
def best_set(conflict: Bool, judged: Array, order: Ints, margin: float) -> Bool:
    """(N,) which masks are kept: none in conflict with another.

    The best first, as far as there is room; then one gives way to several that it alone stands
    against and whose judgements together exceed its own by ``margin``.

    Args:
        conflict: (N, N) which masks cannot both be kept.
        judged: (N,) how likely each is one whole thing.
        order: numbers of those that may be kept, best first.
    """
    kept = np.zeros(len(judged), np.bool_)
    against = np.zeros(len(judged), np.int64)  # kept masks in conflict with each
    for k in order:
        if against[k] == 0:
            kept[k] = True
            against += conflict[k]
    instead = np.empty(len(order), np.int64)
    for i in range(len(order) - 1, -1, -1):  # the least sure first
        one = order[i]
        if not kept[one]:
            continue
        number, total = 0, 0.0
        for k in order:
            if kept[k] or against[k] != 1 or not conflict[one, k]:
                continue
            fits = True
            for m in range(number):
                fits = fits and not conflict[k, instead[m]]
            if fits:
                instead[number] = k
                number += 1
                total += judged[k]
        if number > 1 and total > judged[one] + margin:
            kept[one] = False
            against -= conflict[one]
            for m in range(number):
                kept[instead[m]] = True
                against += conflict[instead[m]]
    return kept


@compiled("i4[:,::1], i4[:,::1], i4[:,::1]")
def paint_over(out: Labels, labels: Labels, own: Labels) -> None:
    """Write the number of each kept label where it is lower than what is there.

    Args:
        own: (M, 2) labels of ``labels`` that are kept, and their numbers.
    """
    to, source = out.ravel(), labels.ravel()
    top = 0
    for label in source:
        top = max(top, label)
    table = np.zeros(top + 1, np.int32)
    for k in range(len(own)):
        if own[k, 0] <= top:
            table[own[k, 0]] = own[k, 1]
    for i in range(source.size):
        number = table[source[i]]
        if number and number < to[i]:
            to[i] = number
