"""Sets to learn segmenting from: the same pictures every time, whole blocks, resumable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError, SourceError
from deepsight_ros.synthesis import segment_store
from deepsight_ros.synthesis.segment_store import SegmentJob, SegmentSet, build
from deepsight_ros.synthesis.segment_views import segment_views
from deepsight_ros.synthesis.things import SUPPORT_ID

JOB = SegmentJob(worlds=2, views=2, seed=3, width_px=160, height_px=120, stored_width_px=160)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("segments")
    build(path, JOB)
    return path


def test_stored_pictures_are_the_generated_ones(folder: Path) -> None:
    stored = SegmentSet(folder)
    made = [v for i in range(2) for v in segment_views(i, seed=3, width_px=160, height_px=120)]
    assert len(stored) == len(made) == 4
    for number, view in enumerate(made):
        found = stored[number]
        assert found.kind == view.kind and found.index == view.index
        np.testing.assert_array_equal(found.instance_id, view.instance_id)
        np.testing.assert_array_equal(found.frame.colour, view.frame.colour)
        depth = view.frame.depth_m
        kept = np.isfinite(depth) & (depth < 6.5)
        np.testing.assert_allclose(found.frame.depth_m[kept], depth[kept], atol=6e-5)
        assert np.isnan(found.frame.depth_m[~np.isfinite(depth)]).all()
        np.testing.assert_allclose(found.plane, view.plane)
        assert found.frame.camera.fx_px == pytest.approx(view.frame.camera.fx_px)
        assert found.frame.sensor.quadratic_per_m == pytest.approx(
            view.frame.sensor.quadratic_per_m
        )


def test_other_views_show_the_same_things_from_elsewhere(folder: Path) -> None:
    first, second = SegmentSet(folder)[0], SegmentSet(folder)[1]
    assert first.index == second.index
    assert (first.instance_id != second.instance_id).any()
    assert (first.instance_id > 0).any() and (second.instance_id > 0).any()
    assert (first.instance_id == SUPPORT_ID).any()


def test_a_found_support_lies_on_the_true_one(folder: Path) -> None:
    near = []
    for view in (SegmentSet(folder)[k] for k in range(4)):
        if not np.isfinite(view.plane).all():
            continue
        camera, depth = view.frame.camera, view.frame.depth_m
        v, u = np.nonzero((view.instance_id == SUPPORT_ID) & np.isfinite(depth))
        z = depth[v, u]
        points = np.stack(
            [(u - camera.cx_px) / camera.fx_px * z, (v - camera.cy_px) / camera.fy_px * z, z]
        )
        near.append(float(np.median(np.abs(view.plane[:3] @ points + view.plane[3]))))
    assert near and min(near) < 0.02


def test_building_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_store, "WORLDS_PER_BLOCK", 1)
    short = SegmentJob(worlds=1, views=1, seed=3, width_px=96, height_px=72, stored_width_px=96)
    build(tmp_path, short)
    before = (tmp_path / "block-00000" / "depth.npy").stat().st_mtime_ns
    assert build(tmp_path, SegmentJob(**{**vars(short), "worlds": 2})) == 2
    assert (tmp_path / "block-00000" / "depth.npy").stat().st_mtime_ns == before


def test_another_job_is_refused(folder: Path) -> None:
    with pytest.raises(SourceError, match="another folder"):
        build(folder, SegmentJob(**{**vars(JOB), "seed": 4}))


def test_missing_and_damaged_sets_say_so(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(SourceError, match="synthesize segments"):
        SegmentSet(tmp_path)
    block = tmp_path / "block-00000"
    block.mkdir()
    for file in (folder / "block-00000").iterdir():
        (block / file.name).write_bytes(file.read_bytes()[:40])
    with pytest.raises(SourceError, match="damaged"):
        SegmentSet(tmp_path)


def test_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="room kinds"):
        next(segment_views(0, mix=("moon",)))
