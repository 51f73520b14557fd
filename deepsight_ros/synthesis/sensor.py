"""Depth cameras: perfect depth in, what a structured-light, stereo or time-of-flight camera would
report out (NaN where it reports nothing).

Effects, in order: projector or second-camera shadow (not for time of flight), holes at grazing
angles, mixed, shifted and missing pixels beside depth edges, axial noise of ``SensorModel`` with
some spatial correlation, quantisation, random dropout, range limits. Sources: Nguyen et al.
3DIMPVT 2012 (axial and lateral noise), Khoshelham and Elberink Sensors 2012 (z squared),
Fankhauser et al. ICAR 2015 (time of flight).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.noise import FAMILIES, SensorModel
from deepsight_ros.synthesis.render import Rendering

F32 = NDArray[np.float32]

_MARGIN_PX = 64
_FIELDS = 4
EDGE_STEP_PER_M = 0.015
"""Kink in inverse depth (1/m) that makes an edge: 1.5 cm at 1 m, 6 cm at 2 m."""


@dataclass(frozen=True)
class NoiseProfile:
    """How the noise is shaped around the variance that ``SensorModel`` states.

    Attributes:
        correlation_px: blur of the noise field (sigma).
        wave: share of the variance in slow waves over the image (lens, temperature).
        heavy: share of pixels whose noise is three times as strong (variance kept).
        spread: each parameter is off by up to this factor, drawn once per seed.
        dropout: share of pixels lost at random.
        speckle: share of lost pixels that come as small blobs.
        structure: width of the edge band and the grazing limit are off by up to this factor too.
    """

    correlation_px: float
    wave: float
    heavy: float
    spread: float
    dropout: float
    speckle: float
    structure: float = 0.0


PROFILES = {
    "calibration": NoiseProfile(0.8, 0.05, 0.0, 0.20, 0.004, 0.3),
    "test": NoiseProfile(1.3, 0.12, 0.04, 0.25, 0.006, 0.6),
    "wide": NoiseProfile(1.1, 0.2, 0.08, 0.95, 0.012, 0.7, 0.6),
}
"""Two ways noise comes, intervals are calibrated on one and tested on the other; and one that goes
beyond what real cameras do, for training."""


@dataclass(frozen=True)
class _Edges:
    """Shares of pixels in the edge band that are lost, mixed, or show the nearer surface."""

    missing: float
    mixed: float
    nearer: float


EDGE_SHARES = {
    "structured_light": _Edges(0.35, 0.10, 0.10),
    "stereo": _Edges(0.25, 0.15, 0.30),
    "time_of_flight": _Edges(0.10, 0.50, 0.05),
}
BASELINE_M = {"structured_light": 0.075, "stereo": 0.055, "time_of_flight": 0.0}


class DepthSensor:
    """A depth camera of one family; the same seed gives the same stream of frames.

    Args:
        family: name of a family, or a model of one's own.
        seed: chooses the noise and how far this camera is off its data sheet.
        profile: how the noise is shaped.
        shared_fields: take windows of noise fields that all sensors of the profile share, which
            saves making them anew for a single frame; the fields do not depend on the seed then.

    Attributes:
        model: what its data sheet says; goes into every frame for the measuring code.
        actual: what it really does (``model`` with each number off by the profile's spread).
    """

    def __init__(
        self,
        family: str | SensorModel = "structured_light",
        seed: int = 0,
        profile: str | NoiseProfile = "test",
        *,
        shared_fields: bool = False,
    ) -> None:
        if isinstance(family, str) and family not in FAMILIES:
            raise InvalidValueError(
                f"depth sensor: got family '{family}', expected one of {sorted(FAMILIES)}"
            )
        if isinstance(profile, str) and profile not in PROFILES:
            raise InvalidValueError(
                f"depth sensor: got profile '{profile}', expected one of {sorted(PROFILES)}"
            )
        self.model = FAMILIES[family] if isinstance(family, str) else family
        self.profile = PROFILES[profile] if isinstance(profile, str) else profile
        self._rng = np.random.default_rng([seed, 7])
        off = 1 + self.profile.spread * self._rng.uniform(-1, 1, 4)
        self.actual = replace(
            self.model,
            base_m=self.model.base_m * off[0],
            linear=self.model.linear * off[1],
            quadratic_per_m=self.model.quadratic_per_m * off[2],
            quantisation_m_at_1m=self.model.quantisation_m_at_1m * off[3],
        )
        if self.profile.structure > 0:
            wide = 1 + self.profile.structure * self._rng.uniform(-1, 1, 2)
            self.actual = replace(
                self.actual,
                edge_px=max(1.0, self.model.edge_px * wide[0]),
                grazing_rad=min(1.5, max(1.0, self.model.grazing_rad * (0.7 + 0.3 * wide[1]))),
            )
        self._pool: _NoisePool | None = None
        self._shared = shared_fields

    def frame(self, rendering: Rendering, camera: Camera, stamp_ns: int = 0) -> RgbdFrame:
        """The rendering as this camera would deliver it."""
        depth = self.measure(rendering.depth_m, camera)
        return RgbdFrame(stamp_ns, camera, depth, rendering.colour, self.model)

    def measure(self, depth_m: F32, camera: Camera) -> F32:
        """(H, W) perfect depth (NaN = nothing) to (H, W) float32 readings, NaN = no reading."""
        rng, actual = self._rng, self.actual
        if self._pool is None or self._pool.shape != depth_m.shape:
            self._pool = (
                _shared_pool(depth_m.shape, self.profile)
                if self._shared
                else _NoisePool(depth_m.shape, self.profile, rng)
            )
        depth = np.where(np.isnan(depth_m), np.float32(np.inf), depth_m)
        inverse: F32 = np.asarray(np.float32(1.0) / depth, dtype=np.float32)
        lost = self._pool.dropout(rng)
        lost |= self._grazing(inverse, camera)
        baseline = BASELINE_M[actual.family]
        if baseline > 0:
            lost |= _shadow(inverse, camera.fx_px * baseline)
        self._disturb_edges(depth, inverse, lost)
        depth[~np.isfinite(depth)] = 0.0
        noise = self._pool.noise(rng)
        noise *= actual.sigma_m(depth)
        depth += noise
        depth = _quantise(depth, actual)
        lost |= (depth < actual.min_range_m) | (depth > actual.max_range_m)
        depth[lost] = np.nan
        return depth

    def _grazing(self, inverse: F32, camera: Camera) -> NDArray[np.bool_]:
        """Where the surface is seen too flatly, from the slope of inverse depth (half size)."""
        small = inverse[::2, ::2]
        cam = camera.subsampled(2)
        h, w = small.shape
        x = ((np.arange(w) - cam.cx_px) / cam.fx_px).astype(np.float32)[None, :]
        y = ((np.arange(h) - cam.cy_px) / cam.fy_px).astype(np.float32)[:, None]
        gx = np.zeros_like(small)
        gy = np.zeros_like(small)
        gx[:, 1:-1] = (small[:, 2:] - small[:, :-2]) * np.float32(cam.fx_px / 2)
        gy[1:-1] = (small[2:] - small[:-2]) * np.float32(cam.fy_px / 2)
        gz = small - gx * x - gy * y
        squared = (gx * gx + gy * gy + gz * gz) * (1 + x * x + y * y)
        limit = np.cos(self.actual.grazing_rad) ** 2
        # a depth edge looks like a steep surface: edges have their own treatment
        step = np.maximum(np.abs(gx) / cam.fx_px, np.abs(gy) / cam.fy_px)
        flat = (small * small < np.float32(limit) * squared) & (step < 2 * EDGE_STEP_PER_M)
        size = inverse.shape[::-1]
        grown = cv2.resize(flat.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(grown, dtype=np.bool_)

    def _disturb_edges(self, depth: F32, inverse: F32, lost: NDArray[np.bool_]) -> None:
        """Lateral jitter, mixed, nearer and missing readings beside depth edges, in place."""
        rng, shares = self._rng, EDGE_SHARES[self.actual.family]
        kink = np.abs(cv2.Laplacian(inverse, cv2.CV_32F, ksize=1))
        band = kink > EDGE_STEP_PER_M
        reach = self.actual.edge_px - 1
        for _ in range(int(reach)):
            band = _wider(band)
        if reach % 1:
            band |= _wider(band) & (rng.random(band.shape, dtype=np.float32) < reach % 1)
        rows, columns = np.nonzero(band)
        if not len(rows):
            return
        h, w = depth.shape
        steps = np.rint(rng.normal(0, 0.55, (2, len(rows)))).astype(np.intp)
        shifted = depth[np.clip(rows + steps[0], 0, h - 1), np.clip(columns + steps[1], 0, w - 1)]
        around = np.stack(
            [
                depth[np.clip(rows + i, 0, h - 1), np.clip(columns + j, 0, w - 1)]
                for i, j in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
            ]
        )
        around = np.where(np.isfinite(around), around, np.float32(0))  # 0: beyond every range
        far = around.max(0)
        near = np.where(around > 0, around, far).min(0)
        kind = rng.random(len(rows), dtype=np.float32)
        mix = rng.random(len(rows), dtype=np.float32)
        first, second = shares.missing, shares.missing + shares.mixed
        value = np.where(kind < second, near + mix * (far - near), shifted)
        value = np.where((kind >= second) & (kind < second + shares.nearer), near, value)
        depth[rows, columns] = value
        lost[rows, columns] |= kind < first


def _wider(band: NDArray[np.bool_]) -> NDArray[np.bool_]:
    grown = cv2.dilate(band.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(grown, dtype=np.bool_)


def _shadow(inverse: F32, fx_baseline: float) -> NDArray[np.bool_]:
    """Pixels the projector or the second camera cannot see (its view shifted by disparity)."""
    column = np.arange(inverse.shape[1], dtype=np.float32)
    seen_at = column - np.float32(fx_baseline) * inverse
    nearest = np.minimum.accumulate(seen_at[:, ::-1], axis=1)[:, ::-1]
    hidden: NDArray[np.bool_] = seen_at > nearest + np.float32(0.5)
    return hidden


def _quantise(depth: F32, model: SensorModel) -> F32:
    step = np.float32(model.quantisation_m_at_1m)
    if step <= 0:
        return depth
    if model.family == "time_of_flight":
        return np.asarray(np.rint(depth / step) * step, dtype=np.float32)
    with np.errstate(divide="ignore"):
        levels = np.rint(np.float32(1.0) / (np.maximum(depth, np.float32(1e-3)) * step))
        return np.asarray(np.float32(1.0) / (levels * step), dtype=np.float32)


class _NoisePool:
    """Precomputed noise fields larger than the image; each frame takes a random window."""

    def __init__(
        self, shape: tuple[int, ...], profile: NoiseProfile, rng: np.random.Generator
    ) -> None:
        self.shape = shape
        h, w = shape[0] + _MARGIN_PX, shape[1] + _MARGIN_PX
        self._fields = [_noise_field(h, w, profile, rng) for _ in range(_FIELDS)]
        self._dropouts = [_dropout_field(h, w, profile, rng) for _ in range(_FIELDS)]

    def _window(self, rng: np.random.Generator) -> tuple[int, slice, slice]:
        which, v, u = rng.integers([_FIELDS, _MARGIN_PX, _MARGIN_PX])
        return int(which), slice(v, v + self.shape[0]), slice(u, u + self.shape[1])

    def noise(self, rng: np.random.Generator) -> F32:
        """(H, W) zero mean, unit variance; a fresh copy."""
        which, rows, columns = self._window(rng)
        sign = np.float32(rng.choice([-1.0, 1.0]))
        return self._fields[which][rows, columns] * sign

    def dropout(self, rng: np.random.Generator) -> NDArray[np.bool_]:
        which, rows, columns = self._window(rng)
        return self._dropouts[which][rows, columns].copy()


@lru_cache(maxsize=8)
def _shared_pool(shape: tuple[int, ...], profile: NoiseProfile) -> _NoisePool:
    """The pool that all sensors of a profile take their windows from."""
    return _NoisePool(shape, profile, np.random.default_rng([shape[0], shape[1], 7]))


def _noise_field(h: int, w: int, profile: NoiseProfile, rng: np.random.Generator) -> F32:
    def blurred(sigma: float, height: int, width: int) -> F32:
        white = rng.standard_normal((height, width), dtype=np.float32)
        field = cv2.GaussianBlur(white, (0, 0), sigma) if sigma > 0.2 else white
        return np.asarray(field / field.std(), dtype=np.float32)

    fine = blurred(profile.correlation_px, h, w)
    if profile.heavy > 0:
        strong = rng.random((h, w), dtype=np.float32) < profile.heavy
        fine[strong] *= 3.0
        fine /= np.sqrt(1 + 8 * profile.heavy)
    slow = cv2.resize(
        blurred(2.0, h // 16 + 2, w // 16 + 2), (w, h), interpolation=cv2.INTER_CUBIC
    )
    field = np.sqrt(1 - profile.wave) * fine + np.sqrt(profile.wave) * slow
    return np.asarray(field, dtype=np.float32)


def _dropout_field(
    h: int, w: int, profile: NoiseProfile, rng: np.random.Generator
) -> NDArray[np.bool_]:
    single = rng.random((h, w), dtype=np.float32) < profile.dropout * (1 - profile.speckle)
    seeds = rng.random((h, w), dtype=np.float32) < profile.dropout * profile.speckle / 21
    blob = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    blobs = np.asarray(cv2.dilate(seeds.astype(np.uint8), blob), dtype=np.bool_)
    return np.asarray(single | blobs, dtype=np.bool_)
