"""Least distance between two solids made of convex parts (Gilbert, Johnson and Keerthi 1988;
termination and sub-simplices as in van den Bergh 2003 and Ericson 2004).

In: ``Hulls``, the convex parts as hulls of discs around one axis, thickened by a ball; boxes,
prisms, cylinders, cones, spheres and their tilted kin all are. Out: distance and the two closest
points, to about 1e-9 m.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled

Array = NDArray[np.float64]
Vec = tuple[float, float, float]

_ACCURACY_M = 1e-9
_MOST_ITERATIONS = 200
_UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class Hull:
    """A convex part: the hull of discs that share an axis direction, plus a ball.

    Attributes:
        discs: (K, 4) float64 centre x, y, z and radius (m); a corner is a disc of radius 0.
        axis: (3,) unit normal of the discs.
        ball_m: radius of the ball that the hull is thickened by.
    """

    discs: Array
    axis: Array
    ball_m: float = 0.0

    def support(self, direction: Array) -> Array:
        """(3,) a farthest point along a direction (3,) of any length but 0."""
        x, y, z = direction.tolist()
        return np.array(_farthest(self.discs, self.axis, self.ball_m, (x, y, z)))

    def reach(self, direction: tuple[float, float, float]) -> float:
        """How far it reaches along a direction, times the direction's length."""
        x, y, z = _farthest(self.discs, self.axis, self.ball_m, direction)
        return float(x * direction[0] + y * direction[1] + z * direction[2])


def upright_hull(discs: Array, ball_m: float = 0.0) -> Hull:
    """Hull of level discs, (K, 4)."""
    return Hull(np.ascontiguousarray(discs, np.float64), _UP, ball_m)


@dataclass(frozen=True, eq=False)
class Hulls:
    """The parts of a solid, one after the other.

    Attributes:
        discs: (N, 4) of all parts; part i has rows ``starts[i]`` to ``starts[i + 1]``.
        starts: (P + 1,) int64.
        axes: (P, 3); balls_m: (P,); middles_m: (P, 3) an inner point of each.
        boxes_m: (P, 6) centre and half sides of an axis-aligned box around each.
    """

    discs: Array
    starts: NDArray[np.int64]
    axes: Array
    balls_m: Array
    middles_m: Array
    boxes_m: Array


def gather(hulls: list[Hull], middles_m: list[Array]) -> Hulls:
    """Parts and an inner point of each as one value."""
    number = [len(h.discs) for h in hulls]
    starts = np.cumsum([0, *number]).astype(np.int64)
    discs = np.concatenate([h.discs for h in hulls])
    axes, balls = np.array([h.axis for h in hulls]), np.array([h.ball_m for h in hulls])
    level = np.sqrt(np.maximum(1.0 - axes * axes, 0.0))  # how far a disc of 1 m reaches
    reach = discs[:, 3:] * np.repeat(level, number, axis=0) + np.repeat(balls, number)[:, None]
    low = np.minimum.reduceat(discs[:, :3] - reach, starts[:-1], axis=0)
    high = np.maximum.reduceat(discs[:, :3] + reach, starts[:-1], axis=0)
    boxes = np.hstack([(low + high) / 2, (high - low) / 2])
    return Hulls(discs, starts, axes, balls, np.array(middles_m, np.float64), boxes)


def distance(a: Hulls, b: Hulls) -> tuple[float, Array, Array]:
    """Least distance between two unions of parts and a closest point on each.

    Returns:
        (distance_m, point on a (3,), point on b (3,)); touching or overlapping gives 0 and one
        common point twice.
    """
    gap, on_a, on_b = _least(
        a.discs,
        a.starts,
        a.axes,
        a.balls_m,
        a.middles_m,
        a.boxes_m,
        b.discs,
        b.starts,
        b.axes,
        b.balls_m,
        b.middles_m,
        b.boxes_m,
    )
    return gap, np.array(on_a), np.array(on_b)


