"""ViewCloud: the points of a frame in W, worked out when somebody asks for them.

In: view and W. Out: what ``scene.objects.PointCloud`` has. Few questions need the cloud (free
space), and making it costs more than a frame's whole support.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.view import Bool, WorkingView


class ViewCloud:
    """Every n-th valid reading; pixels and field of view are those of the working image.

    Args:
        view: the frame at perception resolution.
        working_from_camera: W from the optical frame.
        every: keep every n-th working pixel in both directions.
    """

    def __init__(self, view: WorkingView, working_from_camera: RigidTransform, every: int) -> None:
        self._view = view
        self._working = working_from_camera
        self._every = every

    @property
    def view(self) -> WorkingView:
        """The frame the points are from."""
        return self._view

    @cached_property
    def _valid(self) -> Bool:
        return self._view.valid[:: self._every, :: self._every]

    @cached_property
    def points_m(self) -> NDArray[np.float32]:
        """(N, 3) float32 in W."""
        every = self._every
        z = self._view.smooth_m[::every, ::every]
        x, y = (axis[::every] for axis in self._view.rays)
        rotation = self._working.rotation.astype(np.float32)
        offset = self._working.translation_m.astype(np.float32)
        points = np.empty((np.count_nonzero(self._valid), 3), np.float32)
        for k in range(3):
            slope = (rotation[k, 0] * x)[None, :] + (rotation[k, 1] * y + rotation[k, 2])[:, None]
            points[:, k] = (slope * z + offset[k])[self._valid]
        return points

    @cached_property
    def sigma_m(self) -> NDArray[np.float32]:
        """(N,) float32 standard deviation along the viewing ray."""
        return self._view.sigma_m[:: self._every, :: self._every][self._valid]

    @cached_property
    def pixels(self) -> NDArray[np.int32]:
        """(N, 2) int32 column, row in the working image."""
        v, u = np.divmod(np.flatnonzero(self._valid), self._valid.shape[1])
        return (np.stack([u, v], axis=1) * self._every).astype(np.int32)

    @property
    def camera_fov(self) -> tuple[float, float, float, float, int, int]:
        """(fx, fy, cx, cy, width, height) of the working image."""
        c = self._view.camera
        return (c.fx_px, c.fy_px, c.cx_px, c.cy_px, c.width_px, c.height_px)
