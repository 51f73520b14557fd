"""Exact solids in W: box, upright cylinder, sphere, upright cone, convex hull, and unions.

In: centres, sizes, yaws in metres and radians (W, z up). Out: extents, footprints, upright boxes,
nearest points and least distances; exact to about 1e-9 m, no sampling.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from math import cos, hypot, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene import gjk
from deepsight_ros.scene.gjk import Hull, Hulls, upright_hull
from deepsight_ros.scene.objects import Box3
from deepsight_ros.scene.outline import Rectangle, convex_hull, least_area_rectangle

Array = NDArray[np.float64]

_CIRCLE = 2 * pi * np.arange(72) / 72
_UNIT_CIRCLE = np.column_stack([np.cos(_CIRCLE), np.sin(_CIRCLE)])


class Solid(ABC):
    """A solid made of one or more convex parts; satisfies the ``Shape`` protocol."""

    @property
    @abstractmethod
    def parts(self) -> tuple[ConvexSolid, ...]:
        """The convex parts whose union the solid is."""

    @property
    @abstractmethod
    def box(self) -> Box3:
        """Upright box around the solid: least-area rectangle of the footprint, extruded."""

    @property
    @abstractmethod
    def footprint_m(self) -> Array:
        """(N, 2) counter-clockwise convex hull of the solid's shadow on the ground."""

    @property
    @abstractmethod
    def is_round(self) -> bool:
        """True when the footprint is a circle."""

    def extent(self, direction: Array) -> tuple[float, float]:
        """(lo, hi): least and greatest ``direction @ p`` over the solid; direction (3,)."""
        way: tuple[float, float, float] = tuple(np.asarray(direction, np.float64).tolist())
        back = (-way[0], -way[1], -way[2])
        hulls = [part.hull for part in self.parts]
        return -max(hull.reach(back) for hull in hulls), max(hull.reach(way) for hull in hulls)

    @cached_property
    def hulls(self) -> Hulls:
        """The parts as distances see them."""
        parts = self.parts
        return gjk.gather([part.hull for part in parts], [part.middle_m for part in parts])

    def nearest_points(self, points_m: Array) -> Array:
        """(N, 3) the point of the solid nearest to each of (N, 3) points (itself if inside)."""
        points = np.atleast_2d(np.asarray(points_m, dtype=np.float64))
        found = [part.nearest_points(points) for part in self.parts]
        if len(found) == 1:
            return found[0]
        stacked = np.stack(found)
        best = np.linalg.norm(stacked - points, axis=2).argmin(axis=0)
        chosen: Array = stacked[best, np.arange(len(points))]
        return chosen

    def distances(self, points_m: Array) -> Array:
        """(N,) distance of each point to the solid; 0 inside."""
        out: Array = np.linalg.norm(self.nearest_points(points_m) - points_m, axis=1)
        return out

    def surface_points(self, spacing_m: float) -> Array:
        """(N, 3) points on the surface, evenly spread at about ``spacing_m``."""
        surfaces = [part.surface_points(spacing_m) for part in self.parts]
        outer = []
        for i, points in enumerate(surfaces):
            for j, other in enumerate(self.parts):
                if i == j:
                    continue
                # a part's surface inside another part is not the union's surface
                kept = other.distances(points) > 1e-9
                if j > i and not kept.all():  # where two surfaces coincide the first stays
                    low = points[~kept]
                    out = low - self.parts[i].box.centre_m
                    out = low + 1e-6 * out / np.linalg.norm(out, axis=1, keepdims=True)
                    kept[~kept] = other.distances(out) > 1e-9
                points = points[kept]
            outer.append(points)
        found = np.concatenate(outer)
        return found if len(found) else surfaces[0]  # parts that coincide

    def moved(self, offset_m: Array) -> Solid:
        """The same solid moved by (3,) metres."""
        return CompoundSolid(tuple(p.moved(offset_m) for p in self.parts))


class ConvexSolid(Solid):
    """A convex part: distances and extents follow from its hull of discs."""

    @property
    def parts(self) -> tuple[ConvexSolid, ...]:
        return (self,)

    @property
    @abstractmethod
    def middle_m(self) -> Array:
        """(3,) some inner point, to start searches from."""

    @property
    @abstractmethod
    def hull(self) -> Hull:
        """The solid as a hull of discs."""

    @abstractmethod
    def moved(self, offset_m: Array) -> ConvexSolid: ...


