"""Body: what measuring code may ask of a shape, exact or observed, and the exact one.

In: a ``SceneObject``'s shape. Out: extents with their ends' standard deviations, positions,
closest points and how far a surface point can be trusted. One code path measures both kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.estimate import Visibility
from deepsight_ros.scene.gjk import Hull, upright_hull
from deepsight_ros.scene.objects import Box3, Shape
from deepsight_ros.scene.solids import ConvexSolid, Solid

Array = NDArray[np.float64]


@dataclass(frozen=True)
class End:
    """One end of an extent.

    Attributes:
        at_m: where along the direction (metres, W's origin).
        sigma_inward_m, sigma_outward_m: standard deviation if the true end lies further in / out.
        visibility: COMPLETE when the end itself was seen.
        is_open: nothing seen limits how far the true end lies outward.
    """

    at_m: float
    sigma_inward_m: float = 0.0
    sigma_outward_m: float = 0.0
    visibility: Visibility = Visibility.COMPLETE
    is_open: bool = False


@dataclass(frozen=True)
class Extent:
    """Both ends of a shape along a direction, ``lo.at_m <= hi.at_m``."""

    lo: End
    hi: End

    @property
    def length_m(self) -> float:
        return self.hi.at_m - self.lo.at_m


@dataclass(frozen=True)
class Trust:
    """How well a surface point is known.

    Attributes:
        sigma_m: standard deviation of the surface there, along its normal.
        outward_m: standard deviation of how far the true solid may reach beyond it, unseen.
        visibility: COMPLETE when the surface there was seen.
        is_open: nothing seen limits how far the solid reaches beyond.
    """

    sigma_m: float = 0.0
    outward_m: float = 0.0
    visibility: Visibility = Visibility.COMPLETE
    is_open: bool = False


@runtime_checkable
class Body(Protocol):
    """A measurable shape in W."""

    @property
    def box(self) -> Box3: ...

    @property
    def solid(self) -> Solid:
        """The full solid, as best known: exact, or completed behind what was seen."""
        ...

    @property
    def visibility(self) -> Visibility:
        """The worst visibility of any side."""
        ...

    def extent(self, direction: Array) -> Extent:
        """Ends along a unit direction (3,)."""
        ...

    def trust_at(self, point_m: Array) -> Trust:
        """How well the surface near a point (3,) is known."""
        ...


@dataclass(frozen=True, eq=False)
class ExactBody:
    """A solid that is known exactly (scene files, simulator truth)."""

    solid: Solid

    @property
    def box(self) -> Box3:
        return self.solid.box

    @property
    def visibility(self) -> Visibility:
        return Visibility.COMPLETE

    def extent(self, direction: Array) -> Extent:
        lo, hi = self.solid.extent(direction)
        return Extent(End(lo), End(hi))

    def trust_at(self, point_m: Array) -> Trust:
        return Trust()


def body_of(shape: Shape) -> Body:
    """The measurable side of a shape.

    Raises:
        InvalidValueError: the shape is neither an exact solid nor an observed shape.
    """
    if isinstance(shape, Solid):
        return ExactBody(shape)
    if _is_body(type(shape)):
        return cast(Body, shape)
    raise InvalidValueError(
        f"measure: got a shape of type {type(shape).__name__}, expected a solid of scene.solids "
        "or an ObservedShape"
    )


@cache
def _is_body(kind: type) -> bool:
    """Whether a class has what ``Body`` asks for. isinstance() with a protocol would read every
    property of the instance, and completing an observed solid is the costliest of them."""
    fields = getattr(kind, "__dataclass_fields__", {})
    wanted = ("box", "solid", "visibility", "extent", "trust_at")
    return all(hasattr(kind, name) or name in fields for name in wanted)


@dataclass(frozen=True, eq=False)
class PointSolid(ConvexSolid):
    """A single point (camera origin, gripper tip) as the smallest solid; (3,) in W."""

    at_m: Array

    @property
    def middle_m(self) -> Array:
        return self.at_m

    @property
    def is_round(self) -> bool:
        return True

    @property
    def box(self) -> Box3:
        return Box3(self.at_m, np.zeros(3), 0.0)

    @property
    def footprint_m(self) -> Array:
        return self.at_m[None, :2]

    @property
    def hull(self) -> Hull:
        return upright_hull(np.array([[*self.at_m, 0.0]]))

    def nearest_points(self, points_m: Array) -> Array:
        return np.broadcast_to(self.at_m, np.atleast_2d(points_m).shape).copy()

    def surface_points(self, spacing_m: float) -> Array:
        return self.at_m[None].copy()

    def moved(self, offset_m: Array) -> PointSolid:
        return PointSolid(self.at_m + offset_m)


@dataclass(frozen=True, eq=False)
class PlateSolid(ConvexSolid):
    """Thin rectangle across a heading: the front of a swept box.

    Attributes:
        pose: W from the plate's frame: +x the heading, y across, z upward.
        width_m, height_m: along y and z.
    """

    pose: RigidTransform
    width_m: float
    height_m: float

    @property
    def corners_m(self) -> Array:
        w, h = self.width_m / 2, self.height_m / 2
        flat = np.array([[0, w, h], [0, -w, h], [0, -w, -h], [0, w, -h]], dtype=np.float64)
        return self.pose.apply(flat)

    @property
    def middle_m(self) -> Array:
        return self.pose.translation_m

    @property
    def is_round(self) -> bool:
        return False

    @property
    def box(self) -> Box3:
        low, high = self.corners_m.min(axis=0), self.corners_m.max(axis=0)
        return Box3((low + high) / 2, high - low, 0.0)

    @property
    def footprint_m(self) -> Array:
        return self.corners_m[:, :2]

    @property
    def hull(self) -> Hull:
        return upright_hull(np.column_stack([self.corners_m, np.zeros(4)]))

    def nearest_points(self, points_m: Array) -> Array:
        own = self.pose.inverse().apply(np.atleast_2d(points_m))
        half = np.array([0.0, self.width_m / 2, self.height_m / 2])
        return self.pose.apply(np.clip(own, -half, half))

    def surface_points(self, spacing_m: float) -> Array:
        return self.corners_m

    def moved(self, offset_m: Array) -> PlateSolid:
        pose = RigidTransform(self.pose.rotation, self.pose.translation_m + offset_m)
        return PlateSolid(pose, self.width_m, self.height_m)
