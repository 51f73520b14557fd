"""Convex parts as stored in shards, with geometry of the audit's own: reach, points, distances.

JSON of a solid in; support values, outlines, point distances and gaps out (metres, W frame).
Circles stand as polygons of ``_CORNERS`` corners where a gap is asked for: short by 0.02 % of the
radius. Gaps come from a non-negative least squares problem over the corners, not from GJK.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.spatial import ConvexHull

from deepsight_ros.errors import ShardError

Array = NDArray[np.float64]

_CORNERS = 144
_ANGLES = 2 * np.pi * np.arange(_CORNERS) / _CORNERS
_RING = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])
_SUM_WEIGHT = 50.0


@dataclass(frozen=True, eq=False)
class Part:
    """One convex solid, upright; ``Tilted`` is one that lies or leans.

    Attributes:
        kind: box, cylinder, cone, sphere or prism.
        centre_m: (3,) middle of its height.
        half_m: (3,) half sides before yaw; radius, radius, half height for round ones.
        yaw_rad: about z (boxes).
        outline_m: (N, 2) footprint of a prism, counter-clockwise; empty for others.
    """

    kind: str
    centre_m: Array
    half_m: Array
    yaw_rad: float
    outline_m: Array

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> Part:
        """From the JSON of a stored solid; ShardError when it is none."""
        try:
            kind = str(fields["shape"])
            if kind == "tilted":
                return Tilted.around(cls.read(fields["upright"]), fields["pose"])
            none = np.zeros((0, 2))
            if kind == "prism":
                outline = np.array(fields["outline_m"], dtype=float)
                low, high = float(fields["bottom_m"]), float(fields["top_m"])
                span = outline.max(axis=0) - outline.min(axis=0)
                middle = (outline.max(axis=0) + outline.min(axis=0)) / 2
                centre = np.array([*middle, (low + high) / 2])
                return cls(kind, centre, np.array([*span, high - low]) / 2, 0.0, outline)
            centre = np.array(fields["centre_m"], dtype=float)
            if kind == "box":
                half = np.array(fields["size_m"], dtype=float) / 2
                return cls(kind, centre, half, float(fields["yaw_rad"]), none)
            radius = float(fields["radius_m"])
            if kind == "sphere":
                return cls(kind, centre, np.full(3, radius), 0.0, none)
            if kind in ("cylinder", "cone"):
                half = np.array([radius, radius, float(fields["height_m"]) / 2])
                return cls(kind, centre, half, 0.0, none)
        except (KeyError, TypeError, ValueError) as error:
            raise ShardError(f"stored solid: cannot be read ({error!r})") from error
        raise ShardError(f"stored solid: got the shape '{kind}', which the audit does not know")

    @property
    def is_round(self) -> bool:
        return self.kind in ("cylinder", "cone", "sphere")

    @cached_property
    def low_z(self) -> float:
        """Lowest z."""
        return float(self.centre_m[2] - self.half_m[2])

    @cached_property
    def high_z(self) -> float:
        """Highest z."""
        return float(self.centre_m[2] + self.half_m[2])

    def reach(self, direction: Array) -> float:
        """Greatest ``direction @ p`` over the part; direction (3,), any length."""
        at = float(self.centre_m @ direction)
        radius, half = float(self.half_m[0]), float(self.half_m[2])
        flat = math.hypot(direction[0], direction[1])
        if self.kind == "sphere":
            return at + radius * float(np.linalg.norm(direction))
        if self.kind == "cylinder":
            return at + radius * flat + half * abs(float(direction[2]))
        if self.kind == "cone":  # a disc at the bottom, a point at the top
            z = float(direction[2])
            return at + max(radius * flat - half * z, half * z)
        if self.kind == "prism":
            sides = self.outline_m @ direction[:2]
            z = float(direction[2])
            return float(sides.max()) + max(z * self.low_z, z * self.high_z)
        own = self._turn.T @ direction
        return at + float(np.abs(own) @ self.half_m)

    @cached_property
    def _turn(self) -> Array:
        c, s = math.cos(self.yaw_rad), math.sin(self.yaw_rad)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    @cached_property
    def ground_m(self) -> Array:
        """(N, 2) corners of its shadow on the ground."""
        if self.is_round:
            return self.centre_m[:2] + self.half_m[0] * _RING
        if self.kind == "prism":
            return self.outline_m
        signs = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]])
        return self.centre_m[:2] + (signs * self.half_m[:2]) @ self._turn[:2, :2].T

    @cached_property
    def hull(self) -> tuple[Array, float]:
        """(N, 3) corners whose hull, grown by the radius (metres) beside it, is the part."""
        if self.kind == "sphere":
            return self.centre_m[None], float(self.half_m[0])
        flat = self.ground_m
        low = np.column_stack([flat, np.full(len(flat), self.low_z)])
        if self.kind == "cone":
            return np.vstack([low, [[*self.centre_m[:2], self.high_z]]]), 0.0
        return np.vstack([low, np.column_stack([flat, np.full(len(flat), self.high_z)])]), 0.0

    @cached_property
    def bounds_m(self) -> tuple[Array, Array]:
        """(3,) lowest and (3,) highest coordinates."""
        axes = np.eye(3)
        return (
            np.array([-self.reach(-a) for a in axes]),
            np.array([self.reach(a) for a in axes]),
        )

    def distances_m(self, points_m: Array) -> Array:
        """(N,) distance of (N, 3) points to the part, 0 inside."""
        own = points_m - self.centre_m
        z_out = np.maximum(np.abs(own[:, 2]) - self.half_m[2], 0.0)
        if self.kind == "sphere":
            return np.maximum(np.linalg.norm(own, axis=1) - self.half_m[0], 0.0)
        if self.kind == "box":
            flat = np.maximum(np.abs(own @ self._turn) - self.half_m, 0.0)
            return np.asarray(np.linalg.norm(flat, axis=1))
        if self.kind == "prism":
            return np.hypot(_polygon_distances(self.outline_m, points_m[:, :2]), z_out)
        radial = np.hypot(own[:, 0], own[:, 1])
        if self.kind == "cylinder":
            return np.hypot(np.maximum(radial - self.half_m[0], 0.0), z_out)
        # cone: the triangle (0, -h) (r, -h) (0, h) in the plane of radius and height
        radius, half = float(self.half_m[0]), float(self.half_m[2])
        triangle = np.array([[0.0, -half], [radius, -half], [0.0, half]])
        return _polygon_distances(triangle, np.column_stack([radial, own[:, 2]]))

    def surface_m(self, spacing_m: float, rng: np.random.Generator) -> Array:
        """(N, 3) points spread evenly over the surface, at random, about one per spacing²."""
        if self.kind == "sphere":
            n = _count(4 * math.pi * self.half_m[0] ** 2, spacing_m)
            ball = rng.normal(size=(n, 3))
            ball /= np.linalg.norm(ball, axis=1, keepdims=True)
            return self.centre_m + self.half_m[0] * ball
        outline = self.ground_m
        ends = [self.low_z] if self.kind == "cone" else [self.low_z, self.high_z]
        area = _area(outline)
        caps = [
            np.column_stack([p, np.full(len(p), z)])
            for z in ends
            for p in [_in_polygon(outline, _count(area, spacing_m), rng)]
        ]
        edge = np.roll(outline, -1, axis=0) - outline
        lengths = np.linalg.norm(edge, axis=1)
        tall = self.high_z - self.low_z
        slant = math.hypot(tall, self.half_m[0]) if self.kind == "cone" else tall
        wall = lengths.sum() * slant * (0.5 if self.kind == "cone" else 1.0)
        n = _count(wall, spacing_m)
        which = rng.choice(len(edge), size=n, p=lengths / lengths.sum())
        rim = outline[which] + rng.random(n)[:, None] * edge[which]
        up = rng.random(n)
        if self.kind == "cone":
            up = 1.0 - np.sqrt(up)  # less surface towards the tip
            rim = self.centre_m[:2] + (rim - self.centre_m[:2]) * (1.0 - up)[:, None]
        side = np.column_stack([rim, self.low_z + up * tall])
        return np.vstack([*caps, side])


@dataclass(frozen=True, eq=False)
class Tilted(Part):
    """An upright part seen through a pose: ``p_W = rotation @ p_own + translation_m``."""

    own: Part
    rotation: Array
    translation_m: Array

    @classmethod
    def around(cls, own: Part, pose: Mapping[str, Any]) -> Tilted:
        """From an upright part and the JSON of W from its frame."""
        rotation = np.array(pose["rotation"], dtype=float)
        translation = np.array(pose["translation_m"], dtype=float)
        high = np.array([own.reach(rotation.T @ a) for a in np.eye(3)]) + translation
        low = translation - np.array([own.reach(-rotation.T @ a) for a in np.eye(3)])
        return cls(
            "tilted", (low + high) / 2, (high - low) / 2, 0.0, np.zeros((0, 2)), own, rotation,
            translation,
        )  # fmt: skip

    @property
    def is_round(self) -> bool:
        return self.own.kind == "sphere"

    def reach(self, direction: Array) -> float:
        return self.own.reach(self.rotation.T @ direction) + float(direction @ self.translation_m)

    @cached_property
    def ground_m(self) -> Array:
        corners, grown = self.hull
        if grown > 0:
            return corners[:, :2] + grown * _RING
        return np.asarray(corners[ConvexHull(corners[:, :2]).vertices][:, :2])

    @cached_property
    def hull(self) -> tuple[Array, float]:
        corners, grown = self.own.hull
        return corners @ self.rotation.T + self.translation_m, grown

    def distances_m(self, points_m: Array) -> Array:
        return self.own.distances_m((points_m - self.translation_m) @ self.rotation)

    def surface_m(self, spacing_m: float, rng: np.random.Generator) -> Array:
        return self.own.surface_m(spacing_m, rng) @ self.rotation.T + self.translation_m


def gap_m(a: Part, b: Part) -> float:
    """Least distance between two convex parts, 0 when they meet."""
    (of_a, grown_a), (of_b, grown_b) = a.hull, b.hull
    return max(corners_gap_m(of_a, of_b) - grown_a - grown_b, 0.0)


def bounds_gap_m(a: Part, b: Part) -> float:
    """A lower bound of the gap, from the boxes along the axes."""
    (low_a, high_a), (low_b, high_b) = a.bounds_m, b.bounds_m
    return float(np.linalg.norm(np.maximum(np.maximum(low_a - high_b, low_b - high_a), 0.0)))


def point_gap_m(point_m: Array, part: Part) -> float:
    """Distance of one point to a part."""
    return float(part.distances_m(point_m[None])[0])


def corners_gap_m(a: Array, b: Array) -> float:
    """Least distance of two point hulls: weights of the corners that bring them together."""
    if len(a) == 1 and len(b) == 1:
        return float(np.linalg.norm(a[0] - b[0]))
    middle, scale = (a.mean(axis=0) + b.mean(axis=0)) / 2, float(np.abs(a - b.mean(axis=0)).max())
    scale = max(scale, 1e-6)
    p, q = (a - middle) / scale, (b - middle) / scale
    system = np.zeros((5, len(a) + len(b)))
    system[:3, : len(a)], system[:3, len(a) :] = p.T, -q.T
    system[3, : len(a)] = system[4, len(a) :] = _SUM_WEIGHT
    weights, _ = nnls(system, np.array([0.0, 0.0, 0.0, _SUM_WEIGHT, _SUM_WEIGHT]))
    of_a, of_b = weights[: len(a)], weights[len(a) :]
    on_a, on_b = of_a @ a / of_a.sum(), of_b @ b / of_b.sum()
    return float(np.linalg.norm(on_a - on_b))


def polygon_signed_m(outline: Array, points: Array) -> Array:
    """(N,) distance of points to a convex outline, positive inside."""
    edge = np.roll(outline, -1, axis=0) - outline
    length = np.maximum(np.linalg.norm(edge, axis=1), 1e-12)
    offset = points[:, None] - outline[None]
    cross = edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0]
    inside = (cross / length).min(axis=1)
    outside = _edge_distances(outline, points)
    return np.where(inside >= 0, inside, -outside)


def _polygon_distances(outline: Array, points: Array) -> Array:
    return np.maximum(-polygon_signed_m(outline, points), 0.0)


def _edge_distances(outline: Array, points: Array) -> Array:
    edge = np.roll(outline, -1, axis=0) - outline
    offset = points[:, None] - outline[None]
    length2 = np.maximum((edge * edge).sum(axis=1), 1e-18)
    t = np.clip((offset * edge).sum(axis=2) / length2, 0.0, 1.0)
    nearest = outline[None] + t[..., None] * edge
    return np.asarray(np.linalg.norm(nearest - points[:, None], axis=2).min(axis=1))


def _area(outline: Array) -> float:
    x, y = outline.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _in_polygon(outline: Array, n: int, rng: np.random.Generator) -> Array:
    """Uniform points of a convex polygon: a fan of triangles."""
    one, two = outline[1:-1] - outline[0], outline[2:] - outline[0]
    areas = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    which = rng.choice(len(areas), size=n, p=areas / areas.sum())
    u, v = rng.random((2, n))
    flip = u + v > 1
    u[flip], v[flip] = 1 - u[flip], 1 - v[flip]
    return np.asarray(outline[0] + u[:, None] * one[which] + v[:, None] * two[which])


def _count(area_m2: float, spacing_m: float) -> int:
    return max(4, round(area_m2 / spacing_m**2))
