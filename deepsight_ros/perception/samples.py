"""Sample: a quarter-resolution sheet of points with normals, on which planes are found.

In: WorkingView. Out: flat arrays of its valid pixels. Inverse depth is linear over a plane's
pixels, ``1/z = m @ (x/z, y/z, 1)``, so planes are fitted by least squares of ``m`` and normals
come from image differences without fitting anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.backproject import ray_slopes
from deepsight_ros.perception.view import Bool, Float, WorkingView

Array = NDArray[np.float64]

EVERY = 2
"""Every n-th working pixel is sampled, in both directions."""


@dataclass(frozen=True, eq=False)
class Sample:
    """N sampled pixels; float32 unless said otherwise.

    Attributes:
        rays: (N, 3) viewing rays with z = 1.
        points_m: (N, 3) in the optical frame.
        inverse: (N,) 1 / depth.
        weight: (N,) 1 / variance of ``inverse``.
        sigma_m: (N,) depth noise.
        normals: (N, 3) unit, towards the camera; zero where unknown.
        at_border: (N,) bool: in the outer 8 % of the image at its top, left or right.
        pixel_area: solid angle a sample stands for, in units of rays' x, y.
    """

    rays: Float
    points_m: Float
    inverse: Float
    weight: Float
    sigma_m: Float
    normals: Float
    at_border: Bool
    pixel_area: float

    def __len__(self) -> int:
        return len(self.inverse)

    def part(self, index: NDArray[np.intp]) -> Sample:
        """Only the pixels of an index."""
        return Sample(
            rays=self.rays[index],
            points_m=self.points_m[index],
            inverse=self.inverse[index],
            weight=self.weight[index],
            sigma_m=self.sigma_m[index],
            normals=self.normals[index],
            at_border=self.at_border[index],
            pixel_area=self.pixel_area,
        )


def make_sample(view: WorkingView) -> Sample:
    """Sample a view; normals span 4 samples (8 working pixels), fewer in small images."""
    z = np.ascontiguousarray(view.smooth_m[::EVERY, ::EVERY])
    h, w = z.shape
    x, y = ray_slopes(view.camera)
    x, y = x[:, ::EVERY], y[::EVERY]
    valid = z > 0
    inverse = np.divide(np.float32(1.0), z, out=np.zeros_like(z), where=valid)
    lag = 2 if min(h, w) >= 40 else 1
    normals = np.zeros((h, w, 3), np.float32)
    if min(h, w) > 2 * lag:
        normals[lag : h - lag, lag : w - lag] = _normals(inverse, x, y, lag)
    border = np.zeros((h, w), bool)
    band_v, band_u = max(1, round(0.08 * h)), max(1, round(0.08 * w))
    border[:band_v] = border[:, :band_u] = border[:, -band_u:] = True
    rays = np.empty((h, w, 3), np.float32)
    rays[..., 0], rays[..., 1], rays[..., 2] = x, y, 1.0
    rays = rays[valid]
    sigma = view.sigma_m[::EVERY, ::EVERY][valid]
    depth, inverse = z[valid], inverse[valid]
    return Sample(
        rays=rays,
        points_m=rays * depth[:, None],
        inverse=inverse,
        weight=np.square(depth * depth / np.maximum(sigma, np.float32(1e-5))),
        sigma_m=sigma,
        normals=normals[valid],
        at_border=border[valid],
        pixel_area=EVERY**2 / (view.camera.fx_px * view.camera.fy_px),
    )


def _normals(inverse: Float, x: Float, y: Float, lag: int) -> Float:
    """(h - 2 lag, w - 2 lag, 3) normals towards the camera; zero beside holes."""
    k = lag
    middle = inverse[k:-k, k:-k]
    left, right = inverse[k:-k, : -2 * k], inverse[k:-k, 2 * k :]
    above, below = inverse[: -2 * k, k:-k], inverse[2 * k :, k:-k]
    a = (right - left) / (x[:, 2 * k :] - x[:, : -2 * k])
    b = (below - above) / (y[2 * k :] - y[: -2 * k])
    c = middle - a * x[:, k:-k] - b * y[k:-k]
    norm = np.sqrt(a * a + b * b + c * c)
    # (a, b, c) points away from the camera; holes (inverse 0) get no normal
    known = np.minimum(np.minimum(left, right), np.minimum(above, below)) * middle > 0
    scale = np.where(known, np.float32(-1.0) / np.maximum(norm, np.float32(1e-9)), np.float32(0.0))
    out = np.empty((*middle.shape, 3), np.float32)
    out[..., 0], out[..., 1], out[..., 2] = a * scale, b * scale, c * scale
    return out


def plane_axes(normal: Array) -> tuple[Array, Array]:
    """Two unit vectors spanning a plane: ahead of the camera, and left of that."""
    ahead = np.array([0.0, 0.0, 1.0]) - normal[2] * normal
    if np.linalg.norm(ahead) < 0.1:  # camera looks straight down: image top is ahead
        ahead = np.array([0.0, -1.0, 0.0]) + normal[1] * normal
    ahead = ahead / np.linalg.norm(ahead)
    return ahead, np.cross(normal, ahead)


def fit_plane(sample: Sample, inliers: Bool) -> tuple[Array, float] | None:
    """Unit normal (towards the camera) and offset of the plane through the inliers.

    Weighted least squares of inverse depth; None when the inliers do not span a plane.
    """
    if np.count_nonzero(inliers) < 12:
        return None
    rays = sample.rays.astype(np.float64)
    weighted = rays * (sample.weight * inliers)[:, None]
    matrix = np.asarray(weighted.T @ rays, np.float64)
    scale = float(np.trace(matrix))
    if not np.isfinite(scale) or np.linalg.det(matrix / max(scale, 1e-30)) < 1e-12:
        return None
    m = np.linalg.solve(matrix, weighted.T @ sample.inverse)
    norm = float(np.linalg.norm(m))
    return None if norm < 1e-6 else (-m / norm, 1.0 / norm)


def offsets(sample: Sample, normal: Array, offset_m: float) -> tuple[Float, Float]:
    """(N,) heights above a plane, and their standard deviations from depth noise."""
    along = sample.rays @ normal.astype(np.float32)
    height = along / sample.inverse + np.float32(offset_m)
    return height, np.abs(along) * sample.sigma_m