@compiled(
    "f8[:,::1], i8[::1], f8[:,::1], f8[::1], f8[:,::1], f8[:,::1], "
    "f8[:,::1], i8[::1], f8[:,::1], f8[::1], f8[:,::1], f8[:,::1]"
)
def _least(
    discs_a: Array,
    starts_a: NDArray[np.int64],
    axes_a: Array,
    balls_a: Array,
    middles_a: Array,
    boxes_a: Array,
    discs_b: Array,
    starts_b: NDArray[np.int64],
    axes_b: Array,
    balls_b: Array,
    middles_b: Array,
    boxes_b: Array,
) -> tuple[float, Vec, Vec]:
    """Of all pairs of parts; the likeliest first, and a pair whose boxes are farther apart than
    what was found is left out."""
    bounds = np.empty(len(boxes_a) * len(boxes_b))
    for i in range(len(boxes_a)):
        for j in range(len(boxes_b)):
            square = 0.0
            for k in range(3):
                gap = abs(boxes_a[i, k] - boxes_b[j, k]) - boxes_a[i, k + 3] - boxes_b[j, k + 3]
                square += max(gap, 0.0) ** 2
            bounds[i * len(boxes_b) + j] = sqrt(square)
    best, on_a, on_b = np.inf, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
    for at in np.argsort(bounds):
        if bounds[at] > best:
            break
        i, j = at // len(boxes_b), at % len(boxes_b)
        gap, p, q = _convex_distance(
            discs_a[starts_a[i] : starts_a[i + 1]],
            axes_a[i],
            balls_a[i],
            discs_b[starts_b[j] : starts_b[j + 1]],
            axes_b[j],
            balls_b[j],
            _sub(_row(middles_a, i), _row(middles_b, j)),
        )
        if gap < best:
            best, on_a, on_b = gap, p, q
    return best, on_a, on_b


@compiled("f8[:,::1], f8[::1], f8, UniTuple(f8, 3)")
def _farthest(discs: Array, axis: Array, ball_m: float, d: Vec) -> Vec:
    """A farthest point of a hull along ``d``."""
    along = d[0] * axis[0] + d[1] * axis[1] + d[2] * axis[2]
    x, y, z = d[0] - along * axis[0], d[1] - along * axis[1], d[2] - along * axis[2]
    flat = sqrt(x * x + y * y + z * z)
    reach, at = -np.inf, 0
    for i in range(len(discs)):
        ahead = discs[i, 0] * d[0] + discs[i, 1] * d[1] + discs[i, 2] * d[2] + discs[i, 3] * flat
        if ahead > reach:
            reach, at = ahead, i
    px, py, pz = discs[at, 0], discs[at, 1], discs[at, 2]
    if flat > 0.0 and discs[at, 3] > 0.0:
        share = discs[at, 3] / flat
        px, py, pz = px + share * x, py + share * y, pz + share * z
    if ball_m > 0.0:
        share = ball_m / max(sqrt(_dot(d, d)), 1e-300)
        px, py, pz = px + share * d[0], py + share * d[1], pz + share * d[2]
    return px, py, pz


@compiled("f8[:,::1], f8[::1], f8, f8[:,::1], f8[::1], f8, UniTuple(f8, 3)")
def _convex_distance(
    discs_a: Array,
    axis_a: Array,
    ball_a: float,
    discs_b: Array,
    axis_b: Array,
    ball_b: float,
    start: Vec,
) -> tuple[float, Vec, Vec]:
    """Distance of two hulls and a closest point on each; ``start`` is a rough direction from B to
    A. The simplex on A - B has up to four vertices, kept with the points they came from."""
    on_a, on_b, both = np.zeros((4, 3)), np.zeros((4, 3)), np.zeros((4, 3))
    v = start if _dot(start, start) > 1e-18 else (1.0, 0.0, 0.0)
    number, length2 = 0, np.inf
    weights = (1.0, 0.0, 0.0, 0.0)
    for _ in range(_MOST_ITERATIONS):
        p = _farthest(discs_a, axis_a, ball_a, (-v[0], -v[1], -v[2]))
        q = _farthest(discs_b, axis_b, ball_b, v)
        new = _sub(p, q)
        if number > 0:
            # v.w / |v| is a lower bound of the distance, |v| an upper bound
            if length2 - _dot(v, new) <= _ACCURACY_M * sqrt(length2):
                break
            is_known = False
            for i in range(number):
                is_known |= both[i, 0] == new[0] and both[i, 1] == new[1] and both[i, 2] == new[2]
            if is_known:
                break
        _set(on_a, number, p)
        _set(on_b, number, q)
        _set(both, number, new)
        found = _weights(both, number + 1)
        nearer = _mix(both, number + 1, found)
        if _dot(nearer, nearer) >= length2:  # rounding: no progress possible
            break
        number = _keep(on_a, on_b, both, number + 1, found)
        weights = _packed(found)
        v, length2 = nearer, _dot(nearer, nearer)
        if length2 <= _ACCURACY_M**2:
            break
    gap = sqrt(length2)
    at_a, at_b = _mix(on_a, number, weights), _mix(on_b, number, weights)
    if gap <= 2 * _ACCURACY_M:
        return 0.0, at_a, at_a
    return gap, at_a, at_b


