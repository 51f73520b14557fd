"""From a mask to the shape that measuring works on, and what a SceneObject says about it.

In: mask, view, W. Out: ``ObservedShape``; a quick centre and size for tracking; covariance of
the centre; which faces were seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import NoDepthError
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.view import Bool, WorkingView
from deepsight_ros.scene.body import Extent, Trust
from deepsight_ros.scene.estimate import Visibility
from deepsight_ros.scene.objects import Box3
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.solids import Solid

Array = NDArray[np.float64]

FACE_SHARE = 0.08
"""Least share of an object's points on a side for that side to count as seen."""


@dataclass(frozen=True, eq=False)
class UnseenShape:
    """Shape of a region without usable depth: its box is NaN, measuring it is NO_DEPTH."""

    name: str

    @property
    def box(self) -> Box3:
        return Box3(np.full(3, np.nan), np.full(3, np.nan), 0.0)

    @property
    def solid(self) -> Solid:
        raise self._no_depth()

    @property
    def visibility(self) -> Visibility:
        return Visibility.HIDDEN

    def extent(self, direction: Array) -> Extent:
        raise self._no_depth()

    def trust_at(self, point_m: Array) -> Trust:
        raise self._no_depth()

    def _no_depth(self) -> NoDepthError:
        return NoDepthError(
            f"'{self.name}': no valid depth inside; point at something nearer, larger or less "
            "shiny, or check that the depth image covers it"
        )


def observe(
    mask: Bool,
    view: WorkingView,
    working_from_camera: RigidTransform,
    sensor: SensorModel,
    support_known: bool,
) -> ObservedShape | None:
    """Shape of the masked readings, or None when too few are usable."""
    return ObservedShape.from_mask(
        mask,
        view.depth_m,
        view.camera,
        working_from_camera,
        sensor,
        support_known=support_known,
    )


@dataclass(frozen=True, eq=False)
class Description:
    """What a shape adds to its ``SceneObject``: (3, 3) covariance of the centre, sides seen."""

    centre_covariance_m2: Array
    faces_seen: tuple[str, ...]


_DESCRIBED: WeakKeyDictionary[ObservedShape, Description] = WeakKeyDictionary()


def describe(shape: ObservedShape) -> Description:
    """Covariance and sides; worked out once for a shape, which may serve many frames."""
    known = _DESCRIBED.get(shape)
    if known is None:
        middle, size = seen_extent(shape)
        cut = shape.is_occluded or shape.is_truncated
        covariance = centre_covariance_m2(shape, middle, size, cut)
        known = _DESCRIBED[shape] = Description(covariance, faces_seen(shape))
    return known


def seen_extent(shape: ObservedShape) -> tuple[Array, Array]:
    """(3,) middle and (3,) size of the seen points along W's axes: cheap, no completion."""
    points = shape.surface.points_m
    low, high = points.min(axis=0), points.max(axis=0)
    return 0.5 * (low + high), high - low


def centre_covariance_m2(
    shape: ObservedShape, middle_m: Array, size_m: Array, is_cut: bool
) -> Array:
    """(3, 3) of the box centre in W: depth noise and an unseen far side along the ray, half a
    pixel across it; more where the outline is cut by something nearer or by the image border."""
    surface = shape.surface
    ray = middle_m - shape.camera_m
    ray = ray / max(float(np.linalg.norm(ray)), 1e-9)
    along = float(surface.sigma_m.mean()) + 0.05 * float(size_m[:2].max())
    across = 0.5 * surface.pixel_m
    if is_cut:
        along += 0.1 * float(size_m.max())
        across += 0.15 * float(size_m.max())
    outer = np.outer(ray, ray)
    return np.asarray(along**2 * outer + across**2 * (np.eye(3) - outer))


def faces_seen(shape: ObservedShape) -> tuple[str, ...]:
    """Sides turned to the camera and seen, named as the viewer names them."""
    every = max(1, len(shape.surface.points_m) // 300)
    normals = shape.surface.normals[::every]
    to_camera = shape.camera_m[:2] - shape.surface.points_m[::every, :2].mean(axis=0)
    distance = float(np.hypot(to_camera[0], to_camera[1]))
    front = to_camera / distance if distance > 1e-6 else np.array([-1.0, 0.0])
    left = np.array([front[1], -front[0]])  # the viewer's left when looking at the object
    towards, leftward = np.stack([front, left]) @ normals[:, :2].T
    steep = np.abs(normals[:, 2]) < 0.7
    half = 0.5 * np.hypot(normals[:, 0], normals[:, 1])  # within 60 degrees of a direction
    shares = {
        "top": normals[:, 2] >= 0.7,
        "front": steep & (towards >= half),
        "left": steep & (leftward > half),
        "right": steep & (leftward < -half),
        "bottom": normals[:, 2] <= -0.7,
    }
    least = FACE_SHARE * len(normals)
    return tuple(name for name, on in shares.items() if np.count_nonzero(on) >= least)
