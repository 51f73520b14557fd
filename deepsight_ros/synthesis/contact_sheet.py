"""Contact sheets: kinds of place in, one picture of colour above depth for each sample out."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.synthesis.samples import Sample
from deepsight_ros.synthesis.world_source import WorldSource

Picture = NDArray[np.uint8]

_BAR_PX = 16


def contact_sheet(
    kinds: Sequence[str],
    *,
    columns: int = 6,
    split: str = "train",
    seed: int = 0,
    width_px: int = 240,
    height_px: int = 180,
    sensors: Sequence[str] = (),
) -> Picture:
    """(H, W, 3) uint8 RGB: one row of ``columns`` samples for each kind; depth below colour,
    near is bright, no reading is black."""
    rows = []
    for kind in kinds:
        source = WorldSource(
            columns,
            kinds=(kind,),
            split=split,
            seed=seed,
            width_px=width_px,
            height_px=height_px,
            sensors=sensors,
        )
        tiles = [_tile(source[index]) for index in range(columns)]
        bar = np.full((_BAR_PX, columns * width_px, 3), 255, np.uint8)
        cv2.putText(bar, kind, (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        rows += [bar, np.hstack(tiles)]
    return np.asarray(np.vstack(rows), dtype=np.uint8)


def _tile(sample: Sample) -> Picture:
    depth = sample.frame.depth_m
    valid = np.isfinite(depth)
    near, far = np.quantile(depth[valid], [0.02, 0.98]) if valid.any() else (0.0, 1.0)
    level = np.where(valid, 1 - (np.nan_to_num(depth) - near) / max(far - near, 1e-3), 0)
    grey = (np.clip(level, 0, 1) * 235 + 20).astype(np.uint8)
    tinted = cv2.applyColorMap(grey, cv2.COLORMAP_VIRIDIS)[..., ::-1]
    tinted = np.where(valid[..., None], tinted, 0).astype(np.uint8)
    assert sample.frame.colour is not None
    return np.vstack([sample.frame.colour, tinted])
