"""Depth and colour of one or two calibrated cameras in, both in the undistorted depth view out.

The view that comes out is the depth camera's own, its lens distortion removed; depth is never
interpolated. How the colour of each pixel is found: geometry/colour_fetch.py.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.camera_info import camera_from_info
from deepsight_ros.geometry.colour_fetch import ColourFetch, SameView, ThroughDepth, fetch_of_rays
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.geometry.undistortion import (
    require_size,
    undistort_colour,
    undistort_depth,
    undistorted,
)

__all__ = [
    "Registered",
    "Registrar",
    "camera_from_info",
    "undistort_colour",
    "undistort_depth",
    "undistorted",
]

SAME_CENTRE_M = 1e-4
"""Cameras nearer to each other than this share their centre."""


class Registered(NamedTuple):
    """What ``Registrar.register_masked`` returns.

    Attributes:
        depth_m: (H, W) float32 in the undistorted depth view.
        colour: (H, W, 3) uint8 in the same view, black where unknown; None if none was given.
        has_colour: (H, W) bool; None means everywhere (or no colour was given).
    """

    depth_m: NDArray[np.float32]
    colour: NDArray[np.uint8] | None
    has_colour: NDArray[np.bool_] | None


class Registrar:
    """Brings pairs of images of two fixed cameras into the undistorted depth view.

    Args:
        depth_camera: as its camera_info says.
        colour_camera: None for a robot with depth only.
        colour_from_depth: maps points of the depth camera's frame into the colour camera's. Not
            needed where both have the same frame_id or are the same camera.

    Attributes:
        camera: the camera of what comes out (RgbdFrame.camera).
        needs_depth: whether the colour of a pixel depends on its depth (two distinct cameras).

    Raises:
        CalibrationError: a camera is missing, or two cameras come without a transform.
    """

    def __init__(
        self,
        depth_camera: Camera | None,
        colour_camera: Camera | None = None,
        colour_from_depth: RigidTransform | None = None,
    ) -> None:
        if depth_camera is None:
            raise CalibrationError(
                "registration: got no calibration of the depth camera, expected its camera_info; "
                "publish or remap depth/camera_info"
            )
        self.camera = undistorted(depth_camera)
        self._depth_camera = depth_camera
        self._colour_camera = colour_camera
        self._fetch: ColourFetch | None = None
        if colour_camera is not None:
            self._fetch = _fetch_for(depth_camera, colour_camera, colour_from_depth)
        self.needs_depth = isinstance(self._fetch, ThroughDepth)

    def register(
        self, depth_m: NDArray[np.float32], colour: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
        """Depth and colour in the undistorted depth view.

        Args:
            depth_m: (H, W) float32 metres, NaN where invalid, of the depth camera's size.
            colour: uint8 RGB of the colour camera's size, or None.

        Returns:
            Depth and colour, both of the depth camera's size. The inputs themselves, not copies,
            where nothing is to be done.

        Raises:
            CalibrationError: an image is not of its camera's size, or colour came without a
                calibration.
        """
        registered = self.register_masked(depth_m, colour)
        return registered.depth_m, registered.colour

    def register_masked(
        self, depth_m: NDArray[np.float32], colour: NDArray[np.uint8] | None
    ) -> Registered:
        """As ``register``, and tells which pixels have a colour."""
        depth = undistort_depth(depth_m, self._depth_camera)
        if colour is None:
            return Registered(depth, None, None)
        if self._colour_camera is None or self._fetch is None:
            raise CalibrationError(
                "registration: got a colour image but no calibration of its camera, expected its "
                "camera_info; publish or remap color/camera_info, or set color:=none"
            )
        require_size(colour, self._colour_camera, "colour image")
        return Registered(depth, *self._fetch.fetch(depth, colour))


def _fetch_for(
    depth_camera: Camera, colour_camera: Camera, colour_from_depth: RigidTransform | None
) -> ColourFetch:
    if colour_camera == depth_camera:
        return SameView(colour_camera)
    if colour_from_depth is None:
        depth_frame, colour_frame = depth_camera.frame_id, colour_camera.frame_id
        if depth_frame != colour_frame or not depth_frame:
            raise CalibrationError(
                f"registration: got depth in frame '{depth_frame}' and colour in frame "
                f"'{colour_frame}' without a transform between them, expected one; publish it "
                "on /tf_static, let the driver align depth to colour, or set color:=none"
            )
        colour_from_depth = RigidTransform.identity()
    view = undistorted(depth_camera)
    if float(np.linalg.norm(colour_from_depth.translation_m)) > SAME_CENTRE_M:
        return ThroughDepth(view, colour_camera, colour_from_depth)
    return fetch_of_rays(view, colour_camera, colour_from_depth)
