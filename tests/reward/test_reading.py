"""Which things a task is about: by words, by the gripper's frame, by what a caller pointed at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepsight_ros.errors import NoDepthError, UnknownReferenceError
from deepsight_ros.reward.reading import SIZES_KEPT, Reader
from deepsight_ros.reward.tasks import Kind, Task
from deepsight_ros.scene.measure import measure
from deepsight_ros.scene.objects import Scene
from deepsight_ros.scene.scene_file import load_scene
from deepsight_ros.scene.solids import BoxSolid


def thing(name: str, colour: str, x_m: float, y_m: float) -> dict[str, object]:
    return {
        "id": name,
        "label": "box",
        "colour": colour,
        "shape": "box",
        "size_m": [0.06, 0.06, 0.06],
        "position_m": [x_m, y_m, 0.03],
    }


@pytest.fixture
def scene() -> Scene:
    camera = {"height_m": 0.5, "pitch_deg": 35, "width_px": 640, "height_px": 480}
    camera |= {"fx": 600, "fy": 600, "cx": 319.5, "cy": 239.5}
    things = [
        thing("o1", "red", 0.6, 0.2),
        thing("o2", "blue", 0.6, 0.0),
        thing("o3", "green", 0.6, -0.3),
    ]
    return load_scene({"camera": camera, "support": "table", "objects": things})


def test_the_thing_that_was_pointed_at_is_the_gripper(scene: Scene) -> None:
    reader = Reader(Task(Kind.REACH, target="the blue box"))
    with pytest.raises(UnknownReferenceError, match="gripper is not known"):
        reader.read(scene)
    reader.gripper_id = "o1"
    reading = reader.read(scene)
    assert reader.object_ids == ("o1", "o2")
    assert reading.left_m == measure(scene, "surface_distance", ("o1", "o2")).value


def test_it_wins_over_what_perception_takes_for_the_gripper(scene: Scene) -> None:
    marked = replace(
        scene, objects=tuple(replace(o, is_gripper=o.id == "o3") for o in scene.objects)
    )
    place = Task(Kind.PLACE, "the red box", "the blue box")
    reader = Reader(place)
    by_mark = reader.read(marked).reach_m
    assert by_mark == pytest.approx(measure(scene, "surface_distance", ("o3", "o1")).value)
    reader.gripper_id = "o2"
    pointed = reader.read(marked).reach_m
    assert pointed == pytest.approx(measure(scene, "surface_distance", ("o2", "o1")).value)
    assert pointed != by_mark


def test_a_pointed_gripper_out_of_sight_is_not_replaced(scene: Scene) -> None:
    reader = Reader(Task(Kind.PLACE, "the red box", "the blue box"))
    reader.gripper_id = "o9"
    with pytest.raises(UnknownReferenceError, match=r"gripper \(o9\) is not seen"):
        reader.read(scene)


def test_the_gripper_cannot_reach_itself(scene: Scene) -> None:
    reader = Reader(Task(Kind.REACH, target="the blue box"))
    reader.gripper_id = "o2"
    with pytest.raises(UnknownReferenceError, match="the same thing"):
        reader.read(scene)


def grown(scene: Scene, name: str, times: float) -> Scene:
    """The same scene with one thing this many times as wide."""
    made = []
    for each in scene.objects:
        size_m = np.asarray(each.box.size_m) * (1.0, times, 1.0)
        wider = replace(each, shape=BoxSolid(np.asarray(each.box.centre_m), size_m, 0.0))
        made.append(wider if each.id == name else each)
    return replace(scene, objects=tuple(made))


def test_a_frame_in_which_a_size_jumps_is_refused_until_it_stays(scene: Scene) -> None:
    reader = Reader(Task(Kind.TOGETHER, "the red box", "the blue box"))
    joined = grown(scene, "o1", 3.0)
    assert reader.read(joined).left_m < reader.read(scene).left_m
    reader = Reader(reader.task)
    for _ in range(SIZES_KEPT):
        reader.read(scene)
    for _ in range(2):
        with pytest.raises(NoDepthError, match="o1: its size jumps"):
            reader.read(joined)
    assert reader.read(scene).left_m > 0
    reader.read(grown(scene, "o1", 1.5))  # the noise of a measured size is no jump
    refused = 0
    for _ in range(SIZES_KEPT):
        try:
            reader.read(joined)
        except NoDepthError:
            refused += 1
    assert 0 < refused < SIZES_KEPT
    assert reader.read(joined).left_m >= 0


@pytest.mark.parametrize(
    ("y_m", "z_m", "stands"), [(0.13, 0.07, False), (0.11, 0.07, True), (0.02, 0.03, False)]
)
def test_a_thing_stands_on_what_its_middle_is_over(y_m: float, z_m: float, stands: bool) -> None:
    """A plate 0.2 m wide and 0.04 m high; a box of 0.06 m, its foot at the plate's top or at the
    table's."""
    camera = {"height_m": 0.5, "pitch_deg": 35, "width_px": 640, "height_px": 480}
    camera |= {"fx": 600, "fy": 600, "cx": 319.5, "cy": 239.5}
    plate = {**thing("o1", "white", 0.8, 0.0), "size_m": [0.2, 0.2, 0.04]}
    plate["position_m"] = [0.8, 0.0, 0.02]
    box = {**thing("o2", "red", 0.8, y_m), "position_m": [0.8, y_m, z_m]}
    made = load_scene({"camera": camera, "support": "table", "objects": [plate, box]})
    reader = Reader(Task(Kind.PLACE, "o2", "o1"))
    reader.ground(made)
    assert reader._stands_over(made) is stands
