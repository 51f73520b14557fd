"""Camera intrinsics and the RGB-D frame that every room passes on.

Optical frames follow REP 103: x right, y down, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import CalibrationError, InvalidValueError
from deepsight_ros.geometry.noise import SensorModel

DISTORTION_LENGTHS = {"none": (0,), "plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14)}


@dataclass(frozen=True)
class Camera:
    """Pinhole intrinsics with optional distortion (sensor_msgs/CameraInfo conventions).

    Attributes:
        width_px, height_px: image size.
        fx_px, fy_px, cx_px, cy_px: pinhole parameters; pixel centres are at integers.
        distortion_model: ``none``, ``plumb_bob`` or ``rational_polynomial`` (REP 104 names).
        distortion: coefficients in OpenCV order; empty or all zero means none.
        frame_id: the optical frame, for TF.
    """

    width_px: int
    height_px: int
    fx_px: float
    fy_px: float
    cx_px: float
    cy_px: float
    distortion_model: str = "none"
    distortion: tuple[float, ...] = ()
    frame_id: str = ""

    def __post_init__(self) -> None:
        if self.width_px < 1 or self.height_px < 1:
            raise CalibrationError(
                f"camera: got size {self.width_px}x{self.height_px}, expected at least 1x1"
            )
        values = (self.fx_px, self.fy_px, self.cx_px, self.cy_px, *self.distortion)
        if not all(np.isfinite(v) for v in values) or self.fx_px <= 0 or self.fy_px <= 0:
            raise CalibrationError(
                f"camera: got fx={self.fx_px} fy={self.fy_px} cx={self.cx_px} cy={self.cy_px}, "
                "expected finite numbers with fx, fy > 0; is the camera calibrated (CameraInfo.k)?"
            )
        if self.distortion_model not in DISTORTION_LENGTHS:
            raise CalibrationError(
                f"camera: got distortion model '{self.distortion_model}', expected one of "
                f"{sorted(DISTORTION_LENGTHS)}"
            )
        lengths = DISTORTION_LENGTHS[self.distortion_model]
        if self.is_distorted and len(self.distortion) not in lengths:
            raise CalibrationError(
                f"camera: got {len(self.distortion)} coefficients for '{self.distortion_model}', "
                f"expected {' or '.join(map(str, lengths))}"
            )

    @property
    def is_distorted(self) -> bool:
        return any(c != 0.0 for c in self.distortion)

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(3, 3) intrinsic matrix K."""
        return np.array(
            [[self.fx_px, 0, self.cx_px], [0, self.fy_px, self.cy_px], [0, 0, 1]], dtype=np.float64
        )

    def subsampled(self, step: int) -> Camera:
        """Intrinsics of the image ``image[::step, ::step]`` (every step-th pixel kept)."""
        return replace(
            self,
            width_px=-(-self.width_px // step),
            height_px=-(-self.height_px // step),
            fx_px=self.fx_px / step,
            fy_px=self.fy_px / step,
            cx_px=self.cx_px / step,
            cy_px=self.cy_px / step,
        )


@dataclass(frozen=True, eq=False)
class RgbdFrame:
    """One depth image in metres with its camera; colour registered to it or absent.

    Attributes:
        stamp_ns: acquisition time, nanoseconds of the message clock.
        camera: the depth camera, undistorted (its distortion is honoured before this is made).
        depth_m: (H, W) float32 along optical z; NaN = invalid, never 0, negative or infinite.
        colour: (H, W, 3) uint8 RGB registered to the depth view, or None.
        sensor: noise model of the depth camera's family.
    """

    stamp_ns: int
    camera: Camera
    depth_m: NDArray[np.float32]
    colour: NDArray[np.uint8] | None = None
    sensor: SensorModel = field(default_factory=SensorModel)

    def __post_init__(self) -> None:
        expected = (self.camera.height_px, self.camera.width_px)
        if self.depth_m.dtype != np.float32 or self.depth_m.shape != expected:
            raise InvalidValueError(
                f"RGB-D frame: got depth {self.depth_m.dtype} {self.depth_m.shape}, "
                f"expected float32 {expected} (the camera's size)"
            )
        if self.colour is not None and (
            self.colour.dtype != np.uint8 or self.colour.shape != (*expected, 3)
        ):
            raise InvalidValueError(
                f"RGB-D frame: got colour {self.colour.dtype} {self.colour.shape}, expected "
                f"uint8 {(*expected, 3)} registered to the depth view"
            )
        if self.camera.is_distorted:
            raise CalibrationError(
                "RGB-D frame: the depth camera still has distortion; undistort the image first "
                "(geometry.registration.undistort_depth)"
            )
