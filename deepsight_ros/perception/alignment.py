"""Where a shape that was seen earlier stands in the present frame, found from depth alone.

In: an ``ObservedShape``, a guess of its pose, the view. Out: the guess shifted to where depth and
depth edges put it, and how much of the frame agrees. No mask is needed, so a thing that
segmentation has joined with the hand that holds it is still found.

Two kinds of evidence, both linear in a small shift: readings at the projected surface points say
how far it is off along their normals; along the outline (where it was the thing's own, with
something farther behind it) the jump of depth says how far it is off across the view.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.view import WorkingView
from deepsight_ros.scene.objects import SupportPlane
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.surface import Edge

Array = NDArray[np.float64]
Bool = NDArray[np.bool_]

MOST_POINTS, MOST_EDGES = 300, 150
"""Surface and outline points that are compared."""

LEAST_POINTS = 20
"""Fewer points of a thing make no model of it."""

GATES_M = (0.03, 0.02, 0.012, 0.012)
"""Largest difference of depth that counts, from one refinement to the next."""

TOLERANCE_M, TOLERANCE_SIGMAS = 0.006, 2.5
"""A reading this near to what is expected agrees with it."""

REACH_PX = 6
"""How far along the outline's outward direction a jump of depth is looked for."""

JUMP_M = 0.015
"""Least jump of depth that is an edge."""

GUESS_M = 0.02
"""Standard deviation of the guess: what no evidence speaks about stays as guessed."""

FOOT_M = 0.008
"""Points lower than this above the support say nothing: the support goes on beside them."""

LEAST_M = 0.002
"""Standard deviation of a place, however many readings there are: their errors are shared."""

DEPTH_M, EDGE_PX = 0.003, 0.7
"""Standard deviations of one reading beside the sensor's noise, and of one edge."""


