"""Colour of each pixel of a depth view, fetched from another camera's image in one of four ways.

Cheapest first: the same view (nothing to do), the same view at another size (resize), cameras that
share their centre (one fixed map), and cameras apart from each other: through each pixel's 3D
point, honouring the colour lens, with points that something nearer hides from the colour camera
left black.
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.backproject import pixels_of_slopes, ray_slopes
from deepsight_ros.geometry.camera import Camera
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.geometry.undistortion import NOWHERE_PX, lens_pixels, remap, undistort_colour

Float32 = NDArray[np.float32]
Colour = NDArray[np.uint8]
Mask = NDArray[np.bool_]

SAME_PIXEL_PX = 0.5
"""Views whose pixels agree within this are the same view, perhaps at another size."""
LENS_GRID_PX = 4.0
"""Spacing of the table that stands for a lens; in between it is interpolated linearly."""
HIDING_STEP_PX = 2
"""Every so-many-th depth pixel enters the buffer that decides what is hidden."""
HIDING_CELL_PX = 2.0
"""Cell of that buffer in depth pixels. Each cell then takes the nearest of its neighbourhood: that
closes the holes between samples and keeps the rim of near things off what lies behind them."""
HIDING_MARGIN_M, HIDING_MARGIN_SHARE = 0.01, 0.03
"""A point is hidden when its cell has one nearer by more than this plus this share of that depth
(a cell spans several pixels, and over those a slanted surface changes depth too)."""

BAND_ROWS = 64
"""Rows handled at a time, so that what is computed in between stays in the cache."""
EVERY = slice(None)


class ColourFetch(Protocol):
    """A way to find the colours of a depth view."""

    def fetch(self, depth_m: Float32, colour: Colour) -> tuple[Colour, Mask | None]:
        """Colours (H, W, 3) of the depth view's pixels, and which are known (None = all).

        Args:
            depth_m: (H, W) depth in the undistorted depth view, NaN where invalid.
            colour: image of the colour camera.
        """
        ...


class SameView:
    """Colour and depth are one view: only the lens distortion, if any, is removed."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def fetch(self, depth_m: Float32, colour: Colour) -> tuple[Colour, Mask | None]:
        return undistort_colour(colour, self._camera), None


class ScaledView:
    """One view in two sizes."""

    def __init__(self, view: Camera, colour_camera: Camera) -> None:
        self._size = (view.width_px, view.height_px)
        grows = view.width_px > colour_camera.width_px
        self._how = cv2.INTER_LINEAR if grows else cv2.INTER_AREA

    def fetch(self, depth_m: Float32, colour: Colour) -> tuple[Colour, Mask | None]:
        resized = cv2.resize(colour, self._size, interpolation=self._how)
        return np.asarray(resized, dtype=np.uint8), None


class FixedMap:
    """Cameras with one centre: where a pixel's colour lies does not depend on its depth.

    Args:
        u, v: (H, W) float32 pixel in the colour image of each pixel of the view.
    """

    def __init__(self, u: Float32, v: Float32, colour_camera: Camera) -> None:
        self._known = _inside(u, v, colour_camera)
        self._maps = cv2.convertMaps(u, v, cv2.CV_16SC2)

    def fetch(self, depth_m: Float32, colour: Colour) -> tuple[Colour, Mask | None]:
        first, second = self._maps
        return remap(colour, first, second, cv2.INTER_LINEAR, 0.0), self._known


def fetch_of_rays(
    view: Camera, colour_camera: Camera, colour_from_depth: RigidTransform
) -> ColourFetch:
    """The cheapest way for two cameras that share their centre.

    Args:
        view: the undistorted depth camera.
    """
    x, y = ray_slopes(view)
    ray = np.stack(np.broadcast_arrays(x, y, np.float32(1.0)), axis=-1)
    turned = colour_from_depth.rotate(ray)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = turned[..., :2] / np.where(turned[..., 2:] > 0.0, turned[..., 2:], np.nan)
    u, v = lens_pixels(slopes[..., 0], slopes[..., 1], colour_camera)
    scale_x = colour_camera.width_px / view.width_px
    scale_y = colour_camera.height_px / view.height_px
    # half a pixel of whichever image has the coarser ones
    close = SAME_PIXEL_PX * max(1.0, scale_x, scale_y)
    off_x = np.abs(u - ((np.arange(view.width_px) + 0.5) * scale_x - 0.5)[None, :])
    off_y = np.abs(v - ((np.arange(view.height_px) + 0.5) * scale_y - 0.5)[:, None])
    if colour_camera.is_distorted or max(off_x.max(), off_y.max()) > close:
        return FixedMap(u, v, colour_camera)
    if (scale_x, scale_y) == (1.0, 1.0):
        return SameView(colour_camera)
    return ScaledView(view, colour_camera)


