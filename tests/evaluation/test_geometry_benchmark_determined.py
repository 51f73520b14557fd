"""The truth-only rule: what one view can know."""

from __future__ import annotations

import numpy as np
import pytest

from deepsight_ros.geometry.camera import Camera
from deepsight_ros.scene.measure import estimate
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.verdict import Outcome
from deepsight_ros.synthesis.determined import (
    is_determined,
    tolerance,
    visible_scene,
    visible_value,
)
from deepsight_ros.synthesis.determined_predicates import settled, true_outcome
from deepsight_ros.synthesis.render import render
from deepsight_ros.synthesis.shapes import Part, box, cylinder, sphere
from deepsight_ros.synthesis.things import SUPPORT_ID, Fixture, Material, Thing, World, look
from deepsight_ros.synthesis.world import room, tabletop

CAMERA = Camera(640, 480, 580.0, 580.0, 319.5, 239.5)
PLAIN = Material("red", (200, 0, 0))


def world_of(*placed: tuple[Part, float, float], pitch_deg: float = 35.0) -> World:
    """Things (part, ahead, left) on a table seen from 0.6 m above."""
    things = tuple(
        Thing(f"o{i + 1}", "box", "x", (part,), (x, y, 0.0), 0.0, PLAIN)
        for i, (part, x, y) in enumerate(placed)
    )
    table = Fixture(SUPPORT_ID, (box(4.0, 4.0, 0.1, (1.0, 0.0, -0.1)),), PLAIN)
    view = look(np.array([0.0, 0.0, 0.6]), 0.0, np.deg2rad(pitch_deg))
    return World(things, (table,), "table", CAMERA, view)


def known(world: World, quantity: str, *ids: str) -> bool:
    truth = world.truth()
    seen = visible_scene(world, render(world), truth)
    return is_determined(seen, truth, quantity, ids, estimate(truth, quantity, ids).value)


def test_a_free_box_is_known_in_everything() -> None:
    world = world_of((box(0.1, 0.14, 0.12), 0.8, 0.05))
    for quantity in (
        "height",
        "top",
        "width",
        "depth",
        "length",
        "breadth",
        "thickness",
        "volume",
        "range",
    ):
        assert known(world, quantity, "o1"), quantity


def test_a_box_behind_a_wider_one_keeps_only_its_top() -> None:
    """Its lower half is hidden: it might stand on something, so only its top is known."""
    world = world_of((box(0.1, 0.12, 0.25), 1.1, 0.0), (box(0.04, 0.4, 0.16), 0.9, 0.0))
    assert known(world, "top", "o1")
    assert not known(world, "height", "o1")
    low = world_of((box(0.1, 0.12, 0.25), 1.1, 0.0), (box(0.04, 0.4, 0.01), 0.9, 0.0))
    assert known(low, "height", "o1")
    half = world_of((box(0.1, 0.3, 0.12), 1.1, 0.0), (box(0.02, 0.3, 0.3), 0.9, 0.15))
    assert not known(half, "width", "o1")
    assert not known(half, "centre_distance", "o1", "o2")


def test_the_far_side_of_a_ball_is_not_known() -> None:
    world = world_of((sphere(0.3), 1.2, 0.0), pitch_deg=26)
    assert known(world, "width", "o1")
    assert not known(world, "depth", "o1")


def test_the_gap_behind_a_tall_thing_is_not_known_and_beside_it_is() -> None:
    world = world_of((box(0.1, 0.3, 0.4), 0.9, 0.0), (cylinder(0.08, 0.1), 1.12, 0.0))
    assert not known(world, "surface_distance", "o1", "o2")
    beside = world_of((box(0.1, 0.1, 0.12), 0.9, 0.1), (cylinder(0.08, 0.1), 0.9, -0.1))
    assert known(beside, "surface_distance", "o1", "o2")


def test_a_thing_out_of_view_is_not_known() -> None:
    world = world_of((box(0.1, 0.1, 0.1), 0.8, 0.0), (box(0.1, 0.1, 0.1), 0.8, 3.0))
    assert not known(world, "height", "o2")
    truth = world.truth()
    seen = visible_scene(world, render(world), truth)
    assert settled(seen, truth, "taller", ("o1", "o2")) is None


@pytest.mark.parametrize("seed", range(4))
def test_where_it_says_known_the_visible_surface_is_indeed_that_close(seed: int) -> None:
    world = tabletop(seed, split="test")
    truth = world.truth()
    seen = visible_scene(world, render(world), truth)
    for thing_id in seen.things:
        for quantity in ("height", "width", "depth", "length", "range"):
            value = estimate(truth, quantity, (thing_id,)).value
            found = visible_value(seen, quantity, (thing_id,))
            # less than the whole can only look smaller (half a pixel aside), and never nearer
            spare = 2 * seen.things[thing_id].pitch_m.max()
            assert found <= value + spare or quantity == "range"
            said = is_determined(seen, truth, quantity, (thing_id,), value)
            assert said == (abs(found - value) <= tolerance(value))


PREDICATES = (
    "left_of",
    "above",
    "in_front_of",
    "behind",
    "closer",
    "farther",
    "bigger",
    "narrower",
    "taller",
    "longer",
    "thicker",
    "higher",
    "on",
    "over",
    "under",
    "touching",
    "next_to",
    "inside",
)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("make", [tabletop, room])
def test_settled_outcomes_are_those_of_the_full_solids(make, seed: int) -> None:
    """Against `scene.predicates` on exact solids, which shares no code for differences."""
    world = make(seed, split="test", width_px=320, height_px=240)
    truth = world.truth()
    seen = visible_scene(world, render(world), truth)
    ids = [t.id for t in world.things if not t.is_gripper][:5]
    checked = 0
    for predicate in PREDICATES:
        for pair in [(a, b) for a in ids for b in ids if a != b][:8]:
            exact = judge(truth, predicate, pair).outcome
            outcome = settled(seen, truth, predicate, pair)
            if outcome is not None:
                assert outcome is exact, (predicate, pair)
                checked += 1
            if exact is not Outcome.SAME:
                assert true_outcome(truth, predicate, pair) is exact, (predicate, pair)
    assert checked > 20


def test_a_near_tie_is_not_settled() -> None:
    """15 mm apart is beyond the margin of 10 mm, 13 mm is too near to it for perfect depth."""
    for extra, outcome in ((0.013, None), (0.030, Outcome.TRUE), (0.002, Outcome.SAME)):
        world = world_of((box(0.1, 0.1, 0.1 + extra), 0.8, 0.1), (box(0.1, 0.1, 0.1), 0.8, -0.1))
        truth = world.truth()
        seen = visible_scene(world, render(world), truth)
        assert settled(seen, truth, "taller", ("o1", "o2")) is outcome
