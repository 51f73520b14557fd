"""Depth noise by camera family: how uncertain a depth reading is, and where readings vanish.

One model serves two uses: the simulator draws from it, the measuring code propagates it. Axial
noise of structured light and stereo grows with z squared (Nguyen et al. 3DIMPVT 2012; Khoshelham
and Elberink, Sensors 2012), of time of flight about linearly (Fankhauser et al. ICAR 2015).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError


@dataclass(frozen=True)
class SensorModel:
    """Axial noise ``sigma(z) = base + linear * z + quadratic * z**2`` (1 sigma, metres).

    Attributes:
        family: ``structured_light``, ``stereo`` or ``time_of_flight``.
        base_m, linear, quadratic_per_m: coefficients of sigma.
        quantisation_m_at_1m: step of the reading at 1 m (grows with z**2 where disparity-based).
        edge_px: how many pixels beside a depth edge may be mixed or missing.
        grazing_rad: incidence angle (from the normal) beyond which readings vanish.
        min_range_m, max_range_m: readings outside are invalid.
    """

    family: str = "structured_light"
    base_m: float = 0.0010
    linear: float = 0.0
    quadratic_per_m: float = 0.0019
    quantisation_m_at_1m: float = 0.001
    edge_px: float = 1.0
    grazing_rad: float = 1.40
    min_range_m: float = 0.15
    max_range_m: float = 8.0

    def __post_init__(self) -> None:
        if self.family not in ("structured_light", "stereo", "time_of_flight"):
            raise InvalidValueError(
                f"sensor model: got family '{self.family}', expected structured_light, stereo or "
                "time_of_flight"
            )

    def sigma_m(self, z_m: NDArray[np.floating]) -> NDArray[np.floating]:
        """Standard deviation (m) of a reading at depth ``z_m``; same shape and dtype."""
        if self.linear == 0.0:  # most families: two passes over an image fewer
            return self.base_m + self.quadratic_per_m * z_m * z_m
        return self.base_m + self.linear * z_m + self.quadratic_per_m * z_m * z_m


NUMBERS = (
    "base_m",
    "linear",
    "quadratic_per_m",
    "quantisation_m_at_1m",
    "edge_px",
    "grazing_rad",
    "min_range_m",
    "max_range_m",
)
"""Fields of a ``SensorModel`` beside its family, in the order of arrays of them."""

FAMILIES: dict[str, SensorModel] = {
    "structured_light": SensorModel(),
    "stereo": SensorModel("stereo", 0.0008, 0.0, 0.0028, 0.0005, 2.0, 1.35, 0.20, 10.0),
    "time_of_flight": SensorModel(
        "time_of_flight", 0.0020, 0.0015, 0.0, 0.001, 1.5, 1.45, 0.25, 6.0
    ),
}
"""Defaults per family; parameters of the perception node override single numbers."""
