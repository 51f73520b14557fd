"""Compiled kernels: all of them beforehand, none when a frame comes."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import deepsight_ros
from deepsight_ros.geometry.compiled import compiled_signatures
from deepsight_ros.nodes.neighbours import measure_distances
from deepsight_ros.perception.alignment import Model, Present, align
from deepsight_ros.perception.cloud import ViewCloud
from deepsight_ros.perception.inputs import Detection, RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.perception.ready import make_ready
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.synthesis.simulation import Simulation

ROOT = Path(deepsight_ros.__path__[0])


@pytest.mark.parametrize("coloured", [True, False])
def test_no_frame_has_to_wait_for_a_compiler(coloured: bool) -> None:
    make_ready()
    before = compiled_signatures()
    world = Simulation(3, "scene", width_px=320, height_px=240, period_s=3.0)
    perceiver = Perceiver()
    for index in range(3):
        frame = world.step(index / 30.0).frame
        if not coloured:
            frame = type(frame)(frame.stamp_ns, frame.camera, frame.depth_m, None, frame.sensor)
        else:
            assert frame.colour is not None
            frame.colour.flags.writeable = False  # as decoded from a message
        detection = Detection("cup", 0.9, (150, 100, 190, 140))
        scene = perceiver.perceive(frame, detections=[detection])
        region = RegionRequest(RegionKind.BOX, box_px=(100, 80, 180, 160))
        perceiver.perceive_regions(frame, scene, [region])
        perceiver.refine()
        measure_distances(scene, 3, 100)
        assert scene.cloud is not None and isinstance(scene.cloud, ViewCloud)
        for thing in scene.objects:  # as rewards follow it
            assert isinstance(thing.shape, ObservedShape)
            present = Present.of(scene.cloud.view, scene.support)
            align(Model.of(thing.shape), scene.working_from_camera.inverse(), present)
    assert scene.objects
    new = {name: n for name, n in compiled_signatures().items() if n != before.get(name)}
    assert not new, "called with other types than those declared"


LATER = """
from deepsight_ros.geometry.compiled import compiled_misses
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.synthesis.simulation import Simulation

world = Simulation(3, "scene", width_px=320, height_px=240, period_s=3.0)
perceiver = Perceiver()
for index in range(2):
    assert perceiver.perceive(world.step(index / 30.0).frame).objects
perceiver.refine()
print(",".join(compiled_misses()))
"""


def test_a_process_that_makes_nothing_ready_finds_everything_on_disk() -> None:
    """As `deepsight replay` and `annotate`, which compile nothing beforehand."""
    make_ready()
    done = subprocess.run(
        [sys.executable, "-c", LATER], capture_output=True, text=True, check=True, cwd=ROOT.parent
    )
    assert done.stdout.strip() == "", "compiled again"


def test_kernels_call_kernels_of_their_own_module_only() -> None:
    kernels: dict[str, Path] = {}
    calls: list[tuple[Path, str, str]] = []
    for path in ROOT.rglob("*.py"):
        if "@compiled(" not in (text := path.read_text(encoding="utf-8")):
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef) and any(
                isinstance(d, ast.Call) and getattr(d.func, "id", "") == "compiled"
                for d in node.decorator_list
            ):
                kernels[node.name] = path
                called = [c.func for c in ast.walk(node) if isinstance(c, ast.Call)]
                calls += [(path, node.name, f.id) for f in called if isinstance(f, ast.Name)]
    assert len(kernels) > 20
    strangers = [c for c in calls if c[2] in kernels and kernels[c[2]] != c[0]]
    assert not strangers, "numba keeps the caller as it was when the other module changes"
