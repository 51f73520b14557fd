"""Tighter intervals: what the seen sides of things say about what a single view leaves open.

In: the toolbox and ids. Out: a breadth, height, offset or gap whose interval is cut at what
another measured quantity rules out; the value never moves. Every quantity asked is a step.

- No thing is broader than its extent across the view, whose two edges are seen:
  breadth <= width.
- No thing is taller than its top is above the support: height <= top.
- A centre lies no farther behind the seen near edge than half the longest extent that length
  allows: offset ahead <= near edge + sqrt(2) * length / 2.
- Two convex things are at least as far apart as their shadows on any axis:
  gap >= |offset| - half of both extents along it, sideways (width) and ahead (depth).

Cutting one side at the 97.5 % end of a second quantity may miss by that quantity's 2.5 % as well;
the benchmark's confident errors show what that costs.
"""

from __future__ import annotations

import math
from dataclasses import replace

from deepsight_ros.reasoning.propagation import propagate
from deepsight_ros.reasoning.toolbox import Toolbox
from deepsight_ros.scene.measure import CAMERA_ID, GRIPPER_ID
from deepsight_ros.scene.measurement import Bound, Measurement

WIDE_M, WIDE_SHARE = 0.010, 0.10
"""An end of an interval farther from the value than the larger of these is worth a question."""
NEAR_EDGE_M = 0.005
"""How well a seen near edge is placed (docs/semantics.md)."""
EXACT = frozenset({CAMERA_ID, GRIPPER_ID})
_AXES = (("offset_sideways", "width"), ("offset_ahead", "depth"))


def breadth(tools: Toolbox, quantity: str, object_id: str) -> Measurement:
    """Breadth or grasp width of a thing, no more than its width."""
    measured = tools.measure(quantity, object_id)
    if not tools.knows_up or not _is_wide(measured, measured.upper - measured.value):
        return measured
    width = tools.measure("width", object_id)
    return _below(measured, width.upper)


def height(tools: Toolbox, object_id: str) -> Measurement:
    """Height of a thing, no more than its top is above the support."""
    measured = tools.measure("height", object_id)
    if not tools.knows_support or not _is_wide(measured, measured.upper - measured.value):
        return measured
    top = tools.measure("top", object_id)
    return _below(measured, top.upper)


def offset_ahead(tools: Toolbox, a: str, b: str) -> Measurement:
    """How far a thing's centre lies beyond the viewer or gripper, cut by how long it can be."""
    measured = tools.measure("offset_ahead", a, b)
    if a in EXACT or b not in EXACT or not _is_wide(measured, measured.upper - measured.value):
        return measured
    depth, length = tools.measure("depth", a), tools.measure("length", a)
    reach = (math.sqrt(2.0) * length.upper - depth.value) / 2
    return _below(measured, measured.value + max(reach, 0.0) + NEAR_EDGE_M)


def gap(tools: Toolbox, a: str, b: str) -> Measurement:
    """Surface distance of two things, no less than between their shadows on an axis."""
    measured = tools.measure("surface_distance", a, b)
    if (
        EXACT & {a, b}
        or not tools.knows_up
        or not _is_wide(measured, measured.value - measured.lower)
    ):
        return measured
    lower = measured.lower
    for offset, extent in _AXES:
        inputs = [tools.measure(offset, a, b), *(tools.measure(extent, i) for i in (a, b))]
        apart = propagate(lambda v: abs(float(v[0])) - float(v[1] + v[2]) / 2, inputs)
        lower = max(lower, min(measured.value, apart.lower))
    if lower == measured.lower:
        return measured
    return replace(measured, lower=lower, bound=Bound.EXACT)


def _is_wide(measured: Measurement, side: float) -> bool:
    return side > max(WIDE_M, WIDE_SHARE * abs(measured.value))


def _below(measured: Measurement, most: float) -> Measurement:
    """The measurement with its upper end at most there, and never below its value."""
    upper = max(measured.value, min(measured.upper, most))
    return replace(measured, upper=upper, bound=Bound.EXACT) if math.isfinite(upper) else measured
