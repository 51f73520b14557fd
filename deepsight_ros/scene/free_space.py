"""Free space: how far a swept box can move ahead before it meets a surface.

In: a scene, the moving plate (front of the swept box) and the bodies that may stand in the way.
Out: a raw estimate; AT_LEAST what was seen when nothing is met. The support is no obstacle
unless the box enters it by more than 10 mm.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene import solids
from deepsight_ros.scene.body import Body, PlateSolid, body_of
from deepsight_ros.scene.estimate import RawEstimate
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Scene, SceneObject

Array = NDArray[np.float64]

GRIPPER_BOX_M = (0.10, 0.10)
ROBOT_BOX_M = (0.50, 0.50)
SUPPORT_TOLERANCE_M = 0.010
FARTHEST_M = 8.0
"""No depth camera of the supported families measures beyond."""
_FLUSH_M = 1e-6
# loose surfaces: how far ahead of the plate, how many readings within what depth make one
_AHEAD_M = 0.005
_LEAST_POINTS = 4
_CLUSTER_M = 0.03
_MOVER_M = 0.02
_BEHIND_M = 0.02
_MOST_STEPS = 100


def gripper_plate(scene: Scene, width_m: float | None, height_m: float | None) -> PlateSolid:
    """Front of the box that the gripper sweeps: its front face's centre, along its +x."""
    if scene.gripper is None:
        raise InvalidValueError("free space of the gripper: the scene has no gripper")
    w, h = _sizes(width_m, height_m, GRIPPER_BOX_M)
    return PlateSolid(scene.gripper.pose, w, h)


def robot_plate(scene: Scene, width_m: float | None, height_m: float | None) -> PlateSolid:
    """Front of a box standing on the support under the camera, facing the ground-projected
    optical axis (G's x)."""
    w, h = _sizes(width_m, height_m, ROBOT_BOX_M)
    x, y, _ = scene.camera_position_m
    return PlateSolid(RigidTransform(np.eye(3), np.array([x, y, h / 2])), w, h)


def _sizes(
    width_m: float | None, height_m: float | None, default: tuple[float, float]
) -> tuple[float, float]:
    w = default[0] if width_m is None else width_m
    h = default[1] if height_m is None else height_m
    if not (math.isfinite(w) and math.isfinite(h) and w > 0 and h > 0):
        raise InvalidValueError(
            f"free space: got a swept box of {w} x {h} m, expected finite sizes above 0"
        )
    return w, h


def free_space(
    scene: Scene, plate: PlateSolid, obstacles: list[Body], mover: SceneObject | None = None
) -> RawEstimate:
    """Travel of the plate along its +x until the first surface.

    Args:
        scene: for the view, the support and, where it was observed, what is no object (walls).
        plate: front of the swept box.
        obstacles: bodies in the way, without the moving one.
        mover: the object that moves: its own points are no obstacle.
    """
    heading = plate.pose.rotation[:, 0]
    start = plate.middle_m
    seen = seen_ahead(scene, start, heading)
    slim = PlateSolid(plate.pose, plate.width_m - _FLUSH_M, plate.height_m - _FLUSH_M)
    best = RawEstimate(seen, bound=Bound.AT_LEAST, end_points_m=_ends(start, seen, heading))
    to_support = _support_met(scene, slim, heading)
    if to_support is not None and to_support < best.value:
        ends = _ends(start, to_support, heading)
        sigma = scene.support.sigma_m if scene.support else 0.0
        best = RawEstimate(to_support, sigma, sigma, end_points_m=ends)
    for body in obstacles:
        for part in body.solid.parts:
            hit = first_contact(slim, part, heading, FARTHEST_M)
            if hit is None or (hit[0] >= best.value and best.bound is Bound.EXACT):
                continue
            travel, point = hit
            trust = body.trust_at(point)
            best = RawEstimate(
                travel,
                math.hypot(trust.sigma_m, trust.outward_m),
                trust.sigma_m,
                trust.visibility,
                end_points_m=np.stack([point - travel * heading, point]),
            )
    return _nearer_of(best, _loose_surface(scene, slim, mover))


def _nearer_of(a: RawEstimate, b: RawEstimate | None) -> RawEstimate:
    if b is None:
        return a
    return b if b.value < a.value else a


def _loose_surface(
    scene: Scene, plate: PlateSolid, mover: SceneObject | None
) -> RawEstimate | None:
    """First surface in the sweep that belongs to no object (a wall, clutter), from the cloud."""
    cloud = scene.cloud
    if cloud is None or len(cloud.points_m) == 0:
        return None
    own = plate.pose.inverse().apply(cloud.points_m.astype(np.float64))
    sigma = cloud.sigma_m.astype(np.float64)
    inside = (own[:, 0] > _AHEAD_M) & (np.abs(own[:, 1]) <= plate.width_m / 2)
    inside &= np.abs(own[:, 2]) <= plate.height_m / 2
    if scene.support is not None:
        inside &= cloud.points_m[:, 2] > SUPPORT_TOLERANCE_M + 3.0 * (
            sigma + scene.support.sigma_m
        )
    index = np.flatnonzero(inside)
    index = index[~_on_objects(scene, index)]
    if mover is not None and len(index):
        away = body_of(mover.shape).solid.distances(cloud.points_m[index].astype(np.float64))
        index = index[away > _MOVER_M]
    if len(index) < _LEAST_POINTS:
        return None
    order = index[np.argsort(own[index, 0])]
    ahead = own[order, 0]
    # lonely readings before a surface are mixed pixels: the first must be followed by others
    followed = ahead[_LEAST_POINTS - 1 :] - ahead[: 1 - _LEAST_POINTS]
    spread = _CLUSTER_M + 3.0 * sigma[order][: len(followed)]
    first = np.flatnonzero(followed <= spread)
    if not len(first):
        return None
    at = first[0]
    noise = float(sigma[order[at]])
    near = ahead[at:][ahead[at:] <= ahead[at] + 3.0 * noise]
    travel = float(near.mean())
    heading = plate.pose.rotation[:, 0]
    return RawEstimate(
        travel,
        noise,
        noise,
        end_points_m=_ends(plate.middle_m, travel, heading),
    )


