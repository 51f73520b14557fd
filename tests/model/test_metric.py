"""Metric features: sizes and places of what a region holds, whatever lies behind it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from deepsight_ros.model.depth_encoding import coordinates
from deepsight_ros.model.lengths import GivenLengths, log_lengths, places_of
from deepsight_ros.model.metric import (
    PATCH_FEATURES,
    REGION_FEATURES,
    _footprint,
    patch_features,
    region_features,
    waves,
)
from deepsight_ros.model.pictures import OPTICAL_TO_FORWARD
from deepsight_ros.model.relations import RelationEncoder, relation_features

HEIGHT, WIDTH, FOCAL = 96, 128, 100.0
LOGS = REGION_FEATURES - 7 * 13
"""Where the log sizes begin: box width and height, spans of x, y and z, depth, range."""


@pytest.fixture
def view() -> tuple[Tensor, Tensor, Tensor]:
    """A plate 0.4 m wide and 0.2 m high, 1 m ahead, before a wall 3 m ahead."""
    depth = torch.full((1, HEIGHT, WIDTH), 3.0)
    depth[:, 38:58, 44:84] = 1.0
    intrinsics = torch.tensor([[FOCAL, FOCAL, 63.5, 47.5]])
    turn = torch.tensor(OPTICAL_TO_FORWARD, dtype=torch.float32)[None]
    focal = intrinsics[:, :2] / torch.tensor([WIDTH, HEIGHT])
    return depth, coordinates(depth, intrinsics, turn), focal


def share(x0: int, y0: int, x1: int, y1: int) -> Tensor:
    return torch.tensor([[[x0 / WIDTH, y0 / HEIGHT, x1 / WIDTH, y1 / HEIGHT]]])


def test_sizes_of_a_tight_box(view: tuple[Tensor, Tensor, Tensor]):
    depth, points, focal = view
    out, _ = region_features(depth, points, share(44, 38, 84, 58), focal)
    assert out.shape == (1, 1, REGION_FEATURES)
    sizes = 10 ** out[0, 0, LOGS : LOGS + 7]
    assert sizes[0] == pytest.approx(0.4, rel=1e-3) and sizes[1] == pytest.approx(0.2, rel=1e-3)
    assert sizes[5] == pytest.approx(1.0, rel=1e-3)


def test_the_wall_behind_a_loose_box_is_left_out(view: tuple[Tensor, Tensor, Tensor]):
    depth, points, focal = view
    out, _ = region_features(depth, points, share(38, 34, 90, 62), focal)
    width_m, height_m = (float(10 ** out[0, 0, LOGS + k]) for k in (3, 4))
    assert out[0, 0, LOGS + 2] == pytest.approx(-2.7, abs=0.01)  # flat: the least span there is
    assert 0.33 < width_m < 0.42 and 0.15 < height_m < 0.22


def test_nothing_valid_is_zero_and_finite(view: tuple[Tensor, Tensor, Tensor]):
    _, _, focal = view
    empty = torch.zeros(1, HEIGHT, WIDTH)
    points = torch.zeros(1, 3, HEIGHT, WIDTH)
    out, _ = region_features(empty, points, share(44, 38, 84, 58), focal)
    assert out.isfinite().all() and (out[0, 0, :32] == 0).all()
    assert patch_features(points, (6, 8)).isfinite().all()


def test_patches_hold_what_lies_in_them(view: tuple[Tensor, Tensor, Tensor]):
    _, points, _ = view
    out = patch_features(points, (6, 8))
    assert out.shape == (1, 48, PATCH_FEATURES)
    assert 2 * out[0, 0, 1] == pytest.approx(3.0)  # middle x of the corner patch: the wall
    assert 2 * out[0, 2 * 8 + 3, 0] == pytest.approx(1.0)  # least x of a patch on the plate


BOXES = torch.tensor([[[0.1, 0.4, 0.2, 0.6], [0.7, 0.4, 0.8, 0.6]]])


@pytest.fixture
def two() -> Tensor:
    """Places of a box 1 m ahead and 0.3 m to the left, and of one 0.5 m to the right."""
    body = torch.zeros(1, 2, 19)
    body[0, 0, :9] = torch.tensor([1.0, 0.3, 0.0, 0.95, 0.25, -0.1, 1.05, 0.35, 0.1])
    body[0, 1, :9] = torch.tensor([1.0, -0.5, 0.0, 0.95, -0.6, -0.1, 1.05, -0.4, 0.1])
    body[0, 0, 9:] = torch.tensor([0.1, 0.2, 0.1, 0.1, 0.2, 1.0, 1.04, -0.7, 0.1, 0.1])
    body[0, 1, 9:] = torch.tensor([0.2, 0.2, 0.1, 0.2, 0.2, 1.0, 1.12, -0.7, 0.1, 0.2])
    return places_of(BOXES, body)


def test_a_relation_is_the_offset_in_metres_and_nothing_without_depth(two: Tensor):
    there = relation_features(two[:, 1], two[:, 0])[0]
    back = relation_features(two[:, 0], two[:, 1])[0]
    assert 2 * there[1] == pytest.approx(-0.8) and 2 * back[1] == pytest.approx(0.8)
    assert 2 * there[4] == pytest.approx(0.65)  # gap along y
    logs = there[6 + 42 :]
    assert 10 ** logs[0] == pytest.approx(0.8) and 10 ** logs[3] == pytest.approx(0.65)
    steep = there[6 + 42 + 65 + 1 :]
    assert steep[1] == pytest.approx(-1.0) and steep[2] == 0  # to the right, as high
    blind = places_of(BOXES, None)
    flat = relation_features(blind[:, 1], blind[:, 0])[0]
    assert (flat[:-6] == 0).all() and flat[-6] == pytest.approx(1.2)
    encoder = RelationEncoder(8)
    torch.nn.init.normal_(encoder.last.weight)
    rows = torch.tensor([[0, 1, 1, 0]])
    out = encoder(two, rows, torch.tensor([[-1, 0, -1, 0]]))
    assert (out[0, (0, 2, 3)] == 0).all() and (out[0, 1] != 0).any()


def test_lengths_of_one_region_and_of_a_pair(two: Tensor):
    about = torch.tensor([[[0, -1], [0, 1], [-1, -1]]])
    one, pair, none = (log_lengths(two, about)[0, i] for i in range(3))
    assert none.isnan().all() and one[18:].isnan().all() and not pair.isnan().any()
    metres = 10**pair
    assert metres[4] == pytest.approx(0.2) and metres[6] == pytest.approx(1.04)  # span z, range
    assert metres[13] == pytest.approx(0.8)  # top above the lowest part of the picture
    assert metres[18] == pytest.approx(0.8) and metres[21] == pytest.approx(0.65)
    blind = log_lengths(places_of(BOXES, None), about)
    assert blind.isnan().all()


def test_a_given_number_is_compared_to_them(two: Tensor):
    given = torch.tensor([[float("nan"), -0.5, -0.5]])
    logs = log_lengths(two, torch.tensor([[[0, 1], [0, 1], [-1, -1]]]))
    compare = GivenLengths(8)
    assert (compare(given, logs) == 0).all()  # nothing before it has learnt
    torch.nn.init.normal_(compare.net.weight)
    out = compare(given, logs)
    assert (out[0, (0, 2)] == 0).all() and (out[0, 1] != 0).any()


def test_the_sides_seen_from_above_do_not_turn_with_the_thing():
    u, v = torch.meshgrid(
        torch.linspace(-0.3, 0.3, 20), torch.linspace(-0.1, 0.1, 20), indexing="ij"
    )
    flat = torch.stack([u.flatten(), v.flatten()])
    for degrees in (0.0, 30.0, 77.0):
        a = torch.tensor(degrees).deg2rad()
        turn = torch.stack([torch.stack([a.cos(), -a.sin()]), torch.stack([a.sin(), a.cos()])])
        points = (turn @ flat)[None, None]
        short, long = _footprint(points, torch.ones(1, 1, 400, dtype=torch.bool))[0, 0]
        assert short == pytest.approx(0.18, abs=0.03) and long == pytest.approx(0.55, abs=0.05)
    nothing = _footprint(points, torch.zeros(1, 1, 400, dtype=torch.bool))
    assert (nothing == 0).all()


def test_waves_tell_a_centimetre_apart():
    a, b = waves(torch.tensor([[0.5], [0.505]]), 7)
    assert (a - b).abs().max() > 0.2
