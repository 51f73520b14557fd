"""PerceivedSource: samples with truth in, the same with the scene that perception makes of them.

    SampleSource[index] -> Sample(scene = truth) --Perceiver, true masks--> Sample(scene = seen)

What a robot would measure through its sensor, where names and masks are known and nothing else:
pairs are then measured on noisy depth while the audit holds them against the truth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.inputs import GivenUp, RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.objects import Scene, UpSource
from deepsight_ros.synthesis.samples import Sample, SampleSource

SUPPORT_OFF_M = 0.03
"""Samples in which perception takes another surface for the support are refused and listed."""
LEAST_PIXELS = 40
"""Things with fewer pixels are left out of the scene: there is too little to measure."""


class PerceivedSource:
    """Random access to perceived samples; a ``SampleSource``.

    Args:
        source: its samples carry truth and instance ids.
        perception: settings of perception; None takes the defaults.
    """

    def __init__(
        self, source: SampleSource, *, perception: PerceptionConfig | None = None
    ) -> None:
        self._source, self._config = source, perception or PerceptionConfig()
        self.name = f"{source.name} (perceived)"

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Sample:
        sample = self._source[index]
        truth, ids = sample.truth, sample.instance_id
        if truth is None or ids is None:
            raise InvalidValueError(
                f"perceived source: sample {sample.key} has no truth or no instance ids"
            )
        scene = self._perceived(sample, truth, ids)
        return replace(
            sample,
            scene=scene,
            instance_id=_renumbered(ids, truth, scene),
            captions={i: c for i, c in sample.captions.items() if i in _ids(scene)},
            provenance={**sample.provenance, "scene": "perceived, true masks and up"},
        )

    def _perceived(self, sample: Sample, truth: Scene, ids: NDArray[np.int16]) -> Scene:
        up = GivenUp(truth.working_from_camera.rotation[2], UpSource.TF)
        perceiver = Perceiver(self._config)
        scene = perceiver.perceive(sample.frame, up_in_camera=up)
        regions = [
            RegionRequest(RegionKind.MASK, mask=ids == i + 1, id=item.id, label=item.label)
            for i, item in enumerate(truth.objects)
            if np.count_nonzero(ids == i + 1) >= LEAST_PIXELS
        ]
        if regions:
            scene = perceiver.perceive_regions(sample.frame, scene, regions)
        named = {o.id: o for o in truth.objects}
        objects = tuple(
            replace(
                o,
                is_region=False,
                is_gripper=named[o.id].is_gripper,
                colour=named[o.id].colour,
                colours=named[o.id].colours,
            )
            for o in scene.objects
            if o.is_region and o.id in named and np.isfinite(o.box.centre_m).all()
        )
        off_m = _support_off_m(truth, scene)
        if off_m is not None and off_m > SUPPORT_OFF_M:
            raise InvalidValueError(
                f"perceived source: sample {sample.key}: perception took a surface {off_m:.2f} m "
                "off the support for it; heights above it would be wrong"
            )
        label = truth.support_label if scene.support is not None else ""
        return replace(scene, objects=objects, support_label=label, gripper=truth.gripper)


def _support_off_m(truth: Scene, scene: Scene) -> float | None:
    """How far the perceived support is from the true one under the camera; None without both."""
    if truth.support is None or scene.support is None:
        return None
    return abs(scene.support.offset_m - truth.support.offset_m)


def _ids(scene: Scene) -> frozenset[str]:
    return frozenset(o.id for o in scene.objects)


def _renumbered(ids: NDArray[np.int16], truth: Scene, scene: Scene) -> NDArray[np.int16]:
    """Instance ids in the order of the perceived objects; what was not perceived becomes 0."""
    table = np.zeros(len(truth.objects) + 1, dtype=np.int16)
    place = {o.id: i + 1 for i, o in enumerate(scene.objects)}
    for i, item in enumerate(truth.objects):
        table[i + 1] = place.get(item.id, 0)
    return np.where(ids > 0, table[np.maximum(ids, 0)], ids).astype(np.int16)
