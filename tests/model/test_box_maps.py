"""BBox convolution: what its maps say, and that it starts as nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.model.box_maps import box_maps, jitter_boxes
from deepsight_ros.model.config import BoxConfig, TowerConfig
from deepsight_ros.model.tower import BBoxConvolution, VisionTower

TOWER = TowerConfig(size_px=(32, 48), patch_px=16, width=32, layers=2, heads=2, mlp=64)


def test_maps_of_one_box():
    depth = torch.full((1, 8, 8), 2.0)
    depth[0, 3, 3] = 2.2
    boxes = torch.tensor([[[0.25, 0.25, 0.75, 0.75]]])
    maps = box_maps(depth, boxes, torch.ones(1, 1, dtype=torch.bool))[0]
    covered = torch.zeros(8, 8, dtype=torch.bool)
    covered[2:6, 2:6] = True
    assert torch.equal(maps[0] > 0, covered)
    assert (maps[:, ~covered] == 0).all()
    assert maps[2][covered].std() < 1e-6  # one middle for the whole box
    assert maps[3, 3, 3] > 0.8 > maps[3, 2, 2].abs()  # a tenth of the depth shows
    assert maps[4, 3, 2] < 0 < maps[4, 3, 5]


def test_the_smaller_of_two_boxes_owns_a_cell():
    depth = torch.full((1, 8, 8), 1.0)
    depth[0, 4:6, 4:6] = 3.0
    boxes = torch.tensor([[[0.0, 0.0, 1.0, 1.0], [0.5, 0.5, 0.75, 0.75]]])
    maps = box_maps(depth, boxes, torch.ones(1, 2, dtype=torch.bool))[0]
    assert maps[2, 4, 4].item() == pytest.approx(torch.log(torch.tensor(3.0)).item(), abs=1e-5)
    assert maps[1, 4, 4] > maps[1, 0, 0] > 0


def test_padding_and_no_boxes_give_nothing():
    depth = torch.ones(2, 8, 8)
    boxes = torch.rand(2, 3, 4).sort(-1).values
    assert (box_maps(depth, boxes, torch.zeros(2, 3, dtype=torch.bool)) == 0).all()
    assert (box_maps(depth, boxes[:, :0], torch.ones(2, 0, dtype=torch.bool)) == 0).all()


def test_a_new_convolution_adds_nothing_and_learns():
    torch.manual_seed(0)
    tower = VisionTower(TOWER, 2, BoxConfig())
    pixels, depth = torch.rand(1, 2, 32, 48), torch.rand(1, 32, 48) + 0.5
    boxes = torch.tensor([[[0.1, 0.1, 0.6, 0.7]]])
    tower.eval()
    with_boxes, _ = tower(pixels, depth, boxes)
    without, _ = tower(pixels)
    assert torch.equal(with_boxes, without)
    with_boxes.pow(2).sum().backward()
    assert tower.box is not None and tower.box.second.weight.grad is not None
    assert tower.box.second.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(
    ("use", "training", "active"),
    [("both", True, True), ("both", False, True), ("train", True, True), ("train", False, False)],
)
def test_on_and_off_by_configuration(use: str, training: bool, active: bool):
    convolution = BBoxConvolution(TOWER, BoxConfig(use=use)).train(training)
    assert convolution.active() is active
    assert VisionTower(TOWER, 2, BoxConfig(use="off")).box is None
    with pytest.raises(InvalidValueError, match="expected one of"):
        replace(BoxConfig(), use="sometimes")


def test_jitter_keeps_boxes_in_the_picture_and_drops_some():
    torch.manual_seed(1)
    boxes = torch.rand(64, 8, 4).sort(-1).values
    valid = torch.ones(64, 8, dtype=torch.bool)
    moved, kept = jitter_boxes(boxes, valid, jitter=0.1, dropout=0.2, no_boxes=0.25)
    assert (moved >= 0).all() and (moved <= 1).all() and not torch.equal(moved, boxes)
    none = ~kept.any(1)
    assert 0.1 < none.float().mean() < 0.45
    assert 0.7 < kept[~none].float().mean() < 0.9
