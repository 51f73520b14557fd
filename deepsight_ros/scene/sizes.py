"""Sizes of one body: extents in the gravity frame and sides of its upright box.

In: a body in W (W = G). Out: raw estimates in metres (volume: cubic metres), with end points.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.body import Body, Extent
from deepsight_ros.scene.estimate import RawEstimate
from deepsight_ros.scene.measurement import Bound

Array = NDArray[np.float64]

_X, _Y, _Z = np.eye(3)


def height(body: Body) -> RawEstimate:
    """Extent along z."""
    return _side(body, _Z)


def top(body: Body) -> RawEstimate:
    """z of the highest point, above the support."""
    end = body.extent(_Z).hi
    bound = Bound.AT_LEAST if end.is_open else Bound.EXACT
    x, y = body.box.centre_m[:2]
    ends = np.array([[x, y, 0.0], [x, y, end.at_m]])
    return RawEstimate(
        end.at_m, end.sigma_inward_m, end.sigma_outward_m, end.visibility, bound, ends
    )


def width(body: Body) -> RawEstimate:
    """Extent along G's y, across the view."""
    return _side(body, _Y)


def depth(body: Body) -> RawEstimate:
    """Extent along G's x, along the view."""
    return _side(body, _X)


def length(body: Body) -> RawEstimate:
    """Longer side of the least-area upright rectangle."""
    return _side(body, _box_axes(body)[0])


def breadth(body: Body) -> RawEstimate:
    """Shorter side of the least-area upright rectangle."""
    return _side(body, _box_axes(body)[1])


def grasp_width(body: Body) -> RawEstimate:
    """What a parallel gripper must open: the breadth."""
    return _derived(breadth(body), "breadth")


def thickness(body: Body) -> RawEstimate:
    """The least of height, length and breadth."""
    sides = {"height": height(body), "breadth": breadth(body)}
    name = min(sides, key=lambda key: sides[key].value)
    return _derived(sides[name], name)


def diameter(body: Body) -> RawEstimate:
    """Of a round footprint: its width, the side seen best; of any other its length."""
    if body.solid.is_round:
        return _derived(width(body), "width")
    return _derived(length(body), "length")


def volume(body: Body) -> RawEstimate:
    """Of the upright box; relative uncertainties of the three sides add in quadrature."""
    sides = [length(body), breadth(body), height(body)]
    value = math.prod(side.value for side in sides)
    below = math.hypot(*(s.sigma_below / max(s.value, 1e-6) for s in sides)) * value
    above = math.hypot(*(s.sigma_above / max(s.value, 1e-6) for s in sides)) * value
    cut = any(side.bound is Bound.AT_LEAST for side in sides)
    return RawEstimate(
        value,
        below,
        above,
        max(side.visibility for side in sides),
        Bound.AT_LEAST if cut else Bound.EXACT,
    )


def _box_axes(body: Body) -> tuple[Array, Array]:
    """Unit directions of the longer and the shorter ground side of the upright box."""
    box = body.box
    c, s = math.cos(box.yaw_rad), math.sin(box.yaw_rad)
    along, across = np.array([c, s, 0.0]), np.array([-s, c, 0.0])
    return (along, across) if box.size_m[0] >= box.size_m[1] else (across, along)


def _side(body: Body, direction: Array) -> RawEstimate:
    extent = body.extent(direction)
    return RawEstimate(
        extent.length_m,
        math.hypot(extent.lo.sigma_inward_m, extent.hi.sigma_inward_m),
        math.hypot(extent.lo.sigma_outward_m, extent.hi.sigma_outward_m),
        max(extent.lo.visibility, extent.hi.visibility),
        _bound(extent),
        _end_points(body, extent, direction),
    )


def _bound(extent: Extent) -> Bound:
    """A side with an open end is at least as long as what was seen of it."""
    return Bound.AT_LEAST if extent.lo.is_open or extent.hi.is_open else Bound.EXACT


def _end_points(body: Body, extent: Extent, direction: Array) -> Array:
    """The extent drawn through the box centre."""
    centre = body.box.centre_m
    across = centre - (centre @ direction) * direction
    return np.stack([across + extent.lo.at_m * direction, across + extent.hi.at_m * direction])


def _derived(raw: RawEstimate, name: str) -> RawEstimate:
    return RawEstimate(
        raw.value,
        raw.sigma_below,
        raw.sigma_above,
        raw.visibility,
        raw.bound,
        raw.end_points_m,
        name,
    )
