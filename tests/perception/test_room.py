"""The remembered room: kept while it explains the picture, found anew when it does not."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.config import PerceptionConfig
from deepsight_ros.perception.room import Room, RoomMemory, seen_from
from deepsight_ros.perception.samples import make_sample, plane_axes
from deepsight_ros.perception.support import find_support
from deepsight_ros.perception.view import WorkingView, make_view

CAMERA = Camera(320, 240, 280.0, 280.0, 159.5, 119.5)


def pose(x_m: float = 0.0, height_m: float = 0.6, pitch_deg: float = 40.0) -> RigidTransform:
    """A camera that looks along x and down; the table is z = 0."""
    down = np.deg2rad(pitch_deg)
    rotation = np.array(
        [
            [0.0, -np.sin(down), np.cos(down)],
            [-1.0, 0.0, 0.0],
            [0.0, -np.cos(down), -np.sin(down)],
        ]
    )
    return RigidTransform(rotation, np.array([x_m, 0.0, height_m]))


def view_of(camera_at: RigidTransform, seed: int = 0, table_m: float = 0.0) -> WorkingView:
    """A table from x = 0.2 to 1.4 at height ``table_m``, with 1 mm of noise; beyond it nothing."""
    v, u = np.mgrid[0:240, 0:320]
    rays = np.stack([(u - 159.5) / 280.0, (v - 119.5) / 280.0, np.ones(u.shape)], axis=-1)
    directions = rays @ camera_at.rotation.T
    with np.errstate(divide="ignore"):
        depth = (table_m - camera_at.translation_m[2]) / directions[..., 2]
    x = camera_at.translation_m[0] + depth * directions[..., 0]
    depth[(depth <= 0) | (x < 0.2) | (x > 1.4)] = np.nan
    depth += np.random.default_rng(seed).normal(0, 0.001, depth.shape)
    return make_view(RgbdFrame(0, CAMERA, depth.astype(np.float32)), 1, 5.0)


def look(memory: RoomMemory, at: RigidTransform, view: WorkingView) -> Room:
    finding = find_support(make_sample(view), PerceptionConfig(), at.rotation[2])
    assert finding.support is not None
    return memory.keep(finding, [], view, at)


def test_a_still_room_is_kept_to_the_last_bit() -> None:
    memory = RoomMemory()
    first = look(memory, pose(), view_of(pose()))
    for seed in range(1, 6):
        memory.begin()
        room = memory.recall(view_of(pose(), seed), pose().rotation[2], pose())
        assert room is not None and room.finding.support is not None
        assert room.finding.support is first.finding.support


@pytest.mark.parametrize("table_m", [0.02, -0.02, 0.1])
def test_a_support_at_another_height_is_not_taken_for_the_old_one(table_m: float) -> None:
    memory = RoomMemory()
    look(memory, pose(), view_of(pose()))
    memory.begin()
    assert memory.recall(view_of(pose(), 1, table_m), pose().rotation[2], pose()) is None


@pytest.mark.parametrize("tilt_deg", [1.5, -3.0])
def test_a_camera_that_turned_unnoticed_finds_the_room_anew(tilt_deg: float) -> None:
    memory = RoomMemory()
    look(memory, pose(), view_of(pose()))
    memory.begin()
    assert memory.recall(view_of(pose(pitch_deg=40.0 + tilt_deg), 1), None, pose()) is None


def test_another_up_ends_the_memory() -> None:
    memory = RoomMemory()
    look(memory, pose(), view_of(pose()))
    memory.begin()
    assert memory.recall(view_of(pose(), 1), pose(pitch_deg=42.0).rotation[2], pose()) is None


def test_a_known_motion_of_the_camera_moves_the_room_along() -> None:
    memory = RoomMemory()
    look(memory, pose(), view_of(pose()))
    there = pose(x_m=0.04, height_m=0.57, pitch_deg=42.0)
    memory.begin()
    room = memory.recall(view_of(there, 1), there.rotation[2], there)
    assert room is not None and room.finding.support is not None
    support = room.finding.support
    assert support.offset_m == pytest.approx(0.57, abs=0.002)
    assert support.normal @ there.rotation[2] == pytest.approx(1.0, abs=1e-4)


def test_the_outline_stays_on_the_ground_when_the_camera_moves() -> None:
    memory = RoomMemory()
    room = look(memory, pose(), view_of(pose()))
    there = pose(x_m=0.1, height_m=0.5, pitch_deg=35.0)
    moved = seen_from(room, there)

    def corners_in_fixed(of: Room, at: RigidTransform) -> np.ndarray:
        support = of.finding.support
        assert support is not None
        axes = np.stack(plane_axes(support.normal))
        return at.apply(
            support.outline_m.astype(np.float64) @ axes - support.offset_m * support.normal
        )

    assert np.allclose(corners_in_fixed(room, pose()), corners_in_fixed(moved, there), atol=1e-6)


def test_estimates_of_one_support_are_averaged() -> None:
    memory = RoomMemory()
    for seed in range(8):
        memory.begin()
        room = look(memory, pose(), view_of(pose(), seed))
    assert room.views == 8
    support = room.finding.support
    assert support is not None
    assert support.offset_m == pytest.approx(0.6, abs=0.0005)
    assert room.finding.planes[0] is support or support in room.finding.planes


def test_another_look_is_due_after_time_or_motion() -> None:
    memory = RoomMemory()
    assert not memory.is_due(3)
    look(memory, pose(), view_of(pose()))
    assert not memory.is_due(3)
    for _ in range(3):
        memory.begin()
    assert memory.is_due(3)
    look(memory, pose(), view_of(pose()))
    there = pose(x_m=0.08)
    assert memory.recall(view_of(there, 1), there.rotation[2], there) is not None
    assert memory.is_due(3)
    assert not memory.is_due(3, motions=2.0)
    memory.reset()
    assert memory.here(there) is None