Four = tuple[float, float, float, float]


@compiled("f8[:,::1], i8")
def _weights(p: Array, number: int) -> Four:
    """Barycentric weights of the point of the simplex nearest to the origin."""
    if number == 1:
        return 1.0, 0.0, 0.0, 0.0
    if number == 2:
        a, b = _on_segment(_row(p, 0), _row(p, 1))
        return a, b, 0.0, 0.0
    if number == 3:
        a, b, c = _on_triangle(_row(p, 0), _row(p, 1), _row(p, 2))
        return a, b, c, 0.0
    return _on_tetrahedron(p)


@compiled("UniTuple(f8, 3), UniTuple(f8, 3)")
def _on_segment(a: Vec, b: Vec) -> tuple[float, float]:
    """Weights of the point of segment ab nearest to the origin."""
    ab = _sub(b, a)
    length2 = _dot(ab, ab)
    t = -_dot(a, ab) / length2 if length2 > 0.0 else 0.0
    t = min(1.0, max(0.0, t))
    return 1.0 - t, t


@compiled("UniTuple(f8, 3), UniTuple(f8, 3), UniTuple(f8, 3)")
def _on_triangle(a: Vec, b: Vec, c: Vec) -> Vec:
    """Weights of the point of triangle abc nearest to the origin (Ericson 5.1.5)."""
    ab, ac = _sub(b, a), _sub(c, a)
    d1, d2 = -_dot(ab, a), -_dot(ac, a)
    if d1 <= 0 and d2 <= 0:
        return 1.0, 0.0, 0.0
    d3, d4 = -_dot(ab, b), -_dot(ac, b)
    if d3 >= 0 and d4 <= d3:
        return 0.0, 1.0, 0.0
    vc = d1 * d4 - d3 * d2
    if vc <= 0 and d1 >= 0 and d3 <= 0:
        t = d1 / (d1 - d3) if d1 != d3 else 0.0
        return 1.0 - t, t, 0.0
    d5, d6 = -_dot(ab, c), -_dot(ac, c)
    if d6 >= 0 and d5 <= d6:
        return 0.0, 0.0, 1.0
    vb = d5 * d2 - d1 * d6
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        t = d2 / (d2 - d6) if d2 != d6 else 0.0
        return 1.0 - t, 0.0, t
    va = d3 * d6 - d5 * d4
    if va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        span = (d4 - d3) + (d5 - d6)
        t = (d4 - d3) / span if span > 0 else 0.0
        return 0.0, 1.0 - t, t
    total = va + vb + vc
    if total > 0:
        return va / total, vb / total, vc / total
    # a sliver: the best of its edges
    u, w = _on_segment(a, b)
    best, least = (u, w, 0.0), _norm2_of(a, b, u, w)
    u, w = _on_segment(a, c)
    if _norm2_of(a, c, u, w) < least:
        best, least = (u, 0.0, w), _norm2_of(a, c, u, w)
    u, w = _on_segment(b, c)
    if _norm2_of(b, c, u, w) < least:
        best = (0.0, u, w)
    return best


