"""Fitting the judge of masks: pictures with truth and a segmenting network in, a ``Judge`` out.

Every mask that the network and the geometry offer for a picture is measured; what is learned is
how well it covers the true thing it covers best. A small network of one hidden layer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.judging import FEATURES, Judge
from deepsight_ros.perception.segmentation import foreground_of
from deepsight_ros.perception.segmenters import LearnedSegmenter
from deepsight_ros.perception.structure import look_around
from deepsight_ros.perception.view import make_view, step_for
from deepsight_ros.synthesis.segment_views import SegmentView

Array = NDArray[np.float64]

WORTH = (0.3, 0.8)
"""Overlap (IoU) with a true thing from which a mask is worth something, and everything."""


def measured(
    views: Iterable[SegmentView],
    segmenter: LearnedSegmenter,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[Array, Array]:
    """(N, F) features of all masks of all pictures, and (N,) best overlap of each with a thing."""
    config = PerceptionConfig()
    features, overlap = [], []
    for view in views:
        step = step_for(view.frame.camera.width_px, config.working_width_px)
        working = make_view(view.frame, step, config.max_range_m)
        up = view.up.astype(np.float64) if np.isfinite(view.up).all() else None
        finding, walls = look_around(working, config, up)
        ground = foreground_of(working, finding, walls, config)
        offer = segmenter.offer(working, ground, finding, config, measured=True)
        truth = np.maximum(view.instance_id[::step, ::step], 0)
        features.append(offer.features)
        overlap += [_best(truth, *of) for of in zip(offer.divisions, offer.counts, strict=True)]
        progress(1)
    return np.concatenate(features), np.concatenate(overlap)


def with_and_without_colour(views: Iterable[SegmentView]) -> Iterator[SegmentView]:
    """Each view, and again as a camera without colour would have given it."""
    for view in views:
        yield view
        yield replace(view, frame=replace(view.frame, colour=None))


def _best(truth: NDArray[np.int16], labels: NDArray[np.int32], count: int) -> Array:
    """(K,) best IoU of each label with any true thing."""
    columns = count + 1
    joint = truth.astype(np.int64).ravel() * columns + labels.ravel()
    both = np.bincount(joint, minlength=(int(truth.max()) + 1) * columns).reshape(-1, columns)
    union = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return np.asarray((both / np.maximum(union, 1))[1:, 1:].max(axis=0, initial=0.0), np.float64)


def fit(
    features: Array,
    overlap: Array,
    *,
    hidden: int = 48,
    steps: int = 4000,
    seed: int = 0,
    least: float = 0.15,
) -> Judge:
    """A judge that says how much each mask is worth.

    Raises:
        InvalidValueError: fewer masks than it has numbers to learn, or features of another kind.
    """
    if features.ndim != 2 or features.shape[1] != len(FEATURES) or len(features) < 20 * hidden:
        raise InvalidValueError(
            f"judge: got features of shape {features.shape}, expected at least {20 * hidden} "
            f"masks with {len(FEATURES)} each; build a larger set"
        )
    torch.manual_seed(seed)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-3
    x = torch.from_numpy((features - mean) / scale).float()
    low, high = WORTH
    y = torch.from_numpy(np.clip((overlap - low) / (high - low), 0.0, 1.0)).float()
    net = nn.Sequential(nn.Linear(x.shape[1], hidden), nn.ReLU(), nn.Linear(hidden, 1))
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    loss_of = nn.BCEWithLogitsLoss()
    order = torch.Generator().manual_seed(seed)
    for _ in range(steps):
        some = torch.randint(len(x), (min(1024, len(x)),), generator=order)
        optimiser.zero_grad()
        loss_of(net(x[some])[:, 0], y[some]).backward()
        optimiser.step()
        schedule.step()
    first, second = net[0], net[2]
    numbers = [
        p.detach().numpy().astype(np.float64) for p in (*first.parameters(), *second.parameters())
    ]
    return Judge(
        mean, scale, numbers[0].T.copy(), numbers[1], numbers[2][0], float(numbers[3][0]), least
    )