def _on_objects(scene: Scene, index: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which cloud points lie on an object's mask: objects are measured by their bodies."""
    on = np.zeros(len(index), bool)
    if scene.cloud is None or not len(index):
        return on
    column, row = scene.cloud.pixels[index].T
    for thing in scene.objects:
        mask = thing.mask
        if mask is None:
            continue
        inside = (row >= 0) & (row < mask.shape[0]) & (column >= 0) & (column < mask.shape[1])
        on[inside] |= mask[row[inside], column[inside]]
    return on


def first_contact(
    plate: PlateSolid, part: solids.ConvexSolid, heading: Array, limit_m: float
) -> tuple[float, Array] | None:
    """Travel until a convex plate meets a convex part, and the contact point; None if it passes.

    Conservative advancement: the gap along its direction can close no faster than the heading's
    share of it, so every step stays short of the contact and converges on it.
    """
    travel = 0.0
    for _ in range(_MOST_STEPS):
        gap, on_plate, on_part = solids.distance(plate.moved(travel * heading), part)
        if gap <= _FLUSH_M / 4:
            return travel, on_part
        closing = float((on_part - on_plate) @ heading) / gap
        if closing <= 1e-9:
            return None  # the plane between them is never crossed
        travel += gap / closing
        if travel > limit_m:
            return None
    return travel, on_part


def _support_met(scene: Scene, plate: PlateSolid, heading: Array) -> float | None:
    """Travel until the box's lowest edge is more than 10 mm below the support."""
    if scene.support is None:
        return None
    spare = float(plate.corners_m[:, 2].min()) + SUPPORT_TOLERANCE_M
    if spare < 0:
        return 0.0
    return spare / -float(heading[2]) if heading[2] < -1e-9 else None


def seen_ahead(scene: Scene, start_m: Array, heading: Array) -> float:
    """How far along the heading the sweep's middle line was seen to be free.

    It ends where the line leaves the picture or passes behind a nearer surface. A line that starts
    outside the view (right under the camera) counts from where it enters.
    """
    fov = _fov(scene)
    if fov is None:
        return FARTHEST_M
    fx, fy, cx, cy, width, height = fov
    steps = np.linspace(0.0, FARTHEST_M, 801)
    line = scene.working_from_camera.inverse().apply(start_m + steps[:, None] * heading)
    z = np.maximum(line[:, 2], 1e-6)
    column, row = fx * line[:, 0] / z + cx, fy * line[:, 1] / z + cy
    inside = (line[:, 2] > 0) & (column >= -0.5) & (column < width - 0.5)
    inside &= (row >= -0.5) & (row < height - 0.5)
    entered = np.flatnonzero(inside)
    if len(entered) == 0:
        return 0.0
    if scene.cloud is not None and len(scene.cloud.points_m):
        nearest = _depth_at(scene, column, row, inside)
        inside &= ~(nearest < z - _BEHIND_M - 0.03 * z)
    left = np.flatnonzero(~inside[entered[0] :])
    last = entered[0] + left[0] - 1 if len(left) else len(steps) - 1
    return float(steps[max(last, 0)])


def _fov(scene: Scene) -> tuple[float, float, float, float, int, int] | None:
    if scene.cloud is not None:
        return scene.cloud.camera_fov
    c = scene.camera
    if c is None:
        return None
    return c.fx_px, c.fy_px, c.cx_px, c.cy_px, c.width_px, c.height_px


def _depth_at(scene: Scene, column: Array, row: Array, inside: NDArray[np.bool_]) -> Array:
    """(N,) depth seen near pixels, from the cloud; inf where nothing was read or out of view."""
    assert scene.cloud is not None
    cloud = scene.cloud
    depth = np.full(len(column), np.inf)
    if not inside.any():
        return depth
    steps = np.unique(cloud.pixels[:, 0])
    cell = int(np.diff(steps).min()) if len(steps) > 1 else 1
    width, height = cloud.camera_fov[4] // cell + 1, cloud.camera_fov[5] // cell + 1
    picture = np.full((height, width), np.inf)
    z = scene.working_from_camera.inverse().apply(cloud.points_m.astype(np.float64))[:, 2]
    picture[cloud.pixels[:, 1] // cell, cloud.pixels[:, 0] // cell] = z
    u = np.clip(np.rint(column[inside] / cell), 0, width - 1).astype(np.intp)
    v = np.clip(np.rint(row[inside] / cell), 0, height - 1).astype(np.intp)
    depth[inside] = picture[v, u]
    return depth


def _ends(start: Array, travel: float, heading: Array) -> Array:
    return np.stack([start, start + travel * heading])
