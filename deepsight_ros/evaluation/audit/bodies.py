"""Things of an audited picture: their parts, upright boxes, gaps, and what is asked of them.

Truth JSON of a row in; quantities and signed differences of predicates out, after the definitions
that docs/data_engine.md ("Audit") repeats from the package's semantics. Metres; W frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError

from deepsight_ros.errors import ShardError
from deepsight_ros.evaluation.audit import parts as geometry
from deepsight_ros.evaluation.audit.parts import Part

Array = NDArray[np.float64]

_NEAR_TIE = 0.002
"""Rectangles this much larger than the least are other answers to which side is the longer."""
_MOST_TIES = 4
_SAMPLES = 700
_X, _Y, _Z = np.eye(3)


@dataclass(frozen=True)
class Upright:
    """An upright rectangle extruded in z: centre (3,), longer and shorter side, height."""

    centre_m: Array
    length_m: float
    breadth_m: float
    height_m: float


@dataclass(frozen=True, eq=False)
class Thing:
    """One object as stored: names, and parts in W."""

    id: str
    label: str
    colour: str
    parts: tuple[Part, ...]
    is_gripper: bool = False
    is_region: bool = False
    caption: str = ""

    @classmethod
    def read(cls, fields: Mapping[str, Any], caption: str = "") -> Thing:
        """From the JSON of a stored object."""
        if "solids" not in fields:
            raise ShardError(
                f"object {fields.get('id')}: the truth has no full solid, so nothing can be "
                "recomputed"
            )
        return cls(
            fields["id"],
            fields.get("label", ""),
            fields.get("colour", ""),
            tuple(Part.read(s) for s in fields["solids"]),
            fields.get("is_gripper", False),
            fields.get("is_region", False),
            caption,
        )

    def span(self, direction: Array) -> tuple[float, float]:
        """Least and greatest ``direction @ p`` over the thing."""
        return (
            min(-p.reach(-direction) for p in self.parts),
            max(p.reach(direction) for p in self.parts),
        )

    def extent(self, direction: Array) -> float:
        """Length of the shadow on a unit direction."""
        low, high = self.span(direction)
        return high - low

    @cached_property
    def outline_m(self) -> Array:
        """(N, 2) convex outline of the footprint, counter-clockwise."""
        return hull_2d(np.vstack([p.ground_m for p in self.parts]))

    @cached_property
    def uprights(self) -> tuple[Upright, ...]:
        """The least-area upright box first, then those hardly larger, whose sides differ."""
        edges = np.roll(self.outline_m, -1, axis=0) - self.outline_m
        angles = np.unique(np.round(np.arctan2(edges[:, 1], edges[:, 0]) % (np.pi / 2), 9))
        c, s = np.cos(angles), np.sin(angles)
        u = self.outline_m @ np.stack([c, s])
        v = self.outline_m @ np.stack([-s, c])
        areas = np.ptp(u, axis=0) * np.ptp(v, axis=0)
        low, high = self.span(_Z)
        found: list[Upright] = []
        for i in np.argsort(areas, kind="stable"):
            if areas[i] > areas.min() * (1 + _NEAR_TIE) + 1e-9:
                break
            (u0, u1), (v0, v1) = (
                self.span(np.array([c[i], s[i], 0.0])),
                self.span(np.array([-s[i], c[i], 0.0])),
            )
            mid_u, mid_v = (u0 + u1) / 2, (v0 + v1) / 2
            centre = np.array(
                [c[i] * mid_u - s[i] * mid_v, s[i] * mid_u + c[i] * mid_v, (low + high) / 2]
            )
            sides = sorted((u1 - u0, v1 - v0))
            made = Upright(centre, sides[1], sides[0], high - low)
            if all(_differs(made, other) for other in found):
                found.append(made)
            if len(found) == _MOST_TIES:
                break
        return tuple(found)

    @property
    def upright(self) -> Upright:
        """The least-area upright box."""
        return self.uprights[0]

    @property
    def centre_m(self) -> Array:
        """(3,) middle of the upright box."""
        return self.upright.centre_m

    @cached_property
    def samples_m(self) -> Array:
        """(N, 3) points evenly over the outer surface."""
        rng = np.random.default_rng(0)
        low = np.min([p.bounds_m[0] for p in self.parts], axis=0)
        high = np.max([p.bounds_m[1] for p in self.parts], axis=0)
        a, b, c = high - low
        spacing = math.sqrt(max(2 * (a * b + b * c + c * a), 1e-8) / _SAMPLES)
        outer = []
        for i, part in enumerate(self.parts):
            points = part.surface_m(spacing, rng)
            for j, other in enumerate(self.parts):
                if i != j and len(points):
                    points = points[other.distances_m(points) > 1e-7]
            outer.append(points)
        joined = np.vstack(outer)
        return joined if len(joined) else self.parts[0].surface_m(spacing, rng)

    def distances_m(self, points_m: Array) -> Array:
        """(N,) distance of points to the thing, 0 inside."""
        return np.min([p.distances_m(points_m) for p in self.parts], axis=0)


def thing_gap_m(a: Thing, b: Thing) -> float:
    """Least distance between two things: over pairs of parts, the nearest boxes first."""
    best = math.inf
    couples = [(geometry.bounds_gap_m(p, q), p, q) for p in a.parts for q in b.parts]
    for least, p, q in sorted(couples, key=lambda c: c[0]):
        if least >= best:
            break
        best = min(best, geometry.gap_m(p, q))
        if best <= 0:
            return 0.0
    return best


def mean_nearest_m(a: Thing, b: Thing) -> float:
    """Mean of both directions' mean distance from surface samples to the other thing."""
    return float((b.distances_m(a.samples_m).mean() + a.distances_m(b.samples_m).mean()) / 2)


def clock_hours(of: Array, to: Array) -> float:
    """Bearing in hours, (0, 12]: 12 along x, 3 along minus y."""
    hours = math.degrees(math.atan2(-(to[1] - of[1]), to[0] - of[0])) / 30.0 % 12.0
    return hours if hours > 0 else 12.0


def hull_2d(points: Array) -> Array:
    """Convex outline, counter-clockwise."""
    try:
        return np.asarray(points[ConvexHull(points).vertices])
    except QhullError:  # all on a line: a sliver stands for it
        low, high = points.min(axis=0), points.max(axis=0)
        corners = np.array([[low[0], low[1]], [high[0], low[1]], high, [low[0], high[1]]])
        return corners + np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 1e-6


def outlines_overlap_m(a: Array, b: Array) -> float:
    """How far two convex outlines overlap (metres, negative: how far they are apart) along the
    edge direction that separates them most."""
    least = math.inf
    for outline in (a, b):
        edge = np.roll(outline, -1, axis=0) - outline
        normal = np.column_stack([edge[:, 1], -edge[:, 0]])
        normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
        of_a, of_b = a @ normal.T, b @ normal.T
        shared = np.minimum(of_a.max(axis=0), of_b.max(axis=0)) - np.maximum(
            of_a.min(axis=0), of_b.min(axis=0)
        )
        least = min(least, float(shared.min()))
    return least


def _differs(a: Upright, b: Upright) -> bool:
    return (
        float(np.abs(a.centre_m - b.centre_m).max()) > 1e-4
        or abs(a.length_m - b.length_m) > 1e-4
        or abs(a.breadth_m - b.breadth_m) > 1e-4
    )
