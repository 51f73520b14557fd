"""WorldSource keeps the contract of sources, whatever was loaded before."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.synthesis.samples import SampleSource
from deepsight_ros.synthesis.world_source import KINDS, WorldSource


def _small(**wanted) -> WorldSource:
    return WorldSource(**{"count": 40, "width_px": 160, "height_px": 120, **wanted})


def test_is_a_sample_source_and_any_order_gives_the_same_samples() -> None:
    first, second = _small(), _small()
    assert isinstance(first, SampleSource) and len(first) == 40
    a, _, b = first[3], second[5], second[3]
    assert a.key == b.key and a.provenance == b.provenance
    np.testing.assert_array_equal(a.frame.depth_m, b.frame.depth_m)
    np.testing.assert_array_equal(a.frame.colour, b.frame.colour)
    np.testing.assert_array_equal(a.instance_id, b.instance_id)
    assert [o.id for o in a.scene.objects] == [o.id for o in b.scene.objects]


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"room", "plain tabletop"}))
@pytest.mark.parametrize("split", ["train", "test"])
def test_instance_ids_boxes_and_depth_agree_with_the_truth(kind: str, split: str) -> None:
    source = _small(kinds=(kind,), split=split, sensors=())
    sample = source[2]
    assert sample.room == kind and sample.truth is not None and sample.instance_id is not None
    camera = sample.frame.camera
    assert sample.instance_id.max() == len(sample.scene.objects)
    for number, thing in enumerate(sample.truth.objects, start=1):
        v, u = np.nonzero(sample.instance_id == number)
        assert len(v) > 0
        assert thing.box_px == (u.min(), v.min(), u.max() + 1, v.max() + 1)
        z = sample.frame.depth_m[v, u].astype(np.float64)
        points = np.column_stack(
            [
                (u - camera.cx_px) / camera.fx_px * z,
                (v - camera.cy_px) / camera.fy_px * z,
                z,
            ]
        )
        in_w = sample.truth.working_from_camera.apply(points)
        assert thing.shape.distances(in_w).max() < 1e-3


def test_noise_changes_depth_only() -> None:
    noisy, clean = _small()[1], _small(sensors=())[1]
    np.testing.assert_array_equal(noisy.instance_id, clean.instance_id)
    assert np.isnan(noisy.frame.depth_m).mean() > np.isnan(clean.frame.depth_m).mean()
    both = np.isfinite(noisy.frame.depth_m) & np.isfinite(clean.frame.depth_m)
    difference = np.abs(noisy.frame.depth_m - clean.frame.depth_m)[both]
    assert 0 < np.median(difference) < 0.02


@pytest.mark.parametrize(
    "wrong", [{"kinds": ("moon",)}, {"sensors": ("lidar",)}, {"split": "dev"}, {"count": 0}]
)
def test_bad_configurations_are_refused(wrong: dict) -> None:
    with pytest.raises(InvalidValueError):
        _small(**wrong)


def test_an_index_outside_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        _small()[40]


def test_fresh_instances_are_in_no_other_source() -> None:
    def sizes(**wanted: object) -> set[tuple[float, ...]]:
        made = _small(kinds=("kitchen", "office"), **wanted)
        things = [t for i in range(12) for t in made.world(i).things]
        return {tuple(p.size_m for p in t.parts) for t in things}

    usual, fresh = sizes(), sizes(fresh_instances=True)
    assert len(usual) > 40 and len(fresh) > 40
    assert not usual & fresh
    assert sizes() == usual  # nothing is left switched on