@dataclass(frozen=True, eq=False)
class Model:
    """What of a shape is looked for, in the W it was seen in.

    Attributes:
        points_m, normals: (N, 3) surface points and their unit normals.
        edges_m, outward: (M, 3) outline points with something farther behind, and the unit
            directions out of the thing.
    """

    points_m: Array
    normals: Array
    edges_m: Array
    outward: Array

    @classmethod
    def of(cls, shape: ObservedShape) -> Model:
        """Evenly thinned points of what was seen of a shape, without its foot."""
        surface = shape.surface
        points = np.arange(len(surface.points_m))
        if shape.support_known:
            high = np.flatnonzero(surface.points_m[:, 2] > FOOT_M)
            points = high if len(high) >= LEAST_POINTS else points
        points = points[:: max(1, len(points) // MOST_POINTS)]
        own = np.flatnonzero((surface.edges == Edge.FREE) & (surface.outline_quality > 0))
        own = own[:: max(1, len(own) // MOST_EDGES)]
        return cls(
            surface.points_m[points],
            surface.normals[points],
            surface.outline_m[own],
            surface.outward[own],
        )

    def without_edges(self) -> Model:
        """For a camera that sees it from elsewhere: its outline is another one there."""
        none = np.zeros((0, 3))
        return Model(self.points_m, self.normals, none, none)


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where a model is found.

    Attributes:
        camera_from_model: its pose.
        covariance_m2: (3, 3) of its place in the optical frame; large along what is not seen.
        agrees: share of the readings at its visible points that are as expected (the others see
            through it).
        visible: share of its points that neither something nearer hides nor the image lacks.
        edges: share of its visible outline at which depth jumps as expected.
    """

    camera_from_model: RigidTransform
    covariance_m2: Array
    agrees: float
    visible: float
    edges: float

    def off(self, pose: RigidTransform) -> float:
        """How far (standard deviations) another pose of the model is from this one."""
        away = pose.translation_m - self.camera_from_model.translation_m
        return float(np.sqrt(away @ np.linalg.solve(self.covariance_m2, away)))


@dataclass(frozen=True, eq=False)
class Present:
    """The frame that is searched.

    Attributes:
        view: its readings.
        things_m: (H, W) float32 depth of what is not the support, 0 where there is nothing.
    """

    view: WorkingView
    things_m: NDArray[np.float32]

    @classmethod
    def of(cls, view: WorkingView, support: SupportPlane | None) -> Present:
        """A view, with what lies on the support's plane told apart from things on it."""
        if support is None:
            return cls(view, view.filled_m)
        along = view.along(support.normal)
        height = view.filled_m * along + np.float32(support.offset_m)
        noise = view.sigma_m * np.abs(along)
        on_it = np.abs(height) < np.float32(0.5 * FOOT_M) + np.float32(1.5) * noise
        return cls(view, np.where(on_it, np.float32(0), view.filled_m))


def align(model: Model, guess: RigidTransform, present: Present) -> Alignment | None:
    """Shift a guess (the optical frame from the model's W) to where the frame shows the thing.

    Returns:
        None where hardly any of it falls into the picture.
    """
    pose = guess
    evidence = np.zeros((3, 3))
    for gate_m in GATES_M:
        rows, values = _from_depth(model, pose, present, gate_m)
        edge_rows, edge_values = _from_edges(model, pose, present.view)
        evidence = rows.T @ rows + edge_rows.T @ edge_rows
        pull = rows.T @ values + edge_rows.T @ edge_values
        pull += (guess.translation_m - pose.translation_m) / GUESS_M**2
        shift = np.linalg.solve(evidence + np.eye(3) / GUESS_M**2, pull)
        pose = RigidTransform(pose.rotation, pose.translation_m + shift)
    covariance = np.linalg.inv(evidence + np.eye(3) / GUESS_M**2)
    return judge(model, pose, present, covariance + LEAST_M**2 * np.eye(3))


def _project(points_m: Array, view: WorkingView) -> tuple[Array, Array, NDArray[np.intp], Bool]:
    """(column, row) as floats, flat pixel index, and which points lie in the picture."""
    camera = view.camera
    z = np.maximum(points_m[:, 2], 1e-3)
    u = points_m[:, 0] / z * camera.fx_px + camera.cx_px
    v = points_m[:, 1] / z * camera.fy_px + camera.cy_px
    h, w = view.valid.shape
    column, row = np.rint(u).astype(np.intp), np.rint(v).astype(np.intp)
    inside = (column >= 0) & (column < w) & (row >= 0) & (row < h) & (points_m[:, 2] > 0.01)
    return u, v, np.where(inside, row * w + column, 0), inside


def _from_depth(
    model: Model, pose: RigidTransform, present: Present, gate_m: float
) -> tuple[Array, Array]:
    """Rows (K, 3) and values (K,) of ``row @ shift = value``, each in standard deviations."""
    view = present.view
    points = pose.apply(model.points_m)
    _, _, pixel, inside = _project(points, view)
    depth = present.things_m.ravel()[pixel].astype(np.float64)
    sigma = view.sigma_m.ravel()[pixel].astype(np.float64)
    off = depth - points[:, 2]
    use = np.flatnonzero(inside & (depth > 0) & (np.abs(off) < gate_m + sigma))
    normals = pose.rotate(model.normals[use])
    seen = points[use] * (off[use] / points[use, 2])[:, None]  # from the point along its ray
    along = np.abs(np.einsum("ij,ij->i", normals, points[use] / points[use, 2:]))
    deviation = np.hypot(DEPTH_M, sigma[use] * along)
    value = np.einsum("ij,ij->i", normals, seen)
    weight = 1.0 / (deviation * np.sqrt(max(1.0, len(use) / 30.0)))
    weight = weight * np.minimum(1.0, 2.0 * deviation / np.maximum(np.abs(value), 1e-9))
    return normals * weight[:, None], value * weight


def _from_edges(model: Model, pose: RigidTransform, view: WorkingView) -> tuple[Array, Array]:
    """The same from the jumps of depth along the outline."""
    found = _edges(model, pose, view)
    at, way, offset_px = found.at_m[found.seen], found.way[found.seen], found.offset_px[found.seen]
    z = at[:, 2]
    rows = np.column_stack([way, -(way[:, 0] * at[:, 0] + way[:, 1] * at[:, 1]) / z])
    value = offset_px * z / view.camera.fx_px
    deviation = EDGE_PX * z / view.camera.fx_px * np.sqrt(max(1.0, len(z) / 30.0))
    weight = 1.0 / deviation * np.minimum(1.0, 1.5 / np.maximum(np.abs(offset_px), 1e-9))
    return rows * weight[:, None], value * weight


@dataclass(frozen=True, eq=False)
class _Edges:
    """Of each outline point: its place, its way out in pixels (unit), how far the jump is off,
    whether it was found, and whether it could be (in the picture, not hidden)."""

    at_m: Array
    way: Array
    offset_px: Array
    seen: Bool
    possible: Bool


def _edges(model: Model, pose: RigidTransform, view: WorkingView) -> _Edges:
    at = pose.apply(model.edges_m)
    out = pose.rotate(model.outward)
    u, v, _, inside = _project(at, view)
    z = np.maximum(at[:, 2], 1e-3)
    way = np.column_stack(
        [
            (out[:, 0] - at[:, 0] / z * out[:, 2]) * view.camera.fx_px,
            (out[:, 1] - at[:, 1] / z * out[:, 2]) * view.camera.fy_px,
        ]
    )
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    steps = np.arange(-REACH_PX, REACH_PX + 1)
    column = np.rint(u[:, None] + steps * way[:, :1]).astype(np.intp)
    row = np.rint(v[:, None] + steps * way[:, 1:]).astype(np.intp)
    h, w = view.valid.shape
    within = (column >= 0) & (column < w) & (row >= 0) & (row < h)
    depth = np.where(
        within, view.filled_m[np.clip(row, 0, h - 1), np.clip(column, 0, w - 1)], np.float32(0)
    )
    own = (depth > 0) & (np.abs(depth - z[:, None]) < JUMP_M)
    beyond = depth > z[:, None] + 2.0 * JUMP_M
    hole = depth <= 0
    # thing beside what is behind it, or with one pixel without a reading in between
    step_1 = own[:, :-2] & beyond[:, 1:-1]
    step_2 = own[:, :-2] & hole[:, 1:-1] & beyond[:, 2:]
    jump = step_1 | step_2
    along = (column - u[:, None]) * way[:, :1] + (row - v[:, None]) * way[:, 1:]
    place = np.where(
        step_1, 0.5 * (along[:, :-2] + along[:, 1:-1]), 0.5 * (along[:, :-2] + along[:, 2:])
    )
    away = np.where(jump, np.abs(place), np.inf)
    best = np.argmin(away, axis=1)
    each = np.arange(len(at))
    seen = inside & jump.any(axis=1)
    middle = steps.size // 2
    hidden = (depth[:, middle] > 0) & (depth[:, middle - 1] < z - 2.0 * JUMP_M)
    return _Edges(at, way, place[each, best], seen, inside & ~hidden)


def judge(
    model: Model, pose: RigidTransform, present: Present, covariance_m2: Array | None = None
) -> Alignment | None:
    """How well a model at a known pose agrees with the frame; None as in ``align``."""
    view = present.view
    points = pose.apply(model.points_m)
    _, _, pixel, inside = _project(points, view)
    if np.count_nonzero(inside) < 8:
        return None
    depth = view.filled_m.ravel()[pixel][inside].astype(np.float64)
    sigma = view.sigma_m.ravel()[pixel][inside].astype(np.float64)
    off = depth - points[inside, 2]
    tolerance = TOLERANCE_M + TOLERANCE_SIGMAS * sigma
    read = depth > 0
    bare = read & (present.things_m.ravel()[pixel][inside] <= 0)  # the support is seen there
    near = np.abs(off) <= tolerance
    agree = np.count_nonzero(read & near & ~bare)
    through = np.count_nonzero(read & (off > tolerance) | bare & near)
    found = _edges(model, pose, view)
    possible = np.count_nonzero(found.possible)
    close = np.count_nonzero(found.seen & found.possible & (np.abs(found.offset_px) < 1.5))
    return Alignment(
        pose,
        np.zeros((3, 3)) if covariance_m2 is None else covariance_m2,
        agree / max(1, agree + through),
        (agree + through) / len(points),
        close / possible if possible else 0.0,
    )
