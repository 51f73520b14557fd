"""What is true of a view: quantities as numbers, predicates as signed differences.

A view and ids in; lists of acceptable values out (more than one where the definition has a tie),
and ``Judged`` for predicates: a difference whose sign decides, and the zone where it is a tie.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.evaluation.audit import bodies, parts
from deepsight_ros.evaluation.audit.bodies import Thing
from deepsight_ros.evaluation.audit.view import CAMERA_ID, GRIPPER_ID, View

Array = NDArray[np.float64]
_X, _Y, _Z = np.eye(3)

TIE_M = 0.010
SIZE_TIE = 0.05
TOUCHING_M = 0.005
ON_M = 0.015
SUPPORT_DIP_M = 0.010
GRIPPER_BOX_M = (0.10, 0.10)
ROBOT_BOX_M = (0.50, 0.50)
FARTHEST_M = 8.0

SIZES = ("height", "width", "depth", "length", "breadth", "grasp_width", "thickness", "diameter",
         "volume")  # fmt: skip
COMPARED: dict[str, tuple[str, int]] = {
    "bigger": ("volume", 1), "smaller": ("volume", -1),
    "wider": ("width", 1), "narrower": ("width", -1),
    "taller": ("height", 1), "shorter": ("height", -1),
    "longer": ("length", 1), "less_long": ("length", -1),
    "thicker": ("thickness", 1), "thinner": ("thickness", -1),
    "deeper": ("depth", 1), "shallower": ("depth", -1),
    "higher": ("top", 1), "lower": ("top", -1),
    "farther": ("range", 1), "closer": ("range", -1),
}  # fmt: skip
"""Comparative -> the quantity it compares, and the sign of more."""
PLACES: dict[str, tuple[int, int]] = {
    "left_of": (1, 1), "right_of": (1, -1), "above": (2, 1), "below": (2, -1),
    "over": (2, 1), "under": (2, -1),
}  # fmt: skip
"""Predicate of box centres -> axis of W, sign."""
RAYS = {"in_front_of": -1, "behind": 1}


@dataclass(frozen=True)
class Judged:
    """A predicate: true when ``difference`` > 0; within ``tie`` of 0 it is about the same.

    Attributes:
        difference: SI, positive speaks for true.
        tie: half width of the zone of "about the same"; 0 for predicates that have none.
    """

    difference: float
    tie: float


def values(view: View, quantity: str, ids: tuple[str, ...]) -> list[float]:
    """Acceptable values of a quantity (SI; hours for ``direction``)."""
    if quantity == "free_space":
        return [free_space_m(view, robot=not ids)[0]]
    if quantity == "range":
        return [_from_camera(view, view.things[ids[0]])]
    if quantity == "top":
        return [view.things[ids[0]].span(_Z)[1]]
    if quantity in SIZES:
        return _sizes(view.things[ids[0]], quantity)
    a, b = ids
    if quantity == "surface_distance":
        return [_gap(view, a, b)]
    if quantity == "mean_nearest_distance":
        return [bodies.mean_nearest_m(view.things[a], view.things[b])]
    found = []
    for of in _centres(view, a):
        for to in _centres(view, b):
            found.append(_between_centres(quantity, of, to))
    return found


def _sizes(thing: Thing, quantity: str) -> list[float]:
    if quantity in ("height", "width", "depth"):
        return [thing.extent({"height": _Z, "width": _Y, "depth": _X}[quantity])]
    out = []
    for box in thing.uprights:
        if quantity in ("breadth", "grasp_width"):
            out.append(box.breadth_m)
        elif quantity == "thickness":
            out.append(min(box.breadth_m, box.height_m))
        elif quantity == "volume":
            out.append(box.length_m * box.breadth_m * box.height_m)
        else:  # length, and the diameter of what is round
            out.append(box.length_m)
    return out


def _between_centres(quantity: str, of: Array, to: Array) -> float:
    away = to - of
    if quantity == "centre_distance":
        return float(np.linalg.norm(away))
    if quantity == "horizontal_distance":
        return math.hypot(away[0], away[1])
    if quantity == "vertical_distance":
        return abs(float(away[2]))
    return bodies.clock_hours(of, to)


def _centres(view: View, object_id: str) -> list[Array]:
    if object_id == CAMERA_ID:
        return [view.camera_m]
    if object_id == GRIPPER_ID and object_id not in view.things:
        if not view.gripper_id and view.gripper is not None:
            return [view.gripper[:3, 3]]
        object_id = view.gripper_id
    return [box.centre_m for box in view.things[object_id].uprights]


def _gap(view: View, a: str, b: str) -> float:
    for one, other in ((a, b), (b, a)):
        if one == CAMERA_ID:
            return _from_camera(view, view.things[other])
        if one == GRIPPER_ID and one not in view.things:
            return _gap(view, view.gripper_id, other)
    return view.gap_m(a, b)


def _from_camera(view: View, thing: Thing) -> float:
    return min(parts.point_gap_m(view.camera_m, p) for p in thing.parts)


def judge(view: View, predicate: str, ids: tuple[str, ...]) -> list[Judged]:
    """The first thing's standing to the second; a third is the anchor of closer and farther.

    More than one where a thing has more than one upright box.
    """
    if predicate in RAYS:
        return [
            _along_ray(view, predicate, a, b)
            for a in _centres(view, ids[0])
            for b in _centres(view, ids[1])
        ]
    if predicate in PLACES:
        axis, sign = PLACES[predicate]
        if predicate in ("over", "under"):
            shared = bodies.outlines_overlap_m(*(view.things[i].outline_m for i in ids[:2]))
            if shared <= 0:
                return [Judged(shared, 0.0)]
        return [
            Judged(sign * float(a[axis] - b[axis]), TIE_M)
            for a in _centres(view, ids[0])
            for b in _centres(view, ids[1])
        ]
    if predicate in COMPARED:
        quantity, sign = COMPARED[predicate]
        if len(ids) > 2:
            a_m, b_m = (_gap(view, i, ids[2]) for i in ids[:2])
            return [Judged(sign * (a_m - b_m), TIE_M)]
        return [
            Judged(sign * (a_m - b_m), tie_of(quantity, a_m, b_m))
            for a_m in values(view, quantity, (ids[0],))
            for b_m in values(view, quantity, (ids[1],))
        ]
    return [_contact(view, predicate, ids)]


def tie_of(quantity: str, a: float, b: float) -> float:
    """Half width of "about the same" between two values of a quantity."""
    relative = SIZE_TIE * max(abs(a), abs(b)) if quantity in SIZES else 0.0
    return relative if quantity == "volume" else max(TIE_M, relative)


def _contact(view: View, predicate: str, ids: tuple[str, ...]) -> Judged:
    if predicate == "touching":
        return Judged(TOUCHING_M - _gap(view, *ids), 0.0)
    if predicate == "next_to":
        least = min(view.things[i].upright.length_m for i in ids)
        return Judged(least / 2 - _gap(view, *ids), 0.0)
    a, b = view.things[ids[0]], view.things[ids[1]]
    (low_a, _), (low_b, high_b) = a.span(_Z), b.span(_Z)
    if predicate == "on":
        shared = bodies.outlines_overlap_m(a.outline_m, b.outline_m)
        return Judged(min(shared, ON_M - abs(low_a - high_b)), 0.0)
    if predicate == "inside":
        rim = float(parts.polygon_signed_m(b.outline_m, a.outline_m).min())
        centre = float(a.centre_m[2])
        return Judged(min(rim + TIE_M, low_a - low_b + TIE_M, high_b - centre), 0.0)
    c = view.things[ids[2]]  # between
    hull = bodies.hull_2d(np.vstack([b.outline_m, c.outline_m]))
    return Judged(float(parts.polygon_signed_m(hull, a.centre_m[None, :2])[0]), TIE_M)


def _along_ray(view: View, predicate: str, a: Array, b: Array) -> Judged:
    """Centres along the ground ray from the camera to the farther of the two."""
    offsets = [(c - view.camera_m)[:2] for c in (a, b)]
    far = max(offsets, key=lambda o: float(np.linalg.norm(o)))
    ray = far / max(float(np.linalg.norm(far)), 1e-9)
    return Judged(RAYS[predicate] * float((offsets[0] - offsets[1]) @ ray), TIE_M)


def stands_on_support(view: View, object_id: str) -> bool | None:
    """The thing's bottom is on the support plane; None without one or within 5 mm of the limit."""
    if not view.has_support:
        return None
    off = abs(view.things[object_id].span(_Z)[0])
    return None if abs(off - ON_M) < 0.005 else off < ON_M


