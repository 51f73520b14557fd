"""CameraInfo fields in, a Camera out: regions of interest, binning, rectified topics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from deepsight_ros.errors import CalibrationError
from deepsight_ros.geometry.camera import Camera


def camera_from_info(
    width: int,
    height: int,
    k: Sequence[float],
    d: Sequence[float] = (),
    model: str = "",
    frame_id: str = "",
    *,
    roi: tuple[int, int, int, int] = (0, 0, 0, 0),
    binning: tuple[int, int] = (0, 0),
    p: Sequence[float] | None = None,
    rectified: bool = False,
    name: str = "camera_info",
) -> Camera:
    """Camera of the fields of a sensor_msgs/CameraInfo.

    Args:
        width, height: full-resolution size.
        k: 9 numbers of the intrinsic matrix, row-major.
        d, model: distortion.
        roi: x_offset, y_offset, width, height in full-resolution pixels; all 0 = the full image.
        binning: x and y; 0 means 1.
        p: 12 numbers of the projection matrix, used where ``rectified``.
        rectified: the image topic is a rectified one (image_rect): P counts and D does not.
        name: what error messages call the message, usually its topic.

    Raises:
        CalibrationError: zero or NaN intrinsics (an uncalibrated camera), a matrix that is no
            pinhole camera, or a lens model other than plumb_bob and rational_polynomial.
    """
    matrix = np.asarray(k if not rectified or p is None else p, dtype=np.float64)
    expected = 9 if not rectified or p is None else 12
    if matrix.size != expected or not np.isfinite(matrix).all():
        raise CalibrationError(
            f"{name}: got {'K' if expected == 9 else 'P'} = {matrix.tolist()}, expected "
            f"{expected} finite numbers; calibrate the camera"
        )
    matrix = matrix.reshape(3, -1)[:, :3]
    if not matrix.any():
        raise CalibrationError(
            f"{name}: got intrinsics that are all zero, expected a calibrated camera; run camera "
            "calibration or let the driver publish its factory calibration"
        )
    fx, fy = float(matrix[0, 0]), float(matrix[1, 1])
    others = [matrix[0, 1] / max(abs(fx), 1.0), *matrix[1:, 0], matrix[2, 1], matrix[2, 2] - 1.0]
    if np.abs(others).max() > 1e-3:
        raise CalibrationError(
            f"{name}: got K = {matrix.round(3).tolist()}, expected [fx 0 cx; 0 fy cy; 0 0 1]"
        )
    x0, y0, roi_width, roi_height = roi
    bin_x, bin_y = (max(int(b), 1) for b in binning)
    coefficients = () if rectified else tuple(float(c) for c in d)
    if not any(coefficients):
        model, coefficients = "none", ()
    elif model not in ("plumb_bob", "rational_polynomial"):
        raise CalibrationError(
            f"{name}: got distortion model '{model}', expected plumb_bob or rational_polynomial; "
            "subscribe to the rectified image topic instead"
        )
    return Camera(
        width_px=(roi_width or width) // bin_x,
        height_px=(roi_height or height) // bin_y,
        fx_px=fx / bin_x,
        fy_px=fy / bin_y,
        cx_px=(float(matrix[0, 2]) - x0) / bin_x,
        cy_px=(float(matrix[1, 2]) - y0) / bin_y,
        distortion_model=model,
        distortion=coefficients,
        frame_id=frame_id.lstrip("/"),
    )
