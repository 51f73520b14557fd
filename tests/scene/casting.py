"""Independent picture of primitives for tests: closed-form rays against box, cylinder, sphere and
cone on a table, without the code under test."""

from __future__ import annotations

import numpy as np

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.noise import FAMILIES, SensorModel
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.scene_file import working_from_camera
from deepsight_ros.scene.solids import BoxSolid, ConeSolid, CylinderSolid, Solid, SphereSolid

CAMERA = Camera(320, 240, 290.0, 290.0, 159.5, 119.5, frame_id="camera")


def pose(height_m: float = 0.5, pitch_deg: float = 35.0) -> RigidTransform:
    return working_from_camera(height_m, np.deg2rad(pitch_deg))


def pixel_rays(camera: Camera, w_from_camera: RigidTransform) -> tuple[np.ndarray, np.ndarray]:
    """(H*W, 3) directions in W with optical z = 1, and the origin."""
    u, v = np.meshgrid(np.arange(camera.width_px), np.arange(camera.height_px))
    d = np.stack(
        [
            (u - camera.cx_px) / camera.fx_px,
            (v - camera.cy_px) / camera.fy_px,
            np.ones(u.shape),
        ],
        axis=-1,
    ).reshape(-1, 3)
    return w_from_camera.rotate(d), w_from_camera.translation_m


def _quadratic(a: np.ndarray, b: np.ndarray, c: np.ndarray | float) -> tuple[np.ndarray, ...]:
    root = b * b - a * c
    safe = np.sqrt(np.maximum(root, 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return root, (-b - safe) / a, (-b + safe) / a


def depth_of(solid: Solid, d: np.ndarray, o: np.ndarray) -> np.ndarray:
    """(N,) optical depth of the first hit of each ray (z = 1 along the axis), inf when missed."""
    if len(solid.parts) > 1:
        return np.min([depth_of(p, d, o) for p in solid.parts], axis=0)
    part = solid.parts[0]
    if isinstance(part, SphereSolid):
        p = o - part.centre_m
        root, near, _ = _quadratic((d * d).sum(1), d @ p, p @ p - part.radius_m**2)
        return np.where((root > 0) & (near > 0), near, np.inf)
    if isinstance(part, BoxSolid):
        c, s = np.cos(part.yaw_rad), np.sin(part.yaw_rad)
        turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
        p, e = turn @ (o - part.centre_m), d @ turn.T
        with np.errstate(divide="ignore", invalid="ignore"):
            one = (-part.size_m / 2 - p) / e
            two = (part.size_m / 2 - p) / e
        t_in, t_out = np.minimum(one, two).max(1), np.maximum(one, two).min(1)
        return np.where((t_in < t_out) & (t_in > 0), t_in, np.inf)
    assert isinstance(part, CylinderSolid | ConeSolid)
    p = o - part.centre_m
    half = part.height_m / 2
    found = np.full(len(d), np.inf)
    if isinstance(part, CylinderSolid):
        a = d[:, 0] ** 2 + d[:, 1] ** 2
        b = d[:, 0] * p[0] + d[:, 1] * p[1]
        roots = _quadratic(a, b, p[0] ** 2 + p[1] ** 2 - part.radius_m**2)
        caps = ((half, part.radius_m), (-half, part.radius_m))
    else:
        k = part.radius_m / part.height_m
        q = half - p[2]  # distance below the apex is q - t * dz
        a = d[:, 0] ** 2 + d[:, 1] ** 2 - (k * d[:, 2]) ** 2
        b = d[:, 0] * p[0] + d[:, 1] * p[1] + k * k * q * d[:, 2]
        roots = _quadratic(a, b, p[0] ** 2 + p[1] ** 2 - (k * q) ** 2)
        caps = ((-half, part.radius_m),)
    for t in roots[1:]:
        z = p[2] + t * d[:, 2]
        ok = (roots[0] > 0) & (t > 0) & (np.abs(z) <= half) & (t < found)
        found[ok] = t[ok]
    for z, radius in caps:
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (z - p[2]) / d[:, 2]
        flat = np.hypot(p[0] + t * d[:, 0], p[1] + t * d[:, 1])
        ok = (t > 0) & (flat <= radius) & (t < found)
        found[ok] = t[ok]
    return found


def picture(
    solids: list[Solid],
    w_from_camera: RigidTransform,
    camera: Camera = CAMERA,
    *,
    noise: SensorModel | None = None,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """(H, W) float32 depth of solids on a table at z = 0, and (H, W) index of the solid seen."""
    d, o = pixel_rays(camera, w_from_camera)
    with np.errstate(divide="ignore"):
        table = np.where(d[:, 2] < -1e-6, -o[2] / d[:, 2], np.inf)
    layers = np.stack([table, *(depth_of(s, d, o) for s in solids)])
    which = layers.argmin(0) - 1
    depth = layers.min(0)
    depth[depth > 10] = np.nan
    if noise is not None:
        rng = np.random.default_rng(seed)
        depth = depth + noise.sigma_m(depth) * rng.standard_normal(len(depth))
    shape = (camera.height_px, camera.width_px)
    return depth.reshape(shape).astype(np.float32), which.reshape(shape)


def observe(
    solids: list[Solid],
    *,
    height_m: float = 0.5,
    pitch_deg: float = 35.0,
    camera: Camera = CAMERA,
    family: str = "structured_light",
    noisy: bool = True,
    seed: int = 0,
    support_known: bool = True,
) -> list[ObservedShape | None]:
    """Each solid as the code under test sees it."""
    w = pose(height_m, pitch_deg)
    sensor = FAMILIES[family]
    depth, which = picture(solids, w, camera, noise=sensor if noisy else None, seed=seed)
    return [
        ObservedShape.from_mask(which == i, depth, camera, w, sensor, support_known=support_known)
        for i in range(len(solids))
    ]