def distance(a: Solid, b: Solid) -> tuple[float, Array, Array]:
    """Least distance between two solids and the closest point on each.

    Returns:
        (distance_m, point on a (3,), point on b (3,)); touching or overlapping gives 0 and one
        common point twice.
    """
    return gjk.distance(a.hulls, b.hulls)


def _points(corners_m: Array) -> Array:
    """(N, 4) corners (N, 3) as discs of no radius."""
    return np.column_stack([corners_m, np.zeros(len(corners_m))])


def _vector(values: object, what: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (3,) or not np.isfinite(array).all():
        raise InvalidValueError(f"{what}: got {values}, expected three finite numbers")
    return array


def _positive(what: str, *sides: float) -> None:
    if not all(np.isfinite(side) and side > 0 for side in sides):
        raise InvalidValueError(f"{what}: got sizes {sides}, expected finite metres above 0")


def _grid(low: float, high: float, spacing: float) -> Array:
    """Cell centres between low and high, about ``spacing`` apart, at least two."""
    n = max(2, round((high - low) / spacing))
    cells: Array = low + (np.arange(n) + 0.5) * (high - low) / n
    return cells


def _disc(radius: float, spacing: float) -> Array:
    """(N, 2) points spread evenly over a disc (sunflower)."""
    n = max(8, round(pi * (radius / spacing) ** 2))
    k = np.arange(n) + 0.5
    turn = pi * (3 - sqrt(5)) * k
    unit = np.column_stack([np.cos(turn), np.sin(turn)])
    disc: Array = radius * np.sqrt(k / n)[:, None] * unit
    return disc


@dataclass(frozen=True, eq=False)
class BoxSolid(ConvexSolid):
    """Upright box: centre (3,), size (3,) before yaw, metres; yaw about z."""

    centre_m: Array
    size_m: Array
    yaw_rad: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_m", _vector(self.centre_m, "box centre"))
        object.__setattr__(self, "size_m", _vector(self.size_m, "box size"))
        _positive("box", *self.size_m)

    @property
    def middle_m(self) -> Array:
        return self.centre_m

    @property
    def is_round(self) -> bool:
        return False

    @cached_property
    def hull(self) -> Hull:
        return upright_hull(_points(self.box.corners_m()))

    @cached_property
    def box(self) -> Box3:
        return Box3(self.centre_m, self.size_m, self.yaw_rad)

    @cached_property
    def footprint_m(self) -> Array:
        return self.box.corners_m()[:4, :2]

    def _rotation(self) -> Array:
        c, s = cos(self.yaw_rad), sin(self.yaw_rad)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])

    def nearest_points(self, points_m: Array) -> Array:
        rotation = self._rotation()
        own = (np.atleast_2d(points_m) - self.centre_m) @ rotation
        nearest: Array = np.clip(own, -self.size_m / 2, self.size_m / 2) @ rotation.T
        return nearest + self.centre_m

    def surface_points(self, spacing_m: float) -> Array:
        half = self.size_m / 2
        faces = []
        for axis in range(3):
            i, j = (axis + 1) % 3, (axis + 2) % 3
            u, v = np.meshgrid(
                _grid(-half[i], half[i], spacing_m), _grid(-half[j], half[j], spacing_m)
            )
            for side in (-half[axis], half[axis]):
                face = np.empty((u.size, 3))
                face[:, axis], face[:, i], face[:, j] = side, u.ravel(), v.ravel()
                faces.append(face)
        points: Array = np.concatenate(faces) @ self._rotation().T
        return points + self.centre_m

    def moved(self, offset_m: Array) -> BoxSolid:
        return BoxSolid(self.centre_m + offset_m, self.size_m, self.yaw_rad)


