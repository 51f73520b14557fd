"""Whether a remembered shape is what a frame shows: points projected, then compared.

In: points of a surface seen earlier, a Glimpse, the view. Out: how mask, depth and place agree,
how far the thing seems to have moved, and whether noise explains the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.compiled import compiled
from deepsight_ros.perception.glimpse import Glimpse
from deepsight_ros.perception.sights import Aspect
from deepsight_ros.perception.view import Bool, Float, WorkingView

Array = NDArray[np.float64]

LEAST_INSIDE = 0.88
"""Least share of the points (those not hidden by something nearer) that fall into the mask."""

LEAST_VISIBLE = 0.4
"""Least share of the points that must not be hidden."""

HIDDEN_M = 0.02
"""A reading nearer than expected by this hides the point."""

PART_HIDDEN = 0.04
"""Share of hidden points from which a thing counts as newly cut by something nearer."""

PLACE_PX = 0.75
"""Largest shift of the mask's middle that noise explains, plus ``PLACE_SHARE``."""

PLACE_SHARE = 0.004
"""Of the mask's size (the root of its area): wide outlines waver more."""

AREA_PX = 0.45
"""Largest change of the mask's area that noise explains, per pixel of outline (4 root area)."""

TURNED_PLACE, TURNED_AREA = 0.15, 0.3
"""Shares of a mask's side and area per radian that the camera has gone round a thing: how well a
completed back tells what its outline is from there."""

DEPTH_M = 0.0012
DEPTH_SIGMAS = 0.9
"""Largest mean depth difference that noise explains: a constant, and a share of its sigma."""

SPREAD, SPREAD_SIGMAS = 1.6, 0.7
"""Largest mean absolute depth difference, besides ``DEPTH_M``: times that of the frame it was seen
in, whose own readings the points are, or the share of the sensor's sigma that is its noise."""


@dataclass(frozen=True, eq=False)
class Agreement:
    """How remembered points look in a frame.

    Attributes:
        inside: share of the visible points that fall into the mask.
        hidden: share of the points behind something nearer.
        depth_m: mean difference of depth, seen minus expected.
        spread_m: mean absolute difference around that.
        middle_px: (2,) mean column and row of the visible points.
        at_m: mean depth expected.
        sigma_m: mean depth noise of the sensor at the points.
    """

    inside: float
    hidden: float
    depth_m: float
    spread_m: float
    middle_px: Array
    at_m: float
    sigma_m: float


def compare(points_m: Array, seen: Glimpse, view: WorkingView) -> Agreement | None:
    """Project points of the optical frame into the view; None when too few fall into it."""
    camera = view.camera
    found = _compared(
        points_m,
        seen.mask,
        view.filled_m,
        view.sigma_m,
        camera.fx_px,
        camera.fy_px,
        camera.cx_px,
        camera.cy_px,
    )
    if found[0] < 0:
        return None
    return Agreement(*found[:4], np.array(found[4:6]), *found[6:])


_NOTHING = (-1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


@compiled("f8[:,::1], b1[:,::1], f4[:,::1], f4[:,::1], f8, f8, f8, f8")
def _compared(
    points_m: Array,
    mask: Bool,
    z_m: Float,
    sigma_m: Float,
    fx_px: float,
    fy_px: float,
    cx_px: float,
    cy_px: float,
) -> tuple[float, ...]:
    """The numbers of an ``Agreement`` in order; the first is negative where there is none."""
    rows, columns = mask.shape
    within, visible, inside = 0, 0, 0
    u_sum, v_sum, z_sum, sigma_sum = 0.0, 0.0, 0.0, 0.0
    off = np.empty(len(points_m))
    measured = 0
    for i in range(len(points_m)):
        z = points_m[i, 2]
        if z <= 0.01:
            return _NOTHING
        u = points_m[i, 0] / z * fx_px + cx_px
        v = points_m[i, 1] / z * fy_px + cy_px
        r, c = int(np.rint(v)), int(np.rint(u))
        if r < 0 or r >= rows or c < 0 or c >= columns:
            continue
        within += 1
        z_sum += z
        depth = np.float64(z_m[r, c])
        if not mask[r, c] and 0 < depth < z - HIDDEN_M:
            continue
        visible += 1
        u_sum += u
        v_sum += v
        if mask[r, c]:
            inside += 1
            if depth > 0:
                off[measured] = depth - z
                measured += 1
                sigma_sum += sigma_m[r, c]
    if within < LEAST_INSIDE * len(points_m) or visible < LEAST_VISIBLE * within or measured < 4:
        return _NOTHING
    # the mean of the middle: a few points beside an edge read the depth of something else
    cut = measured // 10
    middle = np.sort(off[:measured])[cut : measured - cut]
    mean = middle.mean()
    return (
        inside / visible,
        1.0 - visible / within,
        mean,
        np.abs(middle - mean).mean(),
        u_sum / visible,
        v_sum / visible,
        z_sum / within,
        sigma_sum / measured,
    )


def drift_of(look: Agreement, seen: Glimpse, aspect: Aspect, view: WorkingView) -> Array:
    """(3,) how far the thing seems to have moved from the points, in the optical frame."""
    camera = view.camera
    across = float(seen.middle_px[0] - look.middle_px[0] - aspect.offset_px[0])
    down = float(seen.middle_px[1] - look.middle_px[1] - aspect.offset_px[1])
    return np.array(
        [across * look.at_m / camera.fx_px, down * look.at_m / camera.fy_px, look.depth_m]
    )


def agrees_with(
    look: Agreement,
    seen: Glimpse,
    aspect: Aspect,
    spread_m: float,
    view: WorkingView,
    drift_m: Array,
) -> bool:
    """Whether mask, depth, place and size of what is seen are those expected; ``spread_m`` as the
    sight has it."""
    if look.inside < LEAST_INSIDE:
        return False
    if abs(look.depth_m) > DEPTH_M + DEPTH_SIGMAS * look.sigma_m:
        return False
    if look.spread_m > max(SPREAD * spread_m, SPREAD_SIGMAS * look.sigma_m) + DEPTH_M:
        return False
    pixel_m = look.at_m / view.camera.fx_px
    side = np.sqrt(seen.area_px)
    part = look.hidden > PART_HIDDEN
    slack = 2.0 if part else 1.0
    place_px = slack * (PLACE_PX + PLACE_SHARE * side) + TURNED_PLACE * aspect.turned_rad * side
    if float(np.hypot(drift_m[0], drift_m[1])) > place_px * pixel_m:
        return False
    expected = aspect.area / look.at_m**2 * (1.0 - look.hidden)
    area_px = slack * AREA_PX * 4.0 * np.sqrt(expected)
    area_px += TURNED_AREA * aspect.turned_rad * expected
    return bool(abs(seen.area_px - expected) < area_px)
