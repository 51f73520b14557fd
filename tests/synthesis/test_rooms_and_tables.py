"""Rooms and crowded places: nothing interpenetrates, all rests, all is visible, splits differ."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.scene.solids import Solid, distance
from deepsight_ros.synthesis.raster import rasterise
from deepsight_ros.synthesis.rooms import LEAST_VISIBLE, furnished_room
from deepsight_ros.synthesis.rooms_layouts import FURNISHINGS, ROOM_KINDS
from deepsight_ros.synthesis.scenery import scenery
from deepsight_ros.synthesis.things import World
from deepsight_ros.synthesis.world_goods import SMALL_THINGS
from deepsight_ros.synthesis.world_models import model
from deepsight_ros.synthesis.world_poses import LEANING, LYING
from deepsight_ros.synthesis.world_space import footprints, separated
from deepsight_ros.synthesis.world_stage import ON_WALL, OUT_OF_VIEW
from deepsight_ros.synthesis.world_tables import CROWDS, crowded
from tests.support.waiting import PATIENCE_S

PLACES = [(kind, split) for kind in (*ROOM_KINDS, *CROWDS) for split in ("train", "test")]
FAMILIES = (*FURNISHINGS, *SMALL_THINGS, *LYING, *LEANING)


@cache
def world_of(kind: str, seed: int, split: str) -> World:
    make = furnished_room if kind in ROOM_KINDS else crowded
    return make(kind, seed, split=split, width_px=320, height_px=240)


@pytest.mark.parametrize(("kind", "split"), PLACES)
def test_nothing_interpenetrates(kind: str, split: str) -> None:
    for seed in range(3):
        world = world_of(kind, seed, split)
        tables = [footprints(t.placed()).table for t in world.things]
        for i in range(len(tables)):
            for j in range(i):
                assert separated(tables[i], tables[j], -1e-6), (seed, i, j)


@pytest.mark.parametrize(("kind", "split"), PLACES)
def test_everything_rests_on_something_level(kind: str, split: str) -> None:
    for seed in range(3):
        world = world_of(kind, seed, split)
        by_id = {t.id: t for t in world.things}
        for thing in world.things:
            bottom = footprints(thing.placed()).table[:, 7].min()
            if thing.is_gripper or thing.rests_on in (ON_WALL, OUT_OF_VIEW, "fixture"):
                continue
            if not thing.rests_on:
                assert bottom == pytest.approx(0.0, abs=1e-9)
                continue
            host = by_id[thing.rests_on].placed()
            tops = host.centre_m[:, 2] + host.size_m[:, 2] / 2
            assert np.abs(tops - bottom).min() < 1e-9, thing.family


@pytest.mark.parametrize(("kind", "split"), PLACES)
def test_everything_is_visible_enough_and_its_pixels_lie_on_its_solid(kind, split) -> None:
    world = world_of(kind, 1, split)
    camera = world.camera
    picture = rasterise(scenery(world), camera, world.world_from_camera)
    truth = world.truth()
    least = LEAST_VISIBLE if kind in ROOM_KINDS else CROWDS[kind].least_visible
    for number, thing in enumerate(world.things, start=1):
        assert picture.seen_px[number - 1] > 0
        assert picture.visible[number - 1] > least - 0.12
        v, u = np.nonzero(picture.instance_id == number)
        z = picture.depth_m[v, u].astype(np.float64)
        points = np.column_stack(
            [(u - camera.cx_px) / camera.fx_px * z, (v - camera.cy_px) / camera.fy_px * z, z]
        )
        shape = truth.object(thing.id).shape
        assert isinstance(shape, Solid)
        if len(points):
            away = shape.distances(truth.working_from_camera.apply(points))
            assert away.max() < 1e-3, thing.family


def test_the_same_seed_gives_the_same_world_in_another_process() -> None:
    code = (
        "from deepsight_ros.synthesis.rooms import furnished_room as r;"
        "from deepsight_ros.synthesis.world_tables import crowded as c;"
        "print(repr([(t.family, t.position_m, t.yaw_rad, t.material)"
        " for w in (r('office', 5), c('clutter', 5)) for t in w.things]))"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    other = done.stdout.strip()
    worlds = (furnished_room("office", 5), crowded("clutter", 5))
    here = [(t.family, t.position_m, t.yaw_rad, t.material) for w in worlds for t in w.things]
    assert repr(here) == other


def test_another_seed_gives_another_world() -> None:
    assert world_of("office", 1, "train").things != world_of("office", 2, "train").things


def test_splits_share_no_family_no_rule_and_cover_the_same_labels() -> None:
    train = {f.label for f in FAMILIES if f.split == "train"}
    test = {f.label for f in FAMILIES if f.split == "test"}
    assert train == test and len(train) >= 40
    seen = {
        split: [world_of(kind, seed, split) for kind, s in PLACES if s == split for seed in (0, 1)]
        for split in ("train", "test")
    }
    families = {
        split: {t.family for w in worlds for t in w.things} for split, worlds in seen.items()
    }
    assert not families["train"] & families["test"]
    assert not {w.layout for w in seen["train"]} & {w.layout for w in seen["test"]}


def test_families_have_unique_names_and_several_shapes_for_each_label() -> None:
    assert len({f.name for f in FAMILIES}) == len(FAMILIES)
    for label in {f.label for f in FAMILIES}:
        assert sum(f.label == label for f in FAMILIES) >= 2


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
def test_models_stand_on_their_bottom_and_have_plausible_sizes(family) -> None:
    for number in range(3):
        found = model(family, number)
        assert found.low_m[2] == pytest.approx(0.0, abs=1e-9)
        assert 0.004 < found.size_m[2] < 2.3
        most = 0.75 if family.rests_on == "table" else 2.6
        assert found.size_m[:2].max() < (1.3 if family.label == "television" else most)
        assert model(family, number) is found


def test_the_crowd_leans_lies_stacks_and_touches() -> None:
    worlds = [world_of("clutter", seed, "train") for seed in range(12)]
    things = [t for w in worlds for t in w.things if not t.is_gripper]
    assert any(t.family.endswith(".lying") for t in things)
    assert sum(bool(t.rests_on) for t in things) > 0.08 * len(things)
    touching = 0
    for world in worlds[:4]:
        truth = world.truth()
        shapes = [truth.object(t.id).shape for t in world.things if not t.is_gripper]
        for i, shape in enumerate(shapes):
            others = (o for k, o in enumerate(shapes) if k != i)
            touching += any(distance(shape, other)[0] < 0.005 for other in others)
    assert touching > 0.2 * sum(len(w.things) for w in worlds[:4])


def test_unknown_kinds_and_splits_are_refused() -> None:
    with pytest.raises(InvalidValueError):
        furnished_room("attic", 0)
    with pytest.raises(InvalidValueError):
        furnished_room("office", 0, split="dev")
    with pytest.raises(InvalidValueError):
        crowded("attic", 0)
