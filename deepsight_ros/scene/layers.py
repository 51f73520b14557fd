"""Objects of no simple family as convex pieces: layers over height, parted where they are apart.

In: the seen surface. Out: upright prisms that hold its points. Each layer's points are grouped by
nearness on the ground, so that the legs of a table do not fill the room between them; a piece is
extended down to the support only where nothing was seen through it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.outline import convex_hull
from deepsight_ros.scene.raycast import first_hits
from deepsight_ros.scene.solids import PrismSolid
from deepsight_ros.scene.surface import Surface

Array = NDArray[np.float64]

_MOST_LAYERS = 7
_MOST_GROUPS = 6
_LEAST_SIDE_M = 0.003
_SEEN_THROUGH = 0.12
_INSET = 1.2
_TURN = 2 * np.pi * np.arange(16) / 16
_COMPASS = np.column_stack([np.cos(_TURN), np.sin(_TURN)])


def layered_pieces(
    s: Surface, low: float, high: float, noise_m: float, camera_m: Array
) -> list[PrismSolid]:
    """Prisms around the seen points between two heights (see module)."""
    points, noise = _held_back(s)
    points = points[~strays(points[:, :2], 2.0 * noise + 0.5 * s.pixel_m)]
    cuts = _cuts(s, low, high, noise_m)
    pieces: list[PrismSolid] = []
    above: list[Array] = []
    for i in range(len(cuts) - 2, -1, -1):
        bottom, top = float(cuts[i]), float(cuts[i + 1])
        inside = points[:, 2] >= bottom if i else np.ones(len(points), bool)
        if i < len(cuts) - 2:
            inside &= points[:, 2] < top
        hulls = _groups(points[inside, :2], max(3.0 * s.pixel_m, 3.0 * noise))
        for carried in above:
            prism = PrismSolid(carried, bottom, top)
            if not _is_seen_through(s, prism, camera_m):
                hulls = _joined(hulls, carried)
        above = hulls
        pieces.extend(PrismSolid(hull, bottom, top) for hull in hulls)
    return pieces


def _held_back(s: Surface) -> tuple[Array, float]:
    """Points and outline moved inwards along the ray by what noise pushes a hull outwards."""
    outline = s.outline_quality > 0
    points = np.concatenate([s.points_m, s.outline_m[outline]])
    noise = float(np.median(s.sigma_m))
    middle = s.points_m.mean(axis=0)
    ray = s.rays.mean(axis=0)
    flat = ray * (1.0, 1.0, 0.0)
    depth = (points - middle) @ (flat / max(float(np.linalg.norm(flat)), 1e-9))
    reach = max(float(np.abs(depth).max()), 1e-6)
    shift = _INSET * noise * depth / reach
    return points - shift[:, None] * flat, noise


def strays(flat_m: Array, noise_m: float) -> NDArray[np.bool_]:
    """(N,) True for points that stick out of the outermost hundredth by more than noise."""
    projected = flat_m @ _COMPASS.T
    k = len(flat_m) - 1 - max(2, len(flat_m) // 100)
    if k < 0:
        return np.zeros(len(flat_m), bool)
    ends = np.partition(projected, k, axis=0)[k]
    return np.asarray((projected > ends + noise_m).any(axis=1))


def _cuts(s: Surface, low: float, high: float, noise_m: float) -> Array:
    """Heights between layers: just above each level top, and evenly where the wall is long."""
    level = s.points_m[s.normals[:, 2] > 0.85, 2]
    step = max(3.0 * noise_m, 0.012)
    cuts = [low]
    if len(level) >= 8:
        cells = ((level - low) / step).astype(np.intp).clip(0, 400)
        count = np.bincount(cells)
        for cell in np.flatnonzero(count >= max(8, len(s.points_m) // 16)):
            cuts.append(float(level[cells == cell].max()) + 0.25 * step)
    cuts = [c for c in cuts if c < high - step] + [high]
    merged = [cuts[0]]
    for c in cuts[1:]:
        if c - merged[-1] >= step:
            merged.append(c)
    merged[-1] = high
    if len(merged) < 2:
        merged = [low, high]
    while len(merged) <= _MOST_LAYERS:
        gaps = np.diff(merged)
        widest = int(gaps.argmax())
        if gaps[widest] < max(4.0 * step, 0.3 * (high - low)):
            break
        merged.insert(widest + 1, float(merged[widest] + gaps[widest] / 2))
    return np.array(merged)


def _groups(flat_m: Array, cell_m: float) -> list[Array]:
    """Convex hulls of the groups of (N, 2) points that lie apart by more than about two cells."""
    if len(flat_m) < 3:
        return []
    low = flat_m.min(axis=0)
    cells = ((flat_m - low) / cell_m).astype(np.intp) + 1
    shape = cells.max(axis=0) + 2
    if shape.prod() > 250_000:  # a cell far too fine for the spread: one group
        return _hull_of(flat_m)
    raster = np.zeros(tuple(shape), np.uint8)
    raster[cells[:, 0], cells[:, 1]] = 1
    raster = cv2.dilate(raster, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(raster, connectivity=8)
    mine = labels[cells[:, 0], cells[:, 1]]
    sizes = np.bincount(mine, minlength=count)
    largest = np.argsort(-sizes)[:_MOST_GROUPS]
    out: list[Array] = []
    for label in largest:
        if sizes[label] >= max(4, len(flat_m) // 100):
            out.extend(_hull_of(flat_m[mine == label]))
    return out


def _hull_of(flat_m: Array) -> list[Array]:
    hull = convex_hull(flat_m)
    if len(hull) >= 3 and min(np.ptp(hull, axis=0)) > 1e-4:
        return [hull]
    middle = flat_m.mean(axis=0)
    half = np.maximum(np.ptp(flat_m, axis=0), _LEAST_SIDE_M) / 2
    return [middle + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])]


def _joined(hulls: list[Array], carried: Array) -> list[Array]:
    """Hulls of a layer with what the layer above carries down; overlapping ones become one."""
    low, high = carried.min(axis=0), carried.max(axis=0)
    apart: list[Array] = []
    joined = [carried]
    for hull in hulls:
        touches = (hull.min(axis=0) <= high).all() and (hull.max(axis=0) >= low).all()
        (joined if touches else apart).append(hull)
    return [*apart, convex_hull(np.concatenate(joined))]


def _is_seen_through(s: Surface, prism: PrismSolid, camera_m: Array) -> bool:
    """Whether readings from behind the prism show that it is not there."""
    hits = first_hits(prism, camera_m, s.check_rays)
    met = np.isfinite(hits)
    if not met.any():
        return False
    clear = 0.010 + 4.0 * s.check_sigma_m
    through = met & (hits < s.check_ranges_m - clear)
    weights = s.check_weights
    return float(weights[through].sum()) > _SEEN_THROUGH * float(weights[met].sum())