class _Round(ConvexSolid):
    """What cylinder, cone and sphere share: a circular footprint around a vertical axis."""

    centre_m: Array
    radius_m: float

    @property
    def middle_m(self) -> Array:
        return self.centre_m

    @property
    def is_round(self) -> bool:
        return True

    @cached_property
    def box(self) -> Box3:
        side = 2 * self.radius_m
        low, high = self.extent(np.array([0.0, 0.0, 1.0]))
        return Box3(self.centre_m, np.array([side, side, high - low]), 0.0)

    @cached_property
    def footprint_m(self) -> Array:
        return self.centre_m[:2] + self.radius_m * _UNIT_CIRCLE


@dataclass(frozen=True, eq=False)
class CylinderSolid(_Round):
    """Upright cylinder: centre (3,) at mid-height, radius and height in metres."""

    centre_m: Array
    radius_m: float
    height_m: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_m", _vector(self.centre_m, "cylinder centre"))
        _positive("cylinder", self.radius_m, self.height_m)

    @cached_property
    def hull(self) -> Hull:
        x, y, z = self.centre_m
        half, radius = self.height_m / 2, self.radius_m
        return upright_hull(np.array([[x, y, z - half, radius], [x, y, z + half, radius]]))

    def nearest_points(self, points_m: Array) -> Array:
        own = np.atleast_2d(points_m) - self.centre_m
        flat = np.linalg.norm(own[:, :2], axis=1)
        scale = np.minimum(1.0, self.radius_m / np.maximum(flat, 1e-12))
        z = np.clip(own[:, 2], -self.height_m / 2, self.height_m / 2)
        return np.column_stack([own[:, :2] * scale[:, None], z]) + self.centre_m

    def surface_points(self, spacing_m: float) -> Array:
        disc = _disc(self.radius_m, spacing_m)
        half = self.height_m / 2
        turn, z = np.meshgrid(
            _grid(0, 2 * pi, spacing_m / self.radius_m), _grid(-half, half, spacing_m)
        )
        wall = np.column_stack(
            [self.radius_m * np.cos(turn.ravel()), self.radius_m * np.sin(turn.ravel()), z.ravel()]
        )
        ends = [np.column_stack([disc, np.full(len(disc), side)]) for side in (-half, half)]
        return np.concatenate([wall, *ends]) + self.centre_m

    def moved(self, offset_m: Array) -> CylinderSolid:
        return CylinderSolid(self.centre_m + offset_m, self.radius_m, self.height_m)


@dataclass(frozen=True, eq=False)
class ConeSolid(_Round):
    """Upright cone, apex up: centre (3,) at mid-height, base radius and height in metres."""

    centre_m: Array
    radius_m: float
    height_m: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_m", _vector(self.centre_m, "cone centre"))
        _positive("cone", self.radius_m, self.height_m)

    @cached_property
    def hull(self) -> Hull:
        x, y, z = self.centre_m
        half = self.height_m / 2
        return upright_hull(np.array([[x, y, z - half, self.radius_m], [x, y, z + half, 0.0]]))

    def nearest_points(self, points_m: Array) -> Array:
        own = np.atleast_2d(points_m) - self.centre_m
        flat = np.linalg.norm(own[:, :2], axis=1)
        z = own[:, 2] + self.height_m / 2  # above the base
        # in the half plane (radius, z) the cone is a triangle: base and flank are segments
        on_base = np.column_stack([np.clip(flat, 0.0, self.radius_m), np.zeros(len(own))])
        flank = np.array([-self.radius_m, self.height_m])
        along = ((flat - self.radius_m) * flank[0] + z * flank[1]) / (flank @ flank)
        on_flank = np.array([self.radius_m, 0.0]) + np.clip(along, 0, 1)[:, None] * flank
        here = np.column_stack([flat, z])
        flank_nearer = np.linalg.norm(on_flank - here, axis=1) < np.linalg.norm(
            on_base - here, axis=1
        )
        found = np.where(flank_nearer[:, None], on_flank, on_base)
        inside = (z >= 0) & (flat * self.height_m + z * self.radius_m <= flank[1] * self.radius_m)
        found = np.where(inside[:, None], here, found)
        scale = found[:, 0] / np.maximum(flat, 1e-12)
        flat_xy = np.where(
            (flat < 1e-12)[:, None],
            np.column_stack([found[:, 0], np.zeros(len(own))]),
            own[:, :2] * scale[:, None],
        )
        return np.column_stack([flat_xy, found[:, 1] - self.height_m / 2]) + self.centre_m

    def surface_points(self, spacing_m: float) -> Array:
        base = _disc(self.radius_m, spacing_m)
        slant = hypot(self.radius_m, self.height_m) / self.radius_m
        flank = _disc(self.radius_m, spacing_m / sqrt(slant))
        z = self.height_m * (0.5 - np.linalg.norm(flank, axis=1) / self.radius_m)
        bottom = np.column_stack([base, np.full(len(base), -self.height_m / 2)])
        return np.concatenate([np.column_stack([flank, z]), bottom]) + self.centre_m

    def moved(self, offset_m: Array) -> ConeSolid:
        return ConeSolid(self.centre_m + offset_m, self.radius_m, self.height_m)


@dataclass(frozen=True, eq=False)
class SphereSolid(_Round):
    """Sphere: centre (3,) and radius in metres."""

    centre_m: Array
    radius_m: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "centre_m", _vector(self.centre_m, "sphere centre"))
        _positive("sphere", self.radius_m)

    @cached_property
    def hull(self) -> Hull:
        return upright_hull(_points(self.centre_m[None]), self.radius_m)

    def nearest_points(self, points_m: Array) -> Array:
        own = np.atleast_2d(points_m) - self.centre_m
        length = np.linalg.norm(own, axis=1)
        scale = np.minimum(1.0, self.radius_m / np.maximum(length, 1e-12))
        nearest: Array = own * scale[:, None] + self.centre_m
        return nearest

    def surface_points(self, spacing_m: float) -> Array:
        n = max(16, round(4 * pi * (self.radius_m / spacing_m) ** 2))
        k = np.arange(n) + 0.5
        z = 1 - 2 * k / n
        turn = pi * (3 - sqrt(5)) * k
        flat = np.sqrt(1 - z * z)
        unit = np.column_stack([flat * np.cos(turn), flat * np.sin(turn), z])
        points: Array = self.centre_m + self.radius_m * unit
        return points

    def moved(self, offset_m: Array) -> SphereSolid:
        return SphereSolid(self.centre_m + offset_m, self.radius_m)


@dataclass(frozen=True, eq=False)
class PrismSolid(ConvexSolid):
    """Upright prism: a convex footprint (N, 2), counter-clockwise, between two heights."""

    outline_m: Array
    bottom_m: float
    top_m: float

    def __post_init__(self) -> None:
        outline = np.asarray(self.outline_m, dtype=np.float64)
        if outline.ndim != 2 or outline.shape[1] != 2 or not np.isfinite(outline).all():
            raise InvalidValueError(f"prism: got outline {outline.shape}, expected finite (N, 2)")
        if not self.bottom_m < self.top_m:
            raise InvalidValueError(
                f"prism: got bottom {self.bottom_m} and top {self.top_m}, expected bottom < top"
            )
        object.__setattr__(self, "outline_m", convex_hull(outline))

    @cached_property
    def middle_m(self) -> Array:
        middle = self.outline_m.mean(axis=0)
        return np.array([middle[0], middle[1], (self.bottom_m + self.top_m) / 2])

    @property
    def is_round(self) -> bool:
        return False

    @cached_property
    def hull(self) -> Hull:
        ends = [
            np.column_stack([self.outline_m, np.full(len(self.outline_m), z)])
            for z in (self.bottom_m, self.top_m)
        ]
        return upright_hull(_points(np.concatenate(ends)))

    @cached_property
    def box(self) -> Box3:
        return upright_box(least_area_rectangle(self.outline_m), self.bottom_m, self.top_m)

    @property
    def footprint_m(self) -> Array:
        return self.outline_m

    def nearest_points(self, points_m: Array) -> Array:
        points = np.atleast_2d(points_m)
        start = self.outline_m
        edge = np.roll(start, -1, axis=0) - start
        offset = points[:, None, :2] - start[None]
        length2 = np.maximum(np.einsum("ij,ij->i", edge, edge), 1e-18)
        t = np.clip(np.einsum("nij,ij->ni", offset, edge) / length2, 0.0, 1.0)
        on_edges = start[None] + t[..., None] * edge
        best = np.linalg.norm(on_edges - points[:, None, :2], axis=2).argmin(axis=1)
        flat = on_edges[np.arange(len(points)), best]
        cross: Array = edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0]
        inside = np.all(cross >= 0, axis=1) & (len(start) >= 3)
        flat = np.where(inside[:, None], points[:, :2], flat)
        return np.column_stack([flat, np.clip(points[:, 2], self.bottom_m, self.top_m)])

    def surface_points(self, spacing_m: float) -> Array:
        edge = np.roll(self.outline_m, -1, axis=0) - self.outline_m
        lengths = np.linalg.norm(edge, axis=1)
        n = np.maximum(1, np.round(lengths / spacing_m)).astype(int)
        which = np.repeat(np.arange(len(n)), n)
        step = (np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n) + 0.5) / n[which]
        rim = self.outline_m[which] + step[:, None] * edge[which]
        heights = _grid(self.bottom_m, self.top_m, spacing_m)
        wall = np.column_stack([np.tile(rim, (len(heights), 1)), np.repeat(heights, len(rim))])
        low, high = self.outline_m.min(axis=0), self.outline_m.max(axis=0)
        x, y = np.meshgrid(_grid(low[0], high[0], spacing_m), _grid(low[1], high[1], spacing_m))
        flat = np.column_stack([x.ravel(), y.ravel()])
        start = self.outline_m[None]
        offset = flat[:, None] - start
        cross = edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0]
        flat = flat[(cross >= 0).all(axis=1)]
        ends = [
            np.column_stack([flat, np.full(len(flat), z)]) for z in (self.bottom_m, self.top_m)
        ]
        return np.concatenate([wall, *ends])

    def moved(self, offset_m: Array) -> PrismSolid:
        return PrismSolid(
            self.outline_m + offset_m[:2],
            self.bottom_m + float(offset_m[2]),
            self.top_m + float(offset_m[2]),
        )


@dataclass(frozen=True, eq=False)
class CompoundSolid(Solid):
    """Union of convex parts (mug = cylinder and handle, bottle = cylinder and cone)."""

    members: tuple[ConvexSolid, ...]

    def __post_init__(self) -> None:
        if not self.members:
            raise InvalidValueError("compound solid: got no parts, expected at least one")

    @property
    def parts(self) -> tuple[ConvexSolid, ...]:
        return self.members

    @cached_property
    def footprint_m(self) -> Array:
        return convex_hull(np.concatenate([p.footprint_m for p in self.members]))

    @cached_property
    def is_round(self) -> bool:
        """True when one round part's circle holds all the others' footprints."""
        widest = max(self.members, key=lambda p: float(p.box.size_m[0]))
        if not isinstance(widest, _Round):
            return False
        reach = np.linalg.norm(self.footprint_m - widest.centre_m[:2], axis=1).max()
        return bool(reach <= widest.radius_m * (1 + 1e-6))

    @cached_property
    def box(self) -> Box3:
        if self.is_round:
            rough = Rectangle(np.zeros(2), np.zeros(2), 0.0)
        else:
            rough = least_area_rectangle(self.footprint_m)
        # circles stand as polygons in the footprint: sizes come from the exact extents
        c, s = cos(rough.yaw_rad), sin(rough.yaw_rad)
        x0, x1 = self.extent(np.array([c, s, 0.0]))
        y0, y1 = self.extent(np.array([-s, c, 0.0]))
        bottom, top = self.extent(np.array([0.0, 0.0, 1.0]))
        u, v = (x0 + x1) / 2, (y0 + y1) / 2
        middle = np.array([c * u - s * v, s * u + c * v])
        exact = Rectangle(middle, np.array([x1 - x0, y1 - y0]), rough.yaw_rad)
        return upright_box(exact, bottom, top)


def upright_box(rectangle: Rectangle, bottom_m: float, top_m: float) -> Box3:
    """Box of a ground rectangle between two heights."""
    x, y = rectangle.centre_m
    a, b = rectangle.size_m
    return Box3(
        np.array([x, y, (bottom_m + top_m) / 2]),
        np.array([a, b, top_m - bottom_m]),
        rectangle.yaw_rad,
    )
