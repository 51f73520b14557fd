"""Parametric shape families: a family name and a random generator in, convex parts out.

A thing is a union of convex parts (box, upright cylinder, sphere, upright cone), given in the
thing's own frame: origin in the middle of its bottom, z up. Families carry a split tag: those
tagged ``test`` are never drawn for training or calibration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError

BOX, CYLINDER, SPHERE, CONE = 0, 1, 2, 3
KINDS = ("box", "cylinder", "sphere", "cone")
"""Part kinds; the index is the code used in arrays."""


@dataclass(frozen=True)
class Part:
    """One convex primitive of a thing.

    Attributes:
        kind: ``box``, ``cylinder`` (upright), ``sphere`` or ``cone`` (upright, apex up).
        size_m: (x, y, z) extents before yaw; round kinds have x == y, a sphere x == y == z.
        centre_m: (x, y, z) centre in the thing's frame.
        yaw_rad: rotation about z in the thing's frame.
        tint: brightness relative to the thing's colour.
        tilt_rad: turn about the part's own y before yaw: its z axis tips towards its x axis (a
            quarter turn lays a cylinder along x).
    """

    kind: str
    size_m: tuple[float, float, float]
    centre_m: tuple[float, float, float]
    yaw_rad: float = 0.0
    tint: float = 1.0
    tilt_rad: float = 0.0

    def __post_init__(self) -> None:
        x, y, z = self.size_m
        if self.kind not in KINDS:
            raise InvalidValueError(f"part: got kind '{self.kind}', expected one of {KINDS}")
        if not min(self.size_m) > 0 or not np.isfinite([*self.size_m, *self.centre_m]).all():
            raise InvalidValueError(
                f"part {self.kind}: got size {self.size_m} at {self.centre_m}, expected positive "
                "finite sides"
            )
        if (self.kind != "box" and x != y) or (self.kind == "sphere" and x != z):
            raise InvalidValueError(f"part {self.kind}: got size {self.size_m}, expected it round")


Parts = tuple[Part, ...]


def box(
    x: float,
    y: float,
    z: float,
    at: tuple[float, float, float] = (0, 0, 0),
    yaw_rad: float = 0.0,
    tint: float = 1.0,
) -> Part:
    """Box of sides x, y, z whose bottom centre is ``at``."""
    return Part("box", (x, y, z), (at[0], at[1], at[2] + z / 2), yaw_rad, tint)


def cylinder(
    d: float, z: float, at: tuple[float, float, float] = (0, 0, 0), tint: float = 1.0
) -> Part:
    """Upright cylinder of diameter d and height z whose bottom centre is ``at``."""
    return Part("cylinder", (d, d, z), (at[0], at[1], at[2] + z / 2), 0.0, tint)


def cone(
    d: float, z: float, at: tuple[float, float, float] = (0, 0, 0), tint: float = 1.0
) -> Part:
    """Upright cone of base diameter d and height z whose base centre is ``at``."""
    return Part("cone", (d, d, z), (at[0], at[1], at[2] + z / 2), 0.0, tint)


def sphere(d: float, at: tuple[float, float, float] = (0, 0, 0), tint: float = 1.0) -> Part:
    """Sphere of diameter d whose lowest point is ``at``."""
    return Part("sphere", (d, d, d), (at[0], at[1], at[2] + d / 2), 0.0, tint)


@dataclass(frozen=True)
class Family:
    """A way to make things of one label.

    Attributes:
        name: unique ("mug_handle").
        label: the noun it is known by ("mug").
        split: ``train`` or ``test``; test families are held out of training and calibration.
        make: draws the parts.
        flat_top: something may be stacked on it.
        stackable: it may be stacked on something else.
        rests_on: ``table`` or ``floor``: which worlds use it.
        colours: colour words it comes in; () means any.
    """

    name: str
    label: str
    split: str
    make: Callable[[np.random.Generator], Parts]
    flat_top: bool = False
    stackable: bool = True
    rests_on: str = "table"
    colours: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.split not in ("train", "test"):
            raise InvalidValueError(
                f"family {self.name}: got split '{self.split}', expected train or test"
            )


@dataclass(frozen=True, eq=False)
class PartArrays:
    """Parts of many things as arrays, in one frame; row order is drawing order.

    Attributes:
        kind: (P,) int8 index into ``KINDS``.
        size_m: (P, 3) float64.
        centre_m: (P, 3) float64.
        yaw_rad: (P,) float64.
        tilt_rad: (P,) float64, or None: all upright.
    """

    kind: NDArray[np.int8]
    size_m: NDArray[np.float64]
    centre_m: NDArray[np.float64]
    yaw_rad: NDArray[np.float64]
    tilt_rad: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.kind)

    def rotations(self) -> NDArray[np.float64]:
        """(P, 3, 3) from each part's own axes to the frame the parts are in."""
        c, s = np.cos(self.yaw_rad), np.sin(self.yaw_rad)
        out = np.zeros((len(self), 3, 3))
        out[:, 0, 1], out[:, 1, 1] = -s, c
        if self.tilt_rad is None:
            out[:, 0, 0], out[:, 1, 0], out[:, 2, 2] = c, s, 1.0
            return out
        ct, st = np.cos(self.tilt_rad), np.sin(self.tilt_rad)
        out[:, 0, 0], out[:, 1, 0], out[:, 2, 0] = c * ct, s * ct, -st
        out[:, 0, 2], out[:, 1, 2], out[:, 2, 2] = c * st, s * st, ct
        return out


def place(parts: Parts, position_m: NDArray[np.float64], yaw_rad: float) -> PartArrays:
    """Parts of a thing standing at ``position_m`` (its bottom centre) turned by ``yaw_rad``."""
    c, s = np.cos(yaw_rad), np.sin(yaw_rad)
    centre = np.array([p.centre_m for p in parts], dtype=np.float64)
    flat = centre[:, :2] @ np.array([[c, s], [-s, c]])
    tilt = np.array([p.tilt_rad for p in parts])
    return PartArrays(
        np.array([KINDS.index(p.kind) for p in parts], dtype=np.int8),
        np.array([p.size_m for p in parts], dtype=np.float64),
        np.column_stack([flat, centre[:, 2]]) + np.asarray(position_m, dtype=np.float64),
        np.array([p.yaw_rad for p in parts]) + yaw_rad,
        tilt if tilt.any() else None,
    )


def scaled(parts: Parts, factor: float) -> Parts:
    """The same parts, ``factor`` times as large."""
    return tuple(
        replace(
            p,
            size_m=(p.size_m[0] * factor, p.size_m[1] * factor, p.size_m[2] * factor),
            centre_m=(p.centre_m[0] * factor, p.centre_m[1] * factor, p.centre_m[2] * factor),
        )
        for p in parts
    )


def height_m(parts: Parts) -> float:
    """Top of the highest part above the thing's bottom."""
    return max(p.centre_m[2] + p.size_m[2] / 2 for p in parts)
