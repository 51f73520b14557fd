"""Shapes carried along: what one view showed of an object, moved rigidly to where it is now.

In: an ``ObservedShape`` and the motion since (W then to W now, or an object's displacement).
Out: the same shape in the new place; its costly completion is done once, where it was seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import atan2, cos, sin

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.completion import Completion
from deepsight_ros.scene.objects import Box3
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.revolution import DiscStackSolid
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    ConvexSolid,
    CylinderSolid,
    PrismSolid,
    Solid,
    SphereSolid,
)
from deepsight_ros.scene.surface import Surface

Array = NDArray[np.float64]

STILL_M = 1e-6
STILL_RAD = 1e-6
"""Motions below these leave a shape as it is."""

NO_MOTION = RigidTransform.identity()


@dataclass(frozen=True, eq=False)
class CarriedShape(ObservedShape):
    """A shape seen elsewhere or earlier, now in this place.

    Attributes:
        origin: the shape as it was seen, in its own W.
        motion: from there to here; yaw and translation move the solid, tilt (that of two
            estimates of one support) only the seen surface.
    """

    origin: ObservedShape
    motion: RigidTransform

    @cached_property
    def completion(self) -> Completion:
        done = self.origin.completion
        return replace(done, solid=placed_solid(done.solid, self.motion))

    # what does not depend on where it is now comes from where it was seen

    @property
    def is_occluded(self) -> bool:
        return self.origin.is_occluded

    @property
    def is_truncated(self) -> bool:
        return self.origin.is_truncated

    @property
    def _cut(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return self.origin._cut

    @property
    def _noise_m(self) -> float:
        return self.origin._noise_m

    @cached_property
    def box(self) -> Box3:
        """The origin's, turned about z and moved: without making the solid anew."""
        box = self.origin.box
        return Box3(
            self.motion.apply(box.centre_m), box.size_m, box.yaw_rad + _yaw_rad(self.motion)
        )


def are_same(a: RigidTransform, b: RigidTransform) -> bool:
    """Whether two motions hardly differ."""
    return bool(
        np.abs(a.rotation - b.rotation).max() < STILL_RAD
        and np.abs(a.translation_m - b.translation_m).max() < STILL_M
    )


def is_still(motion: RigidTransform) -> bool:
    """Whether a motion is too small to matter."""
    return are_same(motion, NO_MOTION)


def carried(shape: ObservedShape, motion: RigidTransform) -> ObservedShape:
    """The shape moved by a rigid motion; the very same one where nothing moves."""
    if is_still(motion):
        return shape
    return CarriedShape(
        placed_surface(shape.surface, motion),
        shape.support_known,
        motion.apply(shape.camera_m),
        shape,
        motion,
    )


def placed_surface(surface: Surface, motion: RigidTransform) -> Surface:
    """A seen surface moved by a rigid motion: its points and directions, nothing else."""
    return replace(
        surface,
        points_m=motion.apply(surface.points_m),
        outline_m=motion.apply(surface.outline_m),
        normals=motion.rotate(surface.normals),
        outline_normals=motion.rotate(surface.outline_normals),
        rays=motion.rotate(surface.rays),
        outward=motion.rotate(surface.outward),
        check_rays=motion.rotate(surface.check_rays),
    )


def placed_solid(solid: Solid, motion: RigidTransform) -> Solid:
    """A solid turned about z by the motion's yaw, its middle where the motion takes it.

    Raises:
        InvalidValueError: a kind of solid that is not known here.
    """
    if isinstance(solid, ConvexSolid):
        return _placed_part(solid, motion)
    return CompoundSolid(tuple(_placed_part(part, motion) for part in solid.parts))


def _yaw_rad(motion: RigidTransform) -> float:
    return atan2(motion.rotation[1, 0], motion.rotation[0, 0])


def _placed_part(part: ConvexSolid, motion: RigidTransform) -> ConvexSolid:
    middle = motion.apply(np.asarray(part.middle_m, np.float64))
    yaw = _yaw_rad(motion)
    if isinstance(part, BoxSolid):
        return BoxSolid(middle, part.size_m, part.yaw_rad + yaw)
    if isinstance(part, DiscStackSolid):
        rise = float(middle[2] - part.middle_m[2])
        return DiscStackSolid(middle[:2], part.heights_m + rise, part.radii_m)
    if isinstance(part, PrismSolid):
        c, s = cos(yaw), sin(yaw)
        old = part.middle_m
        outline = (part.outline_m - old[:2]) @ np.array([[c, s], [-s, c]]) + middle[:2]
        rise = float(middle[2] - old[2])
        return PrismSolid(outline, part.bottom_m + rise, part.top_m + rise)
    if isinstance(part, CylinderSolid | ConeSolid | SphereSolid):
        return part.moved(middle - part.middle_m)
    raise InvalidValueError(
        f"carried shape: got a part of type {type(part).__name__}, expected one of those that "
        "completion makes"
    )
