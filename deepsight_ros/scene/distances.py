"""Distances between bodies, to the camera, and directions on the ground.

In: bodies in W. Out: raw estimates with end points. Definitions: docs/semantics.md.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene import solids
from deepsight_ros.scene.body import Body, End, Trust
from deepsight_ros.scene.estimate import RawEstimate
from deepsight_ros.scene.measurement import Bound

Array = NDArray[np.float64]

_X, _Y, _Z = np.eye(3)
# the surfaces' samples for mean_nearest_distance: about this many per object
_SAMPLES_ACROSS = 12.0


def surface_distance(a: Body, b: Body) -> RawEstimate:
    """Least distance between the two solids (GJK on the full solids)."""
    gap, on_a, on_b = solids.distance(a.solid, b.solid)
    return _gap_estimate(gap, on_a, on_b, a.trust_at(on_a), b.trust_at(on_b))


def range_to(body: Body, camera_m: Array) -> RawEstimate:
    """Camera origin to the nearest point of the solid."""
    nearest = body.solid.nearest_points(camera_m[None])[0]
    gap = float(np.linalg.norm(nearest - camera_m))
    return _gap_estimate(gap, camera_m, nearest, Trust(), body.trust_at(nearest))


def _gap_estimate(
    gap_m: float, on_a: Array, on_b: Array, trust_a: Trust, trust_b: Trust
) -> RawEstimate:
    sigma = math.hypot(trust_a.sigma_m, trust_b.sigma_m)
    # what may stick out unseen can only make the gap smaller
    outward = math.hypot(trust_a.outward_m, trust_b.outward_m)
    visibility = max(trust_a.visibility, trust_b.visibility)
    is_open = trust_a.is_open or trust_b.is_open
    bound = Bound.AT_MOST if is_open and gap_m > 0 else Bound.EXACT
    ends = np.stack([on_a, on_b])
    return RawEstimate(gap_m, math.hypot(sigma, outward), sigma, visibility, bound, ends)


def centre_distance(a: Body, b: Body) -> RawEstimate:
    """Between box centres."""
    return _centres_apart(a, b, np.ones(3))


def horizontal_distance(a: Body, b: Body) -> RawEstimate:
    """Between box centres, in the ground plane."""
    return _centres_apart(a, b, np.array([1.0, 1.0, 0.0]))


def vertical_distance(a: Body, b: Body) -> RawEstimate:
    """Between box centres, along z."""
    return _centres_apart(a, b, np.array([0.0, 0.0, 1.0]))


def _centres_apart(a: Body, b: Body, axes: Array) -> RawEstimate:
    offset = (b.box.centre_m - a.box.centre_m) * axes
    value = float(np.linalg.norm(offset))
    along = offset / value if value > 1e-9 else axes / np.linalg.norm(axes)
    on_a, on_b = centre_along(a, along), centre_along(b, along)
    apart = on_b.minus(on_a)
    ends = np.stack([a.box.centre_m, b.box.centre_m])
    return RawEstimate(
        value, apart.sigma_below, apart.sigma_above, apart.visibility, end_points_m=ends
    )


def offset_ahead(a: Body, b: Body) -> RawEstimate:
    """How far A's box centre lies beyond B's along G's x; negative: nearer to the viewer."""
    return _offset(a, b, _X)


def offset_sideways(a: Body, b: Body) -> RawEstimate:
    """How far A's box centre lies to the left of B's along G's y; negative: to the right."""
    return _offset(a, b, _Y)


def _offset(a: Body, b: Body, axis: Array) -> RawEstimate:
    apart = centre_along(a, axis).minus(centre_along(b, axis))
    return replace(apart, end_points_m=np.stack([b.box.centre_m, a.box.centre_m]))


def centre_along(body: Body, direction: Array) -> RawEstimate:
    """The box centre's position along a unit direction, with the uncertainty of both ends."""
    extent = body.extent(direction)
    up = math.hypot(_rise(extent.hi, outward=True), _rise(extent.lo, outward=False)) / 2
    down = math.hypot(_rise(extent.hi, outward=False), _rise(extent.lo, outward=True)) / 2
    visibility = max(extent.lo.visibility, extent.hi.visibility)
    return RawEstimate(float(body.box.centre_m @ direction), down, up, visibility)


def _rise(end: End, *, outward: bool) -> float:
    return end.sigma_outward_m if outward else end.sigma_inward_m


def mean_nearest_distance(a: Body, b: Body) -> RawEstimate:
    """Mean of both directions' mean nearest-neighbour distance between the surfaces
    (SpatialRGPT, arXiv 2406.01584, on full solids instead of partial clouds)."""
    of_a, of_b = _samples(a), _samples(b)
    value = float((b.solid.distances(of_a).mean() + a.solid.distances(of_b).mean()) / 2)
    apart = _centres_apart(a, b, np.ones(3))
    visibility = max(a.visibility, b.visibility)
    return RawEstimate(value, apart.sigma_below, apart.sigma_above, visibility)


def _samples(body: Body) -> Array:
    spacing = max(float(np.mean(body.box.size_m)) / _SAMPLES_ACROSS, 1e-4)
    return body.solid.surface_points(spacing)


def direction(a: Body, b: Body) -> RawEstimate:
    """Clock bearing (hours, not rounded, in (0, 12]) from A's centre to B's on the ground;
    12 straight away from the viewer (G's x), 3 to the viewer's right (minus G's y)."""
    offset = b.box.centre_m - a.box.centre_m
    reach = math.hypot(offset[0], offset[1])
    hours = math.degrees(math.atan2(-offset[1], offset[0])) / 30.0 % 12.0
    ends = np.stack([a.box.centre_m, b.box.centre_m])
    if reach < 1e-6:  # one above the other: no bearing is better than another
        return RawEstimate(12.0, 6.0, 6.0, max(a.visibility, b.visibility), end_points_m=ends)
    across = np.array([-offset[1], offset[0], 0.0]) / reach
    apart = centre_along(b, across).minus(centre_along(a, across))
    sigma = min(6.0, math.degrees(math.atan2(apart.sigma, reach)) / 30.0)
    return RawEstimate(
        hours if hours > 0 else 12.0, sigma, sigma, apart.visibility, end_points_m=ends
    )


def along_ground_ray(body: Body, camera_m: Array, ray: Array) -> RawEstimate:
    """How far the box centre lies along a unit ground direction (3,) from the camera."""
    position = centre_along(body, ray)
    return RawEstimate(
        position.value - float(camera_m @ ray),
        position.sigma_below,
        position.sigma_above,
        position.visibility,
    )
