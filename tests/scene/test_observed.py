"""Observed shapes against the exact solids they are pictures of (independent ray caster)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.geometry.noise import FAMILIES
from deepsight_ros.scene.estimate import Visibility
from deepsight_ros.scene.measure import estimate, measure
from deepsight_ros.scene.measurement import Bound
from deepsight_ros.scene.objects import SceneObject
from deepsight_ros.scene.observed import ObservedShape
from deepsight_ros.scene.predicates import judge
from deepsight_ros.scene.solids import (
    BoxSolid,
    CompoundSolid,
    ConeSolid,
    CylinderSolid,
    Solid,
    SphereSolid,
)
from deepsight_ros.scene.surface import Edge
from deepsight_ros.scene.verdict import Outcome
from tests.scene.casting import CAMERA, observe, picture, pose
from tests.scene.scenes import ball, box, cylinder, scene_of

SIZES = ("height", "top", "width", "depth", "length", "breadth", "range")


def scene_seen(solids: dict[str, Solid], **kwargs):
    """(exact scene, scene as observed)."""
    view = {k: kwargs[k] for k in ("height_m", "pitch_deg") if k in kwargs}
    exact = scene_of(solids, **view)
    seen = observe(list(solids.values()), **kwargs)
    objects = tuple(
        SceneObject(id=i, shape=shape) for i, shape in zip(solids, seen, strict=True) if shape
    )
    return exact, replace(exact, objects=objects, is_exact=False)


def cone(x: float, y: float, d: float, h: float) -> Solid:
    return ConeSolid(np.array([x, y, h / 2]), d / 2, h)


THINGS = {
    "carton": box(0.75, 0.05, 0, 0.08, 0.14, 0.12, 0.4),
    "cube": box(0.9, -0.1, 0, 0.07, 0.07, 0.07, 0.1),
    "book": box(0.7, 0.1, 0, 0.22, 0.15, 0.03, -0.5),
    "can": cylinder(0.7, -0.1, 0, 0.07, 0.11),
    "plate": cylinder(0.8, 0.05, 0, 0.24, 0.02),
    "ball": ball(0.7, 0.1, 0.09),
    "cone": cone(0.8, 0.0, 0.11, 0.16),
    "bottle": CompoundSolid(
        (
            CylinderSolid(np.array([0.8, 0, 0.08]), 0.035, 0.16),
            ConeSolid(np.array([0.8, 0, 0.185]), 0.035, 0.05),
            CylinderSolid(np.array([0.8, 0, 0.2]), 0.012, 0.08),
        )
    ),
}
KINDS = {
    "carton": "box",
    "cube": "box",
    "book": "box",
    "can": "round",
    "plate": "round",
    "ball": "sphere",
    "cone": "round",
    "bottle": "round",
}


@pytest.mark.parametrize("family", sorted(FAMILIES))
@pytest.mark.parametrize("name", sorted(THINGS))
def test_lone_things_are_measured_as_they_are(name: str, family: str) -> None:
    exact, seen = scene_seen({name: THINGS[name]}, family=family, seed=3)
    assert seen.object(name).shape.kind == KINDS[name]
    for quantity in SIZES:
        truth = measure(exact, quantity, (name,)).value
        found = measure(seen, quantity, (name,))
        assert found.value == pytest.approx(truth, abs=max(0.008, 0.06 * truth)), quantity
        assert found.bound is Bound.EXACT
        assert found.lower < found.value < found.upper or quantity == "top"
    centre = exact.object(name).box.centre_m
    assert seen.object(name).box.centre_m == pytest.approx(centre, abs=0.008)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(["carton", "can", "ball", "cone"]),
    st.floats(0.5, 1.4),
    st.floats(-0.25, 0.25),
    st.floats(-3.1, 3.1),
    st.floats(25, 50),
    st.integers(0, 99),
)
def test_anywhere_on_the_table(
    name: str, x: float, y: float, yaw: float, pitch: float, seed: int
) -> None:
    """Clean of bias: without noise nothing is off by more than a pixel or two."""
    z = {"carton": 0.06, "can": 0.055, "ball": 0.045, "cone": 0.08}[name]
    at = np.array([x, y, z])
    thing = {
        "carton": BoxSolid(at, np.array([0.08, 0.12, 0.12]), yaw),
        "can": CylinderSolid(at, 0.04, 0.11),
        "ball": SphereSolid(at, 0.045),
        "cone": ConeSolid(at, 0.05, 0.16),
    }[name]
    height = x * np.tan(np.deg2rad(pitch)) * 0.9 + 0.05
    exact, seen = scene_seen({"a": thing}, pitch_deg=pitch, height_m=height, seed=seed)
    shape = seen.object("a").shape
    if shape.is_truncated:
        return
    pixel = shape.surface.pixel_m
    for quantity in ("height", "width", "length", "breadth", "range"):
        truth = estimate(exact, quantity, ("a",)).value
        found = estimate(seen, quantity, ("a",)).value
        assert abs(found - truth) < max(0.010, 3.0 * pixel, 0.08 * truth), quantity


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("can", box(0.7, 0.05, 0, 0.06, 0.06, 0.06)),
        ("can", ball(0.85, -0.1, 0.08)),
        ("carton", cylinder(0.95, 0.05, 0, 0.07, 0.1)),
        ("carton", box(0.75, -0.2, 0, 0.05, 0.1, 0.2, 0.3)),
        ("ball", cone(0.9, 0.0, 0.1, 0.15)),
        ("book", cylinder(0.7, -0.15, 0, 0.07, 0.11)),
    ],
)
def test_gaps_between_things(a: str, b: Solid, noisy: bool) -> None:
    exact, seen = scene_seen({"a": THINGS[a], "b": b}, noisy=noisy, seed=5)
    for quantity in ("surface_distance", "centre_distance", "mean_nearest_distance"):
        truth = measure(exact, quantity, ("a", "b")).value
        found = measure(seen, quantity, ("a", "b"))
        assert found.value == pytest.approx(truth, abs=max(0.008, 0.06 * truth)), quantity
        assert found.lower <= truth <= found.upper


def test_exact_and_observed_things_in_one_scene() -> None:
    exact, seen = scene_seen({"can": THINGS["can"]})
    both = replace(seen, objects=(*seen.objects, SceneObject("probe", ball(0.7, 0.1, 0.04))))
    truth = replace(exact, objects=(*exact.objects, SceneObject("probe", ball(0.7, 0.1, 0.04))))
    for quantity in ("surface_distance", "centre_distance", "vertical_distance"):
        expected = measure(truth, quantity, ("can", "probe")).value
        assert measure(both, quantity, ("can", "probe")).value == pytest.approx(
            expected, abs=0.006
        )
    assert judge(both, "left_of", ("probe", "can")).outcome is Outcome.TRUE


# -- what is cut ---------------------------------------------------------------------------------


def test_a_screen_in_front_makes_sizes_at_least_along_the_cut_only() -> None:
    things = {
        "board": box(1.0, 0.0, 0, 0.04, 0.30, 0.20),
        "screen": box(0.7, 0.15, 0, 0.02, 0.14, 0.30),
    }
    exact, seen = scene_seen(things)
    board = seen.object("board").shape
    assert board.is_occluded
    assert not board.is_truncated
    width = measure(seen, "width", ("board",))
    assert width.bound is Bound.AT_LEAST
    assert width.value < 0.30 <= width.upper
    height = measure(seen, "height", ("board",))
    assert height.bound is Bound.EXACT
    assert height.value == pytest.approx(0.20, abs=0.008)
    assert estimate(seen, "width", ("board",)).visibility is Visibility.OCCLUDED
    assert measure(exact, "width", ("board",)).bound is Bound.EXACT


def test_the_image_border_truncates() -> None:
    _, seen = scene_seen({"shelf": box(0.8, 0.45, 0, 0.2, 0.3, 0.1)})
    shape = seen.object("shelf").shape
    assert shape.is_truncated
    assert measure(seen, "width", ("shelf",)).bound is Bound.AT_LEAST
    assert estimate(seen, "width", ("shelf",)).visibility is Visibility.TRUNCATED
    assert measure(seen, "height", ("shelf",)).bound is Bound.EXACT


def test_a_wall_seen_from_its_front_only_has_an_unknown_depth() -> None:
    """From below the top's height nothing of the depth is seen: the interval has to say so."""
    exact, seen = scene_seen({"tall": box(1.2, 0, 0, 0.3, 0.3, 0.7)}, height_m=0.5, pitch_deg=10)
    depth = measure(seen, "depth", ("tall",))
    assert estimate(seen, "depth", ("tall",)).visibility is not Visibility.COMPLETE
    assert depth.upper > 0.1
    width = measure(seen, "width", ("tall",))
    assert width.value == pytest.approx(0.3, abs=0.01)
    assert measure(exact, "height", ("tall",)).value == pytest.approx(0.7)


