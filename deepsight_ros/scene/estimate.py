"""Raw estimates: a value with its one-sided standard deviations, before calibration.

What every measuring function returns: exact solids give sigma 0, observed shapes give what the
sensor noise and the unseen sides allow. ``calibration.interval`` turns one into an interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.scene.measurement import Bound

Array = NDArray[np.float64]


class Visibility(IntEnum):
    """How much of what a value rests on was seen; calibration keeps one factor for each.

    COMPLETE: measured on seen edges and surfaces. TOUCHING: an end is where another surface at
    the same depth begins, so that it is as good as the segmentation. HIDDEN: an end lies on the
    far side, completed by symmetry or extrusion. OCCLUDED, TRUNCATED: an end is cut by a nearer
    surface or by the image border.
    """

    COMPLETE = 0
    TOUCHING = 1
    HIDDEN = 2
    OCCLUDED = 3
    TRUNCATED = 4


@dataclass(frozen=True, eq=False)
class RawEstimate:
    """A number and how far the truth may lie below or above it.

    Attributes:
        value: SI unit of the quantity.
        sigma_below, sigma_above: standard deviations of (truth below value), (truth above value).
        visibility: the worst of what it rests on.
        bound: AT_LEAST or AT_MOST where the view cannot limit the truth on one side.
        end_points_m: (2, 3) in W, or None.
        measured_as: underlying quantity of a derived one, "" when the same.
    """

    value: float
    sigma_below: float = 0.0
    sigma_above: float = 0.0
    visibility: Visibility = Visibility.COMPLETE
    bound: Bound = Bound.EXACT
    end_points_m: Array | None = field(default=None)
    measured_as: str = ""

    @property
    def sigma(self) -> float:
        """Symmetric standard deviation, the larger side."""
        return max(self.sigma_below, self.sigma_above)

    def minus(self, other: RawEstimate) -> RawEstimate:
        """Difference of two independent estimates."""
        return RawEstimate(
            self.value - other.value,
            math.hypot(self.sigma_below, other.sigma_above),
            math.hypot(self.sigma_above, other.sigma_below),
            max(self.visibility, other.visibility),
            difference_bound(self.bound, other.bound),
        )

    def negated(self) -> RawEstimate:
        """The estimate of minus the quantity."""
        return replace(
            self,
            value=-self.value,
            sigma_below=self.sigma_above,
            sigma_above=self.sigma_below,
            bound=OPPOSITE[self.bound],
        )


OPPOSITE = {
    Bound.EXACT: Bound.EXACT,
    Bound.AT_LEAST: Bound.AT_MOST,
    Bound.AT_MOST: Bound.AT_LEAST,
}


def difference_bound(a: Bound, b: Bound) -> Bound:
    """Bound of a - b; EXACT where the two pull in opposite directions (the sigmas say how far)."""
    effects = {a, OPPOSITE[b]} - {Bound.EXACT}
    return effects.pop() if len(effects) == 1 else Bound.EXACT
