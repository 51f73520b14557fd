"""Grouping's loops over pixels as machine code: votes, borders, parts, enlarging.

In: arrays on the network's grid (h, w). Out: arrays of them, or of instances 1..K. What they mean
is said in ``perception.grouping``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.view import Float

Labels = NDArray[np.int32]
Ints = NDArray[np.int64]
Array = NDArray[np.float64]


@compiled("f4[:,:,::1], f4[:,::1], f8, f8")
def votes_of(
    heads: Float, depth_m: Float, object_at: float, unit_px: float
) -> tuple[Float, Float, Float, Float]:
    """Probability of being object; column and row that each object pixel votes for (-1: none);
    votes that each pixel gets."""
    rows, columns = depth_m.shape
    objectness = np.empty((rows, columns), np.float32)
    vote_x = np.full((rows, columns), np.float32(-1.0))
    vote_y = np.full((rows, columns), np.float32(-1.0))
    votes = np.zeros((rows, columns), np.float32)
    unit = np.float32(unit_px)
    for r in range(rows):
        for c in range(columns):
            other = np.exp(heads[0, r, c] - heads[2, r, c]) + np.exp(
                heads[1, r, c] - heads[2, r, c]
            )
            p = np.float32(1.0) / (np.float32(1.0) + other)
            objectness[r, c] = p
            if p <= object_at or depth_m[r, c] <= 0:
                continue
            x = min(max(c + heads[4, r, c] * unit, np.float32(0.0)), np.float32(columns - 1))
            y = min(max(r + heads[5, r, c] * unit, np.float32(0.0)), np.float32(rows - 1))
            vote_x[r, c], vote_y[r, c] = x, y
            votes[int(np.rint(y)), int(np.rint(x))] += 1
    return objectness, vote_x, vote_y, votes


@compiled("f4[:,::1], f4[:,::1], f4[::1], f4[::1]")
def nearest_middle(vote_x: Float, vote_y: Float, middle_x: Float, middle_y: Float) -> Labels:
    """(h, w) number, from 1, of the middle nearest to a pixel's vote; 0 where it has none."""
    rows, columns = vote_x.shape
    out = np.zeros((rows, columns), np.int32)
    for r in range(rows):
        for c in range(columns):
            x, y = vote_x[r, c], vote_y[r, c]
            if x < 0:
                continue
            best, least = 0, np.float32(np.inf)
            for k in range(len(middle_x)):
                dx, dy = x - middle_x[k], y - middle_y[k]
                away = dx * dx + dy * dy
                if away < least:
                    best, least = k, away
            out[r, c] = best + 1
    return out


@compiled("i4[:,::1], i8, f4[:,::1], f4[:,::1], f4[:,::1]")
def common_borders(
    labels: Labels, count: int, border: Float, depth_m: Float, gap_m: Float
) -> tuple[Ints, Array, Ints]:
    """(K + 1, K + 1) pairs of neighbouring pixels of two instances without a gap in depth, lower
    number first; the sum of the border's probability over them; and (K + 1,) pixels of each.

    Args:
        border: probability of lying at another's border.
    """
    rows, columns = labels.shape
    number = np.zeros((count + 1, count + 1), np.int64)
    total = np.zeros((count + 1, count + 1))
    size = np.zeros(count + 1, np.int64)
    for r in range(rows):
        for c in range(columns):
            own = labels[r, c]
            size[own] += 1
            if own == 0:
                continue
            for k in range(2):
                rr, cc = r + (k == 0), c + (k == 1)
                if rr >= rows or cc >= columns:
                    continue
                other = labels[rr, cc]
                if other == 0 or other == own:
                    continue
                gap = min(gap_m[r, c], gap_m[rr, cc])
                if abs(depth_m[r, c] - depth_m[rr, cc]) >= gap:
                    continue
                low, high = min(own, other), max(own, other)
                number[low, high] += 1
                total[low, high] += max(border[r, c], border[rr, cc])
    return number, total, size


@compiled("i4[:,::1], f4[::1], i8[:,::1], f8[:,::1], i8[::1], f8, f8")
def joined_of(
    labels: Labels,
    value: Float,
    number: Ints,
    total: Array,
    size: Ints,
    least_border: float,
    join_at: float,
) -> tuple[Labels, Float]:
    """Labels with instances joined whose common border is long and shows no border, numbered
    in the order of their first; and the best value of each.

    Args:
        number, total, size: as ``common_borders`` gives them.
        least_border: pixels of border that count, over the root of the smaller one's pixels.
        join_at: mean probability of being a border below which two are one.
    """
    count = len(value)
    root = np.arange(count + 1)
    for low in range(1, count + 1):
        for high in range(low + 1, count + 1):
            pixels = number[low, high]
            if pixels == 0 or pixels < least_border * np.sqrt(min(size[low], size[high])):
                continue
            if total[low, high] / pixels >= join_at:
                continue
            a, b = root[low], root[high]
            if a != b:
                one, other = min(a, b), max(a, b)
                for k in range(1, count + 1):
                    if root[k] == other:
                        root[k] = one
    table = np.zeros(count + 1, np.int32)
    groups = 0
    for k in range(1, count + 1):
        if root[k] == k:
            groups += 1
            table[k] = groups
    best = np.zeros(groups, np.float32)
    for k in range(1, count + 1):
        table[k] = table[root[k]]
        best[table[k] - 1] = max(best[table[k] - 1], value[k - 1])
    out = np.empty_like(labels)
    flat, to = labels.ravel(), out.ravel()
    for i in range(flat.size):
        to[i] = table[flat[i]]
    return out, best


