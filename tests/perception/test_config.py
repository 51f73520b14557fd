"""PerceptionConfig: plain fields, each described, values checked."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from itertools import pairwise
from typing import Any

import pytest

from deepsight_ros.errors import InvalidValueError
from deepsight_ros.perception import config as module
from deepsight_ros.perception.config import PerceptionConfig


def test_every_field_is_a_plain_value() -> None:
    for field in fields(PerceptionConfig):
        assert type(getattr(PerceptionConfig(), field.name)) in (float, int, str, bool)


def test_every_field_has_a_description() -> None:
    """The ROS parameters take their descriptions from the strings under the fields."""
    tree = ast.parse(inspect.getsource(module))
    body = next(
        n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "PerceptionConfig"
    ).body
    for here, after in pairwise(body):
        if isinstance(here, ast.AnnAssign):
            assert isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant), (
                f"{ast.unparse(here.target)} has no description"
            )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("working_width_px", 0),
        ("max_range_m", -1.0),
        ("max_range_m", float("nan")),
        ("pitch_down_limit_deg", 95.0),
        ("min_object_px", 0),
        ("track_memory_s", -1.0),
        ("detector_iou", 0.0),
        ("track_gate_m", float("inf")),
        ("min_object_size_m", 5.0),
    ],
)
def test_impossible_values_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InvalidValueError, match=name):
        PerceptionConfig(**{name: value})


def test_a_detector_that_is_not_installed_names_those_that_are() -> None:
    with pytest.raises(InvalidValueError, match=r"owlv2.*none, topic"):
        PerceptionConfig(detector="owlv2")
    assert PerceptionConfig(detector="topic").detector == "topic"
