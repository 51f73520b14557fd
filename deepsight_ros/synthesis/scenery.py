"""Scenery: everything a renderer draws, as arrays over parts; a World in, arrays out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.shapes import PartArrays, Parts, place
from deepsight_ros.synthesis.textures import PATTERNS
from deepsight_ros.synthesis.things import Material, World

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_LIGHT = np.array([-0.45, 0.35, 0.82]) / np.linalg.norm([-0.45, 0.35, 0.82])
_KEPT = 20_000


@dataclass(frozen=True, eq=False)
class Look:
    """Materials as arrays over M.

    Attributes:
        first_rgb: (M, 3) float32, 0-255.
        change_rgb: (M, 3) float32: second colour less the first.
        pattern: (M,) index into ``textures.PATTERNS``.
        period_m: (M,) float32.
    """

    first_rgb: F32
    change_rgb: F32
    pattern: NDArray[np.intp]
    period_m: F32


@dataclass(frozen=True, eq=False)
class Scenery:
    """Parts of a whole world in M.

    Attributes:
        kind: (P,) int8 index into ``shapes.KINDS``.
        size_m, centre_m: (P, 3) float64.
        rotation: (P, 3, 3) M from each part's own axes.
        tint: (P,) float32 brightness.
        phase: (P,) float32 where the pattern begins, in texture pixels.
        material: (P,) index into ``look``.
        instance_id: (P,) int16; thing i is ``i + 1``, fixtures are negative.
        look: materials.
        things: how many things there are.
        light: (3,) unit vector to the light, in M.
        sky_rgb: what is seen where nothing is.
    """

    kind: NDArray[np.int8]
    size_m: F64
    centre_m: F64
    rotation: F64
    tint: F32
    phase: F32
    material: NDArray[np.intp]
    instance_id: NDArray[np.int16]
    look: Look
    things: int
    light: F64
    sky_rgb: tuple[int, int, int] = (196, 208, 222)

    def __len__(self) -> int:
        return len(self.kind)


class _Cache:
    """Parts as arrays at the origin; families hand out the same tuples again and again."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Parts, PartArrays, F32]] = {}

    def of(self, parts: Parts) -> tuple[PartArrays, F32]:
        found = self._kept.get(id(parts))
        if found is not None and found[0] is parts:
            return found[1], found[2]
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        made = place(parts, np.zeros(3), 0.0)
        tints = np.array([p.tint for p in parts], np.float32)
        self._kept[id(parts)] = (parts, made, tints)
        return made, tints


_CACHE = _Cache()


def arrays_of(parts: Parts) -> PartArrays:
    """Parts as arrays in their own frame; remembered, not to be written to."""
    return _CACHE.of(parts)[0]


def placed(
    groups: Sequence[Parts], position_m: NDArray[np.float64], yaw_rad: NDArray[np.float64]
) -> tuple[PartArrays, NDArray[np.intp]]:
    """All parts of N things at (N, 3) positions turned by (N,) yaws, and whose each is."""
    own = [arrays_of(g) for g in groups]
    owner = np.repeat(np.arange(len(own)), [len(a) for a in own])
    c, s = np.cos(yaw_rad)[owner], np.sin(yaw_rad)[owner]
    local = np.concatenate([a.centre_m for a in own])
    centre = local + position_m[owner]
    centre[:, 0] += (c - 1) * local[:, 0] - s * local[:, 1]
    centre[:, 1] += s * local[:, 0] + (c - 1) * local[:, 1]
    tilt = np.concatenate([np.zeros(len(a)) if a.tilt_rad is None else a.tilt_rad for a in own])
    arrays = PartArrays(
        np.concatenate([a.kind for a in own]),
        np.concatenate([a.size_m for a in own]),
        centre,
        np.concatenate([a.yaw_rad for a in own]) + yaw_rad[owner],
        tilt if tilt.any() else None,
    )
    return arrays, owner


def scenery(world: World) -> Scenery:
    """The world as arrays."""
    groups = [*(f.parts for f in world.fixtures), *(t.parts for t in world.things)]
    still = len(world.fixtures)
    at = np.zeros((len(groups), 3))
    yaw = np.zeros(len(groups))
    for k, thing in enumerate(world.things, start=still):
        at[k], yaw[k] = thing.position_m, thing.yaw_rad
    parts, owner = placed(groups, at, yaw)
    ids = [*(f.instance_id for f in world.fixtures), *range(1, len(world.things) + 1)]
    materials = [*(f.material for f in world.fixtures), *(t.material for t in world.things)]
    light = np.array(world.light) if world.light else _LIGHT
    return Scenery(
        parts.kind,
        parts.size_m,
        parts.centre_m,
        parts.rotations(),
        np.concatenate([_CACHE.of(g)[1] for g in groups]),
        ((owner * 11 + np.arange(len(owner)) * 5) % 64).astype(np.float32),
        owner,
        np.array(ids, np.int16)[owner],
        _look(materials),
        len(world.things),
        light,
    )


def _look(materials: Sequence[Material]) -> Look:
    first = np.array([m.rgb for m in materials], np.float32)
    contrast = np.array([m.contrast for m in materials], np.float32)
    second = np.array(
        [m.rgb if m.second_rgb is None else m.second_rgb for m in materials], np.float32
    )
    darker = np.array([m.second_rgb is None for m in materials])
    change = np.where(darker[:, None], -first * contrast[:, None], second - first)
    return Look(
        first,
        change.astype(np.float32),
        np.array([PATTERNS.index(m.pattern) for m in materials], np.intp),
        np.array([m.period_m for m in materials], np.float32),
    )
