"""The seen surface of one object: mask and depth in; smoothed points, normals, outline in W out.

A plane's inverse depth is linear over pixels, so noise is averaged by fitting inverse depth
linearly in a small window around every pixel, with the pixels inside the eroded mask: exact on
planes, unbiased at the mask's border. The outline is taken at the cracks between inside and
outside pixels (half a pixel beyond the last inside one), which makes widths neither short nor
long, and every crack knows what lies beyond it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene import surface_pixels
from deepsight_ros.scene.surface_pixels import cracks, edge_kinds, lift, solve_fit

F64 = NDArray[np.float64]
F32 = NDArray[np.float32]
AnyFloat = NDArray[np.floating[Any]]
Bool = NDArray[np.bool_]

_PAD_PX = 10
_RING_PX = 7
_MOST_INSIDE = 160
_MOST_AROUND = 120
_LEAST_IN_WINDOW = 4
# a straight border leaves ten of the window's pixels, a corner four
_LEAST_BESIDE_EDGE = 8
_THIN, _FILLED = 1.0, 0.5
_RIDGE = np.float32(0.02)
# a reading this far (share of inverse depth) off its neighbours' mean is no reading of theirs
_FLIER = np.float32(0.12)
_SQUARE = np.ones((3, 3), np.uint8)
# window of 5 x 5 pixels: offsets to the power of 0, 1, 2
_ONE = np.ones(5, np.float32)
_FIRST = np.arange(-2, 3, dtype=np.float32)
_SECOND = _FIRST * _FIRST
_GAIN = float(1.0 / np.sqrt(0.5 * 25))
"""Smoothing brings the noise down by this much (neighbouring readings are not independent)."""
# a support point may be this high, an outside surface this near in depth, besides noise
_ON_SUPPORT_M = 0.012
STANDING_M = 0.010
"""What is seen to end this near to the support (besides noise and a pixel) stands on it."""
_SAME_DEPTH_M = 0.012
# how far beyond a crack to look for a reading: not the first pixel, it may be mixed
_LOOK_PX = np.array([2, 3, 1, 5, 8, 12])


class Edge(IntEnum):
    """What lies beyond a piece of outline.

    FREE: something farther; the edge is the object's own. OCCLUDED: something nearer cuts it.
    TRUNCATED: the image ends. CONTACT: a neighbour at about the same depth. STANDING: the
    support, at the object's foot. UNKNOWN: no reading (a hole).
    """

    FREE = surface_pixels.FREE
    OCCLUDED = surface_pixels.OCCLUDED
    TRUNCATED = surface_pixels.TRUNCATED
    CONTACT = surface_pixels.CONTACT
    STANDING = surface_pixels.STANDING
    UNKNOWN = surface_pixels.UNKNOWN


@dataclass(frozen=True, eq=False)
class Surface:
    """What one view shows of an object, in W.

    Attributes:
        points_m: (N, 3) float64 smoothed points of the eroded mask.
        normals: (N, 3) unit normals, towards the camera.
        sigma_m: (N,) standard deviation along the ray, after smoothing.
        outline_m: (M, 3) points on the silhouette, half a pixel beyond the last inside one.
        outline_normals: (M, 3) unit normal of the surface beside each outline point.
        outline_sigma_m: (M,) along the ray.
        outline_quality: (M,) int8, 2 where a plane was fitted beside it, 1 where only a few
            readings were there (thin tips), 0 where the depth was filled in from farther inside
            (beside holes): good across the view only.
        outward: (M, 3) unit direction out of the object, along the picture's rows or columns.
        edges: (M,) int8, ``Edge`` of each outline point.
        rays: (M, 3) unit viewing directions of the outline points, camera to point.
        check_rays: (K, 3) unit viewing directions through some pixels in and around the mask.
        check_ranges_m: (K,) distance along them to the first surface.
        check_inside: (K,) bool, whether the pixel is the object's.
        check_sigma_m: (K,) standard deviation of a single reading there.
        check_weights: (K,) how many pixels each stands for.
        pixel_m: size of a pixel at the object's median depth.
        holes: share of mask pixels without a usable reading.
    """

    points_m: F64
    normals: F64
    sigma_m: F64
    outline_m: F64
    outline_normals: F64
    outline_sigma_m: F64
    outline_quality: NDArray[np.int8]
    outward: F64
    edges: NDArray[np.int8]
    rays: F64
    check_rays: F64
    check_ranges_m: F64
    check_inside: Bool
    check_sigma_m: F64
    check_weights: F64
    pixel_m: float
    holes: float

    def share(self, *kinds: Edge) -> float:
        """Share of the outline that is of these kinds."""
        number = sum(int(np.count_nonzero(self.edges == kind)) for kind in kinds)
        return number / max(len(self.edges), 1)


def see_surface(
    mask: Bool,
    depth_m: F32,
    camera: Camera,
    working_from_camera: RigidTransform,
    sensor: SensorModel,
    *,
    support_known: bool = True,
) -> Surface | None:
    """Extract the seen surface of a masked object.

    Args:
        mask: (H, W) bool at the resolution of ``depth_m``.
        depth_m: (H, W) float32 along optical z; NaN or 0 = invalid.
        camera: intrinsics of that resolution, without distortion.
        working_from_camera: W from the optical frame.
        sensor: noise model of the camera.
        support_known: whether z = 0 of W is the support surface.

    Returns:
        Surface, or None when fewer than a handful of readings are usable.

    Raises:
        InvalidValueError: shapes of mask, depth and camera disagree.
    """
    shape = (camera.height_px, camera.width_px)
    if mask.shape != shape or depth_m.shape != shape:
        raise InvalidValueError(
            f"observed shape: got mask {mask.shape} and depth {depth_m.shape}, expected both "
            f"{shape}, the camera's size"
        )
    window = _Window.around(mask, depth_m)
    if window is None:
        return None
    fit = _smooth(window, sensor)
    if fit is None:
        return None
    return _assemble(window, fit, camera, working_from_camera, sensor, support_known)


@dataclass(frozen=True, eq=False)
class _Window:
    """Crop of the picture around the mask; ``row``, ``column`` are its origin."""

    row: int
    column: int
    mask: NDArray[np.uint8]
    depth_m: F32
    valid: Bool
    at_border: tuple[bool, bool, bool, bool]

    @classmethod
    def around(cls, mask: Bool, depth_m: F32) -> _Window | None:
        x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
        if w == 0:
            return None
        top, left = max(0, y - _PAD_PX), max(0, x - _PAD_PX)
        rows = slice(top, min(mask.shape[0], y + h + _PAD_PX))
        columns = slice(left, min(mask.shape[1], x + w + _PAD_PX))
        depth = depth_m[rows, columns]
        valid = depth > 0  # NaN compares False
        border = (y == 0, x == 0, y + h == mask.shape[0], x + w == mask.shape[1])
        return cls(top, left, mask[rows, columns].view(np.uint8), depth, valid, border)


@dataclass(frozen=True, eq=False)
class _Fit:
    """Inverse depth around every pixel of the window; ``rows`` is (3, H, W): value, gradient."""

    rows: F32
    weight: AnyFloat
    core: Bool
    gain: float


def _smooth(window: _Window, sensor: SensorModel) -> _Fit | None:
    """Linear fit of inverse depth in a square window around each pixel (exact on planes)."""
    mask, valid, depth = window.mask, window.valid, window.depth_m
    whole = mask.view(bool) & valid
    core = cv2.erode(mask, _SQUARE).view(bool) & valid
    if int(np.count_nonzero(core)) < max(8, int(np.count_nonzero(mask)) // 5):
        core = whole
    readings = depth[core]
    if len(readings) < 4:
        return None
    typical = float(np.partition(readings, len(readings) // 2)[len(readings) // 2])
    near = np.abs(np.where(valid, depth, np.float32(0)) - typical) < 0.5 * typical + 0.05
    core = core & near
    raw = np.zeros(depth.shape, np.float32)
    np.divide(np.float32(1.0), depth, out=raw, where=core)
    inverse = _clip_spikes(raw, core, sensor)
    w = core.astype(np.float32)
    n, md = _moment(w, _ONE, _ONE), _moment(inverse, _ONE, _ONE)
    others = (md - inverse) / np.maximum(n - w, np.float32(1.0))
    flier = core & (np.abs(inverse - others) > _FLIER * others) & (n > _LEAST_IN_WINDOW)
    if flier.any():
        core = core & ~flier
        w = core.astype(np.float32)
        inverse = inverse * w
        n, md = _moment(w, _ONE, _ONE), _moment(inverse, _ONE, _ONE)
    # moments over the window, in offsets from its middle pixel
    mu, mv = _moment(w, _FIRST, _ONE), _moment(w, _ONE, _FIRST)
    cuu, cvv = _moment(w, _SECOND, _ONE), _moment(w, _ONE, _SECOND)
    cuv = _moment(w, _FIRST, _FIRST)
    cud, cvd = _moment(inverse, _FIRST, _ONE), _moment(inverse, _ONE, _FIRST)
    rows = solve_fit(n, mu, mv, cuu, cvv, cuv, md, cud, cvd, _RIDGE)
    lonely = (n < _LEAST_IN_WINDOW) & mask.view(bool)
    if lonely.any():
        _fill_in(lonely, whole & near, depth, core, inverse, (*rows, n))
    return _Fit(rows, n, core, _GAIN)


def _moment(image: AnyFloat, across: F32, down: F32) -> AnyFloat:
    """Sum over the window around each pixel, weighted by column and row offset."""
    found: Any = cv2.sepFilter2D(image, -1, across, down, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(found)


def _fill_in(
    lonely: Bool,
    thin: Bool,
    depth: F32,
    core: Bool,
    inverse: AnyFloat,
    fit: tuple[AnyFloat, ...],
) -> None:
    """Give pixels with too few neighbours (thin tips, borders beside holes) the mean of what is
    near, in place: first of the mask's own readings, then of the eroded mask's."""
    value, du, dv, weight = fit
    rough = np.zeros(depth.shape, np.float32)
    np.divide(np.float32(1.0), depth, out=rough, where=thin)
    w = core.astype(np.float32)
    for source, values, reach, mark in (
        (thin.astype(np.float32), rough, 5, _THIN),
        (w, inverse, 9, _FILLED),
        (w, inverse, 25, _FILLED),
    ):
        number, total = (
            cv2.boxFilter(
                image, -1, (reach, reach), normalize=False, borderType=cv2.BORDER_CONSTANT
            )
            for image in (source, values)
        )
        filled = lonely & (number > 0.5)
        value[filled] = total[filled] / number[filled]
        du[filled] = dv[filled] = 0.0
        weight[filled] = mark
        lonely = lonely & ~filled
        if not lonely.any():
            return


def _clip_spikes(inverse: F32, core: Bool, sensor: SensorModel) -> AnyFloat:
    """Readings far off their neighbours' median are brought back to 3 sigma of it."""
    median = cv2.medianBlur(inverse, 3)
    surrounded = cv2.erode(core.view(np.uint8), _SQUARE).view(bool)
    square = median * median
    depth = 1.0 / np.maximum(median, np.float32(1e-6))
    spread = np.float32(3.0) * np.asarray(sensor.sigma_m(depth), np.float32) * square
    clipped = np.minimum(np.maximum(inverse, median - spread), median + spread)
    return np.where(surrounded, clipped, inverse)


