"""Perceived samples keep ids, names and masks of the truth, and measure on what was seen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene.measure import measure
from deepsight_ros.synthesis.perceived_source import PerceivedSource
from deepsight_ros.synthesis.samples import SampleSource
from deepsight_ros.synthesis.world_source import WorldSource


def test_ids_masks_and_measures_are_of_the_same_things() -> None:
    source = WorldSource(2, kinds=("tabletop",), width_px=320, height_px=240)
    perceived = PerceivedSource(source)
    assert isinstance(perceived, SampleSource) and len(perceived) == 2
    exact, sample = source[0], perceived[0]
    assert sample.truth is not None and exact.instance_id is not None
    assert not sample.scene.is_exact and sample.truth.is_exact
    assert 3 <= len(sample.scene.objects) <= len(exact.scene.objects)
    number_of = {o.id: i + 1 for i, o in enumerate(exact.scene.objects)}
    for i, item in enumerate(sample.scene.objects):
        assert item.label == sample.truth.object(item.id).label and not item.is_region
        np.testing.assert_array_equal(
            sample.instance_id == i + 1, exact.instance_id == number_of[item.id]
        )
    ranges = [
        measure(sample.scene, "range", [o.id]).value / measure(sample.truth, "range", [o.id]).value
        for o in sample.scene.objects
    ]
    assert 0.9 < np.median(ranges) < 1.1


def test_samples_without_truth_are_refused() -> None:
    class Blank:
        name = "blank"

        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> object:
            source = WorldSource(1, kinds=("tabletop",), width_px=64, height_px=48)
            return replace(source[index], truth=None)

    with pytest.raises(InvalidValueError, match="no truth"):
        PerceivedSource(Blank())[0]  # type: ignore[arg-type]