class _SlopeGrid:
    """Cells over everything a camera sees, in slopes x/z and y/z.

    Cell (i, j) is centred at ``origin + (i, j) / per_slope``.
    """

    def __init__(self, camera: Camera, cells_per_slope: float) -> None:
        x, y = ray_slopes(camera)
        low = np.array([np.nanmin(x), np.nanmin(y)], dtype=np.float64)
        high = np.array([np.nanmax(x), np.nanmax(y)], dtype=np.float64)
        self.per_slope = np.float32(cells_per_slope)
        self.origin = (low - 0.5 / cells_per_slope).astype(np.float32)
        self.width, self.height = (np.ceil((high - low) * cells_per_slope) + 2).astype(int)

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Slopes (height, width) of the cell centres."""
        x = float(self.origin[0]) + np.arange(self.width) / float(self.per_slope)
        y = float(self.origin[1]) + np.arange(self.height) / float(self.per_slope)
        xx, yy = np.meshgrid(x, y)
        return xx, yy

    def at(self, x: Float32, y: Float32) -> tuple[Float32, Float32]:
        """Fractional cells of slopes."""
        return (x - self.origin[0]) * self.per_slope, (y - self.origin[1]) * self.per_slope


class ThroughDepth:
    """Cameras apart from each other; everything that does not depend on depth is kept ready.

    Args:
        view: the undistorted depth camera.
        colour_from_depth: maps points of the depth camera's frame into the colour camera's.
    """

    def __init__(
        self, view: Camera, colour_camera: Camera, colour_from_depth: RigidTransform
    ) -> None:
        self._camera = colour_camera
        x, y = ray_slopes(view)
        r = colour_from_depth.rotation.astype(np.float32)
        self._rays = [np.ascontiguousarray(row[0] * x + row[1] * y + row[2]) for row in r]
        self._shift = colour_from_depth.translation_m.astype(np.float32)
        self._lens: _LensTable | None = None
        if colour_camera.is_distorted:
            self._lens = _LensTable(colour_camera)
        finest = min(view.fx_px, colour_camera.fx_px)
        self._hiding = _SlopeGrid(colour_camera, finest / HIDING_CELL_PX)

    def fetch(self, depth_m: Float32, colour: Colour) -> tuple[Colour, Mask | None]:
        out = np.empty((*depth_m.shape, 3), dtype=np.uint8)
        known = np.empty(depth_m.shape, dtype=np.bool_)
        with np.errstate(divide="ignore", invalid="ignore"):
            farthest = self._farthest_visible(depth_m)
            for top in range(0, len(depth_m), BAND_ROWS):
                rows = slice(top, top + BAND_ROWS)
                x, y, z = self._slopes(depth_m[rows], rows)
                i, j = self._hiding.at(x, y)
                limit = remap(farthest, i, j, cv2.INTER_NEAREST, float("inf"))
                if self._lens is None:
                    u, v = pixels_of_slopes(x, y, self._camera)
                else:
                    u, v = self._lens.pixels(x, y)
                # comparisons with NaN are false: pixels without depth are not known
                seen = (z > 0.0) & (z <= limit) & _inside(u, v, self._camera)
                np.copyto(u, NOWHERE_PX, where=~seen)
                out[rows] = remap(colour, u, v, cv2.INTER_LINEAR, 0.0)
                known[rows] = seen
        return out, known

    def _slopes(
        self, depth_m: Float32, rows: slice, columns: slice = EVERY
    ) -> tuple[Float32, Float32, Float32]:
        """x/z, y/z and z in the colour camera's frame of some pixels of the view."""
        a, b, c = (ray[rows, columns] for ray in self._rays)
        z = depth_m * c
        z += self._shift[2]
        inverse = np.float32(1.0) / z
        x = depth_m * a
        x += self._shift[0]
        x *= inverse
        y = depth_m * b
        y += self._shift[1]
        y *= inverse
        return x, y, z

    def _farthest_visible(self, depth_m: Float32) -> Float32:
        """For each cell of the colour view, the depth beyond which something hides a point."""
        grid, some = self._hiding, slice(None, None, HIDING_STEP_PX)
        x, y, z = self._slopes(depth_m[some, some], some, some)
        i, j = grid.at(x, y)
        enters = (i >= 0) & (i < grid.width - 1) & (j >= 0) & (j < grid.height - 1) & (z > 0)
        half = np.float32(0.5)
        cell = (j[enters] + half).astype(np.int32) * np.int32(grid.width)
        cell += (i[enters] + half).astype(np.int32)
        nearest = np.full(grid.width * grid.height, np.inf, dtype=np.float32)
        np.minimum.at(nearest, cell, z[enters])
        cells = nearest.reshape(grid.height, grid.width)
        spread = cv2.erode(cells, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
        farthest = spread * np.float32(1.0 + HIDING_MARGIN_SHARE) + np.float32(HIDING_MARGIN_M)
        return np.asarray(farthest, dtype=np.float32)


class _LensTable:
    """Pixels of rays by a coarse table: costs the same for every lens model, exact to 0.01 px."""

    def __init__(self, camera: Camera) -> None:
        self._grid = _SlopeGrid(camera, camera.fx_px / LENS_GRID_PX)
        self._pixels = np.dstack(lens_pixels(*self._grid.centres(), camera))

    def pixels(self, x: Float32, y: Float32) -> tuple[Float32, Float32]:
        """Columns and rows, float32; far outside the image where the lens does not see."""
        i, j = self._grid.at(x, y)
        pixels = remap(self._pixels, i, j, cv2.INTER_LINEAR, float(NOWHERE_PX))
        return np.ascontiguousarray(pixels[..., 0]), np.ascontiguousarray(pixels[..., 1])


def _inside(u: Float32, v: Float32, camera: Camera) -> Mask:
    """Whether pixels lie in the image; NaN does not."""
    inside = (u >= 0.0) & (u <= camera.width_px - 1)
    inside &= (v >= 0.0) & (v <= camera.height_px - 1)
    return np.asarray(inside)
