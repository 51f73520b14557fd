"""Rewards in a simulator that is not ours: gymnasium-robotics' Fetch, drawn off-screen by MuJoCo.

Optional: needs gymnasium-robotics 1.4 with mujoco 3.3 and OSMesa (`apt install libosmesa6`), which
nothing else of the package needs. Reward and distance are compared with MuJoCo's own distance
between the fingers and the block.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from deepsight_ros.geometry.camera import Camera, RgbdFrame
from deepsight_ros.geometry.transforms import RigidTransform
from deepsight_ros.perception.inputs import GivenUp, GripperInput, RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.reward.annotator import Annotator
from deepsight_ros.reward.reading import find_tracked
from deepsight_ros.reward.tasks import Kind, Task
from deepsight_ros.scene.objects import UpSource

os.environ.setdefault("MUJOCO_GL", "osmesa")
os.environ.setdefault("PYOPENGL_PLATFORM", "osmesa")

WIDTH_PX, HEIGHT_PX, STEPS = 640, 480, 30
STEP_NS = 40_000_000
MOVING_M = 0.002
HEADING_DOWN = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])


class FetchTable:
    """FetchPush with a camera of its own beside the table."""

    def __init__(self, seed: int) -> None:
        import gymnasium
        import gymnasium_robotics
        import mujoco

        gymnasium.register_envs(gymnasium_robotics)
        self.env: Any = gymnasium.make("FetchPush-v4").unwrapped
        observed, _ = self.env.reset(seed=seed)
        self.mujoco, self.model, self.data = mujoco, self.env.model, self.env.data
        self.model.vis.global_.offwidth, self.model.vis.global_.offheight = WIDTH_PX, HEIGHT_PX
        # Drawn for people alone: the bars along the axes of the mocap body, and the goal. In a
        # depth image they are things that stand in the way.
        drawn = self.model.geom_bodyid == self.model.body("robot0:mocap").id
        self.model.geom_rgba[drawn, 3] = 0.0
        self.option = mujoco.MjvOption()
        self.option.sitegroup[:] = 0
        self.renderer = mujoco.Renderer(self.model, HEIGHT_PX, WIDTH_PX)
        self.view = mujoco.MjvCamera()
        self.view.lookat[:] = observed["achieved_goal"]
        self.view.distance, self.view.azimuth, self.view.elevation = 0.8, 90.0, -40.0
        f_px = HEIGHT_PX / 2 / np.tan(np.deg2rad(self.model.vis.global_.fovy) / 2)
        middle = ((WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2)
        self.camera = Camera(WIDTH_PX, HEIGHT_PX, f_px, f_px, *middle)

    @property
    def block_m(self) -> np.ndarray:
        return np.array(self.data.site("object0").xpos)

    @property
    def gripper_m(self) -> np.ndarray:
        return np.array(self.data.site("robot0:grip").xpos)

    def true_distance_m(self) -> float:
        block = self.model.geom("object0").id
        fingers = [self.model.geom(f"robot0:{side}_gripper_finger_link").id for side in "lr"]
        ends = np.zeros(6)
        return min(
            self.mujoco.mj_geomDistance(self.model, self.data, finger, block, 1.0, ends)
            for finger in fingers
        )

    def look(self, stamp_ns: int) -> tuple[RgbdFrame, RigidTransform]:
        """A frame and the pose of the camera."""
        self.renderer.update_scene(self.data, self.view, self.option)
        colour = self.renderer.render().copy()
        eyes = self.renderer.scene.camera  # two, 68 mm apart; pictures are taken from between
        forward, up = np.array(eyes[0].forward), np.array(eyes[0].up)
        rotation = np.column_stack([np.cross(forward, up), -up, forward])
        self.renderer.enable_depth_rendering()
        self.renderer.update_scene(self.data, self.view, self.option)
        depth = self.renderer.render().astype(np.float32)
        self.renderer.disable_depth_rendering()
        depth[depth > 6.0] = np.nan
        pose = RigidTransform(rotation, np.mean([e.pos for e in eyes], axis=0, dtype=np.float64))
        return RgbdFrame(stamp_ns, self.camera, depth, colour), pose

    def move_to(self, goal_m: np.ndarray) -> None:
        way = np.clip(8.0 * (goal_m - self.gripper_m), -0.5, 0.5)
        self.env.step(np.array([*way, 0.0], np.float32))


@pytest.fixture(scope="module")
def table() -> FetchTable:
    pytest.importorskip("mujoco", reason="mujoco is not installed")
    pytest.importorskip("gymnasium_robotics", reason="gymnasium-robotics is not installed")
    try:
        return FetchTable(3)
    except Exception as error:  # noqa: BLE001 - whatever the missing GL library raises
        pytest.skip(f"MuJoCo cannot render off-screen here ({error}); apt install libosmesa6")


def test_the_reward_goes_with_the_simulators_distance(table: FetchTable) -> None:
    perceiver = Perceiver()
    annotator = Annotator(Task(Kind.REACH, target="<block>"))
    beside = table.block_m + np.array([0.0, 0.045, 0.0])
    for _ in range(25):
        table.move_to(beside + np.array([0.0, 0.2, 0.15]))
    measured, true = [], []
    for index in range(STEPS):
        above = 0.09 if index < 10 else 0.0
        table.move_to(beside + np.array([0.0, 0.0, above]))
        frame, world_from_camera = table.look(10**9 + index * STEP_NS)
        camera_from_world = world_from_camera.inverse()
        grip = RigidTransform(HEADING_DOWN, table.gripper_m)
        scene = perceiver.perceive(
            frame,
            up_in_camera=GivenUp(camera_from_world.rotation[:, 2], UpSource.TF),
            gripper=GripperInput(camera_from_world @ grip),
        )
        if not annotator.reader.target_id:
            at = camera_from_world.apply(table.block_m)
            u, v = at[:2] / at[2] * table.camera.fx_px
            point = (table.camera.cx_px + float(u), table.camera.cy_px + float(v))
            region = RegionRequest(RegionKind.POINT, point_px=point, id="block")
            pointed = perceiver.perceive_regions(frame, scene, [region])
            annotator.reader.target_id = find_tracked("<block>", pointed)
        step = annotator.annotate(frame.stamp_ns, scene)
        if step.valid and not step.held:
            measured.append(step)
            true.append(table.true_distance_m())
    assert len(measured) >= STEPS - 3
    rewards = np.array([step.terms["distance"] for step in measured])
    steps = np.abs(np.diff(true, prepend=true[0]))
    moving = np.maximum(steps, np.abs(np.diff(true, append=true[-1]))) > MOVING_M
    off = np.array([step.distance_m for step in measured]) - true
    rank = spearmanr(rewards[moving], -np.array(true)[moving]).statistic
    print(f"rank {rank:.3f} of {moving.sum()}, off {1e3 * np.median(np.abs(off)):.1f} mm", off)
    assert rank > 0.9
    assert float(np.median(np.abs(off))) < 0.015
