"""Pictures in, metric depth out: DepthAnything (metric heads), ZoeDepth, GLPN, by one class.

A relative model (depth_estimation_type "relative") is refused: its numbers are no metres.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import ModelFilesError
from deepsight_ros.synthesis.rgb.loading import in_batches, load, place

Picture = NDArray[np.uint8]
MAX_DEPTH_M = 80.0


class MetricDepth:
    """Any depth estimator of transformers whose output is in metres.

    Args:
        path: folder of the checkpoint.
        max_depth_m: readings beyond are invalid.
    """

    def __init__(
        self, path: str, batch: int = 4, device: str = "cpu", max_depth_m: float = MAX_DEPTH_M
    ) -> None:
        from transformers import AutoImageProcessor, AutoModelForDepthEstimation

        what, example = (
            "depth estimator",
            "depth-anything/Depth-Anything-V2-Metric-Indoor-Small-hf",
        )
        self._model = place(load(AutoModelForDepthEstimation, path, what, example), device)
        if getattr(self._model.config, "depth_estimation_type", "metric") != "metric":
            raise ModelFilesError(
                f"depth estimator: got {path}, whose depth is relative; expected a metric "
                f"checkpoint such as {example}"
            )
        self._processor = load(AutoImageProcessor, path, what, example)
        self._batch, self._device, self._max_m = batch, device, max_depth_m

    def __call__(self, pictures: Sequence[Picture]) -> list[NDArray[np.float32]]:
        """(H, W) float32 metres per picture, NaN where the model gives nothing usable."""
        out: list[NDArray[np.float32] | None] = [None] * len(pictures)
        by_size: dict[tuple[int, ...], list[int]] = {}
        for i, picture in enumerate(pictures):
            by_size.setdefault(picture.shape, []).append(i)
        for indices in by_size.values():  # a batch holds pictures of one size
            depths = in_batches([pictures[i] for i in indices], self._batch, self._run)
            for i, depth in zip(indices, depths, strict=True):
                out[i] = depth
        return [d for d in out if d is not None]

    def _run(self, pictures: list[Picture]) -> list[NDArray[np.float32]]:
        options = {"do_pad": False} if hasattr(self._processor, "do_pad") else {}
        inputs = self._processor(images=pictures, return_tensors="pt", **options)
        inputs = inputs.to(self._device, self._model.dtype)
        depths = self._model(**inputs).predicted_depth.float().cpu().numpy()
        depths = depths.reshape(len(pictures), *depths.shape[-2:])
        return [self._fitted(d, p) for d, p in zip(depths, pictures, strict=True)]

    def _fitted(self, depth: NDArray[np.float32], picture: Picture) -> NDArray[np.float32]:
        """In the picture's size; what is no usable reading becomes NaN.

        ZoeDepth's mirrored padding is left out above, so that the whole output is the picture.
        """
        height, width = picture.shape[:2]
        full = cv2.resize(depth, (width, height), interpolation=cv2.INTER_LINEAR)
        usable = np.isfinite(full) & (full > 0) & (full <= self._max_m)
        return np.where(usable, full, np.nan).astype(np.float32)