def test_kinds_of_outline() -> None:
    things = {
        "board": box(1.0, 0.0, 0, 0.04, 0.30, 0.20),
        "screen": box(0.7, 0.15, 0, 0.02, 0.14, 0.30),
        "shelf": box(0.8, -0.5, 0, 0.2, 0.3, 0.1),
        "below": box(0.55, -0.12, 0, 0.1, 0.1, 0.05),
        "above": box(0.55, -0.12, 0.05, 0.1, 0.1, 0.05),
    }
    _, seen = scene_seen(things, noisy=False)
    board = seen.object("board").shape.surface
    assert board.share(Edge.OCCLUDED) > 0.05
    assert board.share(Edge.FREE) > 0.3
    assert board.share(Edge.STANDING) > 0.1
    assert board.share(Edge.TRUNCATED) == 0
    feet = board.outline_m[board.edges == Edge.STANDING]
    assert np.abs(feet[:, 2]).max() < 0.03
    assert seen.object("shelf").shape.surface.share(Edge.TRUNCATED) > 0.05
    assert seen.object("below").shape.surface.share(Edge.CONTACT) > 0.1
    assert seen.object("screen").shape.surface.share(Edge.OCCLUDED) == 0


def test_what_stands_on_another_thing_does_not_reach_down() -> None:
    things = {
        "below": box(0.8, 0, 0, 0.16, 0.16, 0.08),
        "above": box(0.8, 0, 0.08, 0.06, 0.06, 0.06),
    }
    exact, seen = scene_seen(things)
    assert measure(seen, "height", ("above",)).value == pytest.approx(0.06, abs=0.008)
    assert judge(seen, "on", ("above", "below")).outcome is Outcome.TRUE
    assert judge(seen, "on", ("below", "above")).outcome is Outcome.FALSE
    assert judge(exact, "on", ("above", "below")).outcome is Outcome.TRUE


