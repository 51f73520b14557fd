"""judge, compare_to, rank: definitions, margins, and that no answer is a coin toss."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepsight_ros.errors import InvalidValueError, NeedsGravityError, UnknownReferenceError
from deepsight_ros.scene.body import End, Extent, Trust
from deepsight_ros.scene.estimate import Visibility
from deepsight_ros.scene.measurement import Bound, Measurement
from deepsight_ros.scene.objects import SceneObject
from deepsight_ros.scene.predicates import (
    COMPARATIVES,
    compare_to,
    countable_ids,
    judge,
    rank,
)
from deepsight_ros.scene.solids import BoxSolid, Solid
from deepsight_ros.scene.verdict import PREDICATES, Outcome
from tests.scene.scenes import ball, box, cylinder, level_gripper, scene_of, without_gravity

TRUE, FALSE, SAME, UNDECIDED = Outcome.TRUE, Outcome.FALSE, Outcome.SAME, Outcome.UNDECIDED

DESK = scene_of(
    {
        "book": box(0.8, 0.2, 0.0, 0.20, 0.14, 0.03),
        "cup": cylinder(0.8, 0.2, 0.03, 0.08, 0.10),
        "can": cylinder(0.6, -0.2, 0.0, 0.07, 0.11),
        "ball": ball(1.2, -0.1, 0.10),
        "tray": box(1.0, -0.4, 0.0, 0.3, 0.3, 0.06),
        "pen": box(1.0, -0.4, 0.01, 0.1, 0.01, 0.01),
        "block": box(0.803, -0.2, 0.0, 0.06, 0.06, 0.06),
        "twin": box(0.5, 0.4, 0.0, 0.06, 0.06, 0.06),
    }
)


@pytest.mark.parametrize(
    ("predicate", "ids", "outcome"),
    [
        ("left_of", ("book", "can"), TRUE),
        ("left_of", ("can", "book"), FALSE),
        ("right_of", ("can", "book"), TRUE),
        ("left_of", ("book", "cup"), SAME),
        ("above", ("cup", "book"), TRUE),
        ("below", ("book", "cup"), TRUE),
        ("above", ("block", "twin"), SAME),
        ("over", ("cup", "book"), TRUE),
        ("over", ("cup", "can"), FALSE),
        ("under", ("book", "cup"), TRUE),
        ("in_front_of", ("can", "ball"), TRUE),
        ("behind", ("ball", "can"), TRUE),
        ("behind", ("can", "ball"), FALSE),
        ("closer", ("can", "ball"), TRUE),
        ("farther", ("ball", "can"), TRUE),
        ("closer", ("can", "ball", "tray"), FALSE),
        ("farther", ("can", "ball", "tray"), TRUE),
        ("closer", ("ball", "can", "tray"), TRUE),
        ("on", ("cup", "book"), TRUE),
        ("on", ("book", "cup"), FALSE),
        ("on", ("can", "book"), FALSE),
        ("inside", ("pen", "tray"), TRUE),
        ("inside", ("tray", "pen"), FALSE),
        ("inside", ("cup", "book"), FALSE),
        ("touching", ("cup", "book"), TRUE),
        ("touching", ("cup", "can"), FALSE),
        ("next_to", ("cup", "book"), TRUE),
        ("next_to", ("can", "twin"), FALSE),
        ("between", ("block", "book", "tray"), TRUE),
        ("between", ("can", "book", "tray"), FALSE),
        ("between", ("block", "can", "ball"), SAME),
        ("bigger", ("book", "can"), TRUE),
        ("smaller", ("can", "book"), TRUE),
        ("bigger", ("block", "twin"), SAME),
        ("wider", ("book", "can"), TRUE),
        ("narrower", ("can", "book"), TRUE),
        ("taller", ("can", "book"), TRUE),
        ("shorter", ("book", "can"), TRUE),
        ("taller", ("can", "cup"), SAME),
        ("longer", ("book", "can"), TRUE),
        ("thicker", ("can", "book"), TRUE),
        ("thinner", ("book", "can"), TRUE),
        ("higher", ("cup", "can"), TRUE),
        ("lower", ("can", "cup"), TRUE),
    ],
)
def test_definitions(predicate: str, ids: tuple[str, ...], outcome: Outcome) -> None:
    assert judge(DESK, predicate, ids).outcome is outcome


def test_every_predicate_has_been_given() -> None:
    for predicate, number in PREDICATES.items():
        ids = ("block", "can", "ball")[:number]
        assert judge(DESK, predicate, ids).outcome in (TRUE, FALSE, SAME)


def test_an_anchor_by_id_or_as_third_object() -> None:
    one = judge(DESK, "closer", ("ball", "can"), anchor_id="tray")
    two = judge(DESK, "closer", ("ball", "can", "tray"))
    assert one.outcome is two.outcome is TRUE
    assert [m.quantity for m in one.measurements] == ["surface_distance"] * 2


@pytest.mark.parametrize("predicate", sorted(COMPARATIVES - {"closer", "farther"}))
def test_gravity_is_asked_for(predicate: str) -> None:
    with pytest.raises(NeedsGravityError):
        judge(without_gravity(DESK), predicate, ("can", "ball"))


@pytest.mark.parametrize("predicate", ["on", "inside", "between", "over", "under", "next_to"])
def test_gravity_is_asked_for_by_places_too(predicate: str) -> None:
    ids = ("can", "ball", "tray")[: PREDICATES[predicate]]
    with pytest.raises(NeedsGravityError):
        judge(without_gravity(DESK), predicate, ids)


@pytest.mark.parametrize("predicate", ["closer", "farther", "touching"])
def test_distances_hold_without_gravity(predicate: str) -> None:
    blind = without_gravity(DESK)
    same = judge(DESK, predicate, ("can", "ball")).outcome
    assert judge(blind, predicate, ("can", "ball")).outcome is same


@pytest.mark.parametrize(
    ("predicate", "ids", "error"),
    [
        ("prettier", ("can", "ball"), InvalidValueError),
        ("taller", ("can",), InvalidValueError),
        ("between", ("can", "ball"), InvalidValueError),
        ("taller", ("can", "ball", "tray"), InvalidValueError),
        ("taller", ("can", "fork"), UnknownReferenceError),
    ],
)
def test_what_is_refused(predicate: str, ids: tuple[str, ...], error: type) -> None:
    with pytest.raises(error):
        judge(DESK, predicate, ids)


# -- margins -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("gap", "outcome"), [(0.0, SAME), (0.009, SAME), (0.011, TRUE)])
def test_places_within_a_centimetre_are_about_the_same(gap: float, outcome: Outcome) -> None:
    scene = scene_of({"a": ball(1.0, 0.2 + gap, 0.05), "b": ball(1.0, 0.2, 0.05)})
    verdict = judge(scene, "left_of", ("a", "b"))
    assert verdict.outcome is outcome
    assert verdict.margin == pytest.approx(0.010)
    assert verdict.difference == pytest.approx(gap)


@pytest.mark.parametrize(("extra", "outcome"), [(0.009, SAME), (0.019, SAME), (0.026, TRUE)])
def test_sizes_within_five_percent_are_about_the_same(extra: float, outcome: Outcome) -> None:
    scene = scene_of(
        {"a": box(1, 0.4, 0, 0.1, 0.1, 0.4 + extra), "b": box(1, 0, 0, 0.1, 0.1, 0.4)}
    )
    verdict = judge(scene, "taller", ("a", "b"))
    assert verdict.outcome is outcome
    assert verdict.margin == pytest.approx(max(0.01, 0.05 * (0.4 + extra)))


@dataclass(frozen=True, eq=False)
class BlurredBody:
    """A box known with a standard deviation at every end, and perhaps cut."""

    solid: Solid
    sigma_m: float
    visibility: Visibility = Visibility.COMPLETE

    @property
    def box(self):
        return self.solid.box

    def extent(self, direction: np.ndarray) -> Extent:
        lo, hi = self.solid.extent(direction)
        seen = End(lo, self.sigma_m, self.sigma_m)
        is_open = self.visibility >= Visibility.OCCLUDED
        outward = 0.1 if is_open else self.sigma_m
        return Extent(seen, End(hi, self.sigma_m, outward, self.visibility, is_open))

    def trust_at(self, point_m: np.ndarray) -> Trust:
        return Trust(self.sigma_m, 0.0, self.visibility)


def blurred(sigma: float, visibility: Visibility = Visibility.COMPLETE, rise: float = 0.03):
    a = BlurredBody(box(1, 0.4, 0, 0.1, 0.1, 0.2 + rise), sigma, visibility)
    b = BlurredBody(box(1, 0, 0, 0.1, 0.1, 0.2), sigma)
    scene = scene_of({})
    objects = (SceneObject("a", a), SceneObject("b", b))  # type: ignore[arg-type]
    return replace(scene, objects=objects, is_exact=False)


def test_noise_widens_the_margin() -> None:
    assert judge(blurred(0.001), "taller", ("a", "b")).outcome is TRUE
    noisy = judge(blurred(0.02), "taller", ("a", "b"))
    assert noisy.outcome is SAME
    assert noisy.margin > 0.03


def test_a_cut_object_may_be_taller_than_it_looks() -> None:
    cut = Visibility.OCCLUDED
    assert judge(blurred(0.001, cut), "taller", ("a", "b")).outcome is TRUE
    assert judge(blurred(0.001, cut), "shorter", ("a", "b")).outcome is FALSE
    lower = blurred(0.001, cut, rise=-0.05)
    assert judge(lower, "taller", ("a", "b")).outcome is UNDECIDED
    assert judge(lower, "shorter", ("a", "b")).outcome is UNDECIDED
    assert rank(lower, "taller").outcome is UNDECIDED


OPPOSITES = {
    "left_of": "right_of",
    "above": "below",
    "in_front_of": "behind",
    "closer": "farther",
    "bigger": "smaller",
    "wider": "narrower",
    "taller": "shorter",
    "thicker": "thinner",
    "higher": "lower",
}
MIRROR = {TRUE: FALSE, FALSE: TRUE, SAME: SAME}
place = st.tuples(st.floats(0.4, 2.0), st.floats(-0.8, 0.8), st.floats(0.03, 0.3))


@settings(max_examples=60, deadline=None)
@given(place, place, st.floats(-60, 89), st.sampled_from(sorted(OPPOSITES)))
def test_opposites_and_swaps_agree(a: tuple, b: tuple, pitch: float, predicate: str) -> None:
    scene = scene_of(
        {"a": box(*a[:2], 0, a[2], a[2], a[2]), "b": box(*b[:2], 0, b[2], b[2] / 2, b[2])},
        pitch_deg=pitch,
    )
    outcome = judge(scene, predicate, ("a", "b")).outcome
    assert judge(scene, OPPOSITES[predicate], ("a", "b")).outcome is MIRROR[outcome]
    assert judge(scene, predicate, ("b", "a")).outcome is MIRROR[outcome]


@settings(max_examples=60, deadline=None)
@given(place, st.floats(0.03, 1.0), st.floats(0, 2 * math.pi), st.floats(-80, 89))
def test_behind_is_never_inverted(a: tuple, gap: float, turn: float, pitch: float) -> None:
    """MISSION: behind/front inverted after canonicalisation; here for any pitch of the camera."""
    ray = np.array(a[:2]) / np.hypot(*a[:2])
    far = np.array(a[:2]) + gap * ray
    scene = scene_of({"a": ball(*a[:2], 0.02), "b": ball(*far, 0.02)}, pitch_deg=pitch)
    assert judge(scene, "behind", ("b", "a")).outcome is TRUE
    assert judge(scene, "in_front_of", ("a", "b")).outcome is TRUE
    assert rank(scene, "behind").best_id == "b"


# -- comparison with a value -------------------------------------------------------------------


def measured(value: float, half: float = 0.0, bound: Bound = Bound.EXACT, quantity: str = "width"):
    upper = math.inf if bound is Bound.AT_LEAST else value + half
    lower = 0.0 if bound is Bound.AT_MOST else value - half
    unit = "clock" if quantity == "direction" else "m"
    return Measurement(quantity, value, lower, upper, unit=unit, bound=bound)


@pytest.mark.parametrize(
    ("m", "threshold", "relation", "outcome"),
    [
        (measured(0.06), 0.08, "fits", TRUE),
        (measured(0.10), 0.08, "fits", FALSE),
        (measured(0.08), 0.08, "fits", SAME),
        (measured(0.06), 0.08, "more_than", FALSE),
        (measured(0.10), 0.08, "more_than", TRUE),
        (measured(0.10), 0.08, "at_least", TRUE),
        (measured(0.10), 0.08, "at_most", FALSE),
        (measured(0.10), 0.08, "less_than", FALSE),
        (measured(0.10, 0.03), 0.08, "less_than", SAME),
        (measured(0.10, 0.01), 0.08, "less_than", FALSE),
        (measured(0.30, 0.01, Bound.AT_LEAST), 0.2, "at_least", TRUE),
        (measured(0.30, 0.01, Bound.AT_LEAST), 0.2, "fits", FALSE),
        (measured(0.30, 0.01, Bound.AT_LEAST), 0.4, "at_least", UNDECIDED),
        (measured(0.30, 0.01, Bound.AT_LEAST), 0.4, "fits", UNDECIDED),
        (measured(0.30, 0.01, Bound.AT_MOST), 0.4, "fits", TRUE),
        (measured(0.30, 0.01, Bound.AT_MOST), 0.2, "at_least", UNDECIDED),
        (measured(0.102), 0.10, "about", TRUE),
        (measured(0.12), 0.10, "about", FALSE),
        (measured(12.0, quantity="direction"), 12.0, "about", TRUE),
        (measured(1.0, quantity="direction"), 12.0, "about", FALSE),
    ],
)
def test_compare_to(m: Measurement, threshold: float, relation: str, outcome: Outcome) -> None:
    assert compare_to(m, threshold, relation).outcome is outcome


@pytest.mark.parametrize(("threshold", "relation"), [(np.nan, "fits"), (0.1, "roughly")])
def test_compare_to_refuses(threshold: float, relation: str) -> None:
    with pytest.raises(InvalidValueError):
        compare_to(measured(0.1), threshold, relation)


# -- superlatives ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "best"),
    [
        ("taller", None),  # can and cup differ by 1 cm
        ("longer", "tray"),
        ("smaller", "pen"),
        ("farther", "ball"),
        ("left_of", "twin"),
        ("right_of", None),  # the pen lies in the tray
        ("behind", "ball"),
        ("higher", "cup"),
        ("depth", "tray"),
    ],
)
def test_superlatives(key: str, best: str | None) -> None:
    ranking = rank(DESK, key)
    assert ranking.best_id == best
    assert (ranking.outcome is TRUE) == (best is not None)
    assert set(ranking.order) == {o.id for o in DESK.objects}
    assert ranking.contenders[0] == ranking.order[0]
    if best is None:
        assert len(ranking.contenders) > 1


def test_superlative_about_an_anchor_leaves_it_out() -> None:
    ranking = rank(DESK, "closer", anchor_id="book")
    assert ranking.best_id == "cup"
    assert "book" not in ranking.order


def test_gripper_and_regions_take_no_part_unless_named() -> None:
    region = SceneObject("region0", BoxSolid(np.array([1, 0, 1.0]), np.ones(3)), is_region=True)
    scene = scene_of(
        {"gripper": box(0.4, 0, 0.3, 0.1, 0.1, 0.2), "can": cylinder(0.8, 0, 0, 0.1, 0.1)},
        gripper=level_gripper(0.45, 0, 0.4),
    )
    scene = replace(scene, objects=(*scene.objects, region))
    assert countable_ids(scene) == ("can",)
    assert rank(scene, "taller").best_id == "can"
    assert rank(scene, "taller", ["can", "gripper"]).best_id == "gripper"


@pytest.mark.parametrize(("key", "ids"), [("on", None), ("prettier", None), ("taller", [])])
def test_rank_refuses(key: str, ids: list[str] | None) -> None:
    with pytest.raises(InvalidValueError):
        rank(DESK, key, ids)
