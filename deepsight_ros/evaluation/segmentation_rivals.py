"""The segmenters a benchmark compares: geometric, learned, DBSCAN on points above the support.

DBSCAN (Ester et al. 1996) is what SpatialVLM cleans its objects with and what many tabletop
pipelines segment with. Points within ``EPS_M`` of at least ``LEAST`` others are cores; cores that
reach each other are one thing; points near a core belong to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from deepsight_ros.model.segmenter import load_learned
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.segmentation import (
    Array,
    Plane,
    Segmentation,
    dense,
    foreground_of,
    stands_out,
)
from deepsight_ros.perception.segmenters import Segmenter, geometric
from deepsight_ros.perception.support import SupportFinding
from deepsight_ros.perception.things import keep_things
from deepsight_ros.perception.view import WorkingView

EPS_M, LEAST, EVERY_PX = 0.02, 8, 2


def dbscan(
    view: WorkingView,
    finding: SupportFinding,
    walls: Sequence[Plane],
    config: PerceptionConfig,
    gripper_m: Array | None = None,
) -> Segmentation:
    """A ``Segmenter``: clusters of the points above the support, every second pixel."""
    ground = foreground_of(view, finding, walls, config)
    coarse = ground.foreground[::EVERY_PX, ::EVERY_PX]
    pixel = np.flatnonzero(coarse)
    labels = np.zeros(ground.foreground.shape, np.int32)
    if len(pixel) > LEAST:
        points = view.points_m(view.filled_m)[::EVERY_PX, ::EVERY_PX].reshape(-1, 3)[pixel]
        found = clusters(points.astype(np.float64))
        small = np.zeros(coarse.shape, np.int32)
        small.ravel()[pixel] = found
        rows, columns = (np.arange(n) // EVERY_PX for n in labels.shape)
        labels = np.where(ground.foreground, small[rows][:, columns], 0).astype(np.int32)
    table = finding.support if stands_out(ground.height_m) else None
    kept, count = keep_things(dense(labels), view, table, config, gripper_m)
    return Segmentation(kept, count, ground.foreground, finding, tuple(walls), ground.wall_masks)


def clusters(points_m: Array, eps_m: float = EPS_M, least: int = LEAST) -> np.ndarray:
    """(N,) int32 DBSCAN labels of (N, 3) points: 1.. clusters, 0 noise."""
    tree = cKDTree(points_m)
    pairs = tree.query_pairs(eps_m, output_type="ndarray")
    number = len(points_m)
    near = np.bincount(pairs.ravel(), minlength=number) + 1  # a point is its own neighbour
    core = near >= least
    linked = pairs[core[pairs].all(axis=1)]
    graph = coo_matrix((np.ones(len(linked), np.int8), linked.T), shape=(number, number))
    _, of = connected_components(graph, directed=False)
    labels = np.zeros(number, np.int32)
    _, labels[core] = np.unique(of[core], return_inverse=True)
    labels[core] += 1
    edge = pairs[core[pairs].sum(axis=1) == 1]  # a border point goes with one of its cores
    at_first = core[edge[:, 0]]
    cores = np.where(at_first, edge[:, 0], edge[:, 1])
    borders = np.where(at_first, edge[:, 1], edge[:, 0])
    labels[borders] = labels[cores]
    return labels


def without_colour(segmenter: Segmenter) -> Segmenter:
    """The segmenter as if the camera gave depth alone."""

    def blind(
        view: WorkingView,
        finding: SupportFinding,
        walls: Sequence[Plane],
        config: PerceptionConfig,
        gripper_m: Array | None = None,
    ) -> Segmentation:
        return segmenter(replace(view, colour=None), finding, walls, config, gripper_m)

    return blind


def rivals(
    names: Sequence[str],
    folder: Path | None,
    device: str = "cpu",
    *,
    no_colour: bool = False,
) -> dict[str, Segmenter]:
    """Segmenters by name: ``geometric``, ``dbscan``, ``learned`` (of a folder of weights).

    Args:
        no_colour: each once more without colour, before it, but for DBSCAN, which takes none.
    """
    made: dict[str, Segmenter] = {}
    for name in names:
        if name == "geometric":
            made[name] = geometric
        elif name == "dbscan":
            made[name] = dbscan
        elif folder is not None:
            made[name] = load_learned(folder, device=device)
    if not no_colour:
        return made
    both: dict[str, Segmenter] = {}
    for name, segmenter in made.items():
        if name != "dbscan":
            both[f"{name}, no colour"] = without_colour(segmenter)
        both[name] = segmenter
    return both
