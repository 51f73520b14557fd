"""Measurement: one quantity with its 95 % interval, bound, and what it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError


class Bound(Enum):
    """What the value says about the truth when the view does not determine it."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


QUANTITY_UNITS: dict[str, str] = {
    "surface_distance": "m",
    "centre_distance": "m",
    "mean_nearest_distance": "m",
    "horizontal_distance": "m",
    "vertical_distance": "m",
    "height": "m",
    "top": "m",
    "width": "m",
    "depth": "m",
    "length": "m",
    "breadth": "m",
    "grasp_width": "m",
    "thickness": "m",
    "diameter": "m",
    "volume": "m3",
    "range": "m",
    "direction": "clock",
    "free_space": "m",
    "count": "",
}
"""Every measurable quantity of docs/semantics.md and its SI unit (clock hours are 1-12)."""

OFFSET_UNITS: dict[str, str] = {"offset_ahead": "m", "offset_sideways": "m"}
"""Signed offsets of one box centre from another along G's x and y. They are measured like the
quantities above; no question asks for them yet."""

DERIVED_UNITS: dict[str, str] = {"margin": "m", "tilt": "rad", "ratio": ""}
"""What reasoning derives from measured quantities and hands on as a ``Measurement``: room to spare
(negative: what is missing), the tilt at which a thing falls, a plain ratio."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """A measured number.

    Attributes:
        quantity: key of ``QUANTITY_UNITS``, ``OFFSET_UNITS`` or ``DERIVED_UNITS``; for derived
            names (``grasp_width``, ``diameter``, ``thickness``) the name of the side that was
            measured stands in ``measured_as``.
        value: in ``unit``; never NaN.
        lower, upper: 95 % interval, lower <= value <= upper; ``upper`` may be inf for AT_LEAST.
        bound: EXACT when the view determines the value.
        unit: SI unit of the value.
        object_ids: the objects it rests on, in the order of the question.
        end_points_m: (2, 3) the two points it rests on, in the scene's working frame, or None.
        measured_as: underlying quantity (equals ``quantity`` unless derived).
    """

    quantity: str
    value: float
    lower: float
    upper: float
    unit: str = "m"
    bound: Bound = Bound.EXACT
    object_ids: tuple[str, ...] = ()
    end_points_m: NDArray[np.float64] | None = None
    measured_as: str = field(default="")

    def __post_init__(self) -> None:
        if self.quantity not in {**QUANTITY_UNITS, **OFFSET_UNITS, **DERIVED_UNITS}:
            raise InvalidValueError(
                f"measurement: got quantity '{self.quantity}', expected one of "
                f"{sorted(QUANTITY_UNITS)}"
            )
        if not math.isfinite(self.value) or not self.lower <= self.value <= self.upper:
            raise InvalidValueError(
                f"measurement of {self.quantity}: got value {self.value} with interval "
                f"[{self.lower}, {self.upper}], expected lower <= value <= upper, value finite"
            )
        if not self.measured_as:
            object.__setattr__(self, "measured_as", self.quantity)
