"""What one view can know: decides from truth alone whether a question is determined.

A question is determined when perfect depth of the visible surface would give the truth within 5 %
or 5 mm (docs/semantics.md). In: a world, its noise-free rendering, its exact scene. Out: for a
quantity yes or no; for a predicate the settled outcome, or None. No answer and no sensor noise
enters, and nothing of the code that measures observed shapes is used.

The rule, per quantity. V is the visible surface of an object: the points of its pixels, each
standing for half a pixel around it.

- height, top, width, depth: extents of V; what stands on the support and is seen to within 15 mm
  of it is known to reach down to it (if more is hidden, it might stand on something).
- length, breadth, grasp_width, diameter: sides of the least-area rectangle around V's footprint;
  thickness: the least of them and the height; volume: their product (5 %).
- range: nearest point of V to the camera.
- surface_distance: least distance from V of each object to the other's full solid, and between
  the two V (plus the spacing of the points).
- centre, horizontal and vertical distance, direction: from the centres of the boxes around V
  (direction within 3 degrees, which is 5 % of the way).
- mean_nearest_distance: from points of the two V.
- free_space: the first contact lies on a visible surface.
- a comparison: its difference from V is within 5 % or 5 mm of the true difference and no change of
  that size would carry the truth across its margin; threshold predicates likewise.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.measure import estimate
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.outline import convex_hull, least_area_rectangle
from deepsight_ros.scene.solids import Solid
from deepsight_ros.synthesis.render import Rendering
from deepsight_ros.synthesis.things import World

Array = NDArray[np.float64]

RELATIVE, ABSOLUTE_M = 0.05, 0.005
HOUR_TOLERANCE = 3.0 / 30.0
"""Three degrees on the clock face, in hours."""
STANDS_M = 0.015
"""The tolerance of "on" (docs/semantics.md): nearer to the support than this it stands there."""
_MOST_POINTS = 6000
_LEAST_PIXELS = 12
_SLACK_M = 0.03
_REACHES_M = 1e-3


@dataclass(frozen=True, eq=False)
class VisibleThing:
    """The visible surface of one thing, in W.

    Attributes:
        points_m: (N, 3) of its pixels.
        pitch_m: (N,) side of a pixel at each point's depth.
        pixels: how many pixels it has in the picture.
        size_m: (length, breadth, height) of the upright box around the surface.
        centre_m: (3,) of that box.
        low_m, high_m: least and greatest x, y, z.
    """

    points_m: Array
    pitch_m: Array
    pixels: int
    size_m: Array
    centre_m: Array
    low_m: Array
    high_m: Array


@dataclass(frozen=True, eq=False)
class VisibleScene:
    """Visible surfaces of all things of a world, keyed by thing id; hidden things are absent."""

    things: dict[str, VisibleThing]
    camera_m: Array
    solids: dict[str, Solid] = field(default_factory=dict)
    _bounds: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def bounds_m(self, thing_id: str) -> tuple[Array, Array]:
        """Least and greatest x, y, z, each (1 + P, 3), of a solid's box and of its P parts'."""
        found = self._bounds.get(thing_id)
        if found is None:
            solid = self.solids[thing_id]
            corners = np.stack([b.corners_m() for b in (solid.box, *(p.box for p in solid.parts))])
            found = corners.min(axis=1), corners.max(axis=1)
            self._bounds[thing_id] = found
        return found


def visible_scene(
    world: World, rendering: Rendering, truth: Scene, camera: Camera | None = None
) -> VisibleScene:
    """Lift every thing's visible pixels to W."""
    standing = {t.id for t in world.things if not t.rests_on and not t.is_gripper}
    return visible_surfaces(
        rendering.depth_m, rendering.instance_id, camera or world.camera, truth, standing
    )


