"""Generated worlds: nothing interpenetrates, stacked things rest, seeds repeat, splits differ."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene.solids import distance
from deepsight_ros.synthesis.furniture import FURNITURE
from deepsight_ros.synthesis.household import HOUSEHOLD
from deepsight_ros.synthesis.placement import gap_m
from deepsight_ros.synthesis.render import render, visible_fractions
from deepsight_ros.synthesis.shapes import Part, height_m, place
from deepsight_ros.synthesis.things import look, working_from_world
from deepsight_ros.synthesis.world import room, tabletop

WORLDS = [
    (make, seed, split)
    for make in (tabletop, room)
    for seed in range(3)
    for split in ("train", "test")
]


@pytest.mark.parametrize(("make", "seed", "split"), WORLDS)
def test_nothing_interpenetrates(make, seed: int, split: str) -> None:
    world = make(seed, split=split)
    placed = [t.placed() for t in world.things]
    for i in range(len(placed)):
        for j in range(i):
            assert gap_m(placed[i], placed[j]) >= 0


@pytest.mark.parametrize(("make", "seed", "split"), WORLDS)
def test_everything_rests_on_the_support_or_on_a_thing(make, seed: int, split: str) -> None:
    world = make(seed, split=split)
    by_id = {t.id: t for t in world.things}
    for thing in world.things:
        if thing.is_gripper:
            continue
        parts = thing.placed()
        bottom = (parts.centre_m[:, 2] - parts.size_m[:, 2] / 2).min()
        expected = by_id[thing.rests_on].top_m if thing.rests_on else 0.0
        assert bottom == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("make", "seed", "split"), WORLDS)
def test_truth_agrees_with_the_picture(make, seed: int, split: str) -> None:
    """Every visible pixel of a thing, lifted to W, lies on the thing's exact solid."""
    world = make(seed, split=split)
    camera = world.camera.subsampled(4)
    picture, truth = render(world, camera), world.truth()
    for index, thing in enumerate(world.things):
        v, u = np.nonzero(picture.instance_id == index + 1)
        z = picture.depth_m[v, u].astype(np.float64)
        points = np.column_stack(
            [(u - camera.cx_px) / camera.fx_px * z, (v - camera.cy_px) / camera.fy_px * z, z]
        )
        in_w = truth.working_from_camera.apply(points)
        assert truth.object(thing.id).shape.distances(in_w).max() < 2e-4


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    a, b, c = tabletop(7), tabletop(7), tabletop(8)
    assert a.things == b.things and a.fixtures == b.fixtures
    np.testing.assert_array_equal(a.world_from_camera.matrix, b.world_from_camera.matrix)
    assert a.things != c.things


def test_splits_share_no_family_and_no_layout() -> None:
    train = [tabletop(s) for s in range(6)] + [room(s) for s in range(3)]
    test = [tabletop(s, split="test") for s in range(6)] + [
        room(s, split="test") for s in range(3)
    ]

    def families(worlds):
        return {t.family for w in worlds for t in w.things if not t.is_gripper}

    assert not families(train) & families(test)
    assert not {w.layout for w in train} & {w.layout for w in test}


def test_the_asked_difficulty_is_met_on_average() -> None:
    worlds = [tabletop(s) for s in range(40)]
    things = [(w, t) for w in worlds for t in w.things if not t.is_gripper]
    counts = [sum(not t.is_gripper for t in w.things) for w in worlds]
    assert min(counts) >= 5 and max(counts) <= 12
    stacked = np.mean([bool(t.rests_on) for _, t in things])
    assert 0.09 <= stacked <= 0.21
    touching = 0
    for world in worlds:
        truth = world.truth()
        flat = [t for t in world.things if not t.rests_on and not t.is_gripper]
        for thing in flat:
            solid = truth.object(thing.id).shape
            others = [truth.object(o.id).shape for o in flat if o is not thing]
            touching += any(distance(solid, other)[0] < 0.005 for other in others)
    assert 0.12 <= touching / len(things) <= 0.30


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_hidden_more_than_half(seed: int) -> None:
    world = tabletop(seed, split="test")
    assert visible_fractions(world, world.camera.subsampled(4)).min() >= 0.5


@pytest.mark.parametrize("family", [*HOUSEHOLD, *FURNITURE], ids=lambda f: f.name)
def test_families_stand_on_their_bottom(family) -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        parts = family.make(rng)
        low = min(p.centre_m[2] - p.size_m[2] / 2 for p in parts)
        assert low == pytest.approx(0.0, abs=1e-9)
        assert 0.005 < height_m(parts) < 2.5


def test_family_names_are_unique() -> None:
    names = [f.name for f in (*HOUSEHOLD, *FURNITURE)]
    assert len(set(names)) == len(names)


def test_forced_gripper_is_there_and_points_where_it_says() -> None:
    world = tabletop(3, gripper=True)
    body = world.things[-1]
    assert body.is_gripper and world.gripper is not None
    heading = world.gripper.rotation[:, 0]
    parts = body.placed()
    ahead = (parts.centre_m - world.gripper.translation_m) @ heading
    assert (ahead < 0.001).all()  # the whole body lies behind its front face
    truth = world.truth()
    assert truth.gripper is not None and truth.gripper.object_id == "gripper"
    assert all(not t.is_gripper for t in tabletop(3, gripper=False).things)


def test_working_frame_of_a_pitched_rolled_camera() -> None:
    view = look(np.array([1.0, 2.0, 0.5]), 0.7, 0.4, 0.1)
    pose = working_from_world(view)
    camera = pose @ view
    np.testing.assert_allclose(camera.translation_m, [0, 0, 0.5], atol=1e-12)
    axis = camera.rotation[:, 2]
    assert axis[0] > 0 and abs(axis[1]) < 1e-12
    assert axis[2] == pytest.approx(-np.sin(0.4))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: tabletop(0, "impossible"),
        lambda: tabletop(0, split="validation"),
        lambda: Part("torus", (1, 1, 1), (0, 0, 0)),
        lambda: Part("cylinder", (1, 2, 1), (0, 0, 0)),
        lambda: Part("box", (1, -2, 1), (0, 0, 0)),
    ],
)
def test_bad_values_are_refused(wrong) -> None:
    with pytest.raises(InvalidValueError):
        wrong()


def test_gap_of_stacked_parts_is_infinite_and_of_crossing_parts_negative() -> None:
    low = place((Part("box", (0.1, 0.1, 0.1), (0, 0, 0.05)),), np.zeros(3), 0.0)
    on_top = place((Part("box", (0.1, 0.1, 0.1), (0, 0, 0.05)),), np.array([0, 0, 0.1]), 0.3)
    through = place((Part("box", (0.4, 0.02, 0.1), (0, 0, 0.05)),), np.zeros(3), 0.3)
    aside = place((Part("cylinder", (0.1, 0.1, 0.1), (0, 0, 0.05)),), np.array([0.13, 0, 0]), 0.0)
    assert gap_m(low, on_top) == np.inf
    assert gap_m(low, through) < 0
    assert gap_m(low, aside) == pytest.approx(0.03)