def _assemble(
    window: _Window,
    fit: _Fit,
    camera: Camera,
    pose: RigidTransform,
    sensor: SensorModel,
    support_known: bool,
) -> Surface | None:
    usable = (fit.weight >= _FILLED) & (fit.rows[0] > 1e-6)
    rows, columns = np.nonzero(fit.core & (fit.weight >= _LEAST_IN_WINDOW))
    if len(rows) < 4:
        return None
    at_window = np.array(
        [camera.fx_px, camera.fy_px, camera.cx_px - window.column, camera.cy_px - window.row]
    )
    rotation = np.ascontiguousarray(pose.rotation)
    still = np.zeros((len(rows), 4), np.int64)
    still[:, 0], still[:, 1] = rows, columns
    points, normals, depths, _ = lift(
        fit.rows, still, 0.0, at_window, rotation, pose.translation_m
    )
    sigma = np.asarray(sensor.sigma_m(depths)) * fit.gain
    at = cracks(np.ascontiguousarray(window.mask), usable)
    outline, outline_normals, edge_depths, rays = lift(
        fit.rows, at, 0.5, at_window, rotation, pose.translation_m
    )
    edge_sigma = np.asarray(sensor.sigma_m(edge_depths))
    edges = edge_kinds(
        at,
        _LOOK_PX,
        np.ascontiguousarray(window.mask),
        np.ascontiguousarray(window.depth_m),
        outline,
        edge_depths,
        edge_sigma,
        at_window,
        rotation[2].copy(),
        float(pose.translation_m[2]),
        np.array([_SAME_DEPTH_M, _ON_SUPPORT_M if support_known else -np.inf, STANDING_M]),
        np.array(window.at_border),
    )
    area = max(1, int(np.count_nonzero(window.mask)))
    check_rays, ranges, inside, weights = _checks(window, fit, rows, columns, camera, pose)
    check_sigma = np.asarray(sensor.sigma_m(ranges))
    return Surface(
        points,
        normals,
        sigma,
        outline,
        outline_normals,
        edge_sigma * fit.gain * 1.5,
        _quality(fit.weight[at[:, 0], at[:, 1]]),
        pose.rotate(np.column_stack([at[:, 3], at[:, 2], np.zeros(len(at))])),
        edges,
        rays,
        check_rays,
        ranges,
        inside,
        check_sigma,
        weights,
        float(np.partition(depths, len(depths) // 2)[len(depths) // 2]) / camera.fx_px,
        1.0 - np.count_nonzero(window.mask.view(bool) & window.valid) / area,
    )


def _quality(weight: AnyFloat) -> NDArray[np.int8]:
    quality = (weight >= _THIN).astype(np.int8)
    quality += weight >= _LEAST_BESIDE_EDGE
    return quality


def _checks(
    window: _Window,
    fit: _Fit,
    rows: NDArray[Any],
    columns: NDArray[Any],
    camera: Camera,
    pose: RigidTransform,
) -> tuple[F64, F64, Bool, F64]:
    """Rays in and around the mask, to test completed solids against what was seen."""
    step = max(1, len(rows) // _MOST_INSIDE)
    rows, columns = rows[::step], columns[::step]
    kernel = np.ones((3, 3), np.uint8)
    near = cv2.dilate(window.mask, kernel, iterations=1)
    far = cv2.dilate(near, kernel, iterations=_RING_PX)
    r, c = np.nonzero((far > near) & window.valid)
    ring_step = max(1, len(r) // _MOST_AROUND)
    r, c = r[::ring_step], c[::ring_step]
    depth = np.concatenate([1.0 / fit.rows[0][rows, columns], window.depth_m[r, c]])
    v = np.concatenate([rows, r]) + window.row
    u = np.concatenate([columns, c]) + window.column
    ray = np.ones((len(u), 3))
    ray[:, 0], ray[:, 1] = (u - camera.cx_px) / camera.fx_px, (v - camera.cy_px) / camera.fy_px
    length = np.sqrt(np.einsum("ij,ij->i", ray, ray))
    inside = np.arange(len(u)) < len(rows)
    weights = np.where(inside, float(step), float(ring_step))
    return pose.rotate(ray / length[:, None]), depth * length, inside, weights