def free_space_m(view: View, *, robot: bool) -> tuple[float, bool]:
    """Travel of the swept box until it meets something; False when nothing is met in 8 m.

    The box of every travel contains that of a shorter one, so the first contact is found by
    halving.
    """
    pose = _plate(view, robot)
    width, height = ROBOT_BOX_M if robot else GRIPPER_BOX_M
    obstacles = [
        p
        for t in view.things.values()
        if not t.is_region and (robot or t.id != view.gripper_id)
        for p in t.parts
    ]
    corners = [pose[:3, :3] @ [0.0, y, z] for y in (-width / 2, width / 2)
               for z in (-height / 2, height / 2)]  # fmt: skip
    front = np.array(corners) * (1 - 1e-6) + pose[:3, 3]
    heading = pose[:3, 0]
    nearest, met = FARTHEST_M, False
    if view.has_support and heading[2] < -1e-9:
        dip = (float(front[:, 2].min()) + SUPPORT_DIP_M) / -float(heading[2])
        if dip < nearest:
            nearest, met = max(dip, 0.0), True
    for part in obstacles:
        travel = _first_contact(front, heading, part, nearest)
        if travel is not None:
            nearest, met = travel, True
    return nearest, met


def _plate(view: View, robot: bool) -> Array:
    if not robot and view.gripper is not None:
        return view.gripper
    pose = np.eye(4)
    pose[:3, 3] = [view.camera_m[0], view.camera_m[1], ROBOT_BOX_M[1] / 2]
    return pose


def _first_contact(front: Array, heading: Array, part: parts.Part, limit: float) -> float | None:
    """Travel until the swept front meets a part, None if not before the limit."""

    def meets(travel: float) -> bool:
        swept = np.vstack([front, front + travel * heading])
        corners, grown = part.hull
        return parts.corners_gap_m(swept, corners) - grown <= 1e-7

    if not meets(limit):
        return None
    low, high = 0.0, limit
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if meets(middle) else (middle, high)
    return high
