"""Segmentation on simulated tabletops, and on pictures made of planes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.geometry.gravity import up_from_pitch_roll
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.samples import make_sample
from deepsight_ros.perception.segmentation import Segmentation, segment
from deepsight_ros.perception.structure import find_walls
from deepsight_ros.perception.support import find_support
from deepsight_ros.perception.view import make_view, step_for
from deepsight_ros.synthesis.render import render, visible_fractions
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.world import tabletop
from tests.support.depth import camera_of, frame_of, plane_depth, wall_normal

CONFIG = PerceptionConfig()
FAMILIES = ("structured_light", "stereo", "time_of_flight")


def segments_of(frame: RgbdFrame, config: PerceptionConfig = CONFIG) -> Segmentation:
    view = make_view(frame, step_for(frame.camera.width_px, 320), config.max_range_m)
    sample = make_sample(view)
    finding = find_support(sample, config)
    walls = [] if finding.up is None else find_walls(sample, finding.up)
    return segment(view, finding, walls, config)


@pytest.mark.parametrize(
    ("colour", "recall", "precision"), [(True, 0.8, 0.85), (False, 0.65, 0.6)]
)
def test_simulated_tabletops(colour: bool, recall: float, precision: float) -> None:
    """Eight worlds of held-out shapes. The scores proper are the benchmark's; this is a floor."""
    hits, things, right, found = 0, 0, 0, 0
    for seed in range(5000, 5008):
        world = tabletop(seed, split="test")
        picture = render(world)
        frame = DepthSensor(FAMILIES[seed % 3], seed).frame(picture, world.camera)
        labels = segments_of(frame if colour else replace(frame, colour=None)).labels
        truth = np.maximum(picture.instance_id[::2, ::2], 0).astype(np.int64)
        both = np.zeros((labels.max() + 1, len(world.things) + 1))
        np.add.at(both, (labels.ravel(), truth.ravel()), 1)
        union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
        good = (both / np.maximum(union, 1))[1:, 1:] >= 0.5
        visible = visible_fractions(world) > 0.5
        hits += int(good.any(axis=0)[visible].sum())
        things += int(visible.sum())
        right += int(good.any(axis=1).sum())
        found += len(good)
    assert hits / things >= recall
    assert right / found >= precision


def boxes_on_a_table(gap_px: int = 60) -> RgbdFrame:
    """Two upright slabs on a table, without colour."""
    up = up_from_pitch_roll(np.deg2rad(35.0))
    camera = camera_of()
    table = plane_depth(camera, up, 0.6)
    depth = table.copy()
    for left in (180, 180 + 90 + gap_px):
        face = plane_depth(camera, wall_normal(np.deg2rad(35.0), 0.0, 0.0), 0.55)
        rows, columns = slice(190, 270), slice(left, left + 90)
        depth[rows, columns] = np.fmin(face, table)[rows, columns]
    return frame_of(depth, camera)


def test_separate_things_get_separate_labels() -> None:
    found = segments_of(boxes_on_a_table())
    assert found.count == 2
    assert len(set(np.unique(found.labels[110:125, 95:130])) - {0}) == 1


def test_the_support_alone_has_no_things() -> None:
    up = up_from_pitch_roll(np.deg2rad(40.0))
    camera = camera_of()
    found = segments_of(frame_of(plane_depth(camera, up, 0.7), camera))
    assert found.count == 0


def test_a_wall_behind_the_floor_is_no_thing() -> None:
    up = up_from_pitch_roll(np.deg2rad(12.0))
    camera = camera_of()
    wall = plane_depth(camera, wall_normal(np.deg2rad(12.0), 0.0, 0.2), 3.0)
    found = segments_of(frame_of(np.fmin(plane_depth(camera, up, 1.0), wall), camera))
    assert found.count == 0
    assert len(found.walls) == 1


def test_what_stands_beyond_a_table_is_no_thing_on_it() -> None:
    up = up_from_pitch_roll(np.deg2rad(30.0))
    camera = camera_of()
    floor, table = plane_depth(camera, up, 1.5), plane_depth(camera, up, 0.6)
    depth = floor.copy()
    depth[230:, :] = table[230:, :]
    depth[150:225, 280:360] = 1.9  # a chair behind the table
    depth[300:360, 300:350] -= 0.1  # a thing on it
    found = segments_of(frame_of(depth, camera))
    assert found.count == 1
    assert found.labels[165, 162] > 0 and found.labels[95, 160] == 0


@pytest.mark.parametrize(
    ("config", "count"),
    [
        (PerceptionConfig(min_object_px=5000), 0),
        (PerceptionConfig(max_object_size_m=0.05), 0),
        (PerceptionConfig(max_range_m=0.5), 0),
        (PerceptionConfig(min_object_px=30), 2),
    ],
)
def test_the_working_volume_is_kept_to(config: PerceptionConfig, count: int) -> None:
    assert segments_of(boxes_on_a_table(), config).count == count
