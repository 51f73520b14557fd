"""A short recording of the simulated table, as a bag, for every test of the replay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deepsight_ros.synthesis.simulation import Simulation
from tests.support.bags import BagMaker

FRAMES, RATE_HZ, START_NS = 12, 10, 1_700_000_000 * 10**9


def record(maker: BagMaker, frames: int = FRAMES, *, colour: bool = True) -> BagMaker:
    """Frames of the simulated table added to a bag."""
    simulation = Simulation(3, width_px=320, height_px=240)
    for index in range(frames):
        stamp_ns = START_NS + index * 10**9 // RATE_HZ
        seen = simulation.step(index / RATE_HZ, stamp_ns)
        frame = seen.frame
        optical = frame.camera.frame_id
        depth = np.nan_to_num(frame.depth_m * 1000.0).round().astype(np.uint16)
        maker.info("/camera/depth/camera_info", stamp_ns, frame.camera)
        maker.image("/camera/depth/image_raw", stamp_ns, optical, "16UC1", depth)
        if colour and frame.colour is not None:
            maker.info("/camera/color/camera_info", stamp_ns, frame.camera)
            maker.image("/camera/color/image_raw", stamp_ns, optical, "rgb8", frame.colour)
        if maker.is_ros1:  # its store knows no TFMessage
            continue
        for child, pose in (
            (optical, seen.world_from_camera),
            ("gripper", seen.world_from_gripper),
        ):
            x, y, z = (float(v) for v in pose.translation_m)
            maker.tf("/tf", stamp_ns, "world", child, (x, y, z), _quaternion(pose.rotation))
    return maker


def _quaternion(rotation: np.ndarray) -> tuple[float, float, float, float]:
    from scipy.spatial.transform import Rotation

    x, y, z, w = (float(v) for v in Rotation.from_matrix(rotation).as_quat())
    return x, y, z, w


@pytest.fixture(scope="package")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(BagMaker("mcap")).write(tmp_path_factory.mktemp("bag"))