@compiled("UniTuple(f8, 3), UniTuple(f8, 3), f8, f8")
def _norm2_of(a: Vec, b: Vec, u: float, w: float) -> float:
    """Squared length of u a + w b."""
    x, y, z = u * a[0] + w * b[0], u * a[1] + w * b[1], u * a[2] + w * b[2]
    return x * x + y * y + z * z


_FACES = np.array([(0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 3, 1), (1, 2, 3, 0)])


@compiled("f8[:,::1]")
def _on_tetrahedron(p: Array) -> Four:
    """Weights of the nearest point of a tetrahedron; of the origin where that is inside."""
    best = np.zeros(4)
    least = np.inf
    for face in range(4):
        i, j, k, opposite = _FACES[face, 0], _FACES[face, 1], _FACES[face, 2], _FACES[face, 3]
        a, b, c = _row(p, i), _row(p, j), _row(p, k)
        normal = _cross(_sub(b, a), _sub(c, a))
        height = _dot(normal, _sub(_row(p, opposite), a))
        origin = -_dot(normal, a)
        flat = abs(height) <= 1e-12 * sqrt(_dot(normal, normal))
        if not flat and origin * height >= 0:
            continue  # the origin is on the inner side of this face
        u, v, w = _on_triangle(a, b, c)
        x = u * a[0] + v * b[0] + w * c[0]
        y = u * a[1] + v * b[1] + w * c[1]
        z = u * a[2] + v * b[2] + w * c[2]
        if x * x + y * y + z * z < least:
            least = x * x + y * y + z * z
            best[:] = 0.0
            best[i], best[j], best[k] = u, v, w
    if least == np.inf:  # inside: volumes of the four tetrahedra with the origin
        for face in range(4):
            i, j, k, opposite = _FACES[face, 0], _FACES[face, 1], _FACES[face, 2], _FACES[face, 3]
            best[opposite] = abs(_dot(_row(p, i), _cross(_row(p, j), _row(p, k))))
        total = best.sum()
        if total > 0:
            best /= total
        else:
            best[:] = 0.25
    return best[0], best[1], best[2], best[3]


@compiled("f8[:,::1], f8[:,::1], f8[:,::1], i8, UniTuple(f8, 4)")
def _keep(on_a: Array, on_b: Array, both: Array, number: int, weights: Four) -> int:
    """Drop vertices without weight, in place; how many are left."""
    kept = 0
    for i in range(number):
        if weights[i] > 0.0:
            for k in range(3):
                on_a[kept, k], on_b[kept, k] = on_a[i, k], on_b[i, k]
                both[kept, k] = both[i, k]
            kept += 1
    return kept


@compiled("UniTuple(f8, 4)")
def _packed(weights: Four) -> Four:
    """The weights above 0, first."""
    out = np.zeros(4)
    kept = 0
    for i in range(4):
        if weights[i] > 0.0:
            out[kept] = weights[i]
            kept += 1
    return out[0], out[1], out[2], out[3]


@compiled("f8[:,::1], i8, UniTuple(f8, 4)")
def _mix(points: Array, number: int, weights: Four) -> Vec:
    x = y = z = 0.0
    for i in range(number):
        x += weights[i] * points[i, 0]
        y += weights[i] * points[i, 1]
        z += weights[i] * points[i, 2]
    return x, y, z


@compiled("f8[:,::1], i8")
def _row(rows: Array, i: int) -> Vec:
    return rows[i, 0], rows[i, 1], rows[i, 2]


@compiled("f8[:,::1], i8, UniTuple(f8, 3)")
def _set(rows: Array, i: int, value: Vec) -> None:
    rows[i, 0], rows[i, 1], rows[i, 2] = value


@compiled("UniTuple(f8, 3), UniTuple(f8, 3)")
def _dot(a: Vec, b: Vec) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@compiled("UniTuple(f8, 3), UniTuple(f8, 3)")
def _sub(a: Vec, b: Vec) -> Vec:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@compiled("UniTuple(f8, 3), UniTuple(f8, 3)")
def _cross(a: Vec, b: Vec) -> Vec:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )
