"""A convex solid turned out of the upright: what leans or lies. Exact, as the solid it turns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.gjk import Hull
from deepsight_ros.scene.objects import Box3
from deepsight_ros.scene.outline import Rectangle, convex_hull, least_area_rectangle
from deepsight_ros.scene.solids import ConvexSolid, upright_box

Array = NDArray[np.float64]

_TURNS = 2 * np.pi * np.arange(180) / 180
_AROUND = np.column_stack([np.cos(_TURNS), np.sin(_TURNS), np.zeros(180)])


@dataclass(frozen=True, eq=False)
class TiltedSolid(ConvexSolid):
    """``upright`` seen from W through ``pose``.

    Attributes:
        upright: a box, cylinder, cone or sphere in its own frame.
        pose: W from that frame.
    """

    upright: ConvexSolid
    pose: RigidTransform

    def __post_init__(self) -> None:
        if isinstance(self.upright, TiltedSolid):
            raise InvalidValueError(
                "tilted solid: got a tilted solid to tilt, expected an upright one; combine poses"
            )

    @property
    def middle_m(self) -> Array:
        return self.pose.apply(self.upright.middle_m)

    @property
    def is_round(self) -> bool:
        return False

    @cached_property
    def hull(self) -> Hull:
        upright = self.upright.hull
        middles = self.pose.apply(upright.discs[:, :3])
        discs = np.column_stack([middles, upright.discs[:, 3]])
        return Hull(discs, self.pose.rotate(upright.axis), upright.ball_m)

    @cached_property
    def footprint_m(self) -> Array:
        """Hull of the farthest points in 180 directions: exact for a box, to 0.02 % for a disc."""
        points = np.array([self.hull.support(way) for way in _AROUND])
        return convex_hull(points[:, :2])

    @cached_property
    def box(self) -> Box3:
        rough = least_area_rectangle(self.footprint_m)
        c, s = np.cos(rough.yaw_rad), np.sin(rough.yaw_rad)
        x0, x1 = self.extent(np.array([c, s, 0.0]))
        y0, y1 = self.extent(np.array([-s, c, 0.0]))
        bottom, top = self.extent(np.array([0.0, 0.0, 1.0]))
        u, v = (x0 + x1) / 2, (y0 + y1) / 2
        middle = np.array([c * u - s * v, s * u + c * v])
        exact = Rectangle(middle, np.array([x1 - x0, y1 - y0]), rough.yaw_rad)
        return upright_box(exact, bottom, top)

    def nearest_points(self, points_m: Array) -> Array:
        own = self.pose.inverse().apply(np.atleast_2d(points_m))
        return self.pose.apply(self.upright.nearest_points(own))

    def surface_points(self, spacing_m: float) -> Array:
        return self.pose.apply(self.upright.surface_points(spacing_m))

    def moved(self, offset_m: Array) -> TiltedSolid:
        moved = RigidTransform(self.pose.rotation, self.pose.translation_m + offset_m)
        return TiltedSolid(self.upright, moved)
