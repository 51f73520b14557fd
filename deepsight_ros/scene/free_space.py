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
from deepsight_ros.scene.body import Body, PlateSolid
from deepsight_ros.scene.estimate import RawEstimate
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Scene

Array = NDArray[np.float64]

GRIPPER_BOX_M = (0.10, 0.10)
ROBOT_BOX_M = (0.50, 0.50)
SUPPORT_TOLERANCE_M = 0.010
FARTHEST_M = 8.0
"""No depth camera of the supported families measures beyond."""
_FLUSH_M = 1e-6
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


def free_space(scene: Scene, plate: PlateSolid, obstacles: list[Body]) -> RawEstimate:
    """Travel of the plate along its +x until the first surface.

    Args:
        scene: for the camera's view and the support.
        plate: front of the swept box.
        obstacles: bodies in the way, without the moving one.
    """
    heading = plate.pose.rotation[:, 0]
    start = plate.middle_m
    seen = _seen_ahead(scene, start, heading)
    slim = PlateSolid(plate.pose, plate.width_m - _FLUSH_M, plate.height_m - _FLUSH_M)
    best = RawEstimate(seen, bound=Bound.AT_LEAST, end_points_m=_ends(start, seen, heading))
    to_support = _support_met(scene, slim, heading)
    if to_support is not None and to_support < best.value:
        ends = _ends(start, to_support, heading)
        sigma = scene.support.sigma_m if scene.support else 0.0
        best = RawEstimate(to_support, sigma, sigma, end_points_m=ends)
    for body in obstacles:
        for part in body.solid.parts:
            hit = first_contact(slim, part, heading, best.value)
            if hit is None or hit[0] >= best.value:
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
    return best


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


def _seen_ahead(scene: Scene, start: Array, heading: Array) -> float:
    """How far along the heading the sweep's middle line stays in the camera's view."""
    camera = scene.camera
    steps = np.linspace(0.0, FARTHEST_M, 801)
    if camera is None:
        return FARTHEST_M
    line = scene.working_from_camera.inverse().apply(start + steps[:, None] * heading)
    z = np.maximum(line[:, 2], 1e-6)
    column = camera.fx_px * line[:, 0] / z + camera.cx_px
    row = camera.fy_px * line[:, 1] / z + camera.cy_px
    inside = (line[:, 2] > 0) & (column >= -0.5) & (column <= camera.width_px - 0.5)
    inside &= (row >= -0.5) & (row <= camera.height_px - 0.5)
    # a line that starts outside the view (right under the camera) counts from where it enters
    entered = np.flatnonzero(inside)
    if len(entered) == 0:
        return 0.0
    left = np.flatnonzero(~inside[entered[0] :])
    last = entered[0] + left[0] - 1 if len(left) else len(steps) - 1
    return float(steps[last])


def _ends(start: Array, travel: float, heading: Array) -> Array:
    return np.stack([start, start + travel * heading])
