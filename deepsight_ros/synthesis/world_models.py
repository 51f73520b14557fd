"""Models: one instance of a shape family with what placing needs; a family and a number in.

A family has ``INSTANCES`` instances, each made from its name and number alone and remembered, so
that worlds share geometry instead of making it anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.scenery import arrays_of
from deepsight_ros.synthesis.shapes import BOX, CYLINDER, Family, PartArrays, Parts
from deepsight_ros.synthesis.world_space import Footprints, footprints

F64 = NDArray[np.float64]
Rng = np.random.Generator

INSTANCES = 48
"""Instances of each family; as many again are kept apart as fresh ones."""
_FRESH: ContextVar[bool] = ContextVar("fresh_instances", default=False)
_LEAST_SURFACE_M = {"table": 0.045, "floor": 0.2, "wall": 0.2}
_STANDS_M = 0.004


def variants(
    label: str,
    *,
    train: Mapping[str, Callable[[Rng], Parts]],
    test: Mapping[str, Callable[[Rng], Parts]],
    colours: tuple[str, ...] = (),
    stackable: bool = False,
    rests_on: str = "floor",
) -> tuple[Family, ...]:
    """Families of one label, named after it and their style, in both splits."""
    stem = label.replace(" ", "_")
    return tuple(
        Family(f"{stem}.{style}", label, split, make, True, stackable, rests_on, colours)
        for split, styles in (("train", train), ("test", test))
        for style, make in styles.items()
    )


@dataclass(frozen=True)
class Surface:
    """A level place on a model where others can stand, in the model's frame.

    Attributes:
        x_m, y_m, z_m: its middle.
        half_x_m, half_y_m: half its sides.
        yaw_rad: turn of its sides.
        is_round: a disc (the half sides are those of a square within it).
        clearance_m: free height above it, inf when open.
    """

    x_m: float
    y_m: float
    z_m: float
    half_x_m: float
    half_y_m: float
    yaw_rad: float
    is_round: bool
    clearance_m: float


@dataclass(frozen=True, eq=False)
class Model:
    """An instance of a family.

    Attributes:
        family: what it is one of.
        number: which one.
        parts: in its own frame; the same tuple every time.
        arrays: the parts as arrays.
        low_m, high_m: (3,) corners of its box in its own frame.
        reach_m: farthest any part goes from the origin, seen from above.
        base_m: (4,) x and y range of what touches the ground.
        is_round: every part is centred and round, so that any yaw looks the same from above.
        surfaces: where others can stand, the largest first.
        footprints: the parts as seen from above, for placing.
    """

    family: Family
    number: int
    parts: Parts
    arrays: PartArrays
    low_m: F64
    high_m: F64
    reach_m: float
    base_m: F64
    is_round: bool
    surfaces: tuple[Surface, ...]
    footprints: Footprints

    @property
    def size_m(self) -> F64:
        return self.high_m - self.low_m


T = TypeVar("T")


def pick(rng: Rng, values: Sequence[T]) -> T:
    """One of the values; many times as fast as ``rng.choice`` of a list."""
    return values[int(rng.integers(len(values)))]


def instance(family: Family, rng: Rng) -> Model:
    """A random instance of the family; inside ``fresh_instances`` one that no other world has."""
    return model(family, int(rng.integers(INSTANCES)) + INSTANCES * _FRESH.get())


@contextmanager
def fresh_instances(fresh: bool = True) -> Iterator[None]:
    """Worlds made inside show instances that worlds made outside never do: a calibration on the
    very shapes a model was trained on says too little of its errors."""
    before = _FRESH.set(fresh)
    try:
        yield
    finally:
        _FRESH.reset(before)


@lru_cache(maxsize=16384)
def model(family: Family, number: int) -> Model:
    """Instance ``number`` of the family."""
    rng = np.random.default_rng([zlib.crc32(family.name.encode()), number])
    parts = family.make(rng)
    arrays = arrays_of(parts)
    half = np.abs(arrays.rotations()) @ (arrays.size_m / 2)[..., None]
    low, high = arrays.centre_m - half[..., 0], arrays.centre_m + half[..., 0]
    flat = np.hypot(*(arrays.size_m[:, :2] / 2).T)
    flat = np.where(arrays.kind == BOX, flat, arrays.size_m[:, 0] / 2)
    if arrays.tilt_rad is not None:
        flat = np.where(arrays.tilt_rad != 0, np.linalg.norm(arrays.size_m, axis=1) / 2, flat)
    off = np.hypot(arrays.centre_m[:, 0], arrays.centre_m[:, 1])
    ground = low[:, 2] < _STANDS_M
    base = np.array(
        [low[ground, 0].min(), high[ground, 0].max(), low[ground, 1].min(), high[ground, 1].max()]
    )
    is_round = bool((arrays.kind != BOX).all() and off.max() < 1e-9)
    return Model(
        family,
        number,
        parts,
        arrays,
        low.min(axis=0),
        high.max(axis=0),
        float((off + flat).max()),
        base,
        is_round,
        _surfaces(arrays, low, high, _LEAST_SURFACE_M[family.rests_on]),
        footprints(arrays),
    )


def _surfaces(arrays: PartArrays, low: F64, high: F64, least_m: float) -> tuple[Surface, ...]:
    """Tops of upright boxes and cylinders that are large enough and have room above."""
    tilt = np.zeros(len(arrays)) if arrays.tilt_rad is None else arrays.tilt_rad
    found = []
    for k in range(len(arrays)):
        sides = arrays.size_m[k, :2]
        if arrays.kind[k] not in (BOX, CYLINDER) or tilt[k] or sides.min() < least_m:
            continue
        x, y = arrays.centre_m[k, :2]
        z = high[k, 2]
        over = (high[:, 2] > z + 1e-6) & (np.arange(len(arrays)) != k)
        over &= (low[:, 0] < x + sides[0] * 0.3) & (high[:, 0] > x - sides[0] * 0.3)
        over &= (low[:, 1] < y + sides[1] * 0.3) & (high[:, 1] > y - sides[1] * 0.3)
        room = float((low[over, 2] - z).min()) if over.any() else np.inf
        if room < 0.08:
            continue
        half = sides / 2 * (0.68 if arrays.kind[k] == CYLINDER else 1.0)
        found.append(
            Surface(
                float(x),
                float(y),
                float(z),
                float(half[0]),
                float(half[1]),
                float(arrays.yaw_rad[k]),
                bool(arrays.kind[k] == CYLINDER),
                room,
            )
        )
    found.sort(key=lambda s: -s.half_x_m * s.half_y_m)
    return tuple(found)
