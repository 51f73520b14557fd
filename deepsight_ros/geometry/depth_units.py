"""Stored depth numbers in, metres out: one rule for units and for what counts as no reading."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import DecodeError

DEFAULT_UNIT_M = {"u2": 0.001, "f4": 1.0}
"""Metres per stored unit by element type (REP 118): integers are millimetres, floats metres."""
MIN_UNIT_M, MAX_UNIT_M = 1e-6, 1e3


def unit_for(element: str, unit_m: float | None, name: str) -> float:
    """Metres per stored unit: the caller's, else the element type's.

    Raises:
        DecodeError: ``unit_m`` is not a number between a micrometre and a kilometre.
    """
    if unit_m is None:
        return DEFAULT_UNIT_M[element]
    if not MIN_UNIT_M <= unit_m <= MAX_UNIT_M:  # NaN fails too
        raise DecodeError(
            f"{name}: got depth unit {unit_m} m, expected {MIN_UNIT_M:g} to {MAX_UNIT_M:g} (0.001 "
            "for millimetres); leave it unset to decide by encoding"
        )
    return float(unit_m)


def metres(stored: NDArray[Any], unit_m: float) -> NDArray[np.float32]:
    """Fresh float32 array of ``stored * unit_m``; zero, negative, infinite become NaN.

    Args:
        stored: any shape, unsigned integers or floats, either byte order.
        unit_m: as ``unit_for`` returns it.
    """
    depth = stored.astype(np.float32)
    if stored.dtype.kind == "u":
        depth *= np.float32(unit_m)
        invalid = stored == 0
    else:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if unit_m != 1.0:
                depth *= np.float32(unit_m)
            invalid = ~((depth > 0.0) & (depth < np.inf))
    np.copyto(depth, np.float32(np.nan), where=invalid)
    return depth