def visible_surfaces(
    depth_m: NDArray[np.float32],
    instance_id: NDArray[np.int16],
    camera: Camera,
    truth: Scene,
    standing: Collection[str] | None = None,
) -> VisibleScene:
    """Lift every object's visible pixels to W.

    Args:
        depth_m: (H, W) perfect depth along optical z.
        instance_id: (H, W), object ``i`` of ``truth.objects`` is ``i + 1``.
        camera: of both pictures.
        truth: exact scene.
        standing: ids of what stands on the support; None: those whose solid reaches down to it.
    """
    pose = truth.working_from_camera
    flat = instance_id.ravel()
    found = np.flatnonzero(flat > 0)
    order = found[np.argsort(flat[found], kind="stable")]  # pixels by object, in reading order
    starts = np.searchsorted(flat[order], np.arange(1, len(truth.objects) + 2))
    things = {}
    for index, thing in enumerate(truth.objects):
        pixels = order[starts[index] : starts[index + 1]]
        if len(pixels) < _LEAST_PIXELS:
            continue
        if standing is None:
            low = float(thing.box.centre_m[2] - thing.box.size_m[2] / 2)
            stands = not thing.is_gripper and abs(low) <= _REACHES_M
        else:
            stands = thing.id in standing
        v, u = np.divmod(pixels, depth_m.shape[1])
        things[thing.id] = _visible_thing(depth_m[v, u], u, v, camera, pose, stands)
    solids = {o.id: o.shape for o in truth.objects if isinstance(o.shape, Solid)}
    return VisibleScene(things, truth.camera_position_m, solids)