def test_silhouette_makes_widths_neither_short_nor_long() -> None:
    """Eroded points alone would be 2 pixels short."""
    errors = []
    for seed in range(6):
        y = 0.02 * seed
        exact, seen = scene_seen({"can": cylinder(0.9, y, 0, 0.09, 0.12)}, seed=seed)
        shape = seen.object("can").shape
        across = np.array([-y, 0.9]) / np.hypot(y, 0.9)
        points = np.ptp(shape.points_m[:, :2] @ across)
        assert points < 0.09 - 0.6 * shape.surface.pixel_m
        truth = measure(exact, "width", ("can",)).value
        errors.append(measure(seen, "width", ("can",)).value - truth)
    assert abs(np.mean(errors)) < 0.0015


# -- robustness ----------------------------------------------------------------------------------


def test_holes_fliers_and_zero_readings() -> None:
    thing = THINGS["carton"]
    w = pose()
    sensor = FAMILIES["structured_light"]
    depth, which = picture([thing], w, noise=sensor, seed=1)
    mask = which == 0
    rng = np.random.default_rng(2)
    rows, columns = np.nonzero(mask)
    pick = rng.permutation(len(rows))
    depth[rows[pick[:200]], columns[pick[:200]]] = np.nan
    depth[rows[pick[200:300]], columns[pick[200:300]]] = 0.0
    depth[rows[pick[300:330]], columns[pick[300:330]]] += 0.3
    shape = ObservedShape.from_mask(mask, depth, CAMERA, w, sensor)
    assert shape.box.size_m == pytest.approx(thing.box.size_m, abs=0.008)
    assert 0.05 < shape.surface.holes < 0.3


