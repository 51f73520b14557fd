"""Live messages in, their error against the simulator's exact world out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.serialization import deserialize_message

from deepsight_ros import msg
from deepsight_ros.nodes.conversions import to_ns
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID, measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.synthesis.determined import VisibleScene, is_determined, visible_scene
from deepsight_ros.synthesis.simulation import Simulation

MATCH_M = 0.06
"""A perceived object is the true one whose centre is nearest, at most this far off."""
MOST_SCENES = 60
GOOD_M, GOOD_SHARE = 0.01, 0.10


class LiveAccuracy:
    """Judges distances against a simulation that can be rebuilt.

    Args:
        simulation: the same world as the camera showed.
        about: start_ns, rate_hz and frames of the feed.
    """

    def __init__(self, simulation: Simulation, about: dict[str, Any]) -> None:
        self._simulation = simulation
        self._about = about
        self._truths: dict[int, tuple[Scene, VisibleScene]] = {}

    def truth(self, stamp_ns: int) -> tuple[Scene, VisibleScene]:
        """The exact scene at a stamp, and what of it was visible."""
        about = self._about
        tick = round((stamp_ns - about["start_ns"]) * about["rate_hz"] / 1e9)
        index = tick % about["frames"]
        if index not in self._truths:
            seen = self._simulation.step(index / about["rate_hz"])
            truth = seen.truth()
            visible = visible_scene(seen.world, seen.rendering, truth)
            self._truths[index] = (truth, visible)
        return self._truths[index]

    def judge(self, scenes: list[bytes], distances: list[bytes]) -> dict[str, Any]:
        """Errors of the distances of the scenes given, serialised messages both.

        Returns:
            Counts and shares over determined distances: good is within 1 cm or 10 % of the truth,
            covered that the 95 % interval holds the truth.
        """
        by_sequence = {}
        for data in distances:
            message = deserialize_message(data, msg.DistanceEstimates)
            by_sequence[message.sequence] = message
        errors: list[float] = []
        good: list[bool] = []
        covered: list[bool] = []
        found = missed = 0
        step = max(1, len(scenes) // MOST_SCENES)
        for data in scenes[::step]:
            scene = deserialize_message(data, msg.Scene)
            estimates = by_sequence.get(scene.sequence)
            if estimates is None:
                continue
            truth, visible = self.truth(to_ns(scene.header.stamp))
            names = matched(scene, truth)
            found += len(names)
            missed += len(truth.objects) - len(names)
            for each in estimates.distances:
                pair = self._true_pair(each, names)
                if pair is None:
                    continue
                quantity = "range" if CAMERA_ID in pair else "surface_distance"
                ids = tuple(i for i in pair if i != CAMERA_ID)
                true_m = measure(truth, quantity, ids).value
                if not is_determined(visible, truth, quantity, ids, true_m):
                    continue
                error_m = abs(each.distance - true_m)
                errors.append(error_m)
                good.append(error_m <= max(GOOD_M, GOOD_SHARE * true_m))
                covered.append(each.lower <= true_m <= each.upper)
        if not errors:
            return {"distances": 0, "objects_found": found, "objects_missed": missed}
        return {
            "distances": len(errors),
            "error_median_mm": float(np.median(errors) * 1e3),
            "error_p95_mm": float(np.percentile(errors, 95) * 1e3),
            "within_1cm_or_10pct": float(np.mean(good)),
            "interval_covers": float(np.mean(covered)),
            "objects_found": found,
            "objects_missed": missed,
        }

    @staticmethod
    def _true_pair(each: msg.DistanceEstimate, names: dict[str, str]) -> tuple[str, str] | None:
        pair = []
        for name in (each.from_id, each.to_id):
            if name in (CAMERA_ID, GRIPPER_ID):
                pair.append(name)
            elif name in names:
                pair.append(names[name])
            else:
                return None
        # the gripper as an object and as a frame are one thing in truth
        if pair[0] == pair[1]:
            return None
        return pair[0], pair[1]


def matched(scene: msg.Scene, truth: Scene) -> dict[str, str]:
    """Perceived id -> true id, by the nearest centres in the optical frame, one to one."""
    camera_from_w = truth.working_from_camera.inverse()
    theirs = {
        o.id: np.array([o.pose.position.x, o.pose.position.y, o.pose.position.z])
        for o in scene.objects
    }
    ours = {t.id: camera_from_w.apply(t.box.centre_m) for t in truth.objects}
    return _one_to_one(theirs, ours)


def _one_to_one(
    theirs: dict[str, NDArray[np.float64]], ours: dict[str, NDArray[np.float64]]
) -> dict[str, str]:
    pairs = sorted(
        (float(np.linalg.norm(a - b)), i, j) for i, a in theirs.items() for j, b in ours.items()
    )
    taken: dict[str, str] = {}
    for away_m, i, j in pairs:
        if away_m <= MATCH_M and i not in taken and j not in taken.values():
            taken[i] = j
    return taken
