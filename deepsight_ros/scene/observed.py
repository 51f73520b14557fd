"""ObservedShape: what one view knows of an object, measurable like an exact solid.

In: mask, depth, camera, W. Out: seen points and silhouette, which parts of the outline are the
object's own, the completed solid, and for every end or surface point whether it was seen, follows
from symmetry, or is cut. Costly parts are computed when first asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.geometry.noise import SensorModel
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.scene.body import End, Extent, Trust
from deepsight_ros.scene.completion import Completion, complete
from deepsight_ros.scene.estimate import Visibility
from deepsight_ros.scene.objects import Box3
from deepsight_ros.scene.solids import Solid
from deepsight_ros.scene.surface import Edge, Surface, see_surface

Array = NDArray[np.float64]

_CUT_SHARE = 0.5
_FACING = 0.5


@dataclass(frozen=True, eq=False)
class ObservedShape:
    """An object as one view shows it, in W.

    Attributes:
        surface: seen points, normals and outline.
        support_known: z = 0 of W is the support surface.
        camera_m: (3,) the camera's origin in W.
    """

    surface: Surface
    support_known: bool
    camera_m: Array

    @classmethod
    def from_mask(
        cls,
        mask: NDArray[np.bool_],
        depth_m: NDArray[np.float32],
        camera: Camera,
        working_from_camera: RigidTransform,
        sensor: SensorModel,
        *,
        support_known: bool = True,
    ) -> ObservedShape | None:
        """Shape of the masked pixels.

        Args:
            mask: (H, W) bool at perception resolution.
            depth_m: (H, W) float32 readings of that resolution, not smoothed; NaN or 0 = invalid.
            camera: intrinsics of that resolution (``Camera.subsampled``).
            working_from_camera: W from the optical frame.
            sensor: noise model of the camera's family.
            support_known: z = 0 of W is the support surface (False without gravity or plane).

        Returns:
            The shape, or None when the mask holds fewer than a handful of usable readings.

        Raises:
            InvalidValueError: shapes of mask, depth and camera disagree.
        """
        surface = see_surface(
            mask, depth_m, camera, working_from_camera, sensor, support_known=support_known
        )
        if surface is None:
            return None
        return cls(surface, support_known, working_from_camera.translation_m)

    @property
    def points_m(self) -> NDArray[np.float32]:
        """(N, 3) float32 seen points in W, smoothed, without mixed pixels."""
        return self.surface.points_m.astype(np.float32)

    @cached_property
    def completion(self) -> Completion:
        return complete(self.surface, self.camera_m, support_known=self.support_known)

    @property
    def solid(self) -> Solid:
        """The full solid as best known."""
        return self.completion.solid

    @property
    def kind(self) -> str:
        """Family it was taken for: "sphere", "round", "box", "slabs", "layers"."""
        return self.completion.kind

    @property
    def box(self) -> Box3:
        """Upright box around the completed solid."""
        return self.solid.box

    @cached_property
    def is_occluded(self) -> bool:
        """More than a trace of the outline is cut by something nearer."""
        return self.surface.share(Edge.OCCLUDED) > 0.04

    @cached_property
    def is_truncated(self) -> bool:
        """The image border cuts the outline."""
        return self.surface.share(Edge.TRUNCATED) > 0.0

    @property
    def visibility(self) -> Visibility:
        if self.is_truncated:
            return Visibility.TRUNCATED
        if self.is_occluded:
            return Visibility.OCCLUDED
        return Visibility.COMPLETE if self.completion.is_symmetric else Visibility.HIDDEN

    def extent(self, direction: Array) -> Extent:
        """Ends along a unit direction, each with its uncertainty and visibility."""
        lo, hi = self.solid.extent(direction)
        return Extent(self._end(lo, -direction, -lo), self._end(hi, direction, hi))

    def _end(self, at_m: float, outward: Array, reach: float) -> End:
        """How well the solid's end along a direction is known; ``at_m`` is on that axis, signed
        as the caller's axis, ``reach`` the same end along ``outward``."""
        s, done = self.surface, self.completion
        if outward[2] < -0.9 and done.stands:
            if done.foot_hidden_m > 0.0:
                inward = 0.5 * done.foot_hidden_m + 0.001
                return End(at_m, inward, 0.001, Visibility.OCCLUDED)
            return End(at_m, 0.001, 0.001)
        along_outline = s.outline_m @ outward
        cut, truncated = self._cut
        own = along_outline[~cut]
        seen = max(float((s.points_m @ outward).max()), float(own.max(initial=-np.inf)))
        noise = self._noise_m
        slack = 2.0 * s.pixel_m + 3.0 * noise
        size = float(self.box.size_m[:2].min())
        # outline that faces this way has to be cut: elsewhere a cut only runs up to the end
        there = (along_outline > seen - slack) & (s.outward @ outward > _FACING)
        cut_there = int(np.count_nonzero(there & cut))
        own_there = int(np.count_nonzero(there & ~cut))
        if cut_there > _CUT_SHARE * own_there and cut_there >= 3:
            is_truncated = bool((there & truncated).any())
            kind = Visibility.TRUNCATED if is_truncated else Visibility.OCCLUDED
            level = abs(float(outward[2])) < 0.5 or done.kind == "sphere"
            if level and done.is_symmetric and done.kind not in ("box", "slabs"):
                return End(at_m, noise, noise + 0.15 * size, kind)
            return End(at_m, noise, noise + 0.4 * size, kind, is_open=True)
        if reach > seen + slack:  # completed beyond what was seen
            beyond = reach - seen
            return End(at_m, noise + 0.3 * beyond, noise + 0.2 * beyond, Visibility.HIDDEN)
        if not done.is_symmetric and float(outward[:2] @ self._away) > 0.5:
            is_open = not done.top_seen
            return End(at_m, noise, noise + 0.3 * size, Visibility.HIDDEN, is_open)
        sigma = noise * self._spread(outward)
        touching = int(np.count_nonzero(there & (s.edges == Edge.CONTACT)))
        if 2 * touching > own_there and not (outward[2] > 0.9 and done.top_seen):
            return End(at_m, 2 * sigma, 2 * sigma, Visibility.TOUCHING)
        return End(at_m, sigma, sigma)

    def _spread(self, outward: Array) -> float:
        """Standard deviation of a seen end over the noise of a seen point: an average over a
        side or a level top is better, a far rim, a tip or a ragged shape is worse (measured on
        simulated scenes, see the evaluation room's calibration)."""
        done = self.completion
        if outward[2] > 0.9:
            return 0.5 if done.top_seen else 2.0
        if outward[2] < -0.9:
            return 1.5
        far = 1.0 if float(outward[:2] @ self._away) > 0.5 else 0.5
        return 1.8 * far if done.kind == "layers" else far

    @cached_property
    def _cut(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(M,) outline points cut by anything, and by the image border."""
        edges = self.surface.edges
        truncated = edges == Edge.TRUNCATED
        return truncated | (edges == Edge.OCCLUDED), truncated

    @cached_property
    def _away(self) -> Array:
        """(2,) unit ground direction from the camera to the object."""
        away = self.surface.points_m[:, :2].mean(axis=0) - self.camera_m[:2]
        out: Array = away / max(float(np.linalg.norm(away)), 1e-9)
        return out

    @cached_property
    def _noise_m(self) -> float:
        """Standard deviation of a seen end or surface point."""
        s = self.surface
        return float(np.median(s.sigma_m)) + 0.3 * s.pixel_m + self.completion.residual_m * 0.3

    def trust_at(self, point_m: Array) -> Trust:
        """How well the surface near a point is known: by the nearest seen sample."""
        s, done = self.surface, self.completion
        at = np.asarray(point_m, np.float64)
        to_points = _nearest(s.points_m, at)[1]
        nearest, at_outline = _nearest(s.outline_m, at)
        near = min(to_points, at_outline)
        noise = self._noise_m
        slack = 3.0 * s.pixel_m + 3.0 * noise
        size = float(self.box.size_m[:2].min())
        cut, truncated = self._cut
        if at_outline <= slack and cut[nearest]:
            kind = Visibility.TRUNCATED if truncated[nearest] else Visibility.OCCLUDED
            is_open = not done.is_symmetric or done.kind in ("box", "slabs")
            return Trust(noise, (0.3 if is_open else 0.1) * size, kind, is_open)
        if near <= slack:
            if at_outline <= slack and s.edges[nearest] == Edge.CONTACT:
                return Trust(noise, 0.0, Visibility.TOUCHING)
            return Trust(0.5 * noise)
        spread = 0.15 if done.is_symmetric else 0.3
        return Trust(noise + 0.1 * near, spread * near, Visibility.HIDDEN)


@compiled("f8[:,::1], f8[::1]")
def _nearest(points_m: Array, at_m: Array) -> tuple[int, float]:
    """Which of (N, 3) points is nearest to (3,), and how far it is; infinitely if there is none
    at all."""
    least, nearest = np.inf, 0
    for i in range(len(points_m)):
        x, y = points_m[i, 0] - at_m[0], points_m[i, 1] - at_m[1]
        z = points_m[i, 2] - at_m[2]
        square = x * x + y * y + z * z
        if square < least:
            least, nearest = square, i
    return nearest, np.sqrt(least)
