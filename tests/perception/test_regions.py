"""Regions: box, point and mask lead to the object they mean."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError, NoDepthError
from deepsight_ros.geometry.camera import RgbdFrame
from deepsight_ros.perception.inputs import Detection, RegionKind, RegionRequest
from deepsight_ros.perception.perceiver import Perceiver
from deepsight_ros.scene.measure import measure
from deepsight_ros.synthesis.render import Rendering, render
from deepsight_ros.synthesis.sensor import DepthSensor
from deepsight_ros.synthesis.world import World, tabletop


class Sim:
    """A simulated tabletop, its sensor frame and true masks."""

    def __init__(self, seed: int) -> None:
        self.world: World = tabletop(seed, "easy", gripper=False)
        self.picture: Rendering = render(self.world)
        sensor = DepthSensor("structured_light", seed)
        self.frame: RgbdFrame = sensor.frame(self.picture, self.world.camera)

    def mask(self, index: int) -> np.ndarray:
        return np.asarray(self.picture.instance_id == index + 1)

    def box(self, index: int) -> tuple[float, float, float, float]:
        v, u = np.nonzero(self.mask(index))
        return float(u.min()), float(v.min()), float(u.max() + 1), float(v.max() + 1)


@pytest.fixture(scope="module")
def sim() -> Sim:
    return Sim(4)


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / max((a | b).sum(), 1))


def test_boxes_find_their_objects(sim: Sim) -> None:
    boxes = [
        RegionRequest(RegionKind.BOX, box_px=sim.box(i)) for i in range(len(sim.world.things))
    ]
    scene = Perceiver().perceive(sim.frame, regions=boxes)
    for index in range(len(boxes)):
        found = scene.object(f"region{index}")
        assert found.is_region and found.mask is not None
        assert iou(found.mask, sim.mask(index)[::2, ::2]) > 0.7


def test_a_point_means_the_object_under_it(sim: Sim) -> None:
    mask = sim.mask(0)
    v, u = np.nonzero(mask)
    middle = (float(np.median(u)), float(np.median(v)))
    region = RegionRequest(RegionKind.POINT, point_px=middle, id="this", label="thing")
    scene = Perceiver().perceive(sim.frame, regions=[region])
    found = scene.object("this")
    assert found.label == "thing" and found.mask is not None
    assert iou(found.mask, mask[::2, ::2]) > 0.7


def test_a_mask_is_taken_as_given(sim: Sim) -> None:
    mask = sim.mask(1)
    region = RegionRequest(RegionKind.MASK, mask=mask)
    scene = Perceiver().perceive(sim.frame, regions=[region])
    found = scene.object("region0").mask
    assert found is not None and iou(found, mask[::2, ::2]) > 0.95


def test_regions_are_added_to_a_scene_already_made(sim: Sim) -> None:
    perceiver = Perceiver()
    scene = perceiver.perceive(sim.frame)
    more = perceiver.perceive_regions(
        sim.frame, scene, [RegionRequest(RegionKind.BOX, box_px=sim.box(0), id="a")]
    )
    assert {o.id for o in more.objects} == {*(o.id for o in scene.objects), "a"}
    again = perceiver.perceive_regions(
        sim.frame, more, [RegionRequest(RegionKind.BOX, box_px=sim.box(1), id="a")]
    )
    assert len(again.objects) == len(more.objects)


def test_regions_of_an_older_frame_are_seen_in_that_frame(sim: Sim) -> None:
    perceiver = Perceiver()
    scene = perceiver.perceive(sim.frame)
    perceiver.perceive(Sim(6).frame)
    box = RegionRequest(RegionKind.BOX, box_px=sim.box(0), id="a")
    found = perceiver.perceive_regions(sim.frame, scene, [box]).object("a")
    assert found.mask is not None and iou(found.mask, sim.mask(0)[::2, ::2]) > 0.7


def test_a_region_without_depth_is_kept_and_measuring_it_says_so(sim: Sim) -> None:
    depth = sim.frame.depth_m.copy()
    depth[:60, :60] = np.nan
    frame = RgbdFrame(1, sim.frame.camera, depth, sim.frame.colour, sim.frame.sensor)
    empty = RegionRequest(RegionKind.BOX, box_px=(0, 0, 40, 40))
    scene = Perceiver().perceive(frame, regions=[empty])
    assert np.isnan(scene.object("region0").box.centre_m).all()
    with pytest.raises(NoDepthError, match="region0"):
        measure(scene, "range", ("region0",))


@pytest.mark.parametrize(
    "region",
    [
        RegionRequest(RegionKind.POINT, point_px=(5000.0, 3.0)),
        RegionRequest(RegionKind.MASK, mask=np.ones((20, 20), bool)),
    ],
)
def test_regions_outside_the_picture_are_refused(sim: Sim, region: RegionRequest) -> None:
    with pytest.raises(InvalidValueError):
        Perceiver().perceive(sim.frame, regions=[region])


def test_equal_region_ids_are_refused(sim: Sim) -> None:
    twice = [RegionRequest(RegionKind.BOX, box_px=sim.box(i), id="x") for i in (0, 1)]
    with pytest.raises(InvalidValueError, match="unique"):
        Perceiver().perceive(sim.frame, regions=twice)


def test_detections_name_segments(sim: Sim) -> None:
    detections = [
        Detection(thing.label, 0.8, sim.box(i)) for i, thing in enumerate(sim.world.things)
    ]
    scene = Perceiver().perceive(sim.frame, detections=detections)
    for index, thing in enumerate(sim.world.things):
        mask = sim.mask(index)[::2, ::2]
        best = max(scene.objects, key=lambda o: iou(np.asarray(o.mask), mask))
        assert best.label == thing.label and best.score == pytest.approx(0.8)


def test_a_detection_outside_the_picture_is_left_out(sim: Sim) -> None:
    scene = Perceiver().perceive(
        sim.frame, detections=[Detection("ghost", 0.9, (9000.0, 9000.0, 9100.0, 9100.0))]
    )
    assert "ghost" not in {o.label for o in scene.objects}
