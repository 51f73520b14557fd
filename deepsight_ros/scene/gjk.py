"""Least distance between two convex sets given by support functions (Gilbert, Johnson and
Keerthi 1988; termination and sub-simplices as in van den Bergh 2003 and Ericson 2004).

In: two support functions over plain float triples. Out: distance and the two closest points.
Plain floats, not arrays: the vectors are too short for numpy to pay.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

Vec = tuple[float, float, float]
Support = Callable[[float, float, float], Vec]
# one vertex of the simplex on A - B, with the points of A and B it came from
_Vertex = tuple[Vec, Vec, Vec]

_ACCURACY_M = 1e-9
_MOST_ITERATIONS = 200


def _dot(a: Vec, b: Vec) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _sub(a: Vec, b: Vec) -> Vec:
    return (a[0] - b[0], a[1] - b[1], a[2] - b[2])


def _cross(a: Vec, b: Vec) -> Vec:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _mix(points: list[Vec], weights: list[float]) -> Vec:
    x = y = z = 0.0
    for (px, py, pz), w in zip(points, weights, strict=True):
        x += w * px
        y += w * py
        z += w * pz
    return x, y, z


def _on_segment(a: Vec, b: Vec) -> list[float]:
    """Barycentric weights of the point of segment ab nearest to the origin."""
    ab = _sub(b, a)
    length2 = _dot(ab, ab)
    t = -_dot(a, ab) / length2 if length2 > 0 else 0.0
    t = min(1.0, max(0.0, t))
    return [1.0 - t, t]


def _on_triangle(a: Vec, b: Vec, c: Vec) -> list[float]:
    """Barycentric weights of the point of triangle abc nearest to the origin (Ericson 5.1.5)."""
    ab, ac = _sub(b, a), _sub(c, a)
    d1, d2 = -_dot(ab, a), -_dot(ac, a)
    if d1 <= 0 and d2 <= 0:
        return [1.0, 0.0, 0.0]
    d3, d4 = -_dot(ab, b), -_dot(ac, b)
    if d3 >= 0 and d4 <= d3:
        return [0.0, 1.0, 0.0]
    vc = d1 * d4 - d3 * d2
    if vc <= 0 and d1 >= 0 and d3 <= 0:
        t = d1 / (d1 - d3) if d1 != d3 else 0.0
        return [1.0 - t, t, 0.0]
    d5, d6 = -_dot(ab, c), -_dot(ac, c)
    if d6 >= 0 and d5 <= d6:
        return [0.0, 0.0, 1.0]
    vb = d5 * d2 - d1 * d6
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        t = d2 / (d2 - d6) if d2 != d6 else 0.0
        return [1.0 - t, 0.0, t]
    va = d3 * d6 - d5 * d4
    if va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        span = (d4 - d3) + (d5 - d6)
        t = (d4 - d3) / span if span > 0 else 0.0
        return [0.0, 1.0 - t, t]
    total = va + vb + vc
    if total <= 0:  # a sliver: the best of its edges
        candidates = [
            [*_on_segment(a, b), 0.0],
            [(w := _on_segment(a, c))[0], 0.0, w[1]],
            [0.0, *_on_segment(b, c)],
        ]
        return min(candidates, key=lambda w: _norm2(_mix([a, b, c], w)))
    return [va / total, vb / total, vc / total]


def _norm2(a: Vec) -> float:
    return _dot(a, a)


_FACES = ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 3, 1), (1, 2, 3, 0))


def _on_tetrahedron(p: list[Vec]) -> list[float] | None:
    """Weights of the nearest point of a tetrahedron, or None when the origin is inside it."""
    best: list[float] | None = None
    best_distance = float("inf")
    for i, j, k, opposite in _FACES:
        normal = _cross(_sub(p[j], p[i]), _sub(p[k], p[i]))
        height = _dot(normal, _sub(p[opposite], p[i]))
        origin = -_dot(normal, p[i])
        size = sqrt(_norm2(normal))
        flat = abs(height) <= 1e-12 * size
        if not flat and origin * height >= 0:
            continue  # the origin is on the inner side of this face
        on_face = _on_triangle(p[i], p[j], p[k])
        distance = _norm2(_mix([p[i], p[j], p[k]], on_face))
        if distance < best_distance:
            best_distance = distance
            best = [0.0] * 4
            best[i], best[j], best[k] = on_face
    return best


def _nearest(simplex: list[_Vertex]) -> tuple[list[_Vertex], list[float], Vec]:
    """Smallest part of the simplex that holds its point nearest to the origin."""
    p = [vertex[0] for vertex in simplex]
    weights: list[float] | None
    if len(p) == 1:
        weights = [1.0]
    elif len(p) == 2:
        weights = _on_segment(p[0], p[1])
    elif len(p) == 3:
        weights = _on_triangle(p[0], p[1], p[2])
    else:
        weights = _on_tetrahedron(p)
        if weights is None:
            return simplex, _inner_weights(p), (0.0, 0.0, 0.0)
    kept = [i for i, w in enumerate(weights) if w > 0.0]
    parts = [simplex[i] for i in kept]
    used = [weights[i] for i in kept]
    return parts, used, _mix([v[0] for v in parts], used)


def _inner_weights(p: list[Vec]) -> list[float]:
    """Barycentric weights of the origin inside a tetrahedron."""
    volumes = []
    for i in range(4):
        a, b, c = (p[j] for j in range(4) if j != i)
        volumes.append(abs(_dot(a, _cross(b, c))))
    total = sum(volumes)
    return [v / total for v in volumes] if total > 0 else [0.25] * 4


def convex_distance(support_a: Support, support_b: Support, start: Vec) -> tuple[float, Vec, Vec]:
    """Distance between two convex sets and a closest point on each.

    Args:
        support_a, support_b: farthest point of the set along a direction (dx, dy, dz).
        start: rough direction from B to A (centre difference); any non-zero vector works.

    Returns:
        (distance_m, point on A, point on B); overlap gives 0 and one common point twice.
        The distance is right to about 1e-9 m.
    """

    def vertex(d: Vec) -> _Vertex:
        on_a = support_a(-d[0], -d[1], -d[2])
        on_b = support_b(d[0], d[1], d[2])
        return _sub(on_a, on_b), on_a, on_b

    direction = start if _norm2(start) > 1e-18 else (1.0, 0.0, 0.0)
    simplex = [vertex(direction)]
    simplex, weights, v = _nearest(simplex)
    for _ in range(_MOST_ITERATIONS):
        length2 = _norm2(v)
        if length2 <= _ACCURACY_M**2:
            break
        new = vertex(v)
        # v.w / |v| is a lower bound of the distance, |v| an upper bound
        if length2 - _dot(v, new[0]) <= _ACCURACY_M * sqrt(length2):
            break
        if any(new[0] == old[0] for old in simplex):
            break
        parts, used, nearer = _nearest([*simplex, new])
        if _norm2(nearer) >= length2:  # rounding: no progress possible
            break
        simplex, weights, v = parts, used, nearer
    on_a = _mix([s[1] for s in simplex], weights)
    on_b = _mix([s[2] for s in simplex], weights)
    distance = sqrt(_norm2(v))
    if distance <= 2 * _ACCURACY_M:
        return 0.0, on_a, on_a
    return distance, on_a, on_b
