"""Intervals cut by what other measured quantities rule out; unnamed pieces of named things."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from deepsight_ros.reasoning import tightening
from deepsight_ros.reasoning.embedded import EmbeddedPlanner
from deepsight_ros.reasoning.reasoning import reason
from deepsight_ros.reasoning.toolbox import Toolbox
from deepsight_ros.scene.measurement import Bound, Measurement
from tests.reasoning.test_embedded import TABLE, box, scene

Known = dict[tuple[str, ...], tuple[float, float, float]]


class Told:
    """A toolbox that says what it was told."""

    knows_up = knows_support = True

    def __init__(self, known: Known) -> None:
        self.known = known
        self.asked: list[tuple[str, ...]] = []

    def measure(self, quantity: str, *ids: str) -> Measurement:
        self.asked.append((quantity, *ids))
        low, value, high = self.known[(quantity, *ids)]
        bound = Bound.EXACT if math.isfinite(high) else Bound.AT_LEAST
        return Measurement(quantity, value, low, high, bound=bound, object_ids=ids)


def told(known: Known) -> tuple[Told, Toolbox]:
    tools = Told(known)
    return tools, cast(Toolbox, tools)


def test_no_thing_is_broader_than_wide() -> None:
    known = {("breadth", "a"): (0.10, 0.15, math.inf), ("width", "a"): (0.14, 0.16, 0.20)}
    made = tightening.breadth(told(known)[1], "breadth", "a")
    assert (made.lower, made.value, made.upper) == (0.10, 0.15, 0.20)
    assert made.bound is Bound.EXACT


def test_a_narrow_interval_costs_no_question() -> None:
    tools, as_tools = told({("breadth", "a"): (0.10, 0.15, 0.155)})
    assert tightening.breadth(as_tools, "breadth", "a").upper == 0.155
    assert tools.asked == [("breadth", "a")]


def test_the_value_stays_where_the_other_quantity_lies_below_it() -> None:
    known = {("height", "a"): (0.05, 0.08, 0.15), ("top", "a"): (0.06, 0.07, 0.075)}
    made = tightening.height(told(known)[1], "a")
    assert (made.value, made.upper) == (0.08, 0.08)


def test_without_a_support_the_top_says_nothing() -> None:
    tools, as_tools = told({("height", "a"): (0.05, 0.08, 0.15)})
    tools.knows_support = False
    assert tightening.height(as_tools, "a").upper == 0.15


def test_a_centre_lies_within_the_longest_extent_behind_the_near_edge() -> None:
    known = {
        ("offset_ahead", "a", "camera"): (0.5, 0.6, 1.0),
        ("depth", "a"): (0.05, 0.08, 0.5),
        ("length", "a"): (0.09, 0.10, 0.12),
    }
    made = tightening.offset_ahead(told(known)[1], "a", "camera")
    assert made.upper == pytest.approx(0.6 - 0.04 + 0.12 * math.sqrt(2) / 2 + 0.005)


@pytest.mark.parametrize(("aside", "lowest"), [(0.30, 0.17), (-0.30, 0.17), (0.05, 0.02)])
def test_a_gap_is_no_less_than_between_the_shadows(aside: float, lowest: float) -> None:
    sure = 1e-9
    known = {
        ("surface_distance", "a", "b"): (0.02, 0.20, 0.22),
        ("offset_sideways", "a", "b"): (aside - sure, aside, aside + sure),
        ("offset_ahead", "a", "b"): (-0.1, 0.0, 0.1),
        **{("width", i): (0.13 - sure, 0.13, 0.13 + sure) for i in "ab"},
        **{("depth", i): (0.1, 0.13, math.inf) for i in "ab"},
    }
    made = tightening.gap(told(known)[1], "a", "b")
    assert made.lower == pytest.approx(lowest, abs=1e-6)
    assert (made.value, made.upper) == (0.20, 0.22)


def test_offsets_are_said_with_their_side() -> None:
    tools = Toolbox(TABLE)
    tools.measure("offset_sideways", "o2", "camera")
    tools.measure("offset_ahead", "o3", "o1")
    assert [s.answer.text for s in tools.steps] == ["10 cm to the right.", "30 cm farther away."]
    tools.measure("offset_ahead", "o3", "o1")
    assert len(tools.steps) == 2  # asked once


def test_an_unnamed_piece_of_a_thing_is_not_in_the_way() -> None:
    piece = box("o7", "", 0.6, -0.12, (0.04, 0.04, 0.03))
    apart = box("o8", "", 0.55, 0.0, (0.04, 0.04, 0.03))
    tools = Toolbox(scene(*TABLE.objects, piece, apart))
    assert (tools.part_of("o7"), tools.part_of("o8"), tools.part_of("o2")) == ("o2", "", "")
    for extra, blocking in ((piece, ("o2",)), (replace(piece, label="sponge"), ("o2", "o7"))):
        view = scene(*TABLE.objects, extra, box("o9", "can", 0.95, -0.19, (0.06, 0.06, 0.1)))
        made = reason("what should be moved to reach the can?", view, EmbeddedPlanner())
        assert tuple(sorted(made.answer.object_ids)) == blocking, made.answer.text


def test_pieces_of_turned_boxes() -> None:
    turned = box("o1", "tray", 0.8, 0.0, (0.4, 0.04, 0.02))
    solid = replace(turned.shape, yaw_rad=math.pi / 4)  # type: ignore[type-var]
    along = np.array([math.cos(math.pi / 4), math.sin(math.pi / 4)]) * 0.15
    inside = box("o2", "", 0.8 + along[0], along[1], (0.01, 0.01, 0.02))
    beside = box("o3", "", 0.8 + along[0], -along[1], (0.01, 0.01, 0.02))
    tools = Toolbox(scene(replace(turned, shape=solid), inside, beside))
    assert (tools.part_of("o2"), tools.part_of("o3")) == ("o1", "")
