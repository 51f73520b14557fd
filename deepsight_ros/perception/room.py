"""RoomMemory: support, walls and up of earlier frames, for as long as the present frame agrees.

In: the view, up if given, the camera's pose. Out: a ``Room`` in the present optical frame, or
None when what is seen contradicts the remembered one. The check costs a tenth of finding the
planes again, and a support that stays the same keeps W still: what stands on it need not move.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.samples import plane_axes
from deepsight_ros.perception.support import HorizontalPlane, SupportFinding
from deepsight_ros.perception.view import WorkingView

Array = NDArray[np.float64]
Plane = tuple[Array, float]

EVERY = 4
"""Every n-th working pixel is checked, in both directions."""

NEAR_SIGMAS = 4.0
NEAR_M = 0.006
"""A reading this close to the support (sigmas of depth noise, and metres) speaks for it."""

LEAST_KEPT = 0.7
"""Least share of the readings that spoke for the support when it was found."""

OFF_M = 0.0015
OFF_SIGMAS = 0.15
"""Largest mean height of those readings above the support, at any of its edges."""

UP_DEG = 0.5
"""Largest change of a given up."""

MOVED_M, TURNED_RAD = 0.05, 0.05
"""Camera motion after which the room is worth another look: there may be more of it in view."""

MOST_VIEWS = 8
"""A new estimate of the support counts for 1 / n in the mean of n, up to this n."""


@dataclass(frozen=True, eq=False)
class Room:
    """Support and walls in the optical frame of one camera pose.

    Attributes:
        finding: up, the support and all horizontal planes.
        walls: (unit normal towards the camera, offset) each.
        fixed_from_camera: that pose.
        looked_from: the pose when the planes were last found from scratch.
        looked_at: number of the frame that was in.
        near: share of the checked readings that spoke for the support then.
        views: how many estimates of the support are averaged in it.
    """

    finding: SupportFinding
    walls: list[Plane]
    fixed_from_camera: RigidTransform
    looked_from: RigidTransform
    looked_at: int
    near: float = 0.0
    views: int = 1


class RoomMemory:
    """The newest room."""

    def __init__(self) -> None:
        self._room: Room | None = None
        self._frame = 0

    def reset(self) -> None:
        """Forget it."""
        self._room = None

    def begin(self) -> None:
        """Start a frame."""
        self._frame += 1

    def here(self, fixed_from_camera: RigidTransform) -> Room | None:
        """The remembered room as this pose of the camera sees it, confirmed or not."""
        room = self._room
        return None if room is None else seen_from(room, fixed_from_camera)

    def recall(
        self, view: WorkingView, given_up: Array | None, fixed_from_camera: RigidTransform
    ) -> Room | None:
        """The room, where this frame confirms it; its up is the given one."""
        room = self.here(fixed_from_camera)
        if room is None:
            return None
        up, support = room.finding.up, room.finding.support
        if up is None or support is None:
            return None
        if given_up is not None:
            if float(up @ given_up) < np.cos(np.deg2rad(UP_DEG)) * np.linalg.norm(given_up):
                return None
            room = replace(room, finding=replace(room.finding, up=given_up))
        near, off, allowed = _fit(support, view)
        if near < LEAST_KEPT * room.near or off > allowed:
            return None
        self._room = room
        return room

    def keep(
        self,
        finding: SupportFinding,
        walls: list[Plane],
        view: WorkingView,
        fixed_from_camera: RigidTransform,
    ) -> Room:
        """Remember what was found from scratch; a support that was known before is averaged."""
        before = self.here(fixed_from_camera)
        views = 1
        if before is not None and before.finding.support is not None:
            mean = _averaged(before.finding.support, finding.support, view, before.views)
            if mean is not None and finding.support is not None:
                views = min(before.views + 1, MOST_VIEWS)
                planes = tuple(mean if p is finding.support else p for p in finding.planes)
                up = mean.normal if finding.up is finding.support.normal else finding.up
                finding = SupportFinding(up, mean, planes)
        near = 0.0 if finding.support is None else _fit(finding.support, view)[0]
        self._room = Room(
            finding, walls, fixed_from_camera, fixed_from_camera, self._frame, near, views
        )
        return self._room

    def is_due(self, least_age: int, motions: float = 1.0) -> bool:
        """Whether the room is worth another look: that many frames went by, or the camera moved
        by ``motions`` times what shows more of it."""
        room = self._room
        if room is None:
            return False
        motion = room.looked_from.inverse() @ room.fixed_from_camera
        turned = float(np.arccos(np.clip((np.trace(motion.rotation) - 1.0) / 2.0, -1.0, 1.0)))
        moved = float(np.linalg.norm(motion.translation_m))
        far = moved > motions * MOVED_M or turned > motions * TURNED_RAD
        return far or self._frame - room.looked_at >= least_age


def seen_from(room: Room, fixed_from_camera: RigidTransform) -> Room:
    """The same room in the optical frame of another pose of the camera."""
    before, now = room.fixed_from_camera, fixed_from_camera
    if now is before or (
        np.array_equal(now.rotation, before.rotation)
        and np.array_equal(now.translation_m, before.translation_m)
    ):
        return room
    motion = now.inverse() @ before
    finding = room.finding
    planes = {id(p): _moved(p, motion) for p in finding.planes}
    support = finding.support
    up = None if finding.up is None else motion.rotate(finding.up)
    moved = SupportFinding(
        up, None if support is None else planes[id(support)], tuple(planes.values())
    )
    walls = [_moved_plane(normal, offset, motion) for normal, offset in room.walls]
    return replace(room, finding=moved, walls=walls, fixed_from_camera=fixed_from_camera)


def _moved_plane(normal: Array, offset_m: float, motion: RigidTransform) -> Plane:
    turned = motion.rotate(normal)
    return turned, offset_m - float(turned @ motion.translation_m)


def _moved(plane: HorizontalPlane, motion: RigidTransform) -> HorizontalPlane:
    """A plane and its outline in another optical frame."""
    axes = np.stack(plane_axes(plane.normal))
    corners = motion.apply(
        plane.outline_m.astype(np.float64) @ axes - plane.offset_m * plane.normal
    )
    normal, offset = _moved_plane(plane.normal, plane.offset_m, motion)
    outline = corners @ np.stack(plane_axes(normal)).T
    return replace(plane, normal=normal, offset_m=offset, outline_m=outline.astype(np.float32))


def _fit(plane: HorizontalPlane, view: WorkingView) -> tuple[float, float, float]:
    """(share of readings near a plane, their largest mean height at its edges, most that noise
    explains)."""
    z = view.filled_m[::EVERY, ::EVERY]
    x, y = (axis[::EVERY] for axis in view.rays)
    n = plane.normal.astype(np.float32)
    along = (x * n[0])[None, :] + (y * n[1] + n[2])[:, None]
    height = z * along + np.float32(plane.offset_m)
    sigma = np.abs(along) * view.sigma_m[::EVERY, ::EVERY]
    near = (z > 0) & (np.abs(height) < NEAR_M + NEAR_SIGMAS * sigma)
    number = int(np.count_nonzero(near))
    if number < 30:
        return 0.0, np.inf, 0.0
    rows, columns = np.nonzero(near)
    depth = z[near]
    u = x[columns] * depth
    v = y[rows] * depth
    u -= u.mean()
    v -= v.mean()
    residual = height[near]
    mean = float(residual.mean())
    # slope along both image axes: least squares of height over the points' x and y
    uu, uv, vv = float(u @ u), float(u @ v), float(v @ v)
    determinant = uu * vv - uv * uv
    tilt = 0.0
    if determinant > 1e-9 * uu * vv:
        ur, vr = float(u @ residual), float(v @ residual)
        a = (vv * ur - uv * vr) / determinant
        b = (uu * vr - uv * ur) / determinant
        tilt = float(np.hypot(a * np.sqrt(3.0 * uu / number), b * np.sqrt(3.0 * vv / number)))
    allowed = OFF_M + OFF_SIGMAS * float(sigma[near].mean())
    return number / max(1, int(np.count_nonzero(z))), abs(mean) + tilt, allowed


def _averaged(
    old: HorizontalPlane, new: HorizontalPlane | None, view: WorkingView, views: int
) -> HorizontalPlane | None:
    """The new plane moved towards the old one's place where both are the same surface."""
    if new is None:
        return None
    _, off, allowed = _fit(old, view)
    if off > allowed or float(old.normal @ new.normal) < np.cos(np.deg2rad(1.0)):
        return None
    weight = 1.0 / min(views + 1, MOST_VIEWS)
    normal = (1.0 - weight) * old.normal + weight * new.normal
    normal = normal / np.linalg.norm(normal)
    offset = (1.0 - weight) * old.offset_m + weight * new.offset_m
    return replace(new, normal=normal, offset_m=offset)
