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
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.alignment_loops import (
    FOOT_M,
    add_depth,
    add_edges,
    count_edges,
    count_points,
    off_support,
)
from deepsight_ros.perception.view import WorkingView
from deepsight_ros.scene.objects import SupportPlane
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.surface import Edge

Array = NDArray[np.float64]
Float = NDArray[np.float32]

MOST_POINTS, MOST_EDGES = 300, 150
"""Surface and outline points that are compared."""

LEAST_POINTS = 20
"""Fewer points of a thing make no model of it."""

LEAST_INSIDE = 8
"""Fewer points in the picture tell nothing."""

GATES_M = (0.03, 0.02, 0.012, 0.012)
"""Largest difference of depth that counts, from one refinement to the next."""

GUESS_M = 0.02
"""Standard deviation of the guess: what no evidence speaks about stays as guessed."""

LEAST_M = 0.002
"""Standard deviation of a place, however many readings there are: their errors are shared."""


@dataclass(frozen=True, eq=False)
class Model:
    """What of a shape is looked for, in the W it was seen in.

    Attributes:
        points_m, normals: (N, 3) float64, contiguous: surface points and their unit normals.
        edges_m, outward: (M, 3) likewise: outline points with something farther behind, and the
            unit directions out of the thing.
    """

    points_m: Array
    normals: Array
    edges_m: Array
    outward: Array

    @classmethod
    def of(cls, shape: ObservedShape) -> Model:
        """Evenly thinned points of what was seen of a shape, without its foot: beside that the
        support goes on."""
        surface = shape.surface
        points = np.arange(len(surface.points_m))
        if shape.support_known:
            high = np.flatnonzero(surface.points_m[:, 2] > FOOT_M)
            points = high if len(high) >= LEAST_POINTS else points
        points = points[:: max(1, len(points) // MOST_POINTS)]
        own = np.flatnonzero((surface.edges == Edge.FREE) & (surface.outline_quality > 0))
        own = own[:: max(1, len(own) // MOST_EDGES)]
        return cls(
            *(
                np.ascontiguousarray(of, np.float64)
                for of in (
                    surface.points_m[points],
                    surface.normals[points],
                    surface.outline_m[own],
                    surface.outward[own],
                )
            )
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

    @cached_property
    def readings(self) -> tuple[Float, Float, Float, Array]:
        """``things_m``, filled depth, its noise and (fx, fy, cx, cy), as the loops take them."""
        camera = self.view.camera
        intrinsics = np.array([camera.fx_px, camera.fy_px, camera.cx_px, camera.cy_px])
        return self.things_m, self.view.filled_m, self.view.sigma_m, intrinsics

    @classmethod
    def of(cls, view: WorkingView, support: SupportPlane | None) -> Present:
        """A view, with what lies on the support's plane told apart from things on it."""
        if support is None:
            return cls(view, view.filled_m)
        normal = np.ascontiguousarray(support.normal, np.float32)
        offset_m = np.float32(support.offset_m)
        seen = (view.filled_m, view.sigma_m)
        return cls(view, off_support(*seen, *view.rays, normal, offset_m))


def align(model: Model, guess: RigidTransform, present: Present) -> Alignment | None:
    """Shift a guess (the optical frame from the model's W) to where the frame shows the thing.

    Returns:
        None where hardly any of it falls into the picture.
    """
    pose = guess
    things_m, filled_m, sigma_m, intrinsics = present.readings
    for gate_m in GATES_M:
        at = (np.ascontiguousarray(pose.rotation), pose.translation_m, intrinsics)
        evidence = np.zeros((3, 3))
        pull = (guess.translation_m - pose.translation_m) / GUESS_M**2
        add_depth(model.points_m, model.normals, *at, things_m, sigma_m, gate_m, evidence, pull)
        add_edges(model.edges_m, model.outward, *at, filled_m, evidence, pull)
        shift = np.linalg.solve(evidence + np.eye(3) / GUESS_M**2, pull)
        pose = RigidTransform(pose.rotation, pose.translation_m + shift)
    covariance = np.linalg.inv(evidence + np.eye(3) / GUESS_M**2)
    return judge(model, pose, present, covariance + LEAST_M**2 * np.eye(3))


def judge(
    model: Model, pose: RigidTransform, present: Present, covariance_m2: Array | None = None
) -> Alignment | None:
    """How well a model at a known pose agrees with the frame; None as in ``align``."""
    things_m, filled_m, sigma_m, intrinsics = present.readings
    at = (np.ascontiguousarray(pose.rotation), pose.translation_m, intrinsics)
    inside, agree, through = count_points(model.points_m, *at, filled_m, things_m, sigma_m)
    if inside < LEAST_INSIDE:
        return None
    possible, close = count_edges(model.edges_m, model.outward, *at, filled_m)
    return Alignment(
        pose,
        np.zeros((3, 3)) if covariance_m2 is None else covariance_m2,
        agree / max(1, agree + through),
        (agree + through) / len(model.points_m),
        close / possible if possible else 0.0,
    )