@compiled("i4[:,::1], f4[:,::1], f4[:,::1]")
def parts_of(labels: Labels, depth_m: Float, gap_m: Float) -> Labels:
    """(h, w) int32, 1..P: pixels of one label that hang together, over one missing pixel too,
    without a gap in depth."""
    rows, columns = labels.shape
    parent = np.arange(rows * columns)
    for r in range(rows):
        for c in range(columns):
            own = labels[r, c]
            if own == 0:
                continue
            for dr, dc in ((0, 1), (1, 0), (0, 2), (2, 0), (1, 1)):
                rr, cc = r + dr, c + dc
                if rr >= rows or cc >= columns or labels[rr, cc] != own:
                    continue
                gap = min(gap_m[r, c], gap_m[rr, cc]) * max(dr, dc)
                if abs(depth_m[r, c] - depth_m[rr, cc]) >= gap:
                    continue
                a, b = r * columns + c, rr * columns + cc
                while parent[a] != a:
                    parent[a] = parent[parent[a]]
                    a = parent[a]
                while parent[b] != b:
                    parent[b] = parent[parent[b]]
                    b = parent[b]
                if a < b:
                    parent[b] = a
                else:
                    parent[a] = b
    out = np.zeros((rows, columns), np.int32)
    flat, label = out.ravel(), labels.ravel()
    number = 0
    for i in range(rows * columns):  # a part's root is its first pixel
        if label[i] == 0:
            continue
        root = i
        while parent[root] != root:
            root = parent[root]
        if root == i:
            number += 1
            flat[i] = number
        else:
            flat[i] = flat[root]
    return out


@compiled("i4[:,::1], i4[:,::1], i8, f4[:,::1], f4[:,::1]")
def measured_parts(
    labels: Labels, parts: Labels, count: int, depth_m: Float, objectness: Float
) -> tuple[Ints, Ints, Array, Array]:
    """(P + 1,) pixels of each part, its instance, sum of its depths and of being object."""
    size = np.zeros(count + 1, np.int64)
    owner = np.zeros(count + 1, np.int64)
    depth, sure = np.zeros(count + 1), np.zeros(count + 1)
    rows, columns = labels.shape
    for r in range(rows):
        for c in range(columns):
            part = parts[r, c]
            if part:
                size[part] += 1
                owner[part] = labels[r, c]
                depth[part] += depth_m[r, c]
                sure[part] += objectness[r, c]
    return size, owner, depth, sure


@compiled("i4[:,::1], i4[:,::1], i8[::1]")
def contacts_of(labels: Labels, parts: Labels, main: Ints) -> Ints:
    """(P + 1,) pairs of neighbours between each part and its instance's largest part."""
    rows, columns = labels.shape
    out = np.zeros(len(main), np.int64)
    for r in range(rows):
        for c in range(columns):
            own = parts[r, c]
            if own == 0:
                continue
            for k in range(2):
                rr, cc = r + (k == 0), c + (k == 1)
                if rr >= rows or cc >= columns or labels[rr, cc] != labels[r, c]:
                    continue
                other = parts[rr, cc]
                if other == own:
                    continue
                out[own] += main[own] == other
                out[other] += main[other] == own
    return out


@compiled("i4[:,::1], i8, f4[:,::1]")
def enlarged(labels: Labels, step: int, depth_m: Float) -> Labels:
    """See ``grouping.enlarge``."""
    rows, columns = depth_m.shape
    high, wide = labels.shape
    out = np.zeros((rows, columns), np.int32)
    for r in range(rows):
        top = r // step
        low = min(top + 1, high - 1)
        for c in range(columns):
            own = depth_m[r, c]
            if own <= 0:
                continue
            left = c // step
            right = min(left + 1, wide - 1)
            label = labels[top, left]
            if (
                labels[top, right] == label
                and labels[low, left] == label
                and labels[low, right] == label
            ):
                out[r, c] = label
                continue
            least = np.float32(np.inf)
            for rr in (top, low):
                for cc in (left, right):
                    z = depth_m[rr * step, cc * step]
                    away = np.float32(1e3) if z == 0 else abs(z - own)
                    if away < least:
                        out[r, c], least = labels[rr, cc], away
    return out


@compiled("i4[:,::1], i8, f4[:,::1], f4[:,::1], f4[::1], f4[::1], f8[::1]")
def high_shares(
    labels: Labels, count: int, height_m: Float, sigma_m: Float, x: Float, y: Float, normal: Array
) -> Array:
    """(K + 1,) share of each label that is farther from the support than noise puts it."""
    rows, columns = labels.shape
    number = np.zeros(count + 1, np.int64)
    share = np.zeros(count + 1)
    for r in range(rows):
        for c in range(columns):
            label = labels[r, c]
            if label == 0:
                continue
            along = x[c] * normal[0] + y[r] * normal[1] + normal[2]
            number[label] += 1
            share[label] += abs(height_m[r, c]) > 0.004 + 1.5 * sigma_m[r, c] * abs(along)
    return share / np.maximum(number, 1)
