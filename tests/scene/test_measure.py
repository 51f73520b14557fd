"""measure(): docs/semantics.md on exact solids, derived names, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import (
    InvalidValueError,
    NeedsGravityError,
    NoDepthError,
    UnknownReferenceError,
)
from deepsight_ros.perception.shapes import UnseenShape
from deepsight_ros.scene.measure import estimate, measure, nearest_hour
from deepsight_ros.scene.measurement import QUANTITY_UNITS, Bound
from deepsight_ros.scene.objects import SceneObject
from tests.scene.scenes import ball, box, cylinder, level_gripper, scene_of, without_gravity

SCENE = scene_of(
    {
        "book": box(0.8, 0.1, 0.0, 0.20, 0.14, 0.03, np.deg2rad(30)),
        "can": cylinder(0.6, -0.2, 0.0, 0.07, 0.11),
        "ball": ball(1.0, -0.1, 0.10),
        "on_book": box(0.8, 0.1, 0.03, 0.04, 0.04, 0.04),
    },
    gripper=level_gripper(0.4, -0.2, 0.06),
)
NEEDS_GRAVITY = {
    "horizontal_distance": 2,
    "vertical_distance": 2,
    "height": 1,
    "top": 1,
    "width": 1,
    "depth": 1,
    "length": 1,
    "breadth": 1,
    "grasp_width": 1,
    "thickness": 1,
    "diameter": 1,
    "volume": 1,
    "direction": 2,
}
FREE_OF_GRAVITY = {
    "surface_distance": 2,
    "centre_distance": 2,
    "mean_nearest_distance": 2,
    "range": 1,
    "count": 2,
}
ONE, TWO = ("book",), ("book", "can")
C, S = np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))


@pytest.mark.parametrize(
    ("quantity", "ids", "expected"),
    [
        ("height", ONE, 0.03),
        ("top", ("on_book",), 0.07),
        ("height", ("on_book",), 0.04),
        ("width", ONE, 0.20 * S + 0.14 * C),
        ("depth", ONE, 0.20 * C + 0.14 * S),
        ("length", ONE, 0.20),
        ("breadth", ONE, 0.14),
        ("volume", ONE, 0.20 * 0.14 * 0.03),
        ("range", ("ball",), np.sqrt(1.0 + 0.01 + 0.45**2) - 0.05),
        ("centre_distance", ("can", "ball"), np.sqrt(0.16 + 0.01 + 0.005**2)),
        ("horizontal_distance", ("can", "ball"), np.sqrt(0.17)),
        ("vertical_distance", ("can", "on_book"), 0.005),
        ("surface_distance", ("can", "ball"), np.sqrt(0.17) - 0.035 - 0.05),
        ("surface_distance", ("book", "on_book"), 0.0),
        ("surface_distance", ("camera", "ball"), np.sqrt(1.0 + 0.01 + 0.45**2) - 0.05),
        ("surface_distance", ("gripper", "can"), 0.2 - 0.035),
        ("count", ("book", "can", "ball"), 3.0),
        ("free_space", ("gripper",), 0.2 - 0.035),
    ],
)
def test_definitions(quantity: str, ids: tuple[str, ...], expected: float) -> None:
    m = measure(SCENE, quantity, ids)
    assert m.value == pytest.approx(expected, abs=1e-7)
    assert m.lower == m.value == m.upper
    assert m.bound is Bound.EXACT
    assert m.unit == QUANTITY_UNITS[quantity]
    assert m.object_ids == ids


@pytest.mark.parametrize(
    ("quantity", "id_", "side"),
    [
        ("grasp_width", "book", "breadth"),
        ("thickness", "book", "height"),
        ("thickness", "can", "breadth"),
        ("diameter", "can", "width"),
        ("diameter", "ball", "width"),
        ("diameter", "book", "length"),
    ],
)
def test_derived_names_say_which_side_was_measured(quantity: str, id_: str, side: str) -> None:
    m = measure(SCENE, quantity, (id_,))
    assert m.quantity == quantity
    assert m.measured_as == side
    assert m.value == pytest.approx(measure(SCENE, side, (id_,)).value)


@pytest.mark.parametrize("quantity", sorted(QUANTITY_UNITS))
def test_every_quantity_is_measured_and_its_end_points_say_the_same(quantity: str) -> None:
    number = {**NEEDS_GRAVITY, **FREE_OF_GRAVITY}.get(quantity, 1)
    ids = ("gripper",) if quantity == "free_space" else ("book", "can")[:number]
    m = measure(SCENE, quantity, ids)
    lengths = {"surface_distance", "centre_distance", "range", "height", "width", "depth"}
    if quantity in lengths | {"length", "breadth", "free_space", "top"}:
        gap = np.linalg.norm(m.end_points_m[1] - m.end_points_m[0])
        assert gap == pytest.approx(m.value, abs=1e-6)


@pytest.mark.parametrize(("quantity", "number"), sorted(NEEDS_GRAVITY.items()))
def test_gravity_is_asked_for(quantity: str, number: int) -> None:
    with pytest.raises(NeedsGravityError, match="which way is up"):
        measure(without_gravity(SCENE), quantity, TWO[:number])


@pytest.mark.parametrize(("quantity", "number"), sorted(FREE_OF_GRAVITY.items()))
def test_distances_ranges_and_counts_hold_without_gravity(quantity: str, number: int) -> None:
    m = measure(without_gravity(SCENE), quantity, TWO[:number])
    assert m.value == pytest.approx(measure(SCENE, quantity, TWO[:number]).value)


def test_free_space_without_gravity_is_the_gripper_s_only() -> None:
    blind = without_gravity(SCENE)
    assert measure(blind, "free_space", ("gripper",)).value == pytest.approx(0.165)
    with pytest.raises(NeedsGravityError):
        measure(blind, "free_space", ())


@pytest.mark.parametrize(
    ("quantity", "ids", "error"),
    [
        ("weight", ONE, InvalidValueError),
        ("height", (), InvalidValueError),
        ("height", TWO, InvalidValueError),
        ("surface_distance", ONE, InvalidValueError),
        ("height", ("fork",), UnknownReferenceError),
        ("count", ("book", "fork"), UnknownReferenceError),
        ("free_space", ("can",), InvalidValueError),
        ("free_space", ("gripper", "can"), InvalidValueError),
    ],
)
def test_what_is_refused(quantity: str, ids: tuple[str, ...], error: type) -> None:
    with pytest.raises(error):
        measure(SCENE, quantity, ids)


def test_no_gripper() -> None:
    with pytest.raises(UnknownReferenceError, match="gripper"):
        measure(replace(SCENE, gripper=None), "free_space", ("gripper",))
    with pytest.raises(UnknownReferenceError, match="gripper"):
        measure(replace(SCENE, gripper=None), "surface_distance", ("gripper", "can"))


def test_an_object_without_depth_is_told() -> None:
    unseen = SceneObject(id="glass", shape=UnseenShape("glass"))
    scene = replace(SCENE, objects=(*SCENE.objects, unseen))
    for quantity, ids in (("height", ("glass",)), ("surface_distance", ("can", "glass"))):
        with pytest.raises(NoDepthError, match="glass"):
            measure(scene, quantity, ids)


@pytest.mark.parametrize(
    ("dx", "dy", "hour"),
    [(1, 0, 12), (0, -1, 3), (-1, 0, 6), (0, 1, 9), (1, -1, 1), (1, -2, 2), (-1, 0.5, 7)],
)
def test_direction_is_a_clock_face_as_the_viewer_has_it(dx: float, dy: float, hour: int) -> None:
    scene = scene_of({"a": ball(1.0, 0.0, 0.05), "b": ball(1 + 0.2 * dx, 0.2 * dy, 0.05)})
    continuous = estimate(scene, "direction", ("a", "b")).value
    assert 0 < continuous <= 12
    if not (dx == 1 and dy == -1):  # 45 degrees is half past one: either hour
        assert measure(scene, "direction", ("a", "b")).value == hour


def test_direction_of_stacked_things_is_anything() -> None:
    scene = scene_of({"a": box(1, 0, 0, 0.1, 0.1, 0.1), "b": box(1, 0, 0.1, 0.1, 0.1, 0.1)})
    m = measure(scene, "direction", ("a", "b"))
    assert m.upper - m.lower >= 12


@given(st.floats(0.001, 12.0))
def test_hours_are_1_to_12(hours: float) -> None:
    hour = nearest_hour(hours)
    assert 1 <= hour <= 12
    assert abs((hour - hours + 6) % 12 - 6) <= 0.5 + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 20.0))
def test_no_fixed_scale_hides_in_a_length(factor: float) -> None:
    """A world twice as large has lengths twice as large (MISSION: a fixed x10 on every length)."""
    small = {"a": box(0.8, 0.1, 0, 0.2, 0.1, 0.05, 0.4), "b": cylinder(1.1, -0.3, 0, 0.1, 0.2)}
    large = {
        "a": box(0.8 * factor, 0.1 * factor, 0, 0.2 * factor, 0.1 * factor, 0.05 * factor, 0.4),
        "b": cylinder(1.1 * factor, -0.3 * factor, 0, 0.1 * factor, 0.2 * factor),
    }
    one, two = scene_of(small), scene_of(large, height_m=0.5 * factor)
    for quantity, unit in QUANTITY_UNITS.items():
        if unit not in ("m", "m3") or quantity == "free_space":
            continue
        number = {**NEEDS_GRAVITY, **FREE_OF_GRAVITY}[quantity]
        power = 3 if unit == "m3" else 1
        expected = measure(one, quantity, ("a", "b")[:number]).value * factor**power
        found = measure(two, quantity, ("a", "b")[:number]).value
        assert found == pytest.approx(expected, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 0.5), st.floats(0.02, 0.5), st.floats(0.02, 0.5), st.floats(-3.2, 3.2))
def test_height_is_never_width(x: float, y: float, z: float, yaw: float) -> None:
    scene = scene_of({"a": box(1.0, 0.2, 0.1, x, y, z, yaw)})
    assert measure(scene, "height", ("a",)).value == pytest.approx(z)
    assert measure(scene, "top", ("a",)).value == pytest.approx(z + 0.1)
    width = abs(x * np.sin(yaw)) + abs(y * np.cos(yaw))
    assert measure(scene, "width", ("a",)).value == pytest.approx(width)
    assert measure(scene, "length", ("a",)).value == pytest.approx(max(x, y))
    assert measure(scene, "breadth", ("a",)).value == pytest.approx(min(x, y))


@pytest.mark.parametrize("quantity", ["offset_ahead", "offset_sideways"])
def test_offsets_are_signed_and_turn_with_their_order(quantity: str) -> None:
    axis = ("offset_ahead", "offset_sideways").index(quantity)
    there, back = (measure(SCENE, quantity, ids) for ids in (("can", "ball"), ("ball", "can")))
    apart = SCENE.object("can").box.centre_m - SCENE.object("ball").box.centre_m
    assert there.value == pytest.approx(apart[axis])
    assert back.value == pytest.approx(-apart[axis])
    assert measure(SCENE, quantity, ("can", "camera")).value == pytest.approx(
        SCENE.object("can").box.centre_m[axis] - SCENE.camera_position_m[axis]
    )


def test_a_scene_remembers_its_estimates_and_a_changed_one_does_not() -> None:
    first = estimate(SCENE, "range", ("can",))
    assert estimate(SCENE, "range", ["can"]) is first
    nearer = SceneObject("can", cylinder(0.5, -0.2, 0.0, 0.07, 0.11))
    others = tuple(o for o in SCENE.objects if o.id != "can")
    changed = replace(SCENE, objects=(nearer, *others))
    assert estimate(changed, "range", ("can",)).value < first.value


def test_swept_boxes_of_two_widths_are_two_estimates() -> None:
    beside = scene_of(
        {"can": cylinder(0.8, 0.2, 0.0, 0.07, 0.11), "wall": box(1.2, 0.0, 0.0, 0.02, 1.0, 0.3)},
        gripper=level_gripper(0.4, 0.0, 0.06),
    )
    narrow = measure(beside, "free_space", ("gripper",), width_m=0.02)
    assert measure(beside, "free_space", ("gripper",), width_m=0.5).value < narrow.value