def test_too_little_is_no_shape() -> None:
    w, sensor = pose(), FAMILIES["stereo"]
    depth, which = picture([THINGS["carton"]], w)
    empty = np.zeros_like(which, bool)
    assert ObservedShape.from_mask(empty, depth, CAMERA, w, sensor) is None
    blind = np.full_like(depth, np.nan)
    assert ObservedShape.from_mask(which == 0, blind, CAMERA, w, sensor) is None
    one = empty.copy()
    one[100, 100] = True
    assert ObservedShape.from_mask(one, depth, CAMERA, w, sensor) is None


def test_sizes_that_disagree_are_refused() -> None:
    w, sensor = pose(), FAMILIES["stereo"]
    depth, which = picture([THINGS["carton"]], w)
    with pytest.raises(InvalidValueError, match="camera's size"):
        ObservedShape.from_mask(which[::2] == 0, depth, CAMERA, w, sensor)
    with pytest.raises(InvalidValueError, match="camera's size"):
        ObservedShape.from_mask(which == 0, depth[::2], CAMERA, w, sensor)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.floats(0.0, 0.9))
def test_any_mask_gives_a_finite_shape_or_none(seed: int, size: int, holes: float) -> None:
    """Ragged masks over table and things, with holes: never an exception, never a NaN."""
    rng = np.random.default_rng(seed)
    w, sensor = pose(), FAMILIES["time_of_flight"]
    depth, _ = picture([THINGS["carton"], THINGS["can"]], w, noise=sensor, seed=seed)
    depth[rng.random(depth.shape) < holes] = np.nan
    mask = np.zeros(depth.shape, bool)
    r, c = rng.integers(0, 240), rng.integers(0, 320)
    mask[r : r + size, c : c + rng.integers(1, 60)] = True
    mask &= rng.random(depth.shape) < 0.9
    shape = ObservedShape.from_mask(mask, depth, CAMERA, w, sensor)
    if shape is None:
        return
    assert np.isfinite(shape.box.size_m).all()
    assert (shape.box.size_m > 0).all()
    scene = replace(scene_of({}), objects=(SceneObject("a", shape),), is_exact=False)
    for quantity in (*SIZES, "volume", "thickness"):
        m = measure(scene, quantity, ("a",))
        assert m.lower <= m.value <= m.upper


def test_without_a_support_nothing_is_extended_to_it() -> None:
    (shape,) = observe([box(0.8, 0, 0.05, 0.08, 0.08, 0.08)], support_known=False)
    assert not shape.completion.stands
    assert shape.surface.share(Edge.STANDING) == 0
    assert shape.box.size_m[2] == pytest.approx(0.08, abs=0.01)


def test_a_stalk_too_thin_for_readings_counts_for_the_height() -> None:
    """A fruit's stalk of two pixels: only the outline shows it, and its height is part of it."""
    stalk = CylinderSolid(np.array([0.7, 0.1, 0.095]), 0.003, 0.03)
    fruit = CompoundSolid((SphereSolid(np.array([0.7, 0.1, 0.04]), 0.04), stalk))
    exact, seen = scene_seen({"apple": fruit}, pitch_deg=25.0, height_m=0.35)
    truth = measure(exact, "height", ("apple",)).value
    assert truth == pytest.approx(0.11)
    found = seen.object("apple").shape
    assert found.kind == "sphere"
    assert measure(seen, "height", ("apple",)).value == pytest.approx(truth, abs=0.006)
    assert measure(seen, "width", ("apple",)).value == pytest.approx(0.08, abs=0.004)
