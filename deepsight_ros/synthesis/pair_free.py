"""Free space ahead of the gripper or of a driving robot: facts in, one pair per picture and type.

Asked where the view determines it: what stops the sweep is in view (``determined``) and nothing
that is no object, a wall or furniture at the edge, is met before. A robot drives on a floor.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from deepsight_ros.questions.types import Form, QuestionType
from deepsight_ros.scene import calibration
from deepsight_ros.scene.body import PlateSolid
from deepsight_ros.scene.estimate import RawEstimate
from deepsight_ros.scene.free_space import free_space, gripper_plate, robot_plate
from deepsight_ros.scene.measure import GRIPPER_ID, estimate
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.determined import tolerance
from deepsight_ros.synthesis.pair_batch import (
    Array,
    Batch,
    Maker,
    Rng,
    numbers,
    outcomes,
    two_digits,
    yes_or_no,
)
from deepsight_ros.synthesis.pair_facts import LEAST_M, LOOSEST, Facts
from deepsight_ros.synthesis.samples import Sample

FLOORS = frozenset({"floor", "ground"})
LEAST_WAY_M = 0.02
_LOW_M = 0.010
_LEAST_SUPPORT_PX = 200
_STEP = 2
_SUPPORT, _FLOOR_BELOW = -1, -2
_RATIOS, _ROBOT_RATIOS = (1.25, 3.0), (1.1, 1.3)
"""How far from the truth a number to compare with lies, drawn evenly in the logarithm. Most rooms
leave a robot about a metre: a number far from the truth would be far from a metre, and tell."""


@dataclass(frozen=True)
class Way:
    """Free space ahead with its 95 % interval, metres."""

    value_m: float
    lower_m: float
    upper_m: float


def _found(facts: Facts, *, robot: bool) -> Way | None:
    """Measured once for the types that ask about it."""
    if robot not in facts.ways:
        facts.ways[robot] = _measured(facts, robot=robot)
    return facts.ways[robot]


def _measured(facts: Facts, *, robot: bool) -> Way | None:
    """None where it may not be asked."""
    scene = facts.scene
    if robot and scene.support_label.lower() not in FLOORS:
        return None
    if not robot and scene.gripper is None:
        return None
    ids = () if robot else (GRIPPER_ID,)
    raw = estimate(scene, "free_space", ids)
    if raw.bound is not Bound.EXACT or raw.value < LEAST_WAY_M:
        return None
    lower, upper = calibration.interval("free_space", raw)
    reach = max(raw.value - lower, upper - raw.value)
    if reach > max(LOOSEST * raw.value, LEAST_M):
        return None
    return Way(raw.value, lower, upper) if _determined(facts, ids, raw, robot=robot) else None


def _determined(facts: Facts, ids: tuple[str, ...], raw: RawEstimate, *, robot: bool) -> bool:
    sample, truth = facts.sample, facts.sample.truth
    if facts.seen is None or truth is None:
        return True  # a measured way: its interval decided
    if not robot and truth.gripper is None:
        return False
    met = raw if truth is facts.scene else estimate(truth, "free_space", ids)
    plate = robot_plate(truth, None, None) if robot else gripper_plate(truth, None, None)
    if not facts.seen.shows_way(ids, met.value) and not _ends_at_support(sample, plate, met):
        return False
    return not _met_before(sample, truth, plate, met.value)


def _ends_at_support(sample: Sample, plate: PlateSolid, met: RawEstimate) -> bool:
    """The sweep runs into the support, which is in view."""
    assert sample.truth is not None and sample.instance_id is not None
    bare = free_space(sample.truth, plate, [])
    in_view = int((sample.instance_id == _SUPPORT).sum()) >= _LEAST_SUPPORT_PX
    return in_view and bare.bound is Bound.EXACT and bare.value <= met.value + 1e-6


def _met_before(sample: Sample, truth: Scene, plate: PlateSolid, way_m: float) -> bool:
    """Some visible surface that is no object lies in the sweep before the contact."""
    assert sample.surface_m is not None and sample.instance_id is not None
    ids = sample.instance_id[::_STEP, ::_STEP]
    rows, columns = np.nonzero((ids <= 0) & (ids != _SUPPORT) & (ids != _FLOOR_BELOW))
    rows, columns = rows * _STEP, columns * _STEP
    z = sample.surface_m[rows, columns].astype(np.float64)
    c = sample.frame.camera
    local = np.column_stack([(columns - c.cx_px) / c.fx_px * z, (rows - c.cy_px) / c.fy_px * z, z])
    points = truth.working_from_camera.apply(local[np.isfinite(z)])
    own: Array = plate.pose.inverse().apply(points)
    inside = (np.abs(own[:, 1]) < plate.width_m / 2) & (np.abs(own[:, 2]) < plate.height_m / 2)
    inside &= (points[:, 2] > _LOW_M) & (own[:, 0] > 0) & (own[:, 0] < way_m + tolerance(way_m))
    return bool(inside.any())


def _way(entry: QuestionType, facts: Facts, rng: Rng) -> Batch | None:
    robot = ".robot" in entry.name
    found = _found(facts, robot=robot)
    if found is None:
        return None
    nobody = np.zeros((1, 0), dtype=np.int64)
    value, low, high = (np.array([v]) for v in (found.value_m, found.lower_m, found.upper_m))
    mover = facts.ids.index(facts.mover) if not robot and facts.mover in facts.ids else None
    members = () if mover is None else ((mover,),)
    if entry.form is not Form.COMPARE:
        return replace(numbers(entry, nobody, value, low, high), members=members)
    ratio = np.exp(rng.uniform(*np.log(_ROBOT_RATIOS if robot else _RATIOS), 1))
    is_free = rng.random(1) < 0.5
    asked = two_digits(np.where(is_free, low / ratio, high * ratio))
    made = outcomes(entry, nobody, yes_or_no(is_free), value, threshold=asked)
    return replace(made, lower=low, upper=high, members=members, by_chance=True)


FREE_MAKERS: dict[str, Maker] = {
    "free_space": _way,
    "free_space.robot": _way,
    "free_space.compare": _way,
    "free_space.robot.compare": _way,
}