def _visible_thing(
    depth_m: NDArray[np.float32],
    u: NDArray[np.intp],
    v: NDArray[np.intp],
    camera: Camera,
    pose: RigidTransform,
    on_support: bool,
) -> VisibleThing:
    z = depth_m.astype(np.float64)
    local = np.column_stack(
        [(u - camera.cx_px) / camera.fx_px * z, (v - camera.cy_px) / camera.fy_px * z, z]
    )
    points = pose.apply(local)
    pitch = z / camera.fx_px
    right, down = pose.rotation[:, 0], pose.rotation[:, 1]

    def reach(direction: Array) -> tuple[float, float]:
        """Extent along a direction; each point stands for half a pixel to every side."""
        along = points @ direction
        half = pitch / 2 * (abs(right @ direction) + abs(down @ direction))
        return float((along - half).min()), float((along + half).max())

    low, high = np.array([reach(axis) for axis in np.eye(3)]).T
    if on_support and low[2] <= STANDS_M:
        low[2] = 0.0
    hull = convex_hull(points[:, :2])
    yaw = least_area_rectangle(hull).yaw_rad
    c, s = np.cos(yaw), np.sin(yaw)
    a0, a1 = reach(np.array([c, s, 0.0]))
    b0, b1 = reach(np.array([-s, c, 0.0]))
    middle = np.array([[c, -s], [s, c]]) @ np.array([a0 + a1, b0 + b1]) / 2
    sides = sorted((a1 - a0, b1 - b0), reverse=True)
    step = -(-len(points) // _MOST_POINTS)
    return VisibleThing(
        points[::step],
        pitch[::step] * step,
        len(points),
        np.array([*sides, high[2] - low[2]]),
        np.array([*middle, (low[2] + high[2]) / 2]),
        low,
        high,
    )


def tolerance(value: float) -> float:
    """5 % or 5 mm, the larger."""
    return max(RELATIVE * abs(value), ABSOLUTE_M)


def is_determined(
    seen: VisibleScene, truth: Scene, quantity: str, ids: tuple[str, ...], value: float
) -> bool:
    """Whether perfect depth of this view gives ``value``, the truth, within 5 % or 5 mm.

    Args:
        seen: visible surfaces.
        truth: the exact scene.
        quantity: key of ``QUANTITY_UNITS``; "direction" takes continuous hours as its value.
        ids: things, in the order of the question.
        value: the truth.
    """
    if quantity == "free_space":
        return _contact_is_visible(seen, truth, ids)
    if any(i not in seen.things for i in ids):
        return False
    if quantity == "surface_distance":
        return gap_is_determined(seen, ids[0], ids[1], value)
    found = visible_value(seen, quantity, ids)
    if quantity == "direction":
        return abs((found - value + 6) % 12 - 6) <= HOUR_TOLERANCE
    if quantity == "volume":
        return abs(found - value) <= RELATIVE * value
    return abs(found - value) <= tolerance(value)


def visible_value(seen: VisibleScene, quantity: str, ids: tuple[str, ...]) -> float:
    """What perfect depth of the visible surface alone would say (hours for direction)."""
    a = seen.things[ids[0]]
    if len(ids) == 1:
        return _visible_single(seen, quantity, a)
    b = seen.things[ids[1]]
    offset = b.centre_m - a.centre_m
    if quantity == "surface_distance":
        return float(cKDTree(b.points_m).query(a.points_m)[0].min())
    if quantity == "centre_distance":
        return float(np.linalg.norm(offset))
    if quantity == "horizontal_distance":
        return float(np.hypot(*offset[:2]))
    if quantity == "vertical_distance":
        return abs(float(offset[2]))
    if quantity == "direction":
        return float((-np.degrees(np.arctan2(offset[1], offset[0])) / 30.0) % 12)
    if quantity == "mean_nearest_distance":
        there = cKDTree(b.points_m).query(a.points_m[:: 1 + len(a.points_m) // 800])[0].mean()
        back = cKDTree(a.points_m).query(b.points_m[:: 1 + len(b.points_m) // 800])[0].mean()
        return float(there + back) / 2
    raise KeyError(quantity)


def _visible_single(seen: VisibleScene, quantity: str, a: VisibleThing) -> float:
    length, breadth, height = (float(side) for side in a.size_m)
    extent = a.high_m - a.low_m
    values = {
        "height": height,
        "top": float(a.high_m[2]),
        "width": float(extent[1]),
        "depth": float(extent[0]),
        "length": length,
        "breadth": breadth,
        "grasp_width": breadth,
        "diameter": length,
        "thickness": min(length, breadth, height),
        "volume": length * breadth * height,
    }
    if quantity == "range":
        return float(np.linalg.norm(a.points_m - seen.camera_m, axis=1).min())
    return values[quantity]


def gap_is_determined(seen: VisibleScene, a_id: str, b_id: str, gap_m: float) -> bool:
    """Both ends of the least distance are in view, or as good ends nearby are."""
    allowed = gap_m + tolerance(gap_m)
    # only points about as near as the nearest can be the ends of the least distance
    ends_a, pitch_a = _points_near(seen, a_id, b_id, allowed)
    if not len(ends_a):
        return False
    ends_b, pitch_b = _points_near(seen, b_id, a_id, allowed)
    if not len(ends_b):
        return False
    distances, nearest = cKDTree(ends_b).query(ends_a)
    at = int(distances.argmin())
    spacing = max(pitch_a[at], pitch_b[nearest[at]])
    return bool(distances[at] <= allowed + 2 * spacing)


def _points_near(
    seen: VisibleScene, thing_id: str, other_id: str, allowed_m: float
) -> tuple[Array, Array]:
    """Visible points of a thing within ``allowed_m`` and a slack of another's solid, with their
    pitch; none when not even the nearest is within ``allowed_m``."""
    thing, solid = seen.things[thing_id], seen.solids[other_id]
    lows, highs = seen.bounds_m(other_id)
    points, pitch = thing.points_m, thing.pitch_m
    reach = allowed_m + _SLACK_M
    outside = np.maximum(np.maximum(lows[0] - points, points - highs[0]), 0.0)
    outside *= outside
    may = outside[:, 0] + outside[:, 1] + outside[:, 2] <= reach**2
    points, pitch = points[may], pitch[may]  # the others are farther from the box already
    if not len(points):
        return points, pitch
    low, high = points.min(axis=0), points.max(axis=0)
    away = np.full(len(points), np.inf)
    apart = np.maximum(np.maximum(lows[1:] - high, low - highs[1:]), 0.0)
    for k in np.flatnonzero((apart**2).sum(axis=1) <= reach**2).tolist():
        np.minimum(away, solid.parts[k].distances(points), out=away)
    if away.min() > allowed_m:
        return points[:0], pitch[:0]
    near = away <= allowed_m + _SLACK_M
    return points[near], pitch[near]


def _contact_is_visible(seen: VisibleScene, truth: Scene, ids: tuple[str, ...]) -> bool:
    """The point that stops the sweep belongs to a surface in view."""
    met = estimate(truth, "free_space", ids)
    if met.end_points_m is None or met.bound.value != "exact":
        return False
    contact = met.end_points_m[1]
    ahead = met.end_points_m[1] - met.end_points_m[0]
    reach = float(np.linalg.norm(ahead))
    for thing_id, solid in seen.solids.items():
        if float(solid.distances(contact[None])[0]) > 1e-4:
            continue
        if thing_id not in seen.things or reach < 1e-6:
            return False
        # as good a contact is one that is met at most 5 % or 5 mm later
        offset = seen.things[thing_id].points_m - contact
        late = offset @ (ahead / reach)
        aside = np.linalg.norm(offset - late[:, None] * (ahead / reach), axis=1)
        return bool(((np.abs(late) <= tolerance(reach)) & (aside < 0.02)).any())
    return False
